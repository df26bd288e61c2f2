"""LIVE image quality, release 2: people's opinions of distorted photographs (DMOS, higher is *worse*).

Folders ``jp2k``, ``jpeg``, ``wn``, ``gblur``, ``fastfading`` with ``img1.bmp`` …, ``refimgs``; ``dmos.mat`` (dmos,
orgs) and ``refnames_all.mat`` (refnames_all) go through the folders in this order. Undistorted copies (orgs = 1) are
left out.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from seealike.data.imports.reading import read_file
from seealike.data.judgements import Ratings
from seealike.errors import DataError
from seealike.sources.judgements.card import Images, JudgementCard

_FOLDERS = ("jp2k", "jpeg", "wn", "gblur", "fastfading")


class LiveCard(JudgementCard):
    """LIVE: 29 references, five distortions, 779 distorted images.

    Source: Sheikh, Sabir & Bovik 2006, "A statistical evaluation of recent full reference image quality assessment
    algorithms".

    Attributes:
        realigned: read the scores of ``dmos_realigned.mat`` (dmos_new), which the authors advise.
    """

    source_name: ClassVar[str] = "live"
    realigned: bool = False

    def read(self) -> Ratings:
        """The ratings; ids such as ``jp2k/img1.bmp``."""
        file = "dmos_realigned.mat" if self.realigned else "dmos.mat"
        scores = self._array(file, "dmos_new" if self.realigned else "dmos").astype(np.float64)
        originals = self._array(file, "orgs").astype(bool)
        references = self._array("refnames_all.mat", "refnames_all")
        images = Images(self.path, self.name)
        names = self._names(images, len(scores))
        if not len(scores) == len(originals) == len(references):
            raise DataError(
                where=self.name,
                expected="as many scores, originals and references",
                got=f"{len(scores)}, {len(originals)} and {len(references)}",
                fix="Download the three files of the same release.",
            )
        kept = np.flatnonzero(~originals).tolist()
        return Ratings(
            references=np.array(
                [images.id(f"refimgs/{references[row]}", row, "refnames_all.mat") for row in kept]
            ),
            distorted=np.array([images.id(names[row], row, file) for row in kept]),
            scores=scores[kept],
            higher_is_better=False,
            distortions=np.array([names[row].partition("/")[0] for row in kept]),
            name=self.name,
        )

    def _array(self, file: str, variable: str) -> np.ndarray:
        if not (self.path / file).is_file():
            raise DataError(
                where=self.name,
                expected=f"the file {file}",
                got="no such file",
                fix="Unpack it beside the images.",
            )
        entries = read_file(self.path / file)
        if variable not in entries:
            raise DataError(
                where=f"{self.name}, {file}",
                expected=f"a variable {variable!r}",
                got=", ".join(entries),
                fix="Download the file of release 2.",
            )
        return np.ravel(entries[variable].read())

    def _names(self, images: Images, n: int) -> list[str]:
        """img1.bmp … of each folder in turn, as many as it holds."""
        counts = {
            folder: sum(name.lower().startswith(f"{folder}/img") for name in images.names)
            for folder in _FOLDERS
        }
        if sum(counts.values()) != n:
            raise DataError(
                where=self.name,
                expected=f"{n} images img*.bmp, one a score",
                got=f"{sum(counts.values())} ({', '.join(f'{k} {v}' for k, v in counts.items())})",
                fix="Download the missing ones: the order of the scores depends on all of them.",
            )
        return [f"{folder}/img{k + 1}.bmp" for folder, count in counts.items() for k in range(count)]
