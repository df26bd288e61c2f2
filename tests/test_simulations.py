"""Every claim of benchmarks/simulations.py, small: intervals cover, tests keep their level and find what is planted."""

import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parents[1] / "benchmarks" / "simulations.py"


def _load():
    spec = importlib.util.spec_from_file_location("simulations", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules["simulations"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


simulations = _load()


@pytest.mark.slow
@pytest.mark.parametrize("claim", simulations.CLAIMS, ids=lambda claim: f"{claim.what}: {claim.where}")
def test_claims_hold_in_a_few_runs(claim):
    found = simulations.rate(claim, claim.small, seed=1)
    assert simulations.kept(claim, found, claim.small), f"{found:.2f} of {claim.small} runs"


def test_a_claim_that_does_not_hold_is_seen():
    claim = simulations.Claim("an interval", "much too narrow", lambda rng: bool(rng.random() < 0.5))
    assert not simulations.kept(claim, simulations.rate(claim, claim.small), claim.small)
    level = simulations.Claim(
        "a test", "that rejects often", lambda rng: bool(rng.random() < 0.5), 0.05, allowed=(0, 0.07)
    )
    assert not simulations.kept(level, simulations.rate(level, level.small), level.small)
