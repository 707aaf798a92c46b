"""Where the labs of this repository are, and which there are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOLUTIONS = ROOT / "solutions"
EXERCISES = ROOT / "exercises"
COURSE = ROOT / "_build" / "course"


class UsageError(Exception):
    """The user asked for something that cannot be done; the message says what to do instead."""


def all_labs() -> list[str]:
    """Return the slugs of all labs in course order, such as "03_delta_template"."""
    return sorted(path.stem for path in SOLUTIONS.glob("[0-9][0-9]_*.py"))


def require(assignments: Sequence[str]) -> list[str]:
    """Return `assignments`, or all labs when it is empty. Raises UsageError for one that does not exist."""
    known = all_labs()
    for assignment in assignments:
        if assignment not in known:
            raise UsageError(f"there is no assignment {assignment!r}; the assignments are: {', '.join(known)}")
    return list(assignments) or known


def solution_path(assignment: str) -> Path:
    return SOLUTIONS / f"{assignment}.py"


def exercise_path(assignment: str) -> Path:
    return EXERCISES / assignment / f"{assignment}.ipynb"
