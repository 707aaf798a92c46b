"""Reads a submitted notebook, whatever state it is in, and carries notices about it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nbformat import NotebookNode, from_dict, v4
from nbformat.v4 import new_markdown_cell

from autograder.course.cells import KEY
from autograder.course.intake.partial_json import Each, Shape, TooDeepError, TooManyError, build, read
from autograder.course.intake.pictures import lifted_out
from autograder.report import JSON_MIME

NOTICE_ID = "grading-notice"
_RUBRIC = "-rubric"  # the end of the id of a cell that only the instructor sees
_MOST_CELLS = 10_000
_MOST_REPORTS = 5_000_000  # characters of all reports of checks


@dataclass(frozen=True)
class Notice:
    """Something the learner and the instructor should know. `attention` asks the instructor to look at it."""

    text: str
    attention: bool = False


class UnreadableError(Exception):
    """No cells can be had from the file; the message says what was found and what to do."""


def read_cells(
    data: bytes, source_bytes: int, *, attachment_bytes: int = 0, with_reports: bool = False
) -> tuple[list[NotebookNode], list[Notice]]:
    """Return the cells of a notebook file without their outputs, and notices about what was odd with it.

    Takes UTF-8, UTF-16, UTF-32 and Latin-1, nbformat 2, 3 and 4, and cells with fields missing or of a wrong
    type. Of a cell's metadata only nbgrader's grade_id is kept. `attachment_bytes` bounds the text of the files that
    are kept as `attachments` of Markdown and raw cells, by name and MIME type; by default none are. Pictures that are
    written into the text itself as data become attachments too and count as no text. `with_reports`
    keeps the outputs of code cells that hold the report of a check, and of them that report alone. What is not kept is
    never built in memory, however large it is. Raises UnreadableError.
    """
    text, notices = _decode(data)
    wanted = _Wanted(source_bytes, attachment_bytes, with_reports)
    found = wanted.cells_in(text)
    cells = [_clean_cell(cell, attachment_bytes > 0) for cell in found if isinstance(cell, dict)]
    if len(cells) < len(found):
        notices.append(Notice(f"{len(found) - len(cells)} entries of the notebook are not cells; they were left out."))
    if wanted.left_out:
        notices.append(
            Notice(
                f"The files attached to the cells hold more than {attachment_bytes:,} bytes; "
                f"those of {wanted.left_out} cells were left out.",
                attention=True,
            )
        )
    if sum(len(cell.source) for cell in cells) > source_bytes:
        raise _too_long(source_bytes)
    return cells, notices


def _too_long(source_bytes: int) -> UnreadableError:
    return UnreadableError(f"The cells hold more than {source_bytes:,} characters. Remove what is not your work.")


def _decode(data: bytes) -> tuple[str, list[Notice]]:
    if not data.strip(b" \t\r\n\0"):
        raise UnreadableError("The file is empty. Save the notebook in Jupyter and hand it in again.")
    encoding = json.detect_encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode("latin-1"), [Notice("The file is not UTF-8; it was read as Latin-1.")]
    odd = encoding != "utf-8"
    return text.removeprefix("\ufeff"), [
        Notice(f"The file is in {encoding}, not UTF-8; it was read so.")
    ] if odd else []


class _Wanted:
    """What is wanted of a notebook, within bounds on how much text may be built into values.

    `left_out` counts the cells for whose attachments there was no room.
    """

    def __init__(self, source_bytes: int, attachment_bytes: int, with_reports: bool) -> None:
        self.source_bytes = source_bytes
        # No character takes more than two \uXXXX.
        self.room = 12 * source_bytes
        self.room_for_attachments = attachment_bytes
        self.room_for_reports = _MOST_REPORTS if with_reports else 0
        self.left_out = 0

    def cells_in(self, text: str) -> list[Any]:
        """Return the list of cells: at the top in nbformat 4, in worksheets before that."""
        cells = Each(self._cell(), _MOST_CELLS)
        data = _parse(text, {"cells": cells, "worksheets": Each({"cells": cells}, _MOST_CELLS)})
        if isinstance(data.get("cells"), list):
            return list(data["cells"])
        sheets = data.get("worksheets")
        if isinstance(sheets, list):
            found = [cell for sheet in sheets if isinstance(sheet, dict) for cell in sheet.get("cells") or ()]
            if len(found) > _MOST_CELLS:
                raise _too_many()
            return found
        raise UnreadableError("The file holds no list of cells. Hand in the .ipynb file that Jupyter saves.")

    def _cell(self) -> Mapping[str, Shape]:
        reports = Each({"data": {JSON_MIME: self._report}})
        return {
            "cell_type": self._own,
            "source": self._own,
            "input": self._own,
            "metadata": {"nbgrader": {"grade_id": self._own}},
            "attachments": self._attachments if self.room_for_attachments else _unread,
            "outputs": reports if self.room_for_reports else _unread,
        }

    def _own(self, text: str, start: int, end: int) -> object:
        self.room -= end - start
        if self.room < 0:
            raise _too_long(self.source_bytes)
        return build(text, start)

    def _attachments(self, text: str, start: int, end: int) -> object:
        if end - start > self.room_for_attachments:
            self.left_out += 1
            return None
        self.room_for_attachments -= end - start
        return build(text, start)

    def _report(self, text: str, start: int, end: int) -> object:
        if end - start > self.room_for_reports:
            return None
        self.room_for_reports -= end - start
        return build(text, start)


def _unread(text: str, start: int, end: int) -> None:
    """Keep nothing of a member but that it is there."""


def _parse(text: str, shape: Shape) -> dict[str, Any]:
    try:
        data = read(text, shape)
    except TooDeepError:
        raise UnreadableError(
            "The file is not a notebook, or its outputs are nested too deeply. "
            "Clear them (Edit > Clear Outputs of All Cells), save it and hand it in again."
        ) from None
    except TooManyError:
        raise _too_many() from None
    except ValueError as error:
        place = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UnreadableError(
            f"The file is damaged or incomplete: it is not valid JSON{place}. "
            "Check that it opens in Jupyter, save it there and hand it in again."
        ) from None
    if not isinstance(data, dict):
        raise UnreadableError("The file is not a notebook. Hand in the .ipynb file that Jupyter saves.")
    return data


def _too_many() -> UnreadableError:
    return UnreadableError(f"The notebook has more than {_MOST_CELLS:,} cells. Remove what is not your work.")


def _clean_cell(cell: dict[str, Any], with_attachments: bool) -> NotebookNode:
    kind = cell.get("cell_type")
    if kind not in ("code", "markdown", "raw"):
        kind = "code" if "outputs" in cell else "markdown"
    source = _text(cell.get("source", cell.get("input")))
    clean = _new_cell(kind, source, _claim(cell.get("metadata")))
    if kind == "code":
        clean.outputs = list(_reports(cell.get("outputs")))
    else:
        attached = _attached(cell.get("attachments"))
        clean.source, written_in = lifted_out(clean.source)
        attached |= written_in if with_attachments else {}
        clean |= NotebookNode(attachments=attached) if attached else {}
    return clean


def _reports(outputs: object) -> Iterator[NotebookNode]:
    """Yield the outputs that hold a report."""
    for output in outputs if isinstance(outputs, list) else ():
        report = ((output or {}).get("data") or {}).get(JSON_MIME)
        if report is not None:
            yield from_dict({"output_type": "display_data", "data": {JSON_MIME: report}, "metadata": {}})


def _attached(attachments: object) -> NotebookNode:
    """Return the files attached to a cell: text (base64 for a picture) by name and MIME type."""
    files = attachments.items() if isinstance(attachments, dict) else ()
    return NotebookNode(
        {
            name: NotebookNode({kind: _text(content) for kind, content in kinds.items()})
            for name, kinds in files
            if isinstance(kinds, dict)
        }
    )


def _claim(metadata: object) -> NotebookNode:
    info = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = info.get("grade_id") if isinstance(info, dict) else None
    return NotebookNode(nbgrader=NotebookNode(grade_id=grade_id)) if isinstance(grade_id, str) else NotebookNode()


def _new_cell(kind: str, source: str, metadata: NotebookNode) -> NotebookNode:
    """Return a cell as nbformat makes it, without its validation of each, which takes longer than all else here."""
    cell = NotebookNode(cell_type=kind, id="", metadata=metadata, source=source)
    return cell if kind != "code" else NotebookNode(cell, outputs=[], execution_count=None)


def _text(source: object) -> str:
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    # A lone surrogate is legal in JSON but cannot be written as UTF-8.
    text = text.encode("utf-8", "replace").decode().replace("\0", "")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def as_notebook(text: str) -> NotebookNode:
    """Return a notebook of ours. It was valid when it was written: nbformat's validation takes longer than all else."""
    return v4.reads(text)


