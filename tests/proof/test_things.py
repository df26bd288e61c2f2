"""The proof on real judgements: THINGS trials and the matrix of 48 objects, asked as they were published.

What people see is behind an unknown linear map, under noise that they do not see; a map fitted to SPoSE-66's answers on
half of the objects is asked about trials of the other half.
"""

import numpy as np
import polars as pl
import pytest
from scipy.special import softmax

from seealike import Features, noise_ceiling, write_features
from seealike.data.identity import FeatureKey
from seealike.sources.judgements import read_embedding, read_judgements
from seealike.transforms import Settings, fit_transform, save_transform
from seealike.triplets import respond

PROOF_FILE = """\
arms:
  - {{arm: base, model: net, features: &of {{things: net.safetensors}}}}
  - {{arm: control, model: net, features: *of, transform: control.safetensors}}
  - {{arm: aligned, model: net, features: *of, transform: aligned.safetensors}}
tasks:
  - task: odd_one_out
    dataset: things
    judgements: {{source: things, path: held.csv, ids: {data}/unique_id.txt, sortindex: {data}/vice_sortindex, base: 1}}
  - task: rsa
    dataset: things
    compare: pearson
    dissimilarity: triplet
    judgements: {{source: things48, path: {data}/marrenj_RDM48_triplet.mat}}
"""


@pytest.fixture
def tree(real_data, tmp_path):
    """Features, both maps, and the trials of the objects that neither has seen."""
    data = real_data / "human" / "things"
    if not (data / "vice_test_triplets.csv").exists():
        pytest.skip(f"no THINGS judgements at {data}")
    people = read_embedding(data / "spose_embedding_66d_sorted.txt", data / "unique_id.txt")
    rng, n = np.random.default_rng(0), len(people.values)
    x = people.values @ rng.standard_normal((66, 80)) / 8 + 0.3 * rng.standard_normal((n, 80))
    net = Features(x, people.sample_ids, FeatureKey("net", "w1", "pool", "none", "{}", "things", "r1", "all"))
    write_features(tmp_path / "net.safetensors", net, dtype="float64")
    known = np.sort(rng.permutation(n)[: n // 2])
    objects = Features(x[known], tuple(np.array(people.sample_ids)[known].tolist()), net.key)
    rows = np.array([rng.choice(len(known), 3, replace=False) for _ in range(10_000)])
    for name, teacher, steps in (("aligned", people.values, 25), ("control", x, 100)):
        made = respond(np.asarray(teacher[known], dtype=np.float32), rows)
        targets = softmax(made.similarities.astype(np.float64), axis=1)
        fit = fit_transform(
            objects.values, made.triplets, targets, Settings(regularization=0.01, max_steps=steps)
        )
        save_transform(tmp_path / f"{name}.safetensors", fit, objects)
    trials = read_judgements("things", data / "vice_test_triplets.csv", ids=data / "unique_id.txt")
    unseen = ~np.isin(trials.triplets, objects.sample_ids).any(axis=1)
    raw = np.loadtxt(data / "vice_test_triplets.csv", dtype=int)
    np.savetxt(tmp_path / "held.csv", raw[unseen], fmt="%d", delimiter="\t")
    (tmp_path / "proof.yaml").write_text(PROOF_FILE.format(data=data))
    return tmp_path, trials[unseen]


@pytest.mark.slow
def test_aligned_is_nearer_to_people_on_objects_that_it_has_not_seen(tree, seealike):
    folder, trials = tree
    code, _, _ = seealike("align", "evaluate", folder / "proof.yaml", "--out", folder / "proof.parquet")
    assert code == 0
    table = pl.read_parquet(folder / "proof.parquet")
    value = {(arm, task): v for arm, task, v in table.select("arm", "task", "value").iter_rows()}
    for task, gain in (("odd_one_out", 0.02), ("rsa_pearson", 0.05), ("kl_divergence", -0.03)):
        base, control, aligned = (value[arm, task] for arm in ("base", "control", "aligned"))
        assert (aligned - base) / gain > 1, task
        assert abs(control - base) < 0.01, task
    found = noise_ceiling(trials)
    assert value["ceiling", "odd_one_out"] == found.leave_one_out
    assert value["aligned", "odd_one_out"] < found.leave_one_out < found.majority
    assert table.filter(arm="aligned", task="odd_one_out")["n"].item() == len(trials) > 2000
