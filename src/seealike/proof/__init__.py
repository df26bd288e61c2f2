"""What aligning with people changes: probing alignment, model recovery, and tasks before and after."""

from seealike.proof.probing import ProbedAlignment, probe_alignment
from seealike.proof.recovery import Recovery, cross_recovery

__all__ = ["ProbedAlignment", "Recovery", "cross_recovery", "probe_alignment"]
