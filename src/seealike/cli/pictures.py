"""The pictures that people judged, for a report that shows them."""

from __future__ import annotations

from seealike.errors import DataError
from seealike.sources.datasets.samples import Samples
from seealike.study.spec import Study


def judged_pictures(study: Study) -> dict[str, Samples]:
    """For each set of judgements of a study, the samples that were judged.

    Args:
        study: parsed, with `human:`.

    Raises:
        DataError: nothing is judged in this study.
    """
    cards = {card.name: card for card in study.listed}
    if not study.human:
        raise DataError(
            where=f"study {study.name}",
            expected="people's judgements of images (the key `human:`)",
            got="none",
            fix="Write the report without --images.",
        )
    return {
        one.name: cards[one.dataset].open(study.settings.seed, study.settings.subset)
        for one in study.human
        if one.dataset in cards
    }
