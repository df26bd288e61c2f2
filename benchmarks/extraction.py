"""Extraction against the bare forward pass, and against thingsvision's extractor, images per second.

    python benchmarks/extraction.py [--models resnet50 vit_base_patch16_224] [--images 128] [--batch 32]
                                    [--rounds 5] [--device cpu] [--peers FOLDER] [--no-write]

JPEG files (500 × 375, as ImageNet's are on average) are made in a temporary folder; the networks are timm's, untrained.
Rounds alternate between

- bare: the network on batches that are in memory already; nothing is read, nothing is kept;
- seealike: files on disk to features on disk - reading, decoding, the model's own preprocessing, the
  forward pass with a layer read, pooling, checks, shards, and their joining;
- seealike, four models: as before with four models in one pass (each image is decoded once), images × models a second;
- thingsvision, where it is installed (2.7.3), with its own loader and with torch's DataLoader in as many
  processes as there are cores: files on disk to an array in memory.

thingsvision's `__init__` wants TensorFlow and model hubs; its torch extractor is imported below an empty package in
the place of that `__init__`, with empty modules for TensorFlow and requests where they are missing: that extractor
never calls them.
--peers names a site-packages folder that has it. Its features are checked against ours.

Peak memory (Linux only) is that of a fresh process for each row. The table is printed and written to
benchmarks/results/extraction.md.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from all_pairs import _interleaved, _processor
from peer_programs import bare
from PIL import Image

from seealike.data.identity import FeatureKey, canonical
from seealike.data.store import read_features
from seealike.extract import Pass, Reader, Reading, extract_together
from seealike.sources.datasets import DATASET_SOURCES
from seealike.sources.models import MODEL_SOURCES
from seealike.sources.models.vision import vision_library

RESULTS = Path(__file__).parent / "results" / "extraction.md"
#: The layer that is read of a network, by the start of its name: one row an image.
LAYERS = {"resnet": "global_pool", "vit": "fc_norm", "": "head_drop"}
BARE, OURS, FOUR = "bare forward pass", "seealike", "seealike, four models in one pass"
THEIRS, WORKERS = "thingsvision, its loader", "thingsvision, torch's DataLoader"

Job = Callable[[], object]


@dataclass(frozen=True)
class Bench:
    """What all programs are given."""

    name: str
    folder: Path
    options: argparse.Namespace

    @property
    def layer(self) -> str:
        """The layer that is read."""
        return next(layer for start, layer in LAYERS.items() if self.name.startswith(start))

    def card(self, seed: int = 0) -> Any:
        """The network as a study would name it."""
        entry = {"source": "timm", "model": self.name, "pretrained": False, "init_seed": seed}
        return MODEL_SOURCES["timm"].model_validate(
            {**entry, "name": f"{self.name}-{seed}", "layer": self.layer}
        )

    @property
    def samples(self) -> Any:
        """The files as a dataset."""
        entry = {"source": "image_folder", "name": "photographs", "path": self.folder}
        return DATASET_SOURCES["image_folder"].model_validate(entry).open(0)


def main() -> None:
    """Parse, measure, print, write."""
    options = _parser().parse_args()
    if options.peers:
        sys.path.append(options.peers)
    if options.memory_of:
        bench = Bench(options.models[0], Path(options.folder), options)
        _programs(bench)[options.memory_of]()
        print(_peak())
        return
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "images"
        _photographs(folder, options.images)
        options.folder = str(folder)
        blocks = [_block(Bench(name, folder, options)) for name in options.models]
        decoding = _decoding(Bench(options.models[0], folder, options))
    report = (
        "\n".join([*_header(options), "", *(line for block in blocks for line in block), *decoding]) + "\n"
    )
    print(report)
    if not options.no_write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(report, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Extraction against the bare forward pass.")
    parser.add_argument("--models", nargs="+", default=["resnet50", "vit_base_patch16_224"])
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", nargs="+", help="of the programs, by the start of their names")
    parser.add_argument("--peers", default="", help="a site-packages folder that has thingsvision")
    parser.add_argument("--no-write", action="store_true")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    parser.add_argument("--folder", default="", help=argparse.SUPPRESS)
    return parser


def _photographs(folder: Path, count: int) -> None:
    """Smooth color fields with some grain, about as hard to decode as photographs."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        small = Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8))
        smooth = np.asarray(small.resize((500, 375), Image.Resampling.BICUBIC), dtype=np.float32)
        grain = smooth + rng.normal(0, 8, smooth.shape)
        Image.fromarray(grain.clip(0, 255).astype(np.uint8)).save(folder / f"{number:05d}.jpg", quality=90)


