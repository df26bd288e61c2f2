"""Which pair of model sets is more consistent than which?"""

from __future__ import annotations

import altair as alt

from seealike.report.charts import Data, heading, number, text
from seealike.report.marks import INK, PAPER, highest_first, names_axis, significant
from seealike.report.sections import Look

_TOOLTIP = [
    text("higher", "more consistent"),
    number("higher_median", "its median"),
    text("lower", "less consistent"),
    number("lower_median", "its median"),
    number("size", "difference"),
    number("p_value", "p"),
    number("p_value_familywise", "p, familywise"),
    number("q_value", "q"),
    number("n_models", "models"),
    number("permutations", "permutations"),
]


def differences(data: Data, look: Look) -> alt.LayerChart:
    """By how much the row's pair of model sets is more consistent than the column's; framed where the test says so.

    Args:
        data: rows of `CONSISTENCY_DIFFERENCES` of one measure, correlation and field.
        look: only its subtitle.

    Example:
        >>> len(differences(alt.InlineData(values=[]), Look()).layer)
        3
    """
    y = alt.Y("higher:N", sort=highest_first("higher_median"), title="more consistent", axis=names_axis())
    below = names_axis(labelAngle=-40, labelLimit=200)
    x = alt.X("lower:N", sort=highest_first("lower_median"), title="less consistent", axis=below)
    base = alt.Chart().encode(x=x, y=y, tooltip=_TOOLTIP)
    color = alt.Color("size:Q", scale=alt.Scale(scheme="blues", domainMin=0), legend=None)
    ink = alt.condition("datum.size > 0.6 * datum.largest", alt.value(PAPER), alt.value(INK))
    sure = base.transform_filter(significant("p_value_familywise"))
    chart = alt.LayerChart(
        layer=[
            base.mark_rect(stroke=look.paper, strokeWidth=2).encode(color=color),
            sure.mark_rect(filled=False, stroke=look.ink, strokeWidth=2.4),
            base.mark_text(fontSize=11).encode(text=alt.Text("size:Q", format=".2f"), color=ink),
        ],
        data=data,
        name="consistency_differences",
        title=heading("Differences between pairs of model sets", look.subtitle),
        width=alt.Step(52),
        height=alt.Step(34),
    )
    return _turned(chart)


def _turned(chart: alt.LayerChart) -> alt.LayerChart:
    """Every row so that the difference is positive: `higher`, `lower`, their medians, `size`, the `largest` of all."""
    return (
        chart.transform_filter("isValid(datum.difference)")
        .transform_calculate(
            other="datum.other_x + ' × ' + datum.other_y",
            size="abs(datum.difference)",
            first="datum.difference >= 0",
        )
        .transform_calculate(
            higher="datum.first ? datum.pair : datum.other",
            lower="datum.first ? datum.other : datum.pair",
            higher_median="datum.first ? datum.median : datum.other_median",
            lower_median="datum.first ? datum.other_median : datum.median",
        )
        .transform_joinaggregate(largest="max(size)")
    )
