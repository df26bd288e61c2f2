"""Studies of a file that need data which may not be there: they are left out, and that is said."""

from __future__ import annotations

import warnings
from pathlib import Path

from seealike.errors import MissingArtifact
from seealike.study.document import Document


class StudyLeftOut(UserWarning):
    """One of a file's studies is not done, since what it names under `needs:` is not there."""


def with_needs(documents: list[Document]) -> list[Document]:
    """The documents whose `needs:` (a path, or a list of them) are there, without that key.

    Args:
        documents: of one file, with their parameters replaced.

    Raises:
        MissingArtifact: there is none.

    Warns:
        StudyLeftOut: for each of the others.

    Example:
        >>> document = Document(Path("study.yaml"), [], {"name": "mine", "needs": "/nowhere"})
        >>> with warnings.catch_warnings(record=True) as told:
        ...     warnings.simplefilter("always")
        ...     kept = with_needs([document, Document(Path("study.yaml"), [], {"name": "other"})])
        >>> [one.data["name"] for one in kept], str(told[0].message)[:47]
        (['other'], "'mine' is left out: it needs /nowhere, which is")
    """
    lacking = [_lacking(document) for document in documents]
    if documents and all(lacking):
        raise MissingArtifact(
            where=str(documents[0].file),
            expected="the data that it needs",
            got=f"no {lacking[0]}",
            fix="Put it there, or say where it is with --set (see `parameters:`).",
        )
    for document, path in zip(documents, lacking, strict=True):
        if path:
            lost = f"{document.data.get('name')!r} is left out: it needs {path}, which is not there"
            warnings.warn(f"{lost} (--set gives another place)", StudyLeftOut, stacklevel=3)
    return [document for document, path in zip(documents, lacking, strict=True) if not path]


def _lacking(document: Document) -> str:
    """The first path that is needed and not there; empty where all are."""
    needs = document.data.pop("needs", []) if isinstance(document.data, dict) else []
    paths = needs if isinstance(needs, list) else [needs]
    there = [(document.file.parent / Path(str(path)).expanduser()).resolve() for path in paths]
    return next((str(path) for path in there if not path.exists()), "")
