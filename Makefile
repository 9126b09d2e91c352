# make leaderboard: the suite `quick`, its table and page.   make test: all tests.   make page: the page of the published records.
# make findings: what the documentation says of them.   All make .venv if needed.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: leaderboard page findings test cluster mutants exhaustive golden lint

leaderboard: .venv/ready
	$(BIN)/python train.py suite=quick
	$(BIN)/realizable table results/quick
	$(BIN)/realizable site results/quick

page: .venv/ready
	$(BIN)/realizable reproduce --all --recorded --out results/page >/dev/null
	$(BIN)/realizable site published results/page/index.html

findings: .venv/ready
	$(BIN)/python docs/solves.py
	$(BIN)/python benchmarks/findings.py

test: .venv/ready
	$(BIN)/python -m pytest -n 2

cluster: .venv/ready
	PYTHONPATH=. $(BIN)/python tests/cluster.py

mutants: .venv/ready
	$(BIN)/python tests/mutants.py

exhaustive: .venv/ready
	PYTHONPATH=. $(BIN)/python tests/exhaustive.py
	WORK=1e9 $(BIN)/python -m pytest -n 2 tests/tasks/test_cards.py

golden: .venv/ready
	PYTHONPATH=. $(BIN)/python tests/golden.py
	$(BIN)/python -m leaderboard.analysis.audit

lint: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@
