"""Does a class graded on a Dask cluster, of which a part dies, end as it does on this machine?"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from autograder import labs
from autograder.cli import main
from autograder.course.grading import cluster as cluster_module
from autograder.course.grading import pool
from autograder.course.grading.cluster import connect
from autograder.course.grading.grade_submission import Graded, Task, grade_notebook
from autograder.sandbox.limits import Limits
from tests import patience
from tests.course.helpers import ENVIRONMENT, grade, grades, wait_until
from tools.make_class import LAB, answered, hand_in, make_class, reference

pytestmark = pytest.mark.slow


@dataclass
class Cluster:
    """A scheduler of this machine and the commands that started its workers."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    code: Path = labs.ROOT

    @property
    def file(self) -> Path:
        return self.folder / "scheduler.json"

    @property
    def address(self) -> str:
        return str(json.loads(self.file.read_text("utf-8"))["address"])

    def start(self, command: str, *options: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{command}-{len(self.processes)}.log").open("wb")
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "dask",
                command,
                "--host",
                "127.0.0.1",
                "--scheduler-file",
                str(self.file),
                *options,
            ],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.code), "OMP_NUM_THREADS": "1"},
            stdout=log,
            stderr=log,
        )
        self.processes.append(process)
        return process

    def start_worker(self) -> subprocess.Popen[bytes]:
        place = self.folder / f"worker-{len(self.processes)}"
        quiet = ["--no-nanny", "--no-dashboard", "--nthreads", "1", "--local-directory", str(place)]
        return self.start("worker", *quiet)


@contextmanager
def running(folder: Path, workers: int) -> Iterator[Cluster]:
    folder.mkdir()
    cluster = Cluster(folder)
    try:
        cluster.start("scheduler", "--port", "0", "--dashboard-address", "127.0.0.1:0")
        wait_until(lambda: cluster.file.exists() and cluster.file.stat().st_size)
        for _ in range(workers):
            cluster.start_worker()
        yield cluster
    finally:
        for process in cluster.processes:
            process.kill()
            process.wait()


def hand_in_slow(course: Path) -> None:
    """Hand in work that keeps workers busy long enough to be killed at it."""
    for number in range(6):
        notebook = answered(reference())
        notebook.cells.append(new_code_cell("import time\ntime.sleep(2)"))
        hand_in(course, f"slow {number}", nbformat.writes(notebook))


def test_a_cluster_of_which_a_worker_is_killed_gives_the_gradebook_of_this_machine(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    make_class(here)
    hand_in_slow(here)
    shutil.copytree(here / "submitted", there / "submitted")
    assert grade(here).returncode == 0
    with running(tmp_path / "cluster", workers=2) as cluster:
        command = [sys.executable, "-m", "autograder", "grade", LAB, "--course", str(there)]
        grading = subprocess.Popen(
            [*command, "--scheduler", cluster.address],
            cwd=labs.ROOT,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_until(lambda: len(list(there.glob("autograded/*/*"))) >= 5 or grading.poll() is not None)
        cluster.processes[-1].send_signal(signal.SIGKILL)
        assert grading.poll() is None, "nothing was left to do when the worker was killed"
        said, complained = grading.communicate(timeout=patience.SECONDS)
    assert (grading.returncode, complained) == (0, ""), said
    assert grades(database(there)) == grades(database(here))
    students = [folder.name for folder in (there / "submitted").iterdir()]
    assert all((there / "feedback" / student / LAB / f"{LAB}.html").is_file() for student in students)


def database(course: Path) -> str:
    return f"sqlite:///{course}/gradebook.db"


def test_a_notebook_that_kills_every_worker_is_refused_and_the_others_are_graded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "grade_notebook", grade_or_die)
    released = labs.exercise_path(LAB).read_text("utf-8")
    tasks = [Task(name, b"{}", "", (), name, released, Limits(), b"key") for name in ("killer", "victim", "last")]
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    with running(tmp_path / "cluster", workers=3) as cluster, connect(cluster.address) as workers:
        wait_until(lambda: workers.size() == 3)
        done = list(pool.run_tasks(iter(tasks), workers))
    notebooks = {task.student: result.notebook for task, result in done if isinstance(result, Graded)}
    assert "ended the process that graded it" in notebooks.pop("killer")
    assert all("no list of cells" in notebooks[name] for name in ("victim", "last"))


def grade_or_die(task: Task) -> Graded:
    """Stand in for the unit of work, on the worker."""
    if task.student == "killer" and not task.problem:
        os.kill(os.getpid(), signal.SIGKILL)
    return grade_notebook(task)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense"])
def test_a_scheduler_that_does_not_answer_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(cluster_module, "_ANSWER", 1.0)
    hand_in(tmp_path, "ada", "[]")
    assert main(["grade", LAB, "--course", str(tmp_path), "--scheduler", address]) == 2
    assert f"no Dask scheduler answers at {address}" in capsys.readouterr().err


def test_a_cluster_without_workers_or_with_another_autograder_is_refused_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(tmp_path, "ada", "[]")
    with running(tmp_path / "cluster", workers=0) as cluster:
        command = ["grade", LAB, "--course", str(tmp_path), "--scheduler", cluster.address]
        monkeypatch.setattr(cluster_module, "_ARRIVAL", 1.0)
        assert main(command) == 2
        assert f"dask worker {cluster.address}" in capsys.readouterr().err
        cluster.code = tmp_path / "older"
        shutil.copytree(labs.ROOT / "autograder", cluster.code / "autograder")
        (cluster.code / "autograder" / "sandbox" / "limits.py").open("a").write("# changed\n")
        cluster.start_worker()
        monkeypatch.setattr(cluster_module, "_ARRIVAL", patience.SECONDS)
        assert main(command) == 2
        assert "has another version of autograder" in capsys.readouterr().err


def test_without_dask_the_message_says_how_to_install_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(tmp_path, "ada", "[]")
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["grade", LAB, "--course", str(tmp_path), "--scheduler", "tcp://127.0.0.1:9"]) == 2
    assert "pip install -e '.[cluster]'" in capsys.readouterr().err
