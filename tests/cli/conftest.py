"""What the tests of commands share."""

import sys

import pytest


@pytest.fixture
def seealike(capsys, monkeypatch):
    """Run one command in this process; gives (exit code, standard output, standard error)."""
    from seealike.cli.main import main

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["seealike", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        out = capsys.readouterr()
        return end.value.code, out.out, out.err

    return command
