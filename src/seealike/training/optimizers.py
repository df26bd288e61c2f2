"""The optimizer of a recipe."""

from __future__ import annotations

from torch import nn, optim

from seealike.training.recipe import Recipe


def optimizer_of(module: nn.Module, recipe: Recipe) -> optim.Optimizer:
    """The optimizer of all parameters that require gradients.

    Args:
        module: what is trained.
        recipe: which optimizer, and its settings.

    Example:
        >>> made = optimizer_of(nn.Linear(2, 2), Recipe(steps=1, weight_decay=0.1, decay_matrices_only=True))
        >>> [(len(group["params"]), group["weight_decay"]) for group in made.param_groups]
        [(1, 0.1), (1, 0.0)]
    """
    trained = [p for p in module.parameters() if p.requires_grad]
    decayed = [p for p in trained if p.ndim > 1 or not recipe.decay_matrices_only]
    free = [p for p in trained if p.ndim <= 1 and recipe.decay_matrices_only]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": free, "weight_decay": 0.0}]
    groups = [group for group in groups if group["params"]]
    # Fused kernels unscale float16 gradients themselves, which rules out clipping.
    fused = recipe.precision != "float16"
    if recipe.optimizer == "sgd":
        return optim.SGD(groups, lr=recipe.learning_rate, momentum=recipe.momentum, fused=fused)
    kind = optim.Adam if recipe.optimizer == "adam" else optim.AdamW
    return kind(groups, lr=recipe.learning_rate, betas=recipe.betas, fused=fused)
