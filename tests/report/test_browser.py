"""The page in a real browser: every figure is drawn, and nothing is said to have failed."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from seealike.report import render

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --virtual-time-budget=20000 --window-size=1400,3000 --dump-dom"
)
FIGURES = ["consistency", "consistency_by_datasets", "similarity", "scatter", "head_accuracy"]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: the page is not opened in a browser")
def test_every_figure_is_drawn(tables, record, tmp_path):
    models = tables["models"].with_columns(
        objective=tables["models"]["objective"].replace("image-text", "<img src=x>")
    )
    path = tmp_path / "report.html"
    path.write_text(render("In a browser", {**tables, "models": models}, record), encoding="utf-8")
    done = subprocess.run(
        [CHROMIUM, *FLAGS.split(), f"--user-data-dir={tmp_path / 'profile'}", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    dom = re.sub(r"<script.*?</script>", "", done.stdout, flags=re.DOTALL)
    assert 'data-ready="yes"' in dom
    assert 'class="error"' not in dom
    assert "could not be drawn" not in dom
    assert "<img" not in dom
    for name in FIGURES:
        figure = re.search(rf'<figure data-figure="{name}">.*?</figure>', dom, re.DOTALL)
        assert figure, name
        drawn = re.search(r'data-drawn="(\d+)"', figure[0])
        assert drawn, name
        assert int(drawn[1]) > 0, name
        assert figure[0].count("<path") > 4 or "marks" in figure[0], name
    assert dom.count("<canvas") >= 3
    assert "3 NaN in sample 17" in dom
