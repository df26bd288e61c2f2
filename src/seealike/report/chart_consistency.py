"""Two views of consistency: over dataset pairs for each pair of model sets, and dataset by dataset."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import GREY, PALETTE, Data, Slot, heading, number, text
from seealike.report.rows import ACROSS, WITHIN

_TOOLTIP = [
    text("pair", "model sets"),
    text("dataset_x", "dataset"),
    text("dataset_y", "and dataset"),
    number("consistency", "consistency r"),
    number("low", "lower end over models"),
    number("high", "upper end over models"),
    number("p_value", "Mantel p"),
    number("q_value", "q of all rows"),
    text("influential", "most influential model"),
    number("without_it", "r without it"),
    number("n_pairs", "model pairs"),
    number("spread_x", "spread on the first"),
    number("spread_y", "spread on the second"),
]
_MANY_DATASETS = 12


def strip(data: Data, *, subtitle: str, order: Slot, domain: Slot) -> alt.LayerChart:
    """A box and all points for each pair of model sets; one point is one pair of datasets.

    Args:
        data: rows of `rows.consistency_rows`.
        subtitle: the measure, correlation and field in words.
        order: the set pairs from top to bottom.
        domain: the two ends of the axis of consistency.

    Example:
        >>> chart = strip(alt.InlineData(values=[]), subtitle="", order=["a × a"], domain=[-1, 1])
        >>> len(chart.layer)
        5
    """
    x = alt.X(
        "consistency:Q",
        title="consistency (r between two datasets)",
        scale=alt.Scale(domain=domain),
        axis=alt.Axis(tickCount=8),
    )
    y = alt.Y("pair:N", sort=order, title=None, axis=alt.Axis(labelLimit=260, ticks=False, domain=False))
    color = alt.Color(
        "kind:N",
        title="model pairs",
        scale=alt.Scale(domain=[WITHIN, ACROSS], range=[PALETTE[0], PALETTE[1]]),
        legend=alt.Legend(orient="top", symbolOpacity=1),
    )
    base = alt.Chart().transform_filter("isValid(datum.consistency)").encode(x=x, y=y)
    zero = alt.Chart().mark_rule(color=GREY, strokeDash=[2, 3]).encode(x=alt.datum(0))
    box = base.mark_boxplot(
        extent=1.5,
        outliers=False,
        size=18,
        color=GREY,
        opacity=0.35,
        median=alt.MarkConfig(opacity=0),
        ticks=False,
    )
    points = base.mark_circle(size=34, opacity=0.7, yOffset=alt.expr("datum.jitter * 7")).encode(
        color=color, tooltip=_TOOLTIP
    )
    middle = {"x": alt.X("median(consistency):Q"), "tooltip": [text("pair", "model sets"), _median()]}
    tick = base.mark_tick(thickness=2.5, size=22).encode(**middle, color=color)
    label = base.mark_text(dy=-16, fontSize=10, color=GREY).encode(
        x=alt.X("median(consistency):Q"), text=alt.Text("median(consistency):Q", format=".2f")
    )
    return alt.LayerChart(
        layer=[
            zero,
            box,
            points,
            tick,
            label,
        ],
        data=data,
        name="consistency",
        title=heading("Consistency of similarities across datasets", subtitle),
        width=520,
        height=alt.Step(42),
    )


def _median() -> alt.Tooltip:
    return alt.Tooltip(
        "consistency", aggregate="median", type="quantitative", format=".4~r", title="median consistency"
    )


def grid(data: Data, *, subtitle: str, order: Slot, n_datasets: int) -> alt.LayerChart:
    """Consistency of each dataset with each other, for one pair of model sets; grey with a cross where undefined.

    Args:
        data: rows of `rows.mirrored`.
        subtitle: the set pair, measure and correlation in words.
        order: the datasets, left to right and top to bottom.
        n_datasets: their number, which sets the size of the cells.

    Example:
        >>> chart = grid(alt.InlineData(values=[]), subtitle="", order=["digits", "faces"], n_datasets=2)
        >>> chart.width.step
        46
    """
    step = 46 if n_datasets <= _MANY_DATASETS else 18
    plain = {"labelLimit": 160, "ticks": False, "domain": False}
    turned = alt.Axis(**plain, labelAngle=-40 if n_datasets <= _MANY_DATASETS else -90)
    x = alt.X("dataset_x:N", sort=order, title=None, scale=alt.Scale(domain=order), axis=turned)
    y = alt.Y("dataset_y:N", sort=order, title=None, scale=alt.Scale(domain=order), axis=alt.Axis(**plain))
    base = alt.Chart().encode(x=x, y=y)
    known = base.transform_filter("isValid(datum.consistency)")
    scale = alt.Scale(scheme="blueorange", reverse=True, domain=[-1, 1], domainMid=0)
    legend = alt.Legend(title="consistency r", gradientLength=150, orient="top", direction="horizontal")
    cells = known.mark_rect(stroke="#ffffff", strokeWidth=0.5).encode(
        color=alt.Color("consistency:Q", scale=scale, legend=legend), tooltip=_TOOLTIP
    )
    unknown = base.transform_filter("!isValid(datum.consistency)")
    why = [*_TOOLTIP[:3], number("n_pairs", "model pairs"), text("reason", "no value because")]
    blank = unknown.mark_rect(color="#9aa0a6", opacity=0.35).encode(tooltip=why)
    cross = unknown.mark_point(shape="cross", angle=45, color="#5f6368", size=50, filled=True).encode(
        tooltip=why
    )
    layers = [cells, blank, cross]
    if n_datasets <= _MANY_DATASETS:
        ink = alt.condition("abs(datum.consistency) > 0.55", alt.value("#ffffff"), alt.value("#202124"))
        layers.append(
            known.mark_text(fontSize=11).encode(
                text=alt.Text("consistency:Q", format=".2f"), color=ink, tooltip=_TOOLTIP
            )
        )
    return alt.LayerChart(
        layer=[
            *layers,
        ],
        data=data,
        name="consistency_by_datasets",
        title=heading("Consistency, dataset by dataset", subtitle),
        width=alt.Step(step),
        height=alt.Step(step),
    )
