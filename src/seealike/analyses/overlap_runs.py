"""Runs of models trained with a stated overlap: one value a run, and which runs of a design are missing."""

from __future__ import annotations

import numpy as np
import polars as pl

#: What tells runs of one design apart: the overlaps, the seed, and the two models whichever comes first.
RUN = ("data_overlap", "task_overlap", "seed", "pair")

#: Realized overlaps that differ by less are of one cell: whole samples of unequal classes make them vary with the seed.
_DECIMALS = 2
#: Of so many cells without a run the overlaps are named.
_MOST_NAMED = 4


def one_value_a_run(table: pl.DataFrame, value: str, by: tuple[str, ...]) -> pl.DataFrame:
    """The mean of a run's two ordered pairs of models; null where none has a value.

    Args:
        table: rows with data_overlap, task_overlap, seed, model_x and model_y, the columns of `by`, and `value`.
        value: the column that is averaged.
        by: what else tells values apart: design, dataset, measure.

    Returns:
        The columns of `by`, of `RUN`, and `value`.

    Example:
        >>> rows = [("data", 0.5, 1.0, 0, "a", "b", 0.2), ("data", 0.5, 1.0, 0, "b", "a", 0.4),
        ...         ("data", 1.0, 1.0, 0, "a", "b", None)]
        >>> table = pl.DataFrame(rows, schema=["design", *RUN[:3], "model_x", "model_y", "similarity"], orient="row")
        >>> one_value_a_run(table, "similarity", ("design",)).select("pair", pl.col("similarity").round(3)).rows()
        [('a / b', 0.3), ('a / b', None)]
    """
    models = pl.concat_list("model_x", "model_y").list.sort().list.join(" / ")
    groups = table.with_columns(pair=models).group_by(*by, *RUN, maintain_order=True)
    return groups.agg(pl.col(value).fill_nan(None).mean())


def missing_runs(panel: pl.DataFrame, design: pl.DataFrame, value: str) -> str | None:
    """What a panel lacks of its design, in words; None where all is there.

    Args:
        panel: one row a run (see `one_value_a_run`) of one design, set of samples and measure.
        design: the runs of the whole design: as many are wanted of each cell for every seed as any seed has.
        value: the column of values.

    Example:
        >>> design = pl.DataFrame({"data_overlap": [0.0, 1.0] * 2, "task_overlap": [1.0] * 4, "seed": [0, 0, 1, 1],
        ...                        "pair": ["a / b"] * 4})
        >>> missing_runs(design[:3].with_columns(similarity=pl.lit(0.5)), design, "similarity")
        '1 of 4 runs is missing: analyzed without it'
    """
    cells = _runs(design).group_by(*RUN[:3]).len().group_by(*RUN[:2]).agg(pl.col("len").max())
    n_seeds = design["seed"].drop_nulls().n_unique()
    there = _runs(panel.drop_nulls(value))
    empty = cells.join(there, on=RUN[:2], how="anti").sort(RUN[:2])
    wanted = int(cells.join(there, on=RUN[:2], how="semi")["len"].sum()) * n_seeds
    lacking = wanted - there.height
    notes = []
    if lacking > 0:
        how = "is missing: analyzed without it" if lacking == 1 else "are missing: analyzed without them"
        notes.append(f"{lacking} of {wanted} runs {how}")
    if empty.height:
        notes.append(f"no run has a value at {_named(empty, cells)}")
    return ". ".join(notes) or None


def _named(some: pl.DataFrame, cells: pl.DataFrame) -> str:
    """The overlaps of some cells of a design in words; a share of the task once, if all its cells are among them.

    Example:
        >>> cells = pl.DataFrame({"data_overlap": [0.0, 0.0, 1.0], "task_overlap": [0.0, 1.0, 1.0]})
        >>> _named(cells[:2], cells)
        'task overlap 0, data overlap 0 with task overlap 1'
    """
    words = []
    for (task,), found in some.group_by("task_overlap", maintain_order=True):
        if found.height == cells.filter(task_overlap=task).height:
            words.append(f"task overlap {task:g}")
        else:
            words += [f"data overlap {data:g} with task overlap {task:g}" for data in found["data_overlap"]]
    more = len(words) - _MOST_NAMED
    return ", ".join(words[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _runs(table: pl.DataFrame) -> pl.DataFrame:
    """Every run once, with its overlaps rounded."""
    rounded = [pl.col(name).round(_DECIMALS) for name in RUN[:2]]
    return table.select(*rounded, *RUN[2:]).drop_nulls().unique()


def cell_numbers(data: np.ndarray, task: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number of the level of each run: of data, of task, and of both together.

    Example:
        >>> [one.tolist() for one in cell_numbers(np.array([0.0, 0.501, 0.499]), np.array([0.0, 0.0, 1.0]))]
        [[0, 1, 1], [0, 0, 1], [0, 1, 2]]
    """
    both = np.column_stack([data, task]).round(_DECIMALS)
    columns = (both[:, 0], both[:, 1], both)
    numbers = [np.unique(one, axis=0, return_inverse=True)[1].ravel() for one in columns]
    return numbers[0], numbers[1], numbers[2]
