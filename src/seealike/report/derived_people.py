"""Tables for the figures on people: layers beside ceilings, best layers, and similarity beside alignment."""

from __future__ import annotations

from itertools import product

import polars as pl

from seealike.report.derived import Chosen, Derived, none_of, pairs_on
from seealike.report.layout import Tables, distinct, table

#: The choice that shows every set of judgements under the first distance, or score, that it has.
FIRST = "the first of each set"
#: Scores that are errors: a model with a lower one is nearer to people. The charts and the script know them too.
LOWER = ("cross_entropy", "kl_divergence", "calibration_error")
LEVELS = ("low", "middle", "high")

_LAYERS = ["distance", "readout"]
_ROLES = {
    "odd_one_out": ("together", "together", "odd one out"),
    "two_afc": ("reference", "nearer", "farther"),
    "": ("reference", "other", ""),
}


def _read(tables: Tables) -> pl.DataFrame | None:
    """The rows of layers, for their ways of reading; of projections where nothing else was read."""
    found = table(tables, "alignment")
    layers = None if found is None else found.filter(pl.col("layer") != "")
    if layers is None or layers.is_empty():
        return None
    own = layers.filter(pl.col("readout") != "projection")
    return layers if own.is_empty() else own


def _offered(values: list[str | None]) -> list[str]:
    """What can be chosen of distances or scores: the first of each set and, where there are several, each by name."""
    found = distinct(values)
    return [FIRST, *(found if len(found) > 1 else [])]


def _combinations(tables: Tables) -> pl.DataFrame:
    read = _read(tables)
    if read is None:
        return none_of(*_LAYERS, "score")
    distances, scores = (_offered(read[name].to_list()) for name in ("distance", "score"))
    choices = product(distances, distinct(read["readout"].to_list()), scores)
    return pl.DataFrame(list(choices), schema=[*_LAYERS, "score"], orient="row")


def chosen_rows(tables: Tables, chosen: Chosen) -> pl.DataFrame:
    """The rows of one distance, readout and score, with `what` each is: "layer", "projection" or "baseline".

    Args:
        tables: with "alignment" (see `tables.ALIGNMENT`).
        chosen: distance, readout and score.
    """
    rows = tables["alignment"]
    distance = _fits(rows.filter(pl.col("layer") != ""), "distance", chosen)
    readout = pl.col("readout").fill_null("")
    what = (
        pl.when(pl.col("layer") == "")
        .then(pl.lit("baseline"))
        .when(pl.col("layer").is_null())  # the whole model failed, for the reason that the row gives
        .then(pl.lit("layer"))
        .when(distance & (readout == "projection"))
        .then(pl.lit("projection"))
        .when(distance & (readout == chosen["readout"]))
        .then(pl.lit("layer"))
    )
    found = rows.with_columns(what=what).filter(_fits(rows, "score", chosen) | pl.col("score").is_null())
    return _placed(found.drop_nulls("what"))


def _fits(rows: pl.DataFrame, name: str, chosen: Chosen) -> pl.Expr:
    """Whether a row has the chosen value of a column, or the first that its set of judgements has in these rows."""
    if chosen[name] != FIRST:
        return pl.col(name).fill_null("") == chosen[name]
    first = dict(rows.drop_nulls(name).unique("human", keep="first").select("human", name).iter_rows())
    own = pl.col("human").replace_strict(first, default=None, return_dtype=pl.String)
    return (pl.col(name) == own).fill_null(value=False)


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    """With the panel of each row in words, and its place: by level, then in the order of the table."""
    humans = distinct(rows["human"].to_list())
    level = pl.col("level").replace_strict(
        {name: i * len(humans) for i, name in enumerate(LEVELS)},
        default=len(LEVELS) * len(humans),
        return_dtype=pl.Int64,
    )
    own = pl.col("human").replace_strict(
        {name: i for i, name in enumerate(humans)}, default=0, return_dtype=pl.Int64
    )
    level_words, score = (pl.col(name).fill_null("–") for name in ("level", "score"))
    panel = pl.format("{}: {} ({})", level_words, "human", score)
    return rows.with_columns(panel=panel, place=level + own)


def _depth(tables: Tables, chosen: Chosen) -> pl.DataFrame:
    """Layers, projections and baselines, and a row a ceiling of the same judgements and score."""
    rows = chosen_rows(tables, chosen)
    ceilings = table(tables, "ceilings")
    if ceilings is None:
        return rows.with_columns(kind=pl.lit(None, pl.String))
    panels = rows.select("human", "score", "panel", "place").unique(maintain_order=True)
    own = ceilings.join(panels, on=["human", "score"], maintain_order="left")
    return pl.concat([rows, own.with_columns(what=pl.lit("ceiling"))], how="diagonal")


