"""Says before a notebook is handed in what would be graded. Runs it on its learner's own machine, in a kernel."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from nbformat import NotebookNode

from autograder.course.cells import bound_names
from autograder.course.given import as_given, exercises_by_lab, title
from autograder.course.kernel import Done, Error, Kernel, NoKernelError, StoppedError, open_kernel
from autograder.course.labs import UsageError
from autograder.course.limits import Limits
from autograder.course.notebooks import UnreadableError, notices_of, shown
from autograder.course.reading import read_submission
from autograder.course.rebuild import graded_cells, missing_in, rebuild, written_cells
from autograder.report import JSON_MIME, Report, zero_report

_SECONDS_TO_LOAD = 120  # PyTorch, whose time is not the notebook's
_FILE = re.compile(r" \(\S+\.py, line \d+\)$")  # what Python calls the cell of a syntax error


@dataclass
class Validation:
    """What would be graded: a report for each exercise on the public inputs, what to mend, and what is worth knowing.

    `hand_graded` are the answers that a person reads, with whether they are still as they were given.
    """

    lab: str
    title: str
    reports: list[Report] = field(default_factory=list)
    to_mend: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    hand_graded: dict[str, bool] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        return not self.to_mend and all(report.passed for report in self.reports)

    @property
    def points(self) -> float:
        return sum(report.points for report in self.reports)

    @property
    def max_points(self) -> float:
        return sum(report.max_points for report in self.reports)

    def to_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        reports = [{**report.to_data(), "passed": report.passed} for report in self.reports]
        totals = {"ready": self.ready, "points": self.points, "max_points": self.max_points}
        return {**asdict(self), **totals, "reports": reports}


def validate(path: Path, limits: Limits = Limits()) -> Validation:  # noqa: B008  it cannot change
    """Run the notebook at `path` as grading would, on the public inputs. Raises UsageError when it is no lab."""
    cells, notes = _read(path, limits)
    lab = _lab_of(path, cells)
    given = as_given(lab)
    notebook = rebuild(cells, given)
    result = Validation(lab, title(given), notes=notes)
    if path.name != f"{lab}.ipynb":
        result.notes.append(f"Hand it in under the name {lab}.ipynb.")
    absent = missing_in(notebook)
    result.to_mend += [one.text for one in absent if not one.not_python]
    result.notes += [n.text for n in notices_of(notebook) if n.text not in {one.text for one in absent}]
    _note_hand_graded(result, notebook, given)
    _Run(notebook, cells, result, limits).to_the_end()
    return result


def _read(path: Path, limits: Limits) -> tuple[list[NotebookNode], list[str]]:
    """Return the cells of a notebook file, and what was odd with it. Raises UsageError."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name the notebook in it")
    if not path.exists():
        raise UsageError(f"there is no file {path}")
    if path.suffix != ".ipynb":
        raise UsageError(f"{path.name} is not a notebook: name the .ipynb file that Jupyter saves")
    if path.stat().st_size > limits.notebook_bytes:
        raise UsageError(
            f"{path.name} is larger than {limits.notebook_bytes / 1e6:g} MB, so it would not be read. "
            "Clear its outputs (Edit > Clear Outputs of All Cells) and save it"
        )
    try:
        cells, notices = read_submission(path.read_bytes(), limits)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except UnreadableError as error:
        raise UsageError(f"{path.name}: {str(error).rstrip('.')}") from None
    return cells, [notice.text for notice in notices]


def _lab_of(path: Path, cells: Sequence[NotebookNode]) -> str:
    """Return the lab that shares most exercises with the notebook; its name decides between equals."""
    names = {name for cell in cells if cell.cell_type == "code" for name in bound_names(cell.source)}
    names |= {cell.metadata.get("nbgrader", {}).get("grade_id", "") for cell in cells}
    shared = {lab: len(names.intersection(exercises)) for lab, exercises in exercises_by_lab().items()}
    best = max(shared, key=lambda lab: (shared[lab], lab == path.stem), default="")
    if not best or not shared[best]:
        raise UsageError(f"{path.name} is not a lab of this course: it holds none of its exercises")
    return best


def _note_hand_graded(result: Validation, notebook: NotebookNode, given: NotebookNode) -> None:
    before = {cell.metadata.nbgrader.grade_id: cell.source for cell in written_cells(given)}
    now = {cell.metadata.nbgrader.grade_id: cell.source for cell in written_cells(notebook)}
    result.hand_graded = {name: now.get(name, text).strip() != text.strip() for name, text in before.items()}


