"""What runs in a learner's process: cells in IPython, and questions put to what the cells defined.

Nothing here is trusted: the learner's code can change all of it. It imports NumPy, IPython and what runs beside the
learner's code, nothing of the grader.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import mmap
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from importlib import import_module
from types import CodeType, TracebackType
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder.attempts.answers import Unusable, describe
from autograder.attempts.observe import Observation, observe, standing_in
from autograder.sandbox.inside import harmless
from autograder.sandbox.inside.lacking import Learners, NotThereError, Place
from autograder.sandbox.inside.packages import pinned
from autograder.sandbox.limits import BYTES_FOR_QUESTIONS
from autograder.sandbox.wire import receive, send

SHOWN = ("text/plain", "image/png")  # the kinds of output that a graded notebook keeps
_MOST_RECEIVED = 64_000_000
_MAGICS = ("bash", "sh", "script", "system", "sx", "!", "perl", "ruby", "python", "python3", "pypy", "pip", "conda")
_MEASURING = ("time", "prun")  # cell magics that run the cell by a way of their own
_RUNNING_HERE = (*_MEASURING, "capture")
_BLANK_LINES = re.compile(r"\A(?:[ \t]*\n)*")  # at the top of a cell; IPython counts lines without them
_NOT_FOUND = re.compile(r"No module named '([^']*)'")
_NO_PROGRAMS = "(other programs are not run while a notebook is graded)"


class Recorder:
    """The outputs of one cell, in order, as far as they fit into `most` bytes."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.start()

    def start(self) -> None:
        self.outputs: list[dict[str, Any]] = []
        self.size = 0
        self.flooded = False

    def add(self, size: int, output: dict[str, Any]) -> None:
        self.size += size
        if self.size > self.most:
            self.flooded = True
        else:
            self.outputs.append(output)

    def write(self, name: str, text: str) -> None:
        last = self.outputs[-1] if self.outputs else {}
        if last.get("name") == name and self.size + len(text) <= self.most:
            last["parts"].append(text)
            self.size += len(text)
        else:
            self.add(len(text), {"kind": "stream", "name": name, "parts": [text]})

    def show(self, kind: str, data: Mapping[str, Any]) -> None:
        kept = {mime: _as_text(data[mime]) for mime in SHOWN if isinstance(data.get(mime), str | bytes)}
        self.add(sum(map(len, kept.values())), {"kind": kind, "data": kept})

    def taken(self) -> list[dict[str, Any]]:
        """Return the outputs as plain data."""
        return [{**one, "parts": ["".join(one["parts"])]} if "parts" in one else one for one in self.outputs]


def _as_text(data: str | bytes) -> str:
    return base64.b64encode(data).decode() if isinstance(data, bytes) else str(data)


class _Stream(io.TextIOBase):
    def __init__(self, recorder: Recorder, name: str) -> None:
        self.recorder = recorder
        self.name = name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self.recorder.write(self.name, text)
        return len(text)


class _Publisher(DisplayPublisher):
    recorder: Recorder

    def publish(self, data: Mapping[str, Any], *_: object, **__: object) -> None:
        self.recorder.show("display_data", data)

    def clear_output(self, wait: bool = False) -> None:
        self.recorder.start()


class _Result(DisplayHook):
    recorder: Recorder

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Mapping[str, Any], md_dict: object = None) -> None:
        self.recorder.show("execute_result", format_dict)

    def finish_displayhook(self) -> None:
        pass


