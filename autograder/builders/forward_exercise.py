"""Builds exercises whose answer is the value of a forward formula: an activation, a loss, the output of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograder.attempts.answers import Array
from autograder.attempts.observe import call, call_for_each
from autograder.builders.arguments import by_name, completed, of_one_or_several, stand_in
from autograder.builders.suspects import Wrong, suspects_of
from autograder.exercise import Arrays, Case, Exercise, Judge, Section, Suspect
from autograder.judging import compare_with_expected
from autograder.oracles.autodiff import tensors
from autograder.oracles.tensors import torch


def forward_exercise(
    signature: str,
    chapter: str,
    section: Section,
    points: Mapping[str, float],
    inputs: Callable[[np.random.Generator], Sequence[Case]],
    forward: Callable[..., Any],
    otherwise: Callable[[Case], Any],
    given: Callable[..., Arrays] = dict,
    suspects: Sequence[Suspect | Wrong] = (),
    may_call: Sequence[str] = (),
    *,
    whole: Sequence[str] = (),
    part: Callable[[Case], str] | None = None,
    judge: Judge = compare_with_expected,
) -> Exercise:
    """Return the exercise that asks for the value of `forward`, PyTorch's in float64: a tensor, or one for each part.

    `otherwise(case)` is the same, worked out in another way. Where every case counts for one part only, `part` says
    for which. `given` turns the learner's arguments into the inputs of `forward`, as `arguments.given_to` does by
    itself: `whole` names those that are whole numbers or truth values. A wrong formula returns the value of the part
    it is for.
    """

    def by_part(value: Any, case: Case) -> dict[str, Array]:
        if part:
            return {part(case): np.asarray(value)}
        values = value if isinstance(value, tuple) else (value,)
        return {name: np.asarray(one) for name, one in zip(points, values, strict=True)}

    def right(case: Case) -> object:
        value = value_of(forward, case.oracle_inputs)
        return of_one_or_several(value) if isinstance(value, tuple) else value

    complete = partial(completed, given=given, whole=whole)
    return Exercise(
        name=signature.partition("(")[0],
        signature=signature,
        chapter=chapter,
        section=section,
        points=points,
        inputs=lambda rng: [complete(case) for case in inputs(rng)],
        attempt=partial(call_for_each if part else partial(call, by_name=by_name(signature)), names=tuple(points)),
        expected=lambda case: by_part(value_of(forward, case.oracle_inputs), case),
        numerical=lambda case: by_part(otherwise(case), case),
        judge=judge,
        suspects=suspects_of(suspects, tuple(points), lambda other, _, case: value_of(other, case.oracle_inputs)),
        may_call=may_call,
        stand_in=stand_in(signature, tuple(points), complete, right),
    )


def value_of(forward: Callable[..., Any], given: Mapping[str, Any]) -> Any:
    """Return the value of a forward formula as an array, or several as a tuple."""
    with torch.no_grad():
        value = forward(**tensors(given))
    return tuple(one.numpy() for one in value) if isinstance(value, tuple) else value.numpy()
