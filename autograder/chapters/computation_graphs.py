"""The exercises of chapter 02: computation graphs. Sizes: N samples; D units below, H between, K above."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from graphlib import TopologicalSorter
from typing import Any, TypeAlias

import numpy as np
import torch

from autograder.attempts.answers import Answer, Array, Unusable
from autograder.attempts.computation_graphs import (
    FORMS,
    LONG,
    STUB,
    attempt_add,
    attempt_backward,
    attempt_order,
    attempt_value,
    backward_of_nodes,
    order_of_nodes,
    value_class,
)
from autograder.attempts.observe import call
from autograder.builders.gradient_exercise import WRONG_SLOPES, Oracle, Tensor, gradient_exercise
from autograder.builders.inputs import BEYOND_TEN, CLOSE, RESIDUALS, with_twins
from autograder.exercise import Arrays, Case, Exercise, Section, Suspect, Verdict
from autograder.judging import RIGHT, compare, compare_with_expected, is_single_precision
from autograder.oracles.autodiff import autograd, central_differences

CHAPTER = "02_computation_graphs"

MULTIPLY = Section("computation-graphs-multiply", "A multiplication")
ADD = Section("computation-graphs-add", "An addition")
WORKED = Section("computation-graphs-worked", "A worked example")
COLLAPSE = Section("computation-graphs-collapse", "Two linear layers are one")
EDGES = Section("computation-graphs-engine", "Slopes on the edges")
ORDER = Section("computation-graphs-order", "Consumers first")
PATHS = Section("computation-graphs-paths", "Fan-out: the sum over paths")
FIT = Section("computation-graphs-fit", "Fitting one weight")

Rng: TypeAlias = np.random.Generator


# --- multiply_backward


def _product(x: Tensor, w: Tensor, upstream: Tensor) -> Tensor:
    return (upstream * (x * w)).sum()


def _multiply_inputs(rng: Rng) -> list[Case]:
    shapes = ((3,), (2, 3), (1,), (1, 4), (3, 3), (2, 1, 3), ())
    arrays = [Case(f"arrays of shape {shape}", _three(rng, shape)) for shape in shapes]
    numbers = [Case("numbers", {name: float(v) for name, v in _three(rng, ()).items()}) for _ in range(2)]
    whole = {"x": int(rng.integers(2, 5)), "w": int(rng.integers(-9, -5)), "upstream": int(rng.integers(2, 9))}
    rows = {name: rng.integers(-4, 5, (2, 4)) for name in ("x", "w", "upstream")}
    zeros = [
        Case(f"zeros in {name}", {**_three(rng, (4,)), name: np.array([0.0, 1.5, 0.0, -2.0])})
        for name in ("x", "w", "upstream")
    ]
    small = {"x": rng.normal(size=12), "w": rng.normal(size=12), "upstream": 1e-7 * rng.normal(size=12)}
    return [
        *arrays,
        *numbers,
        Case("whole numbers", whole),
        Case("arrays of integers", rows),
        *zeros,
        Case("small upstream gradients, shape (12,)", small),
    ]


def _three(rng: Rng, shape: tuple[int, ...]) -> dict[str, Array]:
    return {name: np.asarray(rng.normal(size=shape)) for name in ("x", "w", "upstream")}


_MULTIPLY_PARTS = {"dx": "x", "dw": "w"}


def _slope_instead(mistake: str, part: str, slope: Callable[[Array, Array, Array], object]) -> Suspect:
    """Return the mistake of answering slope(this factor, the other factor, upstream)."""
    this, other = ("x", "w") if part == "dx" else ("w", "x")

    def formula(case: Case) -> object:
        return slope(*(np.asarray(case.given[name], dtype=np.float64) for name in (this, other, "upstream")))

    return Suspect(mistake, part, formula)


MULTIPLY_BACKWARD = gradient_exercise(
    "multiply_backward(x, w, upstream)",
    CHAPTER,
    MULTIPLY,
    {"dx": 1, "dw": 1},
    _multiply_inputs,
    _product,
    _MULTIPLY_PARTS,
    dict,
    [
        one
        for part in _MULTIPLY_PARTS
        for one in (
            _slope_instead("upstream-ignored", part, lambda this, other, g: other),
            _slope_instead("own-factor", part, lambda this, other, g: g * this),
            _slope_instead("local-slope-missing", part, lambda this, other, g: g),
            _slope_instead("upstream-added", part, lambda this, other, g: g + other),
            _slope_instead("product-for-slope", part, lambda this, other, g: g * this * other),
        )
    ],
)


# --- add_backward


def _sum(a: Tensor, b: Tensor, upstream: Tensor) -> Tensor:
    return (upstream * (a + b)).sum()


SAME_SHAPES: tuple[tuple[int, ...], ...] = ((3,), (2, 3), (1, 4), (3, 3), (2, 1, 3))
# Shapes of a and b, one of them repeated to fit the other, and both of them; a batch of one among them.
BROADCAST_SHAPES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((4, 3), (3,)),
    ((2,), (5, 2)),
    ((3, 3), (3,)),
    ((1, 3), (3,)),
    ((4, 3), (4, 1)),
    ((1, 2), (4, 2)),
    ((2, 3, 4), (3, 1)),
    ((2, 3, 4), (4,)),
    ((3, 2), ()),
    ((3, 1), (1, 4)),
    ((2, 1), (3,)),
    ((2, 3), (1, 1)),
    ((3, 2), (1,)),
    ((2, 3, 4), (2, 1, 4)),
    ((1, 3, 1), (2, 3, 4)),
    ((12, 11), (11,)),
)


def _add_inputs(rng: Rng) -> list[Case]:
    same = [_add_case(rng, shape, shape) for shape in SAME_SHAPES]
    numbers = Case("numbers", {name: float(rng.normal()) for name in ("a", "b", "upstream")})
    small = _add_case(rng, (4, 3), (4, 1))
    small.arguments["upstream"][:] *= 1e-7
    return [
        *same,
        numbers,
        *(_add_case(rng, *shapes) for shapes in BROADCAST_SHAPES),
        replace(small, label=f"small upstream gradients, {small.label}"),
        *(_copies_that_cancel(rng, shapes, axis) for shapes, axis in ((((6, 3), (3,)), 0), (((4, 1), (4, 6)), 1))),
    ]


def _copies_that_cancel(rng: Rng, shapes: tuple[tuple[int, ...], tuple[int, ...]], axis: int) -> Case:
    """Draw upstream gradients whose sum along the axis is small beside each of them."""
    case = _add_case(rng, *shapes)
    half = np.split(case.arguments["upstream"], 2, axis)[0]
    case.arguments["upstream"][:] = with_twins(rng, half, axis, -1.0)
    return replace(case, label=f"upstream gradients that nearly cancel, {case.label}")


def _add_case(rng: Rng, a: tuple[int, ...], b: tuple[int, ...]) -> Case:
    shape = np.broadcast_shapes(a, b)
    values = {"a": rng.normal(size=a), "b": rng.normal(size=b), "upstream": rng.normal(size=shape)}
    return Case(f"a of shape {a}, b of shape {b}" if a != b else f"both of shape {a}", values, values)


def _repeated(case: Case) -> str:
    """Return the name of the input that is repeated to fit, "" if there is none."""
    whole = np.shape(case.arguments["upstream"])
    return next((name for name in ("a", "b") if np.shape(case.arguments[name]) != whole), "")


def _add_answer(oracle: Oracle, case: Case) -> dict[str, Array]:
    gradients = oracle(_sum, case.arguments, ["a", "b"])
    answer = {"da": gradients["a"], "db": gradients["b"]}
    repeated = _repeated(case)
    return {"broadcasting": answer.pop(f"d{repeated}"), **answer} if repeated else answer


def _judge_add(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    verdicts = compare_with_expected(exercise, case, answers)
    repeated = _repeated(case)
    if not repeated:
        return verdicts
    other = "db" if repeated == "a" else "da"
    return {"broadcasting": verdicts["broadcasting"] if not verdicts["broadcasting"].right else verdicts[other]}


def _instead_of_undoing(mistake: str, change: Callable[[Array, Array], object]) -> Suspect:
    """Return the mistake of answering change(right gradient, upstream) where an input was repeated."""

    def formula(case: Case) -> object:
        return change(_add_answer(autograd, case)["broadcasting"], case.arguments["upstream"])

    return Suspect(mistake, "broadcasting", formula)


def _mean_of_copies(right: Array, upstream: Array) -> Array:
    return right * (right.size / upstream.size)


def _first_copy(right: Array, upstream: Array) -> Array:
    """Take the upstream gradient at the first of the copies of every entry."""
    padded = (1,) * (upstream.ndim - right.ndim) + right.shape
    first = tuple(slice(0, size) for size in padded)
    return upstream[first].reshape(right.shape)


def _add_stand_in(a: Array, b: Array, upstream: Array) -> tuple[Array, Array]:
    given = {"a": np.asarray(a), "b": np.asarray(b), "upstream": np.asarray(upstream)}
    gradients = autograd(_sum, given, ["a", "b"])
    return gradients["a"], gradients["b"]


def _slope_of_sum_instead(mistake: str, slope: Callable[[Array, Array], object]) -> list[Suspect]:
    """Return the mistakes of answering slope(the other input, upstream) for da and for db, all of one shape."""

    def formula(other: str) -> Callable[[Case], object]:
        return lambda case: slope(np.asarray(case.arguments[other]), np.asarray(case.arguments["upstream"]))

    return [Suspect(mistake, "da", formula("b")), Suspect(mistake, "db", formula("a"))]


ADD_BACKWARD = Exercise(
    name="add_backward",
    signature="add_backward(a, b, upstream)",
    chapter=CHAPTER,
    section=ADD,
    points={"da": 1, "db": 1, "broadcasting": 1},
    inputs=_add_inputs,
    attempt=attempt_add,
    expected=partial(_add_answer, autograd),
    numerical=partial(_add_answer, central_differences),
    judge=_judge_add,
    suspects=[
        *_slope_of_sum_instead("upstream-ignored", lambda other, g: np.ones_like(g)),
        *_slope_of_sum_instead("product-for-sum", lambda other, g: g * other),
        *_slope_of_sum_instead("upstream-shared", lambda other, g: g / 2),
        _instead_of_undoing("broadcast-not-undone", lambda right, g: g),
        _instead_of_undoing("broadcast-mean", _mean_of_copies),
        _instead_of_undoing("broadcast-first-only", _first_copy),
        _instead_of_undoing("upstream-ignored", lambda right, g: np.full(right.shape, g.size / right.size)),
        _instead_of_undoing("upstream-ignored", lambda right, g: np.ones_like(right)),
    ],
    stand_in=_add_stand_in,
)


# --- collapse_affine

# (D, H, K): all sizes different, single units, squares, where the wrong order fits without an error, and beyond ten.
COLLAPSE_SIZES = (
    (3, 4, 2),
    (2, 3, 5),
    (1, 3, 2),
    (4, 1, 3),
    (3, 2, 1),
    (3, 3, 3),
    (2, 2, 2),
    (4, 4, 4),
    (1, 1, 1),
    BEYOND_TEN,
)


def _collapse_inputs(rng: Rng) -> list[Case]:
    return [*(_collapse_case(rng, *sizes) for sizes in COLLAPSE_SIZES), _collapse_of_twins(rng)]


def _collapse_of_twins(rng: Rng) -> Case:
    """Give every unit between a twin with nearly the same weights below and nearly the opposite ones above."""
    W1, b1, W2, b2 = _collapse_case(rng, 3, 2, 2).arguments.values()
    twins = {"W1": with_twins(rng, W1, 1), "b1": with_twins(rng, b1, 0), "W2": with_twins(rng, W2, 0, -1.0)}
    return Case("units that nearly cancel, D = 3, H = 4, K = 2", {**twins, "b2": CLOSE * b2})


def _collapse_case(rng: Rng, D: int, H: int, K: int) -> Case:
    shapes = {"W1": (D, H), "b1": (H,), "W2": (H, K), "b2": (K,)}
    return Case(f"D = {D}, H = {H}, K = {K}", {name: rng.normal(size=shape) for name, shape in shapes.items()})


def _collapse_by_torch(case: Case) -> Arrays:
    """W is the Jacobian of the two layers, b their value at 0."""
    W1, b1, W2, b2 = (torch.tensor(array) for array in case.arguments.values())
    at = torch.zeros(len(W1), dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: (x @ W1 + b1) @ W2 + b2, at)
    return {"W": jacobian.T.numpy(), "b": ((at @ W1 + b1) @ W2 + b2).numpy()}


def _collapse_by_probing(case: Case) -> Arrays:
    """An affine map is known from its values at 0 and at the unit vectors."""
    W1, b1, W2, b2 = (np.asarray(array, dtype=np.longdouble) for array in case.arguments.values())
    points = np.vstack([np.zeros(len(W1)), np.eye(len(W1))])
    values = ((points @ W1 + b1) @ W2 + b2).astype(np.float64)
    return {"W": values[1:] - values[0], "b": values[0]}


def _collapse_instead(mistake: str, part: str, formula: Callable[[Any], object]) -> Suspect:
    return Suspect(mistake, part, lambda case: formula(case.names))


COLLAPSE_AFFINE = Exercise(
    name="collapse_affine",
    signature="collapse_affine(W1, b1, W2, b2)",
    chapter=CHAPTER,
    section=COLLAPSE,
    points={"W": 1, "b": 1},
    inputs=_collapse_inputs,
    attempt=partial(call, names=("W", "b")),
    expected=_collapse_by_torch,
    numerical=_collapse_by_probing,
    judge=compare_with_expected,
    suspects=[
        _collapse_instead("product-reversed", "W", lambda p: p.W2 @ p.W1),
        _collapse_instead("weights-added", "W", lambda p: p.W1 + p.W2),
        _collapse_instead("bias-not-carried", "b", lambda p: p.b1 + p.b2),
        _collapse_instead("lower-bias-lost", "b", lambda p: p.b2),
        _collapse_instead("upper-bias-lost", "b", lambda p: p.b1 @ p.W2),
    ],
)


# --- squared_error_gradients


def _squared_error(x: Tensor, w: Tensor, y: Tensor, dyhat: Tensor, dr: Tensor) -> Tensor:
    """(xw − y)², with a little to be added to ŷ and to r: the gradients there are those at ŷ and at r."""
    return (x * w + dyhat - y + dr) ** 2


def _squared_error_inputs(rng: Rng) -> list[Case]:
    drawn = [rng.choice([-1, 1], 3) * rng.uniform(0.4, 3, 3) for _ in range(6)]
    cases = [Case("numbers", _named(x, w, y)) for x, w, y in drawn]
    whole = [
        Case("whole numbers", {"x": int(x), "w": int(w), "y": int(y)})
        for x, w, y in (rng.integers(1, 6, 3) * [1, -1, 1], rng.integers(1, 6, 3) * [-1, 1, 2])
    ]
    x, w, _ = rng.uniform(0.5, 2, 3)
    zeros = [("x = 0", (0, w, 1.5)), ("w = 0", (x, 0, 1.5)), ("y = 0", (x, w, 0)), ("no error", (x, w, x * w))]
    off = [size * rng.uniform(0.7, 1.0) for size in RESIDUALS]
    near = [(f"an error of {size:g}", (x, w, x * w + r)) for size, r in zip(RESIDUALS, off, strict=True)]
    return [*cases, *whole, *(Case(label, _named(*three)) for label, three in (*zeros, *near))]


def _named(x: float, w: float, y: float) -> dict[str, float]:
    return {"x": float(x), "w": float(w), "y": float(y)}


_ERROR_PARTS = {"dloss_dr": "dr", "dloss_dyhat": "dyhat", "dloss_dw": "w"}


def _error_instead(mistake: str, slope: Callable[[float], float]) -> list[Suspect]:
    """Return the mistakes of taking slope(r) for ∂r²/∂r in all three."""

    def formula(part: str) -> Callable[[Case], object]:
        def wrong(case: Case) -> object:
            x, w, y = case.arguments.values()
            return slope(x * w - y) * (x if part == "dloss_dw" else 1)

        return wrong

    return [Suspect(mistake, part, formula(part)) for part in _ERROR_PARTS]


def _weight_gradient_instead(mistake: str, change: Callable[[float, float, float], float]) -> Suspect:
    """Return the mistake of answering change(gradient at ŷ, x, w) for ∂loss/∂w."""

    def formula(case: Case) -> object:
        at_prediction = float(autograd(_squared_error, case.given, ["dyhat"])["dyhat"])
        return change(at_prediction, case.arguments["x"], case.arguments["w"])

    return Suspect(mistake, "dloss_dw", formula)


SQUARED_ERROR_GRADIENTS = gradient_exercise(
    "squared_error_gradients(x, w, y)",
    CHAPTER,
    WORKED,
    {"dloss_dr": 1, "dloss_dyhat": 1, "dloss_dw": 1},
    _squared_error_inputs,
    _squared_error,
    _ERROR_PARTS,
    lambda x, w, y: {"x": x, "w": w, "y": y, "dyhat": np.zeros(()), "dr": np.zeros(())},
    [
        *_error_instead("two-missing", lambda r: r),
        *_error_instead("two-twice", lambda r: 4 * r),
        *_error_instead("residual-reversed", lambda r: -2 * r),
        *_error_instead("residual-squared", lambda r: r * r),
        *_error_instead("residual-absolute", lambda r: 2 * abs(r)),
        _weight_gradient_instead("local-slope-missing", lambda g, x, w: g),
        _weight_gradient_instead("upstream-ignored", lambda g, x, w: x),
        _weight_gradient_instead("own-factor", lambda g, x, w: g * w),
        _weight_gradient_instead("product-for-slope", lambda g, x, w: g * x * w),
        _weight_gradient_instead("upstream-added", lambda g, x, w: g + x),
    ],
    may_call=("multiply_backward", "add_backward"),
)


# --- Value


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
    value = expression(*(torch.tensor(case.given[name]) for name in "ab"))
    slopes = oracle(expression, case.given, which)
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

        value = expression(*(torch.tensor(case.given[name]) for name in "ab"))
        slopes = autograd(forward, case.given, which)
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


# --- graphs to be ordered and run backward

Edges: TypeAlias = Sequence[tuple[int, int]]  # (consumer, input)
CHAIN = 10_000

DIAMOND: Edges = ((1, 0), (2, 0), (3, 1), (3, 2))
TWICE: Edges = ((1, 0), (1, 0), (2, 1))
SKIP: Edges = ((1, 0), (2, 1), (2, 0), (3, 2), (3, 0))
LADDER: Edges = ((1, 0), (2, 0), (3, 1), (3, 2), (4, 3), (5, 3), (6, 4), (6, 5))
FAN: Edges = ((1, 0), (2, 0), (3, 0), (4, 1), (4, 2), (5, 4), (5, 3))
WITH_STRANGERS: Edges = ((2, 0), (3, 1), (3, 2), (4, 2), (5, 3), (5, 4), (6, 5), (7, 1))  # root 5; 6 above, 7 beside
# Node 1 stands twice or three times among one node's inputs, and once or more among another's. Whoever takes it for
# finished too early leaves node 0, below it, with too little.
TWICE_AND_ONCE: Edges = ((1, 0), (2, 1), (2, 1), (3, 1), (4, 2), (4, 3))
ONCE_AND_TWICE: Edges = ((1, 0), (2, 1), (3, 1), (3, 1), (4, 2), (4, 3))
THRICE_AND_ONCE: Edges = ((1, 0), (2, 1), (2, 1), (2, 1), (3, 2), (3, 1), (4, 3), (4, 2))
TWICE_THEN_TWO: Edges = ((1, 0), (2, 1), (2, 1), (3, 1), (4, 2), (4, 3), (5, 4), (5, 1))
TWICE_AND_LATER: Edges = ((1, 0), (2, 1), (2, 1), (3, 1), (4, 3), (5, 2), (5, 4))
TWICE_EACH: Edges = ((1, 0), (2, 1), (2, 1), (3, 1), (3, 1), (4, 3), (4, 1), (4, 2))
SHORT_CUT: Edges = ((1, 0), (2, 1), (3, 2), (4, 3), (4, 1))  # breadth first reaches node 1 too early
SHORT_CUT_FIRST: Edges = ((1, 0), (2, 1), (3, 2), (4, 1), (4, 3))  # depth first too
FAN_OUTS: tuple[tuple[str, Edges, int], ...] = (
    ("a diamond", DIAMOND, 3),
    ("an input used twice by one node", TWICE, 2),
    ("two short cuts", SKIP, 3),
    ("two diamonds in a row", LADDER, 6),
    ("a short cut to an inner node", SHORT_CUT, 4),
    ("a short cut as the first input", SHORT_CUT_FIRST, 4),
    ("an input with three consumers", FAN, 5),
    ("nodes above and beside the root", WITH_STRANGERS, 5),
    ("a node used twice by one node and once by another", TWICE_AND_ONCE, 4),
    ("a node used once by one node and twice by another", ONCE_AND_TWICE, 4),
    ("a node used three times by one node and once by another", THRICE_AND_ONCE, 4),
    ("a node used twice by one node and once by two others", TWICE_THEN_TWO, 5),
    ("a node used twice by one node and later by another", TWICE_AND_LATER, 5),
    ("a node used twice by two nodes and once by another", TWICE_EACH, 4),
)
TREES: tuple[tuple[str, Edges, int], ...] = (
    ("a chain of 4", ((1, 0), (2, 1), (3, 2)), 3),
    ("a sum of two chains", ((2, 0), (3, 1), (4, 2), (4, 3)), 4),
    ("a node with three inputs", ((3, 0), (3, 1), (3, 2), (4, 3)), 4),
    ("a tree of 7", ((4, 0), (4, 1), (5, 2), (5, 3), (6, 4), (6, 5)), 6),
)


def _graph(rng: Rng, edges: Edges, size: int) -> dict[str, Array]:
    """Return the graph as arrays, with random slopes and random data; consumers ascend."""
    edges, m = sorted(edges, key=lambda edge: edge[0]), len(edges)
    return {
        "data": rng.normal(size=size),
        "consumers": np.array([consumer for consumer, _ in edges], dtype=np.int64),
        "inputs": np.array([source for _, source in edges], dtype=np.int64),
        "slopes": rng.choice([-1.0, 1.0], m) * rng.uniform(0.4, 1.6, m),
    }


def _size(edges: Edges) -> int:
    return 1 + max((max(edge) for edge in edges), default=0)


def _edges_of(case: Case) -> list[tuple[int, int, float]]:
    """Return (consumer, input, slope) of every edge, consumers in ascending order."""
    columns = (case.arguments[name].tolist() for name in ("consumers", "inputs", "slopes"))
    return list(zip(*columns, strict=True))


def _root_value(
    case: Case, root: int, moves: Tensor, kept: Callable[[int], bool], carried: Callable[[int], bool]
) -> Tensor:
    """Return how far the root moves when every node i is moved by moves[i]; node = Σ slope · input.

    kept(i) says whether edge i works at all, carried(i) whether it passes on what its input got from further below.
    """
    reached: list[Any] = [0.0] * len(case.arguments["data"])
    for i, (consumer, source, slope) in enumerate(_edges_of(case)):
        if kept(i):
            reached[consumer] = reached[consumer] + slope * (moves[source] + (reached[source] if carried(i) else 0.0))
    total: Tensor = moves[root] + reached[root]
    return total


def _always(_: int) -> bool:
    return True


def _gradients(
    case: Case,
    oracle: Oracle = autograd,
    kept: Callable[[int], bool] = _always,
    carried: Callable[[int], bool] = _always,
) -> Array:
    """Return ∂root/∂node of every node of the case, 0 where the root does not depend on it."""
    root = case.arguments["root"]
    still = {"moves": np.zeros(len(case.arguments["data"]))}
    return oracle(lambda moves: _root_value(case, root, moves, kept, carried), still, ["moves"])["moves"]


# --- topological_order


def _order_inputs(rng: Rng) -> list[Case]:
    cases = [_order_case(rng, *drawing) for drawing in (*TREES, *FAN_OUTS)]
    equal = ((LADDER, 6, (4, 1)), (SKIP, 3, (2, 1)), (FAN, 5, (4, 1)), (DIAMOND, 3, (3, 2, 1, 0)))
    cases += [_order_case(rng, "nodes with equal data", edges, root, nodes) for edges, root, nodes in equal]
    cases.append(_order_case(rng, "a single node", (), 0))
    cases.append(
        _order_case(rng, "a wide diamond", [(i, 0) for i in range(1, 6)] + [(6, i) for i in range(5, 0, -1)], 6)
    )
    chain = [(i, i - 1) for i in range(1, CHAIN)]
    return [*cases, _order_case(rng, f"a chain of {CHAIN} nodes", chain, CHAIN - 1)]


def _order_case(rng: Rng, label: str, edges: Edges, root: int, equal: Sequence[int] = ()) -> Case:
    graph = _graph(rng, edges, _size(edges))
    graph["data"][list(equal)] = rng.integers(3, 9)
    return Case(label, {**graph, "root": root}, repeat=len(graph["data"]) <= LONG)


def _below(case: Case) -> Arrays:
    """Say of every node whether it is the root or below it: 1 or 0."""
    needed = np.zeros(len(case.arguments["data"]))
    needed[case.arguments["root"]] = 1
    for consumer, source, _ in reversed(_edges_of(case)):
        if needed[consumer]:
            needed[source] = 1
    return {"below": needed}


def _below_by_torch(case: Case) -> Arrays:
    """A node is below the root when PyTorch finds a path from the root to it."""
    leaves = [torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in case.arguments["data"]]
    nodes: list[Tensor] = list(leaves)
    for consumer, source, _ in _edges_of(case):
        nodes[consumer] = nodes[consumer] + nodes[source]
    found = torch.autograd.grad(nodes[case.arguments["root"]], leaves, allow_unused=True)
    return {"below": np.array([float(gradient is not None) for gradient in found])}


def _judge_order(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    verdict = RIGHT
    for name, call_ in (("order", ""), ("second", "the second call on one graph: ")):
        if verdict.right and name in answers:
            found = _order_verdict(exercise, case, answers[name])
            verdict = found if found.right else Verdict(found.kind, call_ + found.message, mistake=found.mistake)
    if verdict.right and isinstance(answers.get("graph"), Unusable):
        verdict = Verdict("argument changed", "the order is right, but a node is not as it was before, or bears a mark")
    return {"value": verdict}


def _order_verdict(exercise: Exercise, case: Case, answer: Answer) -> Verdict:
    if isinstance(answer, Unusable):
        return _unusable_order(case, answer)
    order = answer.astype(int).tolist() if answer.ndim == 1 else [-1]
    if -1 in order:
        return Verdict("not a node", "the list holds something that is not a node of the graph")
    counts, below = np.bincount(np.array(order, int), minlength=len(case.arguments["data"])), exercise.expected(case)
    if (counts[below["below"] == 0] > 0).any():
        return Verdict("not below", "the list holds a node that the root does not depend on")
    if (counts > 1).any():
        once_a_path = (counts == _paths(case)).all()
        mistake = "node-repeated" if once_a_path else ""
        return Verdict("repeated", f"{(counts > 1).sum()} of the nodes are listed more than once", mistake=mistake)
    if len(order) < below["below"].sum():
        message = f"{len(order)} nodes are listed; the root has {int(below['below'].sum())}, itself included"
        return Verdict("missing", message, mistake=_why_missing(case, order, below["below"]))
    return _sequence_verdict(case, order)


def _unusable_order(case: Case, answer: Unusable) -> Verdict:
    if answer.came != "RecursionError":
        return Verdict("not a list", f"{answer.came} came back; a list of nodes was expected")
    mistake = "recursion-too-deep" if len(case.arguments["data"]) > LONG else ""
    return Verdict("too deep", "it ended in a RecursionError", mistake=mistake)


def _paths(case: Case) -> Array:
    """Return the number of paths from the root to each node."""
    counts = np.zeros(len(case.arguments["data"]))
    counts[case.arguments["root"]] = 1
    for consumer, source, _ in reversed(_edges_of(case)):
        counts[source] += counts[consumer]
    return counts


def _why_missing(case: Case, order: Sequence[int], below: Array) -> str:
    """Recognise that of nodes with equal data just one was listed."""
    data = case.arguments["data"]
    listed, held = sorted(data[i] for i in order), sorted(set(data[below > 0].tolist()))
    return "equal-taken-for-same" if listed == held and len(held) > 1 else ""


def _sequence_verdict(case: Case, order: Sequence[int]) -> Verdict:
    consumers, inputs = case.arguments["consumers"], case.arguments["inputs"]
    place = np.full(len(case.arguments["data"]), -1)
    place[list(order)] = np.arange(len(order))
    ahead = (place[consumers] - place[inputs])[place[consumers] >= 0]  # how far an input stands before its consumer
    if (ahead > 0).all():
        return RIGHT
    mistake = "order-reversed" if (ahead < 0).all() else "consumer-first"
    return Verdict("order", "a node stands before one of its inputs", mistake=mistake)


def _order_of(parents: Sequence[Sequence[int]]) -> list[int]:
    """Return the places of nodes so that parents come first, by the standard library's sorter."""
    return list(TopologicalSorter(dict(enumerate(parents))).static_order())


