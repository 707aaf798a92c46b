"""nbgrader called from Python: configured by this repository alone, in a temporary course, quiet.

What this package replaces in nbgrader, or uses though it is private there, is all listed here. Look through it when the
pin of nbgrader moves.

- `nbgrader.api.get_alembic_version`, replaced below: it starts a process for each new gradebook.
- `CourseDirectory.get_existing_timestamp`, replaced in `nbgrader_steps`: it misreads time zones.
- `Autograde._sanitizing`, in `nbgrader_steps.SubmissionExporter`: which of its two steps an exporter is called in.
- `AssignLatePenalties._check_late_penalty`, in `gradebook.recorder`: bounds a penalty as nbgrader does.
- `ZipCollectApp._format_collect_path` and `_transfer_files` (replaced), in `lms.collectors`: where a download was
  unpacked, and the last step, after which a collector can say what it left behind.
- `rfc3987_syntax` (jsonschema's, under nbformat), kept from being imported in `autograder.course`: half a second.
"""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbgrader.api
from alembic.script import ScriptDirectory
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, PyFileConfigLoader

from autograder import labs

# What nbgrader's Gradebook calls a course without a name. Its commands say "" there, which only SQLite lets pass.
_COURSE = "default_course"


def course_config() -> Config:
    """Read nbgrader_config.py of this repository. No other configuration is ever read.

    Which class is meant is not taken from it: the caller knows, and --course wins over the environment.
    """
    named = os.environ.pop(labs.FOLDER_VARIABLE, None)
    try:
        return PyFileConfigLoader("nbgrader_config.py", path=str(labs.ROOT)).load_config()
    finally:
        if named is not None:
            os.environ[labs.FOLDER_VARIABLE] = named


def configured_book() -> str:
    """Return the address of the book's site that nbgrader_config.py gives, or ""."""
    return str(course_config().FeedbackExporter.get("book", ""))


def configured_gradebook() -> str | None:
    """Return the address of the gradebook that nbgrader_config.py names: the environment's, or one typed there."""
    address = course_config().CourseDirectory.get("db_url")
    return str(address) if address else None


@contextmanager
def staged_course(assignment: str, db_url: str | None = None) -> Iterator[CourseDirectory]:
    """Yield an empty nbgrader course in a temporary folder, using the gradebook at `db_url`."""
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        root = str(Path(folder).resolve())
        url = db_url or f"sqlite:///{root}/gradebook.db"
        yield CourseDirectory(root=root, db_url=url, assignment_id=assignment, course_id=_COURSE)


@contextmanager
def quiet_nbgrader() -> Iterator[list[str]]:
    """Keep nbgrader's log and its libraries' warnings off the screen; yield its error lines."""
    errors: list[str] = []
    log = logging.getLogger("traitlets")
    handler = _Collect(errors)
    propagate, log.propagate = log.propagate, False
    log.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield errors
    finally:
        log.removeHandler(handler)
        log.propagate = propagate


class _Collect(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.ERROR)
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += record.getMessage().strip().splitlines()


def _newest_schema() -> str:
    """Return the version of the gradebook's schema."""
    return str(ScriptDirectory(str(Path(nbgrader.api.__file__).with_name("alembic"))).get_current_head())


# nbgrader asks a process for it, of a program `alembic` that it expects on PATH: a second for each new gradebook.
nbgrader.api.get_alembic_version = _newest_schema
