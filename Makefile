# hf_cner: `make help` lists what can be made. Everything happens in virtual environments inside this folder.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: help bench demo notebooks docs messages test lint types unit slow mutation test-lowest peers servers wheel smoke format clean

PYTHON ?= python3
CORPUS ?= sample
DATA_DIR ?=
TEST_WORKERS ?= 2
VENV := .venv
SMOKE_VENV := .venv-smoke
LOWEST_VENV := .venv-lowest
PEERS_VENV := .venv-peers
DOCS_VENV := .venv-docs
BENCH_VENV := .venv-bench
SERVERS_VENV := .venv-servers
LOWEST_TESTS := tests/test_constraints.py tests/test_registration.py tests/data/test_tokenizer.py tests/data/test_load.py \
	tests/dataset_scripts tests/modeling/test_checkpoint_code.py tests/modeling/test_pipeline_cner.py \
	tests/modeling/test_transformers_*.py tests/modeling/test_checkpoint_faults.py \
	tests/inference/test_checkpoint.py tests/inference/test_predictor.py \
	tests/metrics/test_evaluate_module.py tests/training/test_ordinary_recipe.py tests/training/test_trainer.py \
	tests/runs/test_checkpoints.py tests/training/test_evaluate_plug_in.py tests/training/test_card.py \
	tests/training/test_lora.py tests/hub tests/cli/test_push.py
BIN := $(VENV)/bin
MUTMUT := 3.8.1
STORES := s3fs==2026.9.0 moto[server]==5.2.5
PINS := constraints.txt setup.cfg pyproject.toml
SOURCES := $(shell find hf_cner -type f -not -name '*.pyc' 2>/dev/null)

# Tests and checks never need the network; one thread per worker, or the workers fight for the cores.
OFFLINE := HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false OMP_NUM_THREADS=1

define create_environment
@command -v "$(PYTHON)" >/dev/null || { echo "There is no '$(PYTHON)' here. Install Python 3.10 or newer, or name one: make PYTHON=/path/to/python3 (没有找到 '$(PYTHON)'。请安装 Python 3.10 或更高版本，或指明路径。)" >&2; exit 1; }
@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "hf_cner needs Python 3.10 or newer, but '$(PYTHON)' is $$("$(PYTHON)" --version 2>&1). Name another: make PYTHON=/path/to/python3 (需要 Python 3.10 或更高版本，请指明另一个解释器。)" >&2; exit 1; }
@"$(PYTHON)" -m venv $(1) || { echo "'$(PYTHON)' could not create a virtual environment: install its venv module (on Debian and Ubuntu the package python3-venv). (无法创建虚拟环境。Debian、Ubuntu 请安装 python3-venv。)" >&2; exit 1; }
endef

help:  ## List the targets
	@echo "make TARGET [PYTHON=python3]     (Python 3.10 or newer; the first run installs everything into $(VENV))"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: $(PINS)
	$(call create_environment,$(VENV))
	@echo "Installing hf_cner and the tools to develop it into $(VENV), as pinned in constraints.txt"
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/.installed  ## Train, evaluate and try a small model [CORPUS=sample] [DATA_DIR=folder of the corpus]
	$(BIN)/hf-cner demo --corpus $(CORPUS) $(if $(DATA_DIR),--data-dir "$(DATA_DIR)")

notebooks: $(VENV)/.installed  ## Execute the notebooks, offline; on another corpus the second [CORPUS=sample] [DATA_DIR=folder of the corpus]
	$(OFFLINE) CORPUS="$(CORPUS)" DATA_DIR="$(DATA_DIR)" $(BIN)/python examples/run_notebooks.py \
		$(if $(filter-out sample,$(CORPUS)),2 --timeout 36000) --output-dir outputs/notebooks

test: lint types unit  ## Lint, types and the offline test suite

lint: $(VENV)/.installed  ## Style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed  ## Static types
	$(BIN)/mypy

unit: $(VENV)/.installed  ## The test suite alone, offline, without the slow tests [TEST_WORKERS=2]
	$(OFFLINE) $(BIN)/python -m pytest -n $(TEST_WORKERS) -m "not slow"

slow: $(VENV)/.installed  ## The slow tests: runs that are killed and resumed, two processes, checkpoints without the package
	$(OFFLINE) $(BIN)/python -m pytest -n $(TEST_WORKERS) -m slow

