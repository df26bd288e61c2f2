"""Published numbers of layers beside the study's own."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import PALETTE, Data, between, heading, number, text
from seealike.report.sections import Look

_OURS, _THEIRS = "this study", "published"
_TOOLTIP = [
    text("model", "model"),
    text("layer", "layer"),
    text("human", "judgements"),
    text("distance", "distance"),
    text("score", "score"),
    number("ours", "this study"),
    text("interval", "its 95 %"),
    number("value", "published"),
    number("apart", "apart"),
    text("source", "source"),
]


def published(data: Data, look: Look) -> alt.FacetChart:
    """A panel a model, its layers in order: published numbers as diamonds, the study's as dots with intervals.

    Args:
        data: rows of the derived table «published_beside» of one experiment, set of judgements, score and distance.
        look: only its subtitle.

    Example:
        >>> published(alt.InlineData(values=[]), Look()).columns
        3
    """
    header = alt.Header(title=None, labelFontWeight="bold", labelLimit=300)
    panel = alt.LayerChart(layer=_marks(), width=300, height=210)
    return (
        panel.facet(
            facet=alt.Facet("model:N", sort=alt.EncodingSortField("place", op="min"), header=header),
            columns=3,
            data=data,
            name="published_beside",
            title=heading("Published numbers beside this study’s", look.subtitle),
        )
        .transform_filter("isValid(datum.value)")
        .transform_window(nth="row_number()", groupby=["model"], sort=[alt.SortField("place")])
        .transform_calculate(
            apart="isValid(datum.ours) ? datum.ours - datum.value : null",
            interval=between("low", "high"),
            ends="isValid(datum.low) && isValid(datum.high)",
        )
        .transform_calculate(
            bottom="datum.ends ? datum.low : datum.value", top="datum.ends ? datum.high : datum.value"
        )
    )


def _marks() -> list[alt.Chart]:
    x = alt.X("nth:Q", title="layers in their order", axis=alt.Axis(tickMinStep=1, format="d", grid=False))
    title = "alignment with people"
    base = alt.Chart().encode(x=x)
    fold = base.transform_fold(["ours", "value"], as_=["of", "shown"]).transform_filter(
        "isValid(datum.shown)"
    )
    both = fold.transform_calculate(whose=f"datum.of == 'ours' ? '{_OURS}' : '{_THEIRS}'")
    y = alt.Y("shown:Q", title=title, scale=alt.Scale(zero=False))
    legend = alt.Legend(title=None, orient="top", symbolOpacity=1, symbolSize=70)
    names = [_OURS, _THEIRS]
    color = alt.Color("whose:N", scale=alt.Scale(domain=names, range=list(PALETTE[:2])), legend=legend)
    shape = alt.Shape("whose:N", scale=alt.Scale(domain=names, range=["circle", "diamond"]), legend=legend)
    bar = base.mark_rule(strokeWidth=2, color=PALETTE[0], opacity=0.5)
    return [
        bar.encode(y=alt.Y("bottom:Q", title=title, scale=alt.Scale(zero=False)), y2="top:Q"),
        both.mark_line(strokeWidth=1, opacity=0.5).encode(y=y, color=color),
        both.mark_point(size=50, strokeWidth=1.8, opacity=1, filled=False).encode(
            y=y, color=color, shape=shape, tooltip=_TOOLTIP
        ),
    ]
