"""Do the files for learning platforms hold what the gradebook says, in the columns that those platforms read?"""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.course import labs
from autograder.course.gradebook import Course
from tests.course.helpers import ENVIRONMENT, command, graded, results
from tests.submissions import answers
from tests.submissions.make_class import LAB, WRITTEN, answered, hand_in, reference

EXPORTERS = "autograder.course.exporters"
FILES = {"ExercisesExporter": "exercises.csv", "CanvasExporter": "canvas.csv", "MoodleExporter": "moodle.csv"}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class with one who is late, one who waits for a grade by hand, one named like a formula, and one absent."""
    folder = tmp_path_factory.mktemp("course")
    right = reference()
    hand_in(folder, "ada@uni.example", nbformat.writes(answered(right | {WRITTEN: answers.WRITTEN[0]})))
    hand_in(folder, "4711", nbformat.writes(answered(right | answers.SIGN)))
    hand_in(folder, "=1+1", nbformat.writes(answered(right | answers.MEAN_FOR_SUM)))
    graded(folder)
    with Gradebook(Course.at(folder, LAB).db_url) as book:
        book.update_or_create_student("ada@uni.example", first_name="Ada, Countess", last_name='"Lovelace"')
        book.add_student("absent", lms_user_id="99")
        book.update_or_create_assignment(LAB, duedate=datetime(2026, 1, 1))
        book.find_submission_notebook(LAB, LAB, "4711").late_submission_penalty = 5.5
        book.db.commit()
    return folder


def export(course: Path, exporter: str, *options: str) -> subprocess.CompletedProcess[str]:
    done = command(
        "nbgrader", "export", f"--exporter={EXPORTERS}.{exporter}", f"--CourseDirectory.root={course}", *options
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def said(course: Path) -> dict[str, str]:
    """What each exporter says, once all have written their file."""
    return {name: export(course, name).stderr for name in FILES}


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def by_student(table: Sequence[Sequence[str]], column: str) -> dict[str, dict[str, str]]:
    return {row[table[0].index(column)]: dict(zip(table[0], row, strict=True)) for row in table[1:]}


def test_the_file_goes_into_the_course_and_not_into_the_working_directory(course: Path) -> None:
    before = set(labs.ROOT.iterdir())
    export(course, "CanvasExporter")
    assert (course / "exports" / "canvas.csv").is_file()
    assert set(labs.ROOT.iterdir()) == before


def test_to_names_another_file(course: Path, tmp_path: Path) -> None:
    export(course, "MoodleExporter", f"--to={tmp_path / 'mine.csv'}")
    assert rows(tmp_path / "mine.csv")[0] == ["Username", "First name", "Last name", LAB]


def test_each_exercise_has_a_column_that_adds_up_to_the_raw_score(course: Path, said: dict[str, str]) -> None:
    table = by_student(rows(course / "exports" / "exercises.csv"), "student_id")
    scores = {student: result.score for student, result in results(course).items()}
    for student, score in scores.items():
        row = table["'=1+1" if student == "=1+1" else student]
        assert {name: float(row[name]) for name in score.points} == score.points
        assert float(row["raw_score"]) == sum(score.points.values())
        assert float(row["score"]) == score.score
    assert table["4711"]["late_submission_penalty"] == "5.5"
    assert table["absent"]["score"] == ""
    assert "1 grades wait to be given by hand" in said["ExercisesExporter"]


def test_nbgraders_own_columns_stand_where_its_own_export_has_them(course: Path, tmp_path: Path) -> None:
    export(course, "ExercisesExporter", f"--to={tmp_path / 'ours.csv'}", "--student=['4711']")
    root, to = f"--CourseDirectory.root={course}", f"--to={tmp_path / 'theirs.csv'}"
    assert command("nbgrader", "export", root, to, "--student=['4711']").returncode == 0
    ours, theirs = rows(tmp_path / "ours.csv"), rows(tmp_path / "theirs.csv")
    assert [row[: len(theirs[0])] for row in ours] == theirs


@pytest.mark.usefixtures("said")
def test_canvas_finds_its_columns_the_points_possible_and_each_student(course: Path) -> None:
    table = rows(course / "exports" / "canvas.csv")
    assert table[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", LAB]
    assert "Points Possible" in table[1][0]
    assert table[1][5] == "21.0"
    student = {(row[1] or row[3]): row for row in table[2:]}
    assert student["ada@uni.example"] == ['"Lovelace", Ada, Countess', "", "", "ada@uni.example", "", "19.0"]
    assert student["4711"][5] == "11.5"
    assert student["99"][5] == ""


@pytest.mark.usefixtures("said")
def test_moodle_finds_its_columns_and_each_student(course: Path) -> None:
    table = by_student(rows(course / "exports" / "moodle.csv"), "Username")
    assert (table["4711"][LAB], table["ada@uni.example"][LAB], table["absent"][LAB]) == ("11.5", "19.0", "")


def test_moodles_worksheet_has_the_three_columns_that_it_looks_for(course: Path) -> None:
    export(course, "MoodleWorksheetExporter", f"--assignment=['{LAB}']")
    table = rows(course / "exports" / "moodle-worksheet.csv")
    assert table[0] == ["Identifier", "Grade", "Last modified (grade)"]
    assert ["Participant 4711", "11.5", ""] in table


@pytest.mark.parametrize("exporter", FILES)
def test_no_field_is_a_formula_and_it_is_said_what_was_changed(
    course: Path, said: dict[str, str], exporter: str
) -> None:
    fields = [field for row in rows(course / "exports" / FILES[exporter]) for field in row]
    assert "'=1+1" in fields
    assert not [field for field in fields if field.startswith(("=", "+", "-", "@"))]
    assert "takes for a formula: =1+1" in said[exporter]


def test_titles_and_the_identifier_are_settings(course: Path, tmp_path: Path) -> None:
    config = tmp_path / "nbgrader_config.py"
    text = (labs.ROOT / "nbgrader_config.py").read_text("utf-8")
    lines = [f'c.CanvasExporter.titles = {{"{LAB}": "Lab 03 (4711)"}}', 'c.MoodleExporter.identifier = "Email address"']
    config.write_text("\n".join([text, *lines, f'c.CourseDirectory.root = "{course}"']), "utf-8")
    environment = ENVIRONMENT | {"PYTHONPATH": str(labs.ROOT)}
    for exporter in ("CanvasExporter", "MoodleExporter"):
        which = [f"--exporter={EXPORTERS}.{exporter}", f"--to={tmp_path / FILES[exporter]}"]
        do = [sys.executable, "-m", "nbgrader", "export", *which]
        subprocess.run(do, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert rows(tmp_path / "canvas.csv")[0][5] == "Lab 03 (4711)"
    assert rows(tmp_path / "moodle.csv")[0][0] == "Email address"
