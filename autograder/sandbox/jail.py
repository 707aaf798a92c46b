"""Locks a process in, on Linux: its own namespaces, a read-only view of Python, few resources, few system calls.

The warm process calls `enter`, which changes what it and its forks see of the file system. Each fork calls `lock`
before it runs a line of the learner's. Standard library only; the numbers are the kernel's.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.paths import DEVICES, READABLE, SCRATCH

PROTECTIONS = (
    "own mount, pid, network, ipc and uts namespaces",
    "read-only view of Python and nothing else",
    "an unprivileged user without capabilities",
    "a filter of system calls (no process, no socket, no program can be started)",
    "limits on memory, time, threads, files and scratch space",
)
FIRST_USER = 0x70000000  # far above the users of any machine

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = (
    0x00020000,
    0x04000000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
_NOSUID, _NODEV, _BIND, _REC, _PRIVATE = 2, 4, 4096, 16384, 1 << 18
_DETACH = 2
_ATTR_RDONLY, _ATTR_NOSUID = 1, 2
_AT_RECURSIVE, _AT_FDCWD = 0x8000, -100
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 24, 38

_libc = ctypes.CDLL(None, use_errno=True)


class JailError(Exception):
    """The machine does not offer a protection; the message says which, and what to do."""


@dataclass(frozen=True)
class Bounds:
    """What a locked process may use: bytes of addresses and of files, seconds of CPU, a number of threads. `user` is
    the user it becomes when it starts as root."""

    address_space: int
    scratch: int
    cpu_seconds: int
    threads: int
    user: int


# --- the warm process


def enter(prefixes: Sequence[str], hidden: Sequence[str]) -> None:
    """Move this process to a file system that holds Python (`prefixes`) without `hidden`, all read-only.

    Raises JailError. Must be called with one thread.
    """
    if sys.platform != "linux":
        raise JailError(f"{platform.system()} has no namespaces: grade on Linux (a virtual machine or WSL 2 is enough)")
    if platform.machine() not in _SYSCALLS:
        raise JailError(f"no table of system calls for {platform.machine()}: x86_64 and aarch64 have one")
    user, group = os.geteuid(), os.getegid()
    flags = _NEWNS | _NEWIPC | _NEWNET | _NEWUTS | _NEWPID
    if user == 0:
        _call("own namespaces", _libc.unshare, flags)
    else:
        _call("own namespaces to ordinary users", _libc.unshare, flags | _NEWUSER)
        _map_user(user, group)
    _continue_in_own_pid_namespace()
    _change_view(_existing([*prefixes, *READABLE]), hidden)


def _continue_in_own_pid_namespace() -> None:
    """Go on as a new process, the first in the namespace that was made; this one waits and ends as that one does."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(abs(os.waitstatus_to_exitcode(status)))
    die_with_parent()


def fork() -> int:
    """Fork into a new pid namespace; return what os.fork returns. The child is the first process in there."""
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    try:
        _call("own pid namespace", _libc.unshare, _NEWPID)
        child = os.fork()
        if child:
            _call("own pid namespace", _libc.setns, own, _NEWPID)
        return child
    finally:
        os.close(own)


def _map_user(user: int, group: int) -> None:
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _existing(paths: Sequence[str]) -> Iterator[str]:
    """Yield what of `paths` there is and where links lead, outer directories first and nothing twice."""
    real = {path for path in paths if os.path.exists(path)} | {os.path.realpath(path) for path in paths}
    chosen: list[str] = []
    for path in sorted(path for path in real if os.path.exists(path)):
        if not any(path.startswith(f"{outer}/") and not os.path.islink(path) for outer in chosen):
            chosen.append(path)
            yield path


