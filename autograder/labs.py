"""Where the course and its labs are, and which there are.

The course is the folder that this package lies in: a checkout, or what was unpacked. Where the package was installed as
a copy, it is the folder above the notebook or the terminal that has the labs; the labs as they were released then lie
beside the copy, since the ones in the course are answered.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

from autograder.errors import UsageError

_AROUND = Path(__file__).resolve().parents[1]  # the course, or the folder of all packages


def _is_course(folder: Path) -> bool:
    return (folder / "_toc.yml").is_file() and (folder / "exercises").is_dir()


def _course_above() -> Path | None:
    with suppress(OSError):  # the folder was deleted
        here = Path.cwd()
        return next(filter(_is_course, (here, *here.parents)), None)
    return None


_IS_COPY = not _is_course(_AROUND)
ROOT = (_course_above() if _IS_COPY else None) or _AROUND
SOLUTIONS = ROOT / "solutions"
EXERCISES = ROOT / "exercises"
COURSE = ROOT / "_build" / "course"

# What says which class is meant, to this package and to nbgrader alike: its folder, and its gradebook where that is
# elsewhere.
FOLDER_VARIABLE = "AUTOGRADER_COURSE"
GRADEBOOK_VARIABLE = "AUTOGRADER_DB_URL"


def course_folder() -> Path:
    """Return the folder of the class: the one that the environment names, else _build/course."""
    return Path(os.environ.get(FOLDER_VARIABLE) or COURSE).absolute()


def gradebook_address() -> str | None:
    """Return the address of the gradebook that the environment names, None where it is in the folder of the class."""
    return os.environ.get(GRADEBOOK_VARIABLE) or None


def all_labs() -> list[str]:
    """Return the slugs of all labs in course order, such as "03_delta_template"."""
    return sorted(path.stem for path in SOLUTIONS.glob("[0-9][0-9]_*.py"))


def released() -> Mapping[str, Path]:
    """Return where each lab lies as it was released, by its slug: beside an installed copy, else in exercises/."""
    installed = _installed() if _IS_COPY else {}
    return installed or {path.parent.name: path for path in sorted(EXERCISES.glob("[0-9][0-9]_*/*.ipynb"))}


@cache
def _installed() -> Mapping[str, Path]:
    try:
        files = metadata.files("backprop-by-hand") or ()
    except metadata.PackageNotFoundError:
        return {}
    return {file.stem: Path(str(file.locate())) for file in sorted(files) if file.suffix == ".ipynb"}


def require(assignments: Sequence[str]) -> list[str]:
    """Return `assignments`, or all labs when it is empty. Raises UsageError for one that does not exist."""
    known = all_labs()
    if not known:
        raise UsageError(f"there are no labs with answers in {SOLUTIONS}: this needs the instructors' repository")
    for assignment in assignments:
        if assignment not in known:
            raise UsageError(f"there is no assignment {assignment!r}; the assignments are: {', '.join(known)}")
    return list(assignments) or known


def module_of(chapter: str) -> str:
    """Return the name of the module that a chapter has in `autograder.chapters`: its slug without the number."""
    return chapter.partition("_")[2]


def definitions(chapter: str) -> str:
    """Return the file below the root that a chapter's exercises are defined in, or the first one of its folder."""
    name = f"autograder/chapters/{module_of(chapter)}"
    return f"{name}/__init__.py" if (ROOT / name).is_dir() else f"{name}.py"


def solution_path(assignment: str) -> Path:
    return SOLUTIONS / f"{assignment}.py"


def exercise_path(assignment: str) -> Path:
    return EXERCISES / assignment / f"{assignment}.ipynb"
