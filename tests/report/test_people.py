"""People, aligned models and overlap: what the figures join from their tables, what they say, and pictures."""

from __future__ import annotations

import base64
import io
from statistics import mean

import polars as pl
import pytest
from PIL import Image

from seealike.data.tables import ALIGNMENT, JUDGED
from seealike.report import render
from seealike.report.choices import combinations, settled
from seealike.report.contents import SECTIONS
from seealike.report.derived import prepared
from seealike.report.derived_people import FIRST
from seealike.report.joined import DERIVED
from seealike.report.kept import kept
from seealike.report.rows import section_rows
from seealike.report.thumbnails import thumbnails
from seealike.report.write import write_report
from seealike.sources.datasets.samples import Samples
from tests.report.people_tables import CHANCE, HUMANS, MEASURE, frame, full_tables
from tests.report.test_sections import chart_of, numbers, svg_of, told

EVERY = {"distance": FIRST, "readout": "tokens", "score": FIRST}


@pytest.fixture(scope="module")
def study():
    return full_tables(6, 2)


@pytest.fixture(scope="module")
def ready(study):
    return prepared(study)


def joined(tables, name: str, **chosen: str) -> pl.DataFrame:
    return DERIVED[name].rows(tables, chosen)


def test_every_set_of_judgements_is_shown_under_its_first_score_and_distance(ready):
    rows = joined(ready, "people_depth", **EVERY)
    assert set(rows["panel"]) == {
        "low: TID2013 (spearman)",
        "middle: NIGHTS (two_afc)",
        "high: THINGS (odd_one_out)",
    }
    assert rows.sort("place")["human"].unique(maintain_order=True).to_list() == [
        "TID2013",
        "NIGHTS",
        "THINGS",
    ]
    assert set(rows.filter(what="layer")["distance"]) == {"normalized_euclidean"}
    counts = dict(rows.group_by("what").len().iter_rows())
    assert counts == {"layer": 6 * 3 * 6, "projection": 6 * 3, "baseline": 3, "ceiling": 6}


def test_sets_may_have_distances_of_their_own(ready):
    own = ready["alignment"].filter((pl.col("human") == "THINGS") | (pl.col("distance") != "cosine"))
    own = own.with_columns(
        distance=pl.when(pl.col("human") == "THINGS").then(pl.lit("dot")).otherwise("distance")
    )
    rows = joined({**ready, "alignment": own}, "people_best", **EVERY)
    assert set(rows.filter(what="layer").select("human", "distance").iter_rows()) >= {
        ("THINGS", "dot"),
        ("NIGHTS", "normalized_euclidean"),
    }


def test_a_score_that_is_chosen_by_name_shows_the_sets_that_have_it(ready):
    rows = joined(ready, "people_depth", **{**EVERY, "score": "kendall"})
    assert set(rows["human"]) == {"TID2013"}
    assert "ceiling" not in set(rows["what"])


@pytest.mark.parametrize(("score", "best"), [("odd_one_out", max), ("cross_entropy", min)])
def test_the_best_layer_is_the_one_nearest_to_people(ready, score, best):
    rows = joined(ready, "people_best", **{**EVERY, "score": score}).filter(pl.col("what") != "baseline")
    table = ready["alignment"].filter(pl.col("layer") != "", score=score, distance="normalized_euclidean")
    for model, value in rows.filter(human="THINGS").select("model", "value").iter_rows():
        assert value == best(table.filter(model=model)["value"])


def test_a_model_that_failed_stands_there_with_its_reason(ready):
    lost = {"model": "broken", "human": "THINGS", "level": "high", "reason": "no weights"}
    table = pl.concat([ready["alignment"], pl.DataFrame([lost], schema=ALIGNMENT)])
    rows = joined({**ready, "alignment": table}, "people_best", **EVERY).filter(model="broken")
    assert rows.select("human", "value", "reason").rows() == [("THINGS", None, "no weights")]


def chosen_pair(ready) -> dict[str, str]:
    return joined_choices(ready, "people_typical")[-1]


def joined_choices(ready, name: str) -> list[dict[str, str]]:
    return DERIVED[name].combinations(ready).rows(named=True)


def test_similarity_to_models_stands_beside_similarity_to_people(ready):
    chosen = chosen_pair(ready)
    assert chosen["human"] == "THINGS"
    of = ready["similarities"].filter(measure=chosen["measure"], dataset=chosen["dataset"])
    for row in joined(ready, "people_typical", **chosen).rows(named=True):
        mine = of.filter(
            (pl.col("model_x") == row["model"]) | (pl.col("model_y") == row["model"]),
            pl.col("model_x") != pl.col("model_y"),
        )
        assert row["n_others"] == mine.height == 5
        assert row["typical"] == pytest.approx(mine["similarity"].mean())


