# make demo: the main job on a fresh machine. make test: the tests.

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= python3
BIN := .venv/bin
RUNS := .venv/runs
INSTALLED := .venv/installed
PIP := $(BIN)/python -m pip install --disable-pip-version-check
TRITON := .triton/installed
HOST ?= 127.0.0.1
PORT ?= 3000
export BENTOML_DO_NOT_TRACK := true
FREEZE := .venv-lock/bin/python -m pip freeze --all --exclude-editable --exclude pip --exclude uv \
	| sed 's/+cpu$$//' | tr 'A-Z_' 'a-z-'

.PHONY: docs dist cards install graphs demo serve triton serve-triton models test soak check bench unseen-suns score compare restoration real-sun wind-score seismic figures lock clean sun-check conformance

install: $(INSTALLED) $(TRITON)

# All by hash but torch, whose build (CUDA of PyPI, CPU of PyTorch's index or a folder of wheels) is the
# installer's choice. The lock names all that a CPU build needs; pip adds what CUDA wants.
$(INSTALLED): requirements-dev.lock requirements.hashes pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) --no-deps --require-hashes -r requirements.hashes | $(call COUNTED,requirements.hashes)
	$(INSTALL_TORCH)
	$(PIP) --quiet --no-deps --no-build-isolation -e .
	touch $(RUNS) $@

# What the demonstration and the service run on: OpenVINO has the graphs of the shipped models, so neither
# torch nor what it needs. make install adds the rest to the same .venv.
$(RUNS): requirements.lock requirements.hashes pyproject.toml
	@echo "installing what the demonstration and the service run on, 0.9 GB, into .venv"
	@$(PYTHON) -m venv .venv
	@awk 'NR == FNR {wanted[$$1]; next} $$1 in wanted && !/^(sympy|mpmath)==/' requirements.lock requirements.hashes \
	> .venv/runs.txt
	@$(PIP) --no-compile --no-deps --require-hashes -r .venv/runs.txt | $(call COUNTED,.venv/runs.txt)
	@$(PIP) --quiet --no-compile --no-deps --no-build-isolation -e .
	@touch $@

# One line of progress, from what pip says of the packages of a file.
COUNTED = awk -v all=$$(wc -l < $(1)) '/^(Collecting|Processing)/ {sub(".*/", "", $$2); printf "\rpackage %d of %d: %-30.30s", ++i, all, $$2; fflush()} \
	/^Installing/ {printf "\runpacking %d packages into .venv …%-30s\n", i, ""; fflush()}'

# PyPI's build of torch for Linux carries CUDA, gigabytes of it: without a GPU the CPU build, from the indexes
# that pip knows or from PyTorch's own.
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH_CPU := "$$(grep '^torch==' requirements-dev.lock)+cpu"
PIP_TORCH := $(PIP) --quiet --constraint requirements-dev.lock
INSTALL_TORCH := if nvidia-smi > /dev/null 2>&1; then $(PIP_TORCH) torch; else \
	$(PIP_TORCH) $(TORCH_CPU) 2> /dev/null \
	|| $(PIP_TORCH) --retries 1 --timeout 15 --extra-index-url $(TORCH_CPU_INDEX) $(TORCH_CPU) \
	|| $(PIP_TORCH) torch; fi

# The graph of each shipped model, again: after a change of weights or of a network.
graphs: $(INSTALLED)
	$(BIN)/python -m export.graphs

# Of requests that name none.
demo serve: export FARSIDE_DEFAULT_MODEL ?= farside-1

# DEMO=--fetch: the files come by farside fetch, from a local mirror of the public archives.
demo: $(RUNS)
	$(BIN)/python -m clients.demo --out demo $(DEMO)

serve: $(RUNS)
	$(BIN)/bentoml serve service.app:FarsideService --host $(HOST) --port $(PORT) --timeout-keep-alive 75

# Triton Inference Server on the CPU. The wheel's metadata pin numpy < 2, hence beside the project.
triton: $(TRITON)

$(TRITON): | $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target .triton nvidia-pytriton==0.7.0
	touch $@

