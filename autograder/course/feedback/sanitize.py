"""Makes a graded notebook inert: whoever opens it, in whatever shows notebooks, nothing a learner wrote does anything.

A pure function on notebooks. Only text and pictures are left of a learner's outputs, and nothing in a learner's
Markdown can become a tag or a link.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Collection, Iterable, Iterator

from nbformat import NotebookNode

from autograder.course.cells import graded_cells
from autograder.course.intake.pictures import SHOWN, data_uri

# HTML's tags, comments and declarations begin so, and Markdown's links, images and their definitions.
_BECOMES_MORE_THAN_TEXT = re.compile(r"<(?=[A-Za-z/!?])|\](?=[(:])")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

# Characters of a learner's Markdown. Formgrader reads Markdown in a time that can grow with the square of its length.
_MOST_TEXT = 100_000
_MOST_TEXT_OF_A_CELL = 10_000
_TEXT_LEFT_OUT = "\n\n... the rest of this text was left out ..."
_MOST_LINES = 1_000  # of text in the outputs of one cell
_MOST_OUTPUTS = 100
_MOST_PIXELS = 25_000_000  # a browser takes 4 bytes for each
_LEFT_OUT = "\n... the rest of the output was left out ..."


def make_inert(notebook: NotebookNode, released: NotebookNode) -> None:
    """Change in place everything in a graded notebook that is not of `released` and not the grader's own report."""
    given = given_texts(released)
    graded = {cell.id for _, cell in graded_cells(notebook)}
    room = _MOST_TEXT
    for index, cell in enumerate(notebook.cells):
        cell.source = _CONTROL.sub("?", cell.source)
        if cell.cell_type == "code":
            if cell.id not in graded:
                cell.execution_count = _whole(cell.execution_count)
                cell.outputs = list(inert_outputs(cell.outputs))
        elif cell.source not in given:
            notebook.cells[index] = _inert_text(cell, min(room, _MOST_TEXT_OF_A_CELL))
            room -= min(room, len(cell.source))


def given_texts(released: NotebookNode) -> frozenset[str]:
    """Return the Markdown that learners were given."""
    return frozenset(cell.source for cell in released.cells if cell.cell_type == "markdown")


def _inert_text(cell: NotebookNode, room: int) -> NotebookNode:
    source = cell.source if len(cell.source) <= room else cell.source[:room] + _TEXT_LEFT_OUT
    if cell.cell_type == "raw":
        source = re.sub("^", "    ", source, flags=re.MULTILINE)
    kept = {name: one for name, one in cell.get("attachments", {}).items() if data_uri(one)}
    attached = {"attachments": NotebookNode(kept)} if kept else {}
    inert = inert_markdown(source, kept)
    return NotebookNode(cell_type="markdown", id=cell.id, metadata=cell.metadata, source=inert, **attached)


def inert_markdown(source: str, pictures: Collection[str] = ()) -> str:
    """Return Markdown that holds no HTML or link, and no image but those of `pictures`, which are attached to the cell.

    A space added in the right place does so everywhere: in text, code and formulas, and for every reader of Markdown,
    without having to parse it as they do.
    """
    shown = {match.start("name") for match in SHOWN.finditer(source) if match["name"] in pictures}
    return _BECOMES_MORE_THAN_TEXT.sub(
        lambda match: match[0] if match.end() + len("(attachment:") in shown else f"{match[0]} ", source
    )


def inert_outputs(outputs: Iterable[NotebookNode]) -> Iterator[NotebookNode]:
    """Yield streams, errors, plain text and PNG images, as new outputs without metadata and within bounds."""
    lines = _MOST_LINES
    for number, output in enumerate(outputs):
        if lines <= 0 or number == _MOST_OUTPUTS:
            yield NotebookNode(output_type="stream", name="stdout", text=_LEFT_OUT)
            return
        clean = _inert_output(output, lines)
        if clean:
            lines -= _lines_in(clean)
            yield clean


def _inert_output(output: NotebookNode, lines: int) -> NotebookNode | None:
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return NotebookNode(output_type=kind, name=name, text=_clean(output.get("text"), lines))
    if kind == "error":
        traceback = [_clean(line, lines) for line in output.get("traceback", [])[-lines:]]
        texts = {"ename": _clean(output.get("ename"), 1), "evalue": _clean(output.get("evalue"), lines)}
        return NotebookNode(output_type=kind, **texts, traceback=traceback)
    if kind not in ("execute_result", "display_data"):
        return None
    shown = NotebookNode(output_type=kind, data=_inert_data(output.get("data", {}), lines), metadata=NotebookNode())
    if kind == "execute_result":
        shown.execution_count = _whole(output.get("execution_count"))
    return shown


def _inert_data(data: NotebookNode, lines: int) -> NotebookNode:
    kept = NotebookNode()
    if "text/plain" in data:
        kept["text/plain"] = _clean(data["text/plain"], lines)
    picture = png(data.get("image/png"))
    if picture:
        kept["image/png"] = picture
    return kept


def png(data: object) -> str | None:
    """Return a PNG image in base64 again, None for anything else and for one that a browser would choke on."""
    try:
        image = base64.b64decode("".join(str(data).split()), validate=True)
        width, height = struct.unpack(">II", image[16:24])
    except (binascii.Error, ValueError, struct.error):
        return None
    is_png = image.startswith(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") and 0 < width * height <= _MOST_PIXELS
    return base64.b64encode(image).decode() if is_png else None


def _clean(text: object, lines: int) -> str:
    """Return text without colours and control characters, and no more of it than `lines`."""
    # A lone surrogate is legal in JSON but cannot be written as UTF-8.
    readable = text.encode("utf-8", "replace").decode() if isinstance(text, str) else ""
    plain = _COLOUR.sub("", readable).replace("\r\n", "\n").replace("\r", "\n")
    first = plain.split("\n", lines)
    rest = _LEFT_OUT if len(first) > lines else ""
    return _CONTROL.sub("?", "\n".join(first[:lines])) + rest


def _lines_in(output: NotebookNode) -> int:
    texts = [output.get("text", ""), *output.get("traceback", []), output.get("data", {}).get("text/plain", "")]
    return 1 + sum(text.count("\n") for text in texts)


def _whole(count: object) -> int | None:
    return count if type(count) is int else None
