"""Checks an exercise on a page of the book, as a notebook's kernel would: runs in a browser, without PyTorch.

The page sends the lab and the answers typed so far. For every check the cells above the exercise are run again in a
namespace of its own, as after "Restart the kernel": nothing is left of what was typed before.
"""

from __future__ import annotations

import ast
import contextlib
import html
import io
import json
import linecache
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from autograder.attempts.observe import Raised, in_words, raised_by
from autograder.chapters import exercises
from autograder.checking import TooLong, all_failed, case, check, stopped
from autograder.exercise import Exercise
from autograder.report import Report

MOST_SECONDS = 10.0  # for one check, the cells above it included
_BOOK = "../.."  # from a lab's page
_MOST_SHOWN = 2000  # characters
_JUMPS_BETWEEN_LOOKS = 100  # at the clock


@dataclass(frozen=True)
class _Cell:
    """A code cell of a lab: its source as it is now, the exercise it answers or "", and whether it is a check."""

    source: str
    answers: str
    checks: bool

    @property
    def file(self) -> str:
        return f"<{self.answers or 'given'}>"


def check_on_page(lab: str, answers: str, exercise: str, seconds: float = MOST_SECONDS) -> str:
    """Return, as JSON, what a check of `exercise` comes to: the points, and the report as HTML and as text.

    `lab` is the notebook as it was given, `answers` the learner's cells by the exercise they answer, both as JSON.
    Raises ValueError when the lab has no cell for the exercise.
    """
    cells = _cells_up_to(exercise, json.loads(lab), json.loads(answers))
    shown = io.StringIO()
    with _Limit(seconds) as limit:
        report = replace(_checked(exercises()[exercise], cells, limit, shown), book=_BOOK)
    told = {"html": report.to_html(book=_BOOK) + _inputs(report), "text": str(report)}
    if printed := shown.getvalue()[:_MOST_SHOWN]:
        told["html"] += f"<p>Printed by the cell:</p><pre>{html.escape(printed)}</pre>"
        told["text"] += f"\n  Printed by the cell:\n{printed}"
    return json.dumps({"points": report.points, "max_points": report.max_points, **told})


def _inputs(report: Report) -> str:
    """Return, folded, the inputs of the case that a report tells of: a page has no other cell to ask for them in."""
    if not report.inputs or not report.wrong:
        return ""
    number = report.wrong.number
    with np.printoptions(threshold=100):
        values = "\n".join(f"{name} = {value!r}" for name, value in case(report.exercise, number).items())
    shown = html.escape(values[:_MOST_SHOWN])
    return f"<details><summary>Show the inputs of case {number}</summary><pre>{shown}</pre></details>"


def _cells_up_to(exercise: str, lab: Mapping[str, Any], answers: Mapping[str, str]) -> list[_Cell]:
    """Return the code cells of a lab down to the one that answers `exercise`."""
    cells = []
    for cell in lab["cells"]:
        info = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "code":
            name = info["grade_id"] if info.get("solution") else ""
            cells.append(_Cell(answers.get(name, "".join(cell["source"])), name, bool(info.get("grade"))))
            if name == exercise:
                return cells
    raise ValueError(f"the lab has no cell for the exercise {exercise}")


def _checked(exercise: Exercise, cells: list[_Cell], limit: _Limit, shown: io.StringIO) -> Report:
    """Run the cells and check what the last one defines; what that one prints goes to `shown`."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells:
        if cell.checks:
            continue
        if not cell.answers:
            _run_given(cell, names)
            continue
        ended = _run_answer(cell, names, limit, shown if cell is cells[-1] else io.StringIO())
        if isinstance(ended, TooLong):
            return stopped(exercise, _handle(cell), ended)
    if ended is not None:
        return all_failed(exercise, "raised", f"Your code {in_words(_raised(ended, cell))}")
    if exercise.name not in names:
        return all_failed(exercise, "not there", _not_defined(exercise.name, cell))
    return check(names[exercise.name], exercise)


def _run_given(cell: _Cell, names: dict[str, Any]) -> None:
    """Run a cell that came with the lab, statement by statement: what needs a package that is not here is left out."""
    for statement in ast.parse(cell.source).body:
        with contextlib.suppress(Exception), _written_to(io.StringIO()):
            exec(compile(ast.Module([statement], []), cell.file, "exec"), names)


def _run_answer(cell: _Cell, names: dict[str, Any], limit: _Limit, shown: io.StringIO) -> BaseException | None:
    """Run a learner's cell and return the exception that ended it; the value of its last line is shown too."""
    linecache.cache[cell.file] = len(cell.source), None, cell.source.splitlines(keepends=True), cell.file
    try:
        tree = ast.parse(cell.source, cell.file)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        with _written_to(shown):
            exec(limit.watching(compile(tree, cell.file, "exec")), names)
            if isinstance(last, ast.Expr):
                value = eval(limit.watching(compile(ast.Expression(last.value), cell.file, "eval")), names)
                print("" if value is None else repr(value), end="" if value is None else "\n")
    except BaseException as error:
        return error
    return None


@contextlib.contextmanager
def _written_to(stream: io.StringIO) -> Iterator[None]:
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        yield


def _raised(error: BaseException, cell: _Cell) -> Raised:
    """Describe the exception that ended a learner's cell; of one that is no Python, the line that is none."""
    if isinstance(error, SyntaxError) and error.filename == cell.file:
        line = linecache.getline(cell.file, error.lineno or 0).strip()
        return Raised(type(error).__name__, f"{error.msg} (line {error.lineno})", line)
    return raised_by(error, _handle(cell))


def _handle(cell: _Cell) -> FunctionType:
    """Return a function of a learner's cell, for those who ask a solution which file it is from."""
    return FunctionType(compile("", cell.file, "exec"), {})


def _not_defined(name: str, cell: _Cell) -> str:
    statements = ast.parse(cell.source).body
    others = [one.name for one in statements if isinstance(one, ast.FunctionDef | ast.ClassDef)]
    instead = f"; its cell defines {', '.join(f'`{other}`' for other in others)}" if others else ""
    return f"Nothing by the name `{name}` is defined{instead}"


class _Limit:
    """Ends the learner's code after so many seconds, where Python can tell of every jump: from 3.12 on.

    Whoever swallows the exception gets it again every second. What no jump interrupts, the page has to end.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.due = time.monotonic() + seconds
        self.jumps = 0

    def __enter__(self) -> _Limit:
        if sys.version_info >= (3, 12):
            events = sys.monitoring.events
            sys.monitoring.use_tool_id(sys.monitoring.PROFILER_ID, "backprop-by-hand")
            for event in (events.JUMP, events.PY_START):
                sys.monitoring.register_callback(sys.monitoring.PROFILER_ID, event, self._look)
        return self

    def __exit__(self, *_: object) -> None:
        if sys.version_info >= (3, 12):
            sys.monitoring.free_tool_id(sys.monitoring.PROFILER_ID)

    def watching(self, code: CodeType) -> CodeType:
        """Have the code, and that of all functions in it, looked at while it runs."""
        if sys.version_info >= (3, 12):
            events = sys.monitoring.events
            sys.monitoring.set_local_events(sys.monitoring.PROFILER_ID, code, events.JUMP | events.PY_START)
        for inner in code.co_consts:
            if isinstance(inner, CodeType):
                self.watching(inner)
        return code

    def _look(self, *_: object) -> None:
        self.jumps += 1
        if self.jumps % _JUMPS_BETWEEN_LOOKS == 0 and (now := time.monotonic()) >= self.due:
            self.due = now + 1
            raise TooLong(self.seconds)
