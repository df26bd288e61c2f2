"""Studies that train language models, diffusion models and low-rank updates: what is trained, kept, read and said."""

import json

import numpy as np
import polars as pl
import pytest
import torch
from safetensors import safe_open

from seealike import read_studies, run
from seealike.data.tables import TRAINED
from seealike.errors import StudyMistakes
from seealike.study.opening import open_study
from seealike.training import drawing_from
from seealike.training.language import small_gpt

SHARED = """\
measures: [cka]
standard_errors: false
"""
TEXTS = """\
name: texts
causes:
  - name: code
    kind: language
    data:
      source: corpora
      passage: 200
      subset: {per_class: 40}
      files: {json: "python:json", html: "python:html", dbm: "python:dbm", wsgi: "python:wsgiref"}
    designs: [data, both]
    overlaps: [0, 1]
    seeds: 1
    arguments: {layers: 1, heads: 1, width: 8, dropout: 0.0}
    tokenizer: {bpe: 300}
    block: 16
    chunks: 4
    recipe: {steps: 3, batch_size: 4}
    evaluate: [others]
datasets:
  - {source: corpora, name: others, files: {logging: "python:logging"}, subset: {samples: 20}}
"""
NOISE = """\
name: noise
causes:
  - name: digits
    kind: diffusion
    data: {source: digits, subset: {per_class: 20}}
    designs: [task]
    overlaps: [0, 1]
    seeds: 1
    arguments: {widths: [32, 32], dropout: 0.0}
    size: 8
    channels: 1
    recipe: {steps: 2, batch_size: 8}
"""
LORA = """\
name: lora
causes:
  - name: digits
    data: {source: digits, subset: {per_class: 20}}
    designs: [task]
    overlaps: [1]
    seeds: 1
    network: seealike.training.networks:Perceptron
    arguments: {inputs: 64, width: 8, depth: 2}
    lora: {rank: 2, targets: all-linear}
    input: {size: 8, channels: 1}
    layer: features
    head: head
    recipe: {steps: 3, batch_size: 16, learning_rate: 0.01}
"""


@pytest.fixture
def study(tmp_path):
    def write(text):
        (tmp_path / "study.yaml").write_text(text + SHARED)
        return read_studies(tmp_path / "study.yaml")[0]

    return write


def _table(folder, name):
    return pl.read_parquet(folder / "results" / "tables" / f"{name}.parquet")


def _statuses(outcomes):
    return {(one.stage, one.status) for one in outcomes}


def test_language_models_go_the_whole_way(study, tmp_path):
    outcomes = run(study(TEXTS))
    assert not [one for one in outcomes if one.status == "failed"]
    table = _table(tmp_path, "overlap_runs")
    rows = {(r["design"], r["data_overlap"], r["dataset"]): r["similarity"] for r in table.to_dicts()}
    assert len(rows) == 2 * 2 * 3
    assert rows["data", 1.0, "code: common classes"] is not None
    assert rows["data", 1.0, "code: one class"] is None  # every corpus is common
    assert rows["both", 0.0, "code: one class"] is not None
    assert rows["both", 0.0, "others"] is not None
    trained = _table(tmp_path, "trained")
    assert dict(trained.schema) == TRAINED
    told = trained.filter(dataset="code: test", metric="loss")
    assert (
        told.height == trained["model"].n_unique() == (1 + 2) * 2
    )  # of each design one first and two seconds
    assert told["value"].is_between(4, 7).all()  # about ln 300 as it starts
    again = run(study(TEXTS))
    assert _statuses(again) == _statuses(outcomes)


