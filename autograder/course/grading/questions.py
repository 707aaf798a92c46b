"""Puts an exercise's question to a learner's process: for grading, on inputs that the learner has never seen."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from autograder.attempts.observe import Observation
from autograder.chapters import exercises
from autograder.checking import PUBLIC_SEED, ask_and_grade, draw_cases, not_callable, not_here
from autograder.exercise import Case, Exercise
from autograder.oracles.tensors import PYTORCH
from autograder.report import Report
from autograder.sandbox.limits import Limits
from autograder.sandbox.session import NotAsked, Session
from autograder.sandbox.watch import Seconds

Inputs: TypeAlias = Callable[[Exercise], Sequence[Case]]


class MissingError(Exception):
    """Nothing goes by the name of the exercise."""


def ask(session: Session, name: str, inputs: Inputs, limits: Limits, allowed: Seconds) -> Report:
    """Put the question of the exercise `name`, on `inputs`, to the function of that name and return the Report.

    Raises MissingError when there is no such function, StoppedError when it used up the seconds `allowed`, EndedError
    when the process ended.
    """
    exercise = exercises()[name]
    if exercise.needs_torch and not PYTORCH:
        return not_here(exercise)

    def observations(cases: Sequence[Case], stand_ins: Sequence[Exercise]) -> Sequence[Observation]:
        return session.ask(exercise, cases, stand_ins, allowed, limits.seconds_to_stop)

    try:
        return ask_and_grade(exercise, inputs(exercise), observations)
    except NotAsked as nothing:
        if nothing.came:
            return not_callable(exercise, nothing.came)
        raise MissingError(name) from None


def public(exercise: Exercise) -> Sequence[Case]:
    """Return the inputs that a learner sees in the notebook."""
    return draw_cases(exercise, PUBLIC_SEED)


def hidden(key: bytes) -> Inputs:
    """Return the inputs that `key` decides: one key, one set of inputs. Their labels do not tell their values."""

    def inputs(exercise: Exercise) -> Sequence[Case]:
        cases = draw_cases(exercise, seed(key, exercise.name))
        return [replace(case, label=case.without_values or case.label) for case in cases]

    return inputs


def seed(key: bytes, exercise: str) -> int:
    """Return the seed of an exercise's inputs, which nobody can know who does not have the key."""
    return int.from_bytes(hmac.digest(key, exercise.encode(), "sha256")[:16])
