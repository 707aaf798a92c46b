"""What a graded class looks like as data, read back from the autograded notebooks and the gradebook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from autograder.course.cells import KEY
from autograder.course.gradebook.course_folder import Course
from autograder.course.gradebook.scores import Score, read_scores
from autograder.course.intake.notebooks import Notice, as_notebook, notices_of
from autograder.course.saved_reports import saved_reports
from autograder.report import Report


@dataclass(frozen=True)
class Result:
    """One graded submission: its score, a report for each exercise in course order, its notices, and the seconds that
    grading it took, where they are known."""

    student: str
    score: Score
    reports: tuple[Report, ...]
    notices: tuple[Notice, ...]
    seconds: float | None = None

    @property
    def was_read(self) -> bool:
        """Whether there was a notebook to grade."""
        return any(finding.kind != "not graded" for report in self.reports for finding in report.findings)


def read_results(course: Course, students: Iterable[str]) -> Iterator[Result]:
    """Yield the results of those of `students` that have one, each read when its turn comes."""
    scores = read_scores(course)
    return (_read(course, student, scores[student]) for student in students if student in scores)


def _read(course: Course, student: str, score: Score) -> Result:
    try:
        notebook = as_notebook(course.graded_notebook(student).read_text("utf-8"))
        seconds = notebook.metadata[KEY].get("seconds")
        return Result(student, score, tuple(saved_reports(notebook).values()), tuple(notices_of(notebook)), seconds)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        missing = Notice("There is no autograded notebook of the pipeline; grade it again with --force.", True)
        return Result(student, score, (), (missing,))
