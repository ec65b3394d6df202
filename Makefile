# Everything a user or developer runs.  Needs only Python >= 3.11, make and git.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/ready
LOCKED := $(BIN)/python -m pip install --quiet --require-hashes --no-deps --requirement
TRAINING ?= build/training
LIMIT    ?= 800
BENCH    := build/bench
PEERS    := $(BENCH)/venv
export Q ?= How much is the S-400 deal worth?

.PHONY: help setup ask run test test-fast check eval torture bench calibrate train lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(READY)  ## make .venv with the locked versions

$(READY): $(wildcard requirements*.lock) pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Passage needs Python 3.11 or newer.") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(LOCKED) requirements.lock
	$(LOCKED) requirements-torch-cpu.lock 2>/dev/null || $(LOCKED) requirements-torch.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/passage setup
	touch $@

ask: setup  ## answer a question from the library: make ask Q="..."
	@$(BIN)/passage ask "$$Q"

run: setup  ## connect to Discord
	@$(BIN)/passage run

test: setup  ## run the tests
	$(BIN)/python -m pytest

test-fast: setup  ## the inner loop: the tests that need no model, socket or process
	$(BIN)/python -m pytest -q -m 'not model and not slow' tests/index tests/bot tests/project

check: setup  ## style, types, import contract, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

eval: setup  ## take every figure of the README anew; LIMIT=100000 asks all questions, for an hour
	$(BIN)/python -m tests.measure.suite --limit $(LIMIT)

torture: setup  ## attack what is promised, for long: crashes, damage, bad input, Discord at its worst
	$(BIN)/python -m tests.torture

bench: setup $(PEERS)/ready  ## beside the peers, and as it grows; over an hour on two cores
	$(BIN)/python -m tests.bench.contest --folder $(BENCH) --peers $(PEERS)/bin/python
	$(BIN)/python -m tests.bench.scaling
	$(BIN)/python -m tests.bench.bot
	$(BIN)/python -m tests.bench.servers

$(PEERS)/ready: pyproject.toml
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	-$(BIN)/python -m pip --python $(PEERS)/bin/python install --quiet --group bench
	touch $@

calibrate: setup  ## fit the constants of index/answer/calibration.py anew
	$(BIN)/python -m tests.measure.calibrate

lock: setup  ## resolve the newest versions that pyproject.toml allows
	$(BIN)/python .ci/lock.py

train: setup  ## train the reader anew, from checkpoint to checkpoint, and put it in place
	$(BIN)/python -m training.train --out $(TRAINING)
	$(BIN)/python -m training.export --out $(TRAINING)

clean:  ## take away what was made here
	rm -rf $(VENV) build *.egg-info
