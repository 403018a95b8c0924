# Everything a person or CI does with this checkout. `make` alone prints this list.

PYTHON ?= $(shell for v in python3.13 python3.12 python3.11 python3; do \
	$$v -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$v; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# Thrice the usual cores: much of the suite waits for processes, terminals and servers.
WORKERS ?= 6

.PHONY: help run engine starter test lint types contracts sizes suite bench bench-economy blind torture fuzz samples clean

help:
	@echo "make run        install what is missing, fetch the starter model, start"
	@echo "make engine     build the embedded engine (needs a C/C++ compiler; about 6 minutes on 2 cores)"
	@echo "make starter    fetch the starter model (94 MB)"
	@echo "make test       everything that CI runs"
	@echo "make bench      measure: start, long chats, tokens per second"
	@echo "make bench-economy  what each policy reads, into docs/economy.md (10 minutes on 2 idle cores)"
	@echo "make blind      write 20 pairs of prompts, classic and economy, to be read without knowing which is which"
	@echo "make torture    the long tests: 1,000 killed writers"
	@echo "make fuzz       read changed files of every format for five minutes (SECONDS=300)"
	@echo "make samples    build the sample cards and the demo chat from scripts/samples"
	@echo "make clean      remove $(VENV) and caches"

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer was not found. Install python3, then run make again."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python's venv module is missing. On Debian and Ubuntu: apt install python3-venv, then run make again."; exit 1; }

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing tavern-tui (about 20 seconds)"
	@$(PIP) --only-binary regex -e '.[regex]' || $(PIP) -e .
	@touch $@

$(VENV)/.tested: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing tavern-tui, its engine and what tests need (about 8 minutes the first time, 20 seconds later)"
	@$(PIP) -e '.[local,dev]'
	@touch $@ $(VENV)/.installed

run: $(VENV)/.installed
	@$(BIN)/python scripts/run.py

engine: $(VENV)/.installed
	@$(BIN)/python scripts/run.py --engine-only

starter: $(VENV)/.installed
	@$(BIN)/tavern-tui models get starter

test: lint types contracts sizes suite

lint: $(VENV)/.tested
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.tested
	$(BIN)/mypy

contracts: $(VENV)/.tested
	$(BIN)/lint-imports --no-logo

sizes: $(VENV)/.tested
	@$(BIN)/python -m tests.contracts.sizes

# Rewriting every assertion takes longer than the tests: only what failed runs again with it, to be read.
suite: $(VENV)/.tested starter
	@rm -f .coverage .coverage.*
	$(BIN)/pytest -p tests.workers --workers $(WORKERS) --lines -m "not torture" --assert=plain \
		|| { $(BIN)/pytest --last-failed --last-failed-no-failures none --maxfail 20; exit 1; }
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

bench: $(VENV)/.tested starter
	$(BIN)/python -m tests.bench

bench-economy: $(VENV)/.tested starter
	$(BIN)/python -m tests.economy bench
	$(BIN)/python -m tests.economy perplexity

blind: $(VENV)/.tested starter
	$(BIN)/python -m tests.economy blind

torture: $(VENV)/.tested
	HYPOTHESIS_PROFILE=deep $(BIN)/pytest -m torture --timeout 3600

fuzz: $(VENV)/.tested
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),300)

samples: $(VENV)/.tested
	$(BIN)/python scripts/build_samples.py

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage build dist
