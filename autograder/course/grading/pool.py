"""Runs units of work on the processes of a pool, whatever one of them does to its process."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import islice
from typing import Protocol

from autograder.course.grading.grade_submission import Graded, Task, grade_notebook
from autograder.errors import UsageError

Result = Graded | Exception

_IN_FLIGHT = 2  # tasks a process: the next is there when one is done, and few notebooks are in memory at a time
_GLANCE = 5.0  # seconds without a result, after which a pool is asked whether it is still there


class Pool(Protocol):
    """Processes that units of work run on. `lost` is what a task ends with when its process died."""

    lost: tuple[type[Exception], ...]

    def open(self) -> AbstractContextManager[Executor]:
        """Return an executor; what it still runs is ended when the caller stops early."""

    def size(self) -> int:
        """Return how many processes there are, 1 or more. Raises UsageError when the pool is gone."""


def run_tasks(tasks: Iterator[Task], pool: Pool) -> Generator[tuple[Task, Result]]:
    """Yield each task with its result as they finish, or with the error that kept it from being graded.

    When a process dies, all that were in work with it are tried again, each alone, which shows the one that did it.
    Raises UsageError when the pool is gone.
    """
    while True:
        lost: list[Task] = []
        yield from _run(pool, tasks, lost)
        if not lost:
            return
        for task in lost:
            yield from _run_alone(pool, task)


def _run_alone(pool: Pool, task: Task) -> Iterator[tuple[Task, Result]]:
    lost: list[Task] = []
    yield from _run(pool, iter([task]), lost)
    if lost:
        yield from _run_refused(pool, _refused(task))


def _run_refused(pool: Pool, task: Task) -> Iterator[tuple[Task, Result]]:
    lost: list[Task] = []
    yield from _run(pool, iter([task]), lost)
    if lost:  # with no notebook to run, so it is not the notebook
        raise UsageError("the processes that grade end by themselves, for lack of memory perhaps; nobody lost points")


def _refused(task: Task) -> Task:
    problem = "The notebook ended the process that graded it (too much memory, perhaps)."
    return replace(task, notebook=None, problem=problem)


def _run(pool: Pool, tasks: Iterator[Task], lost: list[Task]) -> Iterator[tuple[Task, Result]]:
    """Yield what finishes; tasks whose process died go to `lost`, and then no more are begun."""
    working: dict[Future[Graded], Task] = {}
    with pool.open() as executor:
        while True:
            room = _IN_FLIGHT * pool.size() - len(working)
            for task in islice(tasks, 0 if lost else max(room, 0)):
                try:
                    working[executor.submit(grade_notebook, task)] = task
                except pool.lost:
                    lost.append(task)
                    break
            if not working:
                return
            for future in wait(working, _GLANCE, FIRST_COMPLETED).done:
                task, result = working.pop(future), _result(future)
                if isinstance(result, pool.lost):
                    lost.append(task)
                else:
                    yield task, result


def _result(future: Future[Graded]) -> Result:
    try:
        return future.result()
    except UsageError:
        raise  # it would be the same for every task
    except Exception as error:
        return error


class LocalPool:
    """Processes of this machine, as many as it has cores where `workers` is None, and no more than `tasks`."""

    lost: tuple[type[Exception], ...] = (BrokenProcessPool,)

    def __init__(self, workers: int | None = None, tasks: int = sys.maxsize) -> None:
        self._workers = max(min(workers or _cores(), tasks), 1)
        self._started: Executor | None = None

    def size(self) -> int:
        return self._workers

    def start(self, get_ready: Callable[[], object]) -> None:
        """Start the processes, while the caller is busy with other things; they begin with `get_ready`."""
        self._started = self._new()
        for _ in range(self._workers):
            self._started.submit(get_ready)

    def _new(self) -> Executor:
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._workers, spawn, _start_worker, (os.getpid(),))

    @contextmanager
    def open(self) -> Iterator[Executor]:
        executor, self._started = self._started or self._new(), None
        try:
            yield executor
            executor.shutdown()
        except BaseException:
            _stop(executor)
            raise

    def close(self) -> None:
        """End processes that were started and never used."""
        if self._started:
            _stop(self._started)


def _stop(executor: Executor) -> None:
    for process in multiprocessing.active_children():
        process.kill()
    executor.shutdown(wait=False, cancel_futures=True)


def _cores() -> int:
    """Return how many cores this process may use, which can be fewer than there are."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _start_worker(parent: int) -> None:
    """Leave Ctrl-C to the parent, and die with it. A kernel ends itself when its worker is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)