TOPOLOGICAL_ORDER = Exercise(
    name="topological_order",
    signature="topological_order(root)",
    chapter=CHAPTER,
    section=ORDER,
    points={"value": 3},
    inputs=_order_inputs,
    attempt=attempt_order,
    expected=_below,
    numerical=_below_by_torch,
    judge=_judge_order,
    may_call=("Value",),
    stand_in=_order_of,
    stand_in_as=order_of_nodes,
)


# --- backward


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
    arguments = {**_graph(rng, edges, _size(edges)), "part": part, "roots": roots, "root": roots[-1]}
    below = np.flatnonzero(_below(Case(label, arguments))["below"])
    return Case(label, {**arguments, "below": below})


def _compares_calls(case: Case) -> bool:
    """Say whether the case is about two calls only: with fan-out, which has its own part, or from two roots."""
    uses, roots = case.arguments["inputs"].tolist(), case.arguments["roots"]
    return bool(case.arguments["part"] == "repeat" and (len(set(uses)) < len(uses) or roots[0] != roots[-1]))


def _backward_answer(oracle: Oracle, case: Case) -> Arrays:
    if _compares_calls(case):
        return {}
    return {case.arguments["part"]: _gradients(case, oracle)[case.arguments["below"]]}


def _judge_backward(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    if not _compares_calls(case):
        return compare_with_expected(exercise, case, answers)
    part, below, (first_root, last_root) = (case.arguments[name] for name in ("part", "below", "roots"))
    if isinstance(answers[part], Unusable):
        return {part: compare(answers[part], np.zeros(len(below)))}
    once = answers["first"] if first_root == last_root else _gradients(case)[below]
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
        (place[consumer], i, source) for i, (consumer, source, _) in enumerate(_edges_of(case)) if consumer in place
    ]
    chosen = {source: i for _, i, source in sorted(edges, reverse=not last)}
    return _gradients(case, kept=set(chosen.values()).__contains__)


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
    for consumer, source, slope in reversed(_edges_of(case)):
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
    for consumer, source, slope in _edges_of(case):
        if consumer in below:
            found[source] += change(slope)
    return found


