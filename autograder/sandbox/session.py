"""The trusted side: starts warm processes, gives each submission a fork of one, runs cells in it and asks questions.

Whatever comes back is read as plain data within limits; a process that sends anything else is ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from autograder.attempts.answers import Answer, Unusable
from autograder.attempts.observe import Observation, Raised, Solution
from autograder.exercise import Case, Exercise
from autograder.sandbox.limits import BYTES_FOR_QUESTIONS, Limits
from autograder.sandbox.paths import without_paths
from autograder.sandbox.watch import Meter, Seconds, Watch
from autograder.sandbox.wire import END, INTERRUPT, START, Closed, TooLate, WireError, receive, send, within

_STATM = Path("/proc/self/statm")  # in pages; the first number is the address space
_ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = "import sys; sys.path.insert(0, {!r}); from autograder.sandbox.forkserver import main; main()"
_PASSED_ON = ("HOME", "LD_LIBRARY_PATH", "MPLCONFIGDIR", "TMPDIR", "XDG_CACHE_HOME")  # to load; a learner sees none
SINGLE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_SECONDS_TO_ANSWER = 900  # of the clock, for what is ours to load, fork or end: only what hangs takes as long
_MOST_ANSWERED = 32_000_000
_MOST_CALLED = 16_000_000  # bytes in the arguments of a stand-in, and in what it returns
_MOST_WORKED = 256_000_000  # bytes that a stand-in may take meanwhile: a product can be far larger than its factors
_AN_OBJECT = 64  # bytes that a number, a list or the head of an array takes, about
_LONGEST_TEXT = 2_000
_MOST_LACKING = 100
_MOST_LINES = 10_000_000
# Questions with a known answer: the attempt, and what it is put to.
_SPOIL = ("autograder.attempts.observe", "call", {"names": ["value"]}), ("autograder.sandbox.inside.shell", "spoil")
_TORCH = "autograder.attempts.torch_functions"
_ONES = {name: np.ones((1, 1)) for name in ("upstream", "x", "W", "b")}
_DERIVED: tuple[tuple[Any, dict[str, Any]], ...] = (
    (((_TORCH, "train_in_numpy", {}), (_TORCH, "train_by_autograd")), {"batches": []}),
    (
        ((_TORCH, "apply_and_go_back", {}), (_TORCH, "BackwardByAutograd")),
        {**_ONES, "needed": ["x", "W", "b"], "alive": False, "twice": False, "gradcheck": False},
    ),
)


class UnprotectedError(Exception):
    """The machine does not offer the protections that grading needs; the message says which."""


class NoProcessError(Exception):
    """No process could be had for a notebook; another time there may be one."""


class EndedError(Exception):
    """The learner's process ended, or had to be: the message says how, to follow on "The cell "."""


@dataclass(frozen=True)
class Settings:
    """What a warm process is made for. `unsafe` leaves the sandbox out, `empty` what labs need."""

    limits: Limits
    torch: bool = False
    unsafe: bool = False
    empty: bool = False


@dataclass(frozen=True)
class Lacking:
    """A package that was imported or used and is not there: where (`source` is such as "cell 3"), the text of the line,
    and whether its statement was left out."""

    package: str
    source: str
    line: int
    text: str
    left_out: bool


@dataclass(frozen=True)
class Ran:
    """What a cell showed, as the outputs that shell.Recorder makes, whether it ran out of space, and what it asked for
    that is not there. `stopped` says why it was stopped, to follow on "The cell ", and is "" when it was not."""

    outputs: Sequence[Mapping[str, Any]]
    flooded: bool
    stopped: str
    lacking: Sequence[Lacking] = ()


class StoppedError(Exception):
    """A question was stopped: the message says why, to follow on the name of what was asked."""


class NotAsked(Exception):
    """Nothing by that name could be asked: nothing there (`came` is ""), or something that cannot be called."""

    def __init__(self, came: str) -> None:
        super().__init__(came)
        self.came = came


