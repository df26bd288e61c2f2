"""Similarity matrices of other programs: every layout, what is refused, and that no pickle ever runs."""

import io
import os
import pickle
import zipfile

import numpy as np
import polars as pl
import pytest
import torch

from seealike.data.imports.found_matrix import common_models, measure_id
from seealike.data.imports.numpy_pickles import numpy_payload
from seealike.data.imports.similarities import find_matrices
from seealike.data.similarity import SimilarityMatrix
from seealike.data.tables import SIMILARITIES, checked
from seealike.errors import BadParameter, DataError, MissingArtifact

NAMES = ("vgg16", "resnet50", "dino")
S = np.array([[1.0, 0.25, 0.5], [0.25, 1.0, 0.75], [0.5, 0.75, 1.0]])
LINEAR, RBF = "cka-kernel=linear-unbiased=true", "cka-kernel=rbf-sigma=0.4-unbiased=true"


def publish(root, dataset="wds_cars", slug="cka_kernel_linear_unbiased", values=S, names=NAMES):
    folder = root / dataset / slug
    folder.mkdir(parents=True)
    torch.save(values, folder / "similarity_matrix.pt")
    (folder / "model_ids.txt").write_text("\n".join(names) + "\n")
    return folder


def values_of(found):
    table = checked(found.read(), SIMILARITIES, "read")
    assert set(table["dataset"]) == {found.dataset}
    assert set(table["measure"]) == {found.measure}
    square = table.pivot("model_y", index="model_x", values="similarity")
    assert square["model_x"].to_list() == list(found.models)
    return square.select(*found.models).to_numpy()


def test_the_published_layout(tmp_path):
    publish(tmp_path)
    publish(tmp_path, slug="cka_kernel_rbf_unbiased_sigma_0.4", values=S / 2)
    publish(tmp_path, dataset="pets", slug="their_own", values=-S)
    found = find_matrices(tmp_path)
    assert [(f.dataset, f.measure) for f in found] == [
        ("pets", "their_own"),
        ("wds_cars", LINEAR),
        ("wds_cars", RBF),
    ]
    for one, expected in zip(found, (-S, S, S / 2), strict=True):
        np.testing.assert_array_equal(values_of(one), expected)
    assert found[0].read()["n_samples"].null_count() == 9
    (single,) = find_matrices(tmp_path / "pets" / "their_own" / "similarity_matrix.pt", dataset="mine")
    assert (single.dataset, single.measure) == ("mine", "their_own")


@pytest.mark.parametrize(
    "values",
    [
        S,
        S.astype(np.float32),
        np.asfortranarray(S),
        S.astype(">f8"),
        np.eye(3, dtype=np.int64),
        np.eye(3, dtype=bool),
        S[::-1, ::-1],
    ],
    ids=["f8", "f4", "fortran", "big-endian", "integers", "booleans", "strided"],
)
def test_arrays_that_torch_saved(tmp_path, values):
    folder = publish(tmp_path, values=values)
    np.testing.assert_array_equal(numpy_payload(folder / "similarity_matrix.pt"), values)
    if values.dtype.kind == "f":
        np.testing.assert_array_equal(values_of(find_matrices(tmp_path)[0]), values.astype(np.float64))


def test_a_tensor_is_read_too(tmp_path):
    publish(tmp_path, values=torch.from_numpy(S))
    np.testing.assert_array_equal(values_of(find_matrices(tmp_path)[0]), S)


class _Bomb:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (open, (self.mark, "w"))


def _zipped(path, raw):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", raw)


def _with_state(dtype_state, raw):
    """A pickle of an array whose type and bytes say what they like."""

    class Dtype:
        def __reduce__(self):
            return np.dtype, ("f8", False, True), dtype_state

    class Array:
        def __reduce__(self):
            return np.zeros(0).__reduce__()[0], (np.ndarray, (0,), b"b"), (1, (1,), Dtype(), False, raw)

    stream = io.BytesIO()
    pickle.Pickler(stream, 2).dump(Array())
    return stream.getvalue()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda mark: _Bomb(mark), "open"),
        (lambda mark: {"s": S, "b": _Bomb(mark)}, "open"),
        (lambda mark: np.array([[_Bomb(mark)]], dtype=object), "'O8'"),
        (lambda mark: {"s": S}, "dict, not one array"),
        (lambda mark: [S, S], "list, not one array"),
    ],
    ids=["bomb", "bomb inside", "objects", "dictionary", "list"],
)
def test_nothing_in_a_pickle_runs(tmp_path, make, says):
    mark, path = tmp_path / "it ran", tmp_path / "a.pt"
    torch.save(make(str(mark)), path)
    with pytest.raises(DataError, match=f"got a pickle with .*{says}"):
        numpy_payload(path)
    publish(tmp_path / "root", values=make(str(mark)))
    with pytest.raises(DataError, match="A pickle can run any code"):
        find_matrices(tmp_path / "root")[0].read()
    assert not mark.exists()


