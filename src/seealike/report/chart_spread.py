"""Mean and standard deviation of each pair's similarity over datasets, and whether they form an inverse U."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import GREY, PAIR, PALETTE, Data, heading, number, text
from seealike.report.marks import (
    BOUNDS,
    SIZES,
    by_group,
    filled_where,
    interval,
    line_at,
    names_axis,
    no_value,
    significant,
)
from seealike.report.rows import DIFFERENT
from seealike.report.sections import Look

#: Into how many equal parts the pairs are cut: ten, where each has eight pairs or more.
_PARTS = "max(3, min(10, floor(datum.pairs / 8)))"
_PANELS = "datum.value == 'none' ? 'similarities as they are' : datum.value + ' of the similarities'"


def spread(data: Data, look: Look) -> alt.LayerChart:
    """One point a pair of models: its mean similarity over datasets against its standard deviation.

    Args:
        data: rows of `SIMILARITY_SPREAD` of one measure and transform, with `sets`.
        look: groups are the sets.

    Example:
        >>> len(spread(alt.InlineData(values=[]), Look()).layer)
        6
    """
    x = alt.X(
        "mean:Q",
        title="mean over datasets",
        axis=alt.Axis(tickCount=10),
        scale=alt.Scale(zero=False, nice=True, padding=8),
    )
    y = alt.Y("standard_deviation:Q", title="standard deviation over datasets", scale=alt.Scale(zero=True))
    base = alt.Chart().transform_filter("isValid(datum.standard_deviation)").encode(x=x, y=y)
    points = base.encode(
        **by_group("sets", "both models in", look),
        tooltip=[
            *PAIR,
            number("mean", "mean over datasets"),
            number("standard_deviation", "standard deviation"),
            number("n_datasets", "datasets"),
        ],
    )
    across = points.transform_filter(f"datum.sets == '{DIFFERENT}'")
    within = points.transform_filter(f"datum.sets != '{DIFFERENT}'")
    parabola = base.transform_regression("mean", "standard_deviation", method="quad")
    middle, line = _middle(base), {"color": look.ink, "strokeWidth": 1.8}
    return alt.LayerChart(
        layer=[
            across.mark_point(filled=True, size=16, opacity=0.4),
            within.mark_point(filled=True, size=34, opacity=0.8),
            parabola.mark_line(**line, strokeDash=[5, 4]),
            middle.mark_line(color=look.paper, strokeWidth=4.5),
            middle.mark_line(**line),
            middle.mark_point(filled=True, size=48, color=look.ink, stroke=look.paper, opacity=1).encode(
                tooltip=_part()
            ),
        ],
        data=data,
        name="similarity_spread",
        title=heading("Mean and spread of similarities over datasets", look.subtitle),
        width=620,
        height=380,
    )


def _middle(base: alt.Chart) -> alt.Chart:
    """The mean of every tenth of the pairs, from the least to the most similar."""
    return (
        base.transform_joinaggregate(pairs="count()")
        .transform_window(place="row_number()", sort=[alt.SortField("mean")])
        .transform_calculate(part=f"floor((datum.place - 1) * {_PARTS} / datum.pairs)")
        .transform_aggregate(
            middle="mean(mean)", deviation="mean(standard_deviation)", pairs="count()", groupby=["part"]
        )
        .transform_calculate(mean="datum.middle", standard_deviation="datum.deviation")
    )


def _part() -> list[alt.Tooltip]:
    return [
        number("mean", "mean of this part of the pairs"),
        number("standard_deviation", "their standard deviation, on average"),
        number("pairs", "model pairs"),
    ]


def inverse_u(data: Data, look: Look) -> alt.FacetChart:
    """The curvature of spread on mean with its interval, a line a measure and a panel a transform.

    Args:
        data: rows of `INVERSE_U`.
        look: only its subtitle.

    Example:
        >>> inverse_u(alt.InlineData(values=[]), Look()).name
        'inverse_u'
    """
    base = alt.Chart().encode(y=alt.Y("measure_label:N", title=None, axis=names_axis(grid=True)))
    tooltip = [
        text("measure_label", "measure"),
        text("transform", "transform"),
        number("curvature", "curvature"),
        *BOUNDS,
        number("p_value", "p of rise and fall"),
        number("peak", "mean at the peak"),
        number("rises_before", "slope before it"),
        number("falls_after", "slope after it"),
        *SIZES,
    ]
    points = (
        base.transform_filter("isValid(datum.curvature)")
        .mark_point(size=85, color=PALETTE[0], fill=PALETTE[0], strokeWidth=1.8, opacity=1)
        .encode(
            x=alt.X("curvature:Q", title="curvature (below 0: an inverse U)", axis=alt.Axis(tickCount=6)),
            fillOpacity=filled_where(f"{significant('p_value')} && datum.curvature < 0"),
            tooltip=tooltip,
        )
    )
    bars = interval(base, color=alt.value(GREY))
    panel = alt.LayerChart(
        layer=[bars, line_at(x=0), points, no_value(base, "curvature")], width=560, height=alt.Step(24)
    )
    header = alt.Header(
        title=None,
        labelAnchor="start",
        labelFontWeight="bold",
        labelExpr=_PANELS,
        labelOrient="top",
        labelAngle=0,
    )
    return panel.facet(
        row=alt.Row("transform:N", sort=["none", "tan", "arccos"], header=header),
        data=data,
        name="inverse_u",
        spacing=14,
        title=heading("Curvature of spread on mean", look.subtitle),
    )
