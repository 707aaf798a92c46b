"""Compares an answer with the right one, by plain arithmetic on float64 arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from autograder.answers import Answer, Array, Unusable
from autograder.exercise import Case, Exercise, Verdict

RELATIVE_TOLERANCE = 1e-6  # of the largest entry of the case
FLOOR = 1e-9

RIGHT = Verdict("right")


def compare_with_expected(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    """Judge every part that the oracle answers for this case."""
    expected = exercise.expected(case)
    return {part: compare(answers[part], right) for part, right in expected.items()}


def compare(answer: Answer, right: Array) -> Verdict:
    """Judge one answer: a usable array, of the right shape, finite, within tolerance; in this order."""
    wanted = _in_words(right.shape)
    if isinstance(answer, Unusable):
        return Verdict("not numbers", f"{answer.came} came back; {answer.wanted or wanted} was expected")
    if answer.shape != right.shape:
        return Verdict("shape", f"{_in_words(answer.shape)} came back; {wanted} was expected")
    finite = np.isfinite(answer)
    if not finite.all():
        where = _index(~finite)
        return Verdict("not finite", f"{answer[where]} came back{at(where)}; a finite number was expected", where=where)
    return _compare_values(answer, right)


def agree(answer: Answer, right: Array) -> bool:
    """Return whether `answer` would be accepted where `right` is the right one."""
    return compare(answer, right).right


def at(where: tuple[int, ...]) -> str:
    """Say where in an array: " at [2, 1]", or nothing for a number."""
    return f" at {list(where)}" if where else ""


def _compare_values(answer: Array, right: Array) -> Verdict:
    largest = float(np.abs(right).max(initial=0.0))
    difference = np.abs(answer - right)
    if (difference <= max(RELATIVE_TOLERANCE * largest, FLOOR)).all():
        return RIGHT
    where = _index(difference == difference.max())
    error = float(difference.max() / max(largest, FLOOR))
    return Verdict("wrong value", error=error, where=where)


def _in_words(shape: tuple[int, ...]) -> str:
    return f"an array of shape {shape}" if shape else "a single number"


def _index(mask: Array) -> tuple[int, ...]:
    """Return the first index at which `mask` is true."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))
