"""The shared look of all figures: colours, titles, data that the page fills in."""

from __future__ import annotations

from typing import Any, TypeAlias

import altair as alt

#: Okabe and Ito (2008), without their yellow (too faint on white) and black (invisible on black), and two more.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6BB1", "#A6761D")
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


def or_dash(field: str) -> str:
    """A Vega expression: the field with three significant digits, or a dash where it is null.

    Example:
        >>> or_dash("top1")
        "isValid(datum.top1) ? format(datum.top1, '.3~r') : '–'"
    """
    return f"isValid(datum.{field}) ? format(datum.{field}, '.3~r') : '–'"


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


#: Tooltip lines that name a pair of models, with their cards.
PAIR = [text("model_x", "model"), text("card_x", " "), text("model_y", "and model"), text("card_y", "  ")]
