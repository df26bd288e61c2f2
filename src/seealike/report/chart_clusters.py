"""Clusters of models: who is in which, and whether they are the sets that a card field makes."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import Data, heading, number, text
from seealike.report.marks import (
    SIZES,
    TEST,
    by_group,
    hollow_by_value,
    line_at,
    names_axis,
    same_color,
    significant,
)
from seealike.report.sections import Look

#: Pixels of one column of names.
_WIDTH = 195


def members(data: Data, look: Look) -> alt.LayerChart:
    """A column a cluster with its models by name, marked by their group.

    Args:
        data: rows of `CLUSTERS` of one measure, dataset, method and number of clusters, with `group`.
        look: groups are those of the models.

    Example:
        >>> len(members(alt.InlineData(values=[]), Look()).layer)
        2
    """
    tooltip = [text("model", "model"), text("card", " "), text("group", "group"), text("cluster", "cluster")]
    top = names_axis(orient="top", labelAngle=0, labelExpr="'cluster ' + datum.label", labelFontWeight="bold")
    scale = alt.Scale(type="band", padding=0)
    start = alt.X("cluster:O", title=None, axis=top, bandPosition=0.06, scale=scale)
    rows = alt.Y("place:O", axis=None, title=None)
    base = alt.Chart().encode(x=start, y=rows, tooltip=tooltip)
    return (
        alt.LayerChart(
            layer=[
                base.mark_text(align="left", dx=10, fontSize=10, limit=_WIDTH - 30).encode(text="model:N"),
                base.mark_point(filled=True, size=55, opacity=1).encode(**by_group("group", "models", look)),
            ],
            data=data,
            name="clusters",
            title=heading("Clusters of models", look.subtitle),
            width=alt.Step(_WIDTH),
            height=alt.Step(14),
        )
        .transform_filter("isValid(datum.cluster)")
        .transform_window(
            place="row_number()", sort=[alt.SortField("group"), alt.SortField("model")], groupby=["cluster"]
        )
    )


def agreement(data: Data, look: Look) -> alt.FacetChart:
    """Adjusted Rand index of clusters and each card field over the number of clusters, a panel a method.

    Args:
        data: rows of `CLUSTER_AGREEMENT` of one measure and dataset.
        look: only its subtitle.

    Example:
        >>> agreement(alt.InlineData(values=[]), Look()).name
        'cluster_agreement'
    """
    tooltip = [
        text("field", "field"),
        text("method", "clusters by"),
        text("n_clusters", "clusters"),
        number("adjusted_rand", "adjusted Rand index"),
        number("adjusted_mutual_information", "adjusted mutual information"),
        *TEST,
        SIZES[0],
    ]
    base = (
        alt.Chart()
        .transform_filter("isValid(datum.adjusted_rand)")
        .encode(
            x=alt.X("n_clusters:O", title="number of clusters", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("adjusted_rand:Q", title="adjusted Rand index", scale=alt.Scale(nice=True)),
        )
    )
    points = base.mark_point(size=75, strokeWidth=1.8, opacity=1).encode(
        **hollow_by_value("field", "field", significant("q_value")),
        tooltip=tooltip,
    )
    lines = base.mark_line(strokeWidth=1.5, opacity=0.6).encode(stroke=same_color("field"))
    panel = alt.LayerChart(layer=[line_at(y=0), lines, points], width=240, height=260)
    return panel.facet(
        column=alt.Column("method:N", header=alt.Header(title=None, labelFontWeight="bold")),
        data=data,
        name="cluster_agreement",
        spacing=18,
        title=heading("Agreement of clusters with fields of the cards", look.subtitle),
    )
