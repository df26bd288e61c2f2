"""The three losses, written from their equations.

N: images in the batch; d: dimensions of the embeddings; K: classes; τ: temperature.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize


def classification_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of the true classes: mean_i ( log Σ_k exp l_ik − l_i,y(i) ).

    Args:
        logits: (N, K).
        labels: (N,) integers below K.

    Returns:
        A scalar >= 0, in nats; lower is better.

    Example:
        >>> round(float(classification_loss(torch.zeros(2, 4), torch.tensor([0, 3]))), 4)  # log 4
        1.3863
    """
    return (logits.logsumexp(1) - logits.gather(1, labels[:, None])[:, 0]).mean()


def nt_xent_loss(first: Tensor, second: Tensor, temperature: float = 0.2) -> Tensor:
    """Two views of an image attract each other, all 2N − 2 other views of the batch repel.

    With z the 2N embeddings scaled to length one and p(i) the other view of i's image:
    mean_i ( log Σ_{j≠i} exp(z_i·z_j / τ) − z_i·z_p(i) / τ ).
    NT-Xent of SimCLR: Chen et al. 2020 (arXiv:2002.05709), equation 1.

    Args:
        first: (N, d) embeddings of one view of each image, N >= 2.
        second: (N, d) embeddings of the other view, same order.
        temperature: τ > 0.

    Returns:
        A scalar, in nats; lower is better.

    Example:
        >>> z = torch.eye(2)
        >>> round(float(nt_xent_loss(z, z, temperature=1.0)), 4)  # log(e + 2) - 1
        0.5514
    """
    z = normalize(torch.cat([first, second]), dim=1)
    n = len(first)
    similarities = z @ z.T / temperature
    itself = torch.eye(2 * n, dtype=torch.bool, device=z.device)
    attraction = (z[:n] * z[n:]).sum(1).repeat(2) / temperature
    return (similarities.masked_fill(itself, -torch.inf).logsumexp(1) - attraction).mean()


def image_text_loss(images: Tensor, texts: Tensor, captions: Tensor, temperature: float = 0.1) -> Tensor:
    """Images attract the texts of equal captions and repel the others, and the texts likewise.

    With l_ij = x_i·t_j / τ (both scaled to length one) and P_i = {j : caption j = caption i}:
    ½ mean_i ( log Σ_j exp l_ij − mean_{j∈P_i} l_ij ) + ½ (the same with l transposed).
    CLIP: Radford et al. 2021 (arXiv:2103.00020); equal captions as positives: UniCL, Yang et al. 2022
    (arXiv:2204.03610), equations 2 to 4. Differs from CLIP in that τ is fixed.

    Args:
        images: (N, d) embeddings.
        texts: (N, d) embeddings of their captions, same order.
        captions: (N,) integers, equal exactly where the captions are.
        temperature: τ > 0.

    Returns:
        A scalar, in nats; lower is better.

    Example:
        >>> x = torch.eye(3)
        >>> round(float(image_text_loss(x, x, torch.arange(3), temperature=1.0)), 4)  # log(e + 2) - 1
        0.5514
    """
    logits = normalize(images, dim=1) @ normalize(texts, dim=1).T / temperature
    positive = (captions[:, None] == captions).to(logits.dtype)
    positive = positive / positive.sum(1, keepdim=True)
    pulled = 2 * (positive * logits).sum()  # the same both ways: `positive` is symmetric
    pushed = logits.logsumexp(1).sum() + logits.logsumexp(0).sum()
    return (pushed - pulled) / (2 * len(images))
