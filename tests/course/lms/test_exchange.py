"""Does feedback go out through nbgrader's exchange to those who can find it, and is it said who cannot?"""

from __future__ import annotations

import subprocess
from pathlib import Path

import nbformat
import pytest

from autograder.course.gradebook.course_folder import Course
from autograder.course.intake.submissions import SECRET
from tests.course.helpers import command, graded
from tools.make_class import LAB, answered, hand_in

KNOWN = "0123456789abcdef" * 8  # as nbgrader writes it


def submit(course: Path, student: str, secret: str) -> Path:
    """Hand in what `nbgrader collect` leaves."""
    folder = hand_in(course, student, nbformat.writes(answered({})))
    (folder / "timestamp.txt").write_text("2026-11-01 12:00:00.000000 UTC")
    (folder / SECRET).write_text(secret)
    return folder


def release(course: Path, *options: str) -> subprocess.CompletedProcess[str]:
    where = [f"--CourseDirectory.root={course}", f"--Exchange.root={course.parent / 'exchange'}", "--course=backprop"]
    return command("nbgrader", "release_feedback", LAB, *where, *options)


def released(course: Path) -> list[Path]:
    return sorted((course.parent / "exchange" / "backprop" / "feedback").glob("*.html"))


@pytest.fixture
def course(tmp_path: Path) -> Path:
    (tmp_path / "exchange").mkdir()
    return tmp_path / "course"


def test_who_handed_in_by_file_is_listed_and_the_others_get_their_pages(course: Path) -> None:
    submit(course, "ada", KNOWN)
    submit(course, "bob", KNOWN[::-1])
    hand_in(course, "carol, jr [x]", "[]")
    graded(course)
    said = release(course)
    assert said.returncode == 1
    assert "not handed in through the exchange: carol, jr [x]. " in said.stderr
    assert str(Course.at(course, LAB).feedback_page("carol, jr [x]")) in said.stderr
    assert "Traceback" not in said.stderr
    pages = {Course.at(course, LAB).feedback_page(student).read_text("utf-8") for student in ("ada", "bob")}
    assert {page.read_text("utf-8") for page in released(course)} == pages


def test_a_page_can_be_released_to_one_learner_alone_and_is_readable_by_other_accounts(course: Path) -> None:
    submit(course, "ada", KNOWN)
    submit(course, "bob", KNOWN[::-1])
    graded(course)
    Course.at(course, LAB).feedback_page("bob").chmod(0o600)
    assert release(course, "--student=bob").returncode == 0
    (page,) = released(course)
    assert page.stat().st_mode & 0o777 == 0o644


def test_before_grading_it_is_said_that_there_is_no_feedback(course: Path) -> None:
    course.mkdir()
    said = release(course)
    assert said.returncode == 1
    assert f"no feedback on {LAB}" in said.stderr
    assert "grade it first" in said.stderr


def test_nbgraders_own_generate_feedback_keeps_a_page_findable(course: Path) -> None:
    submit(course, "ada", KNOWN)
    graded(course)
    again = command("nbgrader", "generate_feedback", LAB, "--force", f"--CourseDirectory.root={course}")
    assert again.returncode == 0, again.stderr
    assert (Course.at(course, LAB).feedback("ada") / SECRET).read_text() == KNOWN
    assert release(course).returncode == 0
    assert len(released(course)) == 1


def test_a_class_that_was_graded_without_the_secrets_gets_them_by_grading_again(course: Path) -> None:
    folder = submit(course, "ada", KNOWN)
    (folder / SECRET).rename(course / "kept")
    graded(course)
    (course / "kept").rename(folder / SECRET)
    assert graded(course).graded == ["ada"]
    assert graded(course).kept == ["ada"]
    assert (Course.at(course, LAB).feedback("ada") / SECRET).read_text() == KNOWN


@pytest.mark.parametrize("secret", ["", "../../../etc/passwd", "x" * 100_000, "é" * 64])
def test_what_the_exchange_never_wrote_is_no_secret(course: Path, secret: str) -> None:
    submit(course, "mallory", secret)
    assert graded(course).failed == {}
    assert not (Course.at(course, LAB).feedback("mallory") / SECRET).exists()


def test_a_link_in_the_place_of_the_secret_is_not_followed(course: Path) -> None:
    folder = submit(course, "mallory", KNOWN)
    (folder / SECRET).unlink()
    private = course / "private"
    private.write_text("0123456789")
    (folder / SECRET).symlink_to(private)
    assert graded(course).failed == {}
    assert not (Course.at(course, LAB).feedback("mallory") / SECRET).exists()
