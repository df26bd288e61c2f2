"""TID2013 and TID2008: people's opinions (MOS, higher is better) of distorted photographs.

``reference_images/I01.BMP``, ``distorted_images/i01_01_1.bmp`` (reference, distortion, level), ``mos_with_names.txt``
with a score and a name a line. Letter case differs between rows and files; it is ignored.
"""

from __future__ import annotations

import re
from typing import ClassVar

import numpy as np

from seealike.data.judgements import Ratings
from seealike.errors import DataError
from seealike.sources.judgements.card import Images, JudgementCard, numbers, two_columns

_FILE = "mos_with_names.txt"
_NAME = re.compile(r"(i\d\d)_(\d\d)_\d\.bmp", re.IGNORECASE)


class Tid2013Card(JudgementCard):
    """TID2013: 25 references × 24 distortions × 5 levels.

    Source: Ponomarenko et al. 2015, "Image database TID2013: peculiarities, results and perspectives".
    """

    source_name: ClassVar[str] = "tid2013"

    def read(self) -> Ratings:
        """The ratings; ids such as ``distorted_images/i01_01_1.bmp``."""
        where = f"{self.name}, {_FILE}"
        rows = two_columns(self.path / _FILE, where)
        parts = []
        for row, (_, name) in enumerate(rows):
            found = _NAME.fullmatch(name)
            if found is None:
                raise DataError(
                    where=f"{where} row {row + 1}",
                    expected="a name such as i01_01_1.bmp",
                    got=name,
                    fix="Mend the row.",
                )
            parts.append(found.groups())
        images = Images(self.path, self.name)
        return Ratings(
            references=np.array(images.ids([f"reference_images/{ref}.bmp" for ref, _ in parts], _FILE)),
            distorted=np.array(images.ids([f"distorted_images/{name}" for _, name in rows], _FILE)),
            scores=np.array(numbers([score for score, _ in rows], "MOS", where)),
            higher_is_better=True,
            distortions=np.array([kind for _, kind in parts]),
            name=self.name,
        )


class Tid2008Card(Tid2013Card):
    """TID2008: 25 references × 17 distortions × 4 levels, in the same layout.

    Source: Ponomarenko et al. 2009, "TID2008: a database for evaluation of full-reference visual quality assessment
    metrics".
    """

    source_name: ClassVar[str] = "tid2008"
