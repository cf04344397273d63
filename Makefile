# Deqi: `make demo` shows it, `make test` proves it. Both start from nothing but Python 3.11 or newer.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
UV_VERSION := 0.13.9
SYNC = VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --require-hashes
DEQI = $(BIN)/deqi

.PHONY: setup setup-test demo test check lock clean

setup: .venv/.ready
.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Deqi needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(SYNC) -r requirements.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps -e .
	@touch $@

setup-test: setup .venv/.ready-test
.venv/.ready-test: requirements-test.lock .venv/.ready
	@$(SYNC) -r requirements-test.lock
	@touch $@

demo: setup
	@$(DEQI) demo --port $(PORT)

test: setup-test
	@$(BIN)/python -m tests.run

check: setup-test
	@$(BIN)/ruff check src tests benchmarks
	@$(BIN)/lint-imports
	@$(BIN)/mypy
	@$(DEQI) check

lock: setup
	@VIRTUAL_ENV=.venv $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --extra postgres --extra fast --extra parquet pyproject.toml -o requirements.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --extra postgres --extra fast --extra parquet --group test pyproject.toml -o requirements-test.lock

clean:
	rm -rf .venv dist build
