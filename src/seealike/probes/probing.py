"""One function for every probe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seealike.errors import BadParameter, UnknownName, suggestion
from seealike.numerics.checks import Array
from seealike.probes.adamw import probe_adamw
from seealike.probes.logistic import probe_logistic
from seealike.probes.neighbors import probe_knn
from seealike.probes.result import ProbeResult
from seealike.probes.ridge import probe_ridge
from seealike.probes.split import Split

#: Name -> the probe.
PROBES: dict[str, Callable[..., list[ProbeResult]]] = {
    "adamw": probe_adamw,
    "logistic": probe_logistic,
    "ridge": probe_ridge,
    "knn": probe_knn,
}


def probe(
    train: Array,
    train_labels: Array,
    test: Array,
    test_labels: Array,
    *,
    method: str = "adamw",
    **options: Any,
) -> list[ProbeResult]:
    """How well the classes of samples can be read off their features.

    Args:
        train: (n_train, d) features to fit on, read as they are (the published ones have rows of unit length).
        train_labels: (n_train,) classes, whole numbers from 0.
        test: (n_test, d) features to report on.
        test_labels: (n_test,) their classes.
        method: "adamw" (as published), "logistic" (to the optimum), "ridge" (closed form) or "knn".
        options: of the method: see `seealike.probes.probe_adamw`, `probe_logistic`, `probe_ridge`, `probe_knn`; all
            have `seeds` (0, 1, 2), of the stratified fifth of the training samples that settings are chosen on.

    Returns:
        One result a seed, with top1, top5, mean_class_recall (0 to 1) of the test samples, the same of the training
        samples, and the settings that were chosen.

    Raises:
        UnknownName: no such method.
        BadParameter: an option that the method does not have, or of an impossible value.
        DataError: features and labels that do not fit each other.

    Example:
        >>> import numpy as np, seealike
        >>> rng = np.random.default_rng(0)
        >>> labels = rng.integers(0, 4, 200)
        >>> features = np.eye(4)[labels] + 0.1 * rng.standard_normal((200, 4))
        >>> results = seealike.probe(features, labels, features, labels, method="ridge")
        >>> [result.top1 for result in results]
        [0.995, 1.0, 0.995]
    """
    if method not in PROBES:
        fix = suggestion(method, PROBES)
        raise UnknownName(where=repr(method), expected="the name of a probe", got=repr(method), fix=fix)
    chosen = PROBES[method]
    known = set(chosen.__kwdefaults__ or {})
    if unknown := sorted(set(options) - known):
        raise BadParameter(
            where=f"{method} probe",
            expected=f"options among {', '.join(sorted(known))}",
            got=", ".join(unknown),
            fix=suggestion(unknown[0], known),
        )
    return chosen(Split.of(train, train_labels), Split.of(test, test_labels), **options)