def test_both_networks_read_alike_and_what_a_tokenizer_learned_is_kept(study):
    opened = open_study(study(TEXTS))
    first, second = opened.overlap_runs[0].cards
    assert first.preprocessing() == second.preprocessing()
    run(study(TEXTS), stages=("train",))
    kept = {path.read_text() for path in opened.results.root.rglob("tokenizer.json")}
    assert len(kept) == 1
    (cell, *_) = opened.train_cells
    assert len(json.loads(next(iter(kept)))["model"]["vocab"]) == 300
    cell.training.card.vocabulary.unlink()
    assert cell.outcome(opened.results).status == "todo"
    run(study(TEXTS), stages=("train",))
    assert cell.training.card.vocabulary.read_text() in kept


def test_chunks_are_shared_as_asked_and_test_passages_are_in_none(study):
    opened = open_study(study(TEXTS))
    (cause,) = opened.causes
    held = set(opened.samples["code/test"].sample_ids)
    assert not held & set(cause.samples.sample_ids)
    sides = {one.card.training: set(one.side.rows.tolist()) for one in cause.trainings}
    for one in cause.runs:
        first, second = (sides[card.training] for card in one.cards)
        assert len(first) == len(second) == 8  # half of 4 chunks of 4 corpora, or all of two corpora
        assert len(first & second) == 8 * one.data_overlap


def test_diffusion_models_go_the_whole_way(study, tmp_path):
    outcomes = run(study(NOISE))
    assert not [one for one in outcomes if one.status == "failed"]
    assert _table(tmp_path, "overlap_runs")["similarity"].is_not_null().sum() == 2
    trained = _table(tmp_path, "trained")
    assert set(trained["task"]) == {"noise"}
    assert trained.filter(dataset="digits: test")["value"].is_between(0.1, 3).all()


def test_low_rank_updates_are_kept_alone_and_added_when_read(study, tmp_path):
    outcomes = run(study(LORA))
    assert not [one for one in outcomes if one.status == "failed"]
    opened = open_study(study(LORA))
    first = opened.causes[0].trainings[0].card
    with safe_open(first.weights, "pt") as file:
        names = set(file.keys())
    assert {"head.weight", "head.bias"} <= names
    assert all("lora" in name for name in names - {"head.weight", "head.bias"})
    start, end = first.module().state_dict(), first.trained().state_dict()
    assert set(end) == {name.replace("base_layer.", "") for name in start if "lora" not in name}
    moved = [
        not torch.equal(start[name.replace(".weight", ".base_layer.weight")], end[name])
        for name in end
        if name.startswith("features") and name.endswith("weight")
    ]
    assert moved
    assert all(moved)
    assert not torch.equal(end["head.weight"], start["head.weight"])
    # Frozen weights that are drawn come from the seed: another seed does not fit the file.
    other = first.model_copy(update={"seed": first.seed + 1})
    with pytest.raises(Exception, match="the weights that were not trained are others now"):
        other.trained()
    accuracy = _table(tmp_path, "trained").filter(metric="accuracy")
    assert accuracy["n"].to_list() == [20, 20]


