# 邻答 Linda. `make help` lists what there is.
.DEFAULT_GOAL := help
PYTHON ?= python3
TICKETS ?= 200000
BOT := bot/.venv/bin
VENV := .venv/bin

.PHONY: help run train test lint dialogues pictures evaluate bench bench-understanding bench-tickets wechat-sim install lock

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: ## install what is missing, train if there is no model, start everything
	@$(PYTHON) -m tools run

install: ## both environments with development tools, front-end packages
	@$(PYTHON) -m tools install

train: ## train a new model from data/
	@$(PYTHON) -m tools train

test: ## everything the tests need, then all tests
	@$(PYTHON) -m tools prepare-tests
	@$(VENV)/python -m tests.run

lint: install ## style, types, import rules, dialogue data
	@$(VENV)/ruff check . && $(VENV)/ruff format --check .
	@$(VENV)/mypy
	@$(VENV)/lint-imports
	@$(BOT)/rasa data validate --fail-on-warnings --max-history 5 --quiet

dialogues: ## docs/dialogues.md anew: what residents get today, journey by journey
	@$(PYTHON) -m tools prepare-tests
	@$(VENV)/python -m tests.dialogues

pictures: ## docs/images anew, from real screens
	@$(PYTHON) -m tools prepare-tests
	@$(VENV)/python -m tests.pictures

evaluate: ## score the model on our own held-out messages; var/evaluation.html is the report
	@$(PYTHON) -m tools prepare-tests
	@mkdir -p var && cat tests/heldout/*.jsonl > var/heldout.jsonl
	@$(BOT)/python -m bot.evaluate --input var/heldout.jsonl --output var/evaluation.json --details --reference-time 2026-11-24T10:00:00+08:00
	@$(BOT)/python -m bot.evaluation.page --input var/evaluation.json --output var/evaluation.html

bench: ## load run through the whole stack, the stock Rasa configuration beside it
	@$(PYTHON) -m tools prepare-tests
	@$(VENV)/python -m benchmarks.load

bench-understanding: ## quality and cost of the model, the stock Rasa pipeline beside it on the same data
	@$(PYTHON) -m tools prepare-tests
	@$(VENV)/python -m benchmarks.understanding

bench-tickets: ## worklist, search, timeline, figures and filing on 200,000 tickets, SQLite and PostgreSQL (TICKETS=1000000 for more)
	@test -x $(VENV)/python || $(PYTHON) -m tools install
	@$(VENV)/python -m benchmarks.tickets --tickets $(TICKETS)

wechat-sim: ## chat with a running Linda as a WeChat user, in the terminal (WeChat is simulated)
	@test -x $(VENV)/python || $(PYTHON) -m tools install
	@$(VENV)/python -m tests.wechat_sim

lock: ## write the hashed locks anew
	@cd bot && uv pip compile -q --generate-hashes --no-emit-index-url --python-version 3.10 pyproject.toml -o requirements.txt
	@cd bot && uv pip compile -q --generate-hashes --no-emit-index-url --python-version 3.10 pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	@uv pip compile -q --generate-hashes --no-emit-index-url --python-version 3.11 pyproject.toml -o requirements.txt
	@uv pip compile -q --generate-hashes --no-emit-index-url --python-version 3.11 pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
