"""Makes mutants of the solutions: each differs from the right one in one place, by one operator of a small list."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import jupytext

from autograder import exercises
from autograder.labs import all_labs, solution_path

SWAPPED_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
}
SWAPPED_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
SWAPPED_NAMES = {"sum": "mean", "mean": "sum", "max": "min", "min": "max", "maximum": "minimum", "zeros": "ones"}
DROPPED_CALLS = {"abs", "exp", "copy", "list", "reversed", "float", "where"}


class Mutant(NamedTuple):
    """One mutant: the exercise, what was changed, and the source of the solution cell with the change."""

    exercise: str
    change: str
    source: str


@cache
def solutions() -> dict[str, str]:
    """Return the source of the solution cell of every exercise."""
    cells = [cell for lab in all_labs() for cell in jupytext.read(solution_path(lab)).cells]
    ids = [(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source) for cell in cells]
    return {name: source for name, source in ids if name in exercises()}


@cache
def _surroundings(lab: str) -> dict[str, Any]:
    """Return what a lab defines around a solution: by its set-up cell and the solutions of all its exercises."""
    names: dict[str, Any] = {}
    for cell in jupytext.read(solution_path(lab)).cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id == "setup" or grade_id in exercises():
            exec(compile(cell.source, f"{lab}, {grade_id}", "exec"), names)
    return names


def load(exercise: str, source: str) -> Callable[..., Any]:
    """Run a solution cell after its lab's other cells, and return what it defines for `exercise`."""
    names = dict(_surroundings(exercises()[exercise].chapter))
    exec(compile(source, "mutant", "exec"), names)
    solution: Callable[..., Any] = names[exercise]
    return solution


def mutants(exercise: str) -> Iterator[Mutant]:
    """Yield every mutant of the solution of `exercise`, each once."""
    tree = ast.parse(solutions()[exercise])
    seen = {ast.unparse(tree)}
    for position, node in enumerate(ast.walk(tree)):
        for change, mutate in _changes(node):
            mutated = copy.deepcopy(tree)
            target = list(ast.walk(mutated))[position]
            mutate(target)
            source = ast.unparse(ast.fix_missing_locations(mutated))
            if source not in seen:
                seen.add(source)
                yield Mutant(exercise, f"line {getattr(node, 'lineno', 0)}: {change}", source)


Change = tuple[str, Callable[[Any], None]]


def _changes(node: ast.AST) -> Iterator[Change]:
    """Yield (what is changed, the change made on the same node of a copy)."""
    text = _short(node)
    if isinstance(node, ast.BinOp):
        if type(node.op) in SWAPPED_OPERATORS:
            yield f"{text} with {SWAPPED_OPERATORS[type(node.op)].__name__}", _swap_operator
        yield f"{text} → its left side", lambda n: _become(n, n.left)
        yield f"{text} → its right side", lambda n: _become(n, n.right)
        if isinstance(node.op, ast.MatMult | ast.Sub | ast.Div):
            yield f"{text} with its sides exchanged", _exchange
    elif isinstance(node, ast.UnaryOp):
        yield f"{text} → its operand", lambda n: _become(n, n.operand)
    elif isinstance(node, ast.AugAssign):
        yield f"{text} → =", _plain_assignment
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED_COMPARISONS:
        yield f"{text} with {SWAPPED_COMPARISONS[type(node.ops[0])].__name__}", _swap_comparison
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield from _other_constants(node.value)
    elif isinstance(node, ast.Attribute):
        if node.attr == "T":
            yield f"{text} without .T", lambda n: _become(n, n.value)
        elif node.attr in SWAPPED_NAMES:
            yield f"{text} → {SWAPPED_NAMES[node.attr]}", lambda n: setattr(n, "attr", SWAPPED_NAMES[n.attr])
    elif isinstance(node, ast.Call):
        yield from _other_calls(node, text)
    elif isinstance(node, ast.Tuple) and len(node.elts) > 1 and isinstance(node.ctx, ast.Load):
        yield f"{text} in reverse order", lambda n: n.elts.reverse()
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        yield f"{text} with another word", lambda n: setattr(n.value, "value", f"not-{n.value.value}")
    elif isinstance(node, ast.IfExp):
        yield f"{text} with its branches exchanged", _exchange_branches


def _other_constants(value: float) -> Iterator[Change]:
    if isinstance(value, bool):
        yield f"{value} → {not value}", lambda n: setattr(n, "value", not n.value)
        return
    yield f"{value} → {value + 1}", lambda n: setattr(n, "value", n.value + 1)
    if value:
        yield f"{value} → {2 * value}", lambda n: setattr(n, "value", 2 * n.value)
        yield f"{value} → 0", lambda n: setattr(n, "value", 0)


def _other_calls(node: ast.Call, text: str) -> Iterator[Change]:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name in DROPPED_CALLS and node.args:
        yield f"{text} → its argument", lambda n: _become(n, n.args[-1])
    if name == "copy" and isinstance(node.func, ast.Attribute) and not node.args:
        yield f"{text} without .copy()", lambda n: _become(n, n.func.value)
    for i, keyword in enumerate(node.keywords):
        yield f"{text} without {keyword.arg}", partial(_drop_keyword, i)


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split()) if isinstance(node, ast.expr | ast.stmt) else ""
    return f"`{text[:60]}`"


def _become(node: ast.AST, other: ast.AST) -> None:
    """Turn `node` into `other` in its place in the tree."""
    node.__class__ = other.__class__
    node.__dict__ = dict(other.__dict__)


def _swap_operator(node: ast.BinOp) -> None:
    node.op = SWAPPED_OPERATORS[type(node.op)]()


def _swap_comparison(node: ast.Compare) -> None:
    node.ops[0] = SWAPPED_COMPARISONS[type(node.ops[0])]()


def _exchange(node: ast.BinOp) -> None:
    node.left, node.right = node.right, node.left


def _exchange_branches(node: ast.IfExp) -> None:
    node.body, node.orelse = node.orelse, node.body


def _drop_keyword(index: int, node: ast.Call) -> None:
    del node.keywords[index]


def _plain_assignment(node: ast.AugAssign) -> None:
    _become(node, ast.Assign([node.target], node.value))
