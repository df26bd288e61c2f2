"""The stage «judge»: planted observers recovered, ceilings, differences, what is done again and what is not."""

import json

import numpy as np
import polars as pl
import pytest

import seealike
from seealike import Features, read_studies, run, write_features
from seealike.cli import work
from seealike.cli.spare import gc
from seealike.data.imports.layout import feature_path
from seealike.errors import StudyMistakes
from seealike.extract import Reader
from seealike.human.paired import layer_profile
from seealike.sources.judgements import read_judgements

from ..human.observers import choose, drawn_triplets, probabilities
from ..sources.test_judgements import nights, tid
from .conftest import write_study

N = 40
IDS = tuple(f"object{k:02d}" for k in range(N))
NOISE = {"early": 1.6, "middle": 0.6, "late": 0.05}
STUDY = """\
name: people
models:
  - {each: {name: [sharp, dull]}, source: features, name: "{name}", path: features, layer: [early, middle, late]}
datasets: [{source: features, name: objects, path: objects.parquet}]
human:
  - {source: things, name: THINGS, path: trials.txt, ids: ids.txt, order: unique_id, base: 1, dataset: objects}
"""


def planted(folder):
    """People who choose by z; two models whose layers see z through more or less noise, the dull one through more."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(N, 4))
    triplets = np.repeat(drawn_triplets(rng, N, 150), 8, axis=0)
    trials = choose(rng, triplets, probabilities(z, triplets, temperature=0.5))
    lines = [f"{a + 1} {b + 1} {c + 1} 3 {k % 8}" for k, (a, b, c) in enumerate(trials)]
    (folder / "trials.txt").write_text("\n".join(lines))
    (folder / "ids.txt").write_text("\n".join(IDS))
    pl.DataFrame({"sample_id": IDS}).write_parquet(folder / "objects.parquet")
    features = {}
    for model, worse in (("sharp", 1.0), ("dull", 2.0)):
        for layer, noise in NOISE.items():
            order = rng.permutation(N)  # rows are joined by id, never by position
            values = (z + worse * noise * rng.normal(size=z.shape))[order].astype("f4")
            features[model, layer] = Features(values, tuple(IDS[k] for k in order))
            write_features(feature_path(folder / "features", "objects", model, layer), features[model, layer])
    (folder / "study.yaml").write_text(STUDY)
    return features


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    features = planted(folder)
    (study,) = read_studies(folder / "study.yaml")
    return folder, features, run(study)


def table(folder, name="alignment"):
    return pl.read_parquet(folder / f"results/tables/{name}.parquet")


def edit(folder, old, new):
    text = (folder / "study.yaml").read_text()
    assert old in text
    (folder / "study.yaml").write_text(text.replace(old, new))


def again(folder):
    (study,) = read_studies(folder / "study.yaml")
    return {outcome.cell: outcome for outcome in run(study)}


def test_a_planted_observer_is_recovered(done):
    folder, _, outcomes = done
    assert {o.status for o in outcomes} == {"done"}
    assert [o.cell for o in outcomes if o.stage == "judge"] == [
        "ceilings of THINGS", "sharp × THINGS", "dull × THINGS", "models on THINGS",
    ]  # fmt: skip
    rows = table(folder).filter(score="odd_one_out")
    found = {(m, layer): v for m, layer, v in rows.select("model", "layer", "value").rows()}
    for model in ("sharp", "dull"):
        assert found[model, "late"] > found[model, "middle"] > found[model, "early"]
    assert found["sharp", "middle"] > found["dull", "middle"]
    assert rows.select("level", "readout", "distance", "n").unique().rows() == [
        ("high", "features", "dot", 1200)
    ]
    assert rows.filter(model="sharp")["depth"].to_list() == [0, 0.5, 1]
    ceiling = dict(table(folder, "ceilings").select("kind", "value").rows())
    late = rows.filter(model="sharp", layer="late").row(0, named=True)
    assert late["low"] < ceiling["leave_one_out"] < late["high"] < ceiling["majority"] + 0.05
    assert rows.filter(model="dull", layer="early")["high"].item() < late["low"]


def test_scores_are_those_of_the_public_functions(done):
    folder, features, _ = done
    trials = read_judgements(
        "things", folder / "trials.txt", ids=folder / "ids.txt", order="unique_id", base=1
    )
    for (model, layer), one in features.items():
        found = seealike.odd_one_out(one, trials)
        row = table(folder).filter(model=model, layer=layer, score="odd_one_out").row(0, named=True)
        assert (row["value"], row["low"], row["high"]) == pytest.approx(
            (found.accuracy, found.low, found.high)
        )
    entropy = table(folder).filter(score="cross_entropy", model="sharp", layer="late")["value"].item()
    floor = table(folder, "ceilings").filter(kind="entropy")["value"].item()
    assert floor - 0.1 < entropy < np.log(3)
    assert table(folder).filter(score="kl_divergence", model="sharp", layer="late")["value"].item() < 0.15
    errors = dict(
        table(folder).filter(score="calibration_error", model="sharp").select("layer", "value").rows()
    )
    assert 0 <= errors["late"] < 0.1
    assert table(folder).filter(score="entropy_response_times").is_empty()


def test_all_layers_of_a_model_are_tested_together(done):
    folder, features, _ = done
    rows = table(folder, "alignment_layers")
    assert rows.height == 6
    assert set(rows["score"]) == {"odd_one_out"}
    trials = read_judgements(
        "things", folder / "trials.txt", ids=folder / "ids.txt", order="unique_id", base=1
    )
    for model in ("sharp", "dull"):
        mine = rows.filter(model=model)
        scores = {layer: seealike.odd_one_out(features[model, layer], trials) for layer in mine["layer"]}
        found = layer_profile(scores, 1 / 3)
        for column in ("gain", "low", "high", "p_value_familywise", "behind", "p_value_best"):
            np.testing.assert_allclose(mine[column], getattr(found, column), err_msg=column)
    late, early = (rows.filter(model="sharp", layer=layer).row(0, named=True) for layer in ("late", "early"))
    assert late["gain"] > 0.2
    assert late["p_value_familywise"] < 0.01
    assert (late["behind"], late["p_value_best"]) == (0, 1)
    assert early["p_value_best"] < 0.01
    value = table(folder).filter(model="sharp", layer="late", score="odd_one_out")["value"].item()
    assert late["gain"] == pytest.approx(value - 1 / 3)


def test_models_are_compared_at_their_best_layers(done):
    folder = done[0]
    row = table(folder, "alignment_differences").row(0, named=True)
    assert (row["model_x"], row["layer_x"], row["model_y"], row["layer_y"]) == (
        "sharp",
        "late",
        "dull",
        "late",
    )
    assert row["low"] < row["difference"] < row["high"]
    judged = table(folder, "judged")
    assert judged.group_by("trial").agg(pl.col("credit").n_unique()).get_column("credit").min() == 2
    assert judged["trial"].n_unique() <= 200
    one = judged.row(0, named=True)
    line = (folder / "trials.txt").read_text().splitlines()[int(one["trial"]) - 1].split()
    assert [one[name] for name in ("first", "second", "third")] == [IDS[int(k) - 1] for k in line[:3]]
    assert 0 < one["human_value"] <= 1


def test_only_what_changed_is_done_again(tmp_path):
    planted(tmp_path)
    first = again(tmp_path)
    kept = {p: p.stat().st_mtime_ns for p in (tmp_path / "results").rglob("distances-*.safetensors")}
    assert len(kept) == 2
    again(tmp_path)
    assert {p: p.stat().st_mtime_ns for p in kept} == kept
    edit(tmp_path, "dataset: objects}", "dataset: objects, ties: half, level: objects}")
    second = again(tmp_path)
    assert first["sharp × THINGS"].digest != second["sharp × THINGS"].digest
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "results").rglob("distances-*.safetensors")} == kept
    assert set(table(tmp_path)["level"]) == {"objects"}
    edit(tmp_path, "ties: half", "distances: [cosine, triplet]")
    again(tmp_path)
    rows = table(tmp_path).filter(model="sharp", layer="late", score="odd_one_out")
    assert set(rows["distance"]) == {"cosine", "triplet"}
    assert (
        "expected the name of a distance, got 'triplet'" in rows.filter(distance="triplet")["reason"].item()
    )


def test_other_features_are_judged_anew(tmp_path):
    features = planted(tmp_path)
    again(tmp_path)
    late = {"model": "sharp", "layer": "late", "score": "odd_one_out"}
    before = table(tmp_path).filter(**late)["value"].item()
    path = feature_path(tmp_path / "features", "objects", "sharp", "late")
    noise = np.random.default_rng(5).normal(size=(N, 4)).astype("f4")
    write_features(path, Features(noise, features["sharp", "late"].sample_ids))
    again(tmp_path)
    assert table(tmp_path).filter(**late)["value"].item() < before - 0.1


def test_distances_that_are_needed_are_no_spare_features(tmp_path, capsys):
    planted(tmp_path)
    again(tmp_path)
    assert gc(tmp_path / "study.yaml", delete=True) == 0
    assert len(list((tmp_path / "results").rglob("distances-*.safetensors"))) == 2
    edit(tmp_path, "dataset: objects}", "dataset: objects, distances: [cosine]}")
    gc(tmp_path / "study.yaml", delete=False)
    assert "2 files and folders" in capsys.readouterr().out


def test_a_layer_without_a_distance_is_a_reason(tmp_path):
    features = planted(tmp_path)
    flat = np.zeros((N, 4), "f4")
    path = feature_path(tmp_path / "features", "objects", "dull", "early")
    write_features(path, Features(flat, features["dull", "early"].sample_ids))
    feature_path(tmp_path / "features", "objects", "dull", "middle").unlink()
    edit(tmp_path, "dataset: objects}", "dataset: objects, distances: [cosine]}")
    again(tmp_path)
    rows = table(tmp_path).filter(score="odd_one_out")
    reasons = {(m, layer): why for m, layer, why in rows.select("model", "layer", "reason").rows()}
    assert "a row of zeros" in reasons["dull", "early"] or "got some on" in reasons["dull", "early"]
    assert reasons["sharp", "late"] is None


def table_of_references(folder):
    return len(np.unique(read_judgements("tid2013", folder / "tid").references))


IMAGES = """\
name: pictures
models:
  - each: {seed: [0, 1]}
    source: checkpoint
    name: "ssl-{seed}"
    network: nets.py:Tiny
    weights: "ssl-{seed}.pt"
    layer: [conv, body, pool]
    pooling: flatten
    input: {size: 12}
