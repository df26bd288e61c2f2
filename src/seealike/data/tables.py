"""The named schemas of every table that a study writes: the only thing that analyses and the report read."""

from __future__ import annotations

import polars as pl

from seealike.errors import DamagedArtifact

#: One row a model: the card, flattened. Further columns are the card's own fields (objective, …).
MODELS = {"model": pl.String, "source": pl.String, "layer": pl.String, "weights": pl.String}

#: One row a dataset. Further columns are the card's own fields (domain, …).
DATASETS = {
    "dataset": pl.String,
    "source": pl.String,
    "n_samples": pl.Int64,
    "n_classes": pl.Int64,
    "revision": pl.String,
}

#: One row an ordered pair of models, dataset and measure; `reason` says why `similarity` is null.
SIMILARITIES = {
    "dataset": pl.String,
    "measure": pl.String,
    "model_x": pl.String,
    "model_y": pl.String,
    "similarity": pl.Float64,
    "standard_error": pl.Float64,
    "chance": pl.Float64,
    "above_chance": pl.Float64,
    "n_samples": pl.Int64,
    "reason": pl.String,
}

#: One row a pair of models: whether they are more alike than under random orders of the samples; `reason`
#: says why the numbers are null.
SIGNIFICANCE = {
    "dataset": pl.String,
    "measure": pl.String,
    "model_x": pl.String,
    "model_y": pl.String,
    "aggregate": pl.String,
    "similarity": pl.Float64,
    "p_value": pl.Float64,
    "p_value_familywise": pl.Float64,
    "q_value": pl.Float64,
    "threshold": pl.Float64,
    "threshold_familywise": pl.Float64,
    "calibrated": pl.Float64,
    "n_samples": pl.Int64,
    "permutations": pl.Int64,
    "alpha": pl.Float64,
    "seed": pl.Int64,
    "reason": pl.String,
}

#: One row a measure, correlation, pair of model sets and pair of datasets. `standard_error` is over models,
#: `standard_error_samples` over samples, `low` to `high` over both; `influential` is the model that changes the
#: value most when it is left out, to `without_it`.
CONSISTENCY = {
    "measure": pl.String,
    "correlation": pl.String,
    "field": pl.String,
    "set_x": pl.String,
    "set_y": pl.String,
    "dataset_x": pl.String,
    "dataset_y": pl.String,
    "consistency": pl.Float64,
    "standard_error": pl.Float64,
    "standard_error_samples": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "influential": pl.String,
    "without_it": pl.Float64,
    "n_models": pl.Int64,
    "n_pairs": pl.Int64,
    "spread_x": pl.Float64,
    "spread_y": pl.Float64,
    "reason": pl.String,
}

#: One row a measure, correlation and two pairs of model sets: (set_x, set_y) and (other_x, other_y).
CONSISTENCY_DIFFERENCES = {
    "measure": pl.String,
    "correlation": pl.String,
    "field": pl.String,
    "set_x": pl.String,
    "set_y": pl.String,
    "other_x": pl.String,
    "other_y": pl.String,
    "median": pl.Float64,
    "other_median": pl.Float64,
    "difference": pl.Float64,
    "p_value": pl.Float64,
    "p_value_familywise": pl.Float64,
    "q_value": pl.Float64,
    "n_models": pl.Int64,
    "permutations": pl.Int64,
    "reason": pl.String,
}

#: One row a model with a head and a dataset of the same classes.
HEAD_ACCURACY = {
    "model": pl.String,
    "dataset": pl.String,
    "layer": pl.String,
    "n_samples": pl.Int64,
    "top1": pl.Float64,
    "standard_error": pl.Float64,
    "published_top1": pl.Float64,
}

#: One row a measure, dataset, method and model: its place on a map of models ("mds" or "tsne"), where nearness says
#: alike. `stress` is the map's: Kruskal's stress-1 for mds, the Kullback-Leibler divergence for tsne.
MODEL_MAP = {
    "measure": pl.String,
    "dataset": pl.String,
    "method": pl.String,
    "model": pl.String,
    "x": pl.Float64,
    "y": pl.Float64,
    "stress": pl.Float64,
    "seed": pl.Int64,
    "reason": pl.String,
}

#: One row a measure, dataset, method, number of clusters and model: the cluster it falls in (1, 2, …).
CLUSTERS = {
    "measure": pl.String,
    "dataset": pl.String,
    "method": pl.String,
    "n_clusters": pl.Int64,
    "model": pl.String,
    "cluster": pl.Int64,
    "reason": pl.String,
}

#: One row a clustering (as in CLUSTERS) and card field: how far clusters and the field's values are the same parts.
CLUSTER_AGREEMENT = {
    "measure": pl.String,
    "dataset": pl.String,
    "method": pl.String,
    "n_clusters": pl.Int64,
    "field": pl.String,
    "adjusted_rand": pl.Float64,
    "adjusted_mutual_information": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "n_models": pl.Int64,
    "reason": pl.String,
}