def _handed_on_early(case: Case, walk: Callable[[Case], Iterable[tuple[str, int]]]) -> Array:
    """Let a node hand on only what has arrived when it is visited; `walk` yields visits to nodes, use of edges."""
    visited: dict[int, int] = {}
    used: dict[int, int] = {}
    for time, (kind, number) in enumerate(walk(case)):
        (visited if kind == "node" else used)[number] = time
    edges = _edges_of(case)

    def carried(i: int) -> bool:
        return used.get(i, -1) < visited.get(edges[i][1], -1)

    return _gradients(case, carried=carried, kept=lambda i: i in used)


def _edges_by_consumer(case: Case) -> dict[int, list[tuple[int, int]]]:
    """Return (number of the edge, its input) of the edges of every consumer."""
    found: dict[int, list[tuple[int, int]]] = {}
    for i, (consumer, source, _) in enumerate(_edges_of(case)):
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
    for consumer, source, _ in reversed(_edges_of(case)):
        distance[source] = distance[consumer] + 1
    return (distance + root) * _gradients(case)


def _on(parts: Iterable[str], mistake: str, formula: Callable[[Case], Array]) -> list[Suspect]:
    return [Suspect(mistake, part, _of_below(formula)) for part in parts]


_FAN_OUT, _BOTH = ("fan-out",), ("single path", "fan-out")


