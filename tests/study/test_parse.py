"""Study files: every mistake at once, where it stands, with what to write instead."""

import pytest

from seealike import read_studies
from seealike.errors import DamagedArtifact, MissingArtifact, StudyMistakes
from seealike.study.needs import StudyLeftOut

from .conftest import STUDY


def mistakes(path, **overrides):
    with pytest.raises(StudyMistakes) as caught:
        read_studies(path, overrides)
    return caught.value.mistakes


def changed(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


def test_a_study_comes_back_as_written(study_file):
    (study,) = read_studies(study_file)
    assert [m.name for m in study.models] == ["ssl-0", "supervised-0", "ssl-1", "supervised-1"]
    assert study.models[0].fields == {"objective": "ssl"}
    assert [d.name for d in study.datasets] == ["noise", "stripes"]
    assert [m.id for m in study.measures] == [
        "cka-kernel=linear-unbiased=true",
        "rsa-compare=spearman-rdm=correlation",
    ]
    assert study.output == study_file.parent / "results"
    assert study.settings.seed == 3


def test_all_mistakes_are_reported_at_once_each_with_its_line(study_file):
    changed(study_file, "seed: 3", "seed: -3")
    changed(study_file, "pooling: flatten", "poolin: flatten")
    changed(study_file, "measures: [cka, rsa]", "measures: [ckaa, {rsa: {rmd: correlation}}]")
    changed(study_file, "sets: objective", "sets: objectiv")
    changed(study_file, "images: noise.npz", "images: nose.npz")
    found = "\n".join(mistakes(study_file))
    assert f"{study_file}:2:1: seed: expected greater than or equal to 0, got -3" in found
    assert (
        "unknown key 'poolin'. Did you mean 'pooling'?\n   11 |     poolin: flatten\n             ^"
        not in found
    )
    assert "unknown key 'poolin'. Did you mean 'pooling'?" in found
    assert "    poolin: flatten\n" in found
    assert "Did you mean 'cka' or 'cknna'?" in found
    assert "Did you mean 'rdm'?" in found
    assert "nose.npz, which matches nothing" in found


def test_the_caret_stands_under_the_mistake(study_file):
    changed(study_file, "measures: [cka, rsa]", "measures: [cka, rzz]")
    (text,) = mistakes(study_file)
    place, line, caret = text.splitlines()
    column = int(place.split(":")[2])
    assert line[caret.index("^") :].startswith("rzz")
    assert line.split(" | ", 1)[1][column - 1 :].startswith("rzz")


def test_a_group_that_no_model_has(study_file):
    changed(study_file, "sets: objective", "sets: objectiv")
    (text,) = mistakes(study_file)
    assert (
        "'objectiv' is no field of 4 models (ssl-0, supervised-0, ssl-1, supervised-1). Did you mean 'objective'?"
        in text
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("source: checkpoint", "source: checkpiont", "expected a model source. Did you mean 'checkpoint'?"),
        ("source: arrays", "source: folder", "expected a dataset source. Did you mean 'image_folder'?"),
        ("network: nets.py:Tiny", "netwrk: nets.py:Tiny", "the key 'network' is missing"),
        ("input: {size: 12}", "input: {siz: 12}", "unknown key 'siz'. Did you mean 'size' or 'resize'?"),
        ("    input: {size: 12}\n", "", "a state dict does not say how images were prepared"),
        ("pooling: flatten", "pooling: flaten", "got 'flaten'. Did you mean 'flatten'"),
        ('"{objective}-{seed}.pt"', '"{objective}-{sed}.pt"', "no column 'sed'. Did you mean 'seed'?"),
        ('name: "{objective}-{seed}"', 'name: "{objective}"', "the name 'ssl' stands here a second time"),
        ("name: stripes", "name: noise", "the name 'noise' stands here a second time"),
        ("images: noise.npz", "images: \"${data}/noise.npz\"", "no parameter 'data'"),
        ("seed: 3", "seed: 3\nseed: 4", "the key 'seed' stands here a second time"),
        ("analyses: [", "analyses: [consistencyy, ", "Did you mean 'consistency'"),
        ("{sets: objective}", "{sets: objective, correlations: [kendal]}", "expected correlations"),
        ("{sets: objective}", "{set: objective}", "Did you mean 'sets'"),
        ("{sets: objective}", "{sets: {ssl: objectiv == ssl}}", "Did you mean 'objective'?"),
        ("{sets: objective}", "{sets: {few: name ~ vit*}}", "expected a value of name, got 'vit*'"),
        ("{sets: objective}", "{sets: {odd: objective ssl}}", "expected ==, !=, ~, !~ or in, got 'ssl'"),
        ("measures: [cka, rsa]", "measures: [cka, cka]", "stands here a second time"),
        ("measures: [cka, rsa]", "measures: [{cka: {kernel: rbff}}]", "'rbff'"),
        ("measures: [cka, rsa]", "measures: cka", "expected a list of measures"),
        ("name: tiny\n", "", "the key 'name' is missing"),
        ("name: tiny\n", "name: tiny\nmodles: []\n", "unknown key 'modles'. Did you mean 'models'"),
        ("classes: three\n", "classes: three\n    datasets: [nois]\n", "no dataset 'nois' here. Did you mean 'noise'?"),
        ("each: {seed: [0, 1], objective: [ssl, supervised]}", "each: none.csv", "which does not exist"),
        (
            "each: {seed: [0, 1], objective: [ssl, supervised]}",
            "each: [{seed: 0, objective: ssl}]\n    where: {objectve: ssl}",
            "no column 'objectve'. Did you mean 'objective'?",
        ),
        (
            "each: {seed: [0, 1], objective: [ssl, supervised]}",
            "each: [{seed: 0, objective: ssl}]\n    where: {objective: jigsaw}",
            "no row of",
        ),
    ],
)  # fmt: skip
def test_each_mistake_says_what_to_do(study_file, old, new, says):
    found = mistakes(changed(study_file, old, new))
    assert any(says in text for text in found), "\n".join(found)
    assert all(text.startswith(f"{study_file}:") for text in found)


