"""How fast features on disk come into memory, beside the raw speed of the file system.

Run with ``python benchmarks/features.py``; ``--files 64 --samples 10000 --dims 1024`` is the default (2.6 GB on disk
while it runs). Writes ``benchmarks/results/features.md``.

"Raw" is ``readinto`` of the same bytes into one buffer that is used again, the fastest way there is to get bytes
from a file. "seealike" is `read_features` (header, sample ids, checks) and a copy of all mapped values into such a
buffer; bfloat16 needs no copy, since it is widened to float32 in memory. Half precision is measured on a quarter of
the files.
Hot: the files are in the page cache. Cold: their pages are dropped before every file
(``posix_fadvise DONTNEED``), so that they come from the disk.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from seealike import Features, read_features, write_features
from seealike.data.arrays import read_header

REPEATS = 5


def make(folder: Path, files: int, shape: tuple[int, int], dtype: str) -> tuple[list[Path], float]:
    """Write the feature files; gives their paths and the seconds it took."""
    rng = np.random.default_rng(0)
    ids = tuple(f"class_{i % 100:03d}/image_{i:06d}.jpg" for i in range(shape[0]))
    elapsed, paths = 0.0, []
    for k in range(files):
        features = Features(rng.standard_normal(shape, dtype=np.float32), ids, finite=True)
        path = folder / f"{dtype}-{k:03d}.safetensors"
        began = time.perf_counter()
        write_features(path, features, dtype=dtype)
        elapsed += time.perf_counter() - began
        paths.append(path)
    return paths, elapsed


def drop(path: Path) -> None:
    """Drop a file's pages from the page cache."""
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def speeds(paths: list[Path], ways: dict[str, Callable[[Path], int]], *, cold: bool) -> dict[str, float]:
    """Bytes a second of each way to read: of every file the best of several turns, the ways taking turns."""
    best = {(name, path): float("inf") for name in ways for path in paths}
    n_bytes = 0
    for _ in range(2 if cold else REPEATS):
        n_bytes = 0
        for path in paths:
            for name, read in ways.items():
                if cold:
                    drop(path)
                began = time.perf_counter()
                n_bytes += read(path)
                best[name, path] = min(best[name, path], time.perf_counter() - began)
    return {name: n_bytes / len(ways) / sum(best[name, path] for path in paths) for name in ways}


def readers(shape: tuple[int, int]) -> dict[str, Callable[[Path], int]]:
    """The two ways to read; both end with all numbers in memory."""
    buffers = {kind: np.empty(shape, kind) for kind in (np.float16, np.float32)}

    def raw(path: Path) -> int:
        header = read_header(path)
        first, last = header.arrays["values"]["data_offsets"]
        with path.open("rb", buffering=0) as stream:
            stream.seek(header.start + first)
            return stream.readinto(buffers[np.float32].data.cast("B")[: last - first])

    def ours(path: Path) -> int:
        values = read_features(path).values
        if isinstance(values, np.memmap):  # else they are in memory already, widened from bfloat16
            np.copyto(buffers[values.dtype.type], values)
        first, last = read_header(path).arrays["values"]["data_offsets"]
        return last - first

    return {"raw": raw, "seealike": ours}


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=64)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--dims", type=int, default=1_024)
    parser.add_argument("--folder", type=Path, help="where to put the files; a temporary folder by default")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results") / "features.md")
    given = parser.parse_args()
    shape = (given.samples, given.dims)
    lines = ["| stored as | cache | raw GB/s | seealike GB/s | share |", "|---|---|---:|---:|---:|"]
    writes = []
    for dtype in ("float32", "float16", "bfloat16"):
        folder = Path(tempfile.mkdtemp(dir=given.folder))
        try:
            count = given.files if dtype == "float32" else max(1, given.files // 4)
            paths, elapsed = make(folder, count, shape, dtype)
            n_bytes = sum(path.stat().st_size for path in paths)
            writes.append(f"{dtype} {n_bytes / elapsed / 1e9:.2f} GB/s")
            for cold in (False, True):
                found = speeds(paths, readers(shape), cold=cold)
                row = [dtype, "cold" if cold else "hot", *(f"{v / 1e9:.2f}" for v in found.values())]
                lines.append(f"| {' | '.join(row)} | {100 * found['seealike'] / found['raw']:.0f} % |")
                print(lines[-1], flush=True)
        finally:
            shutil.rmtree(folder)
    text = "\n".join(
        [
            "# Reading features",
            "",
            f"`python benchmarks/features.py --files {given.files} --samples {given.samples} --dims {given.dims}` "
            f"on {os.cpu_count()} cores of {platform.machine()}, numpy {np.__version__}.",
            "",
            *lines,
            "",
            "GB/s are of the bytes on disk. float32 and float16 are mapped; bfloat16, which numpy lacks, is widened to "
            "float32 in fresh memory, twice the bytes, which is what costs time there, not the file.",
            f"Writing (digest, flush to disk): {', '.join(writes)}.",
            "",
        ]
    )
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
