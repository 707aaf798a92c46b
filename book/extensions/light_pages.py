"""Sphinx extension: less to load.

- matplotlib's drawings without what nobody sees;
- code without elements around names, brackets and spaces, whose colour is that of the code around them.
"""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from scour import scour
from sphinx.application import Sphinx

# Four digits: a tenth of a point in a drawing as wide as the page, which no screen shows.
OPTIONS = scour.parse_args(
    [
        *("--set-precision=4", "--strip-xml-prolog", "--remove-metadata", "--enable-comment-stripping"),
        *("--enable-id-stripping", "--shorten-ids", "--no-line-breaks", "--indent=none"),
    ]
)


SIZE = re.compile(r'(?<= )width="[^"]+" height="[^"]+"')  # of the drawing: the first that a file names
PATH = re.compile(r'<path id="(\w+)"[^>]*>')
USE = re.compile(r'<use [^>]*?xlink:href="#(\w+)"/>')
PEN = re.compile(r' (stroke|stroke-width)="[^"]*"')

PLAIN = re.compile(r'<span class="[npw]">([^<]*)</span>')  # a token that Pygments gives no colour of its own


def lightened(drawing: str) -> str:
    lighter = str(scour.scourString(drawing, OPTIONS))
    lighter = lighter[lighter.index("<svg") :]
    if size := SIZE.search(drawing):
        lighter = SIZE.sub(size[0], lighter, count=1)  # the page says it too
    # Scour leaves the places of ticks and letters as long as they were.
    lighter = re.sub(r'(?<= [xy]=")-?\d+\.\d+(?=")', lambda place: f"{float(place[0]):.4g}", lighter)
    return without_repeated_pens(lighter)


def without_repeated_pens(drawing: str) -> str:
    """A use need not name the pen that the path it draws has itself; and `href` does without a prefix."""
    pens = {path[1]: set(PEN.findall(path[0])) for path in PATH.finditer(drawing)}

    def shorter(use: re.Match[str]) -> str:
        own = pens.get(use[1], set())
        return PEN.sub(lambda pen: "" if pen[1] in own else pen[0], use[0])

    return USE.sub(shorter, drawing).replace(" xlink:href=", " href=")


def lighten_drawings(app: Sphinx, exception: Exception | None) -> None:
    """Lighten those just copied: matplotlib begins with a prolog, a lightened drawing has none."""
    for path in Path(app.outdir, "_images").glob("*.svg"):
        drawing = path.read_text(encoding="utf-8")
        if drawing.startswith("<?xml"):
            path.write_text(lightened(drawing), encoding="utf-8")


def lighten_code(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    if "body" in context:
        context["body"] = PLAIN.sub(r"\1", context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", lighten_code)
    app.connect("build-finished", lighten_drawings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
