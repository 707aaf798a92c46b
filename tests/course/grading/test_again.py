"""Is a class graded again exactly where it has to be, and is nothing an instructor did ever lost?"""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import psutil  # type: ignore[import-untyped]
import pytest
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook

from autograder import labs
from autograder.cli import main
from autograder.course import nbgrader_api
from autograder.course.gradebook import recorder
from autograder.course.gradebook.course_folder import Course
from autograder.course.gradebook.recorder import register
from autograder.course.release.release import rubrics
from autograder.sandbox.jail import PROTECTIONS
from tests import patience
from tests.course.helpers import ALL, ENVIRONMENT, by_exercise, command, grade, graded, results, scores, wait_until
from tools.make_class import LAB, WRITTEN, answered, hand_in, reference

RIGHT = nbformat.writes(answered(reference()))
UNTOUCHED = nbformat.writes(answered({}))
LIST = "[]"  # not a notebook: graded without a kernel, so quickly


def open_gradebook(course: Path) -> Gradebook:
    return Gradebook(Course.at(course, LAB).db_url)


def test_only_what_changed_is_graded_again_unless_forced(tmp_path: Path) -> None:
    folder = hand_in(tmp_path, "ada", LIST)
    hand_in(tmp_path, "bob", LIST)
    assert graded(tmp_path).graded == ["ada", "bob"]
    assert graded(tmp_path).kept == ["ada", "bob"]
    (folder / "timestamp.txt").write_text("2026-01-05 12:00:00 UTC")
    assert graded(tmp_path).graded == ["ada"]
    hand_in(tmp_path, "bob", "{}")
    assert graded(tmp_path).graded == ["bob"]
    assert graded(tmp_path, force=True).graded == ["ada", "bob"]


@pytest.mark.parametrize("lost", ["feedback", "autograded", "gradebook.db"])
def test_a_result_of_which_a_part_is_gone_is_made_again(tmp_path: Path, lost: str) -> None:
    hand_in(tmp_path, "ada", LIST)
    graded(tmp_path)
    (tmp_path / lost).rename(tmp_path / "gone")
    assert graded(tmp_path).graded == ["ada"]


@pytest.mark.parametrize("of", [Course.feedback_page, Course.graded_notebook], ids=["page", "notebook"])
def test_a_result_of_which_a_file_is_empty_is_made_again(tmp_path: Path, of: Callable[[Course, str], Path]) -> None:
    hand_in(tmp_path, "ada", LIST)
    graded(tmp_path)
    of(Course.at(tmp_path, LAB), "ada").write_bytes(b"")
    assert graded(tmp_path).graded == ["ada"]


def test_a_later_hand_in_replaces_every_score_and_keeps_the_manual_ones(tmp_path: Path) -> None:
    hand_in(tmp_path, "ada", RIGHT)
    graded(tmp_path)
    assert scores(tmp_path) == {"ada": ALL}
    with open_gradebook(tmp_path) as book:
        book.find_grade("train_xor_check", LAB, LAB, "ada").manual_score = 3.5
        book.db.commit()
    hand_in(tmp_path, "ada", LIST)
    graded(tmp_path)
    result = results(tmp_path)["ada"]
    assert sum(by_exercise(result).values()) == 0
    assert result.score.score == 3.5
    assert result.score.needs_attention


def test_an_answer_in_words_waits_until_it_is_graded_and_again_when_it_changed(tmp_path: Path) -> None:
    def waiting() -> list[str]:
        score = results(tmp_path)["ada"].score
        assert not score.needs_attention
        return score.waiting

    hand_in(tmp_path, "ada", nbformat.writes(answered({WRITTEN: "They stay equal."})))
    graded(tmp_path)
    assert waiting() == [WRITTEN]
    with open_gradebook(tmp_path) as book:
        grade = book.find_grade(WRITTEN, LAB, LAB, "ada")
        grade.manual_score, grade.needs_manual_grade = 1.5, False  # as formgrader does
        book.db.commit()
    assert waiting() == []
    graded(tmp_path, force=True)
    assert (waiting(), scores(tmp_path)) == ([], {"ada": 1.5})
    hand_in(tmp_path, "ada", nbformat.writes(answered({WRITTEN: "They stay equal, so they are one unit."})))
    graded(tmp_path)
    assert (waiting(), scores(tmp_path)) == ([WRITTEN], {"ada": 1.5})


@pytest.mark.parametrize("notebook", [UNTOUCHED, LIST], ids=["untouched", "unreadable"])
def test_a_question_without_an_answer_waits_for_nobody(tmp_path: Path, notebook: str) -> None:
    hand_in(tmp_path, "ada", notebook)
    graded(tmp_path)
    score = results(tmp_path)["ada"].score
    assert (score.waiting, score.blank) == ([], [WRITTEN])


