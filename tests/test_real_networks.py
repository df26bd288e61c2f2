"""The whole line on real trained networks and real images; skipped where they are not at hand."""

import csv
import shutil
from itertools import product
from pathlib import Path

import polars as pl
import pytest

from seealike import read_studies, run

STUDY = """\
name: real
models:
  - each: {data}/models/models.csv
    where: {{name: [c10_akamaster_resnet20, c10_theo_resnet20, c10_ehanw_resnet20, c10_vit_smmk47, c10_marabou_small]}}
    source: onnx
    name: "{{name}}"
    file: "{data}/models/{{file}}"
    layer: features
    head: logits
    classes: cifar-10
    fields: {{architecture: "{{architecture}}"}}
  - source: checkpoint
    name: state-dict-20
    network: cifar_resnet.py:resnet20
    weights: {data}/checkpoints/akamaster_resnet20.th
    state_key: state_dict
    keys: [{{strip: module.}}]
    layer: pool
    pooling: flatten
    head: linear
    classes: cifar-10
    input: {{size: 32, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}}
    fields: {{architecture: ResNet-20}}
  - source: python
    name: function-20
    function: trained.py:network
    arguments: {{file: {data}/checkpoints/akamaster_resnet20.th}}
    files: ["{data}/checkpoints/akamaster_resnet20.th"]
    layer: pool
    pooling: flatten
    head: output
    classes: cifar-10
    input: {{size: 32, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}}
    fields: {{architecture: ResNet-20}}
datasets:
  - source: arrays
    name: cifar10
    images: {data}/images/cifar10_test_first1000.png
    labels: {data}/images/cifar10_test_first1000_labels.npy
    shape: [32, 32, 3]
    classes: cifar-10
measures: [cka, {{cka: {{kernel: rbf, sigma_fraction: 0.4}}}}, rsa]
analyses: [head_accuracy]
"""

FUNCTION = """\
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
from cifar_resnet import resnet20


def network(file):
    net = resnet20()
    state = torch.load(file, map_location="cpu", weights_only=True)["state_dict"]
    net.load_state_dict({key.removeprefix("module."): value for key, value in state.items()}, strict=False)
    return net.eval()
"""
#: One trained network from three sources; the third is c10_akamaster_resnet20.
SAME = ("state-dict-20", "function-20")


@pytest.fixture(scope="module")
def results(real_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    shutil.copy(Path(__file__).parents[1] / "studies" / "cifar_resnet.py", folder)
    (folder / "trained.py").write_text(FUNCTION)
    (folder / "study.yaml").write_text(STUDY.format(data=real_data))
    outcomes = run(read_studies(folder / "study.yaml")[0])
    assert [o for o in outcomes if o.status != "done"] == []
    return {p.stem: pl.read_parquet(p) for p in (folder / "results" / "tables").glob("*.parquet")}


def test_accuracies_are_the_measured_ones(results, real_data):
    with (real_data / "models" / "models.csv").open(newline="") as stream:
        measured = {row["name"]: row["measured_top1"] for row in csv.DictReader(stream)}
    found = dict(results["head_accuracy"].select("model", "top1").iter_rows())
    assert [found.pop(name) for name in SAME] == pytest.approx([0.915] * 2)
    assert len(found) == 5
    for name, top1 in found.items():
        assert top1 == pytest.approx(float(measured[name][:5]), abs=5e-4), name


def test_trainings_of_one_architecture_are_nearer_than_other_architectures(results):
    trainings = ["c10_akamaster_resnet20", "c10_theo_resnet20", "c10_ehanw_resnet20"]
    others = ["c10_vit_smmk47", "c10_marabou_small"]
    for (_, measure), table in results["similarities"].group_by("dataset", "measure"):
        value = {(x, y): s for x, y, s in table.select("model_x", "model_y", "similarity").iter_rows()}
        same = [value[x, y] for x, y in product(trainings, trainings) if x < y]
        other = [value[x, y] for x, y in product(trainings, others)]
        assert min(same) > max(other), measure


def test_one_network_from_two_sources_has_one_representation(results):
    for name in SAME:
        pair = results["similarities"].filter(model_x="c10_akamaster_resnet20", model_y=name)
        assert pair["similarity"].to_list() == pytest.approx([1, 1, 1], abs=1e-5), name
