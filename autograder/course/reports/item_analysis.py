"""Item analysis: how difficult each exercise was, and whether it tells strong from weak submissions.

Difficulty is the mean share of an exercise's points. Discrimination is the corrected item-total correlation: the
correlation of an exercise's points with the points in all other exercises, so that it is not correlated with itself.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEAST = 10  # submissions, below which a correlation says nothing


@dataclass(frozen=True)
class Item:
    """An exercise or a written answer in the class. `discrimination` is None where it cannot be had: too few
    submissions, or all with the same points."""

    name: str
    max_points: float
    count: int
    mean: float
    full: int
    none: int
    discrimination: float | None

    @property
    def share(self) -> float:
        return self.mean / self.max_points if self.max_points else 0.0


def analyse(most: Mapping[str, float], points: Sequence[Mapping[str, float]]) -> list[Item]:
    """Return the analysis of each item in `most` (its most points). `points` holds the points of each submission by
    item; one that is not there yet counts in no item."""
    return [_item(name, maximum, [p for p in points if name in p]) for name, maximum in most.items()]


def by_chance(count: int) -> float:
    """Return how far from 0 a correlation of `count` submissions comes by chance alone, in 19 of 20 classes."""
    return 2 / math.sqrt(count)


def _item(name: str, most: float, points: Sequence[Mapping[str, float]]) -> Item:
    own = [p[name] for p in points]
    others = [sum(value for other, value in p.items() if other != name) for p in points]
    mean = statistics.mean(own) if own else 0.0
    return Item(
        name, most, len(own), mean, sum(p >= most for p in own), sum(not p for p in own), _correlation(own, others)
    )


def _correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    if len(one) < LEAST or len(set(one)) == 1 or len(set(other)) == 1:
        return None
    return statistics.correlation(one, other)