#: One row two card fields and a value of each: how many models have both; `cramers_v` is of the two fields.
CATEGORY_COUNTS = {
    "field_x": pl.String,
    "value_x": pl.String,
    "field_y": pl.String,
    "value_y": pl.String,
    "n_models": pl.Int64,
    "cramers_v": pl.Float64,
    "reason": pl.String,
}

#: One row a measure, dataset ("mean over datasets" for their mean) and model: its place when models that are alike
#: stand side by side.
MODEL_ORDER = {
    "measure": pl.String,
    "dataset": pl.String,
    "position": pl.Int64,
    "model": pl.String,
}

#: One row a measure, transform and unordered pair of models: mean and standard deviation over datasets.
SIMILARITY_SPREAD = {
    "measure": pl.String,
    "transform": pl.String,
    "model_x": pl.String,
    "model_y": pl.String,
    "mean": pl.Float64,
    "standard_deviation": pl.Float64,
    "n_datasets": pl.Int64,
    "reason": pl.String,
}

#: One row a measure and transform: do pairs of middling similarity vary most from dataset to dataset?
INVERSE_U = {
    "measure": pl.String,
    "transform": pl.String,
    "curvature": pl.Float64,
    "standard_error": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "peak": pl.Float64,
    "rises_before": pl.Float64,
    "falls_after": pl.Float64,
    "p_value": pl.Float64,
    "n_pairs": pl.Int64,
    "n_models": pl.Int64,
    "reason": pl.String,
}

#: One row two measures, correlation and what is compared; `dataset` is null where that is not of one dataset, `field`
#: (of the sets) where that is no consistency.
MEASURE_AGREEMENT = {
    "of": pl.String,
    "field": pl.String,
    "dataset": pl.String,
    "measure_x": pl.String,
    "measure_y": pl.String,
    "correlation": pl.String,
    "agreement": pl.Float64,
    "standard_error": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n_models": pl.Int64,
    "n_pairs": pl.Int64,
    "reason": pl.String,
}

#: One row a measure, correlation, pair of model sets and pair of domains of datasets; the interval is the median's.
CONSISTENCY_DOMAINS = {
    "measure": pl.String,
    "correlation": pl.String,
    "field": pl.String,
    "set_x": pl.String,
    "set_y": pl.String,
    "domain_x": pl.String,
    "domain_y": pl.String,
    "mean": pl.Float64,
    "standard_deviation": pl.Float64,
    "median": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n_dataset_pairs": pl.Int64,
    "reason": pl.String,
}

#: One row a cell of the plan: what was done, what failed and why.
OUTCOMES = {
    "stage": pl.String,
    "cell": pl.String,
    "status": pl.String,
    "reason": pl.String,
    "elapsed_s": pl.Float64,
    "digest": pl.String,
}

#: One row a measure, dataset and component: how much of the variance over pairs of models belongs to it.
#: `dataset` is null for consistency and for the mean over datasets.
VARIANCE_COMPONENTS = {
    "measure": pl.String,
    "of": pl.String,
    "dataset": pl.String,
    "component": pl.String,
    "variance": pl.Float64,
    "share": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_value": pl.Float64,
    "n_models": pl.Int64,
    "n_pairs": pl.Int64,
    "reason": pl.String,
}

#: One row a measure, dataset, field and other fields held (`given`): the association of sharing the field's
#: value with similarity.
PARTIAL_MANTEL = {
    "measure": pl.String,
    "dataset": pl.String,
    "field": pl.String,
    "given": pl.String,
    "correlation": pl.String,
    "association": pl.Float64,
    "standard_error": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "n_models": pl.Int64,
    "n_pairs": pl.Int64,
    "permutations": pl.Int64,
    "reason": pl.String,
}

#: One row a model, dataset, method ("adamw", "logistic", "ridge", "knn" or "published"), metric ("top1", "top5",
#: "mean_class_recall") and split ("train", "test"); `tested_on` says which samples the test split is ("test", the
#: dataset's own; "holdout", part of the dataset that was not trained on; or the file that published it).
PERFORMANCE = {
    "model": pl.String,
    "dataset": pl.String,
    "method": pl.String,
    "metric": pl.String,
    "split": pl.String,
    "value": pl.Float64,
    "standard_error": pl.Float64,
    "n_seeds": pl.Int64,
    "n_train": pl.Int64,
    "n_test": pl.Int64,
    "n_classes": pl.Int64,
    "tested_on": pl.String,
    "settings": pl.String,
    "reason": pl.String,
}

