"""The two oracles: PyTorch autograd, and central differences. Both work from a forward formula only.

A forward formula is a function of float64 tensors, given by name, that returns one number E. Where an exercise
has an upstream gradient g, its forward formula is E = Σ g · f(inputs): the gradient of that is the vector–Jacobian
product of f with g.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np
import torch

from autograder.attempts.answers import Array

Forward: TypeAlias = Callable[..., torch.Tensor]


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


def autograd(forward: Forward, given: Mapping[str, Array], wrt: Iterable[str]) -> dict[str, Array]:
    """Return ∂E/∂given[name] for each name of `wrt`, by PyTorch autograd in float64.

    Each result has the shape of its input; an input that E does not depend on has gradient 0.
    """
    names = list(wrt)
    tensors = _tensors(given)
    leaves = [tensors[name].requires_grad_() for name in names]
    with torch.enable_grad():
        gradients = torch.autograd.grad(forward(**tensors), leaves, allow_unused=True)
    return {
        name: np.zeros(np.shape(given[name])) if gradient is None else gradient.numpy()
        for name, gradient in zip(names, gradients, strict=True)
    }


def central_differences(
    forward: Forward, given: Mapping[str, Array], wrt: Iterable[str], h: float = STEP
) -> dict[str, Array]:
    """Return (E(v+h) − E(v−h)) / 2h for every entry v of given[name], for each name of `wrt`, in float64."""
    return {name: _differences(forward, dict(given), name, h) for name in wrt}


def differences_from_below(
    forward: Forward, given: Mapping[str, Array], wrt: Iterable[str], h: float = STEP
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
    forward: Forward, given: dict[str, Array], name: str, h: float, formula: Mapping[int, int] = _CENTRAL
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


def _value(forward: Forward, given: Mapping[str, Array]) -> float:
    with torch.no_grad():
        return float(forward(**_tensors(given)))


def _tensors(given: Mapping[str, Array]) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(np.asarray(value), dtype=torch.float64) for name, value in given.items()}
