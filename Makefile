# make demo: the main job on a fresh machine. make test: the tests.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
PORT ?= 3000
export BENTOML_DO_NOT_TRACK := true
FREEZE := .venv-lock/bin/python -m pip freeze --all --exclude-editable --exclude pip | sed 's/+cpu$$//'

.PHONY: install demo serve test soak check bench score lock clean

install: $(INSTALLED)

$(INSTALLED): requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-dev.lock
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
	$(BIN)/python -m benchmarks.simulation

# Forty unseen suns, and the report of docs/scores/ on them, made again.
score: $(INSTALLED)
	$(BIN)/python -m training.data simulate --seeds 0:40 --epochs 1 --split test --out build/suns.zarr
	$(BIN)/python -m training.score pix2pixcc-demo build/suns.zarr --out build/report

# Exact versions: requirements.lock is what the service runs on, requirements-dev.lock all the rest too.
lock:
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet "setuptools>=77" torch==2.13.0 -e ".[service]"
	$(FREEZE) > requirements.lock
	.venv-lock/bin/python -m pip install --quiet -e ".[service,training,dev]"
	$(FREEZE) > requirements-dev.lock
	rm -rf .venv-lock

clean:
	rm -rf .venv demo build *.egg-info
