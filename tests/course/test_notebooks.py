"""Are the cells of a submitted file found, whatever state it is in, and is the reason said when there are none?"""

from __future__ import annotations

import json
from typing import Any

import pytest

from autograder.course.notebooks import UnreadableError, read_cells, shown

CELLS: list[dict[str, Any]] = [
    {"cell_type": "markdown", "metadata": {}, "source": ["# δ\n", "text"]},
    {"cell_type": "code", "metadata": {}, "source": "x = 'ü'\r\ny = 2", "outputs": [{"text": "z" * 1000}]},
]
NOTEBOOK = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": CELLS}


def sources(data: bytes) -> list[str]:
    return [cell.source for cell in read_cells(data, 10_000)[0]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_every_unicode_encoding_is_read(encoding: str) -> None:
    text = json.dumps(NOTEBOOK, ensure_ascii=False)
    assert sources(text.encode(encoding)) == ["# δ\ntext", "x = 'ü'\ny = 2"]


def test_latin_1_is_read_and_said() -> None:
    text = json.dumps(NOTEBOOK | {"cells": CELLS[1:]}, ensure_ascii=False)
    cells, notices = read_cells(text.encode("latin-1"), 10_000)
    assert cells[0].source == "x = 'ü'\ny = 2"
    assert "Latin-1" in notices[0].text


def test_nbformat_3_is_read() -> None:
    cells = [{"cell_type": "code", "input": ["a = 1\n", "b = 2"], "outputs": []}]
    assert sources(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode()) == ["a = 1\nb = 2"]


def test_stored_outputs_and_their_size_do_not_count() -> None:
    cells, _ = read_cells(json.dumps(NOTEBOOK).encode(), 100)
    assert cells[1].outputs == []


def test_entries_that_are_no_cells_are_left_out_and_said() -> None:
    odd = [None, "text", 7, {}, {"cell_type": "code", "source": None}, {"source": ["a", None, "b"], "metadata": []}]
    cells, notices = read_cells(json.dumps(NOTEBOOK | {"cells": odd}).encode(), 10_000)
    assert [cell.source for cell in cells] == ["", "", "ab"]
    assert notices[0].text.startswith("3 entries")


def test_text_that_cannot_be_written_as_utf_8_is_replaced() -> None:
    lone = {"cell_type": "code", "source": "s = '\ud800\0'"}
    assert sources(json.dumps({"cells": [lone]}).encode()) == ["s = '?'"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\0\0\0", "empty"),
        (json.dumps(NOTEBOOK).encode()[:-30], "damaged or incomplete"),
        (b"[]", "not a notebook"),
        (b"{}", "no list of cells"),
        (b'{"cells": 3}', "no list of cells"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"cells": [{"source": "' + b"x" * 10_001 + b'"}]}', "more than 10,000 characters"),
        (b'{"cells": ' + b"9" * 10_000 + b"}", "damaged"),
    ],
)
def test_a_file_without_cells_is_refused_with_the_reason(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableError, match=said):
        read_cells(data, 10_000)


def test_a_name_can_neither_leave_its_backticks_in_a_notice_nor_bring_escapes() -> None:
    assert shown("<script>`\x1b[31m") == "<script>'?[31m"
