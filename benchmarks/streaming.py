"""What distances over all tokens cost beside extraction, and how much memory they take.

    python benchmarks/streaming.py [--images 96] [--batch 16] [--rounds 3] [--scale 3000] [--many 30000] [--no-write]

The network is timm's vit_base_patch16_224, untrained, read at 13 layers (the embedding and twelve blocks, 197 tokens ×
768); JPEG files of 500 × 375 are made in a temporary folder. Rounds alternate between

- extraction: files on disk to the first token of all 13 layers on disk;
- streaming: the same files in triples of a reference and two others, to four distances over all tokens of all layers.

The share is that of processor seconds, which other programs on the machine change less than wall clock. Peak memory
(Linux only) is that of a fresh process.

The second table replaces the network by a table of outputs of that shape, so that what is left is reading order,
holding, files and distances alone: processor seconds an image, and the peak memory above that of the start, for
triples, for references with 120 variants, and for objects of which all were compared with others at random.

The third table is whether time an image and memory depend on the number of images: a small vision transformer (17
tokens × 48, 13 layers) over so many PNG files of 32 × 32, and over a tenth of them.

All of it takes under ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from extraction import _cores, _peak, _photographs, _processor
from PIL import Image

from seealike.data.identity import FeatureKey, canonical
from seealike.extract import (
    LayerReadout,
    Pass,
    Reader,
    Reading,
    extract_together,
    pair_distances_of_layers,
)
from seealike.sources.datasets import DATASET_SOURCES
from seealike.sources.datasets.card import Samples
from seealike.sources.models import MODEL_SOURCES
from seealike.sources.models.card import Modality

RESULTS = Path(__file__).parent / "results" / "streaming.md"
LAYERS = ("norm_pre", *(f"blocks.{k}" for k in range(12)))
DISTANCES = ("rms", "cosine", "normalized_euclidean", "unit_channels")
SHAPE = (197, 768)
#: Images of the small network that are run without distances.
_PLAIN = 3000
EXTRACTION, STREAMING = "extraction of the first token", "distances over all tokens"


class Table:
    """Outputs of a vision transformer's shape, taken from a few that are there."""

    modality: Modality = "image"
    prefix_tokens: int | None = 1

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self._outputs = {layer: rng.standard_normal((16, *SHAPE), dtype=np.float32) for layer in LAYERS}

    def preprocess(self, image: Image.Image) -> np.ndarray:
        """Nothing."""
        return np.zeros((1, 1, 1), np.float32)

    def layers(self) -> list[Any]:
        """Not asked for."""
        return []

    def forward(self, batch: np.ndarray, layers: Any) -> dict[str, np.ndarray]:
        """The same for every batch."""
        return {layer: self._outputs[layer][: len(batch)] for layer in layers}


