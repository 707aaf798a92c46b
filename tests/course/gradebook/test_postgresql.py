"""Does a gradebook on a real PostgreSQL server hold what one on SQLite holds?"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psycopg
import pytest
from nbgrader.api import Gradebook

from autograder.course.gradebook.database import shown
from tests.course.helpers import grade, grades, wait_until
from tests.course.pages import SET_UP, Shell, commands, copy_of_the_repository
from tools import class_answers
from tools.make_class import LAB, WRITTEN, answered, hand_in, reference

pytestmark = pytest.mark.slow

NEEDS = "PostgreSQL's server is not installed; on Debian and Ubuntu: apt-get install postgresql"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a database on a server of its own, which nobody else can reach."""
    tools = _tools()
    # A short path outside pytest's own folders: they are root's, and a socket's path has little room.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user = _as_nobody_special(folder)
    data = folder / "data"
    start = [str(tools / "postgres"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
    initialise = [
        str(tools / "initdb"),
        "-D",
        str(data),
        "-U",
        "grader",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-locale",
        "-N",
    ]
    subprocess.run(initialise, user=user, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(start, user=user, stdout=log, stderr=log, cwd=folder)
    address = f"postgresql+psycopg://grader@/postgres?host={folder}"
    try:
        wait_until(lambda: _answers(folder) or process.poll() is not None)
        assert process.poll() is None, (folder / "log").read_text()
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        shutil.rmtree(folder)


def _tools() -> Path:
    places = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    on_path = shutil.which("initdb")
    found = sorted(places, key=lambda path: int(path.parent.name)) or ([Path(on_path).parent] if on_path else [])
    if found:
        return found[-1].resolve()
    if os.environ.get("CI"):
        pytest.fail(NEEDS)
    pytest.skip(NEEDS)


def _as_nobody_special(folder: Path) -> str | int:
    """Give `folder` to a user PostgreSQL's server runs as: it refuses to be root."""
    if os.getuid() != 0:
        return os.getuid()
    shutil.chown(folder, "postgres", "postgres")
    return "postgres"


def _answers(folder: Path) -> bool:
    try:
        psycopg.connect(host=str(folder), dbname="postgres", user="grader").close()
    except psycopg.OperationalError:
        return False
    return True


def hand_in_class(course: Path) -> None:
    right = reference()
    notebooks = {"ada": right, "emeka": right | class_answers.SLOPE_MISSING, "mei [1] ü": {}}
    for student, given in notebooks.items():
        hand_in(course, student, nbformat.writes(answered(given)))
    hand_in(course, "noor", "{")


def grade_by_hand(url: str, student: str) -> None:
    with Gradebook(url) as book:
        book.find_grade("train_xor_check", LAB, LAB, student).manual_score = 3.5
        book.db.commit()


def test_a_class_graded_and_graded_again_is_the_same_as_on_sqlite(server: str, tmp_path: Path) -> None:
    books = {}
    for name, url in (("sqlite", f"sqlite:///{tmp_path}/books.db"), ("postgresql", server)):
        course = tmp_path / name
        hand_in_class(course)
        first = grade(course, "--db-url", url)
        assert (first.returncode, first.stderr) == (0, "")
        grade_by_hand(url, "ada")
        hand_in(course, "ada", "[]")
        again = grade(course, "--db-url", url)
        assert "1 graded, 3 kept from before" in again.stdout
        books[name] = grades(url)
        assert not (course / "gradebook.db").exists()
    assert books["postgresql"] == books["sqlite"]
    assert books["postgresql"]["ada", "train_xor_check"][:2] == (0, 3.5)


def test_the_page_for_instructors_has_one_class_on_the_server_for_all_tools(server: str, tmp_path: Path) -> None:
    (block,) = [each for each in commands("book/instructor.md") if "AUTOGRADER_DB_URL" in each]
    typed = SET_UP.sub("", block).replace("postgresql+psycopg://grader@db.example/course", shlex.quote(server))
    shell = Shell(copy_of_the_repository(tmp_path / "repository"), tmp_path / "home")
    hand_in(
        shell.folder / "term-1", "ada", nbformat.writes(answered(reference() | {WRITTEN: class_answers.WRITTEN[0]}))
    )
    shell.well("export AUTOGRADER_COURSE=$PWD/term-1")
    said = shell.well(typed)
    assert f"AUTOGRADER_DB_URL={shlex.quote(shown(server))} jupyter lab" in said
    shell.well("nbgrader export --to=grades.csv")
    assert "ada" in (shell.folder / "grades.csv").read_text()
    assert not (shell.folder / "term-1" / "gradebook.db").exists()


@pytest.mark.parametrize(
    ("address", "answer", "to_do"),
    [
        ("postgresql+psycopg://grader@/nowhere?host={}", 'database "nowhere" does not exist', "createdb"),
        ("postgresql+psycopg://nobody@/postgres?host={}", 'role "nobody" does not exist', "user and password"),
        ("postgresql+psycopg://grader@/postgres?host={}/nowhere", "No such file or directory", "Start the server"),
    ],
)
def test_what_the_server_answers_is_told(server: str, tmp_path: Path, address: str, answer: str, to_do: str) -> None:
    hand_in(tmp_path, "ada", "[]")
    said = grade(tmp_path, "--db-url", address.format(server.partition("host=")[2]))
    assert said.returncode == 2
    assert answer in said.stderr
    assert to_do in said.stderr


def test_the_password_of_the_gradebook_is_not_printed(server: str, tmp_path: Path) -> None:
    hand_in(tmp_path, "ada", "[]")
    for place in (server, "postgresql+psycopg://grader@/nowhere?host=/nonexistent"):
        said = grade(tmp_path, "--db-url", place.replace("grader@", "grader:secret@"))
        assert "secret" not in said.stdout + said.stderr
        assert "grader:***@" in said.stdout + said.stderr
