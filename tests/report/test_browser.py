"""The page in a real browser: every figure is drawn, says what the table says, and asks nothing of the network."""

from __future__ import annotations

import csv
import io

import numpy as np
import polars as pl
import pytest

from seealike.report import render
from seealike.report.choices import combinations, settled
from seealike.report.contents import SECTIONS
from seealike.report.derived import prepared
from seealike.report.rows import section_rows
from tests.report.browser import CHROMIUM, Browser

FIGURES = ["consistency", "consistency_by_datasets", "scatter", "similarity", "head_accuracy"]
MEASURE = "cka-kernel=linear-unbiased=true"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: the page is not opened in a browser"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def path(tables, record, tmp_path_factory):
    place = tmp_path_factory.mktemp("page") / "report.html"
    place.write_text(render("In a browser", tables, record), encoding="utf-8")
    return place


@pytest.fixture
def page(browser, path):
    """A function that opens a chapter; at the end nothing may have been complained of or asked for."""
    browser.errors.clear()
    browser.requests.clear()
    browser.resize(1400, 2600)
    browser.dark(False)

    def open_chapter(chapter: str = "") -> Browser:
        browser.send("Page.navigate", url="about:blank")
        browser.open(path, f"#{chapter}")
        return browser

    yield open_chapter
    assert browser.errors == []
    assert [
        url for url in browser.requests if not url.startswith(("file:", "about:", "blob:", "data:"))
    ] == []


def chart(name: str) -> str:
    return f"""document.querySelector('[data-figure="{name}"] .chart')"""


def drawn(name: str) -> str:
    return f"Number({chart(name)}.dataset.drawn)"


def center(browser: Browser, element: str) -> tuple[float, float]:
    x, y = browser.run(
        f"(() => {{ const r = {element}.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
    )
    return x, y


def marked(name: str, *words: str) -> str:
    tests = "".join(f'[aria-label*="{word}"]' for word in words)
    return f"{chart(name)}.querySelector('path{tests}')"


def test_every_figure_is_drawn(browser, tables, record, tmp_path):
    models = tables["models"].with_columns(
        objective=tables["models"]["objective"].replace("image-text", "<img src=x>")
    )
    path = tmp_path / "report.html"
    path.write_text(render("In a browser", {**tables, "models": models}, record), encoding="utf-8")
    browser.open(path, "#all")
    for name in FIGURES:
        browser.wait(f"{drawn(name)} > 0")
    assert browser.run("document.querySelectorAll('.error, img').length") == 0
    assert "3 NaN in sample 17" in browser.run("document.getElementById('record').textContent")


def test_the_page_draws_the_rows_that_a_file_has(page, tables):
    browser = page("all")
    ready = prepared(tables)
    for name in FIGURES:
        section = next(section for section in SECTIONS if section.name == name)
        rows = section_rows(section, ready, settled(section, combinations(section, ready), {}))
        assert browser.run(drawn(name)) == len(rows), name


def test_one_chapter_at_a_time(page):
    browser = page()
    shown = "[...document.querySelectorAll('section.chapter')].filter((s) => s.offsetParent).map((s) => s.id).join()"
    assert browser.run(shown) == "consistency"
    browser.run("document.querySelector('nav a[href=\"#similarities\"]').click()")
    browser.wait(f"{drawn('similarity')} > 0")
    assert browser.run(shown) == "similarities"
    assert browser.run("document.querySelector('nav [aria-current]').textContent") == "Similarities"
    browser.resize(1400, 500)
    browser.run("window.scrollTo(0, 1e6)")
    browser.run("document.querySelector('nav a[href=\"#record\"]').click()")
    bar = "document.getElementById('bar').getBoundingClientRect().bottom"
    browser.wait(f"{bar} <= document.getElementById('record-title').getBoundingClientRect().top")


