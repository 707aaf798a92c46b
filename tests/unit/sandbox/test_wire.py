"""Does plain data cross to a learner's process and back as it was, and nothing else?"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autograder.sandbox.wire import WireError, receive, send

NUMBERS = [np.float64, np.float32, np.int64, np.uint8, np.bool_]
ARRAYS = st.sampled_from(NUMBERS).flatmap(lambda dtype: arrays(dtype, array_shapes(min_dims=0, min_side=0)))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | ARRAYS,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def link() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@given(PLAIN)
def test_plain_data_arrives_as_it_was(link: tuple[socket.socket, socket.socket], value: Any) -> None:
    send(link[0], value)
    assert is_same(receive(link[1], most=1_000_000), value)


def is_same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return bool(one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes())
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and (one == other or one != one)


def test_what_stands_in_two_places_is_one_object_on_the_other_side(link: tuple[socket.socket, socket.socket]) -> None:
    box = {"W": np.eye(2)}
    send(link[0], [box, box, box["W"]])
    first, second, array = receive(link[1], most=10_000)
    assert first is second
    assert array is first["W"]


def test_memory_order_and_byte_order_are_kept(link: tuple[socket.socket, socket.socket]) -> None:
    send(link[0], [np.asfortranarray(np.ones((2, 3))), np.ones(2, ">f8")])
    in_columns, big_end_first = receive(link[1], most=10_000)
    assert in_columns.flags.f_contiguous
    assert big_end_first.dtype == ">f8"


@pytest.mark.parametrize("value", [{1: 2}, {1, 2}, object(), np.array([None]), np.array([1j]), b"bytes"])
def test_anything_else_is_not_sent(link: tuple[socket.socket, socket.socket], value: object) -> None:
    with pytest.raises(WireError):
        send(link[0], value)


def raw(text: bytes, blobs: bytes = b"") -> bytes:
    return struct.pack("!II", len(text), len(blobs)) + text + blobs


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def described(dtype: str, shape: str) -> str:
    return f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}\n"


FORGED = {
    "not JSON": raw(b"{"),
    "not UTF-8": raw(b"\xff\xfe"),
    "an unknown kind": raw(b'{"pickle": 1}'),
    "two kinds": raw(b'{"list": [], "tuple": []}'),
    "a place that was never sent": raw(b'{"same": 7}'),
    "a negative place": raw(b'{"same": -1}'),
    "an array that is missing": raw(b'{"array": 80}'),
    "an object array": raw(b'{"array": 60}', npy(described("|O", "(1,)"), b"\0" * 8).ljust(60)),
    "a huge shape": raw(b'{"array": 90}', npy(described("<f8", "(10**9, 10**9)"), b"").ljust(90)),
    "a shape of terabytes": raw(b'{"array": 90}', npy(described("<f8", "(1000000000000,)"), b"").ljust(90)),
    "a negative shape": raw(b'{"array": 90}', npy(described("<f8", "(-1,)"), b"").ljust(90)),
    "a header that is code": raw(b'{"array": 60}', npy("__import__('os').getpid()\n").ljust(60)),
    "nested without end": raw(b'{"list":[' * 50_000),
    "a key that is no text": raw(b'{"dict": [[1, 2]]}'),
}


@pytest.mark.parametrize("frame", FORGED.values(), ids=list(FORGED))
def test_a_forged_message_is_refused(frame: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        ours.sendall(frame[:200_000]) if len(frame) <= 200_000 else send_apart(ours, frame)
        with pytest.raises(WireError):
            receive(theirs, most=1_000_000)


def send_apart(link: socket.socket, frame: bytes) -> None:
    link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * len(frame))
    link.sendall(frame)


def test_a_message_over_the_limit_is_refused_before_it_is_read() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(struct.pack("!II", 2**31, 2**31))
        with pytest.raises(WireError, match="a message of"):
            receive(theirs, most=1_000_000)
