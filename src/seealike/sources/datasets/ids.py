"""Sample ids from digests of content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def content_digest(content: bytes) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of `content`.

    Example:
        >>> content_digest(b"x")
        '2d711642b726b044'
    """
    return hashlib.sha256(content).hexdigest()[:16]


def distinct(digests: Iterable[str]) -> list[str]:
    """Ids from digests: the same content has the same id wherever it stands; copies get a suffix.

    Example:
        >>> distinct(["a", "b", "a"])
        ['a', 'b', 'a-2']
    """
    seen: dict[str, int] = {}
    ids = []
    for name in digests:
        seen[name] = seen.get(name, 0) + 1
        ids.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return ids
