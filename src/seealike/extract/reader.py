"""A loaded model that reads batches: forward pass, pooling, checks, and smaller batches where memory runs out."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seealike.data.identity import FeatureKey
from seealike.errors import NonFiniteError, OutOfMemory
from seealike.extract.pooling import pool
from seealike.sources.models.card import LoadedModel


class Reader:
    """A model and the largest batch that is known to fit into memory beside it.

    Use one reader for all datasets of a model, so that the size is searched once.

    Args:
        model: loaded.
        name: for error messages.

    Attributes:
        largest: samples that a forward pass takes at most; None as long as memory has never run out.
    """

    def __init__(self, model: LoadedModel, name: str) -> None:
        self.model, self.name = model, name
        self.largest: int | None = None

    def read(
        self, batch: np.ndarray, keys: Sequence[FeatureKey], sample_ids: Sequence[str]
    ) -> list[np.ndarray]:
        """The pooled rows of a batch for every key (n, n_dims), float32.

        Where memory runs out the batch is halved, and halved again; what fits is remembered.

        Raises:
            OutOfMemory: even one sample does not fit.
            NonFiniteError: NaN or infinity (of which sample).
            DataError, SpecError: the layer or the pooling rule does not fit.
        """
        return self._joined(len(batch), lambda part: self._read(batch[part], keys, sample_ids[part]))

    def outputs(self, batch: np.ndarray, layers: Sequence[str]) -> dict[str, np.ndarray]:
        """What the layers give for a batch, as it comes: float32, (n, …). Do not write to it.

        Where memory runs out, as for `read`.

        Raises:
            OutOfMemory: even one sample does not fit.
            DataError, SpecError: no such layer, or one that cannot be read.
        """

        def run(part: slice) -> list[np.ndarray]:
            given = self.model.forward(batch[part], layers)
            return [given[layer] for layer in layers]

        return dict(zip(layers, self._joined(len(batch), run), strict=True))

    def _joined(self, size: int, run: Callable[[slice], list[np.ndarray]]) -> list[np.ndarray]:
        """What `run` gives for a whole batch, in as large parts as memory allows."""
        parts: list[list[np.ndarray]] = []
        start = 0
        while start < size:
            stop = min(start + (self.largest or size), size)
            try:
                parts.append(run(slice(start, stop)))
            except OutOfMemory as error:
                self._halve(stop - start, error)
                continue
            start = stop
        return [one[0] if len(one) == 1 else np.concatenate(one) for one in zip(*parts, strict=True)]

    def _read(
        self, batch: np.ndarray, keys: Sequence[FeatureKey], sample_ids: Sequence[str]
    ) -> list[np.ndarray]:
        values = self.model.forward(batch, list(dict.fromkeys(key.layer for key in keys)))
        rows = []
        for key in keys:
            where = f"model {key.model}, layer {key.layer}"
            pooled = pool(values[key.layer], key.pooling, where=where, **self._tokens(batch, key))
            _check(pooled, key, sample_ids)
            # A view (of the first token, say) would keep the whole output in memory.
            rows.append(pooled.astype(np.float32, copy=pooled.base is not None))
        return rows

    def _tokens(self, batch: np.ndarray, key: FeatureKey) -> dict[str, Any]:
        """What pooling must know of the tokens: those that are padding, those that are no patches."""
        known = {"mask": batch >= 0} if self.model.modality == "text" else {}
        prefix = self.model.prefix_tokens if key.prefix_tokens is None else key.prefix_tokens
        return known if prefix is None else {**known, "prefix_tokens": prefix}

    def _halve(self, size: int, error: OutOfMemory) -> None:
        if size == 1:
            raise OutOfMemory(
                where=f"model {self.name}",
                expected="room for a forward pass of one sample",
                got=error.got,
                fix="Set models_per_pass: 1, read fewer layers at once, or use a device with more memory.",
            ) from error
        self.largest = size // 2
        error.__traceback__ = None  # it holds the tensors of the pass that did not fit
        gc.collect()
        if "torch" in sys.modules and sys.modules["torch"].cuda.is_available():
            sys.modules["torch"].cuda.empty_cache()


def _check(values: np.ndarray, key: FeatureKey, sample_ids: Sequence[str]) -> None:
    if np.isfinite(values).all():
        return
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    raise NonFiniteError(
        where=f"model {key.model}, layer {key.layer}, dataset {key.dataset}",
        expected="finite features",
        got=f"NaN or infinity for {sample_ids[int(bad[0])]} ({bad.size} of {len(values)} rows of its batch)",
        fix="Check the weights, the input rule and that sample"
        + ("." if key.precision == "float32" else ", or set autocast: none."),
    )
