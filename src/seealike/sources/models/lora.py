"""Training a few numbers beside each weight matrix instead of the matrix itself (LoRA), through peft."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from pydantic import Field
from torch import nn

from seealike.errors import SpecError
from seealike.sources.entry import Entry
from seealike.sources.models.vision import vision_library


class Lora(Entry):
    """Low-rank updates: W + (alpha / rank) B A, with B zero at the start; only A, B and the head are trained.

    Attributes:
        rank: columns of A.
        alpha: the scale is alpha / rank.
        dropout: of what goes into A.
        targets: names, or ends of names, of the layers that get one ([qkv, proj]); a text is a regular expression for
            whole names; "all-linear" is all linear layers.

    Source:
        Hu et al., «LoRA: Low-Rank Adaptation of Large Language Models», ICLR 2022.
    """

    rank: int = Field(default=8, gt=0)
    alpha: float = Field(default=16, gt=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    targets: tuple[str, ...] | str = "all-linear"


def with_lora(network: nn.Module, lora: Lora, *, where: str, keep: Sequence[str] = ()) -> Any:
    """Put low-rank updates into a network, in place; all its own weights are frozen but those of `keep`.

    Args:
        network: any module.
        lora: how.
        where: the model, for the error.
        keep: layers that get no update and are trained whole: a new head.

    Returns:
        What `merged` takes.

    Raises:
        MissingDependency: peft is not installed.
        SpecError: no layer has such a name.

    Example:
        >>> net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
        >>> adapted = with_lora(net, Lora(rank=2, targets=("0",)), where="net")
        >>> [name for name, p in net.named_parameters() if p.requires_grad]
        ['0.lora_A.default.weight', '0.lora_B.default.weight']
        >>> merged(adapted)
        >>> [name for name, _ in net.named_parameters()]
        ['0.weight', '0.bias', '2.weight', '2.bias']
    """
    peft = _peft(where)
    targets = lora.targets if isinstance(lora.targets, str) else list(lora.targets)
    config = peft.LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=targets,
        exclude_modules=list(keep) or None,
    )
    try:
        with warnings.catch_warnings():
            # Nothing to do for the user: peft finds transposed layers itself, and asks as older transformers wanted it.
            for said in ("fan_in_fan_out", "`is_gradient_checkpointing`"):
                warnings.filterwarnings("ignore", message=said)
            adapted = peft.get_peft_model(network, config)
    except ValueError as error:
        linear = [name for name, part in network.named_modules() if isinstance(part, nn.Linear)]
        raise SpecError(
            where=f"{where}, lora",
            expected="targets that are layers of the network",
            got=str(error).splitlines()[0],
            fix=f"Linear layers are: {', '.join(linear[:8]) or 'none'}.",
        ) from error
    for name in keep:
        network.get_submodule(name).requires_grad_(True)
    return adapted


def merged(adapted: Any) -> None:
    """Add the updates to the weights, in place: the network has its own layers and names again."""
    adapted.merge_and_unload()


def _peft(where: str) -> Any:
    """Peft imports transformers, and so torchvision."""
    return vision_library("peft", where=where, extra="train")
