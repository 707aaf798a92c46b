"""A machine with eight times the work it has cores for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Each ends with the process that started it, however that ends.
_LOOP = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"


@contextmanager
def busy_machine() -> Iterator[None]:
    """Have eight loops compute on each core. Each is a session of its own: the kernel shares cores between those."""
    loop = [sys.executable, "-S", "-c", _LOOP]
    loops = [subprocess.Popen(loop, start_new_session=True) for _ in range(8 * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        for each in loops:
            each.kill()
        for each in loops:
            each.wait()
