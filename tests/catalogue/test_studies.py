"""``source: catalogue`` in a study file: one, many, own keys, and every mistake where it stands."""

import numpy as np
import pytest

from seealike import read_studies
from seealike.catalogue import DATASETS, MODELS
from seealike.errors import StudyMistakes

STUDY = """\
name: catalogued
parameters: {data: shards}
models:
  - {source: catalogue, model: dinov2-vit-small-p14}
datasets:
  - {source: arrays, name: noise, images: noise.npz}
"""


@pytest.fixture
def study(tmp_path):
    """Write a study in which one line is another; gives its models and datasets by name, or its mistakes."""
    np.savez(tmp_path / "noise.npz", images=np.zeros((4, 8, 8, 3), np.uint8))

    def read(models=None, datasets=None):
        text = STUDY
        for section, line in (("models", models), ("datasets", datasets)):
            if line:
                head, _, rest = text.partition(f"{section}:\n")
                text = f"{head}{section}:\n  - {line}\n{rest.partition(chr(10))[2]}"
        file = tmp_path / "study.yaml"
        file.write_text(text)
        try:
            (found,) = read_studies(file)
        except StudyMistakes as error:
            return [text.removeprefix(f"{file}:") for text in error.mistakes]
        return {card.name: card for card in (found.datasets if datasets else found.models)}

    return read


def test_one_model(study):
    (card,) = study().values()
    entry = MODELS.entry("dinov2-vit-small-p14")
    assert card.name == entry.id
    assert card.source == "timm"
    assert card.model == "vit_small_patch14_dinov2.lvd142m"
    assert (card.layer, card.pooling, card.input.size) == (("norm",), "cls", 224)
    assert card.fields == entry.fields
    assert card.fields["size_class"] == "small"


def test_own_keys_go_first_and_fields_are_joined(study):
    own = "name: dino, layer: [blocks.5, norm], fields: {objective: mine, lab: a}"
    (card,) = study(f"{{source: catalogue, model: dino-vit-base-p16, {own}}}").values()
    assert card.name == "dino"
    assert card.layer == ("blocks.5", "norm")
    assert card.fields["objective"] == "mine"
    assert card.fields["lab"] == "a"
    assert card.fields["architecture"] == "ViT"


def test_a_list_is_all_of_its_models(study):
    found = study("{source: catalogue, models: paper-64}")
    assert list(found) == [entry.id for entry in MODELS.select(["paper-64"])]
    assert all(card.fields["objective"] in ("ssl", "supervised", "image-text") for card in found.values())


def test_patterns_filters_and_columns(study):
    keys = '["dinov2-*", "mae-*"], where: {size_class: [small, medium]}, name: "{family}/{id}"'
    assert list(study(f"{{source: catalogue, models: {keys}}}")) == [
        "dinov2/dinov2-vit-small-p14",
        "dinov2/dinov2-vit-base-p14",
        "dinov2/dinov2-reg-vit-small-p14",
        "dinov2/dinov2-reg-vit-base-p14",
        "mae/mae-vit-base-p16",
    ]


def test_families_of_entries_name_models_of_the_catalogue(study):
    found = study("{each: {size: [small, base]}, source: catalogue, model: 'dino-vit-{size}-p16'}")
    assert list(found) == ["dino-vit-small-p16", "dino-vit-base-p16"]


def test_as_published(study):
    (card,) = study("{source: catalogue, model: beit_base_patch16_224}").values()
    assert (card.layer, card.pooling) == (("fc_norm",), "none")
    (card,) = study("{source: catalogue, model: beit_base_patch16_224, as: published}").values()
    assert (card.layer, card.pooling) == (("norm",), "cls")
    found = study("{source: catalogue, models: paper-64, as: published}")
    assert found["swin_base_patch4_window7_224"].fields["training_class"] == "imagenet-1k"
    assert found["OpenCLIP_ViT-L-14_openai"].fields["size_class"] == "xlarge"


