"""What goes with similarity: shares of its variance, and sharing a field with and without the others held."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import PALETTE, Data, heading, number, text, within
from seealike.report.marks import (
    BOUNDS,
    SIZES,
    TEST,
    filled_where,
    interval,
    line_at,
    names_axis,
    no_value,
    significant,
)
from seealike.report.sections import Look

_WHOLE = "!isValid(datum.dataset) || datum.dataset == 'mean over datasets'"
_OFFSET = alt.expr("datum.jitter * 13")


def shares(data: Data, look: Look) -> alt.LayerChart:
    """A line a component: its share of the variance on every dataset, and the whole with its interval.

    Args:
        data: rows of `VARIANCE_COMPONENTS` of one measure, of similarity or of consistency.
        look: only its subtitle.

    Example:
        >>> len(shares(alt.InlineData(values=[]), Look()).layer)
        6
    """
    order = alt.EncodingSortField("place", op="min", order="ascending")
    base = alt.Chart().encode(y=alt.Y("component:N", sort=order, title=None, axis=names_axis(grid=True)))
    x = alt.X(
        "share:Q",
        title="share of the variance",
        axis=alt.Axis(format=".0%", tickCount=8),
        scale=alt.Scale(zero=True),
    )
    tooltip = [
        text("component", "component"),
        text("dataset", "dataset"),
        number("share", "share"),
        *BOUNDS,
        number("variance", "variance"),
        TEST[0],
        *SIZES,
    ]
    return alt.LayerChart(
        layer=[
            line_at(x=0),
            *_marks(base, x, tooltip, "p_value"),
            no_value(base.transform_filter(_WHOLE), "share"),
        ],
        data=data,
        name="variance_components",
        title=heading("Shares of the variance", look.subtitle),
        width=580,
        height=alt.Step(46),
    ).transform_window(place="row_number()")


def _marks(base: alt.Chart, x: alt.X, tooltip: list[alt.Tooltip], tested: str) -> list[alt.Chart]:
    """Every dataset a small mark with a thin bar, the whole a diamond with a thick one; hollow where p is large."""
    channel = x.shorthand.removesuffix(":Q")
    each = base.transform_filter(f"!({_WHOLE})")
    whole = base.transform_filter(_WHOLE)
    known = f"isValid(datum.low) && isValid(datum.high) && isValid(datum.{channel})"
    thin = each.transform_filter(known).mark_rule(
        color=PALETTE[0], opacity=0.35, yOffset=_OFFSET, y2Offset=_OFFSET
    )
    small = each.transform_filter(f"isValid(datum.{channel})").mark_point(
        size=26, color=PALETTE[0], fill=PALETTE[0], yOffset=_OFFSET, opacity=0.9
    )
    large = whole.transform_filter(f"isValid(datum.{channel})").mark_point(
        shape="diamond", size=150, color=PALETTE[1], fill=PALETTE[1], strokeWidth=2, opacity=1
    )
    marked = {"x": x, "fillOpacity": filled_where(significant(tested)), "tooltip": tooltip}
    return [
        thin.encode(x="low:Q", x2="high:Q"),
        small.encode(**marked),
        interval(whole, color=alt.value(PALETTE[1])),
        large.encode(**marked),
    ]


def mantel(data: Data, look: Look) -> alt.LayerChart:
    """For each field a line alone and one for every choice of other fields held.

    Args:
        data: rows of `PARTIAL_MANTEL` of one measure.
        look: only its subtitle.

    Example:
        >>> mantel(alt.InlineData(values=[]), Look()).name
        'partial_mantel'
    """
    order = alt.EncodingSortField("place", op="min", order="ascending")
    words = names_axis(grid=True, labelExpr="split(datum.label, ' | ')", labelLimit=320, labelLineHeight=13)
    base = alt.Chart().encode(y=alt.Y("line:N", sort=order, title=None, axis=words))
    x = alt.X("association:Q", title="r of similarity with sharing the field’s value")
    tooltip = [
        text("field", "field"),
        text("given", "held"),
        text("dataset", "dataset"),
        number("association", "association r"),
        text("interval", "95 % over models"),
        *TEST,
        *SIZES,
    ]
    missing = no_value(base.transform_filter(_WHOLE), "association")
    return (
        alt.LayerChart(
            layer=[line_at(x=0), *_marks(base, x, tooltip, "q_value"), missing],
            data=data,
            name="partial_mantel",
            title=heading("Sharing a field’s value, alone and with others held", look.subtitle),
            width=580,
            height=alt.Step(44),
        )
        .transform_window(place="row_number()")
        .transform_calculate(
            line="datum.field + (isValid(datum.given) && datum.given != '' ? ' | with ' + datum.given + ' held' : '')",
            low="isValid(datum.standard_error) ? datum.association - 1.96 * datum.standard_error : null",
            high="isValid(datum.standard_error) ? datum.association + 1.96 * datum.standard_error : null",
            interval=within("association", "standard_error"),
        )
    )
