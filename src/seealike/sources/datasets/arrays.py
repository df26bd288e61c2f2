"""Images in arrays: .npz, .npy, IDX (the MNIST family), or a PNG whose rows are flattened images."""

from __future__ import annotations

import gzip
import struct
import zipfile
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image
from pydantic import ValidationInfo, field_validator

from seealike.data.digests import Progress
from seealike.data.identity import content_ids, digest
from seealike.errors import DataError
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.datasets.decoding import open_image, settled
from seealike.sources.datasets.labels import checked, numbered
from seealike.sources.datasets.samples import Samples
from seealike.sources.entry import LocalPath

_IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


class ArraysCard(DatasetCard):
    """Images as one array (n, height, width) or (n, height, width, channels) of bytes.

    Sample ids come from the content, so they do not depend on the order.

    Attributes:
        images: ``.npz``, ``.npy``, ``.idx``, ``.idx.gz`` or ``.png`` (row i is image i, flattened); a pattern
            with ``*`` joins several files in sorted order.
        labels: a file of the same kinds; an ``.npz`` may hold both.
        images_key: the array's name in an ``.npz``.
        labels_key: the labels' name in an ``.npz``.
        shape: (height, width) or (height, width, channels) of one image, where the file is flat.
    """

    source_name: ClassVar[str] = "arrays"
    images: tuple[Path, ...]
    labels: LocalPath | None = None
    images_key: str = "images"
    labels_key: str = "labels"
    shape: tuple[int, ...] | None = None

    @field_validator("images", mode="before")
    @classmethod
    def _found(cls, value: object, info: ValidationInfo) -> tuple[Path, ...]:
        root = (info.context or {}).get("root", Path())
        pattern = (root / Path(str(value)).expanduser()).resolve()
        found = tuple(sorted(pattern.parent.glob(pattern.name)))
        if not found:
            raise ValueError(f"expected an existing file, got {pattern}, which matches nothing")
        return found

    def read(self, progress: Progress | None = None) -> Samples:
        """Load the arrays and take ids and revision from their contents."""
        where = f"dataset {self.name}"
        images = np.concatenate([self._pixels(path) for path in self.images])
        labels, classes = self._labels(len(images))
        ids = content_ids(image.tobytes() for image in images)
        return Samples(
            sample_ids=tuple(ids),
            image=lambda row: settled(
                Image.fromarray(images[row]), f"{where}, image {ids[row]}", self.decoding
            ),
            labels=labels,
            classes=classes,
            revision=digest([where, images.shape, ids, None if labels is None else labels.tolist(), classes]),
        )

    def _pixels(self, path: Path) -> np.ndarray:
        where = f"dataset {self.name}, {path.name}"
        array = load_array(path, self.images_key, where)
        if self.shape:
            if array.size % int(np.prod(self.shape)):
                raise DataError(
                    where=where,
                    expected=f"whole images of shape {self.shape}",
                    got=f"an array {array.shape}",
                    fix="Check `shape:`.",
                )
            array = array.reshape(-1, *self.shape)
        if array.ndim == 4 and array.shape[-1] == 1:
            array = array[..., 0]
        if array.dtype != np.uint8 or not (
            array.ndim == 3 or (array.ndim == 4 and array.shape[-1] in (3, 4))
        ):
            raise DataError(
                where=where,
                expected="bytes (n, height, width) or (n, height, width, 3)",
                got=f"{array.dtype} {array.shape}",
                fix="Scale to 0..255 and save as uint8, or set `shape:`.",
            )
        return array

    def _labels(self, n: int) -> tuple[np.ndarray | None, tuple[str, ...]]:
        path = self.labels or (self.images[0] if self.images[0].suffix == ".npz" else None)
        if path is None or (self.labels is None and self.labels_key not in _names(path)):
            return None, ()
        where = f"dataset {self.name}, {path.name}"
        values = load_array(path, self.labels_key, where).ravel()
        if len(values) != n:
            raise DataError(
                where=where,
                expected=f"{n} labels, one an image",
                got=str(len(values)),
                fix="Check `labels:`.",
            )
        if values.dtype.kind not in "iu":
            return numbered([str(v) for v in values])
        named = path.suffix == ".npz" and "classes" in _names(path)
        names = [str(v) for v in load_array(path, "classes", where)] if named else []
        return checked(values, names, where)


def load_array(path: Path, key: str, where: str) -> np.ndarray:
    """One array from an ``.npz`` (under `key`), ``.npy``, IDX or image file; nothing is ever unpickled.

    Raises:
        DataError: a damaged file, one that needs unpickling, or no such key.
    """
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                return archive[key]
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False)
        if ".idx" in path.name or path.name.endswith(("-ubyte", "-ubyte.gz")):
            return _idx(path)
    except KeyError:
        raise DataError(
            where=where,
            expected=f"an array {key!r}",
            got=", ".join(_names(path)),
            fix="Set images_key / labels_key.",
        ) from None
    except (OSError, ValueError, EOFError, struct.error, zipfile.BadZipFile) as error:
        raise DataError(
            where=where,
            expected="a readable array file",
            got=str(error),
            fix="Save it again without pickled objects.",
        ) from error
    return np.asarray(open_image(path, where))


def _names(path: Path) -> list[str]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return list(archive.files)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return []


def _idx(path: Path) -> np.ndarray:
    """Yann LeCun's IDX format: two zero bytes, the type, the rank, the sizes (big-endian), the numbers."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    zeros, kind, rank = struct.unpack_from(">HBB", raw)
    if zeros or kind not in _IDX_TYPES:
        raise ValueError("not an IDX file")
    shape = struct.unpack_from(f">{rank}I", raw, 4)
    values = np.frombuffer(raw, dtype=_IDX_TYPES[kind], offset=4 + 4 * rank)
    if values.size != int(np.prod(shape)):
        raise ValueError(f"{values.size} numbers where the header promises {shape}")
    return values.reshape(shape).astype(values.dtype.newbyteorder("="))
