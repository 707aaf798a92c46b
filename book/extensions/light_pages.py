"""Sphinx extension: matplotlib's drawings without what nobody sees, little more than half as many bytes."""

import re
from pathlib import Path
from typing import Any

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


def lightened(drawing: str) -> str:
    lighter = str(scour.scourString(drawing, OPTIONS))
    lighter = lighter[lighter.index("<svg") :]
    if size := SIZE.search(drawing):
        lighter = SIZE.sub(size[0], lighter, count=1)  # the page says it too
    # Scour leaves the places of ticks and letters as long as they were.
    return re.sub(r'(?<= [xy]=")-?\d+\.\d+(?=")', lambda place: f"{float(place[0]):.4g}", lighter)


def lighten_drawings(app: Sphinx, exception: Exception | None) -> None:
    """Lighten those just copied: matplotlib begins with a prolog, a lightened drawing has none."""
    for path in Path(app.outdir, "_images").glob("*.svg"):
        drawing = path.read_text(encoding="utf-8")
        if drawing.startswith("<?xml"):
            path.write_text(lightened(drawing), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", lighten_drawings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
