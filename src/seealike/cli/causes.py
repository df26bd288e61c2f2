"""``seealike causes``: what of similarity a shared part of data or task explains."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from seealike.cli.values import Flag
from seealike.errors import DataError, SpecError

if TYPE_CHECKING:
    import polars as pl

causes = App(name="causes", help="What of similarity shared data or a shared task explains.")

Texts = Annotated[list[str] | None, Parameter(negative="")]


@causes.command(name="split")
def make_splits(
    table: Path,
    *,
    out: Path,
    kind: str = "data",
    overlap: Annotated[list[float] | None, Parameter(negative="")] = None,
    seed: Annotated[list[int] | None, Parameter(negative="")] = None,
    label: str = "label",
    test: Path | None = None,
    unconstrained: Flag = False,
) -> int:
    """Write pairs of training sets with a stated overlap: one folder an overlap and seed.

    For example: seealike causes split labels.csv --out splits --kind both --overlap 0 --overlap .5 --overlap 1

    Parameters
    ----------
    table
        A CSV with one row a sample.
    out
        The folder for the splits; each has first.csv, second.csv, split.json and what evaluates it.
    kind
        data: all classes, and a share of each one's samples; both: a share of the classes with all their samples;
        task: a share of the classes, without any shared sample.
    overlap
        The share; may be repeated (0, .2, .4, .6, .8 and 1 without).
    seed
        Of the draw; may be repeated (0, 1 and 2 without).
    label
        The column of the class.
    test
        A CSV of test samples, to be parted into classes of both and classes of one.
    unconstrained
        As many samples (or classes) as the overlap allows, instead of half for every overlap.
    """
    from seealike.overlap.manifests import write_split
    from seealike.overlap.splits import split

    samples = _labelled(table, label)
    held_out = None if test is None else _labelled(test, label)
    for share in overlap or [0, 0.2, 0.4, 0.6, 0.8, 1]:
        for one in seed or [0, 1, 2]:
            made = split(samples[label].to_numpy(), kind, share, one, constrained=not unconstrained)  # pyright: ignore[reportArgumentType]
            folder = out / f"{kind}-{share:g}-seed{one}"
            said = write_split(folder, made, samples, label, held_out)
            apart = "" if said.overlap == share else f" (nearest to {share:g})"
            sys.stdout.write(
                f"{folder}: {said.n_samples} samples and {said.n_classes} classes each, "
                f"overlap {said.overlap:g}{apart}, samples shared {said.sample_overlap:.3g}\n"
            )
    return 0


@causes.command
def analyse(
    table: Path,
    *,
    x: str,
    y: Texts = None,
    where: Texts = None,
    seed: str | None = None,
    map_: Annotated[list[str] | None, Parameter(name="--map", negative="")] = None,
    missing: float | None = None,
    reruns: Flag = False,
    repair: Flag = False,
    out: Path | None = None,
) -> int:
    """Regress similarity on overlap in a table of runs: slope with interval, R², Spearman, information, verdict.

    For example: seealike causes analyse cifar100.csv --x frac_overlap --where metric=cka --seed seed

    Parameters
    ----------
    table
        One row a run: CSV, TSV, Parquet or JSON lines; a study's tables/overlap_runs.parquet, too.
    x
        The column of the overlap.
    y
        A column of similarities; may be repeated. Without, all that are called metric_… or …_metric.
    where
        Only rows with COLUMN=VALUE, or COLUMN!=VALUE; may be repeated.
    seed
        The column of seeds: the interval takes runs of one seed together.
    map_
        Numbers for words, COLUMN:VALUE=NUMBER,VALUE=NUMBER (partition:P1=0,P2=.5,P3=1).
    missing
        A number that stands for a missing value (--missing=-1).
    reruns
        The table is the output of several runs one after the other, each with its header.
    repair
        Scale up lcs and edit values of which three quarters were lost (they are refused otherwise).
    out
        Write the result here as CSV.
    """
    from seealike.overlap.tables import Choices, attribute_table
    from seealike.sources.datasets.columns import read_rows

    choices = Choices(tuple(where or ()), _maps(map_ or []), missing, reruns, repair)
    runs = read_rows(table, str(table))
    found = attribute_table(runs, x, y or (), seed=seed, choices=choices, where=str(table))
    for row in found.iter_rows(named=True):
        sys.stdout.write(_sentence(row) + "\n")
    if out is not None:
        from seealike.data.atomic import write_atomically

        write_atomically(out, lambda path: found.write_csv(path))
        sys.stdout.write(f"written to {out}\n")
    return 0


def _labelled(path: Path, label: str) -> pl.DataFrame:
    """A table with a row a sample, each with a class."""
    from seealike.sources.datasets.columns import column, read_rows

    table = read_rows(path, str(path))
    without = column(table, label, str(path)).count(None)
    if without:
        raise DataError(
            where=f"{path}, column {label}",
            expected="a class for every sample",
            got=f"{without} rows without",
            fix="Leave these rows out.",
        )
    return table


def _maps(texts: list[str]) -> dict[str, dict[str, float]]:
    """``["partition:P1=0,P2=.5"]`` -> ``{"partition": {"P1": 0.0, "P2": 0.5}}``."""
    maps: dict[str, dict[str, float]] = {}
    for text in texts:
        column, colon, rest = text.partition(":")
        pairs = [pair.rpartition("=") for pair in rest.split(",")]
        try:
            maps.setdefault(column, {}).update({name.strip(): float(value) for name, _, value in pairs})
            good = bool(colon) and all(name for name, _, _ in pairs)
        except ValueError:
            good = False
        if not good:
            raise SpecError(
                where="--map",
                expected="COLUMN:VALUE=NUMBER,VALUE=NUMBER",
                got=text,
                fix="For example: --map partition:P1=0,P2=.5,P3=1",
            )
    return maps


def _sentence(row: dict[str, object]) -> str:
    def short(name: str) -> str:
        value = row[name]
        return "–" if value is None else f"{value:.3f}"

    interval = f"{short('slope')} ({short('slope_low')} to {short('slope_high')})"
    return (
        f"{row['y']}: {row['verdict']}; slope {interval}, R² {short('r_squared')}, Spearman {short('spearman')}, "
        f"information {short('mutual_information')} nats, n = {row['n']}"
        + (f"; {row['reason']}" if row["reason"] else "")
    )
