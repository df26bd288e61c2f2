"""``seealike align embed`` and ``seealike align targets``: from people's choices to how likely each choice is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from seealike.cli.values import Flag

Source = Annotated[str, Parameter(help="What the judgements are: things, levels … (docs/human.md).")]
Options = Annotated[
    list[str] | None,
    Parameter(name="--option", negative="", help="NAME=VALUE for the source; may be repeated."),
]


def embed(
    judgements: Path,
    *,
    source: Source,
    out: Path,
    option: Options = None,
    ids: Path | None = None,
    method: Literal["variational", "sparse"] = "variational",
    n_dims: int | None = None,
    regularization: float | None = None,
    objects: int | None = None,
    seed: int = 0,
    folds: int = 0,
) -> int:
    """Fit an embedding of the judged objects to people's odd-one-out choices.

    variational knows how sure it is and finds its number of dimensions (VICE's mathematics); sparse is one
    non-negative place an object (SPoSE's).

    Parameters
    ----------
    judgements
        Odd-one-out trials, as they were published.
    out
        The .safetensors to write; `seealike align targets` reads it.
    ids
        For THINGS, the objects' ids, one a line.
    method
        variational or sparse.
    n_dims
        To start with (variational) or at most (sparse).
    regularization
        Of sparse.
    objects
        Of variational: a dimension is kept if more than so many objects have a weight in it.
    seed
        Of the starting places.
    folds
        Fit as often again, each time without a part of the triplets, to say what the embedding is worth for triplets
        that nobody judged; 0 for not.
    """
    from seealike.cli import embedded

    trials = embedded.trials_of(source, judgements, option, ids)
    given = {"n_dims": n_dims, "regularization": regularization, "objects": objects}
    options = {k: v for k, v in given.items() if v is not None}
    return embedded.embed(trials, method, options, seed, out, folds=folds)


def targets(
    judgements: Path,
    *,
    source: Source,
    out: Path,
    embedding: Annotated[list[Path] | None, Parameter(negative="")] = None,
    option: Options = None,
    ids: Path | None = None,
    temperature: Flag = False,
    concentration: float | None = None,
) -> int:
    """Write how likely people are to choose each pair of the judged triplets: soft targets for `seealike align fit`.

    The file is in the layout of answered triplets; its similarities are log probabilities, whose softmax are
    the probabilities.

    Parameters
    ----------
    judgements
        Odd-one-out trials, as they were published.
    out
        The .npz to write.
    embedding
        Of `seealike align embed`; may be repeated for the mean of several. Without one: the shares of people's own
        choices.
    ids
        For THINGS, the objects' ids, one a line.
    temperature
        Fit a temperature to the trials first (sparse embeddings).
    concentration
        Added to every count of the shares; without it the likeliest, 0 for raw shares.
    """
    from seealike.cli import embedded

    trials = embedded.trials_of(source, judgements, option, ids)
    chooser = embedded.chooser_of(trials, embedding or [], temperature, concentration)
    return embedded.targets(trials, chooser, out)
