"""Every figure as an Altair chart with its own data, to save as SVG, PNG or PDF without a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import altair as alt
import polars as pl

from seealike.report.charts import colors, shades
from seealike.report.choices import combinations, in_words, settled
from seealike.report.contents import SECTIONS
from seealike.report.derived import Chosen, prepared
from seealike.report.domains import full_domain
from seealike.report.layout import Tables, side_fields, table
from seealike.report.order import heat_map_order
from seealike.report.rows import DIFFERENT, Rows, group_names, section_rows
from seealike.report.sections import Look, Section


def figures(tables: Tables) -> dict[str, alt.TopLevelMixin]:
    """The report's figures in their first state: the first of every choice.

    The charts are those of the page; each can be saved by ``chart.save("figure.svg")`` (or .png, .pdf), with no
    browser and no network. Figures whose tables are missing or empty are not in the answer.

    Args:
        tables: the study's tables by name, as in ``tables/*.parquet``: "models", "datasets", "similarities" …

    Example:
        >>> import polars as pl
        >>> from seealike.data.tables import SIMILARITIES
        >>> rows = [("digits", "cka", x, y, float(x == y), *[None] * 3, 9, None) for x in "ab" for y in "ab"]
        >>> similarities = pl.DataFrame(rows, schema=SIMILARITIES, orient="row")
        >>> models, datasets = pl.DataFrame({"model": ["a", "b"]}), pl.DataFrame({"dataset": ["digits"]})
        >>> sorted(figures({"models": models, "datasets": datasets, "similarities": similarities}))
        ['similarities', 'similarity']
    """
    ready, found = prepared(tables), {}
    for section in SECTIONS:
        offered = combinations(section, ready)
        if not offered.is_empty():
            found[section.name] = figure(section, ready, settled(section, offered, {}))
    return found


def all_figures(tables: Tables) -> list[tuple[str, Callable[[], alt.TopLevelMixin]]]:
    """Every figure for every choice but those it keeps `fixed`: its name, and what draws it.

    Args:
        tables: the study's tables by name.

    Example:
        >>> models, datasets = pl.DataFrame({"model": ["a", "b"]}), pl.DataFrame({"dataset": ["digits"]})
        >>> all_figures({"models": models, "datasets": datasets})
        []
    """
    ready = prepared(tables)
    return [
        (
            "_".join([section.name, *(chosen[name] for name in section.choices)]),
            partial(figure, section, ready, chosen),
        )
        for section in SECTIONS
        for chosen in _worth_a_file(section, combinations(section, ready))
    ]


def _worth_a_file(section: Section, offered: pl.DataFrame) -> Iterator[Chosen]:
    if offered.is_empty():
        return
    varied = [name for name in section.choices if name not in section.fixed]
    if not varied:
        yield settled(section, offered, {})
        return
    for wanted in offered.select(varied).unique(maintain_order=True).iter_rows(named=True):
        yield settled(section, offered, wanted)


def figure(section: Section, ready: Tables, chosen: Chosen) -> alt.TopLevelMixin:
    """One figure with its rows.

    Args:
        section: which.
        ready: what `derived.prepared` makes of the study's tables.
        chosen: a value for each of the section's choices.
    """
    rows = section_rows(section, ready, chosen, chosen.get("field"))
    return section.chart(alt.InlineData(values=rows), look_of(section, ready, chosen, rows))


def look_of(section: Section, ready: Tables, chosen: Chosen, rows: Rows) -> Look:
    """What the chart cannot know from its rows (`Look`), for a saved figure."""
    groups = group_names(rows)
    models, datasets = ready["models"]["model"].to_list(), ready["datasets"]["dataset"].to_list()
    similarities = table(ready, "similarities")
    of = (
        None
        if similarities is None or "measure" not in chosen
        else similarities.filter(measure=chosen["measure"])
    )
    cards = _cards(section, ready)
    labels = {card["label"]: card["field"] for card in cards}
    return Look(
        subtitle=in_words(chosen),
        groups=groups,
        colors=colors(groups, quiet=DIFFERENT),
        models=models if of is None else heat_map_order(ready, chosen["measure"]),
        datasets=datasets,
        domain=[0, 1] if of is None else full_domain(of["similarity"]),
        chosen=chosen,
        cards=cards,
        labels=list(labels),
        label_colors=shades(list(labels.values())),
        n_models=len(models),
        n_datasets=len(datasets),
    )


def _cards(section: Section, ready: Tables) -> Rows:
    if not section.sides:
        return []
    named = ready[f"{section.sides}s"]
    return [
        {
            "name": row[section.sides],
            "field": field,
            "value": str(row[field]),
            "label": f"{field}: {row[field]}",
        }
        for field in side_fields(ready, section.sides)
        for row in named.sort(field, nulls_last=True).iter_rows(named=True)
        if row[field] is not None
    ]
