"""Does the archive of the course, on a machine that has Python only, lead to green checks by what its README says?

It is unpacked in a fresh folder and installed into a fresh environment, by pip, from wherever pip takes packages here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import nbformat
import pytest

from autograder import labs
from autograder.course.release.release import source_notebook
from autograder.course.release.student_repository import write_archive
from tests.course.pages import JUPYTER
from tools.make_class import LAB, answered, reference

pytestmark = pytest.mark.slow

FIRST_LAB = "exercises/01_chain_rule/01_chain_rule.ipynb"
IN_PYTORCH = "07_without_autograd"
MOST_MB = 400
# What a learner does in JupyterLab: put the answer in, run the first cell, the answer and the check below it, save.
PRACTISE = """
import sys
import nbformat
from nbclient import NotebookClient
path, name, answer = sys.argv[1:]
notebook = nbformat.read(path, as_version=4)
cells = {cell.id: cell for cell in notebook.cells}
cells[name].source = answer
first = next(cell for cell in notebook.cells if cell.cell_type == "code")
client = NotebookClient(notebook)
with client.setup_kernel(cwd=path.rpartition("/")[0]):
    for cell in (first, cells[name], cells[name + "_check"]):
        client.execute_cell(cell, notebook.cells.index(cell))
nbformat.write(notebook, path)
print(cells[name + "_check"].outputs[0].data["text/plain"])  # its points
"""


class Machine:
    """A machine with Python and an unpacked course; `typed` is a new terminal in it."""

    def __init__(self, folder: Path) -> None:
        self.home, self.course = folder / "home", folder / "course" / "backprop-by-hand"
        self.home.mkdir()
        self.python = self.course / ".venv" / "bin" / "python"
        outside = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        # The Python that this environment was made of, since the README's `python3` is to be none that has packages.
        path = f"{Path(sys.base_prefix, 'bin')}{os.pathsep}{os.environ['PATH']}"
        self.environment = outside | {"HOME": str(self.home), "PATH": path, "PYTHONNOUSERSITE": "1"}

    def typed(self, lines: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        words = ["bash", "-c", f"set -e\n{lines}"]
        where = folder or self.course
        return subprocess.run(words, cwd=where, env=self.environment, capture_output=True, text=True, check=False)

    def in_the_environment(self, command: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        return self.typed(f". {self.course}/.venv/bin/activate\n{command}", folder)

    def blocks(self) -> list[str]:
        readme = (self.course / "README.md").read_text("utf-8")
        found = re.findall(r"^```\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
        assert len(found) >= 3, "the README has lost its commands"
        return found


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine on which the first commands of the README were typed, which install the course."""
    folder = tmp_path_factory.mktemp("machine")
    write_archive(folder / "backprop-by-hand.zip")
    with ZipFile(folder / "backprop-by-hand.zip") as archive:
        archive.extractall(folder / "course")
    machine = Machine(folder)
    done = machine.typed(machine.blocks()[0])
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return machine


@pytest.mark.parametrize("page", ["book/start.md", "README.md"])
def test_what_it_installs_takes_the_space_that_pages_tell(machine: Machine, page: str) -> None:
    files = {(s.st_dev, s.st_ino): s.st_blocks * 512 for s in map(os.lstat, (machine.course / ".venv").rglob("*"))}
    (told,) = set(re.findall(r"(\d+) MB on disk", (labs.ROOT / page).read_text("utf-8")))
    assert sum(files.values()) / 2**20 == pytest.approx(int(told), rel=0.1)
    assert int(told) < MOST_MB


def test_the_readme_leads_to_a_green_check(machine: Machine) -> None:
    _, practise, validate, *_ = machine.blocks()
    assert practise.endswith(f"jupyter lab {FIRST_LAB}\n")
    stand_in = machine.home / "jupyter"
    stand_in.write_text(JUPYTER.replace(sys.executable, str(machine.python)))
    opened = machine.typed(practise.replace("jupyter lab", f"python {stand_in} lab"))
    assert opened.returncode == 0, opened.stderr
    right = next(cell.source for cell in source_notebook("01_chain_rule").cells if cell.id == "product_rule")
    program = machine.home / "practise.py"
    program.write_text(PRACTISE)
    asked = [str(machine.python), str(program), str(machine.course / FIRST_LAB), "product_rule", right]
    checked = subprocess.run(asked, env=machine.environment, capture_output=True, text=True, check=False)
    assert checked.stdout == "1.0\n", checked.stderr
    said = machine.in_the_environment(validate)
    assert re.search(r"✓ right +product_rule", said.stdout), said.stderr
    assert "✓ product_rule" in machine.in_the_environment("python -m autograder progress").stdout


