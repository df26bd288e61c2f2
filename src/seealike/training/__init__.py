"""One training loop for everything that is trained: classifiers, language models, students of people's choices."""

from seealike.training.loop import train
from seealike.training.recipe import Recipe
from seealike.training.record import TrainingRecord, load_weights, read_record
from seealike.training.task import ChangesWeights, Task, drawing_from

__all__ = [
    "ChangesWeights",
    "Recipe",
    "Task",
    "TrainingRecord",
    "drawing_from",
    "load_weights",
    "read_record",
    "train",
]
