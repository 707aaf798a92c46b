"""The exercises of chapter 01: the chain rule. Sizes: N samples, K classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from autograder.attempts.answers import Answer, Array
from autograder.attempts.chain_rule import attempt_jacobian, attempt_numerical_gradient
from autograder.attempts.observe import call
from autograder.builders.forward_exercise import forward_exercise
from autograder.builders.gradient_exercise import (
    WRONG_SLOPES,
    Activation,
    Oracle,
    gradient_exercise,
    logit,
    sigmoid,
)
from autograder.builders.inputs import CLOSE, nets_near_zero, signs, zeros_after_positive
from autograder.builders.suspects import Formula, gradient, norm, slip, slips, wrong
from autograder.exercise import Arrays, Case, Exercise, Section, Suspect, Verdict
from autograder.judging import RIGHT, compare, compare_with_expected
from autograder.oracles.autodiff import Forward, autograd, central_differences
from autograder.oracles.tensors import Tensor, torch

CHAPTER = "01_chain_rule"

PATH = Section("chain-rule-path", "One path")
PRODUCT = Section("chain-rule-product", "Several paths: the product rule")
SLOPES = Section("chain-rule-slopes", "Three activations and their slopes")
SOFTMAX = Section("chain-rule-softmax", "Softmax")
JACOBIAN = Section("chain-rule-jacobian", "The Jacobian of softmax")
BACKWARD = Section("chain-rule-backward", "The product without the matrix")
NUMERICAL = Section("chain-rule-numerical", "The numerical gradient")

Rng: TypeAlias = np.random.Generator

SHAPES: tuple[tuple[int, ...], ...] = ((4,), (2, 3), (3, 3), (1, 4), (2, 1, 3), (5, 1))


def _away_from_zero(rng: Rng, shape: tuple[int, ...] = (), least: float = 0.3, most: float = 3.0) -> Array:
    return np.asarray(rng.choice([-1.0, 1.0], shape) * rng.uniform(least, most, shape))


# --- chain_two_affine


def _first(x: Tensor, w1: Tensor, b1: Tensor, **_: Tensor) -> Tensor:
    return x * w1 + b1


def _second(y1: Tensor, w2: Tensor, b2: Tensor, **_: Tensor) -> Tensor:
    return y1 * w2 + b2


def _both(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor, **_: Tensor) -> Tensor:
    return _second(_first(x, w1, b1), w2, b2)


_CHAIN: dict[str, tuple[Forward, str]] = {
    "dy2_dy1": (_second, "y1"),
    "dy1_dw1": (_first, "w1"),
    "dy2_dw1": (_both, "w1"),
}


def _chain_answer(oracle: Oracle, case: Case) -> Arrays:
    given = {**case.arguments, **case.oracle_inputs}
    return {part: oracle(forward, given, [name])[name] for part, (forward, name) in _CHAIN.items()}


def _chain_inputs(rng: Rng) -> list[Case]:
    """Draw integers as well, and every number 0 once."""
    drawn = [[float(value) for value in _away_from_zero(rng, (5,))] for _ in range(6)]
    whole = [[int(value) for value in _away_from_zero(rng, (5,), 1, 9)] for _ in range(3)]
    zeros = [[*five[:i], 0.0, *five[i + 1 :]] for i, five in enumerate(drawn[:5])]
    scalars = [np.float64(value) for value in _away_from_zero(rng, (5,))]
    numbers: list[list[Any]] = [[1, 2, 1, 2, 1], *drawn, *whole, *zeros, scalars]
    return [_chain_case(*five) for five in numbers]


def _chain_case(x: float, w1: float, b1: float, w2: float, b2: float) -> Case:
    label = f"x = {x:.3g}, w1 = {w1:.3g}, b1 = {b1:.3g}, w2 = {w2:.3g}, b2 = {b2:.3g}"
    arguments = {"x": x, "w1": w1, "b1": b1, "w2": w2, "b2": b2}
    given = {"y1": np.array(x * w1 + b1, dtype=np.float64)}
    return Case(label, arguments, given, without_values="five numbers")


_CHAIN_SLIPS: dict[str, list[tuple[str, Formula]]] = {
    "dy2_dy1": [
        ("other-weight", lambda of: of.w1),
        ("value-for-slope", lambda of: of.y1 * of.w2 + of.b2),
        ("constant-kept", lambda of: of.w2 + of.b2),
        ("slope-by-another", lambda of: of.y1),
    ],
    "dy1_dw1": [
        ("slope-by-another", lambda of: of.w1),
        ("value-for-slope", lambda of: of.y1),
        ("constant-kept", lambda of: of.x + of.b1),
        ("slope-by-another", lambda of: 1.0),
    ],
    "dy2_dw1": [
        ("path-added", lambda of: of.w2 + of.x),
        ("path-half", lambda of: of.w2),
        ("path-half", lambda of: of.x),
        ("other-weight", lambda of: of.w1 * of.x),
        ("slope-by-another", lambda of: of.y1),
        ("slope-by-another", lambda of: of.w1 * of.w2),
        ("value-for-slope", lambda of: of.y1 * of.w2 + of.b2),
        ("constant-kept", lambda of: of.w2 * (of.x + of.b1)),
        ("constant-kept", lambda of: of.w2 * of.x + of.b2),
    ],
}

CHAIN_TWO_AFFINE = Exercise(
    name="chain_two_affine",
    signature="chain_two_affine(x, w1, b1, w2, b2)",
    chapter=CHAPTER,
    section=PATH,
    points={"dy2_dy1": 1, "dy1_dw1": 1, "dy2_dw1": 1},
    inputs=_chain_inputs,
    attempt=partial(call, names=tuple(_CHAIN)),
    expected=partial(_chain_answer, autograd),
    numerical=partial(_chain_answer, central_differences),
    judge=compare_with_expected,
    suspects=[slip for part, formulas in _CHAIN_SLIPS.items() for slip in slips(part, formulas)],
)


# --- product_rule


def _product(s: Tensor, f: Tensor, df: Tensor, g: Tensor, dg: Tensor) -> Tensor:
    """Σ f(s) g(s) of two functions that have these values and slopes at s = 0."""
    return ((f + df * s) * (g + dg * s)).sum()


def _product_given(f: Array, df: Array, g: Array, dg: Array) -> Arrays:
    return {"s": np.zeros(np.shape(f)), "f": f, "df": df, "g": g, "dg": dg}


def _product_inputs(rng: Rng) -> list[Case]:
    shapes = ((3,), (2, 4), (3, 3), (1,), (2, 1, 3), ())
    cases = [_product_case(f"shape {shape}", list(_away_from_zero(rng, (4, *shape)))) for shape in shapes]
    numbers = [[float(value) for value in _away_from_zero(rng, (4,))] for _ in range(3)]
    numbers[1][0] = numbers[2][3] = 0.0
    whole = [int(value) for value in _away_from_zero(rng, (4,), 2, 9)]
    f, df, g = _away_from_zero(rng, (3, 3, 2))
    opposite = -df * g / f * (1 + CLOSE * signs(rng, (3, 2)) * rng.uniform(0.5, 1.0, (3, 2)))
    return [
        *cases,
        _product_case("two terms that nearly cancel", [f, df, g, opposite]),
        _product_case(
            "twelve entries, small slopes", [_away_from_zero(rng, (12,)) * size for size in (1, 1e-7, 1, 1e-7)]
        ),
        *(_product_case("numbers {:.3g}, {:.3g}, {:.3g}, {:.3g}".format(*four), four, "numbers") for four in numbers),
        _product_case("whole numbers {}, {}, {}, {}".format(*whole), whole, "whole numbers"),
    ]


def _product_case(label: str, four: Sequence[Any], without_values: str = "") -> Case:
    return Case(label, dict(zip(("f", "df", "g", "dg"), four, strict=True)), without_values=without_values)


PRODUCT_RULE = gradient_exercise(
    "product_rule(f, df, g, dg)",
    CHAPTER,
    PRODUCT,
    {"value": 1},
    _product_inputs,
    _product,
    {"value": "s"},
    _product_given,
    slips(
        "value",
        [
            ("product-of-slopes", lambda of: of.df * of.dg),
            ("product-one-term", lambda of: of.df * of.g),
            ("product-one-term", lambda of: of.f * of.dg),
            ("product-minus", lambda of: of.df * of.g - of.f * of.dg),
            ("product-minus", lambda of: of.f * of.dg - of.df * of.g),
            ("quotient-rule", lambda of: (of.df * of.g - of.f * of.dg) / of.g**2),
            ("product-own-slope", lambda of: of.f * of.df + of.g * of.dg),
            ("slopes-added", lambda of: of.df + of.dg),
            ("product-multiplied", lambda of: of.df * of.g * of.f * of.dg),
            ("product-value", lambda of: of.f * of.g),
            ("product-value", lambda of: of.f * of.g + of.df * of.dg),
        ],
    ),
)


# --- sigmoid_slope, tanh_slope, leaky_relu_slope


def _summed(net: Tensor, activation: Activation) -> Tensor:
    return activation(net).sum()


def _activation_inputs(
    activation: Callable[[Array], Array], edges: Sequence[float], far: Sequence[float], rng: Rng
) -> list[Case]:
    """Draw activations of several shapes, some exactly at the edges of their range, some of nets near ± each of `far`
    only, and some of nets near 0 only."""
    nets = [rng.normal(scale=1.5, size=shape) for shape in SHAPES]
    cases = [Case(f"shape {net.shape}", {"O": activation(net)}) for net in nets]
    saturated = activation(rng.normal(size=(3, len(edges))))
    saturated[1] = edges
    nearly = [activation(net * signs(rng, (2, 4)) * rng.uniform(0.9, 1.1, (2, 4))) for net in far]
    numbers = [float(activation(rng.normal(size=1))[0]), np.float64(activation(rng.normal(size=1))[0]), edges[-1]]
    return [
        *cases,
        Case(f"with activations of {', '.join(f'{edge:g}' for edge in edges)}", {"O": saturated}),
        *(Case(f"nearly saturated, nets near ±{net:g}", {"O": O}) for net, O in zip(far, nearly, strict=True)),
        Case("nets near 0", {"O": activation(nets_near_zero(rng, (2, 6)))}),
        Case("at the edges only", {"O": np.array([edges[0], edges[-1]])}),
        Case("no axes", {"O": np.array(activation(rng.normal(size=1))[0])}),
        *(Case(f"the number {number:.3g}", {"O": number}, without_values="a number") for number in numbers),
    ]


SIGMOID_SLOPE = gradient_exercise(
    "sigmoid_slope(O)",
    CHAPTER,
    SLOPES,
    {"value": 1},
    partial(_activation_inputs, sigmoid, (0.0, 0.5, 1.0), (8.0, 12.0)),
    partial(_summed, activation=torch.sigmoid),
    {"value": "net"},
    lambda O: {"net": logit(O)},
    [
        *(wrong(name, partial(_summed, activation=slope)) for name, slope in WRONG_SLOPES),
        slip("sigmoid-of-activation", "value", lambda of: sigmoid(of.O)),
    ],
)


def _tanh(net: Array) -> Array:
    return torch.tanh(torch.tensor(net, dtype=torch.float64)).numpy()


def _arctanh(O: Array) -> Array:
    """Return a net whose tanh is O; ±1000 where O is exactly 1 or −1."""
    return torch.atanh(torch.tensor(O, dtype=torch.float64)).clamp(-1000, 1000).numpy()


TANH_SLOPE = gradient_exercise(
    "tanh_slope(O)",
    CHAPTER,
    SLOPES,
    {"value": 1},
    partial(_activation_inputs, _tanh, (-1.0, 0.0, 1.0), (4.5, 7.0)),
    partial(_summed, activation=torch.tanh),
    {"value": "net"},
    lambda O: {"net": _arctanh(O)},
    slips(
        "value",
        [
            ("slope-of-sigmoid", lambda of: np.multiply(of.O, 1 - of.O)),
            ("tanh-slope-not-squared", lambda of: 1 - of.O),
            ("tanh-slope-not-squared", lambda of: 1 - abs(of.O)),
            ("slope-half", lambda of: 1 + of.O),
            ("slope-half", lambda of: np.square(of.O)),
            ("slope-plus", lambda of: 1 + np.square(of.O)),
            ("tanh-of-activation", lambda of: 1 - np.tanh(of.O) ** 2),
            ("tanh-square-outside", lambda of: np.square(1 - of.O)),
        ],
    ),
    may_call=("sigmoid_slope",),
)


def _leaky_relu(net: Tensor, negative_slope: float) -> Tensor:
    return torch.nn.functional.leaky_relu(net, negative_slope).sum()


def _leaky_inputs(rng: Rng) -> list[Case]:
    """Draw nets on both sides of 0, exactly 0 and, on the positive side, very near to it or below the slope."""
    slopes = (0.1, 0.01, 0.3, 0.0, *rng.uniform(0.05, 0.95, 4), 0.0, 0.25)
    shapes = (*SHAPES, (6,), (3, 2), (2, 3), (4, 2))
    cases = []
    for i, (shape, a) in enumerate(zip(shapes, slopes, strict=True)):
        net = _away_from_zero(rng, shape, 0.05, 5.0)
        net.flat[0], net.flat[-1] = -abs(net.flat[0]), abs(net.flat[-1])
        if i % 2:
            net.flat[1] = 0.0
        cases.append(_leaky_case(f"{'an entry of 0, ' if i % 2 else ''}shape {shape}", net, float(a)))
    no_axes = [_leaky_case(f"no axes, net = {at:g}", np.array(at), 0.2) for at in (-1.5, 0.0, 0.7)]
    small = _leaky_case("nets near 0", np.array([0.2, 1e-9, -1e-9, 1e-15, -1e-15, 1e-30, -1e-30]), 0.4)
    after = _leaky_case("nets of 0 after positive ones", zeros_after_positive(rng), 0.35)
    twelve = np.append(0.0, signs(rng, (11,)) * rng.uniform(0.3, 3.0, 11))
    twelve[-1] = abs(twelve[-1])
    first = _leaky_case("the first net 0, twelve in all", twelve, 0.15)
    return [*cases, *no_axes, small, _leaky_case("every net 0", np.zeros((2, 2)), 0.4), after, first]


def _leaky_case(label: str, net: Array, negative_slope: float) -> Case:
    arguments = {"net": net, "negative_slope": negative_slope}
    return Case(f"{label}, negative slope {negative_slope:.3g}", arguments, without_values=label)


def _left_of_the_kink(forward: Forward, given: Mapping[str, Any], wrt: Iterable[str]) -> dict[str, Array]:
    """Central differences a little away from 0; at exactly 0, where the left-hand slope is wanted, to the left."""
    net = given["net"]
    moved = {**given, "net": np.where(net > 0, np.maximum(net, 1e-3), np.minimum(net, -1e-3))}
    return central_differences(forward, moved, wrt)


LEAKY_RELU_SLOPE = gradient_exercise(
    "leaky_relu_slope(net, negative_slope)",
    CHAPTER,
    SLOPES,
    {"value": 1},
    _leaky_inputs,
    _leaky_relu,
    {"value": "net"},
    suspects=slips(
        "value",
        [
            ("kink-on-the-positive-side", lambda of: np.where(of.net >= 0, 1.0, of.negative_slope)),
            ("slope-of-relu", lambda of: np.where(of.net > 0, 1.0, 0.0)),
            ("slope-hard-coded", lambda of: np.where(of.net > 0, 1.0, 0.01)),
            ("value-for-slope", lambda of: np.where(of.net > 0, of.net, of.negative_slope * of.net)),
            ("negative-slope-altered", lambda of: np.where(of.net > 0, 1.0, -of.negative_slope)),
            ("negative-slope-altered", lambda of: np.where(of.net > 0, 1.0, of.negative_slope * of.net)),
            ("negative-slope-altered", lambda of: np.where(of.net > 0, 1.0, 1 - of.negative_slope)),
            ("negative-slope-altered", lambda of: np.where(of.net > 0, 1.0, 1 / np.float64(of.negative_slope))),
            ("negative-slope-altered", lambda of: np.where(of.net > 0, of.net, of.negative_slope)),
            ("sides-swapped", lambda of: np.where(of.net > 0, of.negative_slope, 1.0)),
            ("sides-swapped", lambda of: np.where(of.net < 0, 1.0, of.negative_slope)),
            ("one-slope-for-both", lambda of: np.ones_like(of.net)),
            ("one-slope-for-both", lambda of: np.full_like(of.net, of.negative_slope)),
            ("kink-halved", lambda of: np.where(of.net > 0, 1.0, of.negative_slope) * (of.net != 0)),
            (
                "kink-halved",
                lambda of: (
                    (of.net > 0) + of.negative_slope * (of.net < 0) + (1 + of.negative_slope) / 2 * (of.net == 0)
                ),
            ),
        ],
    ),
    differences=_left_of_the_kink,
)


# --- softmax

# (N, K): all sizes different, one sample, one class, squares, where a sum along the wrong axis still fits, and more
# than ten of either.
CLASSES = ((4, 3), (2, 5), (1, 4), (3, 1), (6, 2), (3, 3), (2, 2), (4, 4), (1, 1), (12, 13))
FAR = 500.0  # logits beyond this ask for stability
UNDERFLOW = -740.0  # exp of it is not 0 yet, but has lost most of its digits


def _softmax_inputs(rng: Rng) -> list[Case]:
    moderate = [_softmax_case("logits near 0", rng.normal(scale=1.5, size=size)) for size in CLASSES]
    shifted = _softmax_case("logits near −400", rng.normal(size=(3, 4)) - 400)  # exp of them is small, and not 0
    alike = _softmax_case("rows alike, classes alike", np.full((3, 4), rng.normal()))
    return [*moderate, shifted, alike, *_large_logits(rng)]


def _large_logits(rng: Rng) -> list[Case]:
    """Draw rows that overflow, rows that underflow, and both in one batch, where one maximum for all is not enough."""
    mixed = np.array([[1000.0, 999.0, 998.5], [-1000.0, -1000.5, -999.0], [-1000.0, 1000.0, 0.0], [0.3, -0.2, 0.1]])
    low = [UNDERFLOW + rng.uniform(-1, 1, size) for size in ((3, 4), (2, 3), (1, 2))]
    beside = [np.vstack([UNDERFLOW + rng.uniform(-1, 1, (2, K)), 2 + rng.uniform(0, 2, (1, K))]) for K in (2, 4, 5)]
    return [
        _softmax_case("logits near ±1000", mixed + rng.uniform(-0.2, 0.2, mixed.shape)),
        _softmax_case("logits near 1000", 1000 + rng.normal(size=(2, 4))),
        _softmax_case("logits near −1000", -1000 + rng.normal(size=(4, 2))),
        *(_softmax_case("logits near −740", z) for z in low),
        *(_softmax_case("one row near 3, the others near −740", z) for z in beside),
    ]


def _softmax_case(label: str, z: Array) -> Case:
    N, K = z.shape
    return Case(f"{label}, N = {N}, K = {K}", {"z": z})


def _softmax_part(case: Case) -> str:
    return "value" if abs(case.arguments["z"]).max() < FAR else "stability"


def _softmax_by_differences(case: Case) -> Array:
    """p_i = 1 / Σ_j exp(z_j − z_i), in the longest float there is: no maximum, no quotient of two exponentials."""
    z = case.arguments["z"].astype(np.longdouble)
    with np.errstate(over="ignore"):
        sums = np.exp(z[:, None, :] - z[:, :, None]).sum(axis=-1)
    return np.asarray(1 / sums, dtype=np.float64)


def _torch_softmax(z: Array, dim: int = 1) -> Array:
    return torch.softmax(torch.tensor(z), dim=dim).numpy()


def _exponentials(z: Array) -> Array:
    return np.exp(z - z.max(axis=1, keepdims=True))


_SOFTMAX_SLIPS: list[tuple[str, Formula]] = [
    ("softmax-wrong-axis", lambda of: _torch_softmax(of.z, 0)),
    ("softmax-over-everything", lambda of: _torch_softmax(of.z.reshape(1, -1)).reshape(of.z.shape)),
    ("softmax-keepdims", lambda of: _exponentials(of.z) / _exponentials(of.z).sum(axis=1)),
    ("softmax-keepdims", lambda of: np.exp(of.z) / np.exp(of.z).sum(axis=1)),
    ("softmax-twice", lambda of: _torch_softmax(_torch_softmax(of.z))),
    ("sigmoid-for-softmax", lambda of: sigmoid(of.z)),
    ("exponential-missing", lambda of: of.z / of.z.sum(axis=1, keepdims=True)),
    ("softmax-not-normalised", lambda of: np.exp(of.z)),
    ("softmax-not-normalised", lambda of: _exponentials(of.z)),
    ("log-softmax", lambda of: torch.log_softmax(torch.tensor(of.z), 1).numpy()),
    ("softmax-sign", lambda of: _torch_softmax(-of.z)),
]

SOFTMAX_EXERCISE = forward_exercise(
    "softmax(z)",
    CHAPTER,
    SOFTMAX,
    {"value": 2, "stability": 1},
    _softmax_inputs,
    lambda z: torch.softmax(z, dim=1),
    _softmax_by_differences,
    suspects=[
        *slips("value", _SOFTMAX_SLIPS),
        *slips(
            "stability",
            [
                *_SOFTMAX_SLIPS,
                ("max-not-subtracted", lambda of: np.exp(of.z) / np.exp(of.z).sum(axis=1, keepdims=True)),
                (
                    "max-over-everything",
                    lambda of: np.exp(of.z - of.z.max()) / np.exp(of.z - of.z.max()).sum(axis=1, keepdims=True),
                ),
            ],
        ),
    ],
    part=_softmax_part,
)


# --- softmax_jacobian and softmax_backward


def _log(p: Array) -> Array:
    """Return logits whose softmax is p; −1000 where p is exactly 0."""
    return torch.log(torch.tensor(p, dtype=torch.float64)).clamp(min=-1000).numpy()


def _one_output(z: Tensor, i: int) -> Tensor:
    return torch.softmax(z, dim=0)[i]


def _jacobian(oracle: Oracle, p: Array) -> Array:
    """Return ∂p_i/∂z_j, shape (K, K), row by row."""
    return np.stack([oracle(_one_output, {"z": _log(p), "i": i}, ["z"])["z"] for i in range(len(p))])


def _jacobian_inputs(rng: Rng) -> list[Case]:
    drawn = [_torch_softmax(rng.normal(size=(1, K)))[0] for K in (3, 4, 2, 5, 6, 3)]
    zero = np.insert(_torch_softmax(rng.normal(size=(1, 3)))[0], 1, 0.0)
    sure, single = np.array([0.0, 1.0, 0.0]), np.ones(1)
    labels = [f"K = {len(p)}{' again' * (i == 5)}" for i, p in enumerate(drawn)]
    return [
        *(Case(label, {"p": p}) for label, p in zip(labels, drawn, strict=True)),
        Case("a probability of 0, K = 4", {"p": zero}),
        Case("p = (0, 1, 0)", {"p": sure}),
        Case("K = 1", {"p": single}),
        Case("K = 12", {"p": _torch_softmax(rng.normal(size=(1, 12)))[0]}),
        *(Case(f"class {i} nearly sure, K = 4", {"p": _nearly_sure(rng, i)}) for i in range(4)),
    ]


def _nearly_sure(rng: Rng, which: int) -> Array:
    """Return four probabilities of which one is nearly 1: no entry of the Jacobian's diagonal is larger than 0.0003."""
    rest = CLOSE * rng.uniform(0.5, 1.0, 3)
    return np.insert(rest, which, 1 - rest.sum())


