"""Networks as ONNX graphs, run by onnxruntime; every named output is a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from seealike.data.digests import cached_file_digest
from seealike.errors import DataError, OutOfMemory, SourceError, SpecError, needed
from seealike.sources.entry import LocalPath
from seealike.sources.images import ImageInput
from seealike.sources.models.card import Layer, Modality, ModelCard, no_such_layer

if TYPE_CHECKING:
    import onnxruntime as ort

_NO_MEMORY = ("Failed to allocate memory", "bad_alloc", "bad allocation", "out of memory")


class OnnxCard(ModelCard):
    """A graph in a file. Without `input`, images are cropped to the central square, resized to the graph's
    own input size and given as numbers between 0 and 1.

    Attributes:
        file: the ``.onnx`` file.
    """  # noqa: D205

    source_name: ClassVar[str] = "onnx"
    file: LocalPath

    def weights_digest(self) -> str:
        """Digest of the file."""
        return cached_file_digest(self.file)

    def preprocessing(self) -> dict[str, object]:
        """The input rule, or that it is this graph's own."""
        return self.input.model_dump() if self.input else {"input": "graph", "of": self.weights_digest()}

    def load(self, device: str) -> OnnxModel:
        """Open the graph on the CPU, or on CUDA where onnxruntime has it."""
        with needed("onnxruntime", "onnx", where=f"model {self.name}"):
            import onnxruntime as ort
        provider = "CUDAExecutionProvider" if device.startswith("cuda") else "CPUExecutionProvider"
        options = ort.SessionOptions()
        options.add_session_config_entry(
            "session.intra_op.allow_spinning", "0"
        )  # decoding wants the cores too
        try:
            session = ort.InferenceSession(self.file, options, providers=[provider])
        except Exception as error:  # onnxruntime raises its own unrelated classes
            raise SourceError(
                where=f"model {self.name}",
                expected=f"an ONNX graph in {self.file}",
                got=str(error),
                fix="Export it again.",
            ) from error
        return OnnxModel(self.name, session, self.input)


class OnnxModel:
    """A graph in memory (see `LoadedModel`)."""

    modality: Modality = "image"
    prefix_tokens: int | None = None

    def __init__(self, name: str, session: ort.InferenceSession, rule: ImageInput | None) -> None:
        self.name, self._session = name, session
        if len(session.get_inputs()) != 1:
            raise SourceError(
                where=f"model {name}",
                expected="a graph with one input",
                got=", ".join(i.name for i in session.get_inputs()),
                fix="Export the image tower alone.",
            )
        self._input = session.get_inputs()[0]
        self.preprocess = rule or self._graph_input()

    def _graph_input(self) -> ImageInput:
        shape = self._input.shape
        if len(shape) != 4 or shape[1] not in (1, 3) or not isinstance(shape[2], int) or shape[2] != shape[3]:
            raise SpecError(
                where=f"model {self.name}",
                expected="a graph input (N, 1 or 3, S, S), or an `input:` rule in the study",
                got=f"{self._input.name} {shape}",
                fix="Add input: {size: …, channels: …} to the model.",
            )
        return ImageInput(size=shape[2], channels=shape[1])

    def layers(self) -> list[Layer]:
        """The graph's outputs."""
        return [
            Layer(o.name, o.type, tuple(d if isinstance(d, int) else -1 for d in o.shape[1:]))
            for o in self._session.get_outputs()
        ]

    def forward(self, batch: np.ndarray, layers: Sequence[str]) -> dict[str, np.ndarray]:
        """The outputs of these names, float32; a graph with a fixed batch is run in steps of that size."""
        known = [o.name for o in self._session.get_outputs()]
        for layer in layers:
            if layer not in known:
                raise no_such_layer(self.name, layer, known)
        step = self._input.shape[0] if isinstance(self._input.shape[0], int) else len(batch)
        if len(batch) % step:
            raise DataError(
                where=f"model {self.name}",
                expected=f"batches of a multiple of {step} images",
                got=str(len(batch)),
                fix="Export the graph with a dynamic batch axis.",
            )
        parts = [self._run(batch[i : i + step], list(layers)) for i in range(0, len(batch), step)]
        return {
            name: np.concatenate([np.asarray(part[k], dtype=np.float32) for part in parts])
            for k, name in enumerate(layers)
        }

    def _run(self, batch: np.ndarray, layers: list[str]) -> list[np.ndarray]:
        try:
            return [np.asarray(output) for output in self._session.run(layers, {self._input.name: batch})]
        except Exception as error:  # onnxruntime raises its own unrelated classes
            reason = str(error).strip().splitlines()[0]
            if any(text in reason for text in _NO_MEMORY):
                raise OutOfMemory(
                    where=f"model {self.name}",
                    expected=f"memory for {len(batch)} images {batch.shape[1:]} at once",
                    got=reason,
                    fix="Lower `batch_size:`.",
                ) from error
            raise DataError(
                where=f"model {self.name}",
                expected=f"a forward pass of images {batch.shape[1:]}",
                got=reason,
                fix="Check the model's `input:` (size, channels).",
            ) from error
