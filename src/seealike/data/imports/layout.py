"""Where imported features, and the table of their samples, lie below a folder: by names alone."""

from __future__ import annotations

from pathlib import Path

from seealike.data.identity import filename


def feature_path(root: Path, dataset: str, model: str, layer: str) -> Path:
    """The file of one layer of one model on one dataset.

    Example:
        >>> feature_path(Path("features"), "cifar10", "OpenCLIP/RN50", "visual").as_posix()
        'features/cifar10/OpenCLIP_RN50/visual.safetensors'
    """
    return root / filename(dataset) / filename(model) / f"{filename(layer)}.safetensors"


def samples_path(folder: Path, dataset: str) -> Path:
    """The table of a dataset's samples.

    Example:
        >>> samples_path(Path("mine"), "wds/vtab/dtd").as_posix()
        'mine/samples/wds_vtab_dtd.parquet'
    """
    return folder / "samples" / f"{filename(dataset)}.parquet"
