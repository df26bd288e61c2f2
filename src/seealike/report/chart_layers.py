"""All layers of each model tested together: which may be the most human-like, and which are no better than chance."""

from __future__ import annotations

import altair as alt

from seealike.report.chart_depth import AT, DEPTHS
from seealike.report.charts import GREY, PALETTE, SHAPES, Data, between, heading, number, text
from seealike.report.marks import highest_first, names_axis, no_value, rows_of, significant
from seealike.report.sections import Look

_STATES = ["may be the best", "is behind the best", "is not above chance"]
_STATE = (
    f"!({significant('p_value_familywise')}) ? '{_STATES[2]}'"
    f" : {significant('p_value_best')} ? '{_STATES[1]}' : '{_STATES[0]}'"
)
_TOOLTIP = [
    text("model", "model"),
    text("card", " "),
    text("layer", "layer"),
    text("readout", "read as"),
    text("state", "it"),
    number("gain", "above chance"),
    text("interval", "95 %, all layers at once"),
    number("p_value_familywise", "p of no gain"),
    number("behind", "behind the best by"),
    number("p_value_best", "p of being as good"),
    number("n", "units"),
]


def layers(data: Data, look: Look) -> alt.LayerChart:
    """A row a model, a mark a layer at its depth: larger where it is farther above chance, blue where it may be best.

    Args:
        data: rows of `ALIGNMENT_LAYERS` of one set of judgements and distance.
        look: its subtitle.

    Example:
        >>> len(layers(alt.InlineData(values=[]), Look()).layer)
        2
    """
    y = alt.Y("model:N", title=None, sort=highest_first("gain"), axis=names_axis())
    base = alt.Chart().encode(y=y)
    colors = alt.Scale(domain=_STATES, range=[PALETTE[0], PALETTE[5], GREY])
    shapes = alt.Scale(range=list(SHAPES))
    marks = (
        base.transform_filter("isValid(datum.gain)")
        .mark_point(filled=True, opacity=0.9)
        .encode(
            x=DEPTHS,
            yOffset=alt.YOffset("readout:N"),
            size=alt.Size("above:Q", title="above chance", scale=alt.Scale(range=[14, 190])),
            color=alt.Color("state:N", title="it", scale=colors, legend=alt.Legend(title="a layer that")),
            shape=alt.Shape("readout:N", title="read as", scale=shapes),
            tooltip=_TOOLTIP,
        )
    )
    return (
        alt.LayerChart(
            layer=[marks, no_value(base, "gain")],
            data=data,
            name="alignment_layers",
            title=heading("Layers that may be the most human-like", look.subtitle),
            width=560,
            height=rows_of(30),
        )
        .transform_filter("datum.layer != ''")
        .transform_calculate(what="datum.readout == 'projection' ? 'projection' : 'layer'")
        .transform_window(nth="row_number()", groupby=["model", "readout"], sort=[alt.SortField("depth")])
        .transform_joinaggregate(layers="count()", groupby=["model", "readout"])
        .transform_calculate(x=AT, state=_STATE, above="max(datum.gain, 0)", interval=between("low", "high"))
    )