def _gradients_of(parents: Sequence[Sequence[int]], slopes: Sequence[Sequence[float]]) -> list[float]:
    """Return ∂(node 0)/∂node for every node, by autograd on node = Σ slope · parent."""
    moves = torch.zeros(len(parents), dtype=torch.float64, requires_grad=True)
    values: dict[int, Any] = {}
    for place in _order_of(parents):
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


# --- fit_slope


def _fit_inputs(rng: Rng) -> list[Case]:
    sizes = ((3, 3), (1, 4), (5, 2), (2, 6), (4, 1))
    cases = [_fit_case(rng, *size, as_lists=bool(i % 2)) for i, size in enumerate(sizes)]
    course = {"xs": [1.0, 2.0, 3.0], "ys": [2.0, 4.0, 6.0], "w": 1.0, "lr": 0.01, "epochs": 3}
    whole = {"xs": np.array([1, 2]), "ys": np.array([3, 5]), "w": 1, "lr": 0.05, "epochs": 3}
    none = {"xs": [1.0, 2.0], "ys": [1.0, 1.0], "w": float(rng.normal()), "lr": 0.1, "epochs": 0}
    near = {"xs": [1.0, 2.0], "ys": [2.0, 4.0], "w": 2.0004, "lr": 0.05, "epochs": 5}
    repeated = {"xs": [2.0, -1.0, 2.0, 0.5], "ys": [1.0, 2.0, 3.0, -1.0], "w": 0.5, "lr": 0.05, "epochs": 3}
    return [
        *cases,
        Case("the course's samples", course),
        Case("whole numbers", whole),
        Case("no epoch", none),
        Case("w nearly right at the start", near),
        Case("one x twice, with another y", repeated),
        Case("everything near 0", {"xs": [1.0, -1.0], "ys": [0.0, 0.0], "w": 6e-7, "lr": 0.1, "epochs": 3}),
        Case("200 epochs, w still far", _one_sample(rng, rate=2e-3)),
        Case("200 epochs of tiny steps", {**_one_sample(rng, rate=1e-8), "w": float(rng.uniform(0.7, 0.8))}),
        Case("x = 0 among twelve samples", _with_zero(_fit_case(rng, 12, 2, as_lists=False).arguments)),
    ]


