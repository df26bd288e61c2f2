"""Two views of consistency: over dataset pairs for each pair of model sets, and dataset by dataset."""

from __future__ import annotations

from typing import Literal

import altair as alt

from seealike.report.chart_sides import length_for, sided, titled
from seealike.report.charts import GREY, PALETTE, Data, between, heading, number, text
from seealike.report.rows import ACROSS, WITHIN
from seealike.report.sections import Look

_TOOLTIP = [
    text("pair", "model sets"),
    text("dataset_x", "dataset"),
    text("dataset_y", "and dataset"),
    number("consistency", "consistency r"),
    text("interval", "95 % over models and samples"),
    number("p_value", "Mantel p"),
    number("q_value", "q of all rows"),
    text("influential", "most influential model"),
    number("without_it", "r without it"),
    number("n_pairs", "model pairs"),
    number("spread_x", "spread on the first"),
    number("spread_y", "spread on the second"),
]
_KINDS = [WITHIN, ACROSS]
_MANY_DATASETS = 12
_INTERVAL = alt.CalculateTransform(between("low", "high"), **{"as": "interval"})
_VALUE = "consistency:Q"
_OF_ALL = alt.CalculateTransform(
    "datum.set_x == 'all' && datum.set_y == 'all' ? datum.consistency : null", **{"as": "of_all"}
)


def strip(data: Data, look: Look) -> alt.LayerChart:
    """A box and all points for each pair of model sets, by descending median, over the quartiles of all models'.

    Args:
        data: rows of the table of consistencies of one measure, correlation and field.
        look: gives the subtitle.

    Example:
        >>> len(strip(alt.InlineData(values=[]), Look()).layer)
        7
    """
    x = alt.X(_VALUE, title="consistency (r between two datasets)", axis=alt.Axis(tickCount=8))
    first = alt.EncodingSortField("middle", op="max", order="descending")
    y = alt.Y("pair:N", sort=first, title=None, axis=alt.Axis(labelLimit=260, ticks=False, domain=False))
    legend = alt.Legend(title="model pairs", orient="top", symbolOpacity=1, symbolSize=70)
    color = alt.Color("kind:N", scale=alt.Scale(domain=_KINDS, range=list(PALETTE[:2])), legend=legend)
    shape = alt.Shape(
        "kind:N", scale=alt.Scale(domain=_KINDS, range=["circle", "triangle-up"]), legend=legend
    )
    base = alt.Chart().encode(x=x, y=y)
    line = alt.MarkConfig(filled=False, stroke=GREY, strokeWidth=1.6)
    hidden = alt.MarkConfig(opacity=0)
    box = base.mark_boxplot(
        extent=1.5, outliers=False, size=20, box=line, rule=line, median=hidden, ticks=False
    )
    points = base.mark_point(filled=True, size=24, opacity=0.6, yOffset=alt.expr("datum.jitter * 8"))
    points = points.encode(color=color, shape=shape, tooltip=_TOOLTIP)
    median = alt.Tooltip(
        "middle", aggregate="max", type="quantitative", format=".4~r", title="median consistency"
    )
    middle = base.encode(x=alt.X("max(middle):Q"))
    tick = middle.mark_tick(thickness=3, size=24).encode(
        color=color, tooltip=[text("pair", "model sets"), median]
    )
    label = middle.mark_text(dy=-17, fontSize=10, color=GREY).encode(
        text=alt.Text("max(middle):Q", format=".2f")
    )
    return alt.LayerChart(
        layer=[_band(), _middle_of_all(), _zero(), points, box, tick, label],
        data=data,
        transform=[
            alt.FilterTransform("isValid(datum.consistency)"),
            _INTERVAL,
            alt.JoinAggregateTransform(joinaggregate=[_aggregated("median", "middle")], groupby=["pair"]),
            _OF_ALL,
            alt.JoinAggregateTransform(
                joinaggregate=[
                    _aggregated("median", "of_any"),
                    _aggregated("q1", "q1_of_all", "of_all"),
                    _aggregated("median", "half_of_all", "of_all"),
                    _aggregated("q3", "q3_of_all", "of_all"),
                ]
            ),
            *(_else_any(f"{name}_of_all", name) for name in ("q1", "half", "q3")),
            alt.CalculateTransform("isValid(datum.half_of_all) ? 1 : 0", **{"as": "seen"}),
            alt.CalculateTransform("0.16 * datum.seen", **{"as": "faint"}),
        ],
        name="consistency",
        title=heading("Consistency of similarities across datasets", look.subtitle),
        width=620,
        height=alt.Step(42),
    )


