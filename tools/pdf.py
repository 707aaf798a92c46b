"""Print the built book as one PDF: every page of the table of contents, in its order, by the browser.

python -m tools.pdf [--site _build/html] [--to _build/backprop-by-hand.pdf]
"""

import argparse
from collections.abc import Iterator, Mapping
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

import yaml
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Browser, Page, Route
from pypdf import PdfReader

from tools.browser import SECONDS_TO_OPEN, opened_browser, served

ROOT = Path(__file__).parents[1]
STYLE = Path(__file__).with_name("print.css")
REFERRING = ("aria-labelledby", "aria-describedby", "aria-controls", "for")
MARGIN = 20  # mm
WIDTH = round((210 - 2 * MARGIN) / 25.4 * 96)  # of the text on A4, in CSS pixels
NUMBER = '<div style="width: 100%; text-align: center; font: 9px sans-serif"><span class="pageNumber"></span></div>'

# What is wider than the paper is set smaller until it fits; the window is as wide as the text on the paper.
FIT = """() => {
    const outer = box => !box.parentElement.closest('table, mjx-container, svg');
    for (const box of [...document.querySelectorAll('table, mjx-container, .drawing, svg')].filter(outer)) {
        let room = box.parentElement;
        while (!room.clientWidth || getComputedStyle(room).display.startsWith('inline')) room = room.parentElement;
        const needed = Math.max(box.scrollWidth, box.getBoundingClientRect().width);
        if (needed > room.clientWidth + 1) box.style.zoom = room.clientWidth / needed;
    }
}"""
TOO_WIDE = """() => [...document.querySelectorAll('main *')]
    .filter(element => !element.closest('mjx-container *, svg *'))
    .filter(element => element.getBoundingClientRect().right > innerWidth + 1)
    .map(element => `${element.tagName}.${element.className}: ${element.textContent.trim().slice(0, 60)}`)"""


class Part(NamedTuple):
    """A part of the book: its caption and the names of its pages."""

    caption: str
    pages: list[str]


def contents(toc: Path) -> list[Part]:
    """The parts that `_toc.yml` lists, after one without a caption that holds the first page."""
    listed = yaml.safe_load(toc.read_text(encoding="utf-8"))
    parts = [Part(part["caption"], [chapter["file"] for chapter in part["chapters"]]) for part in listed["parts"]]
    return [Part("", [listed["root"]]), *parts]


def anchor(name: str, place: str = "") -> str:
    """The id of the place `place` of the page `name` where all pages are one."""
    return "--".join(part for part in (name.replace("/", "-"), place) if part)


def joined(site: Path, parts: list[Part], title: str, author: str) -> str:
    """All pages below `site` that `parts` names as one page of HTML, to be served from the root of `site`."""
    names = [name for part in parts for name in part.pages]
    pages = {name: BeautifulSoup((site / f"{name}.html").read_text(encoding="utf-8"), "html.parser") for name in names}
    articles = [_article(page, name, names) for name, page in pages.items()]
    titles = {name: article.select("h1")[0].get_text() for name, article in zip(names, articles, strict=True)}
    entries = "".join(_entries(part, titles) for part in parts)
    return (
        f'<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"{''.join(_head(pages))}<style>{STYLE.read_text(encoding='utf-8')}</style></head><body>"
        f'<header class="front"><h1>{escape(title)}</h1><p>{escape(author)}</p><h2>Contents</h2>{entries}</header>'
        f"<main>{''.join(map(str, articles))}</main></body></html>"
    )


def _head(pages: Mapping[str, Tag]) -> Iterator[str]:
    """The style sheets, and MathJax as the pages set it up; no other script, so that nothing is folded or added."""
    seen = set()
    for name, page in pages.items():
        for element in page.select('link[rel="stylesheet"], script'):
            for attribute in ("href", "src"):
                if attribute in element.attrs:
                    element[attribute] = urljoin(f"/{name}", str(element[attribute]))
            mathjax = "mathjax" in str(element.get("src", "")) or "window.MathJax" in element.text
            if (element.name == "link" or mathjax) and str(element) not in seen:
                seen.add(str(element))
                yield str(element)


