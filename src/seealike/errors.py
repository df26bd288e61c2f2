"""Every error that seealike raises on purpose.

::

    SeealikeError              four clauses: where, expected, got, what to do
    ├─ SpecError               you can mend the study file or the command line
    │  ├─ UnknownName          no such measure, model, layer …; did you mean …?
    │  ├─ BadParameter         a parameter has an impossible value
    │  └─ StudyMistakes        every mistake of a study file, each with its line
    ├─ DataError (ValueError)  the arrays or images are not what was promised
    │  ├─ ShapeError
    │  ├─ NonFiniteError
    │  ├─ MisalignedSamples
    │  ├─ TooFewSamples
    │  ├─ BadSample            one image or text of a dataset cannot be read
    │  └─ OutOfMemory          a forward pass wants more memory than there is
    ├─ UndefinedMeasure        the mathematics has no answer here
    ├─ SourceError             a model or a dataset cannot be had
    │  └─ MissingDependency
    └─ StoreError              a file is missing, damaged or newer than this program
       ├─ MissingArtifact
       ├─ DamagedArtifact
       └─ NewerFormat

Low levels raise the short reason; callers add where it happened with `place`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class SeealikeError(Exception):
    """An error of four clauses: where it happened, what was expected, what came, and what to do.

    Example:
        >>> print(SeealikeError(where="cka", expected="2-D features", got="3-D", fix="Pool them first."))
        cka: expected 2-D features, got 3-D. Pool them first.
    """

    def __init__(self, *, where: str, expected: str, got: str, fix: str) -> None:
        super().__init__(where, expected, got, fix)
        self.where, self.expected, self.got, self.fix = where, expected, got, fix

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, got {self.got}. {self.fix}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.where, self.expected, self.got, self.fix)


def _rebuild(kind: type[SeealikeError], where: str, expected: str, got: str, fix: str) -> SeealikeError:
    """Make the error again in another process (exceptions do not pickle keyword arguments)."""
    return kind(where=where, expected=expected, got=got, fix=fix)


class SpecError(SeealikeError):
    """Something the user wrote, in a study file or on the command line, cannot be."""


class UnknownName(SpecError):
    """A name that nothing is registered under."""


class BadParameter(SpecError):
    """A parameter with an impossible value."""


class StudyMistakes(SpecError):
    """All the mistakes of one study file at once.

    Args:
        mistakes: one printable text a mistake, each with its file:line:column and the line itself.
    """

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        super().__init__(where="study", expected="no mistakes", got=str(len(mistakes)), fix="Mend each.")

    def __str__(self) -> str:
        count = len(self.mistakes)
        return "\n\n".join([*self.mistakes, f"{count} mistake{'s' * (count > 1)}; nothing was run."])

    def __reduce__(self) -> tuple[object, ...]:
        return StudyMistakes, (self.mistakes,)


class DataError(SeealikeError, ValueError):
    """Arrays, images or tables that are not what was promised."""


class ShapeError(DataError):
    """An array of the wrong shape."""


class NonFiniteError(DataError):
    """NaN or infinity among the features, or a loss that is no number."""


class MisalignedSamples(DataError):
    """Two sets of features do not hold the same samples."""


class TooFewSamples(DataError):
    """Fewer samples than the estimator needs."""


class BadSample(DataError):
    """One image or text of a dataset cannot be read; the others can."""


class OutOfMemory(DataError):
    """A forward pass wants more memory than there is; a smaller batch may fit."""


class UndefinedMeasure(SeealikeError):
    """The measure has no value for these features (no variance, say)."""


class SourceError(SeealikeError):
    """A model or a dataset cannot be had from its source."""


class MissingDependency(SourceError):
    """An optional library is not installed."""


class StoreError(SeealikeError):
    """A file of results is missing, damaged or unreadable."""


class MissingArtifact(StoreError):
    """A file that an earlier stage should have written is not there."""


class DamagedArtifact(StoreError):
    """A file that is there cannot be read or does not hold what it says."""


class NewerFormat(StoreError):
    """A file was written by a newer seealike."""


@contextmanager
def place(where: str) -> Iterator[None]:
    """Prefix the place of any seealike error raised inside.

    Example:
        >>> with place("dataset digits"):
        ...     raise DataError(where="image 3.png", expected="a readable image", got="0 bytes", fix="Remove it.")
        Traceback (most recent call last):
        ...
        seealike.errors.DataError: dataset digits: image 3.png: expected a readable image, got 0 bytes. Remove it.
    """
    try:
        yield
    except SeealikeError as error:
        error.where = f"{where}: {error.where}"
        raise


@contextmanager
def needed(library: str, extra: str, *, where: str) -> Iterator[None]:
    """Say what to install where an import inside fails.

    Args:
        library: what is imported, by a name that people know.
        extra: of seealike, that installs it.
        where: what needs it.

    Raises:
        MissingDependency: it is not installed, or cannot be imported.

    Example:
        >>> with needed("h5py", "hdf5", where="x.h5"):
        ...     import h5pie
        Traceback (most recent call last):
        ...
        seealike.errors.MissingDependency: x.h5: expected h5py, got No module named 'h5pie'. Run: pip ...
    """
    try:
        yield
    except ImportError as error:
        fix = f'Run: pip install "seealike[{extra}]".'
        raise MissingDependency(where=where, expected=library, got=str(error), fix=fix) from error


def clauses(detail: Mapping[str, Any]) -> tuple[str, str]:
    """What was expected and what came, of one of a validator's errors, for an error of our own.

    Example:
        >>> clauses({"msg": "Value error, expected two parts, got 'train'", "input": {}})
        ('two parts', "'train'")
        >>> clauses({"msg": "Input should be a valid integer", "input": "few"})
        ('a valid integer', "'few'")
    """
    said = (
        detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("expected ")
    )
    expected, _, got = said.partition(", got ")
    return expected, got or repr(detail["input"])


def suggestion(name: str, known: Iterable[str]) -> str:
    """Advice for an unknown name: the nearest known ones, or all of them.

    Example:
        >>> suggestion("cak", ["cka", "rsa"])
        "Did you mean 'cka'?"
        >>> suggestion("zzz", ["cka", "rsa"])
        'Known: cka, rsa.'
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(repr(n) for n in near)}?"
    return f"Known: {', '.join(names[:40])}." if names else "None is known."
