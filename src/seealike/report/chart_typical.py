"""Does similarity between models tell their similarity to people? One point a model, and one a pair."""

from __future__ import annotations

import altair as alt

from seealike.report.chart_gap import Words, gaps
from seealike.report.charts import GREY, Data, between, heading, number, text
from seealike.report.marks import by_group
from seealike.report.sections import Look

_NAMED = 24
_TOOLTIP = [
    text("model", "model"),
    text("card", " "),
    number("typical", "mean similarity to the others"),
    number("n_others", "others"),
    number("value", "alignment with people"),
    text("interval", "95 %"),
    text("layer", "best layer"),
]


def typical(data: Data, look: Look) -> alt.LayerChart:
    """One point a model: its mean similarity to all others against its alignment with people, with the interval.

    Args:
        data: rows of the derived table «people_typical».
        look: the groups.

    Example:
        >>> len(typical(alt.InlineData(values=[]), Look()).layer)
        4
    """
    x = alt.X("typical:Q", title="mean similarity to the other models", scale=alt.Scale(zero=False))
    y = alt.Y("value:Q", title="alignment with people", scale=alt.Scale(zero=False))
    base = alt.Chart().encode(x=x, y=y)
    known = alt.Chart().transform_filter("isValid(datum.low) && isValid(datum.high)")
    channels = by_group("group", "models", look)
    names = base.mark_text(align="left", dx=8, fontSize=10, color=GREY).encode(text="model:N")
    return alt.LayerChart(
        layer=[
            base.transform_regression("typical", "value").mark_line(
                color=look.ink, strokeWidth=1.4, strokeDash=[5, 4]
            ),
            known.mark_rule(strokeWidth=1.6, opacity=0.6).encode(
                x=x, y=alt.Y("low:Q"), y2="high:Q", color=channels["color"]
            ),
            base.mark_point(filled=True, size=70, opacity=1).encode(tooltip=_TOOLTIP, **channels),
            *([names] if look.n_models <= _NAMED else []),
        ],
        data=data,
        name="people_typical",
        title=heading("Similarity to other models and to people", look.subtitle),
        width=620,
        height=380,
    ).transform_calculate(interval=between("low", "high"))


def gap(data: Data, look: Look) -> alt.LayerChart:
    """One point a pair of models: its similarity against the difference of their alignment with people.

    Args:
        data: rows of the derived table «people_gap».
        look: subtitle and the ends of the measure's similarities.

    Example:
        >>> len(gap(alt.InlineData(values=[]), Look()).layer)
        3
    """
    words = Words(
        "Similarity and the gap in alignment with people",
        "alignment",
        "the more human-like of the two",
        ".3~r",
    )
    return gaps(data, look, "people_gap", words)
