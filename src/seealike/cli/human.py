"""``seealike human …``: scores against people's judgements, from files (`judged` does it)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

human = App(
    name="human", help="How human-like features are, and how well people's judgements can be predicted."
)

Source = Annotated[
    str, Parameter(help="What the judgements are: things, levels, nights, tid2013 … (docs/human.md).")
]
Options = Annotated[
    list[str] | None,
    Parameter(name="--option", negative="", help="NAME=VALUE for the source; may be repeated."),
]


@human.command
def score(
    features: Path,
    judgements: Path,
    *,
    source: Source,
    option: Options = None,
    ids: Path | None = None,
    distance: str | None = None,
    ties: str | None = None,
) -> int:
    """Score features against people's judgements, joined by sample id.

    Parameters
    ----------
    features
        A file of features (.safetensors), or a matrix as .txt, .npy … with --ids.
    judgements
        The dataset's folder or file, as it was published.
    ids
        The samples' ids, one a line, for a matrix; for THINGS also the objects' ids of the trials.
    distance
        dot, cosine, correlation, euclidean, normalized_euclidean …; triplet for human RDMs. Where not given: dot for
        odd one out, correlation for human RDMs, euclidean for all others.
    ties
        strict, half or lenient.
    """
    from seealike.cli import judged

    return judged.score(features, judged.read(source, judgements, option, ids), ids, distance, ties)


@human.command
def ceiling(judgements: Path, *, source: Source, option: Options = None, ids: Path | None = None) -> int:
    """Say how well any model could predict repeated judgements: noise ceilings.

    Parameters
    ----------
    judgements
        The dataset's folder or file, as it was published.
    ids
        For THINGS, the objects' ids, one a line.
    """
    from seealike.cli import judged

    return judged.ceiling(judged.read(source, judgements, option, ids))
