"""The weights that a training leaves, in a file: all of them, or those alone that it changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_model, save_file, save_model
from torch import nn

#: What the file says of weights that are not in it: a digest of them.
_FROZEN = "frozen"


def save_kept(module: nn.Module, path: Path) -> None:
    """Write the parameters that require gradients, and all buffers; everything where no parameter is frozen.

    Tensors that are shared are written once. Of frozen parameters a digest is kept, so that `fill_kept` can tell
    whether a network starts from the same ones.
    """
    frozen = _frozen(module)
    if not frozen:
        save_model(module, str(path))
        return
    whole = module.state_dict()
    trained = {name: one.detach() for name, one in module.named_parameters() if one.requires_grad}
    buffers = {name: one for name, one in module.named_buffers() if name in whole}
    state = {name: one.contiguous() for name, one in (trained | buffers).items()}
    save_file(state, path, metadata={_FROZEN: _digest(frozen)})


def fill_kept(module: nn.Module, path: Path) -> None:
    """Put the weights of a file into a network of the same shape whose frozen parameters are the same.

    Raises:
        OSError, RuntimeError, ValueError: no such file, or the weights of another network.

    Example:
        >>> import tempfile
        >>> net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
        >>> _ = net[0].requires_grad_(False)
        >>> file = Path(tempfile.mkdtemp()) / "w.safetensors"
        >>> save_kept(net, file)
        >>> with safe_open(file, "pt") as kept:
        ...     sorted(kept.keys())
        ['1.bias', '1.weight']
        >>> fill_kept(net, file)
        >>> _ = net[0].weight.zero_()
        >>> fill_kept(net, file)
        Traceback (most recent call last):
        ...
        ValueError: the weights that were not trained are others now
    """
    with safe_open(path, "pt") as file:
        said = (file.metadata() or {}).get(_FROZEN)
        names = [] if said is None else list(file.keys())
        state: dict[str, torch.Tensor] = {name: file.get_tensor(name) for name in names}
    if said is None:
        load_model(module, path)
        return
    frozen = _frozen(module)
    if _digest(frozen) != said:
        raise ValueError("the weights that were not trained are others now")
    lacking, unknown = module.load_state_dict(state, strict=False)
    shared = _shared(module, set(state))
    left = sorted(set(lacking) - set(frozen) - shared)
    if left or unknown:
        raise ValueError(f"weights of another network ({', '.join([*left, *unknown][:4])})")


def _frozen(module: nn.Module) -> dict[str, nn.Parameter]:
    every = module.named_parameters(remove_duplicate=False)
    return {name: one for name, one in every if not one.requires_grad}


def _shared(module: nn.Module, names: set[str]) -> set[str]:
    """Names of the same parameters as these."""
    every = dict(module.named_parameters(remove_duplicate=False))
    filled = {id(one) for name, one in every.items() if name in names}
    return {name for name, one in every.items() if id(one) in filled}


def _digest(tensors: dict[str, nn.Parameter]) -> str:
    found = hashlib.sha256()
    for name, one in tensors.items():
        found.update(name.encode())
        flat = one.detach().cpu().contiguous().reshape(-1)
        found.update(flat.view(torch.uint8).numpy().data)
    return found.hexdigest()
