# make demo: the main job on a fresh machine. make test: the tests.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
TRITON := .triton/installed
HOST ?= 127.0.0.1
PORT ?= 3000
export BENTOML_DO_NOT_TRACK := true
FREEZE := .venv-lock/bin/python -m pip freeze --all --exclude-editable --exclude pip --exclude uv \
	| sed 's/+cpu$$//' | tr 'A-Z_' 'a-z-'

.PHONY: install demo serve triton serve-triton models test soak check bench score compare restoration real-sun wind-score lock clean sun-check conformance

install: $(INSTALLED) $(TRITON)

# All by hash but torch, whose build (CUDA of PyPI, CPU of PyTorch's index or a folder of wheels) is the
# installer's choice. The lock names all that a CPU build needs; pip adds what CUDA wants.
$(INSTALLED): requirements-dev.lock requirements.hashes pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.hashes
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements-dev.lock torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# Of requests that name none.
demo serve: export FARSIDE_DEFAULT_MODEL ?= farside-1

demo: $(INSTALLED)
	$(BIN)/python -m clients.demo --out demo

serve: $(INSTALLED)
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

# From cheap to dear. benchmarks.gpu is for a machine with a GPU. They measure one model.
BENCHED := build/benched
bench: $(INSTALLED) $(TRITON)
	mkdir -p $(BENCHED)
	ln -sfn $(CURDIR)/model_repository/pix2pixcc-demo $(BENCHED)/pix2pixcc-demo
	$(BIN)/python -m benchmarks.engines --repository $(BENCHED)
	$(BIN)/python -m benchmarks.preprocessing
	$(BIN)/python -m benchmarks.simulation
	$(BIN)/python -m benchmarks.synchronic
	$(BIN)/python -m benchmarks.engines
	$(BIN)/python -m benchmarks.service --triton --repository $(BENCHED)

# Sixteen unseen suns, and the reports of docs/farside-1/ on them, made again: with all references, and with none.
SCORED := $(BIN)/python -m training.score farside-1 build/unseen-suns.zarr
score: $(INSTALLED)
	$(BIN)/python -m training.data simulate --recipe training/recipes/farside-1.toml --seeds 1:16 --epochs 1 \
		--times 4 --span-days 60 --split test --out build/unseen-suns.zarr
	$(SCORED) --out build/report
	$(SCORED) --reference magnetogram --no-controls --no-series --out build/report-magnetogram
	$(SCORED) --reference nothing --no-controls --no-series --out build/report-alone

# The generators on the same suns: a page of docs/, again.
COMPARED := pix2pixcc-demo pix2pixhd-demo pix2pix-demo multilayer-demo
compare: $(INSTALLED)
	$(BIN)/python -m training.data simulate --seeds 0:40 --epochs 1 --split test --out build/suns.zarr
	$(BIN)/python -m training.compare build/suns.zarr $(COMPARED) --out docs/comparison.md

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
	$(BIN)/python -m benchmarks.wind $(REAL)/wind/gong $(wildcard $(REAL)/wind/omni_*.csv) --out docs/wind-scores.md

# Exact versions: requirements.lock is what the service runs on, requirements-dev.lock all the rest too.
# requirements.hashes has the hashes of all of them but torch, a package a line.
lock:
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet uv "setuptools>=77" torch==2.13.0 -e ".[service,openvino,triton]"
	$(FREEZE) > requirements.lock
	.venv-lock/bin/python -m pip install --quiet -e ".[service,openvino,triton,corona,export,training,dev]"
	$(FREEZE) > requirements-dev.lock
	grep --invert-match '^torch==' requirements-dev.lock \
	| .venv-lock/bin/uv pip compile - --quiet --no-deps --generate-hashes --no-header --no-annotate \
	--python .venv-lock/bin/python \
	| sed -e ':a' -e '/\\$$/{N;ba}' -e 's/ *\\\n */ /g' > requirements.hashes
	rm -rf .venv-lock

clean:
	rm -rf .venv .triton demo build *.egg-info
