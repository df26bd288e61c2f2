"""Students as models of a study, beside the models that they were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import PrivateAttr, ValidationInfo, field_validator, model_validator

from seealike.data.digests import cached_file_digest
from seealike.data.identity import digest
from seealike.errors import MissingArtifact
from seealike.sources.models import MODEL_SOURCES
from seealike.sources.models.card import LoadedModel, ModelCard
from seealike.sources.models.layers import Layer

#: The layer of a student's linear head.
HEAD = "triplet_head"
_TAKEN_OVER = ("layer", "pooling", "prefix_tokens", "input", "head", "classes", "datasets", "fields")


class StudentCard(ModelCard):
    """A model after `seealike align tune`: the network of `base` with the weights of a student.

    Layers, input and fields are those of `base` where not given. One more layer is the linear head, `triplet_head`
    (pooling none), if the student has one.

    Attributes:
        base: the entry of the model that it started from.
        weights: the student's file; it need not be there before it is trained.
    """

    source_name: ClassVar[str] = "student"
    base: dict[str, Any]
    weights: Path
    _base: ModelCard = PrivateAttr()

    @model_validator(mode="before")
    @classmethod
    def _from_base(cls, value: Any) -> Any:
        base = value.get("base") if isinstance(value, dict) else None
        if not isinstance(base, dict):
            return value
        return {key: base[key] for key in _TAKEN_OVER if key in base} | value

    @field_validator("weights")
    @classmethod
    def _resolved(cls, value: Path, info: ValidationInfo) -> Path:
        return ((info.context or {}).get("root", Path()) / value.expanduser()).resolve()

    @model_validator(mode="after")
    def _known_base(self, info: ValidationInfo) -> StudentCard:
        source = str(self.base.get("source", ""))
        if source not in MODEL_SOURCES or source == self.source_name:
            raise ValueError(f"expected `base:` with the source of a model, got {source!r}")
        self._base = MODEL_SOURCES[source].model_validate(self.base, context=info.context)
        return self

    def weights_digest(self) -> str:
        """Digest of the student's file and of what it started from.

        Raises:
            MissingArtifact: it is not trained yet.
        """
        return digest([self._base.weights_digest(), cached_file_digest(self._file())])

    def preprocessing(self) -> dict[str, object]:
        """That of the model it started from."""
        return self._base.preprocessing()

    def load(self, device: str) -> LoadedModel:
        """Build the model and fill in the student's weights, strictly.

        Raises:
            MissingArtifact: it is not trained yet.
            SourceError, DamagedArtifact: the file is another network's, or broken.
        """
        from seealike.students.spec import Tuning
        from seealike.students.tune import starting
        from seealike.students.weights import fill_student, read_about

        about = read_about(self._file())
        tuning = Tuning.model_validate({**about["tuning"], "lora": None})
        student, _ = starting(self._base, tuning)
        fill_student(student, self._file())
        return StudentModel(student.to(device).eval())

    def _file(self) -> Path:
        if not self.weights.is_file():
            raise MissingArtifact(
                where=f"model {self.name}",
                expected="a trained student",
                got=f"no file {self.weights.name} in {self.weights.parent}",
                fix="Train it first: seealike align tune STUDY.",
            )
        return self.weights


class StudentModel:
    """A student in memory (see `LoadedModel`): its model's layers, and the head as one more.

    Args:
        student: with its weights, in evaluation mode.
    """

    def __init__(self, student: Any) -> None:
        self._student, self._model = student, student.model
        self.modality, self.preprocess = self._model.modality, self._model.preprocess
        self.prefix_tokens = self._model.prefix_tokens

    def layers(self) -> list[Layer]:
        """The model's layers, then the head."""
        head = self._student.head
        own = [] if head is None else [Layer(HEAD, "Linear", (head.out_features,))]
        return [*self._model.layers(), *own]

    def forward(self, batch: np.ndarray, layers: Sequence[str]) -> dict[str, np.ndarray]:
        """The outputs of these layers, float32 (see `TorchModel.forward`)."""
        inside = [name for name in layers if name != HEAD or self._student.head is None]
        values = self._model.forward(batch, inside) if inside else {}
        if len(inside) < len(layers):
            values[HEAD] = self._student.embed(batch)
        return values


MODEL_SOURCES.add(StudentCard.source_name, StudentCard)
