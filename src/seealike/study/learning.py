"""What the networks of an experiment learn from and are tested on, prepared once for all of them."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol, TypeAlias

import numpy as np
from torch import nn

from seealike.data.atomic import write_atomically
from seealike.overlap.designs import Side
from seealike.sources.datasets.card import Samples
from seealike.sources.models.tokenizer import Encode
from seealike.sources.models.trained_texts import TrainedLanguageCard, tokens_of
from seealike.study.cause_entries import ClassifierEntry, DiffusionEntry, LanguageEntry
from seealike.study.overlap_runs import OpenedCause, Training, chunks_of
from seealike.training import Task
from seealike.training.classification import ImageClassification, ImagePool
from seealike.training.corpora import TokenPool
from seealike.training.diffusion import NoisePrediction
from seealike.training.language import NextToken, next_token_errors

#: Metric, its value, and of how many samples (or tokens).
Tested: TypeAlias = tuple[str, float, int]


class Learning(Protocol):
    """The data of one experiment."""

    def task(self, one: Training, module: nn.Module) -> Task:
        """What a network is trained on."""
        ...

    def tested(self, one: Training, module: nn.Module, device: str) -> list[Tested]:
        """How the trained network does on the test samples of what it has learned; nothing where there are none."""
        ...


def learning_of(cause: OpenedCause, test: Samples) -> Learning:
    """The data of an experiment; read when first asked for.

    Args:
        cause: with its training samples.
        test: what evaluates.
    """
    kind = {ClassifierEntry: Classes, LanguageEntry: Texts, DiffusionEntry: Noise}[type(cause.cause.entry)]
    return kind(cause, test)


class _Images:
    """Images of training and test samples."""

    def __init__(self, cause: OpenedCause, test: Samples) -> None:
        assert cause.samples is not None
        self._train, self._test = cause.samples, test
        entry = cause.cause.entry
        assert isinstance(entry, ClassifierEntry | DiffusionEntry)
        self._entry = entry

    @cached_property
    def _pool(self) -> ImagePool:
        return ImagePool.of(self._train, self._entry.input)

    @cached_property
    def _held(self) -> ImagePool:
        return ImagePool.of(self._test, self._entry.input)


class Classes(_Images):
    """Images and their classes."""

    def task(self, one: Training, module: nn.Module) -> Task:
        """Cross-entropy on the images of its side."""
        entry = self._entry
        assert isinstance(entry, ClassifierEntry)
        return ImageClassification(
            module,
            self._pool,
            one.side.rows,
            one.side.labels,
            one.recipe.batch_size,
            augmentation=entry.augmentation,
            label_smoothing=entry.label_smoothing,
        )

    def tested(self, one: Training, module: nn.Module, device: str) -> list[Tested]:
        """Cross-entropy and accuracy on the test images of its classes."""
        rows, labels = _known(self._test, one.side)
        if not len(rows):
            return []
        task = ImageClassification(module, self._held, rows, labels, one.recipe.batch_size)
        loss, accuracy = task.errors(module, device=device)
        return [("accuracy", accuracy, len(rows)), ("loss", loss, len(rows))]


class Noise(_Images):
    """Images, their classes and noise."""

    def task(self, one: Training, module: nn.Module) -> Task:
        """Squared error of the noise on the images of its side."""
        return self._predicted(one, module, self._pool, (one.side.rows, one.side.labels))

    def tested(self, one: Training, module: nn.Module, device: str) -> list[Tested]:
        """The same on the test images of its classes, all of them told."""
        known = _known(self._test, one.side)
        if not len(known[0]):
            return []
        task = self._predicted(one, module, self._held, known, drop=0.0)
        return [("loss", task.error(module, device=device), len(known[0]))]

    def _predicted(
        self,
        one: Training,
        module: nn.Module,
        pool: ImagePool,
        known: tuple[np.ndarray, np.ndarray],
        drop: float | None = None,
    ) -> NoisePrediction:
        entry = self._entry
        assert isinstance(entry, DiffusionEntry)
        return NoisePrediction(
            module,
            pool,
            *known,
            one.recipe.batch_size,
            null_class=len(one.side.classes),
            drop=entry.drop if drop is None else drop,
            steps=entry.noise.steps,
        )


class Texts:
    """Chunks of corpora as tokens, and test passages."""

    def __init__(self, cause: OpenedCause, test: Samples) -> None:
        assert cause.samples is not None
        assert isinstance(cause.cause.entry, LanguageEntry)
        self._train, self._test, self._entry = cause.samples, test, cause.cause.entry
        self._root = cause.cause.root
        self._encode: Encode | None = None

    def task(self, one: Training, module: nn.Module) -> Task:
        """Cross-entropy of the next token in the chunks of its side; leaves what the tokenizer has learned."""
        encode, size = self._encoder(one), self._entry.block
        chunks = [self._pool(encode).bounds[k] for k in one.side.rows]
        windows = sum(stop - start for start, stop in chunks) // size
        return NextToken(
            module,
            self._pool(encode).tokens,
            chunks,
            block=size,
            batch_size=one.recipe.batch_size,
            n_batches=max(1, windows // one.recipe.batch_size),
        )

    def tested(self, one: Training, module: nn.Module, device: str) -> list[Tested]:
        """The same, and the share of tokens told right, on the test passages of its corpora."""
        rows, _ = _known(self._test, one.side)
        text, encode = self._test.items("text"), self._encoder(one)
        tokens = [tokens_of(str(text(int(row))), encode, self._entry.block + 1) for row in rows]
        loss, accuracy, n = next_token_errors(module, tokens, batch_size=one.recipe.batch_size, device=device)
        return [("accuracy", accuracy, n), ("loss", loss, n)] if n else []

    def _encoder(self, one: Training) -> Encode:
        """The tokenizer, which learns before the first network does; its file lies beside every network's weights."""
        assert isinstance(one.card, TrainedLanguageCard)
        file = one.card.vocabulary
        if file is not None and not file.is_file():
            learned = self._learned
            write_atomically(file, lambda path: path.write_text(learned, encoding="utf-8"))
        if self._encode is None:
            self._encode = self._entry.reads.encode(self._root, file)
        return self._encode

    @cached_property
    def _learned(self) -> str:
        return self._entry.reads.learned(self._passages)

    @cached_property
    def _passages(self) -> list[str]:
        text = self._train.items("text")
        return [str(text(row)) for row in range(len(self._train.sample_ids))]

    def _pool(self, encode: Encode) -> TokenPool:
        if "_tokens" not in vars(self):
            chunks = chunks_of(self._train, self._entry.chunks)[0]
            self._tokens = TokenPool.of(self._passages, chunks, encode)
        return self._tokens


def _known(test: Samples, side: Side) -> tuple[np.ndarray, np.ndarray]:
    """Rows of test samples of the classes that a side has, and their numbers there."""
    assert test.labels is not None
    rows = np.flatnonzero(np.isin(test.labels, list(side.numbers)))
    return rows, np.array([side.numbers[int(one)] for one in test.labels[rows]], dtype=np.int64)
