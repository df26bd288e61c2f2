"""``seealike triplets``: draw triplets of images, answer them as a teacher, check a file of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

triplets = App(
    name="triplets", help="Draw triplets of images, answer them as a teacher would, check a file of them."
)


@triplets.command
def sample(
    table: Path,
    *,
    out: Path,
    n: Annotated[int, Parameter(name=["-n", "--n"])] = 10_000,
    rule: str = "class_border",
    label: str = "label",
    file: str = "file",
    weighting: str = "images",
    unique: Annotated[bool, Parameter(negative="")] = False,
    seed: int = 0,
) -> int:
    """Draw triplets by the classes or clusters of a table of images.

    Parameters
    ----------
    table
        A CSV with a row an image.
    out
        The .npz to write.
    n
        How many triplets.
    rule
        random, between_class, class_border, within_class, cluster_border or cluster_within.
    label
        The column of the class or cluster.
    file
        The column of the file name.
    weighting
        images: large classes are drawn more often; classes: all equally often.
    unique
        No triplet twice.
    seed
        Of the draw.
    """
    import numpy as np

    from seealike.data.triplet_files import TripletFile, write_triplets
    from seealike.sources.datasets.columns import column, each_once, read_rows
    from seealike.triplets import sample_triplets

    found = read_rows(table, str(table))
    images, labels = column(found, file, str(table)), np.array(column(found, label, str(table)))
    each_once(images, "image", f"{table}, column {file}")
    names = np.array(images)
    rows = sample_triplets(labels, n, rule, seed, weighting=weighting, unique=unique)  # pyright: ignore[reportArgumentType]
    write_triplets(out, TripletFile(names[rows], None, rows.astype(np.int64)))
    sys.stdout.write(f"{n} triplets of {len(names)} images, {rule}, seed {seed}: {out}\n")
    return 0


@triplets.command
def respond(triplets: Path, *, features: Path, out: Path) -> int:
    """Answer triplets by inner products of a teacher's features: the odd one goes last, similarities beside.

    Parameters
    ----------
    triplets
        An .npz of triplets (from `seealike triplets sample`).
    features
        A features file whose sample ids are the file names.
    out
        The .npz to write, in the published layout.
    """
    import numpy as np

    from seealike.data.store import read_features
    from seealike.data.triplet_files import TripletFile, read_triplets, write_triplets
    from seealike.errors import DataError
    from seealike.triplets.responses import respond as answer

    asked, known = read_triplets(triplets, answered=False), read_features(features)
    place = {name: row for row, name in enumerate(known.sample_ids)}
    names, where = np.unique(asked.filenames, return_inverse=True)
    missing = [str(name) for name in names.tolist() if name not in place]
    if missing:
        raise DataError(
            where=str(features),
            expected="features of every image of the triplets",
            got=f"none of {len(missing)} images ({', '.join(missing[:3])}, …)",
            fix="Extract these images too; sample ids have to be the file names.",
        )
    rows = np.array([place[name] for name in names.tolist()])[where].reshape(asked.filenames.shape)
    made = answer(known.values, rows)
    ids = np.array(known.sample_ids)
    write_triplets(out, TripletFile(ids[made.triplets], made.similarities, made.triplets))
    sys.stdout.write(f"{len(made.triplets)} triplets answered by {features.name}: {out}\n")
    return 0


@triplets.command
def check(file: Path) -> int:
    """Check a file of answered triplets: its layout, and that the odd one is last in every row (else exit code 2).

    Parameters
    ----------
    file
        An .npz in the published layout.
    """
    from seealike.data.triplet_files import read_triplets

    found = read_triplets(file)
    sys.stdout.write(f"{file}: {len(found)} triplets in order\n")
    return 0
