"""Says before a notebook is handed in what would be graded: grades it on its learner's own machine.

It is run as for grading, by autograder.course.grading.execution, in a process without the sandbox's walls
(autograder.sandbox.home), and asked on the public inputs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbformat import NotebookNode

from autograder.course.cells import graded_cells, written_answers, written_cells
from autograder.course.grading.execution import number_cells, run_cells
from autograder.course.intake.notebooks import UnreadableError, notices_of
from autograder.course.intake.read_submission import read_submission
from autograder.course.intake.rebuild import missing_in, rebuild
from autograder.course.release.released import as_given, lab_of, title
from autograder.errors import UsageError
from autograder.report import Report
from autograder.sandbox.home import open_at_home
from autograder.sandbox.limits import Limits
from autograder.sandbox.session import NoProcessError, Session, Settings
from autograder.sandbox.watch import Seconds

if TYPE_CHECKING:
    from autograder.course.grading.questions import Inputs


@dataclass
class Validation:
    """What would be graded: a report for each exercise on the public inputs, what to mend, and what is worth knowing.

    `hand_graded` are the answers that a person reads, with whether there is one, and `points_by_hand` what they are
    worth.
    """

    lab: str
    title: str
    reports: list[Report] = field(default_factory=list)
    to_mend: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    hand_graded: dict[str, bool] = field(default_factory=dict)
    points_by_hand: dict[str, float] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        answered = all(report.passed for report in self.reports if report.exercise not in self.not_tried)
        return answered and all(self.hand_graded.values()) and not self.to_mend

    @property
    def not_tried(self) -> list[str]:
        """The exercises that are written in PyTorch, where there is none; they count as 0 points."""
        return [report.exercise for report in self.reports if report.findings[0].kind == "not here"]

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


def validate(path: Path, limits: Limits = Limits(), inputs: Inputs | None = None) -> Validation:  # noqa: B008
    """Run the notebook at `path` as grading would, on `inputs`, which are the public ones when left out.

    Raises UsageError when it is no lab.
    """
    cells, notes = _read(path, limits)
    lab = lab_of(cells, path.name)
    if lab is None:
        raise UsageError(f"{path.name} is not a lab of this course: it holds nothing of any of them")
    given = as_given(lab)
    notebook = rebuild(cells, given)
    number_cells(notebook, cells)
    result = Validation(lab, title(given), notes=notes)
    if path.name != f"{lab}.ipynb":
        result.notes.append(f"Hand it in under the name {lab}.ipynb.")
    absent = missing_in(notebook)
    result.to_mend += [one.text for one in absent if not one.not_python]
    result.notes += [n.text for n in notices_of(notebook) if n.text not in {one.text for one in absent}]
    result.hand_graded = written_answers(notebook, given)
    result.points_by_hand = {cell.id: float(cell.metadata.nbgrader.points) for cell in written_cells(given)}
    _run(notebook, limits, inputs, result)
    return result


def _run(notebook: NotebookNode, limits: Limits, inputs: Inputs | None, result: Validation) -> None:
    from autograder.course.grading.questions import public  # loads PyTorch

    try:
        reports, remarks = run_cells(notebook, limits, inputs or public, _open)
    except NoProcessError as error:
        raise UsageError(f"{error}; are the packages of the course installed? pip install .") from None
    result.reports = [reports[cell.id] for _, cell in graded_cells(notebook)]
    result.to_mend += [one.text for one in remarks if one.kind in ("error", "stopped")]
    result.notes += [one.text for one in remarks if one.kind == "note"]


def _open(settings: Settings, used: Seconds) -> Session:
    """Open a process, without PyTorch where there is none: what is written in it is not tried then."""
    return open_at_home(replace(settings, torch=settings.torch and find_spec("torch") is not None), used)


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


def lines(result: Validation) -> Iterator[str]:
    """Yield the result as text."""
    yield result.title
    yield ""
    width = max(len(name) for name in [*(report.exercise for report in result.reports), *result.hand_graded])
    for report in result.reports:
        yield f"  {_word(report):11}  {report.exercise:{width}}  {report.points:g} of {report.max_points:g}"
        if not report.passed and _word(report) not in ("not written", "not tried"):
            yield from (f"      {line.strip()}" for line in str(report).splitlines()[1:])
    for name, answered in result.hand_graded.items():
        by_hand = f"a person grades it, for {result.points_by_hand[name]:g} points"
        yield f"  {'answered' if answered else 'not written':11}  {name:{width}}  {by_hand}"
    yield ""
    yield f"expected: {result.points:g} of {result.max_points:g} points, on the public inputs" + _by_hand(result)
    yield "Grading draws other inputs of the same kinds, so its points may differ."
    if result.not_tried:
        names = " and ".join(result.not_tried)
        yield f"Not tried: {names}, for PyTorch is not installed here (pip install torch). Grading has it."
    yield from _listed("to fix", result.to_mend)
    yield from _listed("good to know (costs nothing)", result.notes)
    yield ""
    yield "Ready to hand in." if result.ready else "Something is left to fix. You can hand it in as it is."


def _by_hand(result: Validation) -> str:
    most = sum(result.points_by_hand.values())
    return f"; a person gives up to {most:g} more, of {result.max_points + most:g} in all" if most else ""


def _word(report: Report) -> str:
    if report.passed:
        return "✓ right"
    if all(finding.kind == "not written" for finding in report.findings):
        return "not written"
    if report.findings[0].kind == "not here":
        return "not tried"
    return "✗ partly" if report.points else "✗ wrong"


def _listed(heading: str, texts: Sequence[str]) -> Iterator[str]:
    if texts:
        yield ""
        yield heading
        yield from (f"  - {text}" for text in texts)


def as_json(result: Validation) -> str:
    return json.dumps(result.to_data(), ensure_ascii=False, indent=2)
