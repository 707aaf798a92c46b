"""Grades and feedback as files for others: `nbgrader export --exporter=autograder.course.exporters.<one of these>`.

Late penalties are taken off everywhere. A student who handed nothing in has an empty field where nbgrader's own export
has a 0: a learning platform takes an empty field for no grade.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, NoReturn

from nbgrader.api import Assignment, Gradebook, MissingEntry, Student, SubmittedAssignment
from nbgrader.plugins import ExportPlugin
from traitlets import Dict, Unicode

from autograder.course.gradebook.course_folder import Course
from autograder.course.gradebook.scores import rounded
from autograder.course.lms.collectors import CanvasCollector, NoOwnerError
from autograder.course.release.release import write_whole
from autograder.course.reports.as_text import plain
from autograder.course.safe_csv import harmless, write_rows

Row = Sequence[object]


class Exporter(ExportPlugin):
    """What the exporters share: which students and assignments, and where the file goes."""

    file_name: ClassVar[str]
    titles = Dict(help="what the learning platform calls an assignment, by its name here").tag(config=True)

    def export(self, gradebook: Gradebook) -> None:
        """Write the file: --to, else one in the folder exports/ of the course."""
        self.require_a_class(gradebook)
        rows = list(self.rows(gradebook))
        text = io.StringIO()
        write_rows(text, rows)
        path = self.path
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

    @property
    def folder(self) -> Path:
        return Path(self.parent.coursedir.root)

    @property
    def path(self) -> Path:
        return Path(self.to or self.folder / "exports" / self.file_name)

    def refuse(self, reason: str) -> NoReturn:
        """Say why there is no file, or not the whole of one, and end with exit code 1."""
        self.parent.fail("%s", reason)
        raise AssertionError("nbgrader's fail ends the program")

    def require_a_class(self, gradebook: Gradebook) -> None:
        """Refuse a gradebook without a class, which is that of another folder, and names that are not in it."""
        shown = Course.at(self.folder, "", self.parent.coursedir.db_url).shown_url
        if not gradebook.assignments or not gradebook.students:
            self.refuse(
                f"The gradebook {shown} holds no class. Grade one first, or say which is meant: "
                "export AUTOGRADER_COURSE=DIR, the folder that was graded"
            )
        known = {"assignment": [each.name for each in gradebook.assignments]}
        known["student"] = [each.id for each in gradebook.students]
        for kind, wanted in (("assignment", self.assignment), ("student", self.student)):
            strange = [str(name) for name in wanted if str(name) not in known[kind]]
            if strange:
                there = plain(", ".join(known[kind][:20]))
                self.refuse(f"The gradebook {shown} has no {kind} {', '.join(strange)}. It has: {there}")

    def the_assignment(self, gradebook: Gradebook) -> Assignment:
        """Return the assignment that was asked for. Refuses several."""
        found = self.assignments(gradebook)
        if len(found) != 1:
            names = ", ".join(each.name for each in found)
            self.refuse(f"This file is for one assignment of {names}: add --assignment \"['{found[0].name}']\"")
        return found[0]

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


class GradesExporter(Exporter):
    """What `nbgrader export` writes by itself, with its columns and its 0 for who handed nothing in: grades.csv in the
    folder where it is called. Unlike nbgrader's it refuses an empty class, and quotes a comma in a name."""

    @property
    def path(self) -> Path:
        return Path(self.to or "grades.csv")

    def rows(self, gradebook: Gradebook) -> Iterator[Row]:
        yield _OF_NBGRADER
        for each in self.assignments(gradebook):
            for student in self.students(gradebook):
                submission = _submission(gradebook, each.name, student.id)
                facts = dict(zip(_OF_NBGRADER, _facts(each, student, submission), strict=True))
                nothing = dict.fromkeys(("raw_score", "late_submission_penalty", "score"), 0.0)
                yield list((facts | ({} if submission else nothing)).values())


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
        self.the_assignment(gradebook)
        yield ["Identifier", "Grade", "Last modified (grade)"]
        for student in self.students(gradebook):
            (score,) = self.scores(gradebook, student)
            yield [f"Participant {student.id}", score, ""]


