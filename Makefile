# From a clean clone, `make run` is all it takes: Python 3.11 or newer, and Node.js 20 for the page.

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
NPM := npm --prefix web
QUIET := --no-audit --no-fund --loglevel=error
PAGE := src/duologue/console/assets/talk.js
PAGE_SOURCES := web/package-lock.json web/pack.mjs $(shell find web/packages -name node_modules -prune -o \
	-path '*/src/*' -type f -print -o -name '*.mjs' -print -o -name package.json -print)
# What the server serves to browsers is built of these.
BUILT := --workspace packages/client --workspace packages/widget --workspace packages/talk --workspace packages/console
WEB := $(if $(shell command -v npm),web/node_modules/.all $(PAGE))

.PHONY: help run page web test fmt types bench docs sbom soak lock clean

help:
	@sed -n 's/^\([a-z]*\): .*## /  make \1\t/p' Makefile | expand -t 16

run: $(VENV)/.server page ## start the server with the demo agents and open its page
	@exec $(BIN)/duologue dev

web: $(PAGE) ## build the scripts of the talk page and the widget; `make run` does it where npm is

# Without Node the server starts as well, and its page says what is missing.
page:
	@if ! command -v npm >/dev/null; then \
		[ -f $(PAGE) ] || echo "there is no npm here, so the page at / is not built; talking needs Node.js 20 or newer"; \
	else $(MAKE) --no-print-directory web || echo "the page at / is not built; the server starts without it"; fi

test: $(VENV)/.dev $(WEB) ## everything that must hold before a change is taken
	@$(BIN)/python -m tests.groups

fmt: $(VENV)/.dev ## format, and mend what can be mended by itself
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

types: $(VENV)/.dev $(WEB) ## check the types of Python and TypeScript
	$(BIN)/mypy
	@if [ -n "$(WEB)" ]; then $(NPM) run --workspaces --if-present types; fi

bench: $(VENV)/.dev .bench/.peers .bench/.web $(WEB) ## measure every published figure, peers beside us; writes docs/performance.md
	@$(BIN)/python -m bench.page

docs: $(VENV)/.dev $(filter %.all,$(WEB)) ## write the pages that are read from the code: settings, errors, commands, platforms, APIs, llms.txt
	@$(BIN)/python -m tests.generated

sbom: $(VENV)/.dev ## list all that a published duologue is made of, as CycloneDX, in dist/
	@$(BIN)/python -m tests.sbom

soak: $(VENV)/.dev ## the long tests: fuzzing and hours of sessions
	@$(BIN)/python -c 'import atheris' 2>/dev/null || echo "one test is skipped for want of atheris: VIRTUAL_ENV=$(VENV) $(UV) pip install atheris"
	@$(BIN)/pytest -m soak -n 0 -o faulthandler_timeout=3600

lock: $(VENV)/.uv ## choose the newest versions that fit, and write the lock files
	$(COMPILE) requirements/uv.in --output-file requirements/uv.txt
	$(COMPILE) pyproject.toml requirements/build.in --extra server --extra trace --group dev \
		--upgrade --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml requirements/build.in --extra server \
		--constraint requirements/dev.txt --output-file requirements/server.txt
	$(COMPILE) requirements/bench.in --upgrade --output-file requirements/bench.txt

clean: ## remove what these commands made, and nothing that a conversation left in .duologue
	rm -rf $(VENV) .bench dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache web/node_modules web/packages/*/dist src/duologue/console/assets/*.js src/duologue/console/assets/*.br
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

# Files to be loaded into pages: none of their own scripts runs here.
.bench/.web: bench/web/package-lock.json
	@echo "installing the widgets to measure beside …"
	@mkdir -p .bench/web
	@cp bench/web/package.json bench/web/package-lock.json bench/web/.npmrc .bench/web
	@npm --prefix .bench/web ci --ignore-scripts $(QUIET)
	@touch $@

web/node_modules/.all: web/package-lock.json
	@echo "installing what the browser tests need …"
	@$(NPM) ci $(QUIET)
	@touch $@ web/node_modules/.page

# Of the whole workspace the page needs only what bundles it.
web/node_modules/.page: web/package-lock.json
	@node -e 'const v = process.versions.node; if (parseInt(v) < 20) { console.error(`the page needs Node.js 20 or newer to be built; node is $${v}`); process.exit(1); }'
	@echo "installing what builds the page …"
	@$(NPM) ci $(QUIET) $(BUILT)
	@touch $@

$(PAGE): $(PAGE_SOURCES) | web/node_modules/.page
	@echo "building the page …"
	@$(NPM) run build --silent --if-present $(BUILT) >/dev/null
	@touch $@
