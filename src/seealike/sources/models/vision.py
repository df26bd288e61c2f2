"""torchvision, and everything that imports it (timm, open_clip, transformers), imported safely.

A CPU-only torch beside the registry's torchvision (a CUDA build) cannot load torchvision's compiled
operators, and the import fails with «operator torchvision::nms does not exist», which takes timm down with
it. Declaring the two operators' signatures before the first import repairs it: only detection operators
and torchvision.io are lost, which seealike does not use.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from seealike.errors import needed
from seealike.sources.images import plain

if TYPE_CHECKING:
    from PIL import Image

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


def vision_library(name: str, *, where: str, extra: str = "") -> ModuleType:
    """Import a library that stands on torchvision.

    Args:
        name: "timm", "torchvision", "open_clip" or "transformers": the module and the extra that installs it.
        where: for whom, in the error.
        extra: of seealike, that installs it; where not given, that of its name.

    Raises:
        MissingDependency: not installed; the message says which extra to install.
    """
    _forget_half_imported()
    with needed(name, extra or name, where=where):
        return importlib.import_module(name)


def rgb(transform: Callable[[Image.Image], Any]) -> Callable[[Image.Image], np.ndarray]:
    """A library's transform as a `Preprocess`: it gets an 8-bit RGB image, whatever the file was.

    Example:
        >>> from PIL import Image
        >>> rgb(lambda image: np.asarray(image).transpose(2, 0, 1))(Image.new("L", (4, 2))).shape
        (3, 2, 4)
    """

    def preprocess(image: Image.Image) -> np.ndarray:
        return np.asarray(transform(plain(image).convert("RGB")), dtype=np.float32)

    return preprocess


def _forget_half_imported() -> None:
    import sys

    if sys.modules.get("torchvision", sys) is None:
        return  # somebody forbade its import
    if _declared_operators() is not None and not hasattr(sys.modules.get("torchvision"), "models"):
        for module in [m for m in sys.modules if m == "torchvision" or m.startswith("torchvision.")]:
            del sys.modules[module]
