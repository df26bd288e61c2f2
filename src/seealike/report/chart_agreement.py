"""Would another measure have said the same? Two measures a line."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import GREY, Data, heading, number, text
from seealike.report.marks import (
    BOUNDS,
    SIZES,
    by_value,
    highest_first,
    interval,
    line_at,
    names_axis,
    rows_of,
)
from seealike.report.sections import Look

_EACH = "each dataset"
_KIND = (
    f"datum.of == 'similarities' ? '{_EACH}' : datum.of == 'mean similarities' ? 'mean over datasets' : "
    "'consistencies' + (isValid(datum.field) ? ' by ' + datum.field : '')"
)

_TOOLTIP = [
    text("measure_label_x", "measure"),
    text("measure_label_y", "and measure"),
    text("kind", "over"),
    text("dataset", "dataset"),
    number("agreement", "agreement r"),
    *BOUNDS,
    *SIZES,
]


def strip(data: Data, look: Look) -> alt.LayerChart:
    """Two measures a line: their correlation over model pairs on every dataset, on the mean, and of consistencies.

    Args:
        data: rows of `MEASURE_AGREEMENT` of one correlation.
        look: only its subtitle.

    Example:
        >>> len(strip(alt.InlineData(values=[]), Look()).layer)
        5
    """
    words = names_axis(labelExpr="split(datum.label, ' | ')", labelLimit=320, grid=True, labelLineHeight=13)
    y = alt.Y("measures:N", sort=highest_first("order"), title=None, axis=words)
    x = alt.X(
        "agreement:Q",
        title="agreement (r over the same model pairs)",
        axis=alt.Axis(tickCount=8),
        scale=alt.Scale(zero=False),
    )
    lanes = alt.YOffset("shift:Q", scale=alt.Scale(domain=[-1, 1]))
    base = alt.Chart().transform_filter("isValid(datum.agreement)").encode(x=x, y=y, yOffset=lanes)
    marks = base.encode(**by_value("kind", None, orient="top", columns=3), tooltip=_TOOLTIP)
    is_each = f"datum.kind == '{_EACH}'"
    return (
        alt.LayerChart(
            layer=[
                line_at(x=1),
                interval(base.transform_filter(is_each), color=alt.value(GREY)).mark_rule(
                    strokeWidth=1, opacity=0.45
                ),
                interval(base.transform_filter(f"!({is_each})"), color=alt.value(GREY)),
                marks.transform_filter(is_each).mark_point(filled=True, size=24, opacity=0.7),
                marks.transform_filter(f"!({is_each})").mark_point(filled=True, size=80, opacity=1),
            ],
            data=data,
            name="measure_agreement",
            title=heading("Agreement of measures", look.subtitle),
            width=560,
            height=rows_of(62),
        )
        .transform_calculate(kind=_KIND, measures="datum.measure_label_x + ' | and ' + datum.measure_label_y")
        .transform_calculate(
            shift=f"{is_each} ? -0.55 + 0.3 * datum.jitter : datum.kind == 'mean over datasets' ? 0.15 : 0.6"
        )
        .transform_joinaggregate(order="mean(agreement)", groupby=["measures"])
    )
