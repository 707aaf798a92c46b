"""The steps nbgrader takes in this course. nbgrader_config.py names the lists at the end of this module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter, NotebookExporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook
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
from traitlets import Bool, default

from autograder.course import labs
from autograder.course.execution import run
from autograder.course.feedback import Row, Standing, draw, with_standing
from autograder.course.inert import make_inert
from autograder.course.limits import Limits
from autograder.course.notebooks import notices_of
from autograder.course.rebuild import exercises_by_graded_cell
from autograder.course.secret import key_of
from autograder.course.work import as_notebook, points_of, prepare

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
        notebook = prepare(Path(filename).read_bytes(), [], _released(resources), Limits())
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
        return nb, resources


class MarkForAttention(NbGraderPreprocessor):
    """Asks for a look by hand (nbgrader: needs_manual_grade) where a notice says so."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        if any(notice.attention for notice in notices_of(nb)):
            info = resources["nbgrader"]
            with Gradebook(info["db_url"]) as gradebook:
                grades = gradebook.find_submission_notebook(
                    info["notebook"], info["assignment"], info["student"]
                ).grades
                grades[0].needs_manual_grade = True
                gradebook.db.commit()
        return nb, resources


class FeedbackExporter(Exporter):
    """Draws the feedback page of `nbgrader generate_feedback`, from what its GetGrades found in the gradebook."""

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(self, nb: NotebookNode, resources: Any = None, **kw: Any) -> tuple[Any, Resources]:
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        released = _released(resources)
        standing = _standing(nb, released, resources["nbgrader"]["late_penalty"])
        return with_standing(draw(nb, released), standing), resources


def _standing(nb: NotebookNode, released: NotebookNode, penalty: float) -> Standing:
    info = {cell.id: cell.metadata.nbgrader for cell in nb.cells if "nbgrader" in cell.metadata}
    points = points_of(nb)
    rows = [
        Row(
            exercise,
            cell,
            info[cell].score,
            info[cell].points,
            info.get(exercise, {}).get("comment") or "",
            info[cell].score != points.get(cell),
        )
        for cell, exercise in exercises_by_graded_cell(released).items()
    ]
    return Standing(tuple(rows), penalty, any(notice.attention for notice in notices_of(nb)))


def _released(resources: Resources) -> NotebookNode:
    return as_notebook(labs.exercise_path(resources["nbgrader"]["assignment"]).read_text("utf-8"))


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
AUTOGRADE = [RunSubmission, LimitOutput, SaveAutoGrades, MarkForAttention, AssignLatePenalties, CheckCellMetadata]
FEEDBACK = [GetGrades]
