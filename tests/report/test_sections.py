"""Every figure on a made-up study that has all tables: it saves, it says what it lacks, a browser draws it."""

from __future__ import annotations

import re
from html import unescape

import altair as alt
import polars as pl
import pytest
import vl_convert

from seealike.report import render
from seealike.report.choices import combinations, settled
from seealike.report.contents import CHAPTERS, SECTIONS
from seealike.report.contents_causes import CAUSES, PERFORMANCE
from seealike.report.contents_groups import GROUPS
from seealike.report.contents_overlap import OVERLAP
from seealike.report.contents_people import PEOPLE
from seealike.report.contents_spread import CONSISTENCY, MEASURES, SAMPLES, SPREAD
from seealike.report.derived import prepared
from seealike.report.figures import figure
from tests.report.browser import CHROMIUM, Browser
from tests.report.people_tables import full_tables
from tests.report.section_tables import section_tables

ALL = (*CONSISTENCY, *SPREAD, *GROUPS, *MEASURES, *PERFORMANCE, *SAMPLES, *CAUSES, *OVERLAP, *PEOPLE)
NEW = {section.name: section for section in ALL}
#: Tables that a derived one is made of.
MADE_OF = {
    "gap": "performance",
    **dict.fromkeys(("people_depth", "people_best", "people_typical", "people_gap"), "alignment"),
    "judgement": "judged",
    "published_beside": "published_alignment",
    **dict.fromkeys(("overlap_lines", "overlap_surface"), "overlap_runs"),
    "trained_runs": "trained",
    "consequence": "consequences",
}


@pytest.fixture(scope="module")
def study():
    return full_tables(9, 5)


def chart_of(tables: dict[str, pl.DataFrame], name: str) -> alt.TopLevelMixin:
    """One figure, in its first state."""
    ready = prepared(tables)
    return figure(NEW[name], ready, settled(NEW[name], combinations(NEW[name], ready), {}))


@pytest.fixture(scope="module")
def charts(study):
    return {name: chart_of(study, name) for name in NEW}


def svg_of(chart: alt.TopLevelMixin) -> str:
    return vl_convert.vegalite_to_svg(chart.to_dict())


def told(chart: alt.TopLevelMixin) -> list[str]:
    """What each mark says when it is pointed at, or read aloud."""
    return [unescape(words).replace("−", "-") for words in re.findall(r'aria-label="([^"]*)"', svg_of(chart))]


def numbers(said: str) -> dict[str, str]:
    """The lines of one mark's tooltip: title -> text."""
    return dict(re.findall(r"(?:^|; )([^;]+?): ([^;]*)", said))


def says(said: str, title: str, value: float) -> bool:
    """The mark says this number under this title, to four digits."""
    text = numbers(said).get(title, "")
    return re.fullmatch(r"-?[\d.,]+(e-?\d+)?", text) is not None and float(
        text.replace(",", "")
    ) == pytest.approx(value, rel=6e-4, abs=1e-9)


def test_every_figure_has_its_section():
    assert set(NEW) <= {section.name for section in SECTIONS}
    assert len({section.name for section in SECTIONS}) == len(SECTIONS)
    chapters = {chapter.name for chapter in CHAPTERS}
    for section in NEW.values():
        assert section.chapter in chapters
        assert re.match(r"<strong>[^<]+\?</strong> ", section.caption), section.name
        assert section.absent, section.name


