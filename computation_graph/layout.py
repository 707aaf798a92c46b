"""Where nodes and edges stand: a rank a step of the computation, in either direction of reading.

A small layered drawing after Sugiyama, Tagawa and Toda (1981): ranks, bends where an edge passes a rank, an order
within each rank with few crossings, and then coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from computation_graph.graph import Edge, Graph, Node

CHARACTER = 7.6  # width of one, in the units of the drawing, at the size of the labels
BOX_HEIGHT = 30.0
MARGIN = 8.0
PHONE = 310.0  # width of the tall drawing
SWEEPS = 6
GAP = 4.0
SHARES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82)  # of the way along an edge, for its slope


class Point(NamedTuple):
    x: float
    y: float


class Box(NamedTuple):
    """A rectangle by its centre and size."""

    x: float
    y: float
    width: float
    height: float

    def holds(self, point: Point, margin: float) -> bool:
        return abs(point.x - self.x) < self.width / 2 + margin and abs(point.y - self.y) < self.height / 2 + margin

    def meets(self, other: Box) -> bool:
        return (
            abs(self.x - other.x) * 2 < self.width + other.width
            and abs(self.y - other.y) * 2 < self.height + other.height
        )


@dataclass
class Drawing:
    """`boxes` by node; by edge (start, end) its path between them and the place of its slope."""

    width: float
    height: float
    boxes: dict[str, Box]
    paths: dict[tuple[str, str], list[Point]]
    slopes: dict[tuple[str, str], Point]


def lay_out(graph: Graph, *, tall: bool) -> Drawing:
    """Place the drawn nodes of `graph`; the computation runs to the right, or downwards where `tall`."""
    ranks = _ranks(graph)
    rows = _rows(graph, ranks)
    texts = {name: box_text(graph, graph.nodes[name]) for row in rows for name in row if name in graph.nodes}
    room = {name: _room(graph, graph.nodes[name], text) for name, text in texts.items()}
    centres = _tall(rows, room) if tall else _wide(rows, room, _gaps(graph, ranks))
    boxes = {name: Box(*centres[name], len(texts[name]) * CHARACTER + 18, BOX_HEIGHT) for name in texts}
    occupied = {name: _occupied(graph, name, box) for name, box in boxes.items()}
    paths = {(edge.start, edge.end): _path(edge, ranks, centres, occupied) for edge in drawn_edges(graph)}
    width = max(centres[name].x + room[name] / 2 for name in texts) + MARGIN
    height = max(point.y for point in centres.values()) + 44
    if tall:
        width = max(width, PHONE + 2 * MARGIN)
    return Drawing(width, height, boxes, paths, _place_slopes(graph, occupied, paths))


def drawn_edges(graph: Graph) -> list[Edge]:
    return [edge for node in graph.nodes.values() for edge in node.edges if graph.nodes[edge.start].drawn]


def box_text(graph: Graph, node: Node) -> str:
    """A short formula stands in the box; a long one is left to the text below the picture."""
    formula = graph.formula(node)
    text = f"{node.label} = {formula}"
    return text if formula and len(text) <= 12 else node.label


def _room(graph: Graph, node: Node, text: str) -> float:
    numbers = max(len(graph.shown(node.value)), len(graph.shown(node.gradient)))
    return max(len(text) * CHARACTER + 18, numbers * CHARACTER)


def _ranks(graph: Graph) -> dict[str, int]:
    """An operation stands one rank after its last input, a leaf one rank before its first consumer."""
    ranks: dict[str, int] = {}
    for name, node in graph.nodes.items():
        if not node.is_leaf:
            ranks[name] = 1 + max((ranks.get(edge.start, 0) for edge in node.edges), default=0)
    for name, node in graph.nodes.items():
        if node.is_leaf and node.drawn:
            ranks[name] = min(ranks[edge.end] for edge in graph.consumers[name]) - 1
    return ranks


def _bend(edge: Edge, rank: int) -> str:
    return f"{edge.start} to {edge.end} at {rank}"


def _rows(graph: Graph, ranks: Mapping[str, int]) -> list[list[str]]:
    """The names in each rank, and a bend for each edge that passes it, in an order with few crossings."""
    rows: list[list[str]] = [[] for _ in range(max(ranks.values()) + 1)]
    for name in graph.nodes:
        if name in ranks:
            rows[ranks[name]].append(name)
    links: list[tuple[str, str]] = []
    for edge in drawn_edges(graph):
        passed = range(ranks[edge.start] + 1, ranks[edge.end])
        for rank in passed:
            rows[rank].append(_bend(edge, rank))
        chain = [edge.start, *(_bend(edge, rank) for rank in passed), edge.end]
        links += pairwise(chain)
    return _fewer_crossings([row for row in rows if row], links)


def _fewer_crossings(rows: list[list[str]], links: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Sort each rank by the mean position of its neighbours, forth and back; keep the best order seen."""
    best, fewest = rows, _crossings(rows, links)
    for sweep in range(SWEEPS):
        rows = [list(row) for row in rows]
        order = range(1, len(rows)) if sweep % 2 == 0 else range(len(rows) - 2, -1, -1)
        for rank in order:
            beside = rows[rank - 1 if sweep % 2 == 0 else rank + 1]
            rows[rank].sort(key=lambda name, beside=beside, row=tuple(rows[rank]): _mean(name, row, beside, links))  # type: ignore[misc]
        if (count := _crossings(rows, links)) < fewest:
            best, fewest = rows, count
    return best


