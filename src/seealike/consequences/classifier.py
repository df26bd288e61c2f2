"""A trained classifier in two parts, and the samples that two of them are tried on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from seealike.errors import MisalignedSamples, NonFiniteError, ShapeError

#: Samples of one forward pass.
_BATCH = 256


@dataclass(frozen=True)
class Classifier:
    """A network that tells classes apart.

    Attributes:
        name: of the model.
        body: images (n, C, H, W) in [0, 1] -> features; what normalizes them is part of it.
        head: features -> logits (n, n_outputs).
        classes: (n_outputs,) int64 what each output stands for, in a numbering that is the same for all models.
        learned: class of the samples -> the output that is right for it, where a model learned to tell apart something
            else than the classes of the samples (their shape, say); without, `classes` are those of the samples.
        device: where the network is.
    """

    name: str
    body: nn.Module = field(repr=False)
    head: nn.Module = field(repr=False)
    classes: np.ndarray = field(repr=False)
    learned: Mapping[int, int] | None = field(default=None, repr=False)
    device: str = "cpu"

    @property
    def network(self) -> nn.Module:
        """Images -> logits, for evaluation."""
        return nn.Sequential(self.body, self.head).eval()

    def features(self, images: np.ndarray) -> np.ndarray:
        """What the body gives, (n, …) float32.

        Args:
            images: (n, C, H, W) in [0, 1].
        """
        return self._run(self.body.eval(), images)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """(n, n_outputs) float32.

        Args:
            images: (n, C, H, W) in [0, 1].

        Raises:
            ShapeError: not one output a class.
            NonFiniteError: NaN or infinity among the outputs.
        """
        if not len(images):
            return np.empty((0, len(self.classes)), dtype=np.float32)
        return self._checked(self._run(self.network, images))

    def logits_of(self, features: np.ndarray) -> np.ndarray:
        """(n, n_outputs) what the head says of features.

        Args:
            features: (n, …) as the body gives them.
        """
        return self._checked(self._run(self.head.eval(), features))

    def outputs_of(self, labels: np.ndarray) -> np.ndarray:
        """(n,) the number of the output that is right for each class; -1 for classes that the model does not know.

        Example:
            >>> one = Classifier("a", nn.Flatten(), nn.Linear(4, 2), np.array([7, 3]))
            >>> one.outputs_of(np.array([3, 7, 5])).tolist()
            [1, 0, -1]
        """
        output = self.learned if self.learned is not None else {int(k): n for n, k in enumerate(self.classes)}
        return np.array([output.get(int(one), -1) for one in labels], dtype=np.int64)

    def _run(self, module: nn.Module, values: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            parts = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).split(_BATCH)
            return torch.cat([module(part.to(self.device)).float().cpu() for part in parts]).numpy()

    def _checked(self, logits: np.ndarray) -> np.ndarray:
        if logits.ndim != 2 or logits.shape[1] != len(self.classes):
            raise ShapeError(
                where=f"model {self.name}",
                expected=f"logits (n, {len(self.classes)}), one output a class",
                got=f"shape {logits.shape}",
                fix="Give `classes` the class of every output.",
            )
        if not np.isfinite(logits).all():
            raise NonFiniteError(
                where=f"model {self.name}",
                expected="finite logits",
                got="NaN or infinity",
                fix="Look at its losses, or train it anew.",
            )
        return logits


@dataclass(frozen=True)
class TestSamples:
    """Samples that no model was trained on.

    Attributes:
        dataset: what the set is called.
        images: (n, C, H, W) float32 in [0, 1].
        labels: (n,) int64 classes, in the numbering of the classifiers.
    """

    __test__ = False  # no test of ours, whatever the name says

    dataset: str
    images: np.ndarray = field(repr=False)
    labels: np.ndarray = field(repr=False)

    def __post_init__(self) -> None:
        if not len(self.images) == len(self.labels):
            raise MisalignedSamples(
                where=self.dataset,
                expected="a label for every image",
                got=f"{len(self.images)} images, {len(self.labels)} labels",
                fix="Give one a sample.",
            )
        if self.images.ndim != 4 or (
            len(self.images) and not 0 <= self.images.min() <= self.images.max() <= 1
        ):
            raise ShapeError(
                where=self.dataset,
                expected="images (n, channels, height, width) with values from 0 to 1",
                got=f"shape {self.images.shape}" if self.images.ndim != 4 else "values beyond 0 to 1",
                fix="Divide pixels by 255; what normalizes them belongs to the classifier's body.",
            )
