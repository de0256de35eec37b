# Two commands are enough: `make demo` shows the program at work, `make check` runs every check.
# Both need Python 3.10 or newer and nothing else; they install into .venv.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo check format clean

demo: .venv/.installed
	$(BIN)/textsearch demo

check: .venv/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

format: .venv/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/bin/pip:
	$(PYTHON) -m venv .venv

.venv/.installed: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[cpu]"
	touch $@

.venv/.installed-dev: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[cpu,train,dev]"
	touch $@ .venv/.installed

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
