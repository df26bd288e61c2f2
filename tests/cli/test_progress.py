"""Progress where there is no terminal: samples a second, time left, and a word for whatever takes over two seconds."""

import io
import time

import pytest
from rich.console import Console

from seealike.cli import progress
from seealike.cli.progress import Bars


@pytest.fixture
def clock(monkeypatch):
    """A clock that moves when told to."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def bars(clock):
    made = Bars()
    made.console = Console(file=io.StringIO(), force_terminal=False, highlight=False, width=200)
    return made


def said(bars):
    return bars.console.file.getvalue()


def test_speed_and_time_left_count_what_this_run_did(bars, clock):
    told = bars.cell("noise: 4 models")
    told(9000, 10_000)  # an earlier run did these
    clock[0] += 10
    told(9100, 10_000)
    assert "noise: 4 models: 9100/10000, 10/s, 90 s left" in said(bars)


@pytest.mark.parametrize(
    ("done", "seconds", "says"),
    [
        (5, 10, "2 s each, 33 min left"),
        (100, 20, "5.0/s, 3 min left"),
        (2, 100, "50 s each, 13 h 52 min left"),
    ],
)
def test_slow_models_have_decimals_and_hours(bars, clock, done, seconds, says):
    told = bars.cell("d: m")
    told(0, 1000)
    clock[0] += seconds
    told(done, 1000)
    assert says in said(bars)


def test_lines_come_every_few_seconds_only(bars, clock):
    told = bars.cell("d: m")
    for done in range(120):
        clock[0] += 0.1
        told(done, 200)
    assert said(bars).count("d: m") == 2


def test_what_takes_long_is_said_and_what_does_not_is_not(bars, monkeypatch):
    monkeypatch.setattr(progress, "_SILENT_S", 0.05)
    with bars.doing("reading dataset quick"):
        pass
    with bars.doing("loading slow"):
        for _ in range(100):
            time.sleep(0.01)
            if "loading slow" in said(bars):
                break
    time.sleep(0.1)
    assert said(bars) == "  loading slow …\n"


def test_digesting_tells_how_far_it_is(bars, clock):
    with bars.doing("reading dataset big") as told:
        told(0, 50_000)
        clock[0] += 6
        told(20_000, 50_000)
    assert "reading dataset big: 20000/50000, 3,333/s, 9 s left" in said(bars)
