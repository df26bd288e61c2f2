"""NIGHTS: which of two generated variations people find nearer to a reference.

``data.csv`` with the columns ref_path, left_path, right_path, left_vote, right_vote, votes, split and is_imagenet
(found by name), and the images below ``ref/`` and ``distort/``.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import Field

from seealike.data.judgements import Choices
from seealike.errors import DataError
from seealike.sources.datasets.columns import column, read_rows
from seealike.sources.judgements.card import Images, JudgementCard, numbers

_FILE = "data.csv"
_TRUE = ("true", "1")


class NightsCard(JudgementCard):
    """NIGHTS: 20,019 triplets whose votes were unanimous at last.

    Source: Fu et al. 2023, "DreamSim: learning new dimensions of human visual similarity using synthetic data".

    Attributes:
        split: train, val or test; test_imagenet and test_no_imagenet are its parts; None for all rows.
        min_votes: leave out rows with fewer votes. DreamSim's own loader takes 6; published scores on all 20,019
            rows take 0.
    """

    source_name: ClassVar[str] = "nights"
    split: Literal["train", "val", "test", "test_imagenet", "test_no_imagenet"] | None = None
    min_votes: int = Field(default=6, ge=0)

    def read(self) -> Choices:
        """The choices, left first; ids such as ``ref/000/000.png``; `groups` is the split."""
        where = f"{self.name}, {_FILE}"
        table = read_rows(self.path / _FILE, where).with_row_index("line")
        votes = np.array(numbers(column(table, "votes", where), "votes", where))
        table = table.with_columns(votes=pl.Series(votes))
        table = self._split(table.filter(pl.col("votes") >= self.min_votes), where)
        if not table.height:
            raise DataError(
                where=where,
                expected=f"rows of split {self.split} with at least {self.min_votes} votes",
                got="none",
                fix="Ask for another split, or for fewer votes.",
            )
        images = Images(self.path, self.name)
        lines = table["line"].to_list()

        def ids(name: str) -> np.ndarray:
            named = zip(column(table, name, where), lines, strict=True)
            return np.array([images.id(str(path), line, _FILE) for path, line in named])

        left, right = (
            np.array(numbers(column(table, f"{side}_vote", where), "a vote", where))
            for side in ("left", "right")
        )
        bad = np.flatnonzero(np.abs(left + right - 1) > 1e-6)
        if len(bad):
            raise DataError(
                where=f"{where} row {lines[bad[0]] + 1}",
                expected="shares of votes for left and right that sum to 1",
                got=f"{left[bad[0]]} and {right[bad[0]]}",
                fix="Drop the row.",
            )
        return Choices(
            references=ids("ref_path"),
            first=ids("left_path"),
            second=ids("right_path"),
            second_share=right,
            votes=table["votes"].to_numpy(),
            groups=np.array([str(value) for value in column(table, "split", where)]),
            name=self.name,
        )

    def _split(self, table: pl.DataFrame, where: str) -> pl.DataFrame:
        if self.split is None:
            return table
        wanted, _, part = self.split.partition("_")
        rows = np.array([value == wanted for value in column(table, "split", where)], dtype=bool)
        if part:
            imagenet = [str(value).lower() in _TRUE for value in column(table, "is_imagenet", where)]
            rows &= np.array(imagenet, dtype=bool) == (part == "imagenet")
        return table.filter(pl.Series(rows))
