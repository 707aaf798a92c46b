"""What a check in a notebook tells beside the points: what was printed, which inputs, what is older than it looks."""

from __future__ import annotations

import io
import json
import signal
import threading
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import autograder
from autograder import check, checking, exercises
from autograder.checking import PUBLIC_SEED, draw_cases
from autograder.notebook import book_address, cells_run
from autograder.report import JSON_MIME, Report

A = Any


# --- what was printed, and the inputs


def talking(O: A, t: A) -> A:
    print(f"O has {len(O)} rows")
    return O - t


def test_what_was_printed_in_the_case_that_is_told_is_shown() -> None:
    report = check(talking, "output_delta")
    assert report.wrong is not None
    rows = len(autograder.case("output_delta", report.wrong.number)["O"])
    assert f"  Printed in case {report.wrong.number}:\n    O has {rows} rows\n" in str(report)
    assert f"<p>Printed in case {report.wrong.number}:</p><pre>O has {rows} rows\n</pre>" in report.to_html()


def test_what_was_printed_before_an_exception_is_shown() -> None:
    def solution(O: A, t: A) -> A:
        print("so far")
        raise ValueError

    assert "  Printed in case 1:\n    so far" in str(check(solution, "output_delta"))


def test_a_right_answer_shows_nothing_that_it_printed() -> None:
    def solution(O: A, t: A) -> A:
        print("loud")
        return (O - t) * O * (1 - O)

    assert "loud" not in str(check(solution, "output_delta"))


def test_a_flood_is_cut_and_what_terminals_and_browsers_obey_is_shown_not_run() -> None:
    def solution(O: A, t: A) -> A:
        print("\x1b[2J<script>")
        for _ in range(10_000):
            print("x" * 100)
        return O

    report = check(solution, "output_delta")
    assert len(report.printed) <= 2001
    assert report.printed.endswith("…")
    assert "\x1b" not in str(report)
    assert "<script" not in report.to_html()


def test_what_was_printed_stays_out_of_the_reports_data() -> None:
    data = json.dumps(check(talking, "output_delta")._repr_mimebundle_()[JSON_MIME])
    assert "rows" not in data
    assert Report.from_data(json.loads(data)).printed == ""


def test_the_report_says_how_to_have_the_inputs_of_the_case_it_tells_of() -> None:
    report = check(talking, "output_delta")
    assert report.wrong is not None
    inputs = eval(report.inputs.removeprefix("import autograder; "), {"autograder": autograder})
    asked = draw_cases(exercises()["output_delta"], PUBLIC_SEED)[report.wrong.number - 1]
    assert asked.label == report.wrong.case
    assert {name: value.tolist() for name, value in inputs.items()} == {
        name: value.tolist() for name, value in asked.arguments.items()
    }


def test_the_inputs_that_are_not_public_are_not_offered() -> None:
    report = check(talking, "output_delta", seed=7)
    assert (report.inputs, "autograder.case" in str(report)) == ("", False)


def test_without_a_number_it_is_the_case_the_last_report_told_of() -> None:
    report = check(talking, "output_delta")
    assert report.wrong is not None
    told = autograder.case("output_delta", report.wrong.number)
    assert np.array_equal(autograder.case("output_delta")["O"], told["O"])


def test_whoever_changes_the_inputs_changes_no_later_check() -> None:
    autograder.case("output_delta", 1)["O"][...] = 0.0
    assert autograder.case("output_delta", 1)["O"].any()


@pytest.mark.parametrize("number", [-1, 99])
def test_a_case_that_is_not_there_is_refused_with_how_many_there_are(number: int) -> None:
    with pytest.raises(ValueError, match=f"output_delta has [0-9]+ cases, numbered from 1: there is no case {number}"):
        autograder.case("output_delta", number)


# --- a check that is stopped


def test_an_interrupt_names_the_line_that_was_running() -> None:
    def bias_gradient(delta: A) -> A:
        signal.raise_signal(signal.SIGINT)
        return delta

    [finding] = check(bias_gradient).findings
    assert finding.kind == "stopped"
    assert finding.message.startswith("The check was stopped at the line `signal.raise_signal(signal.SIGINT)`")
    assert not hasattr(np.empty, "__wrapped__")


def test_an_endless_loop_is_stopped_after_a_bound_of_computing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MOST_SECONDS", 0.05)

    def bias_gradient(delta: A) -> A:
        while True:
            delta = delta + 1

    [finding] = check(bias_gradient).findings
    assert finding.message.startswith("The check was stopped after 0.05 seconds of computing at the line `")
    assert signal.getsignal(signal.SIGPROF) is signal.SIG_DFL


def test_a_check_beside_the_main_thread_is_as_it_was() -> None:
    reports: list[Report] = []
    thread = threading.Thread(target=lambda: reports.append(check(lambda delta: delta.sum(0), "bias_gradient")))
    thread.start()
    thread.join()
    assert reports[0].passed


# --- what is older than the cell meant to define it

RIGHT = "def output_delta(O, t):\n    return (O - t) * O * (1 - O)"


class Notebook:
    def __init__(self) -> None:
        config = Config()
        config.HistoryManager.enabled = False
        self.shell = InteractiveShell(config=config)
        self.shell.events.register("post_run_cell", cells_run.note)

    def run(self, *cells: str) -> None:
        for cell in cells:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                self.shell.run_cell(cell)

    def warning(self, name: str = "output_delta") -> str:
        return check(self.shell.user_ns[name], name).warning


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    cells_run._RUN.clear()
    yield Notebook()
    cells_run._RUN.clear()


