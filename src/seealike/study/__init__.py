"""From a study file to done cells: parse, plan, run, record."""

from seealike.study.parse import read_studies
from seealike.study.run import run

__all__ = ["read_studies", "run"]
