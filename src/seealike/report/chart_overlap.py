"""Similarity against the overlap of what two models were trained on: lines of one design, and the factorial surface."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import PALETTE, Data, heading, number, text
from seealike.report.marks import INK, PAPER
from seealike.report.sections import Look

#: Shares are realized to whole samples, so that runs of one level differ in the third digit: their mean is one point.
LEVEL = "round(100 * datum.{}) / 100"
_PANEL = alt.Facet("dataset:N", header=alt.Header(title=None, labelFontWeight="bold", labelLimit=300))
_TOOLTIP = [
    text("dataset", "evaluated on"),
    number("overlap", "overlap"),
    number("similarity", "similarity"),
    number("seed", "seed"),
    text("model_x", "model"),
    text("model_y", "and model"),
]


def lines(data: Data, look: Look) -> alt.FacetChart:
    """A panel an evaluation set: every run a point, runs of one seed joined thinly, the means of all seeds thickly.

    Args:
        data: rows of the derived table «overlap_lines».
        look: only its inks and subtitle.

    Example:
        >>> lines(alt.InlineData(values=[]), Look()).columns
        3
    """
    title = "overlap of the two models’ training"
    x = alt.X("overlap:Q", title=title, axis=alt.Axis(tickCount=6))
    y = alt.Y("similarity:Q", title="similarity", scale=alt.Scale(zero=False))
    base = alt.Chart().encode(x=x, y=y)
    level = base.encode(x=alt.X("level:Q", title=title))
    mean = level.encode(y=alt.Y("mean(similarity):Q", title="similarity"))
    at_mean = [
        number("level", "overlap"),
        alt.Tooltip("mean(similarity):Q", title="mean of all runs", format=".4~r"),
        alt.Tooltip("distinct(seed):Q", title="seeds"),
    ]
    panel = alt.LayerChart(
        layer=[
            level.mark_line(strokeWidth=0.8, opacity=0.35, color=PALETTE[0]).encode(
                y=alt.Y("mean(similarity):Q"), detail="seed:N"
            ),
            base.mark_circle(size=26, opacity=0.5, color=PALETTE[0]).encode(tooltip=_TOOLTIP),
            mean.mark_line(strokeWidth=2.4, color=look.ink),
            mean.mark_point(filled=True, size=46, opacity=1, color=look.ink).encode(tooltip=at_mean),
        ],
        width=300,
        height=230,
    )
    return (
        panel.facet(
            facet=_PANEL,
            columns=3,
            data=data,
            name="overlap_lines",
            title=heading("Similarity against overlap", look.subtitle),
        )
        .resolve_scale(y="independent")
        .transform_filter("isValid(datum.similarity) && isValid(datum.overlap)")
        .transform_calculate(level=LEVEL.format("overlap"))
    )


def surface(data: Data, look: Look) -> alt.FacetChart:
    """A panel an evaluation set of the factorial design: data overlap across, task overlap up, the mean as colour.

    Args:
        data: rows of the derived table «overlap_surface».
        look: only its subtitle.

    Example:
        >>> surface(alt.InlineData(values=[]), Look()).columns
        3
    """
    shares = {"format": ".2~f", "labelAngle": 0}
    x = alt.X("data_overlap:O", title="share of the data", axis=alt.Axis(**shares))
    y = alt.Y("task_overlap:O", title="share of the task", sort="descending", axis=alt.Axis(**shares))
    tooltip = [
        text("dataset", "evaluated on"),
        number("data_overlap", "share of the data"),
        number("task_overlap", "share of the task"),
        number("mean", "mean similarity"),
        number("deviation", "standard deviation over runs"),
        number("runs", "runs"),
    ]
    base = alt.Chart().encode(x=x, y=y, tooltip=tooltip)
    color = alt.Color("mean:Q", scale=alt.Scale(scheme="viridis", zero=False), legend=None)
    ink = alt.condition("datum.part > 0.6", alt.value(INK), alt.value(PAPER))
    panel = alt.LayerChart(
        layer=[
            base.mark_rect(stroke=PAPER, strokeWidth=1).encode(color=color),
            base.mark_text(fontSize=10).encode(text=alt.Text("mean:Q", format=".2f"), color=ink),
        ],
        width=alt.Step(44),
        height=alt.Step(34),
    )
    return (
        panel.facet(
            facet=_PANEL,
            columns=3,
            data=data,
            name="overlap_surface",
            title=heading("Similarity over shares of data and of task", look.subtitle),
        )
        .transform_filter("isValid(datum.similarity)")
        .transform_calculate(
            data_overlap=LEVEL.format("data_overlap"), task_overlap=LEVEL.format("task_overlap")
        )
        .transform_aggregate(
            mean="mean(similarity)",
            deviation="stdev(similarity)",
            runs="count()",
            groupby=["dataset", "data_overlap", "task_overlap"],
        )
        .transform_joinaggregate(smallest="min(mean)", largest="max(mean)")
        .transform_calculate(part="(datum.mean - datum.smallest) / max(1e-9, datum.largest - datum.smallest)")
    )
