"""The memory of file contents: right after every change, silent where it cannot be kept."""

import os
import sqlite3

import pytest

from seealike.data import digests
from seealike.data.digests import cache_root, cached_file_digest, cached_file_digests, remembered
from seealike.data.identity import file_digest

OLD = 1_600_000_000_000_000_000


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEEALIKE_CACHE", str(tmp_path / "cache"))


def made(path, text, when=OLD):
    path.write_text(text)
    os.utime(path, ns=(when, when))
    return path


def counting(seen):
    def make(path):
        seen.append(path.name)
        return path.read_text()

    return make


def test_an_unchanged_file_is_read_once(tmp_path):
    seen = []
    paths = [made(tmp_path / name, name) for name in "cab"]
    for _ in range(2):
        assert remembered("text", paths, counting(seen)) == ["c", "a", "b"]
    assert sorted(seen) == ["a", "b", "c"]
    assert remembered("text-2", paths[:1], counting(seen)) == ["c"]
    assert len(seen) == 4
    assert (cache_root() / "files.sqlite").exists()


@pytest.mark.parametrize("change", ["size", "time", "inode"])
def test_a_changed_file_is_read_again(tmp_path, change):
    path = made(tmp_path / "x", "one")
    before = cached_file_digest(path)
    if change == "inode":  # replaced by another file of the same size and time
        made(tmp_path / "y", "two").replace(path)
    else:
        made(path, *{"size": ("three", OLD), "time": ("two", OLD + 1)}[change])
    assert cached_file_digest(path) == file_digest(path) != before


def test_a_file_that_may_still_be_changing_is_not_remembered(tmp_path):
    seen = []
    path = tmp_path / "x"
    path.write_text("now")
    for _ in range(2):
        remembered("text", [path], counting(seen))
    assert len(seen) == 2


def test_a_file_that_changes_while_it_is_read_is_not_remembered(tmp_path):
    path = made(tmp_path / "x", "one")
    assert remembered("text", [path], lambda p: made(p, "two", OLD + 1).read_text()) == ["two"]
    made(path, "one")  # as it was when the reading began, as far as anybody can see
    assert remembered("text", [path], lambda p: p.read_text()) == ["one"]


def test_a_cache_that_cannot_be_used_is_done_without(tmp_path, monkeypatch):
    path = made(tmp_path / "x", "one")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "files.sqlite").write_bytes(b"no database" * 100)
    assert cached_file_digest(path) == file_digest(path)
    monkeypatch.setenv("SEEALIKE_CACHE", str(path / "below a file"))
    assert cached_file_digest(path) == file_digest(path)


def test_a_damaged_table_is_done_without(tmp_path):
    path = made(tmp_path / "x", "one")
    cached_file_digest(path)
    with sqlite3.connect(cache_root() / "files.sqlite") as cache:
        cache.execute("DROP TABLE files")
        cache.execute("CREATE TABLE files (other TEXT)")
    cache.close()
    assert cached_file_digest(path) == file_digest(path)


def test_errors_of_one_file_are_raised(tmp_path):
    with pytest.raises(FileNotFoundError):
        cached_file_digest(tmp_path / "none")
    with pytest.raises(UnicodeDecodeError):
        remembered("text", [made(tmp_path / "x", "y")], lambda p: b"\xff".decode())


def test_progress_is_told_only_when_it_takes_long(tmp_path, monkeypatch):
    told = []
    paths = [made(tmp_path / name, name) for name in "abc"]
    remembered("quick", paths, lambda p: p.name, lambda done, total: told.append((done, total)))
    assert told == []
    monkeypatch.setattr(digests, "_QUIET_S", -1.0)
    remembered("slow", paths, lambda p: p.name, lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert cached_file_digests(paths) == [file_digest(p) for p in paths]