serve-triton: $(INSTALLED) $(TRITON)
	ls model_repository/*/config.pbtxt > /dev/null 2>&1 || $(MAKE) models
	$(BIN)/python -m deploy.local_triton.server model_repository

# The formats that Triton serves: make models ARGUMENTS="--target gpu"
models: $(INSTALLED)
	$(BIN)/python -m export $(ARGUMENTS)

test: $(INSTALLED) $(TRITON)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests

# What is right of every kind of file, fitsverify on what we write, and mutated files: part of make test.
conformance: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.cases.files build/cases
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not soak" tests/cases

soak: $(INSTALLED) $(TRITON)
	$(BIN)/python -m pytest -m soak --timeout 3600

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The manual with its gallery, in build/docs/html; a warning is an error. DOCS=-Dplot_gallery=0: without
# running the examples.
docs: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet $(DOCS) \
		-d build/docs/doctrees docs build/docs/html

# Wheel and sdist, and a test that installs the wheel in an empty environment.
dist: $(INSTALLED)
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/python -m pytest -m "soak or not soak" tests/test_dist.py --timeout 3600

# The cards of the shipped models, from their Recipes.
cards: $(INSTALLED)
	$(BIN)/python -m export.card

# From cheap to dear. benchmarks.gpu is for a machine with a GPU. They measure one model.
BENCHED := build/benched
bench: $(INSTALLED) $(TRITON)
	mkdir -p $(BENCHED)
	ln -sfn $(CURDIR)/model_repository/pix2pixcc-demo $(BENCHED)/pix2pixcc-demo
	$(BIN)/python -m benchmarks.engines --repository $(BENCHED)
	$(BIN)/python -m benchmarks.archive
	$(BIN)/python -m benchmarks.preprocessing
	$(BIN)/python -m benchmarks.simulation
	$(BIN)/python -m benchmarks.synchronic
	$(BIN)/python -m benchmarks.engines
	$(BIN)/python -m benchmarks.service --triton --clients 1 4 --rounds 4 --repository $(BENCHED)

# Sixteen suns that no model was trained on.
UNSEEN := build/unseen-suns.zarr
unseen-suns: $(INSTALLED)
	$(BIN)/python -m training.data simulate --recipe training/recipes/farside-1.toml --seeds 1:16 --epochs 1 \
		--times 4 --span-days 60 --split test --out $(UNSEEN)

# The reports of docs/farside-1/ on them, made again: with all references, and with none.
SCORED := $(BIN)/python -m training.score farside-1 $(UNSEEN)
score: unseen-suns
	$(SCORED) --out build/report
	$(SCORED) --reference magnetogram --no-controls --no-series --out build/report-magnetogram
	$(SCORED) --reference nothing --no-controls --no-series --out build/report-alone

# All far-side generators on the same suns: a page of docs/, again.
COMPARED := farside-1 pix2pixcc-demo pix2pixhd-demo pix2pix-demo multilayer-demo
compare: unseen-suns
	$(BIN)/python -m training.compare $(UNSEEN) $(COMPARED) --out docs/comparison.md

# The simulated Sun beside the real one, from ../shared where that is: a page of docs/, again.
sun-check: $(INSTALLED)
	$(BIN)/python -m training.suncheck

# Denoisers and drawings on unseen suns: two pages of docs/ and their pictures, again.
restoration: $(INSTALLED)
	$(BIN)/python -m training.restoration.denoising denoise-demo denoise-auto-demo --out docs/denoising-scores.md
	$(BIN)/python -m training.restoration.drawings drawing-demo --suns 24 --out docs/drawings-scores.md

# The far-side models on real AIA images beside HMI: docs/real-sun.md, again. REAL has sets/ and what
# else there is; it is not part of this repository.
REAL ?= ../shared/data/realsun
real-sun: $(INSTALLED)
	$(BIN)/python -m training.realsun --sets $(REAL)/sets --out docs/real-sun.md

# The wind at Earth from maps of GONG beside OMNI: docs/wind-scores.md, again.
wind-score: $(INSTALLED)
	$(BIN)/python -m benchmarks.wind $(REAL)/wind/gong $(wildcard $(REAL)/wind/omni_*.csv) \
		--wsa $(REAL)/wind/wsa/2022-02-24T22Z.wsa.gong.fits --out docs/wind-scores.md

# Far-side regions beside helioseismology: docs/seismic.md and its pictures, again.
seismic: $(INSTALLED)
	$(BIN)/python -m benchmarks.seismic $(REAL) --out docs/seismic.md

# Figures 4, 6 and 7 of Jeong et al. (2022) of simulated suns: the pictures of docs/figures.md, again.
figures: $(INSTALLED)
	$(BIN)/python -m benchmarks.figures --out docs/figures

# Exact versions: requirements.lock is what the service runs on, requirements-dev.lock all the rest too.
# requirements.hashes has the hashes of all of them but torch, a package a line.
lock:
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet uv "setuptools>=77" torch==2.13.0 -e ".[service,openvino,triton]"
	$(FREEZE) > requirements.lock
	.venv-lock/bin/python -m pip install --quiet -e ".[service,openvino,triton,corona,export,training,docs,dev]"
	$(FREEZE) > requirements-dev.lock
	grep --invert-match '^torch==' requirements-dev.lock \
	| .venv-lock/bin/uv pip compile - --quiet --no-deps --generate-hashes --no-header --no-annotate \
	--python .venv-lock/bin/python \
	| sed -e ':a' -e '/\\$$/{N;ba}' -e 's/ *\\\n */ /g' > requirements.hashes
	rm -rf .venv-lock

clean:
	rm -rf .venv .triton demo build *.egg-info
