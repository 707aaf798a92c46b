"""Does every page work in a real browser that can reach no other host?"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route

ROOT = Path(__file__).parents[2]
PAGES = re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text(encoding="utf-8"))
WIDTHS = {"desktop": 1280, "phone": 390}
UNRENDERED = "document.querySelectorAll('.math:not(:has(mjx-container)), mjx-merror, [data-mjx-error]').length"
BROKEN_IMAGES = "[...document.images].filter(image => image.complete && !image.naturalWidth).map(image => image.src)"
DEAD_ANCHORS = """[...document.querySelectorAll('a[href^="#"]')].map(link => link.getAttribute('href').slice(1))
    .filter(id => id && !document.getElementById(decodeURIComponent(id)))"""


class Visit:
    """One page, opened with every other host refused, and what went wrong while it loaded."""

    def __init__(self, page: Page, address: str, name: str) -> None:
        self.page, self.address = page, address
        self.foreign: list[str] = []
        self.problems: list[str] = []
        page.route("**/*", self._guard)
        page.on("console", self._note)
        page.on("response", lambda answer: self.problems.append(answer.url) if answer.status >= 400 else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.goto(f"{address}/{name}.html", wait_until="load")
        page.evaluate("window.MathJax?.startup?.promise")

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    def _guard(self, route: Route) -> None:
        if route.request.url.startswith((self.address, "data:", "blob:")):
            route.continue_()
        else:
            self.foreign.append(route.request.url)
            route.abort()


EVERY_WAY = [(name, width, theme) for name in PAGES for width in WIDTHS for theme in ("light", "dark")]


@pytest.fixture(params=EVERY_WAY, ids="-".join)
def visit(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Visit]:
    name, width, theme = request.param
    context = browser.new_context(viewport={"width": WIDTHS[width], "height": 900}, color_scheme=theme)
    yield Visit(context.new_page(), address, name)
    context.close()


def test_a_page_loads_by_itself_and_fits(visit: Visit) -> None:
    assert visit.foreign == []
    assert visit.problems == []
    assert visit.page.evaluate(UNRENDERED) == 0
    assert visit.page.evaluate(BROKEN_IMAGES) == []
    assert visit.page.evaluate(DEAD_ANCHORS) == []
    assert visit.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


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
