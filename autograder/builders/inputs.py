"""Draws the numbers on which an answer that is nearly right parts from the right one.

Some mistakes show only where contributions nearly cancel, where an activation is nearly straight or nearly flat, or
beyond a size that somebody took for the largest. The chapters share what they draw for that here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from autograder.attempts.answers import Array

Rng: TypeAlias = np.random.Generator

# How far, relative to their size, things are apart that nearly cancel: 7 digits, as float32 has, leave 3 of the answer.
CLOSE = 1e-4
# What is left over where an output is nearly right: each below what somebody may take for nothing. The smallest leaves
# an answer that is still above the floor of the comparison.
RESIDUALS = (5e-4, 5e-7, 1e-8)
# Of a layer, (N, D, M): all sizes different, a batch of one, a single unit above or below, squares, where a transpose
# fits without an error.
LAYER_SIZES = (
    (4, 3, 2),
    (5, 2, 4),
    (1, 3, 2),
    (1, 4, 1),
    (6, 2, 1),
    (3, 3, 3),
    (2, 2, 2),
    (4, 4, 4),
)
BEYOND_TEN = (11, 12, 13)  # nothing in an exercise has ten entries, whatever the example in the book had
FULL = 800.0  # exp of it is infinite in float64


def signs(rng: Rng, shape: tuple[int, ...]) -> Array:
    """Return −1 and 1 at random; of two entries or more at least one is −1 and one is 1."""
    drawn = np.asarray(rng.choice([-1.0, 1.0], shape))
    if drawn.size > 1:
        drawn.flat[:2] = rng.permutation([-1.0, 1.0])
    return drawn


def nets_near_zero(rng: Rng, shape: tuple[int, ...]) -> Array:
    """Return pre-activations so near 0 that a sigmoid looks like a straight line, and is none to six digits."""
    return signs(rng, shape) * rng.uniform(0.005, 0.0099, shape)


def nets_far_out(rng: Rng, shape: tuple[int, ...]) -> Array:
    """Return pre-activations on both sides where a sigmoid looks flat, and is not."""
    return signs(rng, shape) * rng.uniform(6.5, 9.5, shape)


def overflowing_nets(rng: Rng, shape: tuple[int, ...]) -> Array:
    """Return pre-activations on both sides whose exponential is infinite, or 0."""
    return signs(rng, shape) * rng.uniform(FULL - 50, FULL + 50, shape)


def zeros_after_positive(rng: Rng) -> Array:
    """Return pre-activations (3, 3), two exactly 0: what stands before each of them, in row and column, is positive."""
    net = rng.uniform(0.1, 2.0, (3, 3))
    net[0, 2] *= -1.0
    net[2, 0] *= -1.0
    net[1, 1], net[2, 2] = 0.0, -0.0
    return net


def with_twins(rng: Rng, array: Array, axis: int, sign: float = 1.0) -> Array:
    """Return `array` followed along `axis` by itself times `sign`, every copy a little off.

    Of two arrays, one with the sign 1 and one with −1, all products along the axis nearly cancel.
    """
    off = 1 + CLOSE * signs(rng, array.shape) * rng.uniform(0.5, 1.0, array.shape)
    return np.concatenate([array, sign * array * off], axis=axis)


def twinned(rng: Rng, values: Mapping[str, Array], **how: tuple[int, float]) -> dict[str, Array]:
    """Return `values` with those that `how` names, with an axis and a sign for each, followed by their twins."""
    return {**values, **{name: with_twins(rng, values[name], axis, sign) for name, (axis, sign) in how.items()}}


def normals(rng: Rng, **shapes: tuple[int, ...]) -> dict[str, Array]:
    """Return arrays of these shapes from N(0, 1), drawn in this order."""
    return {name: np.asarray(rng.normal(size=shape)) for name, shape in shapes.items()}
