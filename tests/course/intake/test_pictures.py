"""Do the pictures of a learner's text reach whoever grades, and nothing else that is called a picture?"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping

import pytest
from nbformat import NotebookNode
from PIL import Image

from autograder.course.cells import written_cells
from autograder.course.feedback.feedback_page import render
from autograder.course.feedback.sanitize import make_inert
from autograder.course.intake.notebooks import read_cells
from autograder.course.intake.pictures import data_uri, keep_pictures, kind_of
from autograder.course.intake.rebuild import rebuild
from tests.course.helpers import in_formgrader
from tests.submissions.pages import acting
from tools.make_class import WRITTEN, released

KINDS = {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}
SVG = '<svg xmlns="http://www.w3.org/2000/svg" onload="top.hurt=1"><script>top.hurt=1</script></svg>'


def image(kind: str = "png", size: tuple[int, int] = (3, 2)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "red").save(made, kind)
    return made.getvalue()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def read(source: str, attachments: object = None, picture_bytes: int = 1_000_000) -> tuple[NotebookNode, list[str]]:
    """Return the cell that a text with attachments is read as, and what was said of it."""
    cell = {"cell_type": "markdown", "metadata": {}, "source": source, "attachments": attachments}
    cells, said = read_all([cell], picture_bytes)
    return cells[0], said


def read_all(cells: list[dict[str, object]], picture_bytes: int = 1_000_000) -> tuple[list[NotebookNode], list[str]]:
    read_back, notices = read_cells(json.dumps({"cells": cells}).encode(), 1_000_000, attachment_bytes=10_000_000)
    return read_back, [*(notice.text for notice in notices), *keep_pictures(read_back, picture_bytes)]


def pictures(cell: NotebookNode) -> list[bytes]:
    """Return the pictures of a cell, in the order of their names."""
    return [base64.b64decode(next(iter(bundle.values()))) for _, bundle in sorted(cell.get("attachments", {}).items())]


@pytest.mark.parametrize("kind", KINDS)
def test_an_attached_picture_is_kept_and_shown_where_it_was(kind: str) -> None:
    cell, said = read(f"Look: ![a {kind}](attachment:photo.x) so.", {"photo.x": {"image/any": b64(image(kind))}})
    name = f"picture-1.{kind}"
    assert cell.source == f"Look: ![picture 1](attachment:{name}) so."
    assert cell.attachments == {name: {KINDS[kind]: b64(image(kind))}}
    assert said == []


SHOWINGS = {
    "Jupyter": ("image.png", "![image.png](attachment:image.png)"),
    "a blank in the name": ("my photo.png", "![my photo.png](attachment:my%20photo.png)"),
    "parentheses": ("photo (1).png", "![photo (1).png](attachment:photo%20(1).png)"),
    "angle brackets": ("photo (1).png", "![x](<attachment:photo (1).png>)"),
    "a title": ("p.png", '![x](attachment:p.png "the photo")'),
    "letters of another script": ("фото.png", "![](attachment:%D1%84%D0%BE%D1%82%D0%BE.png)"),
    "HTML": ("p.png", '<img src="attachment:p.png" width="300" alt="a < b"/>'.replace(" < ", " ")),
    "HTML without quotes": ("p.png", "<img src=attachment:p.png width=3>"),
}


@pytest.mark.parametrize("how", SHOWINGS)
def test_a_picture_is_found_however_the_text_names_it(how: str) -> None:
    name, shows = SHOWINGS[how]
    cell, said = read(f"before {shows} after", {name: {"image/png": b64(image())}})
    assert cell.source == "before ![picture 1](attachment:picture-1.png) after"
    assert said == []


WRITTEN_IN = {
    "Colab": "![image.png](data:image/png;base64,{})",
    "HTML": '<img alt="x" src="data:image/png;base64,{}" width=400>',
    "another kind than it says": "![x](data:image/jpeg;base64,{})",
}


@pytest.mark.parametrize("how", WRITTEN_IN)
def test_a_picture_written_into_the_text_as_data_is_kept(how: str) -> None:
    cell, said = read(f"before {WRITTEN_IN[how].format(b64(image()))} after")
    assert cell.source == "before ![picture 1](attachment:picture-1.png) after"
    assert pictures(cell) == [image()]
    assert said == []


def test_a_picture_written_into_the_text_does_not_count_as_text() -> None:
    source = f"![x](data:image/png;base64,{b64(image() + bytes(300_000))})"
    text = json.dumps({"cells": [{"cell_type": "markdown", "source": source}]}).encode()
    (cell,), _ = read_cells(text, 100_000, attachment_bytes=1_000_000)
    assert len(pictures(cell)) == 1
    (cell,), _ = read_cells(text, 100_000)
    assert cell.source == "![x](attachment:in the text 1)"


def test_a_picture_that_the_text_shows_in_no_known_way_comes_at_its_end() -> None:
    cell, _ = read("![x][1]\n\n[1]: attachment:p.png", {"p.png": {"image/png": b64(image())}})
    assert cell.source.endswith("\n\n![picture 1](attachment:picture-1.png)")


def test_pictures_of_one_name_in_several_cells_keep_apart() -> None:
    cells: list[dict[str, object]] = [
        {
            "cell_type": "markdown",
            "source": "![](attachment:image.png)",
            "attachments": {"image.png": {"image/png": b64(image(size=(n, 1)))}},
        }
        for n in (1, 2)
    ]
    read_back, _ = read_all(cells)
    assert [next(iter(cell.attachments)) for cell in read_back] == ["picture-1.png", "picture-2.png"]
    assert [pictures(cell) for cell in read_back] == [[image(size=(1, 1))], [image(size=(2, 1))]]


LEFT_OUT: dict[str, tuple[object, str]] = {
    "SVG": ({"image/svg+xml": SVG}, "only PNG"),
    "SVG as base64": ({"image/svg+xml": b64(SVG.encode())}, "only PNG"),
    "SVG said to be PNG": ({"image/png": b64(SVG.encode())}, "only PNG"),
    "HTML said to be PNG": ({"image/png": b64(b"<script>top.hurt=1</script>")}, "only PNG"),
    "no base64": ({"image/png": '"><script>top.hurt=1</script>'}, "only PNG"),
    "a photo of a telephone's own form": ({"image/heic": b64(b"\0\0\0\x18ftypheic" + bytes(50))}, "only PNG"),
    "TIFF": ({"image/tiff": b64(image("tiff"))}, "only PNG"),
    "nothing": ({}, "only PNG"),
    "a number": ({"image/png": 7}, "only PNG"),
    "no bundle": (7, "does not hold"),
    "half a header": ({"image/png": b64(image()[:12])}, "damaged"),
    "no size in it": ({"image/jpeg": b64(b"\xff\xd8\xff" + bytes(200))}, "damaged"),
    "too many pixels": ({"image/png": b64(image()[:16] + b"\0\0\xff\xff\0\0\xff\xff" + image()[24:])}, "pixels"),
    "too large": ({"image/png": b64(image() + bytes(2_000_000))}, "MB"),
}


@pytest.mark.parametrize("what", LEFT_OUT)
def test_anything_else_is_left_out_and_said(what: str) -> None:
    bundle, said = LEFT_OUT[what]
    cell, notices = read("![x](attachment:p.png)", {"p.png": bundle})
    assert "attachments" not in cell
    assert len(notices) == 1
    assert notices[0].startswith("The picture `p.png` is left out: ")
    assert said in notices[0]


def test_a_form_that_is_taken_beside_one_that_is_not_is_kept() -> None:
    cell, _ = read("![x](attachment:p)", {"p": {"image/svg+xml": SVG, "image/png": b64(image())}})
    assert pictures(cell) == [image()]


def test_the_pictures_of_a_notebook_are_bounded_together() -> None:
    attachments = {f"{n}.png": {"image/png": b64(image() + bytes(400_000))} for n in range(8)}
    cell, notices = read("".join(f"![](attachment:{name})" for name in attachments), attachments)
    assert len(cell.attachments) == 2
    assert "`2.png`, `3.png`, `4.png`, `5.png`, `6.png` and 1 more are left out" in notices[0]


def test_no_more_than_a_hundred_pictures_are_kept() -> None:
    cell, notices = read("", {f"{n}.png": {"image/png": b64(image())} for n in range(150)})
    assert len(cell.attachments) == 100
    assert "100 pictures" in notices[0]


def test_a_picture_that_is_not_in_the_notebook_is_said() -> None:
    _, notices = read("![x](attachment:gone.png)")
    assert notices == [
        "The picture `gone.png` is left out: the text shows what the notebook does not hold. "
        "Paste the picture into the cell again."
    ]


@pytest.mark.parametrize(
    "attachments", [None, [], "x", {"p": None}, {"": {"image/png": [None, "x"]}}, {"p": {"a": {}}}]
)
def test_attachments_that_are_none_do_no_harm(attachments: object) -> None:
    assert read("text", attachments)[0].source == "text"


ODD_NAMES = [
    "../../etc/passwd",
    '"><script>top.hurt=1</script>',
    "x onerror=top.hurt=1 .png",
    "'",
    "",
    "a`b",
    "javascript:top.hurt=1",
    "](http://evil.example/x.png) ![",
    "x" * 5_000,
    "\x1b[31m\0\ud800",
]


def answered_with(source: str, attachments: Mapping[str, object]) -> NotebookNode:
    """Return the lab graded with this answer in words."""
    cells = json.loads(json.dumps(released().cells))
    next(c for c in cells if c["id"] == WRITTEN).update(source=source, attachments=attachments)
    clean, _ = read_all(cells)
    notebook = rebuild(clean, released())
    make_inert(notebook, released())
    return notebook


@pytest.mark.parametrize("name", ODD_NAMES)
def test_nothing_in_the_name_of_a_picture_hurts(name: str) -> None:
    notebook = answered_with(f"see ![x](attachment:{name})", {name: {"image/png": b64(image())}})
    (cell,) = written_cells(notebook)
    assert list(cell.attachments) == ["picture-1.png"]
    for shown in (render(notebook, released(), {}), in_formgrader(notebook)):
        assert f'src="data:image/png;base64,{b64(image())}"' in shown
        assert not [one for one in acting(shown, "top.hurt") if "hurt" in one]  # formgrader has handlers of its own
        assert 'evil.example/x.png"' not in shown


def test_a_text_made_to_be_slow_to_search_is_read_at_once() -> None:
    for piece in ("![", "![](attachment:", "<img ", "<img src=attachment:", "attachment:(", "data:image/png;base64,A"):
        read(piece * 40_000, {f"{n}": {"image/png": b64(image())} for n in range(100)})


def test_an_attachment_that_changed_after_grading_is_not_shown() -> None:
    assert data_uri({"image/png": b64(SVG.encode())}) == ""
    assert data_uri({"image/svg+xml": b64(image())}) == f"data:image/png;base64,{b64(image())}"
    assert kind_of(b"RIFF\0\0\0\0WAVE") == ""