def _programs(bench: Bench) -> dict[str, Job]:
    """The programs that can be run here."""
    programs: dict[str, Job] = {BARE: _bare(bench), OURS: _ours(bench, 1), FOUR: _ours(bench, 4)}
    with contextlib.suppress(ImportError):
        programs |= {THEIRS: _theirs(bench, 0), WORKERS: _theirs(bench, _cores())}
    only = bench.options.only or [""]
    return {name: job for name, job in programs.items() if any(name.startswith(start) for start in only)}


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _network(bench: Bench) -> torch.nn.Module:
    timm = vision_library("timm", where="the benchmark")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return timm.create_model(bench.name, pretrained=False).eval().to(bench.options.device)


def _bare(bench: Bench) -> Job:
    network, batches = None, []

    def run() -> None:
        nonlocal network
        if network is None:
            network = _network(bench)
            model, samples = bench.card().load("cpu"), bench.samples
            inputs = [model.preprocess(samples.image(row)) for row in range(bench.options.images)]
            size = bench.options.batch
            stacked = [np.stack(inputs[i : i + size]) for i in range(0, len(inputs), size)]
            batches.extend(torch.from_numpy(batch).to(bench.options.device) for batch in stacked)
        with torch.inference_mode():
            for batch in batches:
                last = network(batch)
            last.cpu()

    return run


def _ours(bench: Bench, models: int) -> Job:
    loaded: list[tuple[Any, Any]] = []

    def run() -> np.ndarray:
        if not loaded:
            loaded.extend(
                (bench.card(seed), bench.card(seed).load(bench.options.device)) for seed in range(models)
            )
        with tempfile.TemporaryDirectory() as made:
            readings = [_reading(bench, card, model, Path(made)) for card, model in loaded]
            how = Pass(bench.options.batch, device=bench.options.device)
            for ended in extract_together(readings, samples, how):
                if ended.error:
                    raise ended.error
            return np.array(read_features(next(iter(readings[0].outputs))).values)

    samples = bench.samples
    return run


def _reading(bench: Bench, card: Any, model: Any, folder: Path) -> Reading:
    text = canonical(card.preprocessing())
    key = FeatureKey(card.name, "", bench.layer, "none", text, "photographs", "", "all")
    return Reading(Reader(model, card.name), {folder / f"{card.name}.safetensors": key}, {})


def _theirs(bench: Bench, workers: int) -> Job:
    """The torch extractor of thingsvision, its dataset and loader on the same files and network."""
    vision_library("torchvision", where="the benchmark")
    for package in ("thingsvision", "thingsvision.core.extraction"):
        bare(package)
    for name in ("tensorflow", "requests"):
        if name not in sys.modules and importlib.util.find_spec(name) is None:
            sys.modules[name] = types.ModuleType(name)
    extractor_of = importlib.import_module("thingsvision.core.extraction.torch").PyTorchExtractor
    data = importlib.import_module("thingsvision.utils.data")
    made: list[Any] = []

    def run() -> np.ndarray:
        with _quiet(), tempfile.TemporaryDirectory() as out:
            if not made:
                model = _network(bench)
                made.append(extractor_of("custom", True, bench.options.device, model=model))
                made.append(bench.card().load("cpu").preprocess)
            transform = _Transform(made[1])
            dataset = data.ImageDataset(str(bench.folder), out, "pt", transforms=transform)
            size = bench.options.batch
            loader = (
                torch.utils.data.DataLoader(dataset, size, num_workers=workers)
                if workers
                else data.DataLoader(dataset, size, "pt")
            )
            return made[0].extract_features(loader, module_name=bench.layer, flatten_acts=True)

    return run


