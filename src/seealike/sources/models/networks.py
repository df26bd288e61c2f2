"""Build a network from one line: ``timm:NAME``, ``torchvision:NAME``, ``transformers:NAME``, ``file.py:Name``."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from seealike.data.identity import digest, file_digest
from seealike.errors import SourceError, SpecError, UnknownName, suggestion
from seealike.sources.models.hub import from_hub
from seealike.sources.models.tokenizer import folder_or_revision
from seealike.sources.models.vision import vision_library


def build(network: str, arguments: Mapping[str, Any], root: Path) -> torch.nn.Module:
    """The network, untrained.

    Args:
        network: ``timm:resnet18``, ``torchvision:resnet50``, ``transformers:NAME`` (a pretrained language model of the
            hub or of a folder), ``models.py:MyNet`` (relative to `root`; the file is executed) or
            ``package.module:MyNet``.
        arguments: keyword arguments for the constructor.
        root: the study file's folder.

    Raises:
        SpecError, UnknownName: no such network, or the arguments do not fit.
        MissingDependency: timm or torchvision is not installed.

    Example:
        >>> from pathlib import Path
        >>> build("torch.nn:Linear", {"in_features": 2, "out_features": 3}, Path())
        Linear(in_features=2, out_features=3, bias=True)
    """
    where = f"network {network}"
    make = constructor(network, root, where)
    try:
        module = make(**arguments)
    except TypeError as error:
        raise SpecError(
            where=where,
            expected="arguments that fit",
            got=f"{dict(arguments)} ({error})",
            fix="Mend `arguments:`.",
        ) from error
    if not isinstance(module, torch.nn.Module):
        raise SourceError(
            where=where,
            expected="a torch.nn.Module",
            got=type(module).__name__,
            fix="Name its class or a function.",
        )
    return module


def without(names: Sequence[str], module: torch.nn.Module, *, where: str) -> torch.nn.Module:
    """The module with these submodules replaced by identities.

    Raises:
        UnknownName: no such submodule.

    Example:
        >>> net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
        >>> without(["1"], net, where="net")
        Sequential(
          (0): Linear(in_features=2, out_features=3, bias=True)
          (1): Identity()
        )
    """
    known = [name for name, _ in module.named_modules() if name]
    for name in names:
        if name not in known:
            raise UnknownName(
                where=where,
                expected="a submodule to remove",
                got=repr(name),
                fix=suggestion(name, known),
            )
        parent, _, last = name.rpartition(".")
        setattr(module.get_submodule(parent), last, torch.nn.Identity())
    return module


def code_digest(network: str, root: Path) -> str:
    """What identifies the code of the network: the content of ``file.py:Name``, else the text itself."""
    place, _, name = network.partition(":")
    if place == "transformers":
        return digest([network, folder_or_revision(name, None, root)])
    return file_digest(root / place) if place.endswith(".py") else digest(network)


def constructor(network: str, root: Path, where: str) -> Callable[..., Any]:
    """What ``place:name`` stands for, to be called with arguments.

    Example:
        >>> from pathlib import Path
        >>> constructor("torch.nn:ReLU", Path(), "network")()
        ReLU()
    """
    place, colon, name = network.partition(":")
    if not colon:
        raise SpecError(
            where=where,
            expected="timm:NAME, torchvision:NAME, transformers:NAME, file.py:Name or package.module:Name",
            got=network,
            fix="Say where the architecture is defined.",
        )
    if place == "timm":
        return _timm(name, where)
    if place == "transformers":
        return lambda **arguments: _language_model(name, root, where, arguments)
    if place == "torchvision":
        models = vision_library("torchvision", where=where).models
        return _named(
            name, {n: lambda n=n, **kw: models.get_model(n, **kw) for n in models.list_models()}, where
        )
    return _named(name, vars(_module(place, root, where)), where)


def _timm(name: str, where: str) -> Callable[..., Any]:
    timm = vision_library("timm", where=where)
    architecture = name.split(".")[0]
    if not timm.is_model(architecture):
        raise UnknownName(
            where=where, expected="a timm model", got=repr(name), fix=suggestion(name, timm.list_models())
        )
    return lambda **arguments: timm.create_model(name, **arguments)


def _language_model(name: str, root: Path, where: str, arguments: Mapping[str, Any]) -> Any:
    library = vision_library("transformers", where=where)
    folder = root / Path(name).expanduser()
    place = str(folder) if folder.is_dir() else name
    with from_hub(where, name):
        given = {"dtype": "float32", **arguments}
        module = library.AutoModelForCausalLM.from_pretrained(place, trust_remote_code=False, **given)
    module.config.use_cache = False  # texts are read whole: nothing to remember
    return module


def _module(place: str, root: Path, where: str) -> ModuleType:
    try:
        if not place.endswith(".py"):
            return importlib.import_module(place)
        spec = importlib.util.spec_from_file_location(
            f"seealike_user_{digest(str(root / place))}", root / place
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except Exception as error:  # user code may raise anything while it is imported
        raise SourceError(
            where=where,
            expected=f"{place} to import",
            got=f"{type(error).__name__}: {error}",
            fix="Mend the file or its path (relative to the study file).",
        ) from error
    return module


def _named(name: str, known: Mapping[str, Any], where: str) -> Callable[..., Any]:
    if name not in known:
        names = [n for n, v in known.items() if callable(v) and not n.startswith("_")]
        raise UnknownName(
            where=where, expected="the name of a network", got=repr(name), fix=suggestion(name, names)
        )
    return known[name]