def _entries(part: Part, titles: dict[str, str]) -> str:
    rows = (
        f'<li><a href="#{anchor(name)}">{escape(titles[name])}</a>'
        f'<span class="number" data-of="{anchor(name)}"></span></li>'
        for name in part.pages
    )
    caption = f"<h3>{escape(part.caption)}</h3>" if part.caption else ""
    return f"{caption}<ul>{''.join(rows)}</ul>"


def _article(page: Tag, name: str, names: list[str]) -> Tag:
    """The article of a page, unfolded, with ids and addresses that hold where all pages are one."""
    article = page.select_one("article")
    assert article is not None, f"{name}.html has no article"
    for unused in article.select("a.headerlink, button, script, .onlyprint"):
        unused.decompose()
    for details in article.select("details"):
        details["open"] = ""
    for element in article.find_all(True):
        _make_absolute(element, name, names)
    article["id"] = anchor(name)
    return article


def _make_absolute(element: Tag, name: str, names: list[str]) -> None:
    if "id" in element.attrs:
        element["id"] = anchor(name, str(element["id"]))
    for attribute in REFERRING:
        if attribute in element.attrs:
            element[attribute] = " ".join(anchor(name, place) for place in str(element[attribute]).split())
    if "src" in element.attrs:
        element["src"] = urljoin(f"/{name}", str(element["src"]))
        del element["loading"]  # all of them are printed
    for attribute, value in element.attrs.items():
        if isinstance(value, str) and "url(#" in value:
            element[attribute] = value.replace("url(#", f"url(#{anchor(name)}--")
    for attribute in ("href", "xlink:href"):
        if attribute in element.attrs:
            element[attribute] = _address(str(element[attribute]), name, names)
            if not element[attribute]:
                del element[attribute]  # a download: on paper it is its name


def _address(address: str, name: str, names: list[str]) -> str:
    """Where a link leads in the joined page; empty for a file that is no page of the book."""
    parts = urlsplit(address)
    if parts.scheme:
        return address
    goal = unquote(urljoin(f"/{name}.html", parts.path)).removeprefix("/").removesuffix(".html")
    return f"#{anchor(goal, unquote(parts.fragment))}" if goal in names else ""


def opened(browser: Browser, address: str, document: str) -> Page:
    """`document` on a page as wide as the paper, typeset and with all its images."""
    page = browser.new_page(viewport={"width": WIDTH, "height": 1000}, color_scheme="light")

    def answer(route: Route) -> None:
        route.fulfill(body=document, content_type="text/html; charset=utf-8")

    page.route(f"{address}/print.html", answer)
    page.emulate_media(media="print")
    page.goto(f"{address}/print.html", wait_until="load", timeout=SECONDS_TO_OPEN * 1000)
    page.evaluate("window.MathJax?.startup?.promise")
    page.evaluate("document.fonts.ready")
    page.evaluate(FIT)
    return page


def printed(page: Page) -> bytes:
    """The page as a PDF whose contents tell page numbers: printed once to learn them, and again with them."""
    margins: Any = dict.fromkeys(("top", "bottom", "left", "right"), f"{MARGIN}mm")

    def once() -> bytes:
        return page.pdf(
            format="A4", margin=margins, display_header_footer=True, header_template="<span></span>",
            footer_template=NUMBER, print_background=True, outline=True, tagged=True,
        )  # fmt: skip

    reader = PdfReader(BytesIO(once()))
    numbers = {
        name.removeprefix("/"): (reader.get_destination_page_number(place) or 0) + 1
        for name, place in reader.named_destinations.items()
    }
    page.evaluate(
        """numbers => document.querySelectorAll('[data-of]').forEach(
            entry => { entry.textContent = numbers[entry.dataset.of] })""",
        numbers,
    )
    return once()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.pdf", description="Print the built book as one PDF.")
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html", help="the built pages")
    parser.add_argument("--to", type=Path, default=ROOT / "_build" / "backprop-by-hand.pdf", help="the file to write")
    asked = parser.parse_args()
    if not (asked.site / "search.html").exists():
        raise SystemExit(f"There is no built book in {asked.site}: run `make book` first.")
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    document = joined(asked.site, contents(ROOT / "_toc.yml"), settings["title"], settings["author"])
    with opened_browser() as browser, served(asked.site) as address:
        asked.to.write_bytes(printed(opened(browser, address, document)))
    print(f"{asked.to}: {len(PdfReader(asked.to).pages)} pages")


if __name__ == "__main__":
    main()
