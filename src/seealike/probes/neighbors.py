"""The vote of the nearest training samples.

Letters: n samples, C classes, k neighbors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, get_args

import numpy as np
import torch

from seealike.errors import BadParameter
from seealike.probes.result import Chosen, ProbeResult, scored
from seealike.probes.split import Split, check_pair, held_out

Nearness = Literal["euclidean", "cosine"]

#: The numbers of neighbors that are tried.
COUNTS = (1, 2, 5, 10, 20, 50, 100, 200)
#: Distances of about so many pairs are held at a time (64 MiB of float64).
_PAIRS = 2**23
#: Squared distances nearer than this share of the largest squared length are the same.
_DIGITS = 1e-12


def probe_knn(
    train: Split,
    test: Split,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    k: int | None = None,
    metric: Nearness = "euclidean",
) -> list[ProbeResult]:
    """The most frequent class among the k nearest training samples, k chosen on held-out samples.

    Every neighbor has one vote; of classes with as many votes the one with the lower number wins, of equally near
    neighbors the one with the lower row. The scores of the training samples do not count a sample among its own
    neighbors.

    Args:
        train: features and labels to vote.
        test: features and labels to report on.
        seeds: of the stratified fifth on which k is chosen among 1, 2, 5, 10, 20, 50, 100, 200; one result each.
        k: the number of neighbors, if it is not to be chosen.
        metric: "euclidean" or "cosine"; the same for rows of unit length.

    Returns:
        One result a seed; settings: k.

    Raises:
        BadParameter: no seed, an unknown metric, or a k that is not between 1 and n_train - 1.
        DataError: splits that do not fit each other.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> labels = rng.integers(0, 3, 60)
        >>> split = Split(np.eye(3)[labels] + 0.1 * rng.standard_normal((60, 3)), labels)
        >>> probe_knn(split, split, seeds=[0], k=5)[0].top1
        1.0
    """
    check_pair(train, test)
    _check(train, seeds, k, metric)
    if metric == "cosine":
        train, test = _unit(train), _unit(test)
    choices = [_choose(train, seed, k) for seed in seeds]
    most = max(int(choice.settings["k"]) for choice in choices)
    own = np.arange(train.n)
    among_train = nearest(train.values, train.values, most, without=own)
    among_test = nearest(test.values, train.values, most)
    results = []
    for choice in choices:
        train_votes, test_votes = (
            votes(train.labels[lists[:, : int(choice.settings["k"])]], train.n_classes)
            for lists in (among_train, among_test)
        )
        results.append(scored("knn", choice, train, train_votes, test, test_votes))
    return results


def _check(train: Split, seeds: Sequence[int], k: int | None, metric: str) -> None:
    if not seeds or metric not in get_args(Nearness) or (k is not None and not 1 <= k < train.n):
        raise BadParameter(
            where="knn probe",
            expected=f"at least one seed, k from 1 to {train.n - 1}, metric euclidean or cosine",
            got=f"seeds {tuple(seeds)}, k {k}, metric {metric!r}",
            fix="Leave them out for the usual ones.",
        )


def _unit(split: Split) -> Split:
    lengths = np.linalg.norm(split.values, axis=1, keepdims=True)
    return Split(split.values / np.where(lengths > 0, lengths, 1), split.labels)


def _choose(train: Split, seed: int, k: int | None) -> Chosen:
    rows, out = held_out(train.labels, seed)
    counts = [k] if k else [count for count in COUNTS if count <= len(rows)]
    lists = nearest(train.values[out], train.values[rows], min(counts[-1], len(rows)))
    found = train.labels[rows][lists]
    right = [int((votes(found[:, :c], train.n_classes).argmax(1) == train.labels[out]).sum()) for c in counts]
    best = max(range(len(counts)), key=lambda j: (right[j], -j))
    return Chosen(seed, {"k": counts[best]}, right[best] / len(out))


def votes(classes: np.ndarray, n_classes: int) -> np.ndarray:
    """(n, C) how many of each row's k neighbors are of each class.

    Example:
        >>> votes(np.array([[0, 2, 2]]), 3).tolist()
        [[1, 0, 2]]
    """
    n, _ = classes.shape
    places = classes + n_classes * np.arange(n)[:, None]
    return np.bincount(places.ravel(), minlength=n * n_classes).reshape(n, n_classes)


def nearest(
    queries: np.ndarray, samples: np.ndarray, k: int, *, without: np.ndarray | None = None
) -> np.ndarray:
    """(n_queries, k) rows of the nearest samples, nearest first; of equally near ones the lower row first.

    Squared distances count to the twelfth digit of the largest squared length: copies of one sample are
    equally near.

    Args:
        queries: (n_queries, d).
        samples: (n, d).
        k: how many, at most n (n - 1 with `without`).
        without: (n_queries,) a row for each query that is not counted.

    Example:
        >>> nearest(np.array([[0.0]]), np.array([[1.0], [-1.0], [0.5]]), 2).tolist()
        [[2, 0]]
    """
    among = torch.from_numpy(np.asarray(samples, dtype=np.float64))
    lists = [np.empty((0, k), dtype=np.int64)]
    for strip in _strips(len(queries), len(samples)):
        apart = _distances(torch.from_numpy(np.asarray(queries[strip], dtype=np.float64)), among)
        if without is not None:
            apart[torch.arange(len(apart)), torch.from_numpy(without[strip])] = torch.inf
        lists.append(_lowest(apart, k).numpy())
    return np.concatenate(lists)


def _strips(n: int, across: int) -> Iterator[slice]:
    rows = max(1, _PAIRS // across)
    yield from (slice(start, start + rows) for start in range(0, n, rows))


def _distances(queries: torch.Tensor, among: torch.Tensor) -> torch.Tensor:
    """Squared distances less those of the queries from 0, (n_queries, n), in whole units of their rounding."""
    lengths = (among * among).sum(dim=1)
    unit = max(float(lengths.max()), float((queries * queries).sum(dim=1).max())) * _DIGITS
    return torch.addmm(lengths, queries, among.T, alpha=-2).div_(unit or 1.0).round_()


def _lowest(apart: torch.Tensor, k: int) -> torch.Tensor:
    """(rows, k) columns of the lowest values, ties by column."""
    values, found = apart.topk(min(k + 1, apart.shape[1]), dim=1, largest=False)
    tied = (values[:, 1:] == values[:, :-1]).any(dim=1)
    found = found[:, :k]
    if tied.any():
        found[tied] = apart[tied].sort(dim=1, stable=True).indices[:, :k]
    return found
