"""From runs to verdicts: designs, directions, missing runs, and what leads to what."""

import numpy as np
import polars as pl
import pytest

from seealike.analyses import ANALYSES, attribution, consequence_slopes
from seealike.data.tables import CONSEQUENCES, OVERLAP_RUNS
from seealike.overlap import attribute

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)


def _runs(rows):
    """Of one experiment, but for rows that name theirs."""
    named = [row if len(row) == len(OVERLAP_RUNS) else ("first", *row) for row in rows]
    return {"overlap_runs": pl.DataFrame(named, schema=OVERLAP_RUNS, orient="row")}


def _row(name, alike, dataset="common classes", measure="cka-kernel=linear", models=("a", "b")):
    reason = "no such samples" if alike is None else None
    return (*name, dataset, measure, *models, alike, None, reason)


def _data(slope, n_seeds=3, seed=0, **where):
    rng = np.random.default_rng(seed)
    tilt = rng.normal(0, 0.02, n_seeds)
    return [
        _row(("data", x, 1.0, s), 0.4 + (slope + tilt[s]) * x, **where)
        for s in range(n_seeds)
        for x in LEVELS
    ]


def _factorial(effects, n_seeds=3, seed=0, **where):
    rng = np.random.default_rng(seed)
    own = rng.normal(0, 0.05, n_seeds)
    grid = [(d, t) for d in (0.0, 0.5, 1.0) for t in (0.0, 0.5, 1.0)]
    return [
        _row(
            ("factorial", d, t, s),
            0.3 + own[s] + np.dot(effects, [d, t, d * t]) + rng.normal(0, 0.004),
            **where,
        )
        for s in range(n_seeds)
        for d, t in grid
    ]


def test_one_overlap_is_what_attribute_says():
    rows = _data(0.3)
    row = attribution(_runs(rows)).row(0, named=True)
    x, y, seeds = (np.array([row[k] for row in rows]) for k in (1, 8, 3))
    expected = attribute(x, y, seeds)
    assert (row["design"], row["term"], row["verdict"], row["n"], row["n_seeds"]) == (
        "data",
        "overlap",
        "supported",
        15,
        3,
    )
    names = {"slope": "slope", "low": "slope_low", "high": "slope_high", "p_value": "p_value"}
    same = ("head_room", "r_squared", "spearman", "mutual_information", "mutual_information_published")
    for ours, theirs in (names | dict(zip(same, same, strict=True))).items():
        assert row[ours] == pytest.approx(getattr(expected, theirs), abs=1e-12), ours
    assert row["head_room"] == pytest.approx(row["slope"] / 0.6, abs=0.01)


def test_the_task_design_uses_the_overlap_of_tasks():
    rows = [("task", 0.7, *one[2:]) for one in _data(0.3)]
    rows = [(one[0], one[1], x, *one[3:]) for one, x in zip(rows, LEVELS * 3, strict=True)]
    assert attribution(_runs(rows))["slope"][0] == pytest.approx(attribution(_runs(_data(0.3)))["slope"][0])


def test_planted_effects_of_data_and_task_are_told_apart():
    found = attribution(_runs(_factorial((0.3, 0.0, -0.2))), at="none")
    assert found["term"].to_list() == ["data", "task", "data x task"]
    np.testing.assert_allclose(found["slope"], [0.3, 0.0, -0.2], atol=0.02)
    assert found["verdict"].to_list() == ["supported", "not supported", "reversed"]
    assert found["head_room"][0] == pytest.approx(0.3 / 0.7, abs=0.06)
    assert found["r_squared"].n_unique() == 1
    assert found["mutual_information_published"].is_null().to_list() == [False, False, True]
    entropy = np.log(3)
    assert found["mutual_information"][0] <= entropy + 1e-12


def test_slopes_at_the_mean_of_the_other_overlap():
    runs = _runs(_factorial((0.3, 0.1, -0.2)))
    at_none, at_mean = attribution(runs, at="none"), attribution(runs)
    np.testing.assert_allclose(at_mean["slope"], [0.2, 0.0, -0.2], atol=0.02)
    assert at_mean["slope"][2] == pytest.approx(at_none["slope"][2], abs=1e-9)
    left = [found["slope"][0] / found["head_room"][0] for found in (at_none, at_mean)]
    assert left[0] == pytest.approx(left[1], abs=1e-9)  # what is left at no overlap, whatever the middle


