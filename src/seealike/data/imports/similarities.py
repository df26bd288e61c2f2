"""Which files of a folder hold similarity matrices, and of which dataset and measure their paths speak."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from seealike.data.imports.entry import unreadable
from seealike.data.imports.found_matrix import TIDY, FoundMatrix, measure_id
from seealike.data.imports.matrices import names_in
from seealike.data.imports.reading import PICKLES, READERS
from seealike.data.imports.text_files import read_lines
from seealike.data.imports.tidy import tidy_names
from seealike.errors import BadParameter, MissingArtifact

#: Names of the published pipeline's files.
PUBLISHED, IDS = "similarity_matrix.pt", "model_ids.txt"
_NAMES = (IDS, "models.txt")


def find_matrices(
    source: Path, *, dataset: str | None = None, measure: str | None = None
) -> list[FoundMatrix]:
    r"""The similarity matrices below a folder, or of one file.

    Known are the published pipeline's ``DATASET/MEASURE/similarity_matrix.pt`` beside ``model_ids.txt``; tables of
    pairs with the columns model_x, model_y and similarity (and dataset, measure), as every study of ours writes
    them; and square matrices ``DATASET/MEASURE.*`` in any format that features may have, with their labels in the
    file or beside it (``model_ids.txt``, ``models.txt``, ``MEASURE.models.txt``).

    Args:
        source: a file or a folder.
        dataset: the name of the dataset, where paths do not say it.
        measure: the name of the measure, where paths do not say it.

    Raises:
        MissingArtifact: no such file, or nothing fits.
        BadParameter: paths do not say what they are of, or two matrices are of the same.
        DataError: a file cannot be read, or the labels of a matrix are missing.

    Example:
        >>> import numpy as np, tempfile, torch
        >>> folder = Path(tempfile.mkdtemp()) / "wds_vtab_dtd" / "cka_kernel_rbf_unbiased_sigma_0.4"
        >>> folder.mkdir(parents=True)
        >>> torch.save(np.array([[1, 0.5], [0.5, 1]]), folder / "similarity_matrix.pt")
        >>> _ = (folder / "model_ids.txt").write_text("vgg16\nresnet50\n")
        >>> (found,) = find_matrices(folder.parents[1])
        >>> found.dataset, found.measure, found.models
        ('wds_vtab_dtd', 'cka-kernel=rbf-sigma=0.4-unbiased=true', ('vgg16', 'resnet50'))
        >>> found.read()["similarity"].to_list()
        [1.0, 0.5, 0.5, 1.0]
    """
    source = source.resolve()
    if not source.exists():
        raise _nothing(source, "nothing of that name", "Check the path.")
    found = next((f for layout in LAYOUTS if (f := list(layout(source, dataset, measure)))), [])
    if not found:
        raise _nothing(source, "none", "See `seealike import similarities --help` for what is known.")
    _check_once(found)
    return found


def _published(source: Path, dataset: str | None, measure: str | None) -> Iterator[FoundMatrix]:
    files = (
        [source] if source.name == PUBLISHED else sorted(source.rglob(PUBLISHED)) if source.is_dir() else []
    )
    for path in files:
        names = path.with_name(IDS)
        if not names.exists():
            raise _no_names(path, names.name)
        said = path.parent.parent.name, path.parent.name
        layout = "the published pipeline's matrices"
        models = _labels(names)
        yield FoundMatrix(
            path, dataset or said[0], measure or measure_id(said[1]), models, layout, said, names
        )


def _tidy(source: Path, dataset: str | None, measure: str | None) -> Iterator[FoundMatrix]:
    files = _files(source, (".parquet", ".csv", ".tsv"))
    for path in files:
        for said, models in tidy_names(path).items():
            names = dataset or said[0] or path.stem, measure or measure_id(said[1] or "similarity")
            yield FoundMatrix(path, *names, models, TIDY, said)


def _plain(source: Path, dataset: str | None, measure: str | None) -> Iterator[FoundMatrix]:
    for path in _files(source, tuple(READERS)):
        if path.name in _NAMES or path.name.endswith(".models.txt"):
            continue
        below = path.relative_to(source).parts if source.is_dir() else (path.name,)
        said = _said(path, below, dataset, measure)
        beside = [path.with_name(f"{path.stem}.models.txt"), *(path.with_name(name) for name in _NAMES)]
        beside += [path.parent.parent / name for name in _NAMES if len(below) > 1]
        names = next((file for file in beside if file.exists()), None)
        models = _labels(names) if names else names_in(path)
        if not models:
            raise _no_names(path, f"{path.stem}.models.txt")
        yield FoundMatrix(path, said[0], measure_id(said[1]), models, "square matrices", said, names)


def _said(path: Path, below: tuple[str, ...], dataset: str | None, measure: str | None) -> tuple[str, str]:
    """Which dataset and measure a path speaks of."""
    folders = below[:-1]
    if len(folders) == 2:
        return dataset or folders[0], measure or folders[1]
    if len(folders) == 1:
        return dataset or folders[0], measure or path.stem
    if not folders and (dataset or measure):
        return dataset or path.stem, measure or path.stem
    raise BadParameter(
        where=str(path),
        expected="DATASET/MEASURE.* or DATASET/MEASURE/FILE.*",
        got="/".join(below),
        fix="Say what it is of: --dataset NAME or --measure NAME.",
    )


def _files(source: Path, endings: tuple[str, ...]) -> list[Path]:
    if source.is_file():
        return [source] if source.suffix.lower() in endings else []
    files = (p for p in sorted(source.rglob("*")) if p.suffix.lower() in endings and p.is_file())
    return [p for p in files if not any(part.startswith(".") for part in p.relative_to(source).parts)]


def _labels(names: Path) -> tuple[str, ...]:
    return tuple(line.strip() for line in read_lines(names) if line.strip())


def _no_names(path: Path, beside: str) -> Exception:
    return unreadable(
        path,
        "the labels of its models",
        f"no file {beside}",
        f"Write them to {beside} beside it, one a line.",
    )


def _nothing(source: Path, got: str, fix: str) -> MissingArtifact:
    pickles = source.is_dir() and any(p.suffix.lower() in PICKLES for p in source.rglob("*"))
    said = f"{got} but pickles, which are never opened" if pickles else got
    return MissingArtifact(where=str(source), expected="similarity matrices", got=said, fix=fix)


def _check_once(found: list[FoundMatrix]) -> None:
    seen: dict[tuple[str, str], FoundMatrix] = {}
    for one in found:
        other = seen.setdefault((one.dataset, one.measure), one)
        if other is not one:
            raise BadParameter(
                where=f"{one.measure} on {one.dataset}",
                expected="one matrix",
                got=f"{other.path} and {one.path}",
                fix="Point at a folder with one of them.",
            )
        if len(set(one.models)) < len(one.models):
            twice = next(name for name in one.models if one.models.count(name) > 1)
            raise unreadable(one.path, "every model once", f"{twice!r} twice", "Rename one of them.")


#: Each gives what it finds of its own kind; the first that finds something is it.
LAYOUTS: tuple[Callable[[Path, str | None, str | None], Iterator[FoundMatrix]], ...] = (
    _published,
    _tidy,
    _plain,
)
