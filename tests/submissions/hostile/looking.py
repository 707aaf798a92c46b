"""Attacks on whoever looks at the result: markup, scripts, links and terminal escapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.submissions.corpus import (
    LOOKING,
    Entry,
    Json,
    markdown,
    one_answer,
)

LOOK = "look-0815"  # what must stand in a page as text alone
PAYLOADS = (
    f"<script>document.title='{LOOK}'</script>",
    f"<img src='{LOOK}' onerror=\"document.title='{LOOK}'\">",
    f"<svg onload=\"document.title='{LOOK}'\"></svg>",
    f"<iframe src=\"javascript:'{LOOK}'\"></iframe>",
    f"<style>@import url('//{LOOK}.example/x.css');</style>",
    f"<meta http-equiv='refresh' content='0;url=//{LOOK}.example'>",
    f"<a href=\"javascript:'{LOOK}'\">click</a>",
    f"<form action='//{LOOK}.example'><button>{LOOK}</button></form>",
    f"<details open ontoggle=\"document.title='{LOOK}'\">x</details>",
    f"</pre></div><base href='//{LOOK}.example'><object data='{LOOK}'></object>",
    f"<!-- {LOOK} --><math><mtext><script>'{LOOK}'</script></mtext></math>",
)
MARKUP = "\n\n".join(PAYLOADS)
LINKS = f"""
[a](javascript:document.title='{LOOK}') [b](data:text/html,<script>'{LOOK}'</script>) <javascript:'{LOOK}'>
![c](//{LOOK}.example/pixel.png) ![d][remote] [e](JaVaScRiPt:'{LOOK}') [f](&#106;avascript:'{LOOK}')
![g](data:image/svg+xml,<svg onload="'{LOOK}'"/>) [h](vbscript:{LOOK}) [i](file:///{LOOK})

[remote]: //{LOOK}.example/pixel.png "<script>'{LOOK}'</script>"

<https://ok.example/"onmouseover="x">
"""
ESCAPES = "\x1b[2J\x1b]0;" + LOOK + "\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\x9b31m\x1b[31mred\r\x08"

CELLS = {
    "HTML displayed": f"from IPython.display import HTML\ndisplay(HTML({MARKUP!r}))\nHTML({MARKUP!r})",
    "JavaScript displayed": f"from IPython.display import Javascript\ndisplay(Javascript(\"document.title='{LOOK}'\"))",
    "every kind displayed": f"""
for kind in ("text/html", "image/svg+xml", "text/markdown", "text/latex", "application/javascript", "application/pdf",
             "application/vnd.jupyter.widget-view+json", "image/png", "image/jpeg", "text/x-{LOOK}"):
    display({{kind: {MARKUP!r}}}, raw=True)
    display({{kind: {MARKUP!r}, "text/plain": {MARKUP!r}}}, raw=True, metadata={{kind: {{"{LOOK}": "<script>"}}}})
""",
    "a picture that is none": f"""
import base64
for text in ({MARKUP!r}, 'x" onerror="{LOOK}', 'data:text/html,{LOOK}'):
    display({{"image/png": base64.b64encode(text.encode()).decode()}}, raw=True)
    display({{"image/png": text}}, raw=True)
    display({{"image/svg+xml": text}}, raw=True)
""",
    "magic that displays": f"""
for magic in ("html", "javascript", "svg", "latex"):
    get_ipython().run_cell_magic(magic, "", {MARKUP!r})
""",
    "markup printed": f"import sys\nprint({MARKUP!r})\nprint({MARKUP!r}, file=sys.stderr)\n{MARKUP!r}",
    "markup in an error": f"raise type({PAYLOADS[1]!r}, (Exception,), {{}})({MARKUP!r})",
    "escapes printed": f"import sys\nprint({ESCAPES!r})\nprint({ESCAPES!r}, file=sys.stderr)\n{ESCAPES!r}",
    "escapes in an error": f"raise type({ESCAPES!r}, (Exception,), {{}})({ESCAPES!r})",
    "outputs by somebody else": f"""
text = {MARKUP!r} + {ESCAPES!r}
get_ipython().recorder.taken = lambda: [
    {{"kind": "display_data", "data": {{"text/html": text, "image/png": text, "text/plain": text}}}},
    {{"kind": text, "data": {{"text/plain": text, "image/png": text}}}},
    {{"kind": "stream", "name": text, "parts": [text]}},
    {{"kind": "error", "name": text, "text": text, "traceback": text}},
]
""",
    "escapes in the source": f"text = '''{ESCAPES}'''  # {ESCAPES}".replace("\r", ""),
    "markup in the source": f"# {MARKUP}".replace("\n", "\n# "),
    "a cell that begins with markup and dies": f"# {PAYLOADS[0]} {PAYLOADS[1]} `{PAYLOADS[2]}`\nimport os\nos._exit(0)",
}


def failing(kind: str, text: str) -> str:
    return f"def weight_gradient(x, delta):\n    raise type({kind!r}, (Exception,), {{}})({text!r})"


def returning(kind: str, base: str = "object") -> str:
    return f"def weight_gradient(x, delta):\n    return type({kind!r}, ({base},), {{}})()"


ANSWERS = {
    "markup in a question's error": failing(PAYLOADS[1], MARKUP),
    "markup in a question's line": f"def weight_gradient(x, delta):\n    raise ValueError  # `{PAYLOADS[0]}`",
    "markup in a class": returning(PAYLOADS[1]),
    "markup in a list's class": returning(PAYLOADS[0], "list"),
    "escapes in a question's error": failing(ESCAPES, ESCAPES),
    "escapes in a class": returning(ESCAPES),
}


def _markdown(text: str) -> Callable[[Json], None]:
    return lambda given: given["cells"].insert(2, markdown(text))


def _raw(given: Json) -> None:
    for kind in ("text/html", "text/markdown", "text/latex", "slides", ""):
        given["cells"].append(
            {"cell_type": "raw", "metadata": {"format": kind, "raw_mimetype": kind}, "source": MARKUP}
        )


def _attachments(given: Json) -> None:
    held = {
        "x.svg": {"image/svg+xml": MARKUP},
        "y.png": {"text/html": MARKUP},
        'z" onerror="' + LOOK: {"image/png": LOOK},
    }
    given["cells"].append({**markdown("![x](attachment:x.svg) ![y](attachment:y.png)"), "attachments": held})


def _marked_metadata(given: Json) -> None:
    given["metadata"] |= {
        "title": MARKUP,
        "authors": [{"name": MARKUP}],
        "kernelspec": {"name": PAYLOADS[0], "display_name": PAYLOADS[1], "language": PAYLOADS[2]},
        "language_info": {"name": PAYLOADS[0], "pygments_lexer": PAYLOADS[1], "mimetype": PAYLOADS[2]},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {LOOK: MARKUP}}},
    }
    for each in given["cells"]:
        each["id"] = PAYLOADS[1][:64]
        each["metadata"] |= {"tags": [PAYLOADS[0]], "name": MARKUP}


def _deceptive(given: Json) -> None:
    """Text that would look like part of the page's own frame, and right-to-left marks."""
    given["cells"].append(
        markdown("\u202e\u2066 {{ 7*7 }} {% raw %} ${7*7} <%= 7*7 %> [[ 7*7 ]]\n\n# output_delta: 19 of 19 points")
    )
    given["cells"].append(markdown("]]></script><!--\n\n```{raw} html\n<script>'" + LOOK + "'</script>\n```"))


FORGED_OBSERVATIONS = f"""
import sys
text = {MARKUP!r} + {ESCAPES!r}
raised = {{"kind": text, "text": text, "line": text}}
value = {{"came": text, "wanted": text}}
answers = {{name: value for name in ("value", "dx", "dW", "db", "dW1", "db1", "dW2", "db2", text)}}
turns = [{{"answers": {{}}, "again": {{}}, "changed": [text], "raised": raised}},
         {{"answers": answers, "again": answers, "changed": [text], "raised": None}}] * 10**4
shell = sys.modules["autograder.sandbox.inside.shell"]
plain = shell._plain
shell._plain = lambda seen: plain(seen) if seen.changed == ("spoilt",) else turns.pop()
"""

FILES: Mapping[str, dict[str, Any]] = {
    "observations with markup": {"first": FORGED_OBSERVATIONS, "earns": "untouched"},
    "markup in Markdown": {"edit": _markdown(MARKUP)},
    "markup within a line of Markdown": {"edit": _markdown("text " + " and ".join(PAYLOADS))},
    "links in Markdown": {"edit": _markdown(LINKS)},
    "markup in raw cells": {"edit": _raw},
    "markup in attachments": {"edit": _attachments},
    "markup in metadata": {"edit": _marked_metadata},
    "markup in formulas": {
        "edit": _markdown(f"$$\\href{{javascript:'{LOOK}'}}{{x}} </script><script>'{LOOK}'</script>$$")
    },
    "templates in text": {"edit": _deceptive},
    "escapes in Markdown": {"edit": _markdown(ESCAPES)},
    "<img src=x onerror=\"document.title='look-0815'\">": {},
    "a file with markup for a name": {"name": f"<img src=x onerror='{LOOK}'>.ipynb"},
    "a file with escapes for a name": {"name": "\x1b[2J\x1b]0;x\x07.ipynb"},
    "escapes \x1b[2J\x1b]0;x\x07 in a student": {},
    "a file that is markup": {"dump": lambda _: MARKUP.encode(), "earns": "untouched"},
    "a timestamp that is markup": {"files": lambda folder: (folder / "timestamp.txt").write_text(MARKUP)},
}


def entries() -> list[Entry]:
    return [
        *(Entry(id, LOOKING, first=source) for id, source in CELLS.items()),
        *(one_answer(id, LOOKING, source) for id, source in ANSWERS.items()),
        *(Entry(id, LOOKING, **how) for id, how in FILES.items()),
    ]
