"""A torch module as a `LoadedModel`: forward hooks read the named layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from PIL import Image

from seealike.errors import DataError, OutOfMemory, SpecError
from seealike.sources.models.card import Modality, Preprocess
from seealike.sources.models.catching import Catch
from seealike.sources.models.layers import Layer, find
from seealike.sources.models.running import Network, See, first_line, is_out_of_memory
from seealike.sources.models.tracing import Place, Recorder, Trace


class TorchModel:
    """A module in evaluation mode whose layers can be read by name, one `forward` at a time.

    A layer is a submodule (``blocks.3``), one call of it where it runs several times (``relu#2``), one tensor of
    an output that is no tensor (``lstm[0]``, ``encoder[last_hidden_state]``), or ``output``, what the whole
    network returns. Its values are what it returned, even where the network changes that tensor in place later
    (a ReLU with ``inplace=True`` behind it), and do not depend on which other layers are read.

    Args:
        name: for error messages.
        module: the network; it is moved to `device` and put into evaluation mode.
        preprocess: image -> (channels, height, width) float32, or text -> (n_tokens,) int64.
        device: a torch device name.
        modality: what `preprocess` takes.
        prefix_tokens: how many leading tokens are no patches.
        autocast: "bfloat16" or "float16" runs the forward pass in mixed precision.
        call: runs the module on one tensor; ``module(tensor)`` where not given.

    Example:
        >>> from seealike.sources.images import ImageInput
        >>> module = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(inplace=True))
        >>> model = TorchModel("m", module, ImageInput(size=6), "cpu")
        >>> [(layer.name, layer.shape) for layer in model.layers()]
        [('0', (8, 4, 4)), ('1', (8, 4, 4)), ('output', (8, 4, 4))]
        >>> model.forward(np.zeros((5, 3, 6, 6), np.float32), ["0"])["0"].shape
        (5, 8, 4, 4)
    """

    def __init__(
        self,
        name: str,
        module: torch.nn.Module,
        preprocess: Preprocess,
        device: str,
        *,
        modality: Modality = "image",
        prefix_tokens: int | None = None,
        autocast: str | None = None,
        call: Callable[[Any, torch.Tensor], object] | None = None,
    ) -> None:
        self.name, self.preprocess = name, preprocess
        self.modality: Modality = modality
        self.prefix_tokens, self.autocast = prefix_tokens, autocast
        self._network = Network(module, device, call or (lambda module, tensor: module(tensor)))
        self._trace: Trace | None = None
        self._overwritten: set[str] = set()

    @property
    def module(self) -> torch.nn.Module:
        """The network itself, as it is run."""
        return self._network.module

    def place(self, layer: str) -> Place:
        """Where in the network a layer's values come from, for who runs it with gradients.

        Raises:
            UnknownName, SpecError: as `forward`.
        """
        return self._place(layer, self._traced(self.blank()))

    def blank(self) -> np.ndarray:
        """A batch of one: a black image or a short text, prepared."""
        sample = Image.new("RGB", (256, 256)) if self.modality == "image" else "A photograph of two cats."
        return self.preprocess(sample)[None]

    def called(self, tensor: torch.Tensor) -> object:
        """What the network returns for a batch on its device; gradients are as the caller has them."""
        return self._network.called(tensor)

    def layers(self) -> list[Layer]:
        """Every module that runs, each of its calls, and each tensor of its output, in the order of the pass."""
        return list(self._traced(self.blank()).layers)

    def forward(self, batch: np.ndarray, layers: Sequence[str]) -> dict[str, np.ndarray]:
        """The outputs of these layers for a batch, float32; the pass stops after the last of them.

        The arrays may share memory with each other and with `batch`: do not write to them.

        Args:
            batch: (n, channels, height, width) float32, or (n, n_tokens) int64.
            layers: names as `layers` gives them.

        Raises:
            UnknownName: no such layer (the nearest names are given).
            SpecError: a module that runs several times (which call?), or not at all.
            DataError: an output that is no tensor with one row a sample; a pass that fails.
            OutOfMemory: a smaller batch may fit.
        """
        try:
            return self._forward(batch, layers)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            reason = first_line(error)
        # Raised out here, where the failed pass and its tensors are gone: the next try needs their memory.
        raise OutOfMemory(
            where=f"model {self.name}",
            expected=f"memory for {len(batch)} {self.modality}s {batch.shape[1:]} at once",
            got=reason,
            fix="Lower `batch_size:`.",
        )

    def _forward(self, batch: np.ndarray, layers: Sequence[str]) -> dict[str, np.ndarray]:
        trace = self._traced(batch)
        places = {name: self._place(name, trace) for name in layers}
        catch = self._caught(batch, places)
        if changed := catch.changed():  # once: from now on these are copied as they come
            self._overwritten.update(changed)
            catch = self._caught(batch, places)
        return {name: self._array(name, catch.tensors[name], len(batch)) for name in layers}

    def _caught(self, batch: np.ndarray, places: Mapping[str, Place]) -> Catch:
        catch = Catch(places, self._overwritten)
        self._run(batch, {path: catch.seer(path) for path in catch.modules})
        for name in places:
            if name not in catch.tensors:
                raise self._no_output(name, "a module that runs for every batch as for the first")
        return catch

    def _traced(self, batch: np.ndarray) -> Trace:
        """What one pass shows, found once; two copies of a sample tell which outputs have a row a sample."""
        if self._trace is None:
            # Some networks refuse two samples (exported for another batch size): then the batch itself decides.
            with suppress(DataError, RuntimeError, MemoryError):
                self._trace = self._recorded(np.repeat(batch[:1], 2, axis=0))
        if self._trace is None:
            self._trace = self._recorded(batch.copy())
        return self._trace

    def _recorded(self, batch: np.ndarray) -> Trace:
        recorder = Recorder(len(batch))

        def seer(path: str, module: torch.nn.Module) -> See:
            return lambda output: recorder.see(path, type(module).__name__, output)

        self._run(batch, {path: seer(path, module) for path, module in self._network.modules.items()})
        return recorder.trace()

    def _place(self, name: str, trace: Trace) -> Place:
        if name in self._network.modules and name not in trace.ran:
            raise self._no_output(name, "a module that runs")
        if name not in trace.places:
            name = find(name, trace.layers, where=f"model {self.name}").name
        return trace.places[name]

    def _no_output(self, name: str, expected: str) -> SpecError:
        fix = "Choose another layer: `seealike show-model` lists them."
        return SpecError(
            where=f"model {self.name}, layer {name}", expected=expected, got="no output", fix=fix
        )

    def _run(self, batch: np.ndarray, seers: Mapping[str, See]) -> None:
        try:
            self._network.run(batch, seers, self.autocast)
        except Exception as error:  # networks raise anything
            if is_out_of_memory(error):
                raise
            raise DataError(
                where=f"model {self.name}",
                expected=f"a forward pass of {self.modality}s {batch.shape[1:]}",
                got=f"{type(error).__name__}: {first_line(error)}",
                fix="Check the model's `input:` (size, channels).",
            ) from error

    def _array(self, name: str, tensor: torch.Tensor, rows: int) -> np.ndarray:
        if tensor.ndim == 0 or tensor.shape[0] != rows:
            raise DataError(
                where=f"model {self.name}, layer {name}",
                expected=f"one row for each of {rows} samples",
                got=f"a tensor of shape {tuple(tensor.shape)}",
                fix="Read another layer: `seealike show-model` lists them.",
            )
        return tensor.detach().cpu().float().numpy()
