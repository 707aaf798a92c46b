"""Turns the arguments of a learner's function into the inputs of a forward formula, and the formula into a stand-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.attempts.observe import Solution
from autograder.exercise import Arrays, Case, parameters


def given_to(arguments: Mapping[str, Any], whole: Sequence[str] = ()) -> dict[str, Any]:
    """Return arguments as a forward formula takes them: the entries of a dict by their own names, rows of numbers as
    arrays.

    Arrays are of float64, but those that `whole` names hold whole numbers or truth values. Anything else
    is as good as it is.
    """
    flat: dict[str, Any] = {}
    for name, value in arguments.items():
        flat |= value if isinstance(value, Mapping) else {name: value}
    return {name: _as_array(value, name in whole) for name, value in flat.items()}


def _as_array(value: Any, whole: bool) -> Any:
    array = np.asarray(value) if isinstance(value, list | tuple | np.ndarray) else None
    if array is None or array.dtype.kind not in "fiub":
        return value
    if not whole:
        return array.astype(np.float64)
    return array if array.dtype.kind in "iub" else array.astype(np.int64)


def completed(case: Case, given: Callable[..., Arrays], whole: Sequence[str]) -> Case:
    """Return the case with the inputs of the forward formula in it."""
    return replace(case, oracle_inputs=given(**given_to(case.arguments, whole)))


def by_name(signature: str) -> tuple[str, ...]:
    """Return the parameters after a `*`, which are passed by name."""
    return tuple(one.name for one in parameters(signature).parameters.values() if one.kind is one.KEYWORD_ONLY)


def stand_in(
    signature: str, parts: tuple[str, ...], complete: Callable[[Case], Case], right: Callable[[Case], object]
) -> Solution:
    """Return the function that is called by `signature` and answers right(case), the case of all parts."""
    called = parameters(signature)

    def answer(*arguments: object, **named: object) -> object:
        try:
            bound = called.bind(*arguments, **named)
        except TypeError as error:
            raise TypeError(f"{signature} was called in another way: {error}") from None
        bound.apply_defaults()
        return right(complete(Case("", bound.arguments, parts=parts)))

    return answer


def of_one_or_several(values: Sequence[object]) -> object:
    """Return the values as a function does: one by itself, several as a tuple."""
    return tuple(values) if len(values) > 1 else values[0]