def best_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Each model's best layer or projection for each set of judgements, or its first row where none has a value.

    Args:
        rows: of `chosen_rows`.
    """
    worth = (
        pl.when(pl.col("score").is_in(LOWER))
        .then(-pl.col("value"))
        .otherwise(pl.col("value"))
        .fill_null(float("-inf"))
    )
    best = pl.col("worth").arg_max()
    return (
        rows.with_columns(worth=worth)
        .group_by("human", "score", "model", maintain_order=True)
        .agg(pl.all().exclude("worth").get(best))
        .select(rows.columns)
    )


def _best(tables: Tables, chosen: Chosen) -> pl.DataFrame:
    return best_rows(chosen_rows(tables, chosen))


def _beside_combinations(tables: Tables) -> pl.DataFrame:
    similarities, read = table(tables, "similarities"), _read(tables)
    choices = ("human", *_LAYERS, "measure", "dataset")
    if similarities is None or read is None:
        return none_of(*choices)
    each = similarities.select("measure", "dataset").unique(maintain_order=True)
    how = read.select("human", *_LAYERS).unique(maintain_order=True)
    return how.join(each, how="cross", maintain_order="left_right").select(choices)


def _of_one(tables: Tables, chosen: Chosen) -> pl.DataFrame:
    """The models' best layers for one set of judgements, under its first score."""
    rows = best_rows(chosen_rows(tables, {**chosen, "score": FIRST})).filter(human=chosen["human"])
    known = tables["similarities"]["model_x"].unique()
    label = pl.format("{}/{}", "model", "layer")  # of a model that is in the study with several layers
    named = rows.with_columns(
        model=pl.when(pl.col("model").is_in(known.implode())).then("model").otherwise(label)
    )
    return named.filter(pl.col("what") != "baseline").drop_nulls("value")


def _typical(tables: Tables, chosen: Chosen) -> pl.DataFrame:
    """Each model's mean similarity to all others beside its alignment with people."""
    pairs = pairs_on(tables, chosen["measure"], chosen["dataset"])
    turned = pairs.rename({"model_x": "model_y", "model_y": "model_x"}).select(pairs.columns)
    mean = (
        pl.concat([pairs, turned])
        .group_by(pl.col("model_x").alias("model"), maintain_order=True)
        .agg(typical=pl.col("similarity").mean(), n_others=pl.len().cast(pl.Int64))
    )
    return _of_one(tables, chosen).join(mean, on="model", maintain_order="left")


def _human_gap(tables: Tables, chosen: Chosen) -> pl.DataFrame:
    """Similarities of different models beside the difference of their alignment, and the more human-like one."""
    found = _of_one(tables, chosen)
    scores = dict(found.select("model", "value").iter_rows())
    lower = found["score"].is_in(LOWER).any()
    values = {
        f"value_{side}": pl.col(f"model_{side}").replace_strict(scores, default=None, return_dtype=pl.Float64)
        for side in "xy"
    }
    pairs = (
        pairs_on(tables, chosen["measure"], chosen["dataset"]).with_columns(**values).drop_nulls(list(values))
    )
    first = (pl.col("value_x") >= pl.col("value_y")) != lower
    return pairs.with_columns(
        gap=(pl.col("value_x") - pl.col("value_y")).abs(),
        better=pl.when(first).then("model_x").otherwise("model_y"),
        best=pl.when(first).then("value_x").otherwise("value_y"),
    )


def _trials(tables: Tables) -> pl.DataFrame:
    found = table(tables, "judged")
    return none_of("human", "trial") if found is None else found.select("human", "trial")


def roles_of(tables: Tables, human: str) -> tuple[str, str, str]:
    """What the three samples of a judgement are, told by the scores that its set has.

    Example:
        >>> roles_of({}, "things")
        ('reference', 'other', '')
    """
    found = table(tables, "alignment")
    scores = [] if found is None else found.filter(human=human)["score"].to_list()
    return _ROLES[next((name for name in _ROLES if name in scores), "")]


def _judgement(tables: Tables, chosen: Chosen) -> pl.DataFrame:
    """One judgement: a row a sample with its picture, where there is one, and a row a model."""
    rows = tables["judged"].filter(human=chosen["human"], trial=chosen["trial"])
    pictures = table(tables, "thumbnails")
    known = (
        {}
        if pictures is None
        else dict(pictures.filter(human=chosen["human"]).select("sample", "image").iter_rows())
    )
    samples = [
        {"place": i, "role": role, "sample": sample, "image": known.get(sample)}
        for i, (name, role) in enumerate(
            zip(("first", "second", "third"), roles_of(tables, chosen["human"]), strict=True)
        )
        if (sample := rows[name][0]) is not None
    ]
    types = {"place": pl.Int64, "role": pl.String, "sample": pl.String, "image": pl.String}
    shared = rows.select("human", "trial", "human_value").head(1)
    each = shared.join(pl.DataFrame(samples, schema=types), how="cross", maintain_order="right")
    return pl.concat([each, rows.drop("first", "second", "third")], how="diagonal")


#: Joined to those of `derived.DERIVED`.
PEOPLE_DERIVED = {
    "people_depth": Derived(_combinations, _depth, ("alignment", "ceilings")),
    "people_best": Derived(_combinations, _best, ("alignment",)),
    "people_typical": Derived(_beside_combinations, _typical, ("similarities", "alignment")),
    "people_gap": Derived(_beside_combinations, _human_gap, ("similarities", "alignment")),
    "judgement": Derived(_trials, _judgement, ("judged", "thumbnails", "alignment")),
}
