# From a clean clone, `make run` is all it takes: Python 3.11 or newer, and nothing else.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# The lock files decide: no setting of the machine's own pip or uv adds to them.
INSTALL := VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11
WEB := $(if $(shell command -v npm),$(if $(wildcard web/package-lock.json),web/node_modules/.package-lock.json))

.PHONY: help run test fmt types bench docs soak lock clean

help:
	@sed -n 's/^\([a-z]*\): .*## /  make \1\t/p' Makefile | expand -t 16

run: $(VENV)/.server ## start the server with the demo agents and open its page
	@exec $(BIN)/duologue dev

test: $(VENV)/.dev $(WEB) ## everything that must hold before a change is taken
	@$(BIN)/python -m tests.groups

fmt: $(VENV)/.dev ## format, and mend what can be mended by itself
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

types: $(VENV)/.dev $(WEB) ## check the types of Python and TypeScript
	$(BIN)/mypy
	@if [ -n "$(WEB)" ]; then npm --prefix web run --workspaces --if-present types; fi

bench: $(VENV)/.dev .bench/.peers ## measure every published figure, peers beside us
	@for name in authorize idle talking; do echo "== $$name"; $(BIN)/python -m "bench.$$name"; done

docs: $(VENV)/.dev ## write docs/settings.md, docs/errors.md and docs/cli.md from the code
	@$(BIN)/python -m tests.generated

soak: $(VENV)/.dev ## the long tests: fuzzing and hours of sessions
	@$(BIN)/pytest -m soak -n 0

lock: $(VENV)/.uv ## choose the newest versions that fit, and write the lock files
	$(COMPILE) requirements/uv.in --output-file requirements/uv.txt
	$(COMPILE) pyproject.toml requirements/build.in --extra server --extra trace --group dev \
		--upgrade --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml requirements/build.in --extra server \
		--constraint requirements/dev.txt --output-file requirements/server.txt
	$(COMPILE) requirements/bench.in --upgrade --output-file requirements/bench.txt

clean: ## remove what these commands made, and nothing that a conversation left in .duologue
	rm -rf $(VENV) .bench dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache web/node_modules
	find src tests bench examples -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(VENV)/.uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "duologue needs Python 3.11 or newer; $(PYTHON) is %d.%d. Try: make PYTHON=python3.12" % sys.version_info[:2])'
	@[ -x $(BIN)/python ] || { echo "making $(VENV) …"; $(PYTHON) -m venv $(VENV); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.server: requirements/server.txt pyproject.toml | $(VENV)/.uv
	@echo "installing the server …"
	@$(INSTALL) --require-hashes -r requirements/server.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/.uv
	@echo "installing the server and its tests' tools …"
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.bench/.peers: requirements/bench.txt | $(VENV)/.uv
	@echo "installing the peers to measure beside …"
	@[ -x .bench/bin/python ] || $(BIN)/python -m venv .bench
	@VIRTUAL_ENV=.bench $(UV) pip install --quiet --require-hashes -r requirements/bench.txt
	@touch $@

web/node_modules/.package-lock.json: web/package-lock.json
	@echo "installing what the browser tests need …"
	@npm --prefix web ci --no-audit --no-fund --loglevel=error
	@touch $@
