"""Files from the network, by full address and content: never by the last part of an address."""

from __future__ import annotations

import hashlib
import http.client
import os
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from seealike.data.digests import cache_root, remembered
from seealike.errors import SourceError, StoreError

#: Seconds to wait before the second, third … attempt of a transfer that broke off.
PAUSES_S = (0.5, 2.0, 8.0)
_TIMEOUT_S = 60
_BLOCK = 1 << 20


def fetch(url: str, sha256: str | None, *, where: str) -> Path:
    """The local copy of a file, downloaded once and verified.

    Copies lie in the cache under their content's SHA-256, so that two addresses that end alike never share a
    file. A transfer that breaks off goes on where it stopped, in this call or the next.

    Args:
        url: ``http://`` or ``https://``.
        sha256: of the content, 64 hexadecimal digits, or at least its first eight. None downloads the file
            and then refuses it with its hash, for somebody to compare and write down.
        where: for whom, in the error.

    Returns:
        The file; its name is its SHA-256.

    Raises:
        SourceError: not to be had: offline, no such file, broken off too often, or another content.
        StoreError: the cache cannot be written.

    Example:
        >>> import os
        >>> os.environ["SEEALIKE_OFFLINE"] = "1"
        >>> fetch("https://example.org/w.pt", "0" * 64, where="model m")
        Traceback (most recent call last):
        ...
        seealike.errors.SourceError: model m: expected https://example.org/w.pt in the cache, got none, and \
this is offline mode (SEEALIKE_OFFLINE). Run once with a network, or copy it into ... with its sha256 as its name.
        >>> del os.environ["SEEALIKE_OFFLINE"]
    """
    from filelock import FileLock

    folder = cache_root() / "downloads"
    present = _present(folder, sha256)
    if present is not None:
        return present
    _may_ask_the_network(url, folder, where)
    part = folder / f"{hashlib.sha256(url.encode()).hexdigest()}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(part.with_suffix(".lock")):
            return _present(folder, sha256) or _verified(url, sha256, part, where)
    except OSError as error:
        raise StoreError(
            where=where,
            expected=f"room for {url} in {folder}",
            got=str(error),
            fix="Free some space or set SEEALIKE_CACHE; what came so far is kept.",
        ) from error


def _present(folder: Path, sha256: str | None) -> Path | None:
    """The cached file of that hash; one that has changed on disk is removed."""
    if sha256 is None:
        return None
    for path in sorted(folder.glob(f"{sha256.lower()}*")):
        if len(path.name) != 64:
            continue
        if remembered("whole sha256", [path], _sha256) == [path.name]:
            return path
        path.unlink(missing_ok=True)
    return None


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _may_ask_the_network(url: str, folder: Path, where: str) -> None:
    if urlsplit(url).scheme not in ("http", "https"):
        raise SourceError(
            where=where,
            expected="an http:// or https:// address",
            got=url,
            fix="Give a local file as a path.",
        )
    for variable in ("SEEALIKE_OFFLINE", "HF_HUB_OFFLINE"):
        if os.environ.get(variable, "").lower() in ("1", "true", "yes", "on"):
            raise SourceError(
                where=where,
                expected=f"{url} in the cache",
                got=f"none, and this is offline mode ({variable})",
                fix=f"Run once with a network, or copy it into {folder} with its sha256 as its name.",
            )


def _verified(url: str, sha256: str | None, part: Path, where: str) -> Path:
    resumed = part.exists()
    _transfer(url, part, where)
    found = _sha256(part)
    if sha256 and not found.startswith(sha256.lower()):
        part.unlink()
        if resumed:  # its first half may be of an older file
            return _verified(url, sha256, part, where)
        raise SourceError(
            where=where,
            expected=f"{url} with sha256 {sha256}",
            got=f"sha256 {found}; the download was deleted",
            fix="Check the address and the hash: the file was replaced, or the transfer tampered with.",
        )
    target = part.with_name(found)
    part.replace(target)
    if sha256 is None:
        raise SourceError(
            where=where,
            expected=f"the sha256 of {url}, to know that every machine reads the same weights",
            got="none",
            fix=f'If the publisher names this one, add sha256: "{found}" (the file is kept).',
        )
    return target


def _transfer(url: str, part: Path, where: str) -> None:
    """Bring the whole file to `part`, going on where an earlier attempt stopped."""
    reason = ""
    for pause in (0.0, *PAUSES_S):
        time.sleep(pause)
        try:
            reason = _attempt(url, part)
        except HTTPError as error:
            reason = f"HTTP {error.code} {error.reason}"
            if error.code < 500 and error.code not in (408, 429):
                break
        except (URLError, ConnectionError, TimeoutError, http.client.HTTPException) as error:
            reason = str(error) or type(error).__name__
        if not reason:
            return
    kept = f"; {part.stat().st_size} bytes are kept" if part.exists() else ""
    raise SourceError(
        where=where,
        expected=f"the file at {url}",
        got=f"{reason}{kept}",
        fix="Check the address and the network; another run goes on where this one stopped.",
    )


def _attempt(url: str, part: Path) -> str:
    """One request; what is wrong with what came, or nothing."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "seealike"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        reply = urlopen(Request(url, headers=headers), timeout=_TIMEOUT_S)  # noqa: S310  # http(s), checked
    except HTTPError as error:
        if error.code != 416:
            raise
        if error.headers.get("Content-Range") == f"bytes */{have}":
            return ""  # all of it had come when the process was killed
        part.unlink()
        return "a part longer than the file"
    with reply:
        goes_on = reply.status == 206
        if goes_on and not reply.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            part.unlink()
            return "another range than asked for"
        with part.open("ab" if goes_on else "wb", buffering=0) as out:  # what came stays if the process dies
            while block := reply.read1(_BLOCK):
                out.write(block)
            os.fsync(out.fileno())
    length = reply.headers.get("Content-Length")
    whole = have * goes_on + int(length) if length else part.stat().st_size
    got = part.stat().st_size
    return "" if got == whole else f"{got} of {whole} bytes"