@pytest.mark.parametrize("name", NEW)
def test_each_saves_as_svg(charts, tmp_path, name):
    chart = charts[name]
    assert chart.to_dict()["title"]["text"] == NEW[name].title
    chart.save(str(tmp_path / "x.svg"))
    svg = (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert svg.count("<path") > 4
    assert "NaN" not in svg
    assert "undefined" not in svg


@pytest.mark.slow
@pytest.mark.parametrize("name", NEW)
def test_each_saves_as_picture_and_print(charts, tmp_path, name):
    charts[name].save(str(tmp_path / "x.png"))
    charts[name].save(str(tmp_path / "x.pdf"))
    assert (tmp_path / "x.png").stat().st_size > 2000
    assert (tmp_path / "x.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("how", ["missing", "empty"])
def test_without_its_table_a_section_says_what_it_needs(study, how):
    tables = {NEW[name].table for name in NEW} | set(MADE_OF.values())
    kept = {key: frame for key, frame in study.items() if key in ("models", "datasets")}
    some = kept if how == "missing" else {**kept, **{t: study[t].clear() for t in tables if t in study}}
    page = render("t", some, {})
    for name, section in NEW.items():
        assert f'<p class="absent">{section.absent}</p>' in page
        assert f'data-figure="{name}"' not in page


#: Without values these have no rows left to draw.
_OF_VALUES = ("gap", "people_typical", "people_gap", "consequence", "trained_runs")


@pytest.mark.parametrize("name", [name for name in NEW if NEW[name].table not in _OF_VALUES])
def test_rows_without_values_do_not_break_a_figure(study, name):
    """Every number of the table is null, and only a reason is left."""
    of = MADE_OF.get(NEW[name].table, NEW[name].table)
    table = study[of]
    lost = [c for c, t in table.schema.items() if t.is_float() and not c.endswith("_overlap")]
    empty = table.with_columns(
        *(pl.lit(None, pl.Float64).alias(c) for c in lost), reason=pl.lit("it was lost")
    )
    svg = svg_of(chart_of({**study, of: empty}, name))
    assert not re.search(r">[^<]*(NaN|undefined|null)[^<]*<", svg)


@pytest.mark.parametrize("name", ["inverse_u", "consistency_domains", "performance_gap"])
def test_a_line_without_a_value_gives_the_reason_in_its_place(charts, name):
    assert "no value: fewer than" in svg_of(charts[name])


def first(study, name: str) -> pl.DataFrame:
    """The rows of a table that its figure shows first."""
    section, table = NEW[name], study[NEW[name].table]
    for choice in section.choices:
        known = table[choice].fill_null("") if table[choice].dtype == pl.String else table[choice]
        table = table.filter(known == known[0])
    return table


SAYS = {
    "consistency_differences": [("p_value_familywise", "p, familywise"), ("q_value", "q")],
    "consistency_domains": [
        ("median", "median"),
        ("low", "lower end, 95 %"),
        ("high", "upper end, 95 %"),
    ],
    "similarity_spread": [("mean", "mean over datasets"), ("standard_deviation", "standard deviation")],
    "inverse_u": [
        ("curvature", "curvature"),
        ("low", "lower end, 95 %"),
        ("p_value", "p of rise and fall"),
    ],
    "cluster_agreement": [("adjusted_rand", "adjusted Rand index"), ("q_value", "q of all rows")],
    "measure_agreement": [("agreement", "agreement r"), ("low", "lower end, 95 %")],
    "performance_gap": [("association", "correlation with the gap"), ("high", "upper end, 95 %")],
    "performance_gap_domains": [("association", "correlation with the gap")],
    "performance": [("value", "value"), ("standard_error", "standard error")],
    "performance_grid": [("value", "value")],
    "sample_size": [("median_change", "median change"), ("largest_change", "largest change")],
    "sample_agreement": [("agreement", "r with the largest size")],
    "variance_components": [("share", "share"), ("high", "upper end, 95 %")],
    "partial_mantel": [("association", "association r"), ("q_value", "q of all rows")],
    "category_counts": [("n_models", "models"), ("cramers_v", "Cramér’s V of the two fields")],
}


@pytest.mark.parametrize("name", SAYS)
def test_every_mark_says_the_table_s_numbers(study, charts, name):
    words = told(charts[name])
    rows = first(study, name)
    rows = rows.filter(split="test") if name == "performance_grid" else rows
    for row in rows.drop_nulls([column for column, _ in SAYS[name]]).rows(named=True):
        assert any(all(says(w, title, row[c]) for c, title in SAYS[name]) for w in words), row


def test_differences_are_turned_so_that_the_row_is_the_more_consistent(study, charts):
    rows = first(study, "consistency_differences")
    cells = [said for said in told(charts["consistency_differences"]) if "its median" in said]
    for row in rows.rows(named=True):
        pairs = [f"{row['set_x']} × {row['set_y']}", f"{row['other_x']} × {row['other_y']}"]
        more, less = pairs if row["difference"] >= 0 else pairs[::-1]
        mine = [
            c
            for c in cells
            if f"more consistent: {more};" in f"{c};" and f"less consistent: {less};" in f"{c};"
        ]
        assert mine, row
        assert all(says(c, "difference", abs(row["difference"])) for c in mine)


def test_intervals_are_drawn(charts, study):
    """One bar for every row with an interval."""
    rows = first(study, "performance_gap").drop_nulls("low")
    bars = [said for said in told(charts["performance_gap"]) if said.startswith("low: ")]
    assert len(bars) == rows.height
    numbers = sorted(float(re.match(r"low: ([-.\d]+)", bar)[1]) for bar in bars)
    assert numbers == pytest.approx(rows["low"].sort().to_list(), abs=1e-9)


@pytest.mark.parametrize(
    ("name", "column", "at_most"), [("performance_gap", "q_value", 0.05), ("inverse_u", "p_value", 0.05)]
)
def test_marks_are_filled_where_the_test_says_so(study, name, column, at_most):
    """Fill opacity is 1 for small p, 0 for large ones: a figure without colours keeps the difference."""
    counts = {}
    for p in (0.01, 0.9):
        table = (
            study[name].with_columns(pl.lit(p).alias(column), curvature=pl.lit(-0.5))
            if name == "inverse_u"
            else (study[name].with_columns(pl.lit(p).alias(column)))
        )
        svg = svg_of(chart_of({**study, name: table}, name))
        counts[p] = len(re.findall(r'<path aria-label="[^"]*"[^>]*fill-opacity="0"', svg))
    assert counts[0.01] == 0
    assert counts[0.9] > 0


def test_a_map_keeps_distances_and_names_few_models(study, charts):
    marks = [said for said in told(charts["model_map"]) if "misfit of the map" in said]
    place = {
        re.search("model: ([^;]+)", said)[1]: tuple(
            float(re.search(f"{axis}: ([-.\\de]+)", said)[1]) for axis in ("across", "up")
        )
        for said in marks
    }
    rows = {row["model"]: (row["x"], row["y"]) for row in first(study, "model_map").rows(named=True)}
    assert place.keys() == rows.keys()
    (ax, ay), (bx, by), (cx, cy) = (place[m] for m in list(place)[:3])
    (px, py), (qx, qy), (rx, ry) = (rows[m] for m in list(place)[:3])
    drawn = ((ax - bx) ** 2 + (ay - by) ** 2) / ((ax - cx) ** 2 + (ay - cy) ** 2)
    true = ((px - qx) ** 2 + (py - qy) ** 2) / ((px - rx) ** 2 + (py - ry) ** 2)
    assert drawn == pytest.approx(true, rel=1e-6)
    assert max(abs(v) for xy in place.values() for v in xy) <= 1 + 1e-9
    assert ">image-text-00<" in svg_of(charts["model_map"])
    many = section_tables(15, 2)
    assert ">image-text-00<" not in svg_of(chart_of(many, "model_map"))


def test_every_model_stands_in_its_cluster(study, charts):
    rows = first(study, "clusters")
    words = told(charts["clusters"])
    for row in rows.rows(named=True):
        assert any(
            f"cluster: {row['cluster']};" in said and f"model: {row['model']};" in said for said in words
        )


def test_models_of_a_cluster_stand_below_each_other(study, charts):
    """Sorted by their group, one on each line."""
    rows = first(study, "clusters").join(study["models"], on="model").sort("cluster", "objective", "model")
    found = {
        numbers(w)["model"]: int(numbers(w)["place"]) for w in told(charts["clusters"]) if "place: " in w
    }
    for (_,), members in rows.group_by("cluster"):
        assert [found[model] for model in members["model"]] == list(range(1, members.height + 1))


def lines(chart: alt.TopLevelMixin) -> list[str]:
    """The first names on the vertical axis, from top to bottom, and the last."""
    (names,) = [
        re.search(r"Y-axis.* values: (.*)", w)[1] for w in told(chart) if re.match("Y-axis.*discrete", w)
    ]
    return [name.removeprefix("ending with ") for name in names.split(", ")]


@pytest.mark.parametrize(
    ("name", "column", "by", "down"),
    [
        ("performance_gap", "association", "dataset", False),
        ("performance_gap_domains", "association", "domain", False),
        ("performance", "value", "model", True),
        ("performance_grid", "value", "model", True),
    ],
)
def test_lines_stand_by_value(study, charts, name, column, by, down):
    rows = first(study, name).join(study["datasets"], on="dataset").drop_nulls(column)
    rows = rows.filter(split="test") if "split" in rows.columns else rows
    middle = pl.col(column).median() if by == "domain" else pl.col(column).mean()
    wanted = rows.group_by(by).agg(middle).sort(column, descending=down)[by].to_list()
    *start, last = [line for line in lines(charts[name]) if line in wanted]
    assert [*start, last] == [*wanted[: len(start)], wanted[-1]]
    assert len(start) >= min(4, len(wanted) - 1)


def test_the_line_through_the_tenths(study, charts):
    """The parts of the pairs are equal in size, and the line runs through their means."""
    rows = first(study, "similarity_spread").sort("mean")
    parts = max(3, min(10, rows.height // 8))
    wanted = (
        rows.with_row_index("i")
        .with_columns(part=(pl.col("i") * parts // rows.height))
        .group_by("part")
        .agg(pl.col("mean").mean(), pl.len())
    )
    said = [w for w in told(charts["similarity_spread"]) if "mean of this part of the pairs" in w]
    found = sorted(float(re.search(r"mean of this part of the pairs: ([-.\d]+)", w)[1]) for w in said)
    assert found == pytest.approx(wanted["mean"].sort().to_list(), rel=1e-3)


def test_guessing_is_drawn_where_it_is(study, charts):
    (chance,) = [said for said in told(charts["performance"]) if "guessing gives" in said]
    assert "guessing gives: 0.1" in chance
    top5 = study["performance"].with_columns(metric=pl.lit("top5"))
    (chance,) = [
        said for said in told(chart_of({**study, "performance": top5}, "performance")) if "guessing" in said
    ]
    assert "guessing gives: 0.5" in chance


def test_domains_come_from_the_datasets_cards(study, charts):
    words = "".join(told(charts["performance_gap_domains"]))
    assert "domain: specialized" in words
    assert "domain: structured" in words
    without = {**study, "datasets": study["datasets"].drop("domain")}
    assert "domain: all datasets" in "".join(told(chart_of(without, "performance_gap_domains")))


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: the page is not opened in a browser")
def test_a_page_of_all_sections_opens_without_a_word_on_the_console(study, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(render("All figures", study, {}), encoding="utf-8")
    browser = Browser(tmp_path / "profile", (1400, 1200))
    try:
        browser.open(path, "#all")
        for name in NEW:
            box = f"""document.querySelector('[data-figure="{name}"] .chart')"""
            browser.run(f"{box}.scrollIntoView()")
            browser.wait(f"{box}.dataset.drawn > 0")
        assert browser.run("[...document.querySelectorAll('.error')].map((e) => e.textContent)") == []
        assert browser.errors == []
        assert [url for url in browser.requests if not url.startswith("file:")] == []
    finally:
        browser.close()
