"""Sphinx extension: in each chapter, the first use of a symbol links to its line on the page of symbols.

That page is the only list of them: its spans `[$...$]{#symbol-...}` are the symbols, its second column begins with
what the reader sees when pointing at the link, its last column names the chapters.  A use is a formula in the running
text whose left side is the symbol, or code that begins with it.  A link that a chapter makes by itself is the only one.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

PAGE = "book/symbols"
CHAPTER = re.compile(r"book/(\d\d)_\w+")
WRAPPED = re.compile(r"\\(?:up|loc|inp)\{((?:[^{}]|\{[^{}]*\})*)\}")
INDEX = re.compile(r"_(?:\{[^{}]*\}|\\?\w)|\[[^\]]*\]")
SHAPE = re.compile(r"\([A-Z](,[A-Z])*,?\)")
RELATION = re.compile(r"=|\\in\b|\\le\b|\\ge\b|\\approx|<|>|,|\\dots")


class Symbol(NamedTuple):
    anchor: str
    subject: str
    meaning: str
    chapters: frozenset[str]


def subjects(formula: str) -> list[str]:
    """What a formula is about: its left side, without colours, indices and spaces; of a shape, each size."""
    plain = re.sub(r"\\pd\{(\w+)\}\{(\\?\w+)\}", r"\\partial \1/\\partial \2", WRAPPED.sub(r"\1", formula))
    plain = re.sub(r"\s+", "", INDEX.sub("", plain))
    return plain[1:-1].split(",") if SHAPE.fullmatch(plain) else RELATION.split(plain)[:1]


def chapters(column: str) -> frozenset[str]:
    """The chapters that `01, 03 to 05` names."""
    found: set[str] = set()
    for first, last in re.findall(r"(\d\d)(?: to (\d\d))?", column):
        found |= {f"{number:02}" for number in range(int(first), int(last or first) + 1)}
    return frozenset(found)


def symbols(env: BuildEnvironment) -> Iterator[Symbol]:
    for row in env.get_doctree(PAGE).findall(nodes.row):
        cells = list(row.findall(nodes.entry))
        for span in cells[0].findall(nodes.inline):
            for anchor in span["ids"]:
                meaning = cells[1].astext().split(";")[0]
                yield Symbol(anchor, subjects(span.astext())[0], meaning, chapters(cells[-1].astext()))


def is_text(node: nodes.Node) -> bool:
    while node := node.parent:
        if isinstance(node, nodes.reference | nodes.title | nodes.caption):
            return False
    return True


def link_first_uses(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    chapter = CHAPTER.fullmatch(docname)
    if not chapter:
        return
    links = [link for link in doctree.findall(nodes.reference) if "refuri" in link]
    by_hand = {link["refuri"].partition("#")[2]: link for link in links}
    uses = [use for use in doctree.findall() if isinstance(use, nodes.math | nodes.literal) and is_text(use)]
    page = app.builder.get_relative_uri(docname, PAGE)
    for symbol in symbols(app.env):
        link = by_hand.get(symbol.anchor)
        if link is None and chapter[1] in symbol.chapters:
            link = link_first(uses, symbol, page)
        if link is not None:
            link["classes"].append("symbol")
            link["reftitle"] = symbol.meaning


def link_first(uses: list[nodes.Node], symbol: Symbol, page: str) -> nodes.reference | None:
    """Make the first of `uses` that is about `symbol` a link, and take it from the list."""
    first = next((use for use in uses if symbol.subject in subjects(use.astext())), None)
    if first is None:
        return None
    uses.remove(first)
    link = nodes.reference(internal=True, refuri=f"{page}#{symbol.anchor}")
    first.replace_self(link)
    link += first
    return link


def read_again_with_the_symbols(app: Sphinx, docname: str, content: list[str]) -> None:
    if CHAPTER.fullmatch(docname):
        app.env.note_dependency(f"{PAGE}.md")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", read_again_with_the_symbols)
    app.connect("doctree-resolved", link_first_uses)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
