# Two commands do all the set-up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed

.PHONY: demo test check chaos fuzz clean

demo: $(STAMP)
	$(VENV)/bin/inbox-bot demo

# Several files side by side: most of them wait for servers, clocks or children of their own.
test: $(STAMP)
	$(VENV)/bin/python -m pytest --numprocesses auto --dist loadfile

chaos: $(STAMP)
	$(VENV)/bin/python tests/chaos.py --runs 1000 --seed 1

fuzz: $(STAMP)
	INBOX_BOT_FUZZ_EXAMPLES=20000 $(VENV)/bin/python -m pytest -q -s tests/test_parser_suite.py
	$(VENV)/bin/python tests/fuzz_atheris.py -max_total_time=600

check: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "inbox_bot needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	touch $(STAMP)

clean:
	rm -rf $(VENV) build dist
