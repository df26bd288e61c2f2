"""The figures on performance, and on what goes with similarity."""

from __future__ import annotations

from seealike.report import chart_components, chart_gap, chart_probes
from seealike.report.sections import Section

_NO_GAP = (
    "This figure needs the performance of the models on a dataset: give the study file «probes», or a table of "
    "accuracies, and add «performance_gap» to its analyses."
)
_NO_PROBES = "No probes were fitted in this study: give the study file «probes»."

PERFORMANCE = (
    Section(
        name="gap",
        chapter="performance",
        table="gap",
        title="Similarity and the gap in performance",
        caption="<strong>Do similar models have a small gap in performance?</strong> Each point is a pair of "
        "models: its similarity against the difference of their test performance, the brighter the better"
        " the better one is. The line is a least-squares fit. A gap of zero does not make two models "
        "alike, nor does one cause the other; where all models do well no gap can be wide.",
        absent=_NO_GAP,
        chart=chart_gap.scatter,
        choices=("measure", "dataset", "method", "metric"),
        fixed=("method", "metric"),
    ),
    Section(
        name="performance_gap",
        chapter="performance",
        table="performance_gap",
        title="Similarity and the gap in performance, dataset by dataset",
        caption="<strong>On which datasets?</strong> The correlation of similarity with the gap in performance "
        "over all model pairs: left of zero, models that do equally well are more alike. Bars are 95 % "
        "intervals over models, filled marks have q ≤ .05 in Mantel’s test. A dataset on which all models"
        " reach nearly the same has a correlation near zero for that reason alone.",
        absent=_NO_GAP,
        chart=chart_gap.by_dataset,
        choices=("measure", "correlation", "method", "metric"),
        fixed=("method", "metric"),
        click={"dataset": "dataset"},
    ),
    Section(
        name="performance_gap_domains",
        chapter="performance",
        table="performance_gap",
        title="Similarity and the gap in performance, by domain",
        caption="<strong>Is it a matter of the domain?</strong> The same correlations: every point is a dataset, "
        "the tick the median of its domain, the box its middle half. The domains have few datasets each, "
        "and all rest on the same models: compare boxes with care.",
        absent=_NO_GAP,
        chart=chart_gap.by_domain,
        choices=("measure", "correlation", "method", "metric"),
        fixed=("method", "metric"),
    ),
    Section(
        name="performance",
        chapter="performance",
        table="performance",
        title="What linear probes reach",
        caption="<strong>How well does each model do?</strong> Marks are probes on test samples with 95 % "
        "intervals over seeds and test samples; a tick of the same colour is the same probe on its "
        "training samples, and the space between is what it learned by heart. The dashed line is "
        "guessing. Intervals are of one model: two models saw the same test samples, so that their "
        "difference is surer than the bars look.",
        absent=_NO_PROBES,
        chart=chart_probes.dots,
        choices=("dataset", "metric"),
    ),
    Section(
        name="performance_grid",
        chapter="performance",
        table="performance",
        title="Linear probes on every dataset",
        caption="<strong>Which models do well everywhere?</strong> Test accuracy in percent, the best model on "
        "average on top. Datasets differ in difficulty and number of classes: compare within a column, "
        "not across.",
        absent=_NO_PROBES,
        chart=chart_probes.grid,
        choices=("method", "metric"),
    ),
)

CAUSES = (
    Section(
        name="variance_components",
        chapter="causes",
        table="variance_components",
        title="Shares of the variance",
        caption="<strong>What goes with similarity?</strong> The variance over model pairs, divided among all "
        "fields at once: «same objective» is what two models gain by sharing an objective, «objective» "
        "what a kind of models brings to all its pairs, «model» what single models bring, «pair» the "
        "rest. Circles are single datasets; diamonds are the similarities averaged over datasets (whose "
        "noise is less, so that they need not lie amid the circles), or consistency. Bars are 95 % "
        "intervals, filled marks have p ≤ .05 («pair» has no test). A share is no cause: nobody dealt the"
        " fields to the models, and fields that come together divide what they explain by chance.",
        absent="This study has no variance components: add «variance_components» with some fields to the "
        "analyses of the study file.",
        chart=chart_components.shares,
        choices=("measure", "of"),
    ),
    Section(
        name="partial_mantel",
        chapter="causes",
        table="partial_mantel",
        title="Sharing a field’s value, alone and with others held",
        caption="<strong>Which field is left when others are held?</strong> Right of zero, two models that share "
        "the field’s value are more alike than two that do not. Where a line with other fields held falls"
        " to zero, the line «alone» was due to those. Diamonds are the similarities averaged over "
        "datasets, not the average of the circles; filled marks have q ≤ .05 when models are exchanged; "
        "bars are ± 1.96 standard errors over models. What always comes together cannot be held apart: "
        "see the counts under «Groups».",
        absent="This study has no partial Mantel tests: add «partial_mantel» with some fields to the analyses of"
        " the study file.",
        chart=chart_components.mantel,
        choices=("measure",),
    ),
)
