"""A torch module as a `LoadedModel`: forward hooks read the named layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from seealike.errors import DataError, SpecError
from seealike.sources.models.card import Layer, Preprocess, no_such_layer


class TorchModel:
    """A module in evaluation mode whose submodules can be read by name.

    Args:
        name: for error messages.
        module: the network; it is moved to `device` and put into evaluation mode.
        preprocess: image -> (channels, height, width) float32.
        device: a torch device name.
    """

    def __init__(self, name: str, module: torch.nn.Module, preprocess: Preprocess, device: str) -> None:
        self.name, self.preprocess, self._device = name, preprocess, device
        self._module = module.eval().to(device)

    def layers(self) -> list[Layer]:
        """Every submodule that runs for a blank image, in forward order, with its output shape."""
        from PIL import Image

        found: dict[str, Layer] = {}

        def note(name: str, module: torch.nn.Module, output: object) -> None:
            shape = tuple(output.shape[1:]) if isinstance(output, torch.Tensor) else None
            found[name] = Layer(name, type(module).__name__, shape)

        blank = self.preprocess(Image.new("RGB", (256, 256)))[None]
        names = [name for name, _ in self._module.named_modules() if name]
        self._run(blank, names, note)
        return list(found.values())

    def forward(self, batch: np.ndarray, layers: Sequence[str]) -> dict[str, np.ndarray]:
        """The outputs of these submodules for a batch, float32.

        Raises:
            UnknownName: no such submodule.
            SpecError: a submodule runs more than once (which output is meant?), or not at all.
            DataError: a submodule gives something other than a tensor.
        """
        known = dict(self._module.named_modules())
        for layer in layers:
            if layer not in known:
                raise no_such_layer(self.name, layer, [n for n in known if n])
        outputs: dict[str, np.ndarray] = {}

        def keep(name: str, module: torch.nn.Module, output: object) -> None:
            if name in outputs:
                raise self._wrong(
                    SpecError, name, "a module that runs once", "a second output", "Read its parent."
                )
            if not isinstance(output, torch.Tensor):
                got = f"a {type(output).__name__} from {type(module).__name__}"
                raise self._wrong(DataError, name, "a tensor", got, "Read a submodule of it.")
            outputs[name] = output.detach().float().cpu().numpy()

        self._run(batch, layers, keep)
        for layer in layers:
            if layer not in outputs:
                raise self._wrong(
                    SpecError, layer, "a module that runs", "no output", "Choose another layer."
                )
        return outputs

    def _wrong(
        self, kind: type[SpecError | DataError], layer: str, expected: str, got: str, fix: str
    ) -> SpecError | DataError:
        shown = f"`seealike show-model` lists the layers. {fix}"
        return kind(where=f"model {self.name}, layer {layer}", expected=expected, got=got, fix=shown)

    def _run(
        self, batch: np.ndarray, layers: Sequence[str], see: Callable[[str, torch.nn.Module, object], None]
    ) -> None:
        modules = dict(self._module.named_modules())

        def hook(name: str) -> Callable[..., None]:
            def called(module: torch.nn.Module, _inputs: Any, output: object) -> None:
                see(name, module, output)

            return called

        handles = [modules[name].register_forward_hook(hook(name)) for name in layers]
        try:
            with torch.inference_mode():
                self._module(torch.from_numpy(np.ascontiguousarray(batch)).to(self._device))
        except (RuntimeError, ValueError, TypeError, AssertionError) as error:
            raise DataError(
                where=f"model {self.name}",
                expected=f"a forward pass of images {batch.shape[1:]}",
                got=f"{type(error).__name__}: {str(error).strip().splitlines()[0]}",
                fix="Check the model's `input:` (size, channels) and, if memory ran out, `batch_size:`.",
            ) from error
        finally:
            for handle in handles:
                handle.remove()