published_alignment: human-clip-2024
human:
  - {source: tid2013, name: TID2013, path: tid, layers: "bod*", draws: 10, baselines: [pixels, psnr]}
  - {source: nights, name: NIGHTS, path: nights, readouts: [features, tokens, cls, projection], distances: [rms]}
"""


@pytest.fixture
def pictures(tmp_path):
    write_study(tmp_path, IMAGES)
    for name, make in (("tid", tid), ("nights", nights)):
        (tmp_path / name).mkdir()
        make(tmp_path / name)
    return tmp_path


def test_images_that_people_judged_become_datasets(pictures):
    outcomes = again(pictures)
    assert {o.status for o in outcomes.values()} == {"done"}
    assert "ssl-0 × NIGHTS" in outcomes
    pixels = table(pictures).filter(model="pixels", score="spearman").row(0, named=True)
    assert (pixels["layer"], pixels["level"], pixels["readout"]) == ("", "low", "images")
    assert pixels["value"] > 0.9
    assert set(table(pictures).filter(human="TID2013", model="ssl-0")["layer"]) == {"body"}
    gains = table(pictures, "alignment_layers").filter(human="TID2013")
    assert set(gains["model"]) == {"ssl-0", "ssl-1", "pixels", "psnr"}
    assert set(gains["n"]) == {table_of_references(pictures)}
    of_pixels = gains.filter(model="pixels").row(0, named=True)
    assert of_pixels["gain"] == pytest.approx(pixels["value"], abs=1e-12)
    assert of_pixels["low"] <= of_pixels["gain"] <= of_pixels["high"]
    rows = table(pictures).filter(human="NIGHTS", score="two_afc", model="ssl-0")
    assert set(rows["n"].drop_nulls()) == {16}, (
        "the unanimous rows alone are judged, and their images alone are read"
    )
    read = list((pictures / "results/features/NIGHTS").glob("samples-*.parquet"))
    assert pl.read_parquet(read[0]).height == 48
    # Tokens side by side are what `flatten` stores; the published distances do not know how they were had.
    for layer in ("conv", "body"):
        both = [
            rows.filter(layer=layer, readout=r, distance="rms")["value"].item()
            for r in ("features", "tokens")
        ]
        assert both[0] == both[1]
    assert rows.filter(readout="projection").height == 0, "a readout that fits no layer here is passed over"
    assert (
        not (pictures / "results/tables/similarities.parquet").exists()
        or not table(pictures, "similarities").height
    )
    published = table(pictures, "published_alignment")
    assert set(published["model"]) == {"pixels", "ssim", "lpips", "perceptnet"}
    assert set(published["human"]) == {"TID2013", "NIGHTS"}
    record = json.loads((pictures / "results/record/last-run.json").read_text())
    assert not [text for text in record["warnings"] if "TID2013" in text]


def test_ratings_read_the_wrong_way_round_are_warned_of(pictures, capsys):
    edit(pictures, IMAGES.splitlines()[-1] + "\n", "")
    names = pictures / "tid/mos_with_names.txt"
    lines = [line.split() for line in names.read_text().splitlines()]
    names.write_text("\n".join(f"{7 - float(score)} {name}" for score, name in lines))
    again(pictures)
    record = json.loads((pictures / "results/record/last-run.json").read_text())
    assert [text for text in record["warnings"] if "TID2013: expected some positive correlation" in text]
    assert work.run(pictures / "study.yaml", {}, None, ("judge",)) == 0
    assert "note: TID2013: expected some positive correlation" in capsys.readouterr().out


def test_a_missing_image_fails_its_set_alone(pictures):
    edit(pictures, '"bod*"', '"blocks.*"')
    (pictures / "nights/ref/000/003.png").unlink()
    outcomes = again(pictures)
    assert outcomes["pixels × TID2013"].status == "done"
    assert "expected a pattern that fits a layer, got 'blocks.*'" in outcomes["ssl-0 × TID2013"].reason
    assert outcomes["ceilings of NIGHTS"].status == "failed"
    assert "data.csv row 4: expected the image ref/000/003.png" in outcomes["ceilings of NIGHTS"].reason
    assert "row 4" in table(pictures, "ceilings").filter(human="NIGHTS")["reason"].item()


def test_levels_are_told_apart(tmp_path):
    """Levels' sorts of triplets are scores of their own."""
    planted(tmp_path)
    rng = np.random.default_rng(3)
    trials = []
    for k in range(60):
        three = [IDS[i] for i in rng.choice(N, 3, replace=False)]
        kind = ("between_class", "within_class", "class_border")[k % 3]
        named = {f"image{i + 1}Path": name for i, name in enumerate(three)}
        odd = three[int(rng.integers(3))]
        trials.append(
            {
                **named,
                "selected_image": odd,
                "rt": 900 + k,
                "triplet_type": kind,
                "exp_trial_type": "exp_trial",
            }
        )
    (tmp_path / "levels.json").write_text(json.dumps({"a": trials[:30], "b": trials[30:]}))
    entry = "  - {source: levels, name: LEVELS, path: levels.json, min_trials: 0, dataset: objects}\n"
    (tmp_path / "study.yaml").write_text(STUDY + entry)
    again(tmp_path)
    rows = table(tmp_path).filter(human="LEVELS", model="sharp", layer="late")
    assert {"odd_one_out", "odd_one_out (coarse)", "odd_one_out (fine)", "odd_one_out (border)"} <= set(
        rows["score"]
    )
    assert rows.filter(score="odd_one_out (fine)")["n"].item() == 20
    times = rows.filter(score="entropy_response_times").row(0, named=True)
    assert -1 <= times["low"] <= times["value"] <= times["high"] <= 1
    assert times["n"] == 60


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("source: things", "source: thing", "expected a source of judgements. Did you mean 'things'"),
        ("order: unique_id", "ordr: unique_id", "unknown key 'ordr'. Did you mean 'order'?"),
        ("dataset: objects}", "dataset: object}", "no dataset 'object' here. Did you mean 'objects'?"),
        ("dataset: objects}", "dataset: objects, images: features}", "expected `images:` or `dataset:`, got both"),
        (", dataset: objects}", "}", "expected `images:` (their folder) or `dataset:`"),
        ("dataset: objects}", "dataset: objects, layers: late}", "expected no `layers:`: features of the study's"),
        ("dataset: objects}", "dataset: objects, ties: never}", "ties: expected 'strict', 'half' or 'lenient'"),
        ("dataset: objects}", "dataset: objects, distances: [far]}", "expected 'euclidean', 'rms'"),
        ("human:\n", "human:\n  - {source: tid2013, path: features, name: THINGS}\n", "stands here a second time"),
        ("name: people\n", "name: people\npublished_alignment: none\n", "expected a CSV file, or a table of"),
        ("human:\n  - {", "human: {", "expected a list of human"),
    ],
)  # fmt: skip
def test_mistakes_are_told_where_they_stand(tmp_path, old, new, says):
    planted(tmp_path)
    edit(tmp_path, old, new)
    with pytest.raises(StudyMistakes) as caught:
        read_studies(tmp_path / "study.yaml")
    assert says in "\n".join(caught.value.mistakes), caught.value.mistakes


