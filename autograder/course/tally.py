"""The class in numbers, counted one result at a time so that no result is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from autograder.course.results import Result
from autograder.report import Report


@dataclass
class ExerciseTally:
    """How the reports of one exercise came out: how many, with all points, with none, and their points together."""

    max_points: float
    reports: int = 0
    points: float = 0.0
    full: int = 0
    none: int = 0

    @property
    def mean(self) -> float:
        return self.points / self.reports

    def add(self, report: Report) -> None:
        self.reports += 1
        self.points += report.points
        self.full += report.passed
        self.none += not report.points


@dataclass
class Tally:
    """Scores with the late penalty taken off; `mistakes` by how many made them; `attention` reasons by student;
    `waiting` by written answer who has one that nobody has graded yet."""

    max_score: float = 0.0
    scores: list[float] = field(default_factory=list)
    exercises: dict[str, ExerciseTally] = field(default_factory=dict)
    mistakes: Counter[str] = field(default_factory=Counter)
    attention: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, list[str]] = field(default_factory=dict)

    def counting(self, results: Iterable[Result]) -> Iterator[Result]:
        """Yield `results` on, each counted."""
        for result in results:
            self._add(result)
            yield result

    def _add(self, result: Result) -> None:
        self.max_score = result.score.max_score
        self.scores.append(result.score.score)
        for report in result.reports:
            self.exercises.setdefault(report.exercise, ExerciseTally(report.max_points)).add(report)
        self.mistakes.update(set(mistakes(result.reports)))
        for answer in result.score.waiting:
            self.waiting.setdefault(answer, []).append(result.student)
        if result.score.needs_attention:
            reasons = [notice.text for notice in result.notices if notice.attention] or ["graded by hand before"]
            self.attention[result.student] = " ".join(reasons)


def mistakes(reports: Iterable[Report]) -> list[str]:
    """Return the named mistakes in `reports`, each once, in the order of the parts."""
    return list(dict.fromkeys(mistake for report in reports for mistake in report.mistakes))
