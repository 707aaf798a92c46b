"""Does an honest notebook earn the same when it is graded as when its cells check by themselves?"""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from autograder import labs
from autograder.course.grading.grade_submission import Task, grade_notebook
from autograder.course.release.release import source_notebook
from autograder.sandbox.limits import Limits
from tools.make_class import LAB, students

CLASS = students()


def in_the_notebook(notebook: NotebookNode) -> dict[str, float]:
    """Run the cells one by one in this process, as a learner does; return what each call of `check` said."""
    names: dict[str, Any] = {"display": lambda *_: None}
    points = {}
    for cell in notebook.cells:
        graded = cell.metadata.get("nbgrader", {}).get("grade")
        if graded and cell.cell_type == "code":
            report = eval(cell.source, names)
            points[report.exercise] = report.points
        elif cell.cell_type == "code":
            try:
                exec(cell.source, names)
            except Exception:  # a cell of the learner's that does not work
                continue
    return points


def when_graded(lab: str, notebook: NotebookNode) -> dict[str, float]:
    released = labs.exercise_path(lab).read_text("utf-8")
    graded = grade_notebook(Task("x", nbformat.writes(notebook).encode(), "", (), "", released, Limits(), b"key"))
    return {report.exercise: report.points for report in graded.reports.values()}


HAS_ITS_GRADED_CELLS = [
    name for name, notebook in CLASS.items() if any("nbgrader" in c.metadata for c in notebook.cells)
]


@pytest.mark.parametrize("student", HAS_ITS_GRADED_CELLS)
def test_a_learner_of_the_sample_class_earns_what_the_notebook_said(student: str) -> None:
    assert when_graded(LAB, CLASS[student]) == in_the_notebook(CLASS[student])


@pytest.mark.parametrize("lab", labs.all_labs())
def test_the_answers_of_each_lab_earn_everything_both_ways(lab: str) -> None:
    answers = {cell.id: cell.source for cell in source_notebook(lab).cells}
    notebook = nbformat.read(labs.exercise_path(lab), as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = answers[cell.id]
    most = sum(
        cell.metadata.nbgrader.points
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "code"
    )
    assert when_graded(lab, notebook) == in_the_notebook(notebook)
    assert sum(when_graded(lab, notebook).values()) == most
