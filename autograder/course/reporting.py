"""What `grade` and `report` print of a class, and the page that `report` writes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from autograder.course.anonymous import anonymous as without_names
from autograder.course.anonymous import pseudonym
from autograder.course.class_report import ClassReport
from autograder.course.gradebook import Course
from autograder.course.machine_readable import json_lines
from autograder.course.results import Result, read_results
from autograder.course.summary import summary, table
from autograder.course.tally import Tally


def print_report(course: Course, students: Sequence[str], form: str, *, anonymous: bool) -> None:
    """Print the class as "text", "json" or "csv". With text goes the page, under the course's reports/."""
    report = ClassReport.of(course, anonymous=anonymous)
    results = read_results(course, students)
    if anonymous:
        results = without_names(course, results, {*report.frame.most, *report.most, f"{course.assignment}.ipynb"})
        # In the order of the class list, a place would be a name.
        results = iter(sorted(results, key=lambda result: result.student))
        students = [pseudonym(course, student) for student in students]
    if form == "json":
        _print_lines(json_lines(results, {"assignment": course.assignment, **({} if anonymous else _places(course))}))
        return
    if form == "csv":
        _exhaust(report.counting(results))
        report.write_csv(sys.stdout)
        return
    waits = _print_table(report.counting(results), students)
    if not anonymous:
        _print_places(course, waits=waits)
    print(f"report     {report.write(course.folder)}")


def print_text(course: Course, students: Sequence[str]) -> None:
    """Print the score table, the summary and where everything is."""
    _print_places(course, waits=_print_table(read_results(course, students), students))


def print_json(course: Course, students: Sequence[str], facts: Mapping[str, object]) -> None:
    """Print the class as one JSON object, with `facts`."""
    told = {"assignment": course.assignment, **_places(course), **facts}
    _print_lines(json_lines(read_results(course, students), told))


def _places(course: Course) -> dict[str, str]:
    return {"feedback": str(course.folder / "feedback"), "gradebook": course.shown_url}


def _print_places(course: Course, *, waits: bool) -> None:
    for name, place in _places(course).items():
        print(f"{name:9}  {place}")
    if waits:
        print(f"by hand    {course.formgrader}")


def _print_table(results: Iterable[Result], students: Sequence[str]) -> bool:
    """Print the table and the summary; return whether a written answer waits."""
    tally = Tally()
    _print_lines(table(tally.counting(results), students))
    print("", *summary(tally), "", sep="\n")
    return bool(tally.waiting)


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _exhaust(results: Iterator[Result]) -> None:
    for _ in results:
        pass
