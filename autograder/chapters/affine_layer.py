"""The exercises of chapter 04: the affine layer. Sizes: N samples; D units below, M units in the layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from autograder.attempts.answers import Array
from autograder.attempts.layers import attempt_network
from autograder.builders.gradient_exercise import WRONG_SLOPES, Oracle, gradient_exercise, sigmoid
from autograder.builders.inputs import (
    BEYOND_TEN,
    CLOSE,
    LAYER_SIZES,
    nets_far_out,
    nets_near_zero,
    normals,
    overflowing_nets,
    twinned,
    with_twins,
)
from autograder.builders.layer_exercise import changed, layer_case, layer_exercise, other
from autograder.builders.suspects import first_row_only, gradient, instead, slip, sum_of_rows, transposed, wrong
from autograder.exercise import Arrays, Case, Exercise, Section, Suspect
from autograder.judging import compare_with_expected
from autograder.oracles.autodiff import autograd, central_differences
from autograder.oracles.tensors import Tensor, torch

CHAPTER = "04_affine_layer"

PRODUCT = Section("affine-layer-product", "The product")
BIAS = Section("affine-layer-bias", "The bias")
LAYER = Section("affine-layer-class", "The layer as a class")
SIGMOID_LAYER = Section("affine-layer-activation", "An activation is a layer too")
STACK = Section("affine-layer-stack", "A network is a list of layers")

Rng: TypeAlias = np.random.Generator

# (N, D, M); one input, one of everything, and all beyond ten besides.
SIZES = (
    *LAYER_SIZES,
    (7, 1, 3),
    (1, 1, 1),
    BEYOND_TEN,
)


# --- matmul_backward


def _product(x: Tensor, W: Tensor, upstream: Tensor) -> Tensor:
    return (upstream * (x @ W)).sum()


def _product_one_unit(x: Tensor, W: Tensor, upstream: Tensor, unit: int) -> Tensor:
    return _product(x, W[:, [unit]], upstream[:, [unit]])


def _matmul_inputs(rng: Rng) -> list[Case]:
    plain = [Case(f"N = {N}, D = {D}, M = {M}", _matmul_values(rng, N, D, M)) for N, D, M in SIZES]
    small = _matmul_values(rng, 4, 3, 2)
    small["upstream"] *= 1e-7
    values = _matmul_values(rng, 3, 4, 2)
    of_samples = twinned(rng, values, x=(0, 1.0), upstream=(0, -1.0))
    of_units = twinned(rng, values, W=(1, 1.0), upstream=(1, -1.0))
    return [
        *plain,
        Case("small upstream gradients, N = 4, D = 3, M = 2", small),
        Case("samples that nearly cancel, N = 6, D = 4, M = 2", of_samples),
        Case("units that nearly cancel, N = 3, D = 4, M = 4", of_units),
    ]


def _matmul_values(rng: Rng, N: int, D: int, M: int) -> dict[str, Array]:
    x = rng.normal(size=(N, D)) * rng.integers(0, 2, (N, D))
    x[0, 0] = 0.5  # some inputs are exactly 0, not all
    return {"x": x, **normals(rng, W=(D, M), upstream=(N, M))}


MATMUL_BACKWARD = gradient_exercise(
    "matmul_backward(x, W, upstream)",
    CHAPTER,
    PRODUCT,
    {"dx": 2, "dW": 2},
    _matmul_inputs,
    _product,
    {"dx": "x", "dW": "W"},
    suspects=[
        wrong("weights-transposed", instead(_product, W=transposed), "dx"),
        wrong("weights-ignored", instead(_product, W=torch.ones_like), "dx"),
        *(wrong("one-k-only", partial(_product_one_unit, unit=unit), "dx") for unit in (0, -1)),
        wrong("input-ignored", instead(_product, x=torch.ones_like), "dW"),
        wrong("sums-before-product", instead(_product, x=sum_of_rows, upstream=sum_of_rows), "dW"),
        wrong("upstream-ignored", instead(_product, upstream=torch.ones_like)),
        wrong("first-sample-only", instead(_product, upstream=first_row_only)),
    ],
)


# --- bias_add_backward


def _bias(b: Tensor, upstream: Tensor) -> Tensor:
    return (upstream * b).sum()


def _bias_inputs(rng: Rng) -> list[Case]:
    sizes = [(N, M) for N, _, M in SIZES] + [(3, 5)]
    plain = [Case(f"N = {N}, M = {M}", {"upstream": rng.normal(size=(N, M))}) for N, M in sizes]
    cancelling = with_twins(rng, rng.normal(size=(3, 4)), 0, -1.0)
    return [
        *plain,
        Case("small upstream gradients, N = 4, M = 2", {"upstream": 1e-7 * rng.normal(size=(4, 2))}),
        Case("samples that nearly cancel, N = 6, M = 4", {"upstream": cancelling}),
    ]


BIAS_ADD_BACKWARD = gradient_exercise(
    "bias_add_backward(upstream)",
    CHAPTER,
    BIAS,
    {"value": 2},
    _bias_inputs,
    _bias,
    {"value": "b"},
    lambda upstream: {"b": np.zeros(upstream.shape[1]), "upstream": upstream},
    [
        slip("batch-not-summed", "value", lambda of: of.upstream),
        slip("wrong-axis", "value", lambda of: of.upstream.sum(axis=1)),
        wrong("first-sample-only", instead(_bias, upstream=first_row_only)),
        wrong("upstream-ignored", instead(_bias, upstream=torch.ones_like)),
    ],
)


# --- Affine


def _affine_values(rng: Rng, shape: tuple[int, ...], M: int) -> dict[str, Array]:
    """Draw a layer and a step: x of `shape` (N, ...), W (D, M) with D the product of the axes after the first."""
    D = int(np.prod(shape[1:]))
    x = rng.normal(size=shape) * rng.integers(0, 4, shape).clip(max=1)
    x.flat[0] = 0.5  # some inputs are exactly 0, not all
    return {**normals(rng, W=(D, M), b=(M,)), "x": x, **normals(rng, upstream=(shape[0], M))}


def _affine_case(rng: Rng, shape: tuple[int, ...], M: int, story: str = "", **lived: Sequence[Any]) -> Case:
    return layer_case(f"x of shape {shape}, M = {M}{story}", _affine_values(rng, shape, M), **lived)


def _affine_inputs(rng: Rng) -> list[Case]:
    plain = [_affine_case(rng, (N, D), M) for N, D, M in SIZES]
    deep = [_affine_case(rng, (N, *axes), M) for N, axes, M in DEEP_SIZES]
    return [*plain, *deep, *_affine_histories(rng), *_affine_twins(rng)]


def _affine_twins(rng: Rng) -> list[Case]:
    """Draw inputs, samples and units that nearly cancel."""
    values = _affine_values(rng, (3, 4), 2)
    b = values["b"]
    cases = {
        "inputs": twinned(rng, {**values, "b": CLOSE * b}, W=(0, -1.0), x=(1, 1.0)),
        "samples": twinned(rng, values, x=(0, 1.0), upstream=(0, -1.0)),
        "units": twinned(rng, {**values, "b": np.append(b, b)}, W=(1, 1.0), upstream=(1, -1.0)),
    }
    return [layer_case(f"{what} that nearly cancel", drawn) for what, drawn in cases.items()]


# (N, axes after the first, M); a batch of one, axes of length 1, N equal to an axis, and D = M.
DEEP_SIZES = ((3, (2, 2), 5), (2, (4, 3), 2), (1, (3, 2), 4), (2, (2, 3, 2), 3), (4, (1, 2, 3), 2), (3, (2, 2), 4))
HISTORY_SIZES = (((4, 3), 2), ((3, 2, 2), 3), ((2, 3), 3))


def _affine_histories(rng: Rng) -> list[Case]:
    """Draw layers that have lived, each way at three sizes; all shapes of one case are equal but where it says so."""
    cases = []
    for shape, M in HISTORY_SIZES:
        step = partial(_earlier_step, rng, shape, M)
        cases += [
            _affine_case(rng, shape, M, ", third step", earlier=[step(), step()]),
            _affine_case(rng, shape, M, ", backward twice", before_upstream=[rng.normal(size=(shape[0], M))]),
            _affine_case(rng, shape, M, ", two layers", others=[_affine_values(rng, shape, M)]),
            _affine_case(rng, shape, M, ", forward twice", before_x=[rng.normal(size=shape)]),
        ]
    other_batch, other_rank = _earlier_step(rng, (5, 3), 2), _earlier_step(rng, (2, 6), 2)
    other_layer = _affine_values(rng, (2, 6), 3)
    return [
        *cases,
        _affine_case(rng, (2, 3), 2, ", after a batch of 5", earlier=[other_batch]),
        _affine_case(rng, (2, 2, 3), 2, ", after an x of shape (2, 6)", earlier=[other_rank]),
        _affine_case(rng, (2, 2, 3), 3, ", beside a layer whose x has shape (2, 6)", others=[other_layer]),
    ]


def _earlier_step(rng: Rng, shape: tuple[int, ...], M: int) -> dict[str, Array]:
    values = _affine_values(rng, shape, M)
    return {"x": values["x"], "upstream": values["upstream"], "step_W": values["W"], "step_b": values["b"]}


def _affine(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    return x.flatten(1) @ W + b


def _affine_by_products(case: Case) -> Array:
    """The forward values as sums of single products, in extended precision."""
    x, W, b = (case.oracle_inputs[name].astype(np.longdouble) for name in ("x", "W", "b"))
    products = np.stack([row.ravel()[:, None] * W for row in x])
    return np.asarray(products.sum(axis=1) + b, dtype=np.float64)


def _flat(x: Array) -> Array:
    return x.reshape(len(x), -1)


def _dx_last_axis_first(case: Case) -> Array:
    given = {**case.oracle_inputs, "x": _flat(case.oracle_inputs["x"])}
    dx = gradient(lambda upstream, **layer: (upstream * _affine(**layer)).sum(), given, "x")
    return dx.reshape(case.oracle_inputs["x"].shape, order="F")


def _last_axis_first(x: Array) -> Array:
    """The input flattened with its first axis running fastest."""
    return x.reshape(len(x), -1, order="F")


def _only_first_row(upstream: Array) -> Array:
    return upstream * (np.arange(len(upstream)) == 0)[:, None]


def _of_sums(case: Case) -> dict[str, Array]:
    return {name: case.oracle_inputs[name].sum(axis=0, keepdims=True) for name in ("x", "upstream")}


AFFINE = layer_exercise(
    "Affine(W, b)",
    CHAPTER,
    LAYER,
    {"forward": 1, "dx": 1, "dW": 1, "db": 1},
    _affine_inputs,
    _affine,
    _affine_by_products,
    ("W", "b"),
    suspects=[
        changed("bias-missing", "b", np.zeros_like, "forward"),
        changed("shape-not-restored", "x", _flat, "dx"),
        Suspect("axes-out-of-order", "dx", _dx_last_axis_first),
        changed("axes-out-of-order", "x", _last_axis_first, "forward", "dW"),
        changed("weights-transposed", "W", np.transpose, "dx"),
        changed("input-ignored", "x", np.ones_like, "dW"),
        other("sums-before-product", _of_sums, "dW"),
        slip("batch-not-summed", "db", lambda of: of.upstream),
        slip("wrong-axis", "db", lambda of: of.upstream.sum(axis=1)),
        changed("upstream-ignored", "upstream", np.ones_like, "dx", "dW", "db"),
        changed("first-sample-only", "upstream", _only_first_row, "dx", "dW", "db"),
    ],
    may_call=("matmul_backward", "bias_add_backward"),
)


# --- Sigmoid


def _sigmoid_case(rng: Rng, x: Array, story: str = "", **lived: Sequence[Any]) -> Case:
    return layer_case(f"shape {x.shape}{story}", {"x": x, "upstream": rng.normal(size=x.shape)}, **lived)


def _sigmoid_inputs(rng: Rng) -> list[Case]:
    shapes = ((4, 3), (1, 2), (5,), (3, 3), (2, 3, 2), (2, 1, 2, 3), (1, 1))
    plain = [_sigmoid_case(rng, 2 * _normal(rng, shape)) for shape in shapes]
    far = np.array([[0.0, 1000.0, -1000.0, 0.5], [-30.0, 30.0, -0.5, 0.0], [6.0, -7.0, -9.0, 8.0]])
    return [
        *plain,
        _sigmoid_case(rng, far, ", entries of 0 and ±1000"),
        *_sigmoid_histories(rng),
        _sigmoid_case(rng, nets_near_zero(rng, (3, 4)), ", all near 0"),
        _sigmoid_case(rng, nets_far_out(rng, (3, 4)), ", all beyond ±6"),
        _sigmoid_case(rng, overflowing_nets(rng, (2, 3)), ", all near ±800"),
        _sigmoid_case(rng, 2 * _normal(rng, (12, 11)), ""),
    ]


def _normal(rng: Rng, shape: tuple[int, ...]) -> Array:
    return rng.normal(size=shape)


def _sigmoid_histories(rng: Rng) -> list[Case]:
    cases = []
    for shape in ((3, 2), (2, 4), (2, 2, 3)):
        draw = partial(_normal, rng, shape)
        cases += [
            _sigmoid_case(rng, draw(), ", backward twice", before_upstream=[draw()]),
            _sigmoid_case(rng, draw(), ", two layers", others=[{"x": draw(), "upstream": np.ones(shape)}]),
            _sigmoid_case(rng, draw(), ", forward twice", before_x=[draw()]),
            _sigmoid_case(rng, draw(), ", second step", earlier=[{"x": draw(), "upstream": draw()}]),
        ]
    return [
        *cases,
        _sigmoid_case(rng, _normal(rng, (2, 3)), ", after a batch of 5", before_x=[_normal(rng, (5, 3))]),
    ]


def _sigmoid_by_tanh(case: Case) -> Array:
    """The values as ½(1 + tanh(x/2)), in extended precision."""
    half = case.oracle_inputs["x"].astype(np.longdouble) / 2
    return np.asarray((1 + np.tanh(half)) / 2, dtype=np.float64)


def _slopes_so_far(case: Case) -> dict[str, Array]:
    """The cached slope multiplied by each upstream gradient in turn, and kept."""
    return {"upstream": np.prod([*case.arguments["before_upstream"], case.oracle_inputs["upstream"]], axis=0)}


SIGMOID = layer_exercise(
    "Sigmoid()",
    CHAPTER,
    SIGMOID_LAYER,
    {"forward": 1, "backward": 2},
    _sigmoid_inputs,
    torch.sigmoid,
    _sigmoid_by_tanh,
    gradient="backward",
    suspects=[
        slip("sigmoid-reversed", "forward", lambda of: sigmoid(-of.x)),
        slip("tanh-for-sigmoid", "forward", lambda of: np.tanh(of.x)),
        *(wrong(name, activation, "backward") for name, activation in WRONG_SLOPES),
        wrong("sign", lambda x: torch.sigmoid(-x), "backward"),
        changed("upstream-ignored", "upstream", np.ones_like, "backward"),
        other("cache-changed", _slopes_so_far, "backward"),
    ],
)


# --- network_backward


# The widths of a network, from its input up. A case of equal widths hides nothing but the order.
WIDTHS = ((3, 2), (2, 4, 3), (3, 4, 2, 5), (4, 3, 3, 1), (3, 3, 3), (2, 2, 2, 2), (4, 4, 4, 4), (3, 3, 3, 3, 3))


def _network_inputs(rng: Rng) -> list[Case]:
    flat = [_network_case(rng, N, widths) for N, widths in zip((4, 1, 5, 6, 2, 3, 4, 1), WIDTHS, strict=True)]
    deep = [_network_case(rng, N, (6, *above), (N, 3, 2)) for N, above in ((3, (2,)), (2, (4, 3)), (1, (2, 3, 2)))]
    many = _network_case(rng, 3, (2, 3, 2, 4, 2, 3, 2, 2, 3, 2, 4, 3, 2))
    small = _network_case(rng, 4, (3, 2, 2))
    small.arguments["upstream"][:] *= 1e-7
    return [
        *flat,
        *deep,
        _network_with_a_layer_twice(rng),
        many,
        replace(small, label=f"small upstream gradients, {small.label}"),
        _network_that_cancels(rng),
    ]


def _network_that_cancels(rng: Rng) -> Case:
    """Give every unit at the top a twin that sends nearly the opposite down."""
    case = _network_case(rng, 4, (3, 2, 4))
    top, upstream = case.arguments["layers"][-1], case.arguments["upstream"]
    top["back"][:] = with_twins(rng, top["back"][:2], 0)
    upstream[:] = with_twins(rng, upstream[:, :2], 1, -1.0)
    return replace(case, label=f"gradients that nearly cancel, {case.label}")


def _network_with_a_layer_twice(rng: Rng) -> Case:
    case = _network_case(rng, 2, (3, 4, 4, 4, 2))
    case.arguments["layers"][2] = case.arguments["layers"][1]
    return replace(case, label="4 layers, one of them listed twice")


def _network_case(rng: Rng, N: int, widths: tuple[int, ...], shape: tuple[int, ...] = ()) -> Case:
    """Draw boxes joined end to end; the lowest one's input has `shape`, by default (N, widths[0])."""
    layers: list[dict[str, Any]] = [
        {"back": rng.normal(size=(M, D)), "local": rng.normal(size=(N, D)), "shape": (N, D)}
        for D, M in pairwise(widths)
    ]
    layers[0]["shape"] = shape or (N, widths[0])
    upstream = rng.normal(size=(N, widths[-1]))
    label = f"{len(layers)} layer{'s' if len(layers) > 1 else ''}, gradient of shape {layers[0]['shape']}"
    return Case(label, {"layers": layers, "upstream": upstream}, {"x": rng.normal(size=layers[0]["shape"])})


