"""Runs cells in a Jupyter kernel of this Python, within limits. For one's own code: a kernel protects from nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty
from time import monotonic
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from autograder.course import labs

_SECONDS_TO_START = 60
_POLL = 0.25  # seconds
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PLACE = re.compile(r"Cell In\s?\[(\d+)\], line (\d+)")


class StoppedError(Exception):
    """The kernel is gone, or does not heed an interrupt; the message says which, to follow on "The cell "."""


class NoKernelError(Exception):
    """No kernel could be started; the message says why."""


@dataclass
class Error:
    """An exception of a cell: its type, its message, and where: the number of the execution and the line, or None."""

    kind: str
    text: str
    place: tuple[int, int] | None


@dataclass
class Done:
    """What came of a cell: the number of its execution, the data it showed, its error, and whether it was stopped."""

    number: int = 0
    data: list[dict[str, Any]] = field(default_factory=list)
    error: Error | None = None
    interrupted: bool = False


@contextmanager
def open_kernel() -> Iterator[Kernel]:
    """Yield a kernel in an empty folder, as a submission has none of its learner's files. Raises NoKernelError."""
    # A kernel that was ended may keep its folder for a while on Windows.
    with tempfile.TemporaryDirectory(prefix="autograder-", ignore_cleanup_errors=True) as folder:
        manager = KernelManager(kernel_name="python3")
        try:
            _start(manager, folder)
            client = manager.blocking_client()
            client.start_channels()
            client.wait_for_ready(timeout=_SECONDS_TO_START)
            yield Kernel(manager, client)
        except RuntimeError as error:
            raise NoKernelError(f"the kernel did not start: {error}") from None
        finally:
            if manager.has_kernel:
                manager.shutdown_kernel(now=True)


def _start(manager: KernelManager, folder: str) -> None:
    spec = manager.kernel_spec
    assert spec
    # Whatever kernel goes by the name python3 here: this Python is the one that has the course.
    spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    paths = [str(labs.ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "MPLBACKEND": "agg"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    manager.start_kernel(cwd=folder, env=environment, **quiet)


class Kernel:
    """A running kernel."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self._manager = manager
        self._client = client

    def run(self, source: str, seconds: float, seconds_to_stop: float) -> Done:
        """Run a cell; interrupt it after `seconds`. Raises StoppedError."""
        message_id = self._client.execute(source, allow_stdin=False, stop_on_error=False)
        done = Done()
        if not self._wait(message_id, done, monotonic() + seconds):
            done.interrupted = True
            self._manager.interrupt_kernel()
            if not self._wait(message_id, done, monotonic() + seconds_to_stop):
                raise StoppedError(f"ran for more than {seconds:g} seconds and did not heed the interrupt")
        return done

    def _wait(self, message_id: str, done: Done, deadline: float) -> bool:
        """Take messages until the cell is done; return False when the deadline came first."""
        while monotonic() < deadline:
            try:
                message = self._client.get_iopub_msg(timeout=_POLL)
            except Empty:
                if not self._manager.is_alive():
                    raise StoppedError("ended its Python process") from None
                continue
            if message["parent_header"].get("msg_id") == message_id and _take(message, done):
                return True
        return False


def _take(message: dict[str, Any], done: Done) -> bool:
    """Note what a message says; return whether it is the last one of its cell."""
    kind, content = message["msg_type"], message["content"]
    if kind == "execute_input":
        done.number = content["execution_count"]
    elif kind in ("execute_result", "display_data"):
        done.data.append(content["data"])
    elif kind == "error":
        places = _PLACE.findall(_COLOUR.sub("", "\n".join(content["traceback"])))
        last = (int(places[-1][0]), int(places[-1][1])) if places else None
        done.error = Error(content["ename"], content["evalue"], last)
    return kind == "status" and content["execution_state"] == "idle"
