"""What the catalogue's files say can be said to the sources, and adds up to what was published."""

import re
from collections import Counter

import pytest
from pydantic import ValidationError

from seealike.catalogue import DATASETS, MODELS, ModelEntry
from seealike.errors import UnknownName
from seealike.sources.datasets import DATASET_SOURCES
from seealike.sources.models import MODEL_SOURCES
from seealike.sources.models.vision import vision_library

PAPER = MODELS.select(["paper-64"])
#: Repositories of which no revision is known: a study must give it.
WITHOUT_REVISION = {"bloomz-1b1", "bloomz-1b7"}


def of_source(*sources):
    return [pytest.param(entry, id=entry.id) for entry in MODELS.entries() if entry.source in sources]


@pytest.mark.parametrize("entry", [pytest.param(e, id=e.id) for e in MODELS.entries()])
def test_every_model_is_a_valid_study_entry(entry):
    card = MODEL_SOURCES[entry.source]
    full = {"name": entry.id, **entry.card, "fields": entry.fields}
    if entry.id in WITHOUT_REVISION:
        with pytest.raises(ValidationError, match="revision"):
            card.model_validate(full)
        full["revision"] = "1.0"
    assert card.model_validate(full).name == entry.id


@pytest.mark.parametrize("entry", [pytest.param(e, id=e.id) for e in DATASETS.entries()])
def test_every_dataset_is_a_valid_study_entry(entry, tmp_path):
    kind = DATASET_SOURCES[entry.source]
    full = {"name": entry.id, **entry.card, "fields": entry.fields}
    if "path" in kind.model_fields:
        full["path"] = str(tmp_path)
    assert kind.model_validate(full).name == entry.id


def test_every_timm_model_names_weights_that_timm_has():
    timm = vision_library("timm", where="tests")
    known, architectures = set(timm.list_pretrained()), set(timm.list_models())
    for entry in MODELS.select(where={"source": "timm"}):
        names = architectures if entry.card.get("pretrained") is False else known
        assert entry.card["model"] in names, entry.id
    for entry in MODELS.select(where={"source": "checkpoint"}):
        assert entry.card["network"].removeprefix("timm:") in architectures, entry.id


def test_licences_are_those_that_timm_states():
    timm = vision_library("timm", where="tests")
    for entry in MODELS.select(where={"source": "timm"}):
        if entry.licence is not None:
            stated = timm.get_pretrained_cfg(entry.card["model"]).license
            assert re.sub("[ -]", "", entry.licence).lower() == stated.replace("-", ""), entry.id


@pytest.mark.parametrize("entry", of_source("torchvision"))
def test_every_torchvision_model_names_weights_that_torchvision_has(entry):
    models = vision_library("torchvision", where="tests").models
    assert entry.card["weights"] in models.get_model_weights(entry.card["model"]).__members__
    assert entry.card["weights"] != "DEFAULT"


def test_every_open_clip_model_names_weights_that_open_clip_has():
    known = set(vision_library("open_clip", where="tests").list_pretrained())
    for entry in MODELS.select(where={"source": "open_clip"}):
        if not entry.card["model"].startswith("hf-hub:"):
            assert (entry.card["model"], entry.card["pretrained"]) in known, entry.id


def test_what_only_a_network_could_tell_is_not_called_verified():
    for entry in MODELS.entries():
        reached = (
            entry.source in ("timm", "torchvision", "open_clip") and "hf-hub:" not in entry.card["model"]
        )
        assert entry.verified == reached, entry.id
    assert not any(entry.verified for entry in DATASETS.entries())


def test_no_address_is_another_models():
    """The published pipeline's cache went by file names, and three of these end alike."""
    urls = [entry.card["weights_url"] for entry in MODELS.select(where={"source": "checkpoint"})]
    assert len(set(urls)) == len(urls)
    assert max(Counter(url.rpartition("/")[2] for url in urls).values()) == 3


