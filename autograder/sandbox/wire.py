"""The language between the grader and a learner's process: frames of JSON and .npy arrays, never pickle.

What comes from a learner's process is refused unless it is of the few kinds allowed here and within the limits.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import select
import socket
import struct
from collections.abc import Callable
from functools import lru_cache
from time import monotonic
from typing import Any, Literal, TypeAlias

import numpy as np

START, INTERRUPT, END = b"s", b"i", b"e"  # what a process is told beside messages; START brings a socket
_SIZES = struct.Struct("!II")  # bytes of JSON, bytes of arrays
_BEFORE_HEADER = struct.Struct("<6s2sH")  # of a .npy file: magic, version, bytes of the header
_MOST_DIMENSIONS = 8
_MOST_MARKS = 6_000_000  # each string, list and object takes far more memory than it takes text
_KINDS = "fiub"
_AT_ONCE = getattr(socket, "MSG_DONTWAIT", 0)  # Windows has none, and waits until all is sent
_LONGEST = 3600.0  # seconds to wait before asking again; infinitely many are none that a system takes

Patience: TypeAlias = Callable[[], float]  # for how many seconds to wait before it is asked again; raises TooLate


class WireError(Exception):
    """What came is not in the language, or too large."""


class Closed(WireError):
    """The other side is gone."""


class TooLate(WireError):
    """Nothing came in time."""


def without_end() -> float:
    """Wait for as long as it takes."""
    return math.inf


def within(seconds: float) -> Patience:
    """Wait for at most `seconds` on the clock, from now on, in all."""
    end = monotonic() + seconds

    def left() -> float:
        seconds = end - monotonic()
        if seconds <= 0:
            raise TooLate("too late")
        return seconds

    return left


def send(link: socket.socket, message: object, *, patience: Patience = without_end) -> None:
    """Send plain data: None, bool, int, float, str, list, tuple, dict with str keys, NumPy arrays and scalars.

    An object that stands in several places arrives as one object. Raises WireError for anything else, Closed when
    nobody is there, TooLate when nobody listens for as long as `patience` has it.
    """
    writer = _Writer()
    text = json.dumps(writer.plain(message)).encode()
    blobs = b"".join(writer.blobs)
    data = memoryview(_SIZES.pack(len(text), len(blobs)) + text + blobs)
    try:
        while data:
            _wait(link, patience, to_write=True)
            with contextlib.suppress(BlockingIOError):
                data = data[link.send(data, _AT_ONCE) :]
    except OSError as error:
        raise Closed(str(error)) from None


def receive(link: socket.socket, *, most: int, patience: Patience = without_end) -> Any:
    """Return the next message of at most `most` bytes. Raises WireError, Closed, TooLate."""
    text_size, blob_size = _SIZES.unpack(_read(link, _SIZES.size, patience))
    if text_size + blob_size > most:
        raise WireError(f"a message of {text_size + blob_size:,} bytes")
    text = _read(link, text_size, patience)
    blobs = _read(link, blob_size, patience)
    if sum(map(text.count, (b'"', b"[", b"{"))) > _MOST_MARKS:
        raise WireError("a message of millions of entries")
    try:
        return _Reader(memoryview(blobs)).value(json.loads(text))
    except WireError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, struct.error) as error:
        raise WireError(f"a malformed message ({type(error).__name__})") from None


def _read(link: socket.socket, size: int, patience: Patience) -> bytes:
    data = bytearray()
    while len(data) < size:
        _wait(link, patience)
        try:
            part = link.recv(min(size - len(data), 1 << 20))
        except OSError as error:
            raise Closed(str(error)) from None
        if not part:
            raise Closed("the other side is gone")
        data += part
    return bytes(data)


def _wait(link: socket.socket, patience: Patience, *, to_write: bool = False) -> None:
    """Wait until there is something to read, or room to write. Raises TooLate."""
    ready = False
    while not ready:
        left = patience()
        ready = any(select.select([] if to_write else [link], [link] if to_write else [], [], min(left, _LONGEST)))


class _Writer:
    def __init__(self) -> None:
        self.blobs: list[bytes] = []
        self.places: dict[int, int] = {}
        self.kept: list[object] = []  # so that no id is used twice while writing

    def plain(self, value: object) -> object:
        if value is None or type(value) in (bool, int, float, str):
            return value
        if id(value) in self.places:
            return {"same": self.places[id(value)]}
        self.places[id(value)] = len(self.kept)
        self.kept.append(value)
        if isinstance(value, list | tuple):
            return {"list" if isinstance(value, list) else "tuple": [self.plain(item) for item in value]}
        if isinstance(value, dict):
            return {"dict": [[_key(key), self.plain(item)] for key, item in value.items()]}
        if isinstance(value, np.ndarray | np.generic):
            return {"array" if isinstance(value, np.ndarray) else "scalar": self._blob(np.asarray(value))}
        raise WireError(f"a {type(value).__name__} cannot be sent")

    def _blob(self, array: np.ndarray[Any, Any]) -> int:
        if array.dtype.kind not in _KINDS:
            raise WireError(f"an array of dtype {array.dtype} cannot be sent")
        file = io.BytesIO()
        np.lib.format.write_array(file, array, allow_pickle=False)
        self.blobs.append(file.getvalue())
        return len(self.blobs[-1])


class _Reader:
    """Reads what _Writer wrote, in the same order."""

    def __init__(self, blobs: memoryview) -> None:
        self.blobs = blobs
        self.kept: list[object] = []

    def value(self, plain: Any) -> Any:
        if plain is None or type(plain) in (bool, int, float, str):
            return plain
        ((kind, content),) = plain.items()
        if kind == "same":
            return self.kept[_index(content)]
        place = len(self.kept)
        self.kept.append(None)
        self.kept[place] = self._new(kind, content, place)
        return self.kept[place]

    def _new(self, kind: str, content: Any, place: int) -> object:
        if kind == "list":
            return [self.value(item) for item in content]
        if kind == "tuple":
            return tuple(self.value(item) for item in content)
        if kind == "dict":
            return {_key(key): self.value(item) for key, item in content}
        if kind == "array":
            return self._array(_index(content))
        if kind == "scalar":
            return self._array(_index(content))[()]
        raise WireError(f"a value of kind {kind[:20]}")

    def _array(self, size: int) -> np.ndarray[Any, Any]:
        blob, self.blobs = self.blobs[:size], self.blobs[size:]
        header = bytes(blob[: _BEFORE_HEADER.size + _BEFORE_HEADER.unpack_from(blob)[2]])
        shape, order, dtype = _described(header)
        data = blob[len(header) :]
        if math.prod(shape) * dtype.itemsize != len(data):  # before anything is made of that size
            raise WireError("an array that is not as large as it says")
        return np.frombuffer(data, dtype).reshape(shape, order=order).copy(order="K")


@lru_cache(maxsize=1024)
def _described(header: bytes) -> tuple[tuple[int, ...], Literal["C", "F"], np.dtype[Any]]:
    """Return shape, memory order and dtype from the beginning of a .npy file. There are few different ones."""
    file = io.BytesIO(header)
    if np.lib.format.read_magic(file) != (1, 0):
        raise WireError("an array of another format")
    shape, in_fortran_order, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.kind not in _KINDS or dtype.hasobject or dtype.subdtype or dtype.itemsize > 8:
        raise WireError(f"an array of dtype {str(dtype)[:20]}")
    if len(shape) > _MOST_DIMENSIONS or any(type(n) is not int or n < 0 for n in shape):
        raise WireError("an array of an impossible shape")
    return shape, "F" if in_fortran_order else "C", dtype


def _key(key: object) -> str:
    if type(key) is not str:
        raise WireError("a dict with a key that is no text")
    return key


def _index(number: object) -> int:
    if type(number) is not int or number < 0:
        raise WireError("a place that is no number")
    return number
