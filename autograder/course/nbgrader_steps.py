"""The steps nbgrader takes in this course. nbgrader_config.py names the lists at the end of this module."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter, NotebookExporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook, SubmittedNotebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    GetGrades,
    IncludeHeaderFooter,
    InstantiateTests,
    LimitOutput,
    LockCells,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
    SaveCells,
)
from traitlets import Bool, Unicode, default

from autograder import labs
from autograder.course.cells import KEY, Frame, written_cells
from autograder.course.feedback.feedback_page import render, with_standing
from autograder.course.feedback.sanitize import given_texts, make_inert
from autograder.course.gradebook.recorder import standing
from autograder.course.grading.execution import run
from autograder.course.grading.grade_submission import prepare, today
from autograder.course.grading.hidden_seed import key_of
from autograder.course.intake.notebooks import Notice, add_rubrics, as_notebook, notices_of
from autograder.course.intake.submissions import read_timestamp
from autograder.course.release.release import rubrics
from autograder.course.saved_reports import saved_reports
from autograder.sandbox.limits import Limits

Resources = dict[str, Any]


class DropPairing(NbGraderPreprocessor):
    """Leaves out of what learners get what jupytext notes: it names the file with the answers."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        nb.metadata.pop("jupytext", None)
        for cell in nb.cells:
            cell.metadata.pop("lines_to_next_cell", None)
        return nb, resources


class SubmissionExporter(NotebookExporter):
    """Reads a submission in whatever state it is, and rebuilds it on the released notebook."""

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> Any:
        # nbgrader uses one exporter for both of its steps; the second reads what the first wrote.
        if resources is None or not getattr(self.parent, "_sanitizing", False):
            return super().from_filename(filename, resources, **kw)
        notices: list[Notice] = []
        read_timestamp(Path(filename).with_name("timestamp.txt"), Limits(), notices)
        notebook = prepare(Path(filename).read_bytes(), notices, _released(resources), Limits())
        return self.from_notebook_node(notebook, resources, **kw)


class RunSubmission(NbGraderPreprocessor):
    """Runs the rebuilt notebook in the sandbox and leaves it inert."""

    unsafe = Bool(False, help="leave the sandbox out").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        info = resources["nbgrader"]
        course = Path(self.parent.parent.coursedir.root)  # the exporter's converter knows
        key = key_of(course, info["assignment"], info["student"])
        run(nb, Limits(), key, unsafe=self.unsafe)
        make_inert(nb, _released(resources))
        nb.metadata[KEY]["graded_on"] = today()
        return nb, resources


class MarkForAttention(NbGraderPreprocessor):
    """Asks for a look by hand (nbgrader: needs_manual_grade) where a notice says so."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        if any(notice.attention for notice in notices_of(nb)):
            info = resources["nbgrader"]
            with Gradebook(info["db_url"]) as gradebook:
                grades = _submission(gradebook, info).grades
                next(grade for grade in grades if grade.cell.cell_type == "code").needs_manual_grade = True
                gradebook.db.commit()
        return nb, resources


class ShowRubrics(NbGraderPreprocessor):
    """Puts the rubric below each written answer, for formgrader."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        given = given_texts(_released(resources))
        texts = rubrics(resources["nbgrader"]["assignment"])
        answered = {cell.id for cell in written_cells(nb) if cell.source not in given}
        add_rubrics(nb, {name: text for name, text in texts.items() if name in answered})
        return nb, resources


class FeedbackExporter(Exporter):
    """Draws the feedback page of `nbgrader generate_feedback`, from what its GetGrades found in the gradebook."""

    book = Unicode("", help="address of the book's site, for links").tag(config=True)

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(self, nb: NotebookNode, resources: Any = None, **kw: Any) -> tuple[Any, Resources]:
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        released, reports = _released(resources), saved_reports(nb)
        info = resources["nbgrader"]
        with Gradebook(info["db_url"]) as gradebook:
            found = _submission(gradebook, info)
            grades = {grade.name: grade for grade in found.grades}
            comments = {comment.name: comment for comment in found.comments}
            said = standing(Frame.of(released), grades, comments, reports, info["late_penalty"], found.assignment)
        return with_standing(render(nb, released, reports, self.book), said), resources


def _submission(gradebook: Gradebook, info: Resources) -> SubmittedNotebook:
    return gradebook.find_submission_notebook(info["notebook"], info["assignment"], info["student"])


def _released(resources: Resources) -> NotebookNode:
    return as_notebook(labs.exercise_path(resources["nbgrader"]["assignment"]).read_text("utf-8"))


def _time_handed_in(course: CourseDirectory, folder: str) -> datetime | None:
    """Return the time in the timestamp.txt of a folder as `python -m autograder grade` reads it. nbgrader's own reading
    takes +0100 for seconds and CET for UTC, and completes a date from the time of grading."""
    notices: list[Notice] = []
    time = read_timestamp(Path(folder) / "timestamp.txt", Limits(), notices)
    for notice in notices:
        course.log.warning("%s: %s", folder, notice.text)
    return time


CourseDirectory.get_existing_timestamp = _time_handed_in

GENERATE = [
    IncludeHeaderFooter,
    InstantiateTests,
    LockCells,
    ClearSolutions,
    ClearOutput,
    CheckCellMetadata,
    ComputeChecksums,
    SaveCells,
    ClearHiddenTests,
    ClearMarkScheme,
    ComputeChecksums,
    CheckCellMetadata,
    DropPairing,
]
SANITIZE = [OverwriteKernelspec, OverwriteCells, CheckCellMetadata]
AUTOGRADE = [
    RunSubmission,
    LimitOutput,
    SaveAutoGrades,
    MarkForAttention,
    AssignLatePenalties,
    ShowRubrics,
    CheckCellMetadata,
]
FEEDBACK = [GetGrades]
