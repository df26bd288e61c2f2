"""One dataset against another: consistency made visible."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import GREY, PAIR, SHAPES, Data, heading, number, text, within
from seealike.report.sections import Look


def scatter(data: Data, look: Look) -> alt.LayerChart:
    """One point a pair of models: its similarity on one dataset against that on another.

    Args:
        data: rows of the derived table «scatter».
        look: gives the ends of both axes, the two datasets and the groups.

    Example:
        >>> len(scatter(alt.InlineData(values=[]), Look(chosen={"a": "digits", "b": "faces"})).layer)
        2
    """
    scale = alt.Scale(domain=look.domain, clamp=True)
    diagonal = (
        alt.Chart()
        .mark_rule(color=GREY, strokeDash=[4, 4], opacity=0.7)
        .encode(
            x=alt.XValue(0),
            y=alt.YValue(alt.expr("height")),
            x2=alt.X2Value(alt.expr("width")),
            y2=alt.Y2Value(0),
        )
    )
    legend = alt.Legend(title="both models in", orient="top", symbolOpacity=1)
    color = alt.Color("sets:N", scale=alt.Scale(domain=look.groups, range=look.colors), legend=legend)
    shape = alt.Shape("sets:N", scale=alt.Scale(domain=look.groups, range=list(SHAPES)), legend=legend)
    a, b = (f"{look.chosen.get(axis, axis)}" for axis in "ab")
    ends = [
        number("a", f"on {a}"),
        text("over_a", "95 % over samples"),
        number("b", f"on {b}"),
        text("over_b", "95 % over  samples"),
    ]
    points = (
        alt.Chart()
        .transform_calculate(over_a=within("a", "a_error"), over_b=within("b", "b_error"))
        .mark_point(filled=True, size=46, opacity=0.75)
        .encode(
            x=alt.X("a:Q", scale=scale, title=f"similarity on {a}"),
            y=alt.Y("b:Q", scale=scale, title=f"similarity on {b}"),
            color=color,
            shape=shape,
            tooltip=[*PAIR, *ends],
        )
    )
    return alt.LayerChart(
        layer=[diagonal, points],
        data=data,
        name="scatter",
        title=heading("The same model pairs on two datasets", look.subtitle),
        width=480,
        height=480,
    )
