"""Runs a rebuilt notebook in a fresh kernel and settles what each graded cell says.

This is the one place that runs a learner's code; a sandbox goes here.
"""

from __future__ import annotations

import asyncio
import html
import logging
import math
import os
import re
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from subprocess import DEVNULL
from time import monotonic
from typing import Any

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.course.labs import ROOT
from autograder.course.limits import Limits
from autograder.course.notebooks import KEY, Notice, add_notices, shown
from autograder.exercise import Section
from autograder.report import JSON_MIME, Finding, Report

# exit() would end the kernel after its cell, and the next one would be blamed. Importing PyTorch for the checks
# takes seconds that the first graded cell is not to pay for.
_PRELUDE = "get_ipython().ask_exit = lambda: None; import autograder.checking as _"


def run(notebook: NotebookNode, limits: Limits) -> None:
    """Run the cells of a rebuilt notebook, in place; then every graded cell holds one Report and nothing else.

    A cell that ends or blocks the kernel is left out from then on: a new kernel runs the others again, so
    what still works is graded. Raises RuntimeError when no kernel can be started.
    """
    reason = notebook.metadata[KEY].get("unreadable")
    if reason:
        for name, cell in graded_cells(notebook):
            _settle(cell, name, reason)
        return
    progress = _Progress(notebook, limits, monotonic() + limits.seconds_per_submission)
    asyncio.run(_run_all(progress))
    settled = [_settle(cell, name, progress.reasons.get(cell.id)) for name, cell in graded_cells(notebook)]
    notices = list(progress.notices.values()) + [notice for notice in settled if notice]
    add_notices(notebook, notices)


def graded_cells(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    """Yield (exercise, cell) for the automatically graded cells of a rebuilt notebook."""
    exercises = notebook.metadata[KEY]["exercises"]
    for cell in notebook.cells:
        info = cell.metadata.get("nbgrader", {})
        if info.get("grade") and info["grade_id"] in exercises:
            yield exercises[info["grade_id"]], cell


@dataclass
class _Progress:
    """How far the run of one notebook is. `reasons` says, by cell id, why a cell did not finish."""

    notebook: NotebookNode
    limits: Limits
    deadline: float
    next: int = 0
    reasons: dict[str, str] = field(default_factory=dict)
    notices: dict[str, Notice] = field(default_factory=dict)

    @property
    def seconds_left(self) -> float:
        return self.deadline - monotonic()

    def is_due(self, cell: NotebookNode, index: int) -> bool:
        """Say whether to run a cell in this kernel: graded cells once, the others in every kernel."""
        again = index < self.next and self.question(cell) is not None
        return cell.cell_type == "code" and cell.id not in self.reasons and not again

    def keep(self, cell: NotebookNode, index: int) -> None:
        """Keep what a cell wrote when it ran for the first time."""
        if index >= self.next:
            self.notebook.cells[index].outputs = cell.outputs
            self.notebook.cells[index].execution_count = cell.execution_count
            self.next = index + 1

    def question(self, cell: NotebookNode) -> str | None:
        """Return what is run for a graded cell, None for any other.

        The exercise is given by name, since a lambda does not know what it is called.
        """
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        exercise = self.notebook.metadata[KEY]["exercises"].get(grade_id)
        if exercise and cell.source.strip() == f"check({exercise})":
            return f'check({exercise}, "{exercise}")'
        return str(cell.source) if exercise else None

    def note_flood(self) -> None:
        text = f"The cells wrote more than {self.limits.output_bytes:,} bytes; the rest was left out."
        self.notices["output"] = Notice(text)

    def stop_at(self, cell: NotebookNode, what: str) -> None:
        """Note why a cell did not finish. `cell` is of the notebook, not of a client's copy."""
        self.reasons[cell.id] = f"The cell {what}."
        text = f"The cell that begins `{_first_line(cell)}` {what}. The other cells were run without it."
        self.notices[cell.id] = Notice(text, True)


def _first_line(cell: NotebookNode) -> str:
    return shown(next((line for line in cell.source.splitlines() if line.strip()), ""))


class _Client(NotebookClient):
    """nbclient's client, which keeps no more output than the limits allow."""

    progress: _Progress
    kept = 0

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> NotebookNode | None:
        content = msg["content"]
        if self.progress.question(self.nb.cells[cell_index]):
            # Only the report of a graded cell counts, and what was printed before must not crowd it out.
            said = msg["msg_type"] in ("execute_result", "error")
            return super().output(outs, msg, display_id, cell_index) if said else None
        self.kept += len(content.get("text", "")) + sum(len(str(v)) for v in content.get("data", {}).values())
        if self.kept > self.progress.limits.output_bytes:
            self.progress.note_flood()
            return None
        return super().output(outs, msg, display_id, cell_index)


async def _run_all(progress: _Progress) -> None:
    while progress.next < len(progress.notebook.cells):
        if progress.seconds_left <= 0:
            return _give_up(progress)
        with tempfile.TemporaryDirectory(prefix="autograder-", ignore_cleanup_errors=True) as scratch:
            await _run_in_one_kernel(progress, scratch)
    return None


def _give_up(progress: _Progress) -> None:
    text = f"The time for the whole submission ({progress.limits.seconds_per_submission:g} seconds) was used up"
    for cell in progress.notebook.cells[progress.next :]:
        progress.reasons.setdefault(cell.id, f"{text} before this cell.")
    progress.notices["time"] = Notice(f"{text}; the cells that were left did not run.", True)
    progress.next = len(progress.notebook.cells)


async def _run_in_one_kernel(progress: _Progress, scratch: str) -> None:
    """Run on from `progress.next` in a new kernel, after the learner's cells above have been run again."""
    client = _new_client(progress)
    quiet = {"stdout": DEVNULL, "stderr": DEVNULL}
    async with client.async_setup_kernel(cwd=scratch, env=_environment(scratch), **quiet):
        await _run_silently(client, _PRELUDE)
        for index, cell in enumerate(client.nb.cells):
            if not progress.is_due(cell, index):
                continue
            if progress.seconds_left <= 0:
                return
            lost = await _run_cell(client, progress, index)
            progress.keep(cell, index)
            if lost:
                return
    progress.next = len(client.nb.cells)


async def _run_cell(client: _Client, progress: _Progress, index: int) -> bool:
    """Run one cell; return whether the kernel is lost with it."""
    cell, original = client.nb.cells[index], progress.notebook.cells[index]
    seconds = min(progress.limits.seconds_per_cell, max(progress.seconds_left, 1.0))
    client.timeout_func = lambda _: seconds  # type: ignore[assignment]  # a float does
    question = progress.question(cell)
    if question:
        await _run_silently(client, "from autograder import check")
        cell.source = question
    started = monotonic()
    try:
        await client.async_execute_cell(cell, index)
    except DeadKernelError:
        progress.stop_at(original, "ended the Python process (a crash, or too much memory)")
        return True
    except CellTimeoutError:
        progress.stop_at(original, f"ran for more than {seconds:.0f} seconds and could not be stopped")
        return True
    if monotonic() - started >= seconds:
        progress.stop_at(original, f"ran for more than {seconds:.0f} seconds and was stopped")
    return False


async def _run_silently(client: _Client, code: str) -> None:
    assert client.kc
    await client.async_wait_for_reply(client.kc.execute(code, silent=True, store_history=False))


def _new_client(progress: _Progress) -> _Client:
    client = _Client(
        deepcopy(progress.notebook),
        km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[])),
        allow_errors=True,
        interrupt_on_timeout=True,
        error_on_timeout={"ename": "CellTimeoutError", "evalue": "out of time", "traceback": []},
        iopub_timeout=progress.limits.seconds_to_stop,
        raise_on_iopub_timeout=True,
        shutdown_kernel="immediate",
        store_widget_state=False,
        skip_cells_with_tag="",
    )
    client.progress = progress
    client.log = logging.getLogger("autograder.kernel")
    client.log.addHandler(logging.NullHandler())
    client.log.propagate = False
    client.reset_execution_trackers()
    client.owns_km = True
    return client


