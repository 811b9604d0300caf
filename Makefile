# Izba: `make` lists what there is to do.
BIN := .venv/bin
# in CI every line counts: what was not covered is a failure, as is what was skipped
COVER := $(if $(filter true,$(CI)),COVERED_IN=.coverage)
# in CI what fails is run once more: it fails when it fails twice, else it is named under FLAKY, to be mended
AGAIN := $(if $(filter true,$(CI)),--reruns=1)
# how many processes share the tests, file by file, each with its own servers: on two processors one always waits
WORKERS := 3
.DEFAULT_GOAL := help
# the tests start Izba two hundred times: what is compiled once stays compiled, whatever the caller's shell says
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## this list
	@awk 'BEGIN {FS = ":.*?## "} /^[a-z-]+:.*?## / {printf "  make %-13s%s\n", $$1, $$2}' Makefile

.PHONY: run
run: ## install what is missing and start the demo office
	@scripts/setup run
	@exec $(BIN)/izba demo $(ARGS)

.PHONY: test
test: ## all tests, with what they need; ARGS="-k overlap" for some of them
	@scripts/setup dev
	@scripts/system-packages mosquitto postgresql chromium
	@rm -rf .coverage
	@$(COVER) $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(AGAIN) $(ARGS)

.PHONY: check
check: ## format, lint, types, arrows, migrations, translations, docs: seconds, no servers
	@scripts/setup dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m web.kit.catalogues --check
	$(BIN)/python -m config.reference --check
	$(BIN)/pytest -q tests/test_architecture.py tests/test_names.py tests/test_words.py tests/test_docs.py
	$(BIN)/pytest -q tests/test_migrations.py -k written

.PHONY: format
format: ## put the code into its form and mend what the linter can
	@scripts/setup dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: bench
bench: ## measure the promises and print them as a table
	@scripts/setup dev
	@scripts/system-packages mosquitto postgresql
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: bench-offices
bench-offices: ## measure what people wait for in three offices, on both databases; ARGS="town"
	@scripts/setup dev
	@scripts/system-packages mosquitto postgresql
	@$(BIN)/python -m benchmarks.waits $(ARGS)

.PHONY: setup
setup: ## .venv with everything for working on Izba
	@scripts/setup dev
	@scripts/system-packages mosquitto postgresql chromium

.PHONY: migrations
migrations: ## write the migration that the models ask for; NAME=what_it_does
	@scripts/setup dev
	$(BIN)/tortoise makemigrations -n $(NAME)

.PHONY: messages
messages: ## collect the texts, merge them into the catalogues, compile
	@scripts/setup dev
	$(BIN)/python -m web.kit.catalogues

.PHONY: docs
docs: ## write the reference pages that come from the code
	@scripts/setup dev
	$(BIN)/python -m config.reference

.PHONY: screenshots
screenshots: ## take the pictures of the documentation anew
	@scripts/setup dev
	@scripts/system-packages chromium faketime
	$(BIN)/python -m tests.browser.screenshots

.PHONY: pins
pins: ## write constraints.txt: the exact versions of everything that .venv holds
	$(BIN)/pip freeze --exclude-editable | grep '==' | LC_ALL=C sort -f > constraints.txt

.PHONY: clean
clean: ## remove .venv and what tools left; the data in var stays
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .coverage* htmlcov *.egg-info
