"""Does the class report say what the gradebook says, to instructors with eyes, a phone or a spreadsheet, and to no one
a name that was left out?"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbgrader.api import Gradebook
from playwright.sync_api import Browser, Page

from autograder.cli import main
from autograder.course.gradebook.course_folder import Course
from autograder.course.reports.as_text import _mistake_lines
from autograder.course.reports.class_page import ClassReport, frame_of
from autograder.course.reports.class_statistics import ClassStatistics
from autograder.course.reports.pseudonyms import pseudonym
from autograder.notebook import book_address
from tests.course.helpers import ALL, graded, results
from tools import class_answers
from tools.make_class import LAB, WRITTEN, answered, hand_in, reference

MARKUP = "<img src=x onerror=top.hurt=1>"
FORMULA = "=1+1"
ROUND = [*"abcdefghij"]  # a class large enough for correlations
UNNAMED = {"bias_gradient": "def bias_gradient(delta): return 17 + delta.sum(axis=0) ** 3"}
WRONG = [class_answers.SLOPE_MISSING, class_answers.SIGN, class_answers.SIGN, class_answers.MEAN_FOR_SUM, {}]


def hand_in_all(course: Path) -> None:
    right = reference()
    for place, student in enumerate(ROUND):
        wrong = WRONG[place % len(WRONG)]
        written = {WRITTEN: class_answers.WRITTEN[0]} if place % 3 else {}
        hand_in(course, student, nbformat.writes(answered(right | wrong | written)))
    hand_in(course, MARKUP, nbformat.writes(answered({"output_delta": right["output_delta"]})), MARKUP)
    hand_in(course, FORMULA, "[]", "ada_lovelace")
    hand_in(course, "ada_lovelace", "[]", "ada_lovelace")
    hand_in(course, "odd", nbformat.writes(answered(right | UNNAMED)))
    (course / "submitted" / "j" / LAB / "timestamp.txt").write_text("2026-11-03 11:59:00 UTC")
    (course / "submitted" / "i" / LAB / "timestamp.txt").write_text("2026-11-02 00:59:00 UTC")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("course")
    hand_in_all(folder)
    with Gradebook(Course.at(folder, LAB).db_url) as book:
        book.add_assignment(LAB, duedate="2026-11-01 23:59 UTC")
    with ThreadPoolExecutor(1) as beside_the_browser:
        beside_the_browser.submit(graded, folder).result()
    with Gradebook(Course.at(folder, LAB).db_url) as book:
        book.find_submission_notebook(LAB, LAB, "j").late_submission_penalty = 0.8 * ALL
        book.db.commit()
    return folder


def report(course: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["report", LAB, "--course", str(course), *options]) == 0
    return capsys.readouterr().out


@pytest.fixture(params=["light", "dark"])
def page(
    course: Path, browser: Browser, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> Iterator[Page]:
    path = Path(report(course, capsys).rpartition("report     ")[2].strip())
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=request.param)
    asked: list[str] = []
    page = context.new_page()
    page.on("request", lambda asking: asked.append(asking.url))
    page.goto(path.as_uri())
    yield page
    assert asked == [path.as_uri()]
    context.close()


def test_the_page_tells_who_made_which_mistake(page: Page) -> None:
    rows = page.locator("section[aria-labelledby=mistakes] tbody tr")
    told = dict(row.split("\t")[::2] for row in rows.all_inner_texts())
    assert told["sign\nThe sign is reversed."] == "b, c, g, h"
    assert {name.split("\n")[0] for name in told} == {"sign", "slope-missing", "batch-mean"}


def test_the_page_tells_what_is_to_do(page: Page, course: Path) -> None:
    todo = page.locator("section[aria-labelledby=todo]").inner_text()
    waiting = [student for student, result in results(course).items() if result.score.waiting]
    assert len(waiting) == 6
    assert f"6 written answers wait to be graded by hand, to {WRITTEN}: {', '.join(waiting)}" in todo
    assert "2 submissions need attention" in todo
    assert "not a notebook" in todo


def test_the_histogram_holds_every_submission_once(page: Page, course: Path) -> None:
    label = page.get_by_role("img").get_attribute("aria-label") or ""
    counts = [int(count) for count in re.findall(r": (\d+)\.", label)]
    assert sum(counts) == len(results(course))


def test_the_table_of_exercises_gives_difficulty_and_discrimination(page: Page) -> None:
    rows = page.locator("section[aria-labelledby=exercises] tbody tr").all_inner_texts()
    told = {row.split("\t")[0]: row.split("\t")[1:] for row in rows}
    assert told["output_delta"][1:4] == ["50 %", "6", "6"]
    assert re.fullmatch(r"−?[01]\.\d\d", told["output_delta"][4])
    assert told["output_delta"][5] == "sign (4)"
    assert told[WRITTEN][1] == "6 wait"


def test_nothing_a_learner_wrote_or_is_called_acts_on_the_page(page: Page) -> None:
    assert page.evaluate("window.hurt") is None
    assert page.locator("img[src]").count() == 0
    assert MARKUP in page.locator("body").inner_text()


def test_the_links_lead_to_the_feedback_pages(page: Page) -> None:
    targets = page.evaluate("[...document.links].map(link => decodeURIComponent(new URL(link.href).pathname))")
    assert len(set(targets)) == len(ROUND) + 4
    assert not [target for target in targets if not Path(target).is_file()]


def test_the_page_fits_a_phone_and_keeps_nobody_from_reading_it(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not [violation["id"] for violation in Axe().run(page).response["violations"]]


def test_the_page_is_printed_in_light_colours_and_whole(page: Page) -> None:
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 33, 40)"
    assert page.evaluate("getComputedStyle(document.querySelector('.wide')).overflowX") == "visible"


def test_the_rows_for_a_spreadsheet_are_the_scores_and_no_formulas(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = list(csv.DictReader(io.StringIO(report(course, capsys, "--csv"))))
    every = results(course)
    assert {row["student"].lstrip("'"): float(row["points"]) for row in rows} == {
        student: result.score.score for student, result in every.items()
    }
    assert not [row for row in rows if row["student"].startswith("=")]
    first = next(row for row in rows if row["student"] == "b")
    assert (first["output_delta"], first["hidden_delta"], first[WRITTEN], first["waiting"]) == (
        "0.0",
        "2.0",
        "",
        WRITTEN,
    )
    assert [row["needs_attention"] for row in rows].count("yes") == 2


@pytest.mark.parametrize("form", ["--json", "--csv", "text"])
def test_no_name_is_left_in_an_anonymous_report(course: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    said = report(course, capsys, "--anonymous", *([form] if form != "text" else []))
    page = (course / "reports" / f"{LAB}-anonymous.html").read_text("utf-8") if form == "text" else ""
    for name in ("ada", "lovelace", MARKUP, "onerror", FORMULA, str(course) if form != "text" else MARKUP):
        assert name not in said.replace(f"{course}", "" if form == "text" else f"{course}")
        assert name not in page
    everybody = {pseudonym(Course.at(course, LAB), student) for student in results(course)}
    assert len(everybody) == len(ROUND) + 4
    assert not [one for one in everybody if one not in said]
    assert "was expected" in said or form == "--csv"


def test_pseudonyms_are_the_same_in_every_report_of_a_course_and_others_in_another(
    course: Path, tmp_path: Path
) -> None:
    here, later = Course.at(course, LAB), Course.at(course, "06_dropout")
    assert pseudonym(here, "ada") == pseudonym(later, "ada") != pseudonym(here, "bob")
    assert pseudonym(Course.at(tmp_path, LAB), "ada") != pseudonym(here, "ada")


def test_an_anonymous_table_is_not_in_the_order_of_the_names(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(report(course, capsys, "--csv", "--anonymous"))))
    shown = [row["student"] for row in rows]
    assert shown == sorted(shown)
    assert shown != [pseudonym(Course.at(course, LAB), student) for student in sorted(results(course))]


def section(page: Page, name: str) -> list[list[str]]:
    return [row.split("\t") for row in page.locator(f"section[aria-labelledby={name}] tbody tr").all_inner_texts()]


def test_the_page_names_the_learners_behind_a_wrong_answer_that_no_mistake_explains(page: Page) -> None:
    assert ["bias_gradient", "wrong value", "1", "odd"] in section(page, "unexplained")
    assert not [row for row in section(page, "unexplained") if row[1] in ("not written", "not graded")]


def test_the_page_sums_up_by_slot_and_by_section_of_the_book(page: Page) -> None:
    by_slot = {row[0]: row for row in section(page, "again") if len(row) == 4}
    by_section = {row[0]: row for row in section(page, "again") if len(row) == 3}
    assert by_slot["local slope"][3] == "a, f"
    assert "chapter 03, “" in by_slot["local slope"][2]
    assert all(place in by_section for place in by_slot["local slope"][2].split("; "))
    assert {"odd"} <= {who for row in by_section.values() for who in row[2].split(", ")}


def test_a_section_is_a_link_where_it_is_known_where_the_book_is_served(course: Path) -> None:
    report = ClassReport.of(Course.at(course, LAB), statistics_of(course), anonymous=False)
    place = next(iter(report.found.sections))
    address = f'href="https://course.example/book/{LAB}.html#{place.anchor}"'
    assert address in replace(report, book="https://course.example").html()
    assert "course.example" not in report.html()


def test_the_book_that_was_built_beside_the_class_is_linked_too(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "_build" / "html" / "book").mkdir(parents=True)
    (tmp_path / "term-1").symlink_to(course)
    monkeypatch.setattr(book_address, "ROOT", tmp_path)
    here = replace(Course.at(course, LAB), folder=tmp_path / "term-1")
    named, nameless = (ClassReport.of(here, statistics_of(course), anonymous=each) for each in (False, True))
    assert f'href="../../_build/html/book/{LAB}.html#' in named.html()
    assert "_build" not in nameless.html()


def test_the_table_of_everybody_tells_who_was_how_late_and_what_it_cost(page: Page) -> None:
    head, *rows = (
        row.split("\t") for row in page.locator("#everybody").inner_text().replace("\n\t", "\t").splitlines() if row
    )
    late = {row[0]: row[-2:] for row in rows}
    assert head[-2:] == ["late by", "late penalty"]
    assert (late["j"], late["i"], late["a"]) == (["1 d 12 h", f"−{0.8 * ALL:g}"], ["1 h 0 min", ""], ["", ""])


def test_points_with_a_late_penalty_are_what_was_meant_and_not_what_floats_make_of_it(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = results(course)["j"].score
    assert (sum(points.points.values()), points.score) == (ALL, round(0.2 * ALL, 4))
    row = next(row for row in csv.DictReader(io.StringIO(report(course, capsys, "--csv"))) if row["student"] == "j")
    assert (row["points"], row["late_penalty"], row["seconds_late"]) == (f"{0.2 * ALL:g}", f"{0.8 * ALL:g}", "129600.0")


def statistics_of(course: Path) -> ClassStatistics:
    return ClassStatistics.of(frame_of(LAB), results(course).values())


def test_terminal_object_and_page_tell_the_same_of_each_exercise(
    page: Page, course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where a hand-in could not be read: it counts among the scores and in no exercise."""
    text = report(course, capsys)
    data = json.loads(report(course, capsys, "--json"))["summary"]
    assert data["submissions"] == len(ROUND) + 4
    assert set(data["unread"]) == {FORMULA, "ada_lovelace"}
    on_page = {row[0]: row for row in section(page, "exercises")}
    for name, each in data["exercises"].items():
        line = f"{each['mean']:5.2f} {each['max_points']:3g}  {each['full']:4d}  {each['none']:4d}"
        if name == WRITTEN:
            continue
        assert re.search(rf"^{name} +{re.escape(line)}$", text, re.M), line
        share = f"{round(100 * each['mean'] / each['max_points'])} %"
        assert on_page[name][2:5] == [share, str(each["full"]), str(each["none"])]
    assert "without the 2 that could not be read" in text
    assert "2 of the submissions could not be read" in page.locator("section[aria-labelledby=exercises]").inner_text()


def test_a_list_of_mistakes_that_is_cut_says_so() -> None:
    many = {f"mistake-{place:02d}": ["ada"] for place in range(13)}
    lines = list(_mistake_lines(many))
    assert sum("mistake-" in line for line in lines) == 10
    assert lines[-1].strip() == "and 3 more, which the class report lists"
    assert "more" not in "".join(_mistake_lines(dict(list(many.items())[:10])))


def test_the_object_for_programs_says_how_long_each_took(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(report(course, capsys, "--json"))
    assert all(each["seconds"] >= 0 for each in data["submissions"])
    assert data["summary"]["waiting"] == {WRITTEN: sorted({"b", "c", "e", "f", "h", "i"})}
