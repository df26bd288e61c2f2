"""Pickles of plain things (dictionaries, lists, texts, numbers, numpy numbers) without running what is in them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from seealike.errors import DataError

#: What a plain pickle may name: numpy's own ways to make numbers and arrays of numbers again, and nothing else.
_ALLOWED = {
    (f"numpy{core}.{module}", name)
    for core in (".core", "._core")
    for module, name in (("multiarray", "scalar"), ("multiarray", "_reconstruct"), ("numeric", "_frombuffer"))
} | {("numpy", "dtype"), ("numpy", "ndarray"), ("collections", "OrderedDict")}


class _Plain(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if (module_name, global_name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module_name}.{global_name}")
        return super().find_class(module_name, global_name)


def read_plain_pickle(path: Path) -> Any:
    """What a pickle of plain things holds.

    Raises:
        DataError: it names anything else, which is never made.
    """
    try:
        with path.open("rb") as stream:
            return _Plain(stream).load()
    except (pickle.UnpicklingError, EOFError, ValueError, IndexError, KeyError, AttributeError) as error:
        raise DataError(
            where=str(path),
            expected="a pickle of dictionaries, lists, texts and numbers",
            got=str(error) or type(error).__name__,
            fix="Save it as JSON where you trust it: other pickles are not opened.",
        ) from error