class _FeedbackExporter(Exporter):
    """The feedback pages of one assignment as a ZIP that a learning platform takes back, each under the name by which
    that platform knows its owner."""

    def export(self, gradebook: Gradebook) -> None:
        """Write the ZIP. Names those who have a page and no name there, with exit code 1."""
        self.require_a_class(gradebook)
        course = Course.at(self.folder, self.the_assignment(gradebook).name)
        graded = [each.id for each in self.students(gradebook) if _submission(gradebook, course.assignment, each.id)]
        pages = {student: course.feedback_page(student) for student in graded}
        names = self.names(course)
        known = {student: names[student] for student in pages if student in names and pages[student].is_file()}
        if known:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED) as packed:
                for student, name in known.items():
                    packed.write(pages[student], name)
            self.log.info("%d feedback pages written to %s", len(known), self.path)
        left_out = [plain(student) for student in pages if student not in known]
        if left_out:
            self.refuse(
                f"{len(left_out)} feedback pages are not in the file: {', '.join(left_out)}. {self.needs(course)}"
            )

    def names(self, course: Course) -> Mapping[str, str]:
        """Return the name in the ZIP of each student's page, for those whose is known."""
        raise NotImplementedError

    def needs(self, course: Course) -> str:
        """Return what a name is made from, for those whose is not known."""
        raise NotImplementedError


class MoodleFeedbackExporter(_FeedbackExporter):
    """For Moodle: in an assignment, Upload multiple feedback files in a zip. Folders are called as in a download of
    submissions; of such a name Moodle reads the participant number, so the full name need not be known."""

    file_name = "moodle-feedback.zip"

    def names(self, course: Course) -> Mapping[str, str]:
        numbers = [path.name for path in (course.folder / "feedback").iterdir() if path.name.isdecimal()]
        return {number: f"Participant_{number}_assignsubmission_file_/{course.assignment}.html" for number in numbers}

    def needs(self, course: Course) -> str:
        return "Moodle knows a page by the participant number, which is a student's name here after MoodleCollector"


class CanvasFeedbackExporter(_FeedbackExporter):
    """For Canvas: in its gradebook, Upload Submissions. A page is called as the notebook was in the download, which is
    read in downloaded/: by the two numbers in that name Canvas finds the submission."""

    file_name = "canvas-feedback.zip"

    def names(self, course: Course) -> Mapping[str, str]:
        collector = CanvasCollector(parent=self.parent)
        found: list[tuple[int, str, str]] = []
        for name in _names_in(_downloaded(course)):
            with suppress(NoOwnerError):
                named = collector.name(name)
                if named and named.uploaded:
                    found.append((named.upload, named.student, f"{Path(name).stem}.html"))
        return {student: page for _, student, page in sorted(found)}  # the latest upload of each

    def needs(self, course: Course) -> str:
        return (
            f"Canvas knows a page by the name its notebook had in the download, which is read in {_downloaded(course)}"
        )


def _downloaded(course: Course) -> Path:
    return course.folder / "downloaded" / course.assignment


def _names_in(folder: Path) -> set[str]:
    """Return the names of the files and folders in a folder, and in the archives there."""
    paths = list(folder.rglob("*"))
    archives = [path for path in paths if zipfile.is_zipfile(path)]
    packed = [Path(name) for archive in archives for name in zipfile.ZipFile(archive).namelist()]
    return {part for path in [*(path.relative_to(folder) for path in paths), *packed] for part in path.parts}


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
    penalty = rounded(submission.late_submission_penalty or 0.0)
    points = [rounded(submission.score), penalty, _score(submission), assignment.max_score]
    return [assignment.name, assignment.duedate, submission.timestamp, *who, *points]


def _submission(gradebook: Gradebook, assignment: str, student: str) -> SubmittedAssignment | None:
    try:
        return gradebook.find_submission(assignment, student)
    except MissingEntry:
        return None


def _score(submission: SubmittedAssignment) -> float:
    return max(0.0, rounded(submission.score - (submission.late_submission_penalty or 0.0)))


def _points(submission: SubmittedAssignment) -> dict[str, float]:
    return {grade.name: rounded(grade.score) for notebook in submission.notebooks for grade in notebook.grades}


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
