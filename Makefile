# Every target sets up .venv first when it is missing or older than the requirements.
# Works with GNU make 3.81 (macOS) and later.

SUITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c '$(SUITS)' 2>/dev/null && { echo $$p; break; }; done)
DEMO := _build/demo
LAB := 03_delta_template

BIN := .venv/bin
PY := $(BIN)/python
# Written last, so that an interrupted set-up starts again.
DONE := .venv/.set-up

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The arrays are small: threads that wait for each other take a busy machine minutes where one takes seconds.
export OMP_NUM_THREADS := 1

.PHONY: help demo test quick lint bench book pdf screenshots release clean
.NOTPARALLEL:

help:  ## print this list (the default)
	@echo "make <target>, one of:"
	@sed -n 's/^\([a-z]*\): .*## \(.*\)/  \1@\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F@ '{printf "%-12s %s\n", $$1, $$2}'

demo: $(DONE) release book  ## release the lab, build the book, grade a sample class
	@echo "Making a sample class in $(DEMO)"
	@rm -rf $(DEMO)
	@$(PY) -m tools.make_class $(DEMO)
	@echo "Grading it"
	@$(PY) -m autograder grade $(LAB) --course $(DEMO)
	@echo
	@echo "The book: _build/html/index.html"

test: $(DONE) lint  ## check style and types, then run every test
	@echo "Running the tests"
	@$(PY) -m pytest -q -n auto --dist loadfile

quick: $(DONE) lint  ## check style and types, then run the tests that take little time
	@echo "Running the quick tests"
	@$(PY) -m pytest -q -n auto --dist loadfile -m "not slow"

lint: $(DONE)  ## check style and types only
	@echo "Checking style and types"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary

bench: $(DONE)  ## measure the first check, grading against stock nbgrader, and what a submission costs
	@$(PY) -m tools.bench

book: $(DONE)  ## build the book into _build/html
	@$(PY) -m tools.build_book

pdf: book  ## print the book as one PDF, _build/backprop-by-hand.pdf
	@echo "Printing the book (a minute or two)"
	@$(PY) -m tools.pdf

screenshots: book  ## picture every page, wide and narrow, light and dark, into _build/screenshots
	@echo "Picturing every page (some minutes)"
	@$(PY) -m tools.screenshots

release: $(DONE)  ## make exercises/ from solutions/
	@$(PY) -m autograder release

clean:  ## delete what was built; keeps .venv and _build/course
	@echo "Deleting what was built"
	@rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@if [ -d _build ]; then find _build -mindepth 1 -maxdepth 1 ! -name course -exec rm -rf {} +; fi
	@if [ -d _build/course ]; then echo "Kept _build/course: it holds submissions and the gradebook"; fi

$(DONE): requirements.txt pyproject.toml tools/set_up.py
	@'$(PYTHON)' -c '$(SUITS)' 2>/dev/null || \
	  { echo "Python 3.11, 3.12 or 3.13 is needed and was not found: make PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Setting up .venv (some minutes the first time)"
	@$(PY) -m pip --version >/dev/null 2>&1 || '$(PYTHON)' -m venv --clear .venv || \
	  { rm -rf .venv; echo "No venv could be made. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(PY) tools/set_up.py
	@touch $@
