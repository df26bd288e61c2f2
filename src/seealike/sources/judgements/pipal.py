"""PIPAL: people's opinions of distorted and restored patches (Elo scores, higher is better).

``Train_Ref/A0001.bmp``, ``Train_Dist/A0001_00_00.bmp`` (or several such folders), and ``Train_Label/A0001.txt`` … with
``A0001_00_00.bmp,1468.44`` a line.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from seealike.data.judgements import Ratings
from seealike.errors import DataError
from seealike.sources.judgements.card import Images, JudgementCard, numbers, two_columns


class PipalCard(JudgementCard):
    """PIPAL's training part: 200 references, 116 distortions each.

    Source: Gu et al. 2020, "PIPAL: a large-scale image quality assessment dataset for perceptual image restoration".
    """

    source_name: ClassVar[str] = "pipal"

    def read(self) -> Ratings:
        """The ratings; ids such as ``Train_Dist/A0001_00_00.bmp``."""
        files = sorted((self.path / "Train_Label").glob("*.txt"))
        if not files:
            raise DataError(
                where=self.name,
                expected="files Train_Label/*.txt",
                got="none",
                fix="Unpack Train_Label beside the images.",
            )
        images = Images(self.path, self.name)
        distorted, references, scores = [], [], []
        for file in files:
            where = f"{self.name}, {file.name}"
            rows = two_columns(file, where)
            names = [name for name, _ in rows]
            distorted += images.ids(names, file.name)
            references += images.ids([f"{name.partition('_')[0]}.bmp" for name in names], file.name)
            scores += numbers([score for _, score in rows], "Elo score", where)
        return Ratings(
            references=np.array(references),
            distorted=np.array(distorted),
            scores=np.array(scores),
            higher_is_better=True,
            distortions=np.array([name.split("_")[-2] for name in distorted]),
            name=self.name,
        )
