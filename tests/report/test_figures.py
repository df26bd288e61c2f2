"""The figures outside the page: whole specifications that save without a browser."""

from __future__ import annotations

import json

import pytest

from seealike.report import figures
from seealike.report.page import _charts
from seealike.report.rows import by_median, consistency_rows, group_names, mirrored, scatter_rows

ALL = ["consistency", "consistency_by_datasets", "head_accuracy", "scatter", "similarities", "similarity"]


def test_all_figures(tables):
    assert sorted(figures(tables)) == ALL
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


def test_the_page_uses_the_same_marks_and_fields(tables):
    """Page and file may differ in titles, orders, domains and data, not in what is drawn."""

    def drawn(node: object) -> list[object]:
        if isinstance(node, dict):
            own = [node[key] for key in ("mark", "field", "filter", "aggregate") if key in node]
            return own + [x for key in sorted(node) if key != "datasets" for x in drawn(node[key])]
        return [x for each in node for x in drawn(each)] if isinstance(node, list) else []

    pages = _charts(tables)
    for name, chart in figures(tables).items():
        assert drawn(pages[name].to_dict()) == drawn(chart.to_dict())


def test_rows_of_consistency(tables):
    measure, *_ = tables["consistency"]["measure"]
    rows = consistency_rows(tables["consistency"], measure, "pearson", "objective")
    assert len(rows) == 6 * 3
    order = by_median(rows)
    assert order[0] == "self-supervised × self-supervised"
    assert order[-1] == "classification × classification"
    assert all(-1 <= row["jitter"] <= 1 for row in rows)
    square = mirrored([row for row in rows if row["pair"] == order[0]])
    assert len(square) == 6


def test_scatter_leaves_out_diagonal_repeats_and_missing():
    def row(x, y, value):
        groups = {"a": "text", "b": "text", "c": "class"}
        return {"model_x": x, "model_y": y, "similarity": value, "group_x": groups[x], "group_y": groups[y]}

    on_a = [
        row("a", "a", 1.0),
        row("a", "b", 0.1),
        row("b", "a", 0.1),
        row("a", "c", 0.2),
        row("b", "c", None),
    ]
    on_b = [row("a", "b", 0.3), row("a", "c", 0.4), row("b", "c", 0.5)]
    points = scatter_rows(on_a, on_b)
    assert [(p["a"], p["b"], p["sets"]) for p in points] == [
        (0.1, 0.3, "text × text"),
        (0.2, 0.4, "different sets"),
    ]
    assert group_names(points) == ["text × text", "different sets"]
