"""The shared look of all figures: colours, titles, data that the page fills in."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import altair as alt

#: Okabe and Ito (2008), without their yellow (too faint on white) and black (invisible on black), and two more.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6BB1", "#A6761D")
#: The same, lighter, on a dark page.
DARK_PALETTE = ("#4aa3e0", "#f07f3c", "#2fc096", "#e39cc5", "#f0b53a", "#86cbf2", "#b497da", "#cf9a4a")
GREY = "#8a8f98"
#: Ten stops of viridis (van der Walt and Smith, CC0), Vega's scheme of that name, for the small matrices.
RAMP = (
    "#440154",
    "#482878",
    "#3e4989",
    "#31688e",
    "#26828e",
    "#1f9e89",
    "#35b779",
    "#6ece58",
    "#b5de2b",
    "#fde725",
)
#: Every group has a shape besides its colour, so that a figure can be read in grey.
SHAPES = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-right",
    "triangle-left",
)
#: One family a field: its values differ in lightness, so that bars of several fields can be told apart, in grey too.
FAMILIES = (
    ("#32105c", "#6a3d9a", "#9d78c3", "#c8b0dc", "#e6d8ef"),
    ("#5a0f12", "#b3341c", "#e8772e", "#f6b667", "#f8dfae"),
    ("#0b3d20", "#23773f", "#5cad5b", "#a3d184", "#d9edbd"),
    ("#0b2a5b", "#1f5fa8", "#3d97c9", "#86c8d6", "#c9e6dc"),
    ("#2e2a26", "#6b5f52", "#a08e78", "#cbbca4", "#e6dccb"),
)
HIGHLIGHT = "#ff3b30"

Data: TypeAlias = alt.InlineData | alt.NamedData
#: A list that stands for itself in a saved figure and for "@name", which the page's script fills in, in the page.
Slot: TypeAlias = list[Any]

#: Rows that the page's script supplies.
PAGE_ROWS = alt.NamedData(name="rows")


def heading(text: str, subtitle: str) -> alt.TitleParams:
    """A figure's title, left, with a quieter second line.

    Example:
        >>> heading("Similarity", "linear unbiased CKA").text
        'Similarity'
    """
    return alt.TitleParams(
        text, subtitle=subtitle, anchor="start", frame="group", offset=14, subtitlePadding=4
    )


def number(field: str, title: str) -> alt.Tooltip:
    """A tooltip line with four significant digits.

    Example:
        >>> number("similarity", "similarity").to_dict()["format"]
        '.4~r'
    """
    return alt.Tooltip(field, type="quantitative", title=title, format=".4~r")


def within(field: str, error: str) -> str:
    """A Vega expression: the 95 % interval of a number with a standard error, or a dash where it has none.

    Example:
        >>> within("top1", "standard_error")[:60]
        "isValid(datum.top1) && isValid(datum.standard_error) ? '[' +"
    """
    half = f"1.96 * datum.{error}"
    ends = " + ', ' + ".join(f"format(datum.{field} {sign} {half}, '.3~r')" for sign in "-+")
    return f"isValid(datum.{field}) && isValid(datum.{error}) ? '[' + {ends} + ']' : '–'"


def between(low: str, high: str) -> str:
    """A Vega expression: an interval from its two ends, or a dash where there is none.

    Example:
        >>> between("low", "high")[:50]
        "isValid(datum.low) && isValid(datum.high) ? '[' + "
    """
    ends = f"format(datum.{low}, '.3~r') + ', ' + format(datum.{high}, '.3~r')"
    return f"isValid(datum.{low}) && isValid(datum.{high}) ? '[' + {ends} + ']' : '–'"


def text(field: str, title: str) -> alt.Tooltip:
    """A tooltip line of text.

    Example:
        >>> text("model_x", "model").to_dict()["title"]
        'model'
    """
    return alt.Tooltip(field, type="nominal", title=title)


def colors(groups: list[str], quiet: str | None = None) -> list[str]:
    """One colour a group, the palette over again where there are more groups; `quiet` is grey.

    Example:
        >>> colors(["text", "different sets"], quiet="different sets")
        ['#0072B2', '#8a8f98']
    """
    return [GREY if g == quiet else PALETTE[i % len(PALETTE)] for i, g in enumerate(groups)]


def shades(fields: list[str]) -> list[str]:
    """A colour for each value of several fields, whose values stand together: a family for each field.

    Args:
        fields: the field of each value.

    Example:
        >>> shades(["objective", "objective", "size"])
        ['#6a3d9a', '#c8b0dc', '#e8772e']
    """
    order = list(dict.fromkeys(fields))
    found = []
    for field in order:
        family, n = FAMILIES[order.index(field) % len(FAMILIES)], fields.count(field)
        found += [_between(family, 4 * (i + 0.5) / n) for i in range(n)]
    return found


def _between(stops: tuple[str, ...], place: float) -> str:
    low, part = int(place), place % 1
    ends = [
        [int(stop[i : i + 2], 16) for i in (1, 3, 5)]
        for stop in (stops[low], stops[min(low + 1, len(stops) - 1)])
    ]
    return "#" + "".join(f"{math.floor(a + (b - a) * part + 0.5):02x}" for a, b in zip(*ends, strict=True))


#: Tooltip lines that name a pair of models, with their cards.
PAIR = [text("model_x", "model"), text("card_x", " "), text("model_y", "and model"), text("card_y", "  ")]
