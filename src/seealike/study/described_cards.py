"""Cards of models and datasets of which only names and fields are known."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator

from seealike.errors import MissingArtifact
from seealike.sources.datasets.card import DatasetCard, Samples
from seealike.sources.models.card import LoadedModel, ModelCard
from seealike.sources.models.layers import Choice, as_choices


class DescribedModel(ModelCard):
    """A model of which only its name and fields are known."""

    source_name: ClassVar[str] = "described"
    source: str = "described"
    layer: Annotated[tuple[Choice, ...], BeforeValidator(as_choices)] = ("-",)

    def weights_digest(self) -> str:
        """Nothing is known of them."""
        return ""

    def preprocessing(self) -> dict[str, object]:
        """Nothing is known of it."""
        return {}

    def load(self, device: str) -> LoadedModel:
        """There is no model to load.

        Raises:
            MissingArtifact: always.
        """
        raise _nothing(f"model {self.name}")


class DescribedDataset(DatasetCard):
    """A dataset of which only its name and fields are known."""

    source_name: ClassVar[str] = "described"
    source: str = "described"

    def read(self, progress: object = None) -> Samples:
        """There are no samples.

        Raises:
            MissingArtifact: always.
        """
        raise _nothing(f"dataset {self.name}")


def _nothing(where: str) -> MissingArtifact:
    return MissingArtifact(
        where=where,
        expected="a model or dataset that can be opened",
        got="a description: only its name and fields are known",
        fix="Its similarities are imported; there is nothing to extract.",
    )
