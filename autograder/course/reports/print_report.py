"""What `grade` and `report` print of a class, and the page that `report` writes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

from autograder.course.gradebook.course_folder import Course
from autograder.course.reports.as_json import json_lines
from autograder.course.reports.as_text import summary, table
from autograder.course.reports.class_page import ClassReport, frame_of, write_csv
from autograder.course.reports.class_statistics import ClassStatistics
from autograder.course.reports.pseudonyms import anonymous as without_names
from autograder.course.reports.results import read_results


def print_report(course: Course, students: Sequence[str], form: str, *, anonymous: bool) -> None:
    """Print the class as "text", "json" or "csv". With text goes the page, under the course's reports/."""
    found = _without_names(course, students) if anonymous else _statistics(course, students)
    if form == "json":
        _print_lines(json_lines(found, {"assignment": course.assignment, **({} if anonymous else _places(course))}))
        return
    if form == "csv":
        write_csv(found, sys.stdout)
        return
    _print_table(found)
    if not anonymous:
        _print_places(course, waits=bool(found.waiting))
    print(f"report     {ClassReport.of(course, found, anonymous=anonymous).write(course.folder)}")


def print_text(course: Course, students: Sequence[str]) -> None:
    """Print the score table, the summary and where everything is."""
    found = _statistics(course, students)
    _print_table(found)
    _print_places(course, waits=bool(found.waiting))


def print_json(course: Course, students: Sequence[str], facts: Mapping[str, object]) -> None:
    """Print the class as one JSON object, with `facts`."""
    told = {"assignment": course.assignment, **_places(course), **facts}
    _print_lines(json_lines(_statistics(course, students), told))


def _statistics(course: Course, students: Iterable[str]) -> ClassStatistics:
    return ClassStatistics.of(frame_of(course.assignment), read_results(course, students))


def _without_names(course: Course, students: Iterable[str]) -> ClassStatistics:
    found = _statistics(course, students)
    known = {*found.frame.most, *found.most, f"{course.assignment}.ipynb"}
    # In the order of the class list, the position of a row would give away whose it is.
    results = sorted(without_names(course, found.results, known), key=lambda result: result.student)
    return ClassStatistics.of(found.frame, results)


def _places(course: Course) -> dict[str, str]:
    return {"feedback": str(course.folder / "feedback"), "gradebook": course.shown_url}


def _print_places(course: Course, *, waits: bool) -> None:
    for name, place in _places(course).items():
        print(f"{name:9}  {place}")
    if waits:
        print(f"by hand    {course.formgrader}")
    if not course.is_nbgraders:
        print(f"nbgrader   export {' '.join(course.settings)}   for its commands to work on this class")


def _print_table(found: ClassStatistics) -> None:
    _print_lines(table(found.results))
    print("", *summary(found), "", sep="\n")


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)
