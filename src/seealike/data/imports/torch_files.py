"""Tensors of torch files (``.pt``, ``.pth``, ``.th``), loaded with ``weights_only`` and in no other way."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seealike.data.imports.entry import TEXT, Entry, refused, unreadable
from seealike.data.imports.numpy_pickles import numpy_payload
from seealike.errors import DataError


def read_torch(path: Path) -> dict[str, Entry]:
    """The tensor of a torch file, or the tensors and texts of its dictionary; what else is in it is passed over.

    A file that holds nothing but a NumPy array is read too (see `numpy_pickles`).

    Raises:
        DataError: not a torch file, or one that only unpickling could read.
    """
    loaded = _loaded(path)
    if not isinstance(loaded, Mapping):
        loaded = {"": loaded}
    entries = {str(name): _entry(value) for name, value in loaded.items()}
    found = {name: entry for name, entry in entries.items() if entry is not None}
    if not found:
        kinds = ", ".join(sorted({type(value).__name__ for value in loaded.values()})) or "nothing"
        raise unreadable(
            path, "a tensor, or a dictionary with tensors", kinds, "Save the tensor alone with torch.save."
        )
    return found


def _loaded(path: Path) -> Any:
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old formats: what cannot be read safely raises below
            whole = zipfile.is_zipfile(path)
            return torch.load(path, map_location="cpu", weights_only=True, mmap=True if whole else None)
    except pickle.UnpicklingError as error:
        return _numpy(path, refused(path, f"a file that weights_only refuses ({_first_line(error)})"))
    except (RuntimeError, EOFError, OSError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise unreadable(path, "a torch file", _first_line(error)) from error


def _numpy(path: Path, otherwise: DataError) -> np.ndarray:
    """The NumPy array that the file holds, which torch's own safe reader refuses."""
    try:
        return numpy_payload(path)
    except DataError:
        raise otherwise from None


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0].partition(". ")[0] if text else type(error).__name__


def _entry(value: Any) -> Entry | None:
    import torch

    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return Entry.of(value)
    if isinstance(value, torch.Tensor):
        if value.layout != torch.strided or value.is_quantized or value.is_complex():
            return None
        kind = str(value.dtype).removeprefix("torch.")
        return Entry(tuple(value.shape), kind, lambda: _numbers(value))
    if isinstance(value, Sequence) and value and all(isinstance(item, str) for item in value):
        return Entry((len(value),), TEXT, lambda: np.array(list(value)))
    return None


def _numbers(tensor: Any) -> np.ndarray:
    import torch

    tensor = tensor.detach()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
