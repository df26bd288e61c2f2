"""``seealike new`` and ``seealike list studies``: study files that come with the package, listed and copied."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def new(
    file: Path | None = None, *, from_: Annotated[str, Parameter(name="--from")] = "consistency-2025"
) -> int:
    """Write a copy of a study file that comes with seealike, to change and run.

    Parameters
    ----------
    file
        Where to; NAME.yaml in the current folder where not given. A file that is there is left alone.
    from_
        The name of the study (`seealike list studies`).
    """
    from seealike.data.atomic import write_atomically
    from seealike.errors import BadParameter
    from seealike.study.shipped import shipped_text

    text, path = shipped_text(from_), file or Path(f"{from_}.yaml")
    if path.exists():
        raise BadParameter(
            where="new", expected="a file that is not there yet", got=str(path), fix="Choose another name."
        )
    write_atomically(path, lambda p: p.write_text(text, encoding="utf-8"))
    sys.stdout.write(f"written: {path}\nnow: seealike plan {path}\n")
    return 0


def list_studies() -> int:
    """List the study files that come with seealike."""
    from seealike.cli.show import show_table
    from seealike.study.document import read_documents
    from seealike.study.shipped import about, shipped_names

    rows = []
    for name in shipped_names():
        studies = [str(document.data["name"]) for document in read_documents(Path(name))]
        rows.append([name, ", ".join(studies), about(name)])
    return show_table(["name", "studies in it (--only)", "what it is"], rows)
