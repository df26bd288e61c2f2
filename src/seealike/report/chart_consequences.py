"""What similarity leads to: each run's consequence against the similarity of its two models."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import Data, heading, number, text
from seealike.report.marks import by_value
from seealike.report.sections import Look

_TOOLTIP = [
    text("model_x", "from"),
    text("model_y", "to"),
    text("design", "design"),
    number("data_overlap", "share of the data"),
    number("task_overlap", "share of the task"),
    number("seed", "seed"),
    number("similarity", "similarity"),
    number("value", "consequence"),
    number("n", "samples"),
    number("accuracy_x", "accuracy of the first"),
    number("accuracy_y", "accuracy of the second"),
]


def scatter(data: Data, look: Look) -> alt.LayerChart:
    """One point a run: similarity across, the consequence up; the line is a least-squares fit over all designs.

    Args:
        data: rows of the derived table «consequence».
        look: its inks and what is chosen.

    Example:
        >>> len(scatter(alt.InlineData(values=[]), Look()).layer)
        3
    """
    x = alt.X("similarity:Q", title="similarity of the two models", scale=alt.Scale(zero=False))
    title = look.chosen.get("kind", "consequence").replace("_", " ")
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False))
    base = alt.Chart().transform_filter("isValid(datum.value)").encode(x=x, y=y)
    line = base.transform_regression("similarity", "value")
    return alt.LayerChart(
        layer=[
            base.mark_point(filled=True, size=44, opacity=0.75).encode(
                tooltip=_TOOLTIP, **by_value("design", "overlap of")
            ),
            line.mark_line(color=look.paper, strokeWidth=4.5),
            line.mark_line(color=look.ink, strokeWidth=1.8),
        ],
        data=data,
        name="consequence",
        title=heading("Consequences against similarity", look.subtitle),
        width=620,
        height=360,
    )