def test_hover_shows_the_value_and_its_interval(page, tables):
    browser = page("similarities")
    row = tables["similarities"].row(1, named=True)
    cell = marked("similarity", f"model_x: {row['model_x']}", f"model_y: {row['model_y']}")
    browser.move(*center(browser, cell))
    browser.wait("document.getElementById('vg-tooltip-element')?.classList.contains('visible')")
    said = browser.run("document.getElementById('vg-tooltip-element').innerText")
    assert row["model_x"] in said
    assert "objective: " in said
    assert f"{row['similarity']:.4g}" in said
    ends = [row["similarity"] + sign * 1.96 * row["standard_error"] for sign in (-1, 1)]
    low, high = said.split("[")[1].split("]")[0].split(", ")
    assert [float(low), float(high)] == pytest.approx(ends, abs=6e-4)


def test_clicks_lead_from_sets_to_datasets_to_models(page, tables):
    browser = page("consistency")
    browser.click(
        *center(browser, marked("consistency", "pair: self-supervised × self-supervised", "kind: within"))
    )
    browser.wait("document.querySelector('[name=pair]').value === 'self-supervised × self-supervised'")
    cell = marked("consistency_by_datasets", "dataset_x: textures", "dataset_y: digits")
    browser.wait(cell)
    browser.click(*center(browser, cell))
    browser.wait("document.querySelector('[name=a]').value === 'textures'")
    assert browser.run("document.querySelector('[name=b]').value") == "digits"
    browser.wait(f"{chart('scatter')}.textContent.includes('similarity on textures')")
    models = tables["models"].height
    assert browser.run(drawn("scatter")) == models * (models - 1) / 2


def test_every_figure_follows_the_filter(page, tables):
    browser = page("consistency")
    left_out = "[data-field=objective][data-value=image-text]"
    browser.run(f"document.querySelector('{left_out}').click()")
    browser.wait(f"{drawn('scatter')} === 3")  # of four models, one is without features on faces
    assert browser.run("document.querySelector('.filter summary').textContent") == "4 of 6 models"
    note = browser.run("document.querySelector('[data-figure=consistency] .note').textContent")
    assert "Computed here for the models that are left" in note
    browser.run("document.querySelector('nav a[href=\"#similarities\"]').click()")
    browser.wait(f"{drawn('similarity')} === 16")
    assert "image-text" not in browser.run(f"{chart('similarity')}.textContent")
    browser.run("document.querySelector('.filter button').click()")
    browser.wait(f"{drawn('similarity')} === 36")


@pytest.mark.parametrize("correlation", ["pearson", "spearman"])
def test_consistency_is_computed_for_the_models_that_are_left(
    browser, table_maker, record, tmp_path, correlation
):
    tables = table_maker(18, 3)
    path = tmp_path / "report.html"
    path.write_text(render("Left", tables, record), encoding="utf-8")
    browser.open(path)
    browser.run("document.querySelector('[data-field=objective][data-value=classification]').click()")
    browser.choose("correlation", correlation)
    saved = csv_of(browser, "consistency")
    assert {row["set_x"] for row in saved} == {"image-text", "self-supervised"}
    for row in saved:
        sets = [row["set_x"], row["set_y"]]
        x, y = (side(tables["similarities"], row[f"dataset_{of}"], sets) for of in "xy")
        if correlation == "spearman":
            x, y = (np.argsort(np.argsort(v)) for v in (x, y))
        assert float(row["consistency"]) == pytest.approx(np.corrcoef(x, y)[0, 1], abs=2e-4)
        assert int(row["n_pairs"]) == len(x)
        assert correlation == "spearman" or float(row["spread_x"]) == pytest.approx(x.std(ddof=1), rel=6e-3)
        assert row["low"] == row["p_value"] == ""


def side(similarities: pl.DataFrame, dataset: str, sets: list[str]) -> np.ndarray:
    """Similarities of unordered pairs with one member in each set, in the order of their names."""
    rows = similarities.filter(pl.col("model_x") < pl.col("model_y"), dataset=dataset, measure=MEASURE)
    both = [sorted(sets)] * rows.height
    own = [
        sorted(m.rpartition("-")[0] for m in pair) for pair in rows.select("model_x", "model_y").iter_rows()
    ]
    return (
        rows.filter(pl.Series([a == b for a, b in zip(own, both, strict=True)]))
        .sort("model_x", "model_y")["similarity"]
        .to_numpy()
    )


