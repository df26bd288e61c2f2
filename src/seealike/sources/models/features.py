"""Models of which only features are here: imported ones, or another study's."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from seealike.data.arrays import read_header
from seealike.data.identity import digest, filename
from seealike.data.imports.layout import feature_path
from seealike.errors import MissingArtifact
from seealike.sources.entry import LocalPath
from seealike.sources.models.card import LoadedModel, ModelCard


class FeaturesCard(ModelCard):
    """Features that exist already, as `seealike import features` writes them; nothing is run.

    Attributes:
        path: the folder that holds ``DATASET/MODEL/LAYER.safetensors``.
        model: the name of the folder MODEL, where it is not the model's `name`.
    """

    source_name: ClassVar[str] = "features"
    path: LocalPath
    model: str | None = None

    def weights_digest(self) -> str:
        """Digest of the features on all datasets, as their files note it."""
        files = sorted(self.path.glob(f"*/{filename(self.model or self.name)}/*.safetensors"))
        return digest(
            [[p.relative_to(self.path).as_posix(), read_header(p).notes.get("values_sha256")] for p in files]
        )

    def preprocessing(self) -> dict[str, object]:
        """Nothing is known of it."""
        return {"input": "imported"}

    def stored(self, dataset: str, layer: str) -> Path:
        """The file of one layer's features on a dataset, whether it is there or not."""
        return feature_path(self.path, dataset, self.model or self.name, layer)

    def load(self, device: str) -> LoadedModel:
        """There is no model to load: whoever asks lacks features.

        Raises:
            MissingArtifact: says on which datasets there are features.
        """
        found = sorted(
            p.parent.parent.name for p in self.path.glob(f"*/{filename(self.model or self.name)}/*")
        )
        raise MissingArtifact(
            where=f"model {self.name}",
            expected=f"features on every dataset of the study, of layer {', '.join(map(str, self.layer))}",
            got=f"some on {', '.join(dict.fromkeys(found)) or 'none'} in {self.path}",
            fix="Import the others, or name the datasets it has in `datasets:`.",
        )
