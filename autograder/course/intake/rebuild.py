"""Puts a learner's cells back on the released notebook, so that nothing they did to its frame costs points.

A pure function on notebooks. The learner's cells and their order stay; metadata, and their copies of the
cells that were given, are replaced by the released ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from functools import cached_property

from nbformat import NotebookNode

from autograder.course.cells import (
    KEY,
    Own,
    bound_names,
    called_checks,
    exercises_by_graded_cell,
    is_written,
    squeezed,
    written_cells,
)
from autograder.course.intake.missing import Missing, missing
from autograder.course.intake.notebooks import Notice, add_notices
from autograder.course.intake.written_answers import find_written_answers
from autograder.course.release.released import exercises_by_lab, lab_of


@dataclass
class _ReleasedCell:
    """A released cell that comes back: graded, or locked without a grade. `exercise` is what a graded cell grades.

    `seen` holds where the learner had copies: the number of their own cells above each.
    """

    cell: NotebookNode
    exercise: str | None
    opening: bool
    seen: list[int] = field(default_factory=list)
    edited: bool = False

    @cached_property
    def squeezed(self) -> tuple[str, str]:
        return _squeezed(self.cell)

    @property
    def name(self) -> str:
        return str(self.cell.metadata.nbgrader.grade_id)


def rebuild(cells: Sequence[NotebookNode], released: NotebookNode) -> NotebookNode:
    """Return the notebook to run and grade: the learner's `cells` in the frame of `released`.

    A graded cell stays where the learner has it when the function it grades is defined above; else it follows the last
    definition; without any, it goes to its place in the order of the release. Locked cells that open the lab come
    first.
    """
    given = _given_cells(released)
    own, edited = _take_apart(cells, given)
    exercises = list(exercises_by_graded_cell(released).values())
    other = _another_lab(cells, own, exercises)
    remarks = _of_another_lab(own, released, other) if other else find_written_answers(own, edited, released, exercises)
    absent = [] if other else missing(own, exercises, _names_given(released))
    places = _places(own, given)
    _give_solution_metadata(own, given, places, released)
    notebook = _frame(released)
    notebook.cells = _merge(own, given, places)
    notebook.metadata[KEY]["missing"] = [asdict(one) for one in absent]
    renamed = () if other else _no_longer_there(own, given)
    add_notices(notebook, [*_put_back(given), *renamed, *remarks, *(Notice(one.text) for one in absent)])
    return notebook


def unreadable(released: NotebookNode, reason: str) -> NotebookNode:
    """Return the released notebook marked as not to be run, with the reason on top."""
    notebook = _frame(released)
    notebook.metadata[KEY]["unreadable"] = reason
    add_notices(notebook, [Notice(f"{reason} Nothing could be graded; this is the lab as it was given.", True)])
    return notebook


def _frame(released: NotebookNode) -> NotebookNode:
    notebook = deepcopy(released)
    notebook.metadata[KEY] = NotebookNode(exercises=exercises_by_graded_cell(released))
    return notebook


def _given_cells(released: NotebookNode) -> list[_ReleasedCell]:
    exercise_of = exercises_by_graded_cell(released)
    given, opening = [], True
    for cell in released.cells:
        info = cell.metadata.get("nbgrader", {})
        opening = opening and not info.get("solution")
        if (info.get("locked") or info.get("grade")) and not info.get("solution"):
            given.append(_ReleasedCell(deepcopy(cell), exercise_of.get(info["grade_id"]), opening))
    return given


def _take_apart(cells: Sequence[NotebookNode], given: Sequence[_ReleasedCell]) -> tuple[list[Own], list[Own]]:
    """Return the learner's own cells and the edited copies of given ones; note in `given` where copies stood."""
    own: list[Own] = []
    edited: list[Own] = []
    for number, cell in enumerate(cells, 1):
        claim, squeezed, checked = _claim(cell), _squeezed(cell), called_checks(cell)
        copied = [g for g in given if squeezed == g.squeezed or _is_edited_copy(cell, claim, checked, g)]
        for original in copied:
            original.seen.append(len(own))
            original.edited |= squeezed != original.squeezed
        if not copied:
            own.append(Own(deepcopy(cell), claim, number))
        elif all(squeezed != original.squeezed for original in copied):
            edited.append(Own(cell, claim, number))
    return own, edited


def _claim(cell: NotebookNode) -> str | None:
    info = cell.metadata.get("nbgrader")
    claim = info.get("grade_id") if isinstance(info, dict) else None
    return claim if isinstance(claim, str) else None


def _is_edited_copy(cell: NotebookNode, claim: str | None, checked: set[str] | None, given: _ReleasedCell) -> bool:
    """A copy that says something else only calls check, or says nothing. Any other may hold work."""
    if given.exercise is None:
        return claim == given.name and not cell.source.strip()
    return checked is not None and (given.exercise in checked or (claim == given.name and not checked))


