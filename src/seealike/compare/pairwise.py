"""All pairs of models under one measure or many, as labelled matrices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from seealike.compare.cost import Cost, cost
from seealike.data.similarity import SimilarityMatrix
from seealike.engine.allpairs import DEFAULT_BUDGET_BYTES, Options, Progress, all_pairs
from seealike.engine.estimate import Estimate
from seealike.engine.workers import count_workers, in_order
from seealike.errors import DataError
from seealike.measures import BoundMeasure, Measure, bind
from seealike.measures.doubts import warn_if_faded, warn_if_identical
from seealike.numerics.checks import Array, Samples, check_same_count, samples


def pairwise(
    measure: str | Measure[...] | BoundMeasure,
    features: Mapping[str, Array],
    *,
    dataset: str = "",
    standard_error: bool = False,
    max_samples: int | None = None,
    seed: int = 0,
    budget_bytes: int = DEFAULT_BUDGET_BYTES,
    device: str | None = None,
    progress: Progress | None = None,
) -> SimilarityMatrix:
    """The similarities of all pairs of models.

    Every model's features are read and multiplied once, whatever the number of pairs.

    Args:
        measure: the name of a measure, a measure (both with default parameters), or a bound measure.
        features: name of a model -> (n_samples, n_dims) array, numpy (a read-only memmap too) or torch;
            the same samples in the same order for all, any number of dimensions.
        dataset: what to call the samples in the result.
        standard_error: whether every value gets its standard error: by the exact delete-one-sample jackknife
            for kernels and dissimilarities (widths that are fractions of the median distance are held), from
            subsamples without replacement for ranks, neighbors and feature-space measures.
        max_samples: use at most so many samples, drawn without replacement, the same for all models.
        seed: of whatever is drawn.
        budget_bytes: how much memory may be taken beside the features.
        device: where to compute, such as "cuda"; where the features are, when not given.
        progress: is called with (tiles done, tiles in all).

    Returns:
        The matrix, in the order of `features`. Pairs with a model for which the measure is undefined are
        missing, with the reason.

    Raises:
        UnknownName: no such measure.
        DataError: features that are not 2-D and finite, too few samples, different numbers of samples.
        BadParameter: the budget is too small.

    Warns:
        IdenticalFeatures: two models have the same features, number for number.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> features = {name: rng.standard_normal((100, 20)) for name in ("a", "b", "c")}
        >>> matrix = pairwise("cka", features)
        >>> matrix.models, round(matrix["a", "b"], 3)
        (('a', 'b', 'c'), -0.003)
    """
    bound = _bound(measure)
    return similarities(
        [bound],
        features,
        dataset=dataset,
        standard_error=standard_error,
        max_samples=max_samples,
        seed=seed,
        budget_bytes=budget_bytes,
        device=device,
        progress=progress,
    )[0]


def similarities(
    measures: Sequence[BoundMeasure],
    features: Mapping[str, Array],
    *,
    dataset: str = "",
    standard_error: bool = False,
    max_samples: int | None = None,
    seed: int = 0,
    budget_bytes: int = DEFAULT_BUDGET_BYTES,
    device: str | None = None,
    progress: Progress | None = None,
) -> list[SimilarityMatrix]:
    """The similarities of all pairs of models under several measures, in one pass over the features.

    Args:
        measures: bound measures; those of the same kernel share all their sums.
        features: as for `pairwise`.
        dataset: as for `pairwise`.
        standard_error: as for `pairwise`.
        max_samples: as for `pairwise`.
        seed: as for `pairwise`.
        budget_bytes: as for `pairwise`.
        device: as for `pairwise`.
        progress: as for `pairwise`.

    Returns:
        One matrix a measure, in their order.

    Raises:
        DataError: as for `pairwise`.
        BadParameter: the budget is too small.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import cka, rsa
        >>> rng = np.random.default_rng(0)
        >>> features = {name: rng.standard_normal((100, 20)) for name in ("a", "b")}
        >>> [m.measure for m in similarities([cka.bind(unbiased=False), rsa.bind()], features)]
        ['cka-kernel=linear-unbiased=false', 'rsa-compare=spearman-rdm=correlation']
    """
    models = _checked(features, measures)
    warn_if_identical(models)
    models = _some_samples(models, max_samples, seed)
    forms = [bound.form for bound in measures]
    options = Options(
        budget_bytes=budget_bytes,
        device=_device(device, models.values()),
        errors=standard_error,
        seed=seed,
        progress=progress,
    )
    estimates = all_pairs(forms, list(models.values()), options)
    pairs = zip(measures, estimates, strict=True)
    return [_labelled(bound, estimate, models, dataset) for bound, estimate in pairs]


def expected_cost(
    measures: Sequence[BoundMeasure],
    features: Mapping[str, Array],
    *,
    standard_error: bool = False,
    budget_bytes: int = DEFAULT_BUDGET_BYTES,
    device: str | None = None,
) -> Cost:
    """What `similarities` will cost for these measures and features: path, operations, memory, seconds.

    Args:
        measures: as for `similarities`.
        features: as for `pairwise`.
        standard_error: as for `pairwise`.
        budget_bytes: as for `pairwise`.
        device: as for `pairwise`.

    Raises:
        DataError: features that are not 2-D, different numbers of samples.
        BadParameter: the budget is too small.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import cka
        >>> features = {name: np.ones((5000, 32), dtype=np.float32) for name in ("a", "b")}
        >>> expected_cost([cka.bind()], features).path
        'feature space'
    """
    models = _checked(features, look=False)  # a cost is of shapes; `similarities` looks at the numbers
    options = Options(
        budget_bytes=budget_bytes, device=_device(device, models.values()), errors=standard_error
    )
    return cost([bound.form for bound in measures], list(models.values()), options)


def _some_samples(models: dict[str, Samples], most: int | None, seed: int) -> dict[str, Samples]:
    """At most so many samples, in their order, drawn without replacement."""
    n = next(iter(models.values())).n
    if most is None or n <= most:
        return models
    which = np.sort(np.random.default_rng(seed).choice(n, most, replace=False))
    return {name: model.select(which) for name, model in models.items()}


def _device(wanted: str | None, models: Iterable[Samples]) -> torch.device:
    if wanted is not None:
        return torch.device(wanted)
    places = {m.source.device for m in models if isinstance(m.source, torch.Tensor)}
    return places.pop() if len(places) == 1 else torch.device("cpu")


def _bound(measure: Any) -> BoundMeasure:
    if isinstance(measure, BoundMeasure):
        return measure
    return bind(measure) if isinstance(measure, str) else measure.bind()


def _checked(
    features: Mapping[str, Array], measures: Sequence[BoundMeasure] = (), *, look: bool = True
) -> dict[str, Samples]:
    if not isinstance(features, Mapping):
        raise DataError(
            where="features",
            expected="name of a model -> its features",
            got=type(features).__name__,
            fix="For example: {'resnet50': x, 'vit': y}.",
        )
    if not features:
        raise DataError(
            where="features", expected="at least one model", got="none", fix="Extract features first."
        )
    minimum, wanted_by = max(((bound.minimum, bound.id) for bound in measures), default=(1, ""))

    def check(name: str) -> Samples:
        return samples(features[name], f"model {name}", minimum=minimum, wanted_by=wanted_by, look=look)

    workers = min(count_workers(torch.device("cpu")), len(features))
    models = dict(zip(features, in_order(check, features, workers), strict=True))
    check_same_count(models)
    return models


def _labelled(
    bound: BoundMeasure, estimate: Estimate, models: Mapping[str, Samples], dataset: str
) -> SimilarityMatrix:
    names = tuple(models)
    warn_if_faded(bound.id, [names[place] for place in estimate.faded])
    reasons = {names[place]: str(error) for place, error in estimate.undefined.items()}
    missing = {
        (x, y): reasons[x] if x in reasons else reasons[y]
        for x in names
        for y in names
        if x in reasons or y in reasons
    }
    missing |= {(names[x], names[y]): str(error) for (x, y), error in estimate.undefined_pairs.items()}
    n_samples = next(iter(models.values())).n
    return SimilarityMatrix(
        estimate.values,
        names,
        bound.id,
        n_samples,
        dataset=dataset,
        standard_errors=estimate.standard_errors,
        deviations=None if estimate.deviations is None else estimate.deviations.astype(np.float32),
        chance=bound.chance(n_samples),
        missing=missing,
    )
