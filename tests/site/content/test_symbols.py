"""Does every symbol link, where a chapter first uses it, to its line on the page of symbols?"""

import functools
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from bs4 import BeautifulSoup, Tag

ROOT = Path(__file__).parents[3]
CHAPTERS = [path.stem for path in sorted((ROOT / "book").glob("[0-9][0-9]_*.md"))]
NEAR = 4  # formulas that a symbol may have been used in before the link; they stand in the same breath
# Letters that a chapter uses for something else too, and says for what.
LOCAL = {
    "01": {"a": "argument of autograd.grad(a, b)", "g": "a function in the product rule"},
    "02": {"a": "a summand", "b": "a summand", "h": "a node", "v": "a node"},
    "03": {"a": "one of two numbers compared", "y": "the output of any step", "J": "the Jacobian of any step"},
    "04": {"r": "an axis", "t": "the target, in a table"},
}


class Symbol(NamedTuple):
    anchor: str
    letter: str
    chapters: set[str]


@functools.cache
def article(site: Path, page: str) -> Tag:
    found = BeautifulSoup((site / "book" / f"{page}.html").read_text("utf-8"), "html.parser").article
    assert found
    return found


def plain(formula: str) -> str:
    """A formula's letters alone: no delimiters, words, colours, indices or spaces."""
    text = re.sub(r"\\(?:text|begin|end|mathsf)\{[^{}]*\}|\\[()\[\]]", " ", formula)
    text = re.sub(r"\\pd\{(\w+)\}\{(\\?\w+)\}", r"\\partial \1/\\partial \2", text)
    text = re.sub(r"\\(?:up|loc|inp)\b|[_^](?:\{[^{}]*\}|\\?\w)", "", text)
    return re.sub(r"[{}\s]", "", text)


def uses(formula: str, letter: str) -> bool:
    return bool(re.search(rf"(?<![A-Za-z\\]){re.escape(letter)}(?![A-Za-z'])", plain(formula)))


def numbers(column: str) -> set[str]:
    ranges = re.findall(r"(\d\d)(?: to (\d\d))?", column)
    return {f"{n:02}" for first, last in ranges for n in range(int(first), int(last or first) + 1)}


@pytest.fixture(scope="module")
def rows(site: Path) -> list[Tag]:
    return article(site, "symbols").select("tbody tr")


@pytest.fixture(scope="module")
def symbols(rows: list[Tag]) -> list[Symbol]:
    return [
        Symbol(str(span["id"]), plain(span.text.split("=")[0]), numbers(row.select("td")[-1].text))
        for row in rows
        for span in row.select("span[id]")
    ]


def formulas_and_links(chapter: Tag) -> list[Tag]:
    found = chapter.select("span.math, div.math, code.literal, a[href*='#symbol-']")
    return [element for element in found if not element.find_parent(class_="cell_input")]


def target(link: Tag) -> str:
    return str(link.get("href", "")).partition("#")[2]


def test_every_line_has_an_anchor_of_its_own(rows: list[Tag], symbols: list[Symbol]) -> None:
    assert [row.text for row in rows if not row.select("span[id^='symbol-']")] == []
    assert len({symbol.anchor for symbol in symbols}) == len(symbols)


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_links_once_to_each_of_its_symbols(site: Path, symbols: list[Symbol], name: str) -> None:
    linked = [target(link) for link in formulas_and_links(article(site, name)) if link.name == "a"]
    assert sorted(linked) == sorted(symbol.anchor for symbol in symbols if name[:2] in symbol.chapters)


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_uses_no_symbol_that_the_page_does_not_grant_it(site: Path, symbols: list[Symbol], name: str) -> None:
    formulas = [found.text for found in formulas_and_links(article(site, name)) if found.name != "a"]
    granted = {symbol.letter for symbol in symbols if name[:2] in symbol.chapters} | LOCAL.get(name[:2], {}).keys()
    others = {symbol.letter for symbol in symbols} - granted
    assert [(letter, text) for letter in sorted(others) for text in formulas if uses(text, letter)] == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_link_stands_where_the_symbol_is_first_used(site: Path, symbols: list[Symbol], name: str) -> None:
    chapter, two_meanings = article(site, name), LOCAL.get(name[:2], {})
    opening = (
        chapter.select("h2")[0].sourceline or 0
    )  # what a chapter announces above its first section is not yet a use
    order = [found for found in formulas_and_links(chapter) if found.name == "a" or (found.sourceline or 0) > opening]
    late = []
    for symbol in symbols:
        if name[:2] in symbol.chapters and symbol.letter not in two_meanings:
            link = next(n for n, found in enumerate(order) if target(found) == symbol.anchor)
            first = next(
                (n for n, found in enumerate(order) if found.name != "a" and uses(found.text, symbol.letter)), link
            )
            gap = sum(found.name != "a" for found in order[first:link])
            late += [(symbol.anchor, gap, order[first].text)] if gap > NEAR else []
    assert late == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_pointing_at_a_symbol_tells_its_meaning_in_words(site: Path, name: str) -> None:
    titles = [str(link.get("title", "")) for link in formulas_and_links(article(site, name)) if link.name == "a"]
    assert [title for title in titles if not title or "\\" in title] == []
