"""Human judgements: every card type by the name of its source."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from seealike.errors import BadParameter, clauses, suggestion
from seealike.registry import Registry
from seealike.sources.judgements.bapps import BappsCard, BappsJndCard
from seealike.sources.judgements.card import JudgementCard, Judgements
from seealike.sources.judgements.csiq import CsiqCard
from seealike.sources.judgements.kadid import Kadid10kCard
from seealike.sources.judgements.levels import LevelsCard
from seealike.sources.judgements.live import LiveCard
from seealike.sources.judgements.nights import NightsCard
from seealike.sources.judgements.pipal import PipalCard
from seealike.sources.judgements.rdms import HumanRdmCard, Things48Card
from seealike.sources.judgements.things import ThingsCard, read_embedding
from seealike.sources.judgements.tid import Tid2008Card, Tid2013Card

JUDGEMENT_SOURCES: Registry[type[JudgementCard]] = Registry(
    "source of judgements", group="seealike.judgement_sources"
)
for _card in (
    Tid2013Card,
    Tid2008Card,
    Kadid10kCard,
    CsiqCard,
    LiveCard,
    PipalCard,
    NightsCard,
    BappsCard,
    BappsJndCard,
    ThingsCard,
    Things48Card,
    HumanRdmCard,
    LevelsCard,
):
    JUDGEMENT_SOURCES.add(_card.source_name, _card)


def read_judgements(source: str, path: str | Path, **options: Any) -> Judgements:
    r"""People's judgements from files as they were published.

    Args:
        source: one of `JUDGEMENT_SOURCES`: tid2013, tid2008, kadid10k, csiq, live, pipal; nights, bapps, bapps_jnd;
            things, things48, human_rdm, levels.
        path: the dataset's folder or file.
        options: further keys of the source's card, such as ``ids=`` for THINGS or ``split=`` for NIGHTS.

    Returns:
        `Ratings` (image quality), `Choices` (nights, bapps), `SamePairs` (bapps_jnd), `Trials` (things, levels) or
        `HumanRdm` (things48, human_rdm), by sample id.

    Raises:
        UnknownName: no such source.
        BadParameter: an option that it does not have, or a path that does not exist.
        DataError: a file that is not what was published; says which row.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "ids.txt").write_text("cat\ndog\ncar\n")
        >>> _ = (folder / "trials.txt").write_text("0 1 2\n")
        >>> read_judgements("things", folder / "trials.txt", ids=folder / "ids.txt", order="unique_id").triplets.tolist()
        [['cat', 'dog', 'car']]
    """  # noqa: E501
    card = JUDGEMENT_SOURCES[source]
    try:
        made = card(**{"source": source, "name": source, "path": path, **options})
    except ValidationError as error:
        first = error.errors()[0]
        lacking, unknown = first["type"] == "missing", first["type"] == "extra_forbidden"
        key = ".".join(map(str, first["loc"]))
        expected, got = ("a value", "nothing") if lacking else clauses(first)
        if unknown:
            keys = ", ".join(k for k in card.model_fields if k != "source")
            expected, got = f"one of its keys ({keys})", "no such key"
        raise BadParameter(
            where=f"{source}: {key}" if key else source,
            expected=expected,
            got=got,
            fix="Give it." if lacking else suggestion(key, card.model_fields) if unknown else "Mend it.",
        ) from error
    return made.read()


__all__ = [
    "JUDGEMENT_SOURCES",
    "BappsCard",
    "BappsJndCard",
    "CsiqCard",
    "HumanRdmCard",
    "JudgementCard",
    "Judgements",
    "Kadid10kCard",
    "LevelsCard",
    "LiveCard",
    "NightsCard",
    "PipalCard",
    "Things48Card",
    "ThingsCard",
    "Tid2008Card",
    "Tid2013Card",
    "read_embedding",
    "read_judgements",
]
