"""The pages tell the truth: their Python runs, their study files parse, their links lead somewhere."""

import re
from pathlib import Path

import pytest

from seealike import read_studies
from seealike.errors import StudyMistakes

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]


def blocks(page, language):
    return re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_python_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_whole_study_files_have_no_mistake_but_missing_files(page, tmp_path):
    for text in blocks(page, "yaml"):
        if not {"models:", "datasets:"} <= set(text.split()):
            continue  # a fragment
        (tmp_path / "study.yaml").write_text(text)
        try:
            read_studies(tmp_path / "study.yaml")
        except StudyMistakes as mistakes:
            for mistake in mistakes.mistakes:
                assert "does not exist" in mistake or "matches nothing" in mistake, mistake


def test_the_index_has_every_page():
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, page.name


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_commands_named_in_the_pages_exist():
    from seealike.cli.main import app

    known = {*app, "models", "datasets", "measures"}
    for page in PAGES:
        for command in re.findall(r"`seealike ([a-z-]+)", page.read_text(encoding="utf-8")):
            assert command in known, f"{page.name}: seealike {command}"


def test_the_shipped_study_names_every_network(real_data):
    """studies/real-networks.yaml has no mistake on the real data, and leaves no network of the table out."""
    import csv

    studies = read_studies(ROOT / "studies" / "real-networks.yaml", {"data": str(real_data)})
    named = {card.name for study in studies for card in study.models}
    with (real_data / "models" / "models.csv").open(newline="", encoding="utf-8") as stream:
        assert {row["name"] for row in csv.DictReader(stream)} <= named
