# The list of things one does here. Every target works on a fresh clone by itself.

PYTHON ?= python3
# Options for pytest, for example: make test ARGS="--engines sqlite -k rename"
ARGS ?=
# pytest-xdist workers; the servers are shared by them.
JOBS ?= auto

# What `make soak` runs.
ENGINE ?= sqlite,postgresql,mysql,mariadb
PAIRS ?= 2000
# What `make soak-kill` and `make soak-race` run.
KILLS ?= 5000
PROCESSES ?= 50
ROUNDS ?= 20
SEED ?=

VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/dev.lock
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test soak soak-kill soak-race check format docs bench lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## Tell the whole story on SQLite in a temporary folder
	@$(BIN)/querynl demo

test: $(DEV) ## Run every test on real PostgreSQL, MySQL, MariaDB and SQLite
	$(BIN)/python -m pytest --numprocesses $(JOBS) --maxprocesses 4 $(ARGS)

soak: $(DEV) ## Try the laws on PAIRS random pairs of schemas on each ENGINE (several between commas), by SEED
	$(BIN)/python -m tools.soak --engine $(ENGINE) --pairs $(PAIRS) $(if $(SEED),--seed $(SEED)) $(ARGS)

soak-kill: $(DEV) ## Strike random migrations at KILLS random moments, on each ENGINE, by SEED; the next apply finishes them
	$(BIN)/python -m tools.soak_kill --engine $(ENGINE) --kills $(KILLS) $(if $(SEED),--seed $(SEED)) $(ARGS)

soak-race: $(DEV) ## Let PROCESSES apply the same migrations, ROUNDS times, on each engine and through PgBouncer (or ENGINE)
	$(BIN)/python -m tools.soak_race $(if $(findstring file,$(origin ENGINE)),,--engine $(ENGINE)) \
		--processes $(PROCESSES) --rounds $(ROUNDS) $(if $(SEED),--seed $(SEED)) $(ARGS)

check: $(DEV) ## Format, lint, types and the import contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV) ## Rewrite the code in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(DEV) ## Write the generated pages of docs/ anew; `make test` checks that they are in step
	$(BIN)/python -m tools.reference

bench: $(DEV) ## Print ratios of CPU time, measured side by side
	$(BIN)/python -m benchmarks

lock: ## Write requirements/dev.lock anew from pyproject.toml
	$(PYTHON) requirements/lock.py $(LOCK)

clean: ## Remove the virtual environment and everything built
	rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "QueryNL needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	@echo 'Making $(VENV)'
	@$(PYTHON) -m venv $(VENV)

$(RUNTIME): $(VENV)/pyvenv.cfg pyproject.toml $(LOCK)
	@echo 'Installing QueryNL and its locked dependencies into $(VENV)'
	@$(PIP) install --constraint $(LOCK) --editable .
	@$(BIN)/python -m compileall -q src # what pip does for a package that is not editable
	@touch $@

$(DEV): $(RUNTIME)
	@echo 'Installing the locked development tools into $(VENV)'
	@$(PIP) install --requirement $(LOCK)
	@touch $@
