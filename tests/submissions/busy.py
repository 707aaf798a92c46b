"""A core with eight times the work it can do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil  # type: ignore[import-untyped]

# Each ends with the process that started it, however that ends.
_LOOP = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"


@contextmanager
def busy_machine() -> Iterator[None]:
    """Have eight loops compute on the one core that this process and what it has started may use meanwhile.

    That is what eight loops on each core are to them, and the tests beside this one keep the other cores. Each loop is
    a session of its own: the kernel shares cores between those.
    """
    before = os.sched_getaffinity(0)
    _keep_to({min(before)})
    loop = [sys.executable, "-S", "-c", _LOOP]
    loops = [subprocess.Popen(loop, start_new_session=True) for _ in range(8)]
    try:
        yield
    finally:
        for each in loops:
            each.kill()
        for each in loops:
            each.wait()
        _keep_to(before)


def _keep_to(cores: set[int]) -> None:
    """Have this process, and all that comes of it, use these cores only."""
    own = psutil.Process()
    for process in (own, *own.children(recursive=True)):
        with suppress(ProcessLookupError):  # it ended
            os.sched_setaffinity(process.pid, cores)
