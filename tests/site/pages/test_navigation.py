"""Does a reader find the way: forward, back, by searching, and from an address that does not exist?"""

import functools
import itertools
import re
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page

from autograder import exercises
from tests.site.conftest import ROOT
from tests.site.page_list import CHAPTERS_AND_LABS, LABS

UNSTYLED = "[...document.querySelectorAll('link[rel=stylesheet]')].filter(link => !link.sheet).map(link => link.href)"
CHAPTERS = [path.stem for path in sorted((ROOT / "book").glob("[0-9][0-9]_*.md"))]


def links(site: Path, name: str) -> dict[str, str]:
    """Where the links at a page's foot lead, as names of pages."""
    text = (site / f"{name}.html").read_text("utf-8")
    found = re.findall(r'<a class="(left-prev|right-next)"\s+href="([^"]*)"', text)
    return {
        side: str((site / name).parent.joinpath(link).resolve().relative_to(site).with_suffix(""))
        for side, link in found
    }


def test_the_path_goes_from_each_chapter_to_its_lab_and_on_to_the_next_chapter() -> None:
    expected = [name for slug in CHAPTERS for name in (f"book/{slug}", f"exercises/{slug}/{slug}")]
    assert expected == CHAPTERS_AND_LABS


@pytest.mark.parametrize(("here", "there"), list(itertools.pairwise(CHAPTERS_AND_LABS)))
def test_next_and_previous_follow_the_path(site: Path, here: str, there: str) -> None:
    assert links(site, here)["right-next"] == there
    assert links(site, there)["left-prev"] == here


def test_the_first_page_leads_to_the_first_chapter_and_nothing_has_to_be_installed_on_the_way(site: Path) -> None:
    assert links(site, "book/index")["right-next"] == CHAPTERS_AND_LABS[0]
    assert links(site, "book/start")["left-prev"] == CHAPTERS_AND_LABS[-1]


@pytest.mark.parametrize("name", ["book/index", *LABS])
def test_the_set_up_is_a_link_away_where_it_is_needed(site: Path, name: str) -> None:
    article = BeautifulSoup((site / f"{name}.html").read_text("utf-8"), "html.parser").article
    assert article
    assert [link for link in article.select("a[href]") if str(link["href"]).endswith("start.html")]


@pytest.mark.parametrize("slug", CHAPTERS)
def test_the_first_page_tells_how_many_exercises_a_lab_has(site: Path, slug: str) -> None:
    count = sum(exercise.chapter == slug for exercise in exercises().values())
    first = BeautifulSoup((site / "book" / "index.html").read_text("utf-8"), "html.parser")
    (told,) = [row.find_all("td")[-1].text for row in first.select("tr:has(td)") if f"{slug}.html" in str(row)]
    assert told == f"{count} in lab {slug[:2]}"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def test_the_first_screen_tells_what_one_learns_and_where_to_start(page: Page, address: str) -> None:
    page.goto(f"{address}/book/index.html")
    for words in (
        "When you are through, you can",
        "Where to start",
        "chapter 01, the chain rule",
        "the page for instructors",
    ):
        box = page.get_by_text(words).first.bounding_box()
        assert box
        assert box["y"] + box["height"] < 700


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_search_finds_the_page_and_its_links_lead_there(page: Page, address: str, theme: str) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    foreign: list[str] = []
    page.on("request", lambda asked: foreign.append(asked.url) if not asked.url.startswith(address) else None)
    page.goto(f"{address}/book/index.html")
    page.keyboard.press("Control+k")
    page.locator("dialog[open] input[name=q]").fill("dropout")
    page.keyboard.press("Enter")
    result = page.locator("#search-results a", has_text="Chapter 06: dropout").first
    result.click()
    page.wait_for_url("**/book/06_dropout.html*")
    assert page.get_by_role("heading", name="Chapter 06: dropout", level=1).is_visible()
    assert foreign == []


STANDARD_TERMS = {
    "vanishing gradient": "Chapter 04",
    "reverse mode": "Chapter 02",
    "He initialisation": "Chapter 04",
    "gradient clipping": "Chapter 04",
    "gradient descent": "Chapter 01",
    "retain_graph": "Chapter 02",
    "XOR": "Chapter 03",
}


@pytest.mark.parametrize("term", STANDARD_TERMS)
def test_a_standard_term_is_found_where_it_is_explained(page: Page, address: str, term: str) -> None:
    page.goto(f"{address}/search.html?q={quote(term)}")
    page.get_by_text("Search finished").wait_for()
    assert STANDARD_TERMS[term] in " ".join(page.locator("#search-results li a").all_inner_texts()[:3])


def test_a_hit_shows_a_sentence_without_contents_or_commands(page: Page, address: str) -> None:
    page.goto(f"{address}/search.html?q=slope")
    page.get_by_text("Search finished").wait_for()
    page.locator("#search-results p.context").nth(5).wait_for()
    shown = " ".join(page.locator("#search-results p.context").all_inner_texts())
    assert "The picture A worked example" not in shown
    assert not re.search(r"\\[a-z(]", shown)


def test_what_is_typed_into_the_search_field_begins_behind_its_magnifier(page: Page, address: str) -> None:
    page.goto(f"{address}/search.html?q=slope")
    form = page.locator("form.bd-search:visible").first
    begins = form.locator("input").evaluate(
        "field => field.getBoundingClientRect().left + parseFloat(getComputedStyle(field).paddingLeft)"
    )
    assert form.locator("i").evaluate("icon => icon.getBoundingClientRect().right") <= begins


def test_a_search_without_a_result_says_so(page: Page, address: str) -> None:
    page.goto(f"{address}/search.html?q=zzzzqx")
    page.get_by_text("did not match any documents").wait_for()


@pytest.fixture(scope="module", params=["/", "/some/course/"])
def served(request: pytest.FixtureRequest, site: Path) -> Iterator[str]:
    """The site below `prefix`, by a server that answers what is missing with 404.html, as static hosts do."""
    prefix: str = request.param

    class Host(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            asked = unquote(urlsplit(path).path)
            return str(site / asked.removeprefix(prefix)) if asked.startswith(prefix) else str(site / "nowhere")

        def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
            body = (site / "404.html").read_bytes()
            self.send_response(code)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Host, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}{prefix}"
    server.shutdown()


@pytest.mark.parametrize("missing", ["book/99_gone.html", "exercises/99_gone/deeper/99_gone.html", "404.html"])
def test_a_missing_address_shows_a_page_that_leads_on(page: Page, served: str, missing: str) -> None:
    page.goto(served + missing)
    assert page.evaluate(UNSTYLED) == []
    page.get_by_role("link", name="Skip to main content").press("Enter")
    assert page.url == f"{served}{missing}#main-content"
    page.get_by_role("link", name="The search page").click()
    page.wait_for_url(f"{served}search.html")
    page.goto(served + missing)
    page.get_by_role("link", name="The first page").click()
    page.wait_for_url(f"{served}book/index.html")


def test_a_missing_address_outside_the_books_folders_leads_on_from_the_root(page: Page, served: str) -> None:
    if urlsplit(served).path != "/":
        return  # below another path a static page cannot know where the book begins; `html: baseurl` tells it
    page.goto(f"{served}some/old/address")
    page.get_by_role("link", name="The first page").click()
    page.wait_for_url(f"{served}book/index.html")


def test_the_missing_page_leads_on_when_opened_as_a_file(page: Page, site: Path) -> None:
    page.goto((site / "404.html").as_uri())
    page.get_by_role("link", name="The first page").click()
    page.wait_for_url((site / "book" / "index.html").as_uri())
