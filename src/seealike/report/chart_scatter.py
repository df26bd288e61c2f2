"""One dataset against another: consistency made visible."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import GREY, PAIR, Data, Slot, heading, number


def scatter(
    data: Data, *, subtitle: str, axes: tuple[str, str], domain: Slot, groups: tuple[Slot, Slot]
) -> alt.LayerChart:
    """One point a pair of models: its similarity on one dataset against that on another.

    Args:
        data: rows of `rows.scatter_rows`.
        subtitle: the measure in words.
        axes: titles of the two axes.
        domain: the two ends of both axes.
        groups: names of the pairs' sets and their colours.

    Example:
        >>> chart = scatter(
        ...     alt.InlineData(values=[]), subtitle="", axes=("a", "b"), domain=[0, 1], groups=(["text"], ["#0072B2"])
        ... )
        >>> len(chart.layer)
        2
    """
    scale = alt.Scale(domain=domain, clamp=True)
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
    color = alt.Color(
        "sets:N", title="both models in", sort=groups[0], scale=alt.Scale(domain=groups[0], range=groups[1])
    )
    ends = [number("a", "on the horizontal dataset"), number("b", "on the vertical dataset")]
    points = (
        alt.Chart()
        .mark_circle(size=46, opacity=0.75)
        .encode(
            x=alt.X("a:Q", scale=scale, title=axes[0]),
            y=alt.Y("b:Q", scale=scale, title=axes[1]),
            color=color,
            tooltip=[*PAIR, *ends],
        )
    )
    return alt.LayerChart(
        layer=[
            diagonal,
            points,
        ],
        data=data,
        name="scatter",
        title=heading("The same model pairs on two datasets", subtitle),
        width=430,
        height=430,
    )
