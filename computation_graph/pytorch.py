"""The judge: the same computation by PyTorch's autograd."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from computation_graph.expressions import Expression, GraphError

if TYPE_CHECKING:
    from computation_graph.graph import Graph

_OPERATIONS = {
    "+": torch.add,
    "-": torch.sub,
    "*": torch.mul,
    "/": torch.div,
    "**": torch.pow,
    "negative": torch.neg,
    "exp": torch.exp,
    "log": torch.log,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda a, slope: torch.where(a > 0, a, slope * a),
    "logsumexp": lambda *a: torch.logsumexp(torch.stack(a), 0),
}


def largest_difference(graph: Graph) -> float:
    """Return how far values and gradients are from PyTorch's in float64, relative where they are above 1 in size.

    Raises GraphError when an operation of the graph is not known.
    """
    tensors: dict[str, torch.Tensor] = {}
    for node in graph.nodes.values():
        if node.expression is None:
            raise GraphError(f"{node.name}: how it was computed is not known, so PyTorch cannot compute it")
        tensor = compute(node.expression, tensors)
        tensors[node.name] = tensor.requires_grad_() if node.is_leaf else tensor
        if not node.is_leaf:
            tensor.retain_grad()
    root = tensors[graph.root.name]
    root.backward(torch.tensor(graph.upstream, dtype=torch.float64))
    pairs = [(node.value, tensors[node.name].item()) for node in graph.nodes.values()]
    graded = [node for node in graph.nodes.values() if node.kind != "constant"]
    pairs += [(node.gradient, _gradient(tensors[node.name])) for node in graded]
    return max(abs(ours - theirs) / max(1.0, abs(theirs)) for ours, theirs in pairs)


def _gradient(tensor: torch.Tensor) -> float:
    return tensor.grad.item() if tensor.grad is not None else 0.0


def compute(expression: Expression, known: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Return the expression's value as a scalar tensor in float64, from those of the names in it."""
    kind, *operands = expression
    if kind == "number":
        return torch.tensor(operands[0], dtype=torch.float64)
    if kind == "name":
        return known[operands[0]]
    return _OPERATIONS[kind](*(compute(operand, known) for operand in operands))  # type: ignore[operator]