@pytest.fixture
def elsewhere(machine: Machine, tmp_path: Path) -> Path:
    """A folder that is none of a course, where the installed copy of the package is what Python finds."""
    done = machine.in_the_environment("python -c 'import autograder; print(autograder.__file__)'", tmp_path)
    assert done.stdout.startswith(str(machine.course / ".venv")), done.stderr
    return tmp_path


def test_an_installed_copy_knows_the_labs_as_they_were_released(machine: Machine, elsewhere: Path) -> None:
    notebook = answered(reference())
    notebook.cells = [cell for cell in notebook.cells if cell.id != "output_delta_check"]
    nbformat.write(notebook, elsewhere / f"{LAB}.ipynb")
    said = machine.in_the_environment(f"autograder validate {LAB}.ipynb", elsewhere).stdout
    assert re.search(r"✓ right +output_delta", said)
    assert "`output_delta_check`" in said


def test_an_installed_copy_finds_the_labs_above_the_notebook(machine: Machine) -> None:
    program = "import autograder.labs; print(autograder.labs.ROOT)"
    done = machine.in_the_environment(f"python -c '{program}'", machine.course / "exercises" / LAB)
    assert done.stdout.strip() == str(machine.course)


def test_a_cell_that_draws_is_left_out_where_there_is_no_matplotlib(machine: Machine, elsewhere: Path) -> None:
    notebook = answered(reference())
    next(cell for cell in notebook.cells if "def plot_losses" in cell.source).source += "\n\nplot_losses()"
    nbformat.write(notebook, elsewhere / f"{LAB}.ipynb")
    said = machine.in_the_environment(f"autograder validate {LAB}.ipynb", elsewhere).stdout
    assert "`matplotlib` is not installed here, so `plot_losses()` was left out" in said
    assert "is not there when this lab is graded" not in said
    assert "\nto fix\n" not in said


def test_what_is_written_in_pytorch_is_not_tried_where_there_is_none(machine: Machine, elsewhere: Path) -> None:
    shutil.copy(labs.exercise_path(IN_PYTORCH), elsewhere)
    said = machine.in_the_environment(f"autograder validate {IN_PYTORCH}.ipynb", elsewhere).stdout
    assert re.findall(r"not tried +(\w+)", said) == ["SigmoidLinear", "train_by_hand"]
    assert "Not tried: SigmoidLinear and train_by_hand, for PyTorch is not installed here" in said


@pytest.mark.parametrize(
    "command", [f"grade {LAB}", f"report {LAB}", "release", "student-repository x", f"new-exercise {LAB} name"]
)
def test_a_command_for_instructors_says_what_to_install(machine: Machine, command: str) -> None:
    done = machine.typed(f"{machine.python} -B -m autograder {command}", labs.ROOT)
    assert done.returncode == 2
    lacking = r"autograder: [\w-]+ needs \w+, which is not installed"
    what = r': in the folder of the course, pip install "\.\[grading\]"\n'
    assert re.fullmatch(lacking + what, done.stderr), done.stderr


def test_a_command_for_instructors_says_in_a_learners_course_that_there_are_no_answers(machine: Machine) -> None:
    done = machine.in_the_environment(f"python -m autograder grade {LAB}")
    assert done.returncode == 2
    assert "this needs the instructors' repository" in done.stderr


def test_progress_loads_nothing_that_takes_seconds(machine: Machine) -> None:
    program = "import sys, autograder.student.progress; print(*sys.modules, sep=chr(10))"
    loaded = machine.in_the_environment(f"python -c '{program}'").stdout.split()
    assert "autograder.student.progress" in loaded
    assert not {"rfc3987_syntax.syntax_helpers", "IPython", "jupyterlab"} & {*loaded}
