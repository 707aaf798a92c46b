"""Runs units of work on the processes of a pool, whatever one of them does to its process."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import islice
from multiprocessing import connection, forkserver
from typing import Protocol

from autograder.course.grading.grade_submission import Graded, Task, grade_notebook
from autograder.errors import UsageError
from autograder.sandbox.session import SINGLE

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
        raise UsageError("the grading processes keep ending, perhaps for lack of memory; nobody lost points")


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
    """Processes of this machine: as many as it has cores where `workers` is None, and never more than tasks."""

    lost: tuple[type[Exception], ...] = (BrokenProcessPool,)

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or _cores()

    def size(self) -> int:
        return self._workers

    def _new(self) -> Executor:
        start_loading()
        return ProcessPoolExecutor(self._workers, multiprocessing.get_context(_METHOD), _start_worker)

    @contextmanager
    def open(self) -> Iterator[Executor]:
        executor = self._new()
        try:
            yield executor
            executor.shutdown()
        except BaseException:
            _stop(executor)
            raise


# On Linux the processes are forks of one server, in which PyTorch and this package are loaded, once. It has run
# nothing but imports, in one thread, and ends with this process. Elsewhere each process loads them for itself.
_METHOD = "forkserver" if sys.platform == "linux" else "spawn"
_LOADED = ["autograder.course.grading.grade_submission", "autograder.course.grading.questions"]


def start_loading() -> None:
    """Begin to load what a LocalPool's processes need, while the caller is busy with other things."""
    if _METHOD == "forkserver":
        forkserver.set_forkserver_preload(_LOADED)
        with _for_the_server():
            forkserver.ensure_running()


@contextmanager
def _for_the_server() -> Iterator[None]:
    """Have what is started meanwhile leave Ctrl-C to this process, and NumPy in it compute in one thread."""
    environment = {name: os.environ.get(name) for name in SINGLE}
    os.environ.update(dict.fromkeys(SINGLE, "1"))
    ignores = threading.current_thread() is threading.main_thread()  # no other may say what a signal does
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if ignores else None
    try:
        yield
    finally:
        if ignores:
            signal.signal(signal.SIGINT, handler)
        for name, value in environment.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _stop(executor: Executor) -> None:
    for process in multiprocessing.active_children():
        process.kill()
    executor.shutdown(wait=False, cancel_futures=True)


def _cores() -> int:
    """Return how many cores this process may use, which can be fewer than there are."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _start_worker() -> None:
    """Leave Ctrl-C to the grading command, and die with it. A learner's process ends itself when its worker is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, for the end of the server
    # The server goes on as long as it has workers, so each looks for itself whether the command is still there.
    threading.Thread(target=_die_with_the_command, daemon=True).start()


def _die_with_the_command() -> None:
    command = multiprocessing.parent_process()
    connection.wait([command.sentinel] if command else [])
    os._exit(1)
