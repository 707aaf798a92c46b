"""Reads what a solution returned as plain numbers.

This module runs beside the learner's code: it imports NumPy and the standard library, nothing of the grader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Number
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

_KINDS_OF_NUMBER = "fiub"  # float, signed, unsigned, bool


@dataclass(frozen=True)
class Unusable:
    """A returned value that cannot be read as numbers: in words what it was, and what was wanted if not an array."""

    came: str
    wanted: str = ""


Answer: TypeAlias = Array | Unusable


def read(value: object) -> Answer:
    """Return `value` as a float64 array of its own shape, or say why it is not one.

    Numbers, NumPy arrays and scalars, and nested lists or tuples of numbers are read; the result never shares
    memory with `value`, so that later changes by the learner's code do not reach it.
    """
    if isinstance(value, Unusable):
        return value
    if not isinstance(value, np.ndarray | np.generic | Number | list | tuple):
        return Unusable(describe(value))
    try:
        array = np.array(value, subok=False)
        if array.dtype.kind not in _KINDS_OF_NUMBER:
            return Unusable(_describe_dtype(value, array))
        return array.astype(np.float64)
    except Exception:
        return Unusable(f"{describe(value)} that NumPy cannot turn into an array (are all rows equally long?)")


def split(value: object, names: Sequence[str]) -> dict[str, object]:
    """Return the value of each of `names`: `value` itself for one name, its items for several."""
    if len(names) == 1:
        return {names[0]: value}
    if isinstance(value, Unusable):
        return dict.fromkeys(names, value)
    if isinstance(value, tuple | list) and len(value) == len(names):
        return dict(zip(names, value, strict=True))
    came = describe(value)
    if isinstance(value, tuple | list):
        came += f" of {len(value)} value{'s' if len(value) != 1 else ''}"
    return dict.fromkeys(names, Unusable(came, f"a tuple of {len(names)} values ({', '.join(names)})"))


def describe(value: object) -> str:
    """Name the kind of `value` without running any of its methods."""
    if value is None:
        return "None (is a `return` missing?)"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _describe_dtype(value: object, array: Array) -> str:
    if array.dtype.kind == "c":
        return f"complex numbers (dtype {array.dtype})"
    if isinstance(value, np.ndarray):
        return f"an array of dtype {array.dtype}"
    return f"{describe(value)} that holds something other than numbers (NumPy reads it as dtype {array.dtype})"
