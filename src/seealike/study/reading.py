"""Similarities of other programs as cells of the stage «compare»: nothing is compared, one file is read."""

from __future__ import annotations

import polars as pl

from seealike.data.digests import cached_file_digest
from seealike.data.identity import digest
from seealike.data.imports.found_matrix import FoundMatrix
from seealike.data.store import write_table
from seealike.data.tables import SIMILARITIES, checked
from seealike.study.described import Imported
from seealike.study.results import Results
from seealike.study.units import ReadCell


def read_cells(imported: Imported | None, results: Results) -> list[ReadCell]:
    """One cell for every matrix that is used; its digest is of the file, the labels and the models used."""
    return [_cell(one, imported.models, results) for one in imported.matrices] if imported else []


def _cell(found: FoundMatrix, models: tuple[str, ...], results: Results) -> ReadCell:
    content = [cached_file_digest(path) for path in (found.path, found.names) if path]
    key = digest(["read", found.said, found.dataset, found.measure, content, models])
    return ReadCell(
        stage="compare",
        name=f"{found.dataset}, {found.measure} (read from {found.path.name})",
        digest=key,
        paths=(results.similarities(found.dataset, found.measure, key),),
        found=found,
        models=models,
    )


def read_matrix(cell: ReadCell) -> None:
    """Write the similarities of the models used; one that the matrix does not have is missing, with that reason."""
    table = cell.found.read()
    used = table.filter(pl.col("model_x").is_in(cell.models) & pl.col("model_y").is_in(cell.models))
    absent = [name for name in cell.models if name not in cell.found.models]
    if absent:
        pairs = [(x, y) for x in cell.models for y in cell.models if x in absent or y in absent]
        rows = {
            "dataset": cell.found.dataset,
            "measure": cell.found.measure,
            "model_x": [x for x, _ in pairs],
            "model_y": [y for _, y in pairs],
            "reason": [f"{x if x in absent else y} is not in {cell.found.path.name}" for x, y in pairs],
        }
        more = pl.DataFrame(rows, schema_overrides=SIMILARITIES)
        used = pl.concat([used, more], how="diagonal")
    write_table(cell.paths[0], checked(used, SIMILARITIES, str(cell.found.path)), made_from=cell.digest)