def test_the_gap_names_the_more_human_like(ready):
    rows = joined(ready, "people_gap", **chosen_pair(ready))
    assert rows.height == 15
    assert (rows["gap"] >= 0).all()
    assert (rows["best"] == rows.select(pl.max_horizontal("value_x", "value_y")).to_series()).all()
    errors = ready["alignment"].with_columns(score=pl.lit("cross_entropy"))
    turned = joined({**ready, "alignment": errors}, "people_gap", **chosen_pair(ready))
    assert (turned["best"] == turned.select(pl.min_horizontal("value_x", "value_y")).to_series()).all()


@pytest.mark.parametrize(
    ("human", "roles"),
    [
        ("TID2013", ["reference", "other"]),
        ("NIGHTS", ["reference", "nearer", "farther"]),
        ("THINGS", ["together", "together", "odd one out"]),
    ],
)
def test_a_judgement_says_what_each_sample_is(ready, human, roles):
    rows = joined(ready, "judgement", human=human, trial="trial 0")
    assert rows["role"].drop_nulls().to_list() == roles
    assert rows["model"].drop_nulls().len() == 6
    assert rows["image"].drop_nulls().len() == (3 if human == "THINGS" else 0)


def test_pictures_are_drawn_where_there_are_some(study):
    things = study["judged"].filter(human="THINGS")
    with_, without = (
        svg_of(chart_of({**study, "judged": things.filter(trial=trial)}, "judgement"))
        for trial in ("trial 0", "trial 9")
    )
    assert with_.count("<image") == 3
    assert "no picture here" not in with_
    assert without.count("no picture here") == 3


def test_consequences_are_joined_to_runs_whatever_the_order_of_their_models(ready):
    rows = joined(
        ready,
        "consequence",
        measure=MEASURE,
        experiment="digits",
        kind="transfer",
        detail="mi_fgsm 2/255",
        dataset="common classes",
    )
    runs = ready["overlap_runs"].filter(measure=MEASURE, experiment="digits")
    known = {
        (*key[:4], frozenset(key[4:6])): value
        for *key, value in runs.filter(dataset="common classes")
        .select("design", "data_overlap", "task_overlap", "seed", "model_x", "model_y", "similarity")
        .iter_rows()
    }
    assert rows.height == ready["consequences"].filter(kind="transfer", experiment="digits").height
    for row in rows.rows(named=True):
        run = [row[name] for name in ("design", "data_overlap", "task_overlap", "seed")]
        value = known[(*run, frozenset((row["model_x"], row["model_y"])))]
        if value is None:  # nothing on these samples: the mean over the others
            others = runs.filter(pl.col("model_x").is_in([row["model_x"], row["model_y"]]))
            value = mean(others["similarity"].drop_nulls())
        assert row["similarity"] == pytest.approx(value)


def test_published_numbers_stand_beside_the_study_s(ready):
    rows = ready["published_beside"].drop_nulls("ours")
    assert rows.height > 10
    assert (rows["value"] - rows["ours"]).to_list() == pytest.approx([0.004] * rows.height)
    alone = prepared({name: table for name, table in ready.items() if name != "alignment"})
    assert alone["published_beside"]["ours"].null_count() == ready["published_alignment"].height


def test_panels_without_ceilings_and_intervals_are_drawn(study):
    bare = study["alignment"].with_columns(low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64))
    bare = bare.filter(pl.col("layer") != "", readout="tokens")
    svg = svg_of(
        chart_of({**study, "alignment": bare, "ceilings": study["ceilings"].clear()}, "alignment_depth")
    )
    assert "NaN" not in svg
    assert "79769313" not in svg  # what Vega makes of an infinite size
    assert ">pixel RMSE<" not in svg


def test_layers_that_are_models_of_their_own_have_the_groups_of_their_model(ready):
    split = ready["models"].with_columns(model=pl.format("{}/{}", "model", "layer"))
    turned = pl.format("{}/pool", "model_x"), pl.format("{}/pool", "model_y")
    similarities = ready["similarities"].with_columns(model_x=turned[0], model_y=turned[1])
    tables = {**ready, "models": split, "similarities": similarities}
    tables["alignment"] = ready["alignment"].with_columns(
        layer=pl.when(pl.col("layer") == "").then("layer").otherwise(pl.lit("pool"))
    )
    (section,) = [section for section in SECTIONS if section.name == "people_typical"]
    rows = section_rows(section, tables, settled(section, combinations(section, tables), {}))
    assert len(rows) == 5  # the first model has no similarities there
    assert {row["group"] for row in rows} == {"image-text", "self-supervised", "supervised"}
    (depth,) = [section for section in SECTIONS if section.name == "alignment_depth"]
    rows = section_rows(depth, tables, settled(depth, combinations(depth, tables), {}))
    assert {row["group"] for row in rows if row["what"] == "layer"} == {
        "image-text",
        "self-supervised",
        "supervised",
    }