class _Run:
    """One run of a rebuilt notebook; `cells` are the learner's own, as they number them."""

    def __init__(
        self, notebook: NotebookNode, cells: Sequence[NotebookNode], result: Validation, limits: Limits
    ) -> None:
        self.notebook = notebook
        self.cells = cells
        self.sources = [cell.source for cell in cells]
        self.result = result
        self.limits = limits
        self.deadline = monotonic() + limits.cpu_seconds_per_submission
        self.names = {cell.id: name for name, cell in graded_cells(notebook)}
        self.reports: dict[str, Report] = {}
        self.left_out: dict[str, str] = {}  # why, by the id of the cell

    def to_the_end(self) -> None:
        """Run all cells; where one ends or blocks the kernel, run the others without it, as grading does."""
        try:
            while not self._run_once():
                pass
        except NoKernelError as error:
            raise UsageError(f"{error}; is ipykernel installed here? pip install -r requirements.txt") from None
        for name, cell in graded_cells(self.notebook):
            reason = self.left_out.get(cell.id) or self._missing(name)
            self.result.reports.append(
                self.reports.get(cell.id) or zero_report(name, float(cell.metadata.nbgrader.points), reason)
            )

    def _missing(self, name: str) -> str:
        own = [cell for cell in self.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name]
        others = sorted(name for cell in own for name in bound_names(cell.source))
        instead = f"; its cell defines {', '.join(f'`{other}`' for other in others)}" if others else ""
        return f"Nothing by the name `{name}` is defined{instead}."

    def _run_once(self) -> bool:
        """Run the cells that are not left out in a new kernel; return whether it lived to the end."""
        numbers: dict[int, NotebookNode] = {}
        with open_kernel() as kernel:
            kernel.run('__import__("autograder.checking");', _SECONDS_TO_LOAD, self.limits.seconds_to_stop)
            for cell in self.notebook.cells:
                if cell.cell_type != "code" or cell.id in self.left_out or cell.id in self.reports:
                    continue
                if monotonic() > self.deadline:
                    self._give_up()
                    return True
                try:
                    done = self._run(kernel, cell)
                except StoppedError as stopped:
                    self._leave_out(cell, str(stopped))
                    return False
                numbers[done.number] = cell
                if cell.id not in self.names:
                    self._note(cell, done, numbers)
        return True

    def _run(self, kernel: Kernel, cell: NotebookNode) -> Done:
        name = self.names.get(cell.id)
        # Not the notebook's own `check`, which may be another by now: grading does not ask that either.
        source = f'__import__("autograder").check({name}, "{name}")' if name else cell.source
        seconds = min(self.limits.cpu_seconds_per_cell, max(self.deadline - monotonic(), 1.0))
        done = kernel.run(source, seconds, self.limits.seconds_to_stop)
        if name and done.interrupted:
            self._leave_out(cell, f"ran for more than {seconds:g} seconds")
        for data in done.data if name else ():
            if JSON_MIME in data:
                self.reports[cell.id] = Report.from_data(data[JSON_MIME])
        return done

    def _note(self, cell: NotebookNode, done: Done, numbers: dict[int, NotebookNode]) -> None:
        if done.interrupted:
            self._mend(f"{self._place(cell)} ran for more than {self.limits.cpu_seconds_per_cell:g} seconds.")
        elif done.error:
            where, line = cell, ""
            if done.error.place and done.error.place[0] in numbers:
                where, line = numbers[done.error.place[0]], f", line {done.error.place[1]}"
            self._mend(f"{self._place(where)}{line}: {_said(done.error)}")

    def _leave_out(self, cell: NotebookNode, what: str) -> None:
        name = self.names.get(cell.id)
        self.left_out[cell.id] = f"`{name}` {what}." if name else what
        if not name:
            self._mend(f"{self._place(cell)} {what}. The other cells were run without it.")

    def _give_up(self) -> None:
        text = f"The time for the whole notebook ({self.limits.cpu_seconds_per_submission:g} seconds) was used up"
        self._mend(f"{text}; the cells that were left did not run.")
        for cell in self.notebook.cells:
            self.left_out.setdefault(cell.id, f"{text} before this cell.")

    def _mend(self, text: str) -> None:
        if text not in self.result.to_mend:  # a cell that runs again, after one that ended the kernel
            self.result.to_mend.append(text)

    def _place(self, cell: NotebookNode) -> str:
        first = next((line for line in cell.source.splitlines() if line.strip()), "")
        number = f"{self.sources.index(cell.source) + 1} " if cell.source in self.sources else ""
        return f"Cell {number}(`{shown(first)}`)"


def _said(error: Error) -> str:
    if error.kind == "NameError" and "'check'" in error.text:
        return f"{error.kind}: {error.text}. The first cell of the lab imports it."
    return f"{error.kind}: {shown(_FILE.sub('', error.text))}" if error.text else error.kind


def lines(result: Validation) -> Iterator[str]:
    """Yield the result as text."""
    yield result.title
    yield ""
    width = max(len(report.exercise) for report in result.reports)
    for report in result.reports:
        yield f"  {_word(report):11}  {report.exercise:{width}}  {report.points:g} of {report.max_points:g}"
        if not report.passed and _word(report) != "not written":
            yield from (f"      {line.strip()}" for line in str(report).splitlines()[1:])
    for name, answered in result.hand_graded.items():
        yield f"  {'answered' if answered else 'not written':11}  {name:{width}}  a person grades it"
    yield ""
    yield f"expected: {result.points:g} of {result.max_points:g} points, on the public inputs"
    yield "Grading draws other inputs of the same kinds, so its points may differ."
    yield from _listed("to mend", result.to_mend)
    yield from _listed("good to know (costs nothing)", result.notes)
    yield ""
    yield "Ready to hand in." if result.ready else "There is something to mend. You can hand it in as it is."


def _word(report: Report) -> str:
    if report.passed:
        return "✓ right"
    if all(finding.kind == "not written" for finding in report.findings):
        return "not written"
    return "✗ partly" if report.points else "✗ wrong"


def _listed(heading: str, texts: Sequence[str]) -> Iterator[str]:
    if texts:
        yield ""
        yield heading
        yield from (f"  - {text}" for text in texts)


def as_json(result: Validation) -> str:
    return json.dumps(result.to_data(), ensure_ascii=False, indent=2)
