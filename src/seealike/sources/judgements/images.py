"""The images that people judged, as a dataset that models are run on: those images and no others of their folder."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import PrivateAttr

from seealike.data.asked import asked, judged_samples
from seealike.data.digests import Progress
from seealike.errors import DataError
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.datasets.files import from_files
from seealike.sources.datasets.samples import Samples
from seealike.sources.judgements.card import JudgementCard, Judgements


class JudgedImages(DatasetCard):
    """The images of a set of judgements; sample ids are those of the judgements, paths below `images`.

    No study file names this source: an entry under `human:` brings it.

    Attributes:
        judgements: the card that says which images there are.
        images: the folder that the ids start from.
    """

    source_name: ClassVar[str] = "judged_images"
    judgements: JudgementCard
    images: Path
    _judged: Judgements | None = PrivateAttr(default=None)

    def judged(self) -> Judgements:
        """The judgements, as they were when the images were last listed."""
        if self._judged is None:
            self._judged = self.judgements.read()
        return self._judged

    def read(self, progress: Progress | None = None) -> Samples:
        """Read the judgements and list their images.

        Raises:
            DataError: a judgement that cannot be, or whose image is not there; says which.
        """
        self._judged = self.judgements.read()
        names = judged_samples(self._judged)
        missing = next((name for name in names if not (self.images / name).is_file()), None)
        if missing is not None:
            row = int(np.argwhere(asked(self._judged)[0].astype(str) == missing)[0, 0])
            raise DataError(
                where=f"{self.judgements.name}, judgement {row + 1}",
                expected=f"the image {missing} in {self.images}",
                got="no such file",
                fix="Check `images:` (and `sample:`, for THINGS), or download it again.",
            )
        return from_files(self, self.images, names, None, progress)
