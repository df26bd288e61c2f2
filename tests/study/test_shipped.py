"""The study files that come with the package: complete, found by name, copied, and visible in the repository."""

from pathlib import Path

import numpy as np
import pytest

from seealike import read_studies
from seealike.catalogue import DATASETS, MODELS
from seealike.errors import MissingArtifact, StudyMistakes
from seealike.study.opening import open_study
from seealike.study.run import run
from seealike.study.shipped import shipped_names, shipped_text

from .conftest import STUDY, write_study

ROOT = Path(__file__).parents[2]
DOMAINS = {
    "natural": ("natural multi-domain", "natural single-domain"),
    "other": ("specialized", "structured"),
}


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Read a shipped study by its name in a folder where all datasets have a (still empty) folder."""
    monkeypatch.chdir(tmp_path)
    for entry in DATASETS.select(["paper-23"]):
        (tmp_path / "data" / entry.folder).mkdir(parents=True, exist_ok=True)
    return lambda name: {study.name: study for study in read_studies(name)}


def test_the_whole_study(shipped, tmp_path):
    studies = shipped("consistency-2025")
    assert list(studies) == ["consistency-2025", "seven measures", "sample size"]
    main, seven, sizes = studies.values()
    assert (len(main.models), len(main.datasets), len(main.measures), len(seven.measures)) == (64, 23, 3, 7)
    assert {card.name for card in main.datasets} == {entry.id for entry in DATASETS.select(["paper-23"])}
    assert {m.id for m in main.measures} <= {m.id for m in seven.measures}
    assert main.features == seven.features == tmp_path / "results" / "consistency-2025" / "features"
    assert main.output != seven.output
    assert main.settings.normalize == "unit_rows"
    assert set(main.tests) == {card.name for card in main.datasets}
    assert main.tests["living17"].superclasses == "living17/target"
    assert main.tests["wds/vtab/svhn"].subset.whole
    assert [rule.per_class for rule in sizes.datasets[0].sizes.subsets] == [1, 5, 10, 20, 30]
    assert main.file == tmp_path / "consistency-2025.yaml"  # as if it lay here; nothing is written


def test_published_labels_beside_corrected_ones(shipped):
    fields = {card.name: card.fields for card in shipped("consistency-2025")["consistency-2025"].models}
    assert fields["swin_base_patch4_window7_224"]["training_class"] == "imagenet-21k"
    assert fields["swin_base_patch4_window7_224"]["published_training_class"] == "imagenet-1k"
    assert fields["OpenCLIP_ViT-L-14_openai"]["size_class"] == "large"
    assert fields["OpenCLIP_ViT-L-14_openai"]["published_size_class"] == "xlarge"
    assert all("published_size_class" in one for one in fields.values())
    counts = [
        [f["published_training_class"] for f in fields.values()].count(c)
        for c in ("imagenet-1k", "imagenet-21k")
    ]
    assert counts == [37, 9]  # as published
    assert not any("published_objective" in one for one in fields.values())  # nothing differs there


def test_thirty_thousand_samples(shipped):
    (study,) = shipped("consistency-2025-30k").values()
    assert len(study.datasets) == 23
    rules = {card.name: card.subset for card in study.datasets}
    assert rules.pop("imagenet-subset-30k").per_class == 30
    assert {rule.balanced for rule in rules.values()} == {30_000}
    assert "cka-kernel=rbf-sigma=0.2-unbiased=true" in {m.id for m in study.measures}


def test_half_way_through_the_blocks(shipped):
    (study,) = shipped("consistency-2025-layers").values()
    vits = {e.id for e in MODELS.select(["paper-64"]) if e.architecture == "ViT"}
    assert {card.name for card in study.models} == vits - {"OpenCLIP_ViT-B-16-SigLIP_webli"}
    assert len(study.models) == 33
    assert {card.pooling for card in study.models} == {"cls"}
    layer = {card.name: card.layer[0] for card in study.models}
    blocks = {"small": 12, "base": 12, "B": 12, "large": 24, "L": 24, "huge": 32, "giant": 40, "g": 40}
    for name, text in layer.items():
        size = next(word for word in name.replace("_", "-").split("-") if word in blocks)
        assert int(text.rpartition(".")[2]) == blocks[size] // 2 - 1, name


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyMistakes, match="clip-benchmark/wds_imagenet1k"):
        read_studies("consistency-2025")


def test_a_file_of_that_name_goes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("noise.npz", images=np.zeros((4, 8, 8, 3), np.uint8))
    text = (
        "name: mine\nmodels: [{source: timm, name: a, model: test_vit, pretrained: false, layer: norm, pooling: cls}]\n"
        "datasets: [{source: arrays, name: noise, images: noise.npz}]\n"
    )
    Path("consistency-2025.yaml").write_text(text)
    assert [study.name for study in read_studies("consistency-2025.yaml")] == ["mine"]
    with pytest.raises(MissingArtifact, match="Did you mean 'consistency-2025'"):
        read_studies("consistency-2024")
    with pytest.raises(MissingArtifact):
        read_studies("elsewhere/consistency-2025")


def test_the_human_study(tmp_path, monkeypatch):
    """Five experiments, whose published numbers are of layers that the studies read."""
    from ..sources.test_judgements import OBJECTS, draw, nights, tid

    monkeypatch.chdir(tmp_path)
    for name in ("tid2013", "nights", "things"):
        (tmp_path / "data" / name).mkdir(parents=True)
    tid(tmp_path / "data/tid2013")
    nights(tmp_path / "data/nights")
    for k, name in enumerate(OBJECTS):
        draw(tmp_path / "data/things/images" / name / f"{name}_01b.jpg", k, k)
    (tmp_path / "data/things/unique_id.txt").write_text("\n".join(OBJECTS))
    (tmp_path / "data/things/testset1.txt").write_text("0 1 2\n3 7 4\n")
    studies = {study.name: study for study in read_studies("human-clip-2024")}
    assert list(studies) == ["distance", "architecture", "training data", "last activation", "language"]
    sizes = [len(study.models) for study in studies.values()]
    assert sizes == [1, 4, 2, 2, 2]
    layers = {card.name: set(card.layer_names) for study in studies.values() for card in study.models}
    assert {name: len(some) for name, some in layers.items()} == {
        **dict.fromkeys(
            ("CLIP_base16", "CLIP_base32", "ChineseCLIP_base16", "SigLIP_base16", "BiomedCLIP_base16"), 14
        ),
        **dict.fromkeys(("CLIP_large14", "CLIP_large14_336"), 26),
    }
    published = {
        tuple(row.values()): row for study in studies.values() for row in study.published_alignment
    }.values()
    assert len(published) == 103
    for row in published:
        assert not row["layer"] or row["layer"] in layers[row["model"]], row
        assert 0 < row["value"] < 1
    baseline = [row["value"] for row in published if row["model"] == "ssim"]
    assert baseline == [0.554, 0.554, 0.344]
    opened = open_study(studies["language"])
    cells = [cell.name for cell in opened.judge_cells(present_only=False)]
    assert len(cells) == 3 * (1 + 4 + 2 + 1)
    assert opened.samples["THINGS"].sample_ids[0] == "aardvark/aardvark_01b.jpg"
    assert len(opened.samples["NIGHTS"].sample_ids) == 72, "all rows, whatever their votes"
    assert not opened.extract_cells, "nothing but distances is stored"


@pytest.mark.parametrize("name", shipped_names())
def test_every_study_can_be_seen_in_the_repository(name):
    assert (ROOT / "studies" / f"{name}.yaml").read_text(encoding="utf-8") == shipped_text(name)


def test_studies_that_share_features_extract_once(tmp_path):
    other = STUDY.replace("name: tiny", "name: other").replace(
        "output: results", "output: others\nfeatures: results/features"
    )
    file = write_study(tmp_path, f"{STUDY}---\n{other}")
    first, second = read_studies(file)
    run(first)
    files = {
        path: path.stat().st_mtime_ns for path in (tmp_path / "results" / "features").rglob("*.safetensors")
    }
    outcomes = run(second)
    assert {o.status for o in outcomes} == {"done"}
    assert files == {
        p: p.stat().st_mtime_ns for p in (tmp_path / "results" / "features").rglob("*.safetensors")
    }
    assert not (tmp_path / "others" / "features").exists()
    assert (tmp_path / "others" / "tables" / "similarities.parquet").exists()
