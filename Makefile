# The commands of this repository. Each prepares what it needs; the second time that is instant.

HEARTH := .venv/bin/hearth
PYTEST := .venv/bin/pytest
WORKERS ?= 2

.PHONY: help setup demo test bench soak models lint lock clean

help:
	@echo "make demo    watch recorded devices and five pipelines, no broker or configuration needed"
	@echo "make test    every test (needs mosquitto, PostgreSQL, Chromium, qemu; installed with apt)"
	@echo "make setup   prepare .venv with everything; the command is then $(HEARTH)"
	@echo "make lint    ruff, formatting, mypy --strict"
	@echo "make bench   the measurements of hearth bench"
	@echo "make models  train and compile the model in the box, and tell how well it understands"
	@echo "make soak    the storms of the tests in full size"
	@echo "make lock    resolve requirements/*.txt anew (needs uv)"

demo:
	@scripts/bootstrap base
	@$(HEARTH) up --demo

setup:
	@scripts/debian-packages
	@scripts/bootstrap dev
	@scripts/aarch64-runtime

test:
	@scripts/debian-packages
	@scripts/bootstrap dev
	@scripts/aarch64-runtime
	@$(PYTEST) -n $(WORKERS) $(ARGS)

soak:
	@scripts/debian-packages
	@scripts/bootstrap dev
	@SOAK=1 $(PYTEST) -s tests/storms tests/prefect $(ARGS)

bench:
	@scripts/debian-packages
	@scripts/bootstrap dev
	@$(HEARTH) bench $(ARGS)

# One thread a product: the training has two of its own, and so gives the same weights again.
models:
	@scripts/debian-packages g++ g++-aarch64-linux-gnu
	@scripts/bootstrap dev
	@OPENBLAS_NUM_THREADS=1 .venv/bin/python -m edge_agent.intents.training $(ARGS)
	@$(PYTEST) -s -n0 tests/intents/test_sets.py

lint:
	@scripts/bootstrap dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

lock:
	@scripts/lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
