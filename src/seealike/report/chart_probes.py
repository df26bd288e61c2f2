"""Accuracies of linear probes: one dataset's models with intervals, and all models on all datasets."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import GREY, Data, heading, number, text
from seealike.report.marks import (
    INK,
    PAPER,
    by_value,
    highest_first,
    interval,
    names_axis,
    rows_of,
    same_color,
)
from seealike.report.sections import Look

#: What guessing gives: top-k is right k times as often.
_CHANCE = "min(1, (datum.metric == 'top5' ? 5 : 1) / datum.n_classes)"
_ENDS = {
    "low": "max(0, datum.value - 1.96 * datum.standard_error)",
    "high": "min(1, datum.value + 1.96 * datum.standard_error)",
}
_TOOLTIP = [
    text("model", "model"),
    text("card", " "),
    text("dataset", "dataset"),
    text("method", "probe"),
    text("split", "split"),
    text("tested_on", "tested on"),
    number("value", "value"),
    number("standard_error", "standard error"),
    number("n_seeds", "seeds"),
    number("n_train", "training samples"),
    number("n_test", "test samples"),
    text("settings", "chosen"),
]


def dots(data: Data, look: Look) -> alt.LayerChart:
    """A line a model: what each probe reaches on test samples, with its interval, and a tick for training samples.

    Args:
        data: rows of `PERFORMANCE` of one dataset and metric.
        look: only its subtitle.

    Example:
        >>> len(dots(alt.InlineData(values=[]), Look()).layer)
        4
    """
    y = alt.Y("model:N", sort=highest_first("order"), title=None, axis=names_axis(grid=True))
    x = alt.X(
        "value:Q",
        title="accuracy",
        axis=alt.Axis(format=".3~p", orient="top"),
        scale=alt.Scale(zero=False, nice=False, padding=10),
    )
    base = alt.Chart().encode(y=y, yOffset=alt.YOffset("method:N", scale=alt.Scale(paddingOuter=0.6)))
    channels = by_value("method", "probe")
    test = base.transform_filter("datum.split == 'test'")
    train = base.transform_filter("datum.split == 'train'")
    chance = (
        alt.Chart()
        .transform_filter("isValid(datum.n_classes) && datum.n_classes > 0")
        .transform_calculate(chance=_CHANCE)
        .transform_aggregate(chance="mean(chance)")
        .mark_rule(color=GREY, strokeDash=[2, 3], strokeWidth=1.5)
        .encode(x="chance:Q", tooltip=number("chance", "guessing gives"))
    )
    return (
        alt.LayerChart(
            layer=[
                chance,
                train.mark_point(shape="stroke", angle=90, size=40, strokeWidth=1.6).encode(
                    x=x, stroke=same_color("method"), tooltip=_TOOLTIP
                ),
                interval(test.transform_calculate(**_ENDS), stroke=same_color("method")),
                test.mark_point(filled=True, size=42, opacity=1).encode(x=x, tooltip=_TOOLTIP, **channels),
            ],
            data=data,
            name="performance",
            title=heading("What linear probes reach", look.subtitle),
            width=620,
            height=rows_of(24),
        )
        .transform_filter("isValid(datum.value)")
        .transform_calculate(tested="datum.split == 'test' ? datum.value : null")
        .transform_joinaggregate(order="mean(tested)", groupby=["model"])
    )


def grid(data: Data, look: Look) -> alt.LayerChart:
    """All models on all datasets, the best on average on top; numbers where there is room.

    Args:
        data: rows of `PERFORMANCE` of one method and metric.
        look: the order of the datasets.

    Example:
        >>> len(grid(alt.InlineData(values=[]), Look()).layer)
        2
    """
    x = alt.X(
        "dataset:N",
        sort=look.datasets,
        title=None,
        axis=names_axis(labelAngle=-45, orient="top", labelLimit=140),
    )
    y = alt.Y("model:N", sort=highest_first("order"), title=None, axis=names_axis())
    base = alt.Chart().encode(x=x, y=y, tooltip=_TOOLTIP)
    color = alt.Color(
        "value:Q",
        scale=alt.Scale(scheme="viridis", domain=[0, 1]),
        legend=alt.Legend(title="accuracy", format=".0%", gradientLength=140),
    )
    ink = alt.condition("datum.value > 0.6", alt.value(INK), alt.value(PAPER))
    return (
        alt.LayerChart(
            layer=[
                base.mark_rect(stroke=PAPER, strokeWidth=0.5).encode(color=color),
                base.mark_text(fontSize=9).encode(text="percent:N", color=ink),
            ],
            data=data,
            name="performance_grid",
            title=heading("Linear probes on every dataset", look.subtitle),
            width=alt.Step(30),
            height=alt.Step(17),
        )
        .transform_filter("datum.split == 'test' && isValid(datum.value)")
        .transform_calculate(percent="format(datum.value * 100, '.0f')")
        .transform_joinaggregate(order="mean(value)", groupby=["model"])
    )
