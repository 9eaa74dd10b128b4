# Every target sets up what it needs by itself; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help env demo test drills oracle up down org lint format lock bench
MAKEFLAGS += --no-print-directory
export PYTHONPATH := $(CURDIR):$(CURDIR)/plugins
RUN := .venv/bin/python
READY := .venv/.locks-installed

help:  ## what there is to type
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  PAYLOAD=file.json   another payload for make demo"
	@echo "  ARGS='-k word'      options for make test (pytest's), make drills, oracle, org and bench"
	@echo "  PYTHON=python3.12   another Python for the environment"

$(READY): requirements.txt requirements-dev.txt scripts/environment.py scripts/python.sh
	@python=$$(PYTHON="$(PYTHON)" sh scripts/python.sh) && "$$python" -m scripts.environment

env: $(READY)  ## set up the environment in .venv, and nothing more

demo: $(READY)  ## run the whole flow on a real Airflow against the local org, print its summary
	@exec $(RUN) -m scripts.demo $(if $(PAYLOAD),--payload "$(PAYLOAD)")

test: $(READY)  ## lint and every test, seconds per part
	@exec $(RUN) -m scripts.checks test $(ARGS)

drills: $(READY)  ## loads killed at every point and at random places: hours, figures on the last line
	@exec $(RUN) -m tests.drills $(ARGS)

oracle: $(READY)  ## 100,000 roots, four levels, 3 % failing at each: counts against a plain oracle's
	@exec $(RUN) -m tests.oracle $(ARGS)

lint: $(READY)  ## ruff, formatting, types, layers
	@exec $(RUN) -m scripts.checks lint

format: $(READY)  ## sort imports and format
	@$(RUN) -m ruff check --quiet --select I --fix . && $(RUN) -m ruff format .

up: $(READY)  ## start Airflow and the local org and leave them running
	@exec $(RUN) -m scripts.up

down: $(READY)  ## stop what make up started
	@exec $(RUN) -m scripts.down

org: $(READY)  ## the local org alone, until Ctrl-C
	@exec $(RUN) -m scripts.org $(ARGS)

bench: $(READY)  ## the table engine against plain pandas, in figures
	@exec $(RUN) -m tests.bench $(ARGS)

lock: $(READY)  ## write the newest fitting versions into requirements*.txt
	@$(RUN) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-emit-index-url requirements.in -o requirements.txt
	@$(RUN) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-emit-index-url requirements-dev.in -o requirements-dev.txt