def notices_of(notebook: NotebookNode) -> list[Notice]:
    """Return the notices a graded notebook carries."""
    return [Notice(**notice) for notice in notebook.metadata.get(KEY, {}).get("notices", [])]


def add_notices(notebook: NotebookNode, notices: Sequence[Notice]) -> None:
    """Put notices into the notebook: as data, and as a Markdown cell at its top that holds all of them."""
    everything = notices_of(notebook) + list(notices)
    notebook.metadata.setdefault(KEY, NotebookNode())["notices"] = [from_dict(asdict(n)) for n in everything]
    notebook.cells = [cell for cell in notebook.cells if cell.get("id") != NOTICE_ID]
    if everything:
        lines = "\n".join(f"- {notice.text}" for notice in everything)
        notebook.cells.insert(0, new_markdown_cell(f"**About this submission**\n\n{lines}", id=NOTICE_ID))


def add_rubrics(notebook: NotebookNode, rubrics: Mapping[str, str]) -> None:
    """Put the rubric below each written answer of a graded notebook, for the one who grades it in formgrader."""
    for index, cell in reversed(list(enumerate(notebook.cells))):
        if cell.id in rubrics:
            text = f"*For the one who grades; learners do not see this.*\n\n{rubrics[cell.id]}"
            notebook.cells.insert(index + 1, new_markdown_cell(text, id=f"{cell.id}{_RUBRIC}"))


def is_ours(cell: NotebookNode) -> bool:
    """Say whether grading added this cell to the notebook: the notices or a rubric."""
    return cell.get("id") == NOTICE_ID or str(cell.get("id")).endswith(_RUBRIC)


def shown(name: str, most: int = 80) -> str:
    """Return text a learner chose (a file's name) so that it can stand between backticks in a notice."""
    return "".join(c if c.isprintable() else "?" for c in name).replace("`", "'")[:most]
