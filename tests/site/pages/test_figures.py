"""Does a figure keep its place while it loads, and stay readable on a phone?"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Browser, Page, Route
from sphinx.util.images import get_image_size

from tests.site.page_list import CHAPTERS, CONTENTS

pytestmark = pytest.mark.slow

# Tall enough for a whole chapter: a browser reports only what moves where it can be seen.
PHONE = {"width": 390, "height": 30_000}
SMALLEST = 0.8  # of its own size; the figures' smallest letters are 8 points, so about 8.5 pixels
WATCH = """window.moved = [];
new PerformanceObserver(list => window.moved.push(...list.getEntries()))
    .observe({type: "layout-shift", buffered: true});"""
# Of what moved once the figures were let in: how far, and the elements.
MOVED = """since => window.moved.filter(entry => entry.startTime > since)
    .map(entry => [entry.value, ...entry.sources.map(source => source.node?.outerHTML?.slice(0, 80))])"""
A_MOMENT = "new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))"
LOADED = "[...document.images].every(image => image.complete && image.naturalWidth)"
SCALES = "[...document.querySelectorAll('.drawing img')].map(image => image.clientWidth / image.getAttribute('width'))"


def images(site: Path, name: str) -> list[Tag]:
    return BeautifulSoup((site / f"{name}.html").read_text("utf-8"), "html.parser").select("img")


@pytest.mark.parametrize("name", CONTENTS)
def test_every_picture_says_its_own_size(site: Path, name: str) -> None:
    for image in images(site, name):
        own = get_image_size(str((site / name).parent / str(image["src"])))
        assert (image["width"], image["height"]) == tuple(map(str, own or ()))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", CHAPTERS)
def test_nothing_moves_when_the_figures_arrive_and_all_are_readable(page: Page, address: str, name: str) -> None:
    waiting: list[Route] = []
    page.route("**/mathjax/**", lambda route: route.abort())  # formulas move the text too, when they are set
    page.route("**/_images/**", lambda route: waiting.append(route))
    page.add_init_script(WATCH)
    page.goto(f"{address}/{name}.html", wait_until="domcontentloaded")
    page.evaluate("document.fonts.ready")  # the theme's icons are there
    assert waiting
    page.evaluate(A_MOMENT)
    since = page.evaluate("performance.now()")
    for route in waiting:
        route.continue_()
    page.wait_for_function(LOADED)
    page.evaluate(A_MOMENT)
    assert page.evaluate(MOVED, since) == []
    assert min(page.evaluate(SCALES)) >= SMALLEST - 0.01
