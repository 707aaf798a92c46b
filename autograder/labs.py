"""Where the labs of this repository are, and which there are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from autograder.errors import UsageError

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = ROOT / "solutions"
EXERCISES = ROOT / "exercises"
COURSE = ROOT / "_build" / "course"

# What says which class is meant, to this package and to nbgrader alike: its folder, and its gradebook where that is
# elsewhere.
FOLDER_VARIABLE = "AUTOGRADER_COURSE"
GRADEBOOK_VARIABLE = "AUTOGRADER_DB_URL"


def course_folder() -> Path:
    """Return the folder of the class: the one that the environment names, else _build/course."""
    return Path(os.environ.get(FOLDER_VARIABLE) or COURSE).absolute()


def gradebook_address() -> str | None:
    """Return the address of the gradebook that the environment names, None where it is in the folder of the class."""
    return os.environ.get(GRADEBOOK_VARIABLE) or None


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


def module_of(chapter: str) -> str:
    """Return the name of the module that a chapter has in `autograder.chapters`: its slug without the number."""
    return chapter.partition("_")[2]


def definitions(chapter: str) -> str:
    """Return the file below the root that a chapter's exercises are defined in, or the first one of its folder."""
    name = f"autograder/chapters/{module_of(chapter)}"
    return f"{name}/__init__.py" if (ROOT / name).is_dir() else f"{name}.py"


def solution_path(assignment: str) -> Path:
    return SOLUTIONS / f"{assignment}.py"


def exercise_path(assignment: str) -> Path:
    return EXERCISES / assignment / f"{assignment}.ipynb"
