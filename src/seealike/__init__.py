"""Do models see alike? On every dataset, for what reason, and the way people do.

The names below are imported when first used, so that ``import seealike`` costs nothing and needs no torch.

Example:
    >>> import numpy as np, seealike
    >>> x = np.random.default_rng(0).standard_normal((100, 20))
    >>> round(seealike.cka(x, 3 * x + 1), 6)
    1.0
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seealike.analyses import consistency, head_accuracy
    from seealike.compare import expected_cost, pairwise, significance, similarities, streamed_cka
    from seealike.data.features import Features
    from seealike.data.similarity import SimilarityMatrix
    from seealike.data.store import read_features, write_features
    from seealike.errors import SeealikeError
    from seealike.human import noise_ceiling, odd_one_out, two_afc
    from seealike.measures import (
        angular_procrustes,
        cka,
        cknna,
        corrected_cka,
        cycle_knn,
        distance_correlation,
        edit_knn,
        eigenspace_overlap,
        gulp,
        imd,
        jaccard_knn,
        lcs_knn,
        linear_regression,
        mean_cca,
        mutual_knn,
        permutation,
        procrustes,
        pwcca,
        rank_similarity,
        rsa,
        rsm_norm_difference,
        second_order_cosine,
        shape_distance,
        soft_matching,
        svcca,
    )
    from seealike.overlap import split
    from seealike.probes import probe
    from seealike.study import read_studies, run
    from seealike.triplets import sample_triplets

_WHERE = {
    "Features": "seealike.data.features",
    "SeealikeError": "seealike.errors",
    "SimilarityMatrix": "seealike.data.similarity",
    "angular_procrustes": "seealike.measures",
    "cka": "seealike.measures",
    "cknna": "seealike.measures",
    "consistency": "seealike.analyses",
    "corrected_cka": "seealike.measures",
    "cycle_knn": "seealike.measures",
    "distance_correlation": "seealike.measures",
    "edit_knn": "seealike.measures",
    "eigenspace_overlap": "seealike.measures",
    "gulp": "seealike.measures",
    "expected_cost": "seealike.compare",
    "head_accuracy": "seealike.analyses",
    "imd": "seealike.measures",
    "jaccard_knn": "seealike.measures",
    "lcs_knn": "seealike.measures",
    "linear_regression": "seealike.measures",
    "mean_cca": "seealike.measures",
    "mutual_knn": "seealike.measures",
    "noise_ceiling": "seealike.human",
    "odd_one_out": "seealike.human",
    "pairwise": "seealike.compare",
    "permutation": "seealike.measures",
    "probe": "seealike.probes",
    "procrustes": "seealike.measures",
    "pwcca": "seealike.measures",
    "rank_similarity": "seealike.measures",
    "read_features": "seealike.data.store",
    "read_studies": "seealike.study",
    "rsa": "seealike.measures",
    "rsm_norm_difference": "seealike.measures",
    "run": "seealike.study",
    "sample_triplets": "seealike.triplets",
    "second_order_cosine": "seealike.measures",
    "shape_distance": "seealike.measures",
    "significance": "seealike.compare",
    "similarities": "seealike.compare",
    "soft_matching": "seealike.measures",
    "split": "seealike.overlap",
    "streamed_cka": "seealike.compare",
    "svcca": "seealike.measures",
    "two_afc": "seealike.human",
    "write_features": "seealike.data.store",
}

__all__ = [
    "Features",
    "SeealikeError",
    "SimilarityMatrix",
    "angular_procrustes",
    "cka",
    "cknna",
    "consistency",
    "corrected_cka",
    "cycle_knn",
    "distance_correlation",
    "edit_knn",
    "eigenspace_overlap",
    "expected_cost",
    "gulp",
    "head_accuracy",
    "imd",
    "jaccard_knn",
    "lcs_knn",
    "linear_regression",
    "mean_cca",
    "mutual_knn",
    "noise_ceiling",
    "odd_one_out",
    "pairwise",
    "permutation",
    "probe",
    "procrustes",
    "pwcca",
    "rank_similarity",
    "read_features",
    "read_studies",
    "rsa",
    "rsm_norm_difference",
    "run",
    "sample_triplets",
    "second_order_cosine",
    "shape_distance",
    "significance",
    "similarities",
    "soft_matching",
    "split",
    "streamed_cka",
    "svcca",
    "two_afc",
    "write_features",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'seealike' has no attribute {name!r}")
    value = getattr(import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