def test_broken_yaml_and_missing_files(study_file):
    changed(study_file, "seed: 3", "seed: [3")
    (text,) = mistakes(study_file)
    assert "this is not YAML" in text
    with pytest.raises(MissingArtifact, match="got no file"):
        read_studies(study_file.with_name("none.yaml"))
    study_file.write_text("- 1\n")
    assert "expected a study" in mistakes(study_file)[0]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"name: \x00"])
def test_a_file_that_is_no_text_is_no_study(study_file, content):
    study_file.write_bytes(content)
    with pytest.raises(DamagedArtifact, match=r"expected a study file: YAML in UTF-8, got something else \("):
        read_studies(study_file)


def test_code_that_is_not_there_is_a_mistake_of_its_key(study_file):
    changed(study_file, "network: nets.py:Tiny", "network: net.py:Tiny")
    texts = mistakes(study_file)
    assert all("net.py, which does not exist" in text and "network: net.py:Tiny" in text for text in texts)
    study_file.with_name("net.py").write_text("")
    assert read_studies(study_file)[0].models[0].network == "net.py:Tiny"


def test_sizes_of_a_dataset_with_a_mistake_are_not_missed(study_file):
    changed(study_file, "images: noise.npz", "images: none.npz, sizes: [10, 20]")
    changed(study_file, "head_accuracy]", "head_accuracy, sample_size]")
    (text,) = mistakes(study_file)
    assert "none.npz" in text


def test_parameters_come_from_the_file_or_the_command_line(study_file, tmp_path, monkeypatch):
    changed(study_file, "seed: 3", "seed: 3\nparameters: {where: nowhere}")
    changed(study_file, "images: noise.npz", 'images: "${where}/noise.npz"')
    assert "nowhere/noise.npz, which matches nothing" in mistakes(study_file)[0]
    monkeypatch.chdir(tmp_path.parent)
    (study,) = read_studies(study_file, {"where": tmp_path.name})  # as typed here, not relative to the file
    assert study.datasets[0].images == (tmp_path / "noise.npz",)
    assert "no parameter 'wehre'. Did you mean 'where'?" in mistakes(study_file, wehre="x")[0]


def test_several_studies_in_one_file(study_file):
    study_file.write_text(STUDY + "---\n" + STUDY.replace("name: tiny", "name: other"))
    assert [s.name for s in read_studies(study_file)] == ["tiny", "other"]
    study_file.write_text(STUDY + "---\n" + STUDY)
    assert "two studies of this file are called 'tiny'" in mistakes(study_file)[0]


def test_a_study_whose_data_is_not_there_is_left_out_and_that_is_said(study_file, tmp_path):
    other = STUDY.replace(
        "name: tiny", "name: other\nparameters: {data: none}\nneeds: ['${data}/photographs']"
    )
    study_file.write_text(STUDY + "---\n" + other)
    with pytest.warns(
        StudyLeftOut, match="'other' is left out: it needs .*none/photographs, which is not there"
    ):
        assert [s.name for s in read_studies(study_file)] == ["tiny"]
    (tmp_path / "here" / "photographs").mkdir(parents=True)
    both = read_studies(study_file, {"data": str(tmp_path / "here")})  # a parameter of one of them is enough
    assert [s.name for s in both] == ["tiny", "other"]
    study_file.write_text(other)
    with pytest.raises(MissingArtifact, match="expected the data that it needs, got no .*none/photographs"):
        read_studies(study_file)


def test_merge_keys_and_csv_tables(study_file):
    table = study_file.with_name("models.csv")
    table.write_text("seed,objective,keep\n0,ssl,yes\n1,supervised,yes\n1,ssl,no\n")
    changed(
        study_file,
        "each: {seed: [0, 1], objective: [ssl, supervised]}",
        'each: models.csv\n    where: {keep: ["yes", maybe]}',
    )
    assert [m.name for m in read_studies(study_file)[0].models] == ["ssl-0", "supervised-1"]
    changed(
        study_file,
        "  - {source: arrays, name: stripes, images: stripes.npz,",
        "  - &s {source: arrays, name: stripes, images: stripes.npz,",
    )
    changed(study_file, "measures:", "  - {<<: *s, name: again}\nmeasures:")
    assert [d.name for d in read_studies(study_file)[0].datasets] == ["noise", "stripes", "again"]


@pytest.mark.parametrize(
    ("domains", "said"),
    [
        ("{near: [a], far: [c]}", "expected a dataset, or the domain of one, got 'c'"),
        ("{near: [a], far: [stripe]}", "got 'stripe'. Did you mean 'stripes'?"),
        ("{near: [a], far: [noise]}", "expected every dataset in one domain at most, got noise in several"),
        ("domian", "expected a field of the datasets, got 'domian'. Did you mean 'domain'?"),
    ],
)
def test_domains_are_those_of_the_datasets(study_file, domains, said):
    analysis = f"{{consistency_domains: {{domains: {domains}}}}}"
    changed(study_file, "head_accuracy]", f"{analysis}]")
    (text,) = mistakes(study_file)
    place, line, caret = text.splitlines()
    assert said in place
    assert line[caret.index("^") :].startswith(f"domains: {domains}")


def test_domains_by_name_of_dataset_or_of_domain_are_read(study_file):
    changed(study_file, "head_accuracy]", "{consistency_domains: {domains: {near: [a], far: [stripes]}}}]")
    assert len(read_studies(study_file)[0].analyses) == 2
