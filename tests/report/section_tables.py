"""Tables of a made-up study with an answer to every question of the report, for any number of models and datasets."""

from __future__ import annotations

from itertools import combinations, combinations_with_replacement, product

import numpy as np
import polars as pl

from seealike.data import tables as schemas

MEASURES = (
    "cka(kernel=linear,unbiased=true)",
    "cka(kernel=rbf,sigma=0.4,unbiased=true)",
    "rsa(compare=spearman,rdm=correlation)",
)
FIELDS = {
    "objective": ("image-text", "self-supervised", "supervised"),
    "architecture": ("convolutional", "transformer"),
    "data": ("ImageNet-1k", "ImageNet-21k", "large"),
}
DOMAINS = ("structured", "natural", "specialized")
WHY = "fewer than three model pairs"


def section_tables(n_models: int = 9, n_datasets: int = 4) -> dict[str, pl.DataFrame]:
    """All tables; the first dataset has no similarities for the first model."""
    study = _Study(n_models, n_datasets)
    return {
        "models": study.models,
        "datasets": study.datasets,
        "similarity_spread": study.spread(),
        "inverse_u": study.inverse_u(),
        "model_map": study.maps(),
        "clusters": study.clusters(),
        "cluster_agreement": study.cluster_agreement(),
        "category_counts": study.counts(),
        "measure_agreement": study.agreement(),
        "consistency_domains": study.domains(),
        "consistency_differences": study.differences(),
        "performance": study.performance(),
        "performance_gap": study.gap(),
        "similarities": study.similarities(),
        "sample_size": study.sample_size(),
        "variance_components": study.components(),
        "partial_mantel": study.mantel(),
    }


