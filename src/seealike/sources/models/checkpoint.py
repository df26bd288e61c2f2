"""An architecture of timm, torchvision or a Python file, with a local state dict."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from seealike.data.identity import digest, file_digest
from seealike.errors import SourceError, SpecError, suggestion
from seealike.sources.entry import LocalPath
from seealike.sources.models.card import LoadedModel, ModelCard

if TYPE_CHECKING:
    import torch


class CheckpointCard(ModelCard):
    """A network built by name, with the weights of a local file. `input` is required.

    Attributes:
        network: ``timm:NAME``, ``torchvision:NAME``, ``file.py:Name`` or ``package.module:Name``.
        arguments: keyword arguments for its constructor.
        weights: a ``.safetensors`` file, or a ``.pt/.pth/.th`` file that loads with ``weights_only``.
        state_key: where the state dict stands in the file ("state_dict"), dots for nested keys.
        strip_prefix: removed from the front of every key ("module.").
    """

    source_name: ClassVar[str] = "checkpoint"
    network: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    weights: LocalPath
    state_key: str = ""
    strip_prefix: str = ""
    _root: Path = PrivateAttr(default=Path())

    @model_validator(mode="after")
    def _needs_input(self, info: ValidationInfo) -> CheckpointCard:
        if self.input is None:
            raise ValueError(
                "expected `input: {size: …, …}`: a state dict does not say how images were prepared"
            )
        self._root = Path((info.context or {}).get("root", Path()))
        return self

    def weights_digest(self) -> str:
        """Digest of the file, the network's code and how the one was put into the other."""
        from seealike.sources.models.networks import code_digest

        code = code_digest(self.network, self._root)
        return digest(
            [file_digest(self.weights), code, self.network, self.arguments, self.state_key, self.strip_prefix]
        )

    def preprocessing(self) -> dict[str, object]:
        """The input rule."""
        assert self.input is not None
        return self.input.model_dump()

    def load(self, device: str) -> LoadedModel:
        """Build the network and load the state dict, strictly.

        Raises:
            SourceError: the file cannot be read without unpickling code, or its keys do not fit (which ones).
        """
        from seealike.sources.models.hooks import TorchModel
        from seealike.sources.models.networks import build

        assert self.input is not None
        module = build(self.network, self.arguments, self._root)
        fill(module, self._state(), where=f"model {self.name}, weights {self.weights.name}")
        return TorchModel(self.name, module, self.input, device)

    def _state(self) -> dict[str, torch.Tensor]:
        where = f"model {self.name}, weights {self.weights}"
        state = read_state(self.weights, where)
        for key in filter(None, self.state_key.split(".")):
            if not isinstance(state, dict) or key not in state:
                known = [str(k) for k in state] if isinstance(state, dict) else []
                raise SpecError(
                    where=where,
                    expected=f"the key {key!r} in the file",
                    got="none",
                    fix=suggestion(key, known),
                )
            state = state[key]
        return {key.removeprefix(self.strip_prefix): value for key, value in state.items()}


def read_state(path: Path, where: str) -> dict[str, Any]:
    """The content of a checkpoint file, never running code from it.

    Raises:
        SourceError: not a checkpoint, or one that only unpickling arbitrary code could read.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickle protocols: what cannot be read safely raises below
            return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        unsafe = "weights_only" in str(error) or isinstance(error, pickle.UnpicklingError)
        raise SourceError(
            where=where,
            expected="tensors in a safetensors file or a torch file that loads with weights_only",
            got=reason,
            fix="Save model.state_dict() alone; a pickle could run any code, so it is refused."
            if unsafe
            else "Download or save the file again.",
        ) from error
    except Exception as error:
        if type(error).__name__ != "SafetensorError":
            raise
        raise SourceError(
            where=where, expected="a safetensors file", got=str(error), fix="Download or save the file again."
        ) from error


def fill(module: torch.nn.Module, state: dict[str, torch.Tensor], *, where: str) -> None:
    """Load a state dict into a module; every key and every shape must fit.

    Batch counters (``num_batches_tracked``), which old files lack, change nothing in evaluation and may miss.

    Raises:
        SourceError: names the keys that are missing, not expected or of another shape, and a prefix that
            would mend it, where there is one.
    """
    own = module.state_dict()
    counters = {key: value for key, value in own.items() if key.endswith("num_batches_tracked")}
    state = counters | state
    missing, extra = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
    reshaped = [
        f"{key} {tuple(state[key].shape)} for {tuple(own[key].shape)}"
        for key in own.keys() & state.keys()
        if getattr(state[key], "shape", None) != own[key].shape
    ]
    if not (missing or extra or reshaped):
        module.load_state_dict(state)
        return
    parts = [
        f"{len(keys)} {what} ({', '.join(keys[:4])}{', …' * (len(keys) > 4)})"
        for what, keys in (
            ("missing", missing),
            ("not in the network", extra),
            ("of another shape", sorted(reshaped)),
        )
        if keys
    ]
    raise SourceError(
        where=where,
        expected=f"the {len(own)} keys of {type(module).__name__}",
        got="; ".join(parts),
        fix=_advice(missing, extra),
    )


def _advice(missing: list[str], extra: list[str]) -> str:
    first = extra[0] if extra else ""
    prefix = first[: first.find(".") + 1]
    if prefix and missing and prefix + missing[0] in extra:
        return f'Add strip_prefix: "{prefix}".'
    if extra and len(extra) <= 5 and missing and not any("." in key for key in extra):
        return f"If the state dict is nested, add state_key: (one of {', '.join(extra)})."
    return "Check the network's name and arguments."
