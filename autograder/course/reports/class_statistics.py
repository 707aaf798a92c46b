"""A graded class in numbers, counted once: the terminal, the object for programs and the page tell these and no others.

A submission that could not be read counts among the scores, for it has one. It says nothing about an exercise or a
mistake, so it counts there nowhere.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from autograder.course.cells import Frame
from autograder.course.reports.item_analysis import Item, analyse
from autograder.course.reports.results import Result
from autograder.report import Finding, Report

_NO_ANSWER = ("not written", "not graded")
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Place:
    """A section of the book: in words, and its page and anchor."""

    words: str
    page: str
    anchor: str


@dataclass(frozen=True)
class ClassStatistics:
    """The results of a class in one assignment, and what they come to. Who did something is named in their order."""

    frame: Frame
    results: Sequence[Result]

    @classmethod
    def of(cls, frame: Frame, results: Iterable[Result]) -> ClassStatistics:
        return cls(frame, tuple(results))

    @cached_property
    def most(self) -> dict[str, float]:
        """The most points of each exercise and written answer, in the order of the lab."""
        return {self.frame.exercises.get(cell, cell): points for cell, points in self.frame.most.items()}

    @property
    def max_score(self) -> float:
        return sum(self.most.values())

    @property
    def scores(self) -> list[float]:
        """The score of each submission, with the late penalty taken off."""
        return [result.score.score for result in self.results]

    @property
    def spread(self) -> dict[str, float]:
        """Mean, standard deviation, lowest, median and highest score; nothing of no scores."""
        scores = self.scores
        if not scores:
            return {}
        return {
            "mean": statistics.mean(scores),
            "standard_deviation": statistics.pstdev(scores),
            "lowest": min(scores),
            "median": statistics.median(scores),
            "highest": max(scores),
        }

    @cached_property
    def read(self) -> list[Result]:
        """The submissions in which there was a notebook to grade."""
        return [result for result in self.results if result.was_read]

    @property
    def unread(self) -> list[str]:
        return [result.student for result in self.results if not result.was_read]

    def points(self, result: Result) -> dict[str, float | None]:
        """Return the points of a submission by exercise, None where a person has still to grade."""
        score = result.score
        return {
            self.frame.exercises.get(cell, cell): None if cell in score.waiting else score.points.get(cell, 0.0)
            for cell in self.frame.most
        }

    @cached_property
    def items(self) -> list[Item]:
        """The analysis of each exercise and written answer."""
        given = [self.points(result) for result in self.read]
        return analyse(self.most, [{name: p for name, p in points.items() if p is not None} for points in given])

    def commonest_fault(self, exercise: str) -> tuple[str, int] | None:
        """Return the commonest fault in an exercise and how many have it."""
        first = [next(_faults(report)) for _, report in self._wrong() if report.exercise == exercise]
        common = Counter(fault.mistake or fault.kind for fault in first).most_common(1)
        return common[0] if common else None

    @cached_property
    def mistakes(self) -> dict[str, list[str]]:
        """Who made each named mistake, the commonest first."""
        return _commonest_first((name, student) for student, report in self._wrong() for name in report.mistakes)

    @cached_property
    def unexplained(self) -> dict[tuple[str, str], list[str]]:
        """Who gave a wrong answer that no named mistake explains, by exercise and kind; the commonest first."""
        return _commonest_first(
            ((report.exercise, fault.kind), student)
            for student, report in self._wrong()
            for fault in _faults(report)
            if not fault.mistake and fault.kind not in _NO_ANSWER
        )

    @cached_property
    def slots(self) -> dict[str, list[str]]:
        """Who has a fault in each slot of the template, the commonest first."""
        return _commonest_first(
            (fault.slot, student) for student, report in self._wrong() for fault in _faults(report) if fault.slot
        )

    @cached_property
    def sections(self) -> dict[Place, list[str]]:
        """Who answered an exercise of each section of the book wrongly, the commonest first."""
        return _commonest_first((_place(report), student) for student, report in self._wrong() if _is_answer(report))

    def sections_of(self, slot: str) -> list[Place]:
        """Return the sections in whose exercises this slot went wrong, the commonest first."""
        reports = [report for _, report in self._wrong() if any(fault.slot == slot for fault in _faults(report))]
        return [place for place, _ in Counter(map(_place, reports)).most_common()]

    @cached_property
    def attention(self) -> dict[str, str]:
        """Why a submission needs attention, by student."""
        return {
            result.student: " ".join(n.text for n in result.notices if n.attention) or "Graded by hand before."
            for result in self.results
            if result.score.needs_attention
        }

    @cached_property
    def waiting(self) -> dict[str, list[str]]:
        """Who has an answer that nobody has graded yet, by written answer."""
        waiting: dict[str, list[str]] = {}
        for result in self.results:
            for answer in result.score.waiting:
                waiting.setdefault(answer, []).append(result.student)
        return waiting

    @property
    def late(self) -> list[Result]:
        return [result for result in self.results if result.score.seconds_late or result.score.late_penalty]

    @property
    def timed(self) -> list[tuple[str, float]]:
        """How many seconds grading took, where it is known; the slowest first."""
        known = [(result.student, result.seconds) for result in self.results if result.seconds is not None]
        return sorted(known, key=lambda each: -each[1])

    def _wrong(self) -> Iterator[tuple[str, Report]]:
        return ((result.student, report) for result in self.read for report in result.reports if not report.passed)


def _faults(report: Report) -> Iterator[Finding]:
    return (finding for finding in report.findings if not finding.passed)


def _is_answer(report: Report) -> bool:
    return any(fault.kind not in _NO_ANSWER for fault in _faults(report))


def _place(report: Report) -> Place:
    return Place(report.where_to_read, report.chapter, report.section.anchor)


def _commonest_first(pairs: Iterable[tuple[Key, str]]) -> dict[Key, list[str]]:
    """Return who belongs to each key, each once; the keys with most of them first, else by name."""
    who: dict[Key, dict[str, None]] = {}
    for key, student in pairs:
        who.setdefault(key, {})[student] = None
    return {
        key: list(students) for key, students in sorted(who.items(), key=lambda each: (-len(each[1]), str(each[0])))
    }
