# Two commands matter: `make lab` to learn, `make test` to check. `make help` lists the rest.

# The first Python found; scripts/setup.py looks for a better one if it does not suit.
PYTHON ?= $(shell command -v python3 || command -v python3.13 || command -v python3.12 || command -v python3.11)
VENV ?= .venv
BIN = $(VENV)/bin
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup lab teach test demo validate bench lint format notebooks clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: ## Make .venv, install the pinned packages and the grader, convert the digits
	@if [ -z "$(PYTHON)" ]; then \
	  echo "No Python was found, and the course needs Python 3.11, 3.12 or 3.13: install one and run the command again, or name it: make setup PYTHON=/path/to/python3.12" >&2; \
	  exit 1; \
	fi
	@"$(PYTHON)" -m scripts.setup "$(VENV)" $(REQUIREMENTS) $(if $(filter setup,$(MAKECMDGOALS)),,--quiet)

lab: setup ## Open JupyterLab on the course, as a learner sees it (ARGS="--no-browser" is passed on)
	@$(BIN)/python -m scripts.lab $(ARGS)

teach: setup ## Open JupyterLab with all of the course in view: units, releases, submissions
	@$(BIN)/python -m scripts.lab --teach $(ARGS)

test: setup lint ## Lint, type-check, run every test, and re-run every notebook on three backends
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)
	$(BIN)/python -m scripts.notebooks --jobs $(JOBS)

demo: setup ## Release a unit, grade its samples, write gradebook and feedback
	@$(BIN)/grader demo

# Refused here, before a set-up that takes minutes; scripts/validate.py knows the same words.
ifneq ($(filter validate,$(MAKECMDGOALS)),)
ifneq ($(BACKEND)$(DEVICE),)
ifeq ($(filter tensorflow jax torch,$(BACKEND)),)
$(error BACKEND=$(BACKEND): choose one of tensorflow, jax, torch)
endif
ifeq ($(filter cpu gpu,$(or $(DEVICE),cpu)),)
$(error DEVICE=$(DEVICE): choose one of cpu, gpu)
endif
endif
endif

validate: setup ## Check every unit against the unit rules (BACKEND=jax DEVICE=cpu|gpu runs every notebook there)
ifeq ($(BACKEND)$(DEVICE),)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile tests/course $(ARGS)
else
	@$(BIN)/python -m scripts.validate --jobs $(JOBS) "$(BACKEND)" "$(or $(DEVICE),cpu)"
endif

bench: setup ## Measure, print name and figure, write build/bench.json (ONLY=group picks one)
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))

lint: setup ## Check style, formatting and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: setup ## Mend what ruff can mend by itself
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format

notebooks: setup ## Re-run every notebook on three backends (BACKENDS="jax" picks)
	$(BIN)/python -m scripts.notebooks --jobs $(JOBS) $(BACKENDS)

clean: ## Remove caches, build/, and what is made again when needed; your work, grades and .venv stay
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis course/keys
	rm -f course/data/*.npz
	find course grader scripts tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
