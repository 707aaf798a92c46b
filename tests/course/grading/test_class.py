"""Does a class go from submitted/ to grades, feedback and a summary, whatever was handed in?"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from autograder import exercises
from tests.course.helpers import ALL, by_exercise, command, grade, results, scores
from tools.make_class import LAB, answered, hand_in, make_class, reference, students

# One part of each exercise right, by the place of the part.
PARTS = {
    "sigmoid_linear_backward": ("dx", "dW", "db"),
    "mlp_gradients": ("dW1", "db1", "dW2", "db2"),
}


def only_part(name: str, place: int) -> str:
    """Return an answer whose part at `place` is right and whose others are twice what they should be."""
    return (
        f"{reference()[name]}\n\n\nwhole = {name}\n\n\ndef {name}(*arguments):\n"
        f"    return tuple(a if i == {place} else 2 * a for i, a in enumerate(whole(*arguments)))\n"
    )


def hand_in_alone(course: Path) -> None:
    """For each exercise, and each part of those that have several, hand in a lab with only that right."""
    for name in reference():
        hand_in(course, f"only {name}", nbformat.writes(answered({name: reference()[name]})))
    for name, parts in PARTS.items():
        for place, part in enumerate(parts):
            hand_in(course, f"only {name} {part}", nbformat.writes(answered({name: only_part(name, place)})))


def hand_in_broken(course: Path) -> None:
    good = nbformat.writes(answered(reference()))
    folders = {name: hand_in(course, name, good) for name in ("stamp", "link", "fifo", "large", "wrong [x] {y} ü")}
    (folders["stamp"] / "timestamp.txt").write_text("the day before yesterday")
    for name in ("link", "fifo", "large"):
        (folders[name] / f"{LAB}.ipynb").unlink()
    (folders["link"] / f"{LAB}.ipynb").symlink_to(folders["stamp"] / f"{LAB}.ipynb")
    os.mkfifo(folders["fifo"] / f"{LAB}.ipynb")
    with (folders["large"] / f"{LAB}.ipynb").open("wb") as file:
        file.truncate(30_000_000)
    (course / "submitted" / "empty" / LAB).mkdir(parents=True)
    (course / "submitted" / "linked").symlink_to(course / "submitted" / "stamp")
    (course / "submitted" / ".hidden" / LAB).mkdir(parents=True)
    (course / "submitted" / "absent").mkdir()
    hand_in(course, "two", good, "one")
    hand_in(course, "two", good, "other")
    hand_in(course, "nul", "\0")
    hand_in(course, "red \x1b[31m", json.dumps({"cells": [{"cell_type": "code", "source": 3}]}))


UNREADABLE = {"noor", "link", "fifo", "large", "empty", "linked", "two", "nul"}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("course")
    make_class(folder)
    hand_in_alone(folder)
    hand_in_broken(folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def graded(course: Path) -> subprocess.CompletedProcess[str]:
    return grade(course)


@pytest.fixture(scope="module")
def class_scores(course: Path, graded: subprocess.CompletedProcess[str]) -> dict[str, float]:
    return scores(course)


def test_grading_ends_well_and_without_noise(graded: subprocess.CompletedProcess[str]) -> None:
    assert (graded.returncode, graded.stderr) == (0, "")


@pytest.mark.parametrize("student", ["ada", "bruno", "chiara", "dmitri", "otto", "priya", "stamp", "wrong [x] {y} ü"])
def test_right_answers_earn_all_points_however_they_are_written(class_scores: dict[str, float], student: str) -> None:
    assert class_scores[student] == ALL


@pytest.mark.parametrize("student", ["mei", "red \x1b[31m", *sorted(UNREADABLE)])
def test_without_an_answer_there_are_no_points(class_scores: dict[str, float], student: str) -> None:
    assert class_scores[student] == 0


def test_wrong_answers_cost_their_exercise_and_no_other(class_scores: dict[str, float]) -> None:
    wrong = {"emeka": ALL - 7, "fatima": ALL - 3, "george": ALL - 2, "hana": ALL - 2, "jun": ALL - 2, "lucia": 6}
    assert {student: class_scores[student] for student in wrong} == wrong


@pytest.mark.parametrize("name", list(reference()))
def test_each_exercise_alone_earns_its_points(class_scores: dict[str, float], course: Path, name: str) -> None:
    assert class_scores[f"only {name}"] == exercises()[name].max_points
    assert by_exercise(results(course)[f"only {name}"])[name] == exercises()[name].max_points


@pytest.mark.parametrize(("name", "part"), [(name, part) for name, parts in PARTS.items() for part in parts])
def test_each_part_alone_earns_its_points(class_scores: dict[str, float], name: str, part: str) -> None:
    assert class_scores[f"only {name} {part}"] == exercises()[name].points[part]


def test_every_folder_handed_in_has_a_grade_and_a_feedback_page(class_scores: dict[str, float], course: Path) -> None:
    expected = {p.name for p in (course / "submitted").iterdir()} - {".hidden", "absent"}
    assert set(class_scores) == expected
    assert not [s for s in expected if not (course / "feedback" / s / LAB / f"{LAB}.html").is_file()]


def test_what_cannot_be_read_needs_attention_and_its_page_says_why(
    class_scores: dict[str, float], course: Path
) -> None:
    every = results(course)
    assert {student for student, result in every.items() if result.score.needs_attention} == UNREADABLE
    for student in UNREADABLE:
        reason = next(notice.text for notice in every[student].notices if notice.attention)
        page = (course / "feedback" / student / LAB / f"{LAB}.html").read_text("utf-8")
        assert "About this submission" in page
        assert re.sub("`.*?`", "", reason).split(". ")[-1] in page


def test_a_renamed_notebook_is_graded_and_the_report_says_so(
    graded: subprocess.CompletedProcess[str], course: Path
) -> None:
    line = next(line for line in graded.stdout.splitlines() if line.startswith("otto"))
    assert "lab3 final (1).ipynb" in line
    assert "lab3 final (1).ipynb" in (course / "feedback" / "otto" / LAB / f"{LAB}.html").read_text("utf-8")


def test_the_table_has_a_line_for_everybody_and_names_mistakes(graded: subprocess.CompletedProcess[str]) -> None:
    lines = {line.split()[0]: line for line in graded.stdout.splitlines() if line}
    assert set(students()) <= set(lines)
    assert "slope-missing" in lines["emeka"]
    assert "nothing written" in lines["mei"]
    assert "damaged or incomplete" in lines["noor"]


def test_the_summary_gives_spread_exercises_mistakes_and_who_needs_attention(
    graded: subprocess.CompletedProcess[str],
) -> None:
    for word in ("mean", "standard deviation", "median", "named mistakes", "needs attention", "feedback", "gradebook"):
        assert word in graded.stdout
    assert all(name in graded.stdout for name in reference())


def test_no_name_moves_the_cursor_of_the_terminal(graded: subprocess.CompletedProcess[str]) -> None:
    assert "\x1b" not in graded.stdout


def test_report_prints_the_same_again(graded: subprocess.CompletedProcess[str], course: Path) -> None:
    again = command("autograder", "report", LAB, "--course", str(course))
    assert again.returncode == 0
    printed, _, page = again.stdout.rpartition("report     ")
    assert printed.strip() in graded.stdout
    assert Path(page.strip()) == course / "reports" / f"{LAB}.html"


def test_what_has_not_changed_is_not_graded_again(graded: subprocess.CompletedProcess[str], course: Path) -> None:
    again = grade(course)
    assert f"0 graded, {len(results(course))} kept from before" in again.stdout


@pytest.mark.slow
def test_plain_nbgrader_gives_the_same_points(class_scores: dict[str, float], course: Path, tmp_path: Path) -> None:
    some = ["ada", "dmitri", "emeka", "ivan", "kofi", "mei", "noor", "priya"]
    for student in some:
        shutil.copytree(course / "submitted" / student, tmp_path / "submitted" / student)
    shutil.copy(course / "gradebook.db", tmp_path)
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as gradebook:
        for student in class_scores:
            gradebook.remove_student(student)
    done = command("nbgrader", "autograde", LAB, f"--CourseDirectory.root={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert scores(tmp_path) == {student: class_scores[student] for student in some}