TOGETHER = """\
name: together
models:
  - source: checkpoint
    name: net
    network: nets.py:Tiny
    weights: ssl-0.pt
    layer: [conv, body]
    pooling: flatten
    input: {size: 12}
human:
  - {source: nights, name: test, path: nights, split: test, readouts: [tokens], distances: [rms, cosine]}
  - {source: nights, name: all, path: nights, min_votes: 0, layers: body, readouts: [tokens, mean], distances: [rms]}
"""


@pytest.fixture
def encoded(monkeypatch):
    """How many images were run through a network so far."""
    count = [0]
    plain = Reader.outputs

    def counting(self, batch, *given, **named):
        count[0] += len(batch)
        return plain(self, batch, *given, **named)

    monkeypatch.setattr(Reader, "outputs", counting)
    return count


@pytest.fixture
def two_sets(tmp_path):
    write_study(tmp_path, TOGETHER)
    (tmp_path / "nights").mkdir()
    nights(tmp_path / "nights")
    return tmp_path


def test_each_image_is_encoded_once_whatever_the_number_of_sets(two_sets, encoded):
    assert {o.status for o in again(two_sets).values()} == {"done"}
    assert encoded[0] == 24 * 3
    asked_for = table(two_sets).select("human", "layer", "readout", "distance").unique().sort(pl.all()).rows()
    assert asked_for == [
        ("all", "body", "mean", "rms"), ("all", "body", "tokens", "rms"),
        ("test", "body", "tokens", "cosine"), ("test", "body", "tokens", "rms"),
        ("test", "conv", "tokens", "cosine"), ("test", "conv", "tokens", "rms"),
    ]  # fmt: skip
    together = table(two_sets)
    kept = list((two_sets / "results").rglob("distances-*.safetensors"))
    for path in kept:
        path.unlink()
    for path in (two_sets / "results").rglob("scores-*.parquet"):
        path.unlink()
    text = (two_sets / "study.yaml").read_text()
    first, second = text.splitlines(keepends=True)[-2:]
    alone = []
    for one in (first, second):
        (two_sets / "study.yaml").write_text(text.replace(second if one is first else first, ""))
        again(two_sets)
        alone.append(table(two_sets))
    test = read_judgements("nights", two_sets / "nights", split="test")
    assert encoded[0] == 24 * 3 + 24 * 3 + len(np.unique(test.samples)), "each set has a pass of its own now"
    values = [
        one.sort("human", "layer", "readout", "distance", "score")["value"]
        for one in (together, pl.concat(alone))
    ]
    np.testing.assert_allclose(*values, rtol=1e-5)


def test_an_image_that_cannot_be_read_fails_its_set_alone(two_sets, encoded):
    split = read_judgements("nights", two_sets / "nights", split="test").samples
    every = read_judgements("nights", two_sets / "nights", min_votes=0).samples
    broken = next(name for name in np.unique(every).tolist() if name not in set(np.unique(split).tolist()))
    (two_sets / "nights" / broken).write_bytes(b"no image")
    outcomes = again(two_sets)
    assert outcomes["net × test"].status == "done"
    assert outcomes["net × all"].status == "failed"
    assert broken in outcomes["net × all"].reason