class Forkserver:
    """A warm process. `protections` says what guards the forks, in words. Raises UnprotectedError, NoProcessError."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.control, theirs = socket.socketpair()
        # IPython makes a profile while it loads, and needs none after that.
        with tempfile.TemporaryDirectory(prefix="autograder-", ignore_cleanup_errors=True) as profile:
            self.process = _start(settings, theirs, profile)
            said = self._first_word()
        if "ready" not in said:
            self.close()
            if "refused" in said:
                raise UnprotectedError(said["refused"])
            raise NoProcessError(f"the warm process did not start:\n{said['failed']}")
        self.protections = list(said["ready"])

    def _first_word(self) -> dict[str, Any]:
        try:
            return receive(self.control, most=1_000_000, patience=within(_SECONDS_TO_ANSWER))
        except WireError as error:
            self.process.terminate()
            last = self.process.communicate()[1].decode(errors="replace").strip().splitlines()[-1:]
            self.close()
            raise NoProcessError(f"the warm process did not start ({error}) {' '.join(last)}") from None

    def close(self) -> None:
        """End the process and its fork."""
        self.control.close()
        self.process.terminate()
        self.process.wait()
        if self.process.stderr:
            self.process.stderr.close()

    def fork(self, used: Seconds) -> Session:
        """Return a session with a new fork; it adds to `used`. Raises UnprotectedError, NoProcessError, WireError."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self.control, [START], [theirs.fileno()])
            said = receive(ours, most=10_000, patience=within(_SECONDS_TO_ANSWER))
        except (OSError, WireError) as error:
            ours.close()
            raise Closed(str(error)) from None
        session = Session(self, ours, said.get("ready", os.getpid()), used)
        if "ready" not in said:
            session.close()
            if "refused" in said:
                raise UnprotectedError(said["refused"])
            raise NoProcessError(f"the process for the notebook could not be set up:\n{said['failed']}")
        return session

    def interrupt(self) -> None:
        """Interrupt what the fork does now: when this returns it has the signal, so nothing later gets it."""
        self._command(INTERRUPT)

    def end_fork(self) -> int:
        """End the fork; return its exit code, minus the signal that ended it, or 0 if it still ran."""
        return self._command(END)

    def _command(self, command: bytes) -> int:
        self.control.sendall(command)
        return int(receive(self.control, most=10_000, patience=within(_SECONDS_TO_ANSWER))["status"])


