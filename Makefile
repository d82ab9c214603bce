# Needs GNU make and Python >= 3.11; no compiler, no root. Options: make run ARGS="--port 9000"

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.SILENT:
.DEFAULT_GOAL := help
.PHONY: help setup run test bench bench-merge lint format lock check clean bench-migration

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.up-to-date
ARGS ?=
# Scripts in .venv/ name its path: a copied or moved checkout sets itself up anew.
$(shell grep -qsxF '$(CURDIR)' $(STAMP) || rm -f $(STAMP))
# An interpreter of your own: make setup PYTHON=/opt/python/bin/python3
CANDIDATES := $(or $(PYTHON),python3.13 python3.12 python3.11 python3 /usr/bin/python3)

help: ## list all targets
	awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## build .venv/ with everything the service and its tests need

run: setup ## start the demo: embedded PostgreSQL, demo world, http://127.0.0.1:8000 (ARGS=)
	exec $(BIN)/kollegium demo $(ARGS)

test: setup ## install what is missing and run all tests (ARGS="-k pick")
	bash tests/packages.sh
	exec $(BIN)/pytest $(ARGS)

# wrk and pgbench come from the distribution; the plots' library is locked in bench/.
bench: setup ## measure speed side by side, write docs/evidence/ (ARGS="--quick", ARGS="--help")
	exec $(BIN)/python -m bench $(ARGS)

bench-migration: setup ## measure the import against plain SQL, write docs/evidence/migration.json
	exec $(BIN)/python -m bench.migration.imports $(ARGS)

# env.py sets both time-outs and one transaction for every revision; our ints are counters, not keys.
SQUAWK := $(BIN)/squawk --assume-in-transaction --pg-version 15 \
  --exclude require-lock-timeout,require-statement-timeout,prefer-bigint-over-int

bench-merge: setup ## merge 100,000 leads, against the bare updates (writes docs/evidence/migration.json)
	exec $(BIN)/python -m bench.migration.merge $(ARGS)

lint: setup ## style, types, import rules and migrations, changing nothing
	set -x
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(SQUAWK) sql/tables/*.sql

format: setup ## bring the Python files into shape
	set -x
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

check: lint test ## lint and test, what CI does

# The lock names no index: it installs from any mirror that carries the same files.
lock: ## resolve the dependencies of pyproject.toml anew into requirements.lock (needs uv)
	set -x
	uv pip compile pyproject.toml --extra embedded --extra dev --upgrade --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make lock" --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --extra bench --constraint requirements.lock --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make lock" --quiet --output-file bench/requirements.lock
	uv pip compile bench/peers/orm/requirements.in --upgrade --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make lock" --quiet --output-file bench/peers/orm/requirements.lock

clean: ## remove .venv/ and caches; the data in .data/ stays
	rm -rf $(VENV) .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find service tests alembic -name __pycache__ -type d -prune -exec rm -rf {} +

# Interpreters that do not start (a version manager's empty shim, one in another user's home) are
# passed over. uv serves only where Python came without venv: pip alone honours pip.conf.
$(STAMP): requirements.lock pyproject.toml
	usable() { "$$1" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
	if ! usable $(BIN)/python || ! $(BIN)/python -I -m pip --version >/dev/null 2>&1; then
	  found=
	  for candidate in $(CANDIDATES); do
	    if usable "$$candidate"; then found=$$candidate; break; fi
	  done
	  if [ -z "$$found" ]; then
	    echo "No Python >= 3.11 found. Debian/Ubuntu: apt install python3 python3-venv" >&2
	    exit 1
	  elif "$$found" -I -c 'import venv, ensurepip' >/dev/null 2>&1; then
	    "$$found" -I -m venv --clear $(VENV)
	  elif command -v uv >/dev/null 2>&1; then
	    uv venv --quiet --clear --seed --python "$$found" $(VENV)
	  else
	    echo "$$found has no venv module. Debian/Ubuntu: apt install python3-venv" >&2
	    exit 1
	  fi
	fi
	pip() { $(BIN)/python -I -m pip --quiet --disable-pip-version-check "$$@"; }
	echo "Installing into $(VENV)/ (about a minute the first time) ..."
	pip install --require-hashes --only-binary :all: --requirement requirements.lock
	pip install --no-deps --no-build-isolation --editable .
	echo '$(CURDIR)' > $@
