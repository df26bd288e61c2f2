"""Representational similarity analysis: comparing two models' dissimilarities between samples."""

from __future__ import annotations

from typing import Literal

from seealike.engine.estimators import BIASED, CENTERED_DIFFERENCE, COSINE, DIFFERENCE, PEARSON
from seealike.engine.forms import Comparison, Form, InnerProduct
from seealike.engine.maps import Distance, Gram, HalfSquaredDistance, Map
from seealike.engine.ranks import Ranks
from seealike.engine.rows import Centered, CorrelationRows, Rows, UnitRows
from seealike.engine.triangles import UpperTriangle, kendall
from seealike.measures.base import measure
from seealike.measures.claims import Claims, Invariance, Parameters

_ROTATIONS = Invariance.PERMUTATION | Invariance.ORTHOGONAL
#: Each dissimilarity is half the squared distance of some rows, or a map of it.
_RDMS: dict[str, tuple[Rows, Map]] = {
    "correlation": (CorrelationRows(), HalfSquaredDistance()),
    "cosine": (UnitRows(), HalfSquaredDistance()),
    "euclidean": (Centered(), Distance()),
    "sqeuclidean": (Centered(), HalfSquaredDistance()),
}
_INVARIANT = {
    "correlation": Invariance.PERMUTATION | Invariance.SCALING,
    "cosine": _ROTATIONS | Invariance.SCALING,
    "euclidean": _ROTATIONS | Invariance.SCALING | Invariance.TRANSLATION,
    "sqeuclidean": _ROTATIONS | Invariance.SCALING | Invariance.TRANSLATION,
}


def _bounds(parameters: Parameters) -> tuple[float, float]:
    return (0.0, 1.0) if "cosine" in str(parameters["compare"]) else (-1.0, 1.0)


@measure(
    Claims(
        formula="compare(D_ij, E_ij; i < j), for example Spearman of D_ij = 1 - Pearson(x_i, x_j)",
        source="Kriegeskorte et al. 2008; Diedrichsen et al. 2021 (whitened_cosine)",
        bounds=_bounds,
        invariances=lambda parameters: _INVARIANT[str(parameters["rdm"])],
        cost="M n² d + M² n²; spearman passes twice; kendall M² n² log n and n² numbers a model",
        differs="rsatoolbox's euclidean is squared, over the number of dimensions: sqeuclidean here; its tau-a and "
        "rho-a have no correction for ties; Aristotelian's rsa takes 8192 pairs at random",
    )
)
def rsa(
    *,
    rdm: Literal["correlation", "cosine", "euclidean", "sqeuclidean"] = "correlation",
    compare: Literal["spearman", "pearson", "kendall", "cosine", "whitened_cosine"] = "spearman",
) -> Form:
    """Representational similarity analysis: how alike two models' dissimilarities between samples are.

    RSA = compare over all i < j of D_ij and E_ij, where D and E are the representational dissimilarity
    matrices (RDMs) of the two models.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.
        rdm: "correlation": D_ij = 1 - Pearson(x_i, x_j) over the dimensions of two rows; "cosine": 1 minus
            the cosine of two rows; "euclidean": ‖x_i - x_j‖; "sqeuclidean": its square.
        compare: "spearman": with average ranks on ties, exact to the width of 65,536 bins, by which values
            differ from sorted ranks by less than 1e-6 (docs/measures.md says how much at most); "pearson";
            "kendall": tau-b, for some thousand samples at most; "cosine": of the strict upper triangles;
            "whitened_cosine": with the covariance of dissimilarity estimates of independent patterns taken
            out, which is the cosine of the doubly centered matrices.

    Returns:
        In [-1, 1] ([0, 1] for the cosines): 1 where dissimilarities agree up to a rising function
        (spearman, kendall), a linear function (pearson) or a factor (cosine). Needs 3 samples.

    Raises:
        BadParameter: an unknown rdm or compare.
        DataError: features that are not 2-D and finite, too few samples, different numbers of samples.
        UndefinedMeasure: a constant row (correlation) or a zero row (cosine), says which; dissimilarities
            that are all the same.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import rsa
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((60, 30))
        >>> y = np.concatenate([x[:, :10], rng.standard_normal((60, 20))], axis=1)
        >>> round(rsa(x, y), 4), round(rsa(x, y, compare="pearson"), 6)
        (0.3836, 0.393449)

    Source:
        Kriegeskorte, Mur & Bandettini 2008, "Representational similarity analysis"; Diedrichsen et al. 2021,
        "Comparing representational geometries using whitened unbiased-distance-matrix similarity". The same
        as rsatoolbox's compare(calc_rdm(…, method="correlation"), …) with method "spearman", "corr",
        "tau-b", "cosine" or "cosine_cov".
    """
    rows, matrix = _RDMS[rdm]
    if compare == "spearman":  # a squared distance has the ranks of the distance
        return InnerProduct(rows, Ranks(), PEARSON)
    if compare == "kendall":
        return Comparison(UpperTriangle(rows), kendall, minimum=3)
    estimators = {"pearson": PEARSON, "cosine": COSINE, "whitened_cosine": BIASED}
    return InnerProduct(rows, matrix, estimators[compare])


def _rsm_invariances(parameters: Parameters) -> Invariance:
    if parameters["rsm"] == "linear":
        return _ROTATIONS | Invariance.TRANSLATION
    return _INVARIANT[str(parameters["rsm"])]


@measure(
    Claims(
        formula="‖S - S'‖_F, S_ij = cos(x_i, x_j)",
        source="Klabunde et al. 2023, eq. 20 (arXiv 2305.06329)",
        bounds=lambda parameters: (0.0, float("inf")),
        invariances=_rsm_invariances,
        direction="distance",
        self_value=0.0,
        metric=True,
        cost="M n² d + M² n²",
        differs="resi's RSMNormDifference is the spectral norm of the difference of Euclidean distance matrices",
    )
)
def rsm_norm_difference(*, rsm: Literal["cosine", "correlation", "linear"] = "cosine") -> InnerProduct:
    """Norm of the difference of two models' matrices of similarities between samples (a distance).

    d = ‖S - S'‖_F over all entries, S and S' the representational similarity matrices (RSMs).

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.
        rsm: "cosine": S_ij is the cosine of two rows; "correlation": their Pearson correlation; "linear":
            their inner product once the features are centered.

    Returns:
        0 for the same matrices, without an upper bound (at most 2n for cosine and correlation).

    Raises:
        DataError: features that are not 2-D and finite, too few samples, different numbers of samples.
        UndefinedMeasure: a zero row (cosine) or a constant row (correlation), or all rows the same.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import rsm_norm_difference
        >>> x = np.random.default_rng(0).standard_normal((60, 30))
        >>> round(rsm_norm_difference(x, x[:, :10]), 4), rsm_norm_difference(x, x)
        (14.7869, 0.0)

    Source:
        Klabunde et al. 2023, "Similarity of neural network models: a survey of functional and
        representational measures", section 3.3.
    """
    if rsm == "linear":
        return InnerProduct(Centered(), Gram(), CENTERED_DIFFERENCE)
    return InnerProduct(_RDMS[rsm][0], HalfSquaredDistance(), DIFFERENCE)