def _start(settings: Settings, control: socket.socket, profile: str) -> subprocess.Popen[bytes]:
    limits = settings.limits
    bounds = {
        "address_space": limits.memory_bytes + BYTES_FOR_QUESTIONS,
        "scratch": limits.scratch_bytes,
        "cpu_seconds": int(2 * limits.cpu_seconds_per_submission) + 1,  # its session ends it earlier
        "threads": limits.threads,
    }
    options = {"control": control.fileno(), "bounds": bounds, **asdict(settings)}
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | dict.fromkeys(SINGLE, "1")
    environment |= {"IPYTHONDIR": profile, "MPLBACKEND": "agg", "LANG": "C.UTF-8"}
    with control:
        return subprocess.Popen(
            [sys.executable, "-B", "-P", "-c", _PROGRAM.format(str(_ROOT)), json.dumps(options)],
            env=environment,
            cwd="/",
            pass_fds=[control.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is the grader's
        )


def protections(*, unsafe: bool = False) -> list[str]:
    """Lock a process in and say what guards it. Raises UnprotectedError when a protection is missing."""
    if unsafe:
        return []
    forkserver = Forkserver(Settings(Limits(), empty=True))
    try:
        forkserver.fork(Seconds()).close()
        return forkserver.protections
    finally:
        forkserver.close()


_warm = threading.local()


def open_session(settings: Settings, used: Seconds | None = None) -> Session:
    """Return a new session, on the warm process that this thread keeps for such settings.

    What its requests take is added to `used`.
    Raises UnprotectedError when the machine lacks a protection, NoProcessError when no process can be started.
    """
    forkservers: dict[Settings, Forkserver] = _warm.__dict__.setdefault("forkservers", {})
    for _ in range(2):
        forkserver = forkservers.get(settings) or Forkserver(settings)
        forkservers[settings] = forkserver
        try:
            return forkserver.fork(used or Seconds())
        except WireError:  # the warm process is gone: out of memory, perhaps
            forkservers.pop(settings).close()
    raise NoProcessError("no process could be started for the notebook")


class Owner(Protocol):
    """What started a learner's process, and can stop it."""

    settings: Settings

    def interrupt(self) -> None: ...

    def end_fork(self) -> int: ...


class Session:
    """A learner's process. Use as a context manager; what it started ends with it."""

    def __init__(self, owner: Owner, link: socket.socket, pid: int, used: Seconds) -> None:
        self._owner = owner
        self._link = link
        self._meter = Meter(pid)
        self._used = used
        self._open = True

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._end()

    def run(self, source: str, allowed: Seconds, to_stop: float, cell: str = "the cell") -> Ran:
        """Run a cell, which learners call `cell`; interrupt it after the seconds `allowed`. Raises EndedError."""
        message = {"op": "run", "source": source, "cell": cell}
        reply, stopped = self._request(message, {}, allowed, to_stop)
        try:
            outputs = [_output(one) for one in reply.get("outputs", [])]
            lacking = [_lacking(one) for one in reply.get("lacking", [])[:_MOST_LACKING]]
            ran = Ran(outputs, reply.get("flooded") is True, stopped, lacking)
        except (TypeError, KeyError, AttributeError, ValueError):
            raise self._garbled() from None
        self._probe(allowed, to_stop)
        return ran

    def _probe(self, allowed: Seconds, to_stop: float) -> None:
        """Ask what has a known answer, so that a cell is found out that changed what questions go through."""
        # Of a size that was hardly seen before, so that nothing remembered stands in for what was changed.
        kept, spoilt = np.random.default_rng().normal(size=(2, 2 + secrets.randbelow(1000)))
        known = [(_SPOIL, {"kept": kept, "spoilt": spoilt}), *(_DERIVED if self._owner.settings.torch else ())]
        questions = [{"asked": asked, "arguments": arguments} for asked, arguments in known]
        reply, stopped = self._request({"op": "probe", "questions": questions}, {}, allowed, to_stop)
        if stopped:  # by a thread that the cell left behind, perhaps
            self._end()
            raise EndedError(stopped)
        try:
            first, *others = map(_observation, reply["observations"])
            same = [_is(values["value"], kept) for values in (first.answers, first.again)]
            seen = [_is(one.answers["derived"], np.ones(())) for one in others]
            right = all(same + seen) and first.changed == ("spoilt",) and len(others) == len(known) - 1
        except (TypeError, KeyError, AttributeError, ValueError):
            right = False
        if not right:
            self._end()
            raise EndedError("changed what the grader asks its questions with, so it was left out")

    def ask(
        self,
        exercise: Exercise,
        cases: Sequence[Case],
        stand_ins: Sequence[Exercise],
        allowed: Seconds,
        to_stop: float,
    ) -> Sequence[Observation]:
        """Put a question to what goes by the exercise's name; return one observation for each case.

        The stand-ins answer here, on the trusted side, when the learner's function calls them. Raises NotAsked,
        StoppedError, EndedError.
        """
        question = {
            "op": "ask",
            "name": exercise.name,
            "attempt": _found(exercise.attempt),
            "cases": [{"arguments": dict(case.arguments), "repeat": case.repeat} for case in cases],
            "stand_ins": [(one.name, one.stand_in_as and _found(one.stand_in_as)) for one in stand_ins],
        }
        answering = {one.name: one.stand_in for one in stand_ins if one.stand_in}
        reply, stopped = self._request(question, answering, allowed, to_stop)
        if stopped:
            raise StoppedError(stopped)
        try:
            if "problem" in reply:
                raise NotAsked(_text(reply.get("came", "")))
            observations = [_observation(one) for one in reply["observations"]]
        except (TypeError, KeyError, AttributeError, ValueError):
            raise self._garbled() from None
        if len(observations) != len(cases):
            raise self._garbled()
        return observations

    def _request(
        self, message: Mapping[str, Any], stand_ins: Mapping[str, Solution], allowed: Seconds, to_stop: float
    ) -> tuple[dict[str, Any], str]:
        """Return the reply, and why it was stopped, or ""."""
        if not self._open:
            raise EndedError("could not be run")
        id = secrets.token_hex(8)
        watch = Watch(self._meter, allowed, to_stop, self._owner.interrupt)
        try:
            send(self._link, {**message, "id": id}, patience=watch.patience)
            reply = self._reply(id, stand_ins, watch)
        except WireError as error:
            self._used.add(watch.end())
            raise self._failure(error, watch) from None
        self._used.add(watch.end())
        if watch.over and watch.left_running():  # they would use up the time of the cells below
            self._end()
            raise EndedError(f"{watch.over} and could not be stopped")
        if watch.over:
            return reply, f"{watch.over} and was stopped"
        return reply, "raised KeyboardInterrupt" if reply.get("interrupted") is True else ""

    def _failure(self, error: WireError, watch: Watch) -> EndedError:
        """End the process; return how it failed."""
        status = self._end()
        if watch.over:
            return EndedError(f"{watch.over} and {'could not be' if isinstance(error, TooLate) else 'was'} stopped")
        return EndedError(_how(status)) if isinstance(error, Closed) else self._garbled()

    def _reply(self, id: str, stand_ins: Mapping[str, Solution], watch: Watch) -> dict[str, Any]:
        """Return the reply, after answering the calls to stand-ins that come before it."""
        while True:
            said = receive(self._link, most=_MOST_ANSWERED, patience=watch.patience)
            if not isinstance(said, dict) or said.get("id") != id:  # said before it was asked, perhaps
                raise WireError("an answer to something else")
            if "call" not in said:
                return said
            send(self._link, _answer(said, stand_ins), patience=watch.patience)

    def _garbled(self) -> EndedError:
        self._end()
        return EndedError("sent something that is no answer, so its process was ended")

    def _end(self) -> int:
        if not self._open:
            return 0
        self._open = False
        self._link.close()
        try:
            return self._owner.end_fork()
        except (WireError, OSError):
            return 0


def _found(function: Callable[..., Any]) -> tuple[str, str, dict[str, Any]]:
    """Return where a function of autograder.attempts is found beside the learner's code: module, name, keywords."""
    keywords = dict(function.keywords) if isinstance(function, partial) else {}
    function = function.func if isinstance(function, partial) else function
    return function.__module__, function.__qualname__, keywords


def _answer(call: Mapping[str, Any], stand_ins: Mapping[str, Solution]) -> dict[str, Any]:
    """Answer a call to a stand-in. What the learner's code gave it may be anything."""
    if _size([call.get("arguments"), call.get("named")]) > _MOST_CALLED:
        return {"error": "the arguments are too large"}
    try:
        with np.errstate(all="ignore"), _bounded_memory(_MOST_WORKED):
            value = stand_ins[call["call"]](*call["arguments"], **call["named"])
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:_LONGEST_TEXT]}
    return {"value": value} if _size(value) <= _MOST_CALLED else {"error": "the result is too large"}


