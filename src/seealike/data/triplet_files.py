"""Answered triplets on disk, in the published layout: one .npz of filenames, similarities and indices.

The odd one is last: of similarities [s01, s02, s12] the first is the largest. Both published names of a file are read,
``alignet_train.npz`` and ``{transform}/{split}_{sampling}.npz``; file names are what images are found by, the
indices depend on somebody's order.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from seealike.data.atomic import write_atomically
from seealike.errors import DamagedArtifact, DataError, MissingArtifact

_ARRAYS = ("filenames", "similarities", "indices")


@dataclass(frozen=True)
class TripletFile:
    """Answered triplets.

    Attributes:
        filenames: (n, 3) text, the odd one last.
        similarities: (n, 3) float, [s01, s02, s12]; None in a file of triplets without answers.
        indices: (n, 3) int64, positions in the order of who wrote them.
    """

    filenames: np.ndarray = field(repr=False)
    similarities: np.ndarray | None = field(repr=False)
    indices: np.ndarray = field(repr=False)

    def __len__(self) -> int:
        return len(self.filenames)


def write_triplets(path: Path, triplets: TripletFile) -> None:
    """Write the published layout (without `similarities` where there are no answers).

    Raises:
        StoreError: the disk is full or not writable.
    """
    arrays = {name: getattr(triplets, name) for name in _ARRAYS if getattr(triplets, name) is not None}

    def write(temporary: Path) -> None:
        with temporary.open("wb") as stream:
            np.savez_compressed(stream, **arrays)

    write_atomically(path, write)


def read_triplets(path: Path, *, answered: bool = True) -> TripletFile:
    """Read the published layout and check it: shapes, types, different images, the odd one last.

    Args:
        path: an .npz.
        answered: whether the file has to have similarities.

    Raises:
        MissingArtifact: no such file.
        DamagedArtifact: no .npz, or arrays missing, of other shapes or types.
        DataError: a row whose images are not different, whose similarities are not finite or whose first similarity is
            not the largest; says which row, from 0.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "train_class_border.npz"
        >>> names, rows = np.array([["a.png", "b.png", "c.png"]]), np.array([[0, 1, 2]])
        >>> write_triplets(path, TripletFile(names, np.array([[0.9, 0.1, 0.2]]), rows))
        >>> read_triplets(path).filenames.tolist()
        [['a.png', 'b.png', 'c.png']]
    """
    if not path.is_file():
        raise MissingArtifact(
            where=str(path), expected="an .npz of triplets", got="no file", fix="Check the path."
        )
    try:
        with np.load(path, allow_pickle=False) as found:
            arrays = {name: found[name] for name in _ARRAYS if name in found.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise _damaged(path, f"a file that cannot be read ({error})") from error
    wanted = _ARRAYS if answered else ("filenames", "indices")
    missing = [name for name in wanted if name not in arrays]
    if missing:
        raise _damaged(path, f"no array {', '.join(missing)} (there are: {', '.join(arrays) or 'none'})")
    made = TripletFile(arrays["filenames"], arrays.get("similarities"), arrays["indices"])
    _check_shapes(path, made)
    _check_rows(path, made)
    return made


def _check_shapes(path: Path, made: TripletFile) -> None:
    kinds = {"filenames": "US", "similarities": "f", "indices": "iu"}
    for name, kind in kinds.items():
        array = getattr(made, name)
        if array is None:
            continue
        if array.shape != (len(made.filenames), 3) or array.dtype.kind not in kind:
            raise _damaged(path, f"{name} of {array.dtype} and shape {array.shape}, not (n, 3)")


def _check_rows(path: Path, made: TripletFile) -> None:
    checks: list[tuple[np.ndarray, str, str]] = []
    for name in ("filenames", "indices"):
        x, y, z = getattr(made, name).T
        twice = (x == y) | (x == z) | (y == z)
        checks.append((twice, "three different images", f"the same one twice in {name}"))
    if made.similarities is not None:
        finite = np.asarray(np.isfinite(made.similarities).all(axis=1))
        checks.append((np.logical_not(finite), "finite similarities", "NaN or infinity"))
        ordered = made.similarities[:, 0] >= made.similarities[:, 1:].max(axis=1, initial=-np.inf)
        checks.append(
            (
                finite & ~ordered,
                "the odd one last: s01 the largest of [s01, s02, s12]",
                "another pair more similar",
            )
        )
    for bad, expected, got in checks:
        if bad.any():
            row = int(bad.argmax())
            raise DataError(
                where=f"{path}, row {row}",
                expected=expected,
                got=f"{got} ({int(bad.sum())} of {len(made)} rows)",
                fix="Order every row by its similarities (`seealike triplets respond` does).",
            )


def _damaged(path: Path, got: str) -> DamagedArtifact:
    return DamagedArtifact(
        where=str(path),
        expected="an .npz with filenames (n, 3), similarities (n, 3) and indices (n, 3)",
        got=got,
        fix="Write it with `seealike triplets respond`, or check where it came from.",
    )
