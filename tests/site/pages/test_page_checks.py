"""Does each check of a page report a page that is wrong, and pass one that is right?"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.site import page_checks
from tools.browser import served

GOOD = """<!DOCTYPE html><html lang="en" data-theme="light"><head><title>A page</title>
<style>.math {{ overflow-x: auto; max-width: 100% }}</style></head>
<body><main><article><h1>A page</h1><h2>A section</h2>{}</article></main></body></html>"""

Open = Callable[[str], page_checks.Visit]


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a page that is right but for the HTML it is given."""
    context = browser.new_context(viewport={"width": 390, "height": 900})

    def open_page(body: str) -> page_checks.Visit:
        (tmp_path / "page.html").write_text(GOOD.format(body), encoding="utf-8")
        return page_checks.Visit(context.new_page(), address, "page")

    with served(tmp_path) as address:
        yield open_page
    context.close()


FAULTS: list[tuple[Callable[[Page], list[str]], str, str]] = [
    (page_checks.unrendered_formulas, '<span class="math">x_1</span>', "x_1"),
    (page_checks.unrendered_formulas, "<mjx-merror>\\gone</mjx-merror>", "gone"),
    (page_checks.broken_images, '<img alt="gone" src="gone.svg">', "gone.svg"),
    (page_checks.misordered_headings, "<h4>Deep</h4>", "level 4 follows level 2"),
    (page_checks.misordered_headings, "<h1>Second</h1>", "2 headings of level 1"),
    (page_checks.barriers, '<img src="data:," >', "image-alt"),
    (page_checks.barriers, '<p style="color: #bbb">faint</p>', "color-contrast"),
    (page_checks.barriers, '<a href="#"></a>', "link-name"),
    (page_checks.scrolling_sideways, '<p style="width: 500px">wide</p>', "wider than the window"),
    (
        page_checks.scrolling_sideways,
        '<p style="overflow-x: auto"><span>' + "wide" * 200 + "</span></p>",
        "scrolls sideways",
    ),
    (page_checks.scrolling_sideways, '<p style="overflow-x: hidden"><b>' + "wide" * 200 + "</b></p>", "too far right"),
    (
        page_checks.faint_slots,
        '<p style="background: #dde"><b class="slot-slope" style="color: #c2480c">O(1-O)</b></p>',
        "O(1-O)",
    ),
    (
        page_checks.faint_slots,
        '<p style="background: #0006"><b class="slot-input" style="color: #97477f">x</b></p>',
        ": x",
    ),
    (
        page_checks.scrolling_sideways,
        '<div class="math" style="display: flex; justify-content: center"><b>' + "wide" * 200 + "</b></div>",
        "too far left",
    ),
    (page_checks.faint_slots, '<svg><g><rect fill="#ddd"/><text fill="#8c959f">net</text></g></svg>', ": net"),
    (page_checks.faint_slots, '<mjx-container><b style="color: #8099ff">g</b></mjx-container>', ": g"),
]


@pytest.mark.parametrize(
    ("check", "body", "report"), FAULTS, ids=[f"{check.__name__}-{report}" for check, _, report in FAULTS]
)
def test_a_planted_fault_is_reported(opened: Open, check: Callable[[Page], list[str]], body: str, report: str) -> None:
    page = opened(body).page
    found = check(page)
    assert len(found) >= 1
    assert report in found[0]


@pytest.mark.parametrize("check", dict.fromkeys(check for check, _, _ in FAULTS))
def test_a_right_page_passes(opened: Open, check: Callable[[Page], list[str]]) -> None:
    wide = (
        '<div class="math" tabindex="0"><mjx-container><b class="slot-slope" style="color: #c2480c">'
        + "x" * 999
        + "</b></mjx-container></div>"
    )
    assert check(opened(wide).page) == []


def test_a_request_to_another_host_is_reported_and_refused(opened: Open) -> None:
    assert opened('<script src="https://example.org/a.js"></script>').foreign == ["https://example.org/a.js"]


@pytest.mark.parametrize(
    ("script", "report"),
    [("console.error('wrong')", "wrong"), ("throw Error('thrown')", "thrown"), ("fetch('/gone')", "/gone")],
)
def test_an_error_of_a_script_is_reported(opened: Open, script: str, report: str) -> None:
    visit = opened(f"<script>{script}</script>")
    visit.page.wait_for_load_state("networkidle")
    assert report in visit.problems[0]


def test_what_is_folded_is_checked_too(opened: Open) -> None:
    page = opened("<details><summary>More</summary><h4>Deep</h4></details>").page
    assert page_checks.misordered_headings(page) == []
    page_checks.unfold(page)
    assert page_checks.misordered_headings(page) != []
