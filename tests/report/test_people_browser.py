"""The page's script joins the same rows as Python, shows pictures and follows clicks."""

from __future__ import annotations

import csv
import io

import polars as pl
import pytest

from seealike.report import render
from seealike.report.choices import combinations, settled
from seealike.report.contents import SECTIONS
from seealike.report.derived import prepared
from seealike.report.joined import DERIVED
from tests.report.browser import CHROMIUM, Browser
from tests.report.people_tables import full_tables

NAMES = [section.name for section in SECTIONS if section.table in DERIVED]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: the page is not opened in a browser"),
]


@pytest.fixture(scope="module")
def study():
    tables = full_tables(6, 2)
    no_peak = pl.when(pl.int_range(pl.len()) < 2).then(pl.lit("no peak within the data")).otherwise("reason")
    return {**tables, "inverse_u": tables["inverse_u"].with_columns(reason=no_peak)}


@pytest.fixture(scope="module")
def page(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    path = folder / "report.html"
    path.write_text(render("People", study, {}), encoding="utf-8")
    browser = Browser(folder / "profile", (1400, 1200))
    browser.open(path, "#all")
    yield browser
    assert browser.errors == []
    browser.close()


def chart(name: str) -> str:
    return f"""document.querySelector('[data-figure="{name}"] .chart')"""


def test_the_script_joins_the_same_rows(page, study):
    ready = prepared(study)
    for section in (section for section in SECTIONS if section.name in NAMES):
        chosen = settled(section, combinations(section, ready), {})
        expected = DERIVED[section.table].rows(ready, chosen)
        button = f"document.querySelector('[data-save={section.name}-csv]')"
        saved = list(csv.DictReader(io.StringIO(page.saved_text(button))))
        assert len(saved) == expected.height, section.name
        for row, known in zip(saved, expected.rows(named=True), strict=True):
            for name in row.keys() & known.keys():
                assert same(row[name], known[name]), (section.name, name, row, known)


def same(text: str, value: object) -> bool:
    if value is None:
        return text == ""
    if isinstance(value, float):
        return float(text) == pytest.approx(value, rel=6e-3, abs=2e-4)
    return text == str(value)


def test_a_click_on_a_judgement_shows_its_pictures(page):
    name = "judgement"
    page.run("location.hash = 'people'")
    page.wait(f"{chart(name)}.dataset.drawn > 0")
    page.choose("human", "THINGS")
    page.wait(f"{chart(name)}.querySelectorAll('image').length === 3")
    cell = f"""{chart("judged")}.querySelector('path[aria-label*="judgement: trial 9;"]')"""
    page.run(f"{chart('judged')}.scrollIntoView({{block: 'center'}})")
    page.wait(cell)
    x, y = page.run(
        f"(() => {{ const r = {cell}.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
    )
    page.click(x, y)
    page.wait("document.querySelector('[name=trial]').value === 'trial 9'")
    page.wait(f"{chart(name)}.querySelectorAll('image').length === 0")
    assert "no picture here" in page.run(f"{chart(name)}.textContent")


def test_a_value_with_a_remark_is_not_called_missing(page):
    page.run("location.hash = 'similarities'")
    note = "document.querySelector('[data-figure=inverse_u] .note').textContent"
    page.wait(note)
    assert page.run(note) == (
        "1 of 9 have no value (fewer than two datasets). 2 of 9 have a value with a remark (no peak within the data)."
    )
