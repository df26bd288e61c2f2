"""Which files of a folder hold features, and of which dataset, model and layer their paths speak."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from seealike.data.imports.entry import refused
from seealike.data.imports.found import Found, with_neighbors
from seealike.data.imports.layouts import LAYOUTS
from seealike.data.imports.patterns import by_pattern
from seealike.data.imports.reading import PICKLES, READERS
from seealike.errors import MissingArtifact, SpecError


def find(
    source: Path, *, pattern: str | None = None, dataset: str | None = None, model: str | None = None
) -> list[Found]:
    """The features below a folder, or of one file.

    Without a pattern these layouts are known: features of our own (another study's, say); the published pipeline's
    ``DATASET/MODEL/features_SPLIT.pt`` beside ``targets_SPLIT.pt``; platonic-rep's ``MODEL_pool-POOLING.pt``;
    thingsvision's ``features.*`` (or numbered pieces) beside ``file_names.txt``; and otherwise
    ``MODEL.*``, ``DATASET/MODEL.*`` or ``DATASET/MODEL/LAYER.*``.

    Args:
        source: a file or a folder.
        pattern: paths below `source` with ``{dataset}``, ``{model}``, ``{layer}`` and ``*``.
        dataset: the name of the dataset, where paths do not say it.
        model: the name of the model, where paths do not say it.

    Raises:
        MissingArtifact: no such file, or nothing fits.
        SpecError: two files speak of the same features.
    """
    source = source.resolve()
    if not source.exists():
        raise _nothing(source, "a file or folder", "nothing of that name", "Check the path.")
    if source.is_file():
        single = Found((source,), dataset or source.parent.name, model or source.stem, "", "one file")
        found = [with_neighbors(single)]
    elif pattern is not None:
        found = [_named(f, dataset, model) for f in by_pattern(source, pattern, dataset, model)]
    else:
        found = next((f for layout in LAYOUTS if (f := layout(source))), [])
        found = [_named(f, dataset, model) for f in found]
    if not found:
        _refuse_pickles(source)
        wanted = f"files like {pattern}" if pattern else f"files ending in {', '.join(READERS)}"
        raise _nothing(source, wanted, "none", "Check the path, or describe the files by --pattern.")
    _check_once(found)
    return sorted(found, key=lambda f: (f.dataset, f.model, f.layer))


def _named(found: Found, dataset: str | None, model: str | None) -> Found:
    return replace(found, dataset=dataset or found.dataset, model=model or found.model)


def _nothing(source: Path, expected: str, got: str, fix: str) -> MissingArtifact:
    return MissingArtifact(where=str(source), expected=expected, got=got, fix=fix)


def _refuse_pickles(source: Path) -> None:
    pickles = [p for p in sorted(source.rglob("*")) if p.suffix.lower() in PICKLES] if source.is_dir() else []
    if pickles:
        raise refused(pickles[0], f"a pickle ({len(pickles)} in {source})")


def _check_once(found: list[Found]) -> None:
    by_name: dict[tuple[str, str, str], list[Found]] = defaultdict(list)
    for one in found:
        by_name[one.dataset, one.model, one.layer].append(one)
    for (dataset, model, layer), several in by_name.items():
        if len(several) > 1:
            raise SpecError(
                where=f"model {model} on {dataset}" + (f", layer {layer}" if layer else ""),
                expected="one file",
                got=", ".join(str(one.files[0]) for one in several[:4]),
                fix="Tell them apart by --pattern (with {dataset}, {model}, {layer}), or import one at a time.",
            )
