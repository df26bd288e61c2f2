"""Which models are the most human-like: at each level, and by how much more than one another."""

from __future__ import annotations

from typing import Literal

import altair as alt

from seealike.report.charts import Data, between, heading, number, text
from seealike.report.marks import INK, PAPER, highest_first, names_axis, significant
from seealike.report.sections import Look

#: Scores of which the lower one is nearer to people (`derived_people.LOWER`).
ERROR = "indexof(['cross_entropy', 'kl_divergence', 'calibration_error'], datum.score) >= 0"
_TOOLTIP = [
    text("model", "model"),
    text("card", " "),
    text("human", "judgements"),
    text("layer", "best layer"),
    text("readout", "read as"),
    number("value", "alignment"),
    text("interval", "95 %"),
    number("n", "judgements"),
    text("reason", "no value because"),
]


def matrix(data: Data, look: Look) -> alt.LayerChart:
    """Models by sets of judgements: the best layer's value, brighter where it is higher in its column.

    Args:
        data: rows of the derived table «people_best».
        look: only its subtitle.

    Example:
        >>> len(matrix(alt.InlineData(values=[]), Look()).layer)
        2
    """
    x = alt.X(
        "panel:N",
        title=None,
        sort=alt.EncodingSortField("place", op="min"),
        axis=names_axis(orient="top", labelAngle=-30, labelLimit=220),
    )
    order = highest_first("standing")
    base = alt.Chart().encode(
        x=x, y=alt.Y("model:N", title=None, sort=order, axis=names_axis()), tooltip=_TOOLTIP
    )
    color = alt.Color("shade:Q", scale=alt.Scale(scheme="viridis", domain=[0, 1]), legend=None)
    ink = alt.condition("datum.shade > 0.6 || !isValid(datum.value)", alt.value(INK), alt.value(PAPER))
    words = "isValid(datum.value) ? format(datum.value, '.3f') : '–'"
    return (
        alt.LayerChart(
            layer=[
                base.transform_filter("isValid(datum.value)")
                .mark_rect(stroke=PAPER, strokeWidth=1)
                .encode(color=color),
                base.transform_calculate(words=words)
                .mark_text(fontSize=11)
                .encode(text="words:N", color=ink),
            ],
            data=data,
            name="alignment_matrix",
            title=heading("Alignment with people, best layers", look.subtitle),
            width=alt.Step(96),
            height=alt.Step(22),
        )
        .transform_joinaggregate(smallest="min(value)", largest="max(value)", groupby=["panel"])
        .transform_calculate(
            part="datum.largest > datum.smallest"
            " ? (datum.value - datum.smallest) / (datum.largest - datum.smallest) : 0.5",
            interval=between("low", "high"),
        )
        .transform_calculate(shade=f"isValid(datum.value) ? ({ERROR} ? 1 - datum.part : datum.part) : null")
        .transform_calculate(
            shown="isValid(datum.value) ? datum.shade - (datum.what == 'baseline' ? 2 : 0) : null"
        )
        .transform_joinaggregate(standing="mean(shown)", groupby=["model"])
    )


_PAIR_TOOLTIP = [
    text("higher", "model"),
    text("higher_layer", "its best layer"),
    text("lower", "and model"),
    text("lower_layer", "its layer"),
    number("size", "difference"),
    text("interval", "95 %"),
    number("p_value", "p"),
    number("q_value", "q"),
    number("n", "judgements"),
]


def differences(data: Data, look: Look) -> alt.LayerChart:
    """By how much the row's model scores higher than the column's on the same judgements; framed where q is small.

    Args:
        data: rows of `ALIGNMENT_DIFFERENCES` of one set of judgements, score and distance.
        look: its inks.

    Example:
        >>> len(differences(alt.InlineData(values=[]), Look()).layer)
        3
    """
    y = alt.Y("higher:N", title="higher score", sort=_by_count("descending"), axis=names_axis())
    below = names_axis(labelAngle=-40, labelLimit=180)
    x = alt.X("lower:N", title="lower score", sort=_by_count("ascending"), axis=below)
    base = alt.Chart().encode(x=x, y=y, tooltip=_PAIR_TOOLTIP)
    color = alt.Color("size:Q", scale=alt.Scale(scheme="blues", domainMin=0), legend=None)
    ink = alt.condition("datum.size > 0.6 * datum.largest", alt.value(PAPER), alt.value(INK))
    sure = base.transform_filter(significant("q_value"))
    few = look.n_models <= 20  # more cells have no room for numbers
    step = 46 if few else 16
    written = base.mark_text(fontSize=10).encode(text=alt.Text("size:Q", format=".3f"), color=ink)
    chart = alt.LayerChart(
        layer=[
            base.mark_rect(stroke=look.paper, strokeWidth=1).encode(color=color),
            sure.mark_rect(filled=False, stroke=look.ink, strokeWidth=2 if few else 1),
            *([written] if few else []),
        ],
        data=data,
        name="alignment_differences",
        title=heading("Differences between models on the same judgements", look.subtitle),
        width=alt.Step(step),
        height=alt.Step(30 if few else 16),
    )
    return (
        chart.transform_filter("isValid(datum.difference)")
        .transform_calculate(size="abs(datum.difference)", first="datum.difference >= 0")
        .transform_calculate(
            higher="datum.first ? datum.model_x : datum.model_y",
            lower="datum.first ? datum.model_y : datum.model_x",
            higher_layer="datum.first ? datum.layer_x : datum.layer_y",
            lower_layer="datum.first ? datum.layer_y : datum.layer_x",
            ends="datum.first ? [datum.low, datum.high] : [-datum.high, -datum.low]",
        )
        .transform_calculate(
            interval="isValid(datum.low) && isValid(datum.high) ? '[' + format(datum.ends[0], '.3~r') + ', '"
            " + format(datum.ends[1], '.3~r') + ']' : '–'"
        )
        .transform_joinaggregate(largest="max(size)")
    )


def _by_count(order: Literal["ascending", "descending"]) -> alt.EncodingSortField:
    # Of each two models one is the higher: the best is it in most rows, the second-best the lower in fewest.
    return alt.EncodingSortField("size", op="count", order=order)
