"""Follows a long run of gradient descent from stop to stop, where the parameters at every stop are known.

From the start alone it could not be followed: some runs magnify rounding until right ones part. Between two stops there
is less time for that, and all stretches are run side by side, in the time of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from autograder.attempts.answers import Array
from autograder.exercise import Verdict
from autograder.judging import RIGHT, agree_entrywise, is_single_precision
from autograder.oracles.tensors import Tensor, torch

Values: TypeAlias = Mapping[str, Array]  # "losses", each before its update, and the parameters at the end

_SHAKE = 1e-13  # relative; far more than rounding moves a number, far less than any mistake


def judge_stretches(
    error: Callable[..., Tensor], starts: Sequence[Values], stretches: Sequence[Values], lr: float
) -> Verdict:
    """Judge the stretches of a run, which begin at `starts`, by descending on error(**params) anew.

    `error` takes the parameters of several networks stacked along a first axis and returns one number for each.
    """
    epochs = len(stretches[0]["losses"])
    replayed = _descend(error, [*starts, *map(_shaken, starts)], lr, epochs)
    right, shaken = replayed[: len(starts)], replayed[len(starts) :]
    for i, (answer, wanted, moved) in enumerate(zip(stretches, right, shaken, strict=True)):
        for name in wanted:
            verdict = _compare(name, answer[name], wanted[name], moved[name], before=i * epochs)
            if not verdict.right:
                return verdict
    return RIGHT


def _shaken(params: Values) -> Values:
    return {
        name: array * (1 + _SHAKE * np.cos(np.arange(array.size))).reshape(array.shape)
        for name, array in params.items()
    }


def _compare(name: str, answer: Array, right: Array, shaken: Array, before: int) -> Verdict:
    """Judge one array of a stretch; what shaking the start does to it is what rounding may do, and more."""
    wrong = ~agree_entrywise(answer, right) & (abs(answer - right) > np.max(abs(shaken - right)))
    if not wrong.any():
        return RIGHT
    which = f"{name} in a long run"
    if name == "losses":
        which = (
            f"the losses of a long run, of which number {before + int(np.argmax(wrong)) + 1} is the first to differ,"
        )
    mistake = "single-precision" if is_single_precision(answer) else ""
    return Verdict("wrong value", which, float(np.max(abs(answer - right)) / np.max(abs(right))), mistake=mistake)


def _descend(error: Callable[..., Tensor], starts: Sequence[Values], lr: float, epochs: int) -> list[Values]:
    shapes = {name: array.shape for name, array in starts[0].items()}
    params = {
        name: torch.tensor(np.stack([np.atleast_2d(start[name]) for start in starts]), requires_grad=True)
        for name in shapes
    }
    losses = []
    for _ in range(epochs):
        errors = error(**params)
        losses.append(errors.detach().numpy())
        gradients = torch.autograd.grad(errors.sum(), list(params.values()))
        with torch.no_grad():
            for param, gradient in zip(params.values(), gradients, strict=True):
                param -= lr * gradient
    ends = {name: param.detach().numpy() for name, param in params.items()}
    return [
        {"losses": np.array(losses)[:, i], **{name: ends[name][i].reshape(shape) for name, shape in shapes.items()}}
        for i in range(len(starts))
    ]
