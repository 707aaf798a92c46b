"""Is a printed chapter complete, readable and free of what only a screen needs?"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.site.page_list import CHAPTERS

pytestmark = pytest.mark.slow

PAPER = {"width": 680, "height": 980}  # A4 less margins of 15 mm, in CSS pixels
NAVIGATION = (
    "#pst-primary-sidebar",
    "#pst-secondary-sidebar",
    ".bd-header-article",
    ".prev-next-footer",
    "#pst-back-to-top",
)
CUT_OFF = """[...document.querySelectorAll('article :is(table, img, svg, pre, mjx-container)')]
    .filter(part => part.getBoundingClientRect().right > innerWidth + 1).map(part => part.textContent.slice(0, 60))"""
FOLDED = """[...document.querySelectorAll('details.sd-dropdown')]
    .filter(answer => !answer.lastElementChild.checkVisibility()).length"""
BREAKABLE = """[...document.querySelectorAll('article :is(figure, table, div.math)')]
    .filter(part => getComputedStyle(part).breakInside !== 'avoid').length"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=PAPER, color_scheme="dark")  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_printed_chapter_shows_all_of_its_text_and_nothing_else(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/{name}.html")
    page.evaluate("window.MathJax?.startup?.promise")
    page.emulate_media(media="print")
    assert [part for part in NAVIGATION if page.locator(part).first.is_visible()] == []
    assert page.evaluate(FOLDED) == 0
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate(BREAKABLE) == 0


def test_a_dark_page_is_printed_in_dark_letters(page: Page, address: str) -> None:
    page.goto(f"{address}/book/symbols.html")
    page.evaluate("addEventListener('beforeprint', () => window.letters = getComputedStyle(document.body).color)")
    on_screen = page.evaluate("getComputedStyle(document.body).color")
    page.pdf()
    assert max(map(int, page.evaluate("window.letters").strip("rgb()").split(","))) < 100
    assert page.evaluate("getComputedStyle(document.body).color") == on_screen


def test_a_folded_answer_opens_by_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}/book/03_delta_template.html")
    answer = page.locator("details").first
    answer.locator("summary").focus()
    for opened in (True, False):
        page.keyboard.press("Enter")
        assert answer.evaluate("answer => answer.open") is opened