@pytest.mark.slow
def test_nbgrader_itself_sees_the_same_answers_in_words_waiting(tmp_path: Path) -> None:
    hand_in(tmp_path, "ada", nbformat.writes(answered({WRITTEN: "They stay equal."})))
    hand_in(tmp_path, "bob", UNTOUCHED)
    hand_in(tmp_path, "cy", LIST)
    register(Course.at(tmp_path, LAB))
    done = command("nbgrader", "autograde", LAB, f"--CourseDirectory.root={tmp_path}")
    assert done.returncode == 0, done.stderr
    said = {
        student: (result.score.waiting, result.score.needs_attention) for student, result in results(tmp_path).items()
    }
    assert said == {"ada": ([WRITTEN], False), "bob": ([], False), "cy": ([], True)}
    notebook = nbformat.read(Course.at(tmp_path, LAB).graded_notebook("ada"), as_version=4)
    below = [cell.id for cell in notebook.cells].index(WRITTEN) + 1
    assert rubrics(LAB)[WRITTEN] in notebook.cells[below].source


def test_a_late_penalty_is_taken_off_and_goes_with_a_senseless_timestamp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = nbgrader_api.course_config()
    config.LateSubmissionPlugin.penalty_method = "zero"
    monkeypatch.setattr(recorder, "course_config", lambda: config.copy())
    folder = hand_in(tmp_path, "ada", RIGHT)
    register(Course.at(tmp_path, LAB))
    with open_gradebook(tmp_path) as book:
        book.update_or_create_assignment(LAB, duedate=datetime(2026, 1, 1))
    (folder / "timestamp.txt").write_text("2026-01-05 12:00:00 UTC")
    graded(tmp_path)
    assert results(tmp_path)["ada"].score.late_penalty == ALL
    assert "handed in late" in Course.at(tmp_path, LAB).feedback_page("ada").read_text("utf-8")
    (folder / "timestamp.txt").write_text("9999-99-99")
    graded(tmp_path)
    assert scores(tmp_path) == {"ada": ALL}


def test_a_full_disk_loses_only_what_it_hits_and_the_next_run_makes_it_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for student in ("ada", "bob", "cy"):
        hand_in(tmp_path, student, LIST)
    put = recorder._put

    def fail_for_bob(folder: Path, *rest: Any) -> None:
        if folder == Course.at(tmp_path, LAB).autograded("bob"):
            raise OSError(errno.ENOSPC, "No space left on device")
        put(folder, *rest)

    monkeypatch.setattr(recorder, "_put", fail_for_bob)
    outcome = graded(tmp_path)
    assert (sorted(outcome.graded), list(outcome.failed)) == (["ada", "cy"], ["bob"])
    assert "No space left" in outcome.failed["bob"]
    monkeypatch.setattr(recorder, "_put", put)
    assert graded(tmp_path).graded == ["bob"]


