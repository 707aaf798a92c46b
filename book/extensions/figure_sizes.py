"""Sphinx extension: every figure says how large it is, so that nothing on the page moves when it has loaded.

A figure's own size stands in its tag as width and height, and on the box around it as `--natural`, from which
course.css sets the smallest and the largest scale it is shown at.  On a phone the box scrolls where it has to.
Since nothing moves, a figure is fetched only when it is about to be seen or printed.
"""

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.images import get_image_size

FIGURE = re.compile(r'(?P<tag><img\b[^>]*?\bsrc="(?:\.\./)*_images/(?P<name>[^"]+)"[^>]*?)\s*/?>')


def give_sizes(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    sources = {name: app.srcdir / source for source, name in app.builder.images.items()}

    def sized(tag: re.Match[str]) -> str:
        size = get_image_size(str(sources[tag["name"]]))
        if size is None:
            raise ExtensionError(f"{pagename}: {tag['name']} says no size. Save the figure as SVG or PNG.")
        width, height = size
        own = f'loading="lazy" width="{width}" height="{height}" style="aspect-ratio: {width} / {height}"'
        return f'<span class="drawing" style="--natural: {width}px">{tag["tag"]} {own} /></span>'

    if "body" in context:
        context["body"] = FIGURE.sub(sized, context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", give_sizes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