def test_distances_that_fall_support():
    rows = [
        _row(row[:4], None if row[8] is None else 1 - row[8], measure="procrustes-normalize=true")
        for row in _data(0.3) + _factorial((0.3, 0.1, 0.0))
    ]
    found = attribution(_runs(rows))
    alike = attribution(_runs(_data(0.3) + _factorial((0.3, 0.1, 0.0))))
    assert found["verdict"].to_list() == alike["verdict"].to_list()
    for name in ("head_room", "p_value", "mutual_information"):
        np.testing.assert_allclose(found[name], alike[name], rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(found["slope"], -alike["slope"], atol=1e-12)
    np.testing.assert_allclose(found["low"], -alike["high"], atol=1e-12)
    assert (found["low"] < found["high"]).all()


def test_experiments_are_told_apart():
    """Runs of the same design, samples and measure, whose overlap leads to the opposite."""
    up, down = _data(0.3), _data(-0.3)
    rows = [("up", *row) for row in up] + [("down", *row) for row in down]
    found = attribution(_runs(rows))
    assert found.select("experiment", "verdict", "n").rows() == [
        ("up", "supported", 15),
        ("down", "reversed", 15),
    ]
    shown = [_shown(up, 0.6), _shown(down, -0.6).with_columns(experiment=pl.lit("down"))]
    shown[0] = shown[0].with_columns(experiment=pl.lit("up"))
    led_to = consequence_slopes({**_runs(rows), "consequences": pl.concat(shown)})
    assert led_to.select("experiment", "verdict", "n").rows() == [
        ("up", "supported", 15),
        ("down", "reversed", 15),
    ]


def test_tables_of_before_there_were_experiments_are_of_one():
    rows = _data(0.3)
    tables = {**_runs(rows), "consequences": _shown(rows, 0.6)}
    older = {name: table.drop("experiment") for name, table in tables.items()}
    for analyse in (attribution, consequence_slopes):
        found, known = analyse(older), analyse(tables)
        assert set(found["experiment"]) == {""}
        assert found.drop("experiment").equals(known.drop("experiment"))


def test_both_orders_of_a_pair_are_one_run():
    one_way = _data(0.3)
    other = [(*row[:6], "b", "a", row[8] + 0.1, None, None) for row in one_way]  # an asymmetric measure
    found, alone = attribution(_runs(one_way + other)), attribution(_runs(one_way))
    assert found["n"][0] == 15
    assert found["slope"][0] == pytest.approx(alone["slope"][0])


def test_missing_runs_are_left_out_and_said():
    rows = _data(0.3)
    rows[4] = _row(rows[4][:4], None)
    del rows[7]
    found = attribution(_runs(rows)).row(0, named=True)
    assert found["n"] == 13
    assert found["verdict"] == "supported"
    assert found["reason"] == "2 of 15 runs are missing: analyzed without them"


def test_of_many_cells_without_a_run_some_are_named():
    rows = [_row(row[:4], None if row[1] != row[2] else row[8]) for row in _factorial((0.3, 0.1, 0.0))]
    reason = attribution(_runs(rows))["reason"][0]
    assert reason.endswith("data overlap 0.5 with task overlap 1 and 2 more"), reason


def test_several_pairs_of_tasks_at_one_overlap_are_runs_of_their_own():
    rows = [_row(("task", 1.0, x, s), 0.3 + 0.4 * x + 0.02 * s * x) for s in range(3) for x in (0.0, 1.0)]
    pairs = [(("a", "b"), 0.02), (("a", "c"), 0.0), (("b", "c"), -0.02)]
    rows += [_row(("task", 1.0, 0.5, s), 0.5 + off, models=pair) for s in range(3) for pair, off in pairs]
    found = attribution(_runs(rows)).row(0, named=True)
    assert (found["n"], found["reason"]) == (15, None)
    fewer = attribution(_runs(rows[:-1])).row(0, named=True)
    assert fewer["reason"] == "1 of 15 runs is missing: analyzed without it"


def test_realized_overlaps_that_differ_by_a_sample_are_one_cell():
    rows = [
        (*row[:1], row[1] + 0.001 * row[3] * (0 < row[1] < 1), *row[2:])
        for row in _factorial((0.3, 0.1, 0.0))
    ]
    found, exact = attribution(_runs(rows)), attribution(_runs(_factorial((0.3, 0.1, 0.0))))
    assert found["reason"].null_count() == 3
    assert found["mutual_information"].to_list() == exact["mutual_information"].to_list()


def test_the_class_of_one_stands_beside_common_classes_without_a_value_too():
    ones = [
        _row(row[:4], None if row[1] == 1 else 0.5 - 0.3 * row[1], dataset="one class") for row in _data(0.0)
    ]
    other = [_row(row[:4], row[8], measure="rsa") for row in _data(0.2)]
    found = attribution(_runs(_data(0.3) + ones + other))
    assert found.select("measure", "dataset").rows() == [
        ("cka-kernel=linear", "common classes"),
        ("cka-kernel=linear", "one class"),
        ("rsa", "common classes"),
        ("rsa", "one class"),
    ]
    assert found["verdict"].to_list() == ["supported", "reversed", "supported", "not supported"]
    assert found["reason"][1] == "no run has a value at data overlap 1 with task overlap 1"
    assert found["n"][3] == 0
    assert found["reason"][3] == "no run has a value"
    assert found["slope"][3] is None


def test_without_a_product_that_varies_apart_data_and_task_are_told_apart_all_the_same():
    """No class is common at no overlap of tasks, and none is of one model alone at full overlap."""
    rows = [row for row in _factorial((0.3, -0.1, 0.0)) if (row[1] == row[2] == 0) or row[2] == 0.5]
    found = attribution(_runs(rows))
    np.testing.assert_allclose(found["slope"][:2], [0.3, -0.1], atol=0.03)
    assert found["verdict"].to_list() == ["supported", "reversed", "not supported"]
    assert found["slope"][2] is None
    assert all("a model without it" in reason for reason in found["reason"])
    assert found["head_room"][0] == pytest.approx(0.3 / 0.7, abs=0.08)


def test_too_little_has_reasons():
    rows = _factorial((0.1, 0.1, 0.1))
    no_interaction = [row for row in rows if row[1] == row[2]]
    assert "do not vary apart" in attribution(_runs(no_interaction))["reason"][0]
    assert "4 runs have a value; 5 are needed" in attribution(_runs(rows[:4]))["reason"][2]
    one_seed = attribution(_runs(_data(0.3, n_seeds=1))).row(0, named=True)
    assert one_seed["slope"] is not None
    assert one_seed["low"] is None
    assert "at least 2 seeds" in one_seed["reason"]


def test_nothing_gives_an_empty_table():
    assert attribution(_runs([])).height == 0
    empty = {**_runs([]), "consequences": pl.DataFrame(schema=CONSEQUENCES)}
    assert consequence_slopes(empty).height == 0


def _shown(rows, slope, kind="transfer", detail="mi_fgsm", level=None, **changed):
    rng = np.random.default_rng(9)
    level = level or {}
    shown = []
    for row in rows:
        value = 0.1 + level.get(row[0], 0) + slope * row[8] + rng.normal(0, 0.003)
        one = {"models": ("a", "b"), "dataset": row[4], **changed}
        shown.append(
            (kind, detail, "first", *row[:4], *one["models"], one["dataset"], value, 50, 0.9, 0.8, None)
        )
    return pl.DataFrame(shown, schema=CONSEQUENCES, orient="row")


def test_what_similarity_leads_to():
    rows = _data(0.3)
    tables = {**_runs(rows), "consequences": _shown(rows, 0.6)}
    row = consequence_slopes(tables).row(0, named=True)
    assert row["slope"] == pytest.approx(0.6, abs=0.05)
    assert row["low"] < 0.6 < row["high"]
    assert (row["kind"], row["detail"], row["verdict"], row["n"]) == ("transfer", "mi_fgsm", "supported", 15)
    against = {**_runs(rows), "consequences": _shown(rows, -0.6)}
    assert consequence_slopes(against)["verdict"][0] == "reversed"


def test_designs_have_levels_of_their_own():
    """One design is less alike and transfers more: within each, transfer grows with similarity all the same."""
    rows = _data(0.2) + [("task", *row[1:8], row[8] - 0.3, *row[9:]) for row in _data(0.2, seed=1)]
    tables = {**_runs(rows), "consequences": _shown(rows, 0.6, level={"task": 0.5})}
    row = consequence_slopes(tables).row(0, named=True)
    assert row["slope"] == pytest.approx(0.6, abs=0.05)
    assert row["spearman"] < 0
    assert row["n"] == 30


def test_distances_turn_the_verdict_of_consequences():
    rows = [_row(row[:4], 1 - row[8], measure="procrustes") for row in _data(0.3)]
    row = consequence_slopes({**_runs(rows), "consequences": _shown(rows, -0.6)}).row(0, named=True)
    assert row["slope"] < 0
    assert row["verdict"] == "supported"


def test_consequences_without_similarity_are_counted():
    rows = _data(0.3)
    fewer = consequence_slopes({**_runs(rows[:-2]), "consequences": _shown(rows, 0.6)}).row(0, named=True)
    assert fewer["n"] == 13
    assert fewer["reason"] == "2 of 15 runs have no value or similarity and are left out"
    elsewhere = _shown(rows, 0.6, dataset="somewhere else")
    none = consequence_slopes({**_runs(rows), "consequences": elsewhere}).row(0, named=True)
    assert none["slope"] is None
    assert none["reason"].startswith("only 0 runs have a value and a similarity")
    unknown = _shown(rows, 0.6).with_columns(value=pl.lit(None, pl.Float64))
    assert consequence_slopes({**_runs(rows), "consequences": unknown}).height == 0
    same = [_row(row[:4], 0.5) for row in rows]
    flat = consequence_slopes({**_runs(same), "consequences": _shown(rows, 0.6)}).row(0, named=True)
    assert flat["reason"] == "similarity does not vary within the designs"


def test_both_are_registered_under_the_names_of_their_tables():
    assert ANALYSES["attribution"].needs == ("overlap_runs",)
    assert ANALYSES["consequence_slopes"].needs == ("consequences", "overlap_runs")