#: One row a measure, dataset, correlation, method and metric: the correlation, over pairs of models, of similarity
#: with the difference of their performance.
PERFORMANCE_GAP = {
    "measure": pl.String,
    "dataset": pl.String,
    "correlation": pl.String,
    "method": pl.String,
    "metric": pl.String,
    "association": pl.Float64,
    "standard_error": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "n_models": pl.Int64,
    "n_pairs": pl.Int64,
    "reason": pl.String,
}

#: One row a measure, dataset and size of its nested subsets: how far the similarities move to the next size
#: (`n_next`), and how they agree (Pearson) with those of the largest.
SAMPLE_SIZE = {
    "measure": pl.String,
    "dataset": pl.String,
    "n_samples": pl.Int64,
    "n_next": pl.Int64,
    "median_change": pl.Float64,
    "mean_change": pl.Float64,
    "largest_change": pl.Float64,
    "lower_quartile": pl.Float64,
    "upper_quartile": pl.Float64,
    "agreement": pl.Float64,
    "n_pairs": pl.Int64,
    "reason": pl.String,
}

#: One row a network that a study has trained, set of samples and metric: "loss" (mean cross-entropy in nats, of
#: noise the mean squared error) or "accuracy". `task` is what it learned: "classes", "next token" or "noise". Of
#: "NAME: training" the loss is that of the last twentieth of the steps; "NAME: test" are samples that no network of
#: the experiment has seen, of the classes or corpora that this one has learned. `n` counts samples, chunks (of
#: training texts) or tokens.
TRAINED = {
    "experiment": pl.String,
    "model": pl.String,
    "task": pl.String,
    "dataset": pl.String,
    "metric": pl.String,
    "value": pl.Float64,
    "n": pl.Int64,
    "reason": pl.String,
}

#: One row an experiment, design, evaluation set, measure and term: what of similarity the overlap explains. The slope
#: goes from no overlap to all of it; of the factorial design the terms are "data", "task" and "data x task" of one
#: mixed model, of the others "overlap".
ATTRIBUTION = {
    "experiment": pl.String,
    "design": pl.String,
    "dataset": pl.String,
    "measure": pl.String,
    "term": pl.String,
    "slope": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_value": pl.Float64,
    "head_room": pl.Float64,
    "r_squared": pl.Float64,
    "spearman": pl.Float64,
    "mutual_information": pl.Float64,
    "mutual_information_published": pl.Float64,
    "n": pl.Int64,
    "n_seeds": pl.Int64,
    "verdict": pl.String,
    "reason": pl.String,
}

#: One row a consequence ("transfer", "agreement", "kappa", "error_consistency", "stitching", "ensemble_gain"), its
#: details (attack and radius, or nothing), run of an experiment, ordered pair of models and set of samples.
CONSEQUENCES = {
    "kind": pl.String,
    "detail": pl.String,
    "experiment": pl.String,
    "design": pl.String,
    "data_overlap": pl.Float64,
    "task_overlap": pl.Float64,
    "seed": pl.Int64,
    "model_x": pl.String,
    "model_y": pl.String,
    "dataset": pl.String,
    "value": pl.Float64,
    "n": pl.Int64,
    "accuracy_x": pl.Float64,
    "accuracy_y": pl.Float64,
    "reason": pl.String,
}

#: One row an experiment, consequence, its details, a measure and a set of samples: how it grows with similarity.
CONSEQUENCE_SLOPES = {
    "experiment": pl.String,
    "kind": pl.String,
    "detail": pl.String,
    "measure": pl.String,
    "dataset": pl.String,
    "slope": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_value": pl.Float64,
    "spearman": pl.Float64,
    "n": pl.Int64,
    "n_seeds": pl.Int64,
    "verdict": pl.String,
    "reason": pl.String,
}


#: One row a model, layer, set of human judgements, readout, distance and score: how human-like the layer is. Baselines
#: (pixels, PSNR, SSIM, LPIPS) are rows with their name as model and "" as layer. `depth` is the place among the layers
#: read, from 0 (first) to 1 (last); `human` is the name of the judgements and `level` what kind of seeing they ask for.
ALIGNMENT = {
    "model": pl.String,
    "layer": pl.String,
    "depth": pl.Float64,
    "human": pl.String,
    "level": pl.String,
    "readout": pl.String,
    "distance": pl.String,
    "score": pl.String,
    "value": pl.Float64,
    "standard_error": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n": pl.Int64,
    "reason": pl.String,
}

#: One row a model, layer, set of human judgements, readout and distance: all layers (and readouts) of the model tested
#: together. `gain` is over chance, `low` to `high` a band that holds all layers' gains at once, `p_value_familywise` of
#: the largest gain of all; `behind` is the best layer's gain - this one's, `p_value_best` of being as good as the best.
#: `n` is of units: triplets, references, samples.
ALIGNMENT_LAYERS = {
    "model": pl.String,
    "layer": pl.String,
    "depth": pl.Float64,
    "human": pl.String,
    "level": pl.String,
    "readout": pl.String,
    "distance": pl.String,
    "score": pl.String,
    "gain": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_value": pl.Float64,
    "p_value_familywise": pl.Float64,
    "behind": pl.Float64,
    "p_value_best": pl.Float64,
    "n": pl.Int64,
    "reason": pl.String,
}