class LabShell(InteractiveShell):
    """IPython that records what a cell shows. Programs of the system are not run, and nothing ends it.

    A statement that uses a package which is not there is left out, and the cell goes on below it.
    """

    recorder: Recorder
    learners: Learners
    cell = text = ""  # what learners call the cell that runs, such as "cell 3", and what they wrote there
    _statements: Iterator[ast.stmt] = iter(())

    async def run_ast_nodes(self, nodelist: list[ast.stmt], cell_name: str, *more: Any, **named: Any) -> Any:
        self.learners.know(cell_name, self.cell, self.text, ast.Module(nodelist, []))
        around, self._statements = self._statements, iter(nodelist)
        try:
            return await super().run_ast_nodes(nodelist, cell_name, *more, **named)
        finally:
            self._statements = around

    async def run_code(self, code_obj: CodeType, result: Any = None, *, async_: bool = False) -> bool:
        statement = next(self._statements, None)
        stopped = await super().run_code(code_obj, result, async_=async_)
        package = self.learners.lacking(result.error_in_exec) if stopped and result else ""
        if not package or statement is None:
            return stopped
        result.error_in_exec = None
        self.learners.leave_out(package, statement, code_obj)
        return False

    def showtraceback(self, exc_tuple: Any = None, *more: Any, **named: Any) -> None:
        error = exc_tuple[1] if exc_tuple else sys.exc_info()[1]
        if error and not self.learners.lacking(error):
            error.__traceback__ = _without_ours(error.__traceback__)
            super().showtraceback(exc_tuple, *more, **named)

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        if self.find_line_magic(magic_name) is None:
            raise NotThereError(f"%{magic_name}", self.learners.place())
        try:
            return super().run_line_magic(magic_name, line, _stack_depth + 1)
        except (ImportError, RuntimeError) as error:
            if magic_name == "matplotlib":  # a way to show figures that is not there
                raise NotThereError(f"%matplotlib {line}", self.learners.place()) from error
            raise

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
        if self.find_cell_magic(magic_name) is None:
            raise NotThereError(f"%%{magic_name}", self.learners.place())
        counted = f"#\n{cell}" if magic_name in _RUNNING_HERE else cell  # so that its lines have their numbers
        if magic_name in _MEASURING and cell:
            return self.run_cell(counted) and None
        return super().run_cell_magic(magic_name, line, counted)

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        text = "\n".join(stb)
        place = self.learners.place_of(evalue)
        if place is None and isinstance(evalue, SyntaxError):
            place = Place(self.cell, evalue.lineno or 0, "")
        source, line, _ = place or Place("", 0, "")
        said = {"name": etype.__name__, "text": _text_of(evalue), "source": source, "line": line}
        error = {"kind": "error", **said, "traceback": text}
        self.recorder.add(len(text), error)

    def system(self, cmd: str) -> None:
        _run_no_program()

    system_raw = system_piped = system

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> list[str]:
        return [_NO_PROGRAMS]

    def ask_exit(self) -> None:
        pass

    def enable_gui(self, gui: str | None = None) -> None:
        pass

    def serve(self, link: socket.socket) -> None:
        """Answer messages until the other side is gone. SIGINT stops what the learner's code is doing."""
        answers = {"run": _run, "ask": _ask, "probe": _probe}
        while True:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            message = receive(link, most=_MOST_RECEIVED)
            reserve = _reserve() if message["op"] == "run" else None
            reply: dict[str, Any] = {"interrupted": True}
            try:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                reply = answers[message["op"]](link, self, message)
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            except KeyboardInterrupt:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            if reserve:
                reserve.close()
            send(link, {**reply, "id": message["id"]})


def _reserve() -> mmap.mmap | None:
    """Take what a cell is to leave for the questions; nothing where learners' code has it already."""
    try:
        return mmap.mmap(-1, BYTES_FOR_QUESTIONS)
    except (OSError, MemoryError):
        return None


