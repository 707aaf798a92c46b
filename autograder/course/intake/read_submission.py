"""Reads what was handed in, within the limits of a submission: the one way for grading and for `validate`."""

from __future__ import annotations

from nbformat import NotebookNode

from autograder.course.intake.notebooks import Notice, read_cells
from autograder.course.intake.pictures import keep_pictures
from autograder.sandbox.limits import Limits

_AS_TEXT = 1.5  # characters for a byte of a picture, names and line ends included


def read_submission(data: bytes, limits: Limits) -> tuple[list[NotebookNode], list[Notice]]:
    """Return the cells of a notebook file, with the pictures of its text, and notices. Raises UnreadableError."""
    attached = int(_AS_TEXT * limits.picture_bytes)
    cells, notices = read_cells(data, limits.source_bytes, attachment_bytes=attached)
    return cells, [*notices, *map(Notice, keep_pictures(cells, limits.picture_bytes))]
