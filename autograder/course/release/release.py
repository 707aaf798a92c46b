"""Makes the labs learners open: solutions/ → source notebook → nbgrader → exercises/."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from autograder import labs
from autograder.course.cells import written_cells

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def release(assignment: str) -> bool:
    """Write the source notebook, also into the folder of the class, and the learners' notebook of `assignment`; return
    whether the latter changed.

    Byte-for-byte repeatable. Raises nbgrader's NbGraderException when nbgrader refuses the lab.
    """
    for course in {labs.COURSE, labs.course_folder()}:
        write_source(assignment, course)
    text = released_text(assignment)
    path = labs.exercise_path(assignment)
    if _holds(path, text):
        return False
    write_whole(path, text)
    return True


def is_fresh(assignment: str) -> bool:
    """Say whether the committed learners' notebook is what `release` would write."""
    return _holds(labs.exercise_path(assignment), released_text(assignment))


def _holds(path: Path, text: str) -> bool:
    """Say whether a file holds `text`; git may have written it with Windows' ends of lines."""
    return path.exists() and path.read_bytes().replace(b"\r\n", b"\n") == text.encode()


def released_text(assignment: str, db_url: str | None = None) -> str:
    """Return the learners' notebook as text, made by nbgrader in a temporary folder.

    With `db_url` the assignment is registered in that gradebook too.
    """
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException

    from autograder.course.nbgrader_api import course_config, quiet_nbgrader, staged_course

    with staged_course(assignment, db_url) as course:
        write_source(assignment, Path(course.root))
        config = course_config()
        if db_url is None:
            config.SaveCells.enabled = False
        with quiet_nbgrader() as errors:
            try:
                GenerateAssignment(coursedir=course, config=config, no_database=db_url is None).start()
            except NbGraderException as error:
                # It refers to the log, where the reason is what a traceback ends with.
                raise NbGraderException(next((e for e in errors if e.startswith("RuntimeError: ")), error)) from None
        return (Path(course.root) / "release" / assignment / f"{assignment}.ipynb").read_text("utf-8")


def write_source(assignment: str, course: Path) -> Path:
    """Write the notebook with answers under `course`/source, where formgrader looks for assignments; return its path.

    In _build/course it is paired with its text; from elsewhere jupytext would not find the text.
    """
    path = course / "source" / assignment / f"{assignment}.ipynb"
    notebook = source_notebook(assignment)
    if course.parts[-2:] == labs.COURSE.parts[-2:]:
        # Both folders seen from the root: jupytext cannot find the way back from solutions/ through several "..".
        formats = f"_build/course/source/{assignment}//ipynb,solutions//py:percent"
        notebook.metadata["jupytext"] = {"formats": formats}
    write_whole(path, nbformat.writes(notebook) + "\n")
    return path


def source_notebook(assignment: str) -> NotebookNode:
    """Read the text source as a notebook whose cell ids are the same at every reading."""
    notebook = jupytext.read(labs.solution_path(assignment), fmt="py:percent")
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell, cell_id in zip(notebook.cells, _cell_ids(notebook.cells), strict=True):
        cell.id = cell_id
    return notebook


def rubrics(assignment: str) -> dict[str, str]:
    """Return what the source says of each written answer, by its grade_id: the model answer and who earns what."""
    marks = ("### BEGIN SOLUTION", "### END SOLUTION")
    return {
        cell.id: "\n".join(line for line in cell.source.splitlines() if line not in marks)
        for cell in written_cells(source_notebook(assignment))
    }


def _cell_ids(cells: Iterable[NotebookNode]) -> list[str]:
    """Name each cell by its grade_id, else by a hash of its source; a second equal one gets a number."""
    ids: list[str] = []
    for cell in cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id") or hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        count = sum(known == name or known.startswith(f"{name}-copy-") for known in ids)
        ids.append(f"{name}-copy-{count}" if count else name)
    return ids


def write_whole(path: Path, text: str) -> None:
    """Write `text` so that a crash leaves either the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arriving = path.with_name(f".{path.name}.new")
    arriving.write_bytes(text.encode())
    arriving.replace(path)
