"""The page: self-contained, inert, the same every time, and honest about what is missing."""

from __future__ import annotations

import json
import re

import polars as pl
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

from seealike.report import render
from seealike.report.contents import CHAPTERS, SECTIONS
from seealike.report.derived import prepared
from seealike.report.pack import digits_of, pack, unpack

DATA = re.compile(r'<script type="application/json" id="seealike-data">(.*?)</script>', re.DOTALL)
NUMBERS = re.compile(r'<script type="application/octet-stream" id="seealike-numbers">(.*?)</script>')


def payload(page: str) -> dict:
    (found,) = DATA.findall(page)
    return json.loads(found)


def tables_of(page: str) -> dict[str, pl.DataFrame]:
    (numbers,) = NUMBERS.findall(page)
    return unpack(payload(page)["tables"], numbers)


def without_bundle(page: str) -> str:
    return re.sub(
        r'<script type="application/octet-stream" id="vega-bundle">.*?</script>', "", page, flags=re.DOTALL
    )


@pytest.fixture(scope="module")
def page(tables, record):
    return render("Do networks see alike?", tables, record)


def test_nothing_is_fetched(page):
    own = without_bundle(DATA.sub("", page))
    assert not re.findall(r"""(?:src|href|action)\s*=\s*["'](?!#)""", own)
    assert not re.findall(r"https?://|url\(|@import|fetch\(|XMLHttpRequest", own)
    assert "default-src 'none'" in own


def test_the_bundle_is_there_once(page):
    assert page.count('id="vega-bundle"') == 1
    assert len(page) < 600_000


def test_tables_parse_back(page, tables):
    found = {name: table for name, table in tables_of(page).items() if not name.startswith("choices of ")}
    assert set(found) == set(tables)
    for name, expected in prepared(tables).items():
        shown = [
            c for c in expected.get_columns() if (name, c.name[:14]) != ("consistency", "standard_error")
        ]
        for column in shown:
            tolerance = 6 * 0.1 ** digits_of(column.name) if column.dtype.is_float() else 0.0
            assert_series_equal(found[name][column.name], column, rel_tol=tolerance)


def test_every_table_stands_in_the_page_once(page, tables):
    assert page.count("digest-classification-0") == 1
    copies = [rows for spec in payload(page)["specs"].values() for rows in spec.get("datasets", {}).values()]
    assert all(len(rows) <= 1 for rows in copies)


def test_same_input_same_text(page, tables, record):
    assert render("Do networks see alike?", tables, record) == page


def test_summary_and_warning_come_first(page):
    order = [
        page.index(text)
        for text in ("<h1>", "1 cell failed;", "6 models, 3 datasets, 2 measures.", "<figure")
    ]
    assert order == sorted(order)


def test_reasons_are_in_the_page(page):
    assert "the features of classification-1 on faces failed" in page
    assert "3 NaN in sample 17" in page
    assert "the similarities on faces have no spread" in page


@pytest.mark.parametrize("name", ["consistency", "similarities", "head_accuracy"])
@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_figure_without_data_says_so(tables, record, page, name, how):
    some = {key: table for key, table in tables.items() if key != name}
    if how == "empty":
        some[name] = tables[name].clear()
    found = render("t", some, record)
    section = next(section for section in SECTIONS if section.table == name)
    assert section.absent in found
    assert section.absent not in page
    assert f'data-figure="{section.name}"' in page
    assert f'data-figure="{section.name}"' not in found


def test_only_models_and_datasets(tables):
    found = render("t", {name: tables[name] for name in ("models", "datasets")}, {})
    assert all(section.absent in found for section in SECTIONS)
    assert payload(found)["measures"] == []


def test_every_figure_has_a_chapter_and_a_home():
    names = [section.name for section in SECTIONS]
    assert len(names) == len(set(names))
    assert {section.chapter for section in SECTIONS} <= {chapter.name for chapter in CHAPTERS}
    assert {section.home for section in SECTIONS} <= {"", *names}
    for section in SECTIONS:
        assert section.home or section.caption.startswith("<strong>"), section.name
        assert set(section.fixed) <= set(section.choices), section.name


@pytest.mark.parametrize(
    "record",
    [{}, {"cells": None, "versions": 3}, {"unknown": object(), "elapsed_s": float("nan"), 3: {4: [5]}}],
)
def test_any_record_will_do(tables, record):
    assert payload(render("t", tables, record))["record"] is not None


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "a\"'</script><b>x", "{{vega}}", "<!--\u2028&amp;"]
)
def test_hostile_names_are_inert(tables, record, page, name):
    names = {"classification-0": name}
    hostile = {
        **tables,
        "models": tables["models"].with_columns(pl.col("model").replace(names)),
        "similarities": tables["similarities"].with_columns(pl.col("model_x", "model_y").replace(names)),
    }
    found = render(name, hostile, {**record, "name": name})
    opened = len(re.findall("<script", without_bundle(found)))
    assert opened == len(re.findall("<script", without_bundle(page)))
    assert "alert(1)</script>" not in found
    assert "<b>" not in found
    assert name in tables_of(found)["models"]["model"].to_list()
    assert found.count('id="vega-bundle"') == 1


def test_packing_keeps_nulls_types_and_levels():
    table = pl.DataFrame(
        {
            "text": ["a", None, "a", None, "b", None],
            "many": [1, -5, None, 2**31 + 5, 2, 2],
            "few": [1, -(2**31) + 1, None, 7, 2, 2],
            "float": [0.123456789, None, float("nan"), float("inf"), 1.0, -2.5],
            "low": [0.123456789, None, 1e-30, -1e20, 1.0, -2.5],
            "truth": [True, False, None, True, True, True],
        }
    )
    described, block = json.loads(json.dumps(pack({"t": table}), allow_nan=False))
    kinds = [column["kind"] for column in described["t"]["columns"]]
    assert kinds == ["|i1", "<f8", "<i4", "<f4", "<f4", "|u1"]
    expected = table.with_columns(
        float=pl.Series([0.1235, None, None, None, 1.0, -2.5]),
        low=pl.Series([0.123, None, 1e-30, -1e20, 1.0, -2.5]),
    )
    assert_frame_equal(unpack(described, block)["t"], expected)


@pytest.mark.parametrize(("n", "kind"), [(127, "|i1"), (128, "<i2"), (40_000, "<i4")])
def test_packing_of_many_texts(n, kind):
    table = pl.DataFrame({"text": [f"t{i}" for i in range(n)]})
    described, block = pack({"t": table})
    assert described["t"]["columns"][0]["kind"] == kind
    assert_frame_equal(unpack(described, block)["t"], table)


def test_packing_writes_other_types_as_text():
    table = pl.DataFrame({"list": [[1, 2], None]})
    assert unpack(*pack({"t": table}))["t"]["list"].to_list() == ["[1, 2]", None]
