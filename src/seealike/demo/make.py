"""Put the folder together: datasets, networks, models.csv and study.yaml; what is done is kept."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from seealike.data.store import write_atomically
from seealike.demo.datasets import write_datasets
from seealike.demo.images import Labelled
from seealike.demo.pool import Pool, pooled
from seealike.demo.train import ARCHITECTURES, Job, Recipe, jobs, learner, train

Progress = Callable[[str, int, int], None]


def make(folder: Path, *, seed: int = 0, progress: Progress | None = None) -> Path:
    """Make a folder of image datasets, trained networks and the study that compares them.

    ::

        FOLDER/
          study.yaml        what to compare: `seealike run FOLDER/study.yaml`
          models.csv        one row a network
          networks/         18 networks as safetensors: 3 objectives x 2 architectures x 3 seeds
          datasets/         8 datasets for the study: images that no network was trained on
          training/         8 datasets that the networks were trained on

    What is already there and was made in the same way is kept, so a killed run goes on where it was; a study
    file that is there is never overwritten. Nothing is downloaded.

    Args:
        folder: made if need be.
        seed: decides the patches, the initial weights and the batches.
        progress: called with (what, done, total) whenever a dataset or a network is done.

    Returns:
        The path of study.yaml.

    Raises:
        MissingDependency: scikit-learn or scikit-image is not installed.

    Example:
        >>> from seealike.demo.train import Recipe, jobs
        >>> [job.name for job in jobs(Recipe())][:2]  # what ``make("demo")`` trains first
        ['convolutional_classification_0', 'transformer_classification_0']
    """
    return assemble(Path(folder), Recipe(), seed=seed, progress=progress)


def assemble(folder: Path, recipe: Recipe, *, seed: int = 0, progress: Progress | None = None) -> Path:
    """`make` with any recipe; see there.

    Example:
        >>> import tempfile
        >>> quick = Recipe(architectures=("convolutional",), seeds=1, steps=1, images=20)
        >>> study = assemble(Path(tempfile.mkdtemp()), quick)
        >>> len(list((study.parent / "networks").iterdir()))
        3
    """
    tell = progress or (lambda what, done, total: None)
    training = write_datasets(folder, seed=seed, size=recipe.images, progress=tell)
    digests = {job: job.recipe_digest(recipe, _content(training), seed) for job in jobs(recipe)}
    todo = {job: digest for job, digest in digests.items() if _history(_path(folder, job), digest) is None}
    tell("networks", len(digests) - len(todo), len(digests))
    if todo:
        _train_all(folder, recipe, todo, pooled(training), (tell, len(digests)))
    _write_models(folder, digests)
    return _write_study(folder, seed)


def _content(training: Mapping[str, Labelled]) -> str:
    """A digest of the training images, labels and class names."""
    digest = hashlib.sha256()
    for name, part in training.items():
        digest.update(f"{name} {part.classes} {part.images.shape}".encode())
        digest.update(part.images.tobytes() + part.labels.tobytes())
    return digest.hexdigest()


def _path(folder: Path, job: Job) -> Path:
    return folder / "networks" / f"{job.name}.safetensors"


def _history(path: Path, digest: str) -> dict[str, str] | None:
    """The metadata of a finished network, or nothing if it is not there, damaged or of another recipe."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    except (OSError, SafetensorError):
        return None
    return metadata if metadata.get("recipe") == digest else None


def _train_all(
    folder: Path, recipe: Recipe, todo: Mapping[Job, str], pool: Pool, report: tuple[Progress, int]
) -> None:
    """Train as many networks at a time as there are cores, one thread each, and write each when it is done.

    One thread each is faster than several for networks this small, and makes the weights independent of how
    many cores there are.
    """
    tell, total = report
    with _single_threaded() as cores, ThreadPoolExecutor(cores) as workers:
        running = [workers.submit(_train_one, folder, recipe, item, pool) for item in todo.items()]
        try:
            for done, future in enumerate(as_completed(running), total - len(todo) + 1):
                future.result()
                tell("networks", done, total)
        except BaseException:
            workers.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _single_threaded() -> Iterator[int]:
    """One thread for each operation of torch while inside; gives how many there were before."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)


def _train_one(folder: Path, recipe: Recipe, item: tuple[Job, str], pool: Pool) -> None:
    """Train one network and write its tower, with what models.csv tells of it as metadata."""
    job, digest = item
    student = learner(job, pool, digest)
    losses = train(student, pool, recipe, digest)
    last = losses[-max(1, len(losses) // 10) :]
    metadata = {
        "recipe": digest,
        "steps": str(recipe.steps),
        "final_loss": f"{sum(last) / len(last):.4f}",
        "train_images": str(len(pool.images)),
    }
    weights = {name: value.contiguous() for name, value in student.tower.state_dict().items()}
    _write(_path(folder, job), save(weights, metadata))


def _write_models(folder: Path, digests: Mapping[Job, str]) -> None:
    """One row a network; steps, loss and images come from the networks' own metadata."""
    told = ("steps", "final_loss", "train_images")
    rows: list[Sequence[object]] = [
        ("name", "network", "weights", "objective", "architecture", "seed", *told)
    ]
    for job, digest in digests.items():
        path = _path(folder, job)
        history = _history(path, digest) or {}
        kind = (ARCHITECTURES[job.architecture], path.relative_to(folder).as_posix())
        facts = (job.objective, job.architecture, job.seed, *(history[column] for column in told))
        rows.append((job.name, *kind, *facts))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    _write(folder / "models.csv", text.getvalue().encode())


def _write_study(folder: Path, seed: int) -> Path:
    """The study file, unless there is one: it may have been edited."""
    path = folder / "study.yaml"
    if path.exists():
        return path
    text = files("seealike.demo").joinpath("study.yaml").read_text(encoding="utf-8")
    _write(path, text.replace("\nseed: 0\n", f"\nseed: {seed}\n", 1).encode())
    return path


def _write(path: Path, content: bytes) -> None:
    write_atomically(path, lambda temporary: temporary.write_bytes(content))
