"""What a comparison will cost, before it is made: path, operations, memory, seconds.

Letters: n samples, M models, d dimensions.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch

from seealike.engine import feature_space
from seealike.engine.allpairs import Options, load_of, passes
from seealike.engine.forms import Comparison, Form, InnerProduct
from seealike.engine.maps import Gram
from seealike.engine.tiles import plan_pass
from seealike.numerics.checks import Samples

#: Nanoseconds an entry of a tile takes a matrix that is made of it, on one core: map, sums, products.
_NANOSECONDS = 2.5


@dataclass(frozen=True)
class Cost:
    """What a comparison will cost.

    Attributes:
        path: "tiles", "feature space", "prepared once a model", or several of them.
        flops: of the matrix products.
        n_bytes: beside the features, of what is streamed.
        seconds: about; None where what is prepared once a model takes most of the time.

    Example:
        >>> str(Cost("tiles", 2e12, 3 * 2**20, 4.2))
        'tiles, 2e+12 flop, 3 MiB, about 4 s'
    """

    path: str
    flops: float
    n_bytes: int
    seconds: float | None

    def __str__(self) -> str:
        known = [] if self.seconds is None else [f"about {max(self.seconds, 1):.0f} s"]
        return ", ".join([self.path, f"{self.flops:.1g} flop", f"{self.n_bytes / 2**20:.0f} MiB", *known])


def cost(forms: Sequence[Form], models: Sequence[Samples], options: Options) -> Cost:
    """What all pairs of the models under the forms will cost.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import bind
        >>> from seealike.numerics.checks import samples
        >>> models = [samples(np.ones((2000, 16), dtype=np.float32), "x")] * 3
        >>> made = cost([bind("cka").form, bind("rsa").form], models, Options())
        >>> made.path, made.flops, made.n_bytes < 2**26
        ('tiles', 576000000.0, True)
        >>> cost([bind("cka").form], models, Options()).path
        'feature space'
    """
    streamed = [form for form in forms if isinstance(form, InnerProduct)]
    compared = [form for form in forms if isinstance(form, Comparison)]
    paths, flops, entries, n_bytes = list[str](), 0.0, 0.0, 0
    if streamed:
        load = load_of(streamed, models, options)
        plan = plan_pass(load, options.budget_bytes)
        n_bytes, n, dims = plan.n_bytes, load.n_samples, sum(load.dims)
        if all(form.map == Gram() for form in streamed) and feature_space.cheaper(
            load, errors=options.errors
        ):
            paths.append("feature space")
            flops += feature_space.flops(load, errors=options.errors)
        else:
            paths.append("tiles")
            kinds = {(form.rows, form.map) for form in streamed}
            flops += float(n * n * dims) * passes(streamed, errors=options.errors)
            folds = len(kinds) * (2 if options.errors else 1)
            entries += 0.5 * n * n * len(load.dims) * folds / plan.workers
    if compared:
        paths.append("prepared once a model")
        flops += sum(2.0 * model.n * model.d * min(model.n, model.d) for model in models)
    seconds = flops / flops_a_second(str(options.device)) + entries * _NANOSECONDS * 1e-9
    return Cost(" and ".join(paths), flops, n_bytes, None if compared else seconds)


@lru_cache
def flops_a_second(device: str) -> float:
    """Of a product of single precision of a tile's size, measured once: the median of five."""
    x = torch.ones((1024, 1024), device=device)
    times = []
    for _ in range(6):
        began = time.perf_counter()
        float(torch.mm(x, x)[0, 0])
        times.append(time.perf_counter() - began)
    return 2 * 1024**3 / sorted(times[1:])[2]
