"""Does a check on a page of the book say what it says in a notebook?"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pytest

from autograder import check, exercises, labs
from autograder.browser.practice import check_on_page
from tests.unit.chapters.solved import answers_of

A = Any


def given(lab: str) -> str:
    return labs.exercise_path(lab).read_text("utf-8")


def on_page(exercise: str, source: str | None = None, **others: str) -> dict[str, Any]:
    """What the page is told of an exercise answered by `source`, with answers to others of its lab."""
    answers = others if source is None else {exercise: source, **others}
    lab = given(exercises()[exercise].chapter)
    told: dict[str, Any] = json.loads(check_on_page(lab, json.dumps(answers), exercise))
    return told


@pytest.mark.parametrize("name", [name for name, exercise in exercises().items() if not exercise.needs_torch])
def test_the_courses_own_answer_gets_every_point(name: str) -> None:
    answers = answers_of(exercises()[name].chapter)
    told = on_page(name, **answers)
    assert (told["points"], told["max_points"]) == (exercises()[name].max_points,) * 2


def test_a_wrong_answer_is_told_in_the_words_of_the_notebook() -> None:
    def output_delta(O: A, t: A) -> A:
        return O - t

    report = check(output_delta)
    told = on_page("output_delta", "def output_delta(O, t):\n    return O - t\n")
    assert report.mistakes == ["slope-missing"]
    assert told["text"] == str(report)
    assert told["html"].startswith(report.to_html(book="../.."))


def test_what_to_read_again_is_linked_from_the_labs_page() -> None:
    told = on_page("output_delta", "def output_delta(O, t):\n    return O - t\n")
    assert 'href="../../book/mistakes.html#mistake-slope-missing"' in told["html"]


def test_the_inputs_of_the_case_that_is_told_are_shown() -> None:
    told = on_page("tanh_slope", "def tanh_slope(O):\n    return 1 - O\n")
    assert "<summary>Show the inputs of case 9</summary><pre>O = array([[" in told["html"]


def test_an_answer_that_is_right_shows_no_inputs() -> None:
    assert "<details>" not in on_page("tanh_slope", "def tanh_slope(O):\n    return 1 - O**2\n")["html"]


def test_a_stub_is_not_written_yet() -> None:
    assert "Not written yet: `tanh_slope(O)` raises NotImplementedError." in on_page("tanh_slope")["text"]


# --- what is above

BY_JACOBIANS = """\
def softmax_backward(p, upstream):
    return np.stack([u @ softmax_jacobian(q) for q, u in zip(p, upstream)])
"""


def test_what_a_lab_imports_and_defines_above_is_there() -> None:
    told = on_page("bug_1", "assert sigmoid(0) == 0.5 and X.shape == (5, 3)\ndef bug_1():\n    return 'sign'\n")
    assert "with `sign` the gradients" in told["text"]


def test_what_a_lab_imports_and_is_not_there_stops_nothing_below(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "with `sign` the gradients" in on_page("bug_1", "def bug_1():\n    return 'sign'\n")["text"]


def test_an_answer_above_can_be_called() -> None:
    above = "def softmax_jacobian(p):\n    return np.diag(p) - np.outer(p, p)\n"
    assert on_page("softmax_backward", BY_JACOBIANS, softmax_jacobian=above)["points"] == 2


@pytest.mark.parametrize(
    "above", [{}, {"softmax_jacobian": "def softmax_jacobian(p):\n    return p +\n"}], ids=["a stub", "no Python"]
)
def test_an_answer_above_that_is_missing_costs_nothing_below(above: dict[str, str]) -> None:
    assert on_page("softmax_backward", BY_JACOBIANS, **above)["points"] == 2


def test_nothing_is_left_of_the_answer_before() -> None:
    on_page("tanh_slope", "memory = 1\ndef tanh_slope(O):\n    return 1 - O**2\n")
    told = on_page("tanh_slope", "def tanh_slope(O):\n    return memory - O**2\n")
    assert "NameError: name 'memory' is not defined, at the line `return memory - O**2`" in told["text"]


# --- what a cell ends with, and prints


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "def tanh_slope(O):\n    return 1 - (O**2\n",
            "SyntaxError: '(' was never closed (line 2), at the line `return 1 - (O**2`",
        ),
        ("def tanh_slope(O):\nreturn 1\n", "line 2), at the line `return 1`"),
        ("def tanh_slope(O):\n    return O\n\ntanh_slope()\n", "at the line `tanh_slope()`"),
        (
            "import torch_is_not_here\n",
            "ModuleNotFoundError: No module named 'torch_is_not_here', at the line `import torch",
        ),
        ("def tanh_slope(O):\n    return np.square(O, O)[99]\n", "at the line `return np.square(O, O)[99]`"),
        (
            "raise NotImplementedError\n",
            "Your code raised NotImplementedError, at the line `raise NotImplementedError`",
        ),
        ("raise SystemExit\n", "Your code raised SystemExit, at the line `raise SystemExit`"),
    ],
)
def test_what_raises_names_the_learners_line(source: str, said: str) -> None:
    told = on_page("tanh_slope", source)
    assert told["points"] == 0
    assert said in told["text"]


def test_another_name_is_told() -> None:
    told = on_page("tanh_slope", "def tanh_slop(O):\n    return 1 - O**2\n")
    assert "Nothing by the name `tanh_slope` is defined; its cell defines `tanh_slop`." in told["text"]


def test_what_the_cell_prints_is_shown_and_the_value_of_its_last_line() -> None:
    told = on_page("tanh_slope", "def tanh_slope(O):\n    return 1 - O**2\nprint('<b>')\ntanh_slope(2)\n")
    assert told["points"] == 1
    assert told["html"].endswith("<p>Printed by the cell:</p><pre>&lt;b&gt;\n-3\n</pre>")
    assert told["text"].endswith("Printed by the cell:\n<b>\n-3\n")


def test_what_cells_above_print_is_not_shown() -> None:
    above = {"sigmoid_slope": "print('above')\n"}
    assert "above" not in on_page("tanh_slope", "def tanh_slope(O):\n    return 1 - O**2\n", **above)["html"]


def test_an_exercise_of_another_lab_is_refused() -> None:
    with pytest.raises(ValueError, match="the lab has no cell for the exercise bug_1"):
        check_on_page(given("01_chain_rule"), "{}", "bug_1")


def test_the_arrays_of_a_report_are_shown_as_they_were() -> None:
    before = np.get_printoptions()
    on_page("tanh_slope", "def tanh_slope(O):\n    return 1 - O\n")
    assert np.get_printoptions() == before