def _mean(name: str, row: Sequence[str], beside: Sequence[str], links: Sequence[tuple[str, str]]) -> float:
    """Relative positions, so that ranks of different sizes compare; a node without neighbours stays."""
    near = [other for link in links if name in link for other in link if other in beside]
    if not near:
        return (row.index(name) + 0.5) / len(row)
    return sum((beside.index(other) + 0.5) / len(beside) for other in near) / len(near)


def _crossings(rows: Sequence[Sequence[str]], links: Sequence[tuple[str, str]]) -> int:
    position = {name: (rank, at) for rank, row in enumerate(rows) for at, name in enumerate(row)}
    ends = [(position[a], position[b]) for a, b in links]
    return sum(
        a[0] == c[0] and (a[1] - c[1]) * (b[1] - d[1]) < 0 for index, (a, b) in enumerate(ends) for c, d in ends[:index]
    )


def _gaps(graph: Graph, ranks: Mapping[str, int]) -> list[float]:
    """Before each rank, room for two arrow heads and the longest slope; before the first, none."""
    gaps = [0.0] * (max(ranks.values()) + 1)
    for edge in drawn_edges(graph):
        rank = ranks[edge.end]
        fans = len(graph.consumers[edge.start]) > 1
        gaps[rank] = max(gaps[rank], 42 + len(graph.shown(edge.slope)) * CHARACTER + 30 * fans)
    return gaps


def _wide(rows: Sequence[Sequence[str]], room: Mapping[str, float], gaps: Sequence[float]) -> dict[str, Point]:
    pitch = 80.0
    longest = max(map(len, rows))
    centres, left = {}, MARGIN
    for row, gap in zip(rows, gaps, strict=True):
        left += gap
        width = max(room.get(name, 0.0) for name in row)
        for at, name in enumerate(row):
            centres[name] = Point(left + width / 2, 40 + pitch * (at + (longest - len(row)) / 2))
        left += width
    return centres


def _tall(rows: Sequence[Sequence[str]], room: Mapping[str, float]) -> dict[str, Point]:
    """Each rank is spread over the width of a phone, as far as its nodes leave room."""
    pitch, most = 124.0, 56.0
    rooms = [[room.get(name, 16.0) for name in row] for row in rows]
    widest = max(PHONE, *(sum(each) + 14 * (len(each) - 1) for each in rooms))
    centres = {}
    for rank, (row, each) in enumerate(zip(rows, rooms, strict=True)):
        gap = min(most, (widest - sum(each)) / (len(each) - 1)) if len(each) > 1 else 0.0
        left = MARGIN + (widest - sum(each) - gap * (len(each) - 1)) / 2
        for name, own in zip(row, each, strict=True):
            centres[name] = Point(left + own / 2, 40 + pitch * rank)
            left += own + gap
    return centres


def _occupied(graph: Graph, name: str, box: Box) -> list[Box]:
    """The box of a node, and the numbers above and below it."""
    node = graph.nodes[name]
    value, gradient = (len(graph.shown(number)) * CHARACTER for number in (node.value, node.gradient))
    away = box.height / 2 + 11
    return [box, Box(box.x, box.y - away, value, 14), Box(box.x, box.y + away, gradient, 14)]


def _path(
    edge: Edge, ranks: Mapping[str, int], centres: Mapping[str, Point], occupied: Mapping[str, Sequence[Box]]
) -> list[Point]:
    bends = [centres[_bend(edge, rank)] for rank in range(ranks[edge.start] + 1, ranks[edge.end])]
    path = [centres[edge.start], *bends, centres[edge.end]]
    first = _leave(occupied[edge.start], path[0], path[1])
    last = _leave(occupied[edge.end], path[-1], path[-2])
    return [first, *bends, last]


def _leave(occupied: Sequence[Box], centre: Point, towards: Point) -> Point:
    """Return the point from which the line from `centre` meets nothing of its own node any more."""
    points = [along([centre, towards], step / 200) for step in range(101)]
    inside = [index for index, point in enumerate(points) if any(box.holds(point, GAP) for box in occupied)]
    return points[min(max(inside) + 1, 100)]


def _place_slopes(
    graph: Graph, occupied: Mapping[str, Sequence[Box]], paths: Mapping[tuple[str, str], Sequence[Point]]
) -> dict[tuple[str, str], Point]:
    """Put each slope on its edge where it covers no node, number or other slope, and no other edge is near."""
    taken = [box for boxes in occupied.values() for box in boxes]
    placed = {}
    for edge in drawn_edges(graph):
        width = len(graph.shown(edge.slope)) * CHARACTER + 4
        others = [points for key, points in paths.items() if key != (edge.start, edge.end)]
        spots = [along(paths[edge.start, edge.end], share) for share in SHARES]
        free = [spot for spot in spots if not any(Box(*spot, width, 15).meets(box) for box in taken)]
        clear = [spot for spot in free if not any(_passes(points, spot) for points in others)]
        placed[edge.start, edge.end] = spot = (clear or free or spots)[0]
        taken.append(Box(*spot, width, 15))
    return placed


def _passes(path: Sequence[Point], spot: Point) -> bool:
    """Whether a path comes so near to `spot` that a number there could be taken for its own."""
    return any(math.dist(along(path, step / 40), spot) < 13 for step in range(41))


def along(path: Sequence[Point], share: float) -> Point:
    """Return the point at `share` of the way from the path's first point to its last."""
    at = share * (len(path) - 1)
    index = min(int(at), len(path) - 2)
    rest = at - index
    a, b = path[index], path[index + 1]
    return Point(a.x + rest * (b.x - a.x), a.y + rest * (b.y - a.y))
