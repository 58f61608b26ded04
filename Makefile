# Two commands for everybody: `make run` talks to a bot, `make test` proves the house.
# Each sets itself up; a second run starts at once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt

.PHONY: run test lint types rooms tests chaos bench clean help

help:  ## What can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/made: pyproject.toml constraints.txt
	@echo "Setting up $(VENV) (once; about a minute) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "flashbot needs Python 3.11 or newer; name one: make PYTHON=python3.11 …"; exit 2; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 \
	  || { $(PYTHON) -m pip install -q --target .bootstrap virtualenv && PYTHONPATH=.bootstrap $(PYTHON) -m virtualenv -q $(VENV); }
	@$(BIN)/python -m pip install -q -e '.[local]'
	@touch $@

$(VENV)/dev: $(VENV)/made
	@echo "Adding what the tests need …"
	@$(BIN)/python -m pip install -q -e '.[local,dev]'
	@touch $@

run: $(VENV)/made  ## A working bot in this terminal, against a local MsgFlash
	@$(BIN)/flashbot dev bots/support.py

test: lint types rooms tests  ## Lint, types, architecture, tests

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev
	$(BIN)/mypy

rooms: $(VENV)/dev
	$(BIN)/lint-imports

tests: $(VENV)/dev
	$(BIN)/pytest -n 3 --dist worksteal

chaos: $(VENV)/dev  ## The long rigs, half an hour and more: kills, failovers, bad disks; writes docs/reliability.md
	$(BIN)/python tests/chaos/long_rigs.py --write docs/reliability.md

bench: $(VENV)/dev  ## The benchmarks, each beside something else
	$(BIN)/python bench/turns.py
	$(BIN)/python bench/rate.py

clean:
	rm -rf $(VENV) .bootstrap .flashbot
