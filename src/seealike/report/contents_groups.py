"""The figures on which models fall together, and which kinds of models there are."""

from __future__ import annotations

from seealike.report import chart_clusters, chart_counts, chart_map
from seealike.report.sections import Section

GROUPS = (
    Section(
        name="model_map",
        chapter="groups",
        table="model_map",
        title="A map of the models",
        caption="<strong>Which models lie together?</strong> Each mark is a model; near marks are models that are"
        " alike. Click a name in the legend to keep only its models. Directions and the axes mean "
        "nothing. On a t-SNE map the distances between clumps and their sizes mean nothing either: it "
        "shows neighbors only. On an MDS map all distances count, but two dimensions never hold them all:"
        " the number in the corner is how badly they fit.",
        absent="This study has no maps of models: add «model_map» to the analyses of the study file.",
        chart=chart_map.model_map,
        choices=("measure", "dataset", "method"),
    ),
    Section(
        name="clusters",
        chapter="groups",
        table="clusters",
        title="Clusters of models",
        caption="<strong>Who is in which cluster?</strong> Each column is a cluster that was found from the "
        "similarities alone; the marks show the models’ cards. A column of one kind of mark is a cluster "
        "that the cards explain. The method must divide the models, whether they fall apart or not: a "
        "cluster is no evidence of a gap.",
        absent="This study has no clusters of models: add «clusters» to the analyses of the study file.",
        chart=chart_clusters.members,
        choices=("measure", "dataset", "method", "n_clusters"),
        fixed=("n_clusters",),
    ),
    Section(
        name="cluster_agreement",
        chapter="groups",
        table="cluster_agreement",
        title="Agreement of clusters with fields of the cards",
        caption="<strong>Are the clusters what the cards say?</strong> The adjusted Rand index of the clusters "
        "and the values of a field: 1 is the same division, 0 (dashed) what shuffled labels give on "
        "average. Filled marks have q ≤ .05 when labels are shuffled among the models. Fields overlap, so"
        " that one may agree because of another: see the counts below and the partial tests under "
        "«Causes».",
        absent="This study has no agreement of clusters with fields: add «cluster_agreement» to the analyses of "
        "the study file.",
        chart=chart_clusters.agreement,
        choices=("measure", "dataset"),
    ),
    Section(
        name="category_counts",
        chapter="groups",
        table="category_counts",
        title="Kinds of models in this study",
        caption="<strong>What can this study tell apart?</strong> Each cell counts the models with both values; V"
        " is Cramér’s, corrected for chance: 0 where two fields have nothing to do with each other, 1 "
        "where one tells the other. Where V is high or a row has one filled cell, no analysis can say "
        "which of the two fields it was.",
        absent="This study has no counts of its kinds of models: add «category_counts» to the analyses of the "
        "study file.",
        chart=chart_counts.cross_tabs,
    ),
)
