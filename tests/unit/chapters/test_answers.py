"""The kill matrix: right solutions written differently are accepted, every wrong one is rejected."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

from autograder import check, exercises, labs
from autograder.checking import PUBLIC_SEED
from autograder.oracles.recorded import unpack
from autograder.report import Report
from tests.unit.all_answers import answers
from tests.unit.corpus import RIGHT, WRONG, Wrong, solutions

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


# --- the same where PyTorch is not installed: from recorded answers, and by the tape

ONE_IN = 20  # of the corpus, where there is little time
# They draw numbers without a seed, or others at every call, so their own answers differ from check to check.
UNSEEDED = {
    ("train_xor", "another start every time"),
    ("dropout_mask", "a generator of its own"),
    ("dropout_mask", "Python's random"),
    ("dropout_backward", "a fresh mask"),
    ("mlp_dropout_backward", "a fresh mask going back"),
}


def _without_pytorch(*arguments: object) -> bytes:
    command = [sys.executable, "-m", "tests.unit.without_pytorch", *map(str, arguments)]
    return subprocess.run(command, cwd=labs.ROOT, check=True, stdout=subprocess.PIPE).stdout


@pytest.fixture(scope="session")
def reports_without_pytorch(quick: bool) -> dict[int, Any]:
    """Return the reports on the corpus by the place of the solution in it."""
    return {one["place"]: one for one in json.loads(_without_pytorch("reports", ONE_IN if quick else 1))}


@pytest.mark.parametrize("exercise", exercises())
def test_without_pytorch_a_report_is_the_same(exercise: str, reports_without_pytorch: dict[int, Any]) -> None:
    named = [*("" for found in RIGHT.values() for _ in found), *(wrong.label for wrong in WRONG)]
    for place, (name, solution) in enumerate(solutions()):
        if name != exercise or place not in reports_without_pytorch or (name, named[place]) in UNSEEDED:
            continue
        report, other = checked(solution, name, PUBLIC_SEED), reports_without_pytorch[place]
        if exercises()[name].needs_torch:
            assert {finding["kind"] for finding in other["data"]["findings"]} == {"not here"}
        else:
            assert other["text"] == str(report), named[place]
            assert _but_for_last_digits(other["data"]) == _but_for_last_digits(report.to_data()), named[place]


def _but_for_last_digits(data: Any) -> Any:
    """Return the data of a report with its errors to six digits."""
    findings = [{**finding, "error": float(f"{finding['error']:.6g}")} for finding in data["findings"]]
    return json.loads(json.dumps({**data, "findings": findings}))


@pytest.fixture(scope="session")
def answers_without_pytorch() -> Mapping[str, Any]:
    return unpack(_without_pytorch("answers", HIDDEN_SEEDS[0]))


@pytest.mark.slow
@pytest.mark.parametrize("exercise", exercises())
def test_on_other_inputs_the_tape_answers_as_pytorch_does(
    exercise: str, answers_without_pytorch: Mapping[str, Any]
) -> None:
    pytorchs = answers(exercises()[exercise], HIDDEN_SEEDS[0])
    for theirs, ours in zip(pytorchs, answers_without_pytorch[exercise], strict=True):
        assert ours.keys() == theirs.keys()
        for name, wanted in theirs.items():
            assert (ours[name] is None) == (wanted is None), name
            if wanted is not None:
                scale = np.abs(wanted[np.isfinite(wanted)]).max(initial=0.0)
                np.testing.assert_allclose(ours[name], wanted, rtol=1e-6, atol=1e-9 * scale + 1e-15, err_msg=name)
