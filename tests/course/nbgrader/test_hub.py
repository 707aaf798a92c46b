"""Would the files for a JupyterHub do what the page says? The exchange itself is tried in test_hand_in.py."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from traitlets.config import PyFileConfigLoader

from autograder import labs
from autograder.course.nbgrader_steps import AUTOGRADE
from tests.course.helpers import ENVIRONMENT

FILES = labs.ROOT / "deploy" / "tljh"
SCRIPT = FILES / "install.sh"


def test_the_settings_for_everybody_are_settings_that_nbgrader_has() -> None:
    config = PyFileConfigLoader("nbgrader_config.py", path=str(FILES)).load_config()
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.exchange.default import ExchangeSubmit

    submit = ExchangeSubmit(config=config, coursedir=CourseDirectory(config=config))
    assert (submit.root, submit.coursedir.course_id, submit.strict) == ("/srv/nbgrader/exchange", "backprop", True)
    known = {"CourseDirectory": CourseDirectory, "Exchange": ExchangeSubmit, "ExchangeSubmit": ExchangeSubmit}
    assert not [
        (name, key) for name, values in config.items() for key in values if not known[name].class_traits().get(key)
    ]


def test_the_instructors_settings_are_those_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "backprop").symlink_to(labs.ROOT)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    config = PyFileConfigLoader("instructor_nbgrader_config.py", path=str(FILES)).load_config()
    assert config.Autograde.autograde_preprocessors == AUTOGRADE
    assert sys.path[0] == str(tmp_path / "backprop")


def test_the_script_can_be_read_by_bash() -> None:
    assert subprocess.run(["bash", "-n", SCRIPT], check=False).returncode == 0


@pytest.mark.parametrize(("arguments", "said"), [([], "usage"), (["ada"], "install.sh:")])
def test_the_script_refuses_a_machine_without_a_hub_and_changes_nothing(arguments: list[str], said: str) -> None:
    if os.path.exists("/opt/tljh"):
        pytest.skip("this is a hub")
    done = subprocess.run(["bash", SCRIPT, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.slow
def test_a_copy_of_the_package_checks_a_lab_without_the_repository(tmp_path: Path) -> None:
    """As learners have it: the script installs a copy, since they cannot enter the repository."""
    copied, packages = tmp_path / "repository", str(tmp_path / "packages")
    shutil.copytree(labs.ROOT, copied, ignore=shutil.ignore_patterns("_build", ".*", "__pycache__", "tests", "book"))
    make = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        packages,
        str(copied),
    ]
    subprocess.run(make, check=True, capture_output=True)
    ask = "from autograder import check\nprint(check(lambda delta: delta.sum(axis=0), 'bias_gradient').points)"
    done = subprocess.run(
        [sys.executable, "-c", ask],
        cwd=tmp_path,
        env=ENVIRONMENT | {"PYTHONPATH": str(tmp_path / "packages")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.strip(), done.returncode) == ("1.0", 0), done.stderr
