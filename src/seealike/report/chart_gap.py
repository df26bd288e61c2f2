"""Similarity against the difference in performance: one dataset's pairs, and all datasets' correlations."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt

from seealike.report.charts import GREY, PAIR, PALETTE, Data, heading, number, text, within
from seealike.report.marks import (
    BOUNDS,
    SIZES,
    TEST,
    hollow_by_value,
    interval,
    line_at,
    names_axis,
    no_value,
    significant,
)
from seealike.report.sections import Look

_DOMAIN = "isValid(datum.domain) ? datum.domain : 'all datasets'"
_LOWEST_FIRST = alt.EncodingSortField("order", op="max", order="ascending")
_ROW = [
    text("dataset", "dataset"),
    text("domain_words", "domain"),
    number("association", "correlation with the gap"),
    *BOUNDS,
    *TEST,
    *SIZES,
]


def scatter(data: Data, look: Look) -> alt.LayerChart:
    """One point a pair of models: its similarity against its gap in performance, brighter where the better is better.

    Args:
        data: rows of the derived table «gap».
        look: subtitle and the ends of the measure's similarities.

    Example:
        >>> len(scatter(alt.InlineData(values=[]), Look()).layer)
        3
    """
    words = Words("Similarity and the gap in performance", "performance", "the better of the two", ".3~p")
    best = "max(datum.value_x, datum.value_y)"
    return gaps(data, look, "gap", words).transform_calculate(best=best)


@dataclass(frozen=True)
class Words:
    """What a figure of gaps is of: its title, the quantity, the legend of colours, and the format of numbers."""

    title: str
    quantity: str
    better: str
    format: str


def gaps(data: Data, look: Look, name: str, words: Words) -> alt.LayerChart:
    """One point a pair of models: its similarity against the `gap` of a quantity, brighter where `best` is higher.

    Args:
        data: rows with a pair of models, `similarity`, `standard_error`, `gap`, `better` and `best`.
        look: subtitle and the ends of the measure's similarities.
        name: of the figure.
        words: what it says.

    Example:
        >>> gaps(alt.InlineData(values=[]), Look(), "gap", Words("Gaps", "accuracy", "the better", ".2f")).name
        'gap'
    """
    x = alt.X("similarity:Q", title="similarity", scale=alt.Scale(domain=look.domain, clamp=True))
    title = f"difference in {words.quantity}"
    y = alt.Y("gap:Q", title=title, axis=alt.Axis(format=words.format), scale=alt.Scale(zero=True))
    legend = alt.Legend(title=words.better, format=words.format, gradientLength=140)
    color = alt.Color("best:Q", scale=alt.Scale(scheme="viridis"), legend=legend)
    tooltip = [
        *PAIR,
        number("similarity", "similarity"),
        text("over_samples", "95 % over samples"),
        number("gap", title),
        text("better", "better model"),
        number("best", f"its {words.quantity}"),
    ]
    base = alt.Chart().encode(x=x, y=y)
    line = base.transform_regression("similarity", "gap")
    return alt.LayerChart(
        layer=[
            base.transform_calculate(over_samples=within("similarity", "standard_error"))
            .mark_circle(size=38, opacity=0.8)
            .encode(color=color, tooltip=tooltip),
            line.mark_line(color=look.paper, strokeWidth=4.5),
            line.mark_line(color=look.ink, strokeWidth=1.8),
        ],
        data=data,
        name=name,
        title=heading(words.title, look.subtitle),
        width=620,
        height=380,
    )


def by_dataset(data: Data, look: Look) -> alt.LayerChart:
    """The correlation of similarity with the gap, a line a dataset, with its interval; filled where q is small.

    Args:
        data: rows of `PERFORMANCE_GAP` of one measure, correlation, method and metric, with `domain`.
        look: only its subtitle.

    Example:
        >>> len(by_dataset(alt.InlineData(values=[]), Look()).layer)
        4
    """
    base = alt.Chart().encode(
        y=alt.Y("dataset:N", sort=_LOWEST_FIRST, title=None, axis=names_axis(grid=True))
    )
    points = (
        base.transform_filter("isValid(datum.association)")
        .mark_point(size=75, strokeWidth=1.8, opacity=1)
        .encode(
            x=alt.X("association:Q", title="r of similarity with |difference in performance|"),
            tooltip=_ROW,
            **hollow_by_value("domain_words", "datasets", significant("q_value")),
        )
    )
    return (
        alt.LayerChart(
            layer=[
                interval(base, color=alt.value(GREY)),
                line_at(x=0),
                points,
                no_value(base, "association"),
            ],
            data=data,
            name="performance_gap",
            title=heading("Similarity and the gap in performance, dataset by dataset", look.subtitle),
            width=560,
            height=alt.Step(19),
        )
        .transform_calculate(domain_words=_DOMAIN)
        .transform_joinaggregate(order="max(association)", groupby=["dataset"])
    )


def by_domain(data: Data, look: Look) -> alt.LayerChart:
    """The same correlations, a line a domain: every dataset a point, the median a tick, the middle half a box.

    Args:
        data: rows of `PERFORMANCE_GAP` of one measure, correlation, method and metric, with `domain`.
        look: only its subtitle.

    Example:
        >>> len(by_domain(alt.InlineData(values=[]), Look()).layer)
        5
    """
    y = alt.Y("domain_words:N", sort=_LOWEST_FIRST, title=None, axis=names_axis())
    x = alt.X("association:Q", title="r of similarity with |difference in performance|")
    base = alt.Chart().encode(x=x, y=y)
    box = base.mark_boxplot(
        extent=1.5,
        outliers=False,
        size=20,
        color=GREY,
        opacity=0.35,
        median=alt.MarkConfig(opacity=0),
        ticks=False,
    )
    points = base.mark_circle(size=40, opacity=0.8, color=PALETTE[0], yOffset=alt.expr("datum.jitter * 7"))
    middle = alt.X("median(association):Q")
    return (
        alt.LayerChart(
            layer=[
                line_at(x=0),
                box,
                points.encode(tooltip=_ROW),
                base.mark_tick(thickness=2.5, size=24, color=PALETTE[1]).encode(x=middle),
                base.mark_text(dy=-18, fontSize=10, color=GREY).encode(
                    x=middle, text=alt.Text("median(association):Q", format=".2f")
                ),
            ],
            data=data,
            name="performance_gap_domains",
            title=heading("Similarity and the gap in performance, by domain", look.subtitle),
            width=560,
            height=alt.Step(46),
        )
        .transform_filter("isValid(datum.association)")
        .transform_calculate(domain_words=_DOMAIN)
        .transform_joinaggregate(order="median(association)", groupby=["domain_words"])
    )
