"""docs/catalogue.md says what the catalogue's files say."""

import runpy
from pathlib import Path

from seealike.catalogue import DATASETS, MODELS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
SCRIPT = runpy.run_path(str(ROOT / "docs" / "make_catalogue.py"))


def test_the_committed_page_is_the_one_that_is_made():
    assert SCRIPT["page"](PAGE) == PAGE, "run: make docs"


def test_the_page_names_every_entry_and_no_cell_is_split():
    for entry in (*MODELS.entries(), *DATASETS.entries()):
        assert f"| `{entry.id}`" in PAGE
    tables = [block for block in PAGE.split("\n\n") if block.startswith("|")]
    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1, table.splitlines()[0]
