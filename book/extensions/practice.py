"""Sphinx extension: exercises can be practised on the pages of the labs.

It marks the exercises of a lab's page and says where the lab is; the script in book/practice does the rest.  Where
`python -m tools.practice` has not made its parts, and in a reader's browser without scripts, a page is as without it.
"""

import posixpath
import shutil
from collections.abc import Iterator
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from build_rules import digest
from docutils import nodes
from lab_pages import is_lab
from sphinx.application import Sphinx
from sphinx.config import Config

PARTS = Path("_build", "practice")  # below the root; what there is goes to the site's _static/practice
SCRIPTS = ("editor.js", "worker.js")
IN_PYTORCH = "This one is written in PyTorch, which no browser runs: answer it in the notebook."


def look_for_the_parts(app: Sphinx, config: Config) -> None:
    parts = Path(app.srcdir, PARTS)
    scripts = [parts / name for name in SCRIPTS]
    config["practice"] = digest(scripts, parts) if (parts / "manifest.json").is_file() else ""


def bring_the_parts(app: Sphinx) -> None:
    there = Path(app.outdir, "_static", "practice")
    shutil.rmtree(there, ignore_errors=True)
    if app.config["practice"]:
        shutil.copytree(Path(app.srcdir, PARTS), there)


def mark_the_exercises(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if not app.config["practice"] or not is_lab(docname):
        return
    elsewhere = []
    for answer, check in list(exercises(doctree)):
        name = metadata(answer)["grade_id"]
        if needs_pytorch(name):
            elsewhere.append(name)
            put_around([answer, check], "", f'<p class="practice-elsewhere">{IN_PYTORCH}</p>')
        else:
            put_around([answer, check], f'<div class="practice" data-exercise="{escape(name)}">', "</div>")
    start = next(node for node in doctree.findall(nodes.container) if "lab-start" in node["classes"])
    put_around([start], "", panel(app, docname, elsewhere))


def exercises(doctree: nodes.document) -> Iterator[tuple[nodes.container, nodes.container]]:
    """Yield the cell of each exercise of a lab and that of its check, which comes next."""
    cells = [node for node in doctree.findall(nodes.container) if node.get("nb_element") == "cell_code"]
    for answer, check in pairwise(cells):
        if metadata(answer).get("solution") and metadata(check).get("grade") and answer.parent is check.parent:
            yield answer, check


def metadata(cell: nodes.container) -> dict[str, Any]:
    found: dict[str, Any] = cell["cell_metadata"].get("nbgrader", {})
    return found


def needs_pytorch(name: str) -> bool:
    from autograder import exercises  # late: it takes seconds, and most pages are no labs

    return exercises()[name].needs_torch


def put_around(inner: list[nodes.Node], before: str, after: str) -> None:
    parent = inner[0].parent
    assert isinstance(parent, nodes.Element)
    parent.insert(parent.index(inner[-1]) + 1, nodes.raw("", after, format="html"))
    parent.insert(parent.index(inner[0]), nodes.raw("", before, format="html"))


def panel(app: Sphinx, docname: str, elsewhere: list[str]) -> str:
    """Return the empty place in which the script shows what is done; it says where the lab is, and which exercises
    are to be done elsewhere."""
    slug = posixpath.basename(docname)
    _, file = app.env.dlfiles[f"{docname}.ipynb"]
    notebook = posixpath.relpath(f"_downloads/{file}", posixpath.dirname(docname))
    start = app.builder.get_relative_uri(docname, "book/start")
    data = {"lab": slug, "notebook": notebook, "start": start, "version": app.config["practice"]}
    data |= {"elsewhere": ", ".join(elsewhere)} if elsewhere else {}
    attributes = " ".join(f'data-{name}="{escape(value)}"' for name, value in data.items())
    return f'<div class="practice-panel" {attributes} hidden></div>'


def bring_the_script(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    if app.config["practice"] and is_lab(pagename):
        app.add_css_file("practice.css")
        app.add_js_file("practice/editor.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("practice", "", "html")  # a digest of the scripts, which browsers keep; "" without the parts
    app.connect("config-inited", look_for_the_parts)
    app.connect("builder-inited", bring_the_parts)
    app.connect("doctree-resolved", mark_the_exercises)
    app.connect("html-page-context", bring_the_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
