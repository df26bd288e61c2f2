"""Dot products or squared differences of many pairs among many samples, in an order that keeps rows near the processor.

Rows that are fetched as the pairs come are fetched from memory each time. Here pairs are sorted: a block of samples
stays in the processor's cache while all others pass by once, and each meets those of the block that it is paired with.
Equal pairs are done once.

Letters: n judgements, k samples in each, d dimensions, M samples.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import TypeAlias, TypeVar

import numpy as np
import torch
from scipy.sparse import csr_matrix

from seealike.engine.workers import count_workers, in_order

Result = TypeVar("Result")

#: Which samples of a judgement are compared: positions among its k.
Sides: TypeAlias = tuple[tuple[int, int], ...]

#: Numbers of a block of samples (2 MiB): about what lies in the processor's second-level cache.
_BLOCK_NUMBERS = 1 << 18
#: Pairs that are sorted at a time, and small differences that are made anew at a time.
_SORTED, _ANEW = 1 << 20, 1 << 10
#: A squared distance below this share of ‖x‖² + ‖y‖² has lost digits as a difference of products.
_NEAR = 1e-4
#: Bits of a code, such that the next one fits into 63 too.
_BITS = 62


def pays(n_samples: int, n_dims: int, n_pairs: int) -> bool:
    """Whether passing all samples by every block touches less memory than fetching two rows a pair.

    Example:
        >>> pays(30_000, 768, 30_000_000), pays(30_000, 768, 100_000)
        (True, False)
    """
    bits = 2 * _bits(n_samples) + _bits(n_pairs)
    return n_samples**2 <= 2 * _block(n_dims) * n_pairs and bits <= _BITS


def pair_products(values: np.ndarray, members: np.ndarray, sides: Sides) -> np.ndarray:
    """Σ_c x_c y_c of pairs of rows.

    Args:
        values: (M, d) float64.
        members: (n, k) row numbers.
        sides: which of the k are compared.

    Returns:
        (n, len(sides)) float64; equal rows give equal values, to the last bit.

    Example:
        >>> x = np.array([[1.0, 0.0], [3.0, 4.0]])
        >>> pair_products(x, np.array([[0, 1], [1, 1]]), ((0, 1),)).tolist()
        [[3.0], [25.0]]
    """
    return _Blocks(values, members, sides).made()


def pair_squares(values: np.ndarray, members: np.ndarray, sides: Sides) -> np.ndarray:
    """Σ_c (x_c - y_c)² of pairs of rows, as ‖x‖² + ‖y‖² - 2 x·y of centered rows; from differences where it is small.

    Args:
        values: (M, d) float64.
        members: (n, k) row numbers.
        sides: which of the k are compared.

    Returns:
        (n, len(sides)) float64; equal rows give equal values, to the last bit, and 0 with each other.

    Example:
        >>> x = np.array([[1.0, 0.0], [3.0, 4.0]])
        >>> pair_squares(x, np.array([[0, 1], [1, 1]]), ((0, 1),)).tolist()
        [[20.0], [0.0]]
    """
    with np.errstate(over="ignore", invalid="ignore"):  # whoever asks looks for infinity
        centered = values - centers(values)
    return _Blocks(centered, members, sides, (_row_squares(centered), values)).made()


def sums_of_pair_squares(
    values: np.ndarray, members: np.ndarray, sides: Sides
) -> tuple[np.ndarray, np.ndarray]:
    """Σ over pairs of (x_c - y_c)², of each channel c, as the sums of x_c² + y_c² less twice that of x_c y_c.

    Args:
        values: (M, d) float64.
        members: (n, k) row numbers.
        sides: which of the k are compared.

    Returns:
        (d,) sums, and (d,) which of them have lost digits, since they are small beside the squares.

    Example:
        >>> made, lost = sums_of_pair_squares(np.array([[0.0, 7], [3, 7]]), np.array([[0, 1]]), ((0, 1),))
        >>> made.tolist(), lost.tolist()
        ([9.0, 0.0], [False, True])
    """
    with np.errstate(over="ignore", invalid="ignore"):
        centered = values - centers(values)
        used = [np.bincount(members[:, k], minlength=len(values)) for side in sides for k in side]
        squares = np.einsum("i,ij,ij->j", np.sum(used, axis=0, dtype=np.float64), centered, centered)
        made, lost = from_products(squares, _Blocks(centered, members, sides).crossed())
        return made, lost


def from_products(squares: np.ndarray, products: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared differences, Σ x² + y² - 2 x·y, and which of them have lost digits, being small beside the squares.

    Args:
        squares: Σ x² + y².
        products: Σ x·y.

    Example:
        >>> made, lost = from_products(np.array([10.0, 2e9]), np.array([3.0, 1e9]))
        >>> made.tolist(), lost.tolist()
        ([4.0, 0.0], [False, True])
    """
    made = squares - 2 * products
    return made, ~(made > _NEAR * squares)


