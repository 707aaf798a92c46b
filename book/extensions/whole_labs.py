"""Sphinx extension: a lab's page leads to the whole lab in JupyterLite, where `python -m tools.practice` has made that.

The theme's `jupyterlite_url` makes a button only where a repository on GitHub is named, so the button is made here.
"""

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from lab_pages import is_lab
from sphinx.application import Sphinx
from sphinx.config import Config

from practice import PARTS, needs_pytorch

PAGE = "lite/notebooks/index.html"
TEXT = "Open the whole lab in this browser"
ABOUT = (
    ": JupyterLab with nothing to install, once {megabytes} MB have loaded. What you write stays in this browser; "
    "the button “Download to hand in” gives you the notebook."
)
NOT_THERE = " cannot be done there: no browser runs PyTorch."


def look_for_them(app: Sphinx, config: Config) -> None:
    config["whole_labs"] = Path(app.srcdir, PARTS, PAGE).is_file()


def lead_there(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if not app.config["whole_labs"] or not is_lab(docname):
        return
    start = next(node for node in doctree.findall(nodes.container) if "lab-start" in node["classes"])
    link = nodes.reference("", TEXT, refuri=address(docname), internal=True)
    about = nodes.Text(ABOUT.format(megabytes=megabytes(Path(app.srcdir, PARTS))))
    start.append(nodes.paragraph("", "", link, about, *left_out(doctree)))


def address(docname: str) -> str:
    *folders, slug = docname.split("/")
    return f"{'../' * len(folders)}_static/practice/{PAGE}?path={slug}.ipynb"


def megabytes(parts: Path) -> int:
    manifest = json.loads((parts / "manifest.json").read_text("utf-8"))
    return round(manifest["lab_bytes"] / 1e6)


def left_out(doctree: nodes.document) -> list[nodes.Node]:
    """Say which exercises of a lab are written in PyTorch."""
    cells = [node["cell_metadata"] for node in doctree.findall(nodes.container) if "cell_metadata" in node]
    infos = [cell.get("nbgrader", {}) for cell in cells]
    answers = [info["grade_id"] for info in infos if info.get("solution") and info.get("cell_type") == "code"]
    said: list[nodes.Node] = []
    for name in filter(needs_pytorch, answers):
        said += [nodes.Text(" and " if said else " "), nodes.literal("", name)]
    return [*said, nodes.Text(NOT_THERE)] if said else []


def bring_the_button(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    if app.config["whole_labs"] and is_lab(pagename):
        button = {
            "type": "link",
            "url": address(pagename),
            "icon": "fas fa-rocket",
            "label": "whole-lab",
            "tooltip": TEXT,
        }
        context["header_buttons"].append(button)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("whole_labs", False, "html")  # whether they are there
    app.connect("config-inited", look_for_them)
    app.connect("doctree-resolved", lead_there)
    app.connect("html-page-context", bring_the_button, priority=502)  # beside the theme's launch buttons
    return {"parallel_read_safe": True, "parallel_write_safe": True}
