"""Grades a class: units of work on a pool of processes, and one writer for the gradebook."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from functools import partial

from autograder.course.gradebook.course_folder import Course
from autograder.course.gradebook.recorder import Recorder, RecordError, register
from autograder.course.gradebook.scores import read_scores
from autograder.course.grading.grade_submission import Graded, Task
from autograder.course.grading.hidden_seed import key_of
from autograder.course.grading.pool import LocalPool, Pool, run_tasks
from autograder.course.intake.notebooks import as_notebook
from autograder.course.intake.submissions import Submission, collect
from autograder.course.release.release import rubrics
from autograder.sandbox.limits import Limits


@dataclass
class Outcome:
    """Who was graded now, who already was, and who could not be recorded, with the reason.

    `attention` is how many of those graded now ask for a look by hand.
    """

    graded: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    attention: int = 0

    @property
    def done(self) -> int:
        return len(self.graded) + len(self.kept) + len(self.failed)


def grade_class(
    course: Course,
    submissions: Sequence[Submission],
    changed: Collection[Submission],
    *,
    open_pool: Callable[[], AbstractContextManager[Pool]] = lambda: nullcontext(LocalPool()),
    limits: Limits = Limits(),  # noqa: B008  it cannot change
    unsafe: bool = False,
    book: str = "",
    on_result: Callable[[Outcome], None] = lambda outcome: None,
) -> Outcome:
    """Grade `changed`, and those of `submissions` that the gradebook does not know, and record every result; keep the
    others.

    `open_pool` returns the pool to grade on (this machine); where all are kept it is not called, so no process is
    started. `book` is the address of the book's site, which feedback then links to. `on_result` is called whenever
    something is done. Raises UsageError when the gradebook does not take the assignment or the pool is gone. After that
    or a KeyboardInterrupt the same call goes on where it stopped.
    """
    released = register(course)
    outcome = Outcome()
    due = list(_due(submissions, frozenset(changed), read_scores(course), outcome, on_result))
    if not due:
        return outcome
    known = rubrics(course.assignment)
    shared = partial(Task, released=released, limits=limits, unsafe=unsafe, rubrics=known, book=book)
    # Closed at once when this stops early, which ends what the pool still runs.
    with (
        open_pool() as pool,
        closing(Recorder(course, as_notebook(released))) as recorder,
        closing(run_tasks(_tasks(course, due, shared, limits), pool)) as results,
    ):
        for task, result in results:
            _record(recorder, task, result, outcome)
            on_result(outcome)
    return outcome


def _due(
    submissions: Sequence[Submission],
    changed: Collection[Submission],
    recorded: Collection[str],
    outcome: Outcome,
    on_result: Callable[[Outcome], None],
) -> Iterator[Submission]:
    """Yield those that changed or that the gradebook does not know; note the others as kept."""
    for submission in submissions:
        if submission in changed or submission.student not in recorded:
            yield submission
            continue
        outcome.kept.append(submission.student)
        on_result(outcome)


def _record(recorder: Recorder, task: Task, result: Graded | Exception, outcome: Outcome) -> None:
    if isinstance(result, Exception):
        outcome.failed[task.student] = f"{type(result).__name__}: {result}"
        return
    try:
        recorder.record(task.student, result, task.timestamp, task.secret)
    except RecordError as error:
        outcome.failed[task.student] = str(error)
        return
    outcome.graded.append(task.student)
    outcome.attention += result.needs_attention


def _tasks(course: Course, due: Sequence[Submission], task: Callable[..., Task], limits: Limits) -> Iterator[Task]:
    """Yield what is to be graded, reading each folder only when its turn comes."""
    for submission in due:
        got = collect(submission, course.assignment, limits)
        yield task(
            student=submission.student,
            notebook=got.notebook,
            problem=got.problem,
            notices=got.notices,
            digest=got.digest,
            key=key_of(course.folder, course.assignment, submission.student),
            timestamp=got.timestamp,
            secret=got.secret,
        )
