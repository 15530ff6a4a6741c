# make demo: the main job on a fresh machine. make test: the tests.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
PORT ?= 3000
export BENTOML_DO_NOT_TRACK := true

.PHONY: install demo serve test soak check bench score lock clean

install: $(INSTALLED)

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: $(INSTALLED)
	$(BIN)/python -m clients.demo --out demo

serve: $(INSTALLED)
	$(BIN)/bentoml serve service.app:FarsideService --port $(PORT)

test: $(INSTALLED)
	$(BIN)/python -m pytest -m "not soak"

soak: $(INSTALLED)
	$(BIN)/python -m pytest -m soak --timeout 3600

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks.preprocessing
	$(BIN)/python -m benchmarks.engines

score: $(INSTALLED)
	$(BIN)/python -m training.score

# Exact versions of what the working environment holds.
lock: $(INSTALLED)
	$(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu$$//' > requirements.lock

clean:
	rm -rf .venv demo build *.egg-info