def _squeezed(cell: NotebookNode) -> tuple[str, str]:
    return cell.cell_type, squeezed(cell.source)


def _places(own: Sequence[Own], given: Sequence[_ReleasedCell]) -> list[int]:
    """Return for each given cell how many of the learner's own cells come before it."""
    places: list[int] = []
    first_code = next((i for i, o in enumerate(own) if o.cell.cell_type == "code"), len(own))
    for released in given:
        before = places[-1] if places else 0
        opening = min([first_code, *released.seen])
        places.append(opening if released.opening else _place(own, released, before))
    return places


def _place(own: Sequence[Own], given: _ReleasedCell, before: int) -> int:
    if given.exercise is None:
        return given.seen[0] if given.seen else before
    defined = [i for i, o in enumerate(own) if given.exercise in o.names]
    if defined:
        useful = [place for place in given.seen if place > defined[0]]
        return useful[-1] if useful else defined[-1] + 1
    claimed = [i + 1 for i, o in enumerate(own) if o.claim == given.exercise]
    return (given.seen or claimed or [before])[-1]


def _give_solution_metadata(
    own: Sequence[Own], given: Sequence[_ReleasedCell], places: Sequence[int], released: NotebookNode
) -> None:
    """Strip the learner's metadata; mark as solution the definition that is in force where it is graded."""
    claims = [o.claim for o in own]
    for mine in own:
        if mine.answers is None:
            mine.cell.metadata = NotebookNode()
    for solution in released.cells:
        info = solution.metadata.get("nbgrader", {})
        if not info.get("solution") or is_written(solution):
            continue
        place = next((p for g, p in zip(given, places, strict=True) if g.exercise == info.grade_id), len(own))
        above = [o for o in own[:place] if info.grade_id in o.names]
        claimed = [o for o, claim in zip(own, claims, strict=True) if claim == info.grade_id]
        for mine in (above[-1:] or claimed[-1:])[:1]:
            if "nbgrader" not in mine.cell.metadata and mine.cell.cell_type == solution.cell_type:
                mine.cell.metadata = deepcopy(solution.metadata)


def _merge(own: Sequence[Own], given: Sequence[_ReleasedCell], places: Sequence[int]) -> list[NotebookNode]:
    cells = []
    for index in range(len(own) + 1):
        cells += [g.cell for g, place in zip(given, places, strict=True) if place == index]
        for mine in own[index : index + 1]:
            cells += [cell for cell in (None if mine.moved else mine.cell, mine.below) if cell]
    for index, cell in enumerate(cells):
        cell.id = cell.metadata.get("nbgrader", {}).get("grade_id", f"cell-{index}")
    return cells


def missing_in(notebook: NotebookNode) -> list[Missing]:
    """Return what a rebuilt notebook says of functions that are missing."""
    return [Missing(**one) for one in notebook.metadata[KEY].get("missing", [])]


def _another_lab(cells: Sequence[NotebookNode], own: Sequence[Own], exercises: Sequence[str]) -> str | None:
    """Return the slug of the lab that was handed in instead of the one that has these exercises."""
    if any(exercise in o.names for o in own for exercise in exercises):
        return None
    lab = lab_of(cells, "")
    return lab if lab and set(exercises).isdisjoint(exercises_by_lab()[lab]) else None


def _of_another_lab(own: list[Own], released: NotebookNode, lab: str) -> list[Notice]:
    """Put the cells for answers in words back, empty: another lab holds no answer to this question."""
    own += [Own(deepcopy(cell), None, answers=cell) for cell in written_cells(released)]
    text = f"This is lab `{lab}`: none of the functions that are graded here is in it."
    return [Notice(f"{text} Hand in the lab that was asked for.", attention=True)]


def _names_given(released: NotebookNode) -> set[str]:
    code = [cell.source for cell in released.cells if cell.cell_type == "code"]
    return {name for source in code for name in bound_names(source)}


def _put_back(given: Sequence[_ReleasedCell]) -> Iterator[Notice]:
    gone = [f"`{g.name}`" for g in given if not g.seen]
    edited = [f"`{g.name}`" for g in given if g.edited]
    if gone:
        yield Notice(f"Put back, because they were missing or changed: the given cells {', '.join(gone)}.")
    if edited:
        yield Notice(f"Put back as they were given, because they were edited: {', '.join(edited)}.")


def _no_longer_there(own: Sequence[Own], given: Sequence[_ReleasedCell]) -> Iterator[Notice]:
    exercises = {released.exercise for released in given}
    gone = [f"`{name}`" for o in own if o.claim for name in called_checks(o.cell) or () if name not in exercises]
    if gone:
        yield Notice(f"Not graded, because no longer in this lab: {', '.join(gone)}. It was removed or renamed.")