def test_ceilings_and_baselines_are_named_in_their_panels(study):
    svg = svg_of(chart_of(study, "alignment_depth"))
    assert svg.count(">chance<") == svg.count(">leave one out<") == svg.count(">pixel RMSE<") == len(HUMANS)
    said = [
        numbers(words) for words in told(chart_of(study, "alignment_depth")) if "ceiling: chance" in words
    ]
    assert {float(one["value"]) for one in said if "value" in one} >= {round(CHANCE["odd_one_out"], 4), 0.5}


def test_differences_name_the_higher_model_first(study):
    cells = [said for said in told(chart_of(study, "alignment_differences")) if "its best layer" in said]
    rows = study["alignment_differences"].filter(human="TID2013")
    assert len({said for said in cells if "difference" in said}) >= rows.height
    for row in rows.rows(named=True):
        higher, lower = (
            (row["model_y"], row["model_x"]) if row["difference"] < 0 else (row["model_x"], row["model_y"])
        )
        assert any(
            f"model: {higher};" in f"{said};" and f"and model: {lower};" in f"{said};" for said in cells
        )


def test_layers_that_may_be_the_best_are_told_from_the_others(study):
    words = told(chart_of(study, "alignment_layers"))
    first = study["alignment_layers"].row(0, named=True)
    same = {name: first[name] for name in ("human", "score", "distance")}
    rows = study["alignment_layers"].filter(pl.col("layer") != "", pl.col("gain").is_not_null(), **same)
    marks = [numbers(said) for said in words if "behind the best by" in said]
    assert len(marks) == rows.height
    kinds = {(one["model"], one["layer"]): one["it"] for one in marks}
    for row in rows.iter_rows(named=True):
        state = "may be the best" if row["p_value_best"] > 0.05 else "is behind the best"
        state = "is not above chance" if row["p_value_familywise"] > 0.05 else state
        assert kinds[row["model"], row["layer"]] == state
    assert set(kinds.values()) == {"may be the best", "is behind the best", "is not above chance"}


def test_arms_stand_side_by_side_and_ceilings_are_lines(study):
    words = told(chart_of(study, "proof"))
    large = [numbers(said) for said in words if "value, over all seeds" in said]
    for arm, model in (("base", 0), ("aligned", 1)):
        name = study["models"]["model"][model]
        rows = study["proof"].filter(arm=arm, model=name, task="odd_one_out")
        found = [
            one
            for one in large
            if (one.get("arm"), one.get("model"), one.get("test")) == (arm, name, "odd_one_out")
        ]
        assert float(found[0]["value, over all seeds"]) == pytest.approx(rows["value"].mean(), rel=1e-3)
    assert ">ceiling<" in svg_of(chart_of(study, "proof"))


def test_a_row_over_all_seeds_is_the_large_mark(study):
    pooled = {
        "arm": "aligned",
        "model": study["models"]["model"][0],
        "task": "odd_one_out",
        "dataset": "THINGS",
    }
    table = pl.concat([study["proof"], frame("PROOF", [{**pooled, "value": 0.777, "low": 0.7, "high": 0.8}])])
    said = [numbers(words) for words in told(chart_of({**study, "proof": table}, "proof"))]
    assert any(one.get("value, over all seeds") == "0.777" for one in said)


@pytest.mark.parametrize(
    ("verdict", "filled"), [("supported", "1"), ("not supported", "0"), ("reversed", "1")]
)
def test_slopes_with_a_verdict_are_filled(study, verdict, filled):
    table = study["attribution"].drop_nulls("slope").with_columns(verdict=pl.lit(verdict))
    svg = svg_of(chart_of({**study, "attribution": table}, "attribution"))
    assert svg.count(f'fill-opacity="{filled}"') >= table.filter(measure=MEASURE, experiment="digits").height
    assert f"{verdict}, R² 0.83, ρ 0.90, I 0.50" in svg


def samples(count: int) -> Samples:
    ids = tuple(f"t{i}-{part}" for i in range(count) for part in "abc")
    return Samples(ids, lambda row: Image.effect_noise((300, 200), 10 + row % 7), None, (), "r")


