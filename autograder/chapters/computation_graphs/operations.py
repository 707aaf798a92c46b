"""The exercises about single operations, and about two layers that are one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from autograder.attempts.answers import Answer, Array
from autograder.attempts.computation_graphs import attempt_add
from autograder.builders.forward_exercise import forward_exercise
from autograder.builders.gradient_exercise import gradient_exercise
from autograder.builders.inputs import BEYOND_TEN, CLOSE, RESIDUALS, normals, twinned, with_twins
from autograder.builders.suspects import Formula, gradient, slip, slips
from autograder.chapters.computation_graphs.sections import ADD, CHAPTER, COLLAPSE, MULTIPLY, WORKED
from autograder.exercise import Case, Exercise, Suspect, Verdict
from autograder.judging import RIGHT, compare_with_expected
from autograder.oracles.tensors import Tensor, torch

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
    return normals(rng, x=shape, w=shape, upstream=shape)


def _multiply_slips(part: str, this: str, other: str) -> list[Suspect]:
    def of_both(formula: Callable[[Any, Any, Any], object]) -> Formula:
        return lambda of: formula(getattr(of, this), getattr(of, other), of.upstream)

    return slips(
        part,
        [
            ("upstream-ignored", of_both(lambda this, other, g: other)),
            ("own-factor", of_both(lambda this, other, g: g * this)),
            ("local-slope-missing", of_both(lambda this, other, g: g)),
            ("upstream-added", of_both(lambda this, other, g: g + other)),
            ("product-for-slope", of_both(lambda this, other, g: g * this * other)),
        ],
    )


MULTIPLY_BACKWARD = gradient_exercise(
    "multiply_backward(x, w, upstream)",
    CHAPTER,
    MULTIPLY,
    {"dx": 1, "dw": 1},
    _multiply_inputs,
    _product,
    {"dx": "x", "dw": "w"},
    suspects=[*_multiply_slips("dx", "x", "w"), *_multiply_slips("dw", "w", "x")],
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
    return Case(f"a of shape {a}, b of shape {b}" if a != b else f"both of shape {a}", values)


def _repeated(case: Case) -> str:
    """Return the name of the input that is repeated to fit, "" if there is none."""
    whole = np.shape(case.arguments["upstream"])
    return next((name for name in ("a", "b") if np.shape(case.arguments[name]) != whole), "")


def _add_parts(case: Case) -> dict[str, str]:
    """Return the part that each input's gradient counts for: a part of its own where the input is repeated."""
    repeated = _repeated(case)
    return {"broadcasting" if name == repeated else f"d{name}": name for name in ("a", "b")}


def _judge_add(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    verdicts = compare_with_expected(exercise, case, answers)
    repeated = _repeated(case)
    if not repeated:
        return verdicts
    worst = next((verdict for verdict in verdicts.values() if not verdict.right), RIGHT)
    return {"broadcasting": verdicts["broadcasting"] if not verdicts["broadcasting"].right else worst}


def _instead_of_undoing(mistake: str, change: Callable[[Array, Array], object]) -> Suspect:
    """Return the mistake of answering change(right gradient, upstream) where an input was repeated."""

    def formula(case: Case) -> object:
        return change(gradient(_sum, case.oracle_inputs, _repeated(case)), case.arguments["upstream"])

    return Suspect(mistake, "broadcasting", formula)


def _mean_of_copies(right: Array, upstream: Array) -> Array:
    return right * (right.size / upstream.size)


def _first_copy(right: Array, upstream: Array) -> Array:
    """Take the upstream gradient at the first of the copies of every entry."""
    padded = (1,) * (upstream.ndim - right.ndim) + right.shape
    first = tuple(slice(0, size) for size in padded)
    return upstream[first].reshape(right.shape)


def _slope_of_sum_instead(mistake: str, slope: Callable[[Array, Array], object]) -> list[Suspect]:
    """Return the mistakes of answering slope(the other input, upstream) for da and for db, all of one shape."""

    def of_other(other: str) -> Formula:
        return lambda of: slope(np.asarray(getattr(of, other)), np.asarray(of.upstream))

    return [slip(mistake, "da", of_other("b")), slip(mistake, "db", of_other("a"))]


ADD_BACKWARD = gradient_exercise(
    "add_backward(a, b, upstream)",
    CHAPTER,
    ADD,
    {"da": 1, "db": 1, "broadcasting": 1},
    _add_inputs,
    _sum,
    _add_parts,
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
    attempt=attempt_add,
    judge=_judge_add,
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
    twins = twinned(rng, _collapse_case(rng, 3, 2, 2).arguments, W1=(1, 1.0), b1=(0, 1.0), W2=(0, -1.0))
    return Case("units that nearly cancel, D = 3, H = 4, K = 2", {**twins, "b2": CLOSE * twins["b2"]})


def _collapse_case(rng: Rng, D: int, H: int, K: int) -> Case:
    return Case(f"D = {D}, H = {H}, K = {K}", normals(rng, W1=(D, H), b1=(H,), W2=(H, K), b2=(K,)))


def _collapsed(W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor) -> tuple[Tensor, Tensor]:
    """W is the Jacobian of the two layers, b their value at 0."""
    at = torch.zeros(len(W1), dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: (x @ W1 + b1) @ W2 + b2, at)
    return jacobian.T, (at @ W1 + b1) @ W2 + b2


def _collapsed_by_probing(case: Case) -> tuple[Array, Array]:
    """An affine map is known from its values at 0 and at the unit vectors."""
    W1, b1, W2, b2 = (np.asarray(array, dtype=np.longdouble) for array in case.arguments.values())
    points = np.vstack([np.zeros(len(W1)), np.eye(len(W1))])
    values = ((points @ W1 + b1) @ W2 + b2).astype(np.float64)
    return values[1:] - values[0], values[0]


COLLAPSE_AFFINE = forward_exercise(
    "collapse_affine(W1, b1, W2, b2)",
    CHAPTER,
    COLLAPSE,
    {"W": 1, "b": 1},
    _collapse_inputs,
    _collapsed,
    _collapsed_by_probing,
    suspects=[
        slip("product-reversed", "W", lambda of: of.W2 @ of.W1),
        slip("weights-added", "W", lambda of: of.W1 + of.W2),
        slip("bias-not-carried", "b", lambda of: of.b1 + of.b2),
        slip("lower-bias-lost", "b", lambda of: of.b2),
        slip("upper-bias-lost", "b", lambda of: of.b1 @ of.W2),
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
    at_prediction, at_weight = (lambda of: slope(of.x * of.w - of.y)), (lambda of: slope(of.x * of.w - of.y) * of.x)
    return [slip(mistake, part, at_weight if part == "dloss_dw" else at_prediction) for part in _ERROR_PARTS]


def _weight_gradient_instead(mistake: str, change: Callable[[float, float, float], float]) -> Suspect:
    """Return the mistake of answering change(gradient at ŷ, x, w) for ∂loss/∂w."""

    def formula(case: Case) -> object:
        return change(
            float(gradient(_squared_error, case.oracle_inputs, "dyhat")), case.arguments["x"], case.arguments["w"]
        )

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
