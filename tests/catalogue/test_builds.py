"""The layer, the width and the parameters of every entry, measured on the architecture itself, without weights."""

import pytest

from seealike.catalogue import MODELS

from .building import measured

#: One of every source and way of reading, none of them large.
SAMPLE = (
    "simclr-rn50",
    "dino-vit-small-p16",
    "resnet18",
    "OpenCLIP_RN50_openai",
    "all-minilm-l6-v2",
    "untrained-resnet50",
)


@pytest.mark.parametrize("name", SAMPLE)
def test_a_sample_is_as_the_catalogue_says(name):
    entry = MODELS.entry(name)
    assert measured(entry) == (entry.width, entry.parameters)


@pytest.mark.slow
@pytest.mark.parametrize("name", [e.id for e in MODELS.entries() if e.id not in SAMPLE])
def test_every_model_is_as_the_catalogue_says(name):
    entry = MODELS.entry(name)
    assert measured(entry) == (entry.width, entry.parameters)
