"""`list models` and `list datasets`: tables for people, tabs for programs."""

import re

import pytest

from seealike.catalogue import DATASETS, MODELS
from seealike.cli.main import app
from seealike.errors import UnknownName


@pytest.fixture
def listed(capsys):
    def command(*words):
        assert app(["list", *words], exit_on_error=False, result_action="return_value") == 0
        return capsys.readouterr().out

    return command


def rows(out):
    return [line.split("\t") for line in out.splitlines()]


def names(out):
    return [row[0] for row in rows(out)[1:]]


def test_tabs_for_programs(listed):
    headings, *others = rows(listed("models"))
    assert [row[0] for row in others] == [entry.id for entry in MODELS.entries()]
    assert {len(row) for row in others} == {len(headings)}
    row = dict(zip(headings, next(r for r in others if r[0] == "dino-vit-base-p16"), strict=True))
    assert (row["width"], row["parameters"], row["layer"], row["pooling"]) == (
        "768",
        "85798656",
        "norm",
        "cls",
    )
    assert (row["verified"], row["lists"]) == ("yes", "paper-64")
    assert names(listed("datasets")) == [entry.id for entry in DATASETS.entries()]


def test_filters_narrow_down(listed):
    out = listed("models", "paper-64", "--objective", "SSL", "--source", "timm", "--data", "imagenet-1k")
    assert names(out) == [
        "dino-vit-small-p16",
        "dino-vit-base-p16",
        "mae-vit-base-p16",
        "mae-vit-large-p16",
        "mae-vit-huge-p14",
    ]
    either = listed("models", "--list", "paper-64", "--source", "checkpoint", "--source", "transformers")
    assert len(names(either)) == 12
    assert set(names(listed("models", "--architecture", "xcit"))) == {
        "dino-xcit-small-12-p16",
        "dino-xcit-medium-24-p16",
    }
    assert names(listed("models", "sam2_*"))[0].startswith("sam2_hiera_tiny")
    assert len(names(listed("models", "RADIO"))) == 3
    assert len(names(listed("models", "paper-64", "--data", "xlarge"))) == 7
    assert len(names(listed("datasets", "--list", "paper-23", "--domain", "structured"))) == 3


def test_a_filter_without_any_fitting_entry(listed):
    with pytest.raises(UnknownName, match="--objective: expected a label of the catalogue, got slf"):
        listed("models", "--objective", "slf")
    with pytest.raises(UnknownName, match="Did you mean 'dinov2-vit-small-p14'"):
        listed("models", "dinov2-vit-smal-p14")
    assert names(listed("models", "mae-*", "--objective", "untrained")) == []


@pytest.mark.parametrize("width", [80, 140])
def test_tables_for_people_keep_to_the_width(listed, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    for kind in ("models", "datasets"):
        out = re.sub(r"\x1b\[[0-9;]*m", "", listed(kind))
        assert max(map(len, out.splitlines())) <= width
        headings = out.splitlines()[0]
        assert ("source" in headings or "title" in headings) == (width > 100)
        for entry in (MODELS if kind == "models" else DATASETS).entries():
            assert entry.id[: 100 if width > 100 else 20] in out
    assert "304.4M" in listed("models", "dinov2-*large*")
    assert "Kakaobrain_Align ?" in listed("models", "paper-64")


def test_one_in_full_with_its_study_entry(listed):
    out = listed("models", "swin_base_patch4_window7_224")
    assert "published model" in out
    assert "model: swin_base_patch4_window7_224.ms_in22k_ft_in1k" in out
    assert "doubt" in listed("models", "simclr-rn50")
    assert "superclasses: living17/source" in listed("datasets", "living17")


def test_sources_and_studies_as_before(listed):
    assert "timm" in names(listed("models", "--sources"))
    assert "image_folder" in names(listed("datasets", "--sources"))
