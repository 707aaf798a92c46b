"""PyTorch autograd and central differences vouch for each other on every exercise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder import exercises
from autograder.checking import draw_cases
from autograder.exercise import Exercise
from autograder.oracles.autodiff import autograd, central_differences, differences_from_below, relative_error

each_exercise = pytest.mark.parametrize("exercise", exercises().values(), ids=exercises().keys())


@each_exercise
@pytest.mark.parametrize("seed", [0, 1])
def test_the_two_oracles_agree_on_every_case(exercise: Exercise, seed: int) -> None:
    for case in draw_cases(exercise, seed):
        expected, numerical = exercise.expected(case), exercise.numerical(case)
        assert expected.keys() == numerical.keys()
        for part in expected:
            scale = max(np.abs(expected[part]).max(initial=0.0), 1e-3)
            assert np.abs(expected[part] - numerical[part]).max(initial=0.0) <= 1e-6 * scale, (case.label, part)


@each_exercise
def test_an_exercise_draws_the_same_cases_from_the_same_seed(exercise: Exercise) -> None:
    first = draw_cases(exercise, 7)
    draw_cases.cache_clear()
    assert repr(first) == repr(draw_cases(exercise, 7))


@each_exercise
def test_an_exercise_draws_other_cases_from_another_seed(exercise: Exercise) -> None:
    assert repr(draw_cases(exercise, 7)) != repr(draw_cases(exercise, 8))


def test_a_step_is_the_step_of_pytorchs_own_optimiser() -> None:
    for case in draw_cases(exercises()["sgd_step"], 3):
        leaves = {name: torch.tensor(array) for name, array in case.names.params.items()}
        for name, leaf in leaves.items():
            leaf.grad = torch.tensor(case.names.gradients[name])
        torch.optim.SGD(leaves.values(), lr=float(case.names.lr)).step()
        stepped = np.concatenate([leaves[name].numpy().ravel() for name in ("W1", "b1", "W2", "b2")])
        assert exercises()["sgd_step"].expected(case)["values"].tobytes() == stepped.tobytes()


def test_autograd_gives_zero_for_an_input_that_plays_no_part() -> None:
    gradients = autograd(lambda a, b: a.sum(), {"a": np.ones(2), "b": np.ones((2, 3))}, ["a", "b"])
    assert gradients["b"].tolist() == np.zeros((2, 3)).tolist()


def test_central_differences_are_exact_for_a_square() -> None:
    x = np.array([[1.0, -2.0, 0.5]])
    found = central_differences(lambda x: (x**2).sum(), {"x": x}, ["x"])["x"]
    assert np.abs(found - 2 * x).max() < 1e-9


def test_differences_from_below_give_the_slope_on_the_left_of_a_kink() -> None:
    x = np.array([0.0, 2.0])
    found = differences_from_below(
        lambda x: (torch.nn.functional.leaky_relu(x, 0.3) ** 2 + abs(x)).sum(), {"x": x}, ["x"]
    )
    assert np.abs(found["x"] - [-1.0, 5.0]).max() < 1e-9


def test_central_differences_leave_the_point_where_it_was() -> None:
    x = np.array([1.0, 2.0])
    before = x.tobytes()
    central_differences(lambda x: torch.sin(x).sum(), {"x": x}, ["x"])
    assert x.tobytes() == before


def _linear_in_upstream(exercise: str, upstream: str) -> Callable[[float, int], None]:
    def check(factor: float, seed: int) -> None:
        chosen = exercises()[exercise]
        assert chosen.stand_in is not None
        for case in draw_cases(chosen, seed)[:3]:
            scaled = {**case.arguments, upstream: factor * case.arguments[upstream]}
            once = np.atleast_1d(
                np.concatenate([np.ravel(a) for a in _tuple(chosen.stand_in(*case.arguments.values()))])
            )
            scaled_answer = np.concatenate([np.ravel(a) for a in _tuple(chosen.stand_in(*scaled.values()))])
            np.testing.assert_allclose(scaled_answer, factor * once, rtol=1e-9, atol=1e-9)

    return check


def _tuple(answer: object) -> tuple[np.ndarray, ...]:
    return answer if isinstance(answer, tuple) else (np.asarray(answer),)


@pytest.mark.parametrize(
    ("exercise", "upstream"),
    [("hidden_delta", "delta_above"), ("weight_gradient", "delta"), ("bias_gradient", "delta")],
)
@given(factor=st.floats(-5, 5), seed=st.integers(0, 2**16))
def test_a_vector_jacobian_product_is_linear_in_the_upstream_gradient(
    exercise: str, upstream: str, factor: float, seed: int
) -> None:
    _linear_in_upstream(exercise, upstream)(factor, seed)


@given(seed=st.integers(0, 2**16))
def test_the_layer_is_adjoint_to_its_forward_derivative(seed: int) -> None:
    """⟨Jv, g⟩ = ⟨v, Jᵀg⟩ with J v from PyTorch's forward-mode derivative."""
    layer = exercises()["sigmoid_linear_backward"]
    assert layer.stand_in is not None
    case = draw_cases(layer, seed)[0]
    upstream, x, W, b, offset = (
        torch.tensor(case.oracle_inputs[name]) for name in ("upstream", "x", "W", "b", "offset")
    )
    v = torch.tensor(np.random.default_rng(seed).normal(size=x.shape))
    _, forward = torch.autograd.functional.jvp(lambda x: torch.sigmoid(x @ W + b + offset), x, v)
    dx, _, _ = layer.stand_in(*case.arguments.values())
    assert float((forward * upstream).sum()) == pytest.approx(float((v.numpy() * dx).sum()), rel=1e-9, abs=1e-12)


def test_relative_error_of_two_zeros_is_zero() -> None:
    assert relative_error(np.zeros(3), np.zeros(3)) == 0.0


def test_relative_error_of_opposite_numbers_is_one() -> None:
    assert relative_error(np.array([2.0]), np.array([-2.0])) == 1.0
