"""The score table and the summary of a class, as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from autograder.course.reports.class_statistics import ClassStatistics
from autograder.course.reports.results import Result
from autograder.report import Report

_COMMONEST = 10  # mistakes that are listed


def table(results: Sequence[Result]) -> Iterator[str]:
    """Yield one line for each result: who, points, and in a few words what cost points."""
    width = max([len("student"), *(len(plain(result.student)) for result in results)])
    yield f"{'student':{width}}  points   remarks"
    for result in results:
        points = f"{result.score.score:g}/{result.score.max_score:g}"
        yield f"{plain(result.student):{width}}  {points:7}  {_remarks(result)}"


def _remarks(result: Result) -> str:
    """Say in a few words what an instructor should know: late, odd, and what is wrong by exercise."""
    remarks = [f"late: −{result.score.late_penalty:g}"] if result.score.late_penalty else []
    remarks += [notice.text.partition(". ")[0].rstrip(".") for notice in result.notices]
    if not any(notice.attention for notice in result.notices) or result.score.score:
        remarks += _wrong(result.reports, result.score.blank)
    remarks += ["a written answer waits"] if result.score.waiting else []
    return plain("; ".join(remarks).replace("`", "")) or "all right"


def _wrong(reports: Sequence[Report], blank: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong by exercise: the mistakes by name, else the kind of fault; then what is not written."""
    unwritten = [report.exercise for report in reports if [*_kinds(report)] == ["not written"]]
    for report in reports:
        if not report.passed and report.exercise not in unwritten:
            yield f"{report.exercise}: {', '.join(_kinds(report))}"
    if unwritten or blank:
        nothing = len(unwritten) == len(reports) and blank
        yield "nothing written" if nothing else f"not written: {', '.join([*unwritten, *blank])}"


def _kinds(report: Report) -> dict[str, None]:
    """Return the faults in a report, each once, in the order of its parts."""
    wrong = [finding for finding in report.findings if not finding.passed]
    return dict.fromkeys(finding.mistake or finding.kind for finding in wrong)


def summary(found: ClassStatistics) -> Iterator[str]:
    """Yield the class in numbers: spread, exercises, named mistakes, who needs attention, and what waits."""
    spread = found.spread
    if not spread:
        return
    yield f"{len(found.results)} submissions, out of {found.max_score:g} points"
    yield (
        f"  mean {spread['mean']:.2f}, standard deviation {spread['standard_deviation']:.2f}, "
        f"lowest {spread['lowest']:g}, median {spread['median']:g}, highest {spread['highest']:g}"
    )
    yield from _exercise_lines(found)
    yield from _mistake_lines(found.mistakes)
    yield from _attention_lines(found.attention)
    yield from _waiting_lines(found.waiting)


def _exercise_lines(found: ClassStatistics) -> Iterator[str]:
    graded = [item for item in found.items if item.count and item.name not in found.waiting]
    width = max([8, *(len(item.name) for item in graded)])
    yield ""
    yield f"{'exercise':{width}}   mean of   full  none"
    for item in graded:
        yield f"{item.name:{width}}  {item.mean:5.2f} {item.max_points:3g}  {item.full:4d}  {item.none:4d}"
    if found.unread:
        yield f"  without the {len(found.unread)} that could not be read"


def _mistake_lines(mistakes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    if mistakes:
        yield ""
        yield "named mistakes, by how many made them"
        yield from (f"  {len(mistakes[mistake]):3d}  {mistake}" for mistake in list(mistakes)[:_COMMONEST])
    if len(mistakes) > _COMMONEST:
        yield f"       and {len(mistakes) - _COMMONEST} more, which the class report lists"


def _attention_lines(attention: Mapping[str, str]) -> Iterator[str]:
    if attention:
        yield ""
        yield "needs attention"
        for student, reasons in attention.items():
            yield f"  {plain(student)}: {plain(reasons)}"


def _waiting_lines(waiting: Mapping[str, Sequence[str]]) -> Iterator[str]:
    if waiting:
        yield ""
        yield "written answers that wait to be graded by hand"
        yield from (f"  {len(students):3d}  {answer}" for answer, students in waiting.items())


def plain(text: str) -> str:
    """Return text that cannot move a terminal's cursor, on one line."""
    return "".join(character if character.isprintable() else "?" for character in text).strip()
