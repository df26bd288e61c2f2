"""The figures on what varies: over datasets, between pairs of model sets, with the measure, with more samples."""

from __future__ import annotations

from seealike.report import chart_agreement, chart_boxes, chart_differences, chart_sample_size, chart_spread
from seealike.report.sections import Section

_ONE_SIZE = (
    "This study has no dataset in several sizes: give a dataset «sizes», and add «sample_size» to the "
    "analyses of the study file."
)

CONSISTENCY = (
    Section(
        name="consistency_differences",
        chapter="consistency",
        table="consistency_differences",
        title="Differences between pairs of model sets",
        caption="<strong>Is one more consistent than another?</strong> By how much the median of the row’s model "
        "pairs lies above that of the column’s. Framed cells have p ≤ .05, corrected for all comparisons,"
        " when the models are dealt to the sets anew. Without a frame the difference may be luck in who "
        "was in the study; a frame says that the sets matter, not why: a set of near-equal similarities "
        "has a low consistency for that alone.",
        absent="This study has no tests of differences: add «consistency_differences» to the analyses of the "
        "study file.",
        chart=chart_differences.differences,
        choices=("measure", "correlation", "field"),
    ),
    Section(
        name="consistency_domains",
        chapter="consistency",
        table="consistency_domains",
        title="Consistency within and across domains",
        caption="<strong>Do datasets of one domain agree more?</strong> Marks are medians over the pairs of "
        "datasets from these two domains, thin bars their 95 % intervals (other models of the same "
        "kinds), wide ones the mean ± one standard deviation over the dataset pairs. The intervals do not"
        " cover the choice of datasets: a domain of two or three datasets says little about its domain.",
        absent="This study has no consistency by domains: it needs a field of the datasets, and "
        "«consistency_domains» among the analyses of the study file.",
        chart=chart_boxes.domains,
        choices=("measure", "correlation", "field"),
    ),
)

SPREAD = (
    Section(
        name="similarity_spread",
        chapter="similarities",
        table="similarity_spread",
        title="Mean and spread of similarities over datasets",
        caption="<strong>Do pairs of middling similarity vary most?</strong> Each point is a pair of models, its "
        "mean over all datasets against its standard deviation. The line joins the means of tenths of the"
        " pairs, the dashed one is the parabola whose curvature stands in the next figure. A measure that"
        " ends at 0 and 1 leaves no room at its ends, so that an inverse U may be that alone: compare the"
        " transforms, which stretch the ends.",
        absent="This study has no spread of similarities: it needs two datasets, and «similarity_spread» among "
        "the analyses of the study file.",
        chart=chart_spread.spread,
        choices=("measure", "transform"),
    ),
    Section(
        name="inverse_u",
        chapter="similarities",
        table="inverse_u",
        title="Curvature of spread on mean",
        caption="<strong>Is it an inverse U?</strong> The curvature of the parabola with its 95 % interval, one "
        "model left out after the other. Filled marks have p ≤ .05 in the stricter test: the spread rises"
        " before the peak <em>and</em> falls after it. A curvature below zero alone may be a rise that "
        "levels off. Curvatures of different transforms have different units and cannot be compared.",
        absent="This study has no test of the inverse U: add «inverse_u» to the analyses of the study file.",
        chart=chart_spread.inverse_u,
        value="curvature",
    ),
)

MEASURES = (
    Section(
        name="measure_agreement",
        chapter="measures",
        table="measure_agreement",
        title="Agreement of measures",
        caption="<strong>Do two measures say the same of the same pairs?</strong> Each line compares two measures"
        " over the same model pairs: on each dataset, on the means over datasets, and for consistencies. "
        "At 1 (dashed) the one tells the other; bars are 95 % intervals over models. High agreement says "
        "that the choice between the two does not matter for these models; it does not say that either of"
        " them is right.",
        absent="This study has one measure only, or no «measure_agreement» among the analyses of its study file.",
        chart=chart_agreement.strip,
        choices=("correlation",),
    ),
)

SAMPLES = (
    Section(
        name="sample_size",
        chapter="samples",
        table="sample_size",
        title="How far similarities move with more samples",
        caption="<strong>Would more samples change the similarities?</strong> From each size to the next larger "
        "one: the median change over model pairs (blue, the bar is the middle half) and the largest "
        "(dashed). The smaller subsets lie within the larger ones, so that a change is smaller than "
        "between two fresh draws; where the line is near zero more samples <em>of this dataset</em> would"
        " change little.",
        absent=_ONE_SIZE,
        chart=chart_sample_size.changes,
        choices=("dataset",),
    ),
    Section(
        name="sample_agreement",
        chapter="samples",
        table="sample_size",
        title="Agreement with the largest size",
        caption="<strong>How few samples would have done?</strong> The correlation over model pairs of the "
        "similarities at each size with those at the largest, which is 1 with itself by construction. It "
        "may be high although all similarities are shifted: read it together with the changes above.",
        absent=_ONE_SIZE,
        chart=chart_sample_size.agreement,
        choices=("dataset",),
    ),
)
