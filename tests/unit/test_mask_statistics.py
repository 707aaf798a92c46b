"""The tests of random masks: their bound holds, right masks pass, and each kind of dependence is found."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.answers import Array
from autograder.mask_statistics import dependence, shared_along, steady_count, surprise


@given(trials=st.integers(1, 60), hits=st.integers(0, 60), probability=st.floats(0.02, 0.98))
def test_the_bound_is_never_below_the_exact_tail(trials: int, hits: int, probability: float) -> None:
    hits = min(hits, trials)
    upper = hits >= probability * trials
    tail = range(hits, trials + 1) if upper else range(hits + 1)
    exact = sum(math.comb(trials, k) * probability**k * (1 - probability) ** (trials - k) for k in tail)
    assert exact <= math.exp(-surprise(hits, trials, probability)) * (1 + 1e-9)


def test_what_cannot_happen_is_infinitely_surprising() -> None:
    assert surprise(9, 10, 1.0) == math.inf


def independent(seed: int, p: float) -> Array:
    return (np.random.default_rng(seed).random((40, 50)) >= p).astype(float)


@pytest.mark.parametrize("p", [0.0, 0.05, 0.5, 0.9])
def test_independent_entries_pass(p: float) -> None:
    many = np.stack([independent(seed, p) for seed in range(1, 40)])
    masks = {p: independent(0, p)}
    assert (shared_along(masks), steady_count(masks, many), dependence(masks)) == (None, None, "")


@pytest.mark.parametrize("axis", [0, 1])
def test_a_draw_shared_along_an_axis_is_found(axis: int) -> None:
    mask = independent(0, 0.5)
    assert shared_along({0.5: np.broadcast_to(mask.take([0], axis), mask.shape)}) == axis


def test_a_fixed_number_of_ones_in_every_row_is_found() -> None:
    order = np.random.default_rng(0).random((40, 50)).argsort(axis=1)
    many = np.stack([independent(seed, 0.5) for seed in range(40)])
    found = steady_count({0.5: (order < 25).astype(float)}, many)
    assert found is not None
    assert found.fixed


def test_a_second_half_like_the_first_is_found() -> None:
    half = independent(0, 0.5)[:20]
    assert dependence({0.5: np.concatenate([half, half])}) == "along axis 0, at a distance of 20"
