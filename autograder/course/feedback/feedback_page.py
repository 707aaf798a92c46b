"""The feedback page: a graded notebook as HTML that needs nothing else and in which nothing can run.

The page is drawn beside the grading, by any number of processes. What only the gradebook knows (manual scores,
comments, a late penalty) stands in a table at its top, which `with_standing` fills in. Imports no nbgrader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from latex2mathml.converter import convert
from markupsafe import Markup, escape
from mistune import HTMLRenderer, create_markdown
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder.course.cells import KEY, is_written
from autograder.course.feedback.sanitize import given_texts, inert_outputs, png
from autograder.course.intake.notebooks import is_ours, notices_of
from autograder.course.intake.pictures import SHOWN, data_uri
from autograder.course.release.released import title
from autograder.course.saved_reports import holds_report
from autograder.course.standing import Standing
from autograder.palette import SLOTS, colour
from autograder.report import Report, rich

_STANDING, _LEARNER, _BESIDE = "<!-- standing -->", "<!-- learner -->", "<!-- beside {} -->"
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_LONGEST_COLOURED = 20_000  # characters of a cell
# Both keep a contrast of 4.5:1 on the page's background for code.
_LIGHT, _DARK = "a11y-high-contrast-light", "a11y-high-contrast-dark"


def render(notebook: NotebookNode, released: NotebookNode, reports: Mapping[str, Report], book: str = "") -> str:
    """Return the page of a graded notebook, with a place for its standing.

    `reports` are by the grade_id of their cell. `book` is the address of the book's site, for links to what there is
    to read; without it the page names chapter and section.
    """
    given = given_texts(released)
    exercises = notebook.metadata.get(KEY, {}).get("exercises", {})
    cells = [_Cell(cell, exercises, given, reports, book) for cell in notebook.cells if not is_ours(cell)]
    return _template("page").render(
        title=title(released) or "a lab",
        cells=[cell for cell in cells if cell.shown],
        notices=notices_of(notebook),
        standing=Markup(_STANDING),
        learner=Markup(_LEARNER),
        graded_on=notebook.metadata.get(KEY, {}).get("graded_on", ""),
        code_colours=_code_colours(),
    )


def with_standing(page: str, standing: Standing) -> str:
    """Return the page with its table of scores, whose it is, and beside each answer what a person said of it.

    What a learner wrote is escaped, so it holds none of the places for them.
    """
    page = page.replace(_STANDING, _template("standing").render(standing=standing), 1)
    page = page.replace(_LEARNER, _template("learner").render(standing=standing), 1)
    for row in standing.rows:
        page = page.replace(_BESIDE.format(row.cell), _template("beside").render(row=row), 1)
    return page


def on_day(day: date) -> str:
    """Return a date as people write it, such as 1 March 2026."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


