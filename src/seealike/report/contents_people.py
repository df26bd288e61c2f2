"""The figures on people: how human-like models are, single judgements, and what aligning them did."""

from __future__ import annotations

from seealike.report import (
    chart_depth,
    chart_judged,
    chart_layers,
    chart_people,
    chart_proof,
    chart_published,
    chart_typical,
)
from seealike.report.sections import Section

_NO_PEOPLE = "No model was compared with people’s judgements: give the study file «human»."
_NO_BESIDE = (
    "This figure needs similarities between models and their alignment with people: give the study file "
    "«human» and datasets with measures."
)
_NO_JUDGED = "No single judgements are kept: give the study file «human», with two models or more."

PEOPLE = (
    Section(
        name="alignment_depth",
        chapter="people",
        table="people_depth",
        title="Alignment with people, layer by layer",
        caption="<strong>At which depth do models see as people do?</strong> A panel a set of judgements, from low to "
        "high level; a line a model from its first to its last layer, and right of it its projection. Bands "
        "are 95 % intervals over judgements. Dashed lines are ceilings: how well people can be told from other "
        "people («majority» too high, «leave one out» a little too low), and chance; dotted lines are plain "
        "measures of images. The peak of a line is picked from many layers, so that it lies a little too high.",
        absent=_NO_PEOPLE,
        chart=chart_depth.depth,
        choices=("distance", "readout", "score"),
    ),
    Section(
        name="alignment_matrix",
        chapter="people",
        table="people_best",
        title="Alignment with people, best layers",
        caption="<strong>Which models are human-like at which level?</strong> Each model’s best layer or projection "
        "for each set of judgements; the brightest cell is the best of its column. Columns have different "
        "scores and ceilings: compare within a column, not across. Plain measures of images stand last.",
        absent=_NO_PEOPLE,
        chart=chart_people.matrix,
        choices=("distance", "readout", "score"),
        click={"human": "human"},
    ),
    Section(
        name="alignment_layers",
        chapter="people",
        table="alignment_layers",
        title="Layers that may be the most human-like",
        caption="<strong>Which layer is the most human-like, and how sure is that?</strong> A row a model, a mark a "
        "layer; the larger, the farther above chance. All layers of a model are tested together: dark ones may be "
        "the best of it (with 95 % confidence the best is among them), light ones are behind it, grey ones are no "
        "better than chance would be somewhere among so many layers.",
        absent=_NO_PEOPLE,
        chart=chart_layers.layers,
        choices=("human", "score", "distance"),
        fixed=("score", "distance"),
    ),
    Section(
        name="alignment_differences",
        chapter="people",
        table="alignment_differences",
        title="Differences between models on the same judgements",
        caption="<strong>Is one model nearer to people than another?</strong> By how much the row’s model scores "
        "higher than the column’s, each at its best layer, on the same judgements; framed where q ≤ .05. No "
        "frame is not «the same». Where the score is an error, higher is farther from people.",
        absent=_NO_PEOPLE,
        chart=chart_people.differences,
        choices=("human", "score", "distance"),
        fixed=("distance",),
    ),
    Section(
        name="people_typical",
        chapter="people",
        table="people_typical",
        title="Similarity to other models and to people",
        caption="<strong>Are models that are like other models like people?</strong> Each point is a model: its mean "
        "similarity to all others against its alignment with people at its best layer. The dashed line is "
        "a least-squares fit; with few models it says little, and kinds of models that come together pull it.",
        absent=_NO_BESIDE,
        chart=chart_typical.typical,
        choices=("human", "distance", "readout", "measure", "dataset"),
        fixed=("distance", "readout", "dataset"),
    ),
    Section(
        name="people_gap",
        chapter="people",
        table="people_gap",
        title="Similarity and the gap in alignment with people",
        caption="<strong>Do similar models see equally much as people do?</strong> Each point is a pair of models: its "
        "similarity against the difference of their alignment, the brighter the more human-like the better "
        "of the two. Pairs share models, so that the points are not independent.",
        absent=_NO_BESIDE,
        chart=chart_typical.gap,
        choices=("human", "distance", "readout", "measure", "dataset"),
        fixed=("distance", "readout", "dataset"),
    ),
    Section(
        name="judged",
        chapter="people",
        table="judged",
        title="Judgements that models disagree about",
        caption="<strong>Which judgements tell models apart?</strong> A column a judgement, a row a model at its best "
        "layer; blue where the model agrees with people. Only the judgements that models disagree about most are "
        "kept. Click one to see it below.",
        absent=_NO_JUDGED,
        chart=chart_judged.judged,
        choices=("human",),
        click={"trial": "trial"},
    ),
    Section(
        name="judgement",
        chapter="people",
        table="judgement",
        title="One judgement",
        caption="<strong>What was asked, and who was right?</strong> The samples and what people said of them, and "
        "below the credit of each model; the dashed line is the share of people who said so. Pictures stand here "
        "only if the report was written with «--images»: mind their licence before you pass it on.",
        absent=_NO_JUDGED,
        chart=chart_judged.judgement,
        choices=("human", "trial"),
        fixed=("trial",),
    ),
    Section(
        name="published_beside",
        chapter="people",
        table="published_beside",
        title="Published numbers beside this study’s",
        caption="<strong>Are these the published numbers?</strong> Diamonds are published, dots are this study’s, with "
        "95 % intervals over judgements. A diamond outside its bar points at other weights, other "
        "preprocessing or other judgements: the interval does not cover those.",
        absent="No published numbers belong to this study.",
        chart=chart_published.published,
        choices=("experiment", "human", "distance", "score"),
        fixed=("distance", "score"),
    ),
    Section(
        name="proof",
        chapter="aligned",
        table="proof",
        title="Before and after aligning",
        caption="<strong>Did aligning help, and what did it cost?</strong> A panel a test: the model before (base), "
        "the control that was treated alike without people’s judgements, and the aligned model. Small marks are seeds, "
        "large ones all of them, bars 95 % intervals, the solid line what a crowd of people reaches. What the control "
        "gains too is not due to people. Panels of times: do people take longer where the model is less sure?",
        absent="No model was aligned here: «seealike align evaluate» makes this table.",
        chart=chart_proof.proof,
    ),
)
