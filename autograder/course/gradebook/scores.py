"""Reads scores from nbgrader's gradebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nbgrader.api import Assignment, Grade, GradeCell, MissingEntry, SubmittedAssignment, SubmittedNotebook
from sqlalchemy.orm import Session

from autograder.course.gradebook.course_folder import Course
from autograder.course.gradebook.database import open_gradebook
from autograder.course.nbgrader_api import quiet_nbgrader


def rounded(points: float) -> float:
    """Return points as they were meant: a sum of decimals such as 19 − 15.2 is a little more or less than 3.8."""
    return round(float(points), 4)


@dataclass
class Score:
    """What the gradebook says of one submission; `score` has the late penalty taken off, `points` are by
    graded cell, `waiting` are the answers in words that nobody has graded yet, `blank` those that were not given;
    `seconds_late` counts from the due date with the learner's extension."""

    score: float
    max_score: float
    late_penalty: float
    needs_attention: bool
    points: dict[str, float] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    blank: list[str] = field(default_factory=list)
    seconds_late: float = 0.0


def read_scores(course: Course) -> dict[str, Score]:
    """Return the score of every submission in the gradebook, by student."""
    with quiet_nbgrader(), open_gradebook(course.db_url) as gradebook:
        try:
            most = gradebook.find_assignment(course.assignment).max_score
        except MissingEntry:
            return {}
        return _scores(gradebook.db, course.assignment, most)


def _scores(db: Session, assignment: str, most: float) -> dict[str, Score]:
    """Read the scores of all submissions in two queries; nbgrader's own objects take several each."""
    notebooks = (
        db.query(
            SubmittedAssignment.student_id,
            SubmittedNotebook.late_submission_penalty,
            SubmittedAssignment.timestamp,
            Assignment.duedate,
            SubmittedAssignment.extension,
        )
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .filter(Assignment.name == assignment)
    )
    scores = {
        student: Score(-(penalty or 0.0), most, rounded(penalty or 0.0), False, seconds_late=_seconds_late(*times))
        for student, penalty, *times in notebooks
    }
    grades = (
        db.query(
            SubmittedAssignment.student_id,
            Grade.score,
            Grade.needs_manual_grade,
            Grade.auto_score,
            GradeCell.name,
            GradeCell.cell_type,
        )
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .join(GradeCell, GradeCell.id == Grade.cell_id)
        .filter(Assignment.name == assignment)
    )
    for student, score, by_hand, auto, cell, kind in grades:
        each = scores[student]
        each.score += score
        each.points[cell] = score
        if kind == "code":
            each.needs_attention |= by_hand
        elif by_hand:
            each.waiting.append(cell)
        elif auto is not None:
            each.blank.append(cell)
    for each in scores.values():
        each.score = max(0.0, rounded(each.score))
    return scores


def _seconds_late(handed_in: datetime | None, due: datetime | None, extension: timedelta | None) -> float:
    if handed_in is None or due is None:
        return 0.0
    return max(0.0, (handed_in - due - (extension or timedelta())).total_seconds())
