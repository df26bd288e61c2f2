"""How fast an affine map is fitted to as many choices as people made of THINGS.

Run with ``python benchmarks/transforms.py``; 4,700,000 triplets of 1,854 objects with 768 dimensions on two threads is
the default. Writes ``benchmarks/results/transforms.md``, or the page that
``--out`` names.

The features have a spectrum that falls as networks' do (variance 1/k); the people see twenty of their dimensions
through an unknown map and choose with the uncertainty that this gives, one choice a triplet. The fit is `fit_transform`
with hard choices, λ = 1e-3, until its own rule stops it. Seconds are wall seconds of the whole call, checks and sorting
included; processor seconds are beside them, and one step's products alone (four of N × p × p or N × N × p numbers in
float64) are the floor.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import time
from pathlib import Path

import numpy as np
import torch

from seealike.transforms import Fit, Settings, fit_transform

_SEEN = 20


def people(n_triplets: int, n_objects: int, n_dims: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Features, triplets with the odd one last, and how often the people behind them choose their likeliest pair."""
    rng = np.random.default_rng(0)
    scale = 1 / np.sqrt(np.arange(1, n_dims + 1))
    x = rng.standard_normal((n_objects, n_dims)) * scale
    seen = x @ rng.standard_normal((n_dims, _SEEN))
    seen *= 1.2 / seen.std()
    products = seen @ seen.T
    rows = rng.integers(n_objects, size=(n_triplets, 3))
    while (bad := _twice(rows)).any():
        rows[bad] = rng.integers(n_objects, size=(int(bad.sum()), 3))
    a, b, c = rows.T
    odds = np.stack([products[a, b], products[a, c], products[b, c]], axis=1)
    best = odds.argmax(axis=1)
    chosen = (odds + rng.gumbel(size=odds.shape)).argmax(axis=1)
    order = np.array([[0, 1, 2], [0, 2, 1], [1, 2, 0]])[chosen]
    return x, np.take_along_axis(rows, order, axis=1), float((best == chosen).mean())


def _twice(rows: np.ndarray) -> np.ndarray:
    a, b, c = rows.T
    return (a == b) | (a == c) | (b == c)


def floor(x: np.ndarray) -> float:
    """Seconds of one step's matrix products alone."""
    z = torch.from_numpy(x)
    square = torch.zeros(z.shape[1], z.shape[1], dtype=z.dtype)
    products = z @ z.T
    began = time.perf_counter()
    for made in (z @ square, z @ z.T, products @ z, z.T @ z):
        del made
    return time.perf_counter() - began


def accuracy(made: Fit, x: np.ndarray, rows: np.ndarray) -> float:
    """The share of choices that are the likeliest after the map."""
    z = made(x)
    products = z @ z.T
    a, b, c = rows.T
    return float(
        (np.stack([products[a, b], products[a, c], products[b, c]], axis=1).argmax(axis=1) == 0).mean()
    )


def processor() -> str:
    """What it is run on, in words."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text(encoding="utf-8").splitlines() if described.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


def main() -> None:
    """Fit, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--triplets", type=int, default=4_700_000, help="choices, one a triplet (4,700,000)")
    parser.add_argument("--objects", type=int, default=1854, help="that they are about (1,854)")
    parser.add_argument("--dims", type=int, default=768, help="of their features (768)")
    parser.add_argument("--threads", type=int, default=2, help="of torch (2)")
    parser.add_argument("--steps", type=int, default=300, help="at most (300)")
    results = Path(__file__).parent / "results" / "transforms.md"
    parser.add_argument("--out", type=Path, default=results, help="the page to write")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    x, rows, best = people(given.triplets, given.objects, given.dims)
    least = min(floor(x) for _ in range(3))
    began, used = time.perf_counter(), time.process_time()
    made = fit_transform(x, rows, None, Settings(regularization=1e-3, max_steps=given.steps))
    taken, used = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    cells = (
        f"{given.triplets:,} × {given.objects:,} × {given.dims}",
        str(made.steps),
        f"{taken:.0f}",
        f"{used:.0f}",
        f"{taken / made.steps:.2f}",
        f"{least:.2f}",
        f"{taken / made.steps / least:.1f}",
        f"{peak:.1f}",
        f"{accuracy(made, x, rows):.4f} of {best:.4f}",
    )
    text = (
        f"# Fitting a transform\n\nMade by `python benchmarks/transforms.py`. {processor()}, {given.threads} "
        f"threads, Python {platform.python_version()}, torch {torch.__version__}. The floor of a step is its four "
        "matrix products alone; a step has all triplets beside, and sometimes more than one look at the objective.\n\n"
        "| triplets × objects × dimensions | steps | seconds | processor seconds | seconds a step | floor of a step "
        "| times the floor | peak GiB | choices predicted, of those that can be |\n"
        "|---|---|---|---|---|---|---|---|---|\n"
        f"| {' | '.join(cells)} |\n"
    )
    print(text)
    given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
