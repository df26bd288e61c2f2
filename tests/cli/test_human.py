"""``seealike human``: the published numbers from the files as they are, and what it says of wrong ones."""

import numpy as np
import pytest

from seealike import Features, write_features


@pytest.fixture
def tree(tmp_path):
    """Four objects, people who follow an embedding."""
    (tmp_path / "ids.txt").write_text("a\nb\nc\nd\n")
    np.savetxt(tmp_path / "embedding.txt", [[3.0, 0], [2, 1], [0, 3], [1, 2]])
    write_features(
        tmp_path / "f.safetensors", Features(np.array([[3.0, 0], [2, 1], [0, 3], [1, 2]]), tuple("abcd"))
    )
    (tmp_path / "trials.txt").write_text("0 1 2\n2 3 0\n0 1 2\n0 2 1\n0 1 3\n")
    return tmp_path


@pytest.mark.parametrize("features", ["embedding.txt", "f.safetensors"])
def test_score_and_ceiling(seealike, tree, features):
    given = ("--source", "things", "--ids", tree / "ids.txt")
    code, out, _ = seealike("human", "score", tree / features, tree / "trials.txt", *given)
    assert code == 0
    assert out.splitlines()[0].startswith("accuracy             0.80000  0.")
    assert out.splitlines()[-1].split() == ["trials", "5"]
    code, out, _ = seealike("human", "ceiling", tree / "trials.txt", *given, "--option", "base=0")
    assert code == 0
    assert "majority            0.66667" in out
    assert "judgements          3, of 1 triplets" in out


def test_what_is_wrong_is_one_line_and_exit_code_2(seealike, tree):
    for words, message in (
        (
            ("score", tree / "embedding.txt", tree / "trials.txt", "--source", "thing"),
            "Did you mean 'things'",
        ),
        (
            ("score", tree / "embedding.txt", tree / "trials.txt", "--source", "things"),
            "things: ids: expected a value, got nothing",
        ),
        (
            ("score", tree / "no.npy", tree / "trials.txt", "--source", "things", "--ids", tree / "ids.txt"),
            "no such file",
        ),
        (
            ("ceiling", tree / "trials.txt", "--source", "things", "--option", "base"),
            "expected NAME=VALUE, got base",
        ),
    ):
        code, _, err = seealike("human", *words)
        assert code == 2
        assert message in err
        assert "Traceback" not in err


def test_the_published_numbers(seealike, real_data):
    things = real_data / "human" / "things"
    if not (things / "vice_test_triplets.csv").exists():
        pytest.skip(f"no THINGS judgements at {things}")
    trials = (things / "vice_test_triplets.csv", "--source", "things", "--ids", things / "unique_id.txt")
    _, out, _ = seealike("human", "ceiling", *trials, "--option", f"sortindex={things / 'vice_sortindex'}")
    assert "majority            0.67221" in out
    assert "leave_one_out       0.64379" in out
    for dims, accuracy in ((49, "0.63475"), (66, "0.64255")):
        _, out, _ = seealike("human", "score", things / f"spose_embedding_{dims}d_sorted.txt", *trials)
        assert out.split()[:2] == ["accuracy", accuracy]
    rdm = (things / "marrenj_RDM48_triplet.mat", "--source", "things48", "--ids", things / "unique_id.txt")
    _, out, _ = seealike(
        "human", "score", things / "spose_embedding_66d_sorted.txt", *rdm, "--distance", "triplet"
    )
    assert "pearson              0.9060" in out
