"""The labs as they were given, whatever a learner has made of the copies in exercises/."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec

import nbformat
from nbformat import NotebookNode

from autograder.course import labs
from autograder.course.labs import UsageError
from autograder.course.rebuild import exercises_by_graded_cell

# As nbgrader's ClearSolutions does it, which takes seconds to load.
_SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION.*?### END SOLUTION", re.MULTILINE | re.DOTALL)


@cache
def as_given(assignment: str) -> NotebookNode:
    """Return a lab as it was released.

    From its text where that is and can be read, else from exercises/. Raises UsageError when neither is there.
    """
    if labs.solution_path(assignment).exists() and find_spec("jupytext"):
        from autograder.course.release import source_notebook

        notebook = source_notebook(assignment)
        for cell in notebook.cells:
            cell.source = _SOLUTION.sub(_stub, cell.source)
        return notebook
    try:
        return nbformat.read(labs.exercise_path(assignment), as_version=4)
    except (OSError, ValueError):
        path = labs.exercise_path(assignment)
        raise UsageError(f"{path} is missing or damaged: get the course's folder exercises/ again") from None


def _stub(solution: re.Match[str]) -> str:
    return f"{solution[1]}raise NotImplementedError" if solution[1] else "YOUR ANSWER HERE"


def exercises_by_lab() -> Mapping[str, tuple[str, ...]]:
    """Return the names of the automatically graded exercises of each lab, in course order. Loads no PyTorch."""
    return {lab: tuple(exercises_by_graded_cell(as_given(lab)).values()) for lab in _labs()}


def title(lab: NotebookNode) -> str:
    """Return the heading of a lab."""
    first = lab.cells[0].source if lab.cells else ""
    return first.partition("\n")[0].strip("# ")


def _labs() -> list[str]:
    return labs.all_labs() or sorted(path.name for path in labs.EXERCISES.glob("[0-9][0-9]_*"))
