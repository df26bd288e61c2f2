"""What a file of triplets has to hold, and where the published ones lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from seealike.errors import DamagedArtifact, DataError, MissingArtifact

ARRAYS = ("filenames", "similarities", "indices")
_KINDS = {"filenames": "US", "similarities": "f", "indices": "iu"}

#: The released names of what the published code would look for elsewhere.
_RELEASED = {"train": "alignet_train.npz", "val": "alignet_valid.npz"}
_RELEASED_AS = ("uncertainty_distillation", "cluster_border_500")


def triplet_path(folder: Path, transform: str, split: str, sampling: str, suffix: str = ".npz") -> Path:
    """Where the published code looks for triplets: ``{transform}/{split}_{sampling}.npz``.

    Example:
        >>> triplet_path(Path("data"), "untransformed", "train", "class_border").as_posix()
        'data/untransformed/train_class_border.npz'
    """
    return folder / transform / f"{split}_{sampling}{suffix}"


def find_triplets(folder: Path, transform: str, split: str, sampling: str) -> Path:
    """The file of triplets in a folder, under either of the published names, or as Parquet.

    The release has ``alignet_train.npz`` and ``alignet_valid.npz`` where the published code opens
    ``uncertainty_distillation/train_cluster_border_500.npz`` and ``…/val_…``.

    Args:
        folder: of the data.
        transform: "uncertainty_distillation", "untransformed", or one of your own.
        split: "train" or "val".
        sampling: "cluster_border_500", "class_border", "within_class", "between_class", or one of your own.

    Raises:
        MissingArtifact: none of them is there; says which were looked for.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> (folder / "alignet_train.npz").touch()
        >>> find_triplets(folder, "uncertainty_distillation", "train", "cluster_border_500").name
        'alignet_train.npz'
    """
    looked = [triplet_path(folder, transform, split, sampling, suffix) for suffix in (".npz", ".parquet")]
    if (transform, sampling) == _RELEASED_AS and split in _RELEASED:
        looked.append(folder / _RELEASED[split])
    for path in looked:
        if path.is_file():
            return path
    raise MissingArtifact(
        where=str(folder),
        expected=" or ".join(path.relative_to(folder).as_posix() for path in looked),
        got="none of them",
        fix="Write them with `seealike triplets respond`, or check the folder.",
    )


def check_shapes(path: Path, block: Mapping[str, np.ndarray]) -> None:
    """Refuse arrays of other shapes or types.

    Raises:
        DamagedArtifact: the first that is.
    """
    for name, array in block.items():
        if array.shape != (len(block["filenames"]), 3) or array.dtype.kind not in _KINDS[name]:
            raise damaged_triplets(path, f"{name} of {array.dtype} and shape {array.shape}")


def check_rows(path: Path, block: Mapping[str, np.ndarray], first: int) -> None:
    """Refuse rows that are no answered triplets.

    Args:
        path: for the error.
        block: arrays of some rows.
        first: the number of the first of them.

    Raises:
        DataError: images that are not different or have no name, indices below 0, similarities that are not finite or
            not led by the largest; says which row.
    """
    for bad, expected, got, fix in _checks(block):
        if bad.any():
            raise DataError(
                where=f"{path}, row {first + int(bad.argmax())}",
                expected=expected,
                got=f"{got} ({int(bad.sum())} of {len(bad)} rows there)",
                fix=fix,
            )


def _checks(block: Mapping[str, np.ndarray]) -> Iterator[tuple[np.ndarray, str, str, str]]:
    """Which rows are bad, what was expected of them, what came, what to do."""
    leave_out = "Leave such rows out."
    for name in ("filenames", "indices"):
        x, y, z = block[name].T
        twice = (x == y) | (x == z) | (y == z)
        yield twice, "three different images", f"the same one twice in {name}", leave_out
    nameless = (np.char.str_len(block["filenames"]) == 0).any(axis=1)
    yield nameless, "a file name for every image", "an empty one", leave_out
    yield np.any(block["indices"] < 0, axis=1), "indices from 0", "one below", "Count images from 0."
    if "similarities" in block:
        s = block["similarities"]
        finite = np.asarray(np.isfinite(s).all(axis=1))
        yield np.logical_not(finite), "finite similarities", "NaN or infinity", "Answer these triplets again."
        unordered = finite & ~(s[:, 0] >= s[:, 1:].max(axis=1, initial=-np.inf))
        wanted = "the odd one last: s01 the largest of [s01, s02, s12]"
        fix = "Order every row by its similarities (`seealike triplets respond` does)."
        yield unordered, wanted, "another pair more similar", fix


def damaged_triplets(path: Path, got: str) -> DamagedArtifact:
    """The error for a file that is no file of triplets."""
    return DamagedArtifact(
        where=str(path),
        expected="filenames (n, 3), similarities (n, 3) and indices (n, 3), in an .npz or .parquet",
        got=got,
        fix="Write it with `seealike triplets respond`, or check where it came from.",
    )
