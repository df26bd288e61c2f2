"""Maps of models: near means alike."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import GREY, Data, heading, number, text
from seealike.report.marks import by_group
from seealike.report.sections import Look

#: Up to so many models are named in the figure itself.
_NAMED = 12
_STRESS = (
    "(datum.method == 'mds' ? 'stress-1 ' : 'Kullback-Leibler divergence ') + format(datum.stress, '.3~r')"
)


def model_map(data: Data, look: Look) -> alt.LayerChart:
    """One mark a model, coloured and shaped by its group; both axes have the same unit.

    Args:
        data: rows of `MODEL_MAP` of one measure, dataset and method, with `group`.
        look: groups are those of the models.

    Example:
        >>> len(model_map(alt.InlineData(values=[]), Look()).layer)
        3
    """
    pick = alt.selection_point(name="picked", fields=["group"], bind="legend")
    scale = alt.Scale(domain=[-1.15, 1.15])
    frame = alt.Axis(labels=False, ticks=False, grid=False, domain=False)
    base = _square(alt.Chart().transform_filter("isValid(datum.x) && isValid(datum.y)")).encode(
        x=alt.X("across:Q", scale=scale, axis=frame, title=None),
        y=alt.Y("up:Q", scale=scale, axis=frame, title=None),
    )
    seen = alt.condition(pick, alt.value(0.9), alt.value(0.1))
    tooltip = [
        text("model", "model"),
        text("card", " "),
        text("group", "group"),
        number("stress", "misfit of the map"),
    ]
    marks = base.mark_point(filled=True, size=90).encode(
        **by_group("group", "models", look), opacity=seen, tooltip=tooltip
    )
    few = base.transform_joinaggregate(models="count()").transform_filter(f"datum.models <= {_NAMED}")
    names = few.mark_text(dy=-11, fontSize=9, color=GREY, limit=130).encode(text="model:N", opacity=seen)
    misfit = (
        alt.Chart()
        .transform_filter("isValid(datum.stress)")
        .transform_aggregate(stress="min(stress)", method="min(method)")
        .transform_calculate(said=_STRESS)
        .mark_text(align="right", baseline="bottom", color=GREY, fontSize=11)
        .encode(text="said:N", x=alt.XValue(alt.expr("width - 6")), y=alt.YValue(alt.expr("height - 6")))
    )
    return alt.LayerChart(
        layer=[
            names,
            marks.add_params(pick),
            misfit,
        ],
        data=data,
        name="model_map",
        title=heading("A map of the models", look.subtitle),
        width=520,
        height=520,
        view=alt.ViewBackground(stroke=GREY, strokeOpacity=0.4),
    )


def _square(chart: alt.Chart) -> alt.Chart:
    """Both axes shifted to their middle and divided by the same half width, so that distances stay distances."""
    return (
        chart.transform_joinaggregate(left="min(x)", right="max(x)", bottom="min(y)", top="max(y)")
        .transform_calculate(half="max(datum.right - datum.left, datum.top - datum.bottom, 1e-12) / 2")
        .transform_calculate(
            across="(datum.x - (datum.left + datum.right) / 2) / datum.half",
            up="(datum.y - (datum.bottom + datum.top) / 2) / datum.half",
        )
    )