def _change_view(readable: Iterator[str], hidden: Sequence[str]) -> None:
    sources = {path: os.open(path, os.O_PATH) for path in [*readable, *DEVICES]}
    _call("own mount namespace", _libc.mount, b"none", b"/", None, _REC | _PRIVATE, None)
    # Mounted over a directory that always exists; the sources below it are held open.
    root = "/tmp"
    _mount_tmpfs(root, "size=4m,mode=755,nr_inodes=4k")
    for path, source in sources.items():
        _bind(source, path, f"{root}{path}")
        os.close(source)
    for path in hidden:
        if os.path.isdir(f"{root}{path}"):
            _mount_tmpfs(f"{root}{path}", "size=4k,mode=755,nr_inodes=1")
    for folder in (SCRATCH, "/proc"):
        os.mkdir(f"{root}{folder}")
    if not os.path.exists(f"{root}/tmp"):  # Python may be installed below /tmp
        os.symlink(SCRATCH, f"{root}/tmp")
    # The warm process alone sees this: a fork covers it.
    _call("/proc", _libc.mount, b"/proc", f"{root}/proc".encode(), None, _BIND | _REC, None)
    os.chdir(root)
    _set_read_only(".", 0)
    _call("a root of its own", _libc.pivot_root, b".", b".")
    _call("a root of its own", _libc.umount2, b".", _DETACH)
    os.chdir("/")


def _bind(source: int, path: str, target: str) -> None:
    if os.path.islink(path):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.lexists(target):
            os.symlink(os.readlink(path), target)
        return
    if os.path.isdir(f"/proc/self/fd/{source}"):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    _call(f"a view of {path}", _libc.mount, f"/proc/self/fd/{source}".encode(), target.encode(), None, _BIND | _REC, 0)
    _set_read_only(target, _AT_RECURSIVE)


def _set_read_only(path: str, flags: int) -> None:
    attributes = struct.pack("=QQQQ", _ATTR_RDONLY | _ATTR_NOSUID, 0, 0, 0)
    number = _SYSCALLS[platform.machine()]["mount_setattr"]
    _call(
        "a read-only view (Linux 5.12 or later)",
        _libc.syscall,
        ctypes.c_long(number),
        ctypes.c_int(_AT_FDCWD),
        path.encode(),
        ctypes.c_uint(flags),
        attributes,
        ctypes.c_size_t(len(attributes)),
    )


def _mount_tmpfs(path: str, options: str) -> None:
    _call("a scratch directory", _libc.mount, b"tmpfs", path.encode(), b"tmpfs", _NOSUID | _NODEV, options.encode())


# --- each fork


