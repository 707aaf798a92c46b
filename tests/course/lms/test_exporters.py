"""Do the files for learning platforms hold what the gradebook says, in the columns that those platforms read?"""

from __future__ import annotations

import csv
import re
import subprocess
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.exportapp import ExportApp
from nbgrader.coursedir import CourseDirectory

from autograder import labs
from autograder.course.gradebook.course_folder import Course
from autograder.course.gradebook.scores import rounded
from autograder.course.lms.exporters import (
    CanvasExporter,
    CanvasFeedbackExporter,
    ExercisesExporter,
    Exporter,
    GradesExporter,
    MoodleExporter,
    MoodleFeedbackExporter,
    MoodleWorksheetExporter,
)
from tests.course.helpers import ALL, WHOLE, command, graded, results
from tools import class_answers
from tools.make_class import LAB, WRITTEN, answered, hand_in, reference

EXPORTERS = "autograder.course.exporters"
FILES = {"ExercisesExporter": "exercises.csv", "CanvasExporter": "canvas.csv", "MoodleExporter": "moodle.csv"}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class with one who is late, one who waits for a grade by hand, one named like a formula, and one absent."""
    folder = tmp_path_factory.mktemp("course")
    right = reference()
    hand_in(folder, "ada@uni.example", nbformat.writes(answered(right | {WRITTEN: class_answers.WRITTEN[0]})))
    hand_in(folder, "4711", nbformat.writes(answered(right | class_answers.SIGN)))
    hand_in(folder, "=1+1", nbformat.writes(answered(right | class_answers.MEAN_FOR_SUM)))
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


class RefusedError(Exception):
    """What nbgrader would print before it ends with exit code 1."""


class App(ExportApp):
    def fail(self, msg: str, *args: object) -> NoReturn:
        raise RefusedError(msg % args)


def exported(course: Path, exporter: type[Exporter], **settings: Any) -> Path:
    """Export in this process, and return the file's path."""
    app = App()
    app.coursedir = CourseDirectory(root=str(course))
    plugin = exporter(parent=app, **settings)
    with Gradebook(app.coursedir.db_url) as book:
        plugin.export(book)
    return plugin.path


def refused(course: Path, exporter: type[Exporter], **settings: Any) -> str:
    with pytest.raises(RefusedError) as reason:
        exported(course, exporter, **settings)
    return str(reason.value)


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
    own = "--exporter=nbgrader.plugins.CsvExportPlugin"
    assert command("nbgrader", "export", own, root, to, "--student=['4711']").returncode == 0
    ours, theirs = rows(tmp_path / "ours.csv"), rows(tmp_path / "theirs.csv")
    assert [row[: len(theirs[0])] for row in ours] == theirs
    plain = exported(course, GradesExporter, to=str(tmp_path / "plain.csv"), student=["4711"])
    assert rows(plain) == theirs


