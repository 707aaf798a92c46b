"""The kill matrix: right solutions written differently are accepted, every wrong one is rejected."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from autograder import check, exercises
from autograder.checking import PUBLIC_SEED
from autograder.report import Report
from tests.unit.corpus import RIGHT, WRONG, Wrong

HIDDEN_SEEDS = (1, 20_000_003)  # inputs nobody has seen
MISTAKES = [wrong for wrong in WRONG if wrong.mistake]

each_right = pytest.mark.parametrize(
    ("exercise", "solution"),
    [
        pytest.param(name, solution, id=f"{name}-{i}")
        for name, found in RIGHT.items()
        for i, solution in enumerate(found)
    ],
)


def each(wrongs: list[Wrong]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "wrong", [pytest.param(wrong, id=f"{wrong.exercise}: {wrong.label}") for wrong in wrongs]
    )


@pytest.fixture(scope="session")
def seeds(quick: bool) -> tuple[int, ...]:
    """What a learner sees and, where there is time, what nobody has seen."""
    return (PUBLIC_SEED,) if quick else (PUBLIC_SEED, *HIDDEN_SEEDS)


@cache
def checked(solution: Callable[..., Any], exercise: str, seed: int) -> Report:
    return check(solution, exercise, seed)


def failed(solution: Callable[..., Any], exercise: str, seeds: tuple[int, ...]) -> dict[int, tuple[str, ...]]:
    """Return the parts that fail, by seed."""
    reports = {seed: checked(solution, exercise, seed) for seed in seeds}
    return {seed: tuple(f.part for f in report.findings if not f.passed) for seed, report in reports.items()}


def test_every_exercise_has_three_right_solutions_written_differently() -> None:
    assert {name: len(solutions) >= 3 for name, solutions in RIGHT.items()} == dict.fromkeys(exercises(), True)


def test_every_exercise_has_wrong_solutions() -> None:
    assert exercises().keys() - {wrong.exercise for wrong in WRONG} == set()


@each_right
def test_a_right_solution_earns_every_point(
    exercise: str, solution: Callable[..., Any], seeds: tuple[int, ...]
) -> None:
    earned = {seed: checked(solution, exercise, seed).points for seed in seeds}
    assert earned == dict.fromkeys(seeds, exercises()[exercise].max_points), checked(solution, exercise, PUBLIC_SEED)


@each_right
def test_a_right_solution_is_accused_of_no_mistake(exercise: str, solution: Callable[..., Any]) -> None:
    assert [finding.mistake for finding in checked(solution, exercise, PUBLIC_SEED).findings if finding.mistake] == []


@each(WRONG)
def test_a_wrong_solution_fails_just_the_parts_it_gets_wrong(wrong: Wrong, seeds: tuple[int, ...]) -> None:
    assert failed(wrong.solution, wrong.exercise, seeds) == dict.fromkeys(seeds, wrong.parts)


@each(MISTAKES)
def test_a_catalogued_mistake_is_named(wrong: Wrong) -> None:
    report = checked(wrong.solution, wrong.exercise, PUBLIC_SEED)
    assert wrong.mistake in {finding.mistake for finding in report.findings}


@each([wrong for wrong in WRONG if not wrong.mistake])
def test_no_mistake_is_named_that_does_not_reproduce_the_answer(wrong: Wrong) -> None:
    assert {finding.mistake for finding in checked(wrong.solution, wrong.exercise, PUBLIC_SEED).findings} == {None}
