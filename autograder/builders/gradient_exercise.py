"""Builds exercises whose answers are gradients of a forward formula, and the usual wrong variants of such formulas.

No backward formula is written out here: a wrong answer is a forward formula with a wrong slope, differentiated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import torch

from autograder.attempts.answers import Array
from autograder.attempts.observe import call
from autograder.exercise import Arrays, Case, Exercise, Section, Suspect, parameters
from autograder.judging import compare_with_expected
from autograder.oracles.autodiff import Forward, autograd, central_differences

Tensor: TypeAlias = torch.Tensor
Activation: TypeAlias = Callable[[Tensor], Tensor]
Oracle: TypeAlias = Callable[[Forward, Mapping[str, Array], Iterable[str]], Arrays]


def gradient_exercise(
    signature: str,
    chapter: str,
    section: Section,
    points: Mapping[str, float],
    inputs: Callable[[np.random.Generator], Sequence[Case]],
    forward: Forward,
    wrt: Mapping[str, str],
    given: Callable[..., Arrays] = dict,
    suspects: Sequence[Suspect] = (),
    may_call: Sequence[str] = (),
) -> Exercise:
    """Return the exercise that asks for the gradients of `forward`; `wrt` maps each part to the input it is for.

    `given(**arguments)` turns the learner's arguments into the inputs of `forward`. Parameters after a `*` in the
    signature are passed by name.
    """
    called = parameters(signature)
    by_name = tuple(one.name for one in called.parameters.values() if one.kind is one.KEYWORD_ONLY)

    def answer(oracle: Oracle, case: Case) -> Arrays:
        gradients = oracle(forward, case.given, list(wrt.values()))
        return {part: gradients[name] for part, name in wrt.items()}

    def complete(case: Case) -> Case:
        return replace(case, given=given(**case.arguments))

    def stand_in(*arguments: object, **named: object) -> object:
        try:
            bound = called.bind(*arguments, **named)
        except TypeError as error:
            raise TypeError(f"{signature} was called in another way: {error}") from None
        bound.apply_defaults()
        case = Case("", {name: _as_array(value) for name, value in bound.arguments.items()})
        values = tuple(answer(autograd, complete(case)).values())
        return values if len(values) > 1 else values[0]

    return Exercise(
        name=signature.partition("(")[0],
        signature=signature,
        chapter=chapter,
        section=section,
        points=points,
        inputs=lambda rng: [complete(case) for case in inputs(rng)],
        attempt=partial(call, names=tuple(points), by_name=by_name),
        expected=partial(answer, autograd),
        numerical=partial(answer, central_differences),
        judge=compare_with_expected,
        suspects=suspects,
        may_call=may_call,
        stand_in=stand_in,
    )


def _as_array(value: object) -> Any:
    """Return rows of numbers as an array; a number, a text or None is as good as it is."""
    return np.asarray(value) if isinstance(value, list | tuple | np.ndarray) else value


def suspect(mistake: str, part: str, forward: Forward, wrt: str) -> Suspect:
    """Return the mistake of answering with the gradient of this other `forward`."""
    return Suspect(mistake, part, lambda case: autograd(forward, case.given, [wrt])[wrt])


def sigmoid(net: Array) -> Array:
    """Return σ(net), float64, exactly 0 or 1 where it saturates."""
    return torch.sigmoid(torch.tensor(net, dtype=torch.float64)).numpy()


def logit(O: Array) -> Array:
    """Return a net whose sigmoid is O; ±1000 where O is exactly 1 or 0."""
    return torch.logit(torch.tensor(O, dtype=torch.float64)).clamp(-1000, 1000).numpy()


def with_slope(slope: Callable[[Tensor, Tensor], Tensor]) -> Activation:
    """Return an activation whose value is O = σ(net) and whose local slope is slope(O, net)."""

    def activation(net: Tensor) -> Tensor:
        at = net.detach()
        O = torch.sigmoid(at)
        return O + slope(O, at) * (net - at)

    return activation


WRONG_SLOPES: tuple[tuple[str, Activation], ...] = (
    ("slope-missing", with_slope(lambda O, net: torch.ones_like(O))),
    ("slope-twice", with_slope(lambda O, net: (O * (1 - O)) ** 2)),
    ("slope-of-tanh", with_slope(lambda O, net: 1 - O**2)),
    ("slope-from-net", with_slope(lambda O, net: net * (1 - net))),
    ("sigmoid-of-activation", with_slope(lambda O, net: torch.sigmoid(O) * (1 - torch.sigmoid(O)))),
    ("slope-half", with_slope(lambda O, net: O)),
    ("slope-half", with_slope(lambda O, net: 1 - O)),
    ("slope-plus", with_slope(lambda O, net: O * (1 + O))),
)
