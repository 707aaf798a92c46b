"""Sphinx extension: every chapter can be downloaded as a notebook.

It holds what the page shows: the text with its numbers filled in, the cells that are visible, and what the hidden ones
put on the page. The role {chapter-notebook}`as a notebook` links to it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
from docutils.nodes import Node, reference, system_message
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from run_pages import executed
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

HIDDEN = {"remove-input", "remove-cell"}
IS_CHAPTER = re.compile(r"book/\d\d_\w+")
RICHEST = ("text/markdown", "text/latex", "image/svg+xml", "image/png")

_GLUED = "application/papermill.record/"  # before the kind of what is kept and not shown
_ANCHOR = re.compile(r"^\([\w-]+\)=\n", re.MULTILINE)
_GLUE = re.compile(r"\{glue:(?:text)?\}`([^`:]+)(?::([^`]+))?`")
_ROLE = re.compile(r"\{[\w-]+\}`([^`<]*?)\s*(?:<[^`>]*>)?`")
_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]*\])+)\]\([^()\s]+\)")
_SPAN = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])+)\]\{[.#][^{}]*\}")
_FOLDED = re.compile(r"^(`{3,})\{dropdown\} ([^\n]*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)


def tags_of(cell: Mapping[str, Any]) -> set[str]:
    return set(cell["metadata"].get("tags", ()))


def is_shown(cell: Mapping[str, Any]) -> bool:
    """Say whether the page shows the code of a cell, folded or not."""
    return bool(cell["cell_type"] == "code" and not tags_of(cell) & HIDDEN)


def as_notebook(page: NotebookNode, kept: Mapping[str, Any], macros: str) -> NotebookNode:
    """Return the notebook of an executed page; `kept` holds the numbers of its text by name, as cell outputs."""
    cells = [new_markdown_cell(macros)] if macros else []
    for cell in page.cells:
        if cell.cell_type == "markdown":
            cells.append(new_markdown_cell(plain(cell.source, kept)))
        elif is_shown(cell):
            folded = {"jupyter": {"source_hidden": True}} if "hide-input" in tags_of(cell) else {}
            cells.append(new_code_cell(cell.source, metadata=folded))
        elif "remove-cell" not in tags_of(cell):
            cells += shown_by(cell)
    for place, cell in enumerate(cells):
        cell.id = f"cell-{place}"
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return new_notebook(cells=cells, metadata=about)


def shown_by(cell: NotebookNode) -> Iterator[NotebookNode]:
    """Yield, as cells of text, what a hidden cell puts on the page: a formula, a table, a picture."""
    for output in cell.outputs:
        data = output.get("data", {})
        kind = next((kind for kind in RICHEST if kind in data), None)
        if kind is None:
            continue
        if kind.startswith("text"):
            yield new_markdown_cell(data[kind])
        else:
            about = cell.metadata.get("mystnb", {})
            caption = " ".join(about.get("figure", {}).get("caption", "").split())
            alternative = " ".join(about.get("image", {}).get("alt", "").split()).replace("]", "")
            picture = new_markdown_cell(f"![{alternative}](attachment:figure)\n\n{caption}")
            picture.attachments = {"figure": {kind: data[kind]}}
            yield picture


def plain(text: str, kept: Mapping[str, Any]) -> str:
    """Return the Markdown of a page as Jupyter shows it: numbers filled in, links and classes as their words."""
    text = _FOLDED.sub(r"<details><summary>\2</summary>\n\n\3\n</details>", _ANCHOR.sub("", text))
    text = _GLUE.sub(lambda found: _number(kept[found[1]]["data"], found[2]), text)
    text = _ROLE.sub(r"\1", text)
    before = None
    while before != text:  # a span may hold a link
        before, text = text, _SPAN.sub(r"\1", _LINK.sub(r"\1", text))
    return text


def _number(data: Mapping[str, str], form: str | None) -> str:
    plain_data = {kind.removeprefix(_GLUED): value for kind, value in data.items()}
    if "text/latex" in plain_data:
        return plain_data["text/latex"].replace(r"\displaystyle ", "")
    return format(ast.literal_eval(plain_data["text/plain"]), form or "")


def macros_of(config: Any) -> str:
    """Return the book's macros for formulas as a cell of text defines them."""
    macros = config.mathjax3_config["tex"]["macros"]
    return "\n".join(f"${_macro(name, made)}$" for name, made in macros.items())


def _macro(name: str, made: Any) -> str:
    text, arguments = made if isinstance(made, list) else (made, 0)
    text = re.sub(r"\\class\{slot-(\w+)\}\{(.*)\}", lambda found: _coloured(found[1], found[2]), text)
    return rf"\newcommand{{\{name}}}{f'[{arguments}]' if arguments else ''}{{{text}}}"


def _coloured(slot: str, text: str) -> str:
    from autograder.palette import SLOTS

    return rf"\color{{{SLOTS[slot].light}}}{{{text}}}"


def write(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    for name, page in executed(app.env):
        if IS_CHAPTER.fullmatch(name):
            notebook = as_notebook(page, numbers_of(page), macros_of(app.config))
            nbformat.write(notebook, Path(app.outdir, f"{name}.ipynb"))


def numbers_of(page: NotebookNode) -> dict[str, Any]:
    """Return the outputs by which a page keeps numbers for its text, by name."""
    outputs = [output for cell in page.cells for output in cell.get("outputs", ())]
    return {output.metadata.scrapbook.name: output for output in outputs if "scrapbook" in output.get("metadata", {})}


class ChapterNotebook(SphinxRole):
    """A link from a chapter to its notebook."""

    def run(self) -> tuple[list[Node], list[system_message]]:
        address = f"{self.env.docname.rsplit('/', 1)[1]}.ipynb"
        return [reference("", self.text, refuri=address, classes=["download"])], []


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_role("chapter-notebook", ChapterNotebook())
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
