"""Is it said once which class is meant, to this package and to nbgrader, and said where it is not there?"""

from __future__ import annotations

import subprocess
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from traitlets.config import Config

from autograder import labs
from autograder.cli import main
from autograder.course import nbgrader_api
from autograder.course.gradebook.course_folder import Course
from tests.course.helpers import ALL, ENVIRONMENT, command, graded
from tools.make_class import LAB, answered, hand_in, reference

FOLDER, GRADEBOOK = "AUTOGRADER_COURSE", "AUTOGRADER_DB_URL"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("course")
    hand_in(folder, "ada", nbformat.writes(answered(reference())))
    graded(folder)
    return folder


def nbgrader(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setitem(ENVIRONMENT, name, value)
        return command("nbgrader", *arguments)


def test_the_report_is_on_the_class_that_the_environment_names(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(FOLDER, str(course))
    assert main(["report", LAB, "--csv"]) == 0
    assert "ada," in capsys.readouterr().out


def test_the_option_wins_even_where_the_environment_names_nothing_that_is_there(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "nowhere"))
    assert main(["report", LAB, "--csv", "--course", str(course)]) == 0
    assert main(["grade", LAB, "--course", str(course)]) == 0
    assert "ada" in capsys.readouterr().out


def test_a_due_date_set_with_nbgrader_is_that_of_the_class(course: Path) -> None:
    done = nbgrader("db", "assignment", "add", LAB, "--duedate=2026-11-01 23:59 UTC", **{FOLDER: str(course)})
    assert done.returncode == 0, done.stderr
    with Gradebook(Course.at(course, LAB).db_url) as book:
        assert str(book.find_assignment(LAB).duedate) == "2026-11-01 23:59:00"


def test_nbgrader_is_told_that_the_folder_is_not_there(tmp_path: Path) -> None:
    done = nbgrader("export", **{FOLDER: str(tmp_path / "term1")})
    assert done.returncode == 1
    assert f"there is no folder {tmp_path / 'term1'}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "term1").exists()


def test_both_use_the_gradebook_that_the_environment_names(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    elsewhere.write_bytes((course / "gradebook.db").read_bytes())
    with Gradebook(f"sqlite:///{elsewhere}") as book:
        book.find_grade("bias_gradient_check", LAB, LAB, "ada").manual_score = 0
        book.db.commit()
    monkeypatch.setenv(GRADEBOOK, f"sqlite:///{elsewhere}")
    assert main(["report", LAB, "--csv", "--course", str(course)]) == 0
    assert f"ada,{ALL - 1}," in capsys.readouterr().out
    to = tmp_path / "grades.csv"
    done = nbgrader("export", f"--to={to}", **{FOLDER: str(course), GRADEBOOK: f"sqlite:///{elsewhere}"})
    assert done.returncode == 0, done.stderr
    assert f",{ALL - 1},0.0,{ALL - 1}," in to.read_text()


def test_a_gradebook_typed_into_nbgraders_configuration_is_read_too_and_the_option_wins(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = Config(CourseDirectory=Config(db_url=f"sqlite:///{tmp_path}/typed.db"))
    monkeypatch.setattr(nbgrader_api, "course_config", lambda: typed)
    assert main(["report", LAB, "--csv", "--course", str(course)]) == 2
    assert "holds no submission" in capsys.readouterr().err
    assert main(["report", LAB, "--csv", "--course", str(course), "--db-url", Course.at(course, LAB).db_url]) == 0


def test_after_grading_it_is_said_what_nbgrader_has_to_be_told(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = f"sqlite:///{course}/other.db"
    assert main(["report", LAB, "--course", str(course)]) == 0
    assert f"export {FOLDER}={course} " in capsys.readouterr().out
    told = Course.at(course, LAB, elsewhere).formgrader
    assert told.startswith(f"{FOLDER}={course} {GRADEBOOK}={elsewhere} jupyter lab {course}")
    monkeypatch.setenv(FOLDER, str(course))
    assert main(["report", LAB]) == 0
    assert "export" not in capsys.readouterr().out


def test_formgrader_lists_the_assignment_of_a_class_that_was_only_graded(course: Path) -> None:
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    assert NbGraderAPI(CourseDirectory(root=str(course))).get_source_assignments() == {LAB}


def test_the_default_is_the_folder_of_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    assert labs.course_folder() == labs.COURSE
    monkeypatch.setenv(FOLDER, "")
    assert labs.course_folder() == labs.COURSE
