"""Does a lab's page say how to get the lab, how to open it and how long it takes?"""

import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Browser

from tests.site.conftest import ROOT

LABS = [path.stem for path in sorted((ROOT / "exercises").glob("*/*.ipynb"))]


def article(site: Path, slug: str) -> Tag:
    found = BeautifulSoup((site / "exercises" / slug / f"{slug}.html").read_text("utf-8"), "html.parser").article
    assert found
    return found


@pytest.mark.parametrize("slug", LABS)
def test_it_stands_directly_below_the_title(site: Path, slug: str) -> None:
    title = article(site, slug).h1
    assert title
    following = title.find_next_sibling()
    assert isinstance(following, Tag)
    assert "lab-start" in following["class"]


@pytest.mark.parametrize("slug", LABS)
def test_the_download_is_the_learners_notebook_byte_for_byte(site: Path, slug: str) -> None:
    (link,) = article(site, slug).select(".lab-start a.download")
    offered = (site / "exercises" / slug / str(link["href"])).read_bytes()
    assert offered == (ROOT / "exercises" / slug / f"{slug}.ipynb").read_bytes()


@pytest.mark.parametrize("slug", LABS)
def test_the_command_opens_the_notebook(site: Path, slug: str) -> None:
    (command,) = article(site, slug).select(".lab-start pre")
    assert command.text.strip().startswith("jupyter lab ")
    assert (ROOT / command.text.split()[-1]).is_file()


@pytest.mark.parametrize("slug", LABS)
def test_page_notebook_and_chapter_give_the_same_time(site: Path, slug: str) -> None:
    on_page = article(site, slug).select(".lab-start")[0].text
    notebook = json.loads((ROOT / "exercises" / slug / f"{slug}.ipynb").read_text("utf-8"))
    texts = [on_page, "".join(notebook["cells"][0]["source"]), (ROOT / "book" / f"{slug}.md").read_text("utf-8")]
    times = [re.findall(r"(\d+)\s+to\s+(\d+)\s+minutes", text) for text in texts]
    assert times == [times[0][:1]] * 3


def test_the_browser_saves_the_notebook_under_its_name(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/exercises/{LABS[0]}/{LABS[0]}.html")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the notebook").click()
    assert download.value.suggested_filename == f"{LABS[0]}.ipynb"
    page.close()


def test_no_page_offers_another_file_as_its_source(site: Path) -> None:
    assert [page.name for page in site.rglob("*.html") if "download-source-button" in page.read_text("utf-8")] == []
    assert not (site / "_sources").exists()


def test_no_page_has_launch_buttons_while_no_repository_is_named(site: Path) -> None:
    assert [page.name for page in site.rglob("*.html") if "launch-buttons" in page.read_text("utf-8")] == []
