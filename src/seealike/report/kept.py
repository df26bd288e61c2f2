"""What of a study's tables stands in the page: all that figures draw, and what is short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from seealike.report.joined import DERIVED
from seealike.report.sections import Section

#: Tables without a figure are left to the Parquet files from this height on.
_LONG = 10_000
#: What the page itself reads.
_OWN = {"models", "datasets", "outcomes", "model_order"}
#: Columns of long tables that no figure shows.
_UNSHOWN = {"consistency": ("standard_error", "standard_error_samples")}


def kept(
    tables: Mapping[str, pl.DataFrame], sections: Sequence[Section]
) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """The tables of the page, and the names of those that are left out: no figure draws them, and they are long.

    Args:
        tables: what `derived.prepared` makes of the study's tables.
        sections: all figures.

    Example:
        >>> import polars as pl
        >>> frame = pl.DataFrame({"model": ["a"] * 20_000})
        >>> kept({"models": frame, "significance": frame}, [])[1]
        ['significance']
    """
    drawn = _OWN | {section.table for section in sections}
    drawn |= {name for derived in drawn & DERIVED.keys() for name in DERIVED[derived].made_of}
    left = [name for name, table in tables.items() if name not in drawn and table.height > _LONG]
    found = {
        name: table.drop(_UNSHOWN.get(name, ()), strict=False)
        for name, table in tables.items()
        if name not in left
    }
    return found, left