@pytest.mark.slow
def test_a_new_gradebook_gets_the_schema_that_nbgrader_would_give_it() -> None:
    ask = "from nbgrader.api import get_alembic_version; print(get_alembic_version())"
    asked = subprocess.run([sys.executable, "-c", ask], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert nbgrader_api._newest_schema() == asked.stdout.strip()


def start(course: Path) -> subprocess.Popen[str]:
    """Start grading and return when the first result is there."""
    options = ["grade", LAB, "--course", str(course), "--workers", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "autograder", *options],
        cwd=labs.ROOT,
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    wait_until(lambda: list(course.glob("autograded/*/*")) or process.poll() is not None)
    return process


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_a_run_that_was_stopped_leaves_no_process_and_goes_on_to_the_same_gradebook(
    tmp_path: Path, how: signal.Signals
) -> None:
    slow = answered(reference())
    slow.cells.append(new_code_cell("import time\ntime.sleep(3)"))  # there is work left when it is stopped
    for student in ("ada", "bob", "cy"):
        hand_in(tmp_path, student, nbformat.writes(slow))
    hand_in(tmp_path, "dora", UNTOUCHED)
    process = start(tmp_path)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(how)
    _, said = process.communicate(timeout=patience.SECONDS)
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert "Run the same command again" in said
        assert "Traceback" not in said
    wait_until(lambda: not [child for child in family if is_alive(child)])
    again = grade(tmp_path)
    assert again.returncode == 0
    assert "0 kept" not in again.stdout
    assert scores(tmp_path) == {"ada": ALL, "bob": ALL, "cy": ALL, "dora": 0}


@pytest.mark.slow
def test_killed_at_random_moments_it_still_ends_in_the_same_gradebook(tmp_path: Path) -> None:
    control, course = tmp_path / "control", tmp_path / "course"
    for folder in (control, course):
        for number in range(5):
            hand_in(folder, f"right {number}", RIGHT)
            hand_in(folder, f"untouched {number}", UNTOUCHED)
    began = time.monotonic()
    grade(control)
    whole = time.monotonic() - began
    seed = random.randrange(10**6)
    moments = [random.Random(seed).uniform(0.2, 1.0) * whole for _ in range(2)]
    for moment in moments:
        process = subprocess.Popen(
            [sys.executable, "-m", "autograder", "grade", LAB, "--course", str(course)],
            cwd=labs.ROOT,
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
        )
        time.sleep(moment)
        process.kill()
        process.wait()
    last = grade(course)
    assert last.returncode == 0, (seed, last.stderr)
    assert cells(course) == cells(control), seed
    pages = [path.relative_to(course) for path in course.glob("feedback/*/*/*.html")]
    assert sorted(pages) == sorted(path.relative_to(control) for path in control.glob("feedback/*/*/*.html"))


def cells(course: Path) -> dict[tuple[str, str], float]:
    """Return the score of every graded cell of every submission."""
    with open_gradebook(course) as gradebook:
        return {
            (submission.student.id, grade.cell.name): grade.score
            for submission in gradebook.assignment_submissions(LAB)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["grade", "99_unknown"], LAB),
        (["grade", LAB], "{course}/submitted"),
        (["grade", LAB, "--workers", "0"], "not a positive number"),
        (["report", LAB], "grade the class first"),
        (["grade", LAB, "--db-url", "nonsense"], "{course}/submitted"),
    ],
)
def test_wrong_usage_is_refused_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    try:
        code = main([*arguments, "--course", str(tmp_path)])
    except SystemExit as stop:
        code = int(stop.code or 0)
    assert code == 2
    assert said.format(course=tmp_path) in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_gradebook_that_cannot_be_had_is_refused_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in(tmp_path, "ada", LIST)
    assert main(["grade", LAB, "--course", str(tmp_path), "--db-url", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


def test_links_in_the_place_of_results_are_replaced_not_followed(tmp_path: Path) -> None:
    hand_in(tmp_path, "ada", LIST)
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "keep").touch()
    (tmp_path / "autograded" / "ada").mkdir(parents=True)
    os.symlink(victim, tmp_path / "autograded" / "ada" / LAB)
    graded(tmp_path)
    assert (victim / "keep").exists()
    assert not (tmp_path / "autograded" / "ada" / LAB).is_symlink()


# Takes every way to start a process away from Python. jupytext asks for pandoc's version as it is imported.
WITHOUT_PROCESSES = """
import _posixsubprocess, os, subprocess, sys
import jupytext

def refuse(*_, **__):
    raise SystemExit("a process was started")

subprocess._fork_exec = _posixsubprocess.fork_exec = os.fork = os.forkpty = os.posix_spawn = refuse
from autograder.cli import main
code = main(sys.argv[1:])
sys.exit("PyTorch was loaded" if "torch" in sys.modules else code)
"""


def graded_without_processes(course: Path, *options: str) -> subprocess.CompletedProcess[str]:
    asked = [sys.executable, "-c", WITHOUT_PROCESSES, "grade", LAB, "--course", str(course), *options]
    return subprocess.run(asked, cwd=labs.ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def test_where_nothing_changed_no_process_is_started_and_the_run_says_so(tmp_path: Path) -> None:
    folder = hand_in(tmp_path, "ada", LIST)
    hand_in(tmp_path, "bob", UNTOUCHED)
    graded(tmp_path)
    done = graded_without_processes(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 graded, 2 kept from before, 0 not recorded" in done.stdout
    assert "protection  none needed, since no notebook was run\n" in done.stdout
    assert "a process was started" in graded_without_processes(tmp_path, "--force").stderr
    (folder / "timestamp.txt").write_text("2026-01-05 12:00:00 UTC")
    assert "a process was started" in graded_without_processes(tmp_path).stderr


def test_the_object_of_a_run_that_kept_all_has_the_same_keys(tmp_path: Path) -> None:
    hand_in(tmp_path, "ada", LIST)
    first, second = (json.loads(grade(tmp_path, "--json").stdout) for _ in range(2))
    assert first.keys() == second.keys()
    assert (second["graded"], second["kept"], second["protections"]) == (
        0,
        1,
        ["none needed, since no notebook was run"],
    )
    assert first["protections"] == list(PROTECTIONS)


def test_who_is_kept_counts_as_done_at_once(tmp_path: Path) -> None:
    for student in ("ada", "bob", "cy"):
        hand_in(tmp_path, student, LIST)
    graded(tmp_path)
    hand_in(tmp_path, "bob", "{}")
    done: list[int] = []
    outcome = graded(tmp_path, on_result=lambda outcome: done.append(outcome.done))
    assert (outcome.kept, outcome.graded) == (["ada", "cy"], ["bob"])
    assert done == [1, 2, 3]
