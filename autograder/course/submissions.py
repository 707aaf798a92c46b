"""Finds what was handed in under submitted/, and reads it without trusting it."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.course.labs import UsageError
from autograder.course.limits import Limits
from autograder.course.notebooks import Notice, UnreadableError, shown
from autograder.course.timestamps import FORM, UnclearTimeError, read_time


@dataclass(frozen=True)
class Submission:
    """A folder that was handed in."""

    student: str
    folder: Path


@dataclass(frozen=True)
class HandedIn:
    """What a folder held: the notebook's bytes or why there are none, the time it was handed in, and notices.

    `digest` changes when the bytes or the time do.
    """

    notebook: bytes | None
    problem: str
    timestamp: datetime | None
    notices: tuple[Notice, ...]
    digest: str


def find_submissions(course: Path, assignment: str) -> list[Submission]:
    """List the folders handed in for `assignment`, by student. Raises UsageError when there are none.

    Names that begin with a dot are no students. A link in the place of a folder is listed, and refused when
    read.
    """
    submitted = course / "submitted"
    if not submitted.is_dir():
        raise UsageError(f"no folder {submitted}: submissions are expected in {submitted}/<student>/{assignment}/")
    names = sorted(entry.name for entry in os.scandir(submitted) if not entry.name.startswith("."))
    found = [
        Submission(_told(name), submitted / name / assignment) for name in names if _has(submitted / name, assignment)
    ]
    if not found:
        raise UsageError(f"nobody handed in {assignment}: no {submitted}/<student>/{assignment}/")
    return found


def _told(name: str) -> str:
    """Return a folder's name as text: what of it is not UTF-8 cannot stand in a gradebook."""
    return name.encode("utf-8", "backslashreplace").decode()


def _has(student: Path, assignment: str) -> bool:
    return student.is_symlink() or (student.is_dir() and os.path.lexists(student / assignment))


def collect(submission: Submission, assignment: str, limits: Limits) -> HandedIn:
    """Read a folder. Follows no link, opens only regular files, reads nothing over the limits."""
    notices: list[Notice] = []
    notebook, problem = None, ""
    try:
        name = _choose(submission.folder, f"{assignment}.ipynb", notices)
        notebook = _read_regular(submission.folder / name, limits.notebook_bytes)
    except UnreadableError as error:
        problem = str(error)
    timestamp = read_timestamp(submission.folder / "timestamp.txt", limits, notices)
    parts = [notebook or b"", problem.encode(), str(timestamp).encode(), *(n.text.encode() for n in notices)]
    digest = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
    return HandedIn(notebook, problem, timestamp, tuple(notices), digest)


def _choose(folder: Path, expected: str, notices: list[Notice]) -> str:
    """Return the name of the notebook to grade: the expected one, else the only one there is."""
    if folder.is_symlink() or folder.parent.is_symlink() or not folder.is_dir():
        raise UnreadableError("What was handed in is a link or a file, not a folder. Hand in the folder itself.")
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except OSError as error:
        raise UnreadableError(f"The folder cannot be read: {error.strerror}.") from None
    notebooks = [name for name in names if ".ipynb" in name.lower() and not name.startswith(".")]
    if expected in notebooks:
        others = len(notebooks) - 1
        if others:
            notices.append(Notice(f"Besides `{expected}` there were {others} other notebooks; they were not graded."))
        return expected
    if len(notebooks) == 1:
        notices.append(Notice(f"The notebook was handed in as `{shown(notebooks[0])}`; `{expected}` was expected."))
        return notebooks[0]
    listed = ", ".join(f"`{shown(name)}`" for name in (notebooks or names)[:5]) or "nothing"
    raise UnreadableError(f"`{expected}` was expected; found: {listed}. Hand in the notebook under that name.")


def _read_regular(path: Path, most: int) -> bytes:
    name = f"`{shown(path.name)}`"
    try:
        # Without blocking: opening a FIFO would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        reason = "is a link; links are not followed" if path.is_symlink() else f"cannot be opened: {error.strerror}"
        raise UnreadableError(f"{name} {reason}. Hand in the notebook file itself.") from None
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise UnreadableError(f"{name} is not a regular file. Hand in the notebook file itself.")
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(most + 1) if info.st_size <= most else b""
    except OSError as error:
        raise UnreadableError(f"{name} cannot be read: {error.strerror}. Hand in the notebook file itself.") from None
    finally:
        os.close(descriptor)
    if info.st_size > most or len(data) > most:
        raise UnreadableError(
            f"{name} is larger than {most / 1e6:g} MB. Clear its outputs "
            "(Edit > Clear Outputs of All Cells), save it and hand it in again."
        )
    return data


def read_timestamp(path: Path, limits: Limits, notices: list[Notice]) -> datetime | None:
    """Return the time (UTC, naive) that a timestamp.txt tells. None where there is no file; and with a notice, where
    its time is not certain."""
    if not os.path.lexists(path):
        return None
    try:
        return read_time(_read_regular(path, limits.timestamp_bytes))
    except UnreadableError:
        told = "cannot be read"
    except UnclearTimeError as error:
        told = f"says `{shown(error.text)}`, {error}" if error.text else str(error)
    notices.append(
        Notice(f"`timestamp.txt` {told}; a time such as `{FORM}` was expected, so it was ignored, and costs nothing.")
    )
    return None
