"""The published linear probe: AdamW, its settings searched on held-out samples, all fits of a phase stacked.

Letters: n samples, d dimensions, C classes, F fits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import torch

from seealike.engine.allpairs import Progress
from seealike.engine.workers import count_workers, in_order
from seealike.errors import BadParameter
from seealike.probes.peak import Grid
from seealike.probes.result import Chosen, ProbeResult, scored
from seealike.probes.search import Data, SeedSearch, Settings, as_tensors, margins_of
from seealike.probes.split import Split, check_pair
from seealike.probes.stacked import fit

Task = TypeVar("Task")
Result = TypeVar("Result")

#: Classes × fits of one job: enough columns for a fast product, few enough for a worker's cache. It does not depend
#: on the machine, nor do the numbers.
_COLUMNS = 256


def probe_adamw(
    train: Split,
    test: Split,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    grid: Grid | None = None,
    epochs: int = 20,
    batch_size: int = 1024,
    exhaustive: bool = False,
    progress: Progress | None = None,
) -> list[ProbeResult]:
    """A linear classifier trained as in the consistency study, its settings searched on held-out samples.

    For each seed: a stratified fifth of the training samples is held out; for each learning rate a peak search over
    weight decay (see `Grid`) finds the highest top-1 there; with the best of all a last fit on all training samples
    gives the scores. All fits of a seed have the same initialization and order of samples, those of
    ``torch.manual_seed(seed)``; their numbers are those of a plain loop over ``nn.Linear``, ``AdamW`` and a
    shuffling ``DataLoader``, to rounding.

    The quick search leaves out fits that cannot matter. A weight decay whose effect on the whole training differs by
    less than .001 from that of a known one is taken for it. A learning rate that without decay is 5 points of top-1
    behind the best is searched no further; after one that is 2 points behind no smaller one is tried. How many
    held-out samples are right under a decay between others is bounded (see `seealike.probes.brackets`): a fit that
    cannot become the peak, or whose learning rate cannot become the best, is not done.

    Args:
        train: features and labels to fit on.
        test: features and labels to report on; of the same dimensions.
        seeds: one result each.
        grid: the settings to try; the published ones if left out.
        epochs: how often a fit sees every sample.
        batch_size: samples a step.
        exhaustive: whether to do every fit of the published search, for the same scores at three to five times the
            cost.
        progress: called with the number of fits done and that of all.

    Returns:
        One result a seed; settings: learning_rate and weight_decay.

    Raises:
        BadParameter: no seed, or epochs or a batch size below 1.
        DataError: splits that do not fit each other.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> labels = rng.integers(0, 3, 120)
        >>> split = Split(np.eye(3)[labels] + 0.1 * rng.standard_normal((120, 3)), labels)
        >>> [result.top1 for result in probe_adamw(split, split, seeds=[0], batch_size=32)]
        [1.0]

    Source:
        Ciernik et al. 2025, Objective drives the consistency of representational similarity across datasets, and
        its code; the search follows Radford et al. 2021, Learning transferable visual models, section A.3.
    """
    grid = grid or Grid()
    check_pair(train, test)
    _check(seeds, epochs, batch_size)
    data = Data.of(train, epochs, batch_size)
    told = _Told(progress, len(seeds) * (grid.most_fits + 1))
    with torch.no_grad():
        searches = [SeedSearch(data, seed, grid, exhaustive=exhaustive) for seed in seeds]
        while jobs := [(search, stack) for search in searches for stack in _stacks(search)]:
            for (search, stack), found in zip(
                jobs, _at_once(lambda job: margins_of(*job), jobs), strict=True
            ):
                search.learn(stack, found)
                told.add(len(stack))
        results = list[ProbeResult]()
        for result in _at_once(lambda search: _refitted(search, train, test), searches):
            results.append(result)
            told.add(1)
    told.reach(told.total)
    return results


def _check(seeds: Sequence[int], epochs: int, batch_size: int) -> None:
    if not seeds or epochs < 1 or batch_size < 1:
        raise BadParameter(
            where="probe",
            expected="at least one seed, one epoch and one sample a batch",
            got=f"{len(seeds)} seeds, {epochs} epochs, {batch_size} a batch",
            fix="Leave them out for the published ones.",
        )


class _Told:
    """Tells the caller how many fits are done, of the most that there can be."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def add(self, fits: int) -> None:
        self.reach(self.done + fits)

    def reach(self, done: int) -> None:
        self.done = done
        if self.progress:
            self.progress(done, self.total)


def _stacks(search: SeedSearch) -> list[list[Settings]]:
    """The wanted fits in stacks of about as many each."""
    settings = search.wanted()
    n_stacks = min(math.ceil(len(settings) * search.data.n_classes / _COLUMNS), len(settings))
    return [settings[k::n_stacks] for k in range(n_stacks)]


def _at_once(step: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
    # One thread a task, whatever tasks there are: how a product is shared out among threads changes its rounding.
    return in_order(step, tasks, count_workers(torch.device("cpu")))


def _refitted(search: SeedSearch, train: Split, test: Split) -> ProbeResult:
    """The fit on all training samples with the best settings, scored."""
    data = search.data
    best, right = search.best
    path = data.path(search.seed, np.arange(train.n))
    weights = fit(data.x, data.labels, path, *as_tensors([best]))[0]
    test_logits = torch.from_numpy(test.values) @ weights[:, :-1].T + weights[:, -1]
    chosen = Chosen(search.seed, best._asdict(), right / len(search.choose))
    return scored("adamw", chosen, train, (data.x @ weights.T).numpy(), test, test_logits.numpy())
