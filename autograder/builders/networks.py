"""Draws networks x → W1, b1 → LeakyReLU → W2, b2 → logits, and the numbers on which their gradients part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from autograder.attempts.answers import Array
from autograder.attempts.mlp_by_hand import PARAMS
from autograder.builders.inputs import CLOSE, signs, twinned
from autograder.exercise import Case
from autograder.oracles.autodiff import Forward, central_differences, differences_from_below

Rng: TypeAlias = np.random.Generator

FROM_KINK = 1e-3  # how far a pre-activation stays from 0, unless it is exactly 0
ORDERS = (PARAMS, ("b2", "W2", "b1", "W1"), ("W2", "b1", "W1", "b2"))  # of the keys of a dict, in turn


def off_the_kink(net: Array) -> bool:
    """Return whether every entry is exactly 0 or farther from it than central differences reach."""
    return bool(((net == 0) | (abs(net) > FROM_KINK)).all())


def draw_network(rng: Rng, sizes: tuple[int, int, int, int], kink: bool = False) -> dict[str, Array]:
    """Draw x, labels, W1, b1, W2, b2 for sizes (N, D, H, K), every pre-activation off the kink.

    With `kink`, the second sample is (1, 0, ...) and the second hidden unit's pre-activation there exactly 0; those of
    the unit before it and of the sample before it are positive.
    """
    N, D, H, K = sizes
    while True:
        x, W1, b1 = rng.normal(size=(N, D)), rng.normal(size=(D, H)), rng.normal(size=H)
        if kink:
            x[1], b1[1] = np.eye(D)[0], -W1[0, 1]
        net = x @ W1 + b1
        after_positive = not kink or (net[1, 0] > 0 and net[0, 1] > 0)
        both_sides = net.size == 1 or ((net < 0).any() and (net > 0).any())
        if off_the_kink(net) and both_sides and after_positive:
            break
    W2, b2 = rng.normal(size=(H, K)), rng.normal(size=K)
    return {"x": x, "labels": rng.integers(0, K, N), "W1": W1, "b1": b1, "W2": W2, "b2": b2}


def network_case(
    drawn: Mapping[str, Array], arguments: Sequence[str], order: Sequence[str] = PARAMS, **numbers: float
) -> Case:
    """Return the case whose arguments are those arrays of `drawn`, then params in this order, then the numbers."""
    N, D = drawn["x"].shape
    H, K = drawn["W2"].shape
    params = {name: drawn[name] for name in order}
    label = f"N = {N}, D = {D}, H = {H}, K = {K}, " + ", ".join(f"{n} {v:g}" for n, v in numbers.items())
    return Case(label, {**{name: drawn[name] for name in arguments}, "params": params, **numbers})


def shifted(drawn: Mapping[str, Array], by: float) -> dict[str, Array]:
    """Add the same to all logits, which no softmax sees."""
    return {**drawn, "b2": drawn["b2"] + by}


def rows_far_apart(rng: Rng, drawn: dict[str, Array]) -> dict[str, Array]:
    """Add the same to all logits of a sample, about 1000 or −1000, by weights that no softmax sees."""
    net = drawn["x"] @ drawn["W1"] + drawn["b1"]
    hidden = np.where(net > 0, net, 0.2 * net)
    toward = np.linalg.lstsq(hidden, 1000.0 * signs(rng, (len(hidden),)), rcond=None)[0]
    return {**drawn, "W2": drawn["W2"] + toward[:, None]}


def logits_far_apart(drawn: dict[str, Array]) -> dict[str, Array]:
    """Let the first class have logits near 1000, the second near −1000; samples of both classes and of others."""
    b2, labels = drawn["b2"].copy(), drawn["labels"].copy()
    b2[:2] += 1000.0, -1000.0
    labels[:4] = 1, 0, 2, 1
    return {**drawn, "b2": b2, "labels": labels}


def samples_alike(drawn: dict[str, Array]) -> dict[str, Array]:
    """Let all samples be of one class, and the last of them be the first one again."""
    x = drawn["x"].copy()
    x[-1] = x[0]
    return {**drawn, "x": x, "labels": np.full_like(drawn["labels"], 1)}


def hidden_twins(rng: Rng, drawn: dict[str, Array]) -> dict[str, Array]:
    """Give every hidden unit a twin with nearly the same weights below and nearly the opposite ones above."""
    return {**twinned(rng, drawn, W1=(1, 1.0), b1=(0, 1.0), W2=(0, -1.0)), "b2": CLOSE * drawn["b2"]}


def beside_the_kink(forward: Forward, given: Mapping[str, Any], wrt: Iterable[str]) -> dict[str, Array]:
    """Differentiate a network numerically; what moves a pre-activation that is exactly 0 is differentiated from below,
    for there the course defines the slope as the left one."""
    found = central_differences(forward, given, wrt)
    if (given["x"] @ given["W1"] + given["b1"]).all():
        return found
    return {**found, **differences_from_below(forward, given, ("W1", "b1"))}