def _without_ours(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback without the frames of this package."""
    steps = []
    while trace:
        steps.append(trace)
        trace = trace.tb_next
    kept = None
    for step in reversed(steps):
        if step.tb_frame.f_globals.get("__package__") != __package__:
            kept = TracebackType(kept, step.tb_frame, step.tb_lasti, step.tb_lineno)
    return kept


def _run_no_program(*_: object) -> None:
    print(_NO_PROGRAMS)


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def make_shell(most_output: int) -> LabShell:
    """Return a shell that has already run a cell and drawn a figure, so that its forks need not load anything.

    From then on what the learner's code imports goes through autograder.sandbox.inside.lacking.
    """
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.xmode = "Context"
    config.InteractiveShell.colors = "nocolor"
    shell = LabShell.instance(config=config, displayhook_class=_Result, display_pub_class=_Publisher)
    recorder = shell.recorder = Recorder(most_output)
    for part in (shell.display_pub, shell.displayhook):
        assert isinstance(part, _Publisher | _Result)
        part.recorder = recorder
    for name in _MAGICS:
        for kind in ("line", "cell"):
            shell.magics_manager.register_function(_run_no_program, kind, name)
    sys.stdout, sys.stderr = _Stream(shell.recorder, "stdout"), _Stream(shell.recorder, "stderr")
    instead = harmless.packages()
    harmless.put_in_place(instead)
    pinned()  # from a file that a fork cannot read
    shell.learners = Learners(shell.user_ns, instead)
    with contextlib.suppress(ModuleNotFoundError):  # a learner's machine may have no matplotlib
        shell.enable_matplotlib("inline")
    shell.run_cell("import matplotlib.pyplot as _p\n_p.figure()\n_p.plot([0, 1])\n_p.title('$x^2$')\n_p.show()\n1 / 0")
    shell.reset(new_session=True)
    shell.recorder.start()
    shell.learners = Learners(shell.user_ns, instead)
    shell.learners.take_over()
    return shell


def _run(link: socket.socket, shell: LabShell, message: Mapping[str, Any]) -> dict[str, Any]:
    recorder, source = shell.recorder, message["source"]
    shell.cell, shell.text, shell.learners.remarks = message["cell"], _BLANK_LINES.sub("", source), []
    recorder.start()
    with contextlib.suppress(SystemExit):
        shell.run_cell(source, store_history=True)
    return {"outputs": recorder.taken(), "flooded": recorder.flooded, "lacking": shell.learners.remarks}


def _ask(link: socket.socket, shell: LabShell, message: Mapping[str, Any]) -> dict[str, Any]:
    """Put a question to what goes by its name: one observation for each case."""
    name = message["name"]
    if name not in shell.user_ns:
        return {"problem": "missing"}
    solution = shell.user_ns[name]
    if not callable(solution):
        return {"problem": "not callable", "came": describe(solution)}
    attempt = _find(message["attempt"])
    stand_ins = {}
    for other, adapter in message["stand_ins"]:
        answer = partial(_answer_of_the_grader, link, message["id"], other)
        stand_ins[other] = _find(adapter)(answer) if adapter else answer
    with standing_in(solution, stand_ins):
        seen = [observe(attempt, solution, case["arguments"], repeat=case["repeat"]) for case in message["cases"]]
    return {"observations": [_plain(_explained(one, shell.learners)) for one in seen]}


def _explained(seen: Observation, learners: Learners) -> Observation:
    """Return what was observed; where a name or module was missing for want of a package, say so."""
    raised = seen.raised
    if not raised:
        return seen
    missing = _NOT_FOUND.match(raised.text) if raised.kind == "ModuleNotFoundError" else None
    package = learners.not_there(missing[1]) if missing else ""
    if raised.kind == "NameError" and learners.unknown_from:
        package = learners.unknown_from
    if not package:
        return seen
    text = f"`{package}` is not there when this lab is graded; your code uses it at the line `{raised.line}`"
    return replace(seen, raised=replace(raised, kind=NotThereError.__name__, text=text))


def _probe(link: socket.socket, shell: LabShell, message: Mapping[str, Any]) -> dict[str, Any]:
    """Put questions whose answers the grader knows to functions of our own."""
    seen = []
    for question in message["questions"]:
        attempt, (module, name) = question["asked"]
        seen.append(observe(_find(attempt), getattr(import_module(module), name), question["arguments"]))
    return {"observations": [_plain(one) for one in seen]}


def spoil(kept: Any, spoilt: Any) -> Any:
    """Change one argument in place and return the other."""
    spoilt += 1
    return kept


def _find(where: tuple[str, str, Mapping[str, Any]]) -> Callable[..., Any]:
    module, name, keywords = where
    return partial(getattr(import_module(module), name), **keywords)


def _answer_of_the_grader(link: socket.socket, id: str, name: str, *arguments: Any, **named: Any) -> Any:
    send(link, {"id": id, "call": name, "arguments": arguments, "named": named})
    reply = receive(link, most=_MOST_RECEIVED)
    if "error" in reply:
        raise ValueError(reply["error"])
    return reply["value"]


def _plain(seen: Observation) -> dict[str, Any]:
    return {
        "answers": {name: _plain_answer(answer) for name, answer in seen.answers.items()},
        "again": {name: _plain_answer(answer) for name, answer in seen.again.items()},
        "forms": dict(seen.forms),
        "changed": list(seen.changed),
        "raised": asdict(seen.raised) if seen.raised else None,
    }


def _plain_answer(answer: Any) -> Any:
    return asdict(answer) if isinstance(answer, Unusable) else answer
