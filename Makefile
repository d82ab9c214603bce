# Needs make and Python >= 3.11; no compiler, no root. Options: make run ARGS="--port 9000"
# Recipes are single lines, what is longer is in scripts/: macOS brings make 3.81.

.DEFAULT_GOAL := help
.PHONY: help setup run test quick test-peers test-clients test-browser screens client test-upgrade test-wall bench bench-moving-in bench-merge lint format revision release lock check clean

BIN := .venv/bin
ARGS ?=
# An interpreter of your own: make setup PYTHON=/opt/python/bin/python3
PYTHON ?=
export PYTHON
# Else each of the many processes of the tests would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
# A process for each core, each with a server of its own; a part (ARGS) runs in one.
WORKERS := -p xdist -n logical --maxprocesses 4

help: ## list all targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## build .venv/ with everything the service and its tests need
	@sh scripts/setup.sh tests

run: ## start the demo: embedded PostgreSQL, demo world, http://127.0.0.1:8000 (ARGS=)
	@sh scripts/setup.sh run
	@exec $(BIN)/kollegium demo $(ARGS)

test: setup ## run the tests that need nothing but this checkout (ARGS="-k pick": some of them)
	@exec $(BIN)/pytest $(or $(ARGS),$(WORKERS))

quick: setup ## run what most changes break: half a minute
	@exec $(BIN)/pytest --quick $(WORKERS) $(ARGS)

test-peers: setup ## run those against a pooler, a proxy and load generators
	@sh tests/peers.sh
	@exec $(BIN)/pytest --groups peers $(ARGS)

test-clients: setup ## generate clients from the description and run a session with two of them
	@sh tests/clients.sh
	@exec $(BIN)/pytest --groups clients $(ARGS)

test-browser: setup ## open the workbench in Chromium: screens, keys, stories, sizes and themes
	@sh tests/browser.sh
	@exec $(BIN)/pytest --groups browser $(or $(ARGS),tests/browser)

screens: setup ## take the pictures of docs/screens/ anew; look at them before you commit
	@sh tests/browser.sh
	@KOLLEGIUM_GRID=1 KOLLEGIUM_PICTURES=docs/screens exec $(BIN)/pytest --groups browser tests/browser -k "desktop-light-de or phone-dark-en"

client: setup ## generate clients/python/ anew from what the service describes
	@sh tests/clients.sh
	@$(BIN)/python -m tests.fixtures.described | .venv-clients/bin/python clients/python/generate.py

test-upgrade: setup ## upgrade the last release with its data; needs git and a full clone
	@exec $(BIN)/pytest --groups upgrade $(ARGS)

test-wall: setup ## prove the wall again, on the oldest patched PostgreSQL of the distribution
	@exec $(BIN)/pytest --server distribution $(or $(ARGS),$(WORKERS) tests/policies)

soak: setup ## long runs of what tests do briefly, with seeds (ARGS="--minutes 10 pairs", ARGS="--list")
	@exec $(BIN)/python -m tests.soak $(ARGS)

# wrk and pgbench come from the distribution; the plots' library is locked in bench/.
bench: setup ## measure speed side by side, write docs/evidence/ (ARGS="--quick", ARGS="--help")
	@exec $(BIN)/python -m bench $(ARGS)

bench-moving-in: setup ## measure the import against plain SQL, write docs/evidence/jobs.json
	@exec $(BIN)/python -m bench.jobs.imports $(ARGS)

bench-merge: setup ## merge 100,000 leads, against the bare updates (writes docs/evidence/jobs.json)
	@exec $(BIN)/python -m bench.jobs.merge $(ARGS)

# env.py sets both time-outs and one transaction for every revision; our ints are counters, not keys.
SQUAWK := $(BIN)/squawk --assume-in-transaction --pg-version 15 \
  --exclude require-lock-timeout,require-statement-timeout,prefer-bigint-over-int

lint: setup ## style, types, import rules and migrations, changing nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(SQUAWK) sql/tables/*.sql $$($(BIN)/python alembic/release.py statements)

format: setup ## bring the Python files into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

check: lint test ## lint and test; CI does this and test-peers

revision: setup ## begin the schema of the next release (ARGS="what it is about")
	@PYTHONPATH=. $(BIN)/python alembic/release.py revision $(ARGS)

release: setup ## freeze the schema and name the version (ARGS="0.2.0"); does not commit
	@PYTHONPATH=. $(BIN)/python alembic/release.py release $(ARGS)

lock: ## resolve the dependencies of pyproject.toml anew into the locks (needs uv)
	@sh scripts/lock.sh

clean: ## remove .venv/ and caches; the data in .data/ stays
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find service tests alembic -name __pycache__ -type d -prune -exec rm -rf {} +