def die_with_parent() -> None:
    """Have the kernel end this process when the process that started it ends."""
    _call("end with the parent", _libc.prctl, _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def lock(bounds: Bounds) -> None:
    """Lock this process in for good. Raises JailError."""
    os.setsid()  # a signal to its own group reaches nobody else
    die_with_parent()
    _call("own namespaces", _libc.unshare, _NEWNS | _NEWIPC | _NEWNET | _NEWUTS)
    _mount_tmpfs("/proc", "size=4k,mode=555,nr_inodes=1")
    _mount_tmpfs(SCRATCH, f"size={bounds.scratch},mode=777,nr_inodes=4k")
    os.chdir(SCRATCH)
    _limit(bounds)
    _drop_privileges(bounds.user)
    die_with_parent()  # forgotten when the user changed
    _filter_system_calls()


def _limit(bounds: Bounds) -> None:
    for limit, value in (
        (resource.RLIMIT_AS, bounds.address_space),
        (resource.RLIMIT_CPU, bounds.cpu_seconds),
        (resource.RLIMIT_NPROC, bounds.threads),
        (resource.RLIMIT_FSIZE, bounds.scratch),
        (resource.RLIMIT_NOFILE, 128),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(limit, (value, value))


def _drop_privileges(user: int) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    for capability in range(64):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header, nothing = struct.pack("=Ii", 0x20080522, 0), bytes(24)
    _call("no capabilities", _libc.capset, header, nothing)
    _call("no new privileges", _libc.prctl, _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call("no dumps", _libc.prctl, _PR_SET_DUMPABLE, 0, 0, 0, 0)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _filter_system_calls() -> None:
    """Refuse what a lab has no use for. With no second process and no socket, most escapes have no first step."""
    program = b"".join(_filter(platform.machine()))
    described = _Program(len(program) // 8, program)
    _call("a filter of system calls", _libc.prctl, _PR_SET_SECCOMP, 2, ctypes.byref(described), 0, 0)


def _filter(machine: str) -> Iterator[bytes]:
    numbers = _SYSCALLS[machine]
    load, equal, set_in, back = 0x20, 0x15, 0x45, 0x06
    kill, refuse, missing, allow = 0x80000000, 0x00050001, 0x00050026, 0x7FFF0000  # EPERM, ENOSYS

    def step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
        return struct.pack("=HBBI", code, then, otherwise, value)

    yield step(load, 4)  # architecture
    yield step(equal, _ARCHITECTURE[machine], 1, 0)
    yield step(back, kill)
    yield step(load, 0)  # number
    if machine == "x86_64":
        yield step(set_in, 0x40000000, 0, 1)  # the x32 calls
        yield step(back, kill)
    yield step(equal, numbers["clone3"], 0, 1)  # its flags cannot be read here; the C library then uses clone
    yield step(back, missing)
    for name in _REFUSED:
        if name in numbers:
            yield step(equal, numbers[name], 0, 1)
            yield step(back, refuse)
    yield step(equal, numbers["clone"], 0, 3)
    yield step(load, 16)  # flags
    yield step(set_in, 0x00010000, 1, 0)  # CLONE_THREAD
    yield step(back, refuse)
    yield step(back, allow)


def _call(what: str, function: object, *arguments: object) -> None:
    if function(*arguments) != 0:  # type: ignore[operator]
        error = os.strerror(ctypes.get_errno())
        raise JailError(f"this machine does not offer {what} ({error})")


_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# fmt: off
_SYSCALLS = {
    "x86_64": {
        "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "clone3": 435, "unshare": 272,
        "setns": 308,
        "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "mount_setattr": 442, "move_mount": 429,
        "open_tree": 428, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "ptrace": 101,
        "process_vm_readv": 310, "process_vm_writev": 311, "pidfd_getfd": 438, "process_madvise": 440, "kcmp": 312,
        "add_key": 248, "request_key": 249, "keyctl": 250, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323,
        "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "memfd_create": 319,
        "memfd_secret": 447, "shmget": 29, "shmat": 30, "msgget": 68, "semget": 64, "mq_open": 240, "socket": 41,
        "open_by_handle_at": 304, "name_to_handle_at": 303, "init_module": 175, "finit_module": 313,
        "delete_module": 176, "kexec_load": 246, "kexec_file_load": 320, "reboot": 169, "swapon": 167, "swapoff": 168,
        "acct": 163, "quotactl": 179, "personality": 135, "iopl": 172, "ioperm": 173, "modify_ldt": 154, "syslog": 103,
        "settimeofday": 164, "clock_settime": 227, "adjtimex": 159, "sethostname": 170, "setdomainname": 171,
        "fanotify_init": 300, "inotify_init": 253, "inotify_init1": 294, "lookup_dcookie": 212, "mbind": 237,
        "migrate_pages": 256, "move_pages": 279, "vhangup": 153, "uselib": 134, "ustat": 136, "sysfs": 139,
        "setpriority": 141, "sched_setparam": 142, "sched_setscheduler": 144, "sched_setattr": 314,
    },
    "aarch64": {
        "clone": 220, "execve": 221, "execveat": 281, "clone3": 435, "unshare": 97, "setns": 268, "mount": 40,
        "umount2": 39, "pivot_root": 41, "chroot": 51, "mount_setattr": 442, "move_mount": 429, "open_tree": 428,
        "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "ptrace": 117, "process_vm_readv": 270,
        "process_vm_writev": 271, "pidfd_getfd": 438, "process_madvise": 440, "kcmp": 272, "add_key": 217,
        "request_key": 218, "keyctl": 219, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282,
        "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "memfd_create": 279,
        "memfd_secret": 447, "shmget": 194, "shmat": 196, "msgget": 186, "semget": 190, "mq_open": 180, "socket": 198,
        "open_by_handle_at": 265, "name_to_handle_at": 264, "init_module": 105, "finit_module": 273,
        "delete_module": 106, "kexec_load": 104, "kexec_file_load": 294, "reboot": 142, "swapon": 224, "swapoff": 225,
        "acct": 89, "quotactl": 60, "personality": 92, "syslog": 116, "settimeofday": 170, "clock_settime": 112,
        "adjtimex": 171, "sethostname": 161, "setdomainname": 162, "fanotify_init": 262, "inotify_init1": 26,
        "lookup_dcookie": 18, "mbind": 235, "migrate_pages": 238, "move_pages": 239, "vhangup": 58,
        "setpriority": 140, "sched_setparam": 118, "sched_setscheduler": 119, "sched_setattr": 274,
    },
}
# fmt: on
_REFUSED = sorted(set(_SYSCALLS["x86_64"]) - {"clone", "clone3"})
