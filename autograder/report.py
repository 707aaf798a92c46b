"""What `check` returns: points, and per part what was right or wrong, as text, HTML and plain data."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import quote

from autograder.exercise import Section
from autograder.palette import SLOTS, colour

_FOR_THE_NOTEBOOK = ("warning", "printed", "inputs", "book")
JSON_MIME = "application/vnd.backprop-by-hand.report+json"


@dataclass(frozen=True)
class Finding:
    """The result of one part.

    `kind` is "right" or what is wrong in a word or two ("wrong value", "shape", "raised", ...); `mistake` is the id of
    a catalogued mistake that reproduces the answer, or None; `slot` the slot of the template it concerns, or "";
    `error` the worst error relative to the largest right entry, `case` the label of the case it was found in;
    `number` is the place of that case among all, from 1; `sentence` is what the message says of the reason, or "".
    """

    part: str
    points: float
    max_points: float
    kind: str
    message: str
    mistake: str | None = None
    slot: str = ""
    error: float = 0.0
    case: str = ""
    number: int = 0
    sentence: str = ""

    @property
    def passed(self) -> bool:
        return self.kind == "right"


@dataclass(frozen=True)
class Report:
    """The findings of one exercise. In a notebook its text/plain is the points, its text/html the explanation.

    `code` is the fingerprint of what was checked, or "". What only the notebook of whoever checks is told, and no
    grade: `warning`, that something else may have been checked than was meant; `printed`, what was printed in the case
    of the first part that is wrong; `inputs`, how to have the inputs of that case; `book`, where the book is.
    """

    exercise: str
    chapter: str
    section: Section
    findings: tuple[Finding, ...]
    code: str = ""
    warning: str = ""
    printed: str = ""
    inputs: str = ""
    book: str = ""

    @property
    def points(self) -> float:
        return float(sum(finding.points for finding in self.findings))

    @property
    def max_points(self) -> float:
        return float(sum(finding.max_points for finding in self.findings))

    @property
    def passed(self) -> bool:
        return all(finding.passed for finding in self.findings)

    def __repr__(self) -> str:
        return repr(self.points)

    def __str__(self) -> str:
        lines = [f"{self.exercise}: {self.points:g} of {self.max_points:g} points"]
        lines += [f"  {self.warning}"] if self.warning else []
        lines += [f"  {'✓' if f.passed else '✗'} {heading}{f.message}" for heading, f in self._told()]
        if self.printed:
            lines += [f"  Printed in {self._case}:", *(f"    {line}" for line in self.printed.splitlines())]
        if self.inputs:
            lines.append(f"  The inputs of {self._case}: {self.inputs}")
        if not self.passed and self.chapter:
            lines.append("  Read again: " + "; ".join(text for text, _, _ in self._to_read()))
        return "\n".join(lines)

    def _told(self) -> Iterator[tuple[str, Finding]]:
        """Yield what there is to tell with its heading: parts of which the same is to be said come together."""
        groups: dict[tuple[str, str, str], list[Finding]] = {}
        for finding in self.findings:
            said = finding.sentence or finding.message
            groups.setdefault((said, finding.slot, finding.kind), []).append(finding)
        for findings in groups.values():
            worst = max(findings, key=lambda finding: finding.error)
            if len({finding.message for finding in findings}) > 1:
                worst = replace(worst, message=f"{worst.message} These numbers are those of {worst.part}.")
            yield "" if len(self.findings) == 1 else _heading(findings), worst

    @property
    def wrong(self) -> Finding | None:
        """The first part that is wrong."""
        return next((finding for finding in self.findings if not finding.passed), None)

    @property
    def _case(self) -> str:
        return f"case {self.wrong.number}" if self.wrong else ""

    @property
    def where_to_read(self) -> str:
        return f"chapter {self.chapter.split('_')[0]}, “{self.section.title}”"

    @property
    def mistakes(self) -> list[str]:
        """The ids of the named mistakes, each once, in the order of the parts."""
        return list(dict.fromkeys(finding.mistake for finding in self.findings if finding.mistake))

    def to_data(self) -> dict[str, Any]:
        """Return the report as plain data (dicts, lists, strings, numbers)."""
        data = asdict(self) | {"points": self.points, "max_points": self.max_points}
        return {name: value for name, value in data.items() if name not in _FOR_THE_NOTEBOOK}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Report:
        """Build the report that `to_data` described. Raises KeyError or TypeError when `data` is something else."""
        findings = tuple(Finding(**finding) for finding in data["findings"])
        return cls(data["exercise"], data["chapter"], Section(*data["section"]), findings, str(data.get("code", "")))

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        return {"text/plain": repr(self), "text/html": self.to_html(book=self.book), JSON_MIME: self.to_data()}

    def to_html(self, heading: str = "p", book: str = "") -> str:
        """Return the explanation as an HTML fragment that needs no script and no style sheet.

        `heading` is the tag of its first line. With `book`, the address of the book's site, what there is to read
        becomes links into it.
        """
        rows = "".join(_row(told, finding) for told, finding in self._told())
        places = "; ".join(place(book, *there) for there in self._to_read())
        read = "" if self.passed or not self.chapter else f"<p>Read again: {places}.</p>"
        warning = f"<p><strong>{rich(self.warning)}</strong></p>" if self.warning else ""
        listed = f'<ul style="list-style: none; padding-left: 0">{rows}</ul>'
        return (
            f'<div role="group" aria-label="Result of {html.escape(self.exercise)}">'
            f"<{heading}><strong>{html.escape(self.exercise)}: {self.points:g} of {self.max_points:g} points</strong>"
            f"</{heading}>{warning}{listed}{self._to_try()}{read}</div>"
        )

    def _to_try(self) -> str:
        printed = f"<p>Printed in {self._case}:</p><pre>{html.escape(self.printed)}</pre>" if self.printed else ""
        inputs = f"<p>The inputs of {self._case}: <code>{html.escape(self.inputs)}</code></p>" if self.inputs else ""
        return printed + inputs

    def _to_read(self) -> list[tuple[str, str, str]]:
        """Return what to read again: in words, and its page and anchor in the book."""
        chapter = (self.where_to_read, self.chapter, self.section.anchor)
        return [
            chapter,
            *((f"“{id}” in the catalogue of mistakes", "mistakes", f"mistake-{id}") for id in self.mistakes),
        ]


def zero_report(exercise: str, most: float, reason: str) -> Report:
    """Return the report of an exercise that could not be put to anything."""
    return Report(exercise, "", Section("", ""), (Finding("value", 0.0, most, "not graded", reason),))


def _heading(findings: Sequence[Finding]) -> str:
    parts = ", ".join(finding.part for finding in findings)
    points, most = sum(finding.points for finding in findings), sum(finding.max_points for finding in findings)
    return f"{parts} ({points:g} of {most:g}): "


def place(book: str, text: str, page: str, anchor: str) -> str:
    """Return, as HTML, where something stands in the book: a link where `book` is the address of its site."""
    if not book:
        return html.escape(text)
    address = f"{book.rstrip('/')}/book/{quote(page, safe='')}.html#{quote(anchor, safe='')}"
    return f'<a href="{html.escape(address)}">{html.escape(text)}</a>'


def _row(heading: str, finding: Finding) -> str:
    sign, word = ("✓", "right") if finding.passed else ("✗", "wrong")
    heading = f"<strong>{html.escape(heading)}</strong>" if heading else ""
    return (
        f'<li style="margin: 0.3em 0"><span role="img" aria-label="{word}">{sign}</span> '
        f"{heading}{rich(finding.message)}{_slot_badge(finding.slot)}</li>"
    )


def rich(message: str) -> str:
    """Escape a message and set what stands between backticks as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(message))


def _slot_badge(slot: str) -> str:
    if not slot:
        return ""
    return f' <strong style="{colour(SLOTS[slot])}">[{html.escape(SLOTS[slot].name)}]</strong>'
