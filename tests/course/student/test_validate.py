"""Does `validate` say before a notebook is handed in what grading would say of it, and does it never run on?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder import labs
from autograder.course.cells import written_cells
from autograder.course.intake.notebooks import read_cells
from autograder.course.release.released import as_given, lab_of
from autograder.sandbox.limits import Limits
from autograder.student.validate import Validation, lines, validate
from tests.course.helpers import ALL, WHOLE, by_exercise, command, graded, results
from tools import class_answers
from tools.make_class import LAB, answered, hand_in, reference

SHORT = Limits(cpu_seconds_per_cell=4, waiting_seconds_per_cell=4, seconds_to_stop=2)


def saved(folder: Path, notebook: NotebookNode, name: str = f"{LAB}.ipynb") -> Path:
    nbformat.write(notebook, folder / name)
    return folder / name


def points(result: Validation) -> dict[str, float]:
    return {report.exercise: report.points for report in result.reports}


def message(result: Validation, exercise: str) -> str:
    return next(report.findings[0].message for report in result.reports if report.exercise == exercise)


WORDS = {written_cells(as_given(LAB))[0].id: "Because all ten are equal."}


def test_what_is_right_is_ready_and_earns_all_points(tmp_path: Path) -> None:
    result = validate(saved(tmp_path, answered(reference() | WORDS)))
    assert result.ready
    assert (result.lab, result.points, result.notes) == (LAB, result.max_points, [])
    assert "Ready to hand in." in lines(result)


def test_with_the_question_in_words_left_blank_it_is_not_ready(tmp_path: Path) -> None:
    result = validate(saved(tmp_path, answered(reference())))
    assert not result.ready
    assert (result.points, result.points_by_hand) == (ALL, {"written_equal_start": 2})
    said = "\n".join(lines(result))
    assert "not written  written_equal_start      a person grades it, for 2 points" in said
    assert f"expected: {ALL:g} of {ALL:g} points, on the public inputs; a person gives up to 2 more" in said
    assert f"of {WHOLE:g} in all" in said


def test_it_expects_the_points_that_grading_gives(tmp_path: Path) -> None:
    notebook = answered(reference() | class_answers.SLOPE_MISSING | class_answers.MEAN_FOR_SUM | {"train_xor": "1 / 0"})
    hand_in(tmp_path, "ada", nbformat.writes(notebook))
    graded(tmp_path)
    assert points(validate(saved(tmp_path, notebook))) == by_exercise(results(tmp_path)["ada"])


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Validation:
    """Return what is said of a notebook with much that is wrong with it, in a folder with an odd name."""
    notebook = answered(
        reference()
        | {
            "hidden_delta": "def hidden_deltas(O, W, delta_above):\n    return 0",
            "weight_gradient": "def weight_gradient(x, delta)\n    return 3",
            "mlp_gradients": "import os\nos._exit(1)",
            "train_xor": "def train_xor(*arguments, **named):\n    while True:\n        pass",
        }
    )
    notebook.cells = [cell for cell in notebook.cells if cell.id != "gradient_check_check"]
    notebook.cells.insert(1, new_code_cell("import time\n\ntime.sleep(100)"))
    notebook.cells.append(new_code_cell("def f():\n    return 1 / 0\n\n\né = f()"))
    return validate(saved(tmp_path_factory.mktemp("mein Labor ü"), notebook, "Übung (1).ipynb"), SHORT)


def test_an_error_is_told_with_its_cell_and_line(broken: Validation) -> None:
    cell = next(text for text in broken.to_mend if "ZeroDivisionError" in text)
    assert cell.endswith("(`def f():`), line 2: ZeroDivisionError: division by zero")
    assert any("(`def weight_gradient(x, delta)`), line 1: SyntaxError: expected ':'" in t for t in broken.to_mend)


def test_a_cell_that_runs_too_long_or_ends_python_is_told_and_left_out(broken: Validation) -> None:
    said = "Cell 2 (`import time`) slept or waited for more than 4 seconds and was stopped."
    assert any(text.startswith(said) for text in broken.to_mend)
    assert any("(`import os`) ended its Python process" in text for text in broken.to_mend)
    assert message(broken, "train_xor") == "`train_xor` used more than 4 seconds of computing time and was stopped."


def test_what_works_beside_it_is_expected_all_the_same(broken: Validation) -> None:
    right = [report.exercise for report in broken.reports if report.passed]
    assert right == ["output_delta", "bias_gradient", "sigmoid_linear_backward", "gradient_check"]


def test_a_changed_name_is_told_with_what_stands_there_instead(broken: Validation) -> None:
    said = "Nothing by the name `hidden_delta` is defined; its cell defines `hidden_deltas`."
    assert message(broken, "hidden_delta") == said


def test_a_removed_check_and_another_file_name_are_told_and_cost_nothing(broken: Validation) -> None:
    told = " ".join(broken.notes)
    assert "`gradient_check_check`" in told
    assert f"under the name {LAB}.ipynb" in told


def test_a_removed_check_is_noticed_in_the_copy_that_learners_work_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = answered(reference())
    notebook.cells = [cell for cell in notebook.cells if cell.id != "output_delta_check"]
    (tmp_path / LAB).mkdir()
    monkeypatch.setattr(labs, "EXERCISES", tmp_path)
    result = validate(saved(tmp_path / LAB, notebook))
    assert result.points == result.max_points
    assert "`output_delta_check`" in result.notes[0]


def test_a_check_of_the_learners_own_changes_nothing(tmp_path: Path) -> None:
    notebook = answered(
        {"output_delta": "def output_delta(O, t):\n    return O - t\n\n\ndef check(f):\n    return 2.0"}
    )
    assert points(validate(saved(tmp_path, notebook)))["output_delta"] == 0


def test_a_lab_as_it_was_given_has_nothing_written_and_no_error(tmp_path: Path) -> None:
    result = validate(saved(tmp_path, answered({})))
    assert not result.to_mend
    assert {finding.kind for report in result.reports for finding in report.findings} == {"not written"}


DAMAGED = nbformat.writes(new_notebook(cells=[new_code_cell("x = 1")]))[:60]
NO_LAB = {
    "empty.ipynb": ("", "The file is empty"),
    "damaged.ipynb": (DAMAGED, "damaged or incomplete"),
    "list.ipynb": ("[1]", "The file is not a notebook"),
    "other.ipynb": (nbformat.writes(new_notebook(cells=[new_code_cell("x = 1")])), "not a lab of this course"),
    "lab.py": ("x = 1", "not a notebook: name the .ipynb"),
}


def test_a_lab_without_its_names_is_known_by_its_checks_its_headings_or_its_file_name(tmp_path: Path) -> None:
    given = as_given(LAB)
    own = new_code_cell("from mine import *")
    checks = [new_code_cell("check(output_delta)")]
    headings = [new_markdown_cell(c.source.splitlines()[0]) for c in given.cells if c.source.startswith("# Lab")]
    renamed = [
        new_code_cell("def my_delta(O, t):\n    return O"),
        *(c for c in given.cells if c.source.startswith("#")),
    ]
    for cells, name in ((checks, "a.ipynb"), (headings, "b.ipynb"), (renamed, "c.ipynb"), ([], f"{LAB} (2).ipynb")):
        path = tmp_path / name
        nbformat.write(new_notebook(cells=[own, *(new(c) for c in cells)]), path)
        read, _ = read_cells(path.read_bytes(), 1_000_000)
        assert lab_of(read, name) == LAB


def new(cell: NotebookNode) -> NotebookNode:
    """Return a cell without what the release put into it."""
    return new_code_cell(cell.source) if cell.cell_type == "code" else new_markdown_cell(cell.source)


def test_answers_that_stand_in_a_module_are_missing_from_the_lab_and_said_to_be(tmp_path: Path) -> None:
    notebook = answered(dict.fromkeys(reference(), "from my_answers import *"))
    result = validate(saved(tmp_path, notebook))
    assert result.lab == LAB
    assert message(result, "output_delta") == "Nothing by the name `output_delta` is defined."
    assert "`my_answers` is not there when this lab is graded" in " ".join(result.notes)


@pytest.mark.parametrize("name", [*NO_LAB, ".", "missing.ipynb"])
def test_what_is_no_lab_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    text, said = NO_LAB.get(name, ("", "is a folder" if name == "." else "there is no file"))
    if name in NO_LAB:
        (tmp_path / name).write_text(text, "utf-8")
    done = command("autograder", "validate", str(tmp_path / name))
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_command_says_by_its_exit_code_whether_it_is_ready(tmp_path: Path) -> None:
    done = command("autograder", "validate", str(saved(tmp_path, answered(class_answers.SLOPE_MISSING))), "--json")
    data = json.loads(done.stdout)
    assert done.returncode == 1
    assert (data["ready"], data["lab"], data["max_points"]) == (False, LAB, ALL)
    assert data["reports"][0]["findings"][0]["mistake"] == "slope-missing"


def test_it_loads_nothing_that_only_linux_has_and_not_the_graders_of_a_class() -> None:
    """What fcntl, resource and send_fds are needed for stays behind functions that a learner's commands do not call."""
    program = (
        "import sys\n"
        "for name in ('fcntl', 'resource', 'pwd', 'grp', 'termios'): sys.modules[name] = None\n"
        "import socket; vars(socket).pop('send_fds', None); vars(socket).pop('AF_UNIX', None)\n"
        "import os; [vars(os).pop(n, None) for n in ('fork', 'getuid', 'O_NOFOLLOW', 'setsid')]\n"
        "import signal; [vars(signal).pop(n, None) for n in ('SIGKILL', 'SIGALRM', 'SIGCHLD', 'pthread_sigmask')]\n"
        "import autograder.student.validate, autograder.student.progress, autograder.__main__\n"
        "assert not [m for m in sys.modules if m.startswith('nbgrader')]\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=labs.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("lab", labs.all_labs())
def test_a_lab_as_it_was_given_is_had_without_nbgrader_and_without_the_copy_learners_work_in(lab: str) -> None:
    released = nbformat.read(labs.exercise_path(lab), as_version=4)
    given = as_given(lab)
    assert [(c.id, c.source) for c in given.cells] == [(c.id, c.source) for c in released.cells]


def test_an_answer_in_words_is_said_to_be_written_or_not(tmp_path: Path) -> None:
    name = written_cells(as_given(LAB))[0].id
    assert validate(saved(tmp_path, answered({}))).hand_graded == {name: False}
    assert validate(saved(tmp_path, answered({name: "Because all ten are equal."}))).hand_graded == {name: True}


@pytest.mark.slow
def test_nbgraders_own_validate_names_the_same_cells(tmp_path: Path) -> None:
    """It is the button Validate in JupyterLab. It takes the points of each check from its text/plain."""
    right = command("nbgrader", "validate", str(saved(tmp_path, answered(reference() | WORDS))))
    assert "Success! Your notebook passes all the tests." in right.stdout
    wrong = command(
        "nbgrader", "validate", str(saved(tmp_path, answered(reference() | WORDS | class_answers.SLOPE_MISSING)))
    )
    named = [line.strip() for line in wrong.stdout.splitlines() if line.strip().startswith("check(")]
    assert named == [
        f"check({report.exercise})" for report in validate(tmp_path / f"{LAB}.ipynb").reports if not report.passed
    ]
