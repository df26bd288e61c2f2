"""``seealike import features`` and ``seealike features …`` (`imported`, `stored`, `verified`, `spare` do it)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from seealike.cli.values import Flag

importing = App(
    name="import", help="Bring what exists already: features or similarities from other programs."
)
features = App(name="features", help="List, check, export and clean up the features on disk.")

Target = Annotated[Path, Parameter(help="A study file, or a folder with features.")]
Some = Annotated[str | None, Parameter(help="Only this one; a pattern with * fits several.")]


@importing.command(name="features")
def import_features(
    source: Path,
    *,
    out: Path,
    dataset: str | None = None,
    model: str | None = None,
    layer: str | None = None,
    pattern: str | None = None,
    ids: str | None = None,
    labels: Path | None = None,
    key: str | None = None,
    dtype: str | None = None,
    replace: Flag = False,
) -> int:
    """Bring features from other programs into a folder with a study file, ready for `seealike run`.

    Reads .npy, .npz, .pt, .safetensors, .h5, .mat, .csv, .parquet and .txt files, and folders of them:
    DATASET/MODEL.npy, DATASET/MODEL/LAYER.npy, thingsvision's output, platonic-rep's MODEL_pool-POOLING.pt, the
    published consistency pipeline's DATASET/MODEL/features_SPLIT.pt. A pickle is never opened.

    Parameters
    ----------
    source
        A file, or a folder of files.
    out
        The folder to make, or to add to.
    dataset
        Name of the dataset, where paths do not say it.
    model
        Name of the model, where paths do not say it.
    layer
        Name of the layer, where paths do not say it.
    pattern
        How paths below the folder speak, for example "{dataset}/{model}.npy".
    ids
        A file with the sample ids, one a line or a column; or "rows": row i is the same sample in all files
        of a dataset, and you say so.
    labels
        A file with the labels, one a line or a column, where they are not beside the features.
    key
        The name of the array in the file; "all" takes each matrix as a layer.
    dtype
        Precision to store: float32, float16, bfloat16, float64; the file's own where not given.
    replace
        Overwrite other features of the same name.
    """
    from seealike.cli import imported

    where = {"pattern": pattern, "dataset": dataset, "model": model}
    how = {"ids": ids, "labels": labels, "key": key, "layer": layer, "dtype": dtype, "replace": replace}
    return imported.import_features(source, out, where, how)


@importing.command(name="similarities")
def import_similarities(
    source: Path, *, out: Path, dataset: str | None = None, measure: str | None = None
) -> int:
    """Bring similarity matrices from other programs into a folder with a study file, ready for `seealike run`.

    Reads the published consistency pipeline's DATASET/MEASURE/similarity_matrix.pt beside model_ids.txt; tables of
    pairs with the columns model_x, model_y, similarity (and dataset, measure); and square matrices DATASET/MEASURE.*
    in .npy, .npz, .pt, .csv … with the models' names in the file or beside it (model_ids.txt, models.txt). A pickle
    is never opened.

    Parameters
    ----------
    source
        A file, or a folder of files.
    out
        The folder to make; or a .parquet or .csv file, for the table of pairs alone.
    dataset
        Name of the dataset, where paths do not say it.
    measure
        Name of the measure, where paths do not say it.
    """
    from seealike.cli import matrices

    return matrices.import_similarities(source, out, dataset, measure)


@features.command(name="list")
def list_(target: Target, *, dataset: Some = None, model: Some = None) -> int:
    """List the features on disk: dataset, model, layer, size, precision, when they were written."""
    from seealike.cli import stored

    return stored.list_features(target, dataset, model)


@features.command
def check(target: Target) -> int:
    """Verify every number: digests, finite values, ids against the samples; exit code 3 if something is wrong."""
    from seealike.cli import verified

    return verified.check(target)


@features.command
def export(
    target: Target,
    *,
    out: Path,
    format: str = "npz",  # noqa: A002
    dataset: Some = None,
    model: Some = None,
) -> int:
    """Write features with their sample ids for other programs: OUT/DATASET/MODEL/LAYER.FORMAT.

    Parameters
    ----------
    out
        The folder to write to.
    format
        npy (ids in a text file beside it), npz, csv, parquet, h5 or safetensors.
    """
    from seealike.cli import stored

    return stored.export(target, out, format, dataset, model)


@features.command
def gc(study: Path, *, delete: Flag = False) -> int:
    """Show what no cell of a study file needs any more: features of old settings, leftovers of killed runs.

    Parameters
    ----------
    study
        The study file. Other study files with the same `output:` are not asked: look before you delete.
    delete
        Delete what is shown.
    """
    from seealike.cli import spare

    return spare.gc(study, delete=delete)
