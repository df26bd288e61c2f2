"""What lies where in a tar file: read through once, then any member by its offset."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from seealike.data.digests import Progress, remembered
from seealike.errors import DataError

_INLINE = 256
_BLOCK = 512
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a tar.

    Attributes:
        tar: number of the tar.
        name: its path inside the tar.
        offset: where its content starts.
        size: bytes of content.
        digest: sixteen hexadecimal digits of the SHA-256 of its content.
        text: the content itself, where it is short UTF-8 text.
    """

    tar: int
    name: str
    offset: int
    size: int
    digest: str
    text: str | None


def members(tars: Sequence[Path], where: str, progress: Progress | None = None) -> Iterator[Member]:
    """All files in these tars, in their order there; each tar is read once and its index remembered.

    Args:
        tars: uncompressed tar files.
        where: the dataset, for the error.
        progress: called with (tars read, tars in all) where it takes long.

    Raises:
        DataError: a compressed, damaged or truncated tar.
    """
    for number, index in enumerate(remembered("tar-1", tars, lambda tar: _index(tar, where), progress)):
        for name, offset, size, digest, text in json.loads(index):
            yield Member(number, name, offset, size, digest, text)


def nested_members(tar: Path, where: str, progress: Progress | None = None) -> list[Member]:
    """All files of the tars in a tar, named ``INNER/NAME`` (without .tar), their offsets those in the outer one.

    Args:
        tar: an uncompressed tar of uncompressed tars; read once and its index remembered.
        where: the dataset, for the error.
        progress: as for `members`.

    Raises:
        DataError: a compressed, damaged or truncated tar, or one that holds no tars.
    """
    (index,) = remembered("tar-of-tars-1", [tar], lambda path: _indexed(_nested, path, where), progress)
    return [Member(0, *entry) for entry in json.loads(index)]


def content(tar: Path, member: Member) -> bytes:
    """The content of one member."""
    with tar.open("rb") as stream:
        stream.seek(member.offset)
        return stream.read(member.size)


def _index(tar: Path, where: str) -> str:
    return _indexed(_entries, tar, where)


def _indexed(entries: Callable[[IO[bytes]], list[list[Any]]], tar: Path, where: str) -> str:
    try:
        with tar.open("rb") as stream:
            found = entries(stream)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise DataError(
            where=f"{where}, {tar.name}",
            expected="a whole, uncompressed tar",
            got=str(error) or type(error).__name__,
            fix="Download it again; a compressed one must be unpacked (gunzip) for random access.",
        ) from error
    return json.dumps(found, separators=(",", ":"), ensure_ascii=True)


def _entries(stream: IO[bytes]) -> list[list[Any]]:
    with tarfile.open(fileobj=stream, mode="r:") as archive:
        found = [_entry(stream, member) for member in archive if member.isfile()]
        _check_end(stream, archive.offset)
    return found


def _nested(stream: IO[bytes]) -> list[list[Any]]:
    found: list[list[Any]] = []
    with tarfile.open(fileobj=stream, mode="r:") as archive:
        for outer in archive:
            inner = archive.extractfile(outer) if outer.name.endswith(".tar") else None
            if inner is None:
                continue
            folder = PurePosixPath(outer.name).stem
            for name, offset, *rest in _inside(outer.name, inner):
                found.append([f"{folder}/{PurePosixPath(name)}", outer.offset_data + offset, *rest])
        _check_end(stream, archive.offset)
    if not found:
        raise ValueError("a tar without tars of files in it")
    return found


def _inside(name: str, inner: IO[bytes]) -> list[list[Any]]:
    try:
        return _entries(inner)
    except (tarfile.TarError, EOFError) as error:
        raise ValueError(f"{name}: {error}") from error


def _entry(stream: IO[bytes], member: tarfile.TarInfo) -> list[Any]:
    stream.seek(member.offset_data)
    hasher, left, head = hashlib.sha256(), member.size, b""
    while left:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            raise EOFError(f"the file ends inside {member.name}")
        head = head or piece
        hasher.update(piece)
        left -= len(piece)
    text = _text(head) if member.size <= _INLINE else None
    return [member.name, member.offset_data, member.size, hasher.hexdigest()[:16], text]


def _text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _check_end(stream: IO[bytes], offset: int) -> None:
    """After the last file comes a block of zeros; without it the tar was cut, though what is left looks whole."""
    stream.seek(offset)
    if stream.read(_BLOCK) != bytes(_BLOCK):
        raise EOFError("the file ends without the mark that ends a tar")
