"""Are the cells of a submitted file found, whatever state it is in, and is the reason said when there are none?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder.course.intake import partial_json
from autograder.course.intake.notebooks import UnreadableError, read_cells, shown
from autograder.report import JSON_MIME
from autograder.sandbox.limits import Limits

CELLS: list[dict[str, Any]] = [
    {"cell_type": "markdown", "metadata": {}, "source": ["# δ\n", "text"]},
    {"cell_type": "code", "metadata": {}, "source": "x = 'ü'\r\ny = 2", "outputs": [{"text": "z" * 1000}]},
]
NOTEBOOK = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": CELLS}


VALUES = [
    *("0", "-0.5e+7", "1E400", "NaN", "-Infinity", '""', r'"\\ \" \/ \ud83d\u00e9"', "[]", "{}", "[ ]", "{ }"),
    *("[[[[[[]]]]], 1]", '{"a": {"b": {"c": {"d": [{}, [[{"e": null}]]]}}}}'),
    ' [ 1 , [ true , [ false , [ { "x" : [ [ ] ] , "y" : 2 } ] ] ] ] ',
]
NO_VALUES = [
    *("01", "1.", "-", ".5", "+1", "1e", "nan", "True", "'x'", '"\n"', r'"\x"', r'"\u12"', '"', "", "1 2"),
    *("[1,]", "[1 2]", "[[[[[1 2]]]]]", "[,]", "[[[[[[1]]]],]]", "[[[[", "[}", '{"a": [[[[{]]]]}'),
    *('{"a" 1}', '{"a": 1,}', '{"a"}', "{1: 2}", '{"a": [[[{"b": 1]]]}', '{"a": [[[[1]]]], 2}'),
]


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


def test_the_lines_of_a_long_log_are_passed_over() -> None:
    log = {"output_type": "stream", "name": "stdout", "text": ["loss 0.25\n"] * 100_000}
    tables = {"output_type": "display_data", "data": {"application/json": [[{}, {"x": [[1, 2]] * 50_000}] * 3]}}
    notebook = NOTEBOOK | {"cells": [CELLS[1] | {"outputs": [log] * 2 + [tables] * 3}, CELLS[0]]}
    assert sources(json.dumps(notebook).encode()) == ["x = 'ü'\ny = 2", "# δ\ntext"]


@pytest.mark.skipif(sys.platform != "linux", reason="how memory is counted differs elsewhere")
@pytest.mark.parametrize(
    "unit",
    ['"epoch 12, loss 0.25\\n",', "[0.25, 1.5, {}],"],
)
def test_the_largest_file_is_read_in_less_than_a_gigabyte_whatever_is_in_its_outputs(tmp_path: Path, unit: str) -> None:
    head = '{"metadata": {"😀": 1}, "cells": [{"cell_type": "code", "source": "x = 1", "outputs": [{"text": ['.encode()
    tail = b'""]}]}]}'
    most = Limits().notebook_bytes
    path = tmp_path / "large.ipynb"
    path.write_bytes(head + unit.encode() * ((most - len(head) - len(tail)) // len(unit)) + tail)
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from autograder.course.intake.notebooks import read_cells\n"
        "print([cell.source for cell in read_cells(Path(sys.argv[1]).read_bytes(), 1_000_000)[0]])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    read, kilobytes = done.stdout.splitlines()
    assert read == "['x = 1']"
    assert int(kilobytes) * 1024 < 1_000_000_000


@pytest.mark.parametrize("where", ["outputs", "metadata", "execution_count", "source"])
@pytest.mark.parametrize("value", VALUES)
def test_what_python_takes_for_json_may_stand_anywhere(value: str, where: str) -> None:
    cell = f'{{"cell_type": "code", "source": "x", "{where}": {value}, "input": "y"}}'
    assert isinstance(json.loads(cell), dict)
    assert len(read_cells(f'{{"a": {value}, "cells": [{cell}]}}'.encode(), 10_000)[0]) == 1


@pytest.mark.parametrize("where", ["outputs", "metadata", "execution_count", "source"])
@pytest.mark.parametrize("value", NO_VALUES)
def test_what_python_does_not_take_for_json_is_refused_wherever_it_stands(value: str, where: str) -> None:
    for text in (f'{{"cells": [{{"{where}": {value}}}]}}', f'{{"cells": [], "{where}": [[[[0, {value}]]]]}}'):
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)
        with pytest.raises(UnreadableError, match="damaged"):
            read_cells(text.encode(), 10_000)


def test_the_line_of_the_damage_is_told_inside_outputs_too() -> None:
    text = json.dumps(NOTEBOOK | {"cells": [CELLS[1] | {"outputs": [{"text": ["a", "b", "c"]}]}]}, indent=1)
    with pytest.raises(UnreadableError, match="at line 14"):
        read_cells(text.replace('"b"', '<<<<<<< "b"').encode(), 10_000)
    assert text.splitlines()[13].strip() == '"b",'


def test_of_members_of_one_name_the_last_counts() -> None:
    text = '{"cells": 3, "c\\u0065lls": [{"source": ["no"], "source": "yes", "outputs": [], "outputs": 7}]}'
    assert sources(text.encode()) == ["yes"]


def test_worksheets_hold_the_cells_before_nbformat_4() -> None:
    sheets = [{"cells": [{"cell_type": "code", "input": "a"}]}, None, {}, {"cells": None}, {"cells": [{"source": "b"}]}]
    assert sources(json.dumps({"nbformat": 2, "worksheets": sheets}).encode()) == ["a", "b"]


@pytest.mark.parametrize(
    "given", [{"cells": [{}] * 10_001}, {"worksheets": [{"cells": [{}] * 5_001}] * 2}, {"worksheets": [{}] * 10_001}]
)
def test_more_than_ten_thousand_cells_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError, match="more than 10,000 cells"):
        read_cells(json.dumps(given).encode(), 10_000)


@pytest.mark.parametrize("member", ["source", "input", "cell_type", "metadata"])
def test_no_member_of_a_cell_is_built_without_bound(member: str, monkeypatch: pytest.MonkeyPatch) -> None:
    longest = 0

    def build(text: str, start: int) -> object:
        nonlocal longest
        value, end = json.JSONDecoder().raw_decode(text, start)
        longest = max(longest, end - start)
        return value

    monkeypatch.setattr("autograder.course.intake.notebooks.build", build)
    large = {"nbgrader": {"grade_id": [[]] * 100_000}} if member == "metadata" else [[]] * 100_000
    with pytest.raises(UnreadableError, match="more than 1,000 characters"):
        read_cells(json.dumps({"cells": [{member: large}]}).encode(), 1_000)
    assert longest == 0


def test_reports_are_kept_when_asked_for_and_nothing_else_of_the_outputs() -> None:
    report = {"output_type": "execute_result", "data": {JSON_MIME: {"points": 2}, "text/html": "x" * 100}}
    cell = CELLS[1] | {"outputs": [{"text": ["y"]}, report, None, {"data": 3}, {"data": {JSON_MIME: None}}]}
    (read,), _ = read_cells(json.dumps({"cells": [cell]}).encode(), 1_000, with_reports=True)
    assert [output.data for output in read.outputs] == [{JSON_MIME: {"points": 2}}]
    (read,), _ = read_cells(json.dumps({"cells": [cell]}).encode(), 1_000)
    assert read.outputs == []


def test_reports_larger_than_any_check_makes_are_not_kept() -> None:
    reports = [{"data": {JSON_MIME: ["x" * 1_000_000]}}] * 6
    text = json.dumps({"cells": [CELLS[1] | {"outputs": reports}]})
    (read,), _ = read_cells(text.encode(), 1_000, with_reports=True)
    assert len(read.outputs) == 4


PICTURE = {"photo.png": {"image/png": ["iVBO\n", "Rw0K"]}, "odd": 3, "bare.png": {"image/png": None}}


def test_attachments_of_text_are_kept_when_asked_for() -> None:
    cells = [CELLS[0] | {"attachments": PICTURE}, CELLS[1] | {"attachments": PICTURE}, CELLS[0] | {"attachments": {}}]
    text = json.dumps({"cells": cells}).encode()
    read, notices = read_cells(text, 1_000, attachment_bytes=1_000)
    assert read[0].attachments == {"photo.png": {"image/png": "iVBO\nRw0K"}, "bare.png": {"image/png": ""}}
    assert ["attachments" in cell for cell in read] == [True, False, False]
    assert notices == []
    assert not any("attachments" in cell for cell in read_cells(text, 1_000)[0])


def test_attachments_without_room_are_left_out_and_said() -> None:
    cells = [{"cell_type": "markdown", "attachments": {"p": {"image/png": "x" * size}}} for size in (400, 900, 300)]
    read, (notice,) = read_cells(json.dumps({"cells": cells}).encode(), 1_000, attachment_bytes=1_000)
    assert ["attachments" in cell for cell in read] == [True, False, True]
    assert "those of 1 cells were left out" in notice.text
    assert notice.attention


@pytest.mark.parametrize("deep", ["[" * 2_000 + "]" * 2_000, f"[{'[[[[]]]],' * 1_000}0]"])
def test_lists_in_lists_are_bounded_where_nothing_is_kept(deep: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partial_json, "_MOST_DEEP", 900)
    with pytest.raises(UnreadableError, match=r"nested too deeply. Clear them"):
        read_cells(f'{{"cells": [{{"outputs": {deep}}}]}}'.encode(), 1_000)


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
