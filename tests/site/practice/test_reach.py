"""Can everybody practise: by keyboard, by ear, on a phone, in the dark, and is paper left alone?"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.site.page_checks import DESKTOP, NARROW, PHONE, barriers, scrolling_sideways, show_in, unfold
from tests.site.practice.lab_page import LabPage, opened

LAB = "03_delta_template"
RIGHT = "def bias_gradient(delta):\n    return delta.sum(0)"
LONG = "def output_delta(O, t):\n    print(np.zeros((40, 40)))\n    return (O - t)  " + "# that goes on " * 9


@pytest.fixture(scope="module")
def lab(browser: Browser, strict: str) -> Iterator[LabPage]:
    """A page with a right verdict, a wrong one with long lines and one that is not there yet."""
    with opened(browser, strict, LAB) as page:
        page.check("bias_gradient", RIGHT)
        page.check("output_delta", LONG)
        page.type("weight_gradient", "def weight_gradient(x, delta):\n    return (lambda: [x @ {'a': 1.0}])")
        yield page


@pytest.mark.parametrize("width", [DESKTOP, PHONE, pytest.param(NARROW, marks=pytest.mark.slow)])
@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_no_barrier_and_nothing_wider_than_the_window(lab: LabPage, width: int, theme: str) -> None:
    lab.page.set_viewport_size({"width": width, "height": 900})
    lab.page.add_style_tag(content="*, ::before, ::after { transition: none !important }")
    show_in(lab.page, theme)
    unfold(lab.page)
    lab.page.wait_for_timeout(500)  # for the theme to see which boxes scroll
    assert [*barriers(lab.page), *scrolling_sideways(lab.page)] == []


def test_a_screen_reader_hears_the_verdict(lab: LabPage) -> None:
    lab.press("bias_gradient")
    lab.verdict("bias_gradient")
    heard = lab.page.locator(".practice-heard[role=status]").text_content()
    assert re.fullmatch(r"bias_gradient: 1 of 1 points\n  ✓ right in all \d+ cases", heard or "")


def test_a_field_says_what_it_is_for_and_how_to_leave_it(lab: LabPage) -> None:
    field = lab.page.get_by_role("textbox", name="Your answer: bias_gradient", exact=True)
    expect(field).to_have_accessible_description("Tab indents. Esc, then Tab leaves the field. Shift+Enter checks.")


def test_an_exercise_is_answered_by_keyboard_alone(browser: Browser, strict: str) -> None:
    with opened(browser, strict, LAB) as lab:
        keys = lab.page.keyboard
        for _ in range(200):
            keys.press("Tab")
            if lab.field("bias_gradient").evaluate("field => field === document.activeElement"):
                break
            keys.press("Escape")  # the fields on the way let go of Tab after it
        keys.press("Control+A")
        keys.type("def bias_gradient(delta):\nreturn delta.sum(0)")  # Enter indents by itself
        assert lab.source("bias_gradient") == RIGHT
        keys.press("Escape")
        keys.press("Tab")
        expect(lab.exercise("bias_gradient").locator('[data-action="check"]')).to_be_focused()
        keys.press("Enter")
        assert lab.verdict("bias_gradient").points == 1


def test_paper_has_the_exercise_and_no_answer(lab: LabPage) -> None:
    lab.page.emulate_media(media="print")
    exercise = lab.exercise("bias_gradient")
    shown = exercise.locator("pre").all_inner_texts()
    hidden = exercise.locator(".practice-field")
    assert ["raise NotImplementedError" in shown[0], shown[1].strip()] == [True, "check(bias_gradient)"]
    expect(exercise.locator("pre").first).to_be_visible()
    expect(hidden).to_be_hidden()
    lab.page.emulate_media(media="screen")


def test_without_scripts_a_page_shows_exercise_and_check_as_cells(browser: Browser, strict: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{strict}/exercises/{LAB}/{LAB}.html")
    for cell in page.locator('[data-exercise="bias_gradient"] .cell').all():
        expect(cell).to_be_visible()
    expect(page.locator("[data-lab]")).to_be_hidden()
    context.close()
