"""What a learner, nbgrader and a terminal read of a Report."""

from __future__ import annotations

import json
from html.parser import HTMLParser

from autograder import Finding, Report, check
from autograder.exercise import Section
from autograder.report import JSON_MIME

HOSTILE = "<script>alert(1)</script>` <img src=x onerror=alert(1)>`"


def report(*findings: Finding) -> Report:
    return Report("output_delta", "03_delta_template", Section("delta-template-output", "An output unit"), findings)


RIGHT = Finding("dx", 1.0, 1.0, "right", "right in all 9 cases")
WRONG = Finding("dW", 0.0, 2.0, "wrong value", "Wrong in all 9 cases.", "batch-mean", "input", 0.5, "N = 4")


def test_the_points_are_the_sum_over_the_parts() -> None:
    assert (report(RIGHT, WRONG).points, report(RIGHT, WRONG).max_points) == (1.0, 3.0)


def test_text_plain_is_a_number_that_nbgrader_can_read() -> None:
    bundle = report(RIGHT, WRONG)._repr_mimebundle_()
    assert float(str(bundle["text/plain"])) == 1.0


def test_the_report_survives_the_notebook_as_plain_data() -> None:
    data = json.loads(json.dumps(report(RIGHT, WRONG)._repr_mimebundle_()[JSON_MIME]))
    assert Report.from_data(data) == report(RIGHT, WRONG)


def test_the_text_form_names_points_parts_and_where_to_read() -> None:
    lines = str(report(RIGHT, WRONG)).splitlines()
    assert lines == [
        "output_delta: 1 of 3 points",
        "  ✓ dx (1 of 1): right in all 9 cases",
        "  ✗ dW (0 of 2): Wrong in all 9 cases.",
        "  Read again: chapter 03, “An output unit”; “batch-mean” in the catalogue of mistakes",
    ]


def test_parts_of_which_the_same_is_to_be_said_share_a_line() -> None:
    stub = [Finding(part, 0.0, 1.0, "not written", "Not written yet.") for part in ("dx", "dW", "db")]
    assert "  ✗ dx, dW, db (0 of 3): Not written yet." in str(report(*stub)).splitlines()


def test_one_reason_for_several_parts_is_told_once_with_the_parts_and_the_worst_number() -> None:
    def wrong(part: str, error: float) -> Finding:
        message = f"Wrong in all 9 cases. The slope is missing. The worst relative error is {error:g}."
        return Finding(
            part, 0.0, 1.0, "wrong value", message, "slope-missing", "slope", error, sentence="The slope is missing."
        )

    text = str(report(wrong("dx", 0.5), Finding("forward", 1.0, 1.0, "right", "right"), wrong("dW", 0.75)))
    assert text.count("The slope is missing.") == 1
    assert "  ✗ dx, dW (0 of 2): Wrong in all 9 cases. The slope is missing. The worst relative error is 0.75." in text
    assert "These numbers are those of dW." in text


def test_a_passed_report_sends_nobody_back_to_the_book() -> None:
    assert "Read again" not in str(report(RIGHT)) + report(RIGHT).to_html()


def test_with_the_books_address_what_to_read_is_linked() -> None:
    page = report(WRONG).to_html(book="https://book.example/x/")
    assert 'href="https://book.example/x/book/03_delta_template.html#delta-template-output"' in page
    assert 'href="https://book.example/x/book/mistakes.html#mistake-batch-mean"' in page
    assert "href" not in report(WRONG).to_html()


def test_an_address_in_a_reports_data_cannot_leave_its_attribute() -> None:
    odd = Report("x", '"><script>', Section('"><script>', "t"), (WRONG,)).to_html(book='https://b.example/"><script>')
    assert "<script" not in odd


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)


def test_markup_in_a_message_is_shown_not_run() -> None:
    tags = Tags()
    tags.feed(report(Finding("<b>", 0.0, 1.0, "raised", HOSTILE, case=HOSTILE)).to_html())
    assert tags.found <= {"div", "p", "strong", "ul", "li", "span", "code"}


def test_what_the_learner_raised_is_escaped_all_the_way() -> None:
    def output_delta(O: object, t: object) -> None:
        raise ValueError(HOSTILE)

    assert "<script" not in check(output_delta).to_html()


def test_right_and_wrong_are_told_in_words_for_a_screen_reader() -> None:
    text = report(RIGHT, WRONG).to_html()
    assert 'aria-label="right"' in text
    assert 'aria-label="wrong"' in text


def test_the_slot_is_named_beside_its_colour() -> None:
    assert "[input]" in report(WRONG).to_html()
