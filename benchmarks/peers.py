"""All pairs of models against public programs for the same measures, side by side.

    python benchmarks/peers.py [--models 4 8 16 32 64] [--samples 2000] [--dims 512] [--rounds 3]
                               [--pairs-timed 4] [--only PATTERN] [--leave-out PACKAGE ...] [--no-write]

The others are installed from the package index, without their own pins where those conflict:

    pip install -c constraints.txt -e . "numba" "matplotlib" "h5py" "seaborn" "array-api-compat" "typeguard<3" \
        tqdm scikit-learn scikit-image pandas polars
    pip install -c constraints.txt --no-deps thingsvision==2.7.3 torchtyping==0.1.5 rsatoolbox==0.3.2 \
        ckatorch==1.0.3 torch-cka==0.21 pytorch-cka==1.1.3 repsim==0.1.5 platonic-universe==0.1.0 dcor==0.7

A program that is not there is skipped, and the report says so. For thingsvision 2.7.3 and platonic-universe
0.1.0, whose `__init__` wants TensorFlow and model hubs, the modules with the measures are imported below an
empty package in the place of that `__init__` (peer_programs.bare); nothing of theirs is changed.

In one process, on the same threads and features, every value is checked against ours; then rounds of all
programs alternate and their medians are compared. A program that compares two models at a time is timed on
some pairs, spread over all, and multiplied up (≈ in the table): what it makes once a model by the number
of models, the rest by the number of pairs. The report is printed and written to benchmarks/results/peers.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from all_pairs import _features, _interleaved, _processor
from peer_programs import CONTESTS, Contest, Loop, Program, Whole

from seealike.compare import similarities

RESULTS = Path(__file__).parent / "results" / "peers.md"
#: The contests and the number of models that the issue sets a ratio for.
_HEADLINES = {CONTESTS[0].title: 500, CONTESTS[1].title: 300}
_HEADLINE_MODELS = 32

Jobs = dict[str, Callable[[], object]]


def main() -> None:
    """Parse, check, measure, print, write."""
    options = _parser().parse_args()
    contests = [contest for contest in CONTESTS if options.only in contest.title]
    loaded, skipped = _loaded(contests, options.leave_out)
    blocks, lines = [], list[str]()
    for n_models in options.models:
        blocks.append(f"## {n_models} models, {n_models * (n_models - 1) // 2} pairs\n")
        blocks.append("| measure | program | seconds | × ours | largest difference |\n|---|---|---|---|---|")
        for contest in contests:
            rows, said = _contest(contest, loaded, n_models, options)
            blocks += rows
            lines += said
            print("\n".join(rows), flush=True)
        blocks.append("")
    report = "\n".join([*_header(options), *skipped, "", *lines, "", *blocks]) + "\n"
    print(report)
    if not options.no_write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(report, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="All pairs of models against public programs.")
    parser.add_argument("--models", type=int, nargs="+", default=[4, 8, 16, 32, 64])
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--dims", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--pairs-timed", type=int, default=4, help="of programs that take two models at a time"
    )
    parser.add_argument("--only", default="", help="measures whose title has this in it")
    parser.add_argument(
        "--leave-out", default=[], nargs="+", metavar="PACKAGE", help="programs that take hours"
    )
    parser.add_argument("--no-write", action="store_true", help="print only")
    return parser


def _header(options: argparse.Namespace) -> list[str]:
    return [
        "# All pairs of models, against public programs",
        "",
        f"- n = {options.samples} samples, d = {options.dims} dimensions, float32, rows of unit length",
        f"- {_processor()}, {os.cpu_count()} cores, torch {torch.__version__}, numpy {np.__version__} on "
        f"{torch.get_num_threads()} threads, Python {platform.python_version()}, {platform.system()}",
        f"- medians of {options.rounds} interleaved rounds after one to warm up; in brackets the fastest and the "
        f"slowest; ≈: {options.pairs_timed} pairs timed and multiplied up",
    ]


def _loaded(
    contests: Sequence[Contest], left_out: Sequence[str]
) -> tuple[dict[Program, Loop | Whole], list[str]]:
    """What could be imported, and a line for everything that could not, or was not to be."""
    loaded: dict[Program, Loop | Whole] = {}
    skipped: dict[str, None] = {}
    for program in (program for contest in contests for program in contest.programs):
        if program.package in left_out:
            skipped[f"- left out: {program.package}"] = None
            continue
        try:
            loaded[program] = program.load()
        except ImportError as error:
            skipped[f"- skipped: {program.package} is not installed ({error})"] = None
    return loaded, list(skipped)


def _contest(
    contest: Contest, loaded: Mapping[Program, Loop | Whole], n_models: int, options: argparse.Namespace
) -> tuple[list[str], list[str]]:
    """The rows of one measure, and a sentence where it is one that the issue asks about."""
    features = _features(n_models, options.samples, options.dims)
    runs = [
        _Run(program, loaded[program], list(features.values()), options.pairs_timed)
        for program in contest.programs
        if program in loaded
    ]
    values = np.stack([matrix.values for matrix in similarities(contest.ours, features)])
    apart = {run.program: run.difference(values) for run in runs}
    jobs: Jobs = {"ours": lambda: similarities(contest.ours, features)}
    for run in runs:
        jobs |= run.jobs()
    times = _interleaved(jobs, options.rounds)
    ours = statistics.median(times["ours"])
    rows = [f"| **{contest.title}** | seealike | {_spread(times['ours'])} | 1 | |"]
    said = list[str]()
    for run in runs:
        seconds = run.seconds(times)
        ratio = statistics.median(seconds) / ours
        rows.append(_row(run, seconds, ratio, apart[run.program]))
        if (
            contest.title in _HEADLINES
            and run.program.package == "thingsvision"
            and n_models == _HEADLINE_MODELS
        ):
            wanted = _HEADLINES[contest.title]
            said.append(
                f"**{contest.title}, {n_models} models: {ratio:.0f} × thingsvision** ({wanted} wanted)."
            )
    return rows, said


def _row(run: _Run, seconds: Sequence[float], ratio: float, apart: float) -> str:
    program = run.program
    name = f"{program.package} {version(program.package)}, {program.name}"
    about = "≈ " if run.share < 1 else ""
    words = [f"{apart:.1e}"]
    if apart > program.tolerance:
        words.append("DISAGREES")
    if program.note:
        words.append(f"({program.note})")
    return f"| | {name} | {about}{_spread(seconds)} | {about}{ratio:.1f} | {' '.join(words)} |"


def _spread(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f} - {max(seconds):.2f})"


@dataclass
class _Run:
    """One program on some models: all pairs, or some of them."""

    program: Program
    way: Loop | Whole
    features: list[np.ndarray] = field(repr=False)
    pairs_timed: int
    _kept: dict[int, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        every = list(combinations(range(len(self.features)), 2))
        step = 1 if isinstance(self.way, Whole) else max(1, -(-len(every) // self.pairs_timed))
        self._pairs = every[step // 2 :: step]
        self._members = sorted({member for pair in self._pairs for member in pair})
        self.share = len(self._pairs) / len(every)

    def jobs(self) -> Jobs:
        """What is timed: everything, or models and pairs on their own."""
        if isinstance(self.way, Whole):
            return {self._name("all"): self._whole}
        return {self._name("models"): self._prepare, self._name("pairs"): self._compare}

    def seconds(self, times: Mapping[str, Sequence[float]]) -> list[float]:
        """Of every round, for all pairs."""
        if isinstance(self.way, Whole):
            return list(times[self._name("all")])
        per_round = zip(times[self._name("models")], times[self._name("pairs")], strict=True)
        models = len(self.features) / len(self._members)
        return [prepared * models + compared / self.share for prepared, compared in per_round]

    def difference(self, ours: np.ndarray) -> float:
        """The largest difference from our values, (measures, M, M)."""
        if isinstance(self.way, Whole):
            theirs = self._whole()[None]
            off = ~np.eye(ours.shape[1], dtype=bool)
            return float(np.abs(theirs - ours)[:, off].max())
        self._prepare()
        theirs = np.array(self._compare())
        mine = np.array([ours[:, x, y] for x, y in self._pairs])
        return float(np.abs(theirs - mine).max())

    def _name(self, part: str) -> str:
        return f"{self.program.package} {self.program.name}: {part}"

    def _whole(self) -> np.ndarray:
        assert isinstance(self.way, Whole)
        return self.way.all_pairs(self.features)

    def _prepare(self) -> None:
        assert isinstance(self.way, Loop)
        self._kept.clear()
        for member in self._members:
            self._kept[member] = self.way.prepare(self.features[member])

    def _compare(self) -> list[Sequence[float]]:
        assert isinstance(self.way, Loop)
        return [self.way.compare(self._kept[x], self._kept[y]) for x, y in self._pairs]


if __name__ == "__main__":
    main()
