"""The published linear probe, stacked, against the same as a plain loop: time, and the accuracy that is selected.

    python benchmarks/probes.py [--seeds 3] [--samples 4000] [--dims 768] [--only NAME] [--no-write]

In one process, on the same threads, for each seed in turn: the plain loop as published (a DataLoader over a Dataset,
num_workers 0), the same loop with batches taken by indexing, then our exhaustive search (every published fit) and our
quick one (the default), each for all seeds at once. Real images are read from SEEALIKE_DATA, or from
../shared/data beside the repository, and left out where there are none; made features have 10 and 100 classes. The
table is printed and written to benchmarks/results/probes.md, in about a quarter of an hour on two processors.
"""

from __future__ import annotations

import argparse
import gzip
import os
import platform
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from all_pairs import _processor
from plain_probe import EPOCHS, Outcome, PlainProbe

from seealike.engine.workers import in_order
from seealike.probes import Grid, ProbeResult, Split, probe_adamw

T = TypeVar("T")
Times = dict[str, list[tuple[float, float]]]

RESULTS = Path(__file__).parent / "results" / "probes.md"
DATA = Path(os.environ.get("SEEALIKE_DATA", Path(__file__).parents[2] / "shared" / "data")) / "images"
#: Classes -> how far the samples of a class lie apart, for accuracies of 70 to 90 %.
MADE = {10: 3.0, 100: 1.5}
PLAIN, INDEXED, ALL_FITS, QUICK = "plain loop", "plain loop, no DataLoader", "ours, every fit", "ours"


def main() -> None:
    """Parse, measure, print, write."""
    options = _parser().parse_args()
    cases = {name: case for name, case in _cases().items() if options.only in (None, name)}
    blocks = [_block(name, *make(options), options.seeds) for name, make in cases.items()]
    report = "\n".join([*_header(options), *(line for block in blocks for line in ("", *block))]) + "\n"
    print(report)
    if not options.no_write:
        RESULTS.write_text(report, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="The published linear probe, stacked, against a plain loop.")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=4_000, help="four fifths of them to train on")
    parser.add_argument("--dims", type=int, default=768, help="of the made features; images have 784")
    parser.add_argument("--only", choices=[*_cases()])
    parser.add_argument("--no-write", action="store_true", help="print only")
    return parser


def _header(options: argparse.Namespace) -> list[str]:
    return [
        "# The published linear probe, stacked, against a plain loop",
        "",
        f"- {_processor()}, {os.cpu_count()} cores, torch {torch.__version__} on {torch.get_num_threads()} "
        f"threads, Python {platform.python_version()}, {platform.system()}",
        f"- seeds 0 to {options.seeds - 1}: seconds are those of all of them. A plain loop takes one after the other; "
        "after each, ours does all in one call, of which the median is shown. In brackets seconds of processor "
        "time, which other programs on the same machine disturb less",
        "- top-1 is that of the test samples after the search, mean over seeds; the difference is the largest of "
        "any seed, in points",
        "- the floor is the time of the matrix products of these fits alone, at the rate that this machine reaches "
        "for such products in stacks on all threads",
    ]


def _cases() -> dict[str, Callable[[argparse.Namespace], tuple[Split, Split]]]:
    made = {f"{c} classes": partial(_made, c, noise) for c, noise in MADE.items()}
    real = {name: partial(_images, name) for name in ("mnist", "notmnist")}
    return made | {name: make for name, make in real.items() if (DATA / f"{name}_test.idx.gz").exists()}


def _made(n_classes: int, noise: float, options: argparse.Namespace) -> tuple[Split, Split]:
    """Features like a network's: classes in 24 directions, mixed, rectified, rows of unit length."""
    rng = np.random.default_rng(0)
    n, d = options.samples, options.dims
    labels = rng.integers(0, n_classes, n)
    hidden = rng.standard_normal((n_classes, 24))[labels] + noise * rng.standard_normal((n, 24))
    mixed = hidden @ rng.standard_normal((24, d)) + 2 * rng.standard_normal((n, d))
    return _parts(np.maximum(mixed, 0), labels)


def _images(name: str, options: argparse.Namespace) -> tuple[Split, Split]:
    """The pixels of real images of 28 x 28."""
    pixels = np.frombuffer(gzip.decompress((DATA / f"{name}_test.idx.gz").read_bytes())[16:], np.uint8)
    labels = np.frombuffer(gzip.decompress((DATA / f"{name}_test_labels.idx.gz").read_bytes())[8:], np.uint8)
    rows = np.random.default_rng(0).permutation(len(labels))[: options.samples]
    return _parts(pixels.reshape(-1, 784)[rows].astype(np.float64), labels[rows].astype(np.int64))