def csv_of(browser: Browser, name: str) -> list[dict[str, str]]:
    text = browser.saved_text(f"document.querySelector('[data-save={name}-csv]')")
    return list(csv.DictReader(io.StringIO(text)))


def test_figures_save_their_rows_with_intervals(page, tables):
    browser = page("consistency")
    saved = csv_of(browser, "consistency")
    expected = tables["consistency"].filter(measure=MEASURE, correlation="pearson")
    assert len(saved) == expected.height
    unshown = {"standard_error", "standard_error_samples"}  # the page leaves them to the Parquet table
    assert list(saved[0]) == [name for name in expected.columns if name not in unshown]
    for row, known in zip(saved, expected.iter_rows(named=True), strict=True):
        for name in ("consistency", "low", "high", "p_value"):
            assert (row[name] == "") == (known[name] is None)
            assert row[name] == "" or float(row[name]) == pytest.approx(known[name], rel=6e-3)


def test_the_keyboard_reaches_everything(page):
    browser = page()
    focused, reached = "document.activeElement", []
    for _ in range(40):
        browser.key("Tab", 9)
        reached.append(
            browser.run(
                f"(({{tagName, name, className}}) => [tagName, name, className].join(' '))({focused})"
            )
        )
    words = " ".join(reached)
    assert reached[0] == "A  skip"
    for wanted in (
        "SELECT measure",
        "SELECT correlation",
        "SUMMARY",
        "SELECT pair",
        "SELECT a",
        "DIV  chart",
        "BUTTON",
    ):
        assert wanted in words
    browser.run("document.querySelector('[name=measure]').focus()")
    browser.key("ArrowDown", 40)
    browser.wait("document.querySelector('[name=measure]').selectedIndex === 1")
    browser.run("document.querySelector('.filter').open = true")
    browser.key("Escape", 27)
    browser.wait("!document.querySelector('.filter').open")


@pytest.mark.parametrize("chapter", ["consistency", "similarities", "models", "record", "words"])
def test_nothing_overflows_a_narrow_window(page, chapter):
    page(chapter).resize(380, 800)
    browser = page(chapter)
    browser.resize(380, 800)
    browser.run("window.dispatchEvent(new Event('resize'))")
    assert browser.run("document.documentElement.scrollWidth") <= 380


def test_dark_figures_have_light_words(page):
    browser = page("consistency")
    browser.dark(True)
    browser.wait(f"{chart('scatter')}.querySelector('text[fill=\"#e6e9ed\"]')")
    assert browser.run(f"{chart('scatter')}.querySelectorAll('path[fill=\"#0072B2\"]').length") == 0
    assert browser.run(f"{chart('scatter')}.querySelectorAll('path[fill=\"#4aa3e0\"]').length") > 0
    background = browser.run("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(20, 23, 27)"


def test_a_choice_that_a_figure_does_not_have_is_said(browser, tables, record, tmp_path):
    some = tables["consistency"].filter(measure=MEASURE)
    path = tmp_path / "report.html"
    path.write_text(render("Some", {**tables, "consistency": some}, record), encoding="utf-8")
    browser.open(path)
    browser.choose("measure", "rsa-compare=pearson-rdm=correlation")
    note = "document.querySelector('[data-figure=consistency] .note').textContent"
    browser.wait(
        f"{note}.includes('There is nothing here for correlation-RDM Pearson RSA; shown: linear unbiased CKA.')"
    )


def test_the_paper_s_size_opens(browser, table_maker, record, tmp_path):
    """64 models on 23 datasets under 7 measures, with standard errors and consistencies, in less than 5 MB."""
    page = render("Large", table_maker(64, 23, 7), record)
    assert len(page.encode()) < 5_000_000
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    browser.errors.clear()
    browser.open(path, "#similarities")
    browser.wait(f"{drawn('similarity')} === 64 * 64")
    assert browser.errors == []
