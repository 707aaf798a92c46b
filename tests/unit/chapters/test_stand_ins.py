"""Do right answers stand in for the learner's, whatever they are called with, and within bounds?"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest
import torch

from autograder import Exercise, check, exercises
from autograder.builders.gradient_exercise import gradient_exercise
from autograder.exercise import Case, Section, parameters
from autograder.sandbox import session

A = Any
Tensor = torch.Tensor


# --- how an exercise is called


def test_a_signature_is_read_as_python_reads_it() -> None:
    def as_written(x, W: tuple[int, int], /, axes=(0, 1), label="a, b", *, stride=1, b=None): ...  # type: ignore[no-untyped-def]

    read = parameters('conv(x, W: tuple[int, int], /, axes=(0, 1), label="a, b", *, stride=1, b=None)')
    written = [
        one.replace(annotation=inspect.Parameter.empty) for one in inspect.signature(as_written).parameters.values()
    ]
    assert list(read.parameters.values()) == written


@pytest.mark.parametrize(
    ("signature", "names"),
    [
        ("bug_1()", []),
        ("SigmoidLinear.apply(x, W, b)", ["x", "W", "b"]),
        ("Value(data, parents=(), slopes=())", ["data", "parents", "slopes"]),
    ],
)
def test_signatures_without_parameters_of_methods_and_of_classes_are_read(signature: str, names: list[str]) -> None:
    assert list(parameters(signature).parameters) == names


def test_a_signature_that_leaves_parameters_open_is_refused() -> None:
    with pytest.raises(ValueError, match="a signature names all its parameters"):
        parameters("f(x, *others)")


def test_every_exercise_has_a_signature_that_can_be_read() -> None:
    for exercise in exercises().values():
        parameters(exercise.signature)


# --- a gradient with a default, and one that is passed by name


def _strided(upstream: Tensor, x: Tensor, stride: Tensor, scale: Tensor) -> Tensor:
    return (upstream * x[:: int(stride)] * scale).sum()


def _cases(rng: np.random.Generator) -> list[Case]:
    sizes = ((6, 2, 1.0), (9, 3, 2.0), (4, 1, 0.5))
    return [
        Case(
            f"N = {N}, stride {stride}",
            {"upstream": rng.normal(size=-(-N // stride)), "x": rng.normal(size=N), "stride": stride, "scale": scale},
        )
        for N, stride, scale in sizes
    ]


STRIDED = gradient_exercise(
    "strided_backward(upstream: Array, x: Array, stride=1, *, scale=1.0)",
    "03_delta_template",
    Section("", ""),
    {"dx": 1},
    _cases,
    _strided,
    {"dx": "x"},
)


def test_an_exercise_may_have_a_default_and_a_parameter_that_is_passed_by_name() -> None:
    def strided_backward(upstream: A, x: A, stride: int = 1, *, scale: float = 1.0) -> A:
        dx = np.zeros_like(x)
        dx[::stride] = scale * upstream
        return dx

    assert check(strided_backward, STRIDED).passed


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("upstream", "x"), {}),
        (("upstream", "x", 1), {"scale": 1.0}),
        (("upstream",), {"x": "x"}),
        ((), {"x": "x", "upstream": "upstream", "stride": 1}),
    ],
)
def test_a_stand_in_is_called_as_the_learners_function_could_be(arguments: A, named: Mapping[str, A]) -> None:
    values = {"upstream": np.array([1.0, 2.0]), "x": [3.0, 4.0]}
    given = [values.get(one, one) for one in arguments]
    assert STRIDED.stand_in is not None
    dx = STRIDED.stand_in(*given, **{name: values.get(one, one) for name, one in named.items()})
    np.testing.assert_allclose(np.asarray(dx), [1.0, 2.0])


def test_a_stand_in_that_is_called_wrongly_says_how_it_is_called() -> None:
    assert STRIDED.stand_in is not None
    with pytest.raises(TypeError, match=r"strided_backward\(.*\) was called in another way: missing .* 'x'"):
        STRIDED.stand_in(np.ones(2))


# --- what comes over the wire


def answered(exercise: Exercise, *arguments: A, **named: A) -> dict[str, A]:
    assert exercise.stand_in is not None
    call = {"call": exercise.name, "arguments": arguments, "named": named}
    return session._answer(call, {exercise.name: exercise.stand_in})


def test_arguments_of_the_size_of_a_convolution_are_answered() -> None:
    x, delta = np.ones((200, 3 * 32 * 32)), np.ones((200, 64))
    found = answered(exercises()["weight_gradient"], x, delta=delta)
    np.testing.assert_allclose(found["value"], 200.0)


def test_a_graph_of_ten_thousand_nodes_is_put_in_order() -> None:
    parents = [[i + 1] for i in range(9_999)] + [[]]
    assert answered(exercises()["topological_order"], parents)["value"] == list(range(9_999, -1, -1))


LARGE: dict[str, tuple[str, tuple[A, ...]]] = {
    "too much to read": ("output_delta", (np.ones((1500, 1500)), np.ones((1500, 1500)))),
    "a product of two long rows": ("weight_gradient", (np.ones((1, 200_000)), np.ones((1, 200_000)))),
    "three axes that spread": (
        "add_backward",
        (np.ones((2000, 1, 1)), np.ones((1, 2000, 1)), np.ones((1, 1, 2000))),
    ),
    "an empty array that is long": ("weight_gradient", (np.ones((0, 200_000)), np.ones((0, 200_000)))),
    "the square of a long row": ("softmax_jacobian", (np.full(300_000, 1 / 300_000),)),
    "a result that is too large": ("weight_gradient", (np.ones((1, 2_000)), np.ones((1, 2_000)))),
}


@pytest.mark.parametrize(("name", "arguments"), LARGE.values(), ids=LARGE.keys())
def test_what_would_take_too_much_memory_is_refused(name: str, arguments: tuple[A, ...]) -> None:
    before = psutil.Process().memory_info().rss
    assert answered(exercises()[name], *arguments).keys() == {"error"}
    assert psutil.Process().memory_info().rss - before < 300_000_000


def test_a_list_within_itself_is_refused() -> None:
    endless: list[A] = []
    endless.append(endless)
    assert answered(exercises()["output_delta"], endless) == {"error": "the arguments are too large"}
