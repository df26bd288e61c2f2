"""The page: self-contained, inert, the same every time, and honest about what is missing."""

from __future__ import annotations

import json
import re
import time

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from seealike.report import render
from seealike.report.pack import pack, unpack
from seealike.report.page import ABSENT

DATA = re.compile(r'<script type="application/json" id="seealike-data">(.*?)</script>', re.DOTALL)


def payload(page: str) -> dict:
    (found,) = DATA.findall(page)
    return json.loads(found)


def without_bundle(page: str) -> str:
    return re.sub(r'<script id="vega-bundle">.*?</script>', "", page, flags=re.DOTALL)


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
    assert page.count("window.vegaEmbed=") == 1
    assert len(page) < 1_500_000


def test_tables_parse_back(page, tables):
    packed = payload(page)["tables"]
    assert set(packed) == set(tables)
    for name, expected in tables.items():
        assert_frame_equal(unpack(packed[name]), expected, rel_tol=1e-5)


def test_every_table_stands_in_the_page_once(page, tables):
    assert page.count("digest-classification-0") == 1
    assert "data-" not in json.dumps([spec.get("datasets", {}) for spec in payload(page)["specs"].values()])


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


@pytest.mark.parametrize("name", ["consistency", "similarities", "head_accuracy", "outcomes"])
@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_section_without_data_says_so(tables, record, page, name, how):
    some = {key: table for key, table in tables.items() if key != name}
    if how == "empty":
        some[name] = tables[name].clear()
    found = render("t", some, record)
    assert ABSENT[name] in found
    assert ABSENT[name] not in page


def test_only_models_and_datasets(tables):
    found = render("t", {name: tables[name] for name in ("models", "datasets")}, {})
    assert all(sentence in found for sentence in ABSENT.values())
    assert payload(found)["measures"] == []


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
    assert name in unpack(payload(found)["tables"]["models"])["model"].to_list()
    assert found.count('id="vega-bundle"') == 1


def test_sixty_four_models_on_twenty_three_datasets(table_maker, record):
    large = table_maker(64, 23, 3)
    render("warm", {name: large[name] for name in ("models", "datasets")}, record)
    start = time.process_time()
    found = render("large", large, record)
    assert time.process_time() - start < 8
    assert len(found.encode()) < 8_000_000


def test_packing_keeps_nulls_types_and_patterns():
    table = pl.DataFrame(
        {
            "text": ["a", None, "a", None, "a", None],
            "runs": [1, 1, 1, 1, 2, 2],
            "float": [0.123456789, None, float("nan"), float("inf"), 1.0, -2.5],
            "truth": [True, False, None, True, True, True],
        }
    )
    packed = json.loads(json.dumps(pack(table), allow_nan=False))
    kinds = [next(iter(column["values"])) for column in packed["columns"]]
    assert kinds == ["cycle", "runs", "list", "list"]
    expected = table.with_columns(float=pl.Series([0.123457, None, None, None, 1.0, -2.5]))
    assert_frame_equal(unpack(packed), expected)


def test_packing_writes_other_types_as_text():
    table = pl.DataFrame({"list": [[1, 2], None]})
    assert unpack(pack(table))["list"].to_list() == ["[1, 2]", None]
