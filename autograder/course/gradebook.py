"""The one writer: records graded notebooks through nbgrader's own converters, one submission at a time.

So late penalties, manual grades, formgrader and export work as nbgrader's users know them.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import BaseConverter
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata

from autograder.course.labs import UsageError
from autograder.course.nbgrader_setup import course_config, quiet_nbgrader, staged_course
from autograder.course.notebooks import KEY
from autograder.course.preprocessors import RECORD
from autograder.course.release import released_text


class RecordError(Exception):
    """A result could not be recorded; the message says why."""


@dataclass(frozen=True)
class Score:
    """What the gradebook says of one submission; `score` has the late penalty taken off."""

    score: float
    max_score: float
    late_penalty: float
    needs_attention: bool


@dataclass(frozen=True)
class Course:
    """An nbgrader course folder and its gradebook."""

    folder: Path
    assignment: str
    db_url: str

    @classmethod
    def at(cls, folder: Path, assignment: str, db_url: str | None = None) -> Course:
        folder = folder.resolve()
        return cls(folder, assignment, db_url or f"sqlite:///{folder / 'gradebook.db'}")

    def autograded(self, student: str) -> Path:
        return self.folder / "autograded" / student / self.assignment

    def graded_notebook(self, student: str) -> Path:
        return self.autograded(student) / f"{self.assignment}.ipynb"

    def feedback(self, student: str) -> Path:
        return self.folder / "feedback" / student / self.assignment

    def feedback_page(self, student: str) -> Path:
        return self.feedback(student) / f"{self.assignment}.html"

    def register(self) -> str:
        """Register the assignment in the gradebook and return the released notebook. Raises UsageError."""
        try:
            return released_text(self.assignment, self.db_url)
        except Exception as error:
            raise UsageError(
                f"the gradebook {self.db_url} does not take {self.assignment}: {_reason(error)}"
            ) from error

    def scores(self) -> dict[str, Score]:
        """Return the score of every submission in the gradebook, by student."""
        with quiet_nbgrader(), Gradebook(self.db_url) as gradebook:
            try:
                submissions = gradebook.assignment_submissions(self.assignment)
            except MissingEntry:
                return {}
            return {submission.student.id: _score(submission) for submission in submissions}

    def record(self, student: str, notebook: str, timestamp: datetime | None) -> None:
        """Record a graded notebook: grades, autograded notebook, feedback page. Raises RecordError.

        The autograded notebook is moved into place last: while it is there, the result is complete.
        """
        try:
            _remove(self.autograded(student))
            with quiet_nbgrader() as errors, staged_course(self.assignment, self.db_url) as stage:
                try:
                    self._convert(stage, student, notebook, timestamp)
                except Exception as error:
                    raise RecordError(errors[-1] if errors else _reason(error)) from error
                _replace(Path(stage.root) / "feedback" / student / self.assignment, self.feedback(student))
                _replace(Path(stage.root) / "autograded" / student / self.assignment, self.autograded(student))
        except OSError as error:
            raise RecordError(_reason(error)) from error

    def _convert(self, stage: CourseDirectory, student: str, notebook: str, timestamp: datetime | None) -> None:
        submitted = Path(stage.root) / "submitted" / student / self.assignment
        submitted.mkdir(parents=True)
        (submitted / f"{self.assignment}.ipynb").write_text(notebook, "utf-8")
        if timestamp:
            (submitted / "timestamp.txt").write_text(f"{timestamp.isoformat()} UTC")
        else:
            self._forget_timestamp(student)
        config = course_config()
        config.Autograde.exporter_class = NotebookExporter
        config.Autograde.sanitize_preprocessors = [CheckCellMetadata]
        config.Autograde.autograde_preprocessors = RECORD
        _RecordOne(student, coursedir=stage, config=config).start()
        _FeedbackOne(student, coursedir=stage, config=config).start()

    def _forget_timestamp(self, student: str) -> None:
        """Without a timestamp a submission is not late, whatever an earlier one was."""
        with Gradebook(self.db_url) as gradebook:
            gradebook.update_or_create_student(student)
            gradebook.update_or_create_submission(self.assignment, student, timestamp=None)


class _OneStudent(BaseConverter):
    """A converter for one named student. nbgrader looks for folders by pattern, which a "[" in a name upsets."""

    def __init__(self, student: str, **options: Any) -> None:
        super().__init__(**options)
        self.student = student

    def init_notebooks(self) -> None:
        folder = self._format_source(self.coursedir.assignment_id, self.student)
        self.assignments = {folder: [f"{folder}/{self.coursedir.assignment_id}.ipynb"]}


class _RecordOne(_OneStudent, Autograde):
    pass


class _FeedbackOne(_OneStudent, GenerateFeedback):
    pass


def recorded_digest(course: Course, student: str) -> str | None:
    """Return the digest of the submission whose result is complete, None when none is."""
    try:
        notebook = nbformat.read(course.graded_notebook(student), as_version=4)
        digest = notebook.metadata[KEY]["digest"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return str(digest) if course.feedback_page(student).exists() else None


def _score(submission: object) -> Score:
    notebooks = submission.notebooks  # type: ignore[attr-defined]
    penalty = sum(notebook.late_submission_penalty or 0.0 for notebook in notebooks)
    score = sum(notebook.score for notebook in notebooks)
    attention = any(grade.needs_manual_grade for notebook in notebooks for grade in notebook.grades)
    return Score(score - penalty, sum(notebook.max_score for notebook in notebooks), penalty, attention)


def _replace(new: Path, old: Path) -> None:
    """Put the folder `new` in the place of `old`, in one step as far as a reader can see."""
    old.parent.mkdir(parents=True, exist_ok=True)
    arriving = old.with_name(f".{old.name}.new")
    _remove(arriving)
    shutil.move(new, arriving)
    _remove(old)
    os.replace(arriving, old)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def _reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
