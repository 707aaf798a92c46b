"""Times a process by what it uses itself, so that the same code is stopped at the same point on any machine.

The clock on the wall runs on while a process stands in the queue for a core; what is counted here does not. Nothing
looks at the process until it may have used all it was allowed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from autograder.sandbox.wire import TooLate

# Of the time off the cores, what at most is the queue's: a process could stand in it on purpose. And what is taken for
# the queue's where the system does not tell.
_LARGEST_SHARE, _UNTOLD_SHARE = 0.9, 0.5
_SHORTEST = 0.01  # seconds between two looks


@dataclass
class Seconds:
    """Seconds of computing, in all threads together, and of waiting: neither on a core nor in the queue for one."""

    computing: float = 0.0
    waiting: float = 0.0

    def add(self, other: Seconds) -> None:
        self.computing += other.computing
        self.waiting += other.waiting


class Meter:
    """Reads the kernel's account of a process. What it said last stands for a process that is gone."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._computing = 0.0
        self._queued: dict[str, float] = {}

    def computing(self) -> float:
        """Return the seconds its threads were on a core, those that ended included."""
        with suppress(OSError):
            self._computing = _computing(self._pid)
        return self._computing

    def threads(self) -> int:
        """Return how many threads it has, 0 where the system does not tell."""
        try:
            return len(os.listdir(f"/proc/{self._pid}/task"))
        except OSError:
            return 0

    def queued(self) -> dict[str, float]:
        """Return the seconds each of its threads stood in the queue for a core, nothing where the system hides that."""
        folder = Path(f"/proc/{self._pid}/task")
        with suppress(OSError):
            for thread in os.listdir(folder):
                with suppress(OSError):  # it ended
                    self._queued[thread] = _queued(folder / thread)
        return dict(self._queued)


if sys.platform == "linux":

    def _computing(pid: int) -> float:
        return time.clock_gettime(~pid << 3 | 2)  # the clock of a process, see clock_getcpuclockid(3)

else:

    def _computing(pid: int) -> float:
        import psutil  # type: ignore[import-untyped]

        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.Error as error:
            raise OSError(str(error)) from None
        return float(times.user + times.system)


def _queued(folder: Path) -> float:
    return int((folder / "schedstat").read_bytes().split()[1]) / 1e9  # run, queued, times it ran: nanoseconds


def _queued_here() -> float:
    """Return the seconds this thread stood in the queue for a core, 0 where the system does not tell."""
    try:
        return _queued(Path("/proc/thread-self"))
    except OSError:
        return 0.0


class Watch:
    """Times a process from now on while this thread waits for it. `patience` is to be asked how long to wait on.

    When the process has had the seconds it was `allowed`, `interrupt` is called, and it gets `to_stop` seconds more, of
    either kind. `over` says then which it used up, in words that follow "The cell ", and is "" before.

    Work of this thread is not the process's: answering its calls takes nothing of its time, up to as much computing as
    the process itself is allowed.
    """

    def __init__(self, meter: Meter, allowed: Seconds, to_stop: float, interrupt: Callable[[], object]) -> None:
        self.over = ""
        self._meter, self._allowed, self._to_stop, self._interrupt = meter, allowed, to_stop, interrupt
        self._until, self._threads = allowed, meter.threads()
        self._began, self._computing, self._queued = monotonic(), meter.computing(), meter.queued()
        self._own, self._own_queued = time.thread_time(), _queued_here()
        self._looking = 0.0  # seconds of computing that looking took: neither the process's nor an answer to it
        self._next = self._began + self._pause(Seconds())

    def patience(self) -> float:
        """Return for how many seconds to wait before asking again. Raises TooLate when the process did not stop."""
        left = self._next - monotonic()
        if left > 0:
            return left
        began = time.thread_time()
        try:
            return self._look()
        finally:
            self._looking += time.thread_time() - began

    def left_running(self) -> bool:
        """Say whether the process has more threads than when it began: an interrupt reaches the first one only."""
        return self._meter.threads() > self._threads

    def end(self) -> Seconds:
        """Return what the process has used, and settle `over`: it does not matter whether the interrupt came in
        time."""
        used = self._used()
        self._settle(used)
        return used

    def _look(self) -> float:
        used = self._used()
        if _is_more(used, self._until):
            if self.over:
                raise TooLate(self.over)
            self._settle(used)
            self._until = Seconds(used.computing + self._to_stop, used.waiting + self._to_stop)
            self._interrupt()
        pause = self._pause(used)
        self._next = monotonic() + pause
        return pause

    def _settle(self, used: Seconds) -> None:
        if self.over:
            return
        if used.computing > self._allowed.computing:
            self.over = f"used more than {self._allowed.computing:g} seconds of computing time"
        elif used.waiting > self._allowed.waiting:
            self.over = f"slept or waited for more than {self._allowed.waiting:g} seconds"

    def _pause(self, used: Seconds) -> float:
        """Return the seconds in which it cannot use up what is left, on all cores at once."""
        computing = (self._until.computing - used.computing) / (os.cpu_count() or 1)
        return max(min(computing, self._until.waiting - used.waiting), _SHORTEST)

    def _used(self) -> Seconds:
        computing = self._meter.computing() - self._computing
        own = time.thread_time() - self._own - self._looking
        off = monotonic() - self._began - computing - own
        return Seconds(max(computing, own), max(off - min(self._in_queue(off), off * _LARGEST_SHARE), 0.0))

    def _in_queue(self, off: float) -> float:
        """Return the seconds that this thread, or the thread of the process that waited longest, was in the queue."""
        queued = self._meter.queued()
        if not queued:
            return off * _UNTOLD_SHARE
        longest = max(seconds - self._queued.get(thread, 0.0) for thread, seconds in queued.items())
        return longest + _queued_here() - self._own_queued


def _is_more(used: Seconds, allowed: Seconds) -> bool:
    return used.computing > allowed.computing or used.waiting > allowed.waiting
