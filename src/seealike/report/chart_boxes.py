"""Consistency by domains of datasets."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import GREY, PALETTE, Data, heading, number, text
from seealike.report.marks import BOUNDS, by_group, interval, line_at, names_axis, no_value
from seealike.report.sections import Look

_COLUMNS = 2
_KINDS = ["datasets of one domain", "datasets of two domains", "all datasets"]
_KIND = (
    f"datum.domain_x == 'all' ? '{_KINDS[2]}' : "
    f"datum.domain_x == datum.domain_y ? '{_KINDS[0]}' : '{_KINDS[1]}'"
)
_LOOK = Look(groups=_KINDS, colors=[*PALETTE[:2], GREY])
_TOOLTIP = [
    text("pair", "model sets"),
    text("places", "datasets from"),
    number("median", "median"),
    *BOUNDS,
    number("mean", "mean"),
    number("standard_deviation", "standard deviation"),
    number("n_dataset_pairs", "dataset pairs"),
]


def domains(data: Data, look: Look) -> alt.FacetChart:
    """A panel a pair of model sets, a line a pair of domains: median consistency with its interval, mean ± deviation.

    Args:
        data: rows of `CONSISTENCY_DOMAINS` of one measure, correlation and field.
        look: only its subtitle.

    Example:
        >>> domains(alt.InlineData(values=[]), Look()).columns
        2
    """
    base = (
        alt.Chart()
        .transform_calculate(
            places="datum.domain_x == 'all' ? 'all datasets' : datum.domain_x + ' × ' + datum.domain_y",
            near=_KIND,
            below="datum.mean - datum.standard_deviation",
            above="datum.mean + datum.standard_deviation",
        )
        .encode(y=alt.Y("places:N", title=None, axis=names_axis(grid=True, labelLimit=220)))
    )
    known = base.transform_filter("isValid(datum.median)")
    x = alt.X("median:Q", title="median consistency", axis=alt.Axis(tickCount=6))
    kinds = by_group("near", None, _LOOK, orient="top")
    points = known.mark_point(filled=True, size=80, opacity=1).encode(x=x, tooltip=_TOOLTIP, **kinds)
    deviation = known.mark_bar(size=11, opacity=0.22, color=GREY).encode(x="below:Q", x2="above:Q")
    bars = interval(base, color=alt.value(GREY))
    panel = alt.LayerChart(
        layer=[line_at(x=0), deviation, bars, points, no_value(base, "median")],
        width=360,
        height=alt.Step(20),
    )
    header = alt.Header(title=None, labelAnchor="start", labelFontWeight="bold", labelLimit=320)
    return panel.facet(
        alt.Facet("pair:N", header=header),
        columns=_COLUMNS,
        data=data,
        name="consistency_domains",
        spacing=20,
        title=heading("Consistency within and across domains", look.subtitle),
    )
