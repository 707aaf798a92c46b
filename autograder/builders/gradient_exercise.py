"""Builds exercises whose answers are gradients of a forward formula, and the usual wrong variants of such formulas.

No backward formula is written out here: a wrong answer is a forward formula with a wrong slope, differentiated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from autograder.attempts.answers import Array
from autograder.attempts.observe import Attempt, call, call_for_each, call_for_keys
from autograder.builders.arguments import by_name, completed, of_one_or_several, stand_in
from autograder.builders.suspects import Wrong, gradient, suspects_of
from autograder.exercise import Arrays, Case, Exercise, Judge, Section, Suspect
from autograder.judging import compare_with_expected
from autograder.oracles.autodiff import Forward, autograd, central_differences
from autograder.oracles.tensors import Tensor, torch

Activation: TypeAlias = Callable[[Tensor], Tensor]
Oracle: TypeAlias = Callable[[Forward, Mapping[str, Any], Iterable[str]], Arrays]


def gradient_exercise(
    signature: str,
    chapter: str,
    section: Section,
    points: Mapping[str, float],
    inputs: Callable[[np.random.Generator], Sequence[Case]],
    forward: Forward,
    wrt: Mapping[str, str] | Callable[[Case], Mapping[str, str]],
    given: Callable[..., Arrays] = dict,
    suspects: Sequence[Suspect | Wrong] = (),
    may_call: Sequence[str] = (),
    *,
    whole: Sequence[str] = (),
    by_key: bool = False,
    differences: Oracle = central_differences,
    attempt: Attempt | None = None,
    judge: Judge = compare_with_expected,
) -> Exercise:
    """Return the exercise that asks for the gradients of `forward`; `wrt` maps each part to the input it is for.

    Where a case counts for some parts only, `wrt` is a function of the case; the learner's function then returns one
    value, if `attempt` does not say otherwise. With `by_key` it returns a dict with the parts for keys. `given` turns
    the learner's arguments into the inputs of `forward`, as `arguments.given_to` does by itself: `whole` names those
    that are whole numbers or truth values. Parameters after a `*` in the signature are passed by name. `differences`
    is the second opinion.
    """
    of = wrt if callable(wrt) else lambda _: wrt

    def answer(oracle: Oracle, case: Case) -> dict[str, Array]:
        gradients = oracle(forward, case.oracle_inputs, dict.fromkeys(of(case).values()))
        return {part: gradients[name] for part, name in of(case).items()}

    def wrong_answer(other: Forward, part: str, case: Case) -> Array:
        return gradient(other, case.oracle_inputs, of(case)[part])

    def right(case: Case) -> object:
        gradients = autograd(forward, case.oracle_inputs, dict.fromkeys(of(case).values()))
        return gradients if by_key else of_one_or_several(list(gradients.values()))

    usual = call_for_keys if by_key else call_for_each if callable(wrt) else partial(call, by_name=by_name(signature))
    complete = partial(completed, given=given, whole=whole)
    return Exercise(
        name=signature.partition("(")[0],
        signature=signature,
        chapter=chapter,
        section=section,
        points=points,
        inputs=lambda rng: [complete(case) for case in inputs(rng)],
        attempt=attempt or partial(usual, names=tuple(points)),
        expected=partial(answer, autograd),
        numerical=partial(answer, differences),
        judge=judge,
        suspects=suspects_of(suspects, tuple(points), wrong_answer),
        may_call=may_call,
        stand_in=stand_in(signature, tuple(points), complete, right),
    )


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
