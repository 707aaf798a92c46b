"""Is a page light: on a first visit, and for a reader who comes from another page?"""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.site.page_list import CHAPTERS_AND_LABS
from tools.browser import served

NEIGHBOURS = [*pairwise(CHAPTERS_AND_LABS), (CHAPTERS_AND_LABS[-1], CHAPTERS_AND_LABS[0])]
FIRST, FURTHER = 2_500_000, 300_000  # bytes
EDITOR = 400_000  # of a lab's page, a third of it where a server compresses; the browser has it for all labs
TO_THE_END = """async () => {
    for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight) {
        scrollTo(0, y);
        await new Promise(requestAnimationFrame);
    }
}"""


def transferred(context: BrowserContext, url: str) -> tuple[int, int, int]:
    """The bytes a page takes over the network, headers included: when it has opened, when it is read to its end, and
    beside these, those of the editor."""
    page = context.new_page()
    network = context.new_cdp_session(page)
    sizes: list[float] = []
    editor: dict[str, float] = {}

    def note_name(event: dict[str, Any]) -> None:
        if "/practice/editor.js" in event["response"]["url"]:
            editor[event["requestId"]] = 0.0

    def note_size(event: dict[str, Any]) -> None:
        if event["requestId"] in editor:
            editor[event["requestId"]] = event["encodedDataLength"]
        else:
            sizes.append(event["encodedDataLength"])

    network.on("Network.responseReceived", note_name)
    network.on("Network.loadingFinished", note_size)
    network.send("Network.enable")
    page.goto(url, wait_until="load")
    page.evaluate("window.MathJax?.startup?.promise")
    page.wait_for_load_state("networkidle")
    opened = sum(sizes)
    page.evaluate(TO_THE_END)
    page.wait_for_timeout(300)  # for the figures that the last step asked for
    page.close()
    return round(opened), round(sum(sizes)), round(sum(editor.values()))


# One in which a lab follows a chapter, and one in which a chapter follows a lab, in the quick pace.
@pytest.mark.parametrize(
    ("name", "after"),
    [
        pytest.param(*both, id=both[0], marks=() if place < 2 else pytest.mark.slow)
        for place, both in enumerate(NEIGHBOURS)
    ],
)
def test_a_page_is_light_and_the_one_after_it_lighter(
    browser: Browser, address: str, name: str, after: str, record_property: Callable[[str, object], None]
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    pages = [transferred(context, f"{address}/{page}.html") for page in (name, after)]
    context.close()
    (_, first, editor), (further, read, editor_after) = pages
    then = f"then {after} {further / 1e3:.0f} KB as it opens, {read / 1e3:.0f} KB to its end"
    record_property("page weight", f"{name:<54}{first / 1e6:5.2f} MB; {then}")
    assert first < FIRST
    assert 0 < further <= read < FURTHER
    assert editor + editor_after < EDITOR


def test_what_the_browser_has_already_weighs_nothing(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "style.css").write_bytes(b"a" * 100_000)
    for name in ("one", "two"):
        (tmp_path / f"{name}.html").write_text(
            '<link rel="stylesheet" href="style.css">' + "b" * 1000, encoding="utf-8"
        )
    context = browser.new_context()
    with served(tmp_path) as address:
        (one, *_), (two, *_) = (transferred(context, f"{address}/{name}.html") for name in ("one", "two"))
    context.close()
    assert 101_000 < one < 103_000
    assert 1_000 < two < 2_000
