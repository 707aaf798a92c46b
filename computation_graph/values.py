"""Reading a graph off `Value` objects, and telling from their numbers which operation made each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import count
from typing import Any

from computation_graph.expressions import OPERATIONS, Expression, GraphError, Operation

Read = tuple[str, Expression | None, float, list[tuple[str, float]]]


def read(root: Any, names: Mapping[str, Any]) -> list[Read]:
    """Return (name, expression, value, [(parent's name, slope), ...]) of every node, parents first.

    Two edges to the same parent, as of `x * x`, become one with the sum of both slopes.
    """
    ordered = _order(root)
    known = {id(node): name for name, node in names.items()}
    free = (name for name in map("v{}".format, count(1)) if name not in names)
    for node in ordered:
        if id(node) not in known:
            known[id(node)] = next(free)
    found = []
    for node in ordered:
        parents = [known[id(parent)] for parent in node.parents]
        slopes: dict[str, float] = {}
        for parent, slope in zip(parents, node.slopes, strict=True):
            slopes[parent] = slopes.get(parent, 0.0) + float(slope)
        found.append((known[id(node)], _expression(node, parents), float(node.data), list(slopes.items())))
    return found


def _order(root: Any) -> list[Any]:
    nodes: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) not in nodes:
            _examine(node)
            nodes[id(node)] = node
            waiting += node.parents
    try:
        order = TopologicalSorter({key: list(map(id, node.parents)) for key, node in nodes.items()}).static_order()
        return [nodes[key] for key in order]
    except CycleError:
        raise GraphError("a Value is made from itself: its parents lead back to it") from None


def _examine(node: Any) -> None:
    missing = [name for name in ("data", "parents", "slopes") if not hasattr(node, name)]
    if missing:
        raise GraphError(
            f"a {type(node).__name__} has no {missing[0]}: draw() takes a Value, which has data, parents and slopes, "
            "or use Graph with the lines of a computation"
        )
    try:
        parents, slopes = len(node.parents), len(node.slopes)
    except TypeError:
        raise GraphError("the parents and the slopes of a Value have to be tuples or lists") from None
    if parents != slopes:
        raise GraphError(f"a Value has {parents} parents and {slopes} slopes: one slope a parent")


def _expression(node: Any, parents: Sequence[str]) -> Expression | None:
    """Return the operation whose value and slopes are the node's, or None where there is none."""
    if not parents:
        return ["number", float(node.data)]
    arguments = [float(parent.data) for parent in node.parents]
    wanted = (float(node.data), *map(float, node.slopes))
    for kind, operation in OPERATIONS.items():
        if operation.operands == len(parents) and _agree(operation, arguments, wanted):
            return [kind, *(["name", parent] for parent in parents)]
    return None


def _agree(operation: Operation, arguments: Sequence[float], wanted: Sequence[float]) -> bool:
    try:
        found = (operation.value(*arguments), *operation.slopes(*arguments))
    except (ArithmeticError, ValueError):
        return False
    pairs = zip(found, wanted, strict=True)
    return all(not isinstance(one, complex) and math.isclose(one, other, abs_tol=1e-12) for one, other in pairs)
