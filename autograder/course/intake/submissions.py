"""Finds what was handed in under submitted/, and reads it without trusting it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder import labs
from autograder.course.intake.notebooks import Notice, UnreadableError, shown
from autograder.course.intake.timestamps import FORM, UnclearTimeError, read_time
from autograder.errors import UsageError
from autograder.sandbox.limits import Limits

_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar")
_CLUTTER = ("__MACOSX", "__pycache__", "node_modules", "site-packages")
_DEEPEST = 4  # folders below submitted/
SECRET = "submission_secret.txt"  # nbgrader's name for it


@dataclass(frozen=True)
class Submission:
    """A folder that was handed in."""

    student: str
    folder: Path


@dataclass(frozen=True)
class Misplaced:
    """A notebook below submitted/ that is where none is graded, and the folder it belongs in. Both are as the course
    folder names them. `has_result` says whether its learner was graded without it."""

    path: str
    belongs_in: str
    has_result: bool = False

    def __str__(self) -> str:
        so = "graded without" if self.has_result else "not graded"
        do = "unpack it into" if self.path.lower().endswith(_ARCHIVES) else "move it to"
        return f"{so}: {shown(self.path, 300)}: {do} {self.belongs_in} and grade again"


@dataclass(frozen=True)
class HandedIn:
    """What a folder held: the notebook's bytes or why there are none, the time it was handed in, and notices.

    `digest` changes when the bytes or the time do. `secret` is what nbgrader's exchange put beside the notebook, or "":
    by it a learner finds the feedback page.
    """

    notebook: bytes | None
    problem: str
    timestamp: datetime | None
    notices: tuple[Notice, ...]
    digest: str
    secret: str = ""


def find_submissions(course: Path, assignment: str) -> list[Submission]:
    """List the folders handed in for `assignment`, by student. Raises UsageError when there are none.

    Names that begin with a dot are no students. A link in the place of a folder is listed, and refused when
    read.
    """
    submitted = course / "submitted"
    if not submitted.is_dir():
        raise UsageError(f"no folder {submitted}: submissions are expected in {submitted}/<student>/{assignment}/")
    found = [
        Submission(_told(name), submitted / name / assignment)
        for name in _names(submitted)
        if _has(submitted / name, assignment)
    ]
    if not found:
        misplaced = "".join(f"\n  {each}" for each in find_misplaced(course, assignment))
        raise UsageError(f"nobody handed in {assignment}: no {submitted}/<student>/{assignment}/{misplaced}")
    return found


def find_misplaced(course: Path, assignment: str) -> list[Misplaced]:
    """List what looks handed in for `assignment` but is not in the folder of a learner and a lab.

    That is a notebook, or an archive named after the lab; a file that names another lab is that lab's. Follows no link,
    and looks no further into the folder of a learner who has something that is graded.
    """
    submitted = course / "submitted"
    found = []
    for name in _names(submitted):
        if not _has(submitted / name, assignment):
            found += [Misplaced(_shown(parts), _home(parts, assignment)) for parts in _handed_in((name,), submitted)]
        elif not (submitted / name).is_symlink() and not _notebooks_in(submitted / name / assignment):
            deeper = [parts for parts in _handed_in((name, assignment), submitted) if len(parts) > 3]
            found += [Misplaced(_shown(parts), f"submitted/{_told(name)}/{assignment}/", True) for parts in deeper]
    return [each for each in found if _is_for(each.path, assignment)]


def _handed_in(parts: tuple[str, ...], submitted: Path) -> Iterator[tuple[str, ...]]:
    """Yield the path of each notebook and archive in a folder, or of the file itself."""
    path = submitted.joinpath(*parts)
    if path.is_symlink():
        return
    if path.is_file() and (is_notebook(path.name) or path.name.lower().endswith(_ARCHIVES)):
        yield parts
    elif path.is_dir() and len(parts) <= _DEEPEST:
        for name in _names(path):
            yield from _handed_in((*parts, name), submitted)


def _is_for(path: str, assignment: str) -> bool:
    """Say whether a file may be meant for `assignment`: the path names that lab or, of a notebook, no other one."""
    named = {lab for lab in labs.all_labs() if lab in path.lower()}
    return assignment in named or (not named and not path.lower().endswith(_ARCHIVES))


def _home(parts: tuple[str, ...], assignment: str) -> str:
    """Return the folder that a file belongs in; a learner is named where the path leaves no doubt who it is."""
    folders = [_told(part) for part in parts[:-1]]
    student = "<student>"
    if folders[1:] and folders[0] == assignment:
        student = folders[1]
    elif assignment in folders[1:]:
        student = folders[folders.index(assignment, 1) - 1]
    elif len(folders) == 1 and folders[0] != assignment:
        student = folders[0]
    return f"submitted/{shown(student, 300)}/{assignment}/"


def _shown(parts: tuple[str, ...]) -> str:
    return "/".join(("submitted", *map(_told, parts)))


def _names(folder: Path) -> list[str]:
    """Return what is in a folder, sorted, without clutter; nothing for a link."""
    try:
        if folder.is_symlink():
            return []
        return sorted(entry.name for entry in os.scandir(folder) if not is_clutter(entry.name))
    except OSError:
        return []


def is_clutter(name: str) -> bool:
    """Say whether a file or a folder is what systems and tools leave behind, and nobody hands in."""
    return name.startswith(".") or name in _CLUTTER


def is_notebook(name: str) -> bool:
    return ".ipynb" in name.lower() and not name.startswith(".")


def _notebooks_in(folder: Path) -> list[str]:
    return [name for name in _names(folder) if is_notebook(name)]


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
    secret = _secret(submission.folder / SECRET, limits)
    told = [str(timestamp).encode(), *(n.text.encode() for n in notices), *filter(None, [secret])]
    parts = [notebook or b"", problem.encode(), *told]
    digest = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
    return HandedIn(notebook, problem, timestamp, tuple(notices), digest, secret.decode())


def _choose(folder: Path, expected: str, notices: list[Notice]) -> str:
    """Return the name of the notebook to grade: the expected one, else the only one there is."""
    if folder.is_symlink() or folder.parent.is_symlink() or not folder.is_dir():
        raise UnreadableError("What was handed in is a link or a file, not a folder. Hand in the folder itself.")
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except OSError as error:
        raise UnreadableError(f"The folder cannot be read: {error.strerror}.") from None
    notebooks = [name for name in names if is_notebook(name)]
    if expected in notebooks:
        others = len(notebooks) - 1
        if others:
            notices.append(Notice(f"Besides `{expected}` there were {others} other notebooks; they were not graded."))
        return expected
    if len(notebooks) == 1:
        notices.append(Notice(f"The notebook was handed in as `{shown(notebooks[0])}`; `{expected}` was expected."))
        return notebooks[0]
    deeper = [] if notebooks else [f"{sub}/{name}" for sub in _names(folder) for name in _notebooks_in(folder / sub)]
    if deeper:
        raise UnreadableError(
            f"`{expected}` was expected; found one folder too deep: `{shown(deeper[0])}`. "
            "Hand in the notebook itself, without a folder around it."
        )
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


def _secret(path: Path, limits: Limits) -> bytes:
    """Return the exchange's secret, b"" where there is none that it could have written."""
    if not os.path.lexists(path):
        return b""
    try:
        secret = _read_regular(path, limits.timestamp_bytes)
    except UnreadableError:
        return b""
    return secret if secret.isalnum() else b""
