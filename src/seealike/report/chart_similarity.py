"""Similarities of models: a heat map of one dataset, small multiples of all."""

from __future__ import annotations

import math

import altair as alt

from seealike.report.charts import HIGHLIGHT, PAIR, Data, Slot, heading, number, or_dash, text

_CELL = [*PAIR, number("similarity", "similarity"), text("error", "standard error")]


def matrix(
    data: Data, *, subtitle: str, order: Slot, domain: Slot, groups: tuple[Slot, Slot]
) -> alt.LayerChart:
    """Models by models on one dataset; small squares along the edges are the models' groups.

    Args:
        data: rows of `rows.similarity_rows` for one dataset and measure.
        subtitle: the dataset and the measure in words.
        order: the models, left to right and top to bottom.
        domain: the two ends of the colour scale.
        groups: names of the groups and their colours.

    Example:
        >>> chart = matrix(
        ...     alt.InlineData(values=[]), subtitle="", order=["a"], domain=[0, 1], groups=(["text"], ["#0072B2"])
        ... )
        >>> len(chart.layer)
        5
    """
    axis = alt.Axis(labelLimit=190, labelOverlap=False, ticks=False, domain=False, labelPadding=16)
    x = alt.X("model_x:N", sort=order, scale=alt.Scale(domain=order), title=None, axis=axis)
    y = alt.Y("model_y:N", sort=order, scale=alt.Scale(domain=order), title=None, axis=axis)
    base = alt.Chart().encode(x=x, y=y)
    hover = alt.selection_point(
        name="hover", on="pointerover", clear="pointerout", fields=["model_x", "model_y"], empty=False
    )
    pointed = "hover.model_x && (datum.model_x == hover.model_x[0] || datum.model_y == hover.model_y[0])"
    stroke = alt.condition(pointed, alt.value(HIGHLIGHT), alt.value("transparent"))
    cells = _cells(base, domain).encode(stroke=stroke).add_params(hover)
    return alt.LayerChart(
        layer=[
            cells,
            *_missing(base),
            *_edges(x, y, groups),
        ],
        data=data,
        name="similarity",
        title=heading("Similarities of models", subtitle),
    ).resolve_scale(color="independent")


def _cells(base: alt.Chart, domain: Slot) -> alt.Chart:
    color = alt.Color(
        "similarity:Q",
        scale=alt.Scale(scheme="viridis", domain=domain, clamp=True),
        legend=alt.Legend(title="similarity", gradientLength=150),
    )
    known = base.transform_filter("isValid(datum.similarity)").transform_calculate(
        error=or_dash("standard_error")
    )
    return known.mark_rect().encode(color=color, tooltip=[*_CELL, number("n_samples", "samples")])


def _edges(x: alt.X, y: alt.Y, groups: tuple[Slot, Slot]) -> tuple[alt.Chart, alt.Chart]:
    """A small square in the colour of its group beside each model's name, left and below."""
    scale = alt.Scale(domain=groups[0], range=groups[1])
    hint = [text("model_x", "model"), text("card_x", " ")]
    own = alt.Chart().transform_filter("datum.model_x == datum.model_y").mark_square(size=44, opacity=1)
    left = alt.Color("group_x:N", scale=scale, legend=alt.Legend(title="models"))
    below = alt.Color("group_x:N", scale=scale, legend=None)
    return (
        own.encode(y=y, x=alt.value(-9), color=left, tooltip=hint),
        own.encode(x=x, y=alt.YValue(alt.expr("height + 9")), color=below, tooltip=hint),
    )


def _missing(base: alt.Chart) -> tuple[alt.Chart, alt.Chart]:
    why = [*PAIR, text("reason", "no value because")]
    unknown = base.transform_filter("!isValid(datum.similarity)").encode(tooltip=why)
    return (
        unknown.mark_rect(color="#9aa0a6", opacity=0.3),
        unknown.mark_point(shape="cross", angle=45, color="#5f6368", size=18, filled=True),
    )


def small_multiples(
    data: Data, *, subtitle: str, order: Slot, domain: Slot, datasets: Slot, columns: int
) -> alt.FacetChart:
    """The matrices of all datasets side by side, in one order and on one colour scale.

    Args:
        data: rows of `rows.similarity_rows` of all datasets for one measure.
        subtitle: the measure in words.
        order: the models in every matrix.
        domain: the two ends of the colour scale.
        datasets: the order of the matrices.
        columns: how many stand in one line (`columns_for`).

    Example:
        >>> chart = small_multiples(
        ...     alt.InlineData(values=[]), subtitle="", order=["a"], domain=[0, 1], datasets=["d"], columns=1
        ... )
        >>> chart.columns
        1
    """
    axis = alt.Axis(labels=False, ticks=False, domain=False)
    x = alt.X("model_x:N", sort=order, scale=alt.Scale(domain=order), title=None, axis=axis)
    y = alt.Y("model_y:N", sort=order, scale=alt.Scale(domain=order), title=None, axis=axis)
    cells = _cells(alt.Chart().encode(x=x, y=y), domain).properties(
        width=170, height=170, view=alt.ViewBackground(fill="#d5d8dc", stroke=None)
    )
    header = alt.Header(title=None, labelFontSize=12)
    return cells.facet(
        alt.Facet("dataset:N", sort=datasets, header=header),
        columns=columns,
        data=data,
        name="similarities",
        spacing=18,
        title=heading("Similarities of models on every dataset", subtitle),
    )


def columns_for(n_datasets: int) -> int:
    """How many small matrices stand side by side.

    Example:
        >>> columns_for(7), columns_for(23)
        (4, 6)
    """
    return min(6, max(1, math.ceil(math.sqrt(n_datasets * 1.6))))
