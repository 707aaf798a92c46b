"""Is everything in the built book that should be, and nothing else?"""

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from autograder import exercises
from tests.site.page_list import CONTENTS

ROOT = Path(__file__).parents[3]
FETCHING = ("script", "img", "iframe", "source", "video", "audio", "embed")
LOADED_LINKS = ("stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload")


class Resources(HTMLParser):
    """Collects the addresses a page loads by itself, and its pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.without_text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in FETCHING:
            self.loaded.append(given.get("src", ""))
        if tag == "link" and any(word in given.get("rel", "").split() for word in LOADED_LINKS):
            self.loaded.append(given.get("href", ""))
        if tag == "img" and not given.get("alt", "").strip():
            self.without_text.append(given.get("src", ""))


def pages(site: Path) -> list[Path]:
    return [page for page in site.rglob("*.html") if "_static" not in page.parts]


def resources(page: Path) -> Resources:
    parser = Resources()
    parser.feed(page.read_text("utf-8"))
    return parser


def squeezed(text: str) -> str:
    """`text` as a reader sees it: no tags, no entities, no spaces."""
    return re.sub(r"\s+", "", unescape(re.sub(r"<[^>]*>", "", text)))


def solution_blocks() -> list[tuple[str, str]]:
    """Name and text of each solution in solutions/."""
    block = re.compile(r"^(?:def|class) (\w+).*?### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL | re.MULTILINE)
    found = [pair for path in (ROOT / "solutions").glob("*.py") for pair in block.findall(path.read_text("utf-8"))]
    assert found, "no solution found: this test has lost its subject"
    return found


def readable(site: Path) -> dict[Path, str]:
    """What a reader can find in each file of the site, squeezed; a notebook's cells are joined to text."""
    texts = {}
    for path in site.rglob("*"):
        if path.suffix == ".ipynb":
            cells = json.loads(path.read_text("utf-8"))["cells"]
            texts[path] = squeezed("\n".join("".join(cell["source"]) for cell in cells))
        elif path.suffix in {".html", ".md", ".txt", ".py"} or path.name == "searchindex.js":
            texts[path] = squeezed(path.read_text("utf-8"))
    return texts


def test_the_built_site_holds_no_solution(site: Path) -> None:
    texts = readable(site)
    for name, block in solution_blocks():
        leaks = [path for path, text in texts.items() if squeezed(block) in text]
        assert not leaks, f"the solution of {name} is in {leaks}"


@pytest.mark.parametrize("word", ["BEGINSOLUTION", "ENDSOLUTION"])
def test_only_the_page_on_writing_exercises_names_the_marks_of_a_solution(site: Path, word: str) -> None:
    names = {path.stem for path, text in readable(site).items() if word in text}
    assert names == {"changing"}  # the page that tells how an answer is marked


def test_the_built_site_holds_no_file_of_the_solutions(site: Path) -> None:
    assert not [path for path in site.rglob("*") if "solutions" in path.relative_to(site).parts or path.suffix == ".py"]


def test_only_the_pages_of_the_contents_are_built(site: Path) -> None:
    extra = {"index.html", "search.html", "404.html"}
    assert {str(page.relative_to(site)) for page in pages(site)} == {f"{name}.html" for name in CONTENTS} | extra


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    foreign = [
        (page.name, url) for page in pages(site) for url in resources(page).loaded if re.match(r"(\w+:)?//", url)
    ]
    assert not foreign


def test_no_page_names_a_script_host(site: Path) -> None:
    hosts = re.compile(r"https?://[\w.-]*(?:unpkg|jsdelivr|cdnjs|googleapis|gstatic|cloudflare)[\w.-]*")
    assert not [(page.name, found) for page in pages(site) for found in hosts.findall(page.read_text("utf-8"))]


def test_no_style_sheet_loads_anything_from_another_host(site: Path) -> None:
    loads = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""")
    assert not [(css.name, url) for css in site.rglob("*.css") for url in loads.findall(css.read_text("utf-8"))]


def test_every_picture_has_a_text(site: Path) -> None:
    assert not [(page.name, source) for page in pages(site) for source in resources(page).without_text]


def test_every_section_that_feedback_links_to_is_in_its_chapter(site: Path) -> None:
    linked = {(exercise.chapter, exercise.section.anchor) for exercise in exercises().values()}
    assert not [
        (chapter, anchor)
        for chapter, anchor in linked
        if f'id="{anchor}"' not in (site / "book" / f"{chapter}.html").read_text("utf-8")
    ]