def _one_sample(rng: Rng, rate: float) -> dict[str, Any]:
    return {"xs": np.ones(1), "ys": rng.uniform(1.6, 1.7, 1), "w": float(rng.normal()), "lr": rate, "epochs": 200}


def _with_zero(arguments: Mapping[str, Any]) -> dict[str, Any]:
    xs = np.array(arguments["xs"])
    xs[3] = 0.0
    return {**arguments, "xs": xs}


def _fit_case(rng: Rng, N: int, epochs: int, as_lists: bool) -> Case:
    xs = rng.choice([-1.0, 1.0], N) * rng.uniform(0.5, 2.0, N)
    ys = rng.normal(scale=2.0, size=N)
    rest = {"w": float(rng.normal()), "lr": float(rng.uniform(0.02, 0.1)), "epochs": epochs}
    kind = "lists" if as_lists else "arrays"
    samples = {"xs": xs.tolist(), "ys": ys.tolist()} if as_lists else {"xs": xs, "ys": ys}
    return Case(f"N = {N}, {epochs} epochs, {kind}", {**samples, **rest})


def _losses(w: Tensor, xs: Tensor, ys: Tensor) -> Tensor:
    return ((xs * w - ys) ** 2).sum()


def _losses_without_two(w: Tensor, xs: Tensor, ys: Tensor) -> Tensor:
    return 0.5 * _losses(w, xs, ys)


