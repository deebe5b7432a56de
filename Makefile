# Everything runs in this checkout: .venv holds the packages, var/ the data. No root, no service.

PORT ?= 8000
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
DEMO := YELLOWFLAG_ENV=demo $(BIN)/python manage.py
CHECKED := YELLOWFLAG_ENV=production YELLOWFLAG_HOSTS=clinic.example YELLOWFLAG_PROXIES=0 DATABASE_URL=sqlite:///var/checked.sqlite3 \
	YELLOWFLAG_AUDIT_KEY=$(shell printf '%064d' 0) YELLOWFLAG_MFA_KEY=$(shell printf '%0128d' 0) \
	YELLOWFLAG_PATIENT_KEYS=$(shell printf '%0128d' 0) \
	YELLOWFLAG_SECRET_KEY=checked-and-never-served-0123456789-abcdefghijklmnopqrstuvwxyz $(BIN)/python manage.py

.PHONY: help demo test check lint types descriptions soak bench golden pictures lock sbom

help:
	@echo "make demo    a clinic of synthetic people on http://127.0.0.1:$(PORT) (PORT=... changes it)"
	@echo "make test    the tests, on SQLite or on the PostgreSQL of DATABASE_URL"
	@echo "make check   format, lint, types, imports, templates, migrations, settings, API, protocols"
	@echo "make soak    the long runs: servers and workers killed, PostgreSQL restarted, thousands of lives, tampering, every slip of the protocol (an hour or two)"
	@echo "make bench   decisions per second beside other engines; server time of lists with 1,000 and 100,000 intakes (some 8 minutes)"
	@echo "make golden  keep what a new version of the engine says of the patients in words"
	@echo "make pictures  the screenshots of the documentation, taken of the demo clinic"
	@echo "make lock    compile the requirements files (OPTIONS=--upgrade for newer versions)"
	@echo "make sbom    var/sbom.json: every package that runs, with version and digests (CycloneDX)"

demo: .venv/runtime
	@mkdir -p var
	@$(DEMO) migrate --verbosity 0
	@$(DEMO) collectstatic --noinput --verbosity 0
	@$(DEMO) evaluate back-pain fixtures/demo/three-patients.json --summary
	@echo
	@$(DEMO) load_demo
	@echo "Yellowflag is on http://127.0.0.1:$(PORT) until Ctrl-C."
	@YELLOWFLAG_ENV=demo $(BIN)/gunicorn clinic.wsgi --config docs/deployment/gunicorn.conf.py --bind 127.0.0.1:$(PORT) --workers 1 --log-level warning

test: .venv/dev
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

check: lint types descriptions

lint: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/djlint clinic/templates --lint

types: .venv/dev
	$(BIN)/mypy

descriptions: .venv/dev
	$(DEMO) makemigrations --check --dry-run
	$(CHECKED) check --deploy --fail-level WARNING
	$(DEMO) spectacular --validate --fail-on-warn --file /dev/null
	$(DEMO) check_protocol fixtures/protocols/*/*.toml
	$(DEMO) safety_case --check

soak: .venv/dev
	YELLOWFLAG_REFERRALS=1000 $(BIN)/pytest tests/clinic/test_simulation.py
	YELLOWFLAG_LINE=30000 $(BIN)/pytest tests/browser
	YELLOWFLAG_TRIES=200 $(BIN)/pytest -s tests/clinic/test_lockout.py -k takes_as_long
	YELLOWFLAG_KILLS=40 $(BIN)/pytest tests/clinic/test_killed_workers.py
	YELLOWFLAG_PATIENTS=2000 $(BIN)/pytest tests/triage/test_relevance.py
	YELLOWFLAG_MUTANTS=40 $(BIN)/pytest tests/triage/test_provers.py
	YELLOWFLAG_CORRECTED_LIVES=5000 $(BIN)/pytest tests/clinic/test_facts_life.py
	YELLOWFLAG_LIVES=2000 $(BIN)/pytest tests/clinic/test_intake_life.py
	YELLOWFLAG_WRITES=100 $(BIN)/pytest tests/clinic/test_many_writers.py
	YELLOWFLAG_CASES=20000 $(BIN)/pytest tests/clinic/test_fuzz.py
	$(BIN)/python -m tests.mutation.trust
	YELLOWFLAG_PLACES=100 $(BIN)/pytest tests/clinic/test_tampering.py
	YELLOWFLAG_PLACES=100 $(BIN)/python -m tests.bench.on_postgres tests/clinic/test_tampering.py
	YELLOWFLAG_KILLS=200 $(BIN)/pytest tests/clinic/test_crashes.py
	YELLOWFLAG_KILLS=200 $(BIN)/python -m tests.bench.on_postgres tests/clinic/test_crashes.py
	$(BIN)/python -m tests.bench.restarts --times 24
	$(DEMO) mutate_protocol fixtures/protocols/back-pain/1.0.0.toml

bench: .venv/dev
	$(BIN)/python -m tests.bench.engine
	$(BIN)/python -m tests.bench.questions
	$(BIN)/python -m tests.bench.lists $(ARGS)
	$(BIN)/python -m tests.bench.replay
	$(BIN)/python -m tests.bench.submit

golden: .venv/bin/python
	$(BIN)/python -m tests.triage.goldens write

pictures: .venv/dev
	YELLOWFLAG_PICTURES=1 $(BIN)/pytest tests/browser/test_pictures.py

lock: .venv/dev
	CUSTOM_COMPILE_COMMAND="make lock" $(COMPILE) --output-file requirements.txt pyproject.toml
	CUSTOM_COMPILE_COMMAND="make lock" $(COMPILE) --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

sbom: .venv/dev
	@mkdir -p var
	PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements requirements.txt --pyproject pyproject.toml --output-reproducible -o var/sbom.json

COMPILE = $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links $(OPTIONS)

INSTALL = @echo "Installing $< into .venv"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Yellowflag needs Python 3.11 or newer: make PYTHON=...")'
	@$(PYTHON) -m venv .venv

.venv/runtime: requirements.txt | .venv/bin/python
	$(INSTALL)
	@touch $@

.venv/dev: requirements-dev.txt | .venv/bin/python
	$(INSTALL)
	@touch $@ .venv/runtime
