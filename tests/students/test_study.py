"""Students in a study: trained by a command, then models like any other."""

import numpy as np
import polars as pl
import pytest

from seealike.data.triplet_files import TripletFile, write_triplets
from seealike.errors import StudyMistakes
from seealike.sources.models import MODEL_SOURCES
from seealike.students.card import HEAD, StudentCard
from seealike.study import read_studies, run

STUDY = """
name: students
models:
  - source: timm
    name: base
    model: test_resnet
    pretrained: false
    layer: layer4
    pooling: mean
    input: {size: 32}
    fields: {objective: none}
datasets:
  - {source: image_folder, name: colors, path: images}
students:
  - name: aligned
    model: base
    images: [colors]
    triplets: colors.npz
    seeds: [0, 1]
    temperature: 1
    head: 8
    recipe: {steps: 2, batch_size: 4, learning_rate: 0.001}
"""


@pytest.fixture
def folder(tmp_path, samples):
    names = []
    for row in range(24):
        path = tmp_path / "images" / ("red" if row < 12 else "blue") / f"{row:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        samples.image(row).save(path)
        names.append(path.name)
    rows = np.array([[k, k + 1, k + 12] for k in range(8)])
    similarities = np.tile(np.float32([2, 0, 0]), (8, 1))
    write_triplets(tmp_path / "colors.npz", TripletFile(np.array(names)[rows], similarities, rows))
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path


def test_students_are_models_that_wait_for_their_training(folder, capsys):
    from seealike.cli.tune import tune

    (study,) = read_studies(folder / "study.yaml")
    assert [card.name for card in study.models] == ["base", "aligned-0", "aligned-1"]
    assert study.models[1].fields == {"objective": "none", "student": "aligned", "seed": "0"}
    before = {o.cell: (o.status, o.reason) for o in run(study, ("extract",))}
    assert before["base × colors"][0] == "done"
    assert "seealike align tune" in before["aligned-0 × colors"][1]

    assert tune(folder / "study.yaml") == 0
    assert "aligned-1: 8 triplets, loss" in capsys.readouterr().out
    outcomes = run(study)
    assert {o.status for o in outcomes} == {"done"}
    table = pl.read_parquet(study.output / "tables" / "similarities.parquet")
    pair = table.filter((pl.col("model_x") == "aligned-0") & (pl.col("model_y") == "base"))
    assert 0.5 < pair["similarity"][0] < 0.9999999

    card = study.models[1]
    loaded = card.load("cpu")
    assert loaded.layers()[-1].name == HEAD
    batch = np.random.default_rng(0).random((3, 3, 32, 32)).astype(np.float32)
    read = loaded.forward(batch, ["layer4", HEAD])
    assert read[HEAD].shape == (3, 8)
    expected = loaded.forward(batch, ["layer4"])["layer4"].mean((2, 3))
    head = loaded._student.head
    expected = expected @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    np.testing.assert_allclose(read[HEAD], expected, rtol=1e-3, atol=1e-5)


def test_a_student_that_cannot_be_trained_leaves_the_others(folder, capsys):
    from seealike.cli.tune import tune

    text = STUDY.replace("seeds: [0, 1]", "seeds: [0]")
    other = (
        text[text.index("  - name: aligned") :].replace("aligned", "other").replace("colors.npz", "none.npz")
    )
    (folder / "study.yaml").write_text(text + other)
    assert tune(folder / "study.yaml") == 3
    said = capsys.readouterr().out
    assert "aligned: 8 triplets" in said
    assert "other: failed:" in said
    assert "none.npz: expected an .npz of triplets" in said


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("model: base\n    images", "model: bass\n    images", "no model 'bass' here. Did you mean 'base'"),
        ("images: [colors]", "images: [colours]", "no dataset 'colours' here. Did you mean 'colors'"),
        ("images: [colors]", "images: [{source: imagefolder}]", "source: expected a dataset source"),
        ("temperature: 1", "temprature: 1", "unknown key 'temprature'. Did you mean 'temperature'"),
        ("steps: 2, ", "", "expected either `steps` or `epochs`"),
        ("name: aligned", "name: base", "the name 'base' stands here a second time"),
    ],
)
def test_mistakes_are_shown_where_they_stand(folder, old, new, match):
    text = STUDY.replace("seeds: [0, 1]", "seeds: [0]")
    assert old in text
    (folder / "study.yaml").write_text(text.replace(old, new))
    with pytest.raises(StudyMistakes, match=match):
        read_studies(folder / "study.yaml")


def test_a_student_can_be_named_by_its_file(folder):
    assert MODEL_SOURCES["student"] is StudentCard
    base = {"source": "timm", "name": "base", "model": "test_resnet", "pretrained": False, "layer": "layer4"}
    card = StudentCard.model_validate(
        {"source": "student", "name": "s", "base": base, "weights": "a/student.safetensors"},
        context={"root": folder},
    )
    assert card.layer_names == ("layer4",)
    assert card.weights == folder.resolve() / "a" / "student.safetensors"
