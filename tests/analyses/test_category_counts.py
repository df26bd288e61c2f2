"""Cross-tabs of card fields: counts, and Cramér's V without chance."""

import numpy as np
import polars as pl
import pytest

from seealike.analyses import category_counts
from seealike.errors import UnknownName
from seealike.numerics.contingency import cramers_v


def test_every_cell_is_counted_the_empty_ones_too():
    models = pl.DataFrame(
        {
            "model": list("abcdef"),
            "source": ["timm"] * 6,
            "objective": ["ssl", "ssl", "sup", "sup", "sup", "text"],
            "size": ["s", "l", "s", "s", "l", None],
            "pooling": ["cls"] * 6,
        }
    )
    found = category_counts({"models": models})
    assert found.select("field_x", "value_x", "field_y", "value_y", "n_models").rows() == [
        ("objective", "ssl", "size", "s", 1),
        ("objective", "ssl", "size", "l", 1),
        ("objective", "sup", "size", "s", 2),
        ("objective", "sup", "size", "l", 1),
    ]
    assert found["cramers_v"].n_unique() == 1


def test_the_papers_sizes_of_pairs_of_fields():
    fields = [f"f{k}" for k in range(4)]
    models = pl.DataFrame({"model": list("abcdefgh"), **{name: list("xxyyxxyy") for name in fields}})
    found = category_counts({"models": models})
    assert found.select("field_x", "field_y").unique().height == 6
    assert found["cramers_v"].unique().to_list() == [1.0]


def test_fields_without_a_say_have_a_reason():
    models = pl.DataFrame({"model": list("abc"), "one": ["x"] * 3, "own": list("abc"), "two": list("xxy")})
    found = category_counts({"models": models})
    reasons = {(row["field_x"], row["field_y"]): row["reason"] for row in found.iter_rows(named=True)}
    assert reasons["one", "own"] == "all models have the same one"
    assert reasons["own", "two"] == "every model has its own own"
    assert found["cramers_v"].null_count() == found.height


def test_v_is_near_zero_for_independent_fields_and_grows_with_what_they_share():
    rng = np.random.default_rng(0)
    n, found = 60, {0.0: [], 0.5: [], 1.0: []}
    for share, values in found.items():
        for _ in range(60):
            x = rng.integers(0, 4, n)
            y = np.where(rng.random(n) < share, x, rng.integers(0, 4, n))
            counts = np.zeros((4, 4), dtype=np.int64)
            np.add.at(counts, (x, y), 1)
            values.append(cramers_v(counts))
    means = [np.mean(values) for values in found.values()]
    assert means[0] < 0.1 < means[1] < means[2]
    assert means[2] == pytest.approx(1)


def test_an_unknown_field_is_named():
    models = pl.DataFrame({"model": ["a"], "objective": ["ssl"]})
    with pytest.raises(UnknownName, match="Did you mean 'objective'"):
        category_counts({"models": models}, fields=("objectiv",))
