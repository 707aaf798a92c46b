"""A computation as a graph: its nodes, their values, the local slopes on the edges, and the gradients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from computation_graph import page, values
from computation_graph.expressions import Expression, GraphError, evaluate, joined, names_in, parse, tokens
from computation_graph.labels import label, number

MOST_DRAWN = 40
Kind = Literal["input", "parameter", "constant", "operation"]


@dataclass(frozen=True)
class Edge:
    """From the node `start` into the node `end`; `slope` is ∂end/∂start."""

    start: str
    end: str
    slope: float


@dataclass
class Node:
    """One number.  `expression` is None where only the value and the slopes are known.

    `drawn` is False for a leaf that is listed below the picture.  A constant is listed, and has no gradient.
    """

    name: str
    label: str
    kind: Kind
    expression: Expression | None
    value: float
    edges: list[Edge] = field(default_factory=list)
    gradient: float = 0.0
    drawn: bool = True

    @property
    def is_leaf(self) -> bool:
        return self.kind != "operation"


class Graph:
    """A computation that draws itself, and steps through its forward and backward pass in a notebook or a page.

    `lines` is a text, a line a node in the order of computation, whose last node is differentiated:

        Graph('''
            x = 2
            w = 3
            z = x * w
        ''', upstream=5)

    upstream: the gradient that arrives at the last node, 1 where that node is the loss.
    loss: what is differentiated, as it is called in ∂L/∂x; by default the last node, or L where upstream is given.
    parameters: names of leaves whose edge carries the layer's input (one string, separated by spaces, or several).
    listed: names of leaves that are listed below the picture and not drawn.
    constants: names of leaves that are listed and have no gradient.
    labels: name to text, where the default (`yhat` as ŷ, `w1` as w₁) is not wanted.
    digits: decimals shown.
    description: what the picture shows, for readers who do not see it; by default its formulas and numbers.

    Raises GraphError, a ValueError, when a line cannot be read, a name is unknown or a value is not finite.
    """

    def __init__(
        self,
        lines: str,
        *,
        upstream: float | None = None,
        loss: str | None = None,
        parameters: str | Iterable[str] = (),
        listed: str | Iterable[str] = (),
        constants: str | Iterable[str] = (),
        labels: Mapping[str, str] | None = None,
        digits: int = 4,
        description: str | None = None,
    ) -> None:
        read = parse(lines)
        leaves = [name for name, expression in read if not names_in(expression)]
        chosen = {"parameter": _listed(parameters), "constant": _listed(constants)}
        aside = {*_listed(listed), *chosen["constant"]}
        for name in {*aside, *chosen["parameter"]} - set(leaves):
            raise GraphError(f"{name} is not a line that holds a number; such lines are {', '.join(leaves) or 'none'}")
        nodes: dict[str, Node] = {}
        for name, expression in read:
            kind = _kind(name, leaves, chosen)
            shown = (labels or {}).get(name, label(name))
            nodes[name] = Node(name, shown, kind, expression, 0.0, drawn=name not in aside)
        self._take(nodes, upstream, loss, digits, description)

    @classmethod
    def of(cls, root: Any, names: Mapping[str, Any] | None = None, *, digits: int = 4) -> Graph:
        """Return the graph of a `Value`: an object with `data`, `parents` and `slopes`, as in lab 02.

        names: name to Value, for nodes that should have a name.  Raises GraphError when `root` is no such object.
        """
        graph = cls.__new__(cls)
        nodes: dict[str, Node] = {}
        for name, expression, value, edges in values.read(root, names or {}):
            made = [Edge(start, name, slope) for start, slope in edges]
            kind: Kind = "operation" if edges else "input"
            nodes[name] = Node(name, label(name), kind, expression, value, made)
        graph._take(nodes, None, None, digits, None)
        return graph

    def _take(
        self, nodes: dict[str, Node], upstream: float | None, loss: str | None, digits: int, description: str | None
    ) -> None:
        if not nodes or all(node.is_leaf for node in nodes.values()):
            raise GraphError("there is nothing to differentiate: no line computes something from an earlier one")
        if sum(node.drawn for node in nodes.values()) > MOST_DRAWN:
            raise GraphError(f"more than {MOST_DRAWN} nodes to draw; list some leaves instead, or draw a part")
        self.nodes, self.digits, self._description = nodes, digits, description
        self.root = list(nodes.values())[-1]
        if self.root.is_leaf:
            raise GraphError(f"the last line, {self.root.name}, is a number; it has to be what is differentiated")
        self.is_given = upstream is not None
        self.upstream = 1.0 if upstream is None else float(upstream)
        self.loss = loss or (self.root.label if upstream is None else "L")
        self._forward()
        self._backward()
        used = {name for node in nodes.values() if node.expression for name in names_in(node.expression)}
        used |= {edge.start for node in nodes.values() for edge in node.edges}
        unused = [name for name, node in nodes.items() if node is not self.root and name not in used]
        if unused:
            raise GraphError(f"{', '.join(unused)}: nothing is computed from it, so no gradient reaches it")

    def _forward(self) -> None:
        known: dict[str, float] = {}
        for node in self.nodes.values():
            if node.expression is not None:
                node.value, slopes = evaluate(node.expression, known)
                differentiated = {
                    start: slope for start, slope in slopes.items() if self.nodes[start].kind != "constant"
                }
                node.edges = [Edge(start, node.name, slope) for start, slope in differentiated.items()]
            known[node.name] = node.value

    def _backward(self) -> None:
        """Consumers first: the order of computation backwards is such an order."""
        for node in self.nodes.values():
            node.gradient = self.upstream if node is self.root else 0.0
        for node in reversed(self.nodes.values()):
            for edge in node.edges:
                self.nodes[edge.start].gradient += node.gradient * edge.slope

    @cached_property
    def consumers(self) -> dict[str, list[Edge]]:
        """The edges out of each node, by its name."""
        return {
            name: [edge for node in self.nodes.values() for edge in node.edges if edge.start == name]
            for name in self.nodes
        }

    @property
    def editable(self) -> bool:
        """Whether every operation is known, so that the page can compute again with other inputs."""
        return all(node.expression is not None for node in self.nodes.values())

    def formula(self, node: Node) -> str:
        """Return what the node computes, in labels: `x·w`; empty for a leaf or an unknown operation."""
        if node.is_leaf or node.expression is None:
            return ""
        return joined(tokens(node.expression), {name: other.label for name, other in self.nodes.items()})

    def shown(self, value: float) -> str:
        return number(value, self.digits)

    @property
    def description(self) -> str:
        """The picture in words."""
        if self._description:
            return self._description
        facts = [f"{node.label} = {self.shown(node.value)}" for node in self.nodes.values() if node.is_leaf]
        for node in self.nodes.values():
            if not node.is_leaf:
                formula = self.formula(node)
                facts.append(f"{node.label} = {formula + ' = ' if formula else ''}{self.shown(node.value)}")
        gradients = [
            f"{self.shown(node.gradient)} at {node.label}"
            for node in reversed(self.nodes.values())
            if node.kind != "constant"
        ]
        return f"Computation graph. {', '.join(facts)}. Gradients of {self.loss}: {', '.join(gradients)}."

    def svg(self) -> str:
        """Return the picture alone, as SVG with its style inside, with all values, slopes and gradients."""
        return page.standalone(self)

    def html(self, *, alone: bool = True) -> str:
        """Return the interactive picture; with its style and script where it stands `alone`, as in a notebook."""
        return page.fragment(self, alone=alone)

    def _repr_html_(self) -> str:
        return self.html()

    def __repr__(self) -> str:
        rows = [
            (node.label, self.formula(node), self.shown(node.value), self.shown(node.gradient))
            for node in self.nodes.values()
            if node.kind != "constant"
        ]
        table = [("node", "formula", "value", f"gradient of {self.loss}"), *rows]
        widths = [max(len(row[column]) for row in table) for column in range(4)]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
        return "\n".join(line.rstrip() for line in lines)


def draw(root: Any, digits: int = 4, **names: Any) -> Graph:
    """Return the graph of the `Value` `root`; the others give names to nodes: `draw(loss, x=x, w=w)`.

    Raises GraphError when `root` has no `data`, `parents` and `slopes`.
    """
    return Graph.of(root, names, digits=digits)


def _listed(names: str | Iterable[str]) -> list[str]:
    return names.split() if isinstance(names, str) else list(names)


def _kind(name: str, leaves: list[str], chosen: Mapping[str, list[str]]) -> Kind:
    if name not in leaves:
        return "operation"
    if name in chosen["parameter"]:
        return "parameter"
    return "constant" if name in chosen["constant"] else "input"
