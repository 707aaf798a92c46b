"""Puts an exercise's question to a learner's process, on inputs that the learner has never seen."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import replace

from autograder.attempts import Observation
from autograder.chapters import exercises
from autograder.checking import draw, not_callable, put
from autograder.course.limits import Limits
from autograder.exercise import Case, Exercise
from autograder.report import Report
from autograder.sandbox.session import NotAsked, Session, StoppedError
from autograder.sandbox.watch import Seconds


class UnansweredError(Exception):
    """There is nothing to judge; the message says why. `attention` asks the instructor to look."""

    def __init__(self, message: str, *, attention: bool = False) -> None:
        super().__init__(message)
        self.attention = attention


def ask(session: Session, name: str, key: bytes, limits: Limits, allowed: Seconds) -> Report:
    """Put the question of the exercise `name` to the function of that name and return the Report.

    `key` decides the inputs: one key, one set of inputs. Raises UnansweredError when there is no such function or it
    used up the seconds `allowed`, EndedError when the process ended.
    """
    exercise = exercises()[name]

    def observations(cases: Sequence[Case], stand_ins: Sequence[Exercise]) -> Sequence[Observation]:
        return session.ask(exercise, cases, stand_ins, allowed, limits.seconds_to_stop)

    try:
        return put(exercise, _hidden(draw(exercise, seed(key, name))), observations)
    except StoppedError as stopped:
        raise UnansweredError(f"`{name}` {stopped}.", attention=True) from None
    except NotAsked as nothing:
        if nothing.came:
            return not_callable(exercise, nothing.came)
        raise UnansweredError(f"Nothing by the name `{name}` was defined when it was graded.") from None


def _hidden(cases: Sequence[Case]) -> list[Case]:
    """Return the cases under labels that do not tell their values."""
    return [replace(case, label=case.without_values or case.label) for case in cases]


def seed(key: bytes, exercise: str) -> int:
    """Return the seed of an exercise's inputs, which nobody can know who does not have the key."""
    return int.from_bytes(hmac.digest(key, exercise.encode(), "sha256")[:16])
