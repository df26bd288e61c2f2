"""Do similarities still move when there are more samples?"""

from __future__ import annotations

import altair as alt

from seealike.report.charts import PALETTE, Data, heading, number, text
from seealike.report.marks import by_value, same_color
from seealike.report.sections import Look

#: The sizes stand at even steps, so that each has its own number below it.
_SAMPLES = alt.X("n_samples:O", title="samples", axis=alt.Axis(labelAngle=0, format=",", grid=False))
_TOOLTIP = [
    text("measure_label", "measure"),
    number("n_samples", "samples"),
    number("n_next", "against"),
    number("median_change", "median change"),
    number("lower_quartile", "lower quartile"),
    number("upper_quartile", "upper quartile"),
    number("largest_change", "largest change"),
    number("agreement", "r with the largest size"),
    number("n_pairs", "model pairs"),
]


def changes(data: Data, look: Look) -> alt.FacetChart:
    """A panel a measure: how far similarities move from each size to the next; median, middle half, and largest.

    Args:
        data: rows of `SAMPLE_SIZE` of one dataset.
        look: only its subtitle.

    Example:
        >>> changes(alt.InlineData(values=[]), Look()).columns
        3
    """
    y = alt.Y("median_change:Q", title="|change| to the next size", scale=alt.Scale(zero=True))
    base = alt.Chart().transform_filter("isValid(datum.median_change)").encode(x=_SAMPLES)
    main, quiet = PALETTE[0], PALETTE[1]
    panel = alt.LayerChart(
        layer=[
            base.mark_rule(strokeWidth=5, opacity=0.3, color=main).encode(
                y="lower_quartile:Q", y2="upper_quartile:Q"
            ),
            base.mark_line(color=quiet, strokeDash=[3, 3], strokeWidth=1.2).encode(y="largest_change:Q"),
            base.mark_point(shape="triangle-up", size=30, color=quiet, opacity=1).encode(
                y="largest_change:Q", tooltip=_TOOLTIP
            ),
            base.mark_line(color=main, strokeWidth=2).encode(y=y),
            base.mark_point(filled=True, size=45, color=main, opacity=1).encode(y=y, tooltip=_TOOLTIP),
        ],
        width=270,
        height=170,
    )
    header = alt.Header(title=None, labelFontWeight="bold", labelLimit=230, labelAnchor="start")
    return panel.facet(
        alt.Facet("measure_label:N", header=header),
        columns=3,
        data=data,
        name="sample_size",
        spacing=24,
        title=heading("How far similarities move with more samples", look.subtitle),
    )


def agreement(data: Data, look: Look) -> alt.LayerChart:
    """A line a measure: the correlation of all similarities at each size with those at the largest.

    Args:
        data: rows of `SAMPLE_SIZE` of one dataset.
        look: only its subtitle.

    Example:
        >>> len(agreement(alt.InlineData(values=[]), Look()).layer)
        2
    """
    y = alt.Y(
        "agreement:Q",
        title="r with the similarities of the largest size",
        scale=alt.Scale(zero=False, nice=True),
    )
    base = alt.Chart().transform_filter("isValid(datum.agreement)").encode(x=_SAMPLES, y=y)
    return alt.LayerChart(
        layer=[
            base.mark_line(strokeWidth=1.6, opacity=0.7).encode(stroke=same_color("measure_label")),
            base.mark_point(filled=True, size=60, opacity=1).encode(
                **by_value("measure_label", "measure"), tooltip=_TOOLTIP
            ),
        ],
        data=data,
        name="sample_agreement",
        title=heading("Agreement with the largest size", look.subtitle),
        width=520,
        height=280,
    )
