"""Makes the repository that learners get: labs, checks and the book, and nothing that was written to answer them.

It is made of a list of what belongs to it, not of what does not: a file that nobody thought of stays here.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from autograder import labs
from autograder.course.release.release import released_text
from autograder.errors import UsageError

FOLDERS = ("autograder", "book", "computation_graph", "deploy", "docs/images")
FILES = (
    ".gitignore",
    "LICENSE",
    "LICENSE-TEXT",
    "_config.yml",
    "_toc.yml",
    "jupytext.toml",
    "nbgrader_config.py",
    "pyproject.toml",
    "tools/set_up.py",
)
_NOT_FOR_LEARNERS = "# Tests and style"  # the part of requirements.txt that only those need who change the course
_README = Path(__file__).with_name("student_readme.md")
_NO_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip file knows
_READABLE = 0o100644 << 16  # for all; unzip makes files without it that nobody can read


def make(destination: Path) -> int:
    """Write the learners' repository to `destination` and return how many files it has.

    Raises UsageError when there is something at `destination`, or when this repository has no sources itself.
    """
    if not labs.all_labs():
        raise UsageError(f"there are no labs with answers in {labs.SOLUTIONS}: this is a learners' repository already")
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise UsageError(f"{destination} is not empty: name a new folder, so that nothing old stays in it")
    if destination.resolve().is_relative_to(labs.ROOT / "book"):
        raise UsageError(f"{destination} lies in a folder that is copied: name one outside")
    files = contents()
    for name, data in files.items():
        target = destination / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return len(files)


def write_archive(path: Path) -> None:
    """Write the learners' repository as a zip file with one folder in it, named as the file is; the same bytes for the
    same contents.

    Where there are no sources, this is a learners' repository already, and goes into the archive as it is.
    """
    with ZipFile(path, "w") as archive:
        for name, data in sorted(contents().items()):
            entry = ZipInfo(f"{path.stem}/{name}", _NO_DATE)
            entry.create_system = 3  # on Windows too
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = _READABLE
            archive.writestr(entry, data)


def contents() -> Mapping[str, bytes]:
    """Return what the learners' repository holds, by path.

    The labs are made from their sources, where there are any, so an answered copy in exercises/ goes nowhere.
    """
    files = {path.relative_to(labs.ROOT).as_posix(): path.read_bytes() for path in _files()}
    if not labs.all_labs():
        as_they_are = (*labs.EXERCISES.glob("*/*.ipynb"), labs.ROOT / "README.md", labs.ROOT / "requirements.txt")
        return files | {path.relative_to(labs.ROOT).as_posix(): path.read_bytes() for path in as_they_are}
    texts = {f"exercises/{lab}/{lab}.ipynb": released_text(lab) for lab in labs.all_labs()}
    texts["README.md"] = _README.read_text("utf-8")
    texts["requirements.txt"] = requirements((labs.ROOT / "requirements.txt").read_text("utf-8"))
    return files | {name: text.encode() for name, text in texts.items()}


def _files() -> Iterator[Path]:
    kept = _under_version_control()
    for folder in FOLDERS:
        for path in sorted((labs.ROOT / folder).rglob("*")):
            hidden = any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(labs.ROOT).parts)
            if path.is_file() and not path.is_symlink() and not hidden and (kept is None or path in kept):
                yield path
    yield from (labs.ROOT / name for name in FILES if (labs.ROOT / name).is_file())


def _under_version_control() -> frozenset[Path] | None:
    """Return the files that git keeps here, None where there is no git to ask. Notes lying about are not among them."""
    try:
        asked = ["git", "-C", str(labs.ROOT), "ls-files", "-z"]
        listed = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return frozenset(labs.ROOT / name for name in listed.split("\0") if name) or None


def requirements(everything: str) -> str:
    """Return requirements.txt without what serves tests and style, and without what only that needs in turn.

    What a package needs is read off its metadata, so this environment has to hold the packages; a pin whose package is
    not here (one for another system) stays.
    """
    *direct, in_turn = everything.strip().split("\n\n")
    kept = [part for part in direct if not part.startswith(_NOT_FOR_LEARNERS)]
    needed = _needed(_pinned(line) for part in kept for line in part.splitlines())
    # What tests name themselves may be needed in turn as well.
    dropped = (line.partition("#")[0].strip() for part in direct if part not in kept for line in part.splitlines())
    heading, *pins = in_turn.splitlines()
    pins = [line for line in sorted([*pins, *dropped], key=str.lower) if _pinned(line) in needed]
    return "\n\n".join([*kept, "\n".join([heading, *pins])]) + "\n"


def _pinned(line: str) -> str:
    """Return the name of the package that a line pins, "" when it pins none."""
    return canonicalize_name(line.partition("==")[0]) if "==" in line and not line.startswith("#") else ""


def _needed(names: Iterator[str]) -> set[str]:
    """Return these packages and all they need in turn; what is not installed needs nothing that is known here."""
    ahead = {(name, "") for name in names if name}
    known: set[tuple[str, str]] = set()
    while ahead:
        known |= ahead
        ahead = {need for name, extra in ahead for need in _needs(name, extra)} - known
    return {name for name, _ in known}


def _needs(name: str, extra: str) -> Iterator[tuple[str, str]]:
    """Yield what a package needs, for one of its extras too: each as the name and an extra, "" for none."""
    try:
        lines = metadata.requires(name) or ()
    except metadata.PackageNotFoundError:
        return
    for needed in map(Requirement, lines):
        # Markers of the system hold somewhere: only whether an extra was asked for decides.
        if "extra" not in str(needed.marker) or (needed.marker and needed.marker.evaluate({"extra": extra})):
            yield canonicalize_name(needed.name), ""
            yield from ((canonicalize_name(needed.name), asked) for asked in needed.extras)
