"""Puts questions about layers to a class, or to a function that is given layers.

This module runs beside the learner's code: it imports NumPy and the standard library, nothing of the grader.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.attempts.answers import Array, Unusable, read
from autograder.attempts.observe import Arguments, Solution, in_words, raised_by


class Box:
    """A layer as network_backward sees it: what it answers to an upstream gradient, and nothing else.

    `back` (M, D) is multiplied from the right, `local` (N, D) entry by entry; the answer gets `shape`.
    """

    def __init__(self, back: Array, local: Array, shape: tuple[int, ...]) -> None:
        self.back, self.local, self.shape = back, local, shape

    def backward(self, upstream: Array) -> Array:
        """Return the gradient at the box's input from the one at its output (N, M)."""
        flat = np.reshape(upstream, (len(upstream), -1))
        return np.reshape((flat @ self.back) * self.local, self.shape)


def _backward(layer: Any, upstream: Array) -> object:
    """Return layer.backward(upstream); an exception becomes an unusable value, so that forward keeps its points."""
    try:
        return layer.backward(upstream)
    except Exception as error:
        return Unusable(f"nothing (`backward` {in_words(raised_by(error, type(layer)))})")


def _set_by_backward(layer: Any, name: str) -> object:
    value = getattr(layer, name, None)
    return Unusable(f"no `.{name}` set by `backward`") if value is None else value


def attempt_affine(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Let a layer live as the case says, then take its step; an exception in `backward` costs the gradients only."""
    layer = solution(arguments["W"], arguments["b"])
    others = [solution(one["W"], one["b"]) for one in arguments["others"]]
    for step in arguments["earlier"]:
        layer.forward(step["x"])
        _backward(layer, step["upstream"])
        layer.W, layer.b = layer.W - step["step_W"], layer.b - step["step_b"]
    for x in arguments["before_x"]:
        layer.forward(x)
    output = layer.forward(arguments["x"])
    for other, one in zip(others, arguments["others"], strict=True):
        other.forward(one["x"])
    forward = read(output)  # the other layers must not have changed it
    for upstream in arguments["before_upstream"]:
        _backward(layer, upstream)
    returned = _backward(layer, arguments["upstream"])
    for other, one in zip(others, arguments["others"], strict=True):
        _backward(other, one["upstream"])
    dx = read(returned)
    if isinstance(dx, Unusable) and dx.came.startswith("nothing"):
        return {"forward": forward, "dx": dx, "dW": dx, "db": dx}
    return {"forward": forward, "dx": dx, "dW": _set_by_backward(layer, "dW"), "db": _set_by_backward(layer, "db")}


def attempt_sigmoid(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Let a layer live as the case says, then take its step; an exception in `backward` costs the gradient only."""
    layer, others = solution(), [solution() for _ in arguments["others"]]
    for step in arguments["earlier"]:
        layer.forward(step["x"])
        _backward(layer, step["upstream"])
    for x in arguments["before_x"]:
        layer.forward(x)
    output = layer.forward(arguments["x"])
    for other, x in zip(others, arguments["others"], strict=True):
        other.forward(x)
    forward = read(output)  # the other layers must not have changed it
    for upstream in arguments["before_upstream"]:
        _backward(layer, upstream)
    backward = _backward(layer, arguments["upstream"])
    for other, x in zip(others, arguments["others"], strict=True):
        _backward(other, np.ones_like(x))
    return {"forward": forward, "backward": backward}


def attempt_network(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Send the upstream gradient through boxes made of `layers`, a list of the arguments of Box."""
    boxes = {id(box): Box(**box) for box in arguments["layers"]}
    layers = [boxes[id(box)] for box in arguments["layers"]]  # a layer that is listed twice is one object
    value = read(solution(layers, arguments["upstream"]))
    # What happened to the list happens to the argument, so that a changed list counts as a changed argument.
    arguments["layers"][:] = [vars(box) for box in layers if isinstance(box, Box)]
    return {"value": value}
