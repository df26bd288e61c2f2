"""Expand a study into cells, which say of themselves whether they are done, to do, skipped or cannot be."""

from __future__ import annotations

from dataclasses import dataclass

from seealike.study.analysed_cells import analyse_cells
from seealike.study.compared_cells import compare_cells
from seealike.study.judging_cells import judging_cells
from seealike.study.opened import OpenedData
from seealike.study.probed_cells import probe_cells
from seealike.study.run_cells import consequence_cells, overlap_cells
from seealike.study.units import (
    AnalyseCell,
    Cell,
    CompareCell,
    ConsequenceCell,
    OverlapCell,
    ProbeCell,
)


@dataclass(frozen=True)
class OpenedStudy(OpenedData):
    """A study with its datasets opened, and its cells, stage by stage."""

    def compare_cells(self, *, present_only: bool) -> list[CompareCell]:
        """One cell for every dataset and measure.

        Args:
            present_only: compare the features that are on disk (when it is time to compare), or take it that
                extraction will give all of them (when planning).
        """
        return compare_cells(self, present_only=present_only)

    def probe_cells(self, *, present_only: bool) -> list[ProbeCell]:
        """One cell for every model, dataset and way to probe.

        Args:
            present_only: as for `compare_cells`.
        """
        return probe_cells(self, present_only=present_only)

    def judge_cells(self, *, present_only: bool) -> list[Cell]:
        """The cells of people's judgements: models and baselines against each set, ceilings, differences of models.

        Args:
            present_only: as for `compare_cells`.
        """
        return judging_cells(self, present_only=present_only)

    def overlap_cells(self, *, present_only: bool) -> list[OverlapCell]:
        """One cell for every run of `causes:`: its two networks on all its evaluation sets.

        Args:
            present_only: as for `compare_cells`.
        """
        return overlap_cells(self, present_only=present_only)

    def consequence_cells(self, *, present_only: bool) -> list[ConsequenceCell]:
        """One cell for every run of `causes:` whose experiment has `consequences:`.

        Args:
            present_only: whether networks that are not trained are skipped.
        """
        return consequence_cells(self, present_only=present_only)

    def analyse_cells(self, *, present_only: bool) -> list[AnalyseCell]:
        """One cell for every analysis.

        Args:
            present_only: whether what is not there yet is left out of what its tables are made from.
        """
        return analyse_cells(self, present_only=present_only)

    def cells(self, *, present_only: bool) -> list[Cell]:
        """All cells but the report, in the order of the stages."""
        return [
            *self.train_cells,
            *self.extract_cells,
            *self.trained_cells,
            *self.compare_cells(present_only=present_only),
            *self.overlap_cells(present_only=present_only),
            *self.consequence_cells(present_only=present_only),
            *self.read_cells,
            *self.probe_cells(present_only=present_only),
            *self.judge_cells(present_only=present_only),
            *self.analyse_cells(present_only=present_only),
        ]
