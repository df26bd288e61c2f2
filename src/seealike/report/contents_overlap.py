"""The figures on controlled overlap: similarity against shared data and tasks, and what similarity leads to."""

from __future__ import annotations

from seealike.report import chart_attribution, chart_consequences, chart_overlap, chart_trained
from seealike.report.sections import Section

_NO_RUNS = "No models were trained with a stated overlap: give the study file «causes»."
_NO_CONSEQUENCES = "No consequences were measured: give «consequences» in «causes» of the study file."

OVERLAP = (
    Section(
        name="overlap_lines",
        chapter="overlap",
        table="overlap_lines",
        title="Similarity against overlap",
        caption="<strong>Does shared training make models alike?</strong> A panel an evaluation set. Points are runs, "
        "thin lines join runs of one seed, the thick line their means. Read the panels together: on classes that "
        "both models know, similarity can fall where it rises on others.",
        absent=_NO_RUNS,
        chart=chart_overlap.lines,
        choices=("measure", "experiment", "design"),
    ),
    Section(
        name="overlap_surface",
        chapter="overlap",
        table="overlap_surface",
        title="Similarity over shares of data and of task",
        caption="<strong>Data, task, or both together?</strong> The factorial design: the share of the data across, "
        "that of the task up, the mean similarity of the runs as colour. Without an interaction the steps from cell to "
        "cell are the same in every row.",
        absent="No factorial design was run: give «designs: [factorial]» in «causes» of the study file.",
        chart=chart_overlap.surface,
        choices=("measure", "experiment"),
    ),
    Section(
        name="attribution",
        chapter="overlap",
        table="attribution",
        title="What overlap does to similarity",
        caption="<strong>Is it supported?</strong> The slope of similarity from no overlap to all of it, with its 95 % "
        "interval over seeds; filled where it is «supported» or «reversed». R², Spearman’s ρ and the "
        "mutual information I (in nats, less its bias) say how well overlap tells similarity, not how much it "
        "changes it. «Not supported» is no proof of no effect: look at the width of the bar.",
        absent=_NO_RUNS,
        chart=chart_attribution.attribution,
        value="slope",
        choices=("measure", "experiment"),
    ),
    Section(
        name="trained",
        chapter="overlap",
        table="trained_runs",
        title="What the networks learned",
        caption="<strong>Did they all learn equally well?</strong> Each point is a network, on the samples that it "
        "learned from («training») or on others of the same classes («test»); lines are means. Where networks do "
        "better at some overlap than at another, their similarity may follow what they learned, not what they share.",
        absent=_NO_RUNS,
        chart=chart_trained.dots,
        choices=("experiment", "design", "metric", "dataset"),
    ),
    Section(
        name="consequence",
        chapter="overlap",
        table="consequence",
        title="Consequences against similarity",
        caption="<strong>What does similarity lead to?</strong> Each point is a run: the similarity of its two models "
        "against a consequence, such as the share of the attacks on one that fool the other. All designs share "
        "one line: where it runs between clouds rather than through them, the design and not similarity may tell.",
        absent=_NO_CONSEQUENCES,
        chart=chart_consequences.scatter,
        choices=("measure", "experiment", "kind", "detail", "dataset"),
    ),
    Section(
        name="consequence_slopes",
        chapter="overlap",
        table="consequence_slopes",
        title="What similarity leads to",
        caption="<strong>Which consequences are supported?</strong> Slopes of the consequences on similarity, with 95 "
        "% intervals over seeds; filled where «supported» or «reversed». Similarity was not dealt out, only overlap "
        "was: a slope on similarity may be overlap’s.",
        absent=_NO_CONSEQUENCES,
        chart=chart_attribution.consequence_slopes,
        value="slope",
        choices=("measure", "experiment"),
    ),
)
