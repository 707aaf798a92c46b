"""The answers of the course itself to the exercises of a lab, as a learner would type them."""

from __future__ import annotations

import re

from autograder.course.release.release import source_notebook

_MARKS = re.compile(r"^ *### (BEGIN|END) SOLUTION\n?", re.MULTILINE)


def answers_of(lab: str) -> dict[str, str]:
    """Return the source of each cell that answers an exercise of a lab, by the exercise."""
    solved = [cell for cell in source_notebook(lab).cells if cell.metadata.get("nbgrader", {}).get("solution")]
    code = [cell for cell in solved if cell.cell_type == "code"]
    return {cell.metadata.nbgrader.grade_id: _MARKS.sub("", cell.source).rstrip() for cell in code}
