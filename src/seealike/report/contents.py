"""What the report shows: its chapters and, in each, its figures. A new figure is an entry here (see `sections`)."""

from __future__ import annotations

from seealike.report import chart_accuracy, chart_consistency, chart_scatter, chart_similarity
from seealike.report.contents_causes import CAUSES, PERFORMANCE
from seealike.report.contents_groups import GROUPS
from seealike.report.contents_overlap import OVERLAP
from seealike.report.contents_people import PEOPLE
from seealike.report.contents_spread import CONSISTENCY, MEASURES, SAMPLES, SPREAD
from seealike.report.sections import Chapter, Section

CHAPTERS = (
    Chapter("consistency", "Consistency", "Do models that are alike on one dataset stay alike on another?"),
    Chapter("similarities", "Similarities", "Which models are alike, and on which datasets?"),
    Chapter("groups", "Groups", "Which models fall together, and does a field of their cards tell which?"),
    Chapter("measures", "Measures", "Would another measure have said the same?"),
    Chapter("performance", "Performance", "Are models that do equally well alike?"),
    Chapter("samples", "Samples", "Were there enough samples?"),
    Chapter("causes", "Causes", "What makes models alike: objective, architecture, data or size?"),
    Chapter(
        "overlap",
        "Overlap",
        "What does shared training do to similarity, and similarity to its consequences?",
    ),
    Chapter("people", "People", "Do models see alike what people see alike?"),
    Chapter("aligned", "Aligned", "Did aligning a model with people help?"),
)

_NO_SIMILARITIES = (
    "This study has no similarities: none was computed, or the stage «compare» has not run yet."
)
_NO_CONSISTENCY = (
    "This study has no consistencies: they need similarities on at least two datasets and a set "
    "with at least three pairs of models."
)

#: In the order of the page; within a chapter from the figure that answers its question to those that explain it.
SECTIONS = (
    Section(
        name="consistency",
        chapter="consistency",
        table="consistency",
        title="Consistency of similarities across datasets",
        caption="<strong>Which models keep their similarities?</strong> Each point is a pair of datasets: the further "
        "right, the more alike the similarities of the same model pairs are on both. Rows stand by descending median "
        "(the tick); the box is the middle half. The grey band and the dotted line are the middle half and the median "
        "of all models (all × all). Click a row to see it dataset by dataset.",
        absent=_NO_CONSISTENCY,
        chart=chart_consistency.strip,
        choices=("measure", "correlation", "field"),
        click={"pair": "pair"},
    ),
    Section(
        name="consistency_by_datasets",
        chapter="consistency",
        table="consistency",
        title="Consistency, dataset by dataset",
        caption="<strong>Between which datasets?</strong> The same consistencies for one pair of model sets: blue "
        "cells are datasets that agree, orange ones disagree, grey crosses have no value (point at one to read why). "
        "Click a cell to see the two datasets’ similarities below.",
        absent=_NO_CONSISTENCY,
        chart=chart_consistency.grid,
        choices=("measure", "correlation", "field", "pair"),
        mirror=True,
        sides="dataset",
        click={"a": "dataset_x", "b": "dataset_y"},
    ),
    Section(
        name="scatter",
        chapter="consistency",
        table="scatter",
        title="The same model pairs on two datasets",
        caption="<strong>What consistency looks like.</strong> Each point is a pair of models; points near a rising "
        "line mean that pairs similar on one dataset are similar on the other. On the dashed diagonal the two "
        "similarities are equal.",
        absent="This figure needs similarities on at least two datasets.",
        chart=chart_scatter.scatter,
        choices=("measure", "a", "b"),
        fixed=("a", "b"),
    ),
    Section(
        name="similarity",
        chapter="similarities",
        table="similarities",
        title="Similarities of models",
        caption="<strong>Who is like whom?</strong> Each cell is a pair of models, the brighter the more similar; the "
        "bars beside the names show the models’ cards. All datasets share one order and one colour scale, so a "
        "pattern that stays from one small matrix to the next is consistent. Choose a dataset to enlarge it.",
        absent=_NO_SIMILARITIES,
        chart=chart_similarity.matrix,
        choices=("measure", "dataset"),
        mirror=True,
        sides="model",
    ),
    Section(
        name="similarities",
        chapter="similarities",
        table="similarities",
        title="Similarities of models on every dataset",
        caption="",
        absent="",
        chart=chart_similarity.small_multiples,
        choices=("measure",),
        mirror=True,
        home="similarity",
    ),
    Section(
        name="head_accuracy",
        chapter="performance",
        table="head_accuracy",
        title="Accuracy of the models' own heads",
        caption="<strong>Are these the models they claim to be?</strong> Dots are accuracies measured here, with one "
        "standard error to each side; diamonds are published ones. A diamond far outside its bar points at other "
        "weights or other preprocessing.",
        absent="No model of this study was tested with its own head on a dataset of the head’s classes.",
        chart=chart_accuracy.dots,
    ),
    *CONSISTENCY,
    *SPREAD,
    *GROUPS,
    *MEASURES,
    *PERFORMANCE,
    *SAMPLES,
    *CAUSES,
    *OVERLAP,
    *PEOPLE,
)
