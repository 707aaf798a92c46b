"""Puts the questions of chapter 05 to a solution.

This module runs beside the learner's code: it imports NumPy and the standard library, nothing of the grader.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from itertools import product

import numpy as np

from autograder.attempts.answers import Unusable, in_memory, read
from autograder.attempts.observe import Arguments, Solution, call_for_keys

PARAMS = ("W1", "b1", "W2", "b2")


def attempt_sgd_step(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Take one step on arrays kept here, and look whether they changed and whether the new ones share their memory."""
    kept = copy.deepcopy(dict(arguments))
    passed_in = [array for name in ("params", "gradients") for array in kept[name].values()]
    before = [array.copy() for array in passed_in]
    new = call_for_keys(solution, kept, PARAMS)
    now = [array for name in ("params", "gradients") for array in kept[name].values()]
    return {
        **new,
        "values": _joined(new),
        "arrays changed": any(old.tobytes() != array.tobytes() for old, array in zip(before, passed_in, strict=True)),
        "dicts changed": list(map(id, now)) != list(map(id, passed_in)),
        "memory shared": any(
            np.shares_memory(in_memory(value), array)
            for value, array in product(new.values(), passed_in)
            if issubclass(type(value), np.ndarray)
        ),
    }


def _joined(new: Mapping[str, object]) -> object:
    """Return all numbers of the new dict in one row, in the order of PARAMS, or the first value that has none."""
    arrays = [read(new[name]) for name in PARAMS]
    usable = [array.ravel() for array in arrays if isinstance(array, np.ndarray)]
    return np.concatenate(usable) if len(usable) == len(arrays) else Unusable("no dict of four arrays")
