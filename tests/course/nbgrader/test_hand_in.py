"""Do labs come back from learners the ways that nbgrader knows: by its exchange, and from a platform's download?"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from autograder import labs
from tests.course.helpers import ALL, ENVIRONMENT, command, graded, results, scores
from tools import class_answers
from tools.make_class import LAB, answered, reference

RIGHT = nbformat.writes(answered(reference()))
WRONG = nbformat.writes(answered(reference() | class_answers.SIGN))
READ_ALL = "dac_read_search"  # this Python may lie where only its owner looks
LEARNERS_CONFIG = labs.ROOT / "deploy" / "tljh"


@dataclass(frozen=True)
class Account:
    """Somebody on the machine with a home of their own; a real account where this runs as root."""

    name: str
    home: Path
    real: bool

    def nbgrader(self, exchange: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run nbgrader as on a hub: in the home, with the settings that everybody has."""
        who = [] if self.real else [f"--CourseDirectory.student_id={self.name}"]
        do = [*self.become(READ_ALL), sys.executable, "-m", "nbgrader", *arguments, f"--Exchange.root={exchange}", *who]
        return subprocess.run(do, cwd=self.home, env=self.environment, capture_output=True, text=True, check=False)

    @property
    def environment(self) -> dict[str, str]:
        places = {"HOME": str(self.home), "JUPYTER_CONFIG_PATH": str(LEARNERS_CONFIG), "PYTHONPATH": str(labs.ROOT)}
        return {**ENVIRONMENT, **places, "USER": self.name, "LOGNAME": self.name}

    def become(self, *rights: str) -> list[str]:
        """Return the command that runs the following as this account."""
        if not self.real:
            return []
        group = str(pwd.getpwnam(self.name).pw_gid)
        given = [f"--{kind}-caps=+{right}" for right in rights for kind in ("inh", "ambient")]
        return ["setpriv", f"--reuid={self.name}", f"--regid={group}", "--clear-groups", *given, "--"]


def account(name: str, folder: Path) -> Account:
    home = folder / "home" / name
    home.mkdir(parents=True)
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return Account(name, home, False)
    shutil.chown(home, name)
    real = Account(name, home, True)
    works = subprocess.run([*real.become(READ_ALL), sys.executable, "-c", ""], cwd="/", check=False).returncode == 0
    return real if works else Account(name, home, False)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that other accounts can enter; pytest's own is closed to them."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def well(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.slow