def main() -> None:
    """Parse, measure, print, write."""
    parser = argparse.ArgumentParser(description="Distances over all tokens beside extraction.")
    parser.add_argument("--images", type=int, default=96)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=int, default=3000, help="images of the second table")
    parser.add_argument("--many", type=int, default=30_000, help="images of the third table")
    parser.add_argument("--no-write", action="store_true")
    parser.add_argument("--folder", default="", help=argparse.SUPPRESS)
    parser.add_argument("--only", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        _alone(options)
        return
    with tempfile.TemporaryDirectory() as made:
        options.folder = str(Path(made) / "images")
        _photographs(Path(options.folder), options.images)
        report = [*_header(options), *_rounds(options), "", *_scaled(options), "", *_many(options)]
    report = "\n".join(report) + "\n"
    print(report)
    if not options.no_write:
        RESULTS.write_text(report, encoding="utf-8")


def _pairs(case: str, n: int) -> np.ndarray:
    """Which images are compared."""
    if case == "triples":
        first = np.arange(0, n - 2, 3)
        return np.stack([np.stack([first, first + k], axis=1) for k in (1, 2)], axis=1)
    if case == "variants":
        return np.array([[k - k % 121, k] for k in range(n) if k % 121])
    rng = np.random.default_rng(0)
    first = rng.integers(n, size=25 * n)
    return np.stack([first, (first + rng.integers(1, n, size=len(first))) % n], axis=1)


def _distances(reader: Reader, samples: Samples, case: str, options: argparse.Namespace, done: Any) -> None:
    readouts = [LayerReadout(layer, "tokens") for layer in LAYERS]
    pairs = {case: _pairs(case, len(samples.sample_ids))}
    with tempfile.TemporaryDirectory() as made:
        how = Pass(options.batch)
        found = pair_distances_of_layers(
            reader, samples, pairs, readouts, DISTANCES, how, scratch=Path(made), progress=done
        )
    if found.reasons:
        raise SystemExit(next(iter(found.reasons.values())))


def _extracted(reader: Reader, card: Any, samples: Samples, options: argparse.Namespace) -> None:
    text = canonical(card.preprocessing())
    keys = [FeatureKey(card.name, "", layer, "cls", text, "photographs", "", "all") for layer in LAYERS]
    with tempfile.TemporaryDirectory() as made:
        outputs = {Path(made) / f"{key.layer}.safetensors": key for key in keys}
        for ended in extract_together([Reading(reader, outputs, {})], samples, Pass(options.batch)):
            if ended.error:
                raise ended.error


def _opened(options: argparse.Namespace) -> tuple[Any, Reader, Samples]:
    entry = {"source": "timm", "model": "vit_base_patch16_224", "pretrained": False, "init_seed": 0}
    card = MODEL_SOURCES["timm"].model_validate({**entry, "name": "vit", "layer": LAYERS})
    folder = {"source": "image_folder", "name": "photographs", "path": options.folder}
    samples = DATASET_SOURCES["image_folder"].model_validate(folder).open(0)
    return card, Reader(card.load("cpu"), "vit"), samples


def _rounds(options: argparse.Namespace) -> list[str]:
    """Both, turn by turn."""
    card, reader, samples = _opened(options)
    jobs = {
        EXTRACTION: lambda: _extracted(reader, card, samples, options),
        STREAMING: lambda: _distances(reader, samples, "triples", options, lambda *_: None),
    }
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    walls: dict[str, list[float]] = {name: [] for name in jobs}
    for number in range(options.rounds + 1):
        for name, job in jobs.items():
            wall, began = time.perf_counter(), time.process_time()
            job()
            if number:  # the first round warms up
                spent[name].append(time.process_time() - began)
                walls[name].append(time.perf_counter() - wall)
    lines = [
        "| program | processor seconds an image | wall seconds an image | peak memory |",
        "|---|---|---|---|",
    ]
    for name in jobs:
        figures = [statistics.median(taken[name]) / options.images for taken in (spent, walls)]
        lines.append(f"| {name} | {figures[0]:.3f} | {figures[1]:.3f} | {_peak_of(name, options)} |")
    ratios = [ours / theirs for theirs, ours in zip(spent[EXTRACTION], spent[STREAMING], strict=True)]
    return [
        *lines,
        "",
        f"Streaming takes {statistics.median(ratios):.3f} of the processor time of extraction.",
    ]


def _scaled(options: argparse.Namespace) -> list[str]:
    """What is left without the network."""
    lines = [
        f"Without the network, {options.scale} images:",
        "",
        "| pairs | number of pairs | processor seconds an image | memory above the start |",
        "|---|---|---|---|",
    ]
    for case in ("triples", "variants", "at random"):
        n = options.scale if case != "at random" else options.scale // 4
        count = len(_pairs(case, n).reshape(-1, 2))
        done = subprocess.run(
            _command(case, options), capture_output=True, text=True, check=True
        ).stdout.split()
        lines.append(
            f"| {case}, {n} images | {count} | {float(done[0]) / n:.4f} | {int(done[1]) >> 20} MiB |"
        )
    return lines


def _many(options: argparse.Namespace) -> list[str]:
    """Whether time an image and memory grow with the number of images."""
    folder = Path(options.folder).parent / "small"
    _small_files(folder, options.many)
    lines = [
        "A small vision transformer (17 tokens × 48, 13 layers):",
        "",
        "| pairs | images | processor milliseconds an image | of them without distances | memory above the start |",
        "|---|---|---|---|---|",
    ]
    for case in ("triples", "variants"):
        for n in (options.many // 10, options.many):
            command = [*_command(f"small {case}", options), f"--folder={folder}", f"--many={n}"]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            whole, plain = 1000 * float(said[0]) / n, 1000 * float(said[1]) / min(n, _PLAIN)
            lines.append(f"| {case} | {n} | {whole:.2f} | {plain:.2f} | {int(said[2]) >> 20} MiB |")
    return lines


def _small_files(folder: Path, n: int) -> None:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for k in range(n):
        pixels = rng.integers(0, 255, size=(8, 8, 3), dtype=np.uint8).repeat(4, axis=0).repeat(4, axis=1)
        Image.fromarray(pixels).save(folder / f"{k:06d}.png", compress_level=1)


def _small(options: argparse.Namespace) -> tuple[Reader, Samples]:
    arguments = {"img_size": 32, "patch_size": 8, "embed_dim": 48, "num_heads": 3}
    entry = {"source": "timm", "model": "vit_tiny_patch16_224", "pretrained": False, "input": {"size": 32}}
    card = MODEL_SOURCES["timm"].model_validate(
        {**entry, "arguments": arguments, "name": "small", "layer": LAYERS}
    )
    folder = {"source": "image_folder", "name": "small", "path": options.folder}
    samples = DATASET_SOURCES["image_folder"].model_validate(folder).open(0)
    return Reader(card.load("cpu"), "small"), samples.rows(np.arange(options.many))


def _command(only: str, options: argparse.Namespace) -> list[str]:
    sizes = [f"--{key}={getattr(options, key)}" for key in ("images", "batch", "scale", "folder")]
    return [sys.executable, __file__, *sizes, "--only", only]


def _peak_of(name: str, options: argparse.Namespace) -> str:
    done = subprocess.run(_command(name, options), capture_output=True, text=True, check=True)
    return f"{int(done.stdout.split()[-1]) >> 20} MiB"


def _alone(options: argparse.Namespace) -> None:
    """One program in a process of its own: prints seconds and bytes."""
    if options.only in (EXTRACTION, STREAMING):
        card, reader, samples = _opened(options)
        if options.only == EXTRACTION:
            _extracted(reader, card, samples, options)
        else:
            _distances(reader, samples, "triples", options, lambda *_: None)
        print(_peak())
        return
    if options.only.startswith("small "):
        _alone_small(options)
        return
    n = options.scale if options.only != "at random" else options.scale // 4
    blank = Image.new("L", (1, 1))
    samples = Samples(tuple(map(str, range(n))), lambda _: blank, None, (), "ab")
    reader, before = Reader(Table(), "table"), _peak()
    began = time.process_time()
    _distances(reader, samples, options.only, options, lambda *_: None)
    print(time.process_time() - began, _peak() - before)


def _alone_small(options: argparse.Namespace) -> None:
    """Seconds with distances over all tokens, seconds of the network and files alone, and bytes above the start."""
    reader, samples = _small(options)
    reader.outputs(np.zeros((options.batch, 3, 32, 32), np.float32), LAYERS)
    before, began = _peak(), time.process_time()
    _distances(reader, samples, options.only.removeprefix("small "), options, lambda *_: None)
    spent, above = time.process_time() - began, _peak() - before
    began = time.process_time()
    some = min(len(samples.sample_ids), _PLAIN)
    for start in range(0, some, options.batch):
        rows = range(start, min(start + options.batch, some))
        assert samples.image is not None
        images = [reader.model.preprocess(samples.image(row)) for row in rows]
        reader.outputs(np.stack([np.asarray(image) for image in images]), LAYERS)
    print(spent, time.process_time() - began, above)


def _header(options: argparse.Namespace) -> list[str]:
    return [
        "# Distances over all tokens",
        "",
        f"`python benchmarks/streaming.py` with {options.images} JPEG files, batches of {options.batch}, "
        f"{options.rounds} alternating rounds, medians; vit_base_patch16_224 at 13 layers, {', '.join(DISTANCES)}.",
        "",
        f"{_processor()}, {_cores()} cores, load {_load()}.",
        "",
    ]


def _load() -> str:
    return Path("/proc/loadavg").read_text(encoding="utf-8").split()[0]


if __name__ == "__main__":
    main()
