"""The exercise backward: gradients of a graph, summed over its paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from autograder.attempts.answers import Answer, Array, Unusable
from autograder.attempts.computation_graphs import attempt_backward, backward_of_nodes
from autograder.builders.gradient_exercise import Oracle
from autograder.builders.inputs import CLOSE
from autograder.chapters.computation_graphs.graphs import (
    FAN_OUTS,
    LADDER,
    TREES,
    TWICE,
    Edges,
    draw_graph,
    edges_of,
    gradients,
    needed_below,
    order_of,
    size_of,
)
from autograder.chapters.computation_graphs.sections import CHAPTER, PATHS
from autograder.exercise import Arrays, Case, Exercise, Suspect, Verdict
from autograder.judging import compare, compare_with_expected
from autograder.oracles.autodiff import autograd, central_differences
from autograder.oracles.tensors import torch

Rng: TypeAlias = np.random.Generator


def _backward_inputs(rng: Rng) -> list[Case]:
    single = [_backward_case(rng, "single path", label, edges, (root,)) for label, edges, root in TREES]
    single.append(_backward_case(rng, "single path", "a single node", (), (0,)))
    single.append(_with_slopes_at(_backward_case(rng, "single path", "a slope of 0", TREES[1][1], (4,)), {2: 0.0}))
    single.append(_backward_case(rng, "single path", "a tree of nodes with equal data", TREES[3][1], (6,)))
    single[-1].arguments["data"][:] = rng.integers(3, 9)
    fan_out = [_backward_case(rng, "fan-out", label, edges, (root,)) for label, edges, root in FAN_OUTS]
    again = [_backward_case(rng, "repeat", f"twice, {label}", edges, (root, root)) for label, edges, root in TREES]
    again += [_backward_case(rng, "repeat", f"twice, {label}", e, (root, root)) for label, e, root in FAN_OUTS[:4]]
    up, down = "from a node further up, then from this one", "from a node further down, then from this one"
    two_roots = [_backward_case(rng, "repeat", up, TREES[0][1], (3, 2))]
    two_roots += [_backward_case(rng, "repeat", down, TREES[i][1], roots) for i, roots in TWO_ROOTS]
    return [*single, *fan_out, *_larger_fan_outs(rng), *again, *two_roots]


# (number of the tree, roots): the second root is above the first, which does not reach all of the leaves.
TWO_ROOTS: tuple[tuple[int, tuple[int, int]], ...] = ((0, (2, 3)), (1, (2, 4)), (1, (3, 4)))


def _larger_fan_outs(rng: Rng) -> list[Case]:
    twins = _backward_case(rng, "fan-out", "an input used twice with equal slopes", TWICE, (2,))
    edges = [(i, source) for i in range(1, 14) for source in (i - 1, i // 2)]
    twins = _with_slopes_at(twins, {1: float(twins.arguments["slopes"][0])})
    equal = _backward_case(rng, "fan-out", "nodes with equal data", LADDER, (6,))
    equal.arguments["data"][:] = rng.integers(3, 9)
    return [twins, _backward_case(rng, "fan-out", "14 nodes", edges, (13,)), equal, _cancelling_paths(rng)]


def _cancelling_paths(rng: Rng) -> Case:
    """Draw two paths to a node that nearly cancel, and a steep edge below it: what is lost above shows there."""
    case = _backward_case(rng, "fan-out", "paths that nearly cancel", ((1, 0), (2, 1), (3, 1), (4, 2), (4, 3)), (4,))
    _, below_2, below_3, above_2, _ = case.arguments["slopes"]
    opposite = -below_2 * above_2 / below_3 * (1 + CLOSE * rng.uniform(0.5, 1.0))
    return _with_slopes_at(case, {0: 1 / CLOSE, 4: opposite})


def _with_slopes_at(case: Case, slopes: Mapping[int, float]) -> Case:
    """Return the case with these slopes, by the number of the edge."""
    for edge, slope in slopes.items():
        case.arguments["slopes"][edge] = slope
    return case


def _backward_case(rng: Rng, part: str, label: str, edges: Edges, roots: tuple[int, ...]) -> Case:
    arguments = {**draw_graph(rng, edges, size_of(edges)), "part": part, "roots": roots, "root": roots[-1]}
    below = np.flatnonzero(needed_below(Case(label, arguments))["below"])
    return Case(label, {**arguments, "below": below})


def _compares_calls(case: Case) -> bool:
    """Say whether the case is about two calls only: with fan-out, which has its own part, or from two roots."""
    uses, roots = case.arguments["inputs"].tolist(), case.arguments["roots"]
    return bool(case.arguments["part"] == "repeat" and (len(set(uses)) < len(uses) or roots[0] != roots[-1]))


def _backward_answer(oracle: Oracle, case: Case) -> Arrays:
    if _compares_calls(case):
        return {}
    return {case.arguments["part"]: gradients(case, oracle)[case.arguments["below"]]}


def _judge_backward(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    if not _compares_calls(case):
        return compare_with_expected(exercise, case, answers)
    part, below, (first_root, last_root) = (case.arguments[name] for name in ("part", "below", "roots"))
    if isinstance(answers[part], Unusable):
        return {part: compare(answers[part], np.zeros(len(below)))}
    once = answers["first"] if first_root == last_root else gradients(case)[below]
    if isinstance(once, Unusable):
        return {part: compare(once, np.zeros(len(below)))}
    verdict = compare(answers[part], once)
    if verdict.kind == "wrong value":
        verdict = Verdict("not repeatable", "the second call gives other gradients than it would alone", verdict.error)
    return {part: verdict}


def _of_below(formula: Callable[[Case], Array]) -> Callable[[Case], object]:
    return lambda case: formula(case)[case.arguments["below"]]


def _one_consumer(case: Case, walk: Callable[[Case], list[int]], last: bool = True) -> Array:
    """Let every input keep only what the last (or the first) of its consumers in `walk` gives it."""
    place = {node: i for i, node in enumerate(walk(case))}
    edges = [
        (place[consumer], i, source) for i, (consumer, source, _) in enumerate(edges_of(case)) if consumer in place
    ]
    chosen = {source: i for _, i, source in sorted(edges, reverse=not last)}
    return gradients(case, kept=set(chosen.values()).__contains__)


def _depth_first_order(case: Case, backwards: bool = False) -> list[int]:
    """Return the nodes below the root, consumers first, as a depth-first search finds them."""
    edges, done = _edges_by_consumer(case), []

    def visit(node: int) -> None:
        below = [source for _, source in edges.get(node, ())]
        for source in reversed(below) if backwards else below:
            if source not in done:
                visit(source)
        if node not in done:
            done.append(node)

    visit(case.arguments["root"])
    return done[::-1]


def _product_over_paths(case: Case) -> Array:
    """Multiply what arrives along several edges. Wrong, and no derivative of anything."""
    arrived, below = np.ones(len(case.arguments["data"])), set(case.arguments["below"].tolist())
    for consumer, source, slope in reversed(edges_of(case)):
        if consumer in below:
            arrived[source] *= slope * arrived[consumer]
    return arrived


def _slopes_only(case: Case) -> Array:
    """Give every node the sum of the slopes on its own edges: nothing is carried."""
    return _gradients_of_neighbours(case, lambda slope: slope)


def _gradients_of_neighbours(case: Case, change: Callable[[float], float]) -> Array:
    found = np.zeros(len(case.arguments["data"]))
    found[case.arguments["root"]] = 1
    below = set(case.arguments["below"].tolist())
    for consumer, source, slope in edges_of(case):
        if consumer in below:
            found[source] += change(slope)
    return found


def _handed_on_early(case: Case, walk: Callable[[Case], Iterable[tuple[str, int]]]) -> Array:
    """Let a node hand on only what has arrived when it is visited; `walk` yields visits to nodes, use of edges."""
    visited: dict[int, int] = {}
    used: dict[int, int] = {}
    for time, (kind, number) in enumerate(walk(case)):
        (visited if kind == "node" else used)[number] = time
    edges = edges_of(case)

    def carried(i: int) -> bool:
        return used.get(i, -1) < visited.get(edges[i][1], -1)

    return gradients(case, carried=carried, kept=lambda i: i in used)


def _edges_by_consumer(case: Case) -> dict[int, list[tuple[int, int]]]:
    """Return (number of the edge, its input) of the edges of every consumer."""
    found: dict[int, list[tuple[int, int]]] = {}
    for i, (consumer, source, _) in enumerate(edges_of(case)):
        found.setdefault(consumer, []).append((i, source))
    return found


def _breadth_first(case: Case) -> Iterable[tuple[str, int]]:
    edges, queue, seen = _edges_by_consumer(case), [case.arguments["root"]], {case.arguments["root"]}
    while queue:
        node = queue.pop(0)
        yield "node", node
        for i, source in edges.get(node, ()):
            yield "edge", i
            if source not in seen:
                seen.add(source)
                queue.append(source)


def _depth_first(case: Case, node: int | None = None, seen: set[int] | None = None) -> Iterable[tuple[str, int]]:
    node, seen = case.arguments["root"] if node is None else node, set() if seen is None else seen
    seen.add(node)
    yield "node", node
    for i, source in _edges_by_consumer(case).get(node, ()):
        yield "edge", i
        if source not in seen:
            yield from _depth_first(case, source, seen)


def _depth_first_edges_first(
    case: Case, node: int | None = None, seen: set[int] | None = None
) -> Iterable[tuple[str, int]]:
    node, seen = case.arguments["root"] if node is None else node, set() if seen is None else seen
    seen.add(node)
    yield "node", node
    below = _edges_by_consumer(case).get(node, ())
    yield from (("edge", i) for i, _ in below)
    for _, source in below:
        if source not in seen:
            yield from _depth_first_edges_first(case, source, seen)


def _kept(case: Case, root: int) -> Array:
    """Return what a second call finds when every node adds to what the first has left.

    On a single path, a node d edges below the root gets d + `root` times its gradient.
    """
    distance = np.zeros(len(case.arguments["data"]))
    for consumer, source, _ in reversed(edges_of(case)):
        distance[source] = distance[consumer] + 1
    return (distance + root) * gradients(case)


def _on(parts: Iterable[str], mistake: str, formula: Callable[[Case], Array]) -> list[Suspect]:
    return [Suspect(mistake, part, _of_below(formula)) for part in parts]


_FAN_OUT, _BOTH = ("fan-out",), ("single path", "fan-out")


def _gradients_of(parents: Sequence[Sequence[int]], slopes: Sequence[Sequence[float]]) -> list[float]:
    """Return ∂(node 0)/∂node for every node, by autograd on node = Σ slope · parent."""
    moves = torch.zeros(len(parents), dtype=torch.float64, requires_grad=True)
    values: dict[int, Any] = {}
    for place in order_of(parents):
        edges = zip(parents[place], slopes[place], strict=True)
        values[place] = moves[place] + sum(slope * values[parent] for parent, slope in edges)
    return [float(gradient) for gradient in torch.autograd.grad(values[0], moves)[0]]


BACKWARD = Exercise(
    name="backward",
    signature="backward(root)",
    chapter=CHAPTER,
    section=PATHS,
    points={"single path": 1, "fan-out": 2, "repeat": 1},
    inputs=_backward_inputs,
    attempt=attempt_backward,
    expected=partial(_backward_answer, autograd),
    numerical=partial(_backward_answer, central_differences),
    judge=_judge_backward,
    suspects=[
        *(
            one
            for backwards in (False, True)
            for last in (True, False)
            for one in _on(
                _FAN_OUT,
                "path-overwritten",
                partial(_one_consumer, walk=partial(_depth_first_order, backwards=backwards), last=last),
            )
        ),
        *_on(_FAN_OUT, "paths-multiplied", _product_over_paths),
        *_on(_FAN_OUT, "processed-early", partial(_handed_on_early, walk=_breadth_first)),
        *_on(_FAN_OUT, "processed-early", partial(_handed_on_early, walk=_depth_first)),
        *_on(_FAN_OUT, "processed-early", partial(_handed_on_early, walk=_depth_first_edges_first)),
        *_on(_BOTH, "upstream-ignored", _slopes_only),
        *_on(("single path",), "local-slope-missing", lambda case: _gradients_of_neighbours(case, lambda _: 1.0)),
        *_on(("repeat",), "gradients-kept", partial(_kept, root=1)),
        *_on(("repeat",), "gradients-kept", partial(_kept, root=2)),
    ],
    may_call=("Value", "topological_order"),
    stand_in=_gradients_of,
    stand_in_as=backward_of_nodes,
)