@pytest.fixture
def pretrained(tmp_path):
    """A tiny GPT-2 with a tokenizer of bytes, as `save_pretrained` leaves it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = {char: number for number, char in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    words = Tokenizer(models.BPE(vocab=alphabet, merges=[]))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=words).save_pretrained(tmp_path / "gpt")
    with drawing_from(0):
        small_gpt(256, 16, layers=1, heads=1, width=8).save_pretrained(tmp_path / "gpt")


def test_a_pretrained_language_model_learns_low_rank_updates(study, tmp_path, pretrained):
    text = TEXTS.replace(
        "    arguments: {layers: 1, heads: 1, width: 8, dropout: 0.0}\n    tokenizer: {bpe: 300}\n", ""
    )
    text = text.replace(
        "    block: 16",
        "    network: transformers:gpt\n    lora: {rank: 2, targets: [c_attn]}\n    block: 16",
    )
    outcomes = run(
        study(text.replace("designs: [data, both]", "designs: [data]").replace("steps: 3", "steps: 4"))
    )
    assert not [one for one in outcomes if one.status == "failed"]
    assert _table(tmp_path, "overlap_runs")["similarity"].is_not_null().any()
    opened = open_study(study(text))
    first, second = opened.overlap_runs[0].cards
    frozen = "transformer.wte.weight"
    assert torch.equal(first.module().state_dict()[frozen], second.module().state_dict()[frozen])
    (file, *_) = sorted(tmp_path.rglob("weights.safetensors"))
    with safe_open(file, "pt") as kept:
        assert sorted(kept.keys()) == [f"transformer.h.0.attn.c_attn.lora_{k}.default.weight" for k in "AB"]


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        (TEXTS, "kind: language", "kind: languages", "Did you mean 'language'?"),
        (
            TEXTS,
            "designs: [data, both]",
            "designs: [attributes]",
            "the design attributes together, or neither",
        ),
        (TEXTS, "block: 16", "blok: 16", "unknown key 'blok'. Did you mean 'block'"),
        (TEXTS, "{bpe: 300}", "{model: org/net}", "expected `arguments: {vocabulary: NUMBER}`"),
        (
            TEXTS,
            "block: 16",
            "block: 16\n    network: transformers:org/net",
            "expected a folder, or `arguments: {revis",
        ),
        (
            TEXTS,
            "block: 16",
            "block: 16\n    consequences: {}",
            "expected `consequences` of classifiers alone",
        ),
        (TEXTS, "block: 16", "block: 16\n    pooling: men", "expected a pooling rule, got 'men'"),
        (
            NOISE,
            "channels: 1",
            "channels: 1\n    noise: {step: 1000}",
            "expected a step below 1000 under `noise`",
        ),
    ],
)
def test_mistakes_are_shown_where_they_stand(study, text, old, new, message):
    assert text.count(old) == 1
    with pytest.raises(StudyMistakes) as caught:
        study(text.replace(old, new))
    assert message in str(caught.value)


def test_images_for_a_language_model_are_refused_with_a_reason(study):
    data = TEXTS[TEXTS.index("    data:") : TEXTS.index("    designs:")]
    outcomes = run(study(TEXTS.replace(data, "    data: {source: digits}\n")), stages=("train",))
    (failed,) = [one for one in outcomes if one.stage == "train"]
    assert "expected a dataset with texts, got no texts" in failed.reason


def test_published_studies_of_other_kinds_say_what_is_published(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("causes-2025-text", "causes-2025-diffusion", "causes-2025-lora"):
        for corpus in (
            "shakespeare",
            "tiny-stories",
            "tiny-codes",
            "tiny-textbooks",
            "tiny-webtext",
            "wikitext-103",
        ):
            for part in ("train", "test"):
                (tmp_path / "data" / corpus / part).mkdir(parents=True, exist_ok=True)
        for folder in ("cifar10", "cifar100"):
            (tmp_path / "data" / folder).mkdir(exist_ok=True)
        for one in read_studies(name):
            entry = one.causes[0].entry
            rates = [
                entry.recipe.rate(step, entry.recipe.steps or 100)
                for step in range(entry.recipe.steps or 100)
            ]
            if entry.kind == "language" and entry.lora is None:
                assert (entry.recipe.batch_size, entry.recipe.accumulate, entry.block) == (128, 2, 256)
                assert rates[-1] == pytest.approx(entry.recipe.learning_rate / 10, rel=1e-3)
                assert rates.index(max(rates)) + 1 == 0.1 * entry.recipe.steps
            if entry.kind == "diffusion":
                assert max(rates) == pytest.approx(2e-4 * 1280 / 512)
                # It falls for 1.1 times 30,000 steps less the warm-up.
                whole = np.cos(np.pi * 20_000 / 23_000)
                assert rates[-1] == pytest.approx(max(rates) * (1 + whole) / 2, rel=0.02)
            if entry.lora is not None:
                assert (entry.lora.rank, entry.lora.alpha, entry.lora.dropout) == (32, 64, 0.05)
