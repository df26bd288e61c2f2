"""torchvision and timm, imported safely.

A CPU-only torch beside the registry's torchvision (a CUDA build) cannot load torchvision's compiled
operators, and the import fails with «operator torchvision::nms does not exist», which takes timm down with
it. Declaring the two operators' signatures before the first import repairs it: only detection operators
and torchvision.io are lost, which seealike does not use.
"""

from __future__ import annotations

import functools
import importlib
from types import ModuleType
from typing import Any

from seealike.errors import MissingDependency

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


@functools.cache
def _declared_operators() -> Any:
    """Declare the operators once; the library object must stay alive, hence the cache."""
    import torch

    try:
        import torchvision  # noqa: F401
    except ModuleNotFoundError:
        return None
    except RuntimeError:
        library = torch.library.Library("torchvision", "FRAGMENT")
        for schema in _SCHEMAS:
            library.define(schema)
        return library
    return None


def vision_library(name: str, *, where: str) -> ModuleType:
    """Import ``timm`` or ``torchvision``.

    Args:
        name: "timm" or "torchvision".
        where: for whom, in the error.

    Raises:
        MissingDependency: not installed; the message says which extra to install.
    """
    _forget_half_imported()
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingDependency(
            where=where, expected=name, got=str(error), fix=f'Run: pip install "seealike[{name}]"'
        ) from error


def _forget_half_imported() -> None:
    import sys

    if _declared_operators() is not None and not hasattr(sys.modules.get("torchvision"), "models"):
        for module in [m for m in sys.modules if m == "torchvision" or m.startswith("torchvision.")]:
            del sys.modules[module]
