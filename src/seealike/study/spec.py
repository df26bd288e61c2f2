"""What a study is, once every mistake is mended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field

from seealike.analyses import BoundAnalysis
from seealike.measures import BoundMeasure
from seealike.sources.datasets import DatasetCard
from seealike.sources.datasets.card import Subset
from seealike.sources.entry import Entry
from seealike.sources.models import ModelCard
from seealike.study.causes import Cause
from seealike.study.described import Imported
from seealike.study.human_sets import HumanSet
from seealike.study.probes import BoundProbe
from seealike.study.published import PublishedValue
from seealike.study.students import StudentRun


class Settings(Entry):
    """The single values of a study file.

    Attributes:
        name: the study's name, the report's title.
        output: folder for everything that is made, relative to the study file.
        features: folder for the features, where several studies share them (each is extracted once); in `output` where
            not given.
        seed: the one seed; everything random derives from it.
        normalize: "unit_rows" reads every feature row at unit length, "none" as it is.
        subset: the samples used of each dataset that has no rule of its own.
        standard_errors: whether every similarity gets its standard error.
        batch_size: samples a forward pass, at most; where memory runs out, half of it, and half again.
        device: "cpu", "cuda", … or "auto" (CUDA where there is one).
        autocast: the forward pass in "bfloat16" or "float16" where torch deems it safe; "none" is float32.
        store: the type of the features on disk; what is read is rounded to it.
        on_bad_image: a sample that cannot be read stops its dataset ("stop"), or is left out for all models
            and named in the record ("skip").
        models_per_pass: so many models at most are in memory together and share each decoded sample.
    """

    name: str = Field(min_length=1)
    output: Path = Path("results")
    features: Path | None = None
    seed: int = Field(default=0, ge=0)
    normalize: Literal["none", "unit_rows"] = "none"
    subset: Subset | None = None
    standard_errors: bool = True
    batch_size: int = Field(default=64, gt=0)
    device: str = "auto"
    autocast: Literal["none", "bfloat16", "float16"] = "none"
    store: Literal["float32", "bfloat16", "float16"] = "float32"
    on_bad_image: Literal["stop", "skip"] = "stop"
    models_per_pass: int = Field(default=4, gt=0)


@dataclass(frozen=True)
class Study:
    """What to do: models × datasets, measures, analyses.

    Attributes:
        file: the study file.
        output: absolute folder for everything that is made.
        settings: the single values.
        models: cards with unique names.
        datasets: cards with unique names.
        measures: with all parameters fixed.
        analyses: with all options fixed.
        digest: of the study file's text and the parameters' values.
        probes: ways to probe, with all options fixed.
        tests: dataset -> the card of the samples that its probes are tested on, for those that have such.
        published: performances that were measured elsewhere.
        imported: somebody else's similarities, with which nothing is extracted or compared.
        causes: pairs of networks to train on data and tasks that overlap.
        human: people's judgements that models are scored against.
        published_alignment: rows of published scores against them.
        students: models of the study that `seealike align tune` trains.
    """

    file: Path
    output: Path
    settings: Settings
    models: tuple[ModelCard, ...]
    datasets: tuple[DatasetCard, ...]
    measures: tuple[BoundMeasure, ...]
    analyses: tuple[BoundAnalysis, ...]
    digest: str
    probes: tuple[BoundProbe, ...] = ()
    tests: Mapping[str, DatasetCard] = field(default_factory=dict)
    published: tuple[PublishedValue, ...] = ()
    imported: Imported | None = None
    causes: tuple[Cause, ...] = ()
    human: tuple[HumanSet, ...] = ()
    published_alignment: tuple[Mapping[str, object], ...] = ()
    students: tuple[StudentRun, ...] = ()

    @property
    def extracted(self) -> list[tuple[DatasetCard, str]]:
        """The cards whose samples the models are run on, each with the name of the dataset that it belongs to."""
        if self.imported:
            return []
        tests = [(card, name) for name, card in self.tests.items()] if self.probes else []
        judged = [
            (one.images, one.name) for one in self.human if one.images and "features" in one.how.readouts
        ]
        return [*((card, card.name) for card in self.datasets), *tests, *judged]

    @property
    def listed(self) -> list[DatasetCard]:
        """The cards whose samples must be known: those of `extracted`, and judged images that are read otherwise."""
        cards = {card.name: card for card, _ in self.extracted}
        return list((cards | {one.name: one.images for one in self.human if one.images}).values())

    @property
    def features(self) -> Path | None:
        """The absolute folder of features that are shared with other studies, if they are."""
        shared = self.settings.features
        return None if shared is None else (self.file.parent / shared.expanduser()).resolve()

    @property
    def name(self) -> str:
        """The study's name."""
        return self.settings.name
