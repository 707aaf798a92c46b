"""Builds exercises whose answer is a layer: a class with forward and backward, made of its parameters.

A case is one step, forward(x) and backward(upstream), of a layer that has lived: `earlier` steps were made with it and
its parameters replaced after each, it has seen the inputs `before_x` and the upstream gradients `before_upstream`
since, and `others` are layers alive beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from autograder.attempts.answers import Array
from autograder.attempts.layers import attempt_layer
from autograder.builders.forward_exercise import value_of
from autograder.builders.gradient_exercise import Oracle
from autograder.builders.suspects import Wrong, suspects_of
from autograder.exercise import Case, Exercise, Section, Suspect
from autograder.judging import compare_with_expected
from autograder.oracles.autodiff import Forward, autograd, central_differences

Values: TypeAlias = Mapping[str, Any]


class Other(NamedTuple):
    """The mistake of working with other values than the step's, in some parts; in all, if `parts` is empty."""

    mistake: str
    values: Callable[[Case], Values]
    parts: tuple[str, ...] = ()


def other(mistake: str, values: Callable[[Case], Values], *parts: str) -> Other:
    """Return the mistake of answering `parts` with values(case) in the place of the step's own."""
    return Other(mistake, values, parts)


def changed(mistake: str, name: str, change: Callable[[Array], Array], *parts: str) -> Other:
    """Return the mistake of answering `parts` with one of the values changed."""
    return Other(mistake, lambda case: {name: change(case.oracle_inputs[name])}, parts)


def layer_case(label: str, values: Values, **lived: Sequence[Any]) -> Case:
    """Return the case of a step with these values; `lived` is what happened to the layer before."""
    history = {"earlier": [], "before_x": [], "before_upstream": [], "others": [], **lived}
    given = dict(values)
    for step in history["earlier"]:
        given |= {name: given[name] - step[f"step_{name}"] for name in given if f"step_{name}" in step}
    return Case(label, {**values, **history}, given)


def layer_exercise(
    signature: str,
    chapter: str,
    section: Section,
    points: Mapping[str, float],
    inputs: Callable[[np.random.Generator], Sequence[Case]],
    layer: Forward,
    otherwise: Callable[[Case], Array],
    parameters: Sequence[str] = (),
    settings: Sequence[str] = (),
    gradient: str = "dx",
    suspects: Sequence[Suspect | Wrong | Other] = (),
    may_call: Sequence[str] = (),
) -> Exercise:
    """Return the exercise that asks for a layer class.

    `layer` is its forward formula, of x and by name the parameters and settings; `otherwise(case)` is its value,
    worked out in another way. The parts are "forward", what `backward` returns, called `gradient`, and d<name> for
    each of the parameters. What mistakes a layer's life brings, the builder adds itself.
    """
    of = {gradient: "x"} | {f"d{name}": name for name in parameters}

    def error(formula: Forward) -> Forward:
        return lambda upstream, x, **given: (upstream * formula(x, **given)).sum()

    def value(formula: Forward, given: Values) -> Array:
        return np.asarray(value_of(lambda upstream, x, **rest: formula(x, **rest), given))

    def gradients(given: Values, oracle: Oracle = autograd) -> dict[str, Array]:
        found = oracle(error(layer), given, list(of.values()))
        return {part: found[name] for part, name in of.items()}

    def answer(part: str, given: Values, formula: Forward = layer) -> Array:
        return value(formula, given) if part == "forward" else autograd(error(formula), given, [of[part]])[of[part]]

    def with_others(one: Other) -> list[Suspect]:
        def formula(case: Case, part: str) -> Array:
            return answer(part, {**case.oracle_inputs, **one.values(case)})

        return [Suspect(one.mistake, part, partial(formula, part=part)) for part in one.parts or points]

    def accumulated(case: Case, part: str) -> Array:
        return np.sum([answer(part, {**case.oracle_inputs, **step}) for step in steps_so_far(case)], axis=0)

    own = [
        suspect
        for one in (*suspects, *_of_a_life(parameters, gradient))
        for suspect in (with_others(one) if isinstance(one, Other) else [one])
    ]
    return Exercise(
        name=signature.partition("(")[0],
        signature=signature,
        chapter=chapter,
        section=section,
        points=points,
        inputs=inputs,
        attempt=partial(attempt_layer, parameters=tuple(parameters), settings=tuple(settings), gradient=gradient),
        expected=lambda case: {"forward": value(layer, case.oracle_inputs), **gradients(case.oracle_inputs)},
        numerical=lambda case: {"forward": otherwise(case), **gradients(case.oracle_inputs, central_differences)},
        judge=compare_with_expected,
        suspects=[
            *suspects_of(own, tuple(points), lambda formula, part, case: answer(part, case.oracle_inputs, formula)),
            *(
                Suspect("gradients-accumulated", f"d{name}", partial(accumulated, part=f"d{name}"))
                for name in parameters
            ),
        ],
        may_call=may_call,
    )


def _of_a_life(parameters: Sequence[str], gradient: str) -> list[Other]:
    """Return the mistakes of taking what belongs to an earlier step, or to another layer."""
    gradients, through = (*(f"d{name}" for name in parameters), gradient), ("forward", gradient)

    def first(case: Case) -> Values:
        return {name: case.arguments[name] for name in parameters}

    return [
        *([other("weights-stale", first, *through)] if parameters else []),
        other("first-input-kept", lambda case: {"x": _seen(case)[0]}, *gradients),
        other("first-input-kept", lambda case: {"x": _seen(case, within=False)[0]}, *gradients),
        *([other("state-shared", _of_last_other(*parameters), *through)] if parameters else []),
        other("state-shared", _of_last_other("x"), *gradients),
        other("state-shared", _of_last_other(*parameters, "x", "upstream"), *gradients),
    ]


def _seen(case: Case, within: bool = True) -> list[Array]:
    """Return the inputs the layer has seen; where its batch has another size, the formula fits no shape."""
    since = case.arguments["before_x"] if within else []
    return [*(step["x"] for step in case.arguments["earlier"]), *since, case.oracle_inputs["x"]]


def _of_last_other(*names: str) -> Callable[[Case], Values]:
    """Return the values `names` of the last layer alive beside this one, if there is one."""
    return lambda case: {name: one[name] for one in case.arguments["others"] for name in names}


def steps_so_far(case: Case) -> list[Values]:
    """Return x and upstream of every backward pass that the layer has made, its step's own last."""
    x = [*case.arguments["before_x"], case.oracle_inputs["x"]][-1]
    steps = [{"x": step["x"], "upstream": step["upstream"]} for step in case.arguments["earlier"]]
    return [*steps, *({"x": x, "upstream": upstream} for upstream in case.arguments["before_upstream"]), {}]
