"""The report of a class: one HTML page that needs nothing else, and the same as CSV."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from autograder.course import labs
from autograder.course.gradebook import Course, Frame
from autograder.course.items import LEAST, Item, analyse, by_chance
from autograder.course.release import write_whole
from autograder.course.results import Result
from autograder.course.sheet import write_rows
from autograder.course.summary import plain
from autograder.course.tally import mistakes
from autograder.course.work import as_notebook
from autograder.mistakes import CATALOGUE
from autograder.report import Finding, rich


@dataclass(frozen=True)
class Line:
    """One submission in the report. `points` are by exercise, None where a person has still to grade."""

    student: str
    score: float
    late_penalty: float
    points: Mapping[str, float | None]
    mistakes: tuple[str, ...]
    faults: Mapping[str, str]
    reasons: str
    waiting: tuple[str, ...]
    was_read: bool
    seconds: float | None
    page: str | None


@dataclass(frozen=True)
class Bar:
    """A bar of the histogram: how many scores lie from `low` to below `high`; the last bar holds the full score too."""

    low: float
    high: float
    count: int


@dataclass
class ClassReport:
    """What the report says, gathered one result at a time."""

    assignment: str
    title: str
    frame: Frame
    by_hand: str
    anonymous: bool = False
    lines: list[Line] = field(default_factory=list)

    @classmethod
    def of(cls, course: Course, *, anonymous: bool) -> ClassReport:
        released = as_notebook(labs.exercise_path(course.assignment).read_text("utf-8"))
        title = released.cells[0].source.partition("\n")[0].strip("# ")
        return cls(course.assignment, title, Frame.of(released), "" if anonymous else course.formgrader, anonymous)

    def counting(self, results: Iterable[Result]) -> Iterator[Result]:
        """Yield `results` on, each taken into the report."""
        for result in results:
            self.lines.append(self._line(result))
            yield result

    def _line(self, result: Result) -> Line:
        score = result.score
        points = {
            self.frame.exercises.get(cell, cell): None if cell in score.waiting else score.points.get(cell, 0.0)
            for cell in self.frame.most
        }
        attention = [notice.text for notice in result.notices if notice.attention] or ["Graded by hand before."]
        return Line(
            student=plain(result.student),
            score=score.score,
            late_penalty=score.late_penalty,
            points=points,
            mistakes=tuple(mistakes(result.reports)),
            faults={report.exercise: _fault(report.findings) for report in result.reports if not report.passed},
            reasons=" ".join(attention) if score.needs_attention else "",
            waiting=tuple(score.waiting),
            was_read=result.was_read,
            seconds=result.seconds,
            page=None if self.anonymous else self._page(result.student),
        )

    def _page(self, student: str) -> str:
        parts = ("..", "feedback", student, self.assignment, f"{self.assignment}.html")
        return "/".join(quote(part) for part in parts)

    @property
    def most(self) -> dict[str, float]:
        """The most points of each exercise and written answer, in the order of the lab."""
        return {self.frame.exercises.get(cell, cell): points for cell, points in self.frame.most.items()}

    @property
    def max_score(self) -> float:
        return sum(self.frame.most.values())

    @property
    def scores(self) -> list[float]:
        return [line.score for line in self.lines]

    @property
    def spread(self) -> dict[str, float]:
        scores = self.scores
        return {
            "mean": statistics.mean(scores),
            "standard deviation": statistics.pstdev(scores),
            "lowest": min(scores),
            "median": statistics.median(scores),
            "highest": max(scores),
        }

    @property
    def bars(self) -> list[Bar]:
        width = next(step for step in (0.5, 1, 2, 5, 10, 20, 50, math.inf) if self.max_score / step <= 12)
        number = max(1, math.ceil(self.max_score / width))
        places = Counter(min(max(int(score // width), 0), number - 1) for score in self.scores)
        return [Bar(i * width, min((i + 1) * width, self.max_score), places[i]) for i in range(number)]

    @property
    def read(self) -> list[Line]:
        return [line for line in self.lines if line.was_read]

    @property
    def items(self) -> list[Item]:
        """The analysis of what could be read; a submission without a notebook says nothing about an exercise."""
        return analyse(self.most, [{k: v for k, v in line.points.items() if v is not None} for line in self.read])

    @property
    def chance(self) -> float:
        return by_chance(len(self.read))

    def fault(self, exercise: str) -> tuple[str, int] | None:
        """Return the commonest fault in an exercise and how many have it."""
        common = Counter(line.faults[exercise] for line in self.read if exercise in line.faults).most_common(1)
        return common[0] if common else None

    @property
    def mistakes(self) -> list[tuple[str, str, list[Line]]]:
        """The named mistakes, the commonest first: id, what it is, and whose they are."""
        who: dict[str, list[Line]] = {}
        for line in self.lines:
            for mistake in line.mistakes:
                who.setdefault(mistake, []).append(line)
        told = [(name, CATALOGUE[name].sentence if name in CATALOGUE else "", lines) for name, lines in who.items()]
        return sorted(told, key=lambda each: (-len(each[2]), each[0]))

    @property
    def attention(self) -> list[Line]:
        return [line for line in self.lines if line.reasons]

    @property
    def waiting(self) -> dict[str, list[Line]]:
        by_answer: dict[str, list[Line]] = {}
        for line in self.lines:
            for answer in line.waiting:
                by_answer.setdefault(answer, []).append(line)
        return by_answer

    @property
    def late(self) -> list[Line]:
        return [line for line in self.lines if line.late_penalty]

    @property
    def timed(self) -> list[Line]:
        """Those of which it is known how long they took, the slowest first."""
        return sorted((line for line in self.lines if line.seconds is not None), key=lambda line: -(line.seconds or 0))

    def html(self) -> str:
        """Return the page. Whatever a learner wrote or is called is escaped in it."""
        loader = FileSystemLoader(Path(__file__).with_name("templates"))
        environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
        environment.filters |= {"points": "{:.4g}".format, "signed": _signed, "rich": _rich}
        environment.globals |= {"who": _who, "grade": _grade}
        return environment.get_template("class.html.j2").render(report=self, columns=list(self.most), least=LEAST)

    def write(self, folder: Path) -> Path:
        """Write the page under `folder`/reports and return its path."""
        name = f"{self.assignment}-anonymous.html" if self.anonymous else f"{self.assignment}.html"
        path = folder / "reports" / name
        write_whole(path, self.html())
        return path

    def write_csv(self, file: TextIO) -> None:
        """Write one row a submission: points in all, what was taken off, and the points of each exercise."""
        columns = list(self.most)
        head = ["student", "points", "max_points", "late_penalty", "needs_attention", "waiting", *columns]
        write_rows(file, [head, *(self._row(line, columns) for line in self.lines)])

    def _row(self, line: Line, columns: Sequence[str]) -> list[Any]:
        waits = " ".join(line.waiting)
        facts = [line.student, line.score, self.max_score, line.late_penalty, "yes" if line.reasons else "no", waits]
        return [*facts, *(line.points[column] for column in columns)]


def _rich(text: str) -> Markup:
    return Markup(rich(text))


def _who(line: Line) -> Markup:
    """Return the student's name, with a link to their feedback page where that gives no name away."""
    name = Markup("<code>{}</code>").format(line.student)
    return name if line.page is None else Markup('<a href="{}">{}</a>').format(line.page, line.student)


def _grade(points: float | None, most: float) -> str:
    if points is None or points >= most:
        return ""
    return " some" if points else " none"


def _signed(number: float) -> str:
    return f"{number:.2f}".replace("-", "−")


def _fault(findings: Iterable[Finding]) -> str:
    return next(finding.mistake or finding.kind for finding in findings if not finding.passed)
