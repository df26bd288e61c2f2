"""The command show-model: the layers of one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seealike.catalogue import MODELS
from seealike.cli.show import tabs
from seealike.cli.tree import lines
from seealike.errors import SeealikeError, SpecError, UnknownName, clauses, suggestion
from seealike.extract.pooling import fitting
from seealike.sources.models import MODEL_SOURCES, ModelCard
from seealike.sources.models.layers import Layer, resolve
from seealike.study.parse import read_studies

_SHAPES = {1: "row", 2: "tokens", 3: "maps", 4: "volumes"}
_BY_NAME = ("timm", "torchvision", "open_clip")
_HOW = """
Full names join the parts with dots: {}. Piped, all are in full.
layer: NAME, [NAME, …], "blocks.*", "all" or {{match: "blocks.*", depth: [0.5]}}"""


def show(model: str, study: Path | None, values: Mapping[str, str]) -> int:
    """The layers of one model with the shape of a sample's output and the pooling rules that fit it."""
    card = _card(model, study, values)
    loaded = card.load("cpu")
    known = loaded.layers()
    prefix = loaded.prefix_tokens if card.prefix_tokens is None else card.prefix_tokens
    padded = loaded.modality == "text"
    rules = {
        one.name: list(fitting(one.shape, prefix_tokens=prefix, padded=padded))
        for one in known
        if one.shape is not None
    }
    out = Console(highlight=False)
    if not out.is_terminal:
        cells = [[one.name, one.kind, _output(one), str(one.calls)] for one in known]
        joined = [[*row, " | ".join(rules.get(row[0], ()))] for row in cells]
        return tabs(["layer", "kind", "output", "calls", "pooling"], joined)
    read, mistake = _read(card, known) if study else ((), "")
    out.print(_tree(known, dict.fromkeys(read, f"← read ({card.pooling})")))
    out.print()
    out.print(_legend(known, rules, prefix))
    out.print(Text(_HOW.format(max(rules, key=lambda name: name.count("."), default="")), "dim"))
    if mistake:
        out.print(Text(mistake, "yellow"))
    return 0


def _read(card: ModelCard, known: Sequence[Layer]) -> tuple[Sequence[str], str]:
    """The layers that the card means, or the mistake in them: whoever made it came here to look them up."""
    try:
        return resolve(card.layer, known, where=f"model {card.name}"), ""
    except SeealikeError as error:
        return (), str(error)


def _output(layer: Layer, rows: str = "n × ") -> str:
    if layer.shape is None:
        return f"({layer.problem})"
    return rows + " × ".join("?" if size < 0 else str(size) for size in layer.shape)


def _tree(known: Sequence[Layer], notes: Mapping[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("layer", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("output", overflow="fold")
    table.add_column("")
    for depth, label, layer, alike in lines(known, notes):
        name = Text("  " * depth + label, "dim" if alike or layer is None else "")
        if layer is None:
            table.add_row(name)
            continue
        style = "dim" if alike or layer.shape is None else ""
        what = (
            Text(f"like {alike}", "dim") if alike else Text(_SHAPES.get(len(layer.shape or ()), ""), "cyan")
        )
        note = Text(f"  {notes[layer.name]}" if layer.name in notes else "", "green")
        table.add_row(name, Text(layer.kind, style), Text(_output(layer, rows=""), style), what + note)
    return table


def _legend(known: Sequence[Layer], rules: Mapping[str, Sequence[str]], prefix: int | None) -> Table:
    """For every kind of output all rules that fit one of its layers."""
    table = Table(box=None, pad_edge=False, show_header=False)
    fits: dict[int, Sequence[str]] = {}
    for layer in known:
        if layer.shape is not None:
            axes = len(layer.shape)
            fits[axes] = max(fits.get(axes, ()), rules[layer.name], key=len)
    for axes, names in sorted(fits.items()):
        known_prefix = "with prefix_tokens: patch_mean" if prefix is None else f"prefix_tokens: {prefix}"
        before = known_prefix if axes == 2 else ""
        table.add_row(Text(_SHAPES.get(axes, f"{axes} axes"), "cyan"), " | ".join(names), Text(before, "dim"))
    return table


def _card(model: str, study: Path | None, values: Mapping[str, str]) -> ModelCard:
    """The card of a model that is named; outside a study without weights, since layers need none."""
    if study is not None:
        return _of_study(model, study, values)
    if model.endswith(".onnx"):
        return _made({"source": "onnx", "file": model}, model)
    source, colon, name = model.partition(":")
    if colon and source in _BY_NAME:
        return _made({"source": source, "model": name}, name)
    known = {entry.id: entry.card for entry in MODELS.entries()}
    if model in known:
        return _made(known[model], model)
    near = suggestion(model, known)
    raise UnknownName(
        where="show-model",
        expected="a model of the catalogue, an .onnx file, timm:NAME, torchvision:NAME, open_clip:NAME, "
        "or a name of a study with --study",
        got=repr(model),
        fix=near if near.startswith("Did") else "List the catalogue: seealike list models.",
    )


def _made(entry: Mapping[str, Any], name: str) -> ModelCard:
    kind = MODEL_SOURCES[str(entry["source"])]
    untrained = {"pretrained": False} if "pretrained" in kind.model_fields else {}
    try:
        return kind.model_validate({"layer": "?", **entry, **untrained, "name": name})
    except ValidationError as error:
        expected, got = clauses(error.errors()[0])
        raise SpecError(
            where=f"show-model {name}", expected=expected, got=got, fix="Show it with --study."
        ) from error


def _of_study(model: str, study: Path, values: Mapping[str, str]) -> ModelCard:
    cards = {card.name: card for one in read_studies(study, values) for card in one.models}
    if model not in cards:
        raise UnknownName(
            where=str(study), expected="a model of the study", got=repr(model), fix=suggestion(model, cards)
        )
    return cards[model]
