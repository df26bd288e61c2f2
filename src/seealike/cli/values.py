"""Options that commands share: flags, and what ``--set NAME=VALUE`` says."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from seealike.errors import SpecError

#: An option without a value: there, or not.
Flag = Annotated[bool, Parameter(negative="", show_default=False)]


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