def _jacobian_parts(oracle: Oracle, case: Case) -> Arrays:
    matrix = _jacobian(oracle, case.arguments["p"])
    return {"diagonal": matrix.diagonal().copy(), "off-diagonal": _without_diagonal(matrix)}


def _without_diagonal(matrix: Array) -> Array:
    return np.where(np.eye(len(matrix)) > 0, 0.0, matrix)


# The wrong Jacobians by p_i and p_j, which come as a column and a row.
_WRONG_ENTRIES: dict[str, list[tuple[str, Callable[[Array, Array], Array]]]] = {
    "diagonal": [
        ("kronecker-missing", lambda pi, pj: -pi * pj),
        ("jacobian-diagonal-p", lambda pi, pj: pi + 0 * pj),
        ("jacobian-plus", lambda pi, pj: pi * (1 + pj)),
        ("jacobian-half", lambda pi, pj: 1 - pj + 0 * pi),
    ],
    "off-diagonal": [
        ("jacobian-diagonal-only", lambda pi, pj: 0 * pi * pj),
        ("jacobian-plus", lambda pi, pj: pi * pj),
        ("one-for-kronecker", lambda pi, pj: pi * (1 - pj)),
        ("one-for-kronecker", lambda pi, pj: pj * (1 - pi)),
        ("jacobian-half", lambda pi, pj: -pj + 0 * pi),
        ("jacobian-half", lambda pi, pj: -pi + 0 * pj),
    ],
}


