"""What people chose in triplets, as embeddings of the objects and as probabilities of choices."""

from seealike.embeddings.choosers import Chooser, Ensemble, PointEmbedding
from seealike.embeddings.files import read_embedding, write_embedding
from seealike.embeddings.proportions import Proportions
from seealike.embeddings.search import VariationalSettings
from seealike.embeddings.sparse import SparseSettings, fit_sparse
from seealike.embeddings.stacking import Worth, out_of_sample, stacked
from seealike.embeddings.variational import Variational, fit_variational

__all__ = [
    "Chooser",
    "Ensemble",
    "PointEmbedding",
    "Proportions",
    "SparseSettings",
    "Variational",
    "VariationalSettings",
    "Worth",
    "fit_sparse",
    "fit_variational",
    "out_of_sample",
    "read_embedding",
    "stacked",
    "write_embedding",
]
