"""How human-like each layer is: alignment against depth, a panel for each set of judgements."""

from __future__ import annotations

from typing import Any

import altair as alt

from seealike.report.charts import GREY, Data, between, heading, number, text
from seealike.report.marks import by_group, by_value
from seealike.report.sections import Look

#: Where projections stand: right of the last layer.
_END = 1.1
_MODELS = "(datum.what == 'layer' || datum.what == 'projection')"
_WIDTH = 290
#: So many models, or layers of models, are told apart by their colors; more are drawn by their group.
_FEW = 20
_EACH: list[Any] = ["panel", "model", "what"]
#: A horizontal axis of depths, the projection at its right end; marks have their place in the column x.
DEPTHS = alt.X(
    "x:Q",
    title="depth: first layer to last, then the projection",
    scale=alt.Scale(domain=[-0.03, _END + 0.06], nice=False),
    axis=alt.Axis(
        values=[0, 0.25, 0.5, 0.75, 1, _END],
        labelExpr="datum.value > 1 ? 'projection' : format(datum.value, '.2~f')",
        labelOverlap=False,
        labelAngle=-35,
        grid=False,
    ),
)
_Y = alt.Y("y:Q", title="alignment with people", scale=alt.Scale(zero=False))
#: That place, of a row with `what` it is, `depth`, and the `nth` of so many `layers`.
AT = (
    f"datum.what == 'projection' ? {_END} : isValid(datum.depth) ? datum.depth "
    ": (datum.nth - 1) / max(1, datum.layers - 1)"
)
_TOOLTIP = [
    text("model", "model"),
    text("card", " "),
    text("layer", "layer"),
    text("readout", "read as"),
    text("distance", "distance"),
    number("value", "alignment"),
    text("interval", "95 %"),
    number("depth", "depth"),
    number("n", "judgements"),
]
_CEILING = [
    text("kind", "ceiling"),
    number("value", "value"),
    text("interval", "95 %"),
    number("n", "judgements"),
]


def depth(data: Data, look: Look) -> alt.FacetChart:
    """A panel a set of judgements, by level; a line a model over its layers, bands for intervals, ceilings dashed.

    Args:
        data: rows of the derived table «people_depth».
        look: the groups, for more models than there are colours.

    Example:
        >>> depth(alt.InlineData(values=[]), Look()).columns
        3
    """
    legend = {"orient": "top", "columns": 5}
    few = look.n_models <= _FEW
    channels = by_value("model", None, **legend) if few else by_group("group", None, look, **legend)
    if few:  # the two legends would not become one: colors have more layers than shapes
        channels["shape"] = channels["shape"].copy()
        channels["shape"]["legend"] = None
    across = [*_across("ceiling", [6, 3], -5), *_across("baseline", [1, 3], 9)]
    panel = alt.LayerChart(layer=[*across, *_of_models(channels), *_projections(channels)])
    header = alt.Header(title=None, labelFontWeight="bold", labelLimit=300)
    return (
        panel.properties(width=_WIDTH, height=260)
        .facet(
            facet=alt.Facet("panel:N", sort=alt.EncodingSortField("place", op="min"), header=header),
            columns=3,
            data=data,
            name="alignment_depth",
            title=heading("Alignment with people, layer by layer", look.subtitle),
        )
        .resolve_scale(y="independent")
        .transform_filter("isValid(datum.value)")
        .transform_calculate(of_model=f"{_MODELS} ? 1 : 0")
        .transform_joinaggregate(models="sum(of_model)", groupby=["panel"])
        .transform_filter("datum.models > 0")
        .transform_window(nth="row_number()", groupby=_EACH, sort=[alt.SortField("depth")])
        .transform_joinaggregate(layers="count()", groupby=_EACH)
        .transform_joinaggregate(middle="mean(value)", groupby=["panel"])
        .transform_calculate(
            at=AT, interval=between("low", "high"), ends="isValid(datum.low) && isValid(datum.high)"
        )
        .transform_calculate(
            bottom="datum.ends ? datum.low : datum.value", top="datum.ends ? datum.high : datum.value"
        )
    )


def _only(what: str) -> alt.Chart:
    # Every layer has all rows of its panel: Vega complains of a scale over no rows, and a panel may have no
    # ceiling. Those of other kinds stand in its middle, without length, size or words.
    return alt.Chart().transform_calculate(
        own=f"datum.what == '{what}'",
        y=f"datum.what == '{what}' ? datum.value : datum.middle",
        x=f"datum.what == '{what}' ? datum.at : 0",
    )


def _across(what: str, dash: list[int], dy: int) -> list[alt.Chart]:
    """Lines over the whole panel, named at the left: ceilings above it, baselines below."""
    base = _only(what).encode(y=_Y)
    end = alt.X2Value(alt.ExprRef(f"datum.own ? {_WIDTH} : 0"))
    words = "!datum.own ? '' : datum.what == 'ceiling' ? replace(datum.kind, /_/g, ' ') : datum.model"
    tooltip = _CEILING if what == "ceiling" else _TOOLTIP
    rule = base.mark_rule(color=GREY, strokeDash=dash, strokeWidth=1.3)
    name = base.transform_calculate(words=words).mark_text(align="left", dy=dy, fontSize=9, color=GREY)
    return [
        rule.encode(x=alt.value(0), x2=end, tooltip=tooltip),
        name.encode(x=alt.value(3), text="words:N"),
    ]


def _of_models(channels: dict[str, Any]) -> list[alt.Chart]:
    layers = _only("layer").transform_filter("datum.own").encode(x=DEPTHS, detail="model:N")
    color = channels["color"]
    band = layers.encode(y=alt.Y("bottom:Q"), y2="top:Q", color=color)
    return [
        band.mark_area(opacity=0.13),
        layers.mark_line(strokeWidth=1.8).encode(y=_Y, color=color),
        layers.mark_point(filled=True, size=34, opacity=1).encode(y=_Y, tooltip=_TOOLTIP, **channels),
    ]


def _projections(channels: dict[str, Any]) -> list[alt.Chart]:
    base = _only("projection").transform_filter(_MODELS).encode(x=DEPTHS)
    size = alt.condition("datum.own", alt.value(70), alt.value(0))
    ends = base.transform_calculate(
        y="datum.own ? datum.bottom : datum.middle", y2="datum.own ? datum.top : datum.middle"
    )
    return [
        ends.mark_rule(strokeWidth=2).encode(y=_Y, y2="y2:Q", color=channels["color"]),
        base.mark_point(filled=True, opacity=1).encode(y=_Y, size=size, tooltip=_TOOLTIP, **channels),
    ]
