"""Reading a graph off `Value` objects, and telling from their numbers which operation made each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from computation_graph.expressions import OPERATIONS, Expression, GraphError, Operation

Read = tuple[str, Expression | None, float, list[tuple[str, float]]]


def read(root: Any, names: Mapping[str, Any]) -> list[Read]:
    """Return (name, expression, value, [(parent's name, slope), ...]) of every node, parents first.

    Two edges to the same parent, as of `x * x`, become one with the sum of both slopes.
    """
    ordered = _order(root)
    known = {id(node): name for name, node in names.items()}
    for node in ordered:
        known.setdefault(id(node), f"v{len(known) + 1 - len(names)}")
    found = []
    for node in ordered:
        parents = [known[id(parent)] for parent in node.parents]
        slopes: dict[str, float] = {}
        for parent, slope in zip(parents, node.slopes, strict=True):
            slopes[parent] = slopes.get(parent, 0.0) + float(slope)
        found.append((known[id(node)], _expression(node, parents), float(node.data), list(slopes.items())))
    return found


def _order(root: Any) -> list[Any]:
    """Parents first, without recursion: a graph can be deeper than Python's stack."""
    order: list[Any] = []
    entered: set[int] = set()
    waiting = [(root, False)]
    while waiting:
        node, complete = waiting.pop()
        if complete:
            order.append(node)
        elif id(node) not in entered:
            _examine(node)
            entered.add(id(node))
            waiting += [(node, True), *((parent, False) for parent in reversed(node.parents))]
    return order


def _examine(node: Any) -> None:
    missing = [name for name in ("data", "parents", "slopes") if not hasattr(node, name)]
    if missing:
        raise GraphError(
            f"a {type(node).__name__} has no {missing[0]}: draw() takes a Value, which has data, parents and slopes, "
            "or use Graph with the lines of a computation"
        )
    if len(node.parents) != len(node.slopes):
        raise GraphError(f"a Value has {len(node.parents)} parents and {len(node.slopes)} slopes: one slope a parent")


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
