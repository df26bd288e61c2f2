"""Single judgements: which of them each model gets right, and one of them with its pictures."""

from __future__ import annotations

import altair as alt

from seealike.report.charts import GREY, PALETTE, Data, heading, number, text
from seealike.report.marks import highest_first, names_axis
from seealike.report.sections import Look

_CREDIT = alt.Scale(domain=[0, 0.5, 1], range=["#d9dce1", "#86b8dc", PALETTE[0]])
_SIDE = 150


def judged(data: Data, look: Look) -> alt.LayerChart:
    """Judgements in columns, from those that all models fail to those that all get right; models in rows.

    Args:
        data: rows of `JUDGED` of one set of judgements.
        look: only its subtitle.

    Example:
        >>> len(judged(alt.InlineData(values=[]), Look()).layer)
        1
    """
    legend = alt.Legend(title="credit of the model", gradientLength=90)
    tooltip = [
        text("trial", "judgement"),
        text("model", "model"),
        text("layer", "layer"),
        number("credit", "its credit"),
        number("human_value", "people"),
        number("all_models", "credit of all models"),
    ]
    x = alt.X(
        "trial:N",
        title="judgements, the hardest for these models first",
        sort=alt.EncodingSortField("all_models", op="max", order="ascending"),
        axis=alt.Axis(labels=False, ticks=False, domain=False),
    )
    y = alt.Y("model:N", sort=highest_first("of_model"), title=None, axis=names_axis())
    cells = alt.Chart().mark_rect(cursor="pointer").encode(x=x, y=y, tooltip=tooltip)
    return (
        alt.LayerChart(
            layer=[cells.encode(color=alt.Color("credit:Q", scale=_CREDIT, legend=legend))],
            data=data,
            name="judged",
            title=heading("Judgements that models disagree about", look.subtitle),
            width=760,
            height=alt.Step(18),
        )
        .transform_joinaggregate(all_models="mean(credit)", groupby=["trial"])
        .transform_joinaggregate(of_model="mean(credit)", groupby=["model"])
    )


def judgement(data: Data, look: Look) -> alt.VConcatChart:
    """One judgement: its pictures with what people said of them, and below the credit of each model.

    Args:
        data: rows of the derived table «judgement».
        look: only its subtitle.

    Example:
        >>> len(judgement(alt.InlineData(values=[]), Look()).vconcat)
        2
    """
    return alt.VConcatChart(
        vconcat=[_pictures(), _credits()],
        data=data,
        name="judgement",
        spacing=26,
        title=heading("One judgement", look.subtitle),
    )


def _pictures() -> alt.LayerChart:
    """The samples side by side; where a picture is not in the page, only its name."""
    x = alt.X("place:O", axis=None)
    base = alt.Chart().encode(x=x, tooltip=[text("role", "people"), text("sample", "sample")])
    frame = base.mark_rect(fill=None, stroke=GREY, width=_SIDE + 2, height=_SIDE + 2)
    odd = "indexof(['odd one out', 'farther'], datum.role) >= 0"
    stroke = alt.condition(odd, alt.value(PALETTE[1]), alt.value(GREY))
    pictures = base.transform_filter("isValid(datum.image)")
    middle = alt.value(_SIDE / 2)
    return alt.LayerChart(
        layer=[
            frame.encode(y=middle, stroke=stroke),
            pictures.mark_image(width=_SIDE, height=_SIDE).encode(
                y=middle, url="image:N", description="sample:N"
            ),
            base.transform_filter("!isValid(datum.image)")
            .mark_text(text="no picture here", color=GREY, fontSize=11)
            .encode(y=middle),
            base.mark_text(fontSize=12, fontWeight="bold").encode(
                y=alt.value(_SIDE + 16),
                text="role:N",
                color=alt.condition(odd, alt.value(PALETTE[1]), alt.value(GREY)),
            ),
            base.mark_text(fontSize=10, color=GREY, limit=_SIDE).encode(
                y=alt.value(_SIDE + 32), text="sample:N"
            ),
        ],
        width=alt.Step(_SIDE + 24),
        height=_SIDE + 36,
    ).transform_filter("isValid(datum.sample)")


def _credits() -> alt.LayerChart:
    """A line a model, and what people said as a dashed line."""
    x = alt.X("credit:Q", title="credit", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=5))
    y = alt.Y("model:N", sort=highest_first("credit"), title=None, axis=names_axis())
    tooltip = [text("model", "model"), text("layer", "layer"), number("credit", "credit")]
    base = alt.Chart().encode(x=x, y=y, tooltip=tooltip)
    people = (
        alt.Chart()
        .transform_aggregate(people="max(human_value)")
        .transform_filter("isValid(datum.people) && datum.people >= 0 && datum.people <= 1")
        .mark_rule(color=PALETTE[1], strokeDash=[5, 3], strokeWidth=1.6)
        .encode(x="people:Q", tooltip=number("people", "share of people"))
    )
    return alt.LayerChart(
        layer=[
            base.mark_bar(color=PALETTE[0], opacity=0.35, height=3),
            base.mark_point(filled=True, size=60, color=PALETTE[0], opacity=1),
            people,
        ],
        width=520,
        height=alt.Step(19),
    ).transform_filter("isValid(datum.credit)")
