"""Images changed so little that people see no difference, until a classifier errs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from seealike.consequences.classifier import Classifier
from seealike.errors import BadParameter, needed

_BATCH = 128


@dataclass(frozen=True)
class Attack:
    """A way to change images.

    Attributes:
        name: "mi_fgsm" (the momentum iterative method) or "pgd" (projected gradient descent from a random start).
        radius: how far each pixel may move, of pixels from 0 to 1.
        steps: of `radius` / `steps` each for mi_fgsm, as published; of 2.5 times that for pgd.
        momentum: of mi_fgsm.

    Raises:
        BadParameter: a radius that is not from 0 to 1, or no steps.

    Example:
        >>> Attack("pgd", 8 / 255, 10).detail
        'pgd, radius 0.0314, 10 steps'

    Source:
        Dong et al., «Boosting adversarial attacks with momentum», CVPR 2018; Madry et al., «Towards deep learning
        models resistant to adversarial attacks», ICLR 2018.
    """

    name: Literal["mi_fgsm", "pgd"] = "mi_fgsm"
    radius: float = 2 / 255
    steps: int = 3
    momentum: float = 1.0

    def __post_init__(self) -> None:
        if not (0 < self.radius <= 1 and self.steps >= 1):
            raise BadParameter(
                where=f"attack {self.name}",
                expected="a radius above 0 and at most 1, of pixels from 0 to 1, and 1 step or more",
                got=f"radius {self.radius:g}, {self.steps} steps",
                fix="Write radius: 0.0078 for 2/255.",
            )

    @property
    def detail(self) -> str:
        """How tables name it."""
        return f"{self.name}, radius {self.radius:.3g}, {self.steps} steps"


def perturbed(
    classifier: Classifier, images: np.ndarray, outputs: np.ndarray, attack: Attack, seed: int = 0
) -> np.ndarray:
    """Images that the attack makes of these for the classifier to err on.

    The attacks are those of the Adversarial Robustness Toolbox.

    Args:
        classifier: knows the right outputs.
        images: (n, C, H, W) float32 in [0, 1].
        outputs: (n,) int64 number of the output that is right for each image.
        attack: how.
        seed: of the random start of pgd.

    Returns:
        (n, C, H, W) float32 in [0, 1], nowhere further than the radius from `images`.

    Raises:
        MissingDependency: the toolbox is not installed.

    Example:
        >>> from torch import nn
        >>> one = Classifier("a", nn.Flatten(), nn.Linear(4, 2), np.array([0, 1]))
        >>> images = np.full((3, 1, 2, 2), 0.5, dtype=np.float32)
        >>> changed = perturbed(one, images, np.array([0, 0, 1]), Attack("mi_fgsm", 0.1))
        >>> changed.shape, round(float(np.abs(changed - images).max()), 6)
        ((3, 1, 2, 2), 0.1)
    """
    if not len(images):
        return np.array(images, dtype=np.float32)
    method = _method(classifier, images, attack)
    with _drawing_from(seed):
        changed = method.generate(x=np.array(images, dtype=np.float32), y=outputs)
    near = np.clip(changed, images - attack.radius, images + attack.radius)  # float32 rounds beyond it
    return np.clip(near, 0, 1).astype(np.float32)


def _method(classifier: Classifier, images: np.ndarray, attack: Attack) -> Any:
    with needed("the Adversarial Robustness Toolbox", "attacks", where="attacks"):
        from art.attacks.evasion import MomentumIterativeMethod, ProjectedGradientDescentPyTorch
        from art.estimators.classification import PyTorchClassifier
    from torch import nn

    estimator = PyTorchClassifier(
        model=classifier.network,
        loss=nn.CrossEntropyLoss(),
        input_shape=images.shape[1:],
        nb_classes=len(classifier.classes),
        clip_values=(0.0, 1.0),
        device_type="cpu" if classifier.device == "cpu" else "gpu",
    )
    same = {
        "estimator": estimator,
        "eps": attack.radius,
        "max_iter": attack.steps,
        "batch_size": _BATCH,
        "verbose": False,
    }
    step = attack.radius / attack.steps
    if attack.name == "mi_fgsm":
        return MomentumIterativeMethod(eps_step=step, decay=attack.momentum, **same)
    return ProjectedGradientDescentPyTorch(eps_step=min(2.5 * step, attack.radius), num_random_init=1, **same)


@contextmanager
def _drawing_from(seed: int) -> Iterator[None]:
    """The toolbox draws from NumPy's own generator, which is put back as it was."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
