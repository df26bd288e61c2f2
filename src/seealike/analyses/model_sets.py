"""A small language for sets of models: ``objective == ssl and not name ~ mae*``.

::

    expression = term, terms joined by "or"
    term       = factor, factors joined by "and"
    factor     = "not" factor | "(" expression ")" | "all" | comparison
    comparison = field ("==" | "!=" | "~" | "!~") value | field "in" "(" value, … ")"

A field is one of the models' card fields, or ``name``. Values with spaces or parentheses stand in quotes; ``~``
takes a pattern with ``*`` and ``?``. Upper and lower case are the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

import numpy as np
import polars as pl

from seealike.errors import SpecError, UnknownName, suggestion

_TOKEN = re.compile(r"""\s*(?:(==|!=|!~|~|\(|\)|,)|"([^"]*)"|'([^']*)'|([^\s()=!~,"']+))""")
_COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    "==": lambda value, wanted: value == wanted,
    "!=": lambda value, wanted: value != wanted,
    "~": fnmatchcase,
    "!~": lambda value, wanted: not fnmatchcase(value, wanted),
}
_KEYWORDS = {"and", "or", "not", "in", "all"}


def members(expression: str, models: pl.DataFrame) -> np.ndarray:
    """Which models an expression means.

    Args:
        expression: in the language above.
        models: a table with the column "model" and the card fields, as strings.

    Returns:
        (n_models,) bool. A model without a value for a field is in no set that compares this field.

    Raises:
        SpecError: no expression of the language (says where), or a set without models.
        UnknownName: no such field, or no model has such a value for it.

    Example:
        >>> models = pl.DataFrame({"model": ["mae-b", "dino-b", "resnet"], "objective": ["ssl", "ssl", "sup"]})
        >>> members("objective == SSL and not name ~ mae*", models).tolist()
        [False, True, False]
    """
    chosen = _Reader(expression, models).whole()
    if not chosen.any():
        raise SpecError(
            where=f"models {expression!r}",
            expected="at least one model",
            got="none",
            fix="`seealike list models STUDY` shows the models with their fields.",
        )
    return chosen


class _Reader:
    """Reads one expression from left to right; every method eats the words that belong to it."""

    def __init__(self, expression: str, models: pl.DataFrame) -> None:
        self._expression, self._models = expression, models
        self._words = self._split(expression)
        self._next = 0

    def whole(self) -> np.ndarray:
        found = self._any()
        if self._next < len(self._words):
            raise self._wrong("and, or, or the end")
        return found

    def _split(self, expression: str) -> list[tuple[str, bool]]:
        """(word, whether it is a name or a value) of every word."""
        words, place = list[tuple[str, bool]](), 0
        text = expression.rstrip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise SpecError(
                    where=f"models {expression!r}",
                    expected="a field, a comparison or a quoted value",
                    got=repr(text[place:]),
                    fix='For example: objective == ssl and not name ~ "mae*".',
                )
            symbol, double, single, bare = found.groups()
            quoted = double if double is not None else single
            word = symbol or (quoted if quoted is not None else bare)
            words.append((word, symbol is None and (quoted is not None or word.lower() not in _KEYWORDS)))
            place = found.end()
        return words

    def _peek(self) -> str:
        """The next word if it is a symbol or a keyword, in lower case."""
        if self._next >= len(self._words) or self._words[self._next][1]:
            return ""
        return self._words[self._next][0].lower()

    def _eat(self, *wanted: str) -> bool:
        if self._peek() in wanted and self._peek():
            self._next += 1
            return True
        return False

    def _any(self) -> np.ndarray:
        found = self._every()
        while self._eat("or"):
            found = found | self._every()
        return found

    def _every(self) -> np.ndarray:
        found = self._one()
        while self._eat("and"):
            found = found & self._one()
        return found

    def _one(self) -> np.ndarray:
        if self._eat("not"):
            return ~self._one()
        if self._eat("all"):
            return np.ones(self._models.height, dtype=bool)
        if self._eat("("):
            found = self._any()
            if not self._eat(")"):
                raise self._wrong("a closing parenthesis")
            return found
        return self._comparison()

    def _comparison(self) -> np.ndarray:
        name = self._word("a field")
        column = self._column(name)
        if self._eat("in"):
            if not self._eat("("):
                raise self._wrong("a list in parentheses")
            wanted = [self._word("a value")]
            while self._eat(","):
                wanted.append(self._word("a value"))
            if not self._eat(")"):
                raise self._wrong("a comma or a closing parenthesis")
            return np.any([self._where(name, column, "==", value) for value in wanted], axis=0)
        for symbol in _COMPARE:
            if self._eat(symbol):
                return self._where(name, column, symbol, self._word("a value"))
        raise self._wrong("==, !=, ~, !~ or in")

    def _column(self, name: str) -> list[str | None]:
        names = {column.lower(): column for column in self._models.columns}
        names["name"] = "model"
        if name.lower() not in names:
            known = sorted({*names.values(), "name"} - {"model"})
            raise UnknownName(
                where=f"models {self._expression!r}",
                expected="a field of the models",
                got=repr(name),
                fix=suggestion(name, known),
            )
        return self._models[names[name.lower()]].cast(pl.String).to_list()

    def _where(self, name: str, column: list[str | None], symbol: str, wanted: str) -> np.ndarray:
        known = sorted({value for value in column if value is not None})
        compare, low = _COMPARE[symbol], wanted.lower()
        positive = _COMPARE["==" if symbol == "!=" else symbol.removeprefix("!")]
        if not any(positive(value.lower(), low) for value in known):
            raise UnknownName(
                where=f"models {self._expression!r}",
                expected=f"a value of {name}",
                got=repr(wanted),
                fix=suggestion(wanted, known),
            )
        return np.array([value is not None and compare(value.lower(), low) for value in column], dtype=bool)

    def _word(self, expected: str) -> str:
        if self._next >= len(self._words) or not self._words[self._next][1]:
            raise self._wrong(expected)
        self._next += 1
        return self._words[self._next - 1][0]

    def _wrong(self, expected: str) -> SpecError:
        rest = " ".join(word for word, _ in self._words[self._next :])
        return SpecError(
            where=f"models {self._expression!r}",
            expected=expected,
            got=repr(rest) if rest else "the end",
            fix='For example: objective == ssl and not name ~ "mae*".',
        )