Batches: TypeAlias = Callable[[Array, Array], list[tuple[Array, Array]]]


def _one_by_one(xs: Array, ys: Array) -> list[tuple[Array, Array]]:
    return [(xs[n : n + 1], ys[n : n + 1]) for n in range(len(xs))]


def _fit(
    case: Case,
    oracle: Oracle = autograd,
    loss: Callable[..., Tensor] = _losses,
    batches: Batches = _one_by_one,
    factor: Callable[[int], float] = lambda N: 1.0,
    start_again: bool = False,
) -> Array:
    """Descend; return w after each epoch, the w of the start first. factor(N) multiplies every step."""
    xs, ys = (np.asarray(case.arguments[name], dtype=np.float64) for name in ("xs", "ys"))
    found = [np.asarray(case.arguments["w"], dtype=np.float64)]
    for _ in range(case.arguments["epochs"]):
        w = found[0] if start_again else found[-1]
        for x, y in batches(xs, ys):
            w = w - case.arguments["lr"] * factor(len(xs)) * oracle(loss, {"w": w, "xs": x, "ys": y}, ["w"])["w"]
        found.append(w)
    return np.array(found)


def _wrong_fit(mistake: str, **changes: Any) -> Suspect:
    return Suspect(mistake, "value", lambda case: _fit(case, **changes)[1:])


