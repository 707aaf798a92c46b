"""Does a watch count what a process uses, and nothing that others do?"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from autograder.sandbox import watch
from autograder.sandbox.watch import Meter, Seconds, Watch
from autograder.sandbox.wire import TooLate

MUCH = Seconds(1e6, 1e6)
COMPUTE = "import time\nwhile time.process_time() < {}: pass\n"
SAY = "print(flush=True)\nimport sys\nsys.stdin.read()"
THREAD = f"import threading\nthread = threading.Thread(target=exec, args=({COMPUTE!r}.format(0.4),))\n"


@contextmanager
def process(source: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs `source`, says so, and waits."""
    command = [sys.executable, "-c", source + SAY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        yield started
        started.kill()


def said(started: subprocess.Popen[bytes]) -> bytes:
    assert started.stdout
    return started.stdout.readline()


def compute(seconds: float) -> None:
    began = time.thread_time()
    while time.thread_time() - began < seconds:
        pass


@pytest.mark.parametrize(
    "source",
    [COMPUTE.format(0.4), THREAD + "thread.start()\nthread.join()\n"],
    ids=["in its own thread", "in a thread that ended"],
)
def test_computing_is_counted(source: str) -> None:
    with process(source) as started:
        timed = Watch(Meter(started.pid), MUCH, 1, lambda: None)
        assert said(started)
        assert timed.end().computing > 0.3


def test_what_a_process_used_can_be_read_after_its_end() -> None:
    with process(COMPUTE.format(0.4)) as started:
        meter = Meter(started.pid)
        assert said(started)
        before = meter.computing()
        started.kill()
        started.wait()
        assert meter.computing() == before > 0.3


def test_waiting_is_counted() -> None:
    with process("") as started:
        assert said(started)
        timed = Watch(Meter(started.pid), MUCH, 1, lambda: None)
        time.sleep(0.5)
        assert timed.end().waiting > 0.4


def test_a_process_that_waits_for_an_answer_is_not_charged_for_it() -> None:
    with process("") as started:
        assert said(started)
        timed, began = Watch(Meter(started.pid), MUCH, 1, lambda: None), time.monotonic()
        compute(0.5)
        used, lasted = timed.end(), time.monotonic() - began
    assert used.waiting < lasted / 4


def test_answering_is_bounded_by_the_computing_the_process_may_do_itself() -> None:
    with process("") as started:
        assert said(started)
        timed = Watch(Meter(started.pid), Seconds(0.1, 1e6), 1, lambda: None)
        compute(0.2)
        timed.end()
    assert "computing time" in timed.over


def test_where_the_system_hides_the_queue_half_of_the_time_off_the_cores_is_taken_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "_queued", hidden)
    with process("") as started:
        assert said(started)
        began, timed = time.monotonic(), Watch(Meter(started.pid), MUCH, 1, lambda: None)
        time.sleep(0.4)
        used, lasted = timed.end(), time.monotonic() - began
    assert 0.19 <= used.waiting <= lasted / 2


def hidden(_: object) -> float:
    raise PermissionError


def test_a_process_is_interrupted_once_and_given_up_when_it_goes_on() -> None:
    interrupts: list[str] = []
    with process("while True: pass\n") as started:
        timed = Watch(Meter(started.pid), Seconds(0.2, 1e6), 0.2, lambda: interrupts.append(timed.over))
        with pytest.raises(TooLate):
            wait_for_ever(timed)
    assert interrupts == ["used more than 0.2 seconds of computing time"]


def wait_for_ever(timed: Watch) -> None:
    while True:
        time.sleep(timed.patience())


def test_nothing_is_looked_at_while_the_time_cannot_be_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    began = time.monotonic()
    timed = Watch(Meter(os.getpid()), Seconds(4000, 9000), 1, lambda: None)
    looked = threading.Event()
    monkeypatch.setattr(timed, "_look", looked.set)
    assert 900 < timed.patience() <= 1000 + time.monotonic() - began
    assert not looked.is_set()
