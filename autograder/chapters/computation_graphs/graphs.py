"""Graphs of scalar nodes, to be put in order and run backward: drawn here, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from graphlib import TopologicalSorter
from typing import Any, TypeAlias

import numpy as np

from autograder.attempts.answers import Array
from autograder.builders.gradient_exercise import Oracle
from autograder.exercise import Arrays, Case
from autograder.oracles.autodiff import autograd
from autograder.oracles.tensors import Tensor

Rng: TypeAlias = np.random.Generator


Edges: TypeAlias = Sequence[tuple[int, int]]  # (consumer, input)
CHAIN = 10_000

DIAMOND: Edges = ((1, 0), (2, 0), (3, 1), (3, 2))
TWICE: Edges = ((1, 0), (1, 0), (2, 1))
SKIP: Edges = ((1, 0), (2, 1), (2, 0), (3, 2), (3, 0))
LADDER: Edges = ((1, 0), (2, 0), (3, 1), (3, 2), (4, 3), (5, 3), (6, 4), (6, 5))
FAN: Edges = ((1, 0), (2, 0), (3, 0), (4, 1), (4, 2), (5, 4), (5, 3))
WITH_STRANGERS: Edges = ((2, 0), (3, 1), (3, 2), (4, 2), (5, 3), (5, 4), (6, 5), (7, 1))  # root 5; 6 above, 7 beside
# Node 1 stands twice or three times among one node's inputs, and once or more among another's. Whoever takes it for
# finished too early leaves node 0, below it, with too little.
TWICE_AND_ONCE: Edges = ((1, 0), (2, 1), (2, 1), (3, 1), (4, 2), (4, 3))
ONCE_AND_TWICE: Edges = ((1, 0), (2, 1), (3, 1), (3, 1), (4, 2), (4, 3))
THRICE_AND_ONCE: Edges = ((1, 0), (2, 1), (2, 1), (2, 1), (3, 2), (3, 1), (4, 3), (4, 2))
TWICE_THEN_TWO: Edges = ((1, 0), (2, 1), (2, 1), (3, 1), (4, 2), (4, 3), (5, 4), (5, 1))
TWICE_AND_LATER: Edges = ((1, 0), (2, 1), (2, 1), (3, 1), (4, 3), (5, 2), (5, 4))
TWICE_EACH: Edges = ((1, 0), (2, 1), (2, 1), (3, 1), (3, 1), (4, 3), (4, 1), (4, 2))
SHORT_CUT: Edges = ((1, 0), (2, 1), (3, 2), (4, 3), (4, 1))  # breadth first reaches node 1 too early
SHORT_CUT_FIRST: Edges = ((1, 0), (2, 1), (3, 2), (4, 1), (4, 3))  # depth first too
FAN_OUTS: tuple[tuple[str, Edges, int], ...] = (
    ("a diamond", DIAMOND, 3),
    ("an input used twice by one node", TWICE, 2),
    ("two short cuts", SKIP, 3),
    ("two diamonds in a row", LADDER, 6),
    ("a short cut to an inner node", SHORT_CUT, 4),
    ("a short cut as the first input", SHORT_CUT_FIRST, 4),
    ("an input with three consumers", FAN, 5),
    ("nodes above and beside the root", WITH_STRANGERS, 5),
    ("a node used twice by one node and once by another", TWICE_AND_ONCE, 4),
    ("a node used once by one node and twice by another", ONCE_AND_TWICE, 4),
    ("a node used three times by one node and once by another", THRICE_AND_ONCE, 4),
    ("a node used twice by one node and once by two others", TWICE_THEN_TWO, 5),
    ("a node used twice by one node and later by another", TWICE_AND_LATER, 5),
    ("a node used twice by two nodes and once by another", TWICE_EACH, 4),
)
TREES: tuple[tuple[str, Edges, int], ...] = (
    ("a chain of 4", ((1, 0), (2, 1), (3, 2)), 3),
    ("a sum of two chains", ((2, 0), (3, 1), (4, 2), (4, 3)), 4),
    ("a node with three inputs", ((3, 0), (3, 1), (3, 2), (4, 3)), 4),
    ("a tree of 7", ((4, 0), (4, 1), (5, 2), (5, 3), (6, 4), (6, 5)), 6),
)


def draw_graph(rng: Rng, edges: Edges, size: int) -> dict[str, Array]:
    """Return the graph as arrays, with random slopes and random data; consumers ascend."""
    edges, m = sorted(edges, key=lambda edge: edge[0]), len(edges)
    return {
        "data": rng.normal(size=size),
        "consumers": np.array([consumer for consumer, _ in edges], dtype=np.int64),
        "inputs": np.array([source for _, source in edges], dtype=np.int64),
        "slopes": rng.choice([-1.0, 1.0], m) * rng.uniform(0.4, 1.6, m),
    }


def size_of(edges: Edges) -> int:
    return 1 + max((max(edge) for edge in edges), default=0)


def edges_of(case: Case) -> list[tuple[int, int, float]]:
    """Return (consumer, input, slope) of every edge, consumers in ascending order."""
    columns = (case.arguments[name].tolist() for name in ("consumers", "inputs", "slopes"))
    return list(zip(*columns, strict=True))


def _root_value(
    case: Case, root: int, moves: Tensor, kept: Callable[[int], bool], carried: Callable[[int], bool]
) -> Tensor:
    """Return how far the root moves when every node i is moved by moves[i]; node = Σ slope · input.

    kept(i) says whether edge i works at all, carried(i) whether it passes on what its input got from further below.
    """
    reached: list[Any] = [0.0] * len(case.arguments["data"])
    for i, (consumer, source, slope) in enumerate(edges_of(case)):
        if kept(i):
            reached[consumer] = reached[consumer] + slope * (moves[source] + (reached[source] if carried(i) else 0.0))
    total: Tensor = moves[root] + reached[root]
    return total


def _always(_: int) -> bool:
    return True


def gradients(
    case: Case,
    oracle: Oracle = autograd,
    kept: Callable[[int], bool] = _always,
    carried: Callable[[int], bool] = _always,
) -> Array:
    """Return ∂root/∂node of every node of the case, 0 where the root does not depend on it."""
    root = case.arguments["root"]
    still = {"moves": np.zeros(len(case.arguments["data"]))}
    return oracle(lambda moves: _root_value(case, root, moves, kept, carried), still, ["moves"])["moves"]


def needed_below(case: Case) -> Arrays:
    """Say of every node whether it is the root or below it: 1 or 0."""
    needed = np.zeros(len(case.arguments["data"]))
    needed[case.arguments["root"]] = 1
    for consumer, source, _ in reversed(edges_of(case)):
        if needed[consumer]:
            needed[source] = 1
    return {"below": needed}


def order_of(parents: Sequence[Sequence[int]]) -> list[int]:
    """Return the places of nodes so that parents come first, by the standard library's sorter."""
    return list(TopologicalSorter(dict(enumerate(parents))).static_order())
