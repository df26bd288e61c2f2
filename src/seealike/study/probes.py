"""Probes as a study file names them: a method with all its options fixed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from seealike.analyses.base import keyword_options
from seealike.data.identity import digest
from seealike.errors import UnknownName, suggestion

if TYPE_CHECKING:
    from seealike.probes import ProbeResult, Split

Progress: TypeAlias = Callable[[int, int], None]

#: Raised when the numbers of a method change.
_VERSION = 2
#: The published seeds are 0, 1 and 2: three from the study's own on.
_SEEDS = 3


@dataclass(frozen=True)
class BoundProbe:
    """A way to probe, with all its options fixed.

    Attributes:
        method: as study files write it.
        run: (train, test, **options) -> one result a seed.
        options: by name.

    Example:
        >>> bind_probe("ridge", {}, seed=7).options["seeds"]
        [7, 8, 9]
    """

    method: str
    run: Callable[..., list[ProbeResult]]
    options: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Method and digest of version and options."""
        return f"{self.method}-{digest([_VERSION, self.options])}"

    def __call__(self, train: Split, test: Split, progress: Progress) -> list[ProbeResult]:
        """Train and test, one result a seed; progress is told of where the method can say."""
        told = {"progress": progress} if "progress" in inspect.signature(self.run).parameters else {}
        return self.run(train, test, **self.options, **told)


def bind_probe(method: str, options: Mapping[str, Any], seed: int = 0) -> BoundProbe:
    """Fix the options of a method, with defaults filled in; seeds are the study's and the next two.

    Raises:
        UnknownName: no such method.
        BadParameter: an unknown option or an impossible value.

    Example:
        >>> bind_probe("knn", {"seeds": [4]}).options["seeds"]
        [4]
        >>> bind_probe("lasso", {})
        Traceback (most recent call last):
        ...
        seealike.errors.UnknownName: probe: expected a method, got 'lasso'. Known: adamw, knn, logistic, ridge.
    """
    from seealike.probes import PROBES  # which needs torch

    if method not in PROBES:
        raise UnknownName(
            where="probe", expected="a method", got=repr(method), fix=suggestion(method, PROBES)
        )
    run = PROBES[method]
    fixed = keyword_options(run, options, where=f"probe {method}", apart=("progress",))
    if "seeds" not in options:
        fixed["seeds"] = list(range(seed, seed + _SEEDS))
    return BoundProbe(method, run, fixed)
