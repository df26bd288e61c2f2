"""Did aligning help? The base model, the control and the aligned model side by side in every test."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import GREY, PALETTE, Data, between, heading, number, text
from seealike.report.marks import names_axis, rows_of
from seealike.report.sections import Look

_ARMS = ["base", "control", "aligned"]
_COLORS = [GREY, PALETTE[4], PALETTE[0], PALETTE[2], PALETTE[3], PALETTE[6], PALETTE[7]]
_SHAPES = ["circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "triangle-right"]
_WIDTH = 330
_TOOLTIP = [
    text("model", "model"),
    text("arm", "arm"),
    text("task", "test"),
    text("dataset", "on"),
    number("value", "value"),
    text("interval", "95 %"),
    number("seed", "seed"),
    number("n", "n"),
]
_PANEL = (
    "datum.task + (isValid(datum.dataset) && datum.dataset != '' ? ' · ' + datum.dataset : '')"
    " + (indexof(['kl_divergence', 'cross_entropy'], datum.task) >= 0 ? ' (lower is nearer)' : '')"
)


def proof(data: Data, look: Look) -> alt.FacetChart:
    """A panel a test, a line a model with a lane an arm: every seed small, their mean large, ceilings dashed.

    Args:
        data: rows of `PROOF`.
        look: only its subtitle.

    Example:
        >>> proof(alt.InlineData(values=[]), Look()).columns
        2
    """
    header = alt.Header(title=None, labelFontWeight="bold", labelLimit=_WIDTH)
    panel = alt.LayerChart(layer=[*_marks(), *_lines()], width=_WIDTH, height=rows_of(54))
    return (
        panel.facet(
            facet=alt.Facet("panel:N", sort=alt.EncodingSortField("place", op="min"), header=header),
            columns=2,
            data=data,
            name="proof",
            title=heading("Before and after aligning", look.subtitle),
        )
        .resolve_scale(x="independent")
        .transform_window(place="row_number()")
        .transform_calculate(panel=_PANEL, interval=between("low", "high"))
        .transform_filter("isValid(datum.value)")
        .transform_joinaggregate(middle="mean(value)", groupby=["panel"])
        .transform_calculate(
            line="!isValid(datum.model)", one="isValid(datum.seed) ? 1 : 0", all="isValid(datum.seed) ? 0 : 1"
        )
        .transform_joinaggregate(seeds="sum(one)", pooled="sum(all)", groupby=["panel", "model", "arm"])
        .transform_window(nth="row_number()", groupby=["panel", "line"])
        .transform_calculate(
            large="datum.pooled > 0 && isValid(datum.seed) ? null : datum.value",
            alone="datum.all == 1 || datum.seeds == 1",
            ends="isValid(datum.low) && isValid(datum.high)",
        )
        .transform_calculate(
            across="datum.line ? datum.value : datum.middle",
            left="datum.ends ? datum.low : datum.value",
            right="datum.ends ? datum.high : datum.value",
        )
    )


def _lines() -> list[alt.Chart]:
    """Ceilings and chance over the whole panel; the rows of models stand there without length or words."""
    base = alt.Chart().encode(x=alt.X("across:Q"))
    end = alt.Y2Value(alt.ExprRef("datum.line ? 1000 : 0"))
    dash = alt.condition("datum.arm == 'ceiling'", alt.value([1, 0]), alt.value([5, 3]))
    rule = base.mark_rule(color=GREY, clip=True).encode(y=alt.value(0), y2=end, strokeDash=dash)
    name = base.transform_calculate(words="datum.line ? replace(datum.arm, /_/g, ' ') : ''")
    place = alt.value(alt.ExprRef("datum.line ? 6 + 11 * (datum.nth - 1) : 0"))
    return [
        rule.encode(tooltip=[text("arm", "line"), number("value", "value"), text("interval", "95 %")]),
        name.mark_text(align="left", dx=3, fontSize=9, color=GREY).encode(y=place, text="words:N"),
    ]


def _marks() -> list[alt.Chart]:
    """A bar and a small mark a seed, a large one for all seeds: their row where the table has one, else the mean."""
    lane = alt.YOffset("arm:N", sort=_ARMS, scale=alt.Scale(paddingOuter=0.6))
    y = alt.Y("model:N", title=None, axis=names_axis(grid=True))
    base = alt.Chart().transform_filter("!datum.line").encode(y=y, yOffset=lane)
    x = alt.X("value:Q", title=None, scale=alt.Scale(zero=False, padding=12))
    legend = alt.Legend(title=None, orient="top", symbolOpacity=1, symbolSize=80)
    color = alt.Color("arm:N", sort=_ARMS, scale=alt.Scale(range=_COLORS), legend=legend)
    shape = alt.Shape("arm:N", sort=_ARMS, scale=alt.Scale(range=_SHAPES), legend=None)
    width = alt.condition("datum.alone", alt.value(2.4), alt.value(1))
    size = alt.condition("datum.alone", alt.value(0), alt.value(14))
    at = alt.Tooltip("mean(large):Q", title="value, over all seeds", format=".4~r")
    bar = base.mark_rule(color=GREY, opacity=0.8).encode(x=alt.X("left:Q"), x2="right:Q", strokeWidth=width)
    each = base.mark_point(filled=True, opacity=0.9).encode(x=x, color=color, shape=shape, size=size)
    large = base.mark_point(filled=True, size=80, opacity=1)
    return [
        bar.encode(tooltip=_TOOLTIP),
        each.encode(tooltip=_TOOLTIP),
        large.encode(
            x=alt.X("mean(large):Q"),
            color=color,
            shape=shape,
            tooltip=[*_TOOLTIP[:4], at, number("seeds", "seeds")],
        ),
    ]
