"""Is it said in a sentence why functions are missing, and are syntax errors spoken of only where there is one?"""

from __future__ import annotations

from copy import deepcopy
from functools import cache

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder import labs
from autograder.course.intake.notebooks import notices_of
from autograder.course.intake.rebuild import rebuild
from autograder.course.release.released import lab_of
from tools.make_class import LAB, answered, reference

NAMES = list(reference())
LISTED = ", ".join(f"`{name}`" for name in NAMES)
NONE = f"None of the {len(NAMES)} functions of this lab is defined"


@cache
def given(lab: str) -> NotebookNode:
    return answered({}, lab)


def said(cells: list[NotebookNode], lab: str = LAB) -> list[str]:
    """Return what is said of a notebook, but for the given cells that were put back."""
    texts = [notice.text for notice in notices_of(rebuild(deepcopy(cells), given(lab)))]
    return [text for text in texts if "ut back" not in text and "answer to" not in text]


def with_answers(answers: dict[str, str]) -> list[NotebookNode]:
    return list(answered(reference() | answers).cells)


def without_functions(*instead: NotebookNode) -> list[NotebookNode]:
    return [*(cell for cell in given(LAB).cells if cell.id not in NAMES), *instead]


def test_a_whole_lab_has_nothing_missing() -> None:
    assert said(with_answers({})) == []
    assert said(given(LAB).cells) == []


IMPORTS = {
    "by name": f"from my_answers import {', '.join(NAMES)}",
    "all at once": "from my_answers import *",
    "as a module": "import my_answers\ncheck(my_answers.output_delta)",
    "as a module of another name": "import my_answers as m\nprint(m.output_delta(1, 2))",
    "several times": "\n".join(f"from my_answers import {name}" for name in NAMES),
}


@pytest.mark.parametrize("how", IMPORTS)
def test_a_lab_whose_answers_are_in_another_file_is_told_so_once(how: str) -> None:
    (told,) = said(without_functions(new_code_cell(IMPORTS[how])))
    assert told.startswith(f"{NONE}: {LISTED} are to come from `my_answers.py`")
    assert "a function that another file defines is not handed in with the notebook" in told


def test_a_lab_in_which_nothing_is_defined_is_told_so_once() -> None:
    (told,) = said(without_functions())
    assert told == (
        f"{NONE}: write them in the notebook and keep the names {LISTED}; "
        "a function that another file defines is not handed in with the notebook."
    )


def test_a_module_that_is_there_is_no_other_file() -> None:
    for line in ("import numpy", "from math import exp", "from os.path import *", "import numpy.linalg as la"):
        assert said([*with_answers({}), new_code_cell(line)]) == []
    written = "%%writefile helpers.py\ndef output_delta(O, t):\n    return O"
    assert said([*without_functions(new_code_cell(written)), new_code_cell("from helpers import *")])[0].startswith(
        f"{NONE}: write them"
    )


def test_a_module_that_is_only_imported_is_not_taken_for_a_file_with_the_answers() -> None:
    for line in ("import pandas_of_tomorrow as pd", "from pandas_of_tomorrow import frame\nframe.show()"):
        (told,) = said([*with_answers({"hidden_delta": ""}), new_code_cell(line)])
        assert told == "No cell defines `hidden_delta`: keep the name that the lab gives."


def test_a_function_that_the_notebook_defines_too_is_not_missing() -> None:
    for answer in ("from deltas import hidden_delta\n\n\ndef hidden_delta(*a):\n    return a", "hidden_delta = max"):
        assert (
            said([*with_answers({"hidden_delta": answer}), new_code_cell("import numpy as np\nnp.hidden_delta")]) == []
        )


def test_one_function_of_another_file_is_named_alone() -> None:
    (told,) = said(with_answers({"hidden_delta": "from deltas import hidden_delta"}))
    assert told.startswith("`hidden_delta` is to come from `deltas.py`: keep the function in the notebook")


