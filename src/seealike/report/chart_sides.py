"""Side bars: beside a square of models (or datasets), one narrow column for each field of their cards."""

from __future__ import annotations

from typing import Any

import altair as alt

from seealike.report.charts import Data, heading, text
from seealike.report.sections import Look

_BAR = 11


def sided(square: alt.LayerChart, data: Data, look: Look, *, order: list[Any], step: int) -> alt.ConcatChart:
    """The square with bars of the fields in `look.cards` on its left and below it, and the names beyond them.

    Args:
        square: cells with positions ``x`` and ``y`` on `order`, without axes of their own.
        data: the square's rows.
        look: gives the bars and their legend.
        order: names, left to right and top to bottom.
        step: pixels that a name takes.

    Example:
        >>> chart = sided(alt.LayerChart(), alt.InlineData(values=[]), Look(), order=["a"], step=20)
        >>> len(chart.concat)
        4
    """
    bars = alt.Chart(alt.InlineData(values=look.cards)).mark_rect()
    names = {"labelLimit": 190, "labelOverlap": False, "ticks": False, "domain": False, "labelPadding": 4}
    fields = alt.Axis(ticks=False, domain=False, orient="right", labelPadding=4, labelFontSize=9)
    scale = alt.Scale(domain=order)
    legend = alt.Legend(title=None, symbolType="square", symbolOpacity=1, symbolStrokeWidth=0)
    shades = alt.Scale(domain=look.labels, range=look.label_colors)
    hint = [text("name", " "), text("label", "  ")]
    y = alt.Y("name:N", sort=order, scale=scale, title=None, axis=alt.Axis(**names))
    x = alt.X("name:N", sort=order, scale=scale, title=None, axis=alt.Axis(**names, labelAngle=-90))
    across = alt.X("field:N", sort=None, title=None, axis=None)
    down = alt.Y("field:N", sort=None, title=None, axis=fields)
    left = bars.encode(y=y, x=across, color=alt.Color("label:N", scale=shades, legend=None), tooltip=hint)
    left = left.properties(width=alt.Step(_BAR), height=alt.Step(step))
    below = bars.encode(x=x, y=down, color=alt.Color("label:N", scale=shades, legend=legend), tooltip=hint)
    below = below.properties(width=alt.Step(step), height=alt.Step(_BAR))
    sized = square.properties(width=alt.Step(step), height=alt.Step(step))
    empty = alt.Chart(alt.InlineData(values=[{}])).mark_point(opacity=0).properties(width=_BAR, height=_BAR)
    return alt.ConcatChart(
        concat=[left, sized, empty, below], data=data, columns=2, spacing=3, bounds="flush"
    )


def titled(chart: alt.ConcatChart, name: str, title: str, look: Look) -> alt.ConcatChart:
    """The chart with its name and heading, each part with its own colours.

    Example:
        >>> titled(alt.ConcatChart(concat=[]), "similarity", "Similarities", Look()).name
        'similarity'
    """
    return chart.properties(name=name, title=heading(title, look.subtitle)).resolve_scale(color="independent")


def length_for(size: int) -> int:
    """Pixels of a colour legend beside a square of that size: above the bars' own legend.

    Example:
        >>> length_for(60), length_for(700)
        (40, 150)
    """
    return max(40, min(150, size - 45))
