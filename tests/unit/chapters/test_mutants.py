"""Every mutant of every solution is rejected, but for those that compute the same."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from types import FrameType

import numpy as np
import pytest

from autograder import Exercise, check, exercises
from autograder.checking import PUBLIC_SEED, draw_cases
from autograder.exercise import Case
from tests.unit.equivalents import EQUIVALENT
from tests.unit.mutants import Mutant, load, mutants, solutions

LONGEST = 2.0  # seconds of computing; a mutant of a loop may not end


class OutOfTime(KeyboardInterrupt):
    """What a time limit raises: any other exception `check` reports as the solution's and goes on."""


def is_killed(mutant: Mutant) -> bool:
    """Return whether a mutant fails to load, to end, or to earn every point."""
    with _time_limit(LONGEST):
        try:
            solution = load(mutant.exercise, mutant.source)
            return not all(check(solution, one).passed for one in case_by_case(mutant.exercise))
        except (Exception, OutOfTime):
            return True


@cache
def case_by_case(name: str) -> list[Exercise]:
    """Return the exercise once for each of its cases, so that the first that fails ends the matter. No mistake is
    looked for: the points do not depend on it."""
    exercise = exercises()[name]
    cases = draw_cases(exercise, PUBLIC_SEED)
    return [replace(exercise, inputs=partial(_only, case), suspects=()) for case in cases]


def _only(case: Case, rng: np.random.Generator) -> list[Case]:
    return [case]


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def stop(signal_number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)  # a check leaves time to whoever has set a limit


def survivors(exercise: str) -> set[str]:
    """Return the mutants that are not killed. The solution itself must load: else every mutant would look dead."""
    load(exercise, solutions()[exercise])
    return {mutant.change for mutant in mutants(exercise) if not is_killed(mutant)}


@pytest.mark.parametrize("exercise", exercises())
def test_only_mutants_that_compute_the_same_survive(exercise: str) -> None:
    assert survivors(exercise) == set(EQUIVALENT.get(exercise, {}))


@pytest.mark.parametrize("exercise", exercises())
def test_every_solution_has_mutants(exercise: str) -> None:
    assert next(mutants(exercise), None) is not None


def test_every_exercise_has_a_solution_that_earns_every_point() -> None:
    points = {name: check(load(name, source), name) for name, source in solutions().items()}
    assert {name for name, report in points.items() if not report.passed} == set()
    assert points.keys() == exercises().keys()


def test_a_mutant_that_never_ends_counts_as_killed() -> None:
    started = time.process_time()
    assert is_killed(Mutant("mlp_backward", "endless", "def mlp_backward(*given):\n    while True: pass"))
    assert time.process_time() - started < 2 * LONGEST
    assert signal.getsignal(signal.SIGPROF) is signal.SIG_DFL
