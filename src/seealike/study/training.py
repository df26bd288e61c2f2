"""The stage «train»: the networks of the study's `causes:`, one cell a network."""

from __future__ import annotations

from seealike.errors import place
from seealike.study.cells import Observer, Progress, attempt, still_to_do
from seealike.study.devices import device
from seealike.study.overlap_runs import OpenedCause
from seealike.study.plan import OpenedStudy
from seealike.study.units import TrainCell


def train_stage(opened: OpenedStudy, watch: Observer) -> None:
    """Train what is not trained; a training that fails is noted and the others go on."""
    if not opened.causes:
        return
    todo = still_to_do(opened, "train", opened.train_cells, watch)
    pools: dict[str, object] = {}
    for cell in todo:
        progress = watch.cell(cell.name)
        attempt(opened, cell, lambda cell=cell, told=progress: _train(opened, cell, pools, told), watch)


def _train(opened: OpenedStudy, cell: TrainCell, pools: dict[str, object], progress: Progress) -> None:
    from seealike.training import drawing_from, train
    from seealike.training.classification import ImageClassification, ImagePool

    one = cell.training
    cause = _cause(opened, cell)
    entry, samples = cause.cause.entry, cause.samples
    assert samples is not None
    assert one is not None
    with place(cell.name):
        pool = pools.get(entry.name)
        if not isinstance(pool, ImagePool):
            pools.clear()  # one experiment's images in memory at a time
            pool = pools[entry.name] = ImagePool.of(samples, entry.input)
        with drawing_from(one.recipe.seed):
            module = one.card.module()
        task = ImageClassification(
            module,
            pool,
            one.side.rows,
            one.side.labels,
            one.recipe.batch_size,
            augmentation=entry.augmentation,
            label_smoothing=entry.label_smoothing,
        )
        where = device(opened.study.settings.device)
        train(task, one.recipe, cell.paths[0].parent, device=where, progress=progress)


def _cause(opened: OpenedStudy, cell: TrainCell) -> OpenedCause:
    return next(one for one in opened.causes if one.cause.entry.name == cell.cause)