#: One row a set of human judgements, score and kind: how well the judgements can be predicted at all ("majority",
#: "leave_one_out", "split_half", "agreement"; "sampling_noise": the divergence that a perfect model would have), and
#: what guessing reaches ("chance").
CEILINGS = {
    "human": pl.String,
    "level": pl.String,
    "score": pl.String,
    "kind": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n": pl.Int64,
    "reason": pl.String,
}

#: One row a number that was published of a model's layer (or "projection", or "" for a baseline).
PUBLISHED_ALIGNMENT = {
    "experiment": pl.String,
    "model": pl.String,
    "layer": pl.String,
    "human": pl.String,
    "distance": pl.String,
    "score": pl.String,
    "value": pl.Float64,
    "source": pl.String,
}

#: One row a set of judgements, score, distance and pair of models, each at its best layer: x - y on the same
#: judgements.
ALIGNMENT_DIFFERENCES = {
    "human": pl.String,
    "score": pl.String,
    "distance": pl.String,
    "model_x": pl.String,
    "layer_x": pl.String,
    "model_y": pl.String,
    "layer_y": pl.String,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "n": pl.Int64,
    "reason": pl.String,
}

#: One row a judgement and model's best layer, of those judgements that models disagree about most. `human_value` is the
#: share of people who chose as the row says (third is odd; second is nearer), or their opinion; `credit` is what the
#: model earns.
JUDGED = {
    "human": pl.String,
    "trial": pl.String,
    "first": pl.String,
    "second": pl.String,
    "third": pl.String,
    "human_value": pl.Float64,
    "model": pl.String,
    "layer": pl.String,
    "credit": pl.Float64,
}

#: One row a sample of JUDGED whose picture a report shows; `image` is a data URI. Made for a report, never stored.
THUMBNAILS = {"human": pl.String, "sample": pl.String, "image": pl.String}


#: One row an arm ("base", "control" or "aligned"), model, seed, task and dataset: what aligning features with people
#: changed. Tasks: "odd_one_out", "kl_divergence", "levels_…", "times_…", "rsa_…", "neighbors", "few_shot",
#: "linear_probe", "shift"; more is better in all but "kl_divergence". Ceilings and chance are rows of the arms
#: "ceiling" and "chance".
PROOF = {
    "arm": pl.String,
    "model": pl.String,
    "seed": pl.Int64,
    "task": pl.String,
    "dataset": pl.String,
    "value": pl.Float64,
    "standard_error": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n": pl.Int64,
    "reason": pl.String,
}

#: One row a pair of models of one training run (an experiment's design at its overlaps, with its seed), evaluation set
#: and measure; `reason` says why `similarity` is null.
OVERLAP_RUNS = {
    "experiment": pl.String,
    "design": pl.String,
    "data_overlap": pl.Float64,
    "task_overlap": pl.Float64,
    "seed": pl.Int64,
    "dataset": pl.String,
    "measure": pl.String,
    "model_x": pl.String,
    "model_y": pl.String,
    "similarity": pl.Float64,
    "standard_error": pl.Float64,
    "reason": pl.String,
}


def of_experiments(table: pl.DataFrame) -> pl.DataFrame:
    """A table of runs with the column `experiment`; one of before that column is of a single experiment, "".

    Example:
        >>> of_experiments(pl.DataFrame({"design": ["data"]})).columns
        ['experiment', 'design']
    """
    return table if "experiment" in table.columns else table.select(pl.lit("").alias("experiment"), pl.all())


def checked(table: pl.DataFrame, schema: dict[str, type[pl.DataType]], where: str) -> pl.DataFrame:
    """The table itself, if it has the columns of `schema` with their types; further columns are kept.

    Args:
        table: any table.
        schema: column -> type, one of the schemas of this module.
        where: the file's or the table's name, for the error.

    Raises:
        DamagedArtifact: a column is missing or of another type.

    Example:
        >>> import polars as pl
        >>> checked(pl.DataFrame({"dataset": ["a"]}), {"dataset": pl.String}, "t").height
        1
    """
    wrong = [name for name, kind in schema.items() if table.schema.get(name) != kind]
    if wrong:
        raise DamagedArtifact(
            where=where,
            expected=f"columns {', '.join(f'{n} ({schema[n].__name__})' for n in wrong)}",
            got=f"columns {', '.join(f'{n} ({t})' for n, t in table.schema.items())}",
            fix="Redo the stage that writes this table.",
        )
    return table
