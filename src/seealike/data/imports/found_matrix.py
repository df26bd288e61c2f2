"""A similarity matrix that was found on disk: of which models, dataset and measure, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from seealike.data.imports.matrices import matrix_table
from seealike.data.imports.tidy import tidy_table
from seealike.errors import UnknownName
from seealike.measures import bind
from seealike.measures.aliases import ALIASES, find

#: The layout of tables with one row a pair.
TIDY = "a table of pairs"


@dataclass(frozen=True)
class FoundMatrix:
    """One similarity matrix on disk: one dataset, one measure.

    Attributes:
        path: the file.
        dataset: the name of the dataset.
        measure: our id of the measure where its name is known, else its own name.
        models: the labels, in the order of the rows.
        layout: how it was understood, for the report.
        said: dataset and measure as the file calls them.
        names: the file with the labels, where they stand beside the matrix.
    """

    path: Path
    dataset: str
    measure: str
    models: tuple[str, ...]
    layout: str
    said: tuple[str, str]
    names: Path | None = None

    def read(self) -> pl.DataFrame:
        """All ordered pairs, as `tables.SIMILARITIES` has them; a number that is none is null with a reason.

        Raises:
            DataError: the file is damaged or a pickle, or its matrix is not square with one label a row.
        """
        table = (
            tidy_table(self.path, *self.said) if self.layout == TIDY else matrix_table(self.path, self.models)
        )
        return table.with_columns(dataset=pl.lit(self.dataset), measure=pl.lit(self.measure))


def measure_id(name: str) -> str:
    """Our id of the measure that the published pipeline calls so, or that is named with its program; else the name.

    A bare name ("cka") stays what it is: programs mean different things by it.

    Example:
        >>> measure_id("rsa_method_correlation_corr_method_spearman"), measure_id("platonic-rep/cka"), measure_id("cka")
        ('rsa-compare=spearman-rdm=correlation', 'cka-kernel=linear-unbiased=false', 'cka')
    """
    try:
        alias = ALIASES.get(f"similarity_consistency/{name}") or find(name)
    except UnknownName:
        return name
    return bind(alias.measure, alias.parameters).id if alias else name


def common_models(found: list[FoundMatrix]) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    """The models that all matrices have, in the order of the first; the others with the datasets that lack them.

    Example:
        >>> def matrix(dataset, models):
        ...     return FoundMatrix(Path(), dataset, "cka", models, "", ("", ""))
        >>> common_models([matrix("A", ("a", "b", "c")), matrix("B", ("c", "b"))])
        (('b', 'c'), {'a': ['B']})
    """
    every = dict.fromkeys(name for one in found for name in one.models)
    lacking = {
        name: list(dict.fromkeys(one.dataset for one in found if name not in one.models)) for name in every
    }
    return tuple(n for n, where in lacking.items() if not where), {n: w for n, w in lacking.items() if w}


def renamed(found: FoundMatrix, dataset: str) -> FoundMatrix:
    """The same matrix under another name of its dataset."""
    return replace(found, dataset=dataset)
