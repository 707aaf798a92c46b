"""Says in a sentence why functions of a lab are missing from a notebook."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec

from autograder.course.cells import Own, parsed_cell, python_of
from autograder.course.intake.notebooks import shown

_ALIKE = 0.8  # of two names, by difflib's measure
_MOST_NAMED = 12
_NOT_HANDED_IN = "a function that another file defines is not handed in with the notebook"
_WRITES_MODULE = re.compile(r"^%%(?:writefile|file)\s+(?:-a\s+)?[\"']?(?:\./)?(\w+)\.py\b")


@dataclass(frozen=True)
class Missing:
    """What is said of functions that are missing. `not_python` says that their cell is told as an error anyway."""

    text: str
    not_python: bool = False


def missing(own: Sequence[Own], exercises: Sequence[str], given_names: set[str]) -> list[Missing]:
    """Return what to say of the `exercises` that no cell defines. `given_names` are those of the lab's own code."""
    return list(_Search(own, exercises, given_names).told())


class _Search:
    def __init__(self, own: Sequence[Own], exercises: Sequence[str], given_names: set[str]) -> None:
        self.own = own
        self.exercises = exercises
        self.code = [o for o in own if o.cell.cell_type == "code"]
        self.files = dict(_from_files(self.code, exercises))
        self.defined = {name for o in self.code for name in o.names}
        self.others = self.defined - set(exercises) - given_names - {"*"}
        self.missing = [name for name in exercises if name not in self.defined or self._is_only_imported(name)]

    def _is_only_imported(self, name: str) -> bool:
        here = re.compile(
            rf"^[ \t]*(?:(?:async\s+)?def|class)\s+{re.escape(name)}\b|^{re.escape(name)}\s*=", re.MULTILINE
        )
        return name in self.files and not any(name in o.names and here.search(o.cell.source) for o in self.code)

    def told(self) -> Iterator[Missing]:
        left = list(self.missing)
        for why in (self._not_python, self._not_code, self._from_a_file, self._under_another_name):
            found = list(why(left))
            told = {name for _, names in found for name in names}
            left = [name for name in left if name not in told]
            yield from (Missing(text, why == self._not_python) for text, _ in found)
        if left:
            yield Missing(self._nothing(left))

    def _cells_of(self, name: str) -> Iterator[Own]:
        """Yield the cells that are or were to be the one that defines a function."""
        defines = re.compile(rf"^[ \t]*(?:async\s+def|def|class)\s+{re.escape(name)}\b", re.MULTILINE)
        yield from (o for o in self.own if defines.search(o.cell.source))
        yield from (o for o in self.own if o.claim == name)

    def _not_python(self, names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        by_cell: dict[int, list[str]] = {}
        for name in names:
            broken = (o for o in self._cells_of(name) if o.cell.cell_type == "code" and _syntax_error(o.cell.source))
            first = next(broken, None)
            if first:
                by_cell.setdefault(first.number, []).append(name)
        for o in self.code:
            if o.number in by_cell:
                line, fault = _syntax_error(o.cell.source) or (0, "")
                told = by_cell[o.number]
                where = f"Line {line} of cell {o.number} (`{_first_line(o)}`) is not Python: {fault}"
                yield f"{where}. So {_listed(told)} {'are' if told[1:] else 'is'} not defined.", told

    def _not_code(self, names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        for name in names:
            cell = next((o for o in self._cells_of(name) if o.cell.cell_type != "code" and o.cell.source.strip()), None)
            if cell:
                kind = "text" if cell.cell.cell_type == "markdown" else "raw text"
                yield (
                    f"Cell {cell.number}, which is to define `{name}`, is a cell of {kind}: make it a code cell.",
                    [name],
                )

    def _from_a_file(self, names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        stars = [file for name, file in self.files.items() if name.startswith("*")]
        for file in dict.fromkeys(self.files.values()):
            told = [name for name in names if self.files.get(name) == file or file in stars]
            if told:
                be, s = ("are", "s") if told[1:] else ("is", "")
                keep = f"keep the function{s} in the notebook, under the name{s} that the lab gives"
                yield f"{self._all_or(told)} {be} to come from `{file}.py`: {keep}; {_NOT_HANDED_IN}.", told
                names = [name for name in names if name not in told]

    def _under_another_name(self, names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        near = {name: other for name in names if (other := self._near(name))}
        if near:
            pairs = ", ".join(f"`{other}` is there where `{name}` is asked for" for name, other in near.items())
            yield f"A name counts to the letter: {pairs}. Rename {'them' if len(near) > 1 else 'it'}.", list(near)

    def _near(self, name: str) -> str:
        plain = {_plain(other): other for other in self.others}
        words = {"".join(sorted(_words(other))): other for other in self.others}
        close = get_close_matches(_plain(name), plain, n=1, cutoff=_ALIKE)
        return plain[close[0]] if close else words.get("".join(sorted(_words(name))), "")

    def _nothing(self, names: Sequence[str]) -> str:
        if len(names) < len(self.exercises):
            return f"No cell defines {_listed(names)}: keep the name{'s' if names[1:] else ''} that the lab gives."
        keep = f"write them in the notebook and keep the names {_listed(names)}"
        return f"None of the {len(names)} {self._kinds()} of this lab is defined: {keep}; {_NOT_HANDED_IN}."

    def _all_or(self, names: Sequence[str]) -> str:
        if len(names) < len(self.exercises) or not names[1:]:
            return _listed(names)
        return f"None of the {len(names)} {self._kinds()} of this lab is defined: {_listed(names)}"

    def _kinds(self) -> str:
        classes = [name for name in self.exercises if name[:1].isupper()]
        return "functions and classes" if classes else "functions"


def _from_files(code: Sequence[Own], exercises: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each name that comes from a file of the learner's own, with that module; "*" and the module for all."""
    written = {match[1] for o in code if (match := _WRITES_MODULE.match(o.cell.source))}
    # A module that is only imported may be one that the grader's Python lacks.
    asks = re.compile(rf"\b(\w+)\.(?:{'|'.join(map(re.escape, exercises))})\b")
    asked_of = {name for o in code for name in asks.findall(o.cell.source) if not _is_there(name, written)}
    for o in code:
        tree = parsed_cell(o.cell.source)
        for node in tree.body if tree else ():
            if isinstance(node, ast.ImportFrom) and (node.level or not _is_there(node.module or "", written)):
                module = node.module or "another file"
                yield from ((a.asname or a.name if a.name != "*" else f"*{module}", module) for a in node.names)
            elif isinstance(node, ast.Import):
                used = ((alias.name, alias.asname or alias.name) for alias in node.names)
                yield from (
                    (f"*{module}", module)
                    for module, name in used
                    if name in asked_of and not _is_there(module, written)
                )


def _is_there(module: str, written: set[str]) -> bool:
    """Say whether a module is Python's, installed, or written by the notebook itself."""
    top = module.partition(".")[0]
    try:
        return top in written or top in sys.stdlib_module_names or find_spec(top) is not None
    except (ValueError, ImportError):
        return False


def _syntax_error(source: str) -> tuple[int, str] | None:
    """Return line and reason where a code cell is not Python."""
    if parsed_cell(source) is not None or source.startswith("%%"):
        return None
    try:
        ast.parse(python_of(source))
    except SyntaxError as error:
        return error.lineno or 1, shown(error.msg)
    except (ValueError, RecursionError, MemoryError):
        return 1, "it cannot be read"
    return None


def _plain(name: str) -> str:
    return "".join(character for character in name if character.isalnum()).casefold()


def _words(name: str) -> list[str]:
    """Return the words of a name in capitals or with underscores."""
    return [word.casefold() for word in re.findall(r"[^\W_A-Z]+|[A-Z]+[^\W_A-Z]*", name)]


def _first_line(mine: Own) -> str:
    return shown(next((line for line in mine.cell.source.splitlines() if line.strip()), ""))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(f"`{name}`" for name in names[:_MOST_NAMED]) + more
