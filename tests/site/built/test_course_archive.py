"""Does the site give its reader the course, and does that lead to a green check on a machine that has Python only?"""

import os
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from bs4 import BeautifulSoup

from autograder.course.release.release import source_notebook
from autograder.course.release.student_repository import make, write_archive
from tests.course.pages import JUPYTER
from tests.site.built.test_built_tree import solution_blocks, squeezed
from tests.site.page_list import LABS

NAME = "backprop-by-hand"
LAB = "exercises/01_chain_rule/01_chain_rule.ipynb"
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


@pytest.fixture(scope="module")
def course(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive that the site offers, unpacked."""
    folder = tmp_path_factory.mktemp("course")
    with ZipFile(site / f"{NAME}.zip") as archive:
        archive.extractall(folder)
    assert [path.name for path in folder.iterdir()] == [NAME]
    return folder / NAME


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["book/index", "book/start", *LABS])
def test_a_page_that_sends_to_practise_links_the_archive(site: Path, name: str) -> None:
    article = BeautifulSoup((site / f"{name}.html").read_text("utf-8"), "html.parser").article
    assert article
    found = [str(link["href"]) for link in article.select("a[href]") if str(link["href"]).endswith(".zip")]
    assert found
    assert {(site / name).parent.joinpath(href).resolve() for href in found} == {(site / f"{NAME}.zip").resolve()}


def test_the_same_course_makes_the_same_bytes(site: Path, tmp_path: Path) -> None:
    write_archive(tmp_path / f"{NAME}.zip")
    assert (tmp_path / f"{NAME}.zip").read_bytes() == (site / f"{NAME}.zip").read_bytes()


def test_it_holds_what_the_learners_repository_holds(course: Path, tmp_path: Path) -> None:
    make(tmp_path)
    assert files(tmp_path) == files(course)
    assert "book/start.md" in files(course)


def test_no_solution_is_in_it(course: Path) -> None:
    texts = {name: squeezed(data.decode("utf-8", "ignore")) for name, data in files(course).items()}
    # One line alone, such as `return delta.sum(axis=0)`, is a formula of the book.
    long = [(name, block) for name, block in solution_blocks() if block.strip().count("\n")]
    assert len(long) > 20
    for name, block in long:
        in_json = squeezed(block.replace('"', '\\"').replace("\n", '\\n",\n"'))
        leaks = [path for path, text in texts.items() if squeezed(block) in text or in_json in text]
        assert not leaks, f"the solution of {name} is in {leaks}"
    assert not [path for path in texts if path.startswith(("solutions", "tests", ".git/"))]


class Terminal:
    """A terminal in the unpacked course, in which a line sees what the lines before it did."""

    def __init__(self, course: Path, home: Path) -> None:
        self.course, self.home = course, home
        own = {"HOME": str(home), "PYTHONNOUSERSITE": "1"}
        kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        self.environment = kept | own | {"PATH": f"{Path(sys.base_prefix, 'bin')}{os.pathsep}{os.environ['PATH']}"}

    def typed(self, lines: str) -> subprocess.CompletedProcess[str]:
        script = f"set -e\n{lines}"
        return subprocess.run(
            ["bash", "-c", script], cwd=self.course, env=self.environment, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def terminal(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A terminal after the first commands of the README, which install the course."""
    terminal = Terminal(course, tmp_path_factory.mktemp("home"))
    done = terminal.typed(blocks(course)[0])
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return terminal


def blocks(course: Path) -> list[str]:
    found = re.findall(r"^```\n(.*?)^```$", (course / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(found) >= 3, "the README has lost its commands"
    return found


@pytest.mark.slow
def test_its_readme_leads_to_a_green_check(terminal: Terminal, course: Path) -> None:
    _, practise, validate, *_ = blocks(course)
    assert practise.endswith(f"jupyter lab {LAB}\n")
    stand_in = terminal.home / "jupyter"
    stand_in.write_text(JUPYTER.replace(sys.executable, str(course / ".venv" / "bin" / "python")))
    opened = terminal.typed(practise.replace("jupyter lab", f"{course / '.venv/bin/python'} {stand_in} lab"))
    assert opened.returncode == 0, opened.stderr
    right = next(cell.source for cell in source_notebook("01_chain_rule").cells if cell.id == "product_rule")
    program = terminal.home / "practise.py"
    program.write_text(PRACTISE)
    asked = [str(course / ".venv/bin/python"), str(program), str(course / LAB), "product_rule", right]
    checked = subprocess.run(asked, env=terminal.environment, capture_output=True, text=True, check=False)
    assert checked.stdout == "1.0\n", checked.stderr
    said = terminal.typed(f". .venv/bin/activate\n{validate}")
    assert re.search(r"✓ right +product_rule", said.stdout), said.stderr


@pytest.mark.slow
def test_what_it_installs_takes_the_space_that_start_here_tells(terminal: Terminal, course: Path) -> None:
    sizes = {(s.st_dev, s.st_ino): s.st_blocks * 512 for s in map(os.lstat, (course / ".venv").rglob("*"))}
    told = re.search(r"JupyterLab, (\d+) MB on disk", (course / "book" / "start.md").read_text("utf-8"))
    assert told
    assert sum(sizes.values()) / 2**20 == pytest.approx(int(told[1]), rel=0.1)
    assert int(told[1]) < MOST_MB
