"""How fast triplets are drawn, and answered from a memory map of features, beside what random reads cost here.

Run with ``python benchmarks/triplet_making.py``; the default is 10 million triplets of 1.3 million images × 1,152
float32 (6 GB on disk, in a temporary folder), 2 threads. Writes ``benchmarks/results/triplet_making.md``,
or the page that ``--out`` names.

The floor is reading: the same rows of the same memory map, copied into a small buffer by the same number of threads
(`numpy.take`, as many rows at a time as is fastest of those tried), and nothing else done. Floor and answers
take turns on parts of the triplets, so that both see the same page cache and the same neighbors; then all triplets are
drawn, answered and written at once, under a limit of 4 GiB on what the process may allocate (``RLIMIT_DATA``; pages
of the mapped file are the system's and not counted). Clusters are made with ``--clusters``.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seealike.data.triplet_codes import CodedTriplets, write_coded
from seealike.triplets import k_means, respond, sample_triplets

ROUNDS = 7
LIMIT = 4 << 30


def make(path: Path, shape: tuple[int, int]) -> np.memmap:
    """Features of normal numbers on disk, read once so that the cache holds what it can; a read-only map."""
    step, rng = 20_000, np.random.default_rng(0)
    with path.open("wb") as stream:
        for start in range(0, shape[0], step):
            rows = rng.standard_normal((min(step, shape[0] - start), shape[1]), dtype=np.float32)
            stream.write(rows.data)
        os.fsync(stream.fileno())
    values = np.memmap(path, dtype=np.float32, mode="r", shape=shape)
    for start in range(0, shape[0], step):
        values[start : start + step].max()
    return values


def read(values: np.ndarray, triplets: np.ndarray, threads: int, together: int) -> None:
    """Copy the triplets' rows into a small buffer, some at a time."""

    def part(some: np.ndarray) -> None:
        buffer = np.empty((together, values.shape[1]), dtype=values.dtype)
        rows = some.ravel()
        for start in range(0, len(rows), together):
            few = rows[start : start + together]
            np.take(values, few, axis=0, out=buffer[: len(few)], mode="clip")

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, np.array_split(triplets, 8 * threads)))


def seconds(work: Callable[..., object], *arguments: object) -> tuple[float, float]:
    """Of the clock, and of the processors."""
    began, busy = time.perf_counter(), time.process_time()
    work(*arguments)
    return time.perf_counter() - began, time.process_time() - busy


def against_the_floor(values: np.ndarray, triplets: np.ndarray, threads: int) -> list[str]:
    """Bandwidth of reading and of answering, in turns; by the clock and by the processors' time."""
    fastest = min((32, 128, 512), key=lambda b: seconds(read, values, triplets[:50_000], threads, b)[0])
    floors, answers = [], []
    for _ in range(ROUNDS):
        floors.append(seconds(read, values, triplets, threads, fastest))
        answers.append(seconds(respond, values, triplets))
    amount = triplets.size * values.shape[1] * 4 / 1e9
    lines = []
    for name, which in (("clock", 0), ("processors", 1)):
        floor = statistics.median(one[which] for one in floors)
        answer = statistics.median(one[which] for one in answers)
        share = statistics.median(f[which] / a[which] for f, a in zip(floors, answers, strict=True))
        lines.append(f"| {name} | {amount / floor:.2f} | {amount / answer:.2f} | {share:.0%} |")
        print(lines[-1], flush=True)
    return lines


class Memory(threading.Thread):
    """The largest private memory seen (RssAnon), looked at twenty times a second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak, self.done = 0, threading.Event()

    def run(self) -> None:
        """Until `done`."""
        while not self.done.wait(0.05):
            text = Path("/proc/self/status").read_text()
            found = next((line for line in text.splitlines() if line.startswith("RssAnon")), "RssAnon 0 kB")
            self.peak = max(self.peak, int(found.split()[1]) << 10)


def whole(values: np.ndarray, labels: np.ndarray, n: int, folder: Path) -> list[str]:
    """Draw, answer, write: seconds of each and the peak of memory."""
    memory = Memory()
    memory.start()
    lines, names = [], np.array([f"n{k // 1300:08d}_{k}.JPEG" for k in range(len(values))])

    def step(name: str, work: Callable[..., Any], *arguments: object) -> Any:
        began, busy = time.perf_counter(), time.process_time()
        made = work(*arguments)
        taken, used = time.perf_counter() - began, time.process_time() - busy
        lines.append(f"| {name} | {taken:.1f} | {used:.1f} | {n / taken / 1e6:.2f} |")
        print(lines[-1], flush=True)
        return made

    rows = step("draw (cluster_border)", sample_triplets, labels, n, "cluster_border", 0)
    made = step("answer", respond, values, rows)
    del rows
    coded = CodedTriplets(names, made.triplets.astype(np.int32), made.similarities)
    step("write Parquet", write_coded, folder / "train_cluster_border_500.parquet", coded)
    memory.done.set()
    memory.join()
    lines.append(f"\nPeak of private memory: {memory.peak / 2**30:.2f} GiB (limit {LIMIT / 2**30:.0f} GiB).")
    print(lines[-1], flush=True)
    return lines


def processor() -> str:
    """What it is run on, in words."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text(encoding="utf-8").splitlines() if described.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


def main() -> None:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=1_300_000, help="rows of features on disk (1,300,000)")
    parser.add_argument("--dims", type=int, default=1152, help="float32 numbers a row (1,152)")
    parser.add_argument("--triplets", type=int, default=10_000_000, help="drawn and answered (10,000,000)")
    parser.add_argument(
        "--part", type=int, default=300_000, help="of them beside the floor, each turn (300,000)"
    )
    parser.add_argument("--threads", type=int, default=2, help="of reading and answering (2)")
    parser.add_argument("--clusters", type=int, default=0, help="make so many by k-means too (0: none)")
    parser.add_argument(
        "--folder", type=Path, default=None, help="for the temporary files, on the disk to measure"
    )
    results = Path(__file__).parent / "results" / "triplet_making.md"
    parser.add_argument("--out", type=Path, default=results, help="the page to write")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    labels = np.random.default_rng(1).integers(500, size=given.images)
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        values = make(Path(name) / "features.f32", (given.images, given.dims))
        part = sample_triplets(labels, given.part, "cluster_border", 1)
        floor = against_the_floor(values, part, given.threads)
        steps = whole(values, labels, given.triplets, Path(name))
        if given.clusters:
            taken, busy = seconds(k_means, values, given.clusters)
            steps.append(f"\n{given.clusters} clusters: {taken:.0f} s, {busy:.0f} s of the processors.")
            print(steps[-1])
    text = (
        "# Making triplets\n\nMade by `python benchmarks/triplet_making.py`. "
        f"{given.triplets:,} triplets of {given.images:,} images × {given.dims} float32, memory-mapped; "
        f"{processor()}, {given.threads} threads, Python {platform.python_version()}, "
        f"numpy {np.__version__}.\n\n"
        f"Random reads of {given.part:,} triplets' rows, and answers to them, GB/s (median of {ROUNDS} turns):\n\n"
        "| by | reading alone | answering | share |\n|---|---|---|---|\n" + "\n".join(floor) + "\n\n"
        "| step | seconds | of the processors | million triplets/s |\n|---|---|---|---|\n"
        + "\n".join(steps)
        + "\n"
    )
    given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