class _Blocks:
    """Pairs as codes: the block of the lower row, the higher row, the lower row in its block, the pair's place.

    Args:
        values: (M, d) float64.
        members: (n, k) row numbers.
        sides: which of the k are compared.
        apart: where squared differences are wanted and not products, (M,) ‖x‖² and the rows that are not centered.
    """

    def __init__(
        self,
        values: np.ndarray,
        members: np.ndarray,
        sides: Sides,
        apart: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> None:
        self._values, self._members, self._sides, self._apart = values, members, sides, apart
        self._row_bits, self._place_bits = _bits(len(values)), _bits(len(members) * len(sides))
        self._shift = min(_block(values.shape[1]).bit_length() - 1, self._row_bits)

    def made(self) -> np.ndarray:
        """(n, len(sides)) the values of all pairs."""
        _beta_is_known()
        made = np.empty((len(self._members), len(self._sides)))
        for _ in self._each(lambda codes: self._meet(codes, made.reshape(-1))):
            pass
        return made

    def crossed(self) -> np.ndarray:
        """(d,) Σ over all pairs of x_c y_c."""
        return np.sum(list(self._each(self._crossed)), axis=0)

    def _each(self, work: Callable[[np.ndarray], Result]) -> Iterator[Result]:
        """What comes of the sorted codes of each block, in all threads, in the order of the blocks."""
        workers = count_workers(torch.device("cpu"))
        starts = range(0, len(self._members), max(1, _SORTED // len(self._sides)))
        every = list(in_order(self._sorted, starts, workers))
        bits = self._row_bits + self._shift + self._place_bits

        def step(block: int) -> Result:
            ends = [np.searchsorted(some, [block << bits, (block + 1) << bits]) for some in every]
            parts = [some[start:stop] for some, (start, stop) in zip(every, ends, strict=True)]
            codes = np.concatenate(parts)
            codes.sort()
            return work(codes)

        last = max(int(some[-1]) for some in every) >> bits
        yield from in_order(step, range(last + 1), workers)

    def _sorted(self, start: int) -> np.ndarray:
        """The codes of some judgements."""
        stop = start + max(1, _SORTED // len(self._sides))
        some = self._members[start:stop].T.copy()
        made = np.empty((some.shape[1], len(self._sides)), dtype=np.int64)
        for place, (x, y) in enumerate(self._sides):
            low, high = np.minimum(some[x], some[y]), np.maximum(some[x], some[y])
            made[:, place] = ((low >> self._shift) << self._row_bits | high) << self._shift
            made[:, place] |= low & ((1 << self._shift) - 1)
        codes = made.reshape(-1)
        codes <<= self._place_bits
        codes |= np.arange(start * len(self._sides), start * len(self._sides) + len(codes))
        codes.sort()
        return codes

    def _meet(self, codes: np.ndarray, made: np.ndarray) -> None:
        """Write the values of all pairs of a block to their places."""
        if not len(codes):
            return
        places, keys = codes & ((1 << self._place_bits) - 1), codes >> self._place_bits
        new = _new(keys)
        first, local, high, starts = self._rows(keys[new])
        found = _sampled(self._values[first:], self._staying(first), starts, local)
        if self._apart is not None:
            found = _squares(found, first + local, high, *self._apart)
        made[places] = found[np.cumsum(new) - 1]

    def _crossed(self, codes: np.ndarray) -> np.ndarray:
        """(d,) Σ x_c y_c over the pairs of a block: Σ_j y_j Σ_i t_ij x_i, with t_ij how often the pair stands there."""
        total = np.zeros(self._values.shape[1])
        if not len(codes):
            return total
        keys = codes >> self._place_bits
        new = np.flatnonzero(_new(keys))
        times = np.diff(np.append(new, len(keys))).astype(np.float64)
        first, local, _, starts = self._rows(keys[new])
        passing, staying = self._values[first:], self._staying(first)
        step = max(16, _BLOCK_NUMBERS // len(total))
        for row in range(0, len(passing), step):
            ends = starts[row : row + step + 1]
            part = slice(ends[0], ends[-1])
            shape = (len(ends) - 1, len(staying))
            met = csr_matrix((times[part], local[part], ends - ends[0]), shape=shape) @ staying
            total += np.einsum("ij,ij->j", met, passing[row : row + step])
        return total

    def _rows(self, keys: np.ndarray) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
        """Of the keys of one block: its first row, each pair's rows, and where the pairs of each higher row begin."""
        first = int(keys[0]) >> (self._row_bits + self._shift) << self._shift
        local, high = keys & ((1 << self._shift) - 1), (keys >> self._shift) & ((1 << self._row_bits) - 1)
        return first, local, high, np.searchsorted(high, np.arange(first, len(self._values) + 1))

    def _staying(self, first: int) -> np.ndarray:
        return self._values[first : first + (1 << self._shift)]


def _squares(
    products: np.ndarray, low: np.ndarray, high: np.ndarray, squares: np.ndarray, plain: np.ndarray
) -> np.ndarray:
    """Squared differences of rows from their products; those that have lost digits from the rows themselves."""
    with np.errstate(over="ignore", invalid="ignore"):
        most = squares[low] + squares[high]
        found, lost = from_products(most, products)
        near = np.flatnonzero(lost)
        for start in range(0, len(near), _ANEW):
            some = near[start : start + _ANEW]
            gap = plain[low[some]] - plain[high[some]]
            found[some] = np.einsum("ij,ij->i", gap, gap)
    return found


def _new(keys: np.ndarray) -> np.ndarray:
    """Which of sorted keys differ from the one before."""
    new = np.ones(len(keys), dtype=bool)
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    return new


def _row_squares(values: np.ndarray) -> np.ndarray:
    """(M,) ‖x‖², added up in the order in which products of pairs are."""
    _beta_is_known()
    size = _block(values.shape[1])
    parts = [values[start : start + size] for start in range(0, len(values), size)]
    return np.concatenate(
        [_sampled(part, part, np.arange(len(part) + 1), np.arange(len(part))) for part in parts]
    )


def _sampled(rows: np.ndarray, columns: np.ndarray, starts: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Products of each row with the `columns[chosen[starts[row] : starts[row + 1]]]`."""
    wanted = torch.sparse_csr_tensor(
        torch.from_numpy(starts),
        torch.from_numpy(chosen),
        torch.zeros(len(chosen), dtype=torch.float64),
        size=(len(rows), len(columns)),
        check_invariants=False,
    )
    made = torch.sparse.sampled_addmm(wanted, torch.from_numpy(rows), torch.from_numpy(columns).T, beta=0.0)
    return made.values().numpy()


def _beta_is_known() -> None:
    """Have torch's word that its sparse matrices are young said now, once a process, and not by a worker."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta state")
        torch.zeros(1, 1).to_sparse_csr()


def centers(values: np.ndarray) -> np.ndarray:
    """(d,) about the means, with so few digits that whole numbers stay exact when it is taken off."""
    means, spread = values.mean(axis=0), values.std(axis=0)
    step = 2.0 ** np.floor(np.log2(np.where(spread > 0, spread, 1)))
    return np.where(spread > 0, np.rint(means / step) * step, means)


def _block(n_dims: int) -> int:
    """Samples of a block, a power of 2."""
    return 1 << max(4, (_BLOCK_NUMBERS // n_dims).bit_length() - 1)


def _bits(count: int) -> int:
    return max(1, (count - 1).bit_length())