class _Cell:
    """A cell as the template sees it. What is `Markup` here was escaped by what made it."""

    def __init__(
        self,
        cell: NotebookNode,
        exercises: Mapping[str, str],
        given: frozenset[str],
        reports: Mapping[str, Report],
        book: str,
    ) -> None:
        info = cell.metadata.get("nbgrader", {})
        self.cell = cell
        self.book = book
        self.anchor = info.get("grade_id") if info.get("grade") else None
        self.exercise = exercises.get(self.anchor, self.anchor) if self.anchor else None
        self.answers = info.get("grade_id") if info.get("solution") else None
        self.written = is_written(cell)
        self.given = cell.source in given
        first = cell.source.partition("\n")[0]
        self.statement = first.strip("# ") if self.given and first.startswith("#") else None
        self.report = reports.get(self.anchor) if self.anchor else None
        self.passed = self.report is None or self.report.passed
        self.outputs = list(self._outputs()) if cell.cell_type == "code" else []
        self.beside = Markup(_BESIDE.format(self.anchor))
        self.shown = bool(cell.source.strip() or self.outputs)

    def body(self) -> Markup:
        """Return the source: given text set, code and a learner's text as they were typed."""
        if self.cell.cell_type == "code":
            # A line end that stands first in <pre> is no part of it.
            return Markup('<pre class="code" tabindex="0">\n{}</pre>').format(_coloured(self.cell.source))
        if self.given:
            return _set(self.cell.source)
        return Markup('<div class="typed">{}</div>').format(Markup("").join(self._typed()))

    def _typed(self) -> Iterator[Markup]:
        """Yield a learner's text as it was typed, with its pictures where they stand."""
        done, attached = 0, self.cell.get("attachments", {})
        for match in SHOWN.finditer(self.cell.source):
            address = data_uri(attached.get(match["name"]))
            if address:
                yield Markup('{}<img alt="{}" src="{}">').format(
                    self.cell.source[done : match.start()], match["words"], address
                )
                done = match.end()
        yield Markup("{}").format(self.cell.source[done:])

    def _outputs(self) -> Iterator[Markup]:
        """Yield the outputs, the report drawn anew: whatever ran the notebook since may have written HTML."""
        for output in self.cell.outputs if self.anchor else inert_outputs(self.cell.outputs):
            if self.report and holds_report(output):
                yield Markup(self.report.to_html("h3", self.book))
            else:
                yield _output(output)


def _output(output: NotebookNode) -> Markup:
    data = output.get("data", {})
    picture = png(data.get("image/png"))
    if picture:
        return Markup('<img alt="a figure this cell drew" src="data:image/png;base64,{}">').format(picture)
    if output.output_type == "error":
        text = "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
    else:
        text = output.get("text", data.get("text/plain", ""))
    return Markup('<pre class="{}" tabindex="0">\n{}</pre>').format(output.output_type, text)


def _coloured(source: str) -> Markup:
    """Return code as HTML that says the same, each token in an element with its class."""
    if len(source) > _LONGEST_COLOURED:
        return Markup("{}").format(source)
    coloured = highlight(source, PythonLexer(stripnl=False, ensurenl=False), HtmlFormatter(nowrap=True))
    return Markup(coloured if source.endswith("\n") else coloured.removesuffix("\n"))


@cache
def _code_colours() -> Markup:
    light, dark = (
        re.sub(r"background(-color)?: [^;}]*;?", "", HtmlFormatter(style=style).get_style_defs("pre.code"))
        for style in (_LIGHT, _DARK)
    )
    return Markup(f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}")


@lru_cache(maxsize=512)
def _set(given: str) -> Markup:
    """Return the HTML of Markdown that learners were given, which is the same in every submission. Its heading stands
    in the page already."""
    first, _, rest = given.partition("\n")
    return Markup(_markdown()(rest if first.startswith("#") else given))


@cache
def _markdown() -> Any:
    renderer = _Renderer(escape=True)
    markdown = create_markdown(renderer=renderer, plugins=["math", "table"])
    renderer.register("block_math", lambda _, text: _formula(text, "block"))  # in the place of the plugin's own
    renderer.register("inline_math", lambda _, text: _formula(text, "inline"))
    return markdown


class _Renderer(HTMLRenderer):
    def heading(self, text: str, level: int, **attributes: Any) -> str:
        """Return a heading below those of the page."""
        return f"<h3>{text}</h3>\n"


def _formula(text: str, display: str) -> str:
    """Return LaTeX as MathML, which browsers set without any script, with the slots in their colours."""
    formula = convert(text, display=display)
    for slot in SLOTS.values():
        formula = formula.replace(f'mathcolor="{slot.light}"', f'style="{colour(slot)}"')
    return f'<div class="formula" tabindex="0">{formula}</div>\n' if display == "block" else formula


@cache
def _template(name: str) -> Any:
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["day"] = on_day
    environment.filters["breakable"] = lambda name: escape(name).replace("_", Markup("_<wbr>"))
    environment.filters["rich"] = lambda text: Markup(rich(text))
    return environment.get_template(f"{name}.html.j2")
