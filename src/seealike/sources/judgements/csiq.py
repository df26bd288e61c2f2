"""CSIQ: people's opinions of distorted photographs (DMOS, 0 to 1, higher is *worse*).

``src_imgs/1600.png``, ``dst_imgs/awgn/1600.AWGN.1.png``, and the scores in the sheet all_by_image of
``csiq.DMOS.xlsx``, whose columns are found by their names: image, dst_type, dst_lev, dmos.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from seealike.data.judgements import Ratings
from seealike.errors import DataError
from seealike.sources.judgements.card import Images, JudgementCard, numbers
from seealike.sources.judgements.workbook import read_sheet

_FILE = "csiq.DMOS.xlsx"
_SHEET = "all_by_image"
#: What the workbook calls a distortion -> what folders and files call it.
_KINDS = {"noise": "awgn", "jpeg 2000": "jpeg2000"}
_COLUMNS = ("image", "dst_type", "dst_lev", "dmos")


class CsiqCard(JudgementCard):
    """CSIQ: 30 references, six distortions at four or five levels, 866 images.

    Source: Larson & Chandler 2010, "Most apparent distortion: full-reference image quality assessment and the role
    of strategy".
    """

    source_name: ClassVar[str] = "csiq"

    def read(self) -> Ratings:
        """The ratings; ids such as ``dst_imgs/awgn/1600.AWGN.1.png``."""
        where = f"{self.name}, {_FILE}"
        rows = _rows(read_sheet(self.path / _FILE, _SHEET), where)
        kinds = [_KINDS.get(row["dst_type"].lower(), row["dst_type"].lower()) for row in rows]
        levels = [int(level) for level in numbers([row["dst_lev"] for row in rows], "dst_lev", where)]
        names = [row["image"].removesuffix(".0") for row in rows]
        images = Images(self.path, self.name)
        distorted = [
            f"dst_imgs/{kind}/{name}.{kind}.{level}.png"
            for name, kind, level in zip(names, kinds, levels, strict=True)
        ]
        return Ratings(
            references=np.array(images.ids([f"src_imgs/{name}.png" for name in names], _FILE)),
            distorted=np.array(images.ids(distorted, _FILE)),
            scores=np.array(numbers([row["dmos"] for row in rows], "dmos", where)),
            higher_is_better=False,
            distortions=np.array(kinds),
            name=self.name,
        )


def _rows(cells: list[dict[str, str]], where: str) -> list[dict[str, str]]:
    """The rows below the one that names the columns, by those names."""
    for place, row in enumerate(cells):
        named = {text: letter for letter, text in row.items()}
        if set(_COLUMNS) <= set(named):
            below = [{name: one.get(named[name], "") for name in _COLUMNS} for one in cells[place + 1 :]]
            return [row for row in below if row["image"] and row["dmos"]]
    raise DataError(
        where=where,
        expected=f"columns {', '.join(_COLUMNS)}",
        got="no row that names them",
        fix="Download the original workbook.",
    )
