"""The figures outside the page: whole specifications that save without a browser."""

from __future__ import annotations

import json

import polars as pl
import pytest

from seealike.data.store import write_table
from seealike.errors import MissingArtifact
from seealike.report import figures, write_figures
from seealike.report.choices import combinations, in_words, settled
from seealike.report.contents import SECTIONS
from seealike.report.derived import folded, prepared
from seealike.report.figures import all_figures
from seealike.report.joined import DERIVED
from seealike.report.page import specifications
from seealike.report.rows import group_names, mirrored, section_rows

ALL = ["consistency", "consistency_by_datasets", "head_accuracy", "scatter", "similarities", "similarity"]
BY_NAME = {section.name: section for section in SECTIONS}


def test_all_figures(tables):
    assert set(ALL) <= set(figures(tables))
    assert figures({name: tables[name] for name in ("models", "datasets")}) == {}


@pytest.mark.parametrize("name", ALL)
def test_each_saves_as_svg(tables, tmp_path, name):
    path = tmp_path / f"{name}.svg"
    figures(tables)[name].save(str(path))
    svg = path.read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert svg.count("<path") > 5
    assert "NaN" not in svg


def test_png_and_pdf(tables, tmp_path):
    chart = figures(tables)["consistency_by_datasets"]
    chart.save(str(tmp_path / "x.png"))
    chart.save(str(tmp_path / "x.pdf"))
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "x.pdf").read_bytes().startswith(b"%PDF")


def test_no_slot_is_left_in_a_saved_figure(tables):
    for chart in figures(tables).values():
        assert '"@' not in json.dumps(chart.to_dict())
        assert "@{" not in json.dumps(chart.to_dict())


def test_the_page_uses_the_same_marks_and_fields(tables):
    """Page and file may differ in titles, orders, domains and data, not in what is drawn."""

    def drawn(node: object) -> list[object]:
        if isinstance(node, dict):
            own = [node[key] for key in ("mark", "field", "filter", "aggregate") if key in node]
            return own + [x for key in sorted(node) if key != "datasets" for x in drawn(node[key])]
        return [x for each in node for x in drawn(each)] if isinstance(node, list) else []

    saved = figures(tables)
    for name, spec in specifications(prepared(tables), set(saved)).items():
        assert drawn(spec) == drawn(saved[name].to_dict())


def test_every_choice_has_its_file(tables):
    names = [name for name, _ in all_figures({**tables, "similarities": tables["similarities"].clear()})]
    measures, correlations, pairs = 2, 2, 6
    assert len(names) == len(set(names)) == measures * correlations * (1 + pairs) + 1
    assert "consistency_rsa-compare=pearson-rdm=correlation_spearman_objective" in names


def test_rows_are_labelled(tables):
    ready = prepared(tables)
    chosen = {"measure": "cka-kernel=linear-unbiased=true", "correlation": "pearson", "field": "objective"}
    rows = section_rows(BY_NAME["consistency"], ready, chosen)
    assert len(rows) == 6 * 3
    assert {row["kind"] for row in rows} == {"within one set", "across two sets"}
    assert all(-1 <= row["jitter"] <= 1 for row in rows)
    square = section_rows(BY_NAME["consistency_by_datasets"], ready, {**chosen, "pair": rows[0]["pair"]})
    assert len(square) == 6


def test_choices_fall_back_to_what_there_is(tables):
    section = BY_NAME["consistency"]
    offered = combinations(section, prepared(tables))
    wanted = {"measure": "rsa-compare=pearson-rdm=correlation", "correlation": "kendall"}
    chosen = settled(section, offered, wanted)
    assert chosen["measure"] == wanted["measure"]
    assert chosen["correlation"] == "pearson"
    assert in_words(chosen) == "correlation-RDM Pearson RSA; pearson; models by objective"


def test_folding_keeps_what_differs_and_mirroring_brings_it_back(tables):
    square = tables["similarities"].filter(measure="cka-kernel=linear-unbiased=true", dataset="digits")
    same = square.with_columns(standard_error=pl.lit(0.1))
    assert folded(same).height == 6 * 7 // 2
    both = mirrored(folded(same).rows(named=True))
    assert sorted(map(str, both)) == sorted(map(str, same.rows(named=True)))
    uneven = pl.col("model_x") == "image-text-0", pl.col("model_y") == "image-text-1"
    changed = same.with_columns(similarity=pl.when(*uneven).then(2.0).otherwise("similarity"))
    assert folded(changed).height == 6 * 7 // 2 + 1


def test_scatter_leaves_out_diagonal_and_missing(tables):
    ready = prepared(tables)
    points = DERIVED["scatter"].rows(
        ready, {"measure": "cka-kernel=linear-unbiased=true", "a": "digits", "b": "faces"}
    )
    assert points.height == 10  # five models of six have features on faces
    assert "classification-1" not in {*points["model_x"], *points["model_y"]}
    assert points.filter(pl.col("model_x") == pl.col("model_y")).is_empty()


def test_the_gap_is_that_of_the_test_split(tables):
    names = ["image-text-0", "image-text-1", "self-supervised-0"]
    scores = dict(zip(names, (0.9, 0.6, None), strict=True))
    rows = [(m, "digits", "ridge", "top1", split, scores[m]) for split in ("train", "test") for m in names]
    columns = ["model", "dataset", "method", "metric", "split", "value"]
    performance = pl.DataFrame(rows, schema=columns, orient="row").with_columns(
        value=pl.when(split="train").then(1.0).otherwise("value")
    )
    ready = prepared({**tables, "performance": performance})
    offered = DERIVED["gap"].combinations(ready)
    assert offered.height == 2
    (pair,) = DERIVED["gap"].rows(ready, offered.row(0, named=True)).unique("better").rows(named=True)
    assert pair["better"] == "image-text-0"
    assert pair["gap"] == pytest.approx(0.3)


def test_the_legend_ends_with_what_is_grey():
    names = ["b × b", "different sets", "a × a"]
    assert group_names([{"sets": name} for name in names]) == ["a × a", "b × b", "different sets"]


def test_figures_become_files(tables, record, tmp_path):
    few = {name: tables[name] for name in ("models", "datasets", "head_accuracy")}
    for name, table in few.items():
        write_table(tmp_path / "tables" / f"{name}.parquet", table)
    with pytest.raises(MissingArtifact, match="First: seealike run"):
        write_figures(tmp_path, tmp_path / "figures")
    (tmp_path / "record").mkdir()
    (tmp_path / "record/last-run.json").write_text(json.dumps(record), encoding="utf-8")
    seen = []
    for kind, magic in (("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<svg")):
        (path,) = write_figures(tmp_path, tmp_path / "figures", kind, lambda *counts: seen.append(counts))
        assert path == tmp_path / f"figures/head_accuracy.{kind}"
        assert path.read_bytes().startswith(magic)
    assert seen == [(1, 1)] * 3
