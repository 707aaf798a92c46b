"""Is a graded notebook harmless in whatever shows it?"""

from __future__ import annotations

import base64
import struct
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbconvert.filters import markdown2html
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat.v4 import new_markdown_cell, new_output, new_raw_cell

from autograder import labs
from autograder.course.feedback.sanitize import inert_markdown, inert_outputs, make_inert, png
from autograder.course.intake.notebooks import as_notebook
from autograder.course.intake.rebuild import unreadable
from tools.make_class import LAB

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
# What Markdown and HTML are made of, so that random texts of it come near to everything both can express.
PIECES = [
    *"<>[](){}!:\"'`$\\/&;#*_~=-|?\n\t ",
    *(
        "script",
        "img src=x onerror='top.hurt=1'",
        "a",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://evil.example/",
    ),
    *("&lt;", "&#60;", "&#x6a;", "```", "```mermaid\n", "$$", "\n\n", "    ", "](", "]: ", "![", "<!--", "\\(", "\\["),
]
ATTACHED = {"picture-1.png": {"image/png": PIXEL}}
OURS = "![picture 1](attachment:picture-1.png)"
HARMLESS = {"p", "a", "em", "strong", "del", "code", "pre", "div", "span", "hr", "br", "ul", "ol", "li", "blockquote"}
HARMLESS |= {"h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd"}
HARMLESS |= {"input"}  # the box of a task list


class Tags(HTMLParser):
    """Collects what a page could act by: tags with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(source: str, attachments: dict[str, dict[str, str]] | None = None) -> list[tuple[str, dict[str, str | None]]]:
    """Return the tags of Markdown as nbconvert, and so formgrader, sets it."""
    parser = Tags()
    parser.feed(MarkdownWithMath(renderer=IPythonRenderer(escape=False, attachments=attachments)).render(source))
    return parser.found


def acts(tag: str, attributes: dict[str, str | None]) -> bool:
    """Say whether a tag could run something or ask another host without a click."""
    links = [value or "" for name, value in attributes.items() if name in ("href", "src", "srcset", "action", "data")]
    odd = [link for link in links if not (tag == "a" and link.startswith(("http://", "https://", "#")))]
    return tag not in HARMLESS or bool(odd) or any(name.startswith("on") for name in attributes)


@pytest.mark.parametrize(
    "source",
    [
        "<script>top.hurt=1</script>",
        "text <img src=x onerror='top.hurt=1'>",
        "[x](javascript:alert(1))",
        "[x](<javascript:alert(1)>)",
        "[x]\n\n[x]: javascript:alert(1)",
        "![x](http://evil.example/x.png)",
        "![x][y]\n\n> [y]: http://evil.example/x.png",
        "<!-- x --><iframe srcdoc='x'>",
        "<javascript:alert(1)>",
        "```mermaid\n<img src='http://evil.example/x'>\n```",
    ],
)
def test_markdown_that_would_act_does_not(source: str) -> None:
    assert [t for t in tags(source) if acts(*t)]
    assert not [t for t in tags(inert_markdown(source)) if acts(*t)]


@given(st.lists(st.sampled_from([*PIECES, OURS]), max_size=30).map("".join))
def test_no_markdown_acts(source: str) -> None:
    assert not [t for t in tags(inert_markdown(source)) if acts(*t)]


@given(st.lists(st.sampled_from([*PIECES, OURS]), max_size=30).map("".join))
def test_beside_a_picture_that_is_kept_no_markdown_acts(source: str) -> None:
    ours = ("img", {"src": f"data:image/png;base64,{PIXEL}", "alt": "picture 1"})
    assert not [t for t in tags(inert_markdown(source, ATTACHED), ATTACHED) if acts(*t) and t != ours]


def test_a_picture_that_is_kept_is_shown() -> None:
    assert [tag for tag, _ in tags(inert_markdown(f"a {OURS} b", ATTACHED), ATTACHED)] == ["p", "img"]


def test_an_image_that_is_not_there_does_not_keep_formgrader_from_showing_the_rest() -> None:
    assert tags(inert_markdown("![x](attachment:x.png)")) == [("p", {})]


def test_text_formulas_and_code_read_as_before() -> None:
    for source in ("$a < b$ and $a<1$", "`x[i] < y`", "# A *heading*\n\n- one\n- two", "> so", "x <= y", "a[0][1]"):
        assert inert_markdown(source) == source


def test_text_that_would_keep_formgrader_busy_is_cut_and_says_so() -> None:
    released = as_notebook(labs.exercise_path(LAB).read_text("utf-8"))
    notebook = unreadable(released, "Empty.")
    notebook.cells += [new_markdown_cell("\\\\[" * 10_000) for _ in range(30)]
    make_inert(notebook, released)
    assert sum(len(cell.source) for cell in notebook.cells[-30:]) < 110_000
    assert all(cell.source.endswith("left out ...") for cell in notebook.cells[-30:])
    assert [cell.source for cell in notebook.cells[1:-30]] == [cell.source for cell in released.cells]


def test_a_raw_cell_becomes_text() -> None:
    released = as_notebook(labs.exercise_path(LAB).read_text("utf-8"))
    notebook = unreadable(released, "Empty.")
    notebook.cells.append(new_raw_cell("<b>\nx", metadata={"raw_mimetype": "text/html"}))
    make_inert(notebook, released)
    assert markdown2html(notebook.cells[-1].source) == "<pre><code>&lt; b&gt;\nx</code></pre>\n"


def test_of_a_learners_outputs_text_errors_and_pictures_are_left() -> None:
    data = {"text/html": "<b>", "text/latex": "$x$", "image/svg+xml": "<svg>", "application/javascript": "1"}
    outputs = [
        new_output("display_data", data=data | {"text/plain": "<b>"}, metadata={"image/png": {"width": "1 onload=x"}}),
        new_output("display_data", data={"image/png": PIXEL + "\n"}),
        new_output("stream", name="stdout", text="\x1b[31mred\x1b[0m\x1b]0;title\x07\ud800"),
        new_output("error", ename="E", evalue="<i>", traceback=["\x1b[1mhere\x1b[0m"]),
    ]
    plain, picture, stream, error = inert_outputs(outputs)
    assert (plain.data, plain.metadata) == ({"text/plain": "<b>"}, {})
    assert picture.data == {"image/png": PIXEL}
    assert stream.text == "red?]0;title??"
    assert (error.evalue, error.traceback) == ("<i>", ["here"])


def test_outputs_without_end_are_cut_and_say_so() -> None:
    line_by_line = list(inert_outputs(new_output("stream", text=f"{i}\n") for i in range(5_000)))
    all_at_once = list(inert_outputs([new_output("stream", text="x\n" * 5_000)]))
    for outputs in (line_by_line, all_at_once):
        text = "".join(output.text for output in outputs)
        assert len(outputs) <= 101
        assert text.count("\n") < 1_100
        assert text.endswith("left out ...")


def test_only_a_png_of_a_bearable_size_is_a_picture() -> None:
    huge = base64.b64decode(PIXEL)[:16] + struct.pack(">II", 60_000, 60_000) + base64.b64decode(PIXEL)[24:]
    assert png(PIXEL) == PIXEL
    for data in ("", "x", '"><script>', base64.b64encode(b"<svg/>").decode(), base64.b64encode(huge).decode(), None):
        assert png(data) is None