def test_a_lab_goes_out_and_comes_back_by_the_exchange_with_two_accounts(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, course = shared / "exchange", shared / "course"
    exchange.mkdir()
    exchange.chmod(0o777)
    course.mkdir(mode=0o700)
    learners = {account("daemon", shared): RIGHT, account("nobody", shared): WRONG}
    monkeypatch.setitem(ENVIRONMENT, "JUPYTER_CONFIG_PATH", str(LEARNERS_CONFIG))
    here = [f"--CourseDirectory.root={course}", f"--Exchange.root={exchange}"]

    well(command("nbgrader", "generate_assignment", LAB, "--create", "--force", *here, *source(course)))
    well(command("nbgrader", "release_assignment", LAB, *here))
    for learner, notebook in learners.items():
        assert LAB in learner.nbgrader(exchange, "list").stderr
        well(learner.nbgrader(exchange, "fetch_assignment", LAB))
        lab = learner.home / LAB / f"{LAB}.ipynb"
        assert lab.read_bytes() == labs.exercise_path(LAB).read_bytes()
        lab.write_text(notebook, "utf-8")
        well(learner.nbgrader(exchange, "submit", LAB))
    said = well(command("nbgrader", "collect", LAB, *here))
    assert "cheating" not in said or not all(learner.real for learner in learners)

    assert graded(course).failed == {}
    assert scores(course) == {"daemon": ALL, "nobody": ALL - 2}
    assert (course / "submitted" / "daemon" / LAB / "timestamp.txt").is_file()
    assert not [result for result in results(course).values() if result.notices]


def source(course: Path) -> list[str]:
    """Have the source where nbgrader looks for it, and its release beside it, not in this repository's exercises/."""
    from autograder.course.release.release import write_source

    write_source(LAB, course)
    return [f"--CourseDirectory.release_directory={labs.EXERCISES}"]


@pytest.mark.slow
def test_a_learner_cannot_read_what_another_handed_in(shared: Path) -> None:
    exchange = shared / "exchange"
    first, second = account("daemon", shared), account("nobody", shared)
    if not (first.real and second.real):
        pytest.skip("two real accounts are needed, and to become them, root")
    inbound = exchange / "backprop" / "inbound"
    (exchange / "backprop" / "outbound").mkdir(parents=True)
    shutil.copytree(labs.EXERCISES / LAB, exchange / "backprop" / "outbound" / LAB)
    inbound.mkdir()
    exchange.chmod(0o777)
    inbound.chmod(0o733)  # as release_assignment makes it: write and enter, not list
    well(first.nbgrader(exchange, "fetch_assignment", LAB))
    well(first.nbgrader(exchange, "submit", LAB))
    assert os.listdir(inbound)
    listed = subprocess.run([*second.become(), "ls", str(inbound)], capture_output=True, check=False)
    assert listed.returncode != 0


def download(course: Path, files: dict[str, str] | dict[str, bytes]) -> None:
    """Put a platform's download where nbgrader expects it."""
    archive = course / "downloaded" / LAB / "archive"
    archive.mkdir(parents=True)
    with zipfile.ZipFile(archive / "submissions.zip", "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)


def collected(course: Path, collector: str) -> subprocess.CompletedProcess[str]:
    plugin = f"--collector=autograder.course.collectors.{collector}"
    return command("nbgrader", "zip_collect", LAB, plugin, f"--CourseDirectory.root={course}")


def last_lines(done: subprocess.CompletedProcess[str], count: int) -> list[str]:
    return [line.partition("] ")[2] for line in done.stderr.splitlines()[-count:]]


CANVAS = {
    f"lovelaceada_4711_90001_{LAB}.ipynb": RIGHT,
    f"oneilbob_LATE_4712_90002_{LAB}-2.ipynb": WRONG,
    "de_la_cruz_3_cy_4713_90003_my lab (1).ipynb": RIGHT,
    f"शर्माप्रिया_4716_90006_{LAB}.IPYNB": RIGHT,
}
MOODLE = {
    f"Ada Lovelace_4711_assignsubmission_file_/{LAB}.ipynb": RIGHT,
    f"Bob O'Neil_4712_assignsubmission_file_{LAB}.ipynb.txt": WRONG,
    "Cy de_la Cruz_4713_assignsubmission_file_/my lab (1).ipynb": RIGHT,
    f"Priya_4716_assignsubmission_file/my work/{LAB}.IPYNB": RIGHT,
}


@pytest.mark.parametrize(("collector", "files"), [("CanvasCollector", CANVAS), ("MoodleCollector", MOODLE)])
def test_a_platforms_download_is_collected_and_graded(tmp_path: Path, collector: str, files: dict[str, str]) -> None:
    download(tmp_path, files)
    well(collected(tmp_path, collector))
    assert graded(tmp_path).failed == {}
    assert scores(tmp_path) == {"4711": ALL, "4712": ALL - 2, "4713": ALL, "4716": ALL}
    assert "my lab (1).ipynb" in results(tmp_path)["4713"].notices[0].text


@pytest.mark.parametrize(
    ("collector", "files", "told"),
    [
        (
            "CanvasCollector",
            CANVAS | {f"anon_k3xQ9_90003_{LAB}.ipynb": RIGHT, "nobody_4714_90004_notes.pdf": "not a lab"},
            [
                f"not collected: submissions/anon_k3xQ9_90003_{LAB}.ipynb: Canvas grades anonymously here; "
                "switch that off for the assignment and download again",
                "nothing collected from student 4714, who has no notebook in: submissions/nobody_4714_90004_notes.pdf",
            ],
        ),
        (
            "MoodleCollector",
            MOODLE
            | {
                "Nobody_4714_assignsubmission_file_/notes.pdf": "not a lab",
                f"Eve_4715_assignsubmission_onlinetext_/{LAB}.ipynb": RIGHT,
            },
            [
                "nothing collected from student 4715, who has no notebook in: "
                f"submissions/Eve_4715_assignsubmission_onlinetext_/{LAB}.ipynb",
                "nothing collected from student 4714, who has no notebook in: "
                "submissions/Nobody_4714_assignsubmission_file_/notes.pdf",
            ],
        ),
    ],
)
def test_who_was_not_collected_is_in_the_last_lines_and_in_the_exit_code(
    tmp_path: Path, collector: str, files: dict[str, str], told: list[str]
) -> None:
    download(tmp_path, files)
    done = collected(tmp_path, collector)
    assert (done.returncode, last_lines(done, len(told))) == (1, told)
    assert sorted(path.name for path in (tmp_path / "submitted").iterdir()) == ["4711", "4712", "4713", "4716"]


def test_a_learners_archive_is_that_learners_whatever_is_in_it(tmp_path: Path) -> None:
    work = tmp_path / "work.zip"
    with zipfile.ZipFile(work, "w") as packed:
        packed.writestr(f"work/bob_4712_90002_{LAB}.ipynb", WRONG)
        packed.writestr(f"__MACOSX/._{LAB}.ipynb", "x")
    download(tmp_path, {"lovelaceada_4711_90001_work.zip": work.read_bytes()})
    well(collected(tmp_path, "CanvasCollector"))
    assert [path.name for path in (tmp_path / "submitted").iterdir()] == ["4711"]
    graded(tmp_path)
    assert scores(tmp_path) == {"4711": ALL - 2}
