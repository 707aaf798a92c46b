"""The tape differentiates as PyTorch does: every operation, alone and in formulas put together at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.oracles import tape

LABELS = np.array([2, 0, 1])

# Of a namespace, PyTorch or the tape, and two tensors: x (3, 4) and y (3, 4), which are not 0.
OPERATIONS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "sum": lambda t, x, y: x + y,
    "a number plus": lambda t, x, y: 2.5 + x,
    "add": lambda t, x, y: t.add(x, y),
    "add with a factor": lambda t, x, y: x.add(y, alpha=-0.3),
    "difference": lambda t, x, y: x - y,
    "a number less": lambda t, x, y: 1 - x,
    "product": lambda t, x, y: x * y,
    "mul": lambda t, x, y: t.mul(x, y),
    "quotient": lambda t, x, y: x / y,
    "a number over": lambda t, x, y: 2 / y,
    "power": lambda t, x, y: y**3,
    "negative": lambda t, x, y: -x,
    "absolute value": lambda t, x, y: abs(y),
    "abs": lambda t, x, y: y.abs(),
    "a row for all": lambda t, x, y: x * y[0],
    "a column for all": lambda t, x, y: x + y[:, :1],
    "one number for all": lambda t, x, y: x * y[0, 0],
    "matrix product": lambda t, x, y: x @ y.T,
    "matrix and vector": lambda t, x, y: x @ y[1],
    "vector and matrix": lambda t, x, y: x[:, 0] @ y,
    "vector and vector": lambda t, x, y: x[0] @ y[2],
    "stacked products": lambda t, x, y: x.reshape(2, 2, 3) @ y.reshape(2, 3, 2),
    "transpose": lambda t, x, y: x.T * y.T,
    "reshape": lambda t, x, y: x.reshape(2, 6) * y.reshape(2, 6),
    "ravel": lambda t, x, y: x.ravel() * y.flatten(),
    "flatten from an axis": lambda t, x, y: x.reshape(3, 2, 2).flatten(1) * y,
    "expand": lambda t, x, y: x.sum(0, keepdim=True).expand_as(y) * y,
    "entries": lambda t, x, y: x[1:, [0, 2, 2]],
    "gather": lambda t, x, y: x.gather(1, t.tensor(LABELS)[:, None]),
    "sum along an axis": lambda t, x, y: x.sum(0) * y,
    "sum that keeps its axis": lambda t, x, y: x.sum(1, keepdim=True) * y,
    "mean": lambda t, x, y: x.mean() * y,
    "mean along an axis": lambda t, x, y: x.mean(0) * y,
    "largest": lambda t, x, y: x.max() * y,
    "largest, as a function": lambda t, x, y: t.max(x) * y,
    "largest along an axis": lambda t, x, y: x.amax(1, keepdim=True) * y,
    "clamp": lambda t, x, y: x.clamp(-0.5, 0.5),
    "clamp from below": lambda t, x, y: x.clamp(min=-0.1),
    "exp": lambda t, x, y: x.exp() + t.exp(y),
    "log": lambda t, x, y: abs(y).log() + t.log(abs(x) + 1),
    "sin": lambda t, x, y: t.sin(x),
    "sigmoid": lambda t, x, y: t.sigmoid(x) + y.sigmoid(),
    "tanh": lambda t, x, y: t.tanh(x),
    "atanh": lambda t, x, y: t.atanh(t.tanh(x)),
    "logit": lambda t, x, y: t.logit(t.sigmoid(x)),
    "relu": lambda t, x, y: t.relu(x),
    "leaky relu": lambda t, x, y: t.nn.functional.leaky_relu(x, 0.2),
    "softplus": lambda t, x, y: t.nn.functional.softplus(x),
    "where": lambda t, x, y: t.where(x > 0, x, 0.3 * y),
    "where with a number": lambda t, x, y: t.where(x >= y, x, 1.5),
    "softmax": lambda t, x, y: t.softmax(x, 1) * y,
    "softmax along the batch": lambda t, x, y: t.softmax(x, dim=0) * y,
    "log-softmax": lambda t, x, y: t.log_softmax(x, 1) * y,
    "logsumexp": lambda t, x, y: t.logsumexp(x, 1),
    "cross-entropy": lambda t, x, y: t.nn.functional.cross_entropy(x, t.tensor(LABELS)) * y,
    "one-hot": lambda t, x, y: t.nn.functional.one_hot(t.tensor(LABELS), 4).to(x.dtype) * x,
    "detached": lambda t, x, y: x.detach() * y,
    "zeros and ones": lambda t, x, y: x * t.ones_like(x) + t.full_like(x, 2.0) * y + x.new_zeros(()),
    "counting": lambda t, x, y: x * (t.arange(4) == 2),
}
numbers = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).normal(size=(2, 3, 4)))


def value_and_gradients(namespace: Any, formula: Callable[[Any, Any, Any], Any], arrays: Any) -> list[Any]:
    """Return the value, and the vector–Jacobian product with cos(0), cos(1), ... as the upstream gradient."""
    x, y = (namespace.tensor(array, requires_grad=True) for array in arrays)
    value = formula(namespace, x, y)
    upstream = namespace.tensor(np.cos(np.arange(value.detach().numpy().size)).reshape(value.shape))
    found = namespace.autograd.grad((value * upstream).sum(), [x, y], allow_unused=True)
    return [value.detach().numpy(), *(None if one is None else one.numpy() for one in found)]


def assert_as_pytorch(formula: Callable[[Any, Any, Any], Any], arrays: Any) -> None:
    for ours, theirs in zip(*(value_and_gradients(t, formula, arrays) for t in (tape, torch)), strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("formula", OPERATIONS.values(), ids=OPERATIONS.keys())
@given(arrays=numbers)
def test_an_operation_is_pytorchs(formula: Callable[[Any, Any, Any], Any], arrays: Any) -> None:
    assert_as_pytorch(formula, arrays)


@given(arrays=numbers, first=st.sampled_from(sorted(OPERATIONS)), second=st.sampled_from(sorted(OPERATIONS)))
def test_a_value_with_two_consumers_has_the_sum_of_their_gradients(arrays: Any, first: str, second: str) -> None:
    def both(t: Any, x: Any, y: Any) -> Any:
        shared = t.tanh(x) + 0.1 * y
        return OPERATIONS[first](t, shared, y).sum() * OPERATIONS[second](t, x, shared).sum()

    assert_as_pytorch(both, arrays)


@pytest.mark.parametrize("name", ["relu", "leaky relu", "absolute value"])
def test_a_kink_has_the_slope_that_pytorch_takes_there(name: str) -> None:
    assert_as_pytorch(OPERATIONS[name], np.zeros((2, 3, 4)))


def test_equal_largest_entries_share_the_gradient_as_in_pytorch() -> None:
    assert_as_pytorch(OPERATIONS["largest"], np.ones((2, 3, 4)))


def test_a_sigmoid_far_out_overflows_nowhere() -> None:
    with np.errstate(all="raise", under="ignore"):
        assert_as_pytorch(OPERATIONS["sigmoid"], np.full((2, 3, 4), [-800.0, 800.0, -40.0, 0.0]))


def test_a_jacobian_is_pytorchs() -> None:
    W, at = np.random.default_rng(0).normal(size=(3, 2)), np.array([0.3, -1.0, 2.0])
    ours, theirs = (
        t.autograd.functional.jacobian(lambda x, t=t: t.sigmoid(x @ t.tensor(W)), t.tensor(at)).numpy()
        for t in (tape, torch)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_nothing_is_recorded_where_no_gradient_is_wanted() -> None:
    x = tape.tensor(np.ones(3), requires_grad=True)
    with tape.no_grad():
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad


def test_a_long_chain_is_gone_back_through_without_recursion() -> None:
    x = end = tape.tensor(1.0, requires_grad=True)
    for _ in range(20_000):
        end = end + 0.0 * x
    assert float(tape.autograd.grad(end, x)[0]) == 1.0


@pytest.mark.parametrize("output", [lambda x: x * 2, lambda x: x.detach().sum()], ids=["an array", "a constant"])
def test_what_has_no_gradient_is_refused(output: Callable[[Any], Any]) -> None:
    x = tape.tensor(np.ones(3), requires_grad=True)
    with pytest.raises(RuntimeError):
        tape.autograd.grad(output(x), x)
