"""The steps nbgrader takes in this course. nbgrader_config.py names the lists at the end of this module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
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
from traitlets import Bool

from autograder.course import labs
from autograder.course.execution import run
from autograder.course.limits import Limits
from autograder.course.notebooks import notices_of
from autograder.course.secret import key_of
from autograder.course.work import prepare

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
        released = nbformat.read(labs.exercise_path(resources["nbgrader"]["assignment"]), as_version=4)
        notebook = prepare(Path(filename).read_bytes(), [], released, Limits())
        return self.from_notebook_node(notebook, resources, **kw)


class RunSubmission(NbGraderPreprocessor):
    """Runs the rebuilt notebook in the sandbox."""

    unsafe = Bool(False, help="leave the sandbox out").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        info = resources["nbgrader"]
        key = key_of(Path(self.parent.coursedir.root), info["assignment"], info["student"])
        run(nb, Limits(), key, unsafe=self.unsafe)
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
RECORD = [LimitOutput, SaveAutoGrades, MarkForAttention, AssignLatePenalties, CheckCellMetadata]
AUTOGRADE = [RunSubmission, *RECORD]
