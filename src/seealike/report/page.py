"""The page: tables, specifications, scripts and style in one HTML file that needs no network."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import vl_convert

from seealike.report.charts import DARK_PALETTE, FAMILIES, GREY, PAGE_ROWS, PALETTE, RAMP
from seealike.report.choices import combinations
from seealike.report.contents import CHAPTERS, SECTIONS
from seealike.report.derived import prepared
from seealike.report.domains import data_domain, full_domain
from seealike.report.kept import kept
from seealike.report.layout import (
    Tables,
    distinct,
    grouping_fields,
    measure_label,
    side_fields,
    table,
)
from seealike.report.order import heat_map_order
from seealike.report.pack import DIGITS, pack
from seealike.report.parts import chapters, tabs
from seealike.report.sections import Section, page_look
from seealike.report.summary import summary, warnings

_SCRIPTS = (
    "tables.js",
    "choices.js",
    "rows.js",
    "derived.js",
    "recompute.js",
    "figures.js",
    "squares.js",
    "page.js",
)


def render(title: str, tables: Tables, record: Mapping[str, object]) -> str:
    """The report as the text of one HTML file that opens offline.

    Each table stands in the page once, in one compressed block (`pack`); the Vega bundle stands in it once. Nothing is
    fetched: the page's own content security policy forbids it. The same input gives the same text.

    Args:
        title: the page's heading.
        tables: "models" and "datasets" with the schemas of `seealike.data.tables` and any further columns; where
            they exist all other tables of the study.
        record: what ran: name, seed, started, elapsed_s, versions, cells, elapsed_by_stage …; all may be missing.

    Example:
        >>> import polars as pl
        >>> tables = {"models": pl.DataFrame({"model": ["a"]}), "datasets": pl.DataFrame({"dataset": ["d"]})}
        >>> "1 model, 1 dataset." in render("A study", tables, {})
        True
    """
    ready = prepared(tables)
    offered = {section.name: combinations(section, ready) for section in SECTIONS}
    there = {name for name, found in offered.items() if not found.is_empty()}
    found, left = kept(ready, SECTIONS)
    described, block = pack({**found, **{f"choices of {name}": offered[name] for name in sorted(there)}})
    alerts = "".join(f"<p>{escape(line)}</p>" for line in warnings(tables, record))
    slots = {
        "title": escape(title),
        "summary": "".join(f"<p>{escape(line)}</p>" for line in summary(tables)),
        "warnings": f'<div class="warning" role="note"><h2>First of all</h2>{alerts}</div>' if alerts else "",
        "byline": escape(_byline(record)),
        "style": _text("page.css"),
        "left_out": f" Not in this page, for their length: {escape(', '.join(left))}." if left else "",
        "tabs": tabs(CHAPTERS, SECTIONS, there),
        "chapters": chapters(CHAPTERS, SECTIONS, there),
        "data": inert(_payload(ready, there, record) | {"tables": described}),
        "numbers": block,
        **{f"digits_of_{kind}": str(digits) for kind, digits in DIGITS.items()},
        "vega": _bundle(),
        "script": "\n".join(_text(name) for name in _SCRIPTS),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: slots[match[1]], _text("page.html"))


def inert(value: object) -> str:
    r"""JSON that cannot end the script element it stands in, whatever its strings hold.

    Example:
        >>> inert("</script>")
        '"\\u003c/script\\u003e"'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _payload(ready: Tables, there: set[str], record: Mapping[str, object]) -> dict[str, Any]:
    return {
        "measures": _measures(ready),
        "fields": grouping_fields(ready),
        "sides": {kind: side_fields(ready, kind) for kind in ("model", "dataset")},
        "palette": PALETTE,
        "dark_palette": DARK_PALETTE,
        "grey": GREY,
        "ramp": RAMP,
        "families": FAMILIES,
        "sections": [_described(section) for section in SECTIONS if section.name in there],
        "specs": specifications(ready, there),
        "record": json.loads(json.dumps(_finite(record), default=str)),
    }


def _described(section: Section) -> dict[str, Any]:
    names = ("name", "table", "title", "choices", "mirror", "sides", "value", "home", "click")
    return {name: getattr(section, name) for name in names}


def specifications(ready: Tables, there: set[str]) -> dict[str, dict[str, Any]]:
    """The charts as JSON, with slots («@…») that the page's script fills for each choice.

    Args:
        ready: what `derived.prepared` makes of the study's tables.
        there: names of the sections that have rows.
    """
    sizes = ready["models"].height, ready["datasets"].height
    return {
        section.name: section.chart(PAGE_ROWS, page_look(section, *sizes)).to_dict()
        for section in SECTIONS
        if section.name in there
    }


def _finite(value: object) -> object:
    """The record with text for keys and for numbers that JSON does not have."""
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return str(value) if isinstance(value, float) and not -1e300 < value < 1e300 else value


def _measures(tables: Tables) -> list[dict[str, Any]]:
    """For each measure its words, the order of the models and the fixed ends of its scales."""
    similarities = table(tables, "similarities")
    first = sorted(tables, key=lambda name: name != "similarities")
    present = [
        tables[name]["measure"].unique(maintain_order=True)
        for name in first
        if "measure" in tables[name].columns
    ]
    models = tables["models"]["model"].to_list()
    measures = []
    for measure in distinct([m for column in present for m in column]):
        entry = {
            "id": measure,
            "label": measure_label(measure),
            "order": models,
            "full": [0, 1],
            "range": [0, 1],
        }
        rows = None if similarities is None else similarities.filter(measure=measure)
        if rows is not None and not rows.is_empty():
            entry |= {
                "order": heat_map_order(tables, measure),
                "full": full_domain(rows["similarity"]),
                "range": data_domain(rows),
            }
        measures.append(entry)
    return measures


def _byline(record: Mapping[str, object]) -> str:
    parts = [("study", "name"), ("started", "started"), ("seed", "seed"), ("seealike", "seealike")]
    return " · ".join(f"{word} {record[key]}" for word, key in parts if record.get(key) is not None)


@cache
def _bundle() -> str:
    """Vega, Vega-Lite and vega-embed, deflated, as base64: a third of their length."""
    script = vl_convert.javascript_bundle("window.vegaEmbed=vegaEmbed;").encode()
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(deflate.compress(script) + deflate.flush()).decode()


def _text(name: str) -> str:
    return files("seealike.report").joinpath(name).read_text(encoding="utf-8")
