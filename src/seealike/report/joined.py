"""All tables that are joined for the present choices only, by the names under which figures draw them."""

from __future__ import annotations

from seealike.report.derived import PAIRS_DERIVED
from seealike.report.derived_overlap import OVERLAP_DERIVED
from seealike.report.derived_people import PEOPLE_DERIVED

#: Tables that figures may name besides those of the study. The page's script makes the same ones.
DERIVED = {**PAIRS_DERIVED, **PEOPLE_DERIVED, **OVERLAP_DERIVED}
