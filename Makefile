# Set-up is done once into .venv, from a pinned and hashed lock; every target sees to it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help report test lab bench lock clean

help:  ## Show what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

report: $(READY)  ## Analyse data/ and write reports/report.html
	@$(BIN)/topics report data/articles --themes data/themes.yml --gold data/gold.csv \
		--title "Trade, sanctions and alliances: a sample" --out reports

test: $(READY)  ## Lint, type-check and test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/pytest

lab: $(READY)  ## Open JupyterLab on the notebooks
	@$(BIN)/jupyter lab --notebook-dir=. --LabApp.news_url=None \
		--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate notebooks/0_start.ipynb

bench: $(READY)  ## Print quality and speed beside trafilatura, jusText, BERTopic, KeyNMF and BERTrend
	@for part in reading exports duplicates themes languages named keywords trends claims attack speed; do $(BIN)/python benchmarks/$$part.py || exit; done

lock: $(READY)  ## Pin the newest versions that pyproject.toml allows
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --upgrade \
		--python-version 3.11 --all-extras --group dev pyproject.toml --output-file requirements.lock

clean:  ## Remove the environment and the reports
	rm -rf $(VENV) reports

$(READY): requirements.lock pyproject.toml
	@echo "setting up $(VENV) (about two minutes, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes --compile-bytecode -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@$(BIN)/python -c "import umap"  # which compiles for 15 seconds the first time
	@touch $@