@pytest.mark.parametrize(
    ("line", "place", "says"),
    [
        ("{source: catalogue, model: dinov2-vit-smal-p14}", "4:25", "Did you mean 'dinov2-vit-small-p14'"),
        ("{source: catalogue, model: paper-64}", "4:25", "expected the name of one of the models, got 'paper-64'"),
        ("{source: catalogue, models: [mae-*, paper-46]}", "4:25", "Did you mean 'paper-64'?"),
        ("{source: catalogue, models: 'resmet*'}", "4:25", "a list of them, or a pattern"),
        ("{source: catalogue}", "4:5", "expected `model: NAME` or `models: [LIST, PATTERN, …]`"),
        ("{source: catalogue, model: dino-rn50, models: mae-*}", "4:5", "expected `model: NAME` or"),
        ("{source: catalogue, models: mae-*, where: {objectiv: ssl}}", "4:48", "Did you mean 'objective'?"),
        ("{source: catalogue, models: mae-*, where: {objective: sll}}", "4:48", "Did you mean 'ssl' or 'distilled'?"),
        ("{source: catalogue, models: mae-*, where: {objective: untrained}}", "4:40", "none of the models chosen fits"),
        ("{source: catalogue, models: mae-*, where: ssl}", "4:40", "expected `column: value` lines"),
        ("{source: catalogue, models: mae-*, as: publishd}", "4:40", "Did you mean 'published'?"),
        ("{source: catalogue, models: mae-*, poolin: cls}", "4:40", "unknown key 'poolin'. Did you mean 'pooling'?"),
        ("{source: catalogue, models: mae-*, name: '{idd}'}", "4:40", "no column 'idd'. Did you mean 'id' or 'width'?"),
        ("{source: catalogue, models: mae-*, name: one}", "4:40", "the name 'one' stands here a second time"),
        ("{source: catalogue, models: mae-*, fields: ssl}", "4:40", "fields: expected a valid dictionary, got 'ssl'"),
        ("{source: catalogue, model: bloomz-1b1}", "4:5", "`revision:`"),
    ],
)  # fmt: skip
def test_each_mistake_says_where_and_what_to_do(study, line, place, says):
    mistakes = study(line)
    assert isinstance(mistakes, list), mistakes
    assert any(text.startswith(f"{place}: ") and says in text for text in mistakes), "\n".join(mistakes)


def test_datasets_that_are_there(study, tmp_path):
    for entry in DATASETS.select(["paper-23"]):
        (tmp_path / "shards" / entry.folder).mkdir(parents=True, exist_ok=True)
    found = study(datasets='{source: catalogue, datasets: paper-23, path: "${data}/{folder}"}')
    assert list(found) == [entry.id for entry in DATASETS.select(["paper-23"])]
    assert found["wds/vtab/svhn"].subset.per_class == 1000
    assert found["living17"].superclasses == "living17/source"
    assert found["living17"].fields == {"domain": "natural multi-domain"}


def test_datasets_that_are_not_there_are_listed_with_where_to_get_them(study, tmp_path):
    (tmp_path / "shards" / "wds_cars").mkdir(parents=True)
    (mistake,) = study(
        datasets='{source: catalogue, datasets: ["wds/cars", "living17", "entity30"], path: "${data}/{folder}"}'
    )
    assert mistake.startswith("6:73: 2 of these 3 datasets are not there. Get them or name fewer:\n")
    folder = tmp_path / "shards" / "wds_imagenet1k"
    address = "https://huggingface.co/datasets/clip-benchmark/wds_imagenet1k"
    assert f"{folder}  {address}  living17, entity30\n" in mistake
    assert "wds_cars " not in mistake


def test_one_dataset_without_its_path(study):
    (mistake,) = study(datasets="{source: catalogue, dataset: wds/vtab/dtd}")
    assert mistake.startswith("6:5: the key 'path' is missing")
