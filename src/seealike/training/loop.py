"""The training loop: a task and a recipe in, weights and a record out; resumable bit for bit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from seealike.errors import BadParameter, NonFiniteError, needed
from seealike.training.optimizers import optimizer_of
from seealike.training.recipe import Recipe
from seealike.training.record import TrainingRecord, load_weights, read_record, write_record, write_weights
from seealike.training.sharing import chosen, join, mean_of_all, of_all, own
from seealike.training.state import State, another_recipe, read_state, remove_state, write_state
from seealike.training.task import ChangesWeights, ChangesWeightsFirst, Task, drawing_from, endless

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_PRECISIONS = {"float32": "32-true", "bfloat16": "bf16-mixed", "float16": "16-mixed"}
_LOOKS_EVERY = 32  # steps between looks at the losses: a look takes time, and on an accelerator waits for it


def train(
    task: Task,
    recipe: Recipe,
    folder: Path,
    *,
    device: str = "cpu",
    devices: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> TrainingRecord:
    """Train a task's network in place, or load what was trained before.

    In the folder: ``state.pt`` every `recipe.checkpoint_every` steps, from which a training that was stopped goes on to
    the same weights bit for bit (on the same device, with the same libraries and number of threads); in the end
    ``weights.safetensors`` and ``record.json``. The caller's task must be the same for the same folder, initial weights
    included (`drawing_from` builds them from a seed). Uses torch's own generator (dropout) and puts it back, so not
    in several threads at once.

    Args:
        task: what is trained.
        recipe: how.
        folder: of this training alone.
        device: "cpu", "cuda", "cuda:1", …
        devices: so many of that kind, from that one on, a process each (see `training.sharing`); without dropout the
            weights are those of one device up to rounding.
        progress: called with (steps done, steps in all).

    Returns:
        How it went. The network is on the device, in evaluation mode, with averaged weights if the recipe says so.

    Raises:
        NonFiniteError: a loss that is no number; nothing of this training is kept but the last state.
        StoreError: the folder is another recipe's.
        BadParameter: several devices for a task that cannot be shared.
        MissingDependency: Lightning Fabric is not installed.

    Example:
        >>> import tempfile
        >>> from torch import nn
        >>> class Line:
        ...     n_batches = 1
        ...     def __init__(self):
        ...         self.module = nn.Linear(1, 1)
        ...     def batches(self, epoch, generator):
        ...         x = torch.randn(64, 1, generator=generator)
        ...         yield x, 3 * x
        ...     def loss(self, module, batch):
        ...         return nn.functional.mse_loss(module(batch[0]), batch[1])
        >>> line = Line()
        >>> record = train(line, Recipe(steps=200, learning_rate=0.1), Path(tempfile.mkdtemp()))
        >>> round(line.module.weight.item(), 1), record.steps
        (3.0, 200)
    """
    done = read_record(folder)
    if done is not None:
        if done.recipe != recipe.digest:
            raise another_recipe(folder)
        load_weights(task.module, folder)
        task.module.to(device).eval()
        return done
    with drawing_from(recipe.seed, device=device):
        return _Run(task, recipe, folder, device, devices).finish(progress or (lambda done, total: None))


class _Run:
    """One training under way."""

    def __init__(self, task: Task, recipe: Recipe, folder: Path, device: str, devices: int) -> None:
        self.task, self.recipe, self.folder, self.device = task, recipe, folder, torch.device(device)
        self.steps, self.devices = recipe.n_steps(task.n_batches), devices
        self.fabric = _fabric(self.device, recipe, devices)
        if devices > 1:
            join(self.fabric, task, recipe.seed)
            self.device = self.fabric.device
        task.module.to(self.device).train()
        self.optimizer = optimizer_of(task.module, recipe)
        self.module, self.stepper = self.fabric.setup(task.module, self.optimizer)
        if recipe.precision == "float32" and devices == 1:
            # The wrappers would only cost time: there is nothing to cast or to scale.
            self.module, self.stepper = task.module, self.optimizer
        self.plain = self.stepper is self.optimizer
        self.before_step = task.before_step if isinstance(task, ChangesWeightsFirst) else None
        self.after_step = task.after_step if isinstance(task, ChangesWeights) else None
        self.weights: list[Tensor] = [p for p in task.module.parameters() if p.requires_grad]
        self.moving = get_ema_multi_avg_fn(recipe.ema) if recipe.ema else None
        self.average = [w.detach().clone() for w in self.weights] if recipe.ema else []
        self.step, self.resumed, self.losses = 0, 0, []
        self.unseen: list[Tensor] = []
        self.started, self.before_s = time.monotonic(), 0.0

    def finish(self, progress: Callable[[int, int], None]) -> TrainingRecord:
        """All the steps that are left, then the weights and the record."""
        left = read_state(self.folder, self.recipe.digest)
        if left:
            self._restore(left)
        batches = endless(self.task, self.recipe.seed, self.step * self.recipe.accumulate)
        while self.step < self.steps:
            self._update(batches)
            self.step += 1
            if self.step % _LOOKS_EVERY == 0:
                self._look()
            if self.step % self.recipe.checkpoint_every == 0 and self.step < self.steps:
                self._look()
                state = self._state()
                if self.fabric.is_global_zero:
                    write_state(state, self.folder)
            progress(self.step, self.steps)
        self._look()
        return self._end()

    def _update(self, batches: Iterator[Any]) -> None:
        """One step."""
        rate = self.recipe.rate(self.step, self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        parts = [self._learned(next(batches)) for _ in range(self.recipe.accumulate)]
        if self.recipe.clip_norm:
            self.fabric.clip_gradients(
                self.module, self.stepper, max_norm=self.recipe.clip_norm, error_if_nonfinite=False
            )
        if self.before_step:
            with torch.no_grad():
                self.before_step(self.task.module, rate)
        self.stepper.step()
        self.stepper.zero_grad()
        loss = parts[0] if len(parts) == 1 else torch.stack(parts).sum()
        self.unseen.append(loss if self.devices == 1 else mean_of_all(self.fabric, loss))
        if self.after_step or self.moving:
            self._follow(rate)

    @torch.no_grad()
    def _follow(self, rate: float) -> None:
        """What happens to the weights behind a step."""
        if self.after_step:
            self.after_step(self.task.module, rate)
        if self.moving:
            self.moving(self.average, self.weights, None)

    def _learned(self, batch: Any) -> Tensor:
        """Gradients of one batch, added to those that are there; its share of the step's loss."""
        if self.device.type != "cpu":
            batch = self.fabric.to_device(batch)
        loss = self.task.loss(self.module, batch)
        if self.recipe.accumulate > 1:
            loss = loss / self.recipe.accumulate
        if self.plain:
            loss.backward()
        else:
            self.fabric.backward(loss)
        return loss.detach()

    def _look(self) -> None:
        """Read the losses of the last steps."""
        if not self.unseen:
            return
        seen = [self.unseen[0].item()] if len(self.unseen) == 1 else torch.stack(self.unseen).tolist()
        self.unseen = []
        for value in seen:
            if not abs(value) < float("inf"):
                raise NonFiniteError(
                    where=f"step {len(self.losses) + 1} of {self.steps}",
                    expected="a finite loss",
                    got=str(value),
                    fix="Lower `learning_rate`, or set `warmup_share` or `clip_norm`; this training alone is stopped.",
                )
            self.losses.append(value)

    def _state(self) -> State:
        random = [of_all(self.fabric, torch.get_rng_state())]
        if self.device.type == "cuda":
            random.append(of_all(self.fabric, torch.cuda.get_rng_state(self.device)))
        return State(
            self.recipe.digest,
            self.step,
            self.task.module.state_dict(),
            self.optimizer.state_dict(),
            self.fabric.strategy.precision.state_dict(),
            self.average,
            random,
            self.losses,
            self._elapsed_s(),
            self.resumed,
        )

    def _restore(self, state: State) -> None:
        self.task.module.load_state_dict(state.module)
        self.optimizer.load_state_dict(state.optimizer)
        self.fabric.strategy.precision.load_state_dict(state.scaler)
        self.average = [one.to(self.device) for one in state.average]
        torch.set_rng_state(own(self.fabric, state.random[0]))
        if self.device.type == "cuda" and len(state.random) > 1:
            torch.cuda.set_rng_state(own(self.fabric, state.random[1]), self.device)
        self.step, self.losses = state.step, list(state.losses)
        self.before_s, self.resumed = state.elapsed_s, state.resumed + 1

    def _end(self) -> TrainingRecord:
        with torch.no_grad():
            for weight, mean in zip(self.weights, self.average, strict=False):
                weight.copy_(mean)
        self.task.module.eval()
        if self.fabric.is_global_zero:
            self._write()
        self.fabric.barrier()
        record = read_record(self.folder)
        assert record is not None
        return record

    def _write(self) -> None:
        record = TrainingRecord(
            self.recipe.digest,
            self.steps,
            tuple(self.losses),
            self._elapsed_s(),
            self.resumed,
            str(self.device),
            write_weights(self.task.module, self.folder),
        )
        write_record(record, self.folder)
        remove_state(self.folder)

    def _elapsed_s(self) -> float:
        return self.before_s + time.monotonic() - self.started


def _fabric(device: torch.device, recipe: Recipe, devices: int) -> Fabric:
    """Fabric for these devices: precision, and gradients in it."""
    if recipe.precision == "float16" and device.type != "cuda":
        raise BadParameter(
            where="precision",
            expected="float32 or bfloat16 on this device",
            got="float16",
            fix="float16 needs CUDA.",
        )
    with needed("lightning-fabric", "train", where="training"):
        from lightning_fabric import Fabric
        from lightning_fabric.plugins.environments.lightning import LightningEnvironment
    return Fabric(
        accelerator=device.type,
        devices=chosen(device, devices),
        strategy="ddp" if devices > 1 else "auto",
        precision=_PRECISIONS[recipe.precision],  # pyright: ignore[reportArgumentType] (a Literal there)
        plugins=[LightningEnvironment()],  # no cluster, whatever its variables say
    )
