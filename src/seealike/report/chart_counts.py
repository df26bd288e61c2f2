"""How many models have which values of two card fields: what can be told apart in a study, and what cannot."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import Data, heading, number, text
from seealike.report.marks import INK, PAPER, names_axis
from seealike.report.sections import Look

_TITLE = (
    "datum.field_x + ' × ' + datum.field_y + "
    "(isValid(datum.cramers_v) ? ',  V = ' + format(datum.cramers_v, '.2f') : '')"
)
_TOOLTIP = [
    text("field_x", "field"),
    text("value_x", " "),
    text("field_y", "and field"),
    text("value_y", "  "),
    number("n_models", "models"),
    number("cramers_v", "Cramér’s V of the two fields"),
]


def cross_tabs(data: Data, look: Look) -> alt.FacetChart:
    """A small table for every two fields: the number of models in each cell, darker where there are more.

    Args:
        data: rows of `CATEGORY_COUNTS`.
        look: only its subtitle.

    Example:
        >>> cross_tabs(alt.InlineData(values=[]), Look()).columns
        3
    """
    x = alt.X("value_x:N", title=None, axis=names_axis(labelAngle=-35, labelLimit=110))
    y = alt.Y("value_y:N", title=None, axis=names_axis(labelLimit=120))
    base = alt.Chart().encode(x=x, y=y, tooltip=_TOOLTIP)
    shade = alt.Color("share:Q", scale=alt.Scale(scheme="blues", domain=[0, 1]), legend=None)
    ink = alt.condition("datum.share > 0.55", alt.value(PAPER), alt.value(INK))
    panel = alt.LayerChart(
        layer=[
            base.mark_rect(stroke=PAPER, strokeWidth=1).encode(color=shade),
            base.mark_text(fontSize=11).encode(text="n_models:Q", color=ink),
        ],
        width=190,
        height=120,
    )
    header = alt.Header(title=None, labelAnchor="start", labelFontWeight="bold", labelLimit=320)
    return (
        panel.facet(
            alt.Facet("tables:N", header=header, sort=alt.EncodingSortField("place", op="min")),
            columns=3,
            data=data,
            name="category_counts",
            spacing=26,
            title=heading("Kinds of models in this study", look.subtitle),
        )
        .transform_window(place="row_number()")
        .transform_calculate(tables=_TITLE)
        .transform_joinaggregate(largest="max(n_models)", groupby=["tables"])
        .transform_calculate(share="datum.largest > 0 ? datum.n_models / datum.largest : 0")
        .resolve_scale(x="independent", y="independent")
    )
