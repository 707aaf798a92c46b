"""Does the page Start here lead a beginner, who types what stands there, to a first green check?"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from autograder.course.release.release import source_notebook
from autograder.report import JSON_MIME

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "book" / "start.md").read_text("utf-8")
LEARNERS_README = (ROOT / "autograder" / "course" / "release" / "student_readme.md").read_text("utf-8")
INSTALLING = re.compile(r"python3 -m venv|\. \.venv/bin/activate|pip install \.|python tools/set_up\.py")


def blocks(language: str) -> list[str]:
    """Return what stands in the fenced blocks of one language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"no block of {language}: this test has lost its subject"
    return found


def commands() -> list[str]:
    return [line for block in blocks("sh") for line in block.splitlines()]


def test_the_set_up_is_that_of_the_readme_in_the_archive() -> None:
    assert blocks("sh")[0] == re.findall(r"```\n(.*?)```", LEARNERS_README, re.DOTALL)[0]


def test_the_set_up_of_everything_is_the_readmes() -> None:
    readme = (ROOT / "README.md").read_text("utf-8").partition("## Without make")[2]
    *before, last = blocks("sh")[0].splitlines(keepends=True)
    assert last == "pip install .\n"
    assert "".join(before) + blocks("sh")[1] == re.findall(r"```\n(.*?)```", readme, re.DOTALL)[0]


def test_the_other_commands_are_those_that_are_followed_below() -> None:
    assert [command for command in commands() if not INSTALLING.search(command)] == [
        "jupyter lab exercises/01_chain_rule/01_chain_rule.ipynb",
        "python -m autograder progress",
        "python -m autograder validate exercises/01_chain_rule/01_chain_rule.ipynb",
    ]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what git has, as a clone brings it."""
    folder = tmp_path_factory.mktemp("start") / "course"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


def typed(command: str, course: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the page in the copy, with this environment in the place of the one it sets up."""
    program, *rest = shlex.split(command)
    words = [sys.executable, *rest] if program == "python" else [sys.executable, "-m", program, *rest]
    environment = os.environ | {"PYTHONPATH": str(course)}
    return subprocess.run(words, cwd=course, env=environment, capture_output=True, text=True, check=False)


def checked(course: Path, answer: str) -> bool:
    """Put an answer into exercise 2 of the lab, run the cells that the page says, save; return whether it is right."""
    path = course / shlex.split(next(command for command in commands() if command.startswith("jupyter lab")))[-1]
    notebook = nbformat.read(path, as_version=4)
    cells = {cell.id: cell for cell in notebook.cells}
    assert "## 2. The product rule" in notebook.cells[notebook.cells.index(cells["product_rule"]) - 1].source
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    cells["product_rule"].source = answer
    client = NotebookClient(notebook, kernel_name="python3")
    with client.setup_kernel(cwd=str(path.parent), env=os.environ | {"PYTHONPATH": str(course)}):
        for cell in (first, cells["product_rule"], cells["product_rule_check"]):
            client.execute_cell(cell, notebook.cells.index(cell))
    nbformat.write(notebook, path)
    (output,) = cells["product_rule_check"].outputs
    return bool(output.data[JSON_MIME]["points"])


def test_what_it_has_the_reader_type_is_red_and_the_product_rule_is_green(course: Path) -> None:
    wrong = next(block for block in blocks("python") if "def product_rule" in block)
    right = next(cell.source for cell in source_notebook("01_chain_rule").cells if cell.id == "product_rule")
    assert not checked(course, wrong)
    assert checked(course, right)


def test_progress_and_validate_then_tell_of_one_exercise(course: Path) -> None:
    right = next(cell.source for cell in source_notebook("01_chain_rule").cells if cell.id == "product_rule")
    checked(course, right)
    progress, validate = (typed(command, course) for command in commands() if command.startswith("python -m autog"))
    assert "✓ product_rule" in progress.stdout, progress.stderr
    assert re.search(r"✓ right +product_rule", validate.stdout), validate.stderr
    assert validate.returncode == 1  # nine exercises are not written


def test_a_check_needs_numpy_pytorch_and_what_jupyter_brings(course: Path) -> None:
    """As on Google Colab: of this course's other packages none is there."""
    absent = ["nbgrader", "jupytext", "sqlalchemy", "mistune", "latex2mathml", "distributed", "nbclient"]
    program = (
        f"import sys\nsys.modules.update(dict.fromkeys({absent}))\n"
        "from importlib import util\nfind = util.find_spec\n"
        f"util.find_spec = lambda name, *rest: None if name in {absent} else find(name, *rest)\n"
        "import autograder\n"
        "def product_rule(f, df, g, dg): return df * g + f * dg\n"
        "print(autograder.check(product_rule))\nprint(autograder.progress())"
    )
    done = typed(f"python -c {shlex.quote(program)}", course)
    assert "product_rule: 1 of 1 points" in done.stdout, done.stderr
    assert "all labs: " in done.stdout, done.stderr