_memory = threading.Lock()


@contextlib.contextmanager
def _bounded_memory(more: int) -> Iterator[None]:
    """Let this process take at most so many more bytes meanwhile, where the system can say how many it has."""
    if not _STATM.exists():
        yield
        return
    import resource  # Windows has none

    with _memory:
        taken = int(_STATM.read_text().split()[0]) * resource.getpagesize()
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        least = min(bound for bound in (taken + more, soft, hard) if bound != resource.RLIM_INFINITY)
        resource.setrlimit(resource.RLIMIT_AS, (least, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _is(answer: Answer, known: np.ndarray[Any, Any]) -> bool:
    return isinstance(answer, np.ndarray) and np.array_equal(answer, known)


def _size(value: object) -> int:
    """Return the bytes of plain data, no further than matters: what is listed twice inside itself has no end."""
    waiting, size = [value], 0
    while waiting and size <= _MOST_CALLED:
        one = waiting.pop()
        size += _AN_OBJECT
        if isinstance(one, np.ndarray):
            size += max(one.nbytes, *(8 * length for length in one.shape), 0)  # an empty one can be long
        elif isinstance(one, str):
            size += len(one)
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list | tuple) else ()
    return size


def _how(status: int) -> str:
    if sys.platform != "win32" and status == -signal.SIGKILL:
        return "ended its Python process (too much memory or time, perhaps)"
    return "ended its Python process (a crash, or too much memory)"


def _output(one: Mapping[str, Any]) -> dict[str, Any]:
    kind = one["kind"]
    if kind == "stream":
        return {"kind": kind, "name": "stderr" if one["name"] == "stderr" else "stdout", "text": _str(one["parts"][0])}
    if kind == "error":
        said = {name: _text(one[name]) for name in ("name", "text", "source")}
        return {"kind": kind, **said, "line": _line(one["line"]), "traceback": _str(one["traceback"])}
    data = {mime: _str(one["data"][mime]) for mime in ("text/plain", "image/png") if mime in one["data"]}
    return {"kind": "execute_result" if kind == "execute_result" else "display_data", "data": data}


def _lacking(one: Mapping[str, Any]) -> Lacking:
    texts = (_text(one["package"]), _text(one["source"]))
    return Lacking(*texts, _line(one["line"]), _text(one["text"]), one["left_out"] is True)


def _line(number: object) -> int:
    """Read the number of a line, 0 for what can be none."""
    return number if type(number) is int and 0 < number < _MOST_LINES else 0


def _observation(one: Mapping[str, Any]) -> Observation:
    raised = one["raised"]
    return Observation(
        answers=_Answers((_text(name), _read(answer)) for name, answer in one["answers"].items()),
        again=_Answers((_text(name), _read(answer)) for name, answer in one["again"].items()),
        forms={_text(name): _text(form) for name, form in one["forms"].items()},
        changed=tuple(_text(name) for name in one["changed"]),
        raised=_raised(raised) if raised else None,
    )


def _raised(one: Mapping[str, Any]) -> Raised:
    kind, text, line, unwritten = (_text(one[key]) for key in ("kind", "text", "line", "unwritten"))
    return Raised(kind, text, line, unwritten, own=one["own"] is True)


class _Answers(dict[str, Answer]):
    """What came back, by name; a name that is missing has an unusable answer."""

    def __missing__(self, name: str) -> Answer:
        return Unusable("nothing")


def _read(answer: Any) -> Answer:
    if isinstance(answer, np.ndarray) and answer.dtype == np.float64:
        return answer
    return Unusable(_text(answer["came"]), _text(answer["wanted"]))


def _str(text: object) -> str:
    if type(text) is not str:
        raise TypeError("not text")
    return without_paths(text.encode("utf-8", "replace").decode())


def _text(text: object) -> str:
    """Read a short text, which will stand in a message: without what a terminal obeys."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in _str(text)[:_LONGEST_TEXT])
