"""Sphinx extension: how a reader of the site gets the course.

A build ends with an archive of the learners' repository beside the pages, when one of them leads to it: labs, checks
and book, without answers.  {course}`text` is a link to it.  {get-course} says where the course is to be had: in the
archive, and at the address of the repository, when `_config.yml` names one.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.nodes import Node, system_message
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective, SphinxRole

ARCHIVE = "backprop-by-hand.zip"


def link(docname: str, text: str) -> nodes.reference:
    return nodes.reference("", text, refuri="../" * docname.count("/") + ARCHIVE, internal=True)


class Course(SphinxRole):
    """A link to the archive."""

    def run(self) -> tuple[list[Node], list[system_message]]:
        return [link(self.env.docname, self.text)], []


class GetCourse(SphinxDirective):
    """A sentence with the link, and the command that gets the repository."""

    def run(self) -> list[Node]:
        address = self.config.repository_address
        ways = " and unpack it, or clone its repository:" if address else " and unpack it."
        sentence = nodes.paragraph()
        sentence += [link(self.env.docname, "Download the course"), nodes.Text(ways)]
        command = f"git clone {address} {Path(ARCHIVE).stem}"
        return [sentence, nodes.literal_block(command, command, language="sh")] if address else [sentence]


def note_address(app: Sphinx, config: Config) -> None:
    config["repository_address"] = config.html_theme_options.get("repository_url") or ""


def make_archive(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html" or not any(map(leads_there, app.env.found_docs)):
        return
    from autograder.course.release.student_repository import write_archive  # loads nbgrader

    write_archive(Path(app.outdir, ARCHIVE))


def leads_there(docname: str) -> bool:
    return docname == "book/start" or docname.startswith("exercises/")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_role("course", Course())
    app.add_directive("get-course", GetCourse)
    app.add_config_value("repository_address", "", "env")  # another address, and pages are read again
    app.connect("config-inited", note_address)
    app.connect("build-finished", make_archive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
