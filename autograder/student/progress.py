"""What a learner has done so far, from the checks saved in the notebooks and those of this session.

Reads notebooks and writes nothing. A check counts as long as the code is the one it was made for.
"""

from __future__ import annotations

import html
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder import labs
from autograder.chapters import exercises
from autograder.checking import CHECKED
from autograder.course.cells import bound_names, parsed_cell, written_answers, written_cells
from autograder.course.intake.notebooks import UnreadableError, read_cells
from autograder.course.intake.rebuild import rebuild
from autograder.course.release.released import as_given, title
from autograder.errors import UsageError
from autograder.exercise import Exercise
from autograder.fingerprint import fingerprint, fingerprint_of
from autograder.report import JSON_MIME, Report
from autograder.sandbox.limits import Limits

_SIGNS = {"done": "✓", "wrong": "✗", "changed": "~", "not written": "–", "not checked": "–"}
_UNTOUCHED = ("not written", "not checked")
_LEFT_OUT = "left out of this course, so not counted"
_SKIPPED = {"__pycache__", "node_modules", "site-packages", "submitted", "autograded", "source", "release"}
_DEEPEST = 3  # folders below the one that was named


@dataclass(frozen=True)
class ExerciseProgress:
    """How an exercise stands.

    `state` is "done", "wrong" (not all right), "changed" (its code is not the one that was checked), "not written" or
    "not checked". `points` count as long as the state is not "changed".
    """

    exercise: Exercise
    state: str
    points: float = 0.0


@dataclass(frozen=True)
class Words:
    """A question that is answered in words, for points that a person gives: its name, and whether it is answered."""

    name: str
    max_points: float
    answered: bool


@dataclass(frozen=True)
class LabProgress:
    """How a lab stands; `notebook` is the file its saved checks are in, or None."""

    lab: str
    title: str
    notebook: Path | None
    exercises: tuple[ExerciseProgress, ...]
    words: tuple[Words, ...] = ()

    @property
    def points(self) -> float:
        return sum(each.points for each in self.exercises)

    @property
    def max_points(self) -> float:
        """The points of the whole lab, those that a person gives included."""
        return sum(s.exercise.max_points for s in self.exercises) + sum(words.max_points for words in self.words)

    @property
    def done(self) -> int:
        return sum(each.state == "done" for each in self.exercises)

    @property
    def begun(self) -> bool:
        return any(each.state not in _UNTOUCHED for each in self.exercises)

    @property
    def left_to_say(self) -> Words | None:
        """The first question in words without an answer, once the exercises are done."""
        if self.done < len(self.exercises):
            return None
        return next((words for words in self.words if not words.answered), None)


@dataclass(frozen=True)
class Progress:
    """What is done, by lab in course order. Shows itself as a table in a notebook and as text in a terminal.

    `left_out` are the labs that this course does not have, which count for nothing.
    """

    labs: tuple[LabProgress, ...]
    unreadable: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        return sum(lab.points for lab in self.labs)

    @property
    def max_points(self) -> float:
        return sum(lab.max_points for lab in self.labs)

    @property
    def next(self) -> ExerciseProgress | None:
        """The first exercise that is not done, in the latest lab that was begun, else in the course."""
        return next((s for lab in self._following for s in lab.exercises if s.state != "done"), None)

    @property
    def next_words(self) -> LabProgress | None:
        """The lab whose question in words is next: that of the latest lab that was begun, or the last that is left."""
        latest, following = self._following[:1], self._following
        return next((lab for lab in (latest if self.next else following) if lab.left_to_say), None)

    @property
    def _following(self) -> list[LabProgress]:
        return [lab for lab in self.labs if lab.begun][-1:] + list(self.labs)

    def __repr__(self) -> str:
        return "\n".join(_lines(self))

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": _html(self)}

    def to_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        next_one = self.next.exercise if self.next else None
        return {
            "points": self.points,
            "max_points": self.max_points,
            "next": {"lab": next_one.chapter, "exercise": next_one.name} if next_one else None,
            "labs": [_lab_data(lab) for lab in self.labs],
            "unreadable": list(self.unreadable),
            "left_out": list(self.left_out),
        }


def _lab_data(lab: LabProgress) -> dict[str, Any]:
    return {
        "lab": lab.lab,
        "title": lab.title,
        "notebook": str(lab.notebook) if lab.notebook else None,
        "points": lab.points,
        "max_points": lab.max_points,
        "exercises": [
            {"name": s.exercise.name, "state": s.state, "points": s.points, "max_points": s.exercise.max_points}
            for s in lab.exercises
        ],
        "words": [{"name": w.name, "answered": w.answered, "max_points": w.max_points} for w in lab.words],
    }


