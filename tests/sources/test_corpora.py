"""Corpora as datasets: files, folders, tables, packages; passages; what is refused."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from seealike.errors import DataError
from seealike.sources.datasets.corpora import CorporaCard, passages_of
from seealike.sources.models.tokenizer import Tokenizer


def _card(root, files, **options):
    given = {"source": "corpora", "name": "c", "files": files, **options}
    return CorporaCard.model_validate(given, context={"root": root})


def test_every_kind_of_place_is_a_corpus(tmp_path):
    (tmp_path / "plays").mkdir()
    (tmp_path / "plays" / "b.txt").write_text("second play\n")
    (tmp_path / "plays" / "a.txt").write_text("first play\n")
    (tmp_path / "one.txt").write_text("a single text\n")
    pl.DataFrame({"text": ["row one", "row two"]}).write_parquet(tmp_path / "t.parquet")
    files = {
        "folder": "plays",
        "file": "one.txt",
        "pattern": "plays/*.txt",
        "table": "t.parquet",
        "code": "python:json",
    }
    samples = _card(tmp_path, files).read()
    assert samples.classes == tuple(files)
    assert samples.labels is not None
    assert samples.text is not None
    texts = {
        name: [samples.text(int(row)) for row in np.flatnonzero(samples.labels == k)]
        for k, name in enumerate(files)
    }
    assert texts["folder"] == texts["pattern"] == ["first play\n", "second play\n"]
    assert texts["table"] == ["row one", "row two"]
    assert any("def loads" in text for text in texts["code"])
    assert len(set(samples.sample_ids)) == len(samples.sample_ids)  # the same passage twice has two ids


def test_passages_hold_the_whole_text_and_end_at_lines_or_words():
    text = "".join(f"line number {k} of some\n" for k in range(50)) + "word " * 100
    found = passages_of(text, 90)
    assert "".join(found) == text
    assert all(90 <= len(one) < 120 for one in found[:-1])
    assert all(one.endswith(("\n", " ")) for one in found)
    assert passages_of("x" * 1000, 90)[0] == "x" * 90  # no end of a line or word is near


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("missing.txt", "corpus a: expected some text, got none in"),
        ("python:no_such_package", "expected an installed package no_such_package, got none"),
        ("latin.txt", "expected UTF-8 text in"),
    ],
)
def test_a_corpus_that_cannot_be_had_is_named(tmp_path, place, message):
    (tmp_path / "latin.txt").write_bytes("é".encode("latin-1"))
    with pytest.raises(DataError, match=message):
        _card(tmp_path, {"a": place}).read()


def test_learned_tokens_are_the_same_in_another_process():
    texts = [f"def of_{k % 7}(value): return value * {k}\n" for k in range(300)]
    here = Tokenizer(bpe=400).learned(texts)
    code = (
        "from seealike.sources.models.tokenizer import Tokenizer\n"
        "texts = [f'def of_{k % 7}(value): return value * {k}\\n' for k in range(300)]\n"
        "print(Tokenizer(bpe=400).learned(texts), end='')"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert there.stdout == here


def test_learned_tokens_give_the_text_back_in_fewer_tokens(tmp_path):
    from tokenizers import Tokenizer as Learner

    texts = ["so it is said, so it is done. " * 20]
    (tmp_path / "t.json").write_text(Tokenizer(bpe=300).learned(texts))
    tokens = Tokenizer(bpe=300).encode(tmp_path, tmp_path / "t.json")("so é said")
    assert len(tokens) < len("so é said".encode())
    assert Learner.from_file(str(tmp_path / "t.json")).decode(tokens) == "so é said"
