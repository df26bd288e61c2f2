"""A language model that a study trains itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from seealike.sources.models.card import LoadedModel
from seealike.sources.models.tokenizer import Encode, Tokenizer
from seealike.sources.models.trained import TrainedCard


class TrainedLanguageCard(TrainedCard):
    """A trained network of texts.

    Attributes:
        tokenizer: how texts become numbers.
        texts: digest of the texts that all networks of its experiment are trained on parts of.
        block: tokens that are read at most; longer texts are cut.
    """

    tokenizer: Tokenizer
    texts: str
    block: int

    @property
    def vocabulary(self) -> Path | None:
        """The file with what the tokenizer has learned, if it learns."""
        return self.weights.with_name("tokenizer.json") if self.tokenizer.bpe else None

    def preprocessing(self) -> dict[str, object]:
        """The tokenizer, and where texts are cut."""
        said = self.tokenizer.said(self.root, self.texts)
        return {"input": "tokens", "tokenizer": said, "max_tokens": self.block}

    def load(self, device: str) -> LoadedModel:
        """The trained network and its tokenizer.

        Raises:
            MissingArtifact: it is not trained.
            SourceError: a file does not fit.
        """
        from seealike.sources.models.hooks import TorchModel

        encode = self.tokenizer.encode(self.root, self.vocabulary)
        block = self.block

        def preprocess(text: str) -> np.ndarray:
            return tokens_of(text, encode, block)

        return TorchModel(self.name, self.trained(), preprocess, device, modality="text", call=_call)


def tokens_of(text: str, encode: Encode, most: int) -> np.ndarray:
    """(n_tokens,) int64, the first `most` of a text.

    Example:
        >>> tokens_of("see", lambda text: list(text.encode()), 2).tolist()
        [115, 101]
    """
    return np.asarray(encode(text)[:most], dtype=np.int64)


def _call(module: Any, tokens: Any) -> object:
    # Padding stands behind a text, and no token of a language model sees what is behind it.
    return module(tokens.clamp(min=0))
