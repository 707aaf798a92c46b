"""The exercise topological_order: every node before what it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from autograder.attempts.answers import Answer, Array, Unusable
from autograder.attempts.computation_graphs import LONG, attempt_order, order_of_nodes
from autograder.chapters.computation_graphs.graphs import (
    CHAIN,
    DIAMOND,
    FAN,
    FAN_OUTS,
    LADDER,
    SKIP,
    TREES,
    Edges,
    draw_graph,
    edges_of,
    needed_below,
    order_of,
    size_of,
)
from autograder.chapters.computation_graphs.sections import CHAPTER, ORDER
from autograder.exercise import Arrays, Case, Exercise, Verdict
from autograder.judging import RIGHT
from autograder.oracles.tensors import Tensor, torch

Rng: TypeAlias = np.random.Generator


def _order_inputs(rng: Rng) -> list[Case]:
    cases = [_order_case(rng, *drawing) for drawing in (*TREES, *FAN_OUTS)]
    equal = ((LADDER, 6, (4, 1)), (SKIP, 3, (2, 1)), (FAN, 5, (4, 1)), (DIAMOND, 3, (3, 2, 1, 0)))
    cases += [_order_case(rng, "nodes with equal data", edges, root, nodes) for edges, root, nodes in equal]
    cases.append(_order_case(rng, "a single node", (), 0))
    cases.append(
        _order_case(rng, "a wide diamond", [(i, 0) for i in range(1, 6)] + [(6, i) for i in range(5, 0, -1)], 6)
    )
    chain = [(i, i - 1) for i in range(1, CHAIN)]
    return [*cases, _order_case(rng, f"a chain of {CHAIN} nodes", chain, CHAIN - 1)]


def _order_case(rng: Rng, label: str, edges: Edges, root: int, equal: Sequence[int] = ()) -> Case:
    graph = draw_graph(rng, edges, size_of(edges))
    graph["data"][list(equal)] = rng.integers(3, 9)
    return Case(label, {**graph, "root": root}, repeat=len(graph["data"]) <= LONG)


def _below_by_torch(case: Case) -> Arrays:
    """A node is below the root when PyTorch finds a path from the root to it."""
    leaves = [torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in case.arguments["data"]]
    nodes: list[Tensor] = list(leaves)
    for consumer, source, _ in edges_of(case):
        nodes[consumer] = nodes[consumer] + nodes[source]
    found = torch.autograd.grad(nodes[case.arguments["root"]], leaves, allow_unused=True)
    return {"below": np.array([float(gradient is not None) for gradient in found])}


def _judge_order(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    verdict = RIGHT
    for name, call_ in (("order", ""), ("second", "the second call on one graph: ")):
        if verdict.right and name in answers:
            found = _order_verdict(exercise, case, answers[name])
            verdict = found if found.right else Verdict(found.kind, call_ + found.message, mistake=found.mistake)
    if verdict.right and isinstance(answers.get("graph"), Unusable):
        verdict = Verdict("argument changed", "the order is right, but a node is not as it was before, or bears a mark")
    return {"value": verdict}


def _order_verdict(exercise: Exercise, case: Case, answer: Answer) -> Verdict:
    if isinstance(answer, Unusable):
        return _unusable_order(case, answer)
    order = answer.astype(int).tolist() if answer.ndim == 1 else [-1]
    if -1 in order:
        return Verdict("not a node", "the list holds something that is not a node of the graph")
    counts, below = np.bincount(np.array(order, int), minlength=len(case.arguments["data"])), exercise.expected(case)
    if (counts[below["below"] == 0] > 0).any():
        return Verdict("not below", "the list holds a node that the root does not depend on")
    if (counts > 1).any():
        once_a_path = (counts == _paths(case)).all()
        mistake = "node-repeated" if once_a_path else ""
        return Verdict("repeated", f"{(counts > 1).sum()} of the nodes are listed more than once", mistake=mistake)
    if len(order) < below["below"].sum():
        message = f"{len(order)} nodes are listed; the root has {int(below['below'].sum())}, itself included"
        return Verdict("missing", message, mistake=_why_missing(case, order, below["below"]))
    return _sequence_verdict(case, order)


def _unusable_order(case: Case, answer: Unusable) -> Verdict:
    if answer.came != "RecursionError":
        return Verdict("not a list", f"{answer.came} came back; a list of nodes was expected")
    mistake = "recursion-too-deep" if len(case.arguments["data"]) > LONG else ""
    return Verdict("too deep", "it ended in a RecursionError", mistake=mistake)


def _paths(case: Case) -> Array:
    """Return the number of paths from the root to each node."""
    counts = np.zeros(len(case.arguments["data"]))
    counts[case.arguments["root"]] = 1
    for consumer, source, _ in reversed(edges_of(case)):
        counts[source] += counts[consumer]
    return counts


def _why_missing(case: Case, order: Sequence[int], below: Array) -> str:
    """Recognise that of nodes with equal data just one was listed."""
    data = case.arguments["data"]
    listed, held = sorted(data[i] for i in order), sorted(set(data[below > 0].tolist()))
    return "equal-taken-for-same" if listed == held and len(held) > 1 else ""


def _sequence_verdict(case: Case, order: Sequence[int]) -> Verdict:
    consumers, inputs = case.arguments["consumers"], case.arguments["inputs"]
    place = np.full(len(case.arguments["data"]), -1)
    place[list(order)] = np.arange(len(order))
    ahead = (place[consumers] - place[inputs])[place[consumers] >= 0]  # how far an input stands before its consumer
    if (ahead > 0).all():
        return RIGHT
    mistake = "order-reversed" if (ahead < 0).all() else "consumer-first"
    return Verdict("order", "a node stands before one of its inputs", mistake=mistake)


TOPOLOGICAL_ORDER = Exercise(
    name="topological_order",
    signature="topological_order(root)",
    chapter=CHAPTER,
    section=ORDER,
    points={"value": 3},
    inputs=_order_inputs,
    attempt=attempt_order,
    expected=needed_below,
    numerical=_below_by_torch,
    judge=_judge_order,
    may_call=("Value",),
    stand_in=order_of,
    stand_in_as=order_of_nodes,
)