class _Study:
    def __init__(self, n_models: int, n_datasets: int) -> None:
        self.rng = np.random.default_rng(5)
        kinds = [FIELDS["objective"][i % 3] for i in range(n_models)]
        self.names = [f"{kind}-{i:02d}" for i, kind in enumerate(kinds)]
        own = {field: [values[i % len(values)] for i in range(n_models)] for field, values in FIELDS.items()}
        own["data"] = [
            "large" if kind == "image-text" else FIELDS["data"][i % 4 == 2] for i, kind in enumerate(kinds)
        ]
        self.models = pl.DataFrame(
            {"model": self.names, "source": "made up", "layer": "pool", "weights": self.names, **own}
        )
        self.places = [f"dataset {i + 1}" for i in range(n_datasets)]
        self.datasets = pl.DataFrame(
            {
                "dataset": self.places,
                "source": "made up",
                "n_samples": 1000,
                "n_classes": 10,
                "revision": "1",
                "domain": [DOMAINS[i % 3] for i in range(n_datasets)],
            },
            schema={**schemas.DATASETS, "domain": pl.String},
        )
        self.pairs = list(combinations(range(n_models), 2))
        center = np.array([FIELDS["objective"].index(kind) for kind in kinds]) * 1.1
        place = np.stack([center, self.rng.normal(0, 0.5, n_models)], 1) + self.rng.normal(
            0, 0.35, (n_models, 2)
        )
        self.place = place
        distance = np.array([np.linalg.norm(place[i] - place[j]) for i, j in self.pairs])
        self.skill = np.clip(0.75 + 0.09 * place[:, 1] - 0.05 * place[:, 0], 0.2, 0.98)
        noise = self.rng.normal(0, 0.3, (n_datasets, len(self.pairs)))
        noise = noise * self.rng.uniform(0.3, 3.0, (n_datasets, 1)) + self.rng.normal(
            0, 0.25, (len(MEASURES), *noise.shape)
        )
        self.values = 1 / (1 + np.exp(-(1.6 - 1.4 * distance + noise)))

    def table(self, name: str, rows: list[dict[str, object]]) -> pl.DataFrame:
        return pl.DataFrame(rows, schema=getattr(schemas, name.upper()))

    def similarities(self) -> pl.DataFrame:
        rows = []
        for (m, measure), (d, dataset) in product(enumerate(MEASURES), enumerate(self.places)):
            for p, (i, j) in enumerate(self.pairs):
                lost = d == 0 and i == 0
                value = None if lost else float(self.values[m, d, p])
                why = "the features of the first model failed" if lost else None
                for x, y in ((i, j), (j, i)):
                    rows.append(
                        {
                            "dataset": dataset,
                            "measure": measure,
                            "model_x": self.names[x],
                            "model_y": self.names[y],
                        }
                        | {"similarity": value, "standard_error": 0.01, "n_samples": 1000, "reason": why}
                    )
            rows += [
                {"dataset": dataset, "measure": measure, "model_x": n, "model_y": n, "similarity": 1.0}
                for n in self.names
            ]
        return self.table("similarities", rows)

    def spread(self) -> pl.DataFrame:
        change = {"none": lambda v: v, "tan": np.tan, "arccos": np.arccos}
        rows = []
        for (m, measure), (transform, f) in product(enumerate(MEASURES), change.items()):
            changed = f(self.values[m])
            mean, deviation = changed.mean(0), changed.std(0, ddof=1)
            for p, (i, j) in enumerate(self.pairs):
                rows.append(
                    {
                        "measure": measure,
                        "transform": transform,
                        "model_x": self.names[i],
                        "model_y": self.names[j],
                    }
                    | {
                        "mean": float(mean[p]),
                        "standard_deviation": float(deviation[p]),
                        "n_datasets": len(self.places),
                    }
                )
        return self.table("similarity_spread", rows)

    def inverse_u(self) -> pl.DataFrame:
        rows = []
        for (m, measure), (t, transform) in product(
            enumerate(MEASURES), enumerate(("none", "tan", "arccos"))
        ):
            value = -0.5 + 0.25 * m + 0.2 * t
            row = {
                "curvature": value,
                "standard_error": 0.12,
                "low": value - 0.25,
                "high": value + 0.25,
                "peak": 0.55,
            }
            row |= {
                "rises_before": 0.2,
                "falls_after": -0.3,
                "p_value": 0.001 * 10**m,
                "n_pairs": 36,
                "n_models": 9,
            }
            row = {"reason": "fewer than two datasets"} if (m, t) == (2, 2) else row
            rows.append({"measure": measure, "transform": transform, **row})
        return self.table("inverse_u", rows)

    def maps(self) -> pl.DataFrame:
        rows = []
        for measure, dataset, (method, stress) in product(
            MEASURES, ("mean over datasets", *self.places), (("tsne", 0.31), ("mds", 0.12))
        ):
            place = self.place * (40 if method == "tsne" else 1) + self.rng.normal(0, 0.05, self.place.shape)
            for name, (x, y) in zip(self.names, place.tolist(), strict=True):
                where = {"x": x, "y": y, "stress": stress, "seed": 0}
                where = (
                    {"reason": "no similarities"}
                    if dataset == self.places[0] and name == self.names[0]
                    else where
                )
                rows.append(
                    {"measure": measure, "dataset": dataset, "method": method, "model": name, **where}
                )
        return self.table("model_map", rows)

    def clusters(self) -> pl.DataFrame:
        rows = []
        for measure, dataset, method, k in product(
            MEASURES[:2], self.places, ("linkage", "spectral"), (2, 3, 4)
        ):
            cut = np.argsort(np.argsort(self.place[:, 0] + 0.3 * self.place[:, 1])) * k // len(self.names) + 1
            for name, cluster in zip(self.names, cut.tolist(), strict=True):
                rows.append(
                    {
                        "measure": measure,
                        "dataset": dataset,
                        "method": method,
                        "n_clusters": k,
                        "model": name,
                        "cluster": cluster,
                    }
                )
        return self.table("clusters", rows)

    def cluster_agreement(self) -> pl.DataFrame:
        rows = []
        for measure, dataset, method, k, (f, field) in product(
            MEASURES[:2], self.places, ("linkage", "spectral"), (2, 3, 4), enumerate(FIELDS)
        ):
            value = (0.6, 0.02, 0.25)[f] + 0.05 * (k - 3) - 0.1 * (method == "spectral")
            row = {
                "adjusted_rand": value,
                "adjusted_mutual_information": value * 0.9,
                "p_value": (0.001, 0.4, 0.03)[f],
            }
            row |= {"q_value": (0.002, 0.5, 0.06)[f], "n_models": len(self.names)}
            rows.append(
                {
                    "measure": measure,
                    "dataset": dataset,
                    "method": method,
                    "n_clusters": k,
                    "field": field,
                    **row,
                }
            )
        return self.table("cluster_agreement", rows)

    def counts(self) -> pl.DataFrame:
        rows = []
        for (x, y), v in zip(combinations(FIELDS, 2), (0.05, 0.7, 0.1), strict=True):
            for a, b in product(FIELDS[x], FIELDS[y]):
                n = self.models.filter(pl.col(x) == a, pl.col(y) == b).height
                rows.append(
                    {"field_x": x, "value_x": a, "field_y": y, "value_y": b, "n_models": n, "cramers_v": v}
                )
        return self.table("category_counts", rows)

    def agreement(self) -> pl.DataFrame:
        rows = []
        for m, n in combinations(range(len(MEASURES)), 2):
            names = {"measure_x": MEASURES[m], "measure_y": MEASURES[n], "n_models": len(self.names)}
            means = self.values.mean(1)
            for correlation in ("pearson", "spearman"):
                r = float(np.corrcoef(means[m], means[n])[0, 1])
                base = {**names, "correlation": correlation, "n_pairs": len(self.pairs)}
                ends = {"agreement": r, "standard_error": 0.03, "low": r - 0.1, "high": min(1.0, r + 0.04)}
                rows.append({"of": "mean similarities", **base, **ends})
                ends = {"agreement": r - 0.2, "low": r - 0.35, "high": r - 0.1}
                rows.append({"of": "consistencies", "field": "objective", **base, **ends})
                for d, dataset in enumerate(self.places):
                    r = float(np.corrcoef(self.values[m, d], self.values[n, d])[0, 1])
                    rows.append(
                        {
                            "of": "similarities",
                            "dataset": dataset,
                            **base,
                            "agreement": r,
                            "low": r - 0.08,
                            "high": r + 0.03,
                        }
                    )
        return self.table("measure_agreement", rows)

    def domains(self) -> pl.DataFrame:
        rows = []
        sets, places = (list(combinations_with_replacement(v, 2)) for v in (FIELDS["objective"], DOMAINS))
        for measure, (s, (x, y)), (a, b) in product(MEASURES, enumerate(sets), places):
            value = 0.85 - 0.08 * s + 0.06 * (a == b) + float(self.rng.normal(0, 0.03))
            row = {
                "mean": value - 0.03,
                "standard_deviation": 0.1,
                "median": value,
                "low": value - 0.15,
                "high": value + 0.08,
            }
            row = {"reason": WHY} if (s, a, b) == (5, *DOMAINS[:2]) else row
            rows.append(
                {"measure": measure, "correlation": "pearson", "field": "objective", "set_x": x, "set_y": y}
                | {"domain_x": a, "domain_y": b, "n_dataset_pairs": 6, **row}
            )
        return self.table("consistency_domains", rows)

    def differences(self) -> pl.DataFrame:
        rows = []
        sets = list(combinations_with_replacement(FIELDS["objective"], 2))
        medians = (0.78, 0.81, 0.50, 0.92, 0.84, 0.76)
        for measure, (s, t) in product(MEASURES, combinations(range(6), 2)):
            change = medians[s] - medians[t]
            p = float(np.exp(-25 * abs(change)))
            names = dict(zip(("set_x", "set_y", "other_x", "other_y"), (*sets[s], *sets[t]), strict=True))
            rows.append(
                {
                    "measure": measure,
                    "correlation": "pearson",
                    "field": "objective",
                    **names,
                    "median": medians[s],
                }
                | {
                    "other_median": medians[t],
                    "difference": change,
                    "p_value": p,
                    "p_value_familywise": min(1.0, 9 * p),
                }
                | {"q_value": min(1.0, 3 * p), "n_models": len(self.names), "permutations": 999}
            )
        return self.table("consistency_differences", rows)

    def performance(self) -> pl.DataFrame:
        rows = []
        for (i, model), (d, dataset), (k, method) in product(
            enumerate(self.names), enumerate(self.places), enumerate(("adamw", "logistic", "knn"))
        ):
            for metric, split in product(("top1", "mean_class_recall"), ("test", "train")):
                value = float(
                    np.clip(self.skill[i] - 0.03 * d % 0.3 - 0.02 * k + 0.04 * (split == "train"), 0, 1)
                )
                rows.append(
                    {"model": model, "dataset": dataset, "method": method, "metric": metric, "split": split}
                    | {"value": value, "standard_error": 0.012, "n_seeds": 3, "n_train": 800, "n_test": 200}
                    | {"n_classes": 10, "tested_on": "holdout", "settings": "learning rate .01"}
                )
        return self.table("performance", rows)

    def gap(self) -> pl.DataFrame:
        rows = []
        gaps = np.array([abs(self.skill[i] - self.skill[j]) for i, j in self.pairs])
        for (m, measure), (d, dataset), correlation in product(
            enumerate(MEASURES), enumerate(self.places), ("pearson", "spearman")
        ):
            r = float(np.corrcoef(self.values[m, d], gaps)[0, 1])
            row = {
                "association": r,
                "standard_error": 0.1,
                "low": r - 0.2,
                "high": r + 0.2,
                "p_value": 0.01,
                "q_value": 0.03,
            }
            row = {"reason": WHY} if d == 1 else row
            rows.append(
                {
                    "measure": measure,
                    "dataset": dataset,
                    "correlation": correlation,
                    "method": "adamw",
                    "metric": "top1",
                }
                | {"n_models": len(self.names), "n_pairs": len(self.pairs), **row}
            )
        return self.table("performance_gap", rows)

    def sample_size(self) -> pl.DataFrame:
        rows, sizes = [], (100, 500, 1000, 2000, 4000)
        for (m, measure), dataset, (n, after) in product(
            enumerate(MEASURES), self.places[:2], zip(sizes, (*sizes[1:], None), strict=True)
        ):
            move = None if after is None else (0.5 + 0.3 * m) / n**0.5
            parts = {
                "median_change": 1,
                "mean_change": 1.1,
                "largest_change": 3.2,
                "lower_quartile": 0.5,
                "upper_quartile": 1.6,
            }
            row = {name: None if move is None else move * factor for name, factor in parts.items()}
            rows.append(
                {"measure": measure, "dataset": dataset, "n_samples": n, "n_next": after, **row}
                | {"agreement": 1 - 2 / n * (1 + m) + (2 / 4000 * (1 + m)), "n_pairs": len(self.pairs)}
            )
        return self.table("sample_size", rows)

    def components(self) -> pl.DataFrame:
        rows = []
        parts = ("objective", "same objective", "same architecture", "same data", "model", "pair")
        shares = dict(zip(parts, (0.08, 0.36, 0.02, 0.12, 0.2, 0.22), strict=True))
        for measure, of, dataset in product(MEASURES, ("similarity", "consistency"), (None, *self.places)):
            if of == "consistency" and dataset is not None:
                continue
            for component, share in shares.items():
                value = share + (0 if dataset is None else float(self.rng.normal(0, 0.05)))
                value = max(0.0, value)
                tested = {
                    "p_value": 0.001 if value > 0.1 else 0.3,
                    "n_models": len(self.names),
                    "n_pairs": len(self.pairs),
                }
                row = {
                    "variance": value * 0.02,
                    "share": value,
                    "low": max(0.0, value - 0.12),
                    "high": value + 0.15,
                    **tested,
                }
                rows.append({"measure": measure, "of": of, "dataset": dataset, "component": component, **row})
        return self.table("variance_components", rows)

    def mantel(self) -> pl.DataFrame:
        rows = []
        for measure, dataset, (f, field), held in product(
            MEASURES, (None, *self.places), enumerate(FIELDS), (0, 1, 2)
        ):
            value = (
                (0.55, 0.05, 0.4)[f]
                - 0.1 * f * held
                + (0 if dataset is None else float(self.rng.normal(0, 0.06)))
            )
            given = ", ".join([other for other in FIELDS if other != field][:held])
            tested = {
                "p_value": 0.001 if value > 0.2 else 0.4,
                "q_value": 0.003 if value > 0.2 else 0.5,
                "permutations": 999,
            }
            rows.append(
                {
                    "measure": measure,
                    "dataset": dataset,
                    "field": field,
                    "given": given,
                    "correlation": "pearson",
                }
                | {"association": value, "standard_error": 0.07, "n_models": len(self.names), **tested}
            )
        return self.table("partial_mantel", rows)
