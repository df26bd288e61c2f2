"""Judgements that nobody gave, made of any folder of images by stated rules: to try `human:` without people's.

    python studies/made_judgements.py FOLDER-OF-CLASSES OUT [--seed 0]

`OUT/distorted` has the layout of TID2013: ten of the images with three distortions (noise, blur, contrast) of five
strengths; the «opinion» is 6 - strength. `OUT/classes.json` has the layout of Levels: two images of one of thirty
classes and one of another, which is «odd». Whoever sees strength and class does well; what people see is not in it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

_SIDE = 160
_STRENGTHS = range(1, 6)
_REFERENCES = 10
_CLASSES = 30
_TRIPLETS = 600


def square(path: Path) -> Image.Image:
    """The central square of an image, 160 pixels wide."""
    with Image.open(path) as image:
        plain = image.convert("RGB")
    side = min(plain.size)
    left, top = (plain.width - side) // 2, (plain.height - side) // 2
    cut = plain.crop((left, top, left + side, top + side))
    return cut.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)


def noise(image: Image.Image, strength: int, rng: np.random.Generator) -> Image.Image:
    """White noise of standard deviation 8 · strength."""
    pixels = np.asarray(image, dtype=np.float64) + 8 * strength * rng.standard_normal((*image.size, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def distorted(image: Image.Image, kind: int, strength: int, rng: np.random.Generator) -> Image.Image:
    """One of the three distortions."""
    if kind == 1:
        return noise(image, strength, rng)
    if kind == 2:
        return image.filter(ImageFilter.GaussianBlur(0.7 * strength))
    return ImageEnhance.Contrast(image).enhance(1 - 0.17 * strength)


def make_distorted(images: list[Path], out: Path, rng: np.random.Generator) -> None:
    """References, their distortions, and the table of «opinions»."""
    for name in ("reference_images", "distorted_images"):
        (out / name).mkdir(parents=True, exist_ok=True)
    lines = []
    for ref, path in enumerate(images, start=1):
        image = square(path)
        image.save(out / "reference_images" / f"I{ref:02d}.BMP")
        for kind in (1, 2, 3):
            for strength in _STRENGTHS:
                name = f"i{ref:02d}_{kind:02d}_{strength}.bmp"
                distorted(image, kind, strength, rng).save(out / "distorted_images" / name)
                lines.append(f"{6 - strength:.1f} {name}")
    (out / "mos_with_names.txt").write_text("\n".join(lines) + "\n")


def make_classes(classes: dict[str, list[Path]], root: Path, out: Path, rng: np.random.Generator) -> None:
    """Triplets of two images of one class and one of another."""
    names, trials = sorted(name for name, some in classes.items() if len(some) > 1), []
    for _ in range(_TRIPLETS):
        same, other = rng.choice(names, 2, replace=False)
        first, second = rng.choice(len(classes[same]), 2, replace=False)
        odd = classes[other][int(rng.integers(len(classes[other])))]
        three = [classes[same][first], classes[same][second], odd]
        order = rng.permutation(3)
        trial = {f"image{k + 1}Path": three[i].relative_to(root).as_posix() for k, i in enumerate(order)}
        trial["selected_image"] = odd.relative_to(root).as_posix()
        trials.append({**trial, "rt": 0, "triplet_type": "class_border", "exp_trial_type": "exp_trial"})
    out.write_text(json.dumps({f"nobody-{k}": [trial] for k, trial in enumerate(trials)}))


def main() -> None:
    """Make both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="one sub-folder a class")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    classes = {
        folder.name: sorted(p for p in folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
        for folder in sorted(given.folder.iterdir())
        if folder.is_dir()
    }
    chosen = rng.choice(sorted(classes), min(_CLASSES, len(classes)), replace=False)
    classes = {name: classes[name] for name in sorted(chosen)}
    every = [path for some in classes.values() for path in some]
    references = [every[k] for k in rng.choice(len(every), min(_REFERENCES, len(every)), replace=False)]
    make_distorted(references, given.out / "distorted", rng)
    make_classes(classes, given.folder, given.out / "classes.json", rng)


if __name__ == "__main__":
    main()
