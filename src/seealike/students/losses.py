"""What a student is trained to: choosing in triplets as its teacher does.

Letters: n triplets, d dimensions, d_ab = y_a · y_b of the student, s_ab of the teacher; q = softmax(d / τ) and
p = softmax(s).
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias, get_args

import torch

from seealike.errors import BadParameter, NonFiniteError, ShapeError, suggestion

LossName: TypeAlias = Literal["kl", "js", "hard"]

#: The pairs of a triplet, in the order of every (n, 3) array of similarities.
_PAIRS = ((0, 1), (0, 2), (1, 2))


def pair_products(embedding: torch.Tensor, triplets: torch.Tensor) -> torch.Tensor:
    """Inner products of the three pairs of every triplet, [d01, d02, d12].

    Args:
        embedding: (m, d) the student's outputs for m different images; an image in several triplets is there once.
        triplets: (n, 3) int64 rows of `embedding`.

    Returns:
        (n, 3), in the embedding's type.

    Example:
        >>> y = torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]])
        >>> pair_products(y, torch.tensor([[0, 1, 2]])).tolist()
        [[0.0, 2.0, 1.0]]
    """
    members = [embedding[column] for column in triplets.T]
    return torch.stack([(members[a] * members[b]).sum(dim=1) for a, b in _PAIRS], dim=1)


def triplet_loss(
    products: torch.Tensor,
    similarities: torch.Tensor,
    loss: LossName = "kl",
    temperature: float = 100.0,
) -> torch.Tensor:
    """How differently a student and its teacher choose in triplets, in nats; the mean over triplets.

    With q = softmax(d / τ) and p = softmax(s)::

        kl      Σ p log(p / q)                                            ≥ 0
        js      ½ Σ p log(p / m) + ½ Σ q log(q / m),  m = (p + q) / 2     in [0, ln 2]
        hard    - log q01                                                 ≥ 0: the pair (0, 1) is the choice

    τ divides the student's products alone: it sets the scale of its outputs, not how sure the teacher is. All is
    computed in log space, in float32 or better whatever the products' type.

    Args:
        products: (n, 3) of the student, [d01, d02, d12].
        similarities: (n, 3) of the teacher, [s01, s02, s12], the odd one last (only `hard` needs that).
        loss: as above.
        temperature: τ > 0.

    Returns:
        A scalar.

    Raises:
        BadParameter: an unknown loss, τ ≤ 0.
        ShapeError: not two arrays (n, 3), n ≥ 1.

    Example:
        >>> like = torch.tensor([[2.0, 0.0, 0.0]])
        >>> round(float(triplet_loss(100 * like, like)), 6)
        0.0
        >>> round(float(triplet_loss(torch.zeros(1, 3), like, "hard")) - math.log(3), 6)
        0.0

    Source:
        Muttenthaler et al., «Aligning machine and human visual representations across abstraction levels», Nature 2025.
        The paper trains with kl; its code with js and τ = 100. The two are not interchangeable: js is bounded, and its
        gradient is weak where the student is surely wrong.
    """
    _check(products, similarities, loss, temperature)
    kind = torch.promote_types(products.dtype, torch.float32)
    log_q = torch.log_softmax(products.to(kind) / temperature, dim=1)
    if loss == "hard":
        return -log_q[:, 0].mean()
    log_p = torch.log_softmax(similarities.to(kind), dim=1)
    if loss == "kl":
        return _divergence(log_p, log_q).mean()
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    return (_divergence(log_p, log_m) + _divergence(log_q, log_m)).mean() / 2


def _divergence(log_p: torch.Tensor, log_q: torch.Tensor) -> torch.Tensor:
    """(n,) KL; log-softmax of finite numbers is finite, so that 0 · log 0 does not arise."""
    return (log_p.exp() * (log_p - log_q)).sum(dim=1)


def chooses_first_pair(products: torch.Tensor) -> torch.Tensor:
    """Whether the pair (0, 1) is the most similar of each triplet; a tie counts as wrong.

    Args:
        products: (n, 3) [d01, d02, d12].

    Returns:
        (n,) bool.

    Example:
        >>> chooses_first_pair(torch.tensor([[2.0, 1.0, 0.0], [1.0, 1.0, 0.0]])).tolist()
        [True, False]
    """
    return products[:, 0] > products[:, 1:].amax(dim=1)


def check_similarities(similarities: torch.Tensor, where: str) -> None:
    """Refuse a teacher's similarities that no loss is defined for.

    Raises:
        ShapeError: not (n, 3).
        NonFiniteError: NaN or infinity; says which row.

    Example:
        >>> check_similarities(torch.tensor([[1.0, 0.0, float("nan")]]), "train.npz")
        Traceback (most recent call last):
        ...
        seealike.errors.NonFiniteError: train.npz, row 0: expected finite similarities, got [1.0, 0.0, nan]. ...
    """
    if similarities.ndim != 2 or similarities.shape[1] != 3:
        raise ShapeError(
            where=where, expected="similarities (n, 3)", got=str(tuple(similarities.shape)), fix="One a pair."
        )
    finite = torch.isfinite(similarities).all(dim=1)
    if not finite.all():
        row = int((~finite).int().argmax())
        raise NonFiniteError(
            where=f"{where}, row {row}",
            expected="finite similarities",
            got=str(similarities[row].tolist()),
            fix="Answer the triplets again with finite features.",
        )


def _check(products: torch.Tensor, similarities: torch.Tensor, loss: str, temperature: float) -> None:
    if loss not in get_args(LossName):
        raise BadParameter(
            where="triplet loss",
            expected="kl, js or hard",
            got=repr(loss),
            fix=suggestion(loss, get_args(LossName)),
        )
    if not temperature > 0:
        raise BadParameter(
            where="triplet loss", expected="temperature > 0", got=str(temperature), fix="Published: 100."
        )
    if products.shape != similarities.shape or products.shape[1:] != (3,) or not len(products):
        raise ShapeError(
            where="triplet loss",
            expected="products and similarities, both (n, 3), of at least one triplet",
            got=f"{tuple(products.shape)} and {tuple(similarities.shape)}",
            fix="Give [01, 02, 12] of every triplet.",
        )