def _environment(scratch: str) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    # No profile of the user's, figures without a screen, no warning about debuggers.
    private = {
        "PYTHONPATH": path,
        "IPYTHONDIR": f"{scratch}/.ipython",
        "MPLCONFIGDIR": f"{scratch}/.matplotlib",
    }
    return os.environ | private | {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def _settle(cell: NotebookNode, exercise: str, reason: str | None) -> Notice | None:
    """Leave one Report in a graded cell: the one it returned, else one of no points that says why."""
    most = float(cell.metadata.nbgrader.points)
    report = None if reason else _returned_report(cell, exercise, most)
    notice = None
    if report is None:
        reason = reason or _error_of(cell)
        if reason is None:
            reason = "The graded cell gave no report: the name `check` does something else in this notebook."
            notice = Notice(f"`{exercise}`: {reason}", True)
        report = zero_report(exercise, most, reason)
    data = report._repr_mimebundle_() | ({"text/html": _reason_html(report)} if not report.chapter else {})
    cell.outputs = [new_output("execute_result", data=data, execution_count=cell.execution_count)]
    return notice


def _returned_report(cell: NotebookNode, exercise: str, most: float) -> Report | None:
    for output in cell.outputs:
        if output.output_type == "execute_result" and JSON_MIME in output.data:
            try:
                report = Report.from_data(output.data[JSON_MIME])
                fits = report.exercise == exercise and 0 <= report.points <= most and math.isfinite(report.points)
            except (KeyError, TypeError, ValueError, AttributeError):
                continue
            return report if fits else None
    return None


def _error_of(cell: NotebookNode) -> str | None:
    for output in cell.outputs:
        if output.output_type == "error":
            return f"The graded cell stopped with {output.ename}: {output.evalue}"[:300]
    return None


def zero_report(exercise: str, most: float, reason: str) -> Report:
    """Return the report of an exercise that could not be put to anything."""
    return Report(exercise, "", Section("", ""), (Finding("value", 0.0, most, "not graded", reason),))


def _reason_html(report: Report) -> str:
    """Return the explanation of a report that has nothing to say about backpropagation, so no chapter to name."""
    text = re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(report.findings[0].message))
    return f"<p><strong>{html.escape(report.exercise)}: 0 of {report.max_points:g} points</strong></p><p>{text}</p>"
