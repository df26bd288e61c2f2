# Two commands, each whole by itself on a fresh clone: `make demo` and `make test`.
# A third, `make check`, is what a contributor runs before a commit.

PYTHON ?= python3
PIP = .venv/bin/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: demo test check bench faults docs clean

demo: .venv/demo
	.venv/bin/seealike demo

test: .venv/test
	.venv/bin/python -m pytest -n auto --dist loadfile -m "not slow"

check: .venv/test
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/pyright
	.venv/bin/python -m pytest -n auto --dist loadfile

bench: .venv/test
	.venv/bin/python benchmarks/all_pairs.py

faults: .venv/test
	.venv/bin/python tools/planted_faults.py

docs: .venv/test
	.venv/bin/python docs/make_measures.py
	.venv/bin/python docs/make_catalogue.py

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/demo: .venv/bin/python pyproject.toml constraints.txt
	@echo "installing seealike and its libraries (a few minutes the first time)"
	$(PIP) -e ".[demo]"
	@touch $@

.venv/test: .venv/bin/python pyproject.toml constraints.txt
	@echo "installing seealike, its libraries and the tests' (a few minutes the first time)"
	$(PIP) -e ".[test,check]"
	@touch $@

clean:
	rm -rf .venv
