"""What `seealike features check` does and says."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from seealike.cli.progress import Bars
from seealike.cli.stored import found_files, is_study
from seealike.data.arrays import read_header
from seealike.data.imports.layout import samples_path
from seealike.data.inventory import Stored
from seealike.data.store import feature_problems, read_features, read_table
from seealike.study.opening import open_study
from seealike.study.parse import read_studies


def check(target: Path) -> int:
    """Verify files; 3 and a list where something is wrong."""
    problems: list[tuple[Path, str]] = []
    files = found_files(target)
    expected = dict(_samples_of_study(target) if is_study(target) else _samples_of_folder(target, files))
    with Bars() as bars:
        progress = bars.cell(f"checking {len(files)} files")
        for number, one in enumerate(files):
            progress(number, len(files))
            found = feature_problems(one.path)
            if not found and one.path in expected:
                found = _against(one.path, expected[one.path])
            problems += [(one.path, text) for text in found]
    known = {one.path for one in files}
    problems += [(path, "not there") for path in expected if path not in known and not path.exists()]
    for path, text in problems:
        sys.stdout.write(f"{path}: {text}\n")
    wrong = len({path for path, _ in problems})
    sys.stdout.write(
        f"{len(files)} files, {wrong} with problems\n" if wrong else f"{len(files)} files, all as written\n"
    )
    return 3 if problems else 0


def _against(path: Path, expected: set[str]) -> list[str]:
    """What is wrong with a file's ids; samples that could not be read are noted in it and may miss."""
    skipped = {name for name, _ in json.loads(read_header(path).notes.get("skipped", "[]"))}
    missing = expected - set(read_features(path).sample_ids) - skipped
    if not missing:
        return []
    some = ", ".join(sorted(missing)[:3])
    return [f"{len(missing)} of the dataset's {len(expected)} samples are missing ({some}, …)"]


def _samples_of_study(target: Path) -> Iterator[tuple[Path, set[str]]]:
    for study in read_studies(target):
        opened = open_study(study)
        for cell in opened.extract_cells:
            brought = any(cell.card.stored(cell.dataset, key.layer) for key in cell.outputs.values())
            for path in cell.outputs if not cell.skipped else ():
                if brought or path.exists():
                    yield path, set(opened.samples[cell.dataset].sample_ids)


def _samples_of_folder(target: Path, files: list[Stored]) -> Iterator[tuple[Path, set[str]]]:
    for one in files:
        table = samples_path(target, one.dataset)
        if table.exists():
            yield one.path, set(read_table(table)["sample_id"])
