"""The pool of a cluster: units of work on Dask distributed, which is an optional extra."""

from __future__ import annotations

import gc
import hashlib
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from autograder.course.grading.pool import Pool
from autograder.errors import UsageError

if TYPE_CHECKING:
    from distributed import Client

# Seconds of the clock for a scheduler to answer, for its first worker to come, and without any, after which grading
# stops. A busy machine may need most of them.
_ANSWER, _ARRIVAL, _PATIENCE = 60.0, 60.0, 300.0

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def connect(address: str) -> Iterator[Pool]:
    """Yield the pool of the Dask scheduler at `address`, such as "tcp://10.0.0.1:8786". Raises UsageError."""
    try:
        from distributed import Client
    except ImportError:
        raise UsageError("--scheduler needs Dask, which is not installed: pip install -e '.[cluster]'") from None
    for name in ("distributed", "distributed.client", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what they have to say becomes a UsageError
    try:
        client = Client(address, timeout=_ANSWER, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = str(error)
        client = None
    if client is None:
        gc.collect()  # takes the failed client down now; while another one starts, both would wait for one lock
        raise UsageError(f"no Dask scheduler answers at {address}: {reason}")
    try:
        _wait_for_workers(client, address)
        yield ClusterPool(client, address)
    finally:
        client.close(timeout=2)


def _wait_for_workers(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, _ARRIVAL)
    except TimeoutError:
        raise UsageError(f"the scheduler at {address} has no workers; {_how_to_start(address)}") from None


def _how_to_start(address: str) -> str:
    return f"start some on each machine: dask worker {address} --nworkers -1 --nthreads 1"


class ClusterPool:
    """The workers of a Dask scheduler. Dask tries a task again elsewhere when its worker dies, some times."""

    def __init__(self, client: Client, address: str) -> None:
        from distributed import KilledWorker

        self.lost: tuple[type[Exception], ...] = (KilledWorker, CancelledError)
        self._client = client
        self._address = address
        self._seen = monotonic()

    def size(self) -> int:
        try:
            threads = sum(self._client.nthreads().values())
        except (OSError, RuntimeError):
            raise UsageError(f"the scheduler at {self._address} is gone; {_AGAIN}") from None
        if threads:
            self._seen = monotonic()
        elif monotonic() - self._seen > _PATIENCE:
            raise UsageError(f"the scheduler at {self._address} has lost its workers; {_AGAIN}")
        return max(threads, 1)

    @contextmanager
    def open(self) -> Iterator[Executor]:
        executor = _SameCode(self._client.get_executor(pure=False))
        try:
            yield executor
        finally:
            executor.shutdown(wait=False)


_AGAIN = "run the same command again to continue"


class _SameCode(Executor):
    """An executor whose workers compare their autograder with ours: an older copy would grade by other rules."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self._executor.submit(_call_same, _digest(), fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._executor.shutdown(wait)


def _call_same(digest: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    if digest != _digest():
        from distributed import get_worker

        raise UsageError(f"the worker at {get_worker().address} has another version of autograder; update it")
    return function(*args, **kwargs)


@cache
def _digest() -> str:
    """Return a digest of autograder's source and templates, whatever line ends they were checked out with."""
    package = Path(__file__).parents[2]
    files = [*package.rglob("*.py"), *package.rglob("*.j2")]
    sources = sorted((path.relative_to(package).as_posix(), path.read_text("utf-8")) for path in files)
    return hashlib.sha256(repr(sources).encode()).hexdigest()
