"""The one writer: enters results into nbgrader's gradebook, and puts graded notebooks and feedback into the folder.

It does what nbgrader's Autograde and GenerateFeedback do after a notebook has run, so late penalties, manual grades,
formgrader and export work as nbgrader's users know them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Comment, Grade, Student, SubmittedAssignment, SubmittedNotebook, new_uuid
from nbgrader.preprocessors import AssignLatePenalties

from autograder.course.cells import Frame, written_cells
from autograder.course.feedback.feedback_page import with_standing
from autograder.course.gradebook.course_folder import Course
from autograder.course.gradebook.database import open_gradebook
from autograder.course.gradebook.scores import rounded
from autograder.course.grading.grade_submission import Graded
from autograder.course.intake.notebooks import as_notebook, shown
from autograder.course.intake.submissions import SECRET
from autograder.course.nbgrader_api import course_config, quiet_nbgrader
from autograder.course.release.release import released_text, write_source
from autograder.course.standing import Row, Standing
from autograder.errors import UsageError
from autograder.report import Report


class RecordError(Exception):
    """A result could not be recorded; the message says why."""


def register(course: Course) -> str:
    """Register the assignment in the gradebook, have formgrader list it, and return the released notebook.

    Raises UsageError.
    """
    open_gradebook(course.db_url).close()
    try:
        write_source(course.assignment, course.folder)
        return released_text(course.assignment, course.db_url)
    except Exception as error:
        reason = _reason(error)
        if "Cannot add or remove cells" in reason:
            reason += (
                ". Exercises were added, removed or renamed since: grade with the course as it was then, "
                "or into a new --course folder, which grades everybody anew"
            )
        raise UsageError(f"the gradebook {course.shown_url} does not take {course.assignment}: {reason}") from error


class Recorder:
    """Records the results of one course, over one connection. Keeps nothing of one submission for the next."""

    def __init__(self, course: Course, released: NotebookNode) -> None:
        self.course = course
        self.frame = Frame.of(released)
        self.penalties = AssignLatePenalties(config=course_config())
        self.penalties.init_plugin()
        self.gradebook = open_gradebook(course.db_url)
        notebook = self.gradebook.find_notebook(course.assignment, course.assignment)
        self.notebook_id, self.assignment_id = notebook.id, notebook.assignment_id
        self.cells: dict[type, dict[str, str]] = {
            Grade: {cell.id: cell.name for cell in notebook.grade_cells},
            Comment: {cell.id: cell.name for cell in notebook.solution_cells},
        }
        self.gradebook.db.remove()

    def close(self) -> None:
        self.gradebook.close()

    def record(self, student: str, graded: Graded, timestamp: datetime | None, secret: str = "") -> None:
        """Record a result: grades, feedback page, graded notebook. Raises RecordError.

        The graded notebook is moved into place last: while it is there, the result is complete.
        """
        name = self.course.assignment
        same = self._unchanged(student, graded)
        try:
            _remove(self.course.autograded(student))
            with quiet_nbgrader():
                entered = self._enter(student, graded, timestamp, same)
            page = with_standing(graded.feedback, entered)
            beside = _beside(timestamp, secret)
            _put(self.course.feedback(student), {f"{name}.html": page, **beside})
            _put(self.course.autograded(student), {f"{name}.ipynb": graded.notebook, **beside})
        except Exception as error:
            raise RecordError(_reason(error)) from error
        finally:
            self.gradebook.db.remove()  # forgets what it read, and takes back what was not committed

    def _unchanged(self, student: str, graded: Graded) -> set[str]:
        """Return the written answers that are the same as when this student was last graded."""
        try:
            before = as_notebook(self.course.graded_notebook(student).read_text("utf-8"))
            texts = {cell.id: cell.source for cell in written_cells(before)}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return set()
        return {name for name, text in graded.written.items() if texts.get(name) == text}

    def _enter(self, student: str, graded: Graded, timestamp: datetime | None, same: Collection[str]) -> Standing:
        """Enter scores as nbgrader's SaveAutoGrades and AssignLatePenalties do; return what the gradebook then says.

        What a person entered stays, and asks for another look unless it is for one of the written answers that are the
        `same` as before. Without a timestamp a submission is not late, whatever an earlier one was.
        """
        db = self.gradebook.db
        submission, notebook = self._submission(student)
        submission.timestamp = timestamp
        grades = self._by_cell(Grade, notebook)
        for cell, grade in grades.items():
            grade.auto_score = 0.0 if cell in graded.unanswered else graded.points.get(cell)
            if grade.manual_score is None or cell not in same:
                grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
        if graded.needs_attention:
            grades[next(iter(self.frame.exercises))].needs_manual_grade = True
        comments = self._by_cell(Comment, notebook)
        for cell, comment in comments.items():
            comment.auto_comment = "No response." if cell in graded.unanswered else None
        self._assign_penalty(student, submission, notebook)
        penalty = notebook.late_submission_penalty or 0.0
        entered = standing(self.frame, grades, comments, graded.reports, penalty, submission)
        db.commit()
        return entered

    def _submission(self, student: str) -> tuple[SubmittedAssignment, SubmittedNotebook]:
        """Return what a student handed in; made as nbgrader's add_submission makes it, but with one commit later."""
        db = self.gradebook.db
        found = db.query(SubmittedAssignment, SubmittedNotebook).filter(
            SubmittedAssignment.student_id == student,
            SubmittedAssignment.assignment_id == self.assignment_id,
            SubmittedNotebook.assignment_id == SubmittedAssignment.id,
            SubmittedNotebook.notebook_id == self.notebook_id,
        )
        known = found.one_or_none()
        if known:
            return known
        if db.get(Student, student) is None:
            db.add(Student(id=student))
        submission = SubmittedAssignment(id=new_uuid(), assignment_id=self.assignment_id, student_id=student)
        notebook = SubmittedNotebook(id=new_uuid(), notebook_id=self.notebook_id, assignment_id=submission.id)
        rows = [kind(cell_id=cell, notebook_id=notebook.id) for kind in (Grade, Comment) for cell in self.cells[kind]]
        db.add_all([submission, notebook, *rows])
        return submission, notebook

    def _by_cell(self, kind: Any, notebook: SubmittedNotebook) -> dict[str, Any]:
        """Return the grades or comments of a submitted notebook by the name of their cell."""
        names = self.cells[kind]
        rows = self.gradebook.db.query(kind).filter(kind.cell_id.in_(names), kind.notebook_id == notebook.id)
        return {names[row.cell_id]: row for row in rows}

    def _assign_penalty(self, student: str, submission: SubmittedAssignment, notebook: SubmittedNotebook) -> None:
        notebook.late_submission_penalty = None
        late = submission.total_seconds_late
        if late > 0:
            penalty = self.penalties.plugin_inst.late_submission_penalty(student, notebook.score, late)
            if penalty is not None:
                notebook.late_submission_penalty = rounded(self.penalties._check_late_penalty(notebook, penalty))