def test_the_papers_64_as_published():
    """The counts that the study prints."""
    published = [entry.as_published() for entry in PAPER]
    assert Counter(e.objective for e in published) == {"supervised": 30, "ssl": 20, "image-text": 14}
    assert Counter(e.architecture_class for e in published) == {"transformer": 40, "convolutional": 24}
    classes = {"imagenet-1k": 37, "imagenet-21k": 9, "large": 11, "xlarge": 7}
    assert Counter(e.training_class for e in published) == classes
    assert Counter(e.size_class for e in published) == {"small": 32, "medium": 14, "large": 8, "xlarge": 10}
    assert sum(e.width for e in published) == 84_480
    assert {e.id for e in published if e.card["layer"] == "fc_norm"} == set()


def test_the_papers_64_corrected():
    wrong = [e for e in PAPER if e.training_class != e.as_published().training_class]
    assert {e.id for e in wrong} == {
        "convnext_base",
        "convnext_large",
        "swin_base_patch4_window7_224",
        "swin_base_patch4_window7_224.ms_in22k",
        "swin_large_patch4_window7_224",
        "swin_large_patch4_window7_224.ms_in22k",
        "vit_base_patch16_224",
        "vit_large_patch16_224",
    }
    assert all("2" in e.card["model"].partition(".")[2].replace("224", "") for e in wrong)  # in21k, in22k, …
    assert Counter(e.training_class for e in PAPER)["imagenet-1k"] == 29
    assert {e.as_published().architecture for e in PAPER if e.architecture == "XCiT"} == {"ViT"}
    assert all(e.width == e.as_published().width for e in PAPER)


def test_an_untagged_name_of_the_paper_means_the_tag_that_stands_here():
    """timm's default tag of the installed version is still the one that the study got."""
    timm = vision_library("timm", where="tests")
    untagged = [e for e in PAPER if e.published and e.published.model and e.source == "timm"]
    assert len(untagged) == 12
    for entry in untagged:
        default = timm.get_pretrained_cfg(entry.published.model)
        assert f"{default.architecture}.{default.tag}" == entry.card["model"], entry.id


def test_the_papers_datasets():
    paper = DATASETS.select(["paper-23"])
    domains = Counter(e.domain for e in paper)
    assert domains == {
        "natural multi-domain": 10,
        "natural single-domain": 6,
        "specialized": 4,
        "structured": 3,
    }
    assert sum(e.n_used for e in paper) == 179_147
    assert [e.id for e in paper if e.estimated] == ["wds/gtsrb"]
    for entry in paper:
        per_class = entry.card.get("subset", {}).get("per_class")
        assert (per_class is None) == (entry.n_samples <= 10_000)
        if per_class is None:
            assert entry.n_used == entry.n_samples
        else:
            assert per_class == -(-10_000 // entry.n_classes)
            assert entry.n_used <= per_class * entry.n_classes


def test_selections():
    assert [e.id for e in MODELS.select(["mae-vit-*-p14"])] == ["mae-vit-huge-p14"]
    both = MODELS.select(["paper-64", "human-clip-7"], {"source": ["transformers", "open_clip"]})
    assert {e.source for e in both} == {"transformers", "open_clip"}
    assert len(both) == 20
    with pytest.raises(
        UnknownName, match="a list of them, or a pattern, got 'paper-46'. Did you mean 'paper-64'?"
    ):
        MODELS.select(["paper-46"])
    with pytest.raises(UnknownName, match="expected a column, got 'objectiv'. Did you mean 'objective'?"):
        MODELS.select(where={"objectiv": "ssl"})
    with pytest.raises(UnknownName, match="a value of objective, got 'sll'. Did you mean 'ssl'?"):
        MODELS.select(where={"objective": "sll"})
    with pytest.raises(UnknownName, match="one of the datasets"):
        DATASETS.entry("wds/vtab/dtt")


def test_verified_and_doubt_go_together():
    facts = {"id": "m", "family": "f", "card": {"source": "timm"}, "objective": "ssl", "architecture": "ViT"}
    facts |= {"architecture_class": "transformer", "training_data": "x", "training_class": "other"}
    facts |= {"width": 1, "parameters": 1}
    assert ModelEntry.model_validate(facts).verified
    for wrong in ({"verified": False}, {"doubt": "not reached"}, {"objective": "sll"}, {"colour": "red"}):
        with pytest.raises(ValidationError):
            ModelEntry.model_validate(facts | wrong)
