"""Is the printed book whole, in order, typeset, and does it stay on its paper?"""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from unicodedata import normalize

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from tests.site.conftest import ROOT
from tests.site.page_checks import broken_images, unrendered_formulas
from tools import pdf
from tools.browser import served

pytestmark = pytest.mark.slow

PARTS = pdf.contents(ROOT / "_toc.yml")
NAMES = [name for part in PARTS for name in part.pages]


def squeezed(text: str) -> str:
    """`text` without spaces, and without the ligatures that a PDF has for some letters."""
    return re.sub(r"\s", "", normalize("NFKC", text))


@pytest.fixture(scope="module")
def sheet(browser: Browser, site: Path) -> Iterator[Page]:
    """All pages as one in the browser, ready to print."""
    with served(site) as address:
        page = pdf.opened(browser, address, pdf.joined(site, PARTS, "The title", "The author"))
        yield page
        page.close()


@pytest.fixture(scope="module")
def book(sheet: Page) -> PdfReader:
    return PdfReader(BytesIO(pdf.printed(sheet)))


@pytest.fixture(scope="module")
def texts(book: PdfReader) -> list[str]:
    return [page.extract_text() for page in book.pages]


@pytest.fixture(scope="module")
def starts(book: PdfReader) -> dict[str, int]:
    """The page, counted from 0, on which each page of the site begins."""
    places = book.named_destinations
    return {name: book.get_destination_page_number(places["/" + pdf.anchor(name)]) or 0 for name in NAMES}


def headings(site: Path, name: str) -> list[str]:
    page = BeautifulSoup((site / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    return [
        heading.get_text().rstrip("#")
        for heading in page.select("article h1, article h2")
        if not heading.select(".math")
    ]


def test_the_pages_follow_each_other_as_the_contents_say(starts: dict[str, int]) -> None:
    assert list(starts.values()) == sorted(set(starts.values()))


@pytest.mark.parametrize("name", NAMES)
def test_a_page_of_the_site_is_there_with_all_its_sections(
    site: Path, starts: dict[str, int], texts: list[str], name: str
) -> None:
    first = starts[name]
    end = min((start for start in starts.values() if start > first), default=len(texts))
    text = squeezed("".join(texts[first:end]))
    assert [heading for heading in headings(site, name) if squeezed(heading) not in text] == []
    assert text.startswith(squeezed(headings(site, name)[0])), "it begins a new page"


def test_the_contents_tell_the_page_each_begins_on(sheet: Page, starts: dict[str, int]) -> None:
    told = sheet.evaluate("[...document.querySelectorAll('[data-of]')].map(entry => Number(entry.textContent))")
    assert told == [start + 1 for start in starts.values()]


def test_every_page_has_its_number(texts: list[str]) -> None:
    assert [number for number, text in enumerate(texts, 1) if not text.rstrip().endswith(str(number))] == []


def test_every_link_inside_the_book_leads_somewhere(book: PdfReader) -> None:
    links = [link.get_object() for page in book.pages for link in page.get("/Annots", [])]
    goals = [str(link["/Dest"]) for link in links if "/Dest" in link]
    assert len(goals) > len(NAMES)
    assert set(goals) - set(book.named_destinations) == set()


@pytest.mark.parametrize("raw", ["undefined", "127.0.0.1", "Show code cell"])
def test_nothing_of_the_screen_is_left(texts: list[str], raw: str) -> None:
    assert [number for number, text in enumerate(texts, 1) if raw in text] == []


@pytest.mark.parametrize("raw", ["$$", r"\frac", r"\(", r"\partial", r"\begin"])
def test_no_formula_is_left_as_it_was_typed(sheet: Page, texts: list[str], raw: str) -> None:
    code = sheet.evaluate(
        "[...document.querySelectorAll('pre, :not(pre) > code')].map(code => code.textContent).join(' ')"
    )
    assert "".join(texts).count(raw) <= code.count(raw)


def test_all_formulas_and_images_are_there(sheet: Page) -> None:
    assert sheet.locator("mjx-container").count() > 1000
    assert sheet.locator("img").count() > 20
    assert unrendered_formulas(sheet) == []
    assert broken_images(sheet) == []


def test_nothing_is_wider_than_the_paper(sheet: Page) -> None:
    assert sheet.evaluate(pdf.TOO_WIDE) == []


def test_answers_are_unfolded(sheet: Page) -> None:
    assert sheet.locator("details").count() > 0
    assert sheet.locator("details:not([open])").count() == 0


def test_something_wider_than_the_paper_would_be_found(sheet: Page) -> None:
    sheet.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<p id=wide style=\"width: 999px\">wide</p>')"
    )
    found = sheet.evaluate(pdf.TOO_WIDE)
    sheet.evaluate("document.getElementById('wide').remove()")
    assert found == ["P.: wide"]


def test_a_book_that_is_not_built_is_a_clear_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["pdf", "--site", str(tmp_path)])
    with pytest.raises(SystemExit, match="make book"):
        pdf.main()
