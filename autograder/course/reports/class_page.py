"""The report of a class: one HTML page that needs nothing else, and the same as CSV."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from autograder import labs
from autograder.course.cells import Frame
from autograder.course.gradebook.course_folder import Course
from autograder.course.intake.notebooks import as_notebook
from autograder.course.nbgrader_api import configured_book
from autograder.course.release.release import write_whole
from autograder.course.reports.as_text import plain
from autograder.course.reports.class_statistics import ClassStatistics, Place
from autograder.course.reports.item_analysis import LEAST, by_chance
from autograder.course.reports.results import Result
from autograder.course.safe_csv import write_rows
from autograder.diagnosis.catalogue import CATALOGUE
from autograder.notebook.book_address import book_from
from autograder.palette import SLOTS
from autograder.report import place, rich


@dataclass(frozen=True)
class Bar:
    """A bar of the histogram: how many scores lie from `low` to below `high`; the last bar holds the full score too."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class ClassReport:
    """The statistics of a class, made into a page or rows. `book` is the address of the book's site, or ""."""

    assignment: str
    title: str
    found: ClassStatistics
    by_hand: str
    book: str
    anonymous: bool = False

    @classmethod
    def of(cls, course: Course, found: ClassStatistics, *, anonymous: bool) -> ClassReport:
        released = as_notebook(labs.exercise_path(course.assignment).read_text("utf-8"))
        title = released.cells[0].source.partition("\n")[0].strip("# ")
        if anonymous:
            return cls(course.assignment, title, found, "", configured_book(), anonymous)
        return cls(course.assignment, title, found, course.formgrader, book_from(course.folder / "reports"))

    @property
    def bars(self) -> list[Bar]:
        most = self.found.max_score
        width = next(step for step in (0.5, 1, 2, 5, 10, 20, 50, math.inf) if most / step <= 12)
        number = max(1, math.ceil(most / width))
        places = Counter(min(max(int(score // width), 0), number - 1) for score in self.found.scores)
        return [Bar(i * width, min((i + 1) * width, most), places[i]) for i in range(number)]

    @property
    def chance(self) -> float:
        return by_chance(len(self.found.read))

    def who(self, students: Iterable[str]) -> Markup:
        """Return students' names, each with a link to the feedback page where that gives no name away."""
        return Markup(", ").join(map(self._who, students))

    def _who(self, student: str) -> Markup:
        if self.anonymous:
            return Markup("<code>{}</code>").format(plain(student))
        parts = ("..", "feedback", student, self.assignment, f"{self.assignment}.html")
        return Markup('<a href="{}">{}</a>').format("/".join(quote(part) for part in parts), plain(student))

    def read_in(self, place_: Place) -> Markup:
        """Return where something stands in the book, with a link where it is known where the book is served."""
        return Markup(place(self.book, place_.words, place_.page, place_.anchor))

    def html(self) -> str:
        """Return the page. Whatever a learner wrote or is called is escaped in it."""
        loader = FileSystemLoader(Path(__file__).parent)
        environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
        environment.filters |= {"points": "{:.4g}".format, "signed": _signed, "rich": _rich, "time": _time}
        environment.globals |= {"grade": _grade, "slots": SLOTS, "catalogue": CATALOGUE, "least": LEAST}
        return environment.get_template("class.html.j2").render(report=self, found=self.found)

    def write(self, folder: Path) -> Path:
        """Write the page under `folder`/reports and return its path."""
        name = f"{self.assignment}-anonymous.html" if self.anonymous else f"{self.assignment}.html"
        path = folder / "reports" / name
        write_whole(path, self.html())
        return path


def frame_of(assignment: str) -> Frame:
    """Return the graded cells of a lab as it is released."""
    return Frame.of(as_notebook(labs.exercise_path(assignment).read_text("utf-8")))


_COLUMNS = ("student", "points", "max_points", "late_penalty", "seconds_late", "needs_attention", "waiting")


def write_csv(found: ClassStatistics, file: TextIO) -> None:
    """Write one row a submission: points in all, what was taken off, and the points of each exercise."""
    write_rows(file, [[*_COLUMNS, *found.most], *(_row(found, result) for result in found.results)])


def _row(found: ClassStatistics, result: Result) -> list[Any]:
    score = result.score
    attention = "yes" if score.needs_attention else "no"
    facts = [plain(result.student), score.score, found.max_score, score.late_penalty, score.seconds_late, attention]
    return [*facts, " ".join(score.waiting), *found.points(result).values()]


def _rich(text: str) -> Markup:
    return Markup(rich(text))


def _grade(points: float | None, most: float) -> str:
    if points is None or points >= most:
        return ""
    return " some" if points else " none"


def _signed(number: float) -> str:
    return f"{number:.2f}".replace("-", "−")


def _time(seconds: float) -> str:
    """Return a time as people say it: in days and hours, or in minutes."""
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
