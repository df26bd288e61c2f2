"""State dicts: read from files without running any code in them, and put into networks."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seealike.errors import SourceError

if TYPE_CHECKING:
    import torch


@contextmanager
def without_code() -> Iterator[None]:
    """Let no library's ``torch.load`` unpickle anything but tensors and plain containers."""
    variable = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(variable)
    os.environ[variable] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before


def read_state(path: Path, where: str) -> dict[str, Any]:
    """The content of a checkpoint file, never running code from it.

    Raises:
        SourceError: not a checkpoint, or one that only unpickling arbitrary code could read.
    """
    try:
        if _is_safetensors(path):
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


def _is_safetensors(path: Path) -> bool:
    """Downloads have no suffix; the format begins with the length of a header, then the header, which is JSON."""
    with path.open("rb") as stream:
        return path.suffix == ".safetensors" or stream.read(9)[8:] == b"{"


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
        f"{key} {_shape(state[key])} for {tuple(own[key].shape)}"
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


def _shape(value: Any) -> object:
    return tuple(value.shape) if hasattr(value, "shape") else type(value).__name__


def _advice(missing: list[str], extra: list[str]) -> str:
    first = extra[0] if extra else ""
    prefix = first[: first.find(".") + 1]
    if prefix and missing and prefix + missing[0] in extra:
        return f'Add keys: [{{strip: "{prefix}"}}].'
    if extra and len(extra) <= 5 and missing and not any("." in key for key in extra):
        return f"If the state dict is nested, add state_key: (one of {', '.join(extra)})."
    if missing and not extra:
        return "Check the network's name and arguments; add remove: [NAME] for a head that the file does not have."
    return "Check the network's name and arguments."
