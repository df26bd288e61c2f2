"""`seealike new` and `seealike list studies`."""

from pathlib import Path

from seealike.study.shipped import shipped_names, shipped_text


def test_commands_list_and_copy_them(seealike, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = seealike("list", "studies")
    assert code == 0
    assert [line.split("\t")[0] for line in out.splitlines()[1:]] == shipped_names()
    assert "seven measures" in out
    code, out, _ = seealike("new", "--from", "consistency-2025-30k")
    assert (code, "seealike plan consistency-2025-30k.yaml" in out) == (0, True)
    assert Path("consistency-2025-30k.yaml").read_text(encoding="utf-8") == shipped_text(
        "consistency-2025-30k"
    )
    assert seealike("new", "--from", "consistency-2025-30k")[0] == 2
    assert seealike("new", "mine.yaml", "--from", "consistency-2025")[0] == 0
    code, _, err = seealike("new", "--from", "consistency-2026")
    assert (code, "Did you mean 'consistency-2025'" in err) == (2, True)
