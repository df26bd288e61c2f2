"""``seealike align tune``: train the students of a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from seealike.students.images import TripletImages
    from seealike.study.spec import Study
    from seealike.study.students import StudentRun


def tune(
    study: Path,
    *,
    set_: Annotated[list[str] | None, Parameter(name="--set", negative="")] = None,
    only: str | None = None,
) -> int:
    """Train the students of a study that are not trained yet; one that was stopped goes on where it was.

    Parameters
    ----------
    study
        The study file (YAML), or the name of one that comes with seealike.
    set_
        NAME=VALUE for the study's `parameters:`; may be repeated.
    only
        Only the study of this name, where the file holds several.
    """
    from seealike.cli.values import values
    from seealike.cli.work import chosen_studies

    code = 0
    for one in chosen_studies(study, values(set_), only):
        code = max(code, _tuned(one))
    return code


def _tuned(study: Study) -> int:
    """Every student of a study; 3 if one failed."""
    from rich.console import Console

    from seealike.cli.progress import Bars
    from seealike.errors import SeealikeError, SpecError

    if not study.students:
        raise SpecError(
            where=str(study.file), expected="`students:`", got="none", fix="Add some (docs/students.md)."
        )
    out, failed = Console(highlight=False, soft_wrap=True), 0
    shelf: dict[str, TripletImages] = {}
    for run in study.students:
        try:
            with Bars() as bars:
                said = _one(study, run, shelf, bars.cell(run.card.name))
        except SeealikeError as error:  # the others are trained all the same
            said, failed = f"failed: {error}", failed + 1
        out.print(f"{run.card.name}: {said}", markup=False)
    return 3 if failed else 0


def _one(
    study: Study, run: StudentRun, shelf: dict[str, TripletImages], progress: Callable[[int, int], None]
) -> str:
    from seealike.data.triplet_files import read_triplets
    from seealike.students.images import together
    from seealike.students.tune import tune as tune_student
    from seealike.study.devices import device

    answered = read_triplets(run.triplets)
    samples = together([card.open(study.settings.seed) for card in run.images])
    made = tune_student(
        run.base,
        run.tuning,
        (answered, str(run.triplets)),
        samples,
        run.folder,
        device=device(study.settings.device),
        progress=progress,
        shelf=shelf,
    )
    return f"{len(answered)} triplets, loss {made.losses[0]:.4f} -> {made.losses[-1]:.4f}: {made.weights}"
