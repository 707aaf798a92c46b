"""Compares the two places that an exercise is written in: its cells in solutions/ and its definition in chapters/.

An exercise that was begun and not written agrees with nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from autograder import labs
from autograder.chapters import exercises
from autograder.course.cells import exercises_by_graded_cell
from autograder.course.release.release import source_notebook
from autograder.errors import UsageError

TO_FILL_IN = "FILL IN"  # what new-exercise leaves to its author


def require_agreement(assignment: str) -> None:
    """Raise UsageError, a line for each exercise of the lab whose cells and definition do not agree."""
    found = list(disagreements(assignment))
    if found:
        raise UsageError("\n".join(found))


def disagreements(assignment: str) -> Iterator[str]:
    """Yield what differs between the cells of a lab and the definitions of its exercises, each in a sentence."""
    cells = f"solutions/{assignment}.py"
    for number, line in enumerate(labs.solution_path(assignment).read_text("utf-8").splitlines(), 1):
        if TO_FILL_IN in line:
            yield f"{cells}, line {number}, is not written yet: {line.strip(' #')}"
    module = labs.definitions(assignment)
    asked = _points_of_cells(assignment)
    defined = {one.name: one for one in exercises().values() if one.chapter == assignment}
    for name in sorted(asked.keys() - defined.keys()):
        yield f"`{name}` has cells in {cells} and no definition in {module}"
    for name in sorted(defined.keys() - asked.keys()):
        yield f"`{name}` is defined in {module} and has no cells in {cells}"
    for name in asked:
        if name in defined and asked[name] != defined[name].max_points:
            parts = ", ".join(f'"{part}": {points:g}' for part, points in defined[name].points.items())
            yield (
                f"`{name}` is worth {asked[name]:g} points in the cell `{name}_check` of {cells} and "
                f"{defined[name].max_points:g} by its parts, {{{parts}}}, in {module}: change one of them"
            )


def _points_of_cells(assignment: str) -> Mapping[str, float]:
    """Return the points of each exercise that has a graded cell in the text of the lab."""
    source = source_notebook(assignment)
    exercise_of = exercises_by_graded_cell(source)
    infos = [cell.metadata.get("nbgrader", {}) for cell in source.cells]
    return {exercise_of[i["grade_id"]]: float(i["points"]) for i in infos if i.get("grade_id") in exercise_of}
