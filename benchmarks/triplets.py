"""How fast odd-one-out triplets are scored from features in memory, beside the memory bandwidth of the machine.

    python benchmarks/triplets.py [--triplets 10000000] [--threads 2] [--repeats 3] [--no-write]

Writes benchmarks/results/triplets.md; under ten minutes on two quiet cores.

"Touched" is what the triplets' samples amount to if each is read once a triplet, 3 rows × dimensions × 4 bytes; the
floor is the time that the machine needs to read so much from memory in rows drawn at random (measured here: rows are
fetched, with the same threads, nothing else done). Where there are few samples, seealike does each pair of them once
and looks it up; where there are many pairs for every sample, it sorts them so that rows are fetched seldom: either may
be below the floor. Seconds are the median of the repeats, features warm, and include everything that
`seealike.odd_one_out` returns: accuracy, interval, cross-entropy and the tally of equal triplets.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from extraction import _cores, _processor
from streaming import _load

import seealike

RESULTS = Path(__file__).parent / "results" / "triplets.md"
REPEATS = 3
#: Samples and dimensions: THINGS with SPoSE-66, THINGS with a wide layer, 30,000 images with two layers.
CASES = ((1854, 66), (1854, 768), (30000, 64), (30000, 768))


def drawn(n_triplets: int, n_samples: int) -> np.ndarray:
    """Triplets of three different samples each."""
    rng = np.random.default_rng(0)
    first = rng.integers(n_samples, size=n_triplets)
    second = (first + rng.integers(1, n_samples, size=n_triplets)) % n_samples
    third = rng.integers(n_samples, size=n_triplets)
    bad = (third == first) | (third == second)
    while bad.any():
        third[bad] = rng.integers(n_samples, size=int(bad.sum()))
        bad = (third == first) | (third == second)
    return np.stack([first, second, third], axis=1)


def floor(features: np.ndarray, triplets: np.ndarray, threads: int) -> float:
    """Seconds to read the triplets' rows, in blocks, without doing anything with them."""
    step = max(16, (1 << 17) // features.shape[1])

    def read(start: int) -> None:
        features.take(triplets[start : start + step].ravel(), axis=0)

    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(read, range(0, len(triplets), step)))
    return time.perf_counter() - began


def median(work: Callable[[], object], repeats: int) -> float:
    """Median seconds."""
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def main() -> None:
    """Measure every case and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--triplets", type=int, default=10_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--no-write", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    lines = []
    for n_samples, n_dims in CASES:
        features = np.random.default_rng(1).standard_normal((n_samples, n_dims), dtype=np.float32)
        triplets = drawn(given.triplets, n_samples)
        touched = triplets.size * n_dims * 4
        least = floor(features, triplets, given.threads)
        for similarity in ("dot", "cosine", "normalized_euclidean"):
            taken = median(partial(seealike.odd_one_out, features, triplets, similarity), given.repeats)
            cells = (
                f"{n_samples:,} × {n_dims}",
                similarity,
                f"{taken:.2f}",
                f"{given.triplets / taken / 1e6:.2f}",
                f"{touched / taken / 1e9:.2f}",
                f"{least:.2f}",
                f"{touched / least / 1e9:.2f}",
                f"{taken / least:.2f}",
            )
            lines.append(f"| {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    head = (
        f"# Odd one out: {given.triplets:,} triplets of features in memory\n\n"
        f"`python benchmarks/triplets.py`, medians of {given.repeats}; float32 features, {given.threads} threads. "
        f"{_processor()}, {_cores()} cores, load {_load()}; torch {torch.__version__.split('+')[0]}, "
        f"numpy {np.__version__}. The floor is the time that fetching 3 rows a triplet takes, drawn at random.\n\n"
        "| features | similarity | seconds | million triplets/s | touched GB/s | floor, seconds | floor, GB/s "
        "| times the floor |\n|---|---|---|---|---|---|---|---|\n"
    )
    if not given.no_write:
        RESULTS.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
