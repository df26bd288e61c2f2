"""Accuracies of the models' own heads beside the published ones."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import GREY, PALETTE, Data, Slot, heading, number, or_dash, text

_KINDS = ["measured", "published"]
_LEGEND = alt.Legend(title=None, orient="top")


def dots(data: Data, *, subtitle: str, order: Slot) -> alt.LayerChart:
    """One line a model: measured accuracy with one standard error to each side, and the published one.

    Args:
        data: rows of the table of head accuracies with `low` and `high`.
        subtitle: a quieter second line.
        order: the labels of the lines from top to bottom.

    Example:
        >>> chart = dots(alt.InlineData(values=[]), subtitle="", order=["net on digits"])
        >>> len(chart.layer)
        3
    """
    y = alt.Y(
        "label:N", sort=order, title=None, axis=alt.Axis(labelLimit=300, grid=True, ticks=False, domain=False)
    )
    axis = alt.Axis(format=".3~p", tickCount=8)
    x = alt.X("top1:Q", title="top-1 accuracy", axis=axis, scale=alt.Scale(zero=False, nice=True, padding=12))
    tooltip = [
        text("model", "model"),
        text("dataset", "dataset"),
        number("top1", "measured top-1"),
        text("error", "standard error"),
        text("published", "published top-1"),
        number("n_samples", "samples"),
    ]
    color = alt.Color("kind:N", scale=alt.Scale(domain=_KINDS, range=list(PALETTE[:2])), legend=_LEGEND)
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=_KINDS, range=["circle", "diamond"]), legend=_LEGEND)
    words = {"error": or_dash("standard_error"), "published": or_dash("published_top1")}
    base = alt.Chart().transform_calculate(**words).encode(y=y)
    bars = base.mark_rule(color=GREY, strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q")
    marks = base.encode(color=color, shape=shape, tooltip=tooltip)
    measured = (
        marks.transform_calculate(kind="'measured'").mark_point(filled=True, size=70, opacity=1).encode(x=x)
    )
    published = (
        marks.transform_filter("isValid(datum.published_top1)")
        .transform_calculate(kind="'published'")
        .mark_point(size=80, strokeWidth=1.8, opacity=1)
        .encode(x="published_top1:Q")
    )
    return alt.LayerChart(
        layer=[
            bars,
            published,
            measured,
        ],
        data=data,
        name="head_accuracy",
        title=heading("Accuracy of the models' own heads", subtitle),
        width=520,
        height=alt.Step(22),
    )
