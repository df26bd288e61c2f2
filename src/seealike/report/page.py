"""The page: tables, specifications, scripts and style in one HTML file that needs no network."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import altair as alt
import vl_convert

from seealike.report import chart_accuracy, chart_consistency, chart_scatter, chart_similarity
from seealike.report.charts import GREY, PAGE_ROWS, PALETTE, RAMP
from seealike.report.domains import data_domain, full_domain
from seealike.report.figures import step_for
from seealike.report.layout import Tables, distinct, grouping_fields, measure_label, model_order, table
from seealike.report.pack import pack
from seealike.report.summary import summary, warnings

_TABLES = ("models", "datasets", "similarities", "consistency", "head_accuracy", "outcomes")
_SCRIPTS = ("tables.js", "rows.js", "figures.js", "page.js")

#: What a section says when its table is missing or empty.
ABSENT = {
    "consistency": "This study has no consistencies: they need similarities on at least two datasets and a set "
    "with at least three pairs of models.",
    "similarities": "This study has no similarities: none was computed, or the stage «compare» has not run yet.",
    "scatter": "This figure needs similarities on at least two datasets.",
    "head_accuracy": "No model of this study was tested with its own head on a dataset of the head’s classes.",
    "outcomes": "This report was made without the list of cells.",
}


def render(title: str, tables: Tables, record: Mapping[str, object]) -> str:
    """The report as the text of one HTML file that opens offline.

    Each table stands in the page once, as JSON (`pack`); the Vega bundle stands in it once. Nothing is fetched:
    the page's own content security policy forbids it. The same input gives the same text.

    Args:
        title: the page's heading.
        tables: "models" and "datasets" with the schemas of `seealike.data.tables` and any further columns; where
            they exist "similarities", "consistency", "head_accuracy" and "outcomes".
        record: what ran: name, seed, started, elapsed_s, versions, cells, elapsed_by_stage …; all may be missing.

    Example:
        >>> import polars as pl
        >>> tables = {"models": pl.DataFrame({"model": ["a"]}), "datasets": pl.DataFrame({"dataset": ["d"]})}
        >>> "1 model, 1 dataset." in render("A study", tables, {})
        True
    """
    alerts = "".join(f"<p>{escape(line)}</p>" for line in warnings(tables, record))
    slots = {
        "title": escape(title),
        "summary": "".join(f"<p>{escape(line)}</p>" for line in summary(tables)),
        "warnings": f'<div class="warning" role="note"><h2>First of all</h2>{alerts}</div>' if alerts else "",
        "byline": escape(_byline(record)),
        "style": _text("page.css"),
        "data": inert(_payload(tables, record)),
        "vega": _bundle(),
        "script": "\n".join(_text(name) for name in _SCRIPTS),
        **{f"absent_{name}": _absence(tables, name) for name in ABSENT},
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


def _payload(tables: Tables, record: Mapping[str, object]) -> dict[str, Any]:
    return {
        "tables": {name: pack(found) for name in _TABLES if (found := table(tables, name)) is not None},
        "measures": _measures(tables),
        "fields": grouping_fields(tables),
        "palette": PALETTE,
        "grey": GREY,
        "ramp": RAMP,
        "specs": {name: chart.to_dict() for name, chart in _charts(tables).items()},
        "record": json.loads(json.dumps(_finite(record), default=str)),
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
    similarities, consistency = table(tables, "similarities"), table(tables, "consistency")
    present = [t["measure"].to_list() for t in (similarities, consistency) if t is not None]
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
        if similarities is not None:
            rows = similarities.filter(measure=measure)
            entry |= {
                "order": model_order(rows, models),
                "full": full_domain(rows["similarity"]),
                "range": data_domain(rows),
            }
        measures.append(entry)
    return measures


def _charts(tables: Tables) -> dict[str, alt.TopLevelMixin]:
    """The charts of `figures` with slots («@…») that the page's script fills for each choice."""
    n_datasets = tables["datasets"].height
    groups, order, domain = (["@groups"], ["@colors"]), ["@order"], ["@domain"]
    same: dict[str, Any] = {"subtitle": "@subtitle", "domain": domain}
    consistency = table(tables, "consistency")
    ends = [0.0, 1.0] if consistency is None else full_domain(consistency["consistency"])
    step = alt.Step(step_for(tables["models"].height))
    similarity = chart_similarity.matrix(PAGE_ROWS, order=order, groups=groups, **same)
    return {
        "consistency": chart_consistency.strip(PAGE_ROWS, subtitle="@subtitle", order=order, domain=ends),
        "consistency_by_datasets": chart_consistency.grid(
            PAGE_ROWS, subtitle="@subtitle", order=order, n_datasets=n_datasets
        ),
        "similarity": similarity.properties(width=step, height=step),
        "similarities": chart_similarity.small_multiples(
            PAGE_ROWS,
            order=order,
            datasets=["@datasets"],
            columns=chart_similarity.columns_for(n_datasets),
            **same,
        ),
        "scatter": chart_scatter.scatter(PAGE_ROWS, axes=("@x", "@y"), groups=groups, **same),
        "head_accuracy": chart_accuracy.dots(PAGE_ROWS, subtitle="@subtitle", order=order),
    }


def _absence(tables: Tables, section: str) -> str:
    """The sentence for a section without data, or nothing."""
    needed = table(tables, "similarities" if section == "scatter" else section)
    missing = needed is None or (section == "scatter" and needed["dataset"].n_unique() < 2)
    return f'<p class="absent">{escape(ABSENT[section])}</p>' if missing else ""


def _byline(record: Mapping[str, object]) -> str:
    parts = [("study", "name"), ("started", "started"), ("seed", "seed"), ("seealike", "seealike")]
    return " · ".join(f"{word} {record[key]}" for word, key in parts if record.get(key) is not None)


@cache
def _bundle() -> str:
    """Vega, Vega-Lite and vega-embed as one script, in a function of its own so that its short names stay inside."""
    return f"(() => {{{vl_convert.javascript_bundle('window.vegaEmbed=vegaEmbed;')}}})();".replace(
        "</script", "<\\/script"
    )


def _text(name: str) -> str:
    return files("seealike.report").joinpath(name).read_text(encoding="utf-8")
