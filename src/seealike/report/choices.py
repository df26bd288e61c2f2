"""The choices of a figure: which of their combinations have rows, and which one is shown."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from seealike.report.joined import DERIVED
from seealike.report.layout import Tables, measure_label, table
from seealike.report.sections import Section

#: Choices that hold for the whole page, in the order of their fields.
PAGE_WIDE = ("measure", "correlation", "field")


def combinations(section: Section, tables: Tables) -> pl.DataFrame:
    """The combinations of the section's choices that have rows, as text, one a row; "" where a column is null.

    A section without choices has one row without columns if its table is there, and none if it is not: look at the
    table's `height`.

    Args:
        section: any section.
        tables: what `derived.prepared` makes of the study's tables.

    Example:
        >>> from seealike.report.contents import SECTIONS
        >>> frame = pl.DataFrame({"measure": ["cka", "rsa", "cka"], "correlation": "pearson", "field": "objective"})
        >>> section = next(section for section in SECTIONS if section.name == "consistency")
        >>> combinations(section, {"consistency": frame})["measure"].to_list()
        ['cka', 'rsa']
    """
    if section.table in DERIVED:
        found = DERIVED[section.table].combinations(tables)
    else:
        kept = table(tables, section.table)
        found = pl.DataFrame(schema=dict.fromkeys(section.choices, pl.String)) if kept is None else kept
    texts = [pl.col(name).cast(pl.String).fill_null("") for name in section.choices]
    return (
        found.select(texts).unique(maintain_order=True)
        if texts
        else found.select(pl.len().alias("rows")).filter(pl.col("rows") > 0)
    )


def settled(section: Section, found: pl.DataFrame, wanted: Mapping[str, str]) -> dict[str, str]:
    """The combination that is shown: what is wanted where there are rows of it, else the first that there is.

    Args:
        section: any section.
        found: its `combinations`, not empty.
        wanted: choice -> value, of any choices.

    Example:
        >>> from seealike.report.contents import SECTIONS
        >>> (section,) = [section for section in SECTIONS if section.name == "similarity"]
        >>> found = pl.DataFrame({"measure": ["cka", "cka", "rsa"], "dataset": ["d", "e", "e"]})
        >>> settled(section, found, {"measure": "rsa", "dataset": "d"})
        {'measure': 'rsa', 'dataset': 'e'}
    """
    chosen: dict[str, str] = {}
    for name in section.choices:
        offered = found.filter(**chosen)[name].unique(maintain_order=True).to_list()
        chosen[name] = wanted[name] if wanted.get(name) in offered else offered[0]
    return chosen


def in_words(chosen: Mapping[str, str]) -> str:
    """The choices as a figure's second line.

    Example:
        >>> in_words({"measure": "cka", "dataset": "digits", "field": "objective", "of": ""})
        'digits; CKA; models by objective'
    """
    words = {"measure": measure_label, "field": lambda name: f"models by {name}"}
    rest = [name for name in chosen if name not in PAGE_WIDE and name not in ("a", "b")]
    return "; ".join(words.get(name, str)(chosen[name]) for name in [*rest, *PAGE_WIDE] if chosen.get(name))
