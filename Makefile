# Two verbs are all that a new user needs: `make run` and `make test`.
# Each target installs what it needs into .venv once; running it again installs nothing.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
LOCK := $(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --python-version 3.11
EXTRAS := demo postgres spark airflow dev
unexport PYTHONPATH

# `make run ENGINE=spark` builds on Spark, and installs it first.
ENGINE ?= duckdb
TARGET_duckdb :=
TARGET_spark := --target spark

##@ Use
.PHONY: run
run: $(BIN)/.demo $(if $(filter spark,$(ENGINE)),$(BIN)/.spark)  ## Drop files, land, build, gate, publish; ENGINE=spark
	@$(BIN)/python -m demo.drop
	@$(BIN)/firn run $(TARGET_$(ENGINE))

.PHONY: airflow
airflow: $(BIN)/.demo $(BIN)/.airflow  ## A real Airflow with the DAGs, and a first run in it
	@$(BIN)/python -m demo.drop
	@$(BIN)/firn airflow up
	@$(BIN)/firn airflow trigger ingest --wait
	@$(BIN)/firn airflow trigger build --wait

.PHONY: clean
clean:  ## Delete the local lake, the dropped files and what dbt wrote: a fresh start
	rm -rf .firn landing target logs

##@ Develop
.PHONY: test
test: lint types unit  ## Everything CI runs: linters, types, all tests

.PHONY: lint
lint: $(BIN)/.dev  ## ruff on Python, sqlfluff on SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/sqlfluff lint --processes 2 models tests

.PHONY: types
types: $(BIN)/.dev $(BIN)/.airflow  ## mypy, strict
	$(BIN)/mypy

.PHONY: unit
unit: $(BIN)/.dev $(BIN)/.airflow  ## pytest: unit and integration
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: format
format: $(BIN)/.dev  ## Format Python, fix what the linters can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix --processes 2 models tests

.PHONY: hooks
hooks: $(BIN)/.dev  ## Run the linters before each commit
	$(BIN)/pre-commit install

.PHONY: lock
lock: $(UV)  ## Write requirements/*.txt anew from pyproject.toml: versions and hashes only
	$(LOCK) --upgrade pyproject.toml --all-extras -o requirements/all.txt
	$(LOCK) pyproject.toml -c requirements/all.txt -o requirements/core.txt
	for extra in $(EXTRAS); do \
	  $(LOCK) pyproject.toml --extra $$extra -c requirements/all.txt -o requirements/$$extra.txt; \
	done
	rm requirements/all.txt

##@ Prove
.PHONY: faults
faults: $(BIN)/.dev  ## Cause every fault, with and without its guard: docs/reliability.md
	$(BIN)/pytest -n 2 --dist loadfile -m "" --page faults

.PHONY: bad-input
bad-input: $(BIN)/.dev  ## Feed every bad input: docs/bad-input.md
	$(BIN)/pytest -n 2 --dist loadfile -m "" --page bad-input

.PHONY: parity
parity: $(BIN)/.dev $(BIN)/.spark  ## Build on DuckDB, on Spark and on both in turns: docs/parity.md
	$(BIN)/pytest --page parity orchestration/tests/parity

MACROS := orchestration/tests/integration/macros

.PHONY: conformance
conformance: $(BIN)/.dev $(BIN)/.spark  ## Run dbt's suites on both engines, our macros' on Spark: docs/conformance.md
	$(BIN)/pytest -n 2 --dist loadfile -m "" --page conformance orchestration/tests/conformance
	FIRN_TEST_TARGET=spark $(BIN)/pytest -n 2 --dist loadfile -m "" $(MACROS)
	FIRN_TEST_TARGET=spark FIRN_TEST_VARS='{firn_rows_worth_a_broadcast: -1}' \
	  $(BIN)/pytest -m "" $(MACROS)/test_merge.py

.PHONY: kit
kit: $(BIN)/.dev  ## Run Iceberg's own REST compatibility kit: docs/compatibility.md
	$(BIN)/python -m orchestration.tests.kit

.PHONY: sbom
sbom: $(UV)  ## Write sbom.json (CycloneDX): every package that runs, with its hashes
	$(UV) tool run --from cyclonedx-bom cyclonedx-py requirements requirements/core.txt \
	  --output-file sbom.json

.PHONY: audit
audit: $(UV)  ## Look for known vulnerabilities; needs an advisory service
	$(UV) tool run pip-audit --strict --require-hashes --disable-pip -r requirements/core.txt

##@ Installation (done by the others when needed)
$(UV): requirements/uv.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else \
	  f"Firn needs Python 3.11 or newer; $(PYTHON) is {v[0]}.{v[1]}. Try: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

# A lock's packages, then the project itself, editable, so that `firn` and dbt find it.
$(BIN)/.%: requirements/%.txt pyproject.toml $(UV)
	$(UV) pip install --python $(BIN)/python --quiet --compile-bytecode --require-hashes -r $<
	$(UV) pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: help
help:
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
