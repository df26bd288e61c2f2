"""The sentences at the top: golden."""

from __future__ import annotations

import polars as pl

from seealike.report.layout import measure_label
from seealike.report.order import model_order
from seealike.report.summary import summary, warnings


def test_golden_summary(tables):
    assert summary(tables) == [
        "6 models, 3 datasets, 2 measures.",
        "Under linear unbiased CKA the similarities of self-supervised pairs are the most consistent across "
        "datasets (median Pearson r .81 over 3 dataset pairs), those of classification pairs the least (.25); "
        "models are grouped by objective.",
    ]


def test_a_pair_of_two_sets_in_words(tables):
    some = tables["consistency"].filter(
        pl.col("set_x") != pl.col("set_y"), pl.col("set_x") == "classification"
    )
    (_, sentence) = summary({**tables, "consistency": some})
    assert "pairs of classification with image-text models are the most consistent" in sentence


def test_a_single_set_has_no_superlative(tables):
    some = tables["consistency"].filter(
        pl.col("set_x") == pl.col("set_y"), pl.col("set_x") == "self-supervised"
    )
    assert summary({**tables, "consistency": some})[1] == (
        "Under linear unbiased CKA the median consistency across datasets is .81 (Pearson r, 3 dataset pairs)."
    )


def test_no_consistency_has_a_value(tables):
    none = tables["consistency"].with_columns(consistency=pl.lit(None, dtype=pl.Float64))
    assert (
        summary({**tables, "consistency": none})[1]
        == "No consistency has a value; the figure below says why."
    )


def test_the_set_of_all_models_is_not_ranked_among_its_parts(tables):
    everything = tables["consistency"].with_columns(
        set_x=pl.lit("all"), set_y=pl.lit("all"), consistency=pl.lit(0.99)
    )
    both = pl.concat([everything, tables["consistency"]])
    assert summary({**tables, "consistency": both}) == summary(tables)


def test_failed_cells_warn(tables):
    assert warnings(tables, {}) == [
        "1 cell failed; what depends on it is missing from the figures. The reasons stand under «Cells that failed»."
    ]
    assert warnings({**tables, "outcomes": tables["outcomes"].filter(status="done")}, {}) == []


def test_the_run_s_own_warnings_are_shown(tables):
    text = "a and b have identical features on digits: are they the same checkpoint?"
    assert warnings({"models": tables["models"]}, {"warnings": [text]}) == [text]


def test_linkage_puts_similar_models_side_by_side():
    groups = {"a": 0, "b": 1, "c": 0, "d": 1, "e": 0}
    rows = [(x, y, 1.0 if x == y else 0.9 if groups[x] == groups[y] else 0.1) for x in groups for y in groups]
    frame = pl.DataFrame(rows, schema=["model_x", "model_y", "similarity"], orient="row")
    order = model_order(frame, ["a", "b", "c", "d", "e", "not compared"])
    assert order[-1] == "not compared"
    assert [groups[m] for m in order[:-1]] in ([0, 0, 0, 1, 1], [1, 1, 0, 0, 0])


def test_measure_labels_of_any_id():
    assert (
        measure_label("cka-kernel=rbf-sigma_fraction=0.4-unbiased=False")
        == "RBF biased CKA sigma_fraction=0.4"
    )
    assert measure_label("cka(kernel=linear, unbiased=True)") == "linear unbiased CKA"
    assert measure_label("something new") == "something new"
    assert measure_label("cka") == "CKA"
