"""Notes which cells are run in a notebook, to say when what is checked is older than the cell meant to define it."""

from __future__ import annotations

import keyword
import linecache
import re
import sys
from collections import deque
from collections.abc import Container
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from autograder.attempts.observe import Solution, function_of

_DEFINED = re.compile(r"^(?:async +)?(?:def|class) +(\w+)", re.MULTILINE)
_NEARLY = 0.85  # two names as alike as that differ by a slip of the fingers


@dataclass(frozen=True)
class _Cell:
    """A cell that was run. `error` is the type of what it ended with, "" when it ran to its end; `broken` says that it
    is no Python, so that none of it ran."""

    source: str
    error: str
    broken: bool


_RUN: deque[_Cell] = deque(maxlen=300)


def watch() -> None:
    """Note from now on which cells are run, if this is a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        shell.events.register("post_run_cell", note)


def note(result: Any) -> None:
    """Note a cell that was run, as IPython tells of it."""
    error = result.error_before_exec or result.error_in_exec
    kind = "" if error is None else type(error).__name__
    _RUN.append(_Cell(str(result.info.raw_cell), kind, result.error_before_exec is not None))


def older(solution: Solution, name: str, others: Container[str]) -> str:
    """Return a sentence when the latest cell that was to define `name` did not, else "".

    `others` are names that no slip of the fingers explains.
    """
    slips: list[str] | None = None
    for cell in reversed(_RUN):
        if _is_to_define(cell, name):
            if cell.error and not _comes_from(solution, cell):
                return _told(name, f"the latest cell that defines it ended with {_article(cell.error)}")
            break
        found = _DEFINED.findall(cell.source)
        if found and slips is None:
            slips = [other for other in found if other not in others and _is_slip(other, name)]
    return _told(name, f"the latest cell defines `{slips[0]}`") if slips else ""


def _told(name: str, why: str) -> str:
    return f"What was checked is the `{name}` from before: {why}."


def _article(error: str) -> str:
    return f"{'an' if error[:1] in 'AEIOU' else 'a'} {error}"


def _is_to_define(cell: _Cell, name: str) -> bool:
    """Say whether a cell defines `name`, or would, were it Python: `deff name(x):` too."""
    if name in _DEFINED.findall(cell.source) or re.search(rf"^{name} *(?::[^=\n]*)?=(?!=)", cell.source, re.MULTILINE):
        return True
    words = re.findall(rf"^(\w+) +{name} *\(", cell.source, re.MULTILINE) if cell.broken else []
    return any(word != "print" and not keyword.iskeyword(word) for word in words)


def _comes_from(solution: Solution, cell: _Cell) -> bool:
    code = getattr(function_of(getattr(solution, "__wrapped__", solution)), "__code__", None)
    return code is not None and "".join(linecache.getlines(code.co_filename)).strip() == cell.source.strip()


def _is_slip(other: str, name: str) -> bool:
    """Say whether a name is nearly the other, and not that with something before or after it."""
    return other not in name and name not in other and SequenceMatcher(None, other, name).ratio() >= _NEARLY
