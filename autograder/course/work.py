"""The unit of work: a pure function from one submission's bytes to its graded notebook. Imports no nbgrader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import nbformat
from nbformat import NotebookNode

from autograder.course.execution import run
from autograder.course.limits import Limits
from autograder.course.notebooks import KEY, Notice, UnreadableError, add_notices, read_cells
from autograder.course.rebuild import rebuild, unreadable
from autograder.sandbox.session import UnprotectedError


@dataclass(frozen=True)
class Task:
    """One unit of work as plain data. `notebook` is None when `problem` says why there is none; `key` decides the
    hidden inputs; `unsafe` leaves the sandbox out."""

    student: str
    notebook: bytes | None
    problem: str
    notices: tuple[Notice, ...]
    digest: str
    released: str
    limits: Limits
    key: bytes
    timestamp: datetime | None = None
    unsafe: bool = False


def grade_notebook(task: Task) -> str:
    """Return the graded notebook of one submission as text. Touches no file of the course."""
    released = nbformat.reads(task.released, as_version=4)
    if task.notebook is None:
        notebook = unreadable(released, task.problem)
        add_notices(notebook, task.notices)
    else:
        notebook = prepare(task.notebook, task.notices, released, task.limits)
    try:
        run(notebook, task.limits, task.key, unsafe=task.unsafe)
    except UnprotectedError:
        raise
    except Exception as error:
        notebook = unreadable(released, f"The notebook could not be run ({type(error).__name__}: {error}).")
        run(notebook, task.limits, task.key)
    notebook.metadata[KEY]["digest"] = task.digest
    return nbformat.writes(notebook) + "\n"


def prepare(notebook: bytes, notices: Sequence[Notice], released: NotebookNode, limits: Limits) -> NotebookNode:
    """Return the notebook to run: the submission rebuilt on `released`, or that with the reason."""
    try:
        cells, oddities = read_cells(notebook, limits.source_bytes)
        prepared = rebuild(cells, released)
    except UnreadableError as error:
        prepared, oddities = unreadable(released, str(error)), []
    add_notices(prepared, [*notices, *oddities])
    return prepared
