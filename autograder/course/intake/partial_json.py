"""Reads the wanted parts of a JSON text. The rest is checked as strictly, but never built: a value takes up to twenty
times as much memory as its text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from json import JSONDecodeError, JSONDecoder, loads
from typing import Any, TypeAlias

_DEEPEST = 1_000  # levels of lists and objects
_MOST_DEEP = 2_000_000  # lists and objects that have more than three levels in them
_LONGEST_NAME = 200  # characters, with quotes; no wanted member has a longer name

_BLANK = r"[ \t\n\r]*+"
_STRING = r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
# Python reads whole numbers of at most 4,300 digits.
_NUMBER = r"-?(?:0|[1-9][0-9]{0,4299}+)(?:\.[0-9]++)?+(?:[eE][-+]?[0-9]++)?+"
_SCALAR = rf"(?:{_STRING}|{_NUMBER}|true|false|null|NaN|-?Infinity)"


def _up_to_one_deeper(value: str) -> str:
    """Return the pattern of a scalar, and of a list or an object of what `value` matches."""
    # A comma before the end is refused. The value stands in each pattern once: three levels double it thrice.
    entries = rf"\[{_BLANK}(?:{value}{_BLANK}(?:,{_BLANK}(?!\])|(?=\])))*+\]"
    members = rf"\{{{_BLANK}(?:{_STRING}{_BLANK}:{_BLANK}{value}{_BLANK}(?:,{_BLANK}(?!\}})|(?=\}})))*+\}}"
    return f"(?:{_SCALAR}|{entries}|{members})"


# Three levels in one match: a log of a million lines, or a picture's numbers, is passed over in a second.
_FLAT = re.compile(_up_to_one_deeper(_up_to_one_deeper(_up_to_one_deeper(_SCALAR))))
_NAME = re.compile(rf"({_STRING}){_BLANK}:{_BLANK}")
_AFTER = re.compile(rf"{_BLANK}([,\]}}]){_BLANK}")
_BLANKS = re.compile(_BLANK)
_DECODER = JSONDecoder()

Leaf: TypeAlias = Callable[[str, int, int], object]


@dataclass(frozen=True)
class Each:
    """The shape of every entry of a list, of which there may be `most`."""

    shape: Shape
    most: float = float("inf")


Shape: TypeAlias = Leaf | Mapping[str, Any] | Each


class TooManyError(Exception):
    """A list has more entries than its shape allows."""


class TooDeepError(Exception):
    """There are more levels of lists and objects than can be read, or too many with levels in them."""


def read(text: str, shape: Shape) -> object:
    """Return what `shape` says of a JSON text.

    A mapping keeps the members of an object that it names, Each the entries of a list, and a function is called with
    the text and the place of a value, its first and last character, for what to keep; None stands for a list or an
    object where another kind of value stands. Of members of one name the last counts. Raises JSONDecodeError,
    TooDeepError and TooManyError.
    """
    reader = _Reader(text)
    value, end = reader.read(_after_blanks(text, 0), shape)
    end = _after_blanks(text, end)
    if end < len(text):
        raise JSONDecodeError("Extra data", text, end)
    return value


def build(text: str, start: int) -> object:
    """Return the value that begins at `start`, whole. Raises TooDeepError."""
    try:
        return _DECODER.raw_decode(text, start)[0]
    except RecursionError:
        raise TooDeepError from None


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.deep = 0

    def read(self, start: int, shape: Shape) -> tuple[object, int]:
        opening = self.text[start : start + 1]
        if isinstance(shape, Mapping) and opening == "{":
            return self._read_object(start, shape)
        if isinstance(shape, Each) and opening == "[":
            return self._read_list(start, shape)
        end = self._skip(start)
        return (None if isinstance(shape, Mapping | Each) else shape(self.text, start, end)), end

    def _read_object(self, start: int, shape: Mapping[str, Any]) -> tuple[dict[str, object], int]:
        found: dict[str, object] = {}
        place = _after_blanks(self.text, start + 1)
        if self.text.startswith("}", place):
            return found, place + 1
        while True:
            name, place = self._name(place)
            value, place = self.read(place, shape.get(name, _nothing))
            if name in shape:
                found[name] = value
            more, place = self._after(place, "}")
            if not more:
                return found, place

    def _read_list(self, start: int, each: Each) -> tuple[list[object], int]:
        found: list[object] = []
        place = _after_blanks(self.text, start + 1)
        if self.text.startswith("]", place):
            return found, place + 1
        while True:
            value, place = self.read(place, each.shape)
            found.append(value)
            if len(found) > each.most:
                raise TooManyError
            more, place = self._after(place, "]")
            if not more:
                return found, place

    def _skip(self, start: int) -> int:
        """Return where the value that begins at `start` ends."""
        closing: list[str] = []
        place = start
        while True:
            flat = _FLAT.match(self.text, place)
            if not flat:
                place = self._enter(place, closing)
                continue
            place, more = flat.end(), False
            while closing and not more:
                more, place = self._after(place, closing[-1])
                if not more:
                    closing.pop()
            if not closing:
                return place
            if closing[-1] == "}":
                _, place = self._name(place)

    def _enter(self, place: int, closing: list[str]) -> int:
        """Return where the first value in a list or an object that is not empty begins."""
        opening = self.text[place : place + 1]
        if opening not in ("[", "{"):
            raise JSONDecodeError("Expecting value", self.text, place)
        self.deep += 1
        if len(closing) == _DEEPEST or self.deep > _MOST_DEEP:
            raise TooDeepError
        closing.append("]" if opening == "[" else "}")
        inside = _after_blanks(self.text, place + 1)
        return inside if opening == "[" else self._name(inside)[1]

    def _name(self, place: int) -> tuple[str, int]:
        """Return the name of a member that begins at `place`, "" for a very long one, and where its value begins."""
        found = _NAME.match(self.text, place)
        if not found:
            raise JSONDecodeError("Expecting property name", self.text, place)
        start, end = found.span(1)
        name = loads(self.text[start:end]) if end - start <= _LONGEST_NAME else ""
        return name, found.end()

    def _after(self, place: int, closing: str) -> tuple[bool, int]:
        """Return whether a comma follows, and where what comes after it, or after `closing`, begins."""
        found = _AFTER.match(self.text, place)
        if not found or found[1] not in (",", closing):
            raise JSONDecodeError("Expecting ',' delimiter", self.text, _after_blanks(self.text, place))
        return (True, found.end()) if found[1] == "," else (False, found.end(1))


def _after_blanks(text: str, place: int) -> int:
    found = _BLANKS.match(text, place)
    assert found  # it matches nothing, too
    return found.end()


def _nothing(text: str, start: int, end: int) -> None:
    """Keep nothing of a value."""
