"""WebDataset shards: tars whose members with one key are one sample."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from PIL import Image

from seealike.data.digests import Progress
from seealike.data.identity import digest
from seealike.errors import BadSample, DataError
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.datasets.columns import each_once
from seealike.sources.datasets.decoding import open_image
from seealike.sources.datasets.files import SUFFIXES
from seealike.sources.datasets.ids import distinct
from seealike.sources.datasets.labels import checked, labelled
from seealike.sources.datasets.patterns import FilePaths
from seealike.sources.datasets.samples import Samples
from seealike.sources.datasets.shards import class_names, shards
from seealike.sources.datasets.tars import Member, content, members

#: webdataset's own rule: the key ends at the first dot of the file's name.
_NAME = re.compile(r"(?:\./)?((?:.*/)?[^./][^./]*)\.([^/]+)")


@dataclass(frozen=True, slots=True)
class _Sample:
    key: str
    image: Member
    label: str | None
    text: Member | None


class WebDatasetCard(DatasetCard):
    """Samples in tar shards: members ``KEY.webp`` (or .jpg, .png …) with ``KEY.cls`` and ``KEY.txt``.

    Every shard is read through once; where its members lie and what they hold is remembered, so that opening
    the dataset again reads no shard, and any image is one read. The rows are sorted by id: neither they nor
    the revision depend on how the samples are spread over shards.

    Attributes:
        path: a folder with ``nshards.txt`` and ``0.tar``, ``1.tar`` …, or with one such folder a split (the
            layout of CLIP-benchmark: ``train``, ``test``, ``classnames.txt``); or tars, as a list or pattern.
        split: the split, where `path` is a folder with several.
        image: the ending of the image members; any image where not given.
        label: the ending of the label members: a class number or name.
        text: the ending of the text members, where texts are wanted.
        ids: "key" (unique over all shards), or "content" where every shard counts from zero.
    """

    source_name: ClassVar[str] = "webdataset"
    path: FilePaths
    split: str | None = None
    image: str | None = None
    label: str = "cls"
    text: str | None = None
    ids: Literal["key", "content"] = "key"

    def read(self, progress: Progress | None = None) -> Samples:
        """Index the shards and sort their samples by id."""
        where = f"dataset {self.name}"
        tars = shards(self.path, self.split, where)
        found = list(self._samples(members(tars, where, progress), tars))
        ids = self._ids(found)
        order = sorted(range(len(ids)), key=ids.__getitem__)
        ids, found = tuple(ids[row] for row in order), [found[row] for row in order]
        labels, classes = self._labels(found, class_names(tars))
        listed = None if labels is None else [labels.tolist(), classes]
        contents = [[s.image.digest, s.text.digest if s.text else ""] for s in found]
        return Samples(
            sample_ids=ids,
            image=lambda row: self._image(tars, found[row], ids[row]),
            labels=labels,
            classes=classes,
            revision=digest([ids, contents, listed]),
            text=(lambda row: self._text(tars, found[row], ids[row])) if self.text else None,
        )

    def _samples(self, found: Iterator[Member], tars: Sequence[Path]) -> Iterator[_Sample]:
        for tar, inside in groupby(found, key=lambda member: member.tar):
            where = f"dataset {self.name}, {tars[tar].name}"
            by_key: dict[str, dict[str, Member]] = {}
            for member in inside:
                named = _NAME.fullmatch(member.name)
                if named is None:
                    continue
                key, ending = named.group(1), named.group(2).lower()
                if ending in by_key.setdefault(key, {}):
                    raise DataError(
                        where=where,
                        expected="every member once",
                        got=f"{member.name} twice",
                        fix="Make it again.",
                    )
                by_key[key][ending] = member
            for key, parts in by_key.items():
                yield self._sample(key, parts, where)

    def _sample(self, key: str, parts: dict[str, Member], where: str) -> _Sample:
        images = [parts[e] for e in parts if e == self.image or (not self.image and f".{e}" in SUFFIXES)]
        if len(images) != 1:
            raise DataError(
                where=f"{where}, key {key}",
                expected=f"one {'.' + self.image if self.image else 'image'} member",
                got=f"the members {', '.join('.' + e for e in parts)}",
                fix="Set `image:` to the ending of the images, or make the shard again.",
            )
        text = parts.get(self.text or "")
        if self.text and text is None:
            raise DataError(
                where=f"{where}, key {key}",
                expected=f"a .{self.text} member",
                got="none",
                fix="Check `text:`, or make the shard again.",
            )
        label = parts.get(self.label)
        return _Sample(key, images[0], None if label is None else (label.text or "").strip(), text)

    def _ids(self, found: Sequence[_Sample]) -> list[str]:
        if self.ids == "content":
            return distinct(sample.image.digest for sample in found)
        keys = [sample.key for sample in found]
        fix = "Set `ids: content` where every shard counts from zero; else make the shards again."
        each_once(keys, "key", f"dataset {self.name}", fix)
        return keys

    def _labels(
        self, found: Sequence[_Sample], names: tuple[str, ...]
    ) -> tuple[np.ndarray | None, tuple[str, ...]]:
        without = [sample for sample in found if not sample.label]
        if len(without) == len(found):
            return None, ()
        where = f"dataset {self.name}"
        if without:
            raise DataError(
                where=f"{where}, key {without[0].key}",
                expected=f"a .{self.label} member with a label",
                got=f"none ({len(without)} of {len(found)} samples have none)",
                fix="Make the shards again, or set `label:` to another ending.",
            )
        numbers, own = labelled([sample.label for sample in found], where)
        return checked(numbers, names, f"{where}, classnames.txt") if names else (numbers, own)

    def _image(self, tars: Sequence[Path], sample: _Sample, name: str) -> Image.Image:
        raw = content(tars[sample.image.tar], sample.image)
        return open_image(raw, f"dataset {self.name}, image {name}", self.decoding)

    def _text(self, tars: Sequence[Path], sample: _Sample, name: str) -> str:
        member = sample.text
        assert member is not None
        raw = content(tars[member.tar], member)
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise BadSample(
                where=f"dataset {self.name}, text {name}",
                expected="UTF-8 text",
                got=str(error),
                fix="Make the shard again.",
            ) from error