def _through(case: Case, x: Tensor, upstream: Tensor, layers: Sequence[Mapping[str, Any]]) -> Tensor:
    """Return Σ upstream · (the output of `layers`, in this order, for the input x)."""
    signal = x.flatten(1)
    for layer in layers:
        signal = (signal * torch.tensor(layer["local"])) @ torch.tensor(layer["back"]).T
    return (upstream * signal).sum()


def _network_gradient(
    case: Case,
    oracle: Oracle = autograd,
    layers: slice = slice(None),
    x: Callable[[Case], Array] = lambda case: case.oracle_inputs["x"],
    upstream: Callable[[Array], Array] = lambda upstream: upstream,
) -> Arrays:
    chosen = case.arguments["layers"][layers]
    given = {"x": x(case), "upstream": upstream(case.arguments["upstream"])}
    return {"value": oracle(partial(_through, case, layers=chosen), given, ["x"])["x"]}


def _other_layers(mistake: str, layers: slice) -> Suspect:
    """Return the mistake of sending the gradient through these layers; the answer has their lowest one's shape."""

    def formula(case: Case) -> Array:
        chosen = case.arguments["layers"][layers]
        if not chosen:
            return np.asarray(case.arguments["upstream"])
        return _network_gradient(case, layers=layers, x=lambda _: np.zeros(chosen[0]["shape"]))["value"]

    return Suspect(mistake, "value", formula)


NETWORK_BACKWARD = Exercise(
    name="network_backward",
    signature="network_backward(layers, upstream)",
    chapter=CHAPTER,
    section=STACK,
    points={"value": 3},
    inputs=_network_inputs,
    attempt=attempt_network,
    expected=_network_gradient,
    numerical=partial(_network_gradient, oracle=central_differences),
    judge=compare_with_expected,
    suspects=[
        _other_layers("forward-order", slice(None, None, -1)),
        _other_layers("upstream-to-every-layer", slice(0, 1)),
        _other_layers("layer-skipped", slice(-1, None)),
        _other_layers("layer-skipped", slice(1, None)),
        _other_layers("layer-skipped", slice(None, -1)),
        Suspect("upstream-ignored", "value", lambda case: _network_gradient(case, upstream=np.ones_like)["value"]),
    ],
)
