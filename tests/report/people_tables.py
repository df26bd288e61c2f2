"""Tables of a made-up study of people's judgements and of controlled overlap, for any number of models and layers."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import numpy as np
import polars as pl

from seealike.data import tables as schemas
from tests.report.section_tables import section_tables

HUMANS = {
    "TID2013": ("low", ("spearman", "kendall")),
    "NIGHTS": ("middle", ("two_afc",)),
    "THINGS": ("high", ("odd_one_out", "cross_entropy")),
}
CHANCE = {"odd_one_out": 1 / 3, "two_afc": 0.5, "cross_entropy": 1.0986, "spearman": 0.0, "kendall": 0.0}
PEAK = {"low": 0.1, "middle": 0.55, "high": 1.0}
OVERLAPS = (0.0, 0.25, 0.5, 0.75, 1.0)
EXPERIMENTS = ("digits", "photographs")
SETS = ("common classes", "one class", "out of distribution")
MEASURE = "cka(kernel=linear,unbiased=true)"
PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhg"
    "GAWjR9awAAAABJRU5ErkJggg=="
)


def frame(schema: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=getattr(schemas, schema))


def full_tables(n_models: int, n_datasets: int) -> dict[str, pl.DataFrame]:
    """Those of `section_tables`, of people and of overlap: all that a report can show."""
    tables = section_tables(n_models, n_datasets)
    names = tables["models"]["model"].to_list()
    return {**tables, **people_tables(names), **overlap_tables()}


def people_tables(names: list[str], n_layers: int = 6, n_trials: int = 30) -> dict[str, pl.DataFrame]:
    """Alignment of these models and everything beside it; the last model has no value on NIGHTS."""
    rng = np.random.default_rng(3)
    skill = dict(zip(names, np.linspace(0.9, 1.1, len(names)).tolist(), strict=True))
    alignment = _alignment(names, n_layers, skill)
    return {
        "alignment": alignment,
        "alignment_layers": _layers(alignment),
        "ceilings": _ceilings(),
        "published_alignment": _published(alignment, names[:2]),
        "alignment_differences": _differences(names, skill),
        "judged": _judged(names, n_trials, skill, rng),
        "thumbnails": frame(
            "THUMBNAILS",
            [
                {"human": "THINGS", "sample": f"t{i}-{part}", "image": PICTURE}
                for i in range(2)
                for part in "abc"
            ],
        ),
        "proof": _proof(names[:2]),
    }


def _value(level: str, score: str, depth: float, skill: float) -> float:
    above = 0.4 * skill * float(np.exp(-((depth - PEAK[level]) ** 2) / 0.2))
    return CHANCE[score] + (-above if score == "cross_entropy" else above)


def _alignment(names: list[str], n_layers: int, skill: dict[str, float]) -> pl.DataFrame:
    rows = []
    for model, (human, (level, scores)), distance in product(
        names, HUMANS.items(), ("normalized_euclidean", "cosine")
    ):
        places: list[tuple[str, float | None, str]] = [
            (f"block {i}", i / (n_layers - 1), "tokens") for i in range(n_layers)
        ]
        places.append(("projection", None, "projection"))
        for score, (layer, depth, readout) in ((score, place) for score in scores for place in places):
            value = _value(level, score, 0.8 if depth is None else depth, skill[model])
            ends = {
                "value": value,
                "standard_error": 0.01,
                "low": value - 0.02,
                "high": value + 0.02,
                "n": 3000,
            }
            ends = {"reason": "NIGHTS was not read"} if (model, human) == (names[-1], "NIGHTS") else ends
            rows.append(
                {"model": model, "layer": layer, "depth": depth, "human": human, "level": level}
                | {"readout": readout, "distance": distance, "score": score, **ends}
            )
    for human, (level, scores) in HUMANS.items():
        for score in scores:
            value = _value(level, score, 0.0, 0.7)
            rows.append(
                {
                    "model": "pixel RMSE",
                    "layer": "",
                    "human": human,
                    "level": level,
                    "score": score,
                    "value": value,
                }
            )
    return frame("ALIGNMENT", rows)


def _layers(alignment: pl.DataFrame) -> pl.DataFrame:
    """Each layer under the first score of its set: as good as the best within .03, above chance beyond .05."""
    first = [scores[0] for _, scores in HUMANS.values()]
    rows = []
    for row in alignment.filter(pl.col("score").is_in(first)).iter_rows(named=True):
        same = {name: row[name] for name in ("model", "human", "distance")}
        best = (
            alignment.filter(**same, score=row["score"])["value"].max() if row["distance"] else row["value"]
        )
        known = {
            name: row[name] for name in ("model", "layer", "depth", "human", "level", "readout", "distance")
        }
        rows.append({**known, "score": row["score"], "reason": row["reason"]})
        if row["value"] is not None:
            gain, behind = row["value"] - CHANCE[row["score"]], best - row["value"]
            rows[-1] |= {"gain": gain, "low": gain - 0.05, "high": gain + 0.05, "behind": behind, "n": 3000}
            rows[-1] |= {"p_value": 0.01, "p_value_familywise": 0.01 if gain > 0.05 else 0.3}
            rows[-1] |= {"p_value_best": 0.4 if behind < 0.03 else 0.01}
    return frame("ALIGNMENT_LAYERS", rows)


def _ceilings() -> pl.DataFrame:
    rows = []
    for (human, (level, scores)), (kind, share) in product(
        HUMANS.items(), (("chance", 0), ("leave_one_out", 0.5))
    ):
        score = scores[0]
        rows.append(
            {
                "human": human,
                "level": level,
                "score": score,
                "kind": kind,
                "value": CHANCE[score] + share,
                "n": 3000,
            }
        )
    return frame("CEILINGS", rows)


def _published(alignment: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    rows = [
        {**row, "experiment": "architecture", "value": (row["value"] or 0.6) + 0.004, "source": "a paper"}
        for row in alignment.filter(pl.col("model").is_in(names), distance="cosine").rows(named=True)
    ]
    return frame("PUBLISHED_ALIGNMENT", [{k: row[k] for k in schemas.PUBLISHED_ALIGNMENT} for row in rows])


def _differences(names: list[str], skill: dict[str, float]) -> pl.DataFrame:
    rows = []
    for (human, (_, scores)), (x, y) in product(HUMANS.items(), combinations(names, 2)):
        change = 0.4 * (skill[x] - skill[y])
        p = float(np.exp(-40 * abs(change)))
        sides = {"model_x": x, "layer_x": "block 2", "model_y": y, "layer_y": "projection"}
        rows.append(
            {"human": human, "score": scores[0], "distance": "cosine", **sides, "difference": change}
            | {
                "low": change - 0.02,
                "high": change + 0.02,
                "p_value": p,
                "q_value": min(1.0, 2 * p),
                "n": 3000,
            }
        )
    return frame("ALIGNMENT_DIFFERENCES", rows)


def _judged(
    names: list[str], n_trials: int, skill: dict[str, float], rng: np.random.Generator
) -> pl.DataFrame:
    rows = []
    for human, i in product(HUMANS, range(n_trials)):
        third = None if human == "TID2013" else f"t{i}-c"
        hard = rng.random()
        for model in names:
            credit = float(rng.random() * skill[model] > hard)
            rows.append(
                {
                    "human": human,
                    "trial": f"trial {i}",
                    "first": f"t{i}-a",
                    "second": f"t{i}-b",
                    "third": third,
                }
                | {"human_value": 0.7, "model": model, "layer": "block 3", "credit": credit}
            )
    return frame("JUDGED", rows)


def _proof(names: list[str]) -> pl.DataFrame:
    rows = []
    tests = (
        ("odd_one_out", 0.5, 0.1),
        ("kl_divergence", 0.3, -0.1),
        ("rsa_things48", 0.6, 0.2),
        ("few_shot", 0.7, -0.02),
    )
    for (a, arm), model, (task, value, gain), seed in product(
        enumerate(("base", "control", "aligned")), names, tests, (0, 1, 2)
    ):
        found = value + gain * a / 2 + 0.01 * seed
        rows.append(
            {"arm": arm, "model": model, "seed": seed, "task": task, "dataset": "THINGS", "value": found}
            | {"low": found - 0.02, "high": found + 0.02, "n": 1000}
        )
    rows.append({"arm": "ceiling", "task": "odd_one_out", "dataset": "THINGS", "value": 0.66})
    return frame("PROOF", rows)


def overlap_tables(measures: tuple[str, ...] = (MEASURE,)) -> dict[str, pl.DataFrame]:
    """Runs of three designs, what they add up to, and two consequences."""
    runs = _runs(measures)
    return {
        "overlap_runs": runs,
        "trained": _trained(runs),
        "attribution": _attribution(measures),
        "consequences": _consequences(runs.filter(measure=measures[0])),
        "consequence_slopes": _consequence_slopes(measures),
    }


def _pairs_of_runs() -> list[dict[str, Any]]:
    designs = [("data", a, 0.0) for a in OVERLAPS] + [("task", 0.0, b) for b in OVERLAPS]
    designs += [("factorial", a, b) for a, b in product(OVERLAPS[::2], OVERLAPS[::2])]
    return [
        {"experiment": name, "design": design, "data_overlap": a, "task_overlap": b, "seed": seed}
        | {"model_x": f"{name}-{design}-{a}-{b}-{seed}-x", "model_y": f"{name}-{design}-{a}-{b}-{seed}-y"}
        for name, (design, a, b), seed in product(EXPERIMENTS, designs, range(3))
    ]


def _runs(measures: tuple[str, ...]) -> pl.DataFrame:
    rng = np.random.default_rng(4)
    rows = []
    for run, measure, (k, dataset) in product(_pairs_of_runs(), measures, enumerate(SETS)):
        value = (
            0.4
            + 0.2 * run["data_overlap"]
            + (0.3 - 0.2 * k) * run["task_overlap"]
            + 0.02 * rng.standard_normal()
        )
        lost = (run["design"], run["seed"], k) == ("data", 2, 0) and run["data_overlap"] == 0
        found = {"reason": "no common class"} if lost else {"similarity": value, "standard_error": 0.01}
        rows.append({**run, "measure": measure, "dataset": dataset, **found})
    return frame("OVERLAP_RUNS", rows)


def _trained(runs: pl.DataFrame) -> pl.DataFrame:
    """Each network's accuracy; it grows with its number, and the last one could not be trained."""
    models = pl.concat([runs["model_x"], runs["model_y"]]).unique(maintain_order=True).to_list()
    rows = [
        {"experiment": name, "model": model, "task": "classes", "dataset": f"{name}: test"}
        | {"metric": "accuracy", "value": 0.5 + k / 1000, "n": 400}
        for k, (name, model) in enumerate((one.partition("-")[0], one) for one in models[:-1])
    ]
    lost = {**rows[-1], "model": models[-1], "value": None, "n": None, "reason": "its loss was no number"}
    return frame("TRAINED", [*rows, lost])


