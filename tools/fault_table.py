"""The faults that `planted_faults.py` plants: a file, its text, a wrong one in its place, and what is wrong."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """One formula gone wrong.

    Attributes:
        file: below src/seealike, without the ending.
        old: the text that is there exactly once.
        new: what is put in its place.
        why: what is wrong with it.
        tests: which tests should notice, below tests; the first to fail ends the run.
    """

    file: str
    old: str
    new: str
    why: str
    tests: tuple[str, ...]


_VALUES = ("measures/test_values.py",)
_STREAMED = ("measures/test_streamed.py",)
_BOTH = _VALUES + _STREAMED
_ESTIMATORS = ("engine/test_estimators.py", *_BOTH)
_PATHS = ("engine/test_paths.py", *_BOTH)
_MEDIAN = ("engine/test_distances.py", *_BOTH)
_SPACE = (
    "measures/test_feature_space.py",
    "measures/test_feature_space_borders.py",
    "numerics/test_factors.py",
)
_NEAREST = ("engine/test_neighbors.py", "measures/test_neighbors.py")
_LISTS = ("measures/test_neighbors.py",)
_CORRECTED = ("measures/test_corrected.py",)
_P = ("numerics/test_significance.py", "compare/test_significance.py")
_STREAM = ("compare/test_streaming.py",)

FAULTS = tuple(
    Fault(*row)
    for row in (
        # --- engine/estimators: centering and leaving samples out
        (
            "engine/estimators",
            "products - 2 / sums.n * (rows @ rows.T)",
            "products + 2 / sums.n * (rows @ rows.T)",
            "sign",
            _ESTIMATORS,
        ),
        (
            "engine/estimators",
            "torch.outer(totals, totals) / sums.n**2",
            "torch.outer(totals, totals) / sums.n",
            "constant of the biased total",
            _ESTIMATORS,
        ),
        (
            "engine/estimators",
            "products = sums.products + sums.diagonals @ sums.diagonals.T",
            "products = sums.products",
            "diagonal left out of biased products",
            _ESTIMATORS,
        ),
        (
            "engine/estimators",
            "sums.products - 2 / (n - 2) * crossed",
            "sums.products - 2 / (n - 1) * crossed",
            "n - 1 for n - 2",
            _ESTIMATORS,
        ),
        (
            "engine/estimators",
            "+ torch.outer(totals, totals) / ((n - 1) * (n - 2))",
            "+ torch.outer(totals, totals) / (n * (n - 3))",
            "constant of the unbiased total",
            _ESTIMATORS,
        ),
        (
            "engine/estimators",
            "torch.outer(totals, totals) / (sums.n * (sums.n - 1))",
            "torch.outer(totals, totals) / (sums.n * sums.n)",
            "mean over n² for n(n - 1) entries",
            _ESTIMATORS,
        ),
        (
            "engine/estimators",
            "pairs * torch.outer(shifts, shifts)",
            "torch.outer(shifts, shifts)",
            "shift counted once",
            _ESTIMATORS,
        ),
        (
            "engine/estimators",
            "crossed = torch.outer(shifts, totals)",
            "crossed = 0 * torch.outer(shifts, totals)",
            "shift dropped",
            _ESTIMATORS,
        ),
        (
            "engine/estimators",
            "inner_products(sums) * torch.outer(sums.units, sums.units)",
            "inner_products(sums)",
            "units dropped from differences",
            _ESTIMATORS,
        ),
        (
            "engine/estimators",
            "return parts.whole - 2 * (1 + one) * parts.rows",
            "return parts.whole - 2 * parts.rows",
            "left-out biased mean held",
            _STREAMED,
        ),
        (
            "engine/estimators",
            "- (1 - one**2) * parts.diagonal",
            "- (1 - one) * parts.diagonal",
            "left-out diagonal",
            _STREAMED,
        ),
        (
            "engine/estimators",
            "2 * (parts.n - 2) / (parts.n - 3) * parts.rows",
            "2 * (parts.n - 1) / (parts.n - 2) * parts.rows",
            "n off by one in the unbiased jackknife",
            _STREAMED,
        ),
        (
            "engine/estimators",
            "4 / ((parts.n - 1) * (parts.n - 2)) * crossed",
            "2 / ((parts.n - 1) * (parts.n - 2)) * crossed",
            "factor 2 of the triangle's jackknife",
            _STREAMED,
        ),
        (
            "engine/estimators",
            "both = 2 * (sums.n - 2) * (center @ center.T)",
            "both = 2 * (sums.n - 1) * (center @ center.T)",
            "n - 1 for n - 2 where centering is undone",
            _STREAMED,
        ),
        (
            "engine/estimators",
            "sums.row_sums - (sums.n - 2) * center - center.sum(dim=1, keepdim=True)",
            "sums.row_sums - (sums.n - 1) * center - center.sum(dim=1, keepdim=True)",
            "centered row sums off by one sample",
            _STREAMED,
        ),
        (
            "engine/estimators",
            "squared.clamp_(min=0.0).fill_diagonal_(0.0).sqrt_()",
            "squared.clamp_(min=0.0).fill_diagonal_(0.0)",
            "square root forgotten",
            _ESTIMATORS,
        ),
        # --- engine/estimate
        (
            "engine/estimate",
            "left_out.var(dim=0, correction=0) * (n - 1)",
            "left_out.var(dim=0, correction=1) * (n - 1)",
            "jackknife variance over n - 1",
            _STREAMED,
        ),
        (
            "engine/estimate",
            "diagonal, row_sums = (sums.diagonals - 2 * center).T",
            "diagonal, row_sums = (sums.diagonals - center).T",
            "diagonal centered once",
            _STREAMED,
        ),
        # --- engine/sums: tiles stand for two
        (
            "engine/sums",
            "folded[0] * (1 if i == j else 2)",
            "folded[0]",
            "factor 2 of tiles off the diagonal",
            _BOTH,
        ),
        (
            "engine/sums",
            "(T.sum(dim=1).cpu(), T.sum(dim=0).cpu())",
            "(T.sum(dim=0).cpu(), T.sum(dim=1).cpu())",
            "rows for columns of a tile",
            _BOTH,
        ),
        (
            "engine/sums",
            "sides = [centered] if i == j else [centered, centered.transpose(0, 1)]",
            "sides = [centered] if i == j else [centered, centered]",
            "columns' samples get the rows' sums",
            _STREAMED,
        ),
        (
            "engine/sums",
            ".sub_(self.center[j])",
            ".sub_(self.center[: j.stop - j.start])",
            "wrong center of a tile",
            _STREAMED,
        ),
        # --- engine/stream
        (
            "engine/stream",
            "if where[0] == where[1]:",
            "if where[0] != where[1]:",
            "diagonal of the wrong tiles zeroed",
            _BOTH,
        ),
        (
            "engine/stream",
            "torch.stack([-0.5 * rows.norms for rows in self.prepared], dim=1)",
            "torch.stack([-rows.norms for rows in self.prepared], dim=1)",
            "½ of a squared distance",
            _BOTH,
        ),
        # --- engine/maps: kernels
        (
            "engine/maps",
            "torch.full_like(rows.norms, 1.0 - shift)",
            "torch.full_like(rows.norms, 1.0)",
            "shift dropped from the diagonal",
            _BOTH,
        ),
        (
            "engine/maps",
            '"precision": torch.tensor(sigma**-2, dtype=torch.float64)',
            '"precision": torch.tensor(2 * sigma**-2, dtype=torch.float64)',
            "½ of the Gaussian",
            _BOTH,
        ),
        (
            "engine/maps",
            '"rest": torch.tensor(shift - near_one, dtype=torch.float64)',
            '"rest": torch.tensor(shift, dtype=torch.float64)',
            "1 of expm1 forgotten in the shift",
            _BOTH,
        ),
        (
            "engine/maps",
            "torch.mul(raw, -2.0, out=out).clamp_(min=0.0).sqrt_().neg_()",
            "torch.mul(raw, -2.0, out=out).sqrt_().neg_()",
            "no clamp before a square root",
            (*_BOTH, "measures/test_defects.py"),
        ),
        (
            "engine/maps",
            "sigma = self.sigma / rows.unit",
            "sigma = self.sigma",
            "width not in units of the rows",
            _BOTH,
        ),
        (
            "engine/maps",
            "self.fraction or 1.0) * median",
            "1.0) * median",
            "fraction of the median ignored",
            _BOTH,
        ),
        (
            "engine/maps",
            "factor = (1 / samples.d if self.scale is None",
            "factor = (1 if self.scale is None",
            "1/d of the polynomial",
            _BOTH,
        ),
        (
            "engine/maps",
            "halves = (0.5 * factor * own + 0.5 * self.constant) / root",
            "halves = (0.5 * factor * own + self.constant) / root",
            "constant of the polynomial counted twice",
            _BOTH,
        ),
        (
            "engine/maps",
            "(n - 2) * halves + halves.sum()",
            "(n - 1) * halves + halves.sum()",
            "row sums of distances off by one",
            _STREAMED,
        ),
        # --- engine/ranks, distances, triangles, rank_errors
        (
            "engine/ranks",
            "(upto - (counts.to(torch.float64) - 1) / 2) / total",
            "upto / total",
            "largest instead of mean rank of a tie",
            _BOTH,
        ),
        (
            "engine/ranks",
            '.mul_(stack["per_unit"]).clamp_(0, bins - 1)',
            '.mul_(stack["per_unit"]).add_(1).clamp_(0, bins - 1)',
            "bin off by one where it is looked up",
            (*_BOTH, "../src/seealike/engine/ranks.py"),
        ),
        (
            "engine/distances",
            "different - 1 - different // 2",
            "different - 2 - different // 2",
            "rank of the median off by one",
            _MEDIAN,
        ),
        (
            "engine/distances",
            "n * (n - 1) // 2 - equal",
            "n * (n - 1) // 2",
            "equal pairs counted",
            _MEDIAN,
        ),
        (
            "engine/distances",
            "rows.samples.rows(block).add_(0.0).numpy()",
            "rows.samples.rows(block).numpy()",
            "zero and minus zero differ",
            _MEDIAN,
        ),
        (
            "engine/rank_errors",
            "(last - (counts - 1) / 2)",
            "last",
            "largest instead of mean rank of a tie in errors",
            _STREAMED,
        ),
        # --- engine/rows, turning, feature_space, subsample
        (
            "engine/rows",
            "mean = block.mean(dim=1, keepdim=True)",
            "mean = 0 * block.mean(dim=1, keepdim=True)",
            "rows not centered for correlations",
            _BOTH,
        ),
        (
            "engine/rows",
            "return first + offset, _power(scale)",
            "return offset, _power(scale)",
            "a common offset stays in the rows",
            _BOTH,
        ),
        (
            "engine/rows",
            "center = first + torch.stack(sums)",
            "center = torch.stack(sums)",
            "a common offset stays in the rows that are held",
            _BOTH,
        ),
        (
            "engine/rows",
            "norms.div_(scale**2)",
            "norms.div_(scale)",
            "norms of other rows than those that are held",
            _BOTH,
        ),
        (
            "engine/rows",
            "held[block].sub_(center)",
            "held[block].sub_(first).sub_(center - first)",
            "features rounded at the distance of the first row",
            ("engine/test_rows.py",),
        ),
        (
            "engine/stream",
            "raw[half:, :half] = raw[:half, half:].transpose(0, 1)",
            "raw[half:, :half] = raw[:half, :half]",
            "the quarter of a diagonal tile that mirrors another",
            _BOTH,
        ),
        (
            "engine/turning",
            "out.addcmul_(self.lengths[i, None], self.lengths[j], value=-1.0)",
            "out.addcmul_(self.lengths[i, None], self.lengths[j], value=1.0)",
            "sign of lengths",
            _PATHS,
        ),
        (
            "engine/turning",
            "means, lengths = u.own[0] * x.samples.d**0.5 / scale",
            "means, lengths = u.own[0] / scale",
            "sqrt(d) of the means",
            _PATHS,
        ),
        (
            "engine/feature_space",
            "crossed.square().sum() - torch.dot(x.norms, y.norms)",
            "crossed.square().sum()",
            "diagonal left in",
            _PATHS,
        ),
        (
            "engine/feature_space",
            "centered = (n - 4) * c * d",
            "centered = (n - 2) * c * d",
            "n - 2 for n - 4 in what a sample adds",
            _PATHS,
        ),
        (
            "engine/feature_space",
            "sums = [_weighted(x, d), _weighted(y, c)]",
            "sums = [_weighted(x, c), _weighted(y, d)]",
            "centers of the wrong model",
            _PATHS,
        ),
        (
            "engine/subsample",
            "np.sqrt(size / (n - size) / np.maximum(count - 1, 1))",
            "np.sqrt((n - size) / size / np.maximum(count - 1, 1))",
            "delete-d factor upside down",
            _STREAMED,
        ),
        # --- engine/neighbors, neighbor_rows, numerics/lists, measures of neighborhoods
        (
            "engine/neighbors",
            "(ties * n + order).sort(dim=1)",
            "(ties * n - order).sort(dim=1)",
            "higher index wins a tie",
            _NEAREST,
        ),
        (
            "engine/neighbors",
            "values, found = points.scores(strip).topk(min(k + 1, n - 1), dim=1)",
            "values, found = points.scores(strip).topk(k, dim=1)",
            "the one after the last is not looked at",
            _NEAREST,
        ),
        (
            "engine/neighbor_rows",
            "norms**2 / -2",
            "norms**2 / -1",
            "½ of a squared distance",
            _NEAREST,
        ),
        (
            "engine/neighbor_rows",
            "scores[torch.arange(len(which)), which] = -torch.inf",
            "pass",
            "a sample is its own neighbor",
            _NEAREST,
        ),
        (
            "measures/neighbors",
            "k / (n - 1)),",
            "k / n),",
            "chance of mutual kNN over n",
            _LISTS,
        ),
        (
            "measures/neighbors",
            "shared / (2 * k - shared)",
            "shared / (2 * k)",
            "union without the shared ones",
            _LISTS,
        ),
        (
            "measures/neighbor_kernels",
            "- 2 * through_l / (n - 2)) / (n * (n - 3))",
            "- through_l / (n - 2)) / (n * (n - 3))",
            "factor 2 of Song's middle term",
            _LISTS,
        ),
        (
            "measures/neighbor_kernels",
            "cross = local_hsic(x, np.where(place > 0, x.values, 0.0), L, unbiased)",
            "cross = local_hsic(x, x.values, L, unbiased)",
            "mask on one side only",
            _LISTS,
        ),
        (
            "measures/neighbor_order",
            "harmonic[np.maximum(shared, 1) - 1]",
            "harmonic[np.maximum(shared, 1) - 1] * 0 + harmonic[-1]",
            "sum up to k, not up to the shared ones",
            _LISTS,
        ),
        (
            "numerics/lists",
            "excess[:-1] - (y == row)",
            "excess[:-1] - 2 * (y == row)",
            "matches counted twice",
            _LISTS,
        ),
        # --- feature space
        (
            "measures/rotations",
            "a * a + b * b - 2 * a * b * nuclear",
            "a * a + b * b - a * b * nuclear",
            "factor 2 of Procrustes",
            _SPACE,
        ),
        (
            "measures/correlations",
            "share = model.spectrum.square().cumsum(dim=0)",
            "share = model.spectrum.cumsum(dim=0)",
            "cut on singular values, not on variance",
            _SPACE,
        ),
        (
            "measures/correlations",
            "1 + int((share <",
            "int((share <",
            "one component too few",
            _SPACE,
        ),
        (
            "measures/projections",
            "(left * x.spectrum[: x.rank, None]).T",
            "left.T",
            "projections without strengths",
            _SPACE,
        ),
        (
            "measures/spectra",
            "return variances / (variances + self.ridge)",
            "return variances / (variances + self.ridge**2)",
            "ridge squared",
            _SPACE,
        ),
        (
            "measures/shapes",
            "+ (1 - self.alpha) / size",
            "+ self.alpha / size",
            "alpha for 1 - alpha",
            _SPACE,
        ),
        (
            "measures/predictivity",
            "total - rows.T @ targets - x_fold.n_training * torch.outer",
            "total - rows.T @ targets + x_fold.n_training * torch.outer",
            "sign of the training mean",
            _SPACE,
        ),
        (
            "measures/matching",
            "/ math.sqrt(correlations.size)",
            "/ min(correlations.shape)",
            "divided by the narrower width",
            _SPACE,
        ),
        (
            "measures/distributions",
            "torch.exp(-2 * (_TEMPERATURES + 1 / _TEMPERATURES))",
            "torch.exp(-(_TEMPERATURES + 1 / _TEMPERATURES))",
            "factor 2 of the weights",
            _SPACE,
        ),
        (
            "measures/corrected",
            "(samples.d * (samples.d - 1))",
            "(samples.d * samples.d)",
            "pairs of equal features counted",
            _CORRECTED,
        ),
        (
            "measures/corrected",
            "rows = n / (n - 2) * squares",
            "rows = n / (n - 1) * squares",
            "n - 1 for n - 2",
            _CORRECTED,
        ),
        # --- moments of a stream, significance
        (
            "numerics/moments",
            "4 * of_u - 2 * (of_mixed + of_mixed.T)",
            "4 * of_u - (of_mixed + of_mixed.T)",
            "factor 2 of moved fourth moments",
            _STREAM,
        ),
        (
            "numerics/moments",
            "self._norms += n * lengths - 2 * along",
            "self._norms += n * lengths - along",
            "factor 2 of moved norms",
            _STREAM,
        ),
        (
            "compare/streaming",
            "crossed, totals = n / (n - 2) * squares",
            "crossed, totals = 2 / (n - 2) * squares",
            "constant of the middle term",
            _STREAM,
        ),
        (
            "numerics/significance",
            "(1 + (toward(null) >= toward(observed)).sum(axis=0))",
            "(1 + (toward(null) > toward(observed)).sum(axis=0))",
            "ties of draws do not count",
            _P,
        ),
        (
            "numerics/significance",
            "return draws - 1 - min(",
            "return draws - min(1,",
            "threshold off by one",
            _P,
        ),
        (
            "numerics/significance",
            "largest = z.max(axis=1, initial=-np.inf)",
            "largest = z.mean(axis=1)",
            "mean instead of the largest of a draw",
            _P,
        ),
    )
)