class _Transform:
    """The model's own preprocessing, as ours applies it, as a tensor."""

    def __init__(self, preprocess: Callable[[Image.Image], np.ndarray]) -> None:
        self._preprocess = preprocess

    def __call__(self, image: Image.Image) -> torch.Tensor:
        return torch.from_numpy(self._preprocess(image))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def _block(bench: Bench) -> list[str]:
    """One model's table."""
    programs = _programs(bench)
    if OURS in programs:
        ours = np.asarray(programs[OURS]())
        for name in {THEIRS, WORKERS} & programs.keys():
            np.testing.assert_allclose(np.asarray(programs[name]()), ours, rtol=1e-3, atol=1e-4)
    times = _interleaved(programs, bench.options.rounds)
    rows = [f"## {bench.name}\n", "| program | images/s | of bare | peak memory |", "|---|---|---|---|"]
    for name, seconds in times.items():
        images = bench.options.images * (4 if name == FOUR else 1)
        rate = images / statistics.median(seconds)
        ratios = [
            b / s * images / bench.options.images for b, s in zip(times.get(BARE, []), seconds, strict=False)
        ]
        share = f"{statistics.median(ratios):.1%}" if ratios else ""
        rows.append(f"| {name} | {rate:.1f} | {share} | {_measured_peak(bench, name)} |")
        print(rows[-1], file=sys.stderr, flush=True)
    return [*rows, ""]


def _decoding(bench: Bench) -> list[str]:
    """How decoding and preprocessing alone scale over threads."""
    samples, model = bench.samples, bench.card().load("cpu")
    rows = ["## Decoding and preprocessing alone\n", "| threads | images/s |", "|---|---|"]
    counts = sorted({1, 2, 4, 8, _cores()})
    before = torch.get_num_threads()
    for count in [count for count in counts if count <= 2 * _cores()]:
        torch.set_num_threads(1)
        with ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            work = lambda row: model.preprocess(samples.image(row))  # noqa: E731
            list(pool.map(work, range(min(32, bench.options.images))))
            began = time.perf_counter()
            list(pool.map(work, range(bench.options.images)))
            rows.append(f"| {count} | {bench.options.images / (time.perf_counter() - began):.0f} |")
    torch.set_num_threads(before)
    return [*rows, ""]


def _measured_peak(bench: Bench, name: str) -> str:
    sizes = [
        f"--{key}={getattr(bench.options, key)}" for key in ("images", "batch", "device", "folder", "peers")
    ]
    command = [sys.executable, __file__, *sizes, "--models", bench.name, "--memory-of", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return f"{int(done.stdout.split()[-1]) / 2**20:.0f} MiB"


def _peak() -> int:
    # Not ru_maxrss: a new process starts with its parent's.
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def _header(options: argparse.Namespace) -> list[str]:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("torch", "timm", "pillow", "numpy"))
    device = torch.cuda.get_device_name() if options.device != "cpu" else _processor()
    return [
        "# Extraction: images per second",
        "",
        f"`python benchmarks/extraction.py` with {options.images} JPEG files of 500 × 375, batches of {options.batch}, "
        f"{options.rounds} alternating rounds, medians; the share of the bare forward pass is the median of the "
        "rounds' ratios. The last program runs four models: images × models a second.",
        "",
        f"{device}, {_cores()} cores, torch threads {torch.get_num_threads()}; {libraries}.",
    ]


if __name__ == "__main__":
    main()
