"""Any file that features come in, by its ending."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from seealike.data.imports.array_files import read_npy, read_npz, read_safetensors
from seealike.data.imports.entry import Entry, refused, unreadable
from seealike.data.imports.hdf5 import read_hdf5
from seealike.data.imports.matlab import read_mat
from seealike.data.imports.names import choose_ids
from seealike.data.imports.text_files import read_lines, read_table_file, read_text_matrix
from seealike.data.imports.torch_files import read_torch

READERS: dict[str, Callable[[Path], dict[str, Entry]]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".safetensors": read_safetensors,
    ".pt": read_torch,
    ".pth": read_torch,
    ".th": read_torch,
    ".h5": read_hdf5,
    ".hdf5": read_hdf5,
    ".mat": read_mat,
    ".csv": read_table_file,
    ".tsv": read_table_file,
    ".parquet": read_table_file,
    ".txt": read_text_matrix,
}
#: Endings of files that are nothing but pickles.
PICKLES = (".pkl", ".pickle", ".joblib", ".dill")


def read_file(path: Path) -> dict[str, Entry]:
    """The arrays of a file by name; "" where the format has no names.

    Raises:
        DataError: another format, a damaged file, or a pickle (which is not opened).

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.npy"
        >>> np.save(path, np.ones((2, 3), dtype=np.float32))
        >>> read_file(path)[""].shape
        (2, 3)
    """
    suffix = path.suffix.lower()
    if suffix in PICKLES:
        raise refused(path, f"a pickle ({suffix})")
    if suffix not in READERS:
        raise unreadable(path, f"a file ending in {', '.join(READERS)}", suffix or "no ending", "Convert it.")
    return READERS[suffix](path)


def read_names(path: Path) -> list[str]:
    r"""One name a sample: the lines of a ``.txt`` file, or the column or array of ids of any other.

    Raises:
        DataError: no such array, or not a readable file.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "ids.txt"
        >>> _ = path.write_text("a.png\nb.png\n")
        >>> read_names(path)
        ['a.png', 'b.png']
    """
    if path.suffix.lower() == ".txt":
        return read_lines(path)
    entries = read_file(path)
    if len(entries) == 1:
        return [str(value) for value in np.ravel(next(iter(entries.values())).read()).tolist()]
    shapes = {name: int(np.prod(entry.shape)) for name, entry in entries.items()}
    n = max(shapes.values(), default=0)
    ids = choose_ids(path, {k: e for k, e in entries.items() if shapes[k] == n or e.kind == "text"}, n)
    if ids is None:
        raise unreadable(
            path, "an array or a column sample_id", ", ".join(entries), "Rename the one that is."
        )
    return ids
