"""``seealike align tune``: train the students of a study."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

if TYPE_CHECKING:
    from seealike.data.digests import Progress
    from seealike.students.images import TripletImages
    from seealike.study.spec import Study
    from seealike.study.students import StudentRun


def tune(
    study: Path,
    *,
    set_: Annotated[list[str] | None, Parameter(name="--set", negative="")] = None,
    only: str | None = None,
    devices: Annotated[int, Parameter(validator=Number(gte=1))] = 1,
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
    devices
        Train on so many devices of this machine at once (GPUs, or CPU processes); each sees its share of every batch.
    """
    from seealike.cli.values import values
    from seealike.cli.work import chosen_studies
    from seealike.training.sharing import is_first

    code = 0
    for one in chosen_studies(study, values(set_), only):
        code = max(code, _tuned(one, devices))
    return code if is_first(devices) else 0


def _tuned(study: Study, devices: int) -> int:
    """Every student of a study; 3 if one failed."""
    from rich.console import Console

    from seealike.errors import SeealikeError, SpecError
    from seealike.training.sharing import is_first

    if not study.students:
        raise SpecError(
            where=str(study.file), expected="`students:`", got="none", fix="Add some (docs/students.md)."
        )
    speaks, failed = is_first(devices), 0
    out = Console(highlight=False, soft_wrap=True, quiet=not speaks)
    shelf: dict[str, TripletImages] = {}
    for run in study.students:
        try:
            with _shown(run.card.name, speaks) as progress:
                said = _one(study, run, shelf, devices, progress)
        except SeealikeError as error:  # the others are trained all the same
            said, failed = f"failed: {error}", failed + 1
        out.print(f"{run.card.name}: {said}", markup=False)
    return 3 if failed else 0


@contextmanager
def _shown(name: str, speaks: bool) -> Iterator[Progress | None]:
    """A bar of progress, from the process that speaks."""
    from seealike.cli.progress import Bars

    if not speaks:
        yield None
        return
    with Bars() as bars:
        yield bars.cell(name)


def _one(
    study: Study,
    run: StudentRun,
    shelf: dict[str, TripletImages],
    devices: int,
    progress: Progress | None,
) -> str:
    from seealike.data.triplet_codes import read_coded
    from seealike.students.images import together
    from seealike.students.tune import tune as tune_student
    from seealike.study.devices import device

    answered = read_coded(run.triplets)
    samples = together([card.open(study.settings.seed) for card in run.images])
    made = tune_student(
        run.base,
        run.tuning,
        (answered, str(run.triplets)),
        samples,
        run.folder,
        device=device(study.settings.device),
        devices=devices,
        progress=progress,
        shelf=shelf,
    )
    return f"{len(answered)} triplets, loss {made.losses[0]:.4f} -> {made.losses[-1]:.4f}: {made.weights}"
