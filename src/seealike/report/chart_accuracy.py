"""Accuracies of the models' own heads beside the published ones."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import GREY, PALETTE, Data, heading, number, text, within
from seealike.report.sections import Look

_KINDS = ["measured", "published"]
_LEGEND = alt.Legend(title=None, orient="top")


def dots(data: Data, look: Look) -> alt.LayerChart:
    """One line a model: measured accuracy with one standard error to each side, and the published one.

    Args:
        data: rows of the table of head accuracies.
        look: gives the subtitle.

    Example:
        >>> len(dots(alt.InlineData(values=[]), Look()).layer)
        3
    """
    axis = alt.Axis(labelLimit=300, grid=True, ticks=False, domain=False)
    y = alt.Y("line:N", title=None, axis=axis)
    span = alt.Scale(zero=False, nice=True, padding=12)
    x = alt.X("top1:Q", title="top-1 accuracy", axis=alt.Axis(format=".3~p", tickCount=8), scale=span)
    tooltip = [
        text("model", "model"),
        text("dataset", "dataset"),
        number("top1", "measured top-1"),
        text("interval", "95 % over samples"),
        number("published_top1", "published top-1"),
        number("n_samples", "samples"),
    ]
    color = alt.Color("source:N", scale=alt.Scale(domain=_KINDS, range=list(PALETTE[:2])), legend=_LEGEND)
    shape = alt.Shape("source:N", scale=alt.Scale(domain=_KINDS, range=["circle", "diamond"]), legend=_LEGEND)
    base = alt.Chart().encode(y=y)
    bars = (
        base.transform_filter("isValid(datum.standard_error)")
        .transform_calculate(
            low="datum.top1 - datum.standard_error", high="datum.top1 + datum.standard_error"
        )
        .mark_rule(color=GREY, strokeWidth=2)
        .encode(x=alt.X("low:Q"), x2="high:Q")
    )
    marks = base.encode(color=color, shape=shape, tooltip=tooltip)
    measured = (
        marks.transform_calculate(source="'measured'").mark_point(filled=True, size=70, opacity=1).encode(x=x)
    )
    published = (
        marks.transform_filter("isValid(datum.published_top1)")
        .transform_calculate(source="'published'")
        .mark_point(size=80, strokeWidth=1.8, opacity=1)
        .encode(x="published_top1:Q")
    )
    named = alt.CalculateTransform("datum.dataset + ' · ' + datum.model", **{"as": "line"})
    spread = alt.CalculateTransform(within("top1", "standard_error"), **{"as": "interval"})
    return alt.LayerChart(
        layer=[bars, published, measured],
        data=data,
        transform=[named, spread],
        name="head_accuracy",
        title=heading("Accuracy of the models' own heads", look.subtitle),
        width=620,
        height=alt.Step(22),
    )
