"""The embedded default: a folder with real images, small trained networks and a study file, made offline.

Everything that `make` writes is what a user's own folder holds: arrays, safetensors, a models.csv and a
study.yaml. The ordinary line runs on it; nothing else in seealike knows this room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seealike.demo.make import make as make

__all__ = ["make"]


def __getattr__(name: str) -> object:
    """Import `make` on first use, so that importing this package never imports torch."""
    if name == "make":
        from importlib import import_module

        return import_module("seealike.demo.make").make
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
