"""A network that a function of your own builds."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from seealike.data.digests import cached_file_digests
from seealike.data.identity import digest
from seealike.errors import SourceError
from seealike.sources.entry import CodePlace, LocalPath
from seealike.sources.models.card import LoadedModel, ModelCard

_MODEL = ("preprocess", "layers", "forward", "modality")


class PythonCard(ModelCard):
    """What a function in a Python file returns: a ``torch.nn.Module`` (with `input`), or a whole `LoadedModel`.

    Attributes:
        function: ``file.py:name`` (relative to the study file) or ``package.module:name``. A parameter named
            ``device`` is given the study's device.
        arguments: its keyword arguments.
        files: the files that it reads (weights …): features follow their contents.
    """

    source_name: ClassVar[str] = "python"
    function: CodePlace
    arguments: dict[str, Any] = Field(default_factory=dict)
    files: tuple[LocalPath, ...] = ()
    _root: Path = PrivateAttr(default=Path())

    @model_validator(mode="after")
    def _keeps_root(self, info: ValidationInfo) -> PythonCard:
        self._root = Path((info.context or {}).get("root", Path()))
        return self

    def weights_digest(self) -> str:
        """Digest of the function's file, its arguments and the files that it reads."""
        from seealike.sources.models.networks import code_digest

        read = cached_file_digests(self.files)
        return digest([code_digest(self.function, self._root), self.function, self.arguments, read])

    def preprocessing(self) -> dict[str, object]:
        """The input rule; without one the function prepares images itself, and its code is in the weights' digest."""
        return self.input.model_dump() if self.input else {"input": "python", "of": self.weights_digest()}

    def load(self, device: str) -> LoadedModel:
        """Run the function.

        Raises:
            SourceError: it fails, or returns something else.
        """
        import torch

        from seealike.sources.models.hooks import TorchModel
        from seealike.sources.models.networks import constructor

        where = f"model {self.name}, function {self.function}"
        function = constructor(self.function, self._root, where)
        made = self._made(function, device, where)
        if isinstance(made, torch.nn.Module):
            if self.input is None:
                raise _wrong(where, "`input: {size: …, …}` for a module", "none", "Add it to the model.")
            prefix = getattr(made, "num_prefix_tokens", None)
            return TorchModel(self.name, made, self.input, device, prefix_tokens=prefix)
        lacks = [name for name in _MODEL if not hasattr(made, name)]
        if lacks:
            got = f"a {type(made).__name__} without {', '.join(lacks)}"
            raise _wrong(where, "a torch.nn.Module or a LoadedModel", got, "Return one of the two.")
        return made

    def _made(self, function: Any, device: str, where: str) -> Any:
        given = dict(self.arguments)
        if "device" in inspect.signature(function).parameters:
            given.setdefault("device", device)
        try:
            return function(**given)
        except Exception as error:  # it is the user's code
            got = f"{type(error).__name__}: {error}"
            raise _wrong(
                where, "a function that builds a network", got, "Mend it, or `arguments:`."
            ) from error


def _wrong(where: str, expected: str, got: str, fix: str) -> SourceError:
    return SourceError(where=where, expected=expected, got=got, fix=fix)