def test_pictures_keep_within_their_room_and_are_whole(study):
    pictures = {"THINGS": samples(30), "NIGHTS": samples(30)}
    made = thumbnails(study["judged"], pictures, 40_000)
    assert 20_000 < made["image"].str.len_bytes().sum() <= 40_000
    assert made.group_by("human", pl.col("sample").str.split("-").list.first()).len()["len"].to_list() == [
        3
    ] * (made.height // 3)
    assert abs(made.filter(human="THINGS").height - made.filter(human="NIGHTS").height) <= 3
    first = Image.open(io.BytesIO(base64.b64decode(made["image"][0].partition(",")[2])))
    assert max(first.size) == 112
    assert thumbnails(pl.DataFrame(schema=JUDGED), pictures).is_empty()


def test_a_report_has_pictures_only_when_asked(study, tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "record").mkdir()
    (tmp_path / "record" / "last-run.json").write_text('{"name": "t"}', encoding="utf-8")
    for name in ("models", "datasets", "alignment", "judged"):
        study[name].write_parquet(tmp_path / "tables" / f"{name}.parquet")
    assert "data:image/webp" not in write_report(tmp_path).read_text(encoding="utf-8")
    page = write_report(tmp_path, {"THINGS": samples(3)}).read_text(encoding="utf-8")
    assert page.count("data:image/webp") == 9


def test_long_tables_without_a_figure_are_left_out_and_named(study):
    long = pl.DataFrame({"p_value": [0.5] * 20_000})
    tables, left = kept({**prepared(study), "significance": long}, SECTIONS)
    assert left == ["significance"]
    assert set(tables) == set(prepared(study))
    assert "Not in this page, for their length: significance." in render(
        "t", {**study, "significance": long}, {}
    )


def test_the_rows_of_every_figure_are_labelled(ready):
    for section in SECTIONS:
        offered = combinations(section, ready)
        if not offered.is_empty():
            rows = section_rows(section, ready, settled(section, offered, {}))
            assert rows, section.name
            assert all("jitter" in row for row in rows)


def test_networks_are_drawn_at_the_overlap_of_their_runs(study, ready):
    """Of one experiment and design; the second experiment's networks are nowhere among them."""
    chosen = {"experiment": "digits", "design": "task", "dataset": "digits: test", "metric": "accuracy"}
    rows = joined(ready, "trained_runs", **chosen)
    assert rows.height == 2 * 5 * 3
    assert set(rows["experiment"]) == {"digits"}
    assert rows["overlap"].to_list() == rows["task_overlap"].to_list()
    grid = joined(ready, "trained_runs", **{**chosen, "design": "factorial"})
    assert set(grid["overlap"]) == set(grid["other"]) == {0.0, 0.5, 1.0}
    offered = combinations(next(one for one in SECTIONS if one.name == "trained"), ready)
    assert {one["dataset"] for one in offered.to_dicts() if one["experiment"] == "digits"} == {"digits: test"}
    said = " ".join(told(chart_of(study, "trained")))
    assert "network: digits-data-0.0-0.0-0-x" in said
    assert "photographs-" not in said


def test_the_reason_of_a_network_that_was_not_trained_is_a_row(ready):
    chosen = {
        "experiment": "photographs",
        "design": "factorial",
        "dataset": "photographs: test",
        "metric": "accuracy",
    }
    lost = joined(ready, "trained_runs", **chosen).filter(pl.col("value").is_null())
    assert lost["reason"].to_list() == ["its loss was no number"]


def test_tables_of_before_there_were_experiments_are_shown(study):
    names = ("overlap_runs", "attribution", "consequences", "consequence_slopes")
    older = {**study, **{name: study[name].drop("experiment") for name in names}}
    ready = prepared(older)
    assert all(set(ready[name]["experiment"]) == {""} for name in names)
    (first,) = (one for one in SECTIONS if one.name == "overlap_lines")
    assert set(combinations(first, ready)["experiment"]) == {""}


def test_shares_that_were_realized_to_whole_samples_are_one_level(study):
    """Seeds take classes of different sizes: a fifth of the samples is .1996, .2 or .2011, and all are one cell."""
    shift = (pl.col("seed") - 1) * 0.001
    inside = pl.col("data_overlap").is_between(0.01, 0.99)
    moved = {
        **study,
        "overlap_runs": study["overlap_runs"].with_columns(
            data_overlap=pl.when(inside).then(pl.col("data_overlap") + shift).otherwise("data_overlap")
        ),
    }
    for name, title in (("overlap_surface", "runs"), ("overlap_lines", "mean of all runs")):
        before, after = (
            sorted({said for said in told(chart_of(tables, name)) if title in numbers(said)})
            for tables in (study, moved)
        )
        assert len(before) > 4
        assert [numbers(said) for said in after] == [numbers(said) for said in before]
