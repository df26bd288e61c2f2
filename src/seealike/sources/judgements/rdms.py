"""Human dissimilarity matrices: THINGS-48, and whatever else comes as a matrix with a list of ids.

Peterson's and King's similarity matrices, Cichy's stacks of one matrix a participant: any ``.mat``, ``.npy``, ``.csv``
or ``.txt`` of a square, of a stack of squares (averaged over participants), or of condensed upper triangles.
"""

from __future__ import annotations

from importlib.resources import files
from math import isqrt
from typing import ClassVar

import numpy as np

from seealike.data.imports.reading import read_file, read_names
from seealike.data.judgements import HumanRdm
from seealike.errors import DataError
from seealike.sources.entry import LocalPath
from seealike.sources.judgements.card import JudgementCard

#: Entries of a symmetric matrix may differ by so much, of the largest.
_ROUNDING = 1e-6


class HumanRdmCard(JudgementCard):
    """A human matrix of dissimilarities, or of similarities.

    Attributes:
        ids: one id a row, in the matrix's order.
        variable: its name in the file, where the file holds several.
        similarities: whether larger is more alike; then dissimilarity is the largest entry minus each.
    """

    source_name: ClassVar[str] = "human_rdm"
    ids: LocalPath
    variable: str | None = None
    similarities: bool = False

    def read(self) -> HumanRdm:
        """The matrix, with ids."""
        return self._matrix(read_names(self.ids))

    def _matrix(self, names: list[str]) -> HumanRdm:
        values = square(self._array(), len(names), self.name)
        if self.similarities:
            values = values[~np.eye(len(values), dtype=bool)].max() - values
        np.fill_diagonal(values, 0)
        return HumanRdm(values, tuple(names), name=self.name)

    def _array(self) -> np.ndarray:
        found = {name: entry for name, entry in read_file(self.path).items() if entry.numeric}
        name = self.variable if self.variable is not None else next(iter(found)) if len(found) == 1 else None
        if name not in found:
            raise DataError(
                where=f"{self.name}, {self.path.name}",
                expected="one matrix" if name is None else f"a matrix {name!r}",
                got=", ".join(repr(key) for key in found) or "none",
                fix="Say which as `variable:`.",
            )
        return np.asarray(found[name].read(), dtype=np.float64)


class Things48Card(HumanRdmCard):
    """The 48 objects of THINGS all of whose triplets were judged (``RDM48_triplet.mat``); their ids are known here.

    Source: Hebart et al. 2020, "Revealing the multidimensional mental representations of natural objects underlying
    human similarity judgements".

    Attributes:
        sample: turns an object's id into a sample id, such as ``{id}/{id}_01b.jpg``.
    """

    source_name: ClassVar[str] = "things48"
    ids: None = None  # pyright: ignore[reportIncompatibleVariableOverride]
    variable: str | None = "RDM48_triplet"
    sample: str = "{id}"

    def read(self) -> HumanRdm:
        """The matrix, with ids."""
        return self._matrix([self.sample.format(id=name) for name in things48()])


def things48() -> list[str]:
    """The ids of the 48 objects, in the order of the matrix.

    Example:
        >>> len(things48()), things48()[:2]
        (48, ['pizza', 'beaver'])
    """
    table = files("seealike.sources.judgements") / "tables" / "things48.txt"
    return table.read_text(encoding="utf-8").split()


def square(values: np.ndarray, n: int, where: str) -> np.ndarray:
    """A matrix from a square, a stack of squares, or upper triangles (one, or one a participant); means of stacks.

    Args:
        values: (n, n), (p, n, n), (n, n, p), (n (n - 1)/2,) or (p, n (n - 1)/2).
        n: how many ids there are.
        where: for errors.

    Raises:
        DataError: another shape, or a square that is not symmetric.

    Example:
        >>> square(np.array([1.0, 2.0, 3.0]), 3, "m").tolist()
        [[0.0, 1.0, 2.0], [1.0, 0.0, 3.0], [2.0, 3.0, 0.0]]
    """
    values = np.squeeze(values)
    if values.ndim == 3:
        values = values.mean(axis=2 if values.shape[:2] == (n, n) else 0)
    if values.shape == (n, n):
        return _symmetric(values.copy(), where)
    pairs = n * (n - 1) // 2
    if values.ndim == 2 and values.shape[1] == pairs:
        values = values.mean(axis=0)
    if values.shape != (pairs,):
        size = (
            f" (a triangle of {(1 + isqrt(1 + 8 * values.size)) // 2} samples?)" if values.ndim == 1 else ""
        )
        raise DataError(
            where=where,
            expected=f"dissimilarities of {n} samples, one an id",
            got=f"shape {values.shape}{size}",
            fix="Give the ids of its rows.",
        )
    made = np.zeros((n, n))
    made[np.triu_indices(n, 1)] = values
    return made + made.T


def _symmetric(values: np.ndarray, where: str) -> np.ndarray:
    np.fill_diagonal(values, 0)
    gap = float(np.abs(values - values.T).max(initial=0.0))
    if not gap <= _ROUNDING * float(np.abs(values).max(initial=0.0)):
        raise DataError(
            where=where,
            expected="a symmetric matrix of numbers",
            got=f"a difference of {gap:.3g} from its transpose",
            fix="Average it with its transpose.",
        )
    return (values + values.T) / 2
