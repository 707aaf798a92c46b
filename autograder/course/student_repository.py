"""Makes the repository that learners get: labs, checks and the book, and nothing that was written to answer them.

It is made of a list of what belongs to it, not of what does not: a file that nobody thought of stays here.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from autograder.course import labs
from autograder.course.labs import UsageError
from autograder.course.release import released_text, write_whole

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
    "requirements.txt",
)
_README = Path(__file__).with_name("templates") / "student_readme.md"


def make(destination: Path) -> int:
    """Write the learners' repository to `destination` and return how many files it has.

    The labs are made from their sources, so an answered copy in exercises/ goes nowhere. Raises UsageError when there
    is something at `destination`, or when this repository has no sources itself.
    """
    if not labs.all_labs():
        raise UsageError(f"there are no labs with answers in {labs.SOLUTIONS}: this is a learners' repository already")
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise UsageError(f"{destination} is not empty: name a new folder, so that nothing old stays in it")
    if destination.resolve().is_relative_to(labs.ROOT / "book"):
        raise UsageError(f"{destination} lies in a folder that is copied: name one outside")
    texts = {f"exercises/{lab}/{lab}.ipynb": released_text(lab) for lab in labs.all_labs()}
    texts["README.md"] = _README.read_text("utf-8")
    for name, text in texts.items():
        write_whole(destination / name, text)
    copied = list(_files())
    for path in copied:
        target = destination / path.relative_to(labs.ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return len(texts) + len(copied)


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
