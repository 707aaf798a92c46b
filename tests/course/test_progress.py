"""Does `progress` show what is done, from saved notebooks and from the session, and notice code that changed since?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from autograder import checking, so_far
from autograder.chapters import exercises
from autograder.course import labs
from autograder.course.kernel import Kernel, open_kernel
from autograder.course.limits import Limits
from autograder.so_far import Progress, progress
from tests.course.helpers import command
from tests.submissions import answers
from tests.submissions.make_class import LAB, answered, reference, released

DROPOUT = released("06_dropout")
RIGHT = ("output_delta", "bias_gradient")


@pytest.fixture(scope="module")
def ran() -> NotebookNode:
    """Return lab 03 with two right answers, a wrong one and one that is right in part, run as a learner runs it."""
    partly = "def sigmoid_linear_backward(upstream, O, x, W):\n    d = upstream * O * (1 - O)\n    return d @ W.T, d, d"
    right = {name: text for name, text in reference().items() if name in RIGHT}
    wrong = {"hidden_delta": answers.NOT_TRANSPOSED["hidden_delta"], "sigmoid_linear_backward": partly}
    notebook = answered(right | wrong)
    NotebookClient(notebook, allow_errors=True).execute()
    return notebook


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "CHECKED", {})
    monkeypatch.setattr(so_far, "CHECKED", checking.CHECKED)


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    with open_kernel() as kernel:
        kernel.run("import numpy as np\nimport autograder\nfrom autograder import check", 120, 5)
        yield kernel


def at(folder: Path, notebook: NotebookNode, lab: str = LAB) -> Path:
    """Save a lab in the folder of its name, and return the folder above."""
    (folder / lab).mkdir(exist_ok=True)
    nbformat.write(notebook, folder / lab / f"{lab}.ipynb")
    return folder


def states(found: Progress, lab: str = LAB) -> dict[str, str]:
    return {s.exercise.name: s.state for each in found.labs if each.lab == lab for s in each.standings}


def shown(kernel: Kernel, source: str) -> dict[str, Any]:
    return kernel.run(source, 60, 5).data[-1]


def test_saved_checks_tell_what_is_done(tmp_path: Path, ran: NotebookNode) -> None:
    found = progress(at(tmp_path, ran))
    assert states(found) == {
        "output_delta": "done",
        "hidden_delta": "wrong",
        "weight_gradient": "not written",
        "bias_gradient": "done",
        "sigmoid_linear_backward": "wrong",
        "gradient_check": "not written",
        "mlp_gradients": "not written",
        "train_xor": "not written",
    }
    assert (found.points, found.max_points) == (4, 120)


def test_the_first_exercise_that_is_not_done_in_the_lab_that_was_begun_is_next(
    tmp_path: Path, ran: NotebookNode
) -> None:
    found = progress(at(tmp_path, ran))
    assert found.next
    assert found.next.exercise.name == "hidden_delta"


def test_code_that_changed_since_its_check_is_not_done_any_more(tmp_path: Path, ran: NotebookNode) -> None:
    edited = deepcopy(ran)
    cell = next(cell for cell in edited.cells if cell.id == "output_delta")
    cell.source = cell.source.replace("O * (1 - O)", "O")
    found = progress(at(tmp_path, edited))
    assert states(found)["output_delta"] == "changed"
    assert found.points == 2
    assert "~ output_delta" in repr(found)


def test_a_comment_a_blank_line_and_a_magic_change_nothing(tmp_path: Path, ran: NotebookNode) -> None:
    edited = deepcopy(ran)
    cell = next(cell for cell in edited.cells if cell.id == "output_delta")
    cell.source = "%matplotlib inline\n" + cell.source.replace("    slope", "\n    # the slope\n    slope") + "\n\n"
    assert states(progress(at(tmp_path, edited)))["output_delta"] == "done"


def test_a_function_that_is_written_but_not_checked_is_not_done(tmp_path: Path) -> None:
    found = states(progress(at(tmp_path, answered(reference()))))
    assert set(found.values()) == {"not checked"}


def test_checks_of_this_session_count_before_the_notebook_is_saved(kernel: Kernel) -> None:
    right = reference()["output_delta"]
    kernel.run(f"{right}\n\ncheck(output_delta)", 60, 5)
    data = shown(kernel, "autograder.progress()")
    assert "✓ output_delta" in data["text/plain"]
    assert "2 of 120 points" in data["text/html"]


def test_in_a_session_a_new_definition_is_noticed_too(kernel: Kernel) -> None:
    kernel.run(f"{reference()['output_delta']}\n\ncheck(output_delta)", 60, 5)
    kernel.run("def output_delta(O, t):\n    return O - t", 60, 5)
    assert "~ output_delta" in shown(kernel, "autograder.progress()")["text/plain"]


def test_a_check_on_other_inputs_than_the_public_ones_is_no_progress() -> None:
    def output_delta(O: Any, t: Any) -> Any:
        return (O - t) * O * (1 - O)

    assert checking.check(output_delta, seed=7).passed
    assert "output_delta" not in checking.CHECKED


def test_a_class_is_recognised_as_it_was_checked(kernel: Kernel, tmp_path: Path) -> None:
    name = next(name for name, text in reference("04_affine_layer").items() if text.lstrip().startswith("class "))
    kernel.run(f"{reference('04_affine_layer')[name]}\n\nreport = check({name})", 60, 5)
    assert f"✓ {name}" in shown(kernel, "autograder.progress()")["text/plain"]
    assert len(shown(kernel, "report.code")["text/plain"]) == 18  # with its quotes


def test_of_two_copies_of_a_lab_the_one_with_checks_counts(tmp_path: Path, ran: NotebookNode) -> None:
    at(tmp_path, ran)
    nbformat.write(answered({}), tmp_path / "copy.ipynb")
    assert progress(tmp_path).points == 4


def test_damaged_notebooks_are_named_and_others_read(tmp_path: Path, ran: NotebookNode) -> None:
    at(tmp_path, ran)
    for name, text in {
        "half.ipynb": nbformat.writes(ran)[:900],
        "list.ipynb": "[1]",
        "odd.ipynb": '{"cells": 3}',
    }.items():
        (tmp_path / name).write_text(text, "utf-8")
    found = progress(tmp_path)
    assert found.points == 4
    assert set(found.unreadable) == {"half.ipynb", "list.ipynb", "odd.ipynb"}


def version_3(notebook: NotebookNode) -> dict[str, Any]:
    cells = [{"input" if key == "source" else key: value for key, value in cell.items()} for cell in notebook.cells]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32-be"])
def test_whatever_grading_reads_is_read(tmp_path: Path, ran: NotebookNode, encoding: str) -> None:
    (tmp_path / "LAB.IPYNB").write_bytes(json.dumps(version_3(ran)).encode(encoding))
    found = progress(tmp_path)
    assert (found.unreadable, found.points) == ((), 4)


def test_a_long_log_beside_the_checks_does_not_hide_them(tmp_path: Path, ran: NotebookNode) -> None:
    log = {"output_type": "stream", "name": "stdout", "text": ["loss 0.25\n"] * 500_000}
    notebook = json.loads(nbformat.writes(ran))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [log, *cell["outputs"]] if cell["id"] == "output_delta" else cell["outputs"]
    (tmp_path / "lab.ipynb").write_text(json.dumps(notebook))
    assert progress(tmp_path).points == 4


def test_a_notebook_too_large_to_grade_is_named(tmp_path: Path) -> None:
    with (tmp_path / "large.ipynb").open("wb") as file:
        file.truncate(Limits().notebook_bytes + 1)
    assert progress(tmp_path).unreadable == ("large.ipynb",)


def test_nothing_in_a_notebook_can_become_markup(tmp_path: Path) -> None:
    (tmp_path / "<img src=x>.ipynb").write_text("x", "utf-8")
    assert "<img" not in progress(tmp_path)._repr_mimebundle_()["text/html"]


def test_the_command_prints_text_or_one_object_and_changes_no_file(tmp_path: Path, ran: NotebookNode) -> None:
    folder = at(tmp_path, ran)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    text = command("autograder", "progress", str(folder))
    data = json.loads(command("autograder", "progress", str(folder), "--json").stdout)
    assert "Lab 03: the δ template: 4 of 19 points, 2 of 8 exercises" in text.stdout
    assert (text.returncode, data["points"], data["next"]["exercise"]) == (0, 4, "hidden_delta")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_folder_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    done = command("autograder", "progress", str(tmp_path / "x"))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course whose instructor has deleted the texts and notebooks of all labs but 01, 03 and 04."""
    kept = ("03_delta_template", "04_affine_layer")
    texts, notebooks = tmp_path / "solutions", tmp_path / "exercises"
    texts.mkdir()
    shutil.copy(labs.solution_path("01_chain_rule"), texts)
    for lab in kept:
        shutil.copytree(labs.EXERCISES / lab, notebooks / lab)
    monkeypatch.setattr(labs, "SOLUTIONS", texts)
    monkeypatch.setattr(labs, "EXERCISES", notebooks)
    return tmp_path


