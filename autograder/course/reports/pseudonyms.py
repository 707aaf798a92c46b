"""Results without names: for a report that is shown to others than the instructor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from autograder.course.gradebook.course_folder import Course
from autograder.course.grading.hidden_seed import key_of
from autograder.course.intake.notebooks import Notice
from autograder.course.reports.results import Result


def pseudonym(course: Course, student: str) -> str:
    """Return the name a student goes by: the same in every report of this course, and nothing to guess from.

    It comes from the course's secret, so who holds `secret.key` and the class list can find out whose it is.
    """
    return f"learner-{key_of(course.folder, 'pseudonym', student)[:4].hex()}"


def anonymous(course: Course, results: Iterable[Result], known: Iterable[str]) -> Iterator[Result]:
    """Yield `results` under pseudonyms. Of what notices quote, only the `known` names of the lab are left."""
    kept = frozenset(known)
    for result in results:
        notices = tuple(Notice(_without_quotes(notice.text, kept), notice.attention) for notice in result.notices)
        yield replace(result, student=pseudonym(course, result.student), notices=notices)


def _without_quotes(text: str, kept: frozenset[str]) -> str:
    """Return a notice without what a learner wrote: the name of a file, or a line, may hold a person's name."""
    return re.sub("`([^`]*)`", lambda quoted: quoted[0] if quoted[1] in kept else "`…`", text)
