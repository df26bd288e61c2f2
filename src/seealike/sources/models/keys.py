"""Rules that turn the keys of a published state dict into those of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import model_validator

from seealike.errors import SourceError
from seealike.sources.entry import Entry

V = TypeVar("V")


class KeyRule(Entry):
    """One of four things to do with the prefixes of keys.

    Attributes:
        strip: remove this prefix where it is there.
        keep: go on with the keys of this prefix alone, and remove it.
        drop: leave out the keys of this prefix.
        rename: prefix -> what stands there instead.

    Example:
        >>> state = {"module.encoder_q.conv1.weight": 1, "module.encoder_q.fc.0.weight": 2, "module.queue": 3}
        >>> rules = [KeyRule(keep="module.encoder_q."), KeyRule(drop="fc.")]
        >>> renamed(state, rules, where="moco.pth")
        {'conv1.weight': 1}
    """

    strip: str | None = None
    keep: str | None = None
    drop: str | None = None
    rename: dict[str, str] | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> KeyRule:
        given = [name for name in ("strip", "keep", "drop", "rename") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(
                f"expected one of strip, keep, drop or rename, got {' and '.join(given) or 'none'}"
            )
        return self

    def new_name(self, key: str) -> str | None:
        """What becomes of a key; None where it is left out."""
        if self.strip:
            return key.removeprefix(self.strip)
        if self.keep:
            return key.removeprefix(self.keep) if key.startswith(self.keep) else None
        if self.drop:
            return None if key.startswith(self.drop) else key
        for old, new in (self.rename or {}).items():
            if key.startswith(old):
                return new + key.removeprefix(old)
        return key


def renamed(state: Mapping[str, V], rules: Sequence[KeyRule], *, where: str) -> dict[str, V]:
    """The entries of a state dict under their new names, rule after rule.

    Raises:
        SourceError: a rule leaves nothing, or gives two entries one name.
    """
    result = dict(state)
    for rule in rules:
        before, result = result, {}
        for key, value in before.items():
            name = rule.new_name(key)
            if name is None:
                continue
            if name in result:
                raise _wrong(where, rule, "different names for different entries", f"two of {name!r}")
            result[name] = value
        if not result:
            first = ", ".join(list(before)[:4])
            raise _wrong(where, rule, "a rule that leaves some keys", f"none left of {first}, …")
    return result


def _wrong(where: str, rule: KeyRule, expected: str, got: str) -> SourceError:
    said = ", ".join(f"{name}: {value}" for name, value in rule.model_dump(exclude_none=True).items())
    return SourceError(where=where, expected=expected, got=got, fix=f"Mend the rule «{said}» of `keys:`.")
