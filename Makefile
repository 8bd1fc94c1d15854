# Python 3.11 or newer, git and make are all that these need; nothing is installed outside this folder
# (only `make test` may install a browser).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
PY := .venv/bin/python
PIP := $(PY) -m pip install --quiet --quiet --disable-pip-version-check --no-input --require-hashes
# What the checks and tests read instead of a developer's .env.
LAPTOP := ENV_FILE=/dev/null DEBUG=true DATABASE_URL=sqlite:///$(CURDIR)/var/lint.sqlite3
PRODUCTION := ENV_FILE=/dev/null DEBUG=false SECRET_KEY=only-for-the-check-0123456789-abcdefghijklmnopqrstuvwxyz ALLOWED_HOSTS=example.com CREDENTIAL_KEYS=only-for-the-check DATABASE_URL=sqlite:///$(CURDIR)/var/lint.sqlite3
export PORT ?= 8000
# Images of Python for containers set it, and then every process compiles every module again.
unexport PYTHONDONTWRITEBYTECODE
# More than there are cores: many tests wait for processes and servers of theirs.
WORKERS ?= 3

.PHONY: help run demo test test-sqlite test-postgres test-chaos test-browser lint browser bench peers chaos chaos-postgres chaos-sqlite mutants screenshots requirements clean

help: ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv || { echo "python3 -m venv failed: on Debian and Ubuntu install python3-venv first."; exit 1; }

# By uv, in a sixth of the time, from the index that pip is told to use; where uv cannot, by pip.
define install
{ sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt | $(PIP) --no-deps -r /dev/stdin && \
	index=$$($(PY) -m pip config list | sed -n "s/.*[.]index-url='\(.*\)'/\1/p" | tail -n 1) && \
	$(PY) -m uv pip install --quiet --python $(PY) $${index:+--default-index "$$index"} --require-hashes -r $(1); \
} 2> /dev/null || $(PIP) -r $(1)
endef

.venv/.installed: requirements.txt | .venv/bin/python
	@echo "Installing what the site needs into .venv ..."
	@$(call install,requirements.txt)
	@touch $@

.venv/.installed-dev: requirements-dev.txt requirements.txt | .venv/bin/python
	@echo "Installing what the site and its tests need into .venv ..."
	@$(call install,requirements-dev.txt)
	@touch $@ .venv/.installed

.env:
	@umask 077 && printf 'DEBUG=true\nSECRET_KEY=%s\n' "$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(50))')" > $@

var:
	@mkdir -p $@

# Quiet, so that the login stays in sight: LOG_LEVEL=INFO make run shows what the worker does.
run: export LOG_LEVEL ?= WARNING
run: .venv/.installed .env | var ## Set up once, then web and worker on http://127.0.0.1:8000 (PORT=8001 make run)
	@$(PY) manage.py prepare --port "$$PORT"
	@exec .venv/bin/supervisord -n $(if $(filter 0,$(shell id -u)),--user root) -c prompts_manager/supervisord.conf

demo: .venv/.installed | var ## The sample job without a browser, in a folder that is thrown away
	@$(LAPTOP) $(PY) manage.py demo

# Two rows beside each other, for many tests wait for processes: half of two processors would idle.
# What the second says is shown when it fails.
test: browser | var ## Everything: lint, tests on SQLite and PostgreSQL, browser tests
	@$(MAKE) --no-print-directory test-postgres test-browser > var/beside.log 2>&1 & beside=$$!; failed=0; \
	$(MAKE) --no-print-directory lint test-sqlite test-chaos || failed=1; \
	wait $$beside || { failed=1; cat var/beside.log; }; exit $$failed
	@for part in sqlite postgres chaos browser; do printf '%-9s %s\n' $$part "$$(tail -n 1 var/test-$$part.log)"; done

test-sqlite: .venv/.installed-dev | var ## The tests without a browser, on SQLite
	@echo "Tests on SQLite"
	@$(PY) -m pytest -q -n $(WORKERS) --dist worksteal -m 'not e2e' --ignore=e2e/chaos $(ARGS) | tee var/test-sqlite.log

test-postgres: .venv/.installed-dev | var ## The same tests, on a PostgreSQL server of their own
	@echo "Tests on PostgreSQL"
	@TEST_DATABASE=postgres $(PY) -m pytest -q -n $(WORKERS) --dist worksteal -m 'not e2e' --ignore=e2e/chaos $(ARGS) | tee var/test-postgres.log