def _wrong_jacobian(part: str, mistake: str, entries: Callable[[Array, Array], Array]) -> Suspect:
    def answer(of: Any) -> Array:
        matrix = entries(of.p[:, None], of.p[None, :])
        return matrix.diagonal() if part == "diagonal" else _without_diagonal(matrix)

    return slip(mistake, part, answer)


def _jacobian_stand_in(p: Array) -> Array:
    return _jacobian(autograd, np.asarray(p, dtype=np.float64))


SOFTMAX_JACOBIAN = Exercise(
    name="softmax_jacobian",
    signature="softmax_jacobian(p)",
    chapter=CHAPTER,
    section=JACOBIAN,
    points={"diagonal": 1, "off-diagonal": 1},
    inputs=_jacobian_inputs,
    attempt=attempt_jacobian,
    expected=partial(_jacobian_parts, autograd),
    numerical=partial(_jacobian_parts, central_differences),
    judge=compare_with_expected,
    suspects=[
        _wrong_jacobian(part, mistake, entries) for part, found in _WRONG_ENTRIES.items() for mistake, entries in found
    ],
    stand_in=_jacobian_stand_in,
)


def _weighted_softmax(z: Tensor, upstream: Tensor) -> Tensor:
    return (upstream * torch.softmax(z, dim=1)).sum()


