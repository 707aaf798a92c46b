"""Does a busy machine give the same points, in the same words, as an idle one?

Everything here is graded twice, the second time beside eight busy loops on each core it may use.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder import labs
from autograder.course import grade_class
from autograder.course.gradebook.course_folder import Course
from autograder.course.grading.grade_submission import Graded, Task, grade_notebook
from autograder.course.intake.notebooks import Notice, as_notebook, notices_of
from autograder.course.intake.submissions import find_submissions
from autograder.report import Report
from autograder.sandbox.limits import Limits
from tests.course.helpers import ALL, grades
from tests.submissions.busy import busy_machine
from tools.make_class import LAB, answered, hand_in, reference

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")]

SHORT = Limits(
    cpu_seconds_per_cell=0.5,
    cpu_seconds_per_submission=100,
    waiting_seconds_per_cell=1.5,
    waiting_seconds_per_submission=100,
    seconds_to_stop=0.5,
)
COMPUTING, WAITING = "used more than 0.5 seconds of computing time", "slept or waited for more than 1.5 seconds"

COMPUTE = """
import time
def compute(seconds):
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass
"""
ENDLESS = {
    "a loop": ("while True: pass", COMPUTING),
    "a loop that catches everything": (
        "while True:\n try:\n  while True: pass\n except BaseException: pass",
        COMPUTING,
    ),
    "a loop deaf to signals": (
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nsignal.alarm(0)\nwhile True: pass",
        COMPUTING,
    ),
    "a loop that ends its process when it is interrupted": (
        "import os\ntry:\n while True: pass\nexcept BaseException: os._exit(0)",
        COMPUTING,
    ),
    "a loop that sets its own limits": (
        "import resource, signal\nsignal.setitimer(signal.ITIMER_PROF, 0)\n"
        "try:\n resource.setrlimit(resource.RLIMIT_CPU, (10**6, 10**6))\nexcept ValueError: pass\nwhile True: pass",
        COMPUTING,
    ),
    "loops in many threads": (
        "import hashlib, threading\nlarge = bytes(10**6)\ndef loop():\n while True: hashlib.sha256(large)\n"
        "threads = [threading.Thread(target=loop, daemon=True) for _ in range(8)]\n"
        "for each in threads: each.start()\nfor each in threads: each.join()",
        COMPUTING,
    ),
    "one read after the other": (
        "import os\nzeros = os.open('/dev/zero', os.O_RDONLY)\nwhile True: os.read(zeros, 1 << 20)",
        COMPUTING,
    ),
    "computing between naps": (COMPUTE + "while True:\n compute(0.02)\n time.sleep(0.002)", COMPUTING),
    "naps between computing": (COMPUTE + "while True:\n compute(0.001)\n time.sleep(0.1)", WAITING),
    "a sleep": ("import time\ntime.sleep(600)", WAITING),
    "sleep upon sleep": ("import time\nwhile True:\n try: time.sleep(600)\n except BaseException: pass", WAITING),
    "a lock that nobody opens": ("import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()", WAITING),
    "a pipe that nobody writes to": ("import os\nos.read(os.pipe()[0], 1)", WAITING),
}
HONEST = [COMPUTE, *["compute(0.35)"] * 3, "import time\ntime.sleep(1.2)"]
SLOW_ANSWER = COMPUTE + "quick_{name} = {name}\ndef {name}(*a):\n    compute(0.007)\n    return quick_{name}(*a)\n"
ENDLESS_ANSWERS = {
    "weight_gradient": "def weight_gradient(x, delta):\n    while True:\n        pass",
    "bias_gradient": "import time\ndef bias_gradient(delta):\n    time.sleep(600)",
}


def notebook(*first: str, **changed: str) -> NotebookNode:
    made = answered(reference() | changed)
    setup = next(i for i, cell in enumerate(made.cells) if cell.id == "setup")
    made.cells[setup + 1 : setup + 1] = [new_code_cell(source) for source in first]
    return made


def notebooks() -> dict[str, NotebookNode]:
    slow = {name: reference()[name] + SLOW_ANSWER.format(name=name) for name in ("output_delta", "weight_gradient")}
    return {
        "cells without an end": notebook(*(f"# {kind}\n{source}" for kind, (source, _) in ENDLESS.items())),
        "answers without an end": notebook(**ENDLESS_ANSWERS),
        "cells within their time": notebook(*HONEST),
        "answers within their time": notebook(**slow),
    }


def graded_one(made: NotebookNode, limits: Limits = SHORT) -> Graded:
    released = labs.exercise_path(LAB).read_text("utf-8")
    return grade_notebook(Task("x", nbformat.writes(made).encode(), "", (), "", released, limits, b""))


def told(result: Graded) -> tuple[Mapping[str, Report], list[Notice]]:
    return result.reports, notices_of(as_notebook(result.notebook))


@pytest.fixture(scope="module")
def idle() -> dict[str, Graded]:
    return {kind: graded_one(made) for kind, made in notebooks().items()}


@pytest.fixture(scope="module")
def busy() -> dict[str, Graded]:
    with busy_machine():
        return {kind: graded_one(made) for kind, made in notebooks().items()}


@pytest.mark.parametrize("kind", list(notebooks()))
def test_a_busy_machine_reports_what_an_idle_one_does(
    idle: dict[str, Graded], busy: dict[str, Graded], kind: str
) -> None:
    assert told(busy[kind]) == told(idle[kind])


@pytest.mark.parametrize("kind", list(ENDLESS))
def test_a_cell_without_an_end_is_told_which_time_it_used_up(busy: dict[str, Graded], kind: str) -> None:
    _, notices = told(busy["cells without an end"])
    (text,) = (notice.text for notice in notices if f"`# {kind}`" in notice.text)
    assert ENDLESS[kind][1] in text


def test_cells_without_an_end_cost_only_themselves(busy: dict[str, Graded]) -> None:
    reports, _ = told(busy["cells without an end"])
    assert sum(report.points for report in reports.values()) == ALL


@pytest.mark.parametrize(("name", "time"), [("weight_gradient", COMPUTING), ("bias_gradient", WAITING)])
def test_an_answer_without_an_end_costs_only_its_exercise(busy: dict[str, Graded], name: str, time: str) -> None:
    reports, notices = told(busy["answers without an end"])
    assert not any(report.points for report in reports.values() if report.exercise == name)
    assert sum(report.points for report in reports.values()) == ALL - 2
    assert any(f"`{name}` {time}" in notice.text for notice in notices)


@pytest.mark.parametrize("kind", ["cells within their time", "answers within their time"])
def test_what_stays_within_its_time_is_not_stopped(busy: dict[str, Graded], kind: str) -> None:
    reports, notices = told(busy[kind])
    assert sum(report.points for report in reports.values()) == ALL
    assert not notices


def test_a_class_graded_on_a_busy_machine_has_the_gradebook_of_an_idle_one(
    idle: dict[str, Graded], busy: dict[str, Graded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = []
    for name, results in (("idle", idle), ("busy", busy)):
        for kind in results:
            hand_in(tmp_path / name, kind, "[]")
        course = Course.at(tmp_path / name, LAB)
        monkeypatch.setattr(
            grade_class, "run_tasks", lambda tasks, pool, of=results: ((task, of[task.student]) for task in tasks)
        )
        submissions = find_submissions(tmp_path / name, LAB)
        grade_class.grade_class(course, submissions, submissions)
        books.append(grades(course.db_url))
    assert len({student for student, _ in books[0]}) == len(notebooks())
    assert books[1] == books[0]


@pytest.mark.parametrize("end", ["", "import os\nos._exit(0)"], ids=["that end", "that end their process"])
def test_cells_use_up_the_time_of_the_submission_together(end: str) -> None:
    limits = replace(SHORT, cpu_seconds_per_submission=1)
    result = graded_one(notebook(*[f"{COMPUTE}compute(0.3)\n{end}"] * 8), limits)
    assert not sum(result.points.values())
    texts = [notice.text for notice in notices_of(as_notebook(result.notebook))]
    assert any("The computing time for the whole submission (1 seconds) was used up" in text for text in texts)


def test_a_learners_process_cannot_have_itself_served_last() -> None:
    """It would stand in the queue for a core for as long as it likes, at no cost."""
    attempt = "import os\nos.nice(19)"
    scheduler = "import os\nos.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))"
    cells = as_notebook(graded_one(notebook(attempt, scheduler)).notebook).cells
    tried = [cell for cell in cells if cell.source in (attempt, scheduler)]
    assert [cell.outputs[0].ename for cell in tried] == ["PermissionError", "PermissionError"]