FAILED = {
    "no colon": "def output_delta(O, t)\n    return O",
    "a misspelt def": "deff output_delta(O, t):\n    return O",
    "a bracket left open": "def output_delta(O, t):\n    return (O - t",
    "an indentation": "def output_delta(O, t):\n  x = 1\n    return O",
    "an error above it": "import no_such_module\n\ndef output_delta(O, t):\n    return O",
    "an assignment that fails": "output_delta = np.vectorise(1)",
}


@pytest.mark.parametrize("cell", FAILED.values(), ids=FAILED.keys())
def test_a_cell_that_failed_to_define_what_is_checked_is_told(notebook: Notebook, cell: str) -> None:
    notebook.run(RIGHT, cell)
    assert notebook.warning().startswith("What was checked is the `output_delta` from before: the latest cell that de")


@pytest.mark.parametrize("slip", ["otuput_delta", "output_detla", "outputdelta", "Output_delta"])
def test_a_name_that_is_a_slip_is_told(notebook: Notebook, slip: str) -> None:
    notebook.run(RIGHT, RIGHT.replace("output_delta", slip), "1 + 1")
    assert (
        notebook.warning() == f"What was checked is the `output_delta` from before: the latest cell defines `{slip}`."
    )


def test_the_warning_stands_first_and_costs_no_point(notebook: Notebook) -> None:
    notebook.run(RIGHT, FAILED["no colon"])
    report = check(notebook.shell.user_ns["output_delta"], "output_delta")
    assert report.passed
    assert str(report).splitlines()[1] == f"  {report.warning}"
    assert "<code>output_delta</code> from before" in report.to_html()


NO_ALARM = {
    "defined once": [RIGHT],
    "mended after an error": [FAILED["no colon"], RIGHT],
    "another exercise below": [RIGHT, "def hidden_delta(O, W, delta_above):\n    return O"],
    "another exercise with an error below": [RIGHT, "def hidden_delta(O, W, delta_above)\n    return O"],
    "a second version under another name": [RIGHT, RIGHT.replace("output_delta", "output_delta_2")],
    "cells run from the bottom up": ["def hidden_delta(O):\n    return O", RIGHT, "def sigmoid(z):\n    return z"],
    "an error below the function in its cell": [f"{RIGHT}\n\n1 / 0"],
    "a test of it that fails": [RIGHT, "assert output_delta(0, 1) == 7"],
    "a call of it that is no Python": [RIGHT, "print output_delta(0, 1)"],
    "a name that is compared": [RIGHT, "output_delta == 1 / 0"],
    "a lambda": ["output_delta = lambda O, t: (O - t) * O * (1 - O)"],
    "a helper with an error": [RIGHT, "def helper(:\n    pass"],
    "something about it in a text": [RIGHT, "text = 'def output_delta(O, t)'\n1 / 0"],
}


@pytest.mark.parametrize("cells", NO_ALARM.values(), ids=NO_ALARM.keys())
def test_nothing_is_said_where_nothing_is_odd(notebook: Notebook, cells: list[str]) -> None:
    notebook.run(*cells)
    assert notebook.warning() == ""
    notebook.run("1 + 1")
    assert notebook.warning() == ""


def test_what_was_imported_is_as_good(notebook: Notebook) -> None:
    notebook.shell.user_ns["output_delta"] = talking
    notebook.run("1 + 1")
    assert notebook.warning() == ""


# --- where the book is


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(book_address, "ROOT", tmp_path)
    book_address._configured.cache_clear()
    yield tmp_path
    book_address._configured.cache_clear()


def test_the_configured_address_is_linked(course: Path) -> None:
    (course / "_config.yml").write_text('html:\n  baseurl: "https://book.example/"  # where it is\n')
    assert book_address.book_from(course / "exercises") == "https://book.example/"


def test_the_address_of_the_feedback_pages_comes_first(course: Path) -> None:
    (course / "_config.yml").write_text('html:\n  baseurl: "https://book.example/"\n')
    (course / "nbgrader_config.py").write_text('c = get_config()\nc.FeedbackExporter.book = "https://mine.example/"\n')
    assert book_address.book_from(course / "exercises") == "https://mine.example/"


def test_without_an_address_the_book_built_here_is_linked_from_the_notebook(course: Path) -> None:
    (course / "_build" / "html" / "book").mkdir(parents=True)
    assert book_address.book_from(course / "exercises" / "03_delta_template") == "../../_build/html"


def test_without_a_book_nothing_is_linked(course: Path, tmp_path: Path) -> None:
    (course / "_config.yml").write_text('html:\n  baseurl: ""  # the address\n')
    assert book_address.book_from(course / "exercises") == ""


def test_a_notebook_outside_the_course_is_not_sent_to_a_file(course: Path) -> None:
    (course / "_build" / "html" / "book").mkdir(parents=True)
    assert book_address.book_from(course.parent) == ""


def test_a_page_of_the_book_is_the_same_whether_the_book_was_built_before_or_not(course: Path) -> None:
    (course / "_build" / "html" / "book").mkdir(parents=True)
    assert book_address.book_from(course / "book") == ""


def test_a_report_in_a_notebook_is_linked_and_one_for_a_grade_is_not() -> None:
    report = Report.from_data(check(talking, "output_delta").to_data())
    assert report.book == ""
    assert "href" not in str(report._repr_mimebundle_()["text/html"])