def standing(
    frame: Frame,
    grades: Mapping[str, Grade],
    comments: Mapping[str, Comment],
    reports: Mapping[str, Report],
    late_penalty: float,
    submission: SubmittedAssignment,
) -> Standing:
    """Return what the gradebook says of a submission whose graded cells the pipeline gave these `reports`."""
    rows = []
    for cell, most in frame.most.items():
        written, exercise = cell not in frame.exercises, frame.exercises.get(cell, cell)
        grade, comment = grades[cell], comments.get(exercise)
        # A person's only: nbgrader's own comment is "No response.", which the page says itself.
        said = (comment.manual_comment or "") if comment else ""
        given = grade.auto_score if grade.manual_score is None else grade.manual_score
        score = (given or 0.0) + (grade.extra_credit or 0.0)
        waits = written and bool(grade.needs_manual_grade)
        report = reports.get(cell)
        by_hand = grade.manual_score is not None if written else report is None or score != report.points
        parts = report.findings if report else ()
        blank = written and not waits and not by_hand
        rows.append(Row(exercise, cell, score, most, said, by_hand and not waits, waits, blank, parts))
    attention = any(grades[cell].needs_manual_grade for cell in frame.exercises)
    return Standing(tuple(rows), late_penalty, attention, _name(submission.student), submission.timestamp)


def _name(student: Student) -> str:
    """Return the name of a learner that the gradebook knows, with the id in brackets; without a name the id."""
    name = " ".join(part for part in (student.first_name, student.last_name) if part)
    return shown(f"{name} ({student.id})" if name else str(student.id))


def _beside(timestamp: datetime | None, secret: str) -> dict[str, str]:
    """Return what nbgrader's commands look for beside a notebook or a page: the time, which they compare with that of
    the submission, and the exchange's secret."""
    time = {"timestamp.txt": f"{timestamp.isoformat()} UTC"} if timestamp else {}
    return time | ({SECRET: secret} if secret else {})


def _put(folder: Path, files: Mapping[str, str]) -> None:
    """Put a folder with these files in the place of an old one, in one step as far as a reader can see."""
    arriving = folder.with_name(f".{folder.name}.new")
    _remove(arriving)
    arriving.mkdir(parents=True)
    for name, text in files.items():
        (arriving / name).write_text(text, "utf-8")
    _remove(folder)
    os.replace(arriving, folder)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def _reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
