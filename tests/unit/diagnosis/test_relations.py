"""Relations between a wrong answer and the right one are found in arrays of any rank, by the sizes a case has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from autograder import check
from autograder.attempts.observe import call
from autograder.exercise import Arrays, Case, Exercise, Section
from autograder.judging import compare_with_expected
from autograder.report import Finding

A = Any
# Shapes of an upstream gradient: batch, channels, length; or batch, channels, height, width.
THREE = ((4, 3, 5), (2, 5, 3), (6, 2, 7), (1, 4, 3))
FOUR = ((4, 3, 2, 5), (2, 5, 3, 2), (6, 2, 4, 3), (3, 4, 2, 2))


def doubled(case: Case) -> Arrays:
    """The gradient at x of y = 2x: twice what arrives from above."""
    return {"value": 2 * np.asarray(next(iter(case.arguments.values())))}


def summed(axes: tuple[int, ...], case: Case) -> Arrays:
    """The gradient of one bias a channel."""
    return {"value": np.asarray(next(iter(case.arguments.values()))).sum(axis=axes)}


def exercise(
    shapes: tuple[tuple[int, ...], ...],
    right: Callable[[Case], Arrays] = doubled,
    name: str = "upstream",
    **stated: Callable[[tuple[int, ...]], A],
) -> Exercise:
    """Return an exercise with one argument, of these shapes; `stated` makes fields of Case from a shape."""

    def inputs(rng: np.random.Generator) -> list[Case]:
        return [
            Case(f"shape {shape}", {name: rng.normal(size=shape)}, **{key: of(shape) for key, of in stated.items()})
            for shape in shapes
        ]

    return Exercise(
        name="of_any_rank",
        signature=f"of_any_rank({name})",
        chapter="03_delta_template",
        points={"value": 1},
        section=Section("", ""),
        inputs=inputs,
        attempt=partial(call, names=("value",)),
        expected=right,
        numerical=right,
        judge=compare_with_expected,
    )


def finding(solution: Callable[..., A], of: Exercise) -> Finding:
    """Return what is found in a wrong answer."""
    [found] = check(solution, of).findings
    assert not found.passed
    return found


@pytest.mark.parametrize("shapes", [THREE, FOUR])
def test_one_over_the_batch_is_named_whatever_the_rank(shapes: A) -> None:
    assert finding(lambda g: 2 * g / len(g), exercise(shapes)).mistake == "batch-mean"


@pytest.mark.parametrize("shapes", [THREE, FOUR])
def test_a_mean_over_all_entries_is_named_whatever_the_rank(shapes: A) -> None:
    assert finding(lambda g: 2 * g / g.size, exercise(shapes)).mistake == "mean-over-all"


def test_the_batch_is_known_by_its_place_where_no_name_is_usual() -> None:
    assert finding(lambda signal: 2 * signal / len(signal), exercise(THREE, name="signal")).mistake == "batch-mean"


def sizes(letters: str) -> Callable[[tuple[int, ...]], dict[str, int]]:
    return lambda shape: dict(zip(letters, shape, strict=True))


@pytest.mark.parametrize(
    ("axes", "words"),
    [((1,), "1/F times"), ((2, 3), "1/(A·B) times"), ((0, 2, 3), "1/(N·A·B) times"), ((0, 3), "1/(N·B) times")],
)
def test_a_factor_of_any_sizes_is_told_by_the_letters_the_case_states(axes: tuple[int, ...], words: str) -> None:
    def solution(g: A) -> A:
        return 2 * g / np.prod([g.shape[axis] for axis in axes])

    assert words in finding(solution, exercise(FOUR, sizes=sizes("NFAB"))).message


def test_sizes_that_a_case_states_go_before_the_shapes_of_its_arrays() -> None:
    stated = exercise(THREE, sizes=lambda shape: {"N": shape[0] * shape[2], "C": shape[1]})
    assert finding(lambda g: 2 * g / (g.shape[0] * g.shape[2]), stated).mistake == "batch-mean"


def test_an_axis_that_is_still_to_be_summed_is_told_beside_the_batch() -> None:
    of_channels = exercise(FOUR, partial(summed, (0, 2, 3)))
    assert finding(lambda g: g.sum(axis=(2, 3)), of_channels).mistake == "batch-not-summed"
    assert "Axis 1 and axis 2 are still" in finding(lambda g: g.sum(axis=0), of_channels).message
    assert "The batch (axis 0), axis 2 and axis 3 are still" in finding(lambda g: g, of_channels).message


def test_a_first_axis_that_is_not_the_batch_is_not_called_so() -> None:
    along = exercise(THREE, partial(summed, (0, 1)), sizes=lambda shape: {"N": shape[2]})
    found = finding(lambda g: g.sum(axis=1), along)
    assert (found.mistake, "Axis 0 is still to be summed over." in found.message) == (None, True)


def test_a_slot_that_a_case_states_colours_a_missing_factor() -> None:
    squared = replace(
        exercise(THREE, lambda case: {"value": case.names.signal**2}, "signal", slots=lambda _: {"signal": "input"})
    )
    found = finding(lambda signal: signal, squared)
    assert ("A factor signal is missing" in found.message, found.slot) == (True, "input")


def test_a_first_row_alone_is_seen_in_more_than_two_axes() -> None:
    def solution(g: A) -> A:
        return 2 * g * (np.arange(len(g)) == 0)[:, None, None]

    assert "Only the first row is right." in finding(solution, exercise(THREE)).message


@pytest.mark.parametrize("shapes", [THREE, FOUR])
def test_two_axes_in_each_others_place_are_told_by_their_numbers(shapes: A) -> None:
    found = finding(lambda g: 2 * g.swapaxes(1, -1), exercise(shapes))
    assert f"Axis 1 and axis {len(shapes[0]) - 1} stand in each other's place." in found.message


def test_two_axes_of_equal_length_in_each_others_place_are_told_too() -> None:
    cubes = ((3, 2, 2), (2, 4, 4), (1, 3, 3))
    assert "Axis 1 and axis 2 stand" in finding(lambda g: 2 * g.swapaxes(1, 2), exercise(cubes)).message


def test_all_axes_that_should_stay_are_told() -> None:
    found = finding(lambda g: 2 * g.sum(axis=(1, 3)), exercise(FOUR))
    assert "It is summed over axis 1 and axis 3, which should stay." in found.message


@pytest.mark.parametrize("stated", [{}, {"sizes": sizes("NTD")}])
def test_what_is_right_only_for_a_batch_of_one_is_told_whatever_the_rank(stated: A) -> None:
    found = finding(lambda g: 2 * g[-1:] + 0 * g, exercise(THREE, **stated))
    assert "It is right only for a batch of one." in found.message


@pytest.mark.parametrize(("axis", "words"), [(1, "where T = 1"), (2, "where D = 1")])
def test_what_is_right_only_where_a_size_is_one_is_told_by_its_letter(axis: int, words: str) -> None:
    shapes = ((4, 3, 5), (2, 1, 3), (6, 2, 1), (3, 4, 2))
    found = finding(lambda g: 2 * g * np.cos(0.1 * (g.shape[axis] > 1)) ** g, exercise(shapes, sizes=sizes("NTD")))
    assert f"It is right only {words}." in found.message


def test_what_is_right_only_where_two_sizes_are_equal_is_told_by_their_letters() -> None:
    shapes = ((4, 3, 3), (2, 5, 3), (6, 2, 7), (1, 4, 4))
    found = finding(lambda g: 2 * g + (g.shape[1] != g.shape[2]), exercise(shapes, sizes=sizes("NTD")))
    assert "It is right only where T = D." in found.message


# --- single precision


def single(value: A) -> A:
    return value.astype(np.float32) if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("name", ["output_delta", "bias_add_backward", "softmax_backward", "hidden_delta"])
def test_single_precision_has_one_verdict_for_public_and_hidden_inputs_and_is_told_in_words(name: str) -> None:
    from tests.unit.corpus import RIGHT

    reports = [check(lambda *a: RIGHT[name][0](*map(single, a)), name, seed) for seed in (None, *range(40))]
    assert [report.points for report in reports] == [0] * len(reports)
    assert all("single precision" in found.message for report in reports for found in report.findings)


def test_right_numbers_that_are_only_kept_in_single_precision_cost_nothing() -> None:
    from tests.unit.corpus import RIGHT

    for name in ("output_delta", "softmax", "leaky_relu_backward", "cross_entropy_backward", "bias_gradient"):
        for seed in (None, *range(20)):
            assert check(lambda *a, name=name: np.float32(RIGHT[name][0](*a)), name, seed).passed, name


def test_half_precision_is_not_called_single() -> None:
    found = check(lambda O, t: ((O - t) * O * (1 - O)).astype(np.float16), "output_delta").findings[0]
    assert found.mistake is None


def test_rounding_to_seven_digits_is_not_called_single_precision() -> None:
    found = check(lambda O, t: np.round((O - t) * O * (1 - O), 7), "output_delta").findings[0]
    assert found.mistake is None