def _aggregated(
    op: Literal["median", "q1", "q3"], name: str, field: str = "consistency"
) -> alt.JoinAggregateFieldDef:
    return alt.JoinAggregateFieldDef(op=op, field=field, **{"as": name})


def _zero() -> alt.Chart:
    return alt.Chart().mark_rule(color=GREY, strokeDash=[2, 3], clip=True).encode(x=alt.datum(0))


def _else_any(of_all: str, name: str) -> alt.CalculateTransform:
    # A study may have no row for all models. Vega complains of a scale over values that are all absent, so the
    # marks then stand, unseen, at the median of all rows.
    return alt.CalculateTransform(f"isValid(datum.{of_all}) ? datum.{of_all} : datum.of_any", **{"as": name})


def _band() -> alt.Chart:
    """The middle half of the consistencies of all models."""
    ends = {"x": alt.X("min(q1):Q"), "x2": alt.X2("max(q3):Q")}
    tooltip = [
        alt.Tooltip("min(q1):Q", title="all models: lower quartile", format=".4~r"),
        alt.Tooltip("max(q3):Q", title="upper quartile", format=".4~r"),
    ]
    return (
        alt.Chart()
        .mark_rect(color=GREY)
        .encode(**ends, tooltip=tooltip, opacity=alt.Opacity("max(faint):Q", scale=None))
    )


def _middle_of_all() -> alt.Chart:
    """The median of the consistencies of all models."""
    mark = alt.Chart().mark_rule(color=GREY, strokeDash=[1, 3], strokeWidth=1.5)
    return mark.encode(x=alt.X("max(half):Q"), opacity=alt.Opacity("max(seen):Q", scale=None))


def grid(data: Data, look: Look) -> alt.ConcatChart:
    """Consistency of each dataset with each other, for one pair of model sets; grey with a cross where undefined.

    Args:
        data: rows of the table of consistencies of one set pair, both ways.
        look: gives the order of the datasets and the bars of their fields.

    Example:
        >>> len(grid(alt.InlineData(values=[]), Look(datasets=["digits", "faces"])).concat)
        4
    """
    few = look.n_datasets <= _MANY_DATASETS
    scale = alt.Scale(domain=look.datasets)
    x = alt.X("dataset_x:N", sort=look.datasets, title=None, scale=scale, axis=None)
    y = alt.Y("dataset_y:N", sort=look.datasets, title=None, scale=scale, axis=None)
    base = alt.Chart().encode(x=x, y=y)
    known = base.transform_filter("isValid(datum.consistency)")
    colors = alt.Scale(scheme="blueorange", reverse=True, domain=[-1, 1], domainMid=0)
    step = 46 if few else 19
    legend = alt.Legend(title="consistency r", gradientLength=length_for(step * look.n_datasets))
    color = alt.Color(_VALUE, scale=colors, legend=legend)
    cells = known.mark_rect(stroke="#ffffff", strokeWidth=0.5, cursor="pointer").encode(
        color=color, tooltip=_TOOLTIP
    )
    unknown = base.transform_filter("!isValid(datum.consistency)")
    why = [*_TOOLTIP[:3], number("n_pairs", "model pairs"), text("reason", "no value because")]
    blank = unknown.mark_rect(color="#9aa0a6", opacity=0.35).encode(tooltip=why)
    cross = unknown.mark_point(shape="cross", angle=45, color="#5f6368", size=50 if few else 16, filled=True)
    below_zero = known.transform_filter("datum.consistency < 0").mark_text(
        text="−", fontSize=12, color="#ffffff"
    )
    ink = alt.condition("abs(datum.consistency) > 0.55", alt.value("#ffffff"), alt.value("#202124"))
    written = alt.Text(_VALUE, format=".2f")
    values = known.mark_text(fontSize=11, cursor="pointer").encode(text=written, color=ink, tooltip=_TOOLTIP)
    layers = [cells, blank, cross.encode(tooltip=why), values if few else below_zero]
    square = alt.LayerChart(layer=layers, transform=[_INTERVAL])
    both = sided(square, data, look, order=look.datasets, step=step)
    return titled(both, "consistency_by_datasets", "Consistency, dataset by dataset", look)
