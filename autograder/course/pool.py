"""Runs units of work on processes of this machine, whatever one of them does to its process."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

from autograder.course.work import Graded, Task, grade_notebook


def run_tasks(tasks: Iterator[Task], workers: int) -> Generator[tuple[Task, Graded], None, None]:
    """Yield each task with its result, as they finish.

    When a process dies, all that were in work with it are tried again, each alone, which shows the one that did it.
    """
    while True:
        lost: list[Task] = []
        with _pool(workers) as pool:
            yield from _run_in(pool, tasks, 2 * workers, lost)
        if not lost:
            return
        for task in lost:
            yield from _run_alone(task)


def _run_alone(task: Task) -> Iterator[tuple[Task, Graded]]:
    lost: list[Task] = []
    with _pool(1) as pool:
        yield from _run_in(pool, iter([task]), 1, lost)
    if lost:
        yield task, grade_notebook(_refused(task))


def _refused(task: Task) -> Task:
    problem = "The notebook ended the process that graded it (too much memory, perhaps)."
    return replace(task, notebook=None, problem=problem)


def _run_in(pool: Executor, tasks: Iterator[Task], most: int, lost: list[Task]) -> Iterator[tuple[Task, Graded]]:
    """Yield what finishes in `pool`, at most `most` at a time; what a broken pool loses goes to `lost`."""
    working: dict[Future[Graded], Task] = {}
    while True:
        for task in islice(tasks, 0 if lost else most - len(working)):
            try:
                working[pool.submit(grade_notebook, task)] = task
            except BrokenProcessPool:
                lost.append(task)
                break
        if not working:
            return
        for future in wait(working, return_when=FIRST_COMPLETED).done:
            task = working.pop(future)
            try:
                yield task, future.result()
            except BrokenProcessPool:
                lost.append(task)


@contextmanager
def _pool(workers: int) -> Iterator[Executor]:
    """Yield a pool of processes; when the caller stops early, end them and what they run at once."""
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _start_worker, (os.getpid(),))
    try:
        yield pool
        pool.shutdown()
    except BaseException:
        for process in multiprocessing.active_children():
            process.kill()
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def _start_worker(parent: int) -> None:
    """Leave Ctrl-C to the parent, and die with it. A kernel ends itself when its worker is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)
