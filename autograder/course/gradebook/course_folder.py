"""The folder of a class: where everything is in it, and which results it holds. Imports no nbgrader."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder import labs
from autograder.course.cells import KEY
from autograder.course.intake.notebooks import as_notebook
from autograder.course.intake.submissions import Submission, collect
from autograder.sandbox.limits import Limits


@dataclass(frozen=True)
class Course:
    """An nbgrader course folder and its gradebook."""

    folder: Path
    assignment: str
    db_url: str

    @classmethod
    def at(cls, folder: Path, assignment: str, db_url: str | None = None) -> Course:
        folder = folder.resolve()
        return cls(folder, assignment, db_url or _beside_the_class(folder))

    @property
    def shown_url(self) -> str:
        """The gradebook's address without a password."""
        from autograder.course.gradebook.database import shown  # loads nbgrader

        return shown(self.db_url)

    @property
    def formgrader(self) -> str:
        """How to grade written answers by hand, typed in the root of the repository."""
        lab = "jupyter lab" if self.folder == labs.COURSE else f"jupyter lab {shlex.quote(str(self.folder))}"
        return f"{' '.join([*self.settings, lab])}   then Nbgrader > Formgrader > Manual Grading"

    @property
    def settings(self) -> list[str]:
        """What nbgrader has to be told so that it works on this class, as a shell's assignments of variables."""
        told = []
        if {self.folder, labs.course_folder().resolve()} != {labs.COURSE}:
            told.append(f"{labs.FOLDER_VARIABLE}={shlex.quote(str(self.folder))}")
        if self.db_url != _beside_the_class(self.folder) or labs.gradebook_address():
            told.append(f"{labs.GRADEBOOK_VARIABLE}={shlex.quote(self.shown_url)}")
        return told

    @property
    def is_nbgraders(self) -> bool:
        """Whether nbgrader's commands, typed as they are, work on this class."""
        folder = labs.course_folder().resolve()
        return self == Course.at(folder, self.assignment, labs.gradebook_address())

    def autograded(self, student: str) -> Path:
        return self.folder / "autograded" / student / self.assignment

    def graded_notebook(self, student: str) -> Path:
        return self.autograded(student) / f"{self.assignment}.ipynb"

    def feedback(self, student: str) -> Path:
        return self.folder / "feedback" / student / self.assignment

    def feedback_page(self, student: str) -> Path:
        return self.feedback(student) / f"{self.assignment}.html"


def _beside_the_class(folder: Path) -> str:
    return f"sqlite:///{folder / 'gradebook.db'}"


def without_result(
    folder: Path, assignment: str, submissions: Iterable[Submission], limits: Limits
) -> list[Submission]:
    """Return those of which the folder of a class holds no complete result of what is handed in now."""
    course = Course.at(folder, assignment)  # wherever its gradebook is
    recorded = {each: _recorded_digest(course, each.student) for each in submissions}
    return [
        each for each, digest in recorded.items() if not digest or digest != collect(each, assignment, limits).digest
    ]


def _recorded_digest(course: Course, student: str) -> str | None:
    """Return the digest of the submission whose result is complete, None when none is."""
    try:
        digest = as_notebook(course.graded_notebook(student).read_text("utf-8")).metadata[KEY]["digest"]
        # Where the power failed, a file can be there and empty.
        return str(digest) if course.feedback_page(student).stat().st_size else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
