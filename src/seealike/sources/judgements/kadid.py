"""KADID-10k: people's opinions of distorted photographs.

``images/I01.png``, ``images/I01_01_01.png`` (reference, distortion, level), ``dmos.csv`` with the columns dist_img,
ref_img, dmos and var. What it calls dmos is 1 to 5, and *higher is better*.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from seealike.data.judgements import Ratings
from seealike.sources.datasets.columns import column, read_rows
from seealike.sources.judgements.card import Images, JudgementCard, numbers

_FILE = "dmos.csv"


class Kadid10kCard(JudgementCard):
    """KADID-10k: 81 references × 25 distortions × 5 levels.

    Source: Lin, Hosu & Saupe 2019, "KADID-10k: a large-scale artificially distorted IQA database".
    """

    source_name: ClassVar[str] = "kadid10k"

    def read(self) -> Ratings:
        """The ratings; ids such as ``images/I01_01_01.png``."""
        where = f"{self.name}, {_FILE}"
        table = read_rows(self.path / _FILE, where)
        names = [str(name) for name in column(table, "dist_img", where)]
        references = [f"images/{name}" for name in column(table, "ref_img", where)]
        images = Images(self.path, self.name)
        return Ratings(
            references=np.array(images.ids(references, _FILE)),
            distorted=np.array(images.ids([f"images/{name}" for name in names], _FILE)),
            scores=np.array(numbers(column(table, "dmos", where), "dmos", where)),
            higher_is_better=True,
            distortions=np.array([name.split("_")[1] if name.count("_") == 2 else "" for name in names]),
            name=self.name,
        )
