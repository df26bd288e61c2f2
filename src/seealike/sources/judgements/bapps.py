"""BAPPS, the patches of LPIPS: which of two distortions is nearer to a reference, and which pairs look the same.

``2afc/val/traditional/{ref,p0,p1}/000000.png`` with ``judge/000000.npy``, the share of votes for p1;
``jnd/val/traditional/{p0,p1}/000000.png`` with ``same/000000.npy``. Files are joined by their number,
never by position.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from seealike.data.imports.reading import read_file
from seealike.data.judgements import Choices, SamePairs
from seealike.errors import DataError
from seealike.sources.judgements.card import JudgementCard

#: Votes a choice has in each part.
_VOTES = {"train": 2, "val": 5}


class BappsCard(JudgementCard):
    """BAPPS two-alternative choices.

    Source: Zhang et al. 2018, "The unreasonable effectiveness of deep features as a perceptual metric".

    Attributes:
        split: val (five votes a choice) or train (two).
        parts: the folders to read (traditional, cnn, superres …); all where not given.
    """

    source_name: ClassVar[str] = "bapps"
    split: Literal["val", "train"] = "val"
    parts: tuple[str, ...] | None = Field(default=None, min_length=1)

    def read(self) -> Choices:
        """The choices, p0 first; ids such as ``2afc/val/cnn/ref/000000.png``; `groups` is the part."""
        found = _numbered(self, f"2afc/{self.split}", ("ref", "p0", "p1"), "judge", self.parts)
        return Choices(
            references=np.array(found["ref"]),
            first=np.array(found["p0"]),
            second=np.array(found["p1"]),
            second_share=_shares(self, found["judge"]),
            votes=np.full(len(found["ref"]), _VOTES[self.split]),
            groups=_parts(found["ref"]),
            name=self.name,
        )


class BappsJndCard(JudgementCard):
    """BAPPS just noticeable differences: three votes a pair.

    Source: Zhang et al. 2018.

    Attributes:
        parts: the folders to read (traditional, cnn); all where not given.
    """

    source_name: ClassVar[str] = "bapps_jnd"
    parts: tuple[str, ...] | None = Field(default=None, min_length=1)

    def read(self) -> SamePairs:
        """The pairs; ids such as ``jnd/val/cnn/p0/000000.png``; `groups` is the part."""
        found = _numbered(self, "jnd/val", ("p0", "p1"), "same", self.parts)
        return SamePairs(
            first=np.array(found["p0"]),
            second=np.array(found["p1"]),
            same_share=_shares(self, found["same"]),
            groups=_parts(found["p0"]),
            name=self.name,
        )


def _numbered(
    card: JudgementCard, inside: str, images: tuple[str, ...], votes: str, parts: tuple[str, ...] | None
) -> dict[str, list[str]]:
    """Paths below the card's folder, by sort, joined by the files' numbers."""
    root = card.path / inside
    there = sorted(p.name for p in root.iterdir() if p.is_dir()) if root.is_dir() else []
    found: dict[str, list[str]] = {name: [] for name in (*images, votes)}
    for part in there if parts is None else parts:
        stems = {name: _stems(root / part / name, ".npy" if name == votes else ".png") for name in found}
        every = set().union(*stems.values())
        for name, some in stems.items():
            if every - some:
                raise DataError(
                    where=f"{card.name}, {inside}/{part}/{name}",
                    expected="the same numbers as beside it",
                    got=f"no {min(every - some)} ({len(every - some)} missing)",
                    fix="Unpack the archive again.",
                )
            ending = "npy" if name == votes else "png"
            found[name] += [f"{inside}/{part}/{name}/{stem}.{ending}" for stem in sorted(some)]
    if not found[votes]:
        raise DataError(
            where=card.name,
            expected=f"patches below {inside}",
            got=f"the folders {', '.join(there)}" if there else "no such folder",
            fix="Unpack the archive here.",
        )
    return found


def _stems(folder: Path, ending: str) -> set[str]:
    return {p.stem for p in folder.glob(f"*{ending}")}


def _shares(card: JudgementCard, files: list[str]) -> np.ndarray:
    made = np.empty(len(files))
    for row, file in enumerate(files):
        value = np.ravel(read_file(card.path / file)[""].read())
        if len(value) != 1:
            raise DataError(
                where=f"{card.name}, {file}",
                expected="one share of votes",
                got=f"{len(value)} numbers",
                fix="Unpack the archive again.",
            )
        made[row] = value[0]
    return made


def _parts(ids: list[str]) -> np.ndarray:
    return np.array([name.split("/")[2] for name in ids])
