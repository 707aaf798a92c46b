"""The kill matrix as data: `python -m tests.unit.kill_matrix` tries all of it, then writes the copy in the book.

With names, `python -m tests.unit.kill_matrix output_delta`, it tries these exercises only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from autograder import check, exercises
from tests.unit.chapters.test_mutants import survivors
from tests.unit.corpus import RIGHT, WRONG
from tests.unit.equivalents import EQUIVALENT
from tests.unit.mutants import mutants

BOOK_COPY = Path(__file__).resolve().parents[2] / "book" / "data" / "kill_matrix.json"


def counts() -> list[dict[str, Any]]:
    """Return a row for each exercise: how much is put to it. That all of it comes out well is what the tests say."""
    rows = []
    for name, exercise in exercises().items():
        wrong = [case for case in WRONG if case.exercise == name]
        rows.append(
            {
                "exercise": name,
                "chapter": exercise.chapter,
                "right": len(RIGHT[name]),
                "wrong": len(wrong),
                "named": sum(case.mistake is not None for case in wrong),
                "mutants": sum(1 for _ in mutants(name)),
                "equivalent": EQUIVALENT.get(name, {}),
            }
        )
    return rows


def failures(names: Collection[str]) -> list[str]:
    """Put every right and wrong solution of these exercises, and every mutant, to the grader; return what did not come
    out as it should."""
    found = [f"right, rejected: {name}" for name in names for one in RIGHT[name] if not check(one, name).passed]
    for case in (case for case in WRONG if case.exercise in names):
        report = check(case.solution, case.exercise)
        if report.passed:
            found.append(f"wrong, accepted: {case.exercise}: {case.label}")
        elif case.mistake not in {finding.mistake for finding in report.findings}:
            found.append(f"not named: {case.exercise}: {case.label}")
    for name in names:
        found += [f"alive: {name}: {change}" for change in survivors(name) - EQUIVALENT.get(name, {}).keys()]
    return found


def text() -> str:
    return json.dumps(counts(), indent=1, ensure_ascii=False) + "\n"


def main(names: Collection[str]) -> int:
    unknown = [name for name in names if name not in exercises()]
    failed = [f"no exercise is called {name}" for name in unknown] or failures(names or exercises().keys())
    for line in failed:
        print(line, file=sys.stderr)
    if not failed:
        BOOK_COPY.write_text(text(), "utf-8")
    return len(failed) > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
