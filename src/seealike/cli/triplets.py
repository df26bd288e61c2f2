"""``seealike triplets``: cluster images, draw triplets of them, answer these as a teacher, check a file of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from seealike.cli.values import Flag

triplets = App(
    name="triplets",
    help="Cluster images, draw triplets of them, answer these as a teacher would, check a file of them.",
)


@triplets.command
def cluster(
    features: Path,
    *,
    out: Path,
    k: Annotated[int, Parameter(name=["-k", "--k"])] = 500,
    seed: int = 0,
    max_passes: int = 10,
    centers: Path | None = None,
) -> int:
    """Put images into k clusters by their features, as they are in the file (map them first for an aligned space).

    Parameters
    ----------
    features
        A features file whose sample ids are the file names; `seealike align apply` writes mapped ones.
    out
        The table to write (.parquet or .csv): file, cluster and runner_up, the second nearest cluster.
    k
        How many clusters.
    seed
        Of the first centers.
    max_passes
        Over all images, after one of mini-batches.
    centers
        A .safetensors for the centers.
    """
    from seealike.cli.triplet_making import cluster as do

    return do(features, out, k, seed, max_passes, centers)


@triplets.command
def sample(
    table: Path,
    *,
    out: Path,
    n: Annotated[int, Parameter(name=["-n", "--n"])] = 10_000,
    rule: str = "class_border",
    label: str = "label",
    runner_up: str = "runner_up",
    file: str = "file",
    weighting: str = "images",
    unique: Flag = False,
    seed: int = 0,
) -> int:
    """Draw triplets by the classes or clusters of a table of images.

    Parameters
    ----------
    table
        A table with a row an image: a CSV, or what `seealike triplets cluster` writes.
    out
        The .npz or .parquet to write.
    n
        How many triplets.
    rule
        random, between_class, class_border, within_class, cluster_border, cluster_within or hard_negative.
    label
        The column of the class or cluster.
    runner_up
        The column of the second nearest cluster, for hard_negative.
    file
        The column of the file name.
    weighting
        images: large classes are drawn more often; classes: all equally often.
    unique
        No triplet twice.
    seed
        Of the draw.
    """
    from seealike.cli.triplet_making import Draw
    from seealike.cli.triplet_making import sample as do

    return do(table, out, Draw(n, rule, weighting, unique, seed), (file, label, runner_up))


@triplets.command
def respond(
    triplets: Path,
    *,
    features: Path,
    out: Path | None = None,
    control: Path | None = None,
    folder: Path | None = None,
    split: str = "train",
    sampling: str | None = None,
    transform: str = "uncertainty_distillation",
    parquet: Flag = False,
) -> int:
    """Answer triplets by inner products of a teacher's features: the odd one goes last, similarities beside.

    Parameters
    ----------
    triplets
        A file of triplets (from `seealike triplets sample`).
    features
        A features file whose sample ids are the file names, mapped by `seealike align apply`.
    out
        The .npz or .parquet to write.
    control
        The teacher's features as they were before the map: the same triplets are answered by them too. With --folder.
    folder
        In place of --out: the folder of the published names, {transform}/{split}_{sampling}.npz and, of the control,
        untransformed/{split}_{sampling}.npz.
    split
        train or val, for these names.
    sampling
        How the triplets were drawn, for these names: where not given, as the file of triplets says (class_border, or
        cluster_border_500 of 500 clusters).
    transform
        For these names.
    parquet
        Parquet under these names, in place of .npz.
    """
    from seealike.cli.triplet_making import drawn_how, targets_of
    from seealike.cli.triplet_making import respond as do

    if not sampling:
        sampling = drawn_how(triplets) if folder and not out else ""
    named = (transform, split, sampling, ".parquet" if parquet else ".npz")
    return do(triplets, targets_of(features, control, out, folder, named))


@triplets.command
def check(file: Path) -> int:
    """Check a file of answered triplets: its layout, and that the odd one is last in every row (else exit code 2).

    Parameters
    ----------
    file
        An .npz in the published layout, or the .parquet of `seealike triplets respond`.
    """
    from seealike.data.triplet_files import checked_blocks

    n = sum(len(block["filenames"]) for block in checked_blocks(file))
    sys.stdout.write(f"{file}: {n} triplets in order\n")
    return 0
