"""Training a student on answered triplets, as a task of `seealike.training`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import tee

import numpy as np
import torch
from torch import nn

from seealike.errors import BadParameter, DataError
from seealike.students.decay import InitialWeights
from seealike.students.images import TripletBatch, TripletImages
from seealike.students.losses import check_similarities, pair_products, triplet_loss
from seealike.students.network import Student
from seealike.students.spec import Tuning


class TripletTask:
    """A student, triplets of images and the teacher's similarities.

    An epoch goes through all triplets once in a random order, in whole batches (fewer than a batch are left out, unless
    there are no more). Each different image of a batch is encoded once.

    Args:
        student: trained in place; it must be as it starts, since the pull is to these weights.
        images: of all triplets.
        triplets: (n, 3) rows of the images' samples.
        similarities: (n, 3) of the teacher, [s01, s02, s12], the odd one last.
        tuning: loss, temperature, pull and batch size.

    Raises:
        DataError, NonFiniteError: no triplets, or similarities that are no numbers.
    """

    def __init__(
        self,
        student: Student,
        images: TripletImages,
        triplets: np.ndarray,
        similarities: np.ndarray,
        tuning: Tuning,
    ) -> None:
        if not len(triplets):
            raise DataError(
                where="triplets", expected="at least one triplet", got="none", fix="Draw and answer some."
            )
        self.module: nn.Module = student
        self.tuning, self._images = tuning, images
        self._triplets = np.asarray(triplets)
        self._similarities = torch.from_numpy(np.asarray(similarities, dtype=np.float32))
        check_similarities(self._similarities, "triplets")
        self._size = min(tuning.recipe.batch_size, len(triplets))
        self._start = _initial(student, tuning)
        self._rank, self._world = 0, 1

    @property
    def n_batches(self) -> int:
        """Whole batches of an epoch."""
        return len(self._triplets) // self._size

    def share(self, rank: int, world: int) -> None:
        """Give share `rank` of each batch from now on, of `world` equal ones (see `training.sharing`).

        Raises:
            BadParameter: batches of another size than a multiple of `world`, or batch statistics, which are of a whole
                batch.
        """
        if self._size % world or self.tuning.batch_statistics:
            raise BadParameter(
                where="training",
                expected=f"a batch_size that is a multiple of {world} (devices), and batch_statistics false",
                got=f"batches of {self._size}, batch_statistics {str(self.tuning.batch_statistics).lower()}",
                fix="Change `recipe: {batch_size}`, or take one device.",
            )
        self._rank, self._world = rank, world

    def batches(self, epoch: int, generator: torch.Generator) -> Iterator[TripletBatch]:
        """The batches of an epoch."""
        return self.batches_from(epoch, generator, 0)

    def batches_from(self, epoch: int, generator: torch.Generator, start: int) -> Iterator[TripletBatch]:
        """The batches of an epoch from number `start` on; the images of those before it are not decoded."""
        order = torch.randperm(len(self._triplets), generator=generator).numpy()
        whole = [order[k * self._size : (k + 1) * self._size] for k in range(start, self.n_batches)]
        parts = [part[self._rank :: self._world] for part in whole]
        asked, kept = tee(np.unique(self._triplets[part], return_inverse=True) for part in parts)
        read = self._images.read(rows.tolist() for rows, _ in asked)
        for part, (_, places), images in zip(parts, kept, read, strict=True):
            triplets = torch.from_numpy(places.reshape(-1, 3))
            yield TripletBatch(images, triplets, self._similarities[torch.from_numpy(part)])

    def loss(self, module: nn.Module, batch: TripletBatch) -> torch.Tensor:
        """The mean loss of a batch, and the penalty where there is one."""
        products = pair_products(module(batch.images), batch.triplets)
        loss = triplet_loss(products, batch.similarities, self.tuning.loss, self.tuning.temperature)
        return loss + self._start.penalty() if self.tuning.decay.kind == "penalty" else loss

    def before_step(self, module: nn.Module, learning_rate: float) -> None:
        """The decoupled pull, of the weights before the optimizer moves them."""
        if self.tuning.decay.kind == "decoupled":
            self._start.pull(learning_rate)


def _initial(student: Student, tuning: Tuning) -> InitialWeights:
    pulled = {} if tuning.decay.kind == "none" else student.trained()
    if not tuning.decay.head:
        pulled = {name: one for name, one in pulled.items() if not name.startswith("head.")}
    return InitialWeights(pulled, tuning.decay.strength)
