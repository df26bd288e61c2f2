"""What device "auto" means here."""

from __future__ import annotations


def device(wanted: str) -> str:
    """A torch device name: the wanted one, or CUDA where there is one if that is "auto".

    Example:
        >>> device("cpu")
        'cpu'
    """
    if wanted != "auto":
        return wanted
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
