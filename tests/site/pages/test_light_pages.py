"""Does a lightened drawing look the same, and is it lighter?"""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from book.extensions.light_pages import lightened, without_repeated_pens


@pytest.fixture(scope="module")
def drawing() -> str:
    """A plot with all that the book's figures have: curves, logarithmic ticks, formulas, a map and a key."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(4.6, 2.4))
    x = np.geomspace(1, 1000, 200)
    left.loglog(x, 1 / x, label=r"$\delta_j = g \cdot O(1-O)$")
    left.legend()
    right.imshow(np.outer(x[:20], x[:20]))
    file = io.StringIO()
    figure.savefig(file, format="svg")
    plt.close(figure)
    return file.getvalue()


def seen(page: Page, drawing: str) -> np.ndarray:
    page.set_content(drawing[drawing.index("<svg") :])
    return np.asarray(Image.open(io.BytesIO(page.locator("svg").first.screenshot())).convert("L"), dtype=float)


def test_it_has_the_same_size_and_looks_the_same(browser: Browser, drawing: str) -> None:
    page = browser.new_page(device_scale_factor=2)
    before, after = seen(page, drawing), seen(page, lightened(drawing))
    page.close()
    assert before.shape == after.shape
    assert np.abs(before - after).mean() < 1  # of 255
    assert before.std() > 10, "nothing is drawn"


def test_it_is_much_lighter(drawing: str) -> None:
    assert len(lightened(drawing)) < 0.7 * len(drawing)


def test_a_path_keeps_its_pen_and_a_use_does_not_repeat_it() -> None:
    drawing = '<path id="e" d="m0 0v3" stroke="#57606a"/><use x="1" fill="red" stroke="#57606a" xlink:href="#e"/>'
    shorter = '<path id="e" d="m0 0v3" stroke="#57606a"/><use x="1" fill="red" href="#e"/>'
    assert without_repeated_pens(drawing) == shorter


def test_a_pen_that_the_path_does_not_have_stays() -> None:
    drawing = '<path id="e" d="m0 0v3"/><use x="1" stroke="#57606a" href="#e"/>'
    assert without_repeated_pens(drawing.replace(" href", " xlink:href")) == drawing


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_name_in_code_has_the_colour_of_the_code_around_it(browser: Browser, address: str, theme: str) -> None:
    context = browser.new_context(color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/book/03_delta_template.html")
    around, name, keyword = (
        page.locator(code).first.evaluate("e => getComputedStyle(e).color")
        for code in ("div.highlight", "div.highlight pre", "div.highlight .k")
    )
    plain = page.locator("div.highlight :is(.n, .p, .w)").count()
    context.close()
    assert (name, plain) == (around, 0)
    assert keyword != name
