"""Is an answer in words found wherever it was written, and is nothing else taken for one?"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import cache

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from autograder import labs
from autograder.course.cells import written_cells
from autograder.course.intake.notebooks import notices_of
from autograder.course.intake.rebuild import rebuild
from autograder.course.release.release import source_notebook
from tools.make_class import LAB, answered, reference

ANSWER = "All ten units get the same inputs and the same gradient, so they stay\nequal for ever and act as one unit."
FIRST, SECOND = (
    "All ten units start with equal weights and so have",
    "equal gradients; therefore they stay one unit only.",
)
GIVEN = "YOUR ANSWER HERE"

Cells = list[NotebookNode]
Change = Callable[[Cells, int], object]


@cache
def lab_with(lab: str, right: bool) -> NotebookNode:
    """Return a lab as it was given, or with its solutions and no answer in words."""
    return answered(reference(lab) if right else {}, lab)


def stub_of(lab: str) -> str:
    return str(written_cells(lab_with(lab, False))[0].id)


def answer_to(change: Change, lab: str = LAB, *, right: bool = False) -> tuple[str, list[str], NotebookNode]:
    """Return what is shown as the answer after a change to a lab's cells, and what is said; the change is told where
    the cell for the answer is."""
    cells = deepcopy(lab_with(lab, right)).cells
    change(cells, next(i for i, c in enumerate(cells) if c.id == stub_of(lab)))
    notebook = rebuild(cells, lab_with(lab, False))
    (cell,) = written_cells(notebook)
    return cell.source, [notice.text for notice in notices_of(notebook)], notebook


def at_end(*new: NotebookNode) -> Change:
    return lambda cells, at: cells.extend(new)


def below(*new: NotebookNode) -> Change:
    return lambda cells, at: cells.__setitem__(slice(at + 1, at + 1), new)


def instead(*new: NotebookNode) -> Change:
    return lambda cells, at: cells.__setitem__(slice(at, at + 1), new)


def above(steps: int, *new: NotebookNode) -> Change:
    """Put cells that many cells above the question."""
    return lambda cells, at: cells.__setitem__(slice(at - 1 - steps, at - 1 - steps), new)


def within(offset: int, write: Callable[[str], str]) -> Change:
    """Write into the cell that stands so far from the one for the answer."""
    return lambda cells, at: cells[at + offset].update(source=write(cells[at + offset].source))


def commented(text: str) -> str:
    return "\n".join(f"# {line}" for line in text.splitlines())


def after_line(number: int, text: str) -> Callable[[str], str]:
    return lambda source: "\n".join([*source.splitlines()[:number], text, *source.splitlines()[number:]])


CODE = new_code_cell("z = 1")
WAYS: dict[str, Change] = {
    "in its cell": within(0, lambda _: ANSWER),
    "in its cell, below what stands there": within(0, lambda given: f"{given}\n\n{ANSWER}"),
    "a comment in a code cell below": below(new_code_cell(commented(ANSWER))),
    "a comment without blanks": below(new_code_cell(commented(ANSWER).replace("# ", "#"))),
    "a comment after code in a cell below": below(new_code_cell(f"z = 1\n{commented(ANSWER)}")),
    "a comment at the end of a line of code": below(new_code_cell(f"z = 1  # {ANSWER}".replace("\n", " "))),
    "a text that stands alone in a code cell": below(new_code_cell(f'"""{ANSWER}"""')),
    "a text below code": below(new_code_cell(f'z = 1\n"""\n{ANSWER}\n"""')),
    "a docstring": below(new_code_cell(f'def why():\n    """{ANSWER}"""')),
    "printed": below(new_code_cell(f"print({ANSWER!r})")),
    "kept in a name": below(new_code_cell(f"answer = ({ANSWER!r})")),
    "prose in a code cell": below(new_code_cell(ANSWER)),
    "prose in a code cell at the end": at_end(new_code_cell(ANSWER)),
    "a cell of Markdown's magic": below(new_code_cell(f"%%markdown\n{ANSWER}")),
    "below what comes after it": at_end(new_markdown_cell(ANSWER)),
    "under a heading at the end": at_end(new_markdown_cell("## Answer"), new_markdown_cell(ANSWER)),
    "a comment at the end": at_end(CODE, new_code_cell(commented(ANSWER))),
    "a comment with code at the end": at_end(new_code_cell(f"import numpy as np\n{commented(ANSWER)}\nz = np.ones(3)")),
    "a raw cell below": below(new_raw_cell(ANSWER)),
    "a raw cell at the end": at_end(new_raw_cell(ANSWER)),
    "just before the question": above(0, new_markdown_cell(ANSWER)),
    "far before the question": above(12, new_markdown_cell(ANSWER)),
    "a comment far before the question": above(12, new_code_cell(commented(ANSWER))),
    "the question's cell, at its end": within(-1, lambda given: f"{given}\n\n{ANSWER}"),
    "the question's cell, in its last line": within(-1, lambda given: f"{given} {ANSWER}"),
    "the question's cell, between its lines": within(-1, after_line(4, ANSWER)),
    "the question's cell, on top": within(-1, lambda given: f"{ANSWER}\n\n{given}"),
    "the question's cell, for its last paragraph": within(-1, lambda given: given[: given.index("Answer in")] + ANSWER),
    "the next given text, on top": within(1, lambda given: f"{ANSWER}\n\n{given}"),
    "the next given text, between its lines": within(1, after_line(2, ANSWER)),
    "a given text far above": lambda cells, at: cells[2].update(source=f"{cells[2].source}\n\n{ANSWER}"),
    "the given code above the question, a comment at its end": within(-2, lambda c: f"{c}\n\n{commented(ANSWER)}"),
    "its cell made raw": instead(new_raw_cell(ANSWER)),
    "its cell made code, as comments": instead(new_code_cell(commented(ANSWER))),
    "its cell deleted, at the end": lambda cells, at: cells.append(new_markdown_cell(ANSWER, id=cells.pop(at).id)),
    "the question deleted too": lambda cells, at: cells.__setitem__(slice(at - 1, at + 1), [new_markdown_cell(ANSWER)]),
    "the question taken over": lambda cells, at: cells.__setitem__(
        slice(at - 1, at + 1), [new_markdown_cell(f"{cells[at - 1].source}\n\n{ANSWER}")]
    ),
    "a check's cell": lambda cells, at: next(c for c in cells if c.source.startswith("check(")).update(
        source=f"{next(c for c in cells if c.source.startswith('check(')).source}\n{commented(ANSWER)}"
    ),
}


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_is_found_wherever_it_was_written(way: str) -> None:
    assert plain(answer_to(WAYS[way])[0]).removeprefix(GIVEN).strip() == plain(ANSWER)


@pytest.mark.parametrize("way", ["its cell made raw", "a comment at the end", "the question's cell, at its end"])
@pytest.mark.parametrize("lab", labs.all_labs())
def test_it_is_found_in_every_lab(lab: str, way: str) -> None:
    assert plain(answer_to(WAYS[way], lab, right=True)[0]) == plain(ANSWER)


@pytest.mark.parametrize("way", WAYS)
def test_metadata_that_is_gone_keeps_no_answer_from_being_found(way: str) -> None:
    def change(cells: Cells, at: int) -> None:
        WAYS[way](cells, at)
        for cell in cells:
            cell.metadata = NotebookNode()

    assert plain(ANSWER) in plain(answer_to(change)[0])


@pytest.mark.parametrize(
    "way", ["a comment at the end", "under a heading at the end", "far before the question", "a given text far above"]
)
def test_where_it_is_not_certain_a_person_is_told_where_it_stands(way: str) -> None:
    _, said, notebook = answer_to(WAYS[way])
    (told,) = [text for text in said if "a person decides" in text]
    assert stub_of(LAB) in told
    assert "`All ten units get" in told
    assert plain(ANSWER) in plain("\n".join(c.source.replace("# ", "") for c in notebook.cells if not_answer(c)))


def not_answer(cell: NotebookNode) -> bool:
    return bool(cell.get("id") != stub_of(LAB))


def test_where_it_is_certain_nobody_is_asked_to_decide() -> None:
    for way in ("in its cell", "a raw cell below", "a comment in a code cell below", "the question's cell, at its end"):
        assert not [text for text in answer_to(WAYS[way])[1] if "decides" in text]


def test_an_answer_split_over_cells_is_put_together_in_their_order() -> None:
    for change in (
        below(new_markdown_cell(FIRST), new_markdown_cell(SECOND)),
        below(new_markdown_cell(FIRST), CODE, new_raw_cell(SECOND)),
        instead(new_markdown_cell(FIRST), new_code_cell(commented(SECOND))),
        lambda cells, at: (cells[at].update(source=FIRST), cells.insert(at + 1, new_markdown_cell(SECOND))),
        lambda cells, at: (
            cells[at - 1].update(source=f"{cells[at - 1].source}\n{FIRST}"),
            cells[at].update(source=SECOND),
        ),
    ):
        assert plain(answer_to(change)[0]) == f"{FIRST} {SECOND}"


def test_several_texts_that_may_be_the_answer_are_all_shown_in_order() -> None:
    def change(cells: Cells, at: int) -> None:
        cells.append(new_markdown_cell(SECOND))
        cells.insert(2, new_code_cell(commented(FIRST)))

    text, said, _ = answer_to(change)
    assert text.index(FIRST) < text.index(SECOND)
    assert [told for told in said if FIRST[:40] in told and SECOND[:40] in told]


def test_a_short_answer_that_may_only_point_to_another_cell_is_shown_with_what_is_there() -> None:
    def change(cells: Cells, at: int) -> None:
        cells[at].source = "See the end."
        cells.append(new_markdown_cell(ANSWER))

    text = answer_to(change)[0]
    assert text.startswith("See the end.")
    assert plain(ANSWER) in plain(text)


def test_notes_elsewhere_are_not_mixed_into_an_answer_in_its_cell() -> None:
    def change(cells: Cells, at: int) -> None:
        cells[at].source = ANSWER
        cells.append(new_markdown_cell("My notes: the chain rule multiplies along a path."))

    assert answer_to(change)[0] == ANSWER


def test_a_photo_alone_is_an_answer_wherever_it_is() -> None:
    photo = new_markdown_cell("![picture 1](attachment:picture-1.png)")
    photo.attachments = NotebookNode({"picture-1.png": {"image/png": "eA=="}})
    for change in (instead(deepcopy(photo)), below(deepcopy(photo)), at_end(deepcopy(photo))):
        text, _, notebook = answer_to(change)
        assert text == photo.source
        assert written_cells(notebook)[0].attachments == photo.attachments


NOTHING: dict[str, Change] = {
    "as it was given": lambda cells, at: None,
    "emptied": within(0, lambda _: "  \n"),
    "the given words, set bold": within(0, lambda given: f"**{given}:**"),
    "its cell deleted": lambda cells, at: cells.pop(at),
    "every cell twice": lambda cells, at: cells.__setitem__(slice(None), [deepcopy(c) for c in cells for _ in (0, 1)]),
    "upside down": lambda cells, at: cells.reverse(),
    "given cells run together": lambda cells, at: cells.__setitem__(
        slice(at - 1, at + 2), [new_markdown_cell("\n\n".join(c.source for c in cells[at - 1 : at + 2]))]
    ),
    "given text cut in two": lambda cells, at: cells.__setitem__(
        slice(at - 1, at), [new_markdown_cell(part) for part in cells[at - 1].source.split("\n\n")]
    ),
    "given text wrapped anew": within(-1, lambda given: " ".join(given.split())),
    "given text made raw": lambda cells, at: cells.__setitem__(at + 1, new_raw_cell(cells[at + 1].source)),
    "the plot switched on": within(-2, lambda code: code.replace("# plot_losses()", "plot_losses()")),
    "a helper of the learner's": above(
        5, new_code_cell('def slope(O):\n    """Return O times (1 - O)."""\n    return O')
    ),
    "code commented out": at_end(new_code_cell("# x = np.ones((3, 2))\n# print(output_delta(x, x))")),
    "a plot with labels": below(new_code_cell("plt.title('loss')\nplt.xlabel('epoch')\nplt.show()")),
    "code of the learner's below": below(new_code_cell("x = np.ones(3)\nx @ x")),
    "broken code": at_end(new_code_cell("H = 1 / (1 + np.exp(-(x @ W + b))\nO = H[")),
    "who wrote it": lambda cells, at: cells.insert(0, new_markdown_cell("**Name:** Ada Lovelace, group 3, Tuesday")),
    "a badge": lambda cells, at: cells.insert(
        0,
        new_markdown_cell(
            '<a href="https://x.example/a/b"><img src="https://x.example/open in this.svg" alt="a b c d"></a>'
        ),
    ),
    "two words of a heading": at_end(new_markdown_cell("## The end")),
}


@pytest.mark.parametrize("way", NOTHING)
@pytest.mark.parametrize("right", [False, True])
def test_given_text_and_code_are_never_taken_for_an_answer(way: str, right: bool) -> None:
    assert answer_to(NOTHING[way], right=right)[0] == GIVEN


@pytest.mark.parametrize("lab", labs.all_labs())
def test_a_lab_with_its_solutions_and_no_answer_in_words_has_none(lab: str) -> None:
    assert answer_to(lambda cells, at: None, lab, right=True)[0] == GIVEN


SOLUTION = f'''def output_delta(O, t):
    """Return δ, since all ten units get the same gradient."""
    {commented(FIRST)}
    return (O - t) * O * (1 - O)
{commented(SECOND)}
'''


@pytest.mark.parametrize("where", ["in its cell", "below the question", "at the end", "turned to Markdown"])
def test_the_comments_of_a_solution_are_no_answer(where: str) -> None:
    def change(cells: Cells, at: int) -> None:
        place = next(i for i, c in enumerate(cells) if c.id == "output_delta")
        if where == "in its cell":
            cells[place].source = SOLUTION
        elif where == "turned to Markdown":
            cells[place] = new_markdown_cell(SOLUTION, metadata=cells[place].metadata)
        else:
            cells.insert(at + 1 if where == "below the question" else len(cells), new_code_cell(SOLUTION))

    assert answer_to(change)[0] == GIVEN


def test_the_question_stands_as_it_was_given_where_the_answer_was_written_into_it() -> None:
    _, _, notebook = answer_to(WAYS["the question's cell, between its lines"])
    sources = [cell.source for cell in notebook.cells]
    assert all(cell.source in sources for cell in lab_with(LAB, False).cells if cell.id != stub_of(LAB))
    assert sum(ANSWER in source for source in sources) == 1


def test_code_with_an_answer_in_it_still_runs_where_it_stood() -> None:
    _, _, notebook = answer_to(WAYS["a comment after code in a cell below"])
    assert any(cell.source.startswith("z = 1\n# All") for cell in notebook.cells if cell.cell_type == "code")


def test_the_model_answers_are_found_where_a_learner_would_write_them() -> None:
    for lab in labs.all_labs():
        (model,) = written_cells(source_notebook(lab))
        text = model.source.split("**Rubric")[0].replace("### BEGIN SOLUTION", "").strip()
        found = answer_to(at_end(new_markdown_cell(text)), lab)[0]
        assert plain(found) == plain(text)
