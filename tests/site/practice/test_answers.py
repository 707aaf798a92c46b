"""Are answers kept, and do they leave the page in a lab that can be handed in?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, expect

from autograder.labs import exercise_path
from autograder.student.validate import validate
from tests.course.helpers import ALL, graded, scores
from tests.site.practice.lab_page import LabPage, opened
from tests.unit.chapters.solved import answers_of

LAB = "03_delta_template"
RIGHT = "def bias_gradient(delta):\n    return delta.sum(0)"


@pytest.fixture
def lab(browser: Browser, strict: str) -> Iterator[LabPage]:
    with opened(browser, strict, LAB) as page:
        yield page


def download(lab: LabPage, folder: Path) -> Path:
    with lab.page.expect_download() as downloaded:
        lab.page.get_by_role("button", name="Download this lab with my answers").click()
    path = folder / downloaded.value.suggested_filename
    downloaded.value.save_as(path)
    return path


def test_answers_outlive_the_page(lab: LabPage) -> None:
    lab.type("bias_gradient", RIGHT)
    lab.page.reload()
    assert lab.source("bias_gradient") == RIGHT


def test_what_is_done_outlives_the_page(lab: LabPage) -> None:
    lab.check("bias_gradient", RIGHT)
    lab.page.reload()
    assert lab.page.locator(".practice-done").inner_text() == "1 of 8 exercises done"
    assert lab.exercise("bias_gradient").locator(".practice-since").inner_text() == "Checked before: 1 of 1 points."
    assert lab.exercise("bias_gradient").locator("[data-points]").count() == 0


def test_what_is_changed_is_no_longer_done(lab: LabPage) -> None:
    lab.check("bias_gradient", RIGHT)
    lab.type("bias_gradient", RIGHT + " / 2")
    assert lab.page.locator(".practice-done").inner_text() == "0 of 8 exercises done"
    assert lab.page.locator('.practice-list [data-state="changed"]').inner_text() == "~ bias_gradient"
    assert "Changed since it was checked." in lab.exercise("bias_gradient").inner_text()


def test_starting_over_can_be_taken_back(lab: LabPage) -> None:
    stub = lab.source("bias_gradient")
    lab.type("bias_gradient", RIGHT)
    lab.press("bias_gradient", "start-over")
    assert lab.source("bias_gradient") == stub
    lab.press("bias_gradient", "start-over")
    assert lab.source("bias_gradient") == RIGHT


def test_starting_over_has_to_begin_with_something(lab: LabPage) -> None:
    button = lab.exercise("bias_gradient").locator('[data-action="start-over"]')
    expect(button).to_be_disabled()
    lab.type("bias_gradient", RIGHT)
    expect(button).to_be_enabled()


@pytest.mark.slow
def test_what_is_typed_in_one_window_is_shown_in_the_other(lab: LabPage) -> None:
    other = lab.page.context.new_page()
    other.goto(lab.address)
    other.locator('[data-exercise="bias_gradient"] .cm-content').fill(RIGHT)
    lab.field("bias_gradient").get_by_text("return delta.sum(0)").wait_for()
    assert lab.source("bias_gradient") == RIGHT


@pytest.mark.slow
def test_an_answer_to_an_exercise_that_has_changed_is_offered_not_shown(lab: LabPage) -> None:
    stub = lab.source("bias_gradient")
    key = f"backprop-by-hand/{LAB}/bias_gradient/before"
    lab.page.evaluate("([key, kept]) => localStorage.setItem(key, kept)", [key, json.dumps({"source": RIGHT})])
    lab.page.reload()
    assert lab.source("bias_gradient") == stub
    lab.exercise("bias_gradient").get_by_role("button", name="Show it").click()
    assert lab.source("bias_gradient") == RIGHT


@pytest.mark.slow
def test_where_nothing_can_be_kept_the_page_says_so_and_goes_on(browser: Browser, strict: str) -> None:
    context = browser.new_context()
    context.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full') }")
    lab = LabPage(context, strict, LAB)
    assert "keeps nothing" not in lab.page.locator("[data-lab]").inner_text()
    assert lab.check("bias_gradient", RIGHT).points == 1
    assert "This browser keeps nothing for this page" in lab.page.locator("[data-lab]").inner_text()
    context.close()


def test_the_download_is_the_lab_with_nothing_but_answers_changed(lab: LabPage, tmp_path: Path) -> None:
    lab.type("bias_gradient", RIGHT)
    path = download(lab, tmp_path)
    given, mine = (json.loads(file.read_text("utf-8")) for file in (exercise_path(LAB), path))
    assert path.name == f"{LAB}.ipynb"
    changed = [cell for cell, before in zip(mine["cells"], given["cells"], strict=True) if cell != before]
    assert [cell["id"] for cell in changed] == ["bias_gradient"]
    assert changed[0]["source"] == RIGHT.splitlines(keepends=True)
    changed[0]["source"] = next(cell["source"] for cell in given["cells"] if cell["id"] == "bias_gradient")
    assert mine == given
    nbformat.validate(nbformat.read(path, as_version=4))


def test_without_an_answer_the_download_is_the_lab_byte_for_byte(lab: LabPage, tmp_path: Path) -> None:
    assert download(lab, tmp_path).read_bytes() == exercise_path(LAB).read_bytes()


@pytest.mark.slow
def test_the_download_earns_what_its_answers_are_worth(lab: LabPage, tmp_path: Path) -> None:
    for name, answer in answers_of(LAB).items():
        lab.type(name, answer)
    mine = download(lab, tmp_path)
    result = validate(mine)
    assert (result.points, result.to_mend) == (result.max_points, [])
    submitted = tmp_path / "submitted" / "learner" / LAB
    submitted.mkdir(parents=True)
    shutil.copy(mine, submitted)
    graded(tmp_path)
    assert scores(tmp_path) == {"learner": ALL}
