"""The tests of random masks: their bound holds, right masks pass, and each kind of dependence is found."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.attempts.answers import Array
from autograder.oracles.randomness_tests import dependence, shared_along, steady_count, surprise, uncommon_count


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


def small_masks(seed: int, p: float, shape: tuple[int, ...]) -> Array:
    return (np.random.default_rng(seed).random((400, *shape)) >= p).astype(float)


@pytest.mark.parametrize("shape", [(2,), (1, 3), (2, 2), (3, 2)])
def test_small_independent_masks_have_every_number_of_ones_as_often_as_is_to_be_expected(
    shape: tuple[int, ...],
) -> None:
    assert [uncommon_count(p, small_masks(seed, p, shape)) for seed in range(30) for p in (0.4, 0.5, 0.6)] == [""] * 90


@pytest.mark.parametrize("never", [0, 2])
def test_small_masks_that_never_have_a_number_of_ones_are_found(never: int) -> None:
    masks = small_masks(0, 0.5, (2,))
    masks[masks.sum(axis=1) == never] = [1.0, 0.0]
    assert uncommon_count(0.5, masks) == f"{never} ones among the entries of a mask of 2"


def test_a_line_that_is_never_all_0_is_found() -> None:
    masks = small_masks(0, 0.5, (2, 2))
    masks[(masks == 0).all(axis=2)] = [0.0, 1.0]
    assert uncommon_count(0.5, masks) == "0 ones in a line along axis 1 of 2"
