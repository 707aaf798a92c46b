"""Do the pages do what a reader expects of them in a real browser?"""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from book.browser.machine import page_names
from tests.site.page_checks import Visit
from tests.site.page_list import PAGES


def test_every_page_of_the_built_site_is_tested(site: Path) -> None:
    assert page_names(site) == sorted(PAGES)


@pytest.mark.parametrize(("theme", "colour"), [("light", "rgb(51, 85, 238)"), ("dark", "rgb(128, 153, 255)")])
@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("book/symbols", "mjx-container .slot-upstream"),
        ("exercises/03_delta_template/03_delta_template", "mjx-container [style*='rgb(51, 85, 238)']"),
    ],
)
def test_a_formula_takes_the_slots_colour(
    browser: Browser, address: str, name: str, formula: str, theme: str, colour: str
) -> None:
    context = browser.new_context(color_scheme=theme)  # type: ignore[arg-type]
    first = Visit(context.new_page(), address, name).page.locator(formula).first
    seen = first.evaluate("element => getComputedStyle(element).color")
    context.close()
    assert seen == colour


def test_an_answer_is_folded_until_it_is_asked_for(browser: Browser, address: str) -> None:
    page = browser.new_page()
    Visit(page, address, "book/03_delta_template")
    answer = page.locator("details").first
    assert answer.get_attribute("open") is None
    answer.locator("summary").click()
    assert answer.get_attribute("open") is not None
    page.close()
