"""Puts the questions of chapter 02 to a solution: to a class of nodes, or to a function, some of which get a node.

This module runs beside the learner's code: it imports NumPy and the standard library, nothing of the grader.
A node has `.data`, `.grad`, `.parents` and `.slopes`, where slopes[i] = ∂node/∂parents[i]. A graph travels as plain
arrays: `data` (n,) by node, and one entry an edge in `consumers` (ascending), `inputs`, `slopes` (m,); inputs have
lower numbers than their consumers.
"""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from numbers import Number
from typing import Any

import numpy as np

from autograder.attempts.answers import Unusable, describe, items, read, split
from autograder.attempts.observe import Arguments, Solution, in_words, raised_by

STUB = "NotImplementedError"
LONG = 1000  # a graph with more nodes is asked about once only


class Node:
    """A node without operations, for a solution that brings no `Value` of its own."""

    def __init__(self, data: Any, parents: Sequence[Any] = (), slopes: Sequence[Any] = ()) -> None:
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.slopes = slopes


# --- add_backward


def attempt_add(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Return da and db; where a shape differs from the sum's, under the names of the repeated input and the other."""
    values = split(solution(*arguments.values()), ("da", "db"))
    shapes = [np.shape(arguments[name]) for name in ("a", "b", "upstream")]
    if shapes[0] == shapes[1]:
        return values
    repeated, other = ("da", "db") if shapes[0] != shapes[2] else ("db", "da")
    return {"broadcasting": values[repeated], other: values[other]}


# --- Value

# Expressions that mean the same for a learner's Values as for tensors: name → (expression, which operands are Values).
FORMS: dict[str, tuple[Callable[..., Any], str]] = {
    "Value · Value": (lambda a, b: a * b, "ab"),
    "Value · number": (lambda a, b: a * b, "a"),
    "number · Value": (lambda a, b: a * b, "b"),
    "a Value times itself": (lambda a, b: a * a, "a"),
    "a product of products": (lambda a, b: (a * b) * (b * 3.0), "ab"),
    "a Value times itself, twice": (lambda a, b: (a * a) * a, "a"),
    "a sum times a Value": (lambda a, b: (a + b) * b, "ab"),
    "sigmoid": (lambda a, b: a.sigmoid(), "a"),
    "sigmoid of a sigmoid": (lambda a, b: a.sigmoid().sigmoid(), "a"),
    "sigmoid of a sum": (lambda a, b: (a + b).sigmoid(), "ab"),
}


def attempt_value(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Build the expression with the learner's Values; return its value and its slopes along the graph."""
    part, form = arguments["part"], arguments["form"]
    expression, which = FORMS[form]
    try:
        operands = {name: solution(arguments[name]) if name in which else arguments[name] for name in "ab"}
        nodes = [operands[name] for name in which]
        before = [_state(node) for node in nodes]
        result = expression(operands["a"], operands["b"])
        if [_state(node) for node in nodes] != before:
            return {part: Unusable("a Value that went in is not as it was before")}
        return {part: _value_and_slopes(result, nodes)}
    except Exception as error:  # kept to its part: the other method may be right
        raised = raised_by(error, solution)
        return {part: Unusable(STUB if raised.own else f"{form} {in_words(raised)}")}


def _state(node: Any) -> list[Any]:
    return [copy.copy(getattr(node, name)) for name in ("data", "grad", "parents", "slopes")]


def _value_and_slopes(result: Any, operands: Sequence[Any]) -> object:
    if not all(hasattr(result, name) for name in ("data", "parents", "slopes")):
        return Unusable(describe(result))
    return [result.data, *(_slope_along_paths(result, operand) for operand in operands)]


def _slope_along_paths(node: Any, start: Any) -> Any:
    """Return ∂node/∂start, forward from `start`: the sum over paths of the products of the slopes on them."""
    if node is start:
        return 1.0
    if isinstance(node, Number):
        raise TypeError("a plain number is among the parents, which have to be Values")
    if len(node.parents) != len(node.slopes):
        raise ValueError(f"{len(node.parents)} parents, but {len(node.slopes)} slopes")
    edges = zip(node.parents, node.slopes, strict=True)
    return sum(slope * _slope_along_paths(parent, start) for parent, slope in edges)


# --- topological_order


def attempt_order(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Ask for the order of the nodes below the root, twice on one graph; return their numbers, −1 for a stranger."""
    nodes = build(solution, arguments)
    root = nodes[arguments["root"]]
    number = {id(node): i for i, node in enumerate(nodes)}
    before = [_marks(node) for node in nodes]
    try:
        first = _numbers(solution(root), number)
        second = first if len(nodes) > LONG else _numbers(solution(root), number)
    except RecursionError:
        return {"order": Unusable("RecursionError")}
    same = len(nodes) > LONG or ([_marks(node) for node in nodes] == before and _same_graph(nodes, arguments))
    return {"order": first, "second": second, **({} if same else {"graph": Unusable("another graph")})}


def _marks(node: Any) -> tuple[object, list[str]]:
    """Return the gradient of a node and the names of all that was set on it."""
    return node.grad, sorted(getattr(node, "__dict__", ()))


def _numbers(order: object, number: Mapping[int, int]) -> object:
    nodes = items(order)
    if nodes is None:
        return Unusable(describe(order), "a list of nodes")
    return [number.get(id(node), -1) for node in nodes]


# --- backward


def attempt_backward(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Run backward from each of `roots` in turn; return the gradients of the nodes `below` after the first and last."""
    nodes = build(solution, arguments)
    readings = []
    for root in arguments["roots"]:
        solution(nodes[root])
        readings.append(read([nodes[i].grad for i in arguments["below"]]))
    if not _same_graph(nodes, arguments):
        return {
            arguments["part"]: Unusable("a graph with other data, parents or slopes than before", "an unchanged graph")
        }
    return {"first": readings[0], arguments["part"]: readings[-1]}


# --- graphs


def build(solution: Solution, graph: Mapping[str, Any]) -> list[Any]:
    """Return the nodes of the graph, made with the `Value` the solution knows, if it knows one."""
    make = getattr(solution, "__globals__", {}).get("Value", Node)
    nodes: list[Any] = []
    with _uncollected():
        for data, (inputs, slopes) in zip(graph["data"].tolist(), _edges(graph), strict=True):
            nodes.append(make(data, tuple(nodes[i] for i in inputs), tuple(slopes)))
    return nodes


@contextmanager
def _uncollected() -> Iterator[None]:
    """Hold the search for garbage back: ten thousand new nodes start it several times, over all that is imported."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _edges(graph: Mapping[str, Any]) -> Iterator[tuple[list[int], list[float]]]:
    """Yield for every node the numbers of its inputs and the slopes towards them. Edges come sorted by consumer."""
    inputs, slopes = graph["inputs"].tolist(), graph["slopes"].tolist()
    ends = [0, *graph["consumers"].searchsorted(range(len(graph["data"])), side="right").tolist()]
    for start, end in pairwise(ends):
        yield inputs[start:end], slopes[start:end]


def _same_graph(nodes: Sequence[Any], graph: Mapping[str, Any]) -> bool:
    for node, data, (inputs, slopes) in zip(nodes, graph["data"].tolist(), _edges(graph), strict=True):
        if node.data != data or len(node.parents) != len(inputs) or list(node.slopes) != slopes:
            return False
        if any(parent is not nodes[i] for parent, i in zip(node.parents, inputs, strict=True)):
            return False
    return True


# --- stand-ins: the grader answers in plain numbers, here they become nodes


def value_class(slopes: Solution) -> type[Node]:
    """Return a class of nodes; `slopes(operation, *numbers)` gives the value of an operation and its local slopes."""

    def node_of(operation: str, *operands: Any) -> Node:
        parents = tuple(operand if hasattr(operand, "parents") else Value(operand) for operand in operands)
        data, along = slopes(operation, *(float(parent.data) for parent in parents))
        return Value(data, parents, tuple(along))

    class Value(Node):
        def __add__(self, other: object) -> Node:
            return node_of("add", self, other)

        def __mul__(self, other: object) -> Node:
            return node_of("mul", self, other)

        def sigmoid(self) -> Node:
            return node_of("sigmoid", self)

        __radd__ = __add__
        __rmul__ = __mul__

    return Value


def order_of_nodes(order: Solution) -> Solution:
    """Return a function of the root; `order(parents)` puts nodes in order that are given as lists of places."""

    def topological_order(root: Any) -> list[Any]:
        nodes, parents = _as_places(root)
        return [nodes[place] for place in order(parents)]

    return topological_order


def backward_of_nodes(gradients: Solution) -> Solution:
    """Return a function of the root; `gradients(parents, slopes)` gives one number a node, the root being place 0."""

    def backward(root: Any) -> None:
        nodes, parents = _as_places(root)
        slopes = [[float(slope) for slope in node.slopes] for node in nodes]
        for node, gradient in zip(nodes, gradients(parents, slopes), strict=True):
            node.grad = gradient

    return backward


def _as_places(root: Any) -> tuple[list[Any], list[list[int]]]:
    """Return the nodes below root, as they are found, and for each the places of its parents among them."""
    nodes, place = [root], {id(root): 0}
    for node in nodes:  # grows meanwhile
        for parent in node.parents:
            if id(parent) not in place:
                place[id(parent)] = len(nodes)
                nodes.append(parent)
    return nodes, [[place[id(parent)] for parent in node.parents] for node in nodes]
