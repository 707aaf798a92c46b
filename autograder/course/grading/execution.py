"""Runs a rebuilt notebook in a learner's process and settles what each graded cell says.

This is the one place that runs a learner's code, for grading and for `validate`: they differ in where the process is
and in the inputs. Graded cells are not run: the exercise's question is put instead.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeAlias

from nbformat import NotebookNode, from_dict

from autograder.course.cells import KEY, bound_names, graded_cells
from autograder.course.intake.notebooks import Notice, add_notices, shown
from autograder.course.saved_reports import save_report
from autograder.report import Report, zero_report
from autograder.sandbox.limits import Limits
from autograder.sandbox.session import EndedError, Lacking, Ran, Session, Settings, StoppedError, open_session
from autograder.sandbox.watch import Seconds

if TYPE_CHECKING:
    from autograder.course.grading.questions import Inputs

Open: TypeAlias = Callable[[Settings, Seconds], Session]
_FILE = re.compile(r" \(\S+, line \d+\)$")  # what Python calls the cell of a syntax error


@dataclass(frozen=True)
class Remark:
    """Something that came of running a notebook, in one sentence.

    `kind` is "error" (a cell raised something), "stopped" (a cell or all of them were not run to the end), "answer" (of
    an exercise, whose report says it too) or "note" (it costs nothing by itself).
    """

    kind: str
    text: str


def run(notebook: NotebookNode, limits: Limits, key: bytes, *, unsafe: bool = False) -> dict[str, Report]:
    """Run the cells of a rebuilt notebook for grading, in place, and return the report of each graded cell by its
    grade_id. The cell then holds its report too, and nothing else.

    `key` and the cells decide the hidden inputs, so what one submission saw is of no use to the next; `unsafe` leaves
    the sandbox out. Raises UnprotectedError when the machine lacks a protection, NoProcessError when no process can be
    started.
    """
    reason = notebook.metadata[KEY].get("unreadable")
    if reason:
        reports, remarks = _zeros(notebook, reason), list[Remark]()
    else:
        from autograder.course.grading.questions import hidden

        inputs = hidden(_own_key(notebook, key))
        reports, remarks = run_cells(notebook, limits, inputs, open_session, unsafe=unsafe)
    for _, cell in graded_cells(notebook):
        save_report(cell, reports[cell.id])
    # An error of a cell stands below the cell.
    told = [Notice(one.text, one.kind != "note") for one in remarks if one.kind != "error"]
    add_notices(notebook, told)
    return {cell.metadata.nbgrader.grade_id: reports[cell.id] for _, cell in graded_cells(notebook)}


def _zeros(notebook: NotebookNode, reason: str) -> dict[str, Report]:
    graded = list(graded_cells(notebook))
    return {cell.id: zero_report(name, float(cell.metadata.nbgrader.points), reason) for name, cell in graded}


def run_cells(
    notebook: NotebookNode, limits: Limits, inputs: Inputs, open: Open, *, unsafe: bool = False
) -> tuple[dict[str, Report], list[Remark]]:
    """Run the cells of a rebuilt notebook, put its questions on `inputs`, and return the report of each graded cell by
    its id, and what there is to remark. What the cells show is put into them.

    A cell that ends or blocks the process is left out from then on: a new process, from `open`, runs the others again,
    so what still works is graded.
    """
    settings = _settings(notebook.metadata[KEY]["exercises"].values(), limits, unsafe)
    progress = _NotebookRun(notebook, limits, inputs, settings.torch)
    while progress.next < len(notebook.cells):
        if progress.used_up:
            progress.give_up()
            break
        with open(settings, progress.used) as session:
            _run_in(session, progress)
    reports = {}
    for name, cell in graded_cells(notebook):
        most = float(cell.metadata.nbgrader.points)
        reports[cell.id] = progress.reports.get(cell.id) or zero_report(name, most, progress.reasons[cell.id])
    return reports, list(progress.remarks.values())


def _own_key(notebook: NotebookNode, key: bytes) -> bytes:
    sources = "\0".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return hmac.digest(key, sources.encode(), "sha256")


def _settings(names: Iterable[str], limits: Limits, unsafe: bool) -> Settings:
    from autograder.chapters import exercises  # loads PyTorch: only the processes that run notebooks need it

    return Settings(limits, torch=any(exercises()[name].needs_torch for name in names), unsafe=unsafe)


@dataclass
class _NotebookRun:
    """How far the run of one notebook is. By cell id: the reports of graded cells, and why a cell did not finish."""

    notebook: NotebookNode
    limits: Limits
    inputs: Inputs
    torch: bool = False
    used: Seconds = field(default_factory=Seconds)
    next: int = 0
    reports: dict[str, Report] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, Remark] = field(default_factory=dict)
    shown_bytes: int = 0

    @property
    def _left(self) -> Seconds:
        computing = self.limits.cpu_seconds_per_submission - self.used.computing
        return Seconds(computing, self.limits.waiting_seconds_per_submission - self.used.waiting)

    @property
    def allowed(self) -> Seconds:
        """What the next cell may use."""
        computing = min(self.limits.cpu_seconds_per_cell, self._left.computing)
        return Seconds(computing, min(self.limits.waiting_seconds_per_cell, self._left.waiting))

    @property
    def used_up(self) -> str:
        """Which time of the whole submission is used up, in words, or ""."""
        if self._left.computing <= 0:
            return f"The computing time for the whole submission ({self.limits.cpu_seconds_per_submission:g} seconds)"
        if self._left.waiting <= 0:
            return f"The waiting time for the whole submission ({self.limits.waiting_seconds_per_submission:g} seconds)"
        return ""

    def is_due(self, cell: NotebookNode, index: int) -> bool:
        """Say whether to run a cell in this process: graded cells once, the others in every process."""
        again = index < self.next and self.exercise(cell) is not None
        return cell.cell_type == "code" and cell.id not in self.reasons and not again

    def exercise(self, cell: NotebookNode) -> str | None:
        """Return the exercise of a graded cell, None for any other."""
        name = self.notebook.metadata[KEY]["exercises"].get(cell.metadata.get("nbgrader", {}).get("grade_id"))
        return str(name) if name else None

    def where(self, source: str, line: int) -> str:
        """Return a line of the learner's as they know it; `source` is what their process calls its cell or file."""
        places = {_short(cell): place(cell) for cell in self.notebook.cells}
        return places.get(source, shown(source)) + (f", line {line}" if line else "")

    def note(self, lacking: Lacking) -> None:
        """Note what a cell asked for that is not there: each line that was left out, each package imported."""
        where = self.where(lacking.source, lacking.line)
        what = f"{where}: `{shown(lacking.package)}` {self._lacks(lacking.package)}"
        if lacking.left_out:
            self._remark(where, "note", f"{what}, so `{shown(lacking.text)}` was left out.")
        else:
            self._remark(f"import {lacking.package}", "note", f"{what}. Importing it costs nothing.")

    def _lacks(self, package: str) -> str:
        of_the_course = package == "matplotlib" or (self.torch and package == "torch")
        only_here = of_the_course and find_spec(package) is None
        return "is not installed here" if only_here else "is not there when this lab is graded"

    def fail(self, cell: NotebookNode, error: Mapping[str, Any]) -> None:
        """Note the error that ended a cell."""
        where = self.where(error["source"], error["line"]) if error["source"] else place(cell)
        self._remark(f"{cell.id} error", "error", f"{where}: {_said(error)}")

    def stop_at(self, cell: NotebookNode, what: str) -> None:
        """Note why a cell did not finish, unless all are to be told."""
        if self.used_up:
            return
        name = self.exercise(cell)
        if name:
            self.reasons[cell.id] = f"`{name}` {what}."
            self._remark(cell.id, "answer", self.reasons[cell.id])
        else:
            self.reasons[cell.id] = f"The cell {what}."
            self._remark(cell.id, "stopped", f"{place(cell)} {what}. The other cells were run without it.")

    def note_flood(self) -> None:
        text = f"The cells wrote more than {self.limits.output_bytes:,} bytes; the rest was left out."
        self._remark("output", "note", text)

    def give_up(self) -> None:
        """Note that the time is used up, for all cells that are left."""
        text = f"{self.used_up} was used up"
        for cell in self.notebook.cells[self.next :]:
            self.reasons.setdefault(cell.id, f"{text} before this cell was done.")
        self._remark("time", "stopped", f"{text}; the cells that were left were not run to the end.")
        self.next = len(self.notebook.cells)

    def missing(self, name: str) -> str:
        """Say that nothing goes by the name of an exercise, and what its cell defines instead."""
        own = [cell for cell in self.notebook.cells if _is_solution_of(cell, name)]
        others = sorted(other for cell in own for other in bound_names(cell.source) - {name, "*"})
        instead = f"; its cell defines {', '.join(f'`{other}`' for other in others)}" if others else ""
        return f"Nothing by the name `{name}` is defined{instead}."

    def _remark(self, about: str, kind: str, text: str) -> None:
        self.remarks.setdefault(about, Remark(kind, text))


