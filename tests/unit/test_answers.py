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

SEEDS = (PUBLIC_SEED, 1, 20_000_003)  # what a learner sees, and inputs nobody has seen
MISTAKES = [wrong for wrong in WRONG if wrong.mistake]

each_seed = pytest.mark.parametrize("seed", SEEDS)
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


@cache
def checked(solution: Callable[..., Any], exercise: str, seed: int) -> Report:
    return check(solution, exercise, seed)


def test_every_exercise_has_three_right_solutions_written_differently() -> None:
    assert {name: len(solutions) >= 3 for name, solutions in RIGHT.items()} == dict.fromkeys(exercises(), True)


def test_every_exercise_has_wrong_solutions() -> None:
    assert exercises().keys() - {wrong.exercise for wrong in WRONG} == set()


@each_seed
@each_right
def test_a_right_solution_earns_every_point(exercise: str, solution: Callable[..., Any], seed: int) -> None:
    report = checked(solution, exercise, seed)
    assert report.points == report.max_points, str(report)


@each_right
def test_a_right_solution_is_accused_of_no_mistake(exercise: str, solution: Callable[..., Any]) -> None:
    assert [finding.mistake for finding in checked(solution, exercise, PUBLIC_SEED).findings if finding.mistake] == []


@each_seed
@each(WRONG)
def test_a_wrong_solution_fails_just_the_parts_it_gets_wrong(wrong: Wrong, seed: int) -> None:
    report = checked(wrong.solution, wrong.exercise, seed)
    assert tuple(finding.part for finding in report.findings if not finding.passed) == wrong.parts


@each(MISTAKES)
def test_a_catalogued_mistake_is_named(wrong: Wrong) -> None:
    report = checked(wrong.solution, wrong.exercise, PUBLIC_SEED)
    assert wrong.mistake in {finding.mistake for finding in report.findings}


@each([wrong for wrong in WRONG if not wrong.mistake])
def test_no_mistake_is_named_that_does_not_reproduce_the_answer(wrong: Wrong) -> None:
    assert {finding.mistake for finding in checked(wrong.solution, wrong.exercise, PUBLIC_SEED).findings} == {None}