@pytest.mark.parametrize(
    "raw",
    [
        _with_state(
            (3, "|", None, None, None, 8, 8, 63), b"\x01" * 8
        ),  # flags of objects: ignored, not obeyed
        _with_state((3, "?", None, None, None, -1, -1, 0), b"\x01" * 8),
        _with_state((3, "<", None, None, None, -1, -1, 0), b"\x01" * 7),
        _with_state((3, "<", None, None, None, -1, -1, 0), "text"),
        b"",
        b"\x80\x02.",
        b"not a pickle",
        pickle.dumps(b"only bytes", 2),
    ],
)
def test_broken_and_forged_pickles(tmp_path, raw):
    _zipped(tmp_path / "a.pt", raw)
    try:
        assert numpy_payload(tmp_path / "a.pt").dtype == np.float64
    except DataError as error:
        assert "a.pt" in str(error)  # noqa: PT017


def test_a_file_that_is_no_archive(tmp_path):
    (tmp_path / "a.pt").write_bytes(os.urandom(64))
    with pytest.raises(DataError, match="expected an array that torch.save wrote"):
        numpy_payload(tmp_path / "a.pt")


def _csv(folder, text):
    (folder / "A").mkdir(exist_ok=True)
    (folder / "A" / "mine.csv").write_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "model,vgg16,resnet50,dino\nvgg16,1,.25,.5\nresnet50,.25,1,.75\ndino,.5,.75,1\n",
        "vgg16,resnet50,dino\n1,.25,.5\n.25,1,.75\n.5,.75,1\n",
        "vgg16,1,.25,.5\nresnet50,.25,1,.75\ndino,.5,.75,1\n",
    ],
    ids=["both", "header", "column"],
)
def test_a_matrix_in_a_text_table(tmp_path, text):
    _csv(tmp_path, text)
    (found,) = find_matrices(tmp_path)
    assert (found.dataset, found.measure, found.models) == ("A", "mine", NAMES)
    np.testing.assert_array_equal(values_of(found), S)


def test_arrays_with_names_in_them_or_beside_them(tmp_path):
    for dataset, beside in (("A", "cka.models.txt"), ("B", "models.txt"), ("C", "../model_ids.txt")):
        (tmp_path / dataset).mkdir()
        np.save(tmp_path / dataset / "cka.npy", S)
        (tmp_path / dataset / beside).write_text("\n".join(NAMES))
    (tmp_path / "D").mkdir()
    np.savez(
        tmp_path / "D" / "rsa_method_correlation_corr_method_pearson.npz", values=S, models=np.array(NAMES)
    )
    found = find_matrices(tmp_path)
    assert [f.dataset for f in found] == ["A", "B", "C", "D"]
    assert found[3].measure == "rsa-compare=pearson-rdm=correlation"
    for one in found:
        np.testing.assert_array_equal(values_of(one), S)


def test_what_is_no_number_has_a_reason(tmp_path):
    values = S.copy()
    values[0, 1] = np.nan
    publish(tmp_path, values=values)
    table = find_matrices(tmp_path)[0].read()
    missing = table.filter(pl.col("similarity").is_null())
    assert missing.select("model_x", "model_y", "reason").rows() == [
        ("vgg16", "resnet50", "not a number in similarity_matrix.pt")
    ]


def test_a_table_of_pairs(tmp_path):
    rows = ["A,cka_kernel_linear_unbiased,a,b,0.5", "A,mine,a,b,", "B,mine,b,a,0.1"]
    (tmp_path / "pairs.csv").write_text("\n".join(["dataset,measure,model_x,model_y,similarity", *rows]))
    found = find_matrices(tmp_path / "pairs.csv")
    assert [(f.dataset, f.measure, f.models) for f in found] == [
        ("A", LINEAR, ("a", "b")),
        ("A", "mine", ("a", "b")),
        ("B", "mine", ("b", "a")),
    ]
    both = found[0].read()
    assert both.select("model_x", "model_y", "similarity").rows() == [("a", "b", 0.5), ("b", "a", 0.5)]
    assert found[1].read()["reason"].to_list() == ["not a number in pairs.csv"] * 2


