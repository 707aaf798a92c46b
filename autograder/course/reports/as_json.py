"""A graded class as one JSON object, for programs; --help says what stands in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from autograder.course.reports.class_statistics import ClassStatistics
from autograder.course.reports.results import Result


def json_lines(found: ClassStatistics, facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the object: one for each submission, then the summary, then `facts`."""
    yield '{"submissions": ['
    yield ",\n".join(json.dumps(_submission(result)) for result in found.results)
    yield "],"
    yield json.dumps({"summary": _summary(found), **facts}, indent=1)[1:].lstrip("\n")


def _submission(result: Result) -> dict[str, Any]:
    score = result.score
    return {
        "student": result.student,
        "points": score.score,
        "max_points": score.max_score,
        "late_penalty": score.late_penalty,
        "seconds_late": score.seconds_late,
        "needs_attention": score.needs_attention,
        "waiting": score.waiting,
        "seconds": result.seconds,
        "notices": [notice.text for notice in result.notices],
        "exercises": {
            report.exercise: {
                "points": report.points,
                "max_points": report.max_points,
                "mistakes": report.mistakes,
            }
            for report in result.reports
        },
    }


def _summary(found: ClassStatistics) -> dict[str, Any]:
    return {
        "submissions": len(found.results),
        "unread": found.unread,
        "max_points": found.max_score,
        "points": found.spread,
        "exercises": {
            item.name: {"mean": item.mean, "max_points": item.max_points, "full": item.full, "none": item.none}
            for item in found.items
            if item.count
        },
        "mistakes": {name: len(students) for name, students in found.mistakes.items()},
        "slots": {name: len(students) for name, students in found.slots.items()},
        "needs_attention": list(found.attention),
        "waiting": found.waiting,
    }
