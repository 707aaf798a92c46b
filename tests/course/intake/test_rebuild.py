"""Does nothing a learner did to the frame of the lab cost points, and does everything of theirs stay?"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell
from nbgrader.utils import compute_checksum

from autograder.course.cells import bound_names
from autograder.course.intake.notebooks import notices_of
from autograder.course.intake.rebuild import rebuild
from tools.make_class import WRITTEN, answered, reference, released

GIVEN = [cell.id for cell in released().cells if cell.metadata.get("nbgrader", {}).get("locked")]


def order(notebook: NotebookNode) -> list[str]:
    """Return the nbgrader ids of the cells in their order."""
    return [c.metadata.nbgrader.grade_id for c in notebook.cells if "nbgrader" in c.metadata]


def remade(cells: list[NotebookNode]) -> NotebookNode:
    return rebuild(cells, released())


def is_whole(notebook: NotebookNode) -> bool:
    """Is every given cell there once, as it was given, setup first and each graded cell below its function?"""
    ids = order(notebook)
    given = {c.id: c.source for c in released().cells if c.id in GIVEN}
    same = all(c.source == given[c.id] for c in notebook.cells if c.id in GIVEN)
    below = all(ids.index(name) < ids.index(f"{name}_check") for name in reference())
    first_code = next(c for c in notebook.cells if c.cell_type == "code")
    return sorted(set(ids)) == sorted(ids) and set(GIVEN) <= set(ids) and same and below and first_code.id == "setup"


def test_the_lab_as_released_comes_back_the_same() -> None:
    notebook = remade(released().cells)
    assert [c.source for c in notebook.cells] == [c.source for c in released().cells]
    assert order(notebook) == order(released())
    assert not notices_of(notebook)


def test_what_is_put_in_is_not_changed() -> None:
    cells, frame = answered(reference()).cells, released()
    before = deepcopy(cells), deepcopy(frame)
    rebuild(cells, frame)
    assert (cells, frame) == before


def test_deleted_graded_cells_come_back_below_their_functions() -> None:
    notebook = remade([c for c in answered(reference()).cells if c.id not in GIVEN])
    assert is_whole(notebook)
    assert "missing" in notices_of(notebook)[0].text


def test_edited_graded_cells_come_back_as_they_were_given() -> None:
    cells = answered(reference()).cells
    for cell in cells:
        if cell.id in GIVEN and cell.id != "setup":
            cell.source = "check(lambda: 2)"
    assert is_whole(remade(cells))


def test_doubled_graded_cells_are_graded_once() -> None:
    cells = answered(reference()).cells
    assert is_whole(remade([copy for c in cells for copy in ([c, deepcopy(c)] if c.id in GIVEN else [c])]))


def test_metadata_that_is_gone_changes_nothing() -> None:
    cells = answered(reference()).cells
    for cell in cells:
        cell.metadata = NotebookNode()
    notebook = remade(cells)
    assert is_whole(notebook)
    assert order(notebook) == order(released())


def test_metadata_that_lies_changes_nothing() -> None:
    cells = answered(reference()).cells
    for cell in cells:
        cell.metadata = NotebookNode(nbgrader={"grade_id": ["setup"], "points": 1e9, "grade": "yes"}, tags=["skip"])
    assert order(remade(cells)) == order(released())


def test_a_notebook_upside_down_has_each_graded_cell_below_its_function() -> None:
    assert is_whole(remade(answered(reference()).cells[::-1]))


def test_a_function_counts_wherever_it_is_defined() -> None:
    cells = released().cells
    cells = [c for c in cells if c.id != "output_delta"]
    cells.append(new_code_cell("def output_delta(O, t):\n    return O - t"))
    notebook = remade(cells)
    assert order(notebook)[-2:] == ["output_delta", "output_delta_check"]


def test_a_graded_cell_stays_where_the_learner_has_it_below_the_definition() -> None:
    cells = answered(reference()).cells
    mine = next(c for c in cells if c.id == "output_delta_check")
    cells.remove(mine)
    cells.append(mine)
    assert order(remade(cells))[-1] == "output_delta_check"


def test_work_written_into_a_given_cell_is_kept() -> None:
    cells = released().cells
    next(c for c in cells if c.id == "setup").source += "\nimport math"
    next(c for c in cells if c.id == "output_delta_check").source = "def output_delta(O, t):\n    return O"
    notebook = remade(cells)
    sources = [c.source for c in notebook.cells]
    assert any("import math" in source for source in sources)
    assert sources.index("def output_delta(O, t):\n    return O") < sources.index("check(output_delta)")
    assert set(GIVEN) <= set(order(notebook))


def test_other_cells_of_the_learner_stay_in_their_order() -> None:
    mine = [new_markdown_cell("a note"), new_code_cell("z = 1"), new_code_cell("z")]
    notebook = remade([*mine[:2], *released().cells, mine[2]])
    own = [c.source for c in notebook.cells if c.source in {"a note", "z = 1", "z"}]
    assert own == ["a note", "z = 1", "z"]


def test_a_function_that_nothing_defines_is_said() -> None:
    notebook = remade(answered({"output_delta": "def outputdelta(O, t):\n    return O"}).cells)
    assert any("`output_delta`" in notice.text for notice in notices_of(notebook))
    assert notebook.cells[0].source.startswith("**About this submission**")


def test_an_empty_notebook_becomes_the_graded_cells_in_their_order() -> None:
    assert order(remade([])) == [WRITTEN, *GIVEN]


ANSWER = "They stay equal.\n\nSo they are one unit."


def written(notebook: NotebookNode) -> tuple[str, str, bool]:
    """Return the answer in words of a rebuilt notebook: its type, its text, and whether it is the text learners get."""
    (cell,) = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == WRITTEN]
    return cell.cell_type, cell.source, cell.metadata.nbgrader.checksum == compute_checksum(cell)


def with_cells(change: Callable[[list[NotebookNode], int], object]) -> NotebookNode:
    """Return the lab rebuilt after a change to its cells; the change is told where the answer in words belongs."""
    cells = released().cells
    change(cells, next(i for i, c in enumerate(cells) if c.id == WRITTEN))
    return remade(cells)


def as_code(cells: list[NotebookNode], at: int) -> None:
    cells[at] = new_code_cell(ANSWER, metadata=cells[at].metadata)


def without_metadata(cells: list[NotebookNode], at: int) -> None:
    cells[at] = new_markdown_cell(ANSWER)


ANSWERED: dict[str, Callable[[list[NotebookNode], int], object]] = {
    "in its cell": lambda cells, at: cells[at].update(source=ANSWER),
    "in its cell, without metadata": without_metadata,
    "in its cell, made a code cell": as_code,
    "in a cell below it": lambda cells, at: cells.insert(at + 1, new_markdown_cell(ANSWER)),
    "in a cell above it": lambda cells, at: cells.insert(at, new_markdown_cell(ANSWER)),
    "below code of the learner's": lambda cells, at: cells.__setitem__(
        slice(at, at + 1), [new_code_cell("1"), new_markdown_cell(ANSWER)]
    ),
    "in a raw cell in its place": lambda cells, at: cells.__setitem__(at, new_raw_cell(ANSWER)),
    "in its cell, moved to the end": lambda cells, at: cells.append(NotebookNode(cells.pop(at), source=ANSWER)),
    "twice": lambda cells, at: cells.insert(at, NotebookNode(cells[at], source=ANSWER)),
}


@pytest.mark.parametrize("how", ANSWERED)
def test_an_answer_in_words_is_found_wherever_it_was_written(how: str) -> None:
    assert written(with_cells(ANSWERED[how])) == ("markdown", ANSWER, False)


def test_an_answer_in_words_typed_into_the_question_is_found() -> None:
    kind, text, as_given = written(
        with_cells(lambda cells, at: cells[at - 1].update(source=cells[at - 1].source + ANSWER))
    )
    assert (kind, as_given) == ("markdown", False)
    assert text.endswith(ANSWER)


@pytest.mark.parametrize("left", ["", "  \n", "YOUR ANSWER HERE\n"])
def test_an_answer_in_words_that_says_nothing_is_as_it_was_given(left: str) -> None:
    assert written(with_cells(lambda cells, at: cells[at].update(source=left))) == (
        "markdown",
        "YOUR ANSWER HERE",
        True,
    )


def test_an_answer_in_words_whose_cell_is_gone_is_put_back_empty_and_said() -> None:
    notebook = with_cells(lambda cells, at: cells.pop(at))
    assert written(notebook) == ("markdown", "YOUR ANSWER HERE", True)
    assert any(WRITTEN in notice.text for notice in notices_of(notebook))


def test_rebuilding_twice_changes_nothing_more() -> None:
    once = remade(answered(reference()).cells[::-1])
    again = remade([c for c in deepcopy(once.cells) if c.id != "grading-notice"])
    assert [c.source for c in again.cells] == [c.source for c in once.cells if c.id != "grading-notice"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(): g = 1", {"f"}),
        ("class C:\n    x = 1", {"C"}),
        ("f = lambda y: y", {"f"}),
        ("if True:\n    def f(): pass", {"f"}),
        ("from m import g as f, h", {"f", "h"}),
        ("%matplotlib inline\n!ls\ndef f(): pass", {"f"}),
        ("%%time\ndef f(): pass", {"f"}),
        ("files = !ls\nnp.zeros?\ndef f(): pass", {"files", "f"}),
        ("if True:\n    %time g()\n    def f(): pass", {"f"}),
        ("    def f():\n        pass", {"f"}),
        ("+".join(["1"] * 2000), set()),
        ("%%bash\nf=1", set()),
        ("def f(:", set()),
        ("[x for x in range(3)]", set()),
    ],
)
def test_the_names_a_cell_binds_are_found(source: str, names: set[str]) -> None:
    assert bound_names(source) - {"get_ipython"} == names