def test_a_lab_that_the_course_leaves_out_is_named_and_neither_counted_nor_next(course: Path) -> None:
    found = progress(labs.EXERCISES)
    assert [lab.lab for lab in found.labs] == ["01_chain_rule", LAB, "04_affine_layer"]
    assert found.max_points == sum(e.max_points for e in exercises().values() if e.chapter[:2] in ("01", "03", "04"))
    assert found.to_data()["left_out"] == list(found.left_out)
    assert len({*found.left_out, *(lab.lab for lab in found.labs)}) == len({e.chapter for e in exercises().values()})
    for shown in found._repr_mimebundle_().values():
        assert "eft out of this course, so not counted: 02_computation_graphs, 05_mlp_by_hand, 06_dropout" in shown


def test_a_learner_who_has_a_lab_that_the_course_leaves_out_has_it_counted(course: Path) -> None:
    at(course, DROPOUT, "06_dropout")
    found = progress(course)
    assert "06_dropout" in [lab.lab for lab in found.labs]
    assert "06_dropout" not in found.left_out


def test_where_the_package_came_without_labs_all_are_counted(course: Path, tmp_path: Path) -> None:
    for folder in (labs.SOLUTIONS, labs.EXERCISES):
        shutil.rmtree(folder)
    found = progress(tmp_path)
    assert (found.left_out, found.max_points) == ((), 120)
