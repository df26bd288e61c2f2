"""CIFAR-10 and CIFAR-100 as their binary files."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from PIL import Image

from seealike.data.digests import Progress
from seealike.data.identity import digest
from seealike.errors import DataError
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.datasets.decoding import settled
from seealike.sources.datasets.ids import content_digest, distinct
from seealike.sources.datasets.labels import checked
from seealike.sources.datasets.samples import Samples
from seealike.sources.entry import LocalPath

_PIXELS = 3 * 32 * 32
_FILES = {
    10: {"train": [f"data_batch_{k}.bin" for k in range(1, 6)], "test": ["test_batch.bin"]},
    100: {"train": ["train.bin"], "test": ["test.bin"]},
}
_PICKLED = {"data_batch_1", "test_batch", "train", "test"}


class CifarCard(DatasetCard):
    """The «binary version» of CIFAR-10 or CIFAR-100, as www.cs.toronto.edu/~kriz/cifar.html gives it, unpacked.

    A record is its labels, one byte each (CIFAR-100: coarse, fine), and 3 × 1,024 bytes of red, green and
    blue. The «python version» holds pickles, which can run any code, and is refused. Ids come from content.

    Attributes:
        path: the folder with the ``.bin`` files.
        split: "train" or "test".
        label: of CIFAR-100, the "fine" (100) or the "coarse" (20) classes.
    """

    source_name: ClassVar[str] = "cifar"
    path: LocalPath
    split: Literal["train", "test"]
    label: Literal["fine", "coarse"] = "fine"

    def read(self, progress: Progress | None = None) -> Samples:
        """Map the files into memory and digest every image."""
        where = f"dataset {self.name}"
        kind = 10 if (self.path / "data_batch_1.bin").exists() else 100
        files = [self.path / name for name in _FILES[kind][self.split]]
        records = [self._records(file, kind) for file in files]
        ids = distinct(content_digest(r[-_PIXELS:].tobytes()) for part in records for r in part)
        sizes = np.cumsum([0, *map(len, records)])
        column = 1 if kind == 100 and self.label == "fine" else 0
        numbers = np.concatenate([part[:, column] for part in records])
        labels, classes = checked(numbers, self._classes(kind), where)

        def image(row: int) -> Image.Image:
            part = int(np.searchsorted(sizes, row, side="right")) - 1
            pixels = records[part][row - sizes[part], -_PIXELS:].reshape(3, 32, 32).transpose(1, 2, 0)
            picture = Image.fromarray(np.ascontiguousarray(pixels))
            return settled(picture, f"{where}, image {ids[row]}", self.decoding)

        return Samples(tuple(ids), image, labels, classes, digest([ids, labels.tolist(), classes]))

    def _records(self, file: Path, kind: int) -> np.ndarray:
        where, length = f"dataset {self.name}, {file.name}", _PIXELS + (1 if kind == 10 else 2)
        if not file.exists():
            found = {path.name for path in self.path.iterdir()} if self.path.is_dir() else set()
            raise DataError(
                where=where,
                expected="a file of the binary version of CIFAR",
                got="the python version, which holds pickles that can run any code"
                if found & _PICKLED
                else "none",
                fix="Download the binary version (cifar-10-binary.tar.gz, cifar-100-binary.tar.gz) and unpack it.",
            )
        size = file.stat().st_size
        if size == 0 or size % length:
            raise DataError(
                where=where,
                expected=f"whole records of {length} bytes",
                got=f"{size} bytes",
                fix="Download it again.",
            )
        return np.memmap(file, dtype=np.uint8, mode="r").reshape(-1, length)

    def _classes(self, kind: int) -> tuple[str, ...]:
        """The names that lie beside the data; numbers where there are none."""
        file = self.path / ("batches.meta.txt" if kind == 10 else f"{self.label}_label_names.txt")
        if file.exists():
            return tuple(file.read_text(encoding="utf-8").split())
        return tuple(str(k) for k in range(kind if self.label == "fine" or kind == 10 else 20))
