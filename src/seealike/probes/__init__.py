"""Linear probes on features: arrays in, results out."""

from seealike.probes.adamw import probe_adamw
from seealike.probes.logistic import probe_logistic
from seealike.probes.neighbors import probe_knn
from seealike.probes.peak import Grid
from seealike.probes.probing import PROBES, probe
from seealike.probes.result import ProbeResult, Scores
from seealike.probes.ridge import probe_ridge
from seealike.probes.split import Split

__all__ = [
    "PROBES",
    "Grid",
    "ProbeResult",
    "Scores",
    "Split",
    "probe",
    "probe_adamw",
    "probe_knn",
    "probe_logistic",
    "probe_ridge",
]