def progress(folder: str | Path | None = None) -> Progress:
    """Return what is done in the labs below `folder`, the checks of this session included.

    `folder` left out is that of the course's labs when this one is below it, else the one above this when this is named
    after a lab, else this. Raises UsageError when there is no such folder.
    """
    root = Path(folder) if folder is not None else _default_folder(Path.cwd())
    if not root.is_dir():
        raise UsageError(f"there is no folder {root}")
    found, unreadable = _saved(root)
    chapters = dict.fromkeys(exercise.chapter for exercise in exercises().values())
    stand = [_lab_progress(lab, found.get(lab)) for lab in chapters]
    there = _labs_of_the_course()
    counted = [lab for lab in stand if lab.lab in there or lab.notebook or lab.begun] if there else stand
    left_out = [lab.lab for lab in stand if lab not in counted]
    return Progress(tuple(counted), tuple(unreadable), tuple(left_out))


def _labs_of_the_course() -> set[str]:
    """Return the labs that are there as text or as notebook; none where the package came without any."""
    return {*labs.all_labs(), *labs.released()}


def _default_folder(here: Path) -> Path:
    if here == labs.ROOT or labs.EXERCISES in (here, *here.parents):
        return labs.EXERCISES
    return here.parent if here.name in {exercise.chapter for exercise in exercises().values()} else here


@dataclass(frozen=True)
class _Saved:
    """What a notebook file holds: reports by exercise, the fingerprint of each exercise's code as it is now, which
    exercises it defines, which of these are as they were given, and all its cells."""

    path: Path
    reports: Mapping[str, Report]
    code: Callable[[str], str]
    defined: Set[str]
    unwritten: Set[str]
    cells: Sequence[NotebookNode]


def _saved(root: Path) -> tuple[dict[str, _Saved], list[str]]:
    """Return the notebook of each lab below `root`, and those that could not be read. Of several, the one with most
    checks counts, then the latest."""
    found: dict[str, _Saved] = {}
    unreadable = []
    by_name = exercises()
    for path in sorted(_notebooks(root), key=lambda path: path.stat().st_mtime):
        try:
            saved = _read(path)
        except (OSError, UnreadableError, ValueError, TypeError, KeyError, AttributeError):
            unreadable.append(path.name)
            continue
        counts = [by_name[name].chapter for name in {*saved.reports, *saved.defined} if name in by_name]
        if counts:
            lab = max(counts, key=counts.count)
            if lab not in found or len(saved.reports) >= len(found[lab].reports):
                found[lab] = saved
    return found, unreadable


def _notebooks(root: Path) -> Iterator[Path]:
    for folder, below, files in os.walk(root):
        depth = len(Path(folder).relative_to(root).parts)
        below[:] = [
            name for name in below if depth < _DEEPEST and not name.startswith((".", "_")) and name not in _SKIPPED
        ]
        for name in files:
            path = Path(folder, name)
            if name.lower().endswith(".ipynb") and path.is_file():
                yield path


def _read(path: Path) -> _Saved:
    limits = Limits()
    if path.stat().st_size > limits.notebook_bytes:
        raise UnreadableError("too large")
    found, _ = read_cells(path.read_bytes(), limits.source_bytes, with_reports=True)
    cells = [cell for cell in found if cell.cell_type == "code"]
    sources = [cell.source for cell in cells]
    saved = [Report.from_data(output.data[JSON_MIME]) for cell in cells for output in cell.outputs]
    reports = {report.exercise: report for report in saved}
    defined = {source: bound_names(source) & exercises().keys() for source in sources}
    unwritten = {name for source, names in defined.items() if "raise NotImplementedError" in source for name in names}
    return _Saved(path, reports, partial(_code_in, sources), {*chain(*defined.values())}, unwritten, found)


def _code_in(sources: list[str], name: str) -> str:
    """Return the fingerprint of the last definition of an exercise in a notebook."""
    for source in reversed(sources):
        tree = parsed_cell(source) if name in source else None
        found = fingerprint(tree, name) if tree else ""
        if found:
            return found
    return ""


def _lab_progress(lab: str, saved: _Saved | None) -> LabProgress:
    found = [_progress_in(each, saved) for each in exercises().values() if each.chapter == lab]
    words = _words(lab, saved.cells if saved else ())
    return LabProgress(lab, _title(lab), saved.path if saved else None, tuple(found), tuple(words))


def _words(lab: str, cells: Sequence[NotebookNode]) -> Iterator[Words]:
    """Yield the questions of a lab that are answered in words; none where the lab itself is missing."""
    try:
        given = as_given(lab)
    except UsageError:
        return
    answered = written_answers(rebuild(cells, given), given) if cells else {}
    for cell in written_cells(given):
        yield Words(cell.id, float(cell.metadata.nbgrader.points), answered.get(cell.id, False))


