"""The map of docs/design.md, kept: imports point down, no cycles, no torch at import, every public name documented."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import seealike

PACKAGE = Path(seealike.__file__).parent
LAYERS = {
    "errors": 0,
    "registry": 1,
    "numerics": 2,
    "engine": 3,
    "measures": 4,
    "data": 5,
    "compare": 6,
    "probes": 6,
    "human": 6,
    "analyses": 7,
    "overlap": 6,
    "sources": 6,
    "transforms": 6,
    "triplets": 6,
    "catalogue": 7,
    "embeddings": 7,
    "extract": 7,
    "training": 7,
    "consequences": 7,
    "demo": 7,
    "proof": 7,
    "students": 8,
    "study": 9,
    "report": 10,
    "cli": 11,
    "__main__": 12,
}
PURE = {"numerics", "engine", "measures", "human", "probes"}  # no files, environment, clocks or print
MODULES = sorted(PACKAGE.rglob("*.py"))


def _name(path: Path) -> str:
    parts = ("seealike", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


KNOWN = {_name(path): path for path in MODULES}


def _imports(path: Path) -> set[str]:
    """All modules of ours that a file imports, inside functions and for type checking too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in KNOWN else node.module for name in full}
    return {name for name in found if name.split(".")[0] == "seealike"}


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_imports_point_down(path):
    room = _room(_name(path))
    if not room:
        return  # the package itself names the public functions of every room
    assert room in LAYERS, f"{room} is not on the map"
    for imported in _imports(path):
        below = _room(imported)
        assert below, f"{_name(path)} imports the package itself"
        allowed = LAYERS[below] < LAYERS[room] or below == room
        assert allowed, f"{_name(path)} (layer {LAYERS[room]}) imports {imported} (layer {LAYERS[below]})"


def test_no_import_cycles():
    graph = {name: _imports(path) - {name, "seealike"} for name, path in KNOWN.items() if name != "seealike"}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name in done:
            return
        for other in sorted(graph.get(name, ())):
            package = trail and other == name.rpartition(".")[0]  # a file may name its own package's __init__
            if not package:
                visit(other, (*trail, name))
        done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("path", [p for p in MODULES if _room(_name(p)) in PURE], ids=_name)
def test_numbers_know_nothing_of_the_world(path):
    forbidden = {"os", "pathlib", "time", "datetime", "subprocess", "shutil", "tempfile"}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            assert not forbidden & {name.split(".")[0] for name in names}, f"{path}:{node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"print", "open", "input"}, f"{path}:{node.lineno}"


@pytest.mark.parametrize(
    "path", [p for p in MODULES if LAYERS.get(_room(_name(p)), 99) < LAYERS["report"]], ids=_name
)
def test_no_plotting_below_the_report(path):
    names = {n.split(".")[0] for n in ast_imports(path)}
    assert not names & {"matplotlib", "altair", "vl_convert", "plotly", "seaborn"}


def ast_imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    plain = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    return plain | {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}


def test_no_drawers_for_everything():
    assert not [p for p in PACKAGE.rglob("*") if p.stem in {"utils", "helpers", "common", "misc"}]


@pytest.mark.parametrize(
    "arguments", [["-c", "import seealike; dir(seealike)"], ["-m", "seealike", "--help"]]
)
def test_import_and_help_do_without_torch(arguments):
    program = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "seealike" in imported
    assert not imported & {"torch", "pandas", "polars", "numpy", "pydantic", "altair", "timm"}


def test_public_names_are_sorted_and_all_there():
    assert seealike.__all__ == sorted(seealike.__all__, key=str)
    assert seealike.__all__ == sorted(seealike._WHERE)
    for name in seealike.__all__:
        assert getattr(seealike, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'ckaa'"):
        _ = seealike.ckaa


@pytest.mark.parametrize("name", sorted(seealike.__all__))
def test_public_names_are_documented_with_an_executed_example(name):
    thing = getattr(seealike, name)
    text = inspect.getdoc(thing) or ""
    assert text, f"{name} has no docstring"
    module = importlib.import_module(getattr(thing, "__module__", ""))
    examples = [t for t in doctest.DocTestFinder().find(module) if t.name.endswith(name) and t.examples]
    assert examples or ">>>" in text, f"{name} has no example that the doctests run"


def test_every_module_can_be_imported_and_says_what_it_is():
    for info in pkgutil.walk_packages([str(PACKAGE)], "seealike."):
        if info.name != "seealike.__main__":
            assert (importlib.import_module(info.name).__doc__ or "").strip(), info.name
