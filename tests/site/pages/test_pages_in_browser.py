"""Do the pages do what a reader expects of them in a real browser?"""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.site.page_checks import Visit
from tests.site.page_list import PAGES
from tools.browser import page_names

GROUND = "getComputedStyle(document.body).backgroundColor"
GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 18, 18)"}


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


@pytest.mark.parametrize("chosen", [None, "auto", "light", "dark"])
@pytest.mark.parametrize("system", GROUNDS)
def test_light_or_dark_is_settled_before_the_themes_own_script_comes(
    browser: Browser, address: str, system: str, chosen: str | None
) -> None:
    context = browser.new_context(color_scheme=system)  # type: ignore[arg-type]
    page = context.new_page()
    page.route("**/pydata-sphinx-theme.js*", lambda route: route.abort())
    if chosen:
        page.add_init_script(f"localStorage.setItem('mode', '{chosen}')")
    page.goto(f"{address}/book/01_chain_rule.html", wait_until="domcontentloaded")
    ground = page.evaluate(GROUND)
    context.close()
    assert ground == GROUNDS[chosen if chosen in GROUNDS else system]


def test_without_scripts_a_page_is_light(browser: Browser, address: str) -> None:
    context = browser.new_context(color_scheme="dark", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/book/01_chain_rule.html", wait_until="domcontentloaded")
    code = page.locator("code.literal").first
    ground, border = page.evaluate(GROUND), code.evaluate("e => getComputedStyle(e).borderTopWidth")
    context.close()
    assert (ground, border) == (GROUNDS["light"], "1px")
