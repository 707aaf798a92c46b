"""The public cases with what PyTorch answers to them, as data: a check in a notebook then needs no PyTorch.

`python -m autograder record` writes one file a chapter, beside this module. It holds the arguments too, since not every
machine draws the same ones from a seed. In a file all numbers of one dtype stand in one long array, and a tree in JSON
tells which of them are what.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from autograder.attempts.answers import Array
from autograder.exercise import Arrays, Case, Exercise, OnceACase

FOLDER = Path(__file__).with_name("recorded_cases")
_FIELDS = tuple(field.name for field in fields(Case))
_AGREE = 1e-11  # relative to the largest number of an array: what the last bits of two processors' arithmetic make

Tree: TypeAlias = Any  # what JSON holds


def path_of(chapter: str) -> Path:
    return FOLDER / f"{chapter}.npz"


def cases_of(exercise: Exercise) -> Sequence[Case] | None:
    """Return the public cases of an exercise, their answers remembered, or None where none are recorded."""
    found = _load(exercise.chapter).get(exercise.name)
    return found and [_remembered(exercise.expected, one) for one in found]


def _remembered(expected: Callable[[Case], Arrays], recorded: Mapping[str, Any]) -> Case:
    case = Case(**{name: recorded[name] for name in _FIELDS})
    assert isinstance(expected, OnceACase)
    expected.remember(case, recorded["expected"])
    return case


def record(exercise: Exercise, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Return what a file holds of an exercise: for each case its fields and the right answer.

    Wrong formulas are left out: the tape works them out when an answer is wrong, in a third of the bytes.
    """
    return [
        {**{name: getattr(case, name) for name in _FIELDS}, "expected": dict(exercise.expected(case))} for case in cases
    ]


# --- files


def pack(recorded: Mapping[str, Any]) -> bytes:
    """Return plain data as the bytes of a file. The same data make the same bytes."""
    writer = _Writer()
    tree = json.dumps(writer.tree(recorded), ensure_ascii=False, separators=(",", ":"))
    columns = {name: np.concatenate(arrays) for name, arrays in sorted(writer.columns.items())}
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, tree=np.frombuffer(tree.encode(), np.uint8), **columns)
    return file.getvalue()


def unpack(data: bytes) -> dict[str, Any]:
    """Return the data of a file."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        columns = {name: file[name] for name in file.files}
    tree = json.loads(columns.pop("tree").tobytes())
    found: dict[str, Any] = _value(tree, columns)
    return found


@cache
def _load(chapter: str) -> dict[str, Any]:
    path = path_of(chapter)
    return unpack(path.read_bytes()) if path.exists() else {}


class _Writer:
    """Makes a tree of plain data, and long arrays of the numbers in it; equal arrays are kept once."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Array]] = {}
        self.sizes: dict[str, int] = {}
        self.places: dict[tuple[str, tuple[int, ...], bytes], Tree] = {}

    def tree(self, value: Any) -> Tree:
        if value is None or isinstance(value, bool | int | str) or type(value) is float:
            return value
        if isinstance(value, list):
            return [self.tree(one) for one in value]
        if isinstance(value, tuple):
            return {"tuple": [self.tree(one) for one in value]}
        if isinstance(value, Mapping):
            return {"dict": [[name, self.tree(one)] for name, one in value.items()]}
        if isinstance(value, np.ndarray):
            return {"array": self._place(value)}
        if isinstance(value, np.generic):
            return {"scalar": self._place(np.asarray(value))}
        raise TypeError(f"a {type(value).__name__} cannot be recorded")

    def _place(self, array: Array) -> Tree:
        column = array.dtype.name
        key = column, array.shape, array.tobytes()
        if key not in self.places:
            self.places[key] = [column, self.sizes.get(column, 0), list(array.shape)]
            self.columns.setdefault(column, []).append(np.ravel(array))
            self.sizes[column] = self.sizes.get(column, 0) + array.size
        return self.places[key]


def _value(tree: Tree, columns: Mapping[str, Array]) -> Any:
    if isinstance(tree, list):
        return [_value(one, columns) for one in tree]
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "tuple":
        return tuple(_value(one, columns) for one in content)
    if kind == "dict":
        return {name: _value(one, columns) for name, one in content}
    column, begin, shape = content
    array = columns[column][begin : begin + math.prod(shape)].reshape(shape).copy()
    return array if kind == "array" else array[()]


# --- telling what is stale


def agree(one: Any, other: Any) -> bool:
    """Say whether two recordings are the same but for the last bits of their numbers."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return bool(one.dtype == other.dtype and one.shape == other.shape and _close(one, other))
    if isinstance(one, float | np.floating):
        return _close(np.asarray(one), np.asarray(other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(agree(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(agree, one, other))
    return bool(one == other)


def _close(one: Array, other: Array) -> bool:
    if one.dtype.kind != "f":
        return bool((one == other).all())
    finite = one[np.isfinite(one)]
    scale = abs(finite).max(initial=1e-300)
    return bool(np.isclose(one, other, rtol=0, atol=_AGREE * scale, equal_nan=True).all())
