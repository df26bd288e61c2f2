"""The similarities of all pairs of models on one dataset under one measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from seealike.errors import DataError, UnknownName, suggestion

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import xarray as xr


@dataclass(frozen=True)
class SimilarityMatrix:
    """Similarities over *models*: labelled, frozen, with a reason for every missing pair.

    Attributes:
        values: (n_models, n_models) float64; row = the measure's x, column = its y; NaN exactly where
            `missing` has a reason.
        models: the labels, unique, in the order of rows and columns.
        measure: the id of the bound measure, with all its parameters.
        n_samples: how many samples the features had.
        dataset: on which images, where known.
        standard_errors: same shape as `values`, or None where they were not asked for.
        deviations: (n_groups, n_models, n_models) float32 with the standard errors: products of two pairs'
            deviations, summed over the groups of samples, are the covariance of their values over samples.
        chance: the value for models that have nothing in common, where the measure has a formula for it.
        missing: (model_x, model_y) -> why there is no value.

    Raises:
        DataError: labels not unique, shapes that do not fit, NaN without a reason.

    Example:
        >>> import numpy as np
        >>> m = SimilarityMatrix(np.array([[1.0, 0.2], [0.2, 1.0]]), ("a", "b"), "cka", n_samples=100)
        >>> m["a", "b"]
        0.2
        >>> m.to_frame().select("model_x", "model_y", "similarity").row(1)
        ('a', 'b', 0.2)
    """

    values: np.ndarray
    models: tuple[str, ...]
    measure: str
    n_samples: int
    dataset: str = ""
    standard_errors: np.ndarray | None = None
    deviations: np.ndarray | None = field(default=None, repr=False)
    chance: float | None = None
    missing: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _frozen(self.values))
        if self.standard_errors is not None:
            object.__setattr__(self, "standard_errors", _frozen(self.standard_errors))
        object.__setattr__(self, "missing", dict(self.missing))
        shape = (len(self.models), len(self.models))
        if len(set(self.models)) != len(self.models) or self.values.shape != shape:
            raise DataError(
                where="SimilarityMatrix",
                expected=f"one unique label for each row and column of a {self.values.shape} matrix",
                got=f"{len(self.models)} labels, {len(set(self.models))} of them different",
                fix="Name every model once.",
            )
        unexplained = [
            pair
            for pair in zip(*np.nonzero(np.isnan(self.values)), strict=True)
            if (self.models[pair[0]], self.models[pair[1]]) not in self.missing
        ]
        if unexplained:
            x, y = unexplained[0]
            raise DataError(
                where="SimilarityMatrix",
                expected="a reason for every missing pair",
                got=f"NaN without one for ({self.models[x]}, {self.models[y]})",
                fix="Give `missing` a reason for that pair.",
            )

    def __getitem__(self, pair: tuple[str, str]) -> float:
        x, y = (self._position(name) for name in pair)
        return float(self.values[x, y])

    def _position(self, name: str) -> int:
        if name not in self.models:
            raise UnknownName(
                where="SimilarityMatrix",
                expected="the name of one of its models",
                got=repr(name),
                fix=suggestion(name, self.models),
            )
        return self.models.index(name)

    def extended(self, missing: Mapping[str, str]) -> SimilarityMatrix:
        """This matrix with further models, of which nothing is known but why.

        Example:
            >>> import numpy as np
            >>> m = SimilarityMatrix(np.ones((1, 1)), ("a",), "cka", n_samples=9).extended({"b": "no such file"})
            >>> m.models, m.missing["a", "b"]
            (('a', 'b'), 'no such file')
        """
        if not missing:
            return self
        models = (*self.models, *missing)
        pad = (0, len(missing))
        values = np.pad(self.values, pad, constant_values=np.nan)
        errors, moved = self.standard_errors, self.deviations
        reasons = {
            (x, y): missing.get(x) or missing[y]
            for x in models
            for y in models
            if x in missing or y in missing
        }
        return replace(
            self,
            values=values,
            models=models,
            standard_errors=None if errors is None else np.pad(errors, pad, constant_values=np.nan),
            deviations=None if moved is None else np.pad(moved, ((0, 0), pad, pad), constant_values=np.nan),
            missing={**self.missing, **reasons},
        )

    def to_frame(self) -> pl.DataFrame:
        """All ordered pairs, the diagonal too, as a tidy table (the columns of `tables.SIMILARITIES`).

        `above_chance` is (similarity - chance) / (1 - chance), where there is a chance level. Where deviations are
        known, a further column holds those of each unordered pair (the mean of both directions) in the row
        whose model_x stands before model_y.
        """
        import polars as pl

        from seealike.data.tables import SIMILARITIES

        n = len(self.models)
        x, y = np.divmod(np.arange(n * n), n)
        names = self.models
        errors, chance = self.standard_errors, self.chance
        known = [None if np.isnan(v) else float(v) for v in self.values.ravel()]
        frame = pl.DataFrame(
            {
                "dataset": [self.dataset] * (n * n),
                "measure": [self.measure] * (n * n),
                "model_x": [names[i] for i in x],
                "model_y": [names[i] for i in y],
                "similarity": known,
                "standard_error": [None] * (n * n)
                if errors is None
                else [None if np.isnan(e) else float(e) for e in errors.ravel()],
                "chance": [chance] * (n * n),
                "above_chance": [
                    None if v is None or chance is None else (v - chance) / (1 - chance) for v in known
                ],
                "n_samples": [self.n_samples] * (n * n),
                "reason": [self.missing.get((names[i], names[j])) for i, j in zip(x, y, strict=True)],
            },
            schema=SIMILARITIES,
        )
        return frame if self.deviations is None else frame.with_columns(deviations=self._moved(x < y))

    def _moved(self, rows: np.ndarray) -> pl.Series:
        """The deviations of the pairs of these rows, null elsewhere and where they are not known."""
        import polars as pl

        assert self.deviations is not None
        both = ((self.deviations + self.deviations.transpose(0, 2, 1)) / 2).reshape(len(self.deviations), -1)
        known = rows & np.isfinite(both).all(axis=0)
        listed = [one if good else None for one, good in zip(both.T.tolist(), known, strict=True)]
        return pl.Series(listed, dtype=pl.List(pl.Float32))

    def to_pandas(self) -> pd.DataFrame:
        """The matrix as a pandas frame, models on both axes (needs the ``export`` extra)."""
        import pandas as pd

        return pd.DataFrame(self.values, index=list(self.models), columns=list(self.models))

    def to_xarray(self) -> xr.DataArray:
        """The matrix as an xarray with the dimensions model_x and model_y (needs the ``export`` extra)."""
        import xarray as xr

        names = list(self.models)
        return xr.DataArray(
            self.values,
            coords={"model_x": names, "model_y": names},
            dims=("model_x", "model_y"),
            attrs={"measure": self.measure, "dataset": self.dataset, "n_samples": self.n_samples},
        )


def _frozen(values: np.ndarray) -> np.ndarray:
    copy = np.array(values, dtype=np.float64)
    copy.setflags(write=False)
    return copy
