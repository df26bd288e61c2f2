"""How well the trained networks do, whatever they share: without it no similarity of theirs means much."""

from __future__ import annotations

import altair as alt

from seealike.report.chart_overlap import LEVEL
from seealike.report.charts import Data, heading, number, text
from seealike.report.marks import by_value, same_color
from seealike.report.sections import Look

_TOOLTIP = [
    text("model", "network"),
    number("value", "value"),
    number("n", "of so many"),
    number("data_overlap", "share of the data"),
    number("task_overlap", "share of the task"),
    number("seed", "seed"),
]


def dots(data: Data, look: Look) -> alt.LayerChart:
    """A point a network: the overlap of its run across, what it reached up; thick lines are means.

    Args:
        data: rows of the derived table «trained_runs».
        look: its subtitle and what is chosen.

    Example:
        >>> len(dots(alt.InlineData(values=[]), Look()).layer)
        2
    """
    across = "overlap of the two networks’ training"
    x = alt.X("overlap:Q", title=across, axis=alt.Axis(tickCount=6))
    title = look.chosen.get("metric", "value")
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False))
    base = alt.Chart().encode(x=x, y=y, tooltip=_TOOLTIP, **by_value("other", "share of the task"))
    level = alt.X("level:Q", title=across)
    mean = alt.Chart().encode(x=level, y=alt.Y("mean(value):Q", title=title), stroke=same_color("other"))
    return alt.LayerChart(
        layer=[
            base.mark_point(filled=True, size=40, opacity=0.6),
            mean.mark_line(strokeWidth=2.2),
        ],
        data=data,
        transform=[
            alt.FilterTransform("isValid(datum.value) && isValid(datum.overlap)"),
            alt.CalculateTransform(calculate=LEVEL.format("overlap"), **{"as": "level"}),
        ],
        name="trained",
        title=heading("What the networks learned", look.subtitle),
        width=620,
        height=300,
    )
