"""What the tests of the pipeline share: grading a folder and reading the gradebook."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.server_extensions.formgrader import handlers

from autograder.course import grade_class as grading
from autograder.course.grade_class import Outcome, grade_class
from autograder.course.gradebook.course_folder import Course, without_result
from autograder.course.gradebook.scores import read_scores
from autograder.course.grading import grade_submission
from autograder.course.grading.grade_submission import grade_notebook
from autograder.course.intake.submissions import find_submissions
from autograder.course.reports.results import Result, read_results
from autograder.sandbox.limits import Limits
from tests import patience
from tests.course.processes import ENVIRONMENT, command
from tools.make_class import LAB, points_of

__all__ = ["ENVIRONMENT", "command"]

ALL = points_of(LAB)  # for right answers
WHOLE = ALL + 2  # with the question in words


def grade(course: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Grade by the command, on one process: where how many there are is the subject, the options say so."""
    workers = () if {"--workers", "--scheduler"} & {*options} else ("--workers", "1")
    return command("autograder", "grade", LAB, "--course", str(course), *workers, *options)


def graded(course: Path, *, force: bool = False, **options: Any) -> Outcome:
    """Grade in this process: what these tests ask does not depend on the pool, which takes seconds to start."""
    submissions = find_submissions(course, LAB)
    changed = submissions if force else without_result(course, LAB, submissions, Limits())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            grade_submission, "today", lambda: "1 March 2026"
        )  # pages are compared, and no test is to fail at midnight
        patch.setattr(grading, "run_tasks", lambda tasks, workers: ((t, grade_notebook(t)) for t in tasks))
        return grade_class(Course.at(course, LAB), submissions, changed, **options)


def results(course: Path) -> dict[str, Result]:
    """Return what the gradebook and the autograded notebooks say, by student."""
    at = Course.at(course, LAB)
    return {result.student: result for result in read_results(at, sorted(read_scores(at)))}


def scores(course: Path) -> dict[str, float]:
    return {student: result.score.score for student, result in results(course).items()}


def by_exercise(result: Result) -> dict[str, float]:
    return {report.exercise: report.points for report in result.reports}


def grades(db_url: str) -> dict[tuple[str, str], tuple[float | None, float | None, float]]:
    """Return what nbgrader's gradebook holds of each graded cell: automatic and manual score, and late penalty."""
    with Gradebook(db_url) as gradebook:
        notebooks = [n for s in gradebook.assignment_submissions(LAB) for n in s.notebooks]
        return {
            (notebook.student.id, grade.name): (
                grade.auto_score,
                grade.manual_score,
                notebook.late_submission_penalty or 0.0,
            )
            for notebook in notebooks
            for grade in notebook.grades
        }


def in_formgrader(notebook: NotebookNode) -> str:
    """Return the page that nbgrader's formgrader shows, made as it makes it."""
    exporter = HTMLExporter(template_name="formgrade", extra_template_basedirs=[handlers.template_path])
    return exporter.from_notebook_node(notebook, resources={"index": 0, "total": 1, "base_url": ""})[0]


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + patience.SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
