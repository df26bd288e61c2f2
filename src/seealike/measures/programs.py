"""What other programs call their measures: the table behind `seealike.measures.aliases`.

A name is here if its number is ours, or a plain function of it, or would be but for a defect or a choice of
numerics, which the note names. What a program computes and we do not has no entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

#: A measure of ours and the parameters that matter.
Variant = tuple[str, Mapping[str, object]]

#: Its name there, what it is here, and "the same number" or what differs.
Entry = tuple[str, Variant, str]

#: The program whose ids are known widely enough to stand without its name.
IDS = "similarity-repository"

_BIASED: Variant = "cka", {"unbiased": False}
_UNBIASED: Variant = "cka", {"unbiased": True}
_RBF: Variant = "cka", {"kernel": "rbf", "sigma": 1.0, "unbiased": False}
_RBF_UNBIASED: Variant = "cka", {"kernel": "rbf", "sigma": 1.0, "unbiased": True}
_MEDIAN: Variant = "cka", {"kernel": "rbf", "sigma_fraction": 1.0, "unbiased": False}
_MEDIAN_UNBIASED: Variant = "cka", {"kernel": "rbf", "sigma_fraction": 1.0, "unbiased": True}
_DCOR: Variant = "distance_correlation", {"unbiased": False}
_MEAN_CCA: Variant = "mean_cca", {"squared": False}
_SVCCA_10: Variant = "svcca", {"n_components": 10}
_SVCCA_99: Variant = "svcca", {"variance": 0.99}
_PWCCA: Variant = "pwcca", {}
_ANGLE: Variant = "angular_procrustes", {}
_PROCRUSTES: Variant = "procrustes", {"center": True, "scale": True}
_SIZED: Variant = "procrustes", {"center": True, "scale": False}
_GULP: Variant = "gulp", {"ridge": 0.0}
_IMD: Variant = "imd", {"k": 5}
_OVERLAP: Variant = "eigenspace_overlap", {}
_MATCHED: Variant = "permutation", {}
_MUTUAL: Variant = "mutual_knn", {"k": 10, "metric": "dot"}
_CYCLE: Variant = "cycle_knn", {"k": 10, "metric": "dot"}
_LCS: Variant = "lcs_knn", {"k": 10, "metric": "dot", "normalized": False}
_EDIT: Variant = "edit_knn", {"k": 10, "metric": "dot"}
_CKNNA: Variant = "cknna", {"k": 10, "unbiased": True}
_JACCARD: Variant = "jaccard_knn", {"k": 10, "metric": "cosine"}
_RANK: Variant = "rank_similarity", {"k": 10, "metric": "cosine"}


def _rsa(rdm: str, compare: str) -> Variant:
    return "rsa", {"rdm": rdm, "compare": compare}


def _shape(alpha: float) -> Variant:
    return "shape_distance", {"alpha": alpha}


_SAME = "the same number"
_TIES = "the same number, ties aside"
_FADED = "the same number: about 1 for any features, unless rows have unit length or so"
_SIGMA = "the same number; another sigma may be given"
_SMALL = "the same number, but for 1e-8 in the denominator"
_EPSILON = (
    "adds 1e-6 to a small denominator: rows of unit length and 4096 dimensions have .996 with themselves"
)
_MEDIANS = "counts samples' zero distances to themselves in the median"
_BATCHES = "the same for one batch of all samples; of more, it depends on their size"
_CLAMPED = "clamped to 0 … 1; float32 without centering, which large means upset"
_ARC = "the arc cosine of this, in radians: a distance"
_COSINE = "the cosine of this: a similarity"
_ROOT = "the square root of this"
_SQUARE = "the square of this"
_PYMP = "ties aside, the same without pymp; with it, three of four processes' results are lost"
_RANDOM = "a random estimate of 1e6 / n_samples times this"
_RANKS = "over dimensions, not ranks: the same for full rank"
_NARROW = "this times sqrt(max(p, q) / min(p, q)): the same for equal widths"
_SQUARED = "the same number; its euclidean is squared, over the dimensions"

#: rsatoolbox's names of comparisons; similarity-repository's have other letters.
_COMPARISONS = {
    "corr": "pearson",
    "cosine": "cosine",
    "spearman": "spearman",
    "kendall": "kendall",
    "tau-b": "kendall",
    "cosine_cov": "whitened_cosine",
}


def _thingsvision() -> Iterator[Entry]:
    yield "get_cka", _BIASED, "the same number; these are its defaults"
    yield "get_cka-kernel=linear-unbiased=false", _BIASED, _SAME
    yield "get_cka-kernel=linear-unbiased=true", _UNBIASED, _SAME
    yield "get_cka-kernel=rbf-unbiased=false", _RBF, f"{_FADED}; sigma=1 is its default"
    yield "get_cka-kernel=rbf-unbiased=true", _RBF_UNBIASED, f"{_SIGMA}; 1 is its default"
    yield "get_cka-kernel=rbf-sigma=none-unbiased=false", _MEDIAN, _SAME
    yield "get_cka-kernel=rbf-sigma=none-unbiased=true", _MEDIAN_UNBIASED, _SAME
    for rdm in ("correlation", "cosine", "euclidean"):
        for compare in ("pearson", "spearman"):
            yield f"correlate_rdms-method={rdm}-correlation={compare}", _rsa(rdm, compare), _SAME


def _platonic() -> Iterator[Entry]:
    yield "cka", _BIASED, "the same number, but for 1e-6 in the denominator"
    yield "unbiased_cka", _UNBIASED, _EPSILON
    yield "cka-kernel_metric=rbf", _RBF, "about 1 unless rows have unit length, as in its scripts"
    yield "unbiased_cka-kernel_metric=rbf", _RBF_UNBIASED, "adds 1e-6 to the denominator"
    yield (
        "cknna",
        _CKNNA,
        "adds 1e-6 to a small denominator: rows of unit length and 1024 dimensions have .983 with themselves",
    )
    yield "svcca", _SVCCA_10, "z-scores dimensions first; random, no two runs agree"
    yield "mutual_knn", _MUTUAL, _TIES
    yield "cycle_knn", _CYCLE, f"{_TIES}; the two models in the same order"
    yield "lcs_knn", _LCS, _PYMP
    yield "edit_distance_knn", _EDIT, _PYMP


def _netrep() -> Iterator[Entry]:
    yield "LinearMetric-alpha=1.0", _shape(1.0), _SAME
    yield "LinearMetric-alpha=0.5", _shape(0.5), "the same number; another alpha may be given"
    yield "LinearMetric-alpha=0.0", _shape(0.0), "the same for full rank; whitens what is only rounding too"
    yield "LinearMetric-alpha=1.0-score_method=euclidean", _SIZED, _SAME
    yield "LinearCKA", _BIASED, _ARC


def _rsatoolbox() -> Iterator[Entry]:
    for method, compare in _COMPARISONS.items():
        yield f"compare-{method}-rdm=correlation", _rsa("correlation", compare), _SAME
        yield f"compare-{method}-rdm=euclidean", _rsa("sqeuclidean", compare), _SQUARED


def _resi() -> Iterator[Entry]:
    yield "CKA", _BIASED, _SAME
    yield "RSA", _rsa("correlation", "spearman"), _SAME
    yield "DistanceCorrelation", _DCOR, _ROOT
    yield "SVCCA", _SVCCA_99, "keeps one component, whatever the threshold"
    yield "PWCCA", _PWCCA, "other weights: adds the means back before it projects"
    yield "OrthogonalProcrustesCenteredAndNormalized", _PROCRUSTES, _SAME
    yield "ProcrustesSizeAndShapeDistance", _SIZED, _SAME
    yield "OrthogonalAngularShapeMetricCentered", _ANGLE, _SAME
    yield "HardCorrelationMatch", _MATCHED, _NARROW
    yield "EigenspaceOverlapScore", _OVERLAP, _RANKS
    yield "Gulp", _GULP, _SQUARE
    yield "IMDScore", _IMD, _RANDOM
    yield "JaccardSimilarity", _JACCARD, _TIES
    yield "RankSimilarity", _RANK, _TIES


def _aristotelian() -> Iterator[Entry]:
    yield "cka", _BIASED, _SMALL
    yield "cka_linear", _BIASED, _SMALL
    yield "cka_rbf", _MEDIAN, _MEDIANS
    yield "cka_unbiased", _UNBIASED, _SMALL
    yield "cka_depcols", ("corrected_cka", {}), "the numerator alone, which nothing divides"
    yield "rv_coefficient", _BIASED, _SMALL
    yield "cca", _MEAN_CCA, "adds 1e-6 to covariances; the mean is over the dimensions of x"
    yield "svcca", _SVCCA_10, "adds 1e-6 to covariances"
    yield "pwcca", _PWCCA, "other weights: of directions after whitening, almost equal ones"
    yield "rsa", _rsa("euclidean", "spearman"), "from 182 samples on, 8192 pairs at random"
    yield "procrustes", _SIZED, "1 - this / ‖y‖, y centered: a similarity, not symmetric"
    yield "mutual_knn", _MUTUAL, _TIES
    yield "knn", _MUTUAL, _TIES
    yield "cycle_knn", _CYCLE, _TIES
    yield "lcs_knn", _LCS, _TIES
    yield "edit_distance_knn", _EDIT, _TIES
    yield "cknna", _CKNNA, "adds 1e-6 to the denominator; topk=10, unbiased=True are its experiments'"


def _ckatorch() -> Iterator[Entry]:
    yield "cka_base", _BIASED, _SAME
    yield "cka_base-unbiased=true", _UNBIASED, _SAME
    yield "cka_base-kernel=rbf", _MEDIAN, f"{_MEDIANS}; its threshold is sigma_fraction"
    yield (
        "cka_base-kernel=rbf-unbiased=true",
        _MEDIAN_UNBIASED,
        f"{_MEDIANS}; its threshold is sigma_fraction",
    )
    yield "cka_batch", _UNBIASED, _BATCHES


def _ids() -> Iterator[Entry]:
    yield "cka-kernel=linear-hsic=gretton-score", _BIASED, _SAME
    yield "cka-kernel=linear-hsic=song-score", _UNBIASED, _SAME
    yield "cka-kernel=linear-hsic=gretton-distance=angular", _BIASED, _ARC
    yield "cka-kernel=(rbf-sigma=1.0)-hsic=gretton-score", _RBF, f"{_FADED}; another sigma may be given"
    yield "cka-kernel=(rbf-sigma=1.0)-hsic=song-score", _RBF_UNBIASED, _SIGMA
    yield "distance_correlation", _DCOR, _ROOT
    yield "cca-score", _MEAN_CCA, "the same number; made of netrep's, Σ ρ / sqrt(p q)"
    yield "cca-squared_score", ("mean_cca", {"squared": True}), _SAME
    yield "svcca-dim=10-score", _SVCCA_10, _SAME
    yield "svcca-var=0.95-score", ("svcca", {"variance": 0.95}), _SAME
    yield "svcca-var=0.99-score", _SVCCA_99, "the same number; made of resi's, one component"
    yield "pwcca-score", _PWCCA, "other weights, in each of the programs behind it"
    yield "procrustes-score", _ANGLE, _COSINE
    yield "procrustes-distance=angular", _ANGLE, _SAME
    yield "procrustes-distance=euclidean", _SIZED, "the same number: not of unit norm"
    yield "procrustes-distance=squared_euclidean", _SIZED, _SQUARE
    yield "nbs-score", _ANGLE, _COSINE
    yield "nbs-distance=angular", _ANGLE, _SAME
    yield "orthogonal_procrustes_centered_and_normalized", _PROCRUSTES, _SAME
    yield "orthogonal_angular_shape_metric_centered", _ANGLE, _SAME
    for alpha in (1.0, 0.5, 0.0):
        yield f"shape_metric-alpha={alpha}-distance=angular", _shape(alpha), _SAME
    yield "eigenspace_overlap_score", _OVERLAP, _RANKS
    yield "gulp", _GULP, _SQUARE
    yield "imd", _IMD, _RANDOM
    yield "hard_correlation_match", _MATCHED, _NARROW
    yield "jaccard_similarity", _JACCARD, _TIES
    yield "rank_similarity", _RANK, _TIES
    yield "mutual_knn-topk=10", _MUTUAL, _TIES
    yield "cycle_knn-topk=10", _CYCLE, _TIES
    yield "lcs_knn-topk=10", _LCS, _PYMP
    yield "edit_distance_knn-topk=10", _EDIT, _PYMP
    yield "cknna-topk=10", _CKNNA, "adds 1e-6 to the denominator"
    for theirs, rdm in {"correlation": "correlation", "squared_euclidean": "sqeuclidean"}.items():
        for method, compare in _COMPARISONS.items():
            name = method.replace("corr", "pearson").replace("-", "_")
            yield f"rsa-rdm={theirs}-compare={name}", _rsa(rdm, compare), _SAME
    for rdm in ("cosine", "euclidean"):
        for compare in ("pearson", "spearman"):
            yield f"rsa-rdm={rdm}-compare={compare}", _rsa(rdm, compare), _SAME


def _consistency() -> Iterator[Entry]:
    """The folders of the published consistency pipeline; it reads rows of unit length."""
    yield "cka_kernel_linear_unbiased", _UNBIASED, "the same number for rows of unit length"
    for sigma in (0.2, 0.4, 0.6, 0.8):
        rbf: Variant = "cka", {"kernel": "rbf", "sigma": sigma, "unbiased": True}
        yield f"cka_kernel_rbf_unbiased_sigma_{sigma}", rbf, "the same number for rows of unit length"
    for compare in ("pearson", "spearman"):
        yield f"rsa_method_correlation_corr_method_{compare}", _rsa("correlation", compare), _SAME


#: Every entry of every program.
PROGRAMS: Mapping[str, tuple[Entry, ...]] = {
    "thingsvision": tuple(_thingsvision()),
    "platonic-rep": tuple(_platonic()),
    "netrep": tuple(_netrep()),
    "rsatoolbox": tuple(_rsatoolbox()),
    "resi": tuple(_resi()),
    "Aristotelian": tuple(_aristotelian()),
    "torch-cka": (("CKA", _UNBIASED, _BATCHES),),
    "pytorch-cka": (
        ("CKA", _UNBIASED, f"{_BATCHES}; {_CLAMPED}"),
        ("cka_from_features", _UNBIASED, _CLAMPED),
    ),
    "ckatorch": tuple(_ckatorch()),
    "similarity_consistency": tuple(_consistency()),
    IDS: tuple(_ids()),
}