@pytest.mark.usefixtures("said")
def test_canvas_finds_its_columns_the_points_possible_and_each_student(course: Path) -> None:
    table = rows(course / "exports" / "canvas.csv")
    assert table[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", LAB]
    assert "Points Possible" in table[1][0]
    assert table[1][5] == str(WHOLE)
    student = {(row[1] or row[3]): row for row in table[2:]}
    assert student["ada@uni.example"] == ['"Lovelace", Ada, Countess', "", "", "ada@uni.example", "", str(ALL)]
    assert student["4711"][5] == str(ALL - 7.5)
    assert student["99"][5] == ""


@pytest.mark.usefixtures("said")
def test_moodle_finds_its_columns_and_each_student(course: Path) -> None:
    table = by_student(rows(course / "exports" / "moodle.csv"), "Username")
    assert (table["4711"][LAB], table["ada@uni.example"][LAB], table["absent"][LAB]) == (str(ALL - 7.5), str(ALL), "")


def test_moodles_worksheet_has_the_three_columns_that_it_looks_for(course: Path) -> None:
    export(course, "MoodleWorksheetExporter", f"--assignment=['{LAB}']")
    table = rows(course / "exports" / "moodle-worksheet.csv")
    assert table[0] == ["Identifier", "Grade", "Last modified (grade)"]
    assert ["Participant 4711", str(ALL - 7.5), ""] in table


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
    for exporter in ("CanvasExporter", "MoodleExporter"):
        which = [f"--exporter={EXPORTERS}.{exporter}", f"--to={tmp_path / FILES[exporter]}"]
        assert command("nbgrader", "export", *which, folder=tmp_path).returncode == 0
    assert rows(tmp_path / "canvas.csv")[0][5] == "Lab 03 (4711)"
    assert rows(tmp_path / "moodle.csv")[0][0] == "Email address"


CSV = [GradesExporter, ExercisesExporter, CanvasExporter, MoodleExporter, MoodleWorksheetExporter]
ZIP = [MoodleFeedbackExporter, CanvasFeedbackExporter]


@pytest.mark.parametrize("exporter", CSV + ZIP)
def test_a_gradebook_without_a_class_is_refused_and_no_file_is_written(
    tmp_path: Path, exporter: type[Exporter]
) -> None:
    said = refused(tmp_path, exporter, to=str(tmp_path / "file"))
    assert f"sqlite:///{tmp_path}/gradebook.db holds no class" in said
    assert "AUTOGRADER_COURSE" in said
    assert not (tmp_path / "file").exists()


def test_nbgraders_own_command_refuses_it_too(tmp_path: Path) -> None:
    done = command("nbgrader", "export", f"--to={tmp_path / 'grades.csv'}", f"--CourseDirectory.root={tmp_path}")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "holds no class" in done.stderr
    assert not (tmp_path / "grades.csv").exists()


@pytest.mark.parametrize("exporter", CSV + ZIP)
def test_names_that_the_gradebook_does_not_know_are_refused_with_those_it_knows(
    course: Path, tmp_path: Path, exporter: type[Exporter]
) -> None:
    to = str(tmp_path / "file")
    said = refused(course, exporter, to=to, assignment=["3_delta_template"])
    assert said.endswith(f"has no assignment 3_delta_template. It has: {LAB}")
    assert "has no student grace" in refused(course, exporter, to=to, student=["4711", "grace"])
    assert not Path(to).exists()


@pytest.mark.parametrize("exporter", [MoodleWorksheetExporter, *ZIP])
def test_what_is_for_one_assignment_asks_for_one(tmp_path: Path, exporter: type[Exporter]) -> None:
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        book.add_student("4711")
        book.add_assignment(LAB)
        book.add_assignment("06_dropout")
    said = refused(tmp_path, exporter)
    assert "one assignment of 03_delta_template, 06_dropout" in said
    assert f"--assignment \"['{LAB}']\"" in said or "--assignment \"['06_dropout']\"" in said


@pytest.fixture
def late_by_a_tenth_a_day(course: Path) -> Iterator[None]:
    """A penalty whose difference from the points floats may not hold: 17 - 13.6 is 3.4000000000000004."""
    url = Course.at(course, LAB).db_url
    with Gradebook(url) as book:
        book.find_submission_notebook(LAB, LAB, "4711").late_submission_penalty = 0.8 * (ALL - 2)
        book.db.commit()
    yield
    with Gradebook(url) as book:
        book.find_submission_notebook(LAB, LAB, "4711").late_submission_penalty = 5.5
        book.db.commit()


@pytest.mark.usefixtures("late_by_a_tenth_a_day")
@pytest.mark.parametrize("exporter", CSV)
def test_no_file_holds_more_decimals_than_were_meant(course: Path, tmp_path: Path, exporter: type[Exporter]) -> None:
    fields = [field for row in rows(exported(course, exporter, to=str(tmp_path / "file"))) for field in row]
    assert f"{0.2 * (ALL - 2):g}" in fields
    assert not [field for field in fields if re.fullmatch(r"\d+\.\d{5,}", field)]


@pytest.mark.parametrize(("points", "meant"), [(19 - 15.2, 3.8), (0.1 + 0.2, 0.3), (0.125, 0.125), (19 / 3, 6.3333)])
def test_points_are_rounded_to_a_ten_thousandth(points: float, meant: float) -> None:
    assert repr(rounded(points)) == repr(meant)


def unpacked(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}


def page_of(course: Path, student: str) -> str:
    return Course.at(course, LAB).feedback_page(student).read_text("utf-8")


def moodle_reads(name: str) -> tuple[str, str, str]:
    """Return participant number, plugin and file name as assignfeedback_file's importer takes them from a path."""
    folder, _, file = name.partition("/")
    _, number, kind, plugin, rest = folder.split("_", 4)
    return number, f"{kind}_{plugin}", rest + file


def test_moodles_feedback_files_lie_in_folders_as_its_download_has_them(course: Path, tmp_path: Path) -> None:
    to = tmp_path / "feedback.zip"
    said = refused(course, MoodleFeedbackExporter, to=str(to))
    assert "2 feedback pages are not in the file: " in said
    assert {"=1+1", "ada@uni.example"} <= set(re.split(r"[ ,]+|\. ", said))
    assert "absent" not in said
    ((name, page),) = unpacked(to).items()
    assert moodle_reads(name) == ("4711", "assignsubmission_file", f"{LAB}.html")
    assert page == page_of(course, "4711")


def canvas_reads(name: str) -> list[str]:
    """Return the numbers of user and file that Canvas takes from a name: the first two pieces that are digits alone."""
    return [piece for piece in name.split("_") if re.fullmatch(r"\d+", piece)][:2]


@pytest.mark.parametrize("where", ["archive", "extracted"])
def test_canvas_finds_each_submission_by_the_name_it_had_in_the_download(
    course: Path, tmp_path: Path, where: str
) -> None:
    folder = tmp_path / "course" / "downloaded" / LAB / where
    folder.mkdir(parents=True)
    for name in ("gradebook.db", "feedback"):
        (tmp_path / "course" / name).symlink_to(course / name)
    downloaded = f"lovelaceada_LATE_4711_90001_{LAB}-1.ipynb"
    if where == "archive":
        with zipfile.ZipFile(folder / "submissions.zip", "w") as packed:
            packed.writestr(downloaded, "{}")
    else:
        (folder / downloaded).write_text("{}")
    to = tmp_path / "feedback.zip"
    said = refused(tmp_path / "course", CanvasFeedbackExporter, to=str(to))
    assert "2 feedback pages are not in the file" in said
    assert f"read in {tmp_path / 'course' / 'downloaded' / LAB}" in said
    ((name, page),) = unpacked(to).items()
    assert canvas_reads(name) == ["4711", "90001"]
    assert name.endswith(".html")
    assert page == page_of(course, "4711")


def test_a_zip_for_all_is_written_without_complaint(course: Path, tmp_path: Path) -> None:
    to = exported(course, MoodleFeedbackExporter, to=str(tmp_path / "feedback.zip"), student=["4711"])
    assert len(unpacked(to)) == 1
