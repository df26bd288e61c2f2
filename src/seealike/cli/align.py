"""``seealike align``: fit features to people, apply that, and see what it changed (`aligned` and `proved` do it)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from seealike.cli.embedding import embed, targets
from seealike.cli.tune import tune

align = App(name="align", help="Bring features and models nearer to people, and prove that it helped.")

Numbers = Annotated[list[float] | None, Parameter(negative="")]
Options = Annotated[
    list[str] | None,
    Parameter(name="--option", negative="", help="NAME=VALUE for the source; may be repeated."),
]
Source = Annotated[
    str | None,
    Parameter(
        help="What the judgements are: things, levels … (docs/human.md); none for an .npz of answered triplets."
    ),
]


@align.command
def fit(
    features: Path,
    judgements: Path,
    *,
    out: Path,
    source: Source = None,
    option: Options = None,
    ids: Path | None = None,
    neighbors: Path | None = None,
    regularization: Numbers = None,
    alpha: Numbers = None,
    temperature: Numbers = None,
    folds: int = 4,
    seed: int = 0,
) -> int:
    """Fit an affine map of features to people's choices, its settings chosen on objects that it has not seen.

    Trials give a naive linear map, answered triplets (soft targets) uncertainty distillation; with --neighbors and
    --alpha above 0 it is gLocal. Where several values are given, all combinations are tried.

    Parameters
    ----------
    features
        The features of the objects (.safetensors; or a matrix with --ids).
    judgements
        Odd-one-out trials as they were published, or an .npz of answered triplets.
    out
        The .safetensors to write; `transform:` of a model in a study reads it, and `seealike align apply`.
    ids
        The samples' ids, one a line, for a matrix; for THINGS also the objects' ids of the trials.
    neighbors
        Features of other images of the same model, whose neighborhoods should stay.
    regularization
        Weights of ‖W - c I‖² to try; may be repeated (.0001, .001, .01, .1, 1).
    alpha
        Weights of the neighborhoods to try, from 0 to below 1; may be repeated (0).
    temperature
        Of the neighborhoods; may be repeated (.1).
    folds
        Of objects.
    seed
        Of the folds.
    """
    from seealike.cli import aligned

    grid = aligned.grid(regularization, alpha, temperature)
    asked = aligned.Asked(judgements, source, tuple(option or ()), ids)
    return aligned.fit(features, asked, out, neighbors, grid, folds, seed)


@align.command
def apply(transform: Path, features: Path, *, out: Path, ids: Path | None = None) -> int:
    """Write features as a transform maps them; features of another model than it was fitted to are refused.

    Parameters
    ----------
    transform
        Of `seealike align fit`, or a published .npz (weights, bias, mean, std).
    features
        A features file (.safetensors; or a matrix with --ids).
    out
        The .safetensors to write.
    ids
        The samples' ids, one a line, for a matrix.
    """
    from seealike.cli import aligned

    return aligned.apply(transform, features, out, ids)


@align.command
def probe(
    judgements: Path,
    *features: Path,
    source: Source = None,
    option: Options = None,
    ids: Path | None = None,
    regularization: Numbers = None,
    folds: int = 3,
    draws: int = 3,
    seed: int = 0,
    out: Path | None = None,
) -> int:
    """Score features on odd-one-out trials before and after a linear map, on objects that it was not fitted to.

    With several models also cross-recovery: of choices simulated from each, how often does fitting find the right one?

    Parameters
    ----------
    judgements
        Odd-one-out trials.
    features
        A features file a model (.safetensors; or a matrix with --ids).
    ids
        The samples' ids, one a line, for a matrix; for THINGS also the objects' ids of the trials.
    regularization
        Weights of ‖W - c I‖² to choose from; may be repeated (.0001, .001, .01, .1, 1).
    folds
        Of objects.
    draws
        Simulated sets of choices a model; 0 for no cross-recovery.
    seed
        Of folds and draws.
    out
        Write the rows here, a table in the layout of a study's `alignment.parquet`.
    """
    from seealike.cli import probed

    asked = (judgements, source, tuple(option or ()), ids)
    return probed.probe(asked, features, regularization, (folds, draws, seed), out)


@align.command
def evaluate(proof: Path, *, out: Path | None = None) -> int:
    """Ask features before and after, and the control beside: people, neighbors, probes, distribution shift.

    Parameters
    ----------
    proof
        A YAML file with arms and tasks (docs/transforms.md).
    out
        The table to write (.parquet or .csv); without, it joins the tables of the file's study, whose report shows it.
    """
    from seealike.cli import proved

    return proved.evaluate(proof, out)


# Commands of other files, one line each:
align.command(tune)
align.command(embed)
align.command(targets)
