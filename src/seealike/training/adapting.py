"""Low-rank changes of a network that is otherwise left as it is."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from seealike.errors import MissingDependency, UnknownName


def with_lora(
    module: nn.Module,
    targets: Sequence[str],
    *,
    rank: int = 8,
    alpha: float = 16.0,
    dropout: float = 0.0,
    trained: Sequence[str] = (),
) -> nn.Module:
    """The network with a trainable W + (α / r) B A in place of each chosen matrix W; all else is frozen.

    B starts at zero, so that the network starts as it was; A is drawn from torch's generator (`drawing_from`). The
    module that comes back goes into a `Task`; `merged` gives the plain network when it is trained.

    Args:
        module: any network; its chosen layers are replaced in place.
        targets: ends of the names of its linear or convolutional layers ("qkv", "c_attn").
        rank: r.
        alpha: α.
        dropout: before A.
        trained: ends of the names of modules that are trained whole (a new head).

    Raises:
        UnknownName: no such layer.
        MissingDependency: peft is not installed.

    Example:
        >>> net = with_lora(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2)), ["0"], rank=1, trained=["1"])
        >>> sum(p.numel() for p in net.parameters() if p.requires_grad)
        18

    Source:
        Hu et al., "LoRA: low-rank adaptation of large language models", 2021 (arXiv:2106.09685).
    """
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise MissingDependency(
            where="with_lora",
            expected="peft",
            got=str(error),
            fix="Install it: pip install 'seealike[train]'.",
        ) from error
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,  # pyright: ignore[reportArgumentType] (any number does)
        lora_dropout=dropout,
        target_modules=list(targets),
        modules_to_save=list(trained) or None,
    )
    try:
        return get_peft_model(module, config)  # pyright: ignore[reportArgumentType] (any module does)
    except ValueError as error:
        raise UnknownName(
            where="with_lora",
            expected="ends of the names of linear or convolutional layers",
            got=", ".join(targets),
            fix=f"{str(error).splitlines()[0]} `named_modules` lists them.",
        ) from error


def merged(module: nn.Module) -> nn.Module:
    """The plain network, with what `with_lora` has learned added to its own matrices.

    Example:
        >>> net = with_lora(nn.Sequential(nn.Linear(4, 4)), ["0"], rank=1)
        >>> merged(net)
        Sequential(
          (0): Linear(in_features=4, out_features=4, bias=True)
        )
    """
    return module.merge_and_unload()  # pyright: ignore[reportCallIssue] (peft's module has it)
