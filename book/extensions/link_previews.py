"""Sphinx extension: what search engines and links to a page say of it.

A page is described by its own first paragraph.  The address of the page and a picture, which have to be absolute, are
there only when `_config.yml` gives the address of the site (`html: baseurl`).
"""

from html import escape
from pathlib import Path
from textwrap import shorten
from typing import Any

from docutils import nodes
from matplotlib.figure import Figure
from sphinx.application import Sphinx

from autograder.palette import SLOPE, UPSTREAM

LENGTH = 200
PICTURE = "_static/preview.png"


def description(doctree: nodes.document) -> str:
    """The first paragraph of the running text, at most LENGTH characters of it; the title where there is none."""
    paragraphs = (found for found in doctree.findall(nodes.paragraph) if isinstance(found.parent, nodes.section))
    return shorten(next(paragraphs, doctree.next_node(nodes.title)).astext(), LENGTH, placeholder=" …")


def describe(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    if pagename == "index":  # the redirect at the site's own address, which is what people share
        pagename, doctree = app.config.root_doc, app.env.get_doctree(app.config.root_doc)
    if doctree is None:
        return
    text, base = description(doctree), app.config.html_baseurl.rstrip("/")
    title = doctree.next_node(nodes.title).astext()
    tags = {"og:title": title, "og:description": text, "og:type": "website", "og:site_name": app.config.html_title}
    if base:
        tags |= {"og:url": f"{base}/{app.builder.get_target_uri(pagename)}", "og:image": f"{base}/{PICTURE}"}
    named = {"description": text, "twitter:card": "summary_large_image" if base else "summary"}
    lines = [f'<meta property="{key}" content="{escape(value)}" />' for key, value in tags.items()]
    lines += [f'<meta name="{key}" content="{escape(value)}" />' for key, value in named.items()]
    context["metatags"] = "\n".join([context.get("metatags", ""), *lines, ""])


def draw_picture(app: Sphinx, exception: Exception | None) -> None:
    if exception or not app.config.html_baseurl:
        return
    figure = Figure(figsize=(12, 6.3), dpi=100, facecolor="white")
    figure.text(0.5, 0.66, app.config.html_title, ha="center", fontsize=64, weight="bold", color="#1f2328")
    factors = ((0.33, r"$\delta\ =$", "#1f2328"), (0.44, "$g$", UPSTREAM.light), (0.5, r"$\cdot$", "#1f2328"))
    for x, formula, colour in (*factors, (0.63, rf"${SLOPE.symbol}$", SLOPE.light)):
        figure.text(x, 0.32, formula, ha="center", fontsize=60, color=colour, math_fontfamily="cm")
    figure.savefig(Path(app.outdir) / PICTURE)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", describe)
    app.connect("build-finished", draw_picture)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
