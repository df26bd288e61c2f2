"""What `seealike features gc` does and says."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from seealike.cli.stored import is_study, readable_size
from seealike.errors import SpecError
from seealike.extract.shards import Shards
from seealike.study.opening import open_study
from seealike.study.parse import read_studies
from seealike.study.plan import OpenedStudy


def gc(target: Path, *, delete: bool) -> int:
    """Show, or delete, what no cell of the study file needs."""
    if not is_study(target):
        raise SpecError(
            where=str(target),
            expected="a study file: it says what is needed",
            got="a folder",
            fix=f"For example: seealike features gc {target / 'study.yaml'}",
        )
    opened = [open_study(study) for study in read_studies(target)]
    broken = {name: why for one in opened for name, why in one.broken.items()}
    if broken:
        name, why = next(iter(broken.items()))
        raise SpecError(
            where=f"dataset {name}",
            expected="a dataset that can be read, to know which features are needed",
            got=why,
            fix="Mend it first; nothing was deleted.",
        )
    spare = sorted({path for one in opened for path in _spare(one, opened)})
    total = sum(map(_bytes_below, spare))
    for path in spare:
        sys.stdout.write(f"{path}\t{readable_size(_bytes_below(path))}\n")
        if delete:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    what = "deleted" if delete else "not needed; --delete removes them" if spare else "nothing to clean up"
    sys.stdout.write(f"{len(spare)} files and folders, {readable_size(total)}: {what}\n")
    return 0


def _spare(one: OpenedStudy, everyone: list[OpenedStudy]) -> Iterator[Path]:
    """Below the features of one study: what no study of the file needs."""
    root = one.results.feature_root
    read = (cell for other in everyone for cell in (*other.extract_cells, *other.trained_cells))
    cells = [cell for cell in read if cell.outputs]
    needed = {path for cell in cells for path in cell.outputs}
    needed |= {
        path
        for other in everyone
        for present in (False, True)
        for cell in other.judge_cells(present_only=present)
        for path in cell.paths
    }
    begun = {Shards(cell.outputs, 0).folder for cell in cells if not all(p.exists() for p in cell.outputs)}
    for path in root.rglob("*"):
        partial = path.name.endswith(".partial") and path.is_dir() and path not in begun
        inside = any(part.endswith(".partial") for part in path.relative_to(root).parts[:-1])
        feature = path.suffix == ".safetensors" and path not in needed and not inside
        if partial or feature or (path.name.endswith(".tmp") and not inside):
            yield path


def _bytes_below(path: Path) -> int:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(p.stat().st_size for p in files)
