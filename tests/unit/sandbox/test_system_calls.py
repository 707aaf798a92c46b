"""Are the numbers of the system calls that the sandbox refuses those of the kernel?"""

from __future__ import annotations

import ctypes
import os

import pytest

from autograder.sandbox.jail import _ARCHITECTURE, _REFUSED, _SYSCALLS


@pytest.fixture(scope="module")
def libseccomp() -> ctypes.CDLL:
    """The library that knows the numbers for every architecture; Debian has it wherever it has apt."""
    try:
        return ctypes.CDLL("libseccomp.so.2")
    except OSError:
        reason = "there is no libseccomp.so.2 to compare with (Debian's package libseccomp2)"
        return pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


def number(library: ctypes.CDLL, machine: str, name: str) -> int:
    """Return the number of a system call, which is negative where that architecture has no such call."""
    return int(library.seccomp_syscall_resolve_name_arch(ctypes.c_uint32(_ARCHITECTURE[machine]), name.encode()))


@pytest.mark.parametrize("machine", _SYSCALLS)
def test_every_call_has_the_number_that_libseccomp_knows(libseccomp: ctypes.CDLL, machine: str) -> None:
    known = {name: number(libseccomp, machine, name) for name in _SYSCALLS[machine]}
    assert known == _SYSCALLS[machine]


@pytest.mark.parametrize("machine", _SYSCALLS)
def test_no_call_that_the_machine_has_is_left_out_of_what_is_refused(libseccomp: ctypes.CDLL, machine: str) -> None:
    there = {name for name in (*_REFUSED, "clone", "clone3") if number(libseccomp, machine, name) >= 0}
    assert there == _SYSCALLS[machine].keys()