mutation: $(VENV)/.installed  ## Change the CRF, decoders, schemes, windows and metrics, and count what no test notices (hours)
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt mutmut==$(MUTMUT)
	HF_CNER_CRF=torch $(OFFLINE) $(BIN)/python -m mutmut run --max-children $(TEST_WORKERS)
	$(BIN)/python -m mutmut results
	$(BIN)/python -m mutmut export-cicd-stats
	$(BIN)/python tests/mutation.py

$(LOWEST_VENV)/.installed: constraints-lowest.txt setup.cfg pyproject.toml
	$(call create_environment,$(LOWEST_VENV))
	$(LOWEST_VENV)/bin/python -m pip install --disable-pip-version-check --constraint constraints-lowest.txt --editable '.[peft,plots,test]'
	@touch $@

# Old transformers on the newest torch: DeBERTa of 5.12 still calls torch.jit.script.
test-lowest: $(LOWEST_VENV)/.installed  ## A part of the test suite on the lowest versions that setup.cfg allows [TEST_WORKERS=2]
	$(OFFLINE) $(LOWEST_VENV)/bin/python -m pytest -n $(TEST_WORKERS) -m "not data" \
		-W 'ignore:`torch.jit.script` is deprecated:DeprecationWarning' $(LOWEST_TESTS)

$(PEERS_VENV)/.installed: $(PINS)
	$(call create_environment,$(PEERS_VENV))
	$(PEERS_VENV)/bin/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable '.[peers,peft,test]'
	@touch $@

peers: $(PEERS_VENV)/.installed  ## What transformers and pytorch-crf test of their own, on ours; needs the network [TEST_WORKERS=2]
	$(PEERS_VENV)/bin/python tests/peers/fetch.py $(PEERS_VENV)/peers
	HF_CNER_PEERS=$(CURDIR)/$(PEERS_VENV)/peers $(OFFLINE) \
		$(PEERS_VENV)/bin/python -m pytest -n $(TEST_WORKERS) --tb=short tests/peers

$(BENCH_VENV)/.installed: $(PINS)
	$(call create_environment,$(BENCH_VENV))
	$(BENCH_VENV)/bin/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable '.[fast,plots]'
	@touch $@

$(SERVERS_VENV)/.installed: $(PINS)
	$(call create_environment,$(SERVERS_VENV))
	$(SERVERS_VENV)/bin/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable '.[ray,test]'
	$(SERVERS_VENV)/bin/python -m pip install --disable-pip-version-check $(STORES)  # it wants an older python-dateutil
	@touch $@

servers: $(SERVERS_VENV)/.installed  ## Annotation on a Ray cluster of several nodes, and from S3 to S3: servers on this machine
	$(OFFLINE) $(SERVERS_VENV)/bin/python -m pytest tests/scale/test_ray.py tests/scale/test_s3.py

bench: $(BENCH_VENV)/.installed  ## Speed against peers, which it installs beside the pinned versions; into outputs/bench
	$(BENCH_VENV)/bin/python benchmarks/bench.py --output-dir outputs/bench

$(DOCS_VENV)/.installed: $(PINS)
	$(call create_environment,$(DOCS_VENV))
	$(DOCS_VENV)/bin/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'
	@touch $@

docs: $(DOCS_VENV)/.installed  ## Build the site of the documentation, English and Chinese, into build/docs/site
	$(DOCS_VENV)/bin/python docs/build.py

messages: $(VENV)/.installed  ## Compile the Chinese of the command line, and list what has none
	$(BIN)/python tests/message_catalogue.py

format: $(VENV)/.installed  ## Rewrite the code in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: dist/.built  ## Build the wheel into dist/

dist/.built: $(VENV)/.installed $(SOURCES) README.md LICENSE
	rm -rf dist build
	$(BIN)/python -m pip wheel --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	@touch $@

$(SMOKE_VENV)/.installed: $(PINS) dist/.built
	$(call create_environment,$(SMOKE_VENV))
	$(SMOKE_VENV)/bin/python -m pip install --disable-pip-version-check --constraint constraints.txt dist/hf_cner-*.whl
	$(SMOKE_VENV)/bin/python -m pip install --disable-pip-version-check --no-deps --force-reinstall dist/hf_cner-*.whl
	@touch $@

smoke: $(SMOKE_VENV)/.installed  ## Try the installed wheel, without the development tools, in an environment of its own
	$(OFFLINE) $(SMOKE_VENV)/bin/python -I tests/smoke.py

clean:  ## Remove the environments and everything that was built
	rm -rf $(VENV) $(SMOKE_VENV) $(LOWEST_VENV) $(PEERS_VENV) $(DOCS_VENV) $(BENCH_VENV) $(SERVERS_VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
	find hf_cner tests -name __pycache__ -type d -prune -exec rm -rf {} +
