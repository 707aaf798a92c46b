"""Puts questions about layers to a class, or to a function that is given layers.

This module runs beside the learner's code: it imports NumPy and the standard library, nothing of the grader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def attempt_layer(
    solution: Solution,
    arguments: Arguments,
    parameters: Sequence[str] = (),
    settings: Sequence[str] = (),
    gradient: str = "dx",
) -> Mapping[str, object]:
    """Let a layer live as the case says, then take its step; an exception in `backward` costs the gradients only.

    A layer is made of its `parameters`, which `backward` leaves a gradient of (`.dW` of W), and of its `settings`,
    which need none. `arguments` holds these, the step's x and upstream, and the layer's life: the `earlier` steps, each
    with what is subtracted from a parameter after it (step_W); `before_x` and `before_upstream`, what it has seen
    since; and `others`, layers alive beside it, each with its own parameters, x and upstream. What `backward` returns
    is called `gradient`.
    """

    def made(of: Arguments) -> Any:
        return solution(*(of[name] for name in parameters), *(arguments[name] for name in settings))

    layer, others = made(arguments), [made(one) for one in arguments["others"]]
    for step in arguments["earlier"]:
        layer.forward(step["x"])
        _backward(layer, step["upstream"])
        for name in parameters:
            setattr(layer, name, getattr(layer, name) - step[f"step_{name}"])
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
    failed = isinstance(dx, Unusable) and dx.came.startswith("nothing")
    left = {name: dx if failed else _set_by_backward(layer, name) for name in (f"d{one}" for one in parameters)}
    return {"forward": forward, gradient: dx, **left}


def attempt_network(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Send the upstream gradient through boxes made of `layers`, a list of the arguments of Box."""
    boxes = {id(box): Box(**box) for box in arguments["layers"]}
    layers = [boxes[id(box)] for box in arguments["layers"]]  # a layer that is listed twice is one object
    value = read(solution(layers, arguments["upstream"]))
    # What happened to the list happens to the argument, so that a changed list counts as a changed argument.
    arguments["layers"][:] = [vars(box) for box in layers if isinstance(box, Box)]
    return {"value": value}
