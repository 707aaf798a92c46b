"""The score table and the summary of a class, as text."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence

from autograder.course.results import Result
from autograder.course.tally import Tally
from autograder.report import Report


def table(results: Iterable[Result], students: Sequence[str]) -> Iterator[str]:
    """Yield one line for each of the results of `students`: who, points, and in a few words what cost points."""
    width = max([len("student"), *(len(plain(student)) for student in students)])
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


def summary(tally: Tally) -> Iterator[str]:
    """Yield the class in numbers: spread, exercises, named mistakes, who needs attention, and what waits."""
    if not tally.scores:
        return
    scores = tally.scores
    yield f"{len(scores)} submissions, out of {tally.max_score:g} points"
    yield (
        f"  mean {statistics.mean(scores):.2f}, standard deviation {statistics.pstdev(scores):.2f}, "
        f"lowest {min(scores):g}, median {statistics.median(scores):g}, highest {max(scores):g}"
    )
    yield from _exercise_lines(tally)
    yield from _mistake_lines(tally)
    yield from _attention_lines(tally)
    yield from _waiting_lines(tally)


def _exercise_lines(tally: Tally) -> Iterator[str]:
    width = max([8, *map(len, tally.exercises)])
    yield ""
    yield f"{'exercise':{width}}   mean of   full  none"
    for name, each in tally.exercises.items():
        yield f"{name:{width}}  {each.mean:5.2f} {each.max_points:3g}  {each.full:4d}  {each.none:4d}"


def _mistake_lines(tally: Tally) -> Iterator[str]:
    if tally.mistakes:
        yield ""
        yield "named mistakes, by how many made them"
        commonest = sorted(tally.mistakes.items(), key=lambda item: (-item[1], item[0]))[:10]
        yield from (f"  {count:3d}  {mistake}" for mistake, count in commonest)


def _attention_lines(tally: Tally) -> Iterator[str]:
    if tally.attention:
        yield ""
        yield "needs attention"
        for student, reasons in tally.attention.items():
            yield f"  {plain(student)}: {plain(reasons)}"


def _waiting_lines(tally: Tally) -> Iterator[str]:
    if tally.waiting:
        yield ""
        yield "written answers that wait to be graded by hand"
        yield from (f"  {len(students):3d}  {answer}" for answer, students in tally.waiting.items())


def plain(text: str) -> str:
    """Return text that cannot move a terminal's cursor, on one line."""
    return "".join(character if character.isprintable() else "?" for character in text).strip()
