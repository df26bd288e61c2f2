"""Identity: canonical text, its digest, and the key that says which numbers a feature file holds."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

_BLOCK = 1 << 20


def canonical(value: object) -> str:
    """The one JSON text of a value: keys sorted, no spaces, so equal values give equal texts.

    Example:
        >>> canonical({"b": 1, "a": [True, None]})
        '{"a":[true,null],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def digest(value: object) -> str:
    """Sixteen hexadecimal digits (64 bits of SHA-256) of the canonical text of `value`.

    Example:
        >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
        True
        >>> len(digest("x"))
        16
    """
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of a file's content."""
    hasher = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            hasher.update(block)
    return hasher.hexdigest()[:16]


def content_ids(contents: Iterable[bytes]) -> list[str]:
    """Sample ids from content: the same image has the same id wherever it stands; copies get a suffix.

    Example:
        >>> a, b, c = content_ids([b"x", b"y", b"x"])
        >>> c == a + "-2", a != b
        (True, True)
    """
    seen: dict[str, int] = {}
    ids = []
    for content in contents:
        name = hashlib.sha256(content).hexdigest()[:16]
        seen[name] = seen.get(name, 0) + 1
        ids.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return ids


def filename(text: str) -> str:
    """`text` as a readable file name: letters, digits and ``._=-`` stay, the rest becomes ``_``.

    Example:
        >>> filename("OpenCLIP/ViT-B 16")
        'OpenCLIP_ViT-B_16'
    """
    return re.sub(r"[^\w.=-]+", "_", text).strip(".") or "_"


@dataclass(frozen=True)
class FeatureKey:
    """Everything that changes the numbers of a feature matrix.

    Attributes:
        model: the model's name in the study.
        weights: digest of the weights (and of the code that builds the network, where that is a file).
        layer: the named layer that was read.
        pooling: how its output became one row a sample.
        preprocessing: canonical text of how an image became the network's input.
        dataset: the dataset's name.
        revision: digest of the dataset's samples.
        subset: canonical text of the rule that chose the samples.
        normalization: "none" as stored; "unit_rows" for the view with rows of unit length.
        precision: of the forward pass: "float32", or "bfloat16" or "float16" under autocast.
        stored: the type of the numbers on disk, to which they were rounded: "float32", "bfloat16" or "float16".
        prefix_tokens: leading tokens that pooling counts as no patches, where the study says so; None as the model
            says.

    Example:
        >>> a = FeatureKey("resnet", "w1", "avgpool", "none", "{}", "digits", "r1", "all")
        >>> b = FeatureKey("resnet", "w2", "avgpool", "none", "{}", "digits", "r1", "all")
        >>> a.digest == b.digest
        False
    """

    model: str
    weights: str
    layer: str
    pooling: str
    preprocessing: str
    dataset: str
    revision: str
    subset: str
    normalization: str = "none"
    precision: str = "float32"
    stored: str = "float32"
    prefix_tokens: int | None = None

    @property
    def digest(self) -> str:
        """Digest of all fields."""
        return digest(asdict(self))

    @property
    def path(self) -> Path:
        """Where a store keeps these features, relative to its root: readable names, then the digest."""
        return (
            Path(filename(self.dataset))
            / filename(self.model)
            / f"{filename(self.layer)}-{self.digest}.safetensors"
        )
