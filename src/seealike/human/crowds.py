"""What a perfect model of people would still differ from a crowd by: the crowd's shares are of few judgements.

Letters: U units (distinct triplets or choices), K alternatives, m_u judgements of unit u.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import digamma, gammaln, xlogy

#: Natural logarithms of the concentrations that are looked at.
_ENDS = (-6.0, 8.0)


def crowd_divergences(counts: np.ndarray) -> np.ndarray:
    """KL(shares ‖ probabilities) that each unit's judgements have from the probabilities which they were drawn from.

    The probabilities are not known. Those of all units are taken to be spread as a symmetric Dirichlet distribution,
    whose concentration is the most likely one for all counts; the divergence is its mean over what then is known of
    each unit. A model that gives people's probabilities exactly has the mean over units, not 0.

    Args:
        counts: (U, K) how often each alternative was chosen, each unit at least once.

    Returns:
        (U,) nats.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> sure = rng.dirichlet([0.5, 0.5, 0.5], 4000)
        >>> counts = rng.multinomial(20, sure)
        >>> drawn = counts / 20
        >>> true = (xlogy(drawn, drawn) - xlogy(drawn, sure)).sum(axis=1).mean()
        >>> bool(abs(crowd_divergences(counts).mean() / true - 1) < 0.05)
        True

    Source:
        The mean of log p under a Dirichlet distribution is ψ(a_k) - ψ(Σ a); Minka 2000, «Estimating a Dirichlet
        distribution», for the likelihood of counts.
    """
    counts = np.asarray(counts, dtype=np.float64)
    m, n_alternatives = counts.sum(axis=1, keepdims=True), counts.shape[1]

    def surprise(logarithm: float) -> float:
        a = np.exp(logarithm)
        whole = gammaln(n_alternatives * a) - gammaln(m + n_alternatives * a)
        return -float(whole.sum() + (gammaln(counts + a) - gammaln(a)).sum())

    found = minimize_scalar(surprise, bounds=_ENDS, method="bounded")
    a = np.exp(found.x)  # pyright: ignore[reportAttributeAccessIssue]
    shares = counts / m
    expected = digamma(counts + a) - digamma(m + n_alternatives * a)
    return (xlogy(shares, shares) - shares * expected).sum(axis=1)
