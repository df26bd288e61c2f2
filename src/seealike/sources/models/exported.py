"""Networks that torch itself wrote to a file, code and all: torch.export and TorchScript."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, ClassVar

from pydantic import model_validator

from seealike.data.digests import cached_file_digest
from seealike.errors import MissingDependency, SourceError
from seealike.sources.entry import LocalPath
from seealike.sources.models.card import LoadedModel, ModelCard

if TYPE_CHECKING:
    import torch

#: Parts of a .pt2 archive that are unpickled or run as machine code when it is loaded.
_UNSAFE = ("opaque_obj", "custom_obj", "aotinductor/")


class ExportedCard(ModelCard):
    """A ``.pt2`` file of ``torch.export.save``, or a TorchScript file. `input` is required.

    Of a ``.pt2`` file the modules that it was exported from can be read, of TorchScript `output` alone, what the
    network gives (``output[0]``, ``output[key]`` where that is no tensor).

    Attributes:
        file: the file.
    """

    source_name: ClassVar[str] = "exported"
    file: LocalPath

    @model_validator(mode="after")
    def _needs_input(self) -> ExportedCard:
        if self.input is None:
            raise ValueError("expected `input: {size: …, …}`: the file does not say how images were prepared")
        return self

    def weights_digest(self) -> str:
        """Digest of the file."""
        return cached_file_digest(self.file)

    def preprocessing(self) -> dict[str, object]:
        """The input rule."""
        assert self.input is not None
        return self.input.model_dump()

    def load(self, device: str) -> LoadedModel:
        """Load the program.

        Raises:
            SourceError: no such file format, damaged, or a ``.pt2`` with pickled objects or machine code in it.
        """
        from seealike.sources.models.hooks import TorchModel

        assert self.input is not None
        where = f"model {self.name}, {self.file}"
        module = _exported(self.file, where) if self.file.suffix == ".pt2" else _scripted(self.file, where)
        return TorchModel(self.name, module, self.input, device)


def _exported(file: LocalPath, where: str) -> torch.nn.Module:
    import torch

    from seealike.sources.models.states import without_code

    try:
        from torch.export.pt2_archive._package import PT2ArchiveReader
    except ImportError as error:
        raise MissingDependency(
            where=where, expected="torch 2.8 or newer", got=torch.__version__, fix="Upgrade torch."
        ) from error
    try:
        with PT2ArchiveReader(str(file)) as archive:
            names = archive.get_file_names()
        unsafe = [name for name in names if any(part in name for part in _UNSAFE)]
        if not unsafe:
            with without_code(), warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # of torch, for its own code
                return torch.export.unflatten(torch.export.load(file))
    except Exception as error:  # of torch's serializer, parser and pickle alike
        raise _unreadable(where, "a .pt2 file of torch.export.save", error) from error
    raise SourceError(
        where=where,
        expected="a program and tensors",
        got=f"pickled objects or machine code ({', '.join(unsafe[:3])})",
        fix="Export the network without them; seealike runs no code from a pickle.",
    )


def _scripted(file: LocalPath, where: str) -> torch.nn.Module:
    import torch

    try:
        return torch.jit.load(str(file), map_location="cpu")
    except (RuntimeError, ValueError, OSError) as error:
        raise _unreadable(where, "a TorchScript file of torch.jit.save", error) from error


def _unreadable(where: str, expected: str, error: Exception) -> SourceError:
    text = str(error).strip() or type(error).__name__
    return SourceError(
        where=where,
        expected=expected,
        got=text.splitlines()[0],
        fix="Export it again, or check the file's name.",
    )
