"""Makes a sample class for lab 03: python -m tools.make_class DIR."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder import labs
from autograder.course.release.release import source_notebook
from tools import class_answers
from tools.class_answers import Answers

LAB = "03_delta_template"
WRITTEN = "written_equal_start"


def released(lab: str = LAB) -> NotebookNode:
    """Return the lab as learners get it."""
    return nbformat.read(labs.exercise_path(lab), as_version=4)


def points_of(lab: str = LAB) -> float:
    """Return what the exercises of a lab are worth, without its question in words."""
    infos = [cell.metadata.nbgrader for cell in released(lab).cells if "nbgrader" in cell.metadata]
    return float(sum(info.points for info in infos if info.grade and not info.solution))


def reference(lab: str = LAB) -> Answers:
    """Return the answers of solutions/, by exercise. Answers in words are not among them."""
    cells = [cell for cell in source_notebook(lab).cells if cell.cell_type == "code"]
    return {c.id: _without_marks(c.source) for c in cells if c.metadata.get("nbgrader", {}).get("solution")}


def _without_marks(source: str) -> str:
    marks = ("### BEGIN SOLUTION", "### END SOLUTION")
    return "\n".join(line for line in source.splitlines() if line.strip() not in marks)


def answered(given: Mapping[str, str], lab: str = LAB) -> NotebookNode:
    """Return the lab with the cells of some exercises filled in."""
    notebook = released(lab)
    for cell in notebook.cells:
        cell.source = given.get(cell.id, cell.source).strip("\n")
    return notebook


def rearranged(notebook: NotebookNode) -> NotebookNode:
    """Return it as some hand it in: graded cells deleted, functions in one cell at the end, no metadata."""
    code = [c.source for c in notebook.cells if c.cell_type == "code" and "def " in c.source]
    text = [new_markdown_cell(c.source) for c in notebook.cells if c.cell_type == "markdown"]
    return nbformat.v4.new_notebook(cells=[*text, new_code_cell("import numpy as np\n\n\n" + "\n\n\n".join(code))])


def students() -> dict[str, NotebookNode]:
    """Return the notebooks of the class that Jupyter can open, by student."""
    code = reference()
    right = code | {WRITTEN: class_answers.WRITTEN[0]}
    half = dict(list(code.items())[:4])
    return {
        "ada": answered(right),
        "bruno": answered(right | class_answers.LOOPS | {WRITTEN: class_answers.WRITTEN[1]}),
        "chiara": answered(right | class_answers.EINSUM),
        "dmitri": answered(code | class_answers.LISTS),
        "emeka": answered(right | class_answers.SLOPE_MISSING | {WRITTEN: class_answers.WRITTEN[2]}),
        "fatima": answered(right | class_answers.NOT_TRANSPOSED),
        "george": answered(right | class_answers.MEAN_FOR_SUM),
        "hana": answered(right | class_answers.SIGN),
        "ivan": answered(right | class_answers.IN_PLACE),
        "jun": answered(right | class_answers.ONE_SIDED),
        "kofi": answered(right | class_answers.ZERO_START | class_answers.SIGN),
        "lucia": answered(half),
        "mei": answered({}),
        "otto": answered(right),
        "priya": rearranged(answered(right)),
    }


def make_class(course: Path) -> list[str]:
    """Write the class under `course`/submitted and return the students' names."""
    for student, notebook in students().items():
        name = "lab3 final (1)" if student == "otto" else LAB
        hand_in(course, student, nbformat.writes(notebook), name)
    hand_in(course, "noor", nbformat.writes(answered(reference()))[:9000])
    return sorted([*students(), "noor"])


def hand_in(course: Path, student: str, text: str, name: str = LAB) -> Path:
    """Write what one student hands in and return the folder."""
    folder = course / "submitted" / student / LAB
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.ipynb").write_text(text, "utf-8")
    return folder


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tools.make_class DIR")
    print(f"{len(make_class(Path(sys.argv[1])))} submissions in {sys.argv[1]}/submitted")
