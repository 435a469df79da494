# `make help` explains each target. UV is used when present, else installed into .uv.
PYTHON ?= python3
UV ?= $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN = $(UV) run --frozen --no-sync
ARGS ?=
export UV_PYTHON_DOWNLOADS = never
# Behind a company's proxy HTTPS is signed by the company: trust what the system trusts, as its browser does.
# (uv knows the first name, older ones on PATH the second; the pip of Python's venv wants a file.)
export UV_SYSTEM_CERTS ?= true
export UV_NATIVE_TLS ?= $(UV_SYSTEM_CERTS)
BUNDLES = $(SSL_CERT_FILE) /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem
export PIP_CERT ?= $(firstword $(wildcard $(BUNDLES)))
# Every start of Safar is a handful of processes; each would compile all of Python's modules anew without it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo serve dev t check test thorough properties lint mutants bench clean

help:  ## Explain each target
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.venv:
	@$(MAKE) --no-print-directory setup

.uv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Safar needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .uv || { echo "Python's venv module is missing (on Debian: apt-get install python3-venv)"; exit 1; }
	@.uv/bin/pip install --quiet uv==0.13.9

setup: $(UV)  ## Install the pinned dependencies into .venv
	@$(UV) sync --frozen --quiet

$(filter-out .uv/bin/uv,$(UV)):

demo: setup  ## Carry one campaign through on real data, print the promise report, keep serving (ARGS='--customers 200 --seconds 30 --exit')
	@$(RUN) safar demo $(ARGS)

serve: setup  ## Start shop, console and worker (ARGS='--help' lists the options)
	@$(RUN) safar serve $(ARGS)

dev: setup  ## Serve, and start anew what is changed in src/ (ARGS=demo: with goods and customers)
	@$(RUN) python scripts/dev.py $(ARGS)

t: .venv  ## Run some tests at once, in one process: T=tests/cart/test_actions.py, or T='tests/shop -k code'
	@.venv/bin/python -m pytest -n 0 $(T)

check: setup  ## Style, types and floors, in half a minute
	@$(RUN) ruff check --quiet .
	@$(RUN) ruff format --quiet --check .
	@$(RUN) mypy
	@$(RUN) lint-imports --no-cache >/dev/null || $(RUN) lint-imports --no-cache

test: setup  ## Check style, types, floors and migrations, then run every test
	@sh scripts/browser.sh
	@sh scripts/servers.sh
	@$(MAKE) --no-print-directory lint
	@$(RUN) pytest -n 2 $(ARGS)

thorough: setup  ## `make test` in its long form: many more kills, every language and theme, 100 examples
	@THOROUGH=1 $(MAKE) --no-print-directory test

properties: .venv  ## Try 100 examples of each property (the suite tries 25)
	@.venv/bin/python -m pytest -n 2 -m hypothesis --hypothesis-profile=thorough $(ARGS)

lint: check  ## What `make check` checks, and the migrations (squawk)
	@$(RUN) squawk src/safar/migrations/sql/*.sql

mutants: setup  ## Which wrong sign would the fast tests of the pure decisions miss? (ARGS='--seed 7 --sample 90 --only gate/')
	@$(RUN) python scripts/mutants.py $(ARGS)

bench: setup  ## Measure (ARGS='holds --json', or checkout, idle, journey)
	@$(RUN) safar bench $(ARGS)

clean:  ## Remove what make installed and the demo's data
	rm -rf .venv .uv .safar .mypy_cache .ruff_cache .pytest_cache .hypothesis