def _softmax_backward_inputs(rng: Rng) -> list[Case]:
    cases = [_softmax_backward_case(rng, _torch_softmax(rng.normal(size=size))) for size in CLASSES]
    sure = np.array([[0.0, 1.0, 0.0, 0.0], [0.5, 0.0, 0.25, 0.25], [0.1, 0.2, 0.3, 0.4]])
    sure_case = replace(_softmax_backward_case(rng, sure), label="probabilities of 0 and 1, N = 3, K = 4")
    p = _torch_softmax(rng.normal(size=(3, 4)))
    small = {"p": p, "upstream": 1e-7 * rng.normal(size=(3, 4))}
    level = {"p": p, "upstream": 1 + CLOSE * rng.normal(size=(3, 4))}
    return [
        *cases,
        sure_case,
        *(_one_label_case(rng, *size) for size in ((3, 4), (1, 3))),
        Case("small upstream gradients, N = 3, K = 4", small),
        Case("upstream gradients that are nearly equal, N = 3, K = 4", level),
    ]


def _one_label_case(rng: Rng, N: int, K: int) -> Case:
    """Draw what cross-entropy hands down: −1/p at one class of each sample, 0 elsewhere; one label is unlikely."""
    z = rng.normal(size=(N, K))
    z[0, 0] -= 9
    p, upstream = _torch_softmax(z), np.zeros((N, K))
    labels = np.array([0, *rng.integers(0, K, N - 1)])
    upstream[np.arange(N), labels] = -1 / p[np.arange(N), labels]
    return Case(f"upstream 0 but for one class a sample, N = {N}, K = {K}", {"p": p, "upstream": upstream})


