"""How the text of a network that a study trains becomes numbers: bytes, learned pairs of them, or a model's own way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self, TypeAlias

from pydantic import Field, model_validator

from seealike.data.identity import digest
from seealike.errors import MissingArtifact, needed
from seealike.sources.entry import Entry

#: Text -> its tokens.
Encode: TypeAlias = Callable[[str], list[int]]


class Tokenizer(Entry):
    """One of three ways; the text ``bytes`` (or neither key) means that every byte of UTF-8 is a token.

    Attributes:
        bpe: so many tokens: the 256 bytes, and pairs learned from the training texts, most frequent first (Sennrich et
            al. 2016, on bytes as in GPT-2).
        model: the tokenizer of this repository of the hub, or folder.
        revision: the repository's commit or tag.

    Example:
        >>> Tokenizer.model_validate("bytes").encode(Path(), None)("né")
        [110, 195, 169]
        >>> learned = Tokenizer(bpe=260).learned(["so so so", "so be it"])
        >>> Tokenizer(bpe=260).n_tokens, "Ġso" in learned
        (260, True)
    """

    bpe: int | None = Field(default=None, gt=256)
    model: str | None = None
    revision: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _plain_bytes(cls, value: object) -> object:
        return {} if value == "bytes" else value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.bpe and self.model:
            raise ValueError("expected `bytes`, {bpe: NUMBER} or {model: NAME, revision: …}")
        return self

    @property
    def n_tokens(self) -> int | None:
        """Size of the vocabulary; None where it takes the model's files to know."""
        return None if self.model else self.bpe or 256

    def said(self, root: Path, texts: str) -> list[object]:
        """What identifies it: what it learns from, or whose it is.

        Args:
            root: what a folder starts from.
            texts: digest of the training texts.
        """
        if self.model:
            return ["model", folder_or_revision(self.model, self.revision, root)]
        return ["bpe", self.bpe, texts] if self.bpe else ["bytes"]

    def learned(self, texts: Iterable[str]) -> str:
        """The pairs that these texts teach, as JSON of the library tokenizers; the same for the same texts."""
        with needed("tokenizers", "transformers", where="tokenizer"):
            from tokenizers import Tokenizer as Learner
            from tokenizers import decoders, models, pre_tokenizers, trainers
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        learner: Any = Learner(models.BPE())
        learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        learner.decoder = decoders.ByteLevel()
        assert self.bpe is not None
        learner.train_from_iterator(
            texts, trainers.BpeTrainer(vocab_size=self.bpe, initial_alphabet=alphabet, show_progress=False)
        )
        return learner.to_str()

    def encode(self, root: Path, file: Path | None) -> Encode:
        """Text -> tokens.

        Args:
            root: what a folder starts from.
            file: with what `learned` gave.

        Raises:
            MissingArtifact: that file is not there.
            SourceError: the repository cannot be had.
        """
        if self.model:
            return _of_model(self.model, self.revision, root)
        if not self.bpe:
            return lambda text: list(text.encode())
        if file is None or not file.is_file():
            raise MissingArtifact(
                where="tokenizer",
                expected="a learned vocabulary",
                got=f"no {file}",
                fix="Run: seealike train",
            )
        from tokenizers import Tokenizer as Learner

        learner: Any = Learner.from_file(str(file))
        return lambda text: learner.encode(text).ids


def folder_or_revision(name: str, revision: str | None, root: Path) -> list[object]:
    """What identifies a repository: its name and revision, or what is in the folder of that name.

    Example:
        >>> folder_or_revision("org/net", "1f", Path())
        ['org/net', '1f']
    """
    from seealike.data.digests import cached_file_digests

    folder = root / Path(name).expanduser()
    if not folder.is_dir():
        return [name, revision]
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in files]
    return [digest([names, cached_file_digests(files)])]


def _of_model(name: str, revision: str | None, root: Path) -> Encode:
    from seealike.sources.models.hub import from_hub
    from seealike.sources.models.vision import vision_library

    library = vision_library("transformers", where="tokenizer")
    folder = root / Path(name).expanduser()
    place = str(folder) if folder.is_dir() else name
    with from_hub("tokenizer", f"{name} at {revision}" if revision else name):
        found: Any = library.AutoTokenizer.from_pretrained(
            place, trust_remote_code=False, **({"revision": revision} if revision else {})
        )
    # Documents follow one another in training: no tokens that begin or end a text.
    return lambda text: found(text, add_special_tokens=False, verbose=False)["input_ids"]
