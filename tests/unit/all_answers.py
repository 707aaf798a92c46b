"""All that the oracles answer on the cases of a seed: what is right, and what every wrong formula leads to."""

from __future__ import annotations

import numpy as np

from autograder.attempts.answers import Array
from autograder.checking import draw_cases
from autograder.exercise import Case, Exercise


def answers(exercise: Exercise, seed: int) -> list[dict[str, Array | None]]:
    """Return, for each case, the right answer by part and that of each wrong formula by its place and mistake; None
    where a formula fits no shape. A case that waits for what the learner chooses is left out."""
    with np.errstate(all="ignore"):
        return [_answers(exercise, case) for case in draw_cases(exercise, seed) if _is_known(exercise, case)]


def _is_known(exercise: Exercise, case: Case) -> bool:
    return exercise.complete is Exercise.complete or bool(case.oracle_inputs)


def _answers(exercise: Exercise, case: Case) -> dict[str, Array | None]:
    expected = exercise.expected(case)
    wrong = {
        f"{place} {suspect.mistake}": suspect.answer(case)
        for place, suspect in enumerate(exercise.suspects)
        if suspect.part in expected
    }
    return {**expected, **{name: one if isinstance(one, np.ndarray) else None for name, one in wrong.items()}}