def _attribution(measures: tuple[str, ...]) -> pl.DataFrame:
    terms = [
        ("data", "overlap"),
        ("task", "overlap"),
        *(("factorial", t) for t in ("data", "task", "data x task")),
    ]
    verdicts = ("supported", "not supported", "reversed")
    rows = []
    panels = product(measures, EXPERIMENTS, terms, enumerate(SETS))
    for measure, experiment, (design, term), (k, dataset) in panels:
        slope = 0.25 - 0.2 * k
        row = {
            "slope": slope,
            "low": slope - 0.08,
            "high": slope + 0.08,
            "p_value": 0.01,
            "head_room": slope / 0.6,
        }
        row |= {
            "r_squared": 0.83,
            "spearman": 0.9,
            "mutual_information": 0.5,
            "mutual_information_published": 0.7,
        }
        row |= {"n": 15, "n_seeds": 3, "verdict": verdicts[k]}
        row = {"reason": "one seed only"} if (term, k) == ("data x task", 2) else row
        named = {"experiment": experiment, "design": design, "dataset": dataset}
        rows.append({**named, "measure": measure, "term": term, **row})
    return frame("ATTRIBUTION", rows)


def _consequences(runs: pl.DataFrame) -> pl.DataFrame:
    rows = []
    for row, (kind, detail) in product(
        runs.filter(dataset=SETS[0]).rows(named=True), (("agreement", ""), ("transfer", "mi_fgsm 2/255"))
    ):
        keep = {
            k: row[k]
            for k in (
                "experiment",
                "design",
                "data_overlap",
                "task_overlap",
                "seed",
                "model_x",
                "model_y",
                "dataset",
            )
        }
        value = 0.1 + 0.5 * (row["similarity"] or 0.5)
        more = {
            "kind": kind,
            "detail": detail,
            "value": value,
            "n": 400,
            "accuracy_x": 0.8,
            "accuracy_y": 0.79,
        }
        rows.append({**keep, **more})
        turned = {**keep, "model_x": row["model_y"], "model_y": row["model_x"], **more, "value": value + 0.01}
        rows.append(turned)
    return frame("CONSEQUENCES", rows)


def _consequence_slopes(measures: tuple[str, ...]) -> pl.DataFrame:
    rows = []
    for measure, experiment, (kind, detail), dataset in product(
        measures,
        EXPERIMENTS,
        (("transfer", "mi_fgsm 2/255"), ("agreement", None), ("ensemble_gain", None)),
        SETS[:2],
    ):
        row = {"slope": 0.5, "low": 0.3, "high": 0.7, "p_value": 0.01, "spearman": 0.8, "n": 60, "n_seeds": 3}
        row = {"reason": "no ensemble"} if kind == "ensemble_gain" else {**row, "verdict": "supported"}
        named = {"experiment": experiment, "kind": kind, "detail": detail}
        rows.append({**named, "measure": measure, "dataset": dataset, **row})
    return frame("CONSEQUENCE_SLOPES", rows)
