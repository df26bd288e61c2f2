"""What people said of images, joined to them by id: odd-one-out trials, choices, ratings, sameness, dissimilarities.

All arrays are as long as there are judgements; ids are sample ids of features, or row numbers (whole numbers).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np

from seealike.errors import DataError, NonFiniteError, ShapeError

Judged = TypeVar("Judged", "Trials", "Choices", "Ratings", "SamePairs")


@dataclass(frozen=True)
class Trials:
    """Odd-one-out trials: three samples, of which a person called the last the odd one.

    Attributes:
        triplets: (n, 3) sample ids or row numbers; three different ones a row, the odd one last.
        raters: (n,) who answered, where known.
        response_times: (n,) in one unit, where known.
        kinds: (n,) what sort of triplet it is ("coarse", …), where there are sorts.
        name: of the dataset, for errors.

    Raises:
        ShapeError: not (n, 3), or columns of other lengths.
        DataError: a triplet with the same sample twice; says in which row.

    Example:
        >>> Trials(np.array([["cat", "dog", "car"]]))[0:1].triplets.tolist()
        [['cat', 'dog', 'car']]
        >>> Trials(np.array([[0, 1, 1]]))
        Traceback (most recent call last):
        ...
        seealike.errors.DataError: trials row 0: expected three different samples, got [0, 1, 1]. Drop the trial.
    """

    triplets: np.ndarray
    raters: np.ndarray | None = None
    response_times: np.ndarray | None = None
    kinds: np.ndarray | None = None
    name: str = "trials"

    def __post_init__(self) -> None:
        if self.triplets.ndim != 2 or self.triplets.shape[1] != 3:
            raise ShapeError(
                where=self.name,
                expected="triplets of the shape (n, 3), the odd one last",
                got=f"shape {self.triplets.shape}",
                fix="Give one row a trial.",
            )
        _freeze(self, len(self.triplets))
        _different(self.triplets, self.name, "trial")

    def __len__(self) -> int:
        return len(self.triplets)

    def __getitem__(self, which: slice | np.ndarray) -> Trials:
        return _some(self, which)


@dataclass(frozen=True)
class Choices:
    """Two-alternative choices: which of two samples is nearer to a reference.

    Attributes:
        references: (n,) sample ids or row numbers.
        first: (n,) one alternative.
        second: (n,) the other.
        second_share: (n,) the share of votes for the second, in [0, 1].
        votes: (n,) how many votes there were, where known.
        groups: (n,) the part of the dataset (a split, a kind of distortion), where there are parts.
        name: of the dataset, for errors.

    Raises:
        ShapeError: columns of different lengths.
        DataError: shares outside [0, 1], alternatives that are the same sample; says in which row.

    Example:
        >>> made = Choices(np.array(["r"]), np.array(["a"]), np.array(["b"]), np.array([0.8]))
        >>> made.second_share.tolist()
        [0.8]
    """

    references: np.ndarray
    first: np.ndarray
    second: np.ndarray
    second_share: np.ndarray
    votes: np.ndarray | None = None
    groups: np.ndarray | None = None
    name: str = "choices"

    def __post_init__(self) -> None:
        _freeze(self, len(self.references))
        _shares(self.second_share, self.name)
        _different(self.samples, self.name, "choice")

    @property
    def samples(self) -> np.ndarray:
        """(n, 3): reference, first, second."""
        return np.stack([self.references, self.first, self.second], axis=1)

    def __len__(self) -> int:
        return len(self.references)

    def __getitem__(self, which: slice | np.ndarray) -> Choices:
        return _some(self, which)


@dataclass(frozen=True)
class Ratings:
    """Opinions of how good (MOS) or how bad (DMOS) a distorted version of a reference looks.

    Attributes:
        references: (n,) sample ids or row numbers.
        distorted: (n,) likewise.
        scores: (n,) mean opinions.
        higher_is_better: whether a higher score is a better image. Said for every dataset, never guessed: a
            column called "dmos" goes either way.
        distortions: (n,) the kind of distortion, where known.
        name: of the dataset, for errors.

    Raises:
        ShapeError: columns of different lengths.
        NonFiniteError: a score that is no number; says in which row.

    Example:
        >>> made = Ratings(np.array(["I01.png"]), np.array(["I01_01_01.png"]), np.array([4.6]), True)
        >>> len(made)
        1
    """

    references: np.ndarray
    distorted: np.ndarray
    scores: np.ndarray
    higher_is_better: bool
    distortions: np.ndarray | None = None
    name: str = "ratings"

    def __post_init__(self) -> None:
        _freeze(self, len(self.references))
        _finite(self.scores, self.name)

    def __len__(self) -> int:
        return len(self.references)

    def __getitem__(self, which: slice | np.ndarray) -> Ratings:
        return _some(self, which)


@dataclass(frozen=True)
class SamePairs:
    """Pairs of samples, and how many people took them for the same (just noticeable differences).

    Attributes:
        first: (n,) sample ids or row numbers.
        second: (n,) likewise.
        same_share: (n,) the share that said "the same", in [0, 1].
        groups: (n,) the part of the dataset, where there are parts.
        name: of the dataset, for errors.

    Raises:
        ShapeError: columns of different lengths.
        DataError: shares outside [0, 1]; says in which row.

    Example:
        >>> len(SamePairs(np.array(["a"]), np.array(["b"]), np.array([1 / 3])))
        1
    """

    first: np.ndarray
    second: np.ndarray
    same_share: np.ndarray
    groups: np.ndarray | None = None
    name: str = "same pairs"

    def __post_init__(self) -> None:
        _freeze(self, len(self.first))
        _shares(self.same_share, self.name)

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, which: slice | np.ndarray) -> SamePairs:
        return _some(self, which)


@dataclass(frozen=True)
class HumanRdm:
    """How dissimilar people find all pairs of some samples.

    Attributes:
        values: (n, n) symmetric, finite.
        sample_ids: n unique ids.
        name: of the dataset, for errors.

    Raises:
        ShapeError: not square, or not one id a row.
        DataError: not symmetric, or an id twice.
        NonFiniteError: NaN or infinity.

    Example:
        >>> HumanRdm(np.array([[0.0, 0.3], [0.3, 0.0]]), ("cat", "dog")).values[0].tolist()
        [0.0, 0.3]
    """

    values: np.ndarray
    sample_ids: tuple[str, ...]
    name: str = "human RDM"

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        n = len(self.sample_ids)
        if values.shape != (n, n):
            raise ShapeError(
                where=self.name,
                expected=f"{n} × {n} dissimilarities, one row an id",
                got=f"shape {values.shape}",
                fix="Give the ids of its rows, in their order.",
            )
        _finite(values.sum(axis=1), self.name)
        far = np.abs(values - values.T)
        if far.max(initial=0.0) > 1e-6 * np.abs(values).max(initial=0.0) or len(set(self.sample_ids)) != n:
            twice = "an id twice" if len(set(self.sample_ids)) != n else f"a difference of {far.max():.3g}"
            raise DataError(
                where=self.name,
                expected="a symmetric matrix with different ids",
                got=twice,
                fix="Average it with its transpose, or mend the ids.",
            )
        values.setflags(write=False)
        object.__setattr__(self, "values", values)


def odd_last(samples: np.ndarray, places: np.ndarray, name: str = "trials") -> np.ndarray:
    """Triplets in the order of `Trials`, from triplets and which of the three is the odd one.

    Args:
        samples: (n, 3) ids or numbers.
        places: (n,) 1, 2 or 3. Places that count from 0 are refused, not guessed.
        name: for errors.

    Raises:
        DataError: another place; says in which row.

    Example:
        >>> odd_last(np.array([[7, 8, 9], [7, 8, 9]]), np.array([1, 3])).tolist()
        [[8, 9, 7], [7, 8, 9]]
    """
    bad = np.flatnonzero((places != 1) & (places != 2) & (places != 3))
    if len(bad):
        raise DataError(
            where=f"{name} row {bad[0]}",
            expected="1, 2 or 3: which of the three samples is the odd one",
            got=str(places[bad[0]]),
            fix="Add 1 to all choices." if places.min() == 0 and places.max() <= 2 else "Mend the row.",
        )
    order = np.array([[1, 2, 0], [0, 2, 1], [0, 1, 2]])[places.astype(np.int64) - 1]
    return np.take_along_axis(samples, order, axis=1)


def _freeze(judged: object, n: int) -> None:
    """Read-only arrays of one length."""
    for field in fields(judged):  # pyright: ignore[reportArgumentType]
        value = getattr(judged, field.name)
        if not isinstance(value, np.ndarray):
            continue
        if len(value) != n:
            raise ShapeError(
                where=str(getattr(judged, "name", "")),
                expected=f"{n} values of {field.name}, one a judgement",
                got=str(len(value)),
                fix="Give every judgement its value.",
            )
        view = value.view()
        view.setflags(write=False)
        object.__setattr__(judged, field.name, view)


def _some(judged: Judged, which: slice | np.ndarray) -> Judged:
    columns = {f.name: getattr(judged, f.name) for f in fields(judged)}
    return replace(judged, **{k: v[which] for k, v in columns.items() if isinstance(v, np.ndarray)})


def _different(samples: np.ndarray, name: str, what: str) -> None:
    a, b, c = samples.T
    bad = np.flatnonzero((a == b) | (a == c) | (b == c))
    if len(bad):
        raise DataError(
            where=f"{name} row {bad[0]}",
            expected="three different samples",
            got=str(samples[bad[0]].tolist()),
            fix=f"Drop the {what}." if len(bad) == 1 else f"Drop these {len(bad)} {what}s.",
        )


def _finite(values: np.ndarray, name: str) -> None:
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise NonFiniteError(
            where=f"{name} row {bad[0]}",
            expected="a number",
            got=str(values[bad[0]]),
            fix="Drop or mend it.",
        )


def _shares(values: np.ndarray, name: str) -> None:
    _finite(values, name)
    bad = np.flatnonzero((values < 0) | (values > 1))
    if len(bad):
        raise DataError(
            where=f"{name} row {bad[0]}",
            expected="a share of votes between 0 and 1",
            got=str(values[bad[0]]),
            fix="Divide the votes by their number.",
        )
