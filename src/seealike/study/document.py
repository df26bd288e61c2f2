"""A YAML document whose every value knows its line, so that a mistake can be shown where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from seealike.errors import DamagedArtifact, MissingArtifact, suggestion
from seealike.study.shipped import shipped_file, shipped_names

Place = tuple[str | int, ...]


@dataclass
class Document:
    """One YAML document of a study file.

    Attributes:
        file: where it came from.
        lines: the file's text, line by line.
        data: plain dicts, lists and scalars.
        marks: place of a value ("models", 0, "layer") -> (line, column), both from 0.
        mistakes: (line, column, printable text).
    """

    file: Path
    lines: list[str]
    data: Any = None
    marks: dict[Place, tuple[int, int]] = field(default_factory=dict)
    mistakes: list[tuple[int, int, str]] = field(default_factory=list)

    def mistake(self, place: Place, message: str) -> None:
        """Note a mistake at a place, or at the nearest place above it that stands in the file."""
        while place and place not in self.marks:
            place = place[:-1]
        line, column = self.marks.get(place, (0, 0))
        self.mistake_at(line, column, message)

    def mistake_at(self, line: int, column: int, message: str) -> None:
        """Note a mistake at a line and column (from 0), with the line shown; the same one only once."""
        shown = self.lines[line] if line < len(self.lines) else ""
        gutter = f"{line + 1:>5} | "
        text = f"{self.file}:{line + 1}:{column + 1}: {message}\n{gutter}{shown}\n{' ' * (len(gutter) + column)}^"
        if (line, column, text) not in self.mistakes:
            self.mistakes.append((line, column, text))


def read_documents(file: Path) -> list[Document]:
    """All documents of a YAML file (several studies may stand in one, separated by ``---``).

    Args:
        file: a path; or the name of a study that comes with the package, which then counts as lying in the current
            folder.

    Raises:
        MissingArtifact: no such file.
        DamagedArtifact: it is no text.
    """
    file, text = shipped_file(file) or (file, None)
    if text is None and not file.is_file():
        near = suggestion(file.name, shipped_names())
        raise MissingArtifact(
            where=str(file),
            expected="a study file",
            got="no file",
            fix=f"Check the path, start with: seealike demo, or name one that comes with seealike. {near}",
        )
    lines = (_text(file) if text is None else text).splitlines()
    loader = yaml.SafeLoader("\n".join(lines) + "\n")
    documents: list[Document] = []
    try:
        while loader.check_node():
            document = Document(file, lines)
            documents.append(document)
            document.data = _value(loader, loader.get_node(), (), document)
    except yaml.MarkedYAMLError as error:
        if not documents:
            documents.append(Document(file, lines))
        mark = error.problem_mark or error.context_mark
        row, column = (mark.line, mark.column) if mark else (0, 0)
        documents[-1].mistake_at(row, column, f"this is not YAML: {error.problem or error.context}")
    finally:
        loader.dispose()
    return documents or [Document(file, lines)]


def _text(file: Path) -> str:
    """What the file says, where it is text that YAML may hold."""
    try:
        text = file.read_text(encoding="utf-8")
        yaml.reader.Reader(text)  # refuses control characters
    except (UnicodeDecodeError, yaml.reader.ReaderError) as error:
        expected, fix = "a study file: YAML in UTF-8", "Is it another file? Else save it as UTF-8."
        got = f"something else ({error.reason})"
        raise DamagedArtifact(where=str(file), expected=expected, got=got, fix=fix) from error
    return text


def _value(loader: yaml.SafeLoader, node: yaml.Node | None, place: Place, document: Document) -> Any:
    if node is None:
        return None
    document.marks.setdefault(place, (node.start_mark.line, node.start_mark.column))
    if isinstance(node, yaml.MappingNode):
        _refuse_duplicates(node, document)
        loader.flatten_mapping(node)
        mapping = {}
        for key_node, value_node in node.value:
            key = str(loader.construct_object(key_node, deep=True))
            document.marks[(*place, key)] = (key_node.start_mark.line, key_node.start_mark.column)
            mapping[key] = _value(loader, value_node, (*place, key), document)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, item, (*place, i), document) for i, item in enumerate(node.value)]
    return loader.construct_object(node, deep=True)


def _refuse_duplicates(node: yaml.MappingNode, document: Document) -> None:
    seen = set()
    for key_node, _ in node.value:
        key = getattr(key_node, "value", None)
        if isinstance(key, str) and key != "<<":
            if key in seen:
                mark = key_node.start_mark
                document.mistake_at(
                    mark.line, mark.column, f"the key {key!r} stands here a second time. Remove one."
                )
            seen.add(key)
