"""The warm process: it has loaded what labs need, and each submission is a fork of it.

Started by session.py as `template.main()` in a new interpreter. It never runs a line of a learner's.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

from autograder.sandbox import jail
from autograder.sandbox.inside import loading
from autograder.sandbox.paths import FOLDER, SCRATCH
from autograder.sandbox.wire import END, INTERRUPT, START, send


def main() -> None:
    """Load, lock, and fork on demand until the other side is gone."""
    options = json.loads(sys.argv[1])
    options["bounds"]["user"] = jail.FIRST_USER + os.getpid()
    control = socket.socket(fileno=options["control"])
    try:
        hidden = [] if options["torch"] else loading.hide_torch()
        shell = None if options["empty"] else _load(options)
        protections = [] if options["unsafe"] else _protect(hidden)
    except jail.JailError as error:
        return send(control, {"refused": str(error)})
    except Exception:
        return send(control, {"failed": traceback.format_exc()})
    send(control, {"ready": protections})
    return _serve(control, shell, options)


def _load(options: dict[str, Any]) -> Any:
    made = loading.load(options["torch"], options["limits"]["output_bytes"])
    options["bounds"]["address_space"] += _mapped()  # what is mapped already costs the learner nothing
    gc.collect()
    gc.freeze()  # a fork that touches no counter shares its pages
    return made


def _mapped() -> int:
    """Return the bytes of address space in use, 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _protect(hidden: list[str]) -> list[str]:
    if threading.active_count() > 1 or len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("the warm process has more than one thread")
    jail.enter([sys.prefix, sys.base_prefix, sys.exec_prefix], hidden)
    return list(jail.PROTECTIONS)


def _serve(control: socket.socket, shell: Any, options: dict[str, Any]) -> None:
    child, folder = 0, ""
    while True:
        command, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if command == START:
            folder = tempfile.mkdtemp(prefix=FOLDER) if options["unsafe"] else ""
            child = _fork(control, descriptors[0], shell, {**options, "folder": folder})
            os.close(descriptors[0])
        elif command == INTERRUPT:
            os.kill(child, signal.SIGINT)
            send(control, {"status": 0})
        elif command == END:
            send(control, {"status": _end(child, folder)})
            child = 0
        else:  # the other side is gone
            if child:
                _end(child, folder)
            return


def _end(child: int, folder: str) -> int:
    """End the process and all it started, and remove its folder; return how it ended: an exit code, or minus a signal;
    0 if it still ran."""
    try:
        return _ended(child)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ended(child: int) -> int:
    for _ in range(20):  # it closes its socket a moment before it is gone
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 0


def _fork(control: socket.socket, descriptor: int, shell: Any, options: dict[str, Any]) -> int:
    child = os.fork() if options["unsafe"] else jail.fork()
    if not child:
        _become_learner(control, socket.socket(fileno=descriptor), shell, options)
    return child


def _become_learner(control: socket.socket, link: socket.socket, shell: Any, options: dict[str, Any]) -> NoReturn:
    try:
        pid = _pid_outside()
        nowhere = os.open("/dev/null", os.O_RDWR)
        for standard in range(3):
            os.dup2(nowhere, standard)
        os.closerange(3, link.fileno())
        os.closerange(link.fileno() + 1, 4096)
        control.detach()
        if options["unsafe"]:
            os.setsid()
            os.chdir(options["folder"])
        else:
            jail.lock(jail.Bounds(**options["bounds"]))
        loading.settle(shell, options["folder"] or SCRATCH)
        send(link, {"ready": pid})
        if shell:
            shell.serve(link)
    except jail.JailError as error:
        send(link, {"refused": str(error)})
    except Exception:
        send(link, {"failed": traceback.format_exc()})
    finally:
        os._exit(1)


def _pid_outside() -> int:
    """Return the number of this process for session.py, in whose view /proc still is."""
    return int(os.readlink("/proc/self")) if os.path.exists("/proc/self") else os.getpid()
