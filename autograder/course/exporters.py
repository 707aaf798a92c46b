"""Grades as files for others: `nbgrader export --exporter=autograder.course.exporters.<one of these>`.

Late penalties are taken off everywhere. A student who handed nothing in has an empty field where nbgrader's own export
has a 0: a learning platform takes an empty field for no grade.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from nbgrader.api import Assignment, Gradebook, MissingEntry, Student, SubmittedAssignment
from nbgrader.plugins import ExportPlugin
from traitlets import Dict, Unicode

from autograder.course.release import write_whole
from autograder.course.sheet import harmless, write_rows

Row = Sequence[object]


class Exporter(ExportPlugin):
    """What the exporters share: which students and assignments, and where the file goes."""

    file_name: ClassVar[str]
    titles = Dict(help="what the learning platform calls an assignment, by its name here").tag(config=True)

    def export(self, gradebook: Gradebook) -> None:
        """Write the file: --to, else one in the folder exports/ of the course."""
        rows = list(self.rows(gradebook))
        text = io.StringIO()
        write_rows(text, rows)
        path = Path(self.to or Path(self.parent.coursedir.root, "exports", self.file_name))
        write_whole(path, text.getvalue())
        self.log.info("%d rows written to %s", len(rows), path)
        changed = sorted({str(field) for row in rows for field in row if str(field) != harmless(str(field))})
        texts = [field for field in changed if not _is_number(field)]
        if texts:
            self.log.warning(
                "An apostrophe was put before what a spreadsheet takes for a formula: %s", ", ".join(texts)
            )
        waiting = _waiting(gradebook, [each.name for each in self.assignments(gradebook)])
        if waiting:
            self.log.warning("%d grades wait to be given by hand; until then they count 0", waiting)

    def rows(self, gradebook: Gradebook) -> Iterator[Row]:
        raise NotImplementedError

    def assignments(self, gradebook: Gradebook) -> list[Assignment]:
        wanted = [str(name) for name in self.assignment]
        return [each for each in gradebook.assignments if not wanted or each.name in wanted]

    def students(self, gradebook: Gradebook) -> list[Student]:
        wanted = [str(name) for name in self.student]
        return [each for each in gradebook.students if not wanted or each.id in wanted]

    def title(self, assignment: Assignment) -> str:
        return str(self.titles.get(assignment.name, assignment.name))

    def scores(self, gradebook: Gradebook, student: Student) -> list[float | None]:
        found = [_submission(gradebook, each.name, student.id) for each in self.assignments(gradebook)]
        return [None if submission is None else _score(submission) for submission in found]


class ExercisesExporter(Exporter):
    """The columns of nbgrader's own export, then the points of each exercise."""

    file_name = "exercises.csv"

    def rows(self, gradebook: Gradebook) -> Iterator[Row]:
        assignments = self.assignments(gradebook)
        cells = [cell.name for each in assignments for book in each.notebooks for cell in book.grade_cells]
        yield [*_OF_NBGRADER, *cells]
        for each in assignments:
            for student in self.students(gradebook):
                submission = _submission(gradebook, each.name, student.id)
                points = _points(submission) if submission else {}
                yield [*_facts(each, student, submission), *(points.get(cell) for cell in cells)]


class CanvasExporter(Exporter):
    """A file that Canvas's gradebook imports. In `titles` belongs Canvas's number: "Lab 03 (4711)"; without it, Canvas
    looks for an assignment of that title, and offers to make one where there is none."""

    file_name = "canvas.csv"

    def rows(self, gradebook: Gradebook) -> Iterator[Row]:
        assignments = self.assignments(gradebook)
        yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *map(self.title, assignments)]
        yield ["    Points Possible", "", "", "", "", *(each.max_score for each in assignments)]
        for student in self.students(gradebook):
            number = student.lms_user_id or (student.id if student.id.isdecimal() else "")
            login = "" if student.id.isdecimal() else student.id
            yield [_sortable(student), number, "", login, "", *self.scores(gradebook, student)]


class MoodleExporter(Exporter):
    """A file that Moodle's gradebook imports (Grades > Import > CSV file), mapped by the column `identifier`."""

    file_name = "moodle.csv"
    identifier = Unicode(
        "Username", help="the column that the names of students here stand in: Username, Email address or ID number"
    ).tag(config=True)

    def rows(self, gradebook: Gradebook) -> Iterator[Row]:
        yield [self.identifier, "First name", "Last name", *map(self.title, self.assignments(gradebook))]
        for student in self.students(gradebook):
            scores = self.scores(gradebook, student)
            yield [student.id, student.first_name, student.last_name, *scores]


class MoodleWorksheetExporter(Exporter):
    """Moodle's grading worksheet of one assignment, for students who are known by their participant number: that is
    all a download of submissions tells."""

    file_name = "moodle-worksheet.csv"

    def rows(self, gradebook: Gradebook) -> Iterator[Row]:
        assignments = self.assignments(gradebook)
        if len(assignments) != 1:
            raise ValueError("a worksheet is for one assignment: add --assignment '[\"03_delta_template\"]'")
        yield ["Identifier", "Grade", "Last modified (grade)"]
        for student in self.students(gradebook):
            (score,) = self.scores(gradebook, student)
            yield [f"Participant {student.id}", score, ""]


_OF_NBGRADER = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)


def _facts(assignment: Assignment, student: Student, submission: SubmittedAssignment | None) -> Row:
    who = [student.id, student.last_name, student.first_name, student.email]
    if submission is None:
        return [assignment.name, assignment.duedate, None, *who, None, None, None, assignment.max_score]
    penalty = submission.late_submission_penalty or 0.0
    points = [submission.score, penalty, _score(submission), assignment.max_score]
    return [assignment.name, assignment.duedate, submission.timestamp, *who, *points]


def _submission(gradebook: Gradebook, assignment: str, student: str) -> SubmittedAssignment | None:
    try:
        return gradebook.find_submission(assignment, student)
    except MissingEntry:
        return None


def _score(submission: SubmittedAssignment) -> float:
    return float(max(0.0, submission.score - (submission.late_submission_penalty or 0.0)))


def _points(submission: SubmittedAssignment) -> dict[str, float]:
    return {grade.name: grade.score for notebook in submission.notebooks for grade in notebook.grades}


def _sortable(student: Student) -> str:
    names = [name for name in (student.last_name, student.first_name) if name]
    return ", ".join(names) or str(student.id)


def _waiting(gradebook: Gradebook, assignments: Sequence[str]) -> int:
    submissions = [each for name in assignments for each in gradebook.assignment_submissions(name)]
    grades = [grade for each in submissions for notebook in each.notebooks for grade in notebook.grades]
    return sum(
        bool(grade.needs_manual_grade) and grade.manual_score is None and grade.auto_score is None for grade in grades
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
