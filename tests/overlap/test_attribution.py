"""Attribution finds what was planted, finds nothing in noise, and agrees with independent programs."""

import numpy as np
import polars as pl
import pytest

from seealike.errors import DataError, TooFewSamples, UnknownName
from seealike.overlap import attribute
from seealike.overlap.information import discrete_information
from seealike.overlap.tables import Choices
from seealike.overlap.tables import attribute_table as of_table
from seealike.sources.datasets.columns import read_rows

LEVELS = np.linspace(0, 1, 6)


def attribute_table(path, *given, **choices):
    """As the command reads it."""
    return of_table(read_rows(path, str(path)), *given, **choices, where=str(path))


def _runs(rng, slope, n_seeds=5):
    """Runs of several seeds that differ in level and in slope."""
    x, seeds = np.tile(LEVELS, n_seeds), np.repeat(np.arange(n_seeds), len(LEVELS))
    level, tilt = rng.normal(0, 0.05, n_seeds), rng.normal(0, 0.04, n_seeds)
    return x, 0.3 + slope * x + level[seeds] + tilt[seeds] * x + rng.normal(0, 0.03, len(x)), seeds


@pytest.mark.parametrize("slope", [0.1, 0.0, -0.1])
def test_intervals_cover_and_verdicts_are_right(slope, monkeypatch):
    monkeypatch.setattr(
        "seealike.overlap.information._PERMUTATIONS", 1
    )  # the slope's interval is what is tested
    monkeypatch.setattr("seealike.overlap.attribution.published_information", lambda x, y: None)
    rng = np.random.default_rng(int(100 * slope) + 50)
    found = [attribute(*_runs(rng, slope)) for _ in range(250)]
    covered = np.mean([one.slope_low <= slope <= one.slope_high for one in found])
    assert 0.9 < covered < 0.99
    verdicts = [one.verdict for one in found]
    if slope:
        right, wrong = ("supported", "reversed") if slope > 0 else ("reversed", "supported")
        assert verdicts.count(right) > 200
        assert verdicts.count(wrong) == 0
    else:
        assert verdicts.count("not supported") > 225


def test_runs_of_one_seed_are_not_independent():
    x, y, seeds = _runs(np.random.default_rng(0), 0.1)
    together, apart = attribute(x, y, seeds), attribute(x, y)
    assert together.slope == apart.slope
    assert (together.slope_high - together.slope_low) != pytest.approx(
        apart.slope_high - apart.slope_low, rel=0.05
    )


def test_agrees_with_independent_programs():
    from scipy.stats import linregress, spearmanr
    from sklearn.feature_selection import mutual_info_regression

    x, y, seeds = _runs(np.random.default_rng(1), 0.2)
    found, theirs = attribute(x, y, seeds), linregress(x, y)
    assert found.slope == pytest.approx(theirs.slope, abs=1e-12)
    assert found.r_squared == pytest.approx(theirs.rvalue**2, abs=1e-12)
    assert found.spearman == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)
    assert found.head_room == pytest.approx(theirs.slope / (1 - theirs.intercept), abs=1e-12)
    published = mutual_info_regression(x.reshape(-1, 1), y, random_state=42)[0]
    assert found.mutual_information_published == pytest.approx(published, abs=1e-12)


def test_information_is_bounded_unbiased_and_that_of_the_reference():
    from sklearn.feature_selection import mutual_info_classif

    rng = np.random.default_rng(2)
    x = np.repeat(LEVELS, 25)
    noise = [discrete_information(x, rng.standard_normal(len(x)), seed=k) for k in range(5)]
    assert np.mean(noise) < 0.03
    clear = discrete_information(x, x + 1e-3 * rng.standard_normal(len(x)))
    assert 0.95 * np.log(6) < clear <= np.log(6)
    y = x + 0.5 * rng.standard_normal(len(x))
    by_classes = mutual_info_classif(y[:, None], (x * 5).round().astype(int), random_state=0)[0]
    assert discrete_information(x, y) == pytest.approx(by_classes, abs=0.06)
    one_each = discrete_information(np.arange(5.0), np.arange(5.0))
    assert one_each is None


def test_degenerate_inputs_have_reasons():
    assert attribute(np.ones(4), np.arange(4.0)).reason == "all runs have the same overlap"
    flat = attribute(np.repeat([0.0, 1.0], 3), np.full(6, 0.5))
    assert (flat.slope, flat.spearman, flat.r_squared, flat.verdict) == (0.0, None, None, "not supported")
    single = attribute(np.array([0.0, 0.5, 1.0]), np.array([0.1, 0.2, 0.4]), np.zeros(3))
    assert "2 seeds" in single.reason
    assert single.slope_low is None
    with pytest.raises(TooFewSamples, match="at least 3"):
        attribute(np.array([0.0, 1.0, 0.5]), np.array([np.nan, 1, 1]))