def _softmax_backward_case(rng: Rng, p: Array) -> Case:
    N, K = p.shape
    return Case(f"N = {N}, K = {K}", {"p": p, "upstream": rng.normal(size=(N, K))})


SOFTMAX_BACKWARD = gradient_exercise(
    "softmax_backward(p, upstream)",
    CHAPTER,
    BACKWARD,
    {"value": 2},
    _softmax_backward_inputs,
    _weighted_softmax,
    {"value": "z"},
    lambda p, upstream: {"z": _log(p), "upstream": upstream},
    slips(
        "value",
        [
            ("jacobian-diagonal-only", lambda of: of.p * (1 - of.p) * of.upstream),
            ("weighted-mean-missing", lambda of: of.p * of.upstream),
            ("mean-not-weighted", lambda of: of.p * (of.upstream - of.upstream.sum(1, keepdims=True))),
            ("mean-not-weighted", lambda of: of.p * (of.upstream - of.upstream.mean(1, keepdims=True))),
            ("probability-factor-missing", lambda of: of.upstream - (of.upstream * of.p).sum(1, keepdims=True)),
            ("softmax-skipped", lambda of: of.upstream),
            ("upstream-ignored", lambda of: of.p * (1 - of.p)),
            ("labels-for-upstream", lambda of: of.p - of.upstream),
            ("weighted-mean-wrong-axis", lambda of: of.p * (of.upstream - (of.upstream * of.p).sum(0))),
            ("weighted-mean-wrong-axis", lambda of: of.p * (of.upstream - (of.upstream * of.p).sum())),
            ("weighted-mean-wrong-axis", lambda of: of.p * (of.upstream - (of.upstream * of.p).sum(1))),
            ("jacobian-plus", lambda of: of.p * (of.upstream + (of.upstream * of.p).sum(1, keepdims=True))),
        ],
    ),
    may_call=("softmax_jacobian",),
)


