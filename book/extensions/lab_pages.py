"""Sphinx extension: what the book says of its labs.

The page of a lab begins with how to get it, how to open it and how long it takes.

The notebook itself stays as it is: learners download the very file that lies in exercises/.
Launch buttons stand on labs only, since a chapter is no notebook, and only when `_config.yml` names a repository.
{exercises}`03_delta_template` is how many exercises that lab has.
"""

import json
import re
from pathlib import Path
from typing import Any

from docutils.nodes import Node, Text, document, system_message
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxRole
from sphinx_book_theme.header_buttons.launch import add_launch_buttons

TIME = re.compile(r"It takes\s+(\d+\s+to\s+\d+\s+minutes)")
START = """

````{{container}} lab-start
**Allow {time}**, after reading [chapter {number}](../../book/{slug}.md).
{{download}}`Download the notebook <{slug}.ipynb>`, or open it where the course is installed:

```text
jupyter lab exercises/{slug}/{slug}.ipynb
```

To install it, {{course}}`download the course`, which is every lab and what checks it, and follow
[Start here](../../book/start.md).
{colab}
````

"""
COLAB = """
Google Colab has no copy of the course. There, begin with a cell `%pip install --no-deps git+{address}`.
"""


def is_lab(docname: str) -> bool:
    return docname.startswith("exercises/")


def begin_with_the_start(app: Sphinx, docname: str, content: list[str]) -> None:
    if not is_lab(docname):
        return
    notebook = json.loads(content[0])
    title, introduction = "".join(notebook["cells"][0]["source"]).split("\n", 1)
    time = TIME.search(introduction)
    if not time:
        raise ExtensionError(f"{docname}: its first cell has to say 'It takes … to … minutes'.")
    slug = docname.rsplit("/", 1)[1]
    options = app.config.html_theme_options
    colab = COLAB.format(address=options["repository_url"]) if options["launch_buttons"].get("colab_url") else ""
    start = START.format(slug=slug, number=slug[:2], time=" ".join(time[1].split()), colab=colab)
    notebook["cells"][0]["source"] = title + start + introduction
    content[0] = json.dumps(notebook)


class Exercises(SphinxRole):
    """The number of exercises of a lab, counted in the notebook that learners get."""

    def run(self) -> tuple[list[Node], list[system_message]]:
        notebook = Path(self.env.srcdir, "exercises", self.text, f"{self.text}.ipynb")
        self.env.note_dependency(str(notebook))
        if not notebook.exists():
            raise ExtensionError(f"{self.env.docname}: there is no lab {self.text!r} to count the exercises of")
        return [Text(str(count_exercises(notebook)))], []


def count_exercises(notebook: Path) -> int:
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    solutions = [cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("solution")]
    return sum(cell["cell_type"] == "code" for cell in solutions)


def no_buttons_without_a_repository(app: Sphinx, config: Any) -> None:
    if not config.html_theme_options.get("repository_url"):
        config.html_theme_options["launch_buttons"] = {}


def launch(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: document | None) -> None:
    if is_lab(pagename):
        add_launch_buttons(app, pagename, template, context, doctree)


def setup(app: Sphinx) -> dict[str, Any]:
    for listener in list(app.events.listeners["html-page-context"]):
        if listener.handler is add_launch_buttons:
            app.disconnect(listener.id)
    app.add_role("exercises", Exercises())
    app.connect("html-page-context", launch, priority=501)  # where the theme has it
    app.connect("config-inited", no_buttons_without_a_repository)
    app.connect("source-read", begin_with_the_start)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
