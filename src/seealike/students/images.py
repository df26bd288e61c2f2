"""The images of triplets: found by name in any dataset, decoded ahead of the student, each once a batch.

Letters: N images of the datasets, n triplets, m different images of a batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple, cast

import numpy as np
import torch
from PIL import Image

from seealike.data.identity import digest
from seealike.errors import DataError
from seealike.extract.prefetch import Inputs, Preparation, prefetch
from seealike.extract.threads import decoding_threads
from seealike.sources.datasets.samples import Samples
from seealike.sources.models.card import Preprocess

#: Prepared images are kept in memory where all that are needed take no more bytes than this.
KEPT_BYTES = 2 << 30


class TripletBatch(NamedTuple):
    """What a student sees of a batch of triplets: an image that is in several of them is there once.

    Attributes:
        images: (m, channels, height, width) float32.
        triplets: (n, 3) int64 rows of `images`.
        similarities: (n, 3) float32 of the teacher, [s01, s02, s12].
    """

    images: torch.Tensor
    triplets: torch.Tensor
    similarities: torch.Tensor


def found_rows(filenames: np.ndarray, sample_ids: Sequence[str], where: str) -> np.ndarray:
    """Which samples the names of a triplet file are: by the whole id, else by the last part of its path.

    Args:
        filenames: text, of any shape.
        sample_ids: of all images there are.
        where: the triplet file, for the error.

    Returns:
        int64 rows of `sample_ids`, of the same shape.

    Raises:
        DataError: a name that no image has, or that several have.

    Example:
        >>> found_rows(np.array([["b.png", "a.png", "x/c.png"]]), ["x/a.png", "x/b.png", "x/c.png"], "t.npz").tolist()
        [[1, 0, 2]]
    """
    names, where_in = np.unique(filenames, return_inverse=True)
    whole = {name: row for row, name in enumerate(sample_ids)}
    last: dict[str, int] = {}
    twice: set[str] = set()
    for row, name in enumerate(sample_ids):
        short = PurePosixPath(name).name
        twice |= {short} & last.keys()
        last[short] = row
    rows = [whole.get(name, last.get(name, -1)) for name in names.tolist()]
    vague = [name for name in names.tolist() if name not in whole and name in twice]
    missing = [name for name, row in zip(names.tolist(), rows, strict=True) if row < 0]
    for bad, got, fix in (
        (missing, "no such image", "Name every dataset that the triplets were drawn from in `images:`."),
        (vague, "several images of that name", "Write the images' whole ids into the triplet file."),
    ):
        if bad:
            raise DataError(
                where=where,
                expected="names of images of the datasets",
                got=f"{got} for {len(bad)} of {len(names)} names ({', '.join(bad[:3])})",
                fix=fix,
            )
    return np.array(rows, dtype=np.int64)[where_in].reshape(filenames.shape)


class TripletImages:
    """Prepared images, by row; in memory where there is room for all that are needed, else decoded when asked for.

    Args:
        samples: all images.
        needed: rows that will be asked for.
        preprocess: image -> (channels, height, width) float32, as the student's network takes it.
        kept_bytes: how much may be kept in memory.
        device: what the student runs on: on the CPU decoding and training take turns.

    Raises:
        DataError: an image that cannot be read; says which.

    Example:
        >>> from PIL import Image
        >>> samples = Samples(("a", "b"), lambda row: Image.new("L", (2, 2), 51 * row), None, (), "1f")
        >>> images = TripletImages(samples, np.arange(2), lambda image: np.asarray(image, np.float32)[None] / 255)
        >>> [batch[:, 0, 0, 0].tolist() for batch in images.read([[1], [0, 1]])]
        [[0.20000000298023224], [0.0, 0.20000000298023224]]
    """

    def __init__(
        self,
        samples: Samples,
        needed: np.ndarray,
        preprocess: Preprocess,
        *,
        kept_bytes: int = KEPT_BYTES,
        device: str = "cpu",
    ) -> None:
        self._samples, self._prepare = samples, {"": Preparation("image", preprocess)}
        self._threads, self._take_turns = decoding_threads(device), device == "cpu"
        self._kept: torch.Tensor | None = None
        self._place = np.full(len(samples.sample_ids), -1, dtype=np.int64)
        needed = np.unique(needed)
        first = next(self._decoded([[int(needed[0])]]))
        if first.numel() * first.element_size() * len(needed) <= kept_bytes:
            chunks = [needed[start : start + 64].tolist() for start in range(0, len(needed), 64)]
            self._kept = torch.cat(list(self._decoded(chunks)))
            self._place[needed] = np.arange(len(needed))

    def __len__(self) -> int:
        return len(self._samples.sample_ids)

    def read(self, batches: Iterable[Sequence[int]]) -> Iterator[torch.Tensor]:
        """The prepared images (m, channels, height, width) of each batch of different rows, in order.

        Batches are asked for as they are needed; where images are decoded, some ahead of the one that is read.
        """
        if self._kept is None:
            yield from self._decoded(batches)
            return
        for rows in batches:
            yield self._kept[torch.from_numpy(self._place[np.asarray(rows, dtype=np.int64)])]

    def _decoded(self, batches: Iterable[Sequence[int]]) -> Iterator[torch.Tensor]:
        rows = cast("Iterable[range]", batches)  # they are only iterated and cut
        for _, prepared in prefetch(
            self._samples, rows, lambda _: self._prepare, threads=self._threads, take_turns=self._take_turns
        ):
            yield _whole(prepared[""])


def _whole(inputs: Inputs | DataError) -> torch.Tensor:
    """The images of a batch; one that cannot be read stops training, since leaving it out would change the triplets."""
    if isinstance(inputs, DataError):
        raise inputs
    for error in inputs.bad.values():
        raise error
    assert inputs.values is not None
    return torch.from_numpy(inputs.values)


def together(parts: Sequence[Samples]) -> Samples:
    """The images of several datasets as one.

    Raises:
        DataError: an id that stands in two of them, or a dataset without images.

    Example:
        >>> one, two = (Samples((name,), lambda row: None, None, (), name) for name in "ab")
        >>> together([one, two]).sample_ids
        ('a', 'b')
    """
    ids = [name for part in parts for name in part.sample_ids]
    seen: set[str] = set()
    twice = [name for name in ids if name in seen or seen.add(name)]
    if twice:
        raise DataError(
            where="images of the triplets",
            expected="every id once",
            got=f"{twice[0]} (and {len(twice) - 1} others) in two datasets",
            fix="Name each dataset once.",
        )
    starts = np.cumsum([0, *(len(part.sample_ids) for part in parts)])
    readers = [part.items("image") for part in parts]

    def image(row: int) -> Image.Image:
        part = int(np.searchsorted(starts, row, side="right")) - 1
        return cast("Image.Image", readers[part](row - int(starts[part])))

    return Samples(tuple(ids), image, None, (), digest([part.revision for part in parts]))
