"""Similarities of models: a heat map of one dataset, small multiples of all."""

from __future__ import annotations

import math

import altair as alt

from seealike.report.chart_sides import length_for, sided, titled
from seealike.report.charts import HIGHLIGHT, PAIR, Data, Slot, heading, number, text, within
from seealike.report.sections import Look

_CELL = [
    *PAIR,
    number("similarity", "similarity"),
    text("interval", "95 % over samples"),
    number("n_samples", "samples"),
]


def matrix(data: Data, look: Look) -> alt.ConcatChart:
    """Models by models on one dataset, with bars of their cards' fields along two sides.

    Args:
        data: rows of the table of similarities of one measure and dataset, both ways.
        look: gives the order, the ends of the colours and the bars.

    Example:
        >>> len(matrix(alt.InlineData(values=[]), Look(models=["a"])).concat)
        4
    """
    scale = alt.Scale(domain=look.models)
    x = alt.X("model_x:N", sort=look.models, scale=scale, title=None, axis=None)
    y = alt.Y("model_y:N", sort=look.models, scale=scale, title=None, axis=None)
    base = alt.Chart().encode(x=x, y=y)
    hover = alt.selection_point(
        name="hover", on="pointerover", clear="pointerout", fields=["model_x", "model_y"], empty=False
    )
    pointed = "hover.model_x && (datum.model_x == hover.model_x[0] || datum.model_y == hover.model_y[0])"
    stroke = alt.condition(pointed, alt.value(HIGHLIGHT), alt.value("transparent"))
    step = step_for(look.n_models)
    cells = (
        _cells(base, look.domain, length_for(step * look.n_models)).encode(stroke=stroke).add_params(hover)
    )
    square = alt.LayerChart(layer=[cells, *_missing(base)])
    both = sided(square, data, look, order=look.models, step=step)
    return titled(both, "similarity", "Similarities of models", look)


def _cells(base: alt.Chart, domain: Slot, length: int) -> alt.Chart:
    color = alt.Color(
        "similarity:Q",
        scale=alt.Scale(scheme="viridis", domain=domain, clamp=True),
        legend=alt.Legend(title="similarity", gradientLength=length),
    )
    known = base.transform_filter("isValid(datum.similarity)").transform_calculate(
        interval=within("similarity", "standard_error")
    )
    return known.mark_rect().encode(color=color, tooltip=_CELL)


def _missing(base: alt.Chart) -> tuple[alt.Chart, alt.Chart]:
    why = [*PAIR, text("reason", "no value because")]
    unknown = base.transform_filter("!isValid(datum.similarity)").encode(tooltip=why)
    return (
        unknown.mark_rect(color="#9aa0a6", opacity=0.3),
        unknown.mark_point(shape="cross", angle=45, color="#5f6368", size=18, filled=True),
    )


def small_multiples(data: Data, look: Look) -> alt.FacetChart:
    """The matrices of all datasets side by side, in one order and on one colour scale.

    Args:
        data: rows of the table of similarities of all datasets for one measure, both ways.
        look: gives the orders and the ends of the colours.

    Example:
        >>> small_multiples(alt.InlineData(values=[]), Look(models=["a"], n_datasets=1)).columns
        2
    """
    axis = alt.Axis(labels=False, ticks=False, domain=False)
    scale = alt.Scale(domain=look.models)
    x = alt.X("model_x:N", sort=look.models, scale=scale, title=None, axis=axis)
    y = alt.Y("model_y:N", sort=look.models, scale=scale, title=None, axis=axis)
    cells = _cells(alt.Chart().encode(x=x, y=y), look.domain, 150).properties(
        width=170, height=170, view=alt.ViewBackground(fill="#d5d8dc", stroke=None)
    )
    header = alt.Header(title=None, labelFontSize=12)
    return cells.facet(
        alt.Facet("dataset:N", sort=look.datasets, header=header),
        columns=columns_for(look.n_datasets),
        data=data,
        name="similarities",
        spacing=18,
        title=heading("Similarities of models on every dataset", look.subtitle),
    )


def columns_for(n_datasets: int) -> int:
    """How many small matrices stand side by side.

    Example:
        >>> columns_for(7), columns_for(23)
        (4, 6)
    """
    return min(6, max(1, math.ceil(math.sqrt(n_datasets * 1.6))))


def step_for(n_models: int) -> int:
    """Pixels a model takes in the large matrix: labels stay readable, 64 models stay on one screen.

    Example:
        >>> step_for(18), step_for(64)
        (28, 11)
    """
    return max(11, min(28, 720 // max(1, n_models)))
