"""The labs as they were given, whatever a learner has made of the copies in exercises/."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec

import nbformat
from nbformat import NotebookNode

from autograder import labs
from autograder.course.cells import bound_names, exercises_by_graded_cell, squeezed
from autograder.errors import UsageError

# As nbgrader's ClearSolutions does it, which takes seconds to load.
_SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION.*?### END SOLUTION", re.MULTILINE | re.DOTALL)

_CHECKED = re.compile(r"\bcheck\(\s*(\w+)")


@cache
def as_given(assignment: str) -> NotebookNode:
    """Return a lab as it was released.

    From its text where that is and can be read, else from the notebook. Raises UsageError when neither is there.
    """
    if labs.solution_path(assignment).exists() and find_spec("jupytext"):
        from autograder.course.release.release import source_notebook

        notebook = source_notebook(assignment)
        for cell in notebook.cells:
            cell.source = _SOLUTION.sub(_stub, cell.source)
        return notebook
    path = labs.released().get(assignment, labs.exercise_path(assignment))
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError):
        raise UsageError(f"{path} is missing or damaged: get the course's folder exercises/ again") from None


def _stub(solution: re.Match[str]) -> str:
    return f"{solution[1]}raise NotImplementedError" if solution[1] else "YOUR ANSWER HERE"


def exercises_by_lab() -> Mapping[str, tuple[str, ...]]:
    """Return the names of the automatically graded exercises of each lab, in course order. Loads no PyTorch."""
    return {lab: tuple(exercises_by_graded_cell(as_given(lab)).values()) for lab in _labs()}


def lab_of(cells: Sequence[NotebookNode], file_name: str) -> str | None:
    """Return the lab that a learner's notebook is: the one it shares most with; its file name decides between equals.

    Shared are names of exercises that it defines, checks or has in its metadata, and texts that only one lab has. None
    when nothing is shared and the file is not named after a lab.
    """
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    names = {name for source in code for name in (*bound_names(source), *_CHECKED.findall(source))}
    names |= {cell.metadata.get("nbgrader", {}).get("grade_id", "") for cell in cells}
    texts = {squeezed(text) for cell in cells for text in _with_heading(cell)}
    named = {lab: lab in file_name.lower() for lab in _labs()}
    exercises, own = exercises_by_lab(), _texts_by_lab()
    shared = {lab: len(names.intersection(exercises[lab])) + len(texts & own[lab]) for lab in named}
    best = max(shared, key=lambda lab: (shared[lab], named[lab]), default="")
    return best if best and (shared[best] or named[best]) else None


@cache
def _texts_by_lab() -> Mapping[str, frozenset[str]]:
    """Return the texts of each lab that no other has, its headings among them."""
    texts = {lab: {squeezed(text) for cell in as_given(lab).cells for text in _with_heading(cell)} for lab in _labs()}
    counts = Counter(text for found in texts.values() for text in found)
    return {lab: frozenset(text for text in found if counts[text] == 1) for lab, found in texts.items()}


def _with_heading(cell: NotebookNode) -> list[str]:
    """Return the text of a cell, and for a learner who wrote below a heading, the heading by itself."""
    first = cell.source.lstrip().partition("\n")[0]
    return [cell.source, first] if first.startswith("#") and cell.cell_type == "markdown" else [cell.source]


def title(lab: NotebookNode) -> str:
    """Return the heading of a lab."""
    first = lab.cells[0].source if lab.cells else ""
    return first.partition("\n")[0].strip("# ")


def _labs() -> list[str]:
    return labs.all_labs() or list(labs.released())
