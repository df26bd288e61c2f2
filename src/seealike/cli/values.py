"""What ``--set NAME=VALUE`` says."""

from __future__ import annotations

from seealike.errors import SpecError


def values(texts: list[str] | None) -> dict[str, str]:
    """The values of a study's parameters.

    Raises:
        SpecError: a text without an equals sign.

    Example:
        >>> values(["a=1"])
        {'a': '1'}
    """
    found = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        if not equals:
            raise SpecError(
                where="--set", expected="NAME=VALUE", got=text, fix="For example: --set data=/my/images"
            )
        found[name] = value
    return found