def _is_solution_of(cell: NotebookNode, name: str) -> bool:
    return cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade_id") == name


def _said(error: Mapping[str, Any]) -> str:
    kind, text = error["name"], shown(_FILE.sub("", error["text"]))
    if kind == "NameError" and "'check'" in text:
        return f"{kind}: {text}. The first cell of the lab imports it."
    return f"{kind}: {text}" if text else str(kind)


def number_cells(notebook: NotebookNode, cells: Sequence[NotebookNode]) -> None:
    """Note in each cell of a rebuilt notebook which one of the learner's `cells` it is, counted from 1."""
    numbers: dict[str, list[int]] = {}
    for number, cell in enumerate(cells, 1):
        numbers.setdefault(cell.source, []).append(number)
    for cell in notebook.cells:
        if numbers.get(cell.source):
            cell.metadata[KEY] = NotebookNode(number=numbers[cell.source].pop(0))


def place(cell: NotebookNode) -> str:
    """Return what learners call a cell: its number and how it begins."""
    first = next((line for line in cell.source.splitlines() if line.strip()), "")
    return f"{_short(cell).capitalize()} (`{shown(first)}`)"


def _short(cell: NotebookNode) -> str:
    number = cell.metadata.get(KEY, {}).get("number")
    return f"cell {number}" if number else f"the given cell {cell.id}"


