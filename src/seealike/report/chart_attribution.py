"""What overlap does to similarity, and what similarity does to its consequences: slopes with their verdicts."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import GREY, PALETTE, SHAPES, Data, heading, number, text
from seealike.report.marks import BOUNDS, filled_where, interval, line_at, names_axis, no_value
from seealike.report.sections import Look

_SURE = "datum.verdict == 'supported' || datum.verdict == 'reversed'"
_NUMBER = "(isValid(datum.{0}) ? ', {1} ' + format(datum.{0}, '.2f') : '')"
_SIZES = [number("n", "runs"), number("n_seeds", "seeds")]


def attribution(data: Data, look: Look) -> alt.LayerChart:
    """A line an evaluation set and term of a design: the slope with its interval, the verdict, and fits in words.

    Args:
        data: rows of `ATTRIBUTION` of one measure.
        look: only its subtitle.

    Example:
        >>> attribution(alt.InlineData(values=[]), Look()).name
        'attribution'
    """
    tooltip = [
        text("design", "design"),
        text("dataset", "evaluated on"),
        text("term", "term"),
        number("slope", "slope, from no overlap to all"),
        *BOUNDS,
        number("p_value", "p"),
        text("verdict", "verdict"),
        number("head_room", "share of the head-room"),
        number("r_squared", "R²"),
        number("spearman", "Spearman ρ"),
        number("mutual_information", "mutual information, nats"),
        number("mutual_information_published", "the published estimate"),
        *_SIZES,
    ]
    fits = [("r_squared", "R²"), ("spearman", "ρ"), ("mutual_information", "I")]
    name = "datum.design + ', ' + datum.dataset + (datum.term == 'overlap' ? '' : ': ' + datum.term)"
    chart = _slopes(data, "slope of similarity on overlap", tooltip, "term")
    return chart.transform_calculate(line=_line(name, fits)).properties(
        name="attribution", title=heading("What overlap does to similarity", look.subtitle)
    )


def consequence_slopes(data: Data, look: Look) -> alt.LayerChart:
    """The same for consequences: a line a kind and its details, a panel a set of samples, slopes on similarity.

    Args:
        data: rows of `CONSEQUENCE_SLOPES` of one measure.
        look: only its subtitle.

    Example:
        >>> consequence_slopes(alt.InlineData(values=[]), Look()).name
        'consequence_slopes'
    """
    tooltip = [
        text("kind", "consequence"),
        text("detail", "detail"),
        text("dataset", "on"),
        number("slope", "slope, for similarity 0 to 1"),
        *BOUNDS,
        number("p_value", "p"),
        text("verdict", "verdict"),
        number("spearman", "Spearman ρ"),
        *_SIZES,
    ]
    detail = "(isValid(datum.detail) && datum.detail != '' ? ' (' + datum.detail + ')' : '')"
    name = f"replace(datum.kind, /_/g, ' ') + {detail} + ', ' + datum.dataset"
    chart = _slopes(data, "slope of the consequence on similarity", tooltip, "kind")
    return chart.transform_calculate(line=_line(name, [("spearman", "ρ")])).properties(
        name="consequence_slopes", title=heading("What similarity leads to", look.subtitle)
    )


def _line(name: str, fits: list[tuple[str, str]]) -> str:
    """A Vega expression: a line's name and below it the verdict with the fits."""
    words = " + ".join(["datum.verdict", *(_NUMBER.format(*fit) for fit in fits)])
    return f"{name} + ' | ' + (isValid(datum.slope) ? {words} : '–')"


def _slopes(data: Data, title: str, tooltip: list[alt.Tooltip], by: str) -> alt.LayerChart:
    """Slopes with intervals, filled where they have a verdict; two lines of words for each."""
    words = names_axis(grid=True, labelExpr="split(datum.label, ' | ')", labelLimit=360, labelLineHeight=13)
    as_in_table = alt.EncodingSortField("place", op="min")
    base = alt.Chart().encode(y=alt.Y("line:N", title=None, sort=as_in_table, axis=words))
    known = base.transform_filter("isValid(datum.slope)")
    color = alt.Color(f"{by}:N", scale=alt.Scale(range=list(PALETTE)), legend=None)
    fill = alt.Fill(f"{by}:N", scale=alt.Scale(range=list(PALETTE)), legend=None)
    shape = alt.Shape(f"{by}:N", scale=alt.Scale(range=list(SHAPES)), legend=None)
    marks = known.mark_point(size=80, strokeWidth=1.8, opacity=1).encode(
        x=alt.X("slope:Q", title=title), color=color, fill=fill, shape=shape, tooltip=tooltip
    )
    chart = alt.LayerChart(
        layer=[
            line_at(x=0),
            interval(known, color=alt.value(GREY)),
            marks.encode(fillOpacity=filled_where(_SURE)),
            no_value(base, "slope"),
        ],
        data=data,
        width=520,
        height=alt.Step(36),
    )
    return chart.transform_window(place="row_number()")
