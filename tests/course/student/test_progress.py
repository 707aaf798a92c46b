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
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from nbformat import NotebookNode

from autograder import Finding, Report, checking, exercises, labs
from autograder.sandbox.limits import Limits
from autograder.student import progress as so_far
from autograder.student.progress import Progress, progress
from tests.course.helpers import ALL, WHOLE, command
from tools import class_answers
from tools.make_class import LAB, answered, points_of, reference, released

DROPOUT = released("06_dropout")
RIGHT = ("output_delta", "bias_gradient")
EVERYTHING = sum(points_of(lab) + 2 for lab in labs.all_labs())  # with a question in words in each


@pytest.fixture(scope="module")
def ran() -> NotebookNode:
    """Return lab 03 with two right answers, a wrong one and one that is right in part, run as a learner runs it."""
    partly = "def sigmoid_linear_backward(upstream, O, x, W):\n    d = upstream * O * (1 - O)\n    return d @ W.T, d, d"
    right = {name: text for name, text in reference().items() if name in RIGHT}
    wrong = {"hidden_delta": class_answers.NOT_TRANSPOSED["hidden_delta"], "sigmoid_linear_backward": partly}
    notebook = answered(right | wrong)
    NotebookClient(notebook, allow_errors=True).execute()
    return notebook


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "CHECKED", {})
    monkeypatch.setattr(so_far, "CHECKED", checking.CHECKED)


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[BlockingKernelClient]:
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    outputs(client, "import numpy as np\nimport autograder\nfrom autograder import check")
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def outputs(kernel: BlockingKernelClient, source: str) -> list[dict[str, Any]]:
    """Run a cell; return the data of what it shows."""
    messages: list[dict[str, Any]] = []
    kernel.execute_interactive(source, output_hook=messages.append)
    return [one["content"]["data"] for one in messages if "data" in one["content"]]


def at(folder: Path, notebook: NotebookNode, lab: str = LAB) -> Path:
    """Save a lab in the folder of its name, and return the folder above."""
    (folder / lab).mkdir(exist_ok=True)
    nbformat.write(notebook, folder / lab / f"{lab}.ipynb")
    return folder


def states(found: Progress, lab: str = LAB) -> dict[str, str]:
    return {s.exercise.name: s.state for each in found.labs if each.lab == lab for s in each.exercises}


def shown(kernel: BlockingKernelClient, source: str) -> dict[str, Any]:
    return outputs(kernel, source)[-1]


def test_saved_checks_tell_what_is_done(tmp_path: Path, ran: NotebookNode) -> None:
    found = progress(at(tmp_path, ran))
    assert states(found) == dict.fromkeys(reference(), "not written") | {
        "output_delta": "done",
        "hidden_delta": "wrong",
        "bias_gradient": "done",
        "sigmoid_linear_backward": "wrong",
    }
    assert (found.points, found.max_points) == (4, EVERYTHING)


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


def test_checks_of_this_session_count_before_the_notebook_is_saved(kernel: BlockingKernelClient) -> None:
    right = reference()["output_delta"]
    outputs(kernel, f"{right}\n\ncheck(output_delta)")
    data = shown(kernel, "autograder.progress()")
    assert "✓ output_delta" in data["text/plain"]
    assert f"2 of {EVERYTHING:g} points" in data["text/html"]


def test_in_a_session_a_new_definition_is_noticed_too(kernel: BlockingKernelClient) -> None:
    outputs(kernel, f"{reference()['output_delta']}\n\ncheck(output_delta)")
    outputs(kernel, "def output_delta(O, t):\n    return O - t")
    assert "~ output_delta" in shown(kernel, "autograder.progress()")["text/plain"]


def test_a_check_on_other_inputs_than_the_public_ones_is_no_progress() -> None:
    def output_delta(O: Any, t: Any) -> Any:
        return (O - t) * O * (1 - O)

    assert checking.check(output_delta, seed=7).passed
    assert "output_delta" not in checking.CHECKED


def test_a_class_is_recognised_as_it_was_checked(kernel: BlockingKernelClient, tmp_path: Path) -> None:
    name = next(name for name, text in reference("04_affine_layer").items() if text.lstrip().startswith("class "))
    outputs(kernel, f"{reference('04_affine_layer')[name]}\n\nreport = check({name})")
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
    assert f"Lab 03: the δ template: 4 of {WHOLE:g} points, 2 of {len(reference())} exercises" in text.stdout
    assert (text.returncode, data["points"], data["next"]["exercise"]) == (0, 4, "hidden_delta")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_the_question_in_words_counts_for_what_it_is_worth(tmp_path: Path) -> None:
    name = "written_equal_start"
    blank = progress(at(tmp_path, answered({}))).labs[2]
    assert (blank.max_points, [(w.name, w.max_points, w.answered) for w in blank.words]) == (WHOLE, [(name, 2, False)])
    said = progress(at(tmp_path, answered({name: "Because all ten are equal."}))).labs[2]
    assert [words.answered for words in said.words] == [True]


def test_when_the_exercises_of_a_lab_are_done_its_question_in_words_is_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for exercise in exercises().values():
        if exercise.chapter == LAB:
            parts = tuple(Finding(part, points, points, "right", "") for part, points in exercise.points.items())
            report = Report(exercise.name, LAB, exercise.section, parts)
            monkeypatch.setitem(checking.CHECKED, exercise.name, report)
    blank = progress(at(tmp_path, answered(reference())))
    assert f"{ALL:g} of {WHOLE:g} points, {len(reference())} of {len(reference())} exercises" in repr(blank)
    assert "Next: the question in words in lab 03_delta_template, written_equal_start, for 2 points" in repr(blank)
    said = progress(at(tmp_path, answered({"written_equal_start": "Because all ten are equal."})))
    assert "✎ written_equal_start" in repr(said)
    assert "Next: the question in words" not in repr(said)


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
    by_hand = 3 * 2.0  # for the question in words of each
    of_exercises = sum(e.max_points for e in exercises().values() if e.chapter[:2] in ("01", "03", "04"))
    assert found.max_points == of_exercises + by_hand
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
    assert (found.left_out, found.max_points) == ((), EVERYTHING)