@pytest.fixture
def published(tmp_path):
    """The published layout: one row a run and measure."""
    rng = np.random.default_rng(3)
    lines = ["seed,metric,frac_overlap,metric_test,metric_ood_one"]
    for seed in range(4):
        for x in LEVELS:
            test = 0.4 + 0.3 * x + rng.normal(0, 0.02)
            ood = -1 if x == 1 else 0.5 - 0.2 * x + rng.normal(0, 0.02)
            lines.append(f"{seed},cka,{x:.1f},{test:.6f},{ood if ood == -1 else round(ood, 6)}")
            lines.append(f"{seed},lcs_knn,{x:.1f},{2 * test:.6f},{2 * test:.6f}")
            lines.append(
                f"{seed},edit_distance_knn,{x:.1f},{1 - (1 - test) / 4:.6f},{1 - (1 - test) / 4:.6f}"
            )
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_reads_the_published_layout(published):
    cka = Choices(where=("metric=cka",), missing=-1)
    found = attribute_table(published, "frac_overlap", seed="seed", choices=cka)
    assert found["y"].to_list() == ["metric_test", "metric_ood_one"]
    assert found["n"].to_list() == [24, 20]
    assert found["verdict"].to_list() == ["supported", "reversed"]
    assert found["slope"][0] == pytest.approx(0.3, abs=0.05)


def test_minus_one_is_refused_unless_it_is_said_to_be_missing(published):
    with pytest.raises(DataError, match="4 times exactly -1.*--missing=-1"):
        attribute_table(published, "frac_overlap", seed="seed", choices=Choices(where=("metric=cka",)))


@pytest.mark.parametrize(("metric", "slope"), [("lcs_knn", 4 * 0.6), ("edit_distance_knn", 0.3)])
def test_lost_quarters_are_refused_or_repaired(published, metric, slope):
    choices = Choices(where=(f"metric={metric}",))
    with pytest.raises(DataError, match="--repair"):
        attribute_table(published, "frac_overlap", ["metric_test"], choices=choices)
    repaired = Choices(where=(f"metric={metric}",), repair=True)
    found = attribute_table(published, "frac_overlap", ["metric_test"], choices=repaired)
    assert found["slope"][0] == pytest.approx(slope, rel=0.1)


def test_headers_within_the_table(published):
    text = published.read_text()
    published.write_text(text + text.splitlines()[0] + "\n" + "\n".join(text.splitlines()[1:10]) + "\n")
    with pytest.raises(DataError, match=r"line 74: expected one header.*--reruns"):
        attribute_table(published, "frac_overlap", choices=Choices(where=("metric=cka",), missing=-1))
    choices = Choices(where=("metric=cka",), missing=-1, reruns=True)
    assert attribute_table(published, "frac_overlap", ["metric_test"], choices=choices)["n"][0] == 27


def test_partitions_become_numbers(tmp_path):
    path = tmp_path / "partitions.csv"
    rows = [
        f"{seed},cka,{p},m{seed},m{seed}b,{0.2 + 0.3 * k + 0.01 * seed}"
        for seed in range(3)
        for k, p in enumerate(("P1", "P2", "P3"))
    ]
    path.write_text("seed,metric,partition,model0,model1,partition_metric\n" + "\n".join(rows) + "\n")
    maps = {"partition": {"P1": 0.0, "P2": 0.5, "P3": 1.0}}
    found = attribute_table(path, "partition", seed="seed", choices=Choices(maps=maps))
    assert found["y"].to_list() == ["partition_metric"]
    assert found["slope"][0] == pytest.approx(0.6)
    with pytest.raises(DataError, match="one of P1, P2, got P3"):
        attribute_table(path, "partition", choices=Choices(maps={"partition": {"P1": 0, "P2": 1}}))
    with pytest.raises(DataError, match="expected numbers, got 'P1'"):
        attribute_table(path, "partition")


@pytest.mark.parametrize(
    ("x", "where", "error", "words"),
    [
        ("overlap", (), UnknownName, "frac_overlap"),
        ("frac_overlap", ("metric=cak",), DataError, "a row with 'cak'"),
        ("frac_overlap", ("metric",), DataError, "COLUMN=VALUE"),
        ("frac_overlap", ("metrik=cka",), UnknownName, "metric"),
    ],
)
def test_mistakes_are_explained(published, x, where, error, words):
    with pytest.raises(error, match=words):
        attribute_table(published, x, choices=Choices(where=where, missing=-1))


