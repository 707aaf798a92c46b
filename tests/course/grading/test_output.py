"""Is what a run says about itself right: on a terminal, in a pipe, and to a program?"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from autograder import labs
from autograder.cli import main
from autograder.course.grade_class import Outcome
from autograder.course.progress_bar import duration, line
from tests.course.helpers import ENVIRONMENT, grade, results
from tools.make_class import LAB, hand_in


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class that is graded at once, since nothing in it can be run."""
    folder = tmp_path_factory.mktemp("course")
    for student in ("ada", "bob \x1b[31m", "cy"):
        hand_in(folder, student, "{")
    return folder


def test_the_object_for_programs_says_what_the_gradebook_says(course: Path) -> None:
    said = grade(course, "--json")
    assert (said.returncode, said.stderr) == (0, "")
    data = json.loads(said.stdout)
    assert {each["student"]: each["points"] for each in data["submissions"]} == {
        student: result.score.score for student, result in results(course).items()
    }
    first = data["submissions"][0]
    assert first["needs_attention"] is True
    assert "damaged" in first["notices"][0]
    assert first["exercises"]["bias_gradient"] == {"points": 0, "max_points": 1, "mistakes": []}
    assert data["summary"]["submissions"] == data["graded"] == 3
    assert data["summary"]["points"]["highest"] == 0
    assert data["summary"]["needs_attention"] == ["ada", "bob \x1b[31m", "cy"]
    assert (data["kept"], data["not_recorded"], data["assignment"]) == (0, {}, LAB)
    assert data["seconds"] > 0


def test_the_help_names_everything_in_the_object(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grade", LAB, "--course", str(course), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    with pytest.raises(SystemExit):
        main(["grade", "--help"])
    text = capsys.readouterr().out
    parts = [data, data["submissions"][0], data["summary"], data["submissions"][0]["exercises"]["bias_gradient"]]
    names = {name for part in parts for name in part} | set(data["summary"]["points"])
    assert {name for name in names if not re.search(rf"\b{name}\b", text)} == set()


def test_with_wrong_usage_nothing_is_printed_where_the_object_would_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["grade", LAB, "--course", str(tmp_path), "--json"]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_terminal_shows_how_far_grading_is(course: Path) -> None:
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "autograder", "grade", LAB, "--course", str(course), "--force"]
    process = subprocess.Popen(command, cwd=labs.ROOT, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    assert process.wait(120) == 0
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "0 of 3" in shown
    assert re.search(r"3 of 3, 3 need attention, [\d.]+ per second, 0 s left", shown)
    assert shown.endswith("\r\x1b[K"), "the line is not taken away at the end"


def test_the_line_counts_what_is_kept_as_done_and_not_into_the_rate() -> None:
    outcome = Outcome(graded=["a"] * 10, kept=["b"] * 20, failed={"c": "full disk"}, attention=2)
    said = line(outcome, total=71, seconds=5.0)
    assert said == "31 of 71, 2 need attention, 1 not recorded, 2.0 per second, 20 s left"


def test_the_line_promises_no_time_before_something_is_graded() -> None:
    assert line(Outcome(kept=["a"]), total=3, seconds=5.0) == "1 of 3"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (89, "89 s"), (90, "2 min"), (3540, "59 min"), (3599, "1 h 00 min")]
)
def test_a_time_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said