FIT_SLOPE = Exercise(
    name="fit_slope",
    signature="fit_slope(xs, ys, w, lr, epochs)",
    chapter=CHAPTER,
    section=FIT,
    points={"value": 2},
    inputs=_fit_inputs,
    attempt=partial(call, names=("value",)),
    expected=lambda case: {"value": _fit(case)[1:]},
    numerical=lambda case: {"value": _fit(case, central_differences)[1:]},
    judge=compare_with_expected,
    suspects=[
        _wrong_fit("two-missing", loss=_losses_without_two),
        _wrong_fit("two-twice", factor=lambda N: 2.0),
        _wrong_fit("ascent", factor=lambda N: -1.0),
        _wrong_fit("batch-update", batches=lambda xs, ys: [(xs, ys)]),
        _wrong_fit("batch-update", batches=lambda xs, ys: [(xs, ys)], factor=lambda N: 1 / N),
        _wrong_fit("never-updated", factor=lambda N: 0.0),
        _wrong_fit("first-sample-only", batches=lambda xs, ys: [(xs[:1], ys[:1])]),
        _wrong_fit("start-again", start_again=True),
        Suspect("recorded-before", "value", lambda case: _fit(case)[:-1]),
    ],
    may_call=(
        "multiply_backward",
        "add_backward",
        "squared_error_gradients",
        "Value",
        "topological_order",
        "backward",
    ),
)
