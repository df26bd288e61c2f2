"""What `seealike human score` and `seealike human ceiling` do and say."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from seealike.data.features import Features
from seealike.data.judgements import Choices, HumanRdm, Ratings, SamePairs, Trials
from seealike.data.store import read_features
from seealike.errors import SpecError
from seealike.human import noise_ceiling, odd_one_out, two_afc
from seealike.human.ratings import jnd, rating_agreement
from seealike.human.rdm import rsa_to_human
from seealike.sources.judgements import JUDGEMENT_SOURCES, Judgements, read_embedding, read_judgements


def read(source: str, path: Path, option: list[str] | None, ids: Path | None) -> Judgements:
    """The judgements, with the options of the command line."""
    options = dict(_pair(text) for text in option or [])
    if ids is not None and "ids" in JUDGEMENT_SOURCES[source].model_fields and source != "things48":
        options.setdefault("ids", ids)
    return read_judgements(source, path, **options)


def score(
    features: Path, judged: Judgements, ids: Path | None, distance: str | None, ties: str | None
) -> int:
    """Print the score of the features, with its interval."""
    values = read_values(features, ids)
    for name, number, interval in _scores(values, judged, distance, ties):
        ends = f"  {interval[0]:.5f} to {interval[1]:.5f}" if interval else ""
        sys.stdout.write(f"{name:<18}{number:>10}{ends}\n")
    return 0


def ceiling(judged: Judgements) -> int:
    """Print the noise ceilings, with their intervals."""
    if not isinstance(judged, Trials | Choices):
        raise SpecError(
            where="human ceiling",
            expected="odd-one-out trials or two-alternative choices",
            got=type(judged).__name__,
            fix="Other judgements have no ceiling here.",
        )
    found, what = noise_ceiling(judged), "triplets" if isinstance(judged, Trials) else "choices"
    for name in ("majority", "leave_one_out", "leave_one_rater_out", "agreement", "split_half", "entropy"):
        value = getattr(found, name)
        if value is not None:
            low, high = found.intervals.get(name, (None, None))
            ends = "" if low is None else f"  {low:.5f} to {high:.5f}"
            sys.stdout.write(f"{name:<20}{value:.5f}{ends}\n")
    sys.stdout.write(f"{'judgements':<20}{found.n}, of {found.n_units} {what}\n")
    return 0


Line = tuple[str, str, "tuple[float, float] | None"]


def _scores(values: Features, judged: Judgements, distance: Any, ties: Any) -> Iterable[Line]:
    if isinstance(judged, Trials):
        found = odd_one_out(values, judged, distance or "dot", ties or "strict")
        yield "accuracy", f"{found.accuracy:.5f}", (found.low, found.high)
        yield "cross_entropy", f"{found.cross_entropy:.5f}", None
        if found.kl_divergence is not None:
            yield "kl_divergence", f"{found.kl_divergence:.5f}", None
        yield "trials", str(found.n), None
    elif isinstance(judged, Choices):
        chosen = two_afc(values, judged, distance or "euclidean", ties or "half")
        yield "accuracy", f"{chosen.accuracy:.5f}", (chosen.low, chosen.high)
        yield "choices", str(chosen.n), None
    elif isinstance(judged, Ratings):
        rated = rating_agreement(values, judged, distance or "euclidean")
        for name, ends in rated.intervals.items():
            yield name, f"{getattr(rated, name):.5f}", ends
        yield "images", str(rated.n), None
    elif isinstance(judged, SamePairs):
        same = jnd(values, judged, distance or "euclidean")
        yield "average_precision", f"{same.average_precision:.5f}", (same.low, same.high)
    else:
        yield from _of_matrix(values, judged, distance)


def _of_matrix(values: Features, human: HumanRdm, distance: Any) -> Iterable[Line]:
    for compare in ("spearman", "pearson"):
        found = rsa_to_human(values, human, distance or "correlation", compare)
        ends = None if found.low is None or found.high is None else (found.low, found.high)
        yield compare, f"{found.correlation:.5f}", ends


def read_values(path: Path, ids: Path | None) -> Features:
    """Features of a file; a matrix needs the list of its ids.

    Raises:
        SpecError: no such file, or a matrix without ids.
    """
    if not path.is_file():
        raise SpecError(
            where=str(path), expected="a file of features", got="no such file", fix="Check the path."
        )
    if path.suffix == ".safetensors":
        return read_features(path)
    if ids is None:
        raise SpecError(
            where=str(path),
            expected="--ids: a file with one sample id a row",
            got="none",
            fix="Rows are joined by id, never by position.",
        )
    return read_embedding(path, ids)


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise SpecError(
            where="--option", expected="NAME=VALUE", got=text, fix="For example: --option split=test"
        )
    return name, yaml.safe_load(value)
