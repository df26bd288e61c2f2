"""Running a torch network once, watched by hooks that are always removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import numpy as np
import torch

_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED", "bad_alloc")

#: The path of the whole network, where no submodule has that name.
WHOLE = "output"

#: Takes what a module returned.
See = Callable[[object], None]


class Enough(BaseException):
    """Raised by a hook when all that is wanted is there; no Exception, so that no network catches it."""


class Network:
    """A module in evaluation mode on a device.

    Args:
        module: moved to `device` and put into evaluation mode.
        device: a torch device name.
        call: runs the module on one tensor.
    """

    def __init__(
        self, module: torch.nn.Module, device: str, call: Callable[[Any, torch.Tensor], object]
    ) -> None:
        self.device = torch.device(device)
        self.module = module.eval().to(self.device)
        #: path -> module; one that stands in several places goes by its first path.
        self.modules = {path: part for path, part in self.module.named_modules() if path and _has_hooks(part)}
        self.modules.setdefault(WHOLE, self.module)
        self._call = call
        self._writes_input = False
        kinds = (torch.nn.TransformerEncoder, torch.nn.TransformerEncoderLayer)
        self._has_fast_path = any(isinstance(part, kinds) for part in self.modules.values())

    def run(self, batch: np.ndarray, seers: Mapping[str, See], autocast: str | None = None) -> None:
        """One pass, or as much of it as it takes until a seer had `Enough`.

        Args:
            batch: is not written to, even by a network that changes its input in place.
            seers: path of a module -> called with each of its outputs.
            autocast: "bfloat16" or "float16" for mixed precision.
        """
        with ExitStack() as stack:
            for path, see in seers.items():
                if self.modules[path] is not self.module:
                    handle = self.modules[path].register_forward_hook(_hook(see))
                    stack.callback(handle.remove)
            # No gradients, yet no inference mode: its tensors do not count how often they were changed in place.
            stack.enter_context(torch.no_grad())
            if autocast is not None:
                kind = getattr(torch, autocast)
                stack.enter_context(torch.autocast(self.device.type, dtype=kind))
            if self._has_fast_path:
                stack.enter_context(_plain_encoder_layers())
            with suppress(Enough):
                whole = self._called(batch)
                # Not hooked: `call` may use another method of the module than its forward.
                if self.modules[WHOLE] is self.module and WHOLE in seers:
                    seers[WHOLE](whole)

    def called(self, tensor: torch.Tensor) -> object:
        """What the network returns for a batch on its device; nothing is caught and gradients flow."""
        return self._call(self.module, tensor)

    def _called(self, batch: np.ndarray) -> object:
        tensor = self._tensor(batch)
        try:
            return self._call(self.module, tensor)
        finally:
            self._writes_input |= tensor._version > 0

    def _tensor(self, batch: np.ndarray) -> torch.Tensor:
        keep = batch.flags.writeable and not self._writes_input
        return torch.from_numpy(np.require(batch, requirements="C") if keep else batch.copy()).to(self.device)


def _has_hooks(module: torch.nn.Module) -> bool:
    return not isinstance(module, torch.jit.ScriptModule)  # compiled: what happens inside cannot be seen


def _hook(see: See) -> Callable[..., None]:
    return lambda _module, _inputs, output: see(output)


@contextmanager
def _plain_encoder_layers() -> Iterator[None]:
    """Turn off the fused path of torch's encoder layers.

    It is taken only where no hook is attached, and rounds otherwise: a layer's values would depend on which other
    layers are read.
    """
    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on the CPU, on CUDA or on MPS.

    Example:
        >>> is_out_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"))
        True
        >>> is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
        False
    """
    told = isinstance(error, RuntimeError) and any(text in str(error) for text in _NO_MEMORY)
    return told or isinstance(error, MemoryError)


def first_line(error: BaseException) -> str:
    """The first line of what an error says, or its class.

    Example:
        >>> first_line(ValueError())
        'ValueError'
    """
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