@pytest.mark.parametrize(
    "other",
    [
        "Output_delta", "outputDelta", "OutputDelta", "output_delta_", "outputdelta", "OUTPUT_DELTA", "output_deltas",
        "ouput_delta", "output__delta", "delta_output", "deltaOutput", "my_output_delta",
    ],
)  # fmt: skip
def test_a_near_name_is_named(other: str) -> None:
    for source in (f"def {other}(O, t):\n    return O", f"{other} = lambda O, t: O"):
        (told,) = said(with_answers({"output_delta": source}))
        assert told == f"A name counts to the letter: `{other}` is there where `output_delta` is asked for. Rename it."


def test_a_lab_in_which_all_names_are_changed_is_told_all_of_them_in_one_sentence() -> None:
    answers = {name: source.replace(f"def {name}", f"def {name.title()}") for name, source in reference().items()}
    (told,) = said(with_answers(answers))
    assert told.count("is asked for") == len(NAMES)


def test_a_name_that_is_not_near_is_not_named() -> None:
    (told,) = said(with_answers({"output_delta": "def f(O, t):\n    return O"}))
    assert told == "No cell defines `output_delta`: keep the name that the lab gives."


def test_names_that_the_lab_itself_gives_are_not_taken_for_a_changed_one() -> None:
    (told,) = said([cell for cell in with_answers({}) if cell.id != "train_xor"])
    assert told == "No cell defines `train_xor`: keep the name that the lab gives."


SYNTAX = {
    "def bias_gradient(delta)\n    return delta": 1,
    "def bias_gradient(delta):\n    z = (1\n    return z": 2,
    "%time\ndef bias_gradient(delta):\n    return delta.sum(axis=0]": 3,
    "def bias_gradient(delta):": 1,
    "<<<<<<< HEAD\ndef bias_gradient(delta):\n    return 1\n=======": 1,
    "def bias_gradient(delta):\n    return “sum”": 2,
}


@pytest.mark.parametrize("source", SYNTAX)
def test_a_syntax_error_is_told_with_its_line_and_what_it_costs(source: str) -> None:
    cells = with_answers({"bias_gradient": source})
    number = next(i for i, cell in enumerate(cells, 1) if cell.id == "bias_gradient")
    (told,) = said(cells)
    assert told.startswith(f"Line {SYNTAX[source]} of cell {number} (`{source.splitlines()[0]}`) is not Python: ")
    assert told.endswith("So `bias_gradient` is not defined.")


def test_a_cell_of_code_turned_to_text_is_told_by_its_kind() -> None:
    cells = with_answers({})
    place = next(i for i, cell in enumerate(cells) if cell.id == "hidden_delta")
    cells[place] = new_markdown_cell(cells[place].source)
    assert said(cells) == [
        f"Cell {place + 1}, which is to define `hidden_delta`, is a cell of text: make it a code cell."
    ]


def test_no_syntax_error_is_spoken_of_where_there_is_none() -> None:
    for cells in (without_functions(), without_functions(new_code_cell("import my_answers")), []):
        assert not [text for text in said(cells) if "syntax" in text.lower() or "not Python" in text]


def test_each_missing_function_is_told_by_its_own_cause() -> None:
    answers = {
        "output_delta": "def outputDelta(O, t):\n    return O",
        "bias_gradient": "def bias_gradient(delta)\n    return delta",
        "hidden_delta": "from deltas import hidden_delta",
        "train_xor": "",
    }
    told = said(with_answers(answers))
    assert len(told) == len(answers)
    assert [name for name in answers for text in told if f"`{name}`" in text] == list(answers)


@pytest.mark.parametrize("other", [lab for lab in labs.all_labs() if lab != LAB])
def test_another_lab_is_told_by_its_name(other: str) -> None:
    (told,) = said(given(other).cells)
    assert told.startswith(f"This is lab `{other}`: none of the functions that are graded here is in it.")


def test_a_class_of_a_lab_is_called_one() -> None:
    assert "functions and classes" in said([], "04_affine_layer")[0]


def test_a_lab_is_known_by_what_is_left_of_it() -> None:
    cells = given(LAB).cells
    assert lab_of([c for c in cells if c.cell_type == "markdown"], "x.ipynb") == LAB
    assert lab_of([new_code_cell("check(output_delta)")], "x.ipynb") == LAB
    assert lab_of([], f"{LAB}.ipynb") == LAB
    assert lab_of([new_code_cell("x = 1")], "x.ipynb") is None
