"""The two oracles: PyTorch autograd, and central differences. Both work from a forward formula only.

A forward formula is a function of what a case gives, by name, and returns one number E. Arrays come as tensors: of
float64, but whole numbers (labels, token ids) stay whole and truth values stay truth values; what it is differentiated
for is always float64. Python's own numbers (a stride, a slope), None and tuples come as they are. Where an exercise has
an upstream gradient g, its forward formula is E = Σ g · f(inputs): the gradient of that is the vector–Jacobian product
of f with g.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np

from autograder.attempts.answers import Array
from autograder.oracles.tensors import Tensor, torch

Forward: TypeAlias = Callable[..., Tensor]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let PyTorch compute in one thread meanwhile.

    On arrays as small as the course's, threads that wait for each other cost a hundred times what they compute, when
    the machine has other work too.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


STEP = 1e-5  # h of the central differences, relative to entries of size 1


def autograd(forward: Forward, given: Mapping[str, Any], wrt: Iterable[str]) -> dict[str, Array]:
    """Return ∂E/∂given[name] for each name of `wrt`, by PyTorch autograd in float64.

    Each result has the shape of its input; an input that E does not depend on has gradient 0.
    """
    names = list(wrt)
    leaves = {name: torch.tensor(np.array(given[name], np.float64, order="C"), requires_grad=True) for name in names}
    with torch.enable_grad():
        error = forward(**{**tensors(given), **leaves})
        gradients = torch.autograd.grad(error, list(leaves.values()), allow_unused=True)
    return {
        name: np.zeros(np.shape(given[name])) if gradient is None else gradient.numpy()
        for name, gradient in zip(names, gradients, strict=True)
    }


def central_differences(
    forward: Forward, given: Mapping[str, Any], wrt: Iterable[str], h: float = STEP
) -> dict[str, Array]:
    """Return (E(v+h) − E(v−h)) / 2h for every entry v of given[name], for each name of `wrt`, in float64."""
    return {name: _differences(forward, dict(given), name, h) for name in wrt}


def differences_from_below(
    forward: Forward, given: Mapping[str, Any], wrt: Iterable[str], h: float = STEP
) -> dict[str, Array]:
    """Return (3E(v) − 4E(v−h) + E(v−2h)) / 2h for every entry v of given[name]: the slope of E on the left of v.

    For a point on a kink, where the course defines the gradient as that slope and central differences average the two.
    """
    return {name: _differences(forward, dict(given), name, h, _FROM_BELOW) for name in wrt}


def relative_error(a: Array, b: Array) -> float:
    """Return the largest |a−b| / max(|a|+|b|, 1e-8) over all entries; a and b have one shape."""
    return float(np.max(np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-8)))


# Steps in units of h, with the factors of the values there in 2h·E′.
_CENTRAL = {1: 1, -1: -1}
_FROM_BELOW = {0: 3, -1: -4, -2: 1}


def _differences(
    forward: Forward, given: dict[str, Any], name: str, h: float, formula: Mapping[int, int] = _CENTRAL
) -> Array:
    centre = np.array(given[name], dtype=np.float64)
    gradient = np.empty_like(centre)
    for index in np.ndindex(centre.shape):
        values = [
            factor * _value(forward, given | {name: _moved(centre, index, step * h)})
            for step, factor in formula.items()
        ]
        gradient[index] = sum(values) / (2 * h)
    return gradient


def _moved(centre: Array, index: tuple[int, ...], step: float) -> Array:
    moved = centre.copy()
    moved[index] += step
    return moved


def _value(forward: Forward, given: Mapping[str, Any]) -> float:
    with torch.no_grad():
        return float(forward(**tensors(given)))


def tensors(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is given as a forward formula takes it."""
    return {name: _as_tensor(value) for name, value in given.items()}


def _as_tensor(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, np.ndarray):
        return value
    dtype = {"b": np.bool_, "i": np.int64, "u": np.int64}.get(value.dtype.kind, np.float64)
    return torch.tensor(np.array(value, dtype, order="C"))  # a view that runs backwards is no tensor
