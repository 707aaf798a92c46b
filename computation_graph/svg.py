"""The static picture: everything is in it, so that it is complete in print and where no script runs.

Each node and edge carries its name, by which the script in the page finds it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from computation_graph.layout import BOX_HEIGHT, Box, Drawing, Point, box_text, drawn_edges, lay_out

if TYPE_CHECKING:
    from computation_graph.graph import Edge, Graph, Node

SIDE = 4.0  # how far an arrow runs beside the line between two centres
HEAD = 7.0


def picture(graph: Graph, *, tall: bool) -> str:
    """Return an <svg> element, without a style of its own."""
    drawing = lay_out(graph, tall=tall)
    edges = [_edge(graph, edge, drawing) for edge in drawn_edges(graph)]
    nodes = [_node(graph, node, drawing.boxes[name]) for name, node in graph.nodes.items() if name in drawing.boxes]
    width, height = math.ceil(drawing.width), math.ceil(drawing.height)
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    shape = "cg-tall" if tall else "cg-wide"
    about = f'class="cg-picture {shape}" role="img" aria-label="{escape(graph.description)}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {about}>{"".join([*edges, *nodes])}</svg>'


def is_dead(graph: Graph, edge: Edge) -> bool:
    """Whether no gradient goes through: the slope is 0, or none arrives."""
    return edge.slope == 0 or graph.nodes[edge.end].gradient == 0


def is_cut_off(graph: Graph, node: Node) -> bool:
    """Whether the node stays the same whatever the nodes drawn before it do."""
    drawn = [edge for edge in node.edges if graph.nodes[edge.start].drawn]
    return bool(drawn) and all(edge.slope == 0 for edge in drawn)


def _edge(graph: Graph, edge: Edge, drawing: Drawing) -> str:
    key = (edge.start, edge.end)
    path = drawing.paths[key]
    start = graph.nodes[edge.start]
    dead = " cg-dead" if is_dead(graph, edge) else ""
    stopped = " cg-dead" if edge.slope == 0 or is_cut_off(graph, start) else ""
    slot = "input" if start.kind == "parameter" else "slope"
    at = drawing.slopes[key]
    return (
        f'<g class="cg-edge" data-edge="{escape(edge.start)} {escape(edge.end)}">'
        f"{_arrow(path, f'cg-forward{stopped}')}{_arrow(path[::-1], f'cg-back{dead}')}"
        f'<text class="cg-number cg-{slot}" x="{at.x:.1f}" y="{at.y + 4.5:.1f}">{graph.shown(edge.slope)}</text></g>'
    )


def _node(graph: Graph, node: Node, box: Box) -> str:
    dead = " cg-dead" if node.gradient == 0 and node is not graph.root else ""
    dead += " cg-cut" if is_cut_off(graph, node) else ""
    top, left = box.y - box.height / 2, box.x - box.width / 2
    return (
        f'<g class="cg-node{dead}" data-node="{escape(node.name)}">'
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{BOX_HEIGHT:.0f}" rx="5"/>'
        f'<text class="cg-label" x="{box.x:.1f}" y="{box.y + 5:.1f}">{escape(box_text(graph, node))}</text>'
        f'<text class="cg-number cg-value" x="{box.x:.1f}" y="{top - 6:.1f}">{graph.shown(node.value)}</text>'
        f'<text class="cg-number cg-upstream" x="{box.x:.1f}" y="{box.y + box.height / 2 + 16:.1f}">'
        f"{graph.shown(node.gradient)}</text></g>"
    )


def _arrow(path: Sequence[Point], name: str) -> str:
    """One arrow along `path`, to the left of it as one walks, so that two that meet do not cover each other."""
    beside = [_aside(path, index) for index in range(len(path))]
    before, tip = beside[-2], beside[-1]
    length = math.hypot(tip.x - before.x, tip.y - before.y) or 1.0
    ux, uy = (tip.x - before.x) / length, (tip.y - before.y) / length
    neck = Point(tip.x - HEAD * ux, tip.y - HEAD * uy)
    line = " L".join(f"{point.x:.1f} {point.y:.1f}" for point in [*beside[:-1], neck])
    wings = [Point(neck.x + side * HEAD / 2 * uy, neck.y - side * HEAD / 2 * ux) for side in (1, -1)]
    head = " L".join(f"{point.x:.1f} {point.y:.1f}" for point in (tip, *wings))
    return f'<g class="{name}"><path class="cg-line" d="M{line}"/><path class="cg-head" d="M{head}Z"/></g>'


def _aside(path: Sequence[Point], index: int) -> Point:
    a, b = path[max(index - 1, 0)], path[min(index + 1, len(path) - 1)]
    length = math.hypot(b.x - a.x, b.y - a.y) or 1.0
    return Point(path[index].x + SIDE * (b.y - a.y) / length, path[index].y - SIDE * (b.x - a.x) / length)
