# `make addition` runs the main job, `make test` checks everything; both set up what they need, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# processes that run tests side by side: one a core, eight at most
WORKERS ?= auto
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --maxprocesses 8 --dist worksteal

.PHONY: setup addition test test-slow lint words figures docs clean
setup: $(READY)

$(READY): pyproject.toml constraints.txt setup.py
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.exit(sys.version_info < (3, 11) and f"gedi_nesy needs Python 3.11 or newer, found {v}; try: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

addition: $(READY)
	$(BIN)/python -m benchmarks.addition --weight-nesy 1 $(ARGS)

test: lint
	$(PYTEST) $(ARGS)

test-slow: $(READY)
	$(PYTEST) -m slow $(ARGS)

lint: $(READY) words
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

# typing errors everywhere, and British spelling in what people read
words: $(READY)
	$(BIN)/codespell
	$(BIN)/codespell --dictionary .ci/american.txt *.md docs .github

# tables in README and docs from the result files in docs/figures
figures: $(READY)
	$(BIN)/python -m benchmarks.figures

# the site, in docs/_build; warnings are errors
docs: $(READY)
	$(BIN)/python -m sphinx --nitpicky --fail-on-warning --keep-going --quiet docs docs/_build

clean:
	rm -rf $(VENV) build dist docs/_build *.egg-info
