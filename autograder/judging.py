"""Compares an answer with the right one, by plain arithmetic on float64 arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.attempts.answers import Answer, Array, Unusable
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


def agree_entrywise(answer: Array, right: Array) -> Array:
    """Say of every entry of a finite array of the right shape whether it is within tolerance."""
    largest = float(np.abs(right).max(initial=0.0))
    within: Array = np.abs(answer - right) <= max(RELATIVE_TOLERANCE * largest, FLOOR)
    return within


def is_held_by(kind: type[np.floating[Any]], array: Array) -> bool:
    """Return whether numbers of this kind hold every entry without rounding it."""
    with np.errstate(over="ignore"):
        return bool((array.astype(kind).astype(np.float64) == array).all())


def is_single_precision(array: Array) -> bool:
    """Return whether float32 holds every entry, and float16, which holds whole numbers too, does not.

    Of other numbers one in 2²⁹ is such by chance.
    """
    return is_held_by(np.float32, array) and not is_held_by(np.float16, array)


def at(where: tuple[int, ...]) -> str:
    """Say where in an array: " at [2, 1]", or nothing for a number."""
    return f" at {list(where)}" if where else ""


def _compare_values(answer: Array, right: Array) -> Verdict:
    if agree_entrywise(answer, right).all():
        return RIGHT
    difference = np.abs(answer - right)
    where = _index(difference == difference.max())
    largest = float(np.abs(right).max())
    # Where all is to be 0, the whole answer is error.
    error = float(difference.max()) / (largest if largest > FLOOR else float(np.abs(answer).max()))
    return Verdict("wrong value", error=error, where=where)


def _in_words(shape: tuple[int, ...]) -> str:
    return f"an array of shape {shape}" if shape else "a single number"


def _index(mask: Array) -> tuple[int, ...]:
    """Return the first index at which `mask` is true."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))
