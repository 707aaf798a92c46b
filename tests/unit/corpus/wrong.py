"""What a corpus holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Wrong(NamedTuple):
    """A wrong solution: the parts that must fail, and the id of the mistake that must be named for them, or None."""

    exercise: str
    solution: Callable[..., Any]
    parts: tuple[str, ...]
    mistake: str | None
    label: str


def in_float32(solution: Callable[..., Any], numbers: bool = False) -> Callable[..., Any]:
    """Return the solution as it computes when the arrays that go in are single precision, the numbers too if wished."""

    def single(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: single(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(single, value))
        if isinstance(value, np.ndarray) and value.dtype == float:
            return value.astype(np.float32)
        return np.float32(value) if numbers and isinstance(value, float) else value

    return lambda *arguments: solution(*map(single, arguments))


def first_ten(solution: Callable[..., Any], axis: int = 0) -> Callable[..., Any]:
    """Return the solution with 0 in all places from the eleventh on."""

    def shortened(*arguments: Any) -> Any:
        answer = np.array(solution(*arguments), dtype=float)
        if answer.ndim > axis:
            answer[(slice(None),) * axis + (slice(10, None),)] = 0.0
        return answer

    return shortened


def by_order(names: tuple[str, ...], solution: Callable[..., Any], place: int) -> Callable[..., Any]:
    """Return the solution with the dict at this place of its arguments read by the order of its entries, not by key."""

    def reading(*arguments: Any) -> Any:
        read = dict(zip(names, arguments[place].values(), strict=True))
        return solution(*arguments[:place], read, *arguments[place + 1 :])

    return reading


def slope_carried_on(net: Any, a: float) -> Any:
    """At exactly 0 neither branch is taken, and the slope of the entry before stays."""
    slope, found = a, []
    for value in net.ravel():
        if value > 0:
            slope = 1.0
        elif value < 0:
            slope = a
        found.append(slope)
    return np.array(found).reshape(net.shape)
