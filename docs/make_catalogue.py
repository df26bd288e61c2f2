"""Write the lower part of docs/catalogue.md, what the catalogue's files say; the upper part is written by hand.

python docs/make_catalogue.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from seealike.catalogue import DATASETS, MODELS, Catalogue, DatasetEntry, ModelEntry

E = TypeVar("E", ModelEntry, DatasetEntry)

PAGE = Path(__file__).with_name("catalogue.md")
MARK = (
    "<!-- From here on the page is made by docs/make_catalogue.py: edit src/seealike/catalogue/ instead. -->"
)
FOLDER = "../src/seealike/catalogue"


def page(written: str) -> str:
    """The whole page: what is written by hand up to the mark, then all models and datasets."""
    by_hand = written.partition(MARK)[0]
    return by_hand + "\n".join([MARK, *_lists(), *_models(), *_corrections(), *_datasets()]) + "\n"


def _lists() -> Iterator[str]:
    yield from ("", "## Lists", "", "| list | of | entries |", "|---|---|---|")
    for catalogue in (MODELS, DATASETS):
        for name, count in catalogue.lists().items():
            yield f"| `{name}` | {catalogue.kind} | {count} |"


def _models() -> Iterator[str]:
    heads = (
        "name",
        "weights",
        "read at",
        "width",
        "parameters",
        "trained for",
        "architecture",
        "trained on",
        "licence",
    )
    return _families(MODELS, heads, _model)


def _datasets() -> Iterator[str]:
    heads = "name", "what it is", "domain", "classes", "samples", "used", "rule", "folder"
    return _families(DATASETS, heads, _dataset)


def _families(catalogue: Catalogue[E], heads: Sequence[str], row: Callable[[E], str]) -> Iterator[str]:
    """A table a family, and under it what is to be known of its entries."""
    entries = catalogue.entries()
    yield from ("", f"## {catalogue.kind.title()} ({len(entries)})")
    for family, some in groupby(entries, key=lambda entry: entry.family):
        yield from ("", f"### {family}", "", f"[{family}.toml]({FOLDER}/{catalogue.kind}/{family}.toml)", "")
        yield _row(heads)
        yield f"|{'---|' * len(heads)}"
        chosen = list(some)
        yield from map(row, chosen)
        yield from _remarks(chosen)


def _model(entry: ModelEntry) -> str:
    card = entry.card
    reading = f"`{card['layer']}`, {card.get('pooling', 'none')}"
    trained = f"{entry.training_data} ({entry.training_class})"
    objective = f"{entry.objective}, {entry.method}" if entry.method else entry.objective
    doubt = "" if entry.verified else " ?"
    columns = [f"`{entry.id}`{doubt}", _weights(card), reading, str(entry.width), f"{entry.parameters:,}"]
    return _row([*columns, objective, entry.architecture, trained, entry.licence or ""])


def _weights(card: dict[str, object]) -> str:
    """The source and what it is asked for; an address is its last telling part."""
    if "weights_url" in card:
        return f"{card['source']} `{card['network']}`, [file]({card['weights_url']})"
    tag = (
        card.get("pretrained") or card.get("weights")
        if card["source"] in ("open_clip", "torchvision")
        else ""
    )
    untrained = ", untrained" if card.get("pretrained") is False else ""
    return f"{card['source']} `{card['model']}`" + (f" `{tag}`" if tag else "") + untrained


def _remarks(entries: Iterable[ModelEntry | DatasetEntry]) -> Iterator[str]:
    """What is doubted or to be known, once for all entries of which it is said."""
    said: dict[str, list[str]] = {}
    for entry in entries:
        for text in filter(None, (f"?: {entry.doubt}." if entry.doubt else "", entry.note)):
            said.setdefault(text, []).append(f"`{entry.id}`")
    if said:
        yield ""
    everything = len({name for names in said.values() for name in names})
    for text, names in said.items():
        who = "all of them" if len(names) == everything > 3 else ", ".join(names)
        yield f"- {who}: {text}"


def _corrections() -> Iterator[str]:
    """Where a published study's words differ from ours."""
    yield from ("", "## Published labels that differ", "")
    yield "Sizes differ in most models: the study counts heads that are not read, and text towers of CLIP models;"
    yield "in this table stand the other differences. `as: published` takes all of them, the sizes too."
    yield from ("", "| name | label | published | here |", "|---|---|---|---|")
    for entry in MODELS.entries():
        if entry.published is None:
            continue
        for name, theirs in entry.published:
            if name == "model" and theirs:
                yield _row([f"`{entry.id}`", "weights", f"`{theirs}`", f"`{entry.card['model']}`"])
            elif name == "card" and theirs:
                ours = {key: entry.card.get(key, "none") for key in theirs}
                yield _row([f"`{entry.id}`", "reading", _said(theirs), _said(ours)])
            elif theirs and name not in ("model", "card", "parameters"):
                yield _row([f"`{entry.id}`", name.replace("_", " "), str(theirs), str(getattr(entry, name))])


def _said(reading: dict[str, object]) -> str:
    return ", ".join(f"{key} `{value}`" for key, value in reading.items())


def _dataset(entry: DatasetEntry) -> str:
    subset = entry.card.get("subset", {})
    rule = f"{subset['per_class']} a class" if subset else "all"
    used = (f"{entry.n_used:,}" if entry.n_used else "") + (" (estimated)" if entry.estimated else "")
    samples = f"{entry.n_samples:,}" if entry.n_samples else ""
    columns = [f"`{entry.id}`", entry.title, entry.domain, str(entry.n_classes), samples, used, rule]
    return _row([*columns, f"[{entry.folder}]({entry.address})" if entry.address else entry.folder])


def _row(columns: Sequence[str]) -> str:
    return f"| {' | '.join(columns)} |"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
