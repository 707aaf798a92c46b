"""Grades a class: units of work on a pool of processes, and one writer for the gradebook."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from autograder.course.gradebook import Course, Recorder, RecordError, recorded_digest
from autograder.course.limits import Limits
from autograder.course.pool import run_tasks
from autograder.course.secret import key_of
from autograder.course.submissions import Submission, collect
from autograder.course.work import Task, as_notebook


@dataclass
class Outcome:
    """Who was graded now, who already was, and who could not be recorded, with the reason."""

    graded: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def done(self) -> int:
        return len(self.graded) + len(self.kept) + len(self.failed)


def grade_class(
    course: Course,
    submissions: Sequence[Submission],
    *,
    workers: int | None = None,
    force: bool = False,
    limits: Limits = Limits(),  # noqa: B008  it cannot change
    unsafe: bool = False,
    report: Callable[[Outcome], None] = lambda outcome: None,
) -> Outcome:
    """Grade `submissions` and record every result; what is complete and has not changed is kept unless
    `force`.

    `report` is called whenever something is done. Raises UsageError when the gradebook does not take the
    assignment. After a KeyboardInterrupt the same call goes on where it stopped.
    """
    released = course.register()
    outcome = Outcome()
    recorded = set() if force else set(course.scores())
    tasks = _tasks(course, submissions, recorded, released, limits, unsafe, outcome)
    # Closed at once when this stops early, which ends the processes.
    with (
        closing(Recorder(course, as_notebook(released))) as recorder,
        closing(run_tasks(tasks, workers or os.cpu_count() or 1)) as results,
    ):
        for task, result in results:
            try:
                recorder.record(task.student, result, task.timestamp)
                outcome.graded.append(task.student)
            except RecordError as error:
                outcome.failed[task.student] = str(error)
            report(outcome)
    report(outcome)
    return outcome


def _tasks(
    course: Course,
    submissions: Sequence[Submission],
    recorded: set[str],
    released: str,
    limits: Limits,
    unsafe: bool,
    outcome: Outcome,
) -> Iterator[Task]:
    """Yield what is to be graded, reading each folder only when its turn comes."""
    for submission in submissions:
        got = collect(submission, course.assignment, limits)
        student = submission.student
        if student in recorded and recorded_digest(course, student) == got.digest:
            outcome.kept.append(student)
            continue
        yield Task(
            student=student,
            notebook=got.notebook,
            problem=got.problem,
            notices=got.notices,
            digest=got.digest,
            released=released,
            limits=limits,
            key=key_of(course.folder, course.assignment, student),
            timestamp=got.timestamp,
            unsafe=unsafe,
        )