def test_conditions_exclude_and_compare_numbers(published):
    choices = Choices(where=("metric=cka", "frac_overlap!=0"), missing=-1)
    assert attribute_table(published, "frac_overlap", ["metric_test"], choices=choices)["n"][0] == 20
    choices = Choices(where=("metric=cka", "seed=1.0"))
    assert attribute_table(published, "frac_overlap", ["metric_test"], choices=choices)["n"][0] == 6


def test_command_writes_the_promised_columns(published, tmp_path, capsys, monkeypatch):
    import sys

    from seealike.cli.main import main

    out = tmp_path / "result.csv"
    words = ["--x", "frac_overlap", "--y", "metric_test", "--where", "metric=cka", "--seed", "seed"]
    monkeypatch.setattr(
        sys, "argv", ["seealike", "causes", "analyse", str(published), *words, "--out", str(out)]
    )
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    assert "metric_test: supported; slope 0.2" in capsys.readouterr().out
    columns = pl.read_csv(out).columns
    assert columns[:5] == ["y", "n", "slope", "slope_low", "slope_high"]
    assert columns[5:9] == ["r_squared", "spearman", "mutual_information", "mutual_information_published"]
    assert "verdict" in columns


def test_published_layouts_give_the_numbers_of_independent_programs(tmp_path):
    """R² and information as scipy and scikit-learn give them for the same cells of the file, to 1e-6."""
    from scipy.stats import linregress
    from sklearn.feature_selection import mutual_info_regression

    rng = np.random.default_rng(4)
    levels = {"P1": 0.0, "P2": 0.5, "P3": 1.0}
    shares = ["seed,metric,frac_overlap,metric_test,metric_ood_one"]
    parts = ["seed,metric,partition,model0,model1,partition_metric"]
    for seed in range(10):
        for metric in ("cka", "mutual_knn"):
            for x in np.round(np.linspace(0, 1, 11), 1):
                y = 0.5 + 0.2 * x + rng.normal(0, 0.04, 2)
                shares.append(f"{seed},{metric},{x},{float(y[0])!r},{float(y[1])!r}")
            for name, x in levels.items():
                parts.append(f"{seed},{metric},{name},a,b,{float(0.3 + 0.3 * x + rng.normal(0, 0.1))!r}")
    for lines, column, ys in (
        (shares, "frac_overlap", ["metric_test", "metric_ood_one"]),
        (parts, "partition", ["partition_metric"]),
    ):
        path = tmp_path / f"{column}.csv"
        path.write_text("\n".join(lines) + "\n")
        cells = [line.split(",") for line in lines]
        mine = [row for row in cells[1:] if row[1] == "cka"]
        place = cells[0].index(column)
        x = np.array(
            [levels.get(row[place], -1) if column == "partition" else float(row[place]) for row in mine]
        )
        choices = Choices(where=("metric=cka",), maps={"partition": levels})
        found = attribute_table(path, column, seed="seed", choices=choices)
        assert found["y"].to_list() == ys
        for row in found.iter_rows(named=True):
            y = np.array([float(one[cells[0].index(row["y"])]) for one in mine])
            line = linregress(x, y)
            information = mutual_info_regression(x.reshape(-1, 1), y, random_state=42)[0]
            assert row["r_squared"] == pytest.approx(line.rvalue**2, abs=1e-6)
            assert row["slope"] == pytest.approx(line.slope, abs=1e-6)
            assert row["mutual_information_published"] == pytest.approx(information, abs=1e-6)
            assert row["n"] == len(mine)


def test_runs_without_a_value_and_measures_taken_together_are_said(published):
    choices = Choices(where=("metric=cka",), missing=-1)
    (row,) = attribute_table(published, "frac_overlap", ["metric_ood_one"], choices=choices).to_dicts()
    assert row["reason"] == "4 of 24 runs have no value and are left out"
    both = attribute_table(
        published, "frac_overlap", ["metric_test"], choices=Choices(missing=-1, repair=True)
    )
    assert "--where metric=cka takes one" in both["reason"][0]
    assert attribute_table(published, "frac_overlap", ["metric_test"], choices=choices)["reason"][0] is None


def test_other_formats_and_numbers_are_read_as_well(published, tmp_path):
    table = pl.read_csv(published)
    choices = Choices(where=("metric=cka", "frac_overlap!=0"), missing=-1)
    expected = attribute_table(published, "frac_overlap", seed="seed", choices=choices)
    table.write_parquet(tmp_path / "runs.parquet")
    table.write_csv(tmp_path / "runs.tsv", separator="\t")
    for name in ("runs.parquet", "runs.tsv"):
        found = attribute_table(tmp_path / name, "frac_overlap", seed="seed", choices=choices)
        assert found.equals(expected)
    with pytest.raises(DataError, match="expected a table, got no file"):
        attribute_table(tmp_path / "none.csv", "frac_overlap")
