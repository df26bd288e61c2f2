"""The key `published_alignment:` of a study file: published scores against people, to stand beside the study's own."""

from __future__ import annotations

from collections.abc import Collection
from importlib.resources import files

import polars as pl

from seealike.data.tables import PUBLISHED_ALIGNMENT
from seealike.errors import suggestion
from seealike.study.document import Document


def published_alignment(
    document: Document, models: Collection[str], human: Collection[str]
) -> tuple[dict[str, object], ...]:
    """The published numbers of the study's sets of judgements: of its models, and of baselines (without a layer).

    Args:
        document: of the study file; the key names a table that comes with seealike, or a CSV file with the columns of
            `tables.PUBLISHED_ALIGNMENT`.
        models: the names of the study's models.
        human: the names of its sets of judgements.
    """
    named = document.data.get("published_alignment")
    if named is None:
        return ()
    table = _read(document, str(named))
    if table is None:
        return ()
    known = pl.col("human").is_in(list(human)) & (
        pl.col("model").is_in(list(models)) | (pl.col("layer") == "")
    )
    return tuple(table.filter(known).to_dicts())


def _read(document: Document, named: str) -> pl.DataFrame | None:
    shipped = {
        f.name.removesuffix(".csv"): f
        for f in (files("seealike") / "studies").iterdir()
        if f.name.endswith(".csv")
    }
    path = (document.file.parent / named).resolve()
    if named not in shipped and not path.is_file():
        known = suggestion(named, shipped)
        document.mistake(("published_alignment",), f"expected a CSV file, or a table of seealike's. {known}")
        return None
    text = shipped.get(named, path).read_text(encoding="utf-8")
    try:
        table = pl.read_csv(text.encode(), schema_overrides=PUBLISHED_ALIGNMENT)
    except pl.exceptions.PolarsError as error:
        document.mistake(("published_alignment",), f"{named}: {str(error).splitlines()[0]}")
        return None
    lacking = [name for name in PUBLISHED_ALIGNMENT if name not in table.columns]
    if lacking:
        document.mistake(
            ("published_alignment",), f"{named}: expected the columns {', '.join(PUBLISHED_ALIGNMENT)}"
        )
        return None
    return table.select(*PUBLISHED_ALIGNMENT).with_columns(pl.col("layer").fill_null(""))
