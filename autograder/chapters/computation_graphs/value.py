"""The exercise Value: a number that knows its parents and the slopes on its edges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

import numpy as np

from autograder.attempts.answers import Answer, Unusable
from autograder.attempts.computation_graphs import FORMS, STUB, attempt_value, value_class
from autograder.builders.gradient_exercise import WRONG_SLOPES, Oracle
from autograder.builders.inputs import CLOSE
from autograder.chapters.computation_graphs.sections import CHAPTER, EDGES
from autograder.exercise import Arrays, Case, Exercise, Suspect, Verdict
from autograder.judging import RIGHT, compare, is_single_precision
from autograder.oracles.autodiff import autograd, central_differences
from autograder.oracles.tensors import Tensor, torch

Rng: TypeAlias = np.random.Generator


_OPERATIONS: Mapping[str, Callable[..., Tensor]] = {"add": torch.add, "mul": torch.mul, "sigmoid": torch.sigmoid}


def _value_and_slopes(operation: str, *operands: float) -> tuple[float, list[float]]:
    """Return the value of an operation on numbers and its local slopes, which are autograd's."""
    leaves = [torch.tensor(float(number), dtype=torch.float64, requires_grad=True) for number in operands]
    result = _OPERATIONS[operation](*leaves)
    return result.item(), [slope.item() for slope in torch.autograd.grad(result, leaves)]


def _value_inputs(rng: Rng) -> list[Case]:
    cases = []
    for form in FORMS:
        repeats = 3 if form in ("Value · Value", "sigmoid") else 2
        cases += [_value_case(form, *(rng.choice([-1, 1], 2) * rng.uniform(0.4, 2.5, 2))) for _ in range(repeats)]
    whole = [_value_case(form, 3, -2) for form in ("Value · Value", "Value · number", "number · Value")]
    net = rng.uniform(0.9, 1.0, 3)
    cancelling = [
        _value_case("a sum times a Value", float(a), -float(a) * (1 + CLOSE * rng.uniform(0.5, 1.0)))
        for a in rng.uniform(0.5, 2, 4)  # in one of them alone, single precision may be right by chance
    ]
    extreme = [_value_case("sigmoid", sign * size, 0.0) for sign in (-1, 1) for size in net * (0.01, 9, 13)]
    zeros = [_value_case("Value · Value", 0.0, 1.5), _value_case("sigmoid", 0.0, 0.0)]
    return [*cases, *whole, *zeros, *cancelling, *extreme]


def _value_case(form: str, a: float, b: float) -> Case:
    part = "sigmoid" if form.startswith("sigmoid") else "mul"
    a, b = (v if isinstance(v, int) else float(v) for v in (a, b))
    given = {"a": np.asarray(a, dtype=np.float64), "b": np.asarray(b, dtype=np.float64)}
    held = "a = {:.3g}" if FORMS[form][1] == "a" and form != "Value · number" else "a = {:.3g}, b = {:.3g}"
    arguments = {"part": part, "form": form, "a": a, "b": b}
    return Case(f"{form}, {held.format(a, b)}", arguments, given, without_values=form)


def _value_answer(oracle: Oracle, case: Case) -> Arrays:
    expression, which = FORMS[case.arguments["form"]]
    value = expression(*(torch.tensor(case.oracle_inputs[name]) for name in "ab"))
    slopes = oracle(expression, case.oracle_inputs, which)
    return {case.arguments["part"]: np.array([float(value), *(float(slopes[name]) for name in which)])}


def _judge_value(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    part = case.arguments["part"]
    answer, right = answers[part], exercise.expected(case)[part]
    if isinstance(answer, Unusable):
        return {part: _unusable_value(part, answer)}
    verdict = compare(answer, right)
    if verdict.kind not in ("right", "wrong value"):
        return {part: verdict}
    # Each number by itself: beside a value of 1 the slope of a saturated sigmoid would count for nothing.
    each = [compare(np.asarray(number), wanted) for number, wanted in zip(answer, right, strict=True)]
    which = max(range(len(each)), key=lambda i: each[i].error)
    if each[which].right:
        return {part: RIGHT}
    what = f"∂/∂{FORMS[case.arguments['form']][1][which - 1]} along its edges" if which else "its data"
    mistake = "single-precision" if is_single_precision(answer) else ""
    return {part: Verdict("wrong value", what, each[which].error, mistake=mistake)}


def _unusable_value(part: str, answer: Unusable) -> Verdict:
    if answer.came == STUB:
        method = "`__mul__` or `__rmul__`" if part == "mul" else "`sigmoid`"
        return Verdict("not written", f"{method} is not written yet: it raises NotImplementedError")
    return Verdict("not a Value", f"{answer.came}; a new Value with data, parents and slopes was expected")


class _Wrong:
    """A tensor whose product and sigmoid have other local slopes, for the expressions in FORMS."""

    def __init__(self, tensor: Tensor, product: Callable[..., Tensor], activation: Callable[[Tensor], Tensor]) -> None:
        self.tensor, self.product, self.activation = tensor, product, activation

    def _with(self, tensor: Tensor) -> _Wrong:
        return _Wrong(tensor, self.product, self.activation)

    def __add__(self, other: _Wrong) -> _Wrong:
        return self._with(self.tensor + other.tensor)

    def __mul__(self, other: object) -> _Wrong:
        factor = other.tensor if isinstance(other, _Wrong) else torch.tensor(float(str(other)), dtype=torch.float64)
        return self._with(self.product(self.tensor, factor))

    def sigmoid(self) -> _Wrong:
        return self._with(self.activation(self.tensor))


def _with_slopes(slope: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Return a product whose local slope is slope(this factor, the other factor)."""

    def product(a: Tensor, b: Tensor) -> Tensor:
        at_a, at_b = a.detach(), b.detach()
        return at_a * at_b + slope(at_a, at_b) * (a - at_a) + slope(at_b, at_a) * (b - at_b)

    return product


def _wrong_value(
    mistake: str,
    part: str,
    product: Callable[..., Tensor] = torch.mul,
    activation: Callable[[Tensor], Tensor] = torch.sigmoid,
) -> Suspect:
    def formula(case: Case) -> object:
        expression, which = FORMS[case.arguments["form"]]

        def forward(a: Tensor, b: Tensor) -> Tensor:
            return expression(*(_Wrong(v, product, activation) for v in (a, b))).tensor

        value = expression(*(torch.tensor(case.oracle_inputs[name]) for name in "ab"))
        slopes = autograd(forward, case.oracle_inputs, which)
        return [float(value), *(float(slopes[name]) for name in which)]

    return Suspect(mistake, part, formula)


VALUE = Exercise(
    name="Value",
    signature="Value(data, parents=(), slopes=())",
    chapter=CHAPTER,
    section=EDGES,
    points={"mul": 2, "sigmoid": 1},
    inputs=_value_inputs,
    attempt=attempt_value,
    expected=partial(_value_answer, autograd),
    numerical=partial(_value_answer, central_differences),
    judge=_judge_value,
    suspects=[
        _wrong_value("own-factor", "mul", _with_slopes(lambda this, other: this)),
        _wrong_value("sum-for-product", "mul", _with_slopes(lambda this, other: torch.ones_like(this))),
        _wrong_value("product-for-slope", "mul", _with_slopes(lambda this, other: this * other)),
        *(
            _wrong_value("local-slope-missing" if name == "slope-missing" else name, "sigmoid", activation=activation)
            for name, activation in WRONG_SLOPES
        ),
    ],
    may_call=("multiply_backward", "add_backward"),
    stand_in=_value_and_slopes,
    stand_in_as=value_class,
)