def _title(lab: str) -> str:
    try:
        return title(as_given(lab))
    except UsageError:
        return f"Lab {lab.replace('_', ' ')}"


def _progress_in(exercise: Exercise, saved: _Saved | None) -> ExerciseProgress:
    report = CHECKED.get(exercise.name)
    if report:
        now = _code_in_session(exercise.name)
    elif saved and exercise.name in saved.reports:
        report, now = saved.reports[exercise.name], saved.code(exercise.name)
    else:
        return ExerciseProgress(
            exercise, "not written" if not saved or exercise.name in saved.unwritten else "not checked"
        )
    if report.code and now and report.code != now:
        return ExerciseProgress(exercise, "changed")
    if report.passed:
        return ExerciseProgress(exercise, "done", report.points)
    unwritten = all(finding.kind == "not written" for finding in report.findings)
    return ExerciseProgress(exercise, "not written" if unwritten else "wrong", report.points)


def _code_in_session(name: str) -> str:
    solution = vars(sys.modules["__main__"]).get(name)
    return fingerprint_of(solution, name) if callable(solution) else ""


def _lines(progress: Progress) -> Iterator[str]:
    for lab in progress.labs:
        yield f"{lab.title}: {lab.points:g} of {lab.max_points:g} points, {lab.done} of {len(lab.exercises)} exercises"
        if lab.begun:
            width = max(len(name) for name in [*(s.exercise.name for s in lab.exercises), *(w.name for w in lab.words)])
            for s in lab.exercises:
                points = f"{s.points:g} of {s.exercise.max_points:g}"
                yield f"  {_SIGNS[s.state]} {s.exercise.name:{width}}  {points:>8}  {s.state}"
            for words in lab.words:
                yield f"  {_sign(words)} {words.name:{width}}  {f'? of {words.max_points:g}':>8}  {_state(words)}"
    yield ""
    yield f"all labs: {progress.points:g} of {progress.max_points:g} points"
    if any(s.state == "changed" for lab in progress.labs for s in lab.exercises):
        yield "~ changed: the code is not the one that was checked; run its check again."
    yield _next(progress)
    if progress.left_out:
        yield f"{_LEFT_OUT}: {', '.join(progress.left_out)}"
    if progress.unreadable:
        yield f"could not be read (damaged or too large): {', '.join(ascii(name) for name in progress.unreadable)}"


def _sign(words: Words) -> str:
    return "✎" if words.answered else _SIGNS["not written"]


def _state(words: Words) -> str:
    return "answered, a person grades it" if words.answered else "not written"


def _next(progress: Progress) -> str:
    lab = progress.next_words
    if lab and lab.left_to_say:
        words = lab.left_to_say
        return f"Next: the question in words in lab {lab.lab}, {words.name}, for {words.max_points:g} points"
    if not progress.next:
        return "All is done."
    exercise = progress.next.exercise
    where = f"chapter {exercise.chapter.partition('_')[0]}, “{exercise.section.title}”"
    return f"Next: {exercise.name} in lab {exercise.chapter}; to read for it: {where}"


def _html(progress: Progress) -> str:
    """Return the table as HTML whose colours are those of the page around it."""
    head = "".join(f'<th scope="col" style="text-align: left">{name}</th>' for name in ("lab", "points", "exercises"))
    rows = "".join(map(_row, progress.labs))
    changed = (
        "" if "~" not in rows else "<p>~ changed: the code is not the one that was checked; run its check again.</p>"
    )
    unreadable = ", ".join(progress.unreadable)
    damaged = f"<p>Could not be read (damaged or too large): {html.escape(unreadable)}.</p>" if unreadable else ""
    left_out = f"<p>{_LEFT_OUT.capitalize()}: {', '.join(progress.left_out)}.</p>" if progress.left_out else ""
    return (
        f"<p><strong>{progress.points:g} of {progress.max_points:g} points</strong></p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p>{html.escape(_next(progress).rstrip('.'))}.</p>{changed}{left_out}{damaged}"
    )


def _row(lab: LabProgress) -> str:
    told = [(s.state, _SIGNS[s.state], s.exercise.name) for s in lab.exercises]
    told += [(_state(words), _sign(words), words.name) for words in lab.words]
    marks = ", ".join(
        f'<span style="white-space: nowrap"><span role="img" aria-label="{state}">{sign}</span> '
        f"<code>{html.escape(name)}</code></span>"
        for state, sign, name in told
    )
    cells = (f"{lab.points:g} of {lab.max_points:g}", marks)
    row = "".join(f'<td style="text-align: left; vertical-align: top">{cell}</td>' for cell in cells)
    return f'<tr><th scope="row" style="text-align: left; vertical-align: top">{html.escape(lab.title)}</th>{row}</tr>'
