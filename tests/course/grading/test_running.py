"""Does a notebook that dies, hangs, floods or redefines things still get every point that its other work earns?"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder import labs
from autograder.course.cells import graded_cells
from autograder.course.grading import pool
from autograder.course.grading.grade_submission import Graded, Task, grade_notebook
from autograder.course.grading.pool import LocalPool, run_tasks, start_loading
from autograder.course.intake.notebooks import Notice, as_notebook, notices_of
from autograder.course.saved_reports import saved_reports
from autograder.errors import UsageError
from autograder.report import JSON_MIME
from autograder.sandbox.limits import Limits
from autograder.sandbox.session import Forkserver, Settings
from tests.course.helpers import ALL
from tools.make_class import LAB, answered, reference

QUICK = Limits(cpu_seconds_per_cell=4, waiting_seconds_per_cell=8, seconds_to_stop=1)


def graded(notebook: NotebookNode, limits: Limits = QUICK) -> tuple[dict[str, float], list[Notice]]:
    """Grade a notebook; return the points by exercise and the notices."""
    released = labs.exercise_path(LAB).read_text("utf-8")
    result = nbformat.reads(
        grade_notebook(Task("x", nbformat.writes(notebook).encode(), "", (), "", released, limits, b"")).notebook,
        as_version=4,
    )
    assert all(output_is_one_report(cell) for _, cell in graded_cells(result))
    return {report.exercise: report.points for report in saved_reports(result).values()}, notices_of(result)


def output_is_one_report(cell: NotebookNode) -> bool:
    return len(cell.outputs) == 1 and JSON_MIME in cell.outputs[0].data


def right(*first: str, **changed: str) -> NotebookNode:
    """Return the lab rightly answered but for `changed`, with the cells `first` run before the answers."""
    notebook = answered(reference() | changed)
    setup = next(i for i, cell in enumerate(notebook.cells) if cell.id == "setup")
    notebook.cells[setup + 1 : setup + 1] = [new_code_cell(source) for source in first]
    return notebook


def test_odd_cells_cost_nothing_beyond_themselves() -> None:
    points, notices = graded(
        right(
            "def broken(:\n    pass",
            "input('name? ')",
            "import sys\nsys.exit(1)",
            "exit()",
            "import sys\nprint('careful', file=sys.stderr)\nnp.float64(1) / 0",
            "%matplotlib inline\nimport matplotlib.pyplot as plt\nfor i in range(3):\n    plt.plot([i]); plt.show()",
            "check = 'a name of my own'",
            "raise RuntimeError('unfinished')",
            bias_gradient="my_bias = lambda delta: delta.sum(axis=0)\nbias_gradient = my_bias",
        )
    )
    assert sum(points.values()) == ALL
    assert not notices


def test_a_cell_that_ends_the_process_costs_only_itself() -> None:
    points, notices = graded(right("import ctypes\nctypes.string_at(0)"))
    assert sum(points.values()) == ALL
    assert "import ctypes" in notices[0].text
    assert notices[0].attention


def test_a_function_that_ends_the_process_costs_only_its_exercise() -> None:
    points, notices = graded(right(weight_gradient="import os\ndef weight_gradient(x, delta):\n    os._exit(3)"))
    assert points.pop("weight_gradient") == 0
    assert sum(points.values()) == ALL - 1
    assert "weight_gradient" in notices[0].text


@pytest.mark.parametrize(
    "body",
    [
        "while True:\n        pass",
        "while True:\n        try:\n            while True: pass\n        except BaseException: pass",
    ],
    ids=["plain", "that swallows the interrupt"],
)
def test_an_endless_loop_costs_only_its_exercise(body: str) -> None:
    points, notices = graded(right(output_delta=f"def output_delta(O, t):\n    {body}"))
    assert points.pop("output_delta") == 0
    assert sum(points.values()) == ALL - 2
    assert "more than 4 seconds" in notices[0].text


def test_endless_output_is_cut_and_costs_nothing_beyond_its_cell() -> None:
    limits = replace(QUICK, output_bytes=20_000)
    notebook = right("while True:\n    print('x' * 1000)", weight_gradient=noisy("weight_gradient"))
    points, notices = graded(notebook, limits)
    assert sum(points.values()) == ALL
    assert any("20,000 bytes" in notice.text for notice in notices)


def noisy(name: str) -> str:
    return reference()[name] + f"\n\nquiet = {name}\n\n\ndef {name}(*a):\n    print('y' * 9999)\n    return quiet(*a)"


def test_when_the_time_is_used_up_what_ran_keeps_its_points() -> None:
    slow = "def hidden_delta(O, W, delta_above):\n    while True:\n        pass"
    points, notices = graded(right(hidden_delta=slow), replace(QUICK, cpu_seconds_per_submission=3))
    assert points["output_delta"] == 2
    assert sum(points.values()) == 2
    assert any("whole submission" in notice.text and notice.attention for notice in notices)


def test_what_a_notebook_does_to_check_changes_nothing() -> None:
    forged = "import autograder\nautograder.check = lambda *a: 99.0\nfrom autograder import check"
    points, _ = graded(right(forged, hidden_delta="def hidden_delta(O, W, delta_above):\n    return 99.0"))
    assert points.pop("hidden_delta") == 0
    assert sum(points.values()) == ALL - 2


def test_a_cell_that_draws_a_graph_goes_on() -> None:
    drawing = "from computation_graph import Graph, draw\nGraph('x = 2\\ny = x * x')\ndraw(3)\nprint('went on')"
    released = labs.exercise_path(LAB).read_text("utf-8")
    task = Task("x", nbformat.writes(right(drawing)).encode(), "", (), "", released, QUICK, b"")
    cells = nbformat.reads(grade_notebook(task).notebook, as_version=4).cells
    assert [output.text for cell in cells if cell.source == drawing for output in cell.outputs] == ["went on\n"]


def test_other_files_and_the_users_profile_are_out_of_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("numpy.py").write_text("raise SystemExit")
    points, _ = graded(
        right("import os\nassert os.listdir() == [] or set(os.listdir()) <= {'.ipython', '.matplotlib'}")
    )
    assert sum(points.values()) == ALL


@pytest.mark.parametrize("unsafe", [False, True])
def test_a_warm_process_leaves_no_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unsafe: bool) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with closing(Forkserver(Settings(QUICK, unsafe=unsafe))):
        assert list(tmp_path.iterdir()) == []


def test_the_unit_of_work_is_a_pure_function() -> None:
    released = labs.exercise_path(LAB).read_text("utf-8")
    task = Task("x", nbformat.writes(right()).encode(), "", (), "d", released, QUICK, b"")
    first, second = (nbformat.reads(grade_notebook(task).notebook, as_version=4) for _ in range(2))
    assert saved_reports(first) == saved_reports(second)


def test_a_task_that_ends_its_worker_is_refused_and_the_others_are_graded(monkeypatch: pytest.MonkeyPatch) -> None:
    released = labs.exercise_path(LAB).read_text("utf-8")
    tasks = [Task(name, b"[]", "", (), name, released, QUICK, b"") for name in ("killer", "victim", "last")]
    monkeypatch.setattr(pool, "grade_notebook", grade_or_die)
    done = {task.student: result for task, result in run_tasks(iter(tasks), LocalPool(1))}
    graded = {name: result for name, result in done.items() if isinstance(result, Graded)}
    first = {name: notices_of(as_notebook(result.notebook))[0].text for name, result in graded.items()}
    assert "ended the process that graded it" in first.pop("killer")
    assert len(first) == 2
    assert all("is not a notebook" in text for text in first.values())


def test_processes_that_end_whatever_they_are_given_stop_grading_and_cost_nobody_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "grade_notebook", die)
    with pytest.raises(UsageError, match="keep ending"):
        list(run_tasks(iter([Task("ada", b"[]", "", (), "", "", QUICK, b"")]), LocalPool(1)))


def die(task: Task) -> Graded:
    """Stand in for the unit of work, in the worker."""
    os._exit(1)


def grade_or_die(task: Task) -> Graded:
    """Stand in for the unit of work, in the worker."""
    if task.student == "killer" and not task.problem:
        os.kill(os.getpid(), signal.SIGKILL)
    return grade_notebook(task)


def test_a_pool_starts_no_more_processes_than_it_has_tasks() -> None:
    with LocalPool(3).open() as executor:
        executor.submit(os.getpid).result()
        assert len(multiprocessing.active_children()) == 1


needs_the_server = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each process loads for itself")


@needs_the_server
def test_pytorch_is_loaded_before_a_process_of_the_pool_begins() -> None:
    assert in_a_pool("'torch' in __import__('sys').modules") == "True"


@needs_the_server
def test_what_the_processes_are_forks_of_has_one_thread() -> None:
    assert in_a_pool("(lambda os: len(os.listdir(f'/proc/{os.getppid()}/task')))(__import__('os'))") == "1"


def test_a_pool_leaves_the_environment_and_ctrl_c_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    before = dict(os.environ), signal.getsignal(signal.SIGINT)
    start_loading()
    assert (dict(os.environ), signal.getsignal(signal.SIGINT)) == before


def in_a_pool(expression: str) -> str:
    """Return what a process of a pool finds, in a command of its own: the tests' processes have servers already."""
    program = (
        "import sys\nfrom autograder.course.grading.pool import LocalPool\n"
        "with LocalPool(1).open() as pool:\n    print(pool.submit(eval, sys.argv[1]).result())"
    )
    asked = [sys.executable, "-c", program, expression]
    return subprocess.run(asked, cwd=labs.ROOT, capture_output=True, text=True, check=True).stdout.strip()
