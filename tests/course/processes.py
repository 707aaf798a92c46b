"""Commands run as an instructor would run them: each in a process of its own, with its own output and exit code.

The processes are forks of one that has imported what the commands import, which else takes most of their time; those
that a command grades on are forks of it in turn. That a command works where nothing is imported yet, and on processes
that are started anew, is seen in test_recipes.py, which types every command of the pages, and in tests/submissions.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

from autograder import labs
from autograder.course.grading import pool

ENVIRONMENT = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["autograder.cli", "autograder.course.grade_class", "autograder.course.nbgrader_steps", "nbgrader.apps", "torch"]
)


def command(*arguments: str, folder: Path = labs.ROOT) -> subprocess.CompletedProcess[str]:
    """Run a Python module as `python -m` does, from the root of the repository unless told another folder."""
    with tempfile.TemporaryDirectory() as place:
        said = [Path(place, name) for name in ("stdout", "stderr")]
        process = _FORKS.Process(target=_run, args=(arguments, folder, dict(ENVIRONMENT), *said))
        process.start()
        process.join()
        out, err = (path.read_text("utf-8") for path in said)
        return subprocess.CompletedProcess(arguments, process.exitcode or 0, out, err)


def _run(arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str], *said: Path) -> None:
    for stream, path in zip((1, 2), said, strict=True):
        written = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(written, stream)
        os.close(written)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["", *arguments[1:]]
    pool.LocalPool._new = _new  # type: ignore[method-assign]
    pool.start_loading = lambda: None  # it is loaded
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


def _new(self: pool.LocalPool) -> Executor:
    forks = multiprocessing.get_context("fork")
    return ProcessPoolExecutor(self.size(), forks, pool._start_worker)