def test_our_own_tables_come_back_as_they_are(tmp_path):
    own = SimilarityMatrix(S, NAMES, LINEAR, 50, "A", standard_errors=S / 100).to_frame()
    own.write_parquet(tmp_path / "similarities.parquet")
    (found,) = find_matrices(tmp_path)
    assert found.read().equals(own)


def test_common_models_are_those_of_every_matrix(tmp_path):
    publish(tmp_path, dataset="A")
    publish(tmp_path, dataset="B", values=S[:2, :2], names=NAMES[1::-1])
    assert common_models(find_matrices(tmp_path)) == (("vgg16", "resnet50"), {"dino": ["B"]})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cka_kernel_rbf_unbiased_sigma_0.2", "cka-kernel=rbf-sigma=0.2-unbiased=true"),
        ("rsa_method_correlation_corr_method_spearman", "rsa-compare=spearman-rdm=correlation"),
        (LINEAR, LINEAR),
        ("cka_kernel_rbf_unbiased_sigma_0.3", "cka_kernel_rbf_unbiased_sigma_0.3"),
        ("thingsvision/no_such", "thingsvision/no_such"),
        ("cka", "cka"),  # whose?
        ("platonic-rep/unbiased_cka", LINEAR),
        ("anything", "anything"),
    ],
)
def test_names_of_measures(name, expected):
    assert measure_id(name) == expected


def _spoil(tmp_path, how):
    folder = publish(tmp_path)
    if how == "no names":
        (folder / "model_ids.txt").unlink()
    elif how == "a name twice":
        (folder / "model_ids.txt").write_text("a\nb\na\n")
    elif how == "fewer names":
        (folder / "model_ids.txt").write_text("a\nb\n")
    elif how == "infinity":
        torch.save(S / 0, folder / "similarity_matrix.pt")
    elif how == "oblong":
        torch.save(S[:2], folder / "similarity_matrix.pt")


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("no names", "expected the labels of its models, got no file model_ids.txt"),
        ("a name twice", "'a' twice"),
        ("fewer names", "expected a matrix of 2 × 2, as there are labels, got 3 × 3"),
        ("infinity", "expected finite numbers, got infinity"),
        ("oblong", "expected one square matrix, got array float64 (2, 3)"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, how, says):
    _spoil(tmp_path, how)
    with pytest.raises(DataError) as error:
        find_matrices(tmp_path)[0].read()
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("m,a,b\nb,1,0\na,0,1\n", "expected columns in the order of the rows"),
        ("m,a,b\na,1,x\nb,0,1\n", "rows of numbers of one length"),
        ("m,a,b\na,1\nb,0,1\n", "rows of numbers of one length"),
        ("1,0\n0,1\n", "expected the labels of its models"),
        ("", "empty CSV"),
        ("model_x,model_y,similarity\na,b,0.1\na,b,0.2\n", "a with b twice"),
        ("model_x,model_y,similarity\na,b,inf\n", "infinity"),
        ("model_x,model_y,similarity\na,b,high\n", "similarities that are numbers"),
    ],
)
def test_tables_that_cannot_be_read(tmp_path, text, says):
    _csv(tmp_path, text)
    with pytest.raises(DataError) as error:
        find_matrices(tmp_path)[0].read()
    assert says in str(error.value)


def test_paths_that_do_not_say_enough(tmp_path):
    np.save(tmp_path / "cars.npy", S)
    (tmp_path / "models.txt").write_text("\n".join(NAMES))
    with pytest.raises(BadParameter, match="--dataset NAME or --measure NAME"):
        find_matrices(tmp_path)
    (found,) = find_matrices(tmp_path, measure="cka")
    assert (found.dataset, found.measure) == ("cars", "cka")
    (found,) = find_matrices(tmp_path, dataset="cars")
    assert (found.dataset, found.measure) == ("cars", "cars")


def test_one_matrix_a_dataset_and_measure(tmp_path):
    publish(tmp_path / "one")
    publish(tmp_path / "two")
    with pytest.raises(BadParameter, match="expected one matrix, got .*one.*two"):
        find_matrices(tmp_path)


def test_nothing_there(tmp_path):
    with pytest.raises(MissingArtifact, match="nothing of that name"):
        find_matrices(tmp_path / "nowhere")
    with pytest.raises(MissingArtifact, match="got none"):
        find_matrices(tmp_path)
    (tmp_path / "a.pkl").write_bytes(b"")
    with pytest.raises(MissingArtifact, match="but pickles, which are never opened"):
        find_matrices(tmp_path)
