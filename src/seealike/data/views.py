"""Views: what is done to features when they are read, recorded in their key and never written into their file."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from seealike.data.arrays import read_arrays
from seealike.data.features import Features, row_blocks
from seealike.data.identity import FeatureKey
from seealike.errors import DataError, MisalignedSamples, SeealikeError, ShapeError, place

#: What makes features those of another model: a map fitted to one means nothing for the other.
_MODEL = ("weights", "layer", "pooling", "prefix_tokens", "preprocessing", "normalization")
_NAMED = ("model", "layer", "pooling", "normalization")
_UNREADABLE = (SeealikeError, OSError, ValueError, TypeError, AttributeError, EOFError)
_NAMES = {"weights": ("weights", "weight"), "bias": ("bias",), "mean": ("mean",), "std": ("std",)}


@dataclass(frozen=True)
class Affine:
    """An affine map of feature rows, as gLocal transforms are: ``y = ((x - mean) / std) W + b``.

    Computed in float64; float64 features stay so, all others give float32.

    Attributes:
        weights: W, (n_dims, n_dims_out).
        bias: b, (n_dims_out,), zeros where there is none.
        mean: subtracted first, one number or (n_dims,).
        std: divided by then, one positive number or (n_dims,).
        digest: of the file it came from; stands in the key of what it gives.
        made_for: the key of the features that it was fitted to, where its file says so; features of other weights,
            another layer, pooling, preprocessing or view are refused then. The dataset may be any.

    Raises:
        DataError: shapes that do not fit one another, numbers that are not finite, a std that is not positive.

    Example:
        >>> import numpy as np
        >>> double = Affine(2 * np.eye(2), np.ones(2), np.float64(1), np.float64(0.5), "d")
        >>> view = double(Features(np.array([[1.0, 2.0]]), ("a",)))
        >>> view.values.tolist()
        [[1.0, 5.0]]

    Source:
        Muttenthaler et al. 2023, "Improving neural network representations using human similarity judgments",
        section 3; applied as in thingsvision's ``align``.
    """

    weights: np.ndarray = field(repr=False)
    bias: np.ndarray = field(repr=False)
    mean: np.ndarray = field(repr=False)
    std: np.ndarray = field(repr=False)
    digest: str
    made_for: FeatureKey | None = None

    def __post_init__(self) -> None:
        rows, columns = self.weights.shape if self.weights.ndim == 2 else (0, 0)
        fits = self.mean.shape in ((), (rows,)) and self.std.shape in ((), (rows,))
        if not rows or self.bias.shape != (columns,) or not fits:
            shapes = {name: getattr(self, name).shape for name in _NAMES}
            raise _unfit("weights (p, q), bias (q,), mean and std one number or (p,)", str(shapes))
        if not all(np.isfinite(getattr(self, name)).all() for name in _NAMES) or not (self.std > 0).all():
            raise _unfit("finite numbers and a positive std", "NaN, infinity or a std that is not positive")

    def __call__(self, features: Features) -> Features:
        """The view of these features.

        Raises:
            ShapeError: the features have another width than the transform was made for.
            MisalignedSamples: they are of another model, by what the transform's file says of its own.
        """
        values = features.values
        if values.shape[1] != len(self.weights):
            raise ShapeError(
                where="transform",
                expected=f"features of {len(self.weights)} dimensions",
                got=str(values.shape[1]),
                fix="Use the transform that was fitted to this model and layer.",
            )
        if self.made_for is not None:
            _check_model(self.made_for, features.key)
        kind = np.float64 if values.dtype == np.float64 else np.float32
        result = np.empty((len(values), self.weights.shape[1]), kind)
        for rows in row_blocks(values.shape):
            result[rows] = (
                (values[rows].astype(np.float64) - self.mean) / self.std
            ) @ self.weights + self.bias
        key = features.key and replace(features.key, normalization=self.name)
        return replace(features, values=result, key=key)

    @property
    def name(self) -> str:
        """What a key says of features that were looked at through this view."""
        return f"affine-{self.digest}"


def read_affine(path: Path, digest: str) -> Affine:
    """The transform of a file with the arrays weights, mean and std, and bias where there is one.

    Args:
        path: ``.npz`` (as the published gLocal transforms are) or ``.safetensors``.
        digest: of the file.

    Raises:
        DataError: not such a file, arrays that are missing or do not fit one another.
    """
    with place(f"transform {path.name}"):
        arrays, key = _arrays(path)
        found = {
            name: next((arrays[alias] for alias in aliases if alias in arrays), None)
            for name, aliases in _NAMES.items()
        }
        missing = [name for name, array in found.items() if array is None and name != "bias"]
        if missing:
            raise _unfit("the arrays weights, bias, mean and std", ", ".join(arrays) or "none")
        there = {name: _plain(array) for name, array in found.items() if array is not None}
        bias = there.pop("bias", np.zeros(there["weights"].shape[-1:]))
        return Affine(**there, bias=bias, digest=digest, made_for=key)


def _plain(array: np.ndarray) -> np.ndarray:
    numbers = np.asarray(array, dtype=np.float64)
    return numbers.reshape(()) if numbers.size == 1 and numbers.ndim == 1 else numbers


def _arrays(path: Path) -> tuple[dict[str, np.ndarray], FeatureKey | None]:
    """The arrays, and the key of what they were fitted to, where the file has one."""
    try:
        if path.suffix == ".safetensors":
            arrays, notes = read_arrays(path)
            return arrays, FeatureKey(**json.loads(notes["made_for"])) if notes.get("made_for") else None
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}, None
    except (*_UNREADABLE, zipfile.BadZipFile) as error:
        got = error.got if isinstance(error, SeealikeError) else str(error)
        raise _unfit("an .npz or .safetensors file of arrays", got) from error


def _check_model(fitted: FeatureKey, given: FeatureKey | None) -> None:
    if given is None:
        raise MisalignedSamples(
            where="transform",
            expected=f"features of {fitted.model}, layer {fitted.layer}, which it was fitted to",
            got="features that do not say what model they are of",
            fix="Extract or import them with seealike, which notes that.",
        )
    # What was imported has no digest of weights, only one of its own numbers; there the name has to do.
    imported = any(key.preprocessing.startswith('{"imported"') for key in (fitted, given))
    other = [n for n in (_NAMED if imported else _MODEL) if getattr(fitted, n) != getattr(given, n)]
    if other:
        expected, got = (
            f"{key.model} ({', '.join(f'{name} {getattr(key, name)}' for name in other)})"
            for key in (fitted, given)
        )
        raise MisalignedSamples(
            where="transform",
            expected=f"features of {expected}, which it was fitted to",
            got=f"features of {got}",
            fix="Use the transform that was fitted to this model and layer.",
        )


def _unfit(expected: str, got: str) -> DataError:
    return DataError(where="file", expected=expected, got=got, fix="Save the transform again.")
