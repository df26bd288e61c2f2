"""The key `human:` of a study file: which judgements, of which images, and how models are scored against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from seealike.data.asked import Judged
from seealike.data.judgements import HumanRdm, Trials
from seealike.errors import UnknownName, suggestion
from seealike.human.distances import Distance
from seealike.human.triplets import Ties
from seealike.sources.entry import Entry, LocalPath
from seealike.sources.judgements import JUDGEMENT_SOURCES, JudgementCard
from seealike.sources.judgements.images import JudgedImages
from seealike.sources.models.layers import Choice, as_choices
from seealike.study.document import Document, Place
from seealike.study.entries import validated
from seealike.study.expand import entries

#: What kind of seeing the judgements of each source ask for.
LEVELS = {
    **dict.fromkeys(("tid2013", "tid2008", "kadid10k", "csiq", "live", "pipal"), "low"),
    **dict.fromkeys(("nights", "bapps", "bapps_jnd"), "middle"),
    **dict.fromkeys(("things", "things48", "human_rdm", "levels"), "high"),
}

Readout: TypeAlias = Literal["features", "tokens", "cls", "mean", "patch_mean", "projection"]
Baseline: TypeAlias = Literal["pixels", "psnr", "ssim", "lpips"]


class Scoring(Entry):
    """The keys of an entry under `human:` that say how models are scored; all others are the source's own.

    Attributes:
        level: "low", "middle", "high" or any other text; by the source where not given.
        layers: the layers to score, as a card's `layer:` says them; those of the cards where not given.
        distances: names of distances; `triplet` for human RDMs too. Where not given: dot for trials, correlation for
            human RDMs, euclidean for all others.
        readouts: "features" are those that the study stores (layer and pooling of the model's card); all others are
            read from the layers' outputs without storing these.
        ties: strict, half or lenient; strict for trials and half for choices where not given.
        images: the folder that the sample ids start from; the judgements' own folder where not given.
        dataset: a dataset of the study whose samples are the judged ones, in place of `images`.
        baselines: distances between the images themselves.
        draws: bootstrap samples of the intervals of ratings (200) and sameness (1,000); all others need none.
    """

    level: str | None = Field(default=None, min_length=1)
    layers: Annotated[tuple[Choice, ...], BeforeValidator(as_choices)] | None = None
    distances: tuple[Distance | Literal["triplet"], ...] | None = Field(default=None, min_length=1)
    readouts: tuple[Readout, ...] = Field(default=("features",), min_length=1)
    ties: Ties | None = None
    images: LocalPath | None = None
    dataset: str | None = None
    baselines: tuple[Baseline, ...] = ()
    draws: int | None = Field(default=None, ge=10)


@dataclass(frozen=True)
class HumanSet:
    """One set of judgements of a study.

    Attributes:
        card: where the judgements are.
        how: how models are scored.
        images: the judged images as a dataset of the study; None where the study has it already.
    """

    card: JudgementCard
    how: Scoring
    images: JudgedImages | None

    @property
    def name(self) -> str:
        """Its name in every table."""
        return self.card.name

    @property
    def dataset(self) -> str:
        """The name of the dataset that the judged samples are of."""
        return self.how.dataset or self.name

    @property
    def level(self) -> str:
        """What kind of seeing is asked for."""
        return self.how.level or LEVELS.get(self.card.source, "other")

    def distances(self, judged: Judged) -> Sequence[str]:
        """The names of the distances, for judgements of this kind."""
        if self.how.distances:
            return tuple(dict.fromkeys(self.how.distances))
        return (
            "dot"
            if isinstance(judged, Trials)
            else "correlation"
            if isinstance(judged, HumanRdm)
            else "euclidean",
        )


def human_sets(document: Document, datasets: Sequence[str]) -> list[HumanSet]:
    """The sets of judgements of a study file; those that cannot be leave their mistakes.

    Args:
        document: of the study file.
        datasets: the names of its datasets.
    """
    if "human" not in document.data:
        return []
    if "similarities" in document.data:
        document.mistake(("human",), "judgements need features; a study of imported similarities has none")
        return []
    found: dict[str, HumanSet] = {}
    for place, entry in entries(document, "human"):
        made = _made(document, place, entry, datasets)
        if made is None:
            continue
        if made.name in found or (made.images and made.name in datasets):
            document.mistake(
                (*place, "name"), f"the name {made.name!r} stands here a second time. Rename one."
            )
        found[made.name] = made
    return list(found.values())


def _made(
    document: Document, place: Place, entry: dict[str, Any], datasets: Sequence[str]
) -> HumanSet | None:
    try:
        kind = JUDGEMENT_SOURCES[str(entry.get("source", ""))]
    except UnknownName:
        known = suggestion(str(entry.get("source", "")), JUDGEMENT_SOURCES)
        document.mistake((*place, "source"), f"source: expected a source of judgements. {known}")
        return None
    own = {key: value for key, value in entry.items() if key in Scoring.model_fields}
    rest = {"name": entry["source"], **{key: value for key, value in entry.items() if key not in own}}
    how = validated(Scoring, own, place, document)
    card = validated(kind, rest, place, document)
    if how is None or card is None:
        return None
    if how.dataset is not None:
        _check_dataset(document, place, how, datasets)
        return HumanSet(card, how, None)
    folder = how.images or card.path
    if not folder.is_dir():
        document.mistake(
            place,
            f"expected `images:` (their folder) or `dataset:` (one of this study): {card.path.name} is a file",
        )
        return None
    return HumanSet(card, how, _images(card, folder))


def _check_dataset(document: Document, place: Place, how: Scoring, datasets: Sequence[str]) -> None:
    if how.images is not None:
        document.mistake((*place, "images"), "expected `images:` or `dataset:`, got both")
    if how.layers is not None and "features" in how.readouts:
        said = "expected no `layers:`: features of the study's dataset are those of the models' own layers"
        document.mistake((*place, "layers"), said)
    if how.dataset not in datasets:
        known = suggestion(str(how.dataset), datasets)
        document.mistake((*place, "dataset"), f"no dataset {how.dataset!r} here. {known}")


def _images(card: JudgementCard, folder: Path) -> JudgedImages:
    return JudgedImages(
        source=JudgedImages.source_name,
        name=card.name,
        judgements=card,
        images=folder,
        subset={"whole": True},  # pyright: ignore[reportArgumentType]
    )
