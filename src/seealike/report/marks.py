"""Pieces that several figures share: intervals, zero lines, hollow and filled marks, colour with shape."""

from __future__ import annotations

from typing import Any

import altair as alt

from seealike.report.charts import GREY, PALETTE, SHAPES, number, text
from seealike.report.sections import Look

#: Lines over points are dark with a light border, so that they are seen on light and on dark.
INK, PAPER = "#202124", "#ffffff"
#: At or below this a p- or q-value is drawn filled.
ALPHA = 0.05

#: Tooltip lines of an interval, of a test and of what it rests on, where a table has them.
BOUNDS = [number("low", "lower end, 95 %"), number("high", "upper end, 95 %")]
TEST = [number("p_value", "p"), number("q_value", "q of all rows")]
SIZES = [number("n_models", "models"), number("n_pairs", "model pairs")]


def names_axis(**more: Any) -> alt.Axis:
    """An axis of names: no ticks, no line, room for long labels.

    Example:
        >>> names_axis(labelLimit=90).labelLimit
        90
    """
    return alt.Axis(**{"labelLimit": 260, "ticks": False, "domain": False, **more})


def by_value(field: str, title: str | None, **legend: Any) -> dict[str, Any]:
    """Channels that tell the values of a column apart by colour and by shape, under one legend.

    Args:
        field: a nominal column.
        title: of the legend.
        **legend: further properties of the legend, such as orient.

    Example:
        >>> sorted(by_value("method", "probe"))
        ['color', 'shape']
    """
    shown = alt.Legend(title=title, **{"symbolOpacity": 1, "symbolSize": 70, **legend})
    return {
        "color": alt.Color(f"{field}:N", scale=alt.Scale(range=list(PALETTE)), legend=shown),
        "shape": alt.Shape(f"{field}:N", scale=alt.Scale(range=list(SHAPES)), legend=shown),
    }


def hollow_by_value(field: str, title: str | None, test: str) -> dict[str, Any]:
    """The channels of `by_value` for marks that are filled where `test` holds and hollow elsewhere.

    Args:
        field: a nominal column.
        title: of the legend.
        test: a Vega expression, such as `significant("q_value")`.

    Example:
        >>> sorted(hollow_by_value("field", "field", "datum.q_value <= 0.05"))
        ['color', 'fill', 'fillOpacity', 'shape']
    """
    legend = alt.Legend(title=title, symbolOpacity=1, symbolSize=70)
    fill = alt.Fill(f"{field}:N", scale=alt.Scale(range=list(PALETTE)), legend=legend)
    return {**by_value(field, title), "fill": fill, "fillOpacity": filled_where(test)}


def same_color(field: str) -> alt.Stroke:
    """Lines in the colours of `by_value`, without a second legend.

    Args:
        field: a nominal column.

    Example:
        >>> same_color("method").to_dict()["legend"] is None
        True
    """
    return alt.Stroke(f"{field}:N", scale=alt.Scale(range=list(PALETTE)), legend=None)


def rows_of(pixels: int) -> alt.Step:
    """A height of so many pixels for every name on the vertical axis, however many lanes its line has.

    Example:
        >>> rows_of(20).to_dict()
        {'step': 20, 'for': 'position'}
    """
    return alt.Step(pixels, **{"for": "position"})


def by_group(field: str, title: str | None, look: Look, **legend: Any) -> dict[str, Any]:
    """The same for the groups of a look, in its order and colours.

    Args:
        field: "group" of models or "sets" of pairs.
        title: of the legend.
        look: where the groups and colours are.
        **legend: further properties of the legend, such as orient.

    Example:
        >>> channels = by_group("group", "models", Look(groups=["text"], colors=["#0072B2"]))
        >>> channels["color"].to_dict()["scale"]
        {'domain': ['text'], 'range': ['#0072B2']}
    """
    shown = alt.Legend(title=title, **{"symbolOpacity": 1, "symbolSize": 70, **legend})
    colors = alt.Scale(domain=look.groups, range=look.colors)
    shapes = alt.Scale(domain=look.groups, range=list(SHAPES))
    return {
        "color": alt.Color(f"{field}:N", scale=colors, legend=shown),
        "shape": alt.Shape(f"{field}:N", scale=shapes, legend=shown),
    }


def line_at(**where: float) -> alt.Chart:
    """A quiet dashed line at one value of an axis.

    Example:
        >>> line_at(x=0).to_dict(validate=False)["encoding"]["x"]["datum"]
        0
    """
    once = alt.Chart(alt.InlineData(values=[{}]))
    channels = {axis: alt.datum(value) for axis, value in where.items()}
    return once.mark_rule(color=GREY, strokeDash=[2, 3]).encode(**channels)


def interval(base: alt.Chart, low: str = "low", high: str = "high", **channels: Any) -> alt.Chart:
    """A horizontal bar between two columns, absent where the row has none.

    Args:
        base: a chart with a vertical position.
        low: the column of one end.
        high: the column of the other.
        **channels: further ones, such as color.

    Example:
        >>> interval(alt.Chart()).to_dict(validate=False)["mark"]["type"]
        'rule'
    """
    known = base.transform_filter(f"isValid(datum.{low}) && isValid(datum.{high})")
    return known.mark_rule(strokeWidth=2, strokeCap="round").encode(x=f"{low}:Q", x2=f"{high}:Q", **channels)


def filled_where(test: str) -> alt.FillOpacityValue:
    """Marks are filled where `test` holds and hollow elsewhere.

    Args:
        test: a Vega expression, such as `significant("q_value")`.

    Example:
        >>> filled_where("datum.q_value <= 0.05").to_dict()["value"]
        0
    """
    return alt.FillOpacityValue(0, condition={"test": test, "value": 1})


def significant(column: str) -> str:
    """A Vega expression: the column is there and at most `ALPHA`.

    Example:
        >>> significant("p_value")
        'isValid(datum.p_value) && datum.p_value <= 0.05'
    """
    return f"isValid(datum.{column}) && datum.{column} <= {ALPHA}"


def no_value(base: alt.Chart, column: str) -> alt.Chart:
    """In the place of a mark that has no value, the reason in words.

    Args:
        base: a chart with a vertical position of names.
        column: the column that is null.

    Example:
        >>> no_value(alt.Chart(), "share").to_dict(validate=False)["mark"]["type"]
        'text'
    """
    why = "'no value: ' + (isValid(datum.reason) ? datum.reason : 'no reason given')"
    return (
        base.transform_filter(f"!isValid(datum.{column})")
        .transform_calculate(why=why)
        .mark_text(align="left", color=GREY, fontSize=11, limit=380)
        .encode(text="why:N", x=alt.value(6), tooltip=text("reason", "no value because"))
    )


def highest_first(column: str) -> alt.EncodingSortField:
    """Names in descending order of a column that has one value for each of them.

    Example:
        >>> highest_first("median").to_dict()["order"]
        'descending'
    """
    return alt.EncodingSortField(column, op="max", order="descending")
