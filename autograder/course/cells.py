"""A learner's cells: what each claims to be, the names it defines, and the Python in it."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from nbformat import NotebookNode

KEY = "autograder"  # our corner of a graded notebook's metadata

_CELL_MAGICS_THAT_RUN_HERE = ("%%time", "%%capture", "%%prun")
_LONGEST_READ = 200_000  # characters: Python takes a kilobyte of memory for one
# What IPython reads and Python does not. IPython itself takes minutes for a cell that was made to be slow to read.
_NOT_PYTHON = re.compile(r"^([ \t]*)(?:([\w., ]+=)[ \t]*[%!].*|[%!?].*|.*\?)$", re.MULTILINE)


@dataclass(eq=False)
class Own:
    """A cell of the learner's: what it claims to be, its number in the notebook that was handed in, and the released
    cell for a written answer whose place it takes.

    `moved` says that its text stands in an answer now; `below` is an answer to be put in below it.
    """

    cell: NotebookNode
    claim: str | None
    number: int = 0
    answers: NotebookNode | None = None
    moved: bool = False
    below: NotebookNode | None = None

    @cached_property
    def names(self) -> set[str]:
        return bound_names(self.cell.source) if self.cell.cell_type == "code" else set()


def squeezed(text: str) -> str:
    """Return text without blanks and line ends, which no comparison is to depend on."""
    return "".join(text.split())


def is_written(cell: NotebookNode) -> bool:
    """Say whether a cell holds an answer in words, which a person grades."""
    info = cell.metadata.get("nbgrader", {})
    return bool(info.get("grade") and info.get("solution"))


def written_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the cells of a released or rebuilt notebook that hold answers in words."""
    return [cell for cell in notebook.cells if is_written(cell)]


def written_answers(notebook: NotebookNode, released: NotebookNode) -> dict[str, bool]:
    """Say for each answer in words that `released` asks for whether the rebuilt `notebook` holds one."""
    now = {cell.metadata.nbgrader.grade_id: cell.source for cell in written_cells(notebook)}
    before = {cell.metadata.nbgrader.grade_id: cell.source for cell in written_cells(released)}
    return {name: now.get(name, text).strip() != text.strip() for name, text in before.items()}


def graded_cells(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    """Yield (exercise, cell) for the automatically graded cells of a rebuilt notebook."""
    by_id = notebook.metadata[KEY]["exercises"]
    for cell in notebook.cells:
        info = cell.metadata.get("nbgrader", {})
        if info.get("grade") and info["grade_id"] in by_id:
            yield by_id[info["grade_id"]], cell


def exercises_by_graded_cell(released: NotebookNode) -> dict[str, str]:
    """Map the grade_id of each automatically graded cell to its exercise: the solution cell above."""
    exercise, found = "", {}
    for cell in released.cells:
        info = cell.metadata.get("nbgrader", {})
        if is_written(cell):
            continue
        if info.get("solution"):
            exercise = info["grade_id"]
        elif info.get("grade"):
            found[info["grade_id"]] = exercise
    return found


@dataclass(frozen=True)
class Frame:
    """The graded cells of a lab in their order: the most points of each, the exercise of those that a run grades."""

    most: Mapping[str, float]
    exercises: Mapping[str, str]

    @classmethod
    def of(cls, released: NotebookNode) -> Frame:
        graded = [cell.metadata.nbgrader for cell in released.cells if cell.metadata.get("nbgrader", {}).get("grade")]
        return cls({info.grade_id: float(info.points) for info in graded}, exercises_by_graded_cell(released))


def called_checks(cell: NotebookNode) -> set[str] | None:
    """Return the names a code cell checks when calls of check are all it holds, else None."""
    if cell.cell_type != "code":
        return None
    tree = parsed(cell.source)
    if tree is None:
        return None
    calls = [line.value for line in tree.body if isinstance(line, ast.Expr) and isinstance(line.value, ast.Call)]
    if len(calls) < len(tree.body) or any(not isinstance(c.func, ast.Name) or c.func.id != "check" for c in calls):
        return None
    arguments = [argument for call in calls for argument in call.args[:1]]
    return {argument.id for argument in arguments if isinstance(argument, ast.Name)}


def bound_names(source: str) -> set[str]:
    """Return the names a code cell binds at its top level: functions, classes, variables, imports.

    A cell that Python cannot parse binds nothing.
    """
    tree = parsed_cell(source)
    try:
        return set(_bound(tree)) if tree else set()
    except RecursionError:
        return set()


def parsed_cell(source: str) -> ast.Module | None:
    """Return the Python of a code cell, its magics left out; None when it is none."""
    first, _, rest = source.partition("\n")
    if first.startswith(_CELL_MAGICS_THAT_RUN_HERE):
        source = rest
    elif first.startswith("%%"):
        return None
    return parsed(source) or parsed(python_of(source))


def python_of(source: str) -> str:
    """Return the source of a cell with its magics made into Python, line for line."""
    return textwrap.dedent(_NOT_PYTHON.sub(_in_python, source))


def _in_python(line: re.Match[str]) -> str:
    indent, target = line.groups()
    return f"{indent}{target} None" if target else f"{indent}pass"


def parsed(source: str) -> ast.Module | None:
    """Return Python as a tree, None where it is none or longer than is read."""
    if len(source) > _LONGEST_READ:
        return None
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _bound(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child.name
        elif isinstance(child, ast.alias):
            yield child.asname or child.name
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        elif not isinstance(child, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            yield from _bound(child)
