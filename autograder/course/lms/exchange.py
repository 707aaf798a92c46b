"""nbgrader's exchange, for a class of which not everybody hands in through it."""

from __future__ import annotations

import shutil
from pathlib import Path

from nbgrader.exchange.default import ExchangeReleaseFeedback
from nbgrader.utils import notebook_hash

from autograder.course.intake.submissions import SECRET
from autograder.course.reports.as_text import plain


class ReleaseFeedback(ExchangeReleaseFeedback):
    """`nbgrader release_feedback`: gives out every page that can be found again, and says whose cannot.

    A learner finds a page by the secret that the exchange put beside the hand-in. nbgrader's own command ends with a
    traceback at the first page without one.
    """

    def copy_files(self) -> None:
        pages = self._pages()
        if not pages:
            self.fail(f"There is no feedback on {self._assignment} in {self._feedback}: grade it first")
        by_file = [page for page in pages if not (page.parent / SECRET).is_file()]
        for page in pages:
            if page not in by_file:
                self._release(page)
        self.log.info("%d pages released to %s", len(pages) - len(by_file), self.dest_path)
        if by_file:
            names = ", ".join(plain(_student(page)) for page in by_file)
            self.fail(
                f"{len(by_file)} pages were not released, for these were not handed in through the exchange: {names}. "
                f"Give these learners the file yourself: {by_file[0]}"
            )

    @property
    def _assignment(self) -> str:
        return str(self.coursedir.assignment_id)

    @property
    def _feedback(self) -> Path:
        return Path(self.coursedir.root, self.coursedir.feedback_directory)

    def _pages(self) -> list[Path]:
        """Return the feedback pages of all students, or of the one that was asked for."""
        pages = sorted(self._feedback.glob(f"*/{self._assignment}/*.html"))
        wanted, unwanted = self.coursedir.student_id, self.coursedir.student_id_exclude.split(",")
        return [page for page in pages if wanted in ("*", "", _student(page)) and _student(page) not in unwanted]

    def _release(self, page: Path) -> None:
        """Put a page where its learner looks for it, in one step."""
        name = notebook_hash(secret=(page.parent / SECRET).read_text("utf-8"), notebook_id=page.stem)
        arriving, there = (Path(self.dest_path, f"{name}{ending}") for ending in ("-tmp.html", ".html"))
        shutil.copyfile(page, arriving)
        arriving.chmod(0o644)  # learners have other accounts
        arriving.replace(there)


def _student(page: Path) -> str:
    return page.parent.parent.name
