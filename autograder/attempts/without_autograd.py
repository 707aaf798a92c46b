"""Puts the questions of chapter 07 that need no PyTorch to a solution.

This module runs beside the learner's code: it imports NumPy and the standard library, nothing of the grader.
"""

from __future__ import annotations

from collections.abc import Mapping

from autograder.answers import Unusable, describe
from autograder.attempts import Arguments, Solution


def attempt_bug(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Return the place in the list of the id that came."""
    value = solution()
    if not isinstance(value, str):
        return {"value": Unusable(describe(value), "an id of the list, as text")}
    if value.strip() not in arguments["ids"]:
        return {"value": Unusable(f"`{value[:40]}`", "an id of the list")}
    return {"value": arguments["ids"].index(value.strip())}