def _run_in(session: Session, progress: _NotebookRun) -> None:
    """Run on from `progress.next` in a new process, after the learner's cells above have been run again."""
    for index, cell in enumerate(progress.notebook.cells):
        if not progress.is_due(cell, index):
            continue
        name = progress.exercise(cell)
        ended = False
        try:
            if name:
                _ask(session, progress, cell, name)
            else:
                _run_cell(session, progress, cell, first=index >= progress.next)
        except EndedError as reason:
            ended = True
            progress.stop_at(cell, str(reason))
        if progress.used_up:
            return
        progress.next = max(progress.next, index + 1)
        if ended:
            return
    progress.next = len(progress.notebook.cells)


def _ask(session: Session, progress: _NotebookRun, cell: NotebookNode, name: str) -> None:
    from autograder.course.grading import questions  # loads PyTorch

    try:
        asked = questions.ask(session, name, progress.inputs, progress.limits, progress.allowed)
        progress.reports[cell.id] = asked
    except StoppedError as stopped:
        progress.stop_at(cell, str(stopped))
    except questions.MissingError:
        progress.reasons[cell.id] = progress.missing(name)


def _run_cell(session: Session, progress: _NotebookRun, cell: NotebookNode, first: bool) -> None:
    """Run a cell; keep what it shows when it runs for the first time."""
    ran = session.run(cell.source, progress.allowed, progress.limits.seconds_to_stop, _short(cell))
    if first:
        cell.outputs = _outputs(ran, progress)
        for one in ran.lacking:
            progress.note(one)
    if ran.stopped:
        progress.stop_at(cell, ran.stopped)
    elif first and _error(ran):
        progress.fail(cell, _error(ran))


def _error(ran: Ran) -> Mapping[str, Any]:
    """Return the error that ended a cell, an empty mapping when none did."""
    return next((one for one in reversed(ran.outputs) if one["kind"] == "error"), {})


def _outputs(ran: Ran, progress: _NotebookRun) -> list[NotebookNode]:
    """Return the outputs of a cell as far as the submission's bound allows."""
    outputs, flooded = [], ran.flooded
    for one in ran.outputs:
        progress.shown_bytes += len(str(one))
        flooded = flooded or progress.shown_bytes > progress.limits.output_bytes
        if not flooded:
            outputs.append(_output(one))
    if flooded:
        progress.note_flood()
    return outputs


def _output(one: Mapping[str, Any]) -> NotebookNode:
    kind = one["kind"]
    if kind == "stream":
        return from_dict({"output_type": kind, "name": one["name"], "text": one["text"]})
    if kind == "error":
        traceback = one["traceback"].splitlines()
        return from_dict({"output_type": kind, "ename": one["name"], "evalue": one["text"], "traceback": traceback})
    count = {"execution_count": None} if kind == "execute_result" else {}
    return from_dict({"output_type": kind, "data": one["data"], "metadata": {}, **count})
