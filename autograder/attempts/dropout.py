"""Puts the questions of chapter 06 to a solution.

This module runs beside the learner's code: it imports NumPy and the standard library, nothing of the grader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from autograder.attempts.answers import Answer, Unusable, read
from autograder.attempts.observe import Arguments, Solution


def attempt_mask(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Draw one mask for each probability, one again from the same state, the next, and one from another seed."""

    def global_state() -> tuple[object, ...]:
        kind, key, *rest = np.random.get_state()  # noqa: NPY002 - the state that is to be left alone
        return (kind, np.asarray(key).tobytes(), *rest)

    def draw(shape: tuple[int, ...], p: float, rng: np.random.Generator) -> Answer:
        return read(solution(shape, p, rng))  # at once: the next call may write into the same array

    shape, probabilities, seed = arguments["shape"], arguments["p"], arguments["seed"]
    p, before, rng = probabilities[0], global_state(), np.random.default_rng(seed)
    answers: dict[str, object] = {
        "value": draw(shape, p, rng),
        "next": draw(shape, p, rng),
        "again": draw(shape, p, np.random.default_rng(seed)),
        "other": draw(shape, p, np.random.default_rng(seed + 1)),
        "many": _all([draw(arguments["few"], p, rng) for _ in range(arguments["repeats"])]),
    }
    for i, other_p in enumerate(probabilities[1:], start=1):
        answers[f"mask {i}"] = draw(shape, other_p, rng)
    return answers | {"global state untouched": float(global_state() == before)}


def _all(masks: Sequence[Answer]) -> object:
    """Return the masks, or the first that holds no numbers."""
    return next((mask for mask in masks if isinstance(mask, Unusable)), masks)
