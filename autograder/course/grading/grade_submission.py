"""The unit of work: a pure function from one submission's bytes to its result as data. Imports no nbgrader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic

from nbformat import NotebookNode, v4

from autograder.course.cells import KEY, written_cells
from autograder.course.feedback.feedback_page import on_day, render
from autograder.course.feedback.sanitize import make_inert
from autograder.course.grading.execution import number_cells, run
from autograder.course.intake.notebooks import (
    Notice,
    UnreadableError,
    add_notices,
    add_rubrics,
    as_notebook,
    notices_of,
)
from autograder.course.intake.read_submission import read_submission
from autograder.course.intake.rebuild import rebuild, unreadable
from autograder.errors import UsageError
from autograder.report import Report
from autograder.sandbox.limits import Limits
from autograder.sandbox.session import NoProcessError, UnprotectedError


@dataclass(frozen=True)
class Task:
    """One unit of work as plain data. `notebook` is None when `problem` says why there is none; `key` decides the
    hidden inputs; `secret` is the exchange's; `unsafe` leaves the sandbox out; `rubrics` are shown below the written
    answers they are for; `book` is the address the feedback page links to, or ""."""

    student: str
    notebook: bytes | None
    problem: str
    notices: tuple[Notice, ...]
    digest: str
    released: str
    limits: Limits
    key: bytes
    timestamp: datetime | None = None
    secret: str = ""
    unsafe: bool = False
    rubrics: Mapping[str, str] = field(default_factory=dict)
    book: str = ""


@dataclass(frozen=True)
class Graded:
    """What came of a task: the graded notebook, the feedback page, and what the gradebook is to know.

    `reports` is by the grade_id of the graded cell; `written` holds the answers in words, which a person has to grade;
    `unanswered` the solution cells left as they were given.
    """

    notebook: str
    feedback: str
    reports: Mapping[str, Report]
    written: Mapping[str, str]
    unanswered: tuple[str, ...]
    needs_attention: bool

    @property
    def points(self) -> dict[str, float]:
        return {cell: report.points for cell, report in self.reports.items()}


def grade_notebook(task: Task) -> Graded:
    """Grade one submission. Touches no file of the course. Raises UsageError when the machine lacks a protection."""
    released, began = as_notebook(task.released), monotonic()
    try:
        if task.notebook is None:
            notebook = unreadable(released, task.problem)
            add_notices(notebook, task.notices)
        else:
            notebook = prepare(task.notebook, task.notices, released, task.limits)
        reports = run(notebook, task.limits, task.key, unsafe=task.unsafe)
    except UnprotectedError as missing:
        raise UsageError(f"{missing}. Nothing was graded; --unsafe grades without protection") from None
    except NoProcessError:
        raise  # not the notebook's fault: it is not recorded, and graded when the command is run again
    except Exception as error:
        notebook = unreadable(released, f"The notebook could not be run ({type(error).__name__}: {error}).")
        reports = run(notebook, task.limits, task.key)
    make_inert(notebook, released)
    notebook.metadata[KEY]["digest"] = task.digest
    notebook.metadata[KEY]["graded_on"] = today()
    notebook.metadata[KEY]["seconds"] = round(monotonic() - began, 2)
    unanswered = tuple(_unanswered(notebook, released))
    written = {cell.id: cell.source for cell in written_cells(notebook) if cell.id not in unanswered}
    add_rubrics(notebook, {name: task.rubrics[name] for name in written if name in task.rubrics})
    return Graded(
        v4.writes(notebook) + "\n",
        render(notebook, released, reports, task.book),
        reports,
        written,
        unanswered,
        any(notice.attention for notice in notices_of(notebook)),
    )


def today() -> str:
    """Return the date that feedback pages tell, in UTC."""
    return on_day(datetime.now(UTC).date())


def prepare(notebook: bytes, notices: Sequence[Notice], released: NotebookNode, limits: Limits) -> NotebookNode:
    """Return the notebook to run: the submission rebuilt on `released`, or that with the reason."""
    try:
        cells, oddities = read_submission(notebook, limits)
        prepared = rebuild(cells, released)
        number_cells(prepared, cells)
    except UnreadableError as error:
        prepared, oddities = unreadable(released, str(error)), []
    add_notices(prepared, [*notices, *oddities])
    return prepared


def _unanswered(notebook: NotebookNode, released: NotebookNode) -> Iterator[str]:
    given = {cell.id: cell.source for cell in released.cells if cell.metadata.get("nbgrader", {}).get("solution")}
    return (cell.id for cell in notebook.cells if given.get(cell.id) == cell.source)