# --- numerical_gradient

# f(x) = Σ a sin(3x + b) + 0.05 (Σ a x)²: smooth, and bent enough that one-sided quotients are seen.


def _sampled(x: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return (a * torch.sin(3 * x + b)).sum() + 0.05 * (a * x).sum() ** 2


def _smoothed(x: Tensor, a: Tensor, b: Tensor, h: Tensor) -> Tensor:
    """The function whose gradient central differences of step h find exactly: the mean of f over [x − h, x + h]."""
    return (a * torch.sin(3 * x + b)).sum() * torch.sin(3 * h) / (3 * h) + 0.05 * (a * x).sum() ** 2


def _numerical_gradient_inputs(rng: Rng) -> list[Case]:
    plain = [_differences_case(rng, rng.uniform(-1, 1, shape)) for shape in ((5,), (2, 3), (1,), (2, 1, 3), (3, 3), ())]
    views = [
        _differences_case(rng, rng.uniform(-1, 1, (4,)), layout="every other entry of an array"),
        _differences_case(rng, rng.uniform(-1, 1, (2, 3)), layout="every other entry of an array"),
        _differences_case(rng, rng.uniform(-1, 1, (3, 2)), layout="a transposed view"),
    ]
    whole = [_differences_case(rng, rng.integers(-3, 4, shape), layout="integers") for shape in ((4,), (2, 2), ())]
    steps = [_differences_case(rng, rng.uniform(-1, 1, (3,)), h=h) for h in (0.05, 1e-3, 0.2)]
    zeros = _differences_case(rng, np.array([0.0, 0.5, 0.0, -0.7]))
    large = _differences_case(rng, _away_from_zero(rng, (4,), 1.5, 3.0), h=0.2)
    flat = _differences_case(rng, rng.uniform(-1, 1, (3,)), slope=1e-3)
    far = _differences_case(rng, _away_from_zero(rng, (12,), 100.0, 200.0))
    x, a = far.oracle_inputs["x"], far.oracle_inputs["a"]
    x[-1] = -(a[:-1] * x[:-1]).sum() / a[-1]  # the square in f is 0 here, and its gradient too
    return [
        *plain,
        *views,
        *whole,
        *steps,
        replace(zeros, label="entries of 0 in x"),
        replace(large, label="entries of x beyond 1, h = 0.2"),
        replace(flat, label="gradients near 0.001"),
        replace(far, label="twelve entries, beyond 100"),
    ]


def _differences_case(rng: Rng, x: Array, h: float | None = None, layout: str = "", slope: float = 1.0) -> Case:
    x, shape = np.asarray(x), np.shape(x)
    a, b = slope * _away_from_zero(rng, shape, 0.3, 1.0), rng.uniform(-0.5, 0.5, shape)
    label = ", ".join(filter(None, [f"x of shape {shape}", layout, "" if h is None else f"h = {h:g}"]))
    arguments = {"x": x, "a": a, "b": b, "h": h, "layout": layout}
    return Case(label, arguments, {"x": x, "a": a, "b": b, "h": np.array(1e-5 if h is None else h)})


def _by_autograd(case: Case) -> Arrays:
    return {"value": gradient(_smoothed, case.oracle_inputs, "x"), "x restored": np.array(1.0)}


def _by_differences(case: Case) -> Arrays:
    given = {name: case.oracle_inputs[name] for name in ("x", "a", "b")}
    found = central_differences(_sampled, given, ["x"], float(case.oracle_inputs["h"]))
    return {"value": found["x"], "x restored": np.array(1.0)}


def _judge_numerical_gradient(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    return {
        "value": compare(answers["value"], exercise.expected(case)["value"]),
        "x restored": _judge_restored(answers),
    }


def _judge_restored(answers: Mapping[str, Answer]) -> Verdict:
    calls, restored = answers["calls"], answers["x restored"]
    if not isinstance(calls, np.ndarray) or not calls:
        return Verdict("f not called", "f was never called, so nothing was tried at x")
    if not isinstance(restored, np.ndarray) or not restored:
        return Verdict("argument changed", "x was changed")
    return RIGHT


def _value_at(case: Case, moved: Array) -> float:
    a, b = case.oracle_inputs["a"], case.oracle_inputs["b"]
    return float(_sampled(torch.tensor(moved), torch.tensor(a), torch.tensor(b)))


def _quotient(mistake: str, up: float, down: float, over: float, h: float | None = None) -> Suspect:
    """Return the mistake of (f(x + up·h) − f(x + down·h)) / (over·h), with this h where it is given."""

    def answer(case: Case) -> Array:
        at = case.oracle_inputs["x"].astype(np.float64)
        step = float(case.oracle_inputs["h"]) if h is None else h
        units = (row.reshape(at.shape) for row in np.eye(at.size))
        found = [_value_at(case, at + up * step * u) - _value_at(case, at + down * step * u) for u in units]
        return np.array(found).reshape(at.shape) / (over * step)

    return Suspect(mistake, "value", answer)


def _undivided(case: Case) -> Array:
    return _by_autograd(case)["value"] * 2 * case.oracle_inputs["h"]


def _all_moved(case: Case) -> float:
    at, h = case.oracle_inputs["x"].astype(np.float64), float(case.oracle_inputs["h"])
    return (_value_at(case, at + h) - _value_at(case, at - h)) / (2 * h)


NUMERICAL_GRADIENT = Exercise(
    name="numerical_gradient",
    signature="numerical_gradient(f, x, h=1e-5)",
    chapter=CHAPTER,
    section=NUMERICAL,
    points={"value": 2, "x restored": 1},
    inputs=_numerical_gradient_inputs,
    attempt=attempt_numerical_gradient,
    expected=_by_autograd,
    numerical=_by_differences,
    judge=_judge_numerical_gradient,
    suspects=[
        _quotient("one-sided", 1, 0, 1),
        _quotient("one-sided", 0, -1, 1),
        _quotient("h-for-2h", 1, -1, 1),
        _quotient("h-ignored", 1, -1, 2, h=1e-5),
        _quotient("step-too-large", 1, -1, 2, h=0.1),
        _quotient("step-too-large", 1, -1, 2, h=0.01),
        Suspect("copy-not-seen", "value", lambda case: np.zeros(case.oracle_inputs["x"].shape)),
        Suspect("not-divided", "value", _undivided),
        Suspect("all-entries-moved", "value", _all_moved),
        Suspect("all-entries-moved", "value", lambda case: np.full(case.oracle_inputs["x"].shape, _all_moved(case))),
    ],
)


# --- relative_error


def _relative_error_inputs(rng: Rng) -> list[Case]:
    """Draw errors of every size, signs reversed, equal entries, zeros on one or both sides, pairs below the floor."""
    near = [_pair(rng, shape, 10.0**-power) for shape, power in (((5,), 1), ((2, 3), 3), ((4, 4), 0), ((2, 2, 3), 2))]
    far = _pair(rng, (6,), 0.1)
    far.arguments["b"][2] *= -1.0
    last = _pair(rng, (3, 4), 1e-3)
    last.arguments["b"][-1, -1] *= 1.5
    slight = [_pair(rng, (12,), 10.0**-power) for power in (5, 7)]
    cases = [*near, *slight, replace(far, label="one sign reversed"), replace(last, label="the last entry worst")]
    for label, a, b in (
        ("0 on both sides in one entry", [0.0, 1.0, -2.0], [0.0, 1.1, -2.1]),
        ("0 on one side", [[0.5, 0.0], [2.0, 1.0]], [[0.5, 1e-3], [2.0, 1.0]]),
        ("equal", [[0.3, -4.0]], [[0.3, -4.0]]),
        ("0 everywhere", [0.0, 0.0], [0.0, 0.0]),
        ("all below the floor", [1e-9, -2e-9], [3e-9, -1e-9]),
        ("below the floor, signs reversed", [2e-10], [-2e-10]),
        ("one entry below the floor", [1.0, 2e-9], [1.01, -2e-9]),
        ("large numbers", [3e6, -4e6, 5e6], [3.1e6, -4e6, 5e6]),
        ("small numbers above the floor", [2e-6, 3e-6], [2.2e-6, 3e-6]),
    ):
        scale = rng.uniform(0.8, 1.0)
        cases.append(Case(label, {"a": scale * np.array(a), "b": scale * np.array(b)}))
    return cases


def _pair(rng: Rng, shape: tuple[int, ...], off: float) -> Case:
    a = _away_from_zero(rng, shape, 0.01, 4.0)
    return Case(f"shape {shape}, off by about {off:g}", {"a": a, "b": a * (1 + off * rng.uniform(-0.5, 0.5, shape))})


def _relative_error(a: Tensor, b: Tensor) -> Tensor:
    return ((a - b).abs() / (a.abs() + b.abs()).clamp(min=1e-8)).max()


def _relative_error_in_fractions(case: Case) -> float:
    """The definition, entry by entry, in exact arithmetic."""
    pairs = zip(case.arguments["a"].flat, case.arguments["b"].flat, strict=True)
    exact = [(Fraction(float(a)), Fraction(float(b))) for a, b in pairs]
    errors = [abs(a - b) / max(abs(a) + abs(b), Fraction(1, 10**8)) for a, b in exact]
    return float(max(errors))


def _floored(size: Array) -> Array:
    return np.maximum(size, 1e-8)


def _sizes(of: Any) -> Array:
    return np.abs(of.a) + np.abs(of.b)


RELATIVE_ERROR = forward_exercise(
    "relative_error(a, b)",
    CHAPTER,
    NUMERICAL,
    {"value": 2},
    _relative_error_inputs,
    _relative_error,
    _relative_error_in_fractions,
    suspects=slips(
        "value",
        [
            ("absolute-not-relative", lambda of: abs(of.a - of.b).max()),
            ("mean-not-max", lambda of: (abs(of.a - of.b) / _floored(_sizes(of))).mean()),
            ("other-denominator", lambda of: (abs(of.a - of.b) / _floored(np.maximum(abs(of.a), abs(of.b)))).max()),
            ("other-denominator", lambda of: (abs(of.a - of.b) / _floored(abs(of.a))).max()),
            ("other-denominator", lambda of: (abs(of.a - of.b) / _floored(abs(of.b))).max()),
            ("norm-not-max", lambda of: norm(of.a - of.b) / max(norm(of.a) + norm(of.b), 1e-8)),
            ("floor-missing", lambda of: (abs(of.a - of.b) / _sizes(of)).max()),
            ("floor-missing", lambda of: np.fmax.reduce(np.ravel(abs(of.a - of.b) / _sizes(of)))),
            ("floor-missing", lambda of: np.nan_to_num(abs(of.a - of.b) / _sizes(of)).max()),
            ("floor-added", lambda of: (abs(of.a - of.b) / (_sizes(of) + 1e-8)).max()),
            ("difference-signed", lambda of: ((of.a - of.b) / _floored(_sizes(of))).max()),
            ("difference-signed", lambda of: ((of.b - of.a) / _floored(_sizes(of))).max()),
            ("sum-signed", lambda of: (abs(of.a - of.b) / _floored(abs(of.a + of.b))).max()),
        ],
    ),
)
