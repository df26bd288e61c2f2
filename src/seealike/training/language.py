"""The task of a language model: the next token, on windows of the chunks of a text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from seealike.errors import DataError
from seealike.sources.models.vision import vision_library

#: Behind the end of the shorter texts of a batch.
_NO_TOKEN = -1


class NextToken:
    """Cross-entropy of the next token; every window is drawn anew: a chunk, then a place in it.

    Args:
        module: token ids (n, block) -> an object with `logits` (n, block, vocabulary), as language models of
            transformers give it.
        tokens: (n_tokens,) ids of the whole text; a memory map will do.
        chunks: (start, stop) of the parts that may be read, as `seealike.overlap.split_chunks` gives them.
        block: tokens of a window.
        batch_size: windows of a batch.
        n_batches: of what counts as an epoch.

    Raises:
        DataError: a chunk shorter than a window and the token after it.

    Example:
        >>> class Bigram(nn.Embedding):
        ...     def forward(self, ids):
        ...         return type("Out", (), {"logits": super(Bigram, self).forward(ids)})
        >>> task = NextToken(Bigram(5, 5), np.arange(100) % 5, [(0, 50)], block=8, batch_size=3)
        >>> (batch,) = task.batches(0, torch.Generator().manual_seed(0))
        >>> batch.shape, task.loss(task.module, batch).shape
        (torch.Size([3, 9]), torch.Size([]))
    """

    def __init__(
        self,
        module: nn.Module,
        tokens: np.ndarray,
        chunks: Sequence[tuple[int, int]],
        *,
        block: int,
        batch_size: int,
        n_batches: int = 1,
    ) -> None:
        shortest = min((stop - start for start, stop in chunks), default=0)
        if shortest <= block:
            raise DataError(
                where="chunks",
                expected=f"chunks of more than {block} tokens, a window and what follows it",
                got=f"one of {shortest}",
                fix="Cut the text into fewer chunks, or read shorter windows.",
            )
        self.module, self.n_batches = module, n_batches
        self._tokens, self._chunks, self._block, self._size = tokens, chunks, block, batch_size

    def batches(self, epoch: int, generator: torch.Generator) -> Iterator[Tensor]:
        """Windows with the token that follows them, (batch_size, block + 1) int64."""
        del epoch
        bounds = torch.tensor(self._chunks)
        for _ in range(self.n_batches):
            chosen = bounds[torch.randint(len(bounds), (self._size,), generator=generator)]
            room = chosen[:, 1] - chosen[:, 0] - self._block
            share = torch.rand(self._size, generator=generator, dtype=torch.float64)
            starts = chosen[:, 0] + (share * room).long()
            windows = [np.asarray(self._tokens[s : s + self._block + 1]) for s in starts.tolist()]
            yield torch.from_numpy(np.stack(windows).astype(np.int64))

    def loss(self, module: nn.Module, batch: Tensor) -> Tensor:
        """Mean cross-entropy over the tokens of the windows, in nats."""
        logits = module(batch[:, :-1]).logits
        return functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())


def next_token_errors(
    module: nn.Module, texts: Sequence[np.ndarray], *, batch_size: int, device: str = "cpu"
) -> tuple[float, float, int]:
    """How well a network tells the next token of whole texts.

    Args:
        module: as of `NextToken`, on the device.
        texts: token ids of each, (n_tokens,); those of one token say nothing.
        batch_size: texts of a forward pass.
        device: of torch.

    Returns:
        The mean cross-entropy in nats, the share of tokens that it deems likeliest, and of how many tokens.

    Example:
        >>> class Same(nn.Module):
        ...     def forward(self, ids):
        ...         return type("Out", (), {"logits": 50 * functional.one_hot(ids, 5).float()})
        >>> loss, accuracy, n = next_token_errors(Same(), [np.array([3, 3, 3]), np.array([1, 1])], batch_size=2)
        >>> round(loss, 3), accuracy, n
        (0.0, 1.0, 3)
    """
    loss, right, n = 0.0, 0, 0
    told = [text for text in texts if len(text) > 1]
    for start in range(0, len(told), batch_size):
        rows = [torch.as_tensor(text, dtype=torch.int64) for text in told[start : start + batch_size]]
        tokens = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=_NO_TOKEN).to(device)
        with torch.no_grad():
            logits = module(tokens[:, :-1].clamp(min=0)).logits.float().flatten(0, 1)
        wanted = tokens[:, 1:].flatten()
        loss += functional.cross_entropy(logits, wanted, ignore_index=_NO_TOKEN, reduction="sum").item()
        right += int((logits.argmax(1) == wanted).sum())
        n += int((wanted != _NO_TOKEN).sum())
    return loss / max(1, n), right / max(1, n), n


def small_gpt(
    vocabulary: int, block: int, *, layers: int = 6, heads: int = 6, width: int = 384, dropout: float = 0.2
) -> nn.Module:
    """An untrained GPT-2 of transformers (Radford et al. 2019); draws from torch's generator (see `drawing_from`).

    Layers to read: ``transformer.h.0`` …, ``transformer.ln_f``. nanoGPT's networks differ in that they have no biases.

    Args:
        vocabulary: how many different tokens there are.
        block: tokens that it reads at most.
        layers: blocks.
        heads: attention heads; divides `width`.
        width: of the tokens.
        dropout: everywhere.

    Raises:
        MissingDependency: transformers is not installed.
    """
    transformers = vision_library("transformers", where="small_gpt")
    config = transformers.GPT2Config(
        vocab_size=vocabulary,
        n_positions=block,
        n_layer=layers,
        n_head=heads,
        n_embd=width,
        resid_pdrop=dropout,
        embd_pdrop=dropout,
        attn_pdrop=dropout,
        bos_token_id=0,
        eos_token_id=0,
        use_cache=False,
    )
    return transformers.GPT2LMHeadModel(config)
