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
    from seealike.compare import pairwise, similarities
    from seealike.data.features import Features
    from seealike.data.similarity import SimilarityMatrix
    from seealike.data.store import read_features, write_features
    from seealike.errors import SeealikeError
    from seealike.measures import cka, rsa
    from seealike.study import read_studies, run

_WHERE = {
    "Features": "seealike.data.features",
    "SeealikeError": "seealike.errors",
    "SimilarityMatrix": "seealike.data.similarity",
    "cka": "seealike.measures",
    "consistency": "seealike.analyses",
    "head_accuracy": "seealike.analyses",
    "pairwise": "seealike.compare",
    "read_features": "seealike.data.store",
    "read_studies": "seealike.study",
    "rsa": "seealike.measures",
    "run": "seealike.study",
    "similarities": "seealike.compare",
    "write_features": "seealike.data.store",
}

__all__ = [
    "Features",
    "SeealikeError",
    "SimilarityMatrix",
    "cka",
    "consistency",
    "head_accuracy",
    "pairwise",
    "read_features",
    "read_studies",
    "rsa",
    "run",
    "similarities",
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
