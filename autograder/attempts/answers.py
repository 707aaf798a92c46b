"""Reads what a solution returned as plain numbers.

This module runs beside the learner's code: it imports NumPy and the standard library, nothing of the grader. No method
of what is read is run, so nothing but its numbers decides what it is taken for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

_KINDS_OF_NUMBER = "fiub"  # float, signed, unsigned, bool
_NUMBERS = {bool, int, float, complex, *(np.dtype(code).type for code in "?bBhHiIlLqQefdgFDG")}
_MASKED = "a masked array, which hides entries,"
_FILLED = "a plain array (`.filled(0)` makes one)"
_MOST_TOLD = 4  # values of a tuple that are told one by one


@dataclass(frozen=True)
class Unusable:
    """A returned value that cannot be read as numbers: in words what it was, and what was wanted if not an array."""

    came: str
    wanted: str = ""


Answer: TypeAlias = Array | Unusable


class _NotPlain(Exception):
    """Something that holds no plain numbers; `unusable` says what."""

    def __init__(self, unusable: Unusable) -> None:
        super().__init__(unusable.came)
        self.unusable = unusable


def read(value: object) -> Answer:
    """Return `value` as a float64 array of its own shape, or say why it is not one.

    Numbers, NumPy arrays and scalars, and nested lists or tuples of these are read. An array of a class of its own is
    read by the numbers in its memory; a masked one is refused. The result never shares memory with `value`, so that
    later changes by the learner's code do not reach it.
    """
    if type(value) is Unusable:
        return value
    try:
        array = np.array(_plain(value))
    except _NotPlain as found:
        return _in_its_place(value, found.unusable)
    except Exception:
        return Unusable(_uneven(value))
    if array.dtype.kind not in _KINDS_OF_NUMBER:
        return _of_another_dtype(value, array)
    return array.astype(np.float64)


def form(value: object) -> str:
    """Return how a readable value came where that may explain a wrong answer: its dtype when it is not float64, the
    words for a tuple, or ""."""
    kind = type(value)
    if issubclass(kind, tuple):
        return _several(value)
    if issubclass(kind, np.ndarray):
        name = in_memory(value).dtype.name
    else:
        name = np.dtype(kind).name if kind in _NUMBERS and kind is not int else "float64"
    return "" if name == "float64" else name


def split(value: object, names: Sequence[str]) -> dict[str, object]:
    """Return the value of each of `names`: `value` itself for one name, its items for several."""
    if len(names) == 1:
        return {names[0]: value}
    if type(value) is Unusable:
        return dict.fromkeys(names, value)
    held = items(value)
    if held is not None and len(held) == len(names):
        return dict(zip(names, held, strict=True))
    came = describe(value)
    if held is not None and not issubclass(type(value), np.ndarray):
        came += f" of {len(held)} value{'s' if len(held) != 1 else ''}"
    return dict.fromkeys(names, Unusable(came, f"a tuple of {len(names)} values ({', '.join(names)})"))


def in_memory(array: Any) -> Array:
    """Return an array of any class as a plain one on the same memory."""
    return np.ndarray.view(array, np.ndarray)


def items(value: Any) -> list[Any] | None:
    """Return what a list, a tuple or an array with axes holds, or None for anything else."""
    kind = type(value)
    for container in (list, tuple):
        if issubclass(kind, container):
            return list(container.__iter__(value))
    if issubclass(kind, np.ndarray) and not issubclass(kind, np.ma.MaskedArray) and in_memory(value).ndim:
        return list(in_memory(value))
    return None


def describe(value: object) -> str:
    """Name the kind of `value` without running any of its methods."""
    return "None (is a `return` missing?)" if value is None else _kind(value)


def _kind(value: object) -> str:
    kind = type(value)
    if value is None:
        return "None"
    if issubclass(kind, np.ma.MaskedArray):
        return _MASKED
    if issubclass(kind, np.ndarray):
        return f"an array of shape {in_memory(value).shape}"
    name = kind.__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _plain(value: object) -> Any:
    """Return `value` as plain arrays and numbers in lists. Raises _NotPlain."""
    kind = type(value)
    if kind in _NUMBERS:
        return value
    if issubclass(kind, np.ma.MaskedArray):
        raise _NotPlain(Unusable(_MASKED, _FILLED))
    if issubclass(kind, np.ndarray):
        return in_memory(value)
    held = items(value)
    if held is not None:
        return [_plain(item) for item in held]
    for number in (float, int):
        if issubclass(kind, number):
            return getattr(number, f"__{number.__name__}__")(value)
    raise _NotPlain(Unusable(_kind(value)))


def _in_its_place(value: object, found: Unusable) -> Unusable:
    """Say what holds a thing that is no number, if it is not the value itself."""
    kind = type(value)
    if issubclass(kind, tuple):
        return Unusable(_several(value), found.wanted)
    if issubclass(kind, list):
        return Unusable(f"{describe(value)} that holds {found.came}", found.wanted)
    return Unusable(describe(value), found.wanted)


def _uneven(value: object) -> str:
    if issubclass(type(value), tuple) or any(issubclass(type(item), np.ndarray) for item in items(value) or ()):
        return _several(value)
    return f"{describe(value)} that NumPy cannot turn into an array (are all rows equally long?)"


def _several(value: object) -> str:
    """Name a tuple or list by what it holds."""
    held = items(value) or []
    what = "tuple" if issubclass(type(value), tuple) else "list"
    told = f" ({', '.join(map(_kind, held))})" if 0 < len(held) <= _MOST_TOLD else ""
    return f"a {what} of {len(held)} value{'s' if len(held) != 1 else ''}{told}"


def _of_another_dtype(value: object, array: Array) -> Unusable:
    if array.dtype.kind == "c":
        real = "an array of real numbers (`.real` gives it, for all imaginary parts are 0)"
        return Unusable(f"complex numbers (dtype {array.dtype})", "" if array.imag.any() else real)
    if issubclass(type(value), np.ndarray):
        return Unusable(f"an array of dtype {array.dtype}")
    return Unusable(
        f"{describe(value)} that holds something other than numbers (NumPy reads it as dtype {array.dtype})"
    )
