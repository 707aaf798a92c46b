"""Is it said what is wrong with a gradebook's address, and what to do, without its password?"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from sqlalchemy.exc import OperationalError

from autograder.cli import main
from autograder.course.gradebook import database
from autograder.course.gradebook.database import open_gradebook, shown
from autograder.errors import UsageError
from tools.make_class import LAB

SECRET = "open-sesame"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine that nobody answers at and nobody else takes."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def refusal(address: str) -> str:
    with pytest.raises(UsageError) as refused:
        open_gradebook(address)
    assert SECRET not in str(refused.value)
    return str(refused.value)


def test_a_server_that_refuses_is_named_and_is_to_be_started(closed_port: int) -> None:
    said = refusal(f"postgresql+psycopg://grader:{SECRET}@127.0.0.1:{closed_port}/course")
    assert "Connection refused" in said
    assert "Start the server" in said
    assert "upgrade" not in said


@pytest.mark.parametrize(
    ("driver_says", "to_do"),
    [
        ('server at "db", port 5432 failed: FATAL:  database "course" does not exist', "createdb"),
        ('failed: FATAL:  password authentication failed for user "grader"', "user and password"),
        ("failed: fe_sendauth: no password supplied", "user and password"),
        ('failed: FATAL:  role "grader" does not exist', "user and password"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "grader"', "user and password"),
        ("failed to resolve host 'db.example': [Errno -2] Name or service not known", "name of the host"),
        ("connection timeout expired: timed out", "Start the server"),
        ("permission denied for schema public", "make tables"),
        ("no such column: course.id", "nbgrader db upgrade"),
    ],
)
def test_what_the_driver_says_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, driver_says: str, to_do: str
) -> None:
    def fails(address: str) -> Gradebook:
        raise OperationalError("SELECT 1", {}, Exception(f"{driver_says}\n\tmore for {SECRET}"))

    monkeypatch.setattr(database, "Gradebook", fails)
    said = refusal(f"postgresql+psycopg://grader:{SECRET}@db.example/course")
    assert driver_says in said
    assert to_do in said


def test_a_driver_that_is_missing_is_named() -> None:
    said = refusal(f"mysql://grader:{SECRET}@db.example/course")
    assert "No module named 'MySQLdb'" in said
    assert "Install the driver" in said


@pytest.mark.parametrize(
    "address",
    [
        f"postgre+psycopg://grader:{SECRET}@db.example/course",
        f"postgresql+psycopg://grader:{SECRET}@db.example:port/course",
        f"grader:{SECRET}@db.example",
        "term-1/gradebook.db",
    ],
)
def test_what_is_no_address_is_told_how_one_looks(address: str) -> None:
    assert "postgresql+psycopg://USER@HOST/DATABASE" in refusal(address)


def test_a_password_among_the_options_is_not_printed_either(closed_port: int) -> None:
    address = f"postgresql+psycopg://grader@127.0.0.1:{closed_port}/course?password={SECRET}&connect_timeout=3"
    assert "connect_timeout=3" in shown(address)
    assert "refused" in refusal(address)


def test_a_file_that_is_no_gradebook_is_told(tmp_path: Path) -> None:
    (tmp_path / "gradebook.db").write_text("hello")
    assert "file is not a database" in refusal(f"sqlite:///{tmp_path}/gradebook.db")
    assert "unable to open" in refusal(f"sqlite:///{tmp_path}/nowhere/gradebook.db")


@pytest.mark.parametrize("command", ["grade", "report"])
def test_the_commands_end_with_that_sentence(
    command: str, tmp_path: Path, closed_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "submitted" / "ada" / LAB).mkdir(parents=True)
    address = f"postgresql+psycopg://grader:{SECRET}@127.0.0.1:{closed_port}/course"
    assert main([command, LAB, "--course", str(tmp_path), "--db-url", address]) == 2
    said = capsys.readouterr().err
    assert said.startswith("autograder: the gradebook postgresql+psycopg://grader:***@127.0.0.1")
    assert "Connection refused" in said