def _parts(values: np.ndarray, labels: np.ndarray) -> tuple[Split, Split]:
    unit = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    cut = len(labels) * 4 // 5
    return Split(unit[:cut], labels[:cut]), Split(unit[cut:], labels[cut:])


def _block(name: str, train: Split, test: Split, seeds: int) -> list[str]:
    """The table of one case."""
    jobs: dict[str, Callable[[int], list[Outcome]]] = {
        PLAIN: lambda seed: [PlainProbe(train, test, seed).run()],
        INDEXED: lambda seed: [PlainProbe(train, test, seed, loader=False).run()],
        ALL_FITS: lambda _: _ours(train, test, range(seeds), exhaustive=True),
        QUICK: lambda _: _ours(train, test, range(seeds)),
    }
    _ours(train, test, [0], grid=Grid(learning_rates=(0.1,), spans=()))  # the libraries warm up
    times: Times = {job: [] for job in jobs}
    outcomes: dict[str, list[Outcome]] = {job: [] for job in jobs}
    for seed in range(seeds):
        for job, run in jobs.items():
            spent, found = _timed(lambda run=run, seed=seed: run(seed))
            times[job].append(spent)
            outcomes[job] = outcomes[job] + found if job in (PLAIN, INDEXED) else found
    # A plain loop takes the seeds one by one; ours took all of them in every round.
    spent = {job: (np.sum if job in (PLAIN, INDEXED) else np.median)(times[job], axis=0) for job in jobs}
    chosen = (
        f"{job}: " + ", ".join(f"{o.learning_rate:g} {o.weight_decay:.2g}" for o in outcomes[job])
        for job in (PLAIN, ALL_FITS, QUICK)
    )
    return [
        f"{name}: {train.n} training samples, {test.n} test samples, {train.n_classes} classes, d = {train.d}",
        "",
        "| what | fits | seconds | plain loop / it | without DataLoader / it | floor | top-1 | difference |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(job, spent, outcomes, train) for job in jobs),
        "",
        f"Chosen (learning rate, weight decay), a seed: {'; '.join(chosen)}",
    ]


def _row(job: str, spent: dict[str, np.ndarray], outcomes: dict[str, list[Outcome]], train: Split) -> str:
    found, plain = outcomes[job], outcomes[PLAIN]
    fits = sum(outcome.fits for outcome in found)
    # The last fit of a seed sees all samples, the others four fifths of them.
    work = 4 * train.n * (train.d + 1) * train.n_classes * EPOCHS * (0.8 * (fits - len(found)) + len(found))
    apart = max(abs(a.top1 - b.top1) for a, b in zip(found, plain, strict=True))
    ratios = "".join(
        f"| {wall:.1f} ({own:.1f}) " for wall, own in (spent[o] / spent[job] for o in (PLAIN, INDEXED))
    )
    return (
        f"| {job} | {fits} | {spent[job][0]:.2f} ({spent[job][1]:.2f}) {ratios}| {work / _rate(train):.2f} "
        f"| {100 * np.mean([o.top1 for o in found]):.2f} % | {100 * apart:.2f} |"
    )


def _timed(job: Callable[[], T]) -> tuple[tuple[float, float], T]:
    """Seconds, and seconds of this process on all its processors."""
    start = time.perf_counter(), time.process_time()
    result = job()
    return (time.perf_counter() - start[0], time.process_time() - start[1]), result


def _ours(
    train: Split, test: Split, seeds: Sequence[int], *, exhaustive: bool = False, grid: Grid | None = None
) -> list[Outcome]:
    told = list[int]()
    results = probe_adamw(
        train,
        test,
        seeds=seeds,
        grid=grid,
        exhaustive=exhaustive,
        progress=lambda done, _: told.append(done),
    )
    # The last call is the promise that all is done; the one before it counted the fits.
    return [_outcome(result, told[-2] // len(seeds)) for result in results]


def _outcome(result: ProbeResult, fits: int) -> Outcome:
    settings = result.settings
    return Outcome(
        settings["learning_rate"], settings["weight_decay"], result.validation_top1, result.top1, fits
    )


def _rate(train: Split) -> float:
    """Operations a second of the products of 240 columns with a batch, both ways, on all threads at once."""
    x, w = torch.randn(1024, train.d + 1), torch.randn(240, train.d + 1)
    out, back = torch.empty(240, 1024), torch.empty(240, train.d + 1)

    def products(_: int) -> None:
        torch.mm(w, x.T, out=out)
        torch.mm(out, x, out=back)

    def seconds() -> float:
        return _timed(lambda: list(in_order(products, range(40), torch.get_num_threads())))[0][0]

    return 40 * 4 * x.numel() * len(w) / min(seconds() for _ in range(5))


if __name__ == "__main__":
    main()
