"""Tests of random masks of 0 and 1 whose entries should be independent.

Every test counts how often something happens in independent trials of known probability and asks how surprising that
count is. The bound is exact for every number of trials, so that no right mask fails by an approximation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np

from autograder.attempts.answers import Array

Masks: TypeAlias = Mapping[float, Array]  # by p, the probability of a 0

# A right mask passes the bar in one test with probability at most 2·exp(−32) < 3e-14; a check makes about 200 tests.
BAR = 32.0
SMALL_MASK = 6  # entries; larger ones are all 0 or all 1 too seldom to tell


def surprise(hits: int, trials: int, probability: float) -> float:
    """Return s such that a count as far off as `hits`, on its side, has probability at most exp(−s).

    That is trials · KL(hits/trials ‖ probability), the Chernoff–Hoeffding bound for the binomial distribution.
    """
    seen = hits / trials
    terms = ((seen, probability), (1 - seen, 1 - probability))
    return trials * sum(_divergence(a, b) for a, b in terms)


def _divergence(a: float, b: float) -> float:
    if a == 0:
        return 0.0
    return a * math.log(a / b) if b > 0 else math.inf


def shared_along(masks: Masks) -> int | None:
    """Return an axis along which all entries of every mask are equal, if that cannot be chance."""
    drawn = {p: mask for p, mask in masks.items() if p > 0}
    for axis in range(next(iter(masks.values())).ndim):
        same = [(mask == mask.take([0], axis)).all() for mask in drawn.values()]
        # The chance is largest for pairs; a longer run of equal entries holds as many pairs or more.
        rarest = sum(-_log_alike(p) * (mask.size - mask.size // mask.shape[axis]) / 2 for p, mask in drawn.items())
        if drawn and all(same) and rarest > BAR:
            return axis
    return None


def _log_alike(p: float) -> float:
    return math.log(p**2 + (1 - p) ** 2)


class Steady(NamedTuple):
    """Where numbers of ones vary less than those of independent entries, and whether they do not vary at all."""

    where: str
    fixed: bool


def steady_count(masks: Masks, many: Array) -> Steady | None:
    """Say where the number of ones is within 1 of its mean more often than chance allows, if anywhere.

    `many` holds masks, one an entry of axis 0, drawn one after the other for the first p.
    """
    groups = [("from mask to mask", next(iter(masks)), many.reshape(len(many), -1))]
    for p, mask in masks.items():
        for axis in range(mask.ndim if mask.ndim > 1 else 0):
            groups.append((f"along axis {axis}", p, np.moveaxis(mask, axis, 0).reshape(mask.shape[axis], -1)))
            groups.append((f"in lines along axis {axis}", p, np.moveaxis(mask, axis, -1).reshape(-1, mask.shape[axis])))
    for where, p, rows in groups:
        counts = rows.sum(axis=1)
        if _hugs_the_mean(counts, rows.shape[1], p):
            return Steady(where, bool(np.ptp(counts) == 0))
    return None


def uncommon_count(p: float, many: Array) -> str:
    """Say which number of ones is most surprisingly rare, or common, among small masks or their lines; "" if none is.

    `many` holds masks, one an entry of axis 0, each drawn for p. A mask drawn again until one entry is kept, say, has
    the right share of ones nearly everywhere but here.
    """
    groups = [("among the entries of a mask", many.reshape(len(many), -1))]
    for axis in range(1, many.ndim if many.ndim > 2 else 0):
        groups.append((f"in a line along axis {axis - 1}", np.moveaxis(many, axis, -1).reshape(-1, many.shape[axis])))
    found = [(BAR, "")]
    for where, rows in groups:
        counts, size = rows.sum(axis=1), rows.shape[1]
        for k in range(size + 1) if size <= SMALL_MASK else ():
            seldom = surprise(int((counts == k).sum()), len(counts), _binomial(k, size, 1 - p))
            found.append((seldom, f"{k} ones {where} of {size}"))
    return max(found)[1]


def _hugs_the_mean(counts: Array, size: int, p: float) -> bool:
    """Return whether counts of ones among `size` entries lie within 1 of their mean more often than chance allows."""
    mean = size * (1 - p)
    near = range(max(math.ceil(mean - 1), 0), min(math.floor(mean + 1), size) + 1)
    probability = min(sum(_binomial(k, size, 1 - p) for k in near), 1.0)
    hits = int(np.isin(counts, list(near)).sum())
    return hits > probability * len(counts) and surprise(hits, len(counts), probability) > BAR


def _binomial(k: int, n: int, q: float) -> float:
    """Return the probability of k ones among n entries, each 1 with probability q > 0."""
    if q == 1:
        return float(k == n)
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(ways + k * math.log(q) + (n - k) * math.log1p(-q))


def dependence(masks: Masks) -> str:
    """Say along which axis entries are equal more, or less, often than independent ones; "" if along none."""
    for p, mask in masks.items():
        alike = math.exp(_log_alike(p))
        for axis in range(mask.ndim):
            for distance, same in _disjoint_pairs(np.moveaxis(mask, axis, 0)):
                if surprise(int(same.sum()), same.size, alike) > BAR:
                    return f"along axis {axis}, at a distance of {distance}"
    return ""


def _disjoint_pairs(mask: Array) -> Iterator[tuple[int, Array]]:
    """Yield, for some distances along axis 0, which pairs of entries so far apart are equal; no entry is in two."""
    length = len(mask)
    for distance in {1, 2, 3, length // 2} - {0}:
        whole = mask[: length - length % (2 * distance)].reshape(-1, 2, distance, *mask.shape[1:])
        if whole.size:
            yield distance, whole[:, 0] == whole[:, 1]