test-chaos: .venv/.installed-dev | var ## A few of the chaos scenarios, on SQLite and PostgreSQL
	@echo "Scenarios"
	@$(CHAOS) | tee var/test-chaos.log
	@TEST_DATABASE=postgres-each $(CHAOS) | tee -a var/test-chaos.log

test-browser: .venv/.installed-dev | var ## The journeys, in Chromium
	@echo "Tests in a browser"
	@$(PY) -m pytest -q -n 2 --dist worksteal e2e/test_*.py $(ARGS) | tee var/test-browser.log

lint: .venv/.installed-dev | var ## ruff, djade, mypy, migrations, system checks
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --check --quiet
	@output=$$(git ls-files 'templates/*.html' | xargs .venv/bin/djade --target-version 5.2 --check 2>&1) || { echo "$$output"; exit 1; }
	@$(LAPTOP) .venv/bin/mypy --no-error-summary bulk_admin prompts prompts_manager e2e
	@$(LAPTOP) $(PY) manage.py makemigrations --check --dry-run --verbosity 0 || { echo "A migration is missing: run manage.py makemigrations."; exit 1; }
	@$(PRODUCTION) $(PY) manage.py check --deploy --fail-level ERROR

browser: .venv/.installed-dev
	@if $(PY) -m e2e.browser; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	  echo "Installing Chromium for the browser tests ..."; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium > var/browser.log 2>&1 || cat var/browser.log; \
	else \
	  echo "Fetching Playwright's Chromium for the browser tests ..."; \
	  .venv/bin/playwright install chromium > var/browser.log 2>&1 || cat var/browser.log; \
	fi; \
	$(PY) -m e2e.browser || { echo "The browser tests need Chromium: install it (Debian: apt-get install chromium) and run make test again."; exit 1; }

bench: browser | var ## Speed and size on loopback, 40 minutes; ARGS=--quick shows that it runs, ARGS=poll_cost runs one
	@$(PY) -m benchmarks $(ARGS)

# Files of their own names: neither `make test` nor `make bench` runs them.
peers: .venv/.installed-dev | var ## Drive third-party software in pinned versions, fetched into var/peers; says what it had to skip
	@$(PY) -m bulk_admin.tests.peers.tools | tee var/peers.log
	@$(PY) -m pytest -q bulk_admin/tests/peers/peer_*.py $(ARGS) | tee -a var/peers.log
	@PATH=$(CURDIR)/var/peers/debian/usr/sbin:$$PATH LD_LIBRARY_PATH=$$(echo $(CURDIR)/var/peers/debian/usr/lib/*-linux-gnu) TEST_DATABASE=postgres $(PY) -m pytest -q e2e/whole/test_pgbouncer.py | tee -a var/peers.log

screenshots: browser | var ## Take the README's pictures again
	@$(PY) -m pytest -q e2e/take_screenshots.py

requirements: .venv/.installed-dev ## Resolve requirements*.in again
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-annotate --generate-hashes requirements.in -o requirements.txt
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-annotate --generate-hashes requirements-dev.in -c requirements.txt -o requirements-dev.txt

# SEEDS=17 plays one scenario, on both databases.
SEEDS ?=
FUZZ := FUZZ_ANSWERS=2000 $(PY) -m pytest -q e2e/whole/test_fuzzed_provider.py
CHAOS := $(PY) -m pytest -q -n 3 e2e/chaos $(ARGS)

chaos: chaos-postgres chaos-sqlite mutants ## Seeded faults on real workers (200 on PostgreSQL, 100 on SQLite), then broken rules; SEEDS=17 plays one
	@for part in postgres sqlite; do printf '%-9s %s\n' $$part "$$(tail -n 1 var/chaos-$$part.log)"; done

chaos-postgres: .venv/.installed-dev | var
	@echo "Scenarios on PostgreSQL"
	@TEST_DATABASE=postgres $(FUZZ) | tee var/chaos-fuzz.log
	@CHAOS_SEEDS=$(or $(SEEDS),0-199) TEST_DATABASE=postgres-each $(CHAOS) | tee var/chaos-postgres.log

chaos-sqlite: .venv/.installed-dev | var
	@echo "Scenarios on SQLite"
	@$(FUZZ) | tee var/chaos-fuzz.log
	@CHAOS_SEEDS=$(or $(SEEDS),0-99) $(CHAOS) | tee var/chaos-sqlite.log

mutants: .venv/.installed-dev ## Break each rule about money and pages once: the quick tests must notice
	@echo "Broken rules"
	@$(PY) -m e2e.mutants

clean: ## Throw away .venv, the local database, pictures and login
	@rm -rf .venv .env .staff-login db.sqlite3* media var staticfiles
