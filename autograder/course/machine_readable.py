"""A graded class as one JSON object, for programs; the instructor guide says what stands in it."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from autograder.course.results import Result
from autograder.course.tally import Tally, mistakes


def json_lines(results: Iterable[Result], facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the object: one for each submission, then the summary, then `facts`."""
    tally, between = Tally(), ""
    yield '{"submissions": ['
    for result in tally.counting(results):
        yield between + json.dumps(_submission(result))
        between = ","
    yield "],"
    yield json.dumps({"summary": _summary(tally), **facts}, indent=1)[1:].lstrip("\n")


def _submission(result: Result) -> dict[str, Any]:
    score = result.score
    return {
        "student": result.student,
        "points": score.score,
        "max_points": score.max_score,
        "late_penalty": score.late_penalty,
        "needs_attention": score.needs_attention,
        "waiting": score.waiting,
        "seconds": result.seconds,
        "notices": [notice.text for notice in result.notices],
        "exercises": {
            report.exercise: {
                "points": report.points,
                "max_points": report.max_points,
                "mistakes": mistakes([report]),
            }
            for report in result.reports
        },
    }


def _summary(tally: Tally) -> dict[str, Any]:
    return {
        "submissions": len(tally.scores),
        "max_points": tally.max_score,
        "points": _spread(tally.scores),
        "exercises": {
            name: {"mean": each.mean, "max_points": each.max_points, "full": each.full, "none": each.none}
            for name, each in tally.exercises.items()
        },
        "mistakes": dict(tally.mistakes.most_common()),
        "needs_attention": list(tally.attention),
        "waiting": tally.waiting,
    }


def _spread(scores: list[float]) -> dict[str, float]:
    if not scores:
        return {}
    return {
        "mean": statistics.mean(scores),
        "standard_deviation": statistics.pstdev(scores),
        "lowest": min(scores),
        "median": statistics.median(scores),
        "highest": max(scores),
    }
