"""Do the pages' commands work as they stand there, one after the other?

Each page is followed to the letter; where a command cannot run as it stands, the test says how it runs instead. The
page Changing the course is followed in test_changing.py too, recipe by recipe.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nbformat
import pytest

from autograder import labs
from tests.course.helpers import ALL, ENVIRONMENT, WHOLE, scores, wait_until
from tests.course.nbgrader.test_hand_in import READ_ALL, RIGHT, WRONG, Account, account, shared
from tests.course.pages import Shell, copy_of_the_repository, follow
from tests.course.recipes.test_changing import write_what_is_begun
from tools.make_class import LAB, hand_in

pytestmark = pytest.mark.slow

__all__ = ["shared"]  # a fixture

EXCHANGE = "/srv/nbgrader/exchange"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(copy_of_the_repository(tmp_path / "repository"), tmp_path / "home")


def elsewhere(command: str) -> None:
    """Another test runs it, for it needs what not every machine has."""


# --- A JupyterHub for a class


@dataclass
class Hub:
    """A machine with the settings of deploy/, an instructor called ada and two learners, without JupyterHub."""

    folder: Path

    def __post_init__(self) -> None:
        (self.folder / "exchange").mkdir()
        (self.folder / "exchange").chmod(0o777)
        (self.folder / "etc").mkdir()
        deploy = labs.ROOT / "deploy" / "tljh"
        everybodys = (deploy / "nbgrader_config.py").read_text("utf-8")
        assert EXCHANGE in everybodys
        (self.folder / "etc" / "nbgrader_config.py").write_text(
            everybodys.replace(EXCHANGE, str(self.folder / "exchange"))
        )
        self.learners = {account("daemon", self.folder): RIGHT, account("nobody", self.folder): WRONG}
        home = self.folder / "home" / "jupyter-ada"
        home.mkdir()
        home.chmod(0o700)
        self.repository = copy_of_the_repository(home / "backprop")
        (home / ".jupyter").mkdir()
        shutil.copy(deploy / "instructor_nbgrader_config.py", home / ".jupyter" / "nbgrader_config.py")
        self.instructor = Shell(home, home, {"JUPYTER_CONFIG_PATH": str(self.folder / "etc")})
        self.instructor.variables["PYTHONPATH"] = str(self.repository)

    def by_learners(self, command: str) -> None:
        """Have every learner type it, and do the lab between fetching and submitting it."""
        for learner, notebook in self.learners.items():
            fetch, submit, rest = command.partition("nbgrader submit")
            self._typed(learner, fetch)
            if submit:
                (learner.home / LAB / f"{LAB}.ipynb").write_text(notebook, "utf-8")
                self._typed(learner, submit + rest)

    def _typed(self, learner: Account, command: str) -> None:
        if not learner.real:
            (learner.home / ".jupyter").mkdir(exist_ok=True)
            named = f"c = get_config()\nc.CourseDirectory.student_id = {learner.name!r}\n"
            (learner.home / ".jupyter" / "nbgrader_config.py").write_text(named)
        environment = learner.environment | {"JUPYTER_CONFIG_PATH": str(self.folder / "etc")}
        done = subprocess.run(
            [*learner.become(READ_ALL), "bash", "-ec", command],
            cwd=learner.home,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def page_of(self, name: str) -> str:
        """Return the feedback page that this learner fetched."""
        (learner,) = [each for each in self.learners if each.name == name]
        (page,) = learner.home.glob(f"{LAB}/feedback/*/{LAB}.html")
        return page.read_text("utf-8")


def is_refused_without_a_hub(command: str) -> None:
    """It wants a Littlest JupyterHub; test_hub.py has more of it."""
    script = str(labs.ROOT / "deploy" / "tljh" / "install.sh")
    words = command.replace("~/backprop/deploy/tljh/install.sh", script).split()[1:]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, "install.sh: " in done.stderr) == (2, True)


def would_change_this_machine(command: str) -> None:
    assert re.fullmatch(r"sudo sysctl [\w.]+=\d\n", command)


def test_a_lab_goes_to_learners_and_their_feedback_comes_back_as_the_page_on_a_hub_says(shared: Path) -> None:
    hub = Hub(shared)
    follow(
        "book/jupyterhub.md",
        hub.instructor.well,
        instead={
            "sudo bash": is_refused_without_a_hub,
            "sudo sysctl": would_change_this_machine,
            "nbgrader fetch": hub.by_learners,
        },
    )
    assert scores(hub.repository / "_build" / "course") == {"daemon": ALL, "nobody": ALL - 2}
    assert f"{ALL:g} of {WHOLE:g} points" in hub.page_of("daemon")
    assert f"{ALL - 2:g} of {WHOLE:g} points" in hub.page_of("nobody")


# --- Working with nbgrader's tools


def test_the_page_on_nbgraders_tools(shell: Shell, tmp_path: Path) -> None:
    course = shell.folder / "_build" / "course"
    aside = Shell(shell.folder, tmp_path / "another terminal")
    page = (labs.ROOT / "book" / "nbgrader.md").read_text("utf-8")
    (archive,) = re.findall(r"^```\n(\S+\.zip)\n```$", page, re.MULTILINE)

    def grade() -> None:
        hand_in(course, "4711", RIGHT)
        shell.well(f"python -m autograder grade {LAB}")

    def download() -> None:
        shutil.rmtree(course / "submitted")
        place = shell.folder / archive
        place.parent.mkdir(parents=True)
        with zipfile.ZipFile(place, "w") as packed:
            packed.writestr(f"lovelaceada_4711_90001_{LAB}.ipynb", RIGHT)
            packed.writestr(f"oneilbob_LATE_4712_90002_{LAB}.ipynb", WRONG)

    follow(
        "book/nbgrader.md",
        shell.well,
        instead={"export AUTOGRADER_COURSE": aside.well},
        before={"nbgrader generate_feedback": grade, "nbgrader zip_collect": download},
    )
    assert (shell.folder / "term-1" / "source" / LAB / f"{LAB}.ipynb").is_file()
    assert (course / "exports" / "canvas.csv").is_file()
    assert scores(course) == {"4711": ALL, "4712": ALL - 2}
    with zipfile.ZipFile(course / "exports" / "canvas-feedback.zip") as packed:
        names = [f"lovelaceada_4711_90001_{LAB}.html", f"oneilbob_LATE_4712_90002_{LAB}.html"]
        assert sorted(packed.namelist()) == names


# --- For instructors


@contextmanager
def in_the_background(command: str, folder: Path) -> Iterator[None]:
    words = [sys.executable, "-m", *command.split()]
    with (folder / f"{command.split()[1]}.log").open("wb") as log:
        process = subprocess.Popen(words, cwd=folder, env=ENVIRONMENT, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


def on_a_cluster_of_this_machine(command: str, shell: Shell) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    scheduler, worker, grade = command.replace("10.0.0.1", "127.0.0.1").replace("8786", str(port)).splitlines()

    def answers() -> bool:
        with closing(socket.socket()) as asking:
            return asking.connect_ex(("127.0.0.1", port)) == 0

    here = f" --port {port} --dashboard-address 127.0.0.1:0"
    with in_the_background(scheduler + here, shell.folder):
        wait_until(answers)
        with in_the_background(f"{worker} --local-directory {shell.home}", shell.folder):
            assert "graded" in shell.well(f"{grade} --force")


def test_the_page_for_instructors(shell: Shell) -> None:
    course = shell.folder / "term-1"
    for student, notebook in {"ada": RIGHT, "hana": WRONG}.items():
        (hand_in(course, student, notebook) / "timestamp.txt").write_text("2026-11-03 11:59:00 UTC")  # a day late
    with (shell.folder / "nbgrader_config.py").open("a") as config:
        config.write('c.LateSubmissionPlugin.penalty_method = "zero"\n')

    def a_due_date() -> None:
        shell.well(f'nbgrader db assignment add {LAB} --duedate "2026-11-01 23:59 UTC"')

    follow(
        "book/instructor.md",
        shell.well,
        instead={
            "export AUTOGRADER_DB_URL": elsewhere,  # in test_postgresql.py
            "dask": partial(on_a_cluster_of_this_machine, shell=shell),
        },
        before={"python - <<": a_due_date},
    )
    assert scores(course) == {"ada": ALL, "hana": 0}  # ada has three days more
    assert (course / "reports" / f"{LAB}.html").is_file()
    assert not (shell.folder / "_build").exists()


# --- Changing the course, and when it changes mid-term


def test_the_page_on_changing_the_course(shell: Shell) -> None:
    def in_the_new_folder(command: str) -> None:
        Shell(shell.folder.parent / "backprop-for-learners", shell.home / "again").well(command)

    edits = {"python -m autograder release 01": partial(write_what_is_begun, shell.folder)}
    follow("book/changing.md", shell.well, instead={"git init": in_the_new_folder}, before=edits)
    assert (shell.folder.parent / "backprop-for-learners" / ".git").is_dir()


def test_the_page_on_changes_in_mid_term(shell: Shell) -> None:
    me = "-c user.name=me -c user.email=me@example.org"
    shell.well(f"git init -q && git add -A && git {me} commit -qm 'week 3'")
    hand_in(shell.folder / "term-1", "ada", RIGHT)

    def at_this_commit(command: str) -> None:
        shell.well(command.replace("COMMIT", "HEAD"))

    follow("book/versioning.md", shell.well, instead={"git worktree": at_this_commit})
    # "run the same command there, on the same class"
    shell.well("export AUTOGRADER_COURSE=$PWD/term-1")
    shell.well("cd ../course-of-week-3")
    shell.variables["PYTHONPATH"] = str(shell.folder)
    shell.well(f"python -m autograder grade {LAB}")
    assert scores(shell.folder.parent / "repository" / "term-1") == {"ada": ALL}


# --- Start here, and README


def with_something_to_do(command: str, shell: Shell) -> None:
    """Validate a lab as it was given: exit code 1, for nothing is written."""
    done = shell.run(command)
    assert done.returncode == 1, done.stderr
    assert "not written" in done.stdout


def test_the_page_start_here(shell: Shell) -> None:
    validate = partial(with_something_to_do, shell=shell)
    follow("book/start.md", shell.well, instead={"python -m autograder validate": validate})


def test_the_readme(shell: Shell) -> None:
    (shell.folder / "term-1").mkdir()
    hand_in(shell.folder / "_build" / "course", "ada", RIGHT)
    lab = shell.folder / "mine.ipynb"
    nbformat.write(nbformat.reads(RIGHT, as_version=4), lab)

    def of_this_lab(command: str) -> None:
        shell.run(command.replace("NOTEBOOK", str(lab)))

    follow("README.md", shell.well, instead={"python -m autograder validate NOTEBOOK": of_this_lab})
    assert scores(shell.folder / "_build" / "course") == {"ada": ALL}
    assert os.path.samefile(shell.variables["AUTOGRADER_COURSE"], shell.folder / "term-1")
