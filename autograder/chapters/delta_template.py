"""The exercises of chapter 03: the δ template. Sizes: N samples; D or J units below, M or K units above."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import numpy as np

from autograder.attempts.answers import Answer, Array, Unusable
from autograder.attempts.delta_template import PARAMS, attempt_gradient_check, attempt_train_xor
from autograder.builders.gradient_exercise import (
    WRONG_SLOPES,
    Activation,
    gradient_exercise,
    logit,
    sigmoid,
)
from autograder.builders.inputs import (
    BEYOND_TEN,
    FULL,
    LAYER_SIZES,
    RESIDUALS,
    nets_far_out,
    nets_near_zero,
    normals,
    overflowing_nets,
    signs,
    twinned,
    with_twins,
)
from autograder.builders.suspects import (
    Wrong,
    first_row_only,
    gradient,
    instead,
    norm,
    slip,
    sum_of_rows,
    transposed,
    weights_between,
    wrong,
)
from autograder.builders.training_exercise import (
    Run,
    Step,
    descent,
    loss_of,
    losses,
    no_step,
    one_by_one,
    path,
    scaled,
    updated_early,
)
from autograder.builders.training_run import judge_stretches
from autograder.exercise import Arrays, Case, Exercise, Section, Suspect, Verdict
from autograder.judging import RIGHT, agree, compare, compare_with_expected
from autograder.oracles.autodiff import central_differences, relative_error
from autograder.oracles.tensors import Tensor, torch

CHAPTER = "03_delta_template"

OUTPUT = Section("delta-template-output", "An output unit")
HIDDEN = Section("delta-template-hidden", "A hidden unit")
WEIGHTS = Section("delta-template-weights", "Weights, biases and the batch")
LAYER = Section("delta-template-layer", "The layer as a box")
NUMERICAL = Section("delta-template-gradient-check", "A numerical check")
XOR = Section("delta-template-xor", "XOR by hand")

Rng: TypeAlias = np.random.Generator

# (N, D, M); one of everything, and two that are larger in every direction, the last beyond ten, besides.
SIZES = (
    *LAYER_SIZES,
    (3, 1, 2),
    (9, 7, 6),
    (1, 1, 1),
    BEYOND_TEN,
)
# Such cases have the sizes of the first one, so nothing kept from it fits.
SCALES = {"large": 100.0, "small": 1e-4, "tiny": 1e-7}
SATURATED = np.array([[0.0, 1000.0, -1000.0], [-1000.0, 0.5, 1000.0], [-0.5, -1000.0, 0.0]])  # net for O of 0, ½, 1


# --- output_delta


def _output_error(net: Tensor, t: Tensor, activation: Activation = torch.sigmoid) -> Tensor:
    return 0.5 * ((activation(net) - t) ** 2).sum()


def _output_delta_inputs(rng: Rng) -> list[Case]:
    nets = [rng.normal(scale=2.0, size=(N, K)) for N, _, K in SIZES]
    nets.append(rng.uniform(-8, 8, size=(7, 3)))  # some activations very near 0 and 1
    hard = [_output_delta_case("hard", net, rng.integers(0, 2, net.shape).astype(float)) for net in nets]
    soft = [_output_delta_case("soft", net, rng.uniform(size=net.shape)) for net in nets[:3]]
    near_zero = _near_zero(rng, (4, 2))
    return [
        *hard,
        *soft,
        _output_delta_case("activations near 0, soft", near_zero, rng.uniform(0.2, 1.0, (4, 2))),
        _output_delta_case("activations of 0, ½ and 1, soft", SATURATED, rng.uniform(size=(3, 3))),
        _output_delta_case(
            "activations of 0 and 1 only, soft", overflowing_nets(rng, (2, 3)), rng.uniform(size=(2, 3))
        ),
        _output_delta_case("activations near ½, soft", nets_near_zero(rng, (3, 4)), rng.uniform(size=(3, 4))),
        _output_delta_case("activations nearly 0 or 1, soft", nets_far_out(rng, (4, 3)), rng.uniform(size=(4, 3))),
        _output_delta_case("two samples alike, all of one class, hard", _rows_repeated(rng, (4, 2)), np.ones((4, 2))),
        *(_nearly_right_output(rng, size) for size in RESIDUALS),
    ]


def _rows_repeated(rng: Rng, shape: tuple[int, int]) -> Array:
    net = rng.normal(size=shape)
    net[-1] = net[0]
    return net


def _nearly_right_output(rng: Rng, size: float) -> Case:
    """Draw outputs about `size` from their targets; one of them is its target."""
    net, residual = rng.uniform(-0.5, 0.5, (4, 3)), size * signs(rng, (4, 3)) * rng.uniform(0.7, 1.0, (4, 3))
    residual[-1, -1] = 0.0
    return _output_delta_case(f"outputs {size:g} from their targets, soft", net, sigmoid(net) - residual)


def _near_zero(rng: Rng, shape: tuple[int, int]) -> Array:
    """Return pre-activations whose σ lies between 1e-8 and 1e-4: small slopes are slopes too."""
    return rng.permutation(np.linspace(-18.5, -9, shape[0] * shape[1])).reshape(shape)


def _output_delta_case(kind: str, net: Array, t: Array) -> Case:
    N, K = net.shape
    return Case(f"N = {N}, K = {K}, {kind} targets", {"O": sigmoid(net), "t": t})


def _instead_of_error(mistake: str, error: Callable[[Tensor, Tensor], Tensor]) -> Wrong:
    """Return the mistake of putting error(O, t) where O − t belongs."""
    return wrong(mistake, lambda net, t: (error(sigmoid_of(net), t) * torch.sigmoid(net)).sum())


def sigmoid_of(net: Tensor) -> Tensor:
    """Return σ(net) as a constant, through which no gradient flows."""
    return torch.sigmoid(net).detach()


OUTPUT_DELTA = gradient_exercise(
    "output_delta(O, t)",
    CHAPTER,
    OUTPUT,
    {"value": 2},
    _output_delta_inputs,
    _output_error,
    {"value": "net"},
    lambda O, t: {"net": logit(O), "t": t},
    [
        *(wrong(name, partial(_output_error, activation=act)) for name, act in WRONG_SLOPES),
        _instead_of_error("absolute-error", lambda O, t: abs(O - t)),
        _instead_of_error("squared-error", lambda O, t: (O - t) ** 2),
        _instead_of_error("squared-error", lambda O, t: 0.5 * (O - t) ** 2),
        _instead_of_error("target-missing", lambda O, t: O),
        _instead_of_error("thresholded-prediction", lambda O, t: (O > 0.5) * 1.0 - t),
        _instead_of_error("upstream-ignored", lambda O, t: torch.ones_like(O)),
        slip("sign-and-slope-missing", "value", lambda of: of.t - of.O),
    ],
)


# --- hidden_delta


def _sent_back(net: Tensor, W: Tensor, delta_above: Tensor, activation: Activation = torch.sigmoid) -> Tensor:
    return (delta_above * (activation(net) @ W)).sum()


def _hidden_delta_inputs(rng: Rng) -> list[Case]:
    nets = [rng.normal(scale=1.5, size=(N, J)) for N, J, _ in SIZES]
    cases = [_hidden_delta_case(rng, net, K) for net, (_, _, K) in zip(nets, SIZES, strict=True)]
    near_zero = _near_zero(rng, (4, 3))
    return [
        *cases,
        *(
            replace(_hidden_delta_case(rng, nets[0], 2, scale), label=f"{size} deltas above, N = 4, J = 3, K = 2")
            for size, scale in SCALES.items()
        ),
        replace(_hidden_delta_case(rng, near_zero, 2), label="activations near 0"),
        replace(_hidden_delta_case(rng, SATURATED, 2), label="activations of 0, ½ and 1"),
        replace(_hidden_delta_case(rng, overflowing_nets(rng, (3, 2)), 4), label="activations of 0 and 1 only"),
        replace(_hidden_delta_case(rng, nets_near_zero(rng, (3, 4)), 2), label="activations near ½"),
        replace(_hidden_delta_case(rng, nets_far_out(rng, (4, 3)), 2), label="activations nearly 0 or 1"),
        replace(_hidden_delta_case(rng, _rows_repeated(rng, (4, 2)), 3), label="two samples with equal activations"),
        _cancelling_hidden_delta(rng),
    ]


def _cancelling_hidden_delta(rng: Rng) -> Case:
    """Give every unit above a twin with nearly the same weights and nearly the opposite δ."""
    values = _hidden_delta_case(rng, rng.normal(size=(4, 3)), 2).arguments
    twins = twinned(rng, values, W=(1, 1.0), delta_above=(1, -1.0))
    return Case("what comes from above nearly cancels, N = 4, J = 3, K = 4", twins)


def _hidden_delta_case(rng: Rng, net: Array, K: int, scale: float = 1.0) -> Case:
    N, J = net.shape
    W, delta_above = rng.normal(size=(J, K)), scale * rng.normal(size=(N, K))
    return Case(f"N = {N}, J = {J}, K = {K}", {"O": sigmoid(net), "W": W, "delta_above": delta_above})


def _one_unit_above(net: Tensor, W: Tensor, delta_above: Tensor, unit: int) -> Tensor:
    return _sent_back(net, W[:, [unit]], delta_above[:, [unit]])


def _nothing_from_above(net: Tensor, W: Tensor, delta_above: Tensor) -> Tensor:
    return torch.sigmoid(net).sum()


def _activations_above(net: Tensor, W: Tensor, delta_above: Tensor) -> Tensor:
    return _sent_back(net, W, sigmoid_of(sigmoid_of(net) @ W))


HIDDEN_DELTA = gradient_exercise(
    "hidden_delta(O, W, delta_above)",
    CHAPTER,
    HIDDEN,
    {"value": 2},
    _hidden_delta_inputs,
    _sent_back,
    {"value": "net"},
    lambda O, W, delta_above: {"net": logit(O), "W": W, "delta_above": delta_above},
    [
        *(wrong(name, partial(_sent_back, activation=act)) for name, act in WRONG_SLOPES),
        *(wrong("one-k-only", partial(_one_unit_above, unit=unit)) for unit in (0, -1)),
        wrong("weights-transposed", instead(_sent_back, W=transposed)),
        wrong("weights-ignored", instead(_sent_back, W=torch.ones_like)),
        wrong("upstream-ignored", _nothing_from_above),
        wrong("upstream-ignored", instead(_sent_back, delta_above=torch.ones_like)),
        wrong("outputs-for-deltas", _activations_above),
    ],
)


# --- weight_gradient and bias_gradient


def _affine(x: Tensor, W: Tensor, delta: Tensor) -> Tensor:
    return (delta * (x @ W)).sum()


def _bias(b: Tensor, delta: Tensor) -> Tensor:
    return (delta * b).sum()


def _weight_gradient_inputs(rng: Rng) -> list[Case]:
    cases = [_weight_gradient_case(rng, *sizes) for sizes in (*SIZES, (7, 1, 3))]
    return [
        *cases,
        *(
            replace(_weight_gradient_case(rng, 4, 3, 2, scale), label=f"{size} deltas, N = 4, D = 3, M = 2")
            for size, scale in SCALES.items()
        ),
        _cancelling_weight_gradient(rng),
    ]


def _cancelling_weight_gradient(rng: Rng) -> Case:
    """Give every sample a twin with nearly the same input and nearly the opposite δ."""
    twins = twinned(rng, normals(rng, x=(3, 4), delta=(3, 2)), x=(0, 1.0), delta=(0, -1.0))
    return Case("samples that nearly cancel, N = 6, D = 4, M = 2", twins)


def _weight_gradient_case(rng: Rng, N: int, D: int, M: int, scale: float = 1.0) -> Case:
    x, delta = rng.normal(size=(N, D)) * rng.integers(0, 2, (N, D)), scale * rng.normal(size=(N, M))
    x[0, 0] = x[-1, -1] = 0.5  # some inputs are exactly 0, not all
    return Case(f"N = {N}, D = {D}, M = {M}", {"x": x, "delta": delta})


def _bias_gradient_inputs(rng: Rng) -> list[Case]:
    sizes = [(N, M) for N, _, M in SIZES] + [(3, 5)]
    cases = [Case(f"N = {N}, M = {M}", {"delta": rng.normal(size=(N, M))}) for N, M in sizes]
    cases[-1].arguments["delta"][2] = cases[-1].arguments["delta"][0]  # two samples may be alike
    return [
        *cases,
        *(
            Case(f"{size} deltas, N = 4, M = 2", {"delta": scale * rng.normal(size=(4, 2))})
            for size, scale in SCALES.items()
        ),
        Case("samples that nearly cancel, N = 6, M = 4", {"delta": with_twins(rng, rng.normal(size=(3, 4)), 0, -1.0)}),
    ]


WEIGHT_GRADIENT = gradient_exercise(
    "weight_gradient(x, delta)",
    CHAPTER,
    WEIGHTS,
    {"value": 1},
    _weight_gradient_inputs,
    _affine,
    {"value": "W"},
    lambda x, delta: {"x": x, "W": np.zeros((x.shape[1], delta.shape[1])), "delta": delta},
    [
        wrong("sums-before-product", instead(_affine, x=sum_of_rows, delta=sum_of_rows)),
        wrong("first-sample-only", instead(_affine, delta=first_row_only)),
        wrong("input-ignored", instead(_affine, x=torch.ones_like)),
        wrong("upstream-ignored", instead(_affine, delta=torch.ones_like)),
    ],
)

BIAS_GRADIENT = gradient_exercise(
    "bias_gradient(delta)",
    CHAPTER,
    WEIGHTS,
    {"value": 1},
    _bias_gradient_inputs,
    _bias,
    {"value": "b"},
    lambda delta: {"b": np.zeros(delta.shape[1]), "delta": delta},
    [
        slip("batch-not-summed", "value", lambda of: of.delta),
        slip("wrong-axis", "value", lambda of: of.delta.sum(axis=1)),
        wrong("first-sample-only", instead(_bias, delta=first_row_only)),
        wrong("upstream-ignored", instead(_bias, delta=torch.ones_like)),
    ],
)


# --- sigmoid_linear_backward


def _sigmoid_linear(
    upstream: Tensor, x: Tensor, W: Tensor, b: Tensor, offset: Tensor, activation: Activation = torch.sigmoid
) -> Tensor:
    return (upstream * activation(x @ W + b + offset)).sum()


def _sigmoid_linear_given(upstream: Array, O: Array, x: Array, W: Array) -> Arrays:
    """The learner gets O, not b: an offset (N, M) makes xW + b + offset the pre-activation, with b = 0."""
    return {"upstream": upstream, "x": x, "W": W, "b": np.zeros(O.shape[1]), "offset": logit(O) - x @ W}


def _sigmoid_linear_inputs(rng: Rng) -> list[Case]:
    cases = [_sigmoid_linear_case(rng, *sizes) for sizes in SIZES]
    far_out = _sigmoid_linear_case(rng, 3, 2, 4, b=np.array([1000.0, -1000.0, 0.5, -8.0]))
    return [
        *cases,
        replace(far_out, label="activations of 0 and 1, N = 3, D = 2, M = 4"),
        *(
            replace(_sigmoid_linear_case(rng, 4, 3, 2, g=g), label=f"{size} upstream gradient, N = 4, D = 3, M = 2")
            for size, g in SCALES.items()
        ),
        _layer_with_nets(rng, nets_near_zero(rng, (4, 3)), "activations near ½, N = 4, D = 2, M = 3"),
        _layer_with_nets(rng, nets_far_out(rng, (4, 3)), "activations nearly 0 or 1, N = 4, D = 2, M = 3"),
        _cancelling_samples(rng),
        _cancelling_units(rng),
    ]


def _layer_with_nets(rng: Rng, net: Array, label: str) -> Case:
    """Return a layer whose samples have these pre-activations, as if each had a bias of its own: only O is passed."""
    (N, M), D = net.shape, 2
    return Case(label, {**normals(rng, upstream=(N, M)), "O": sigmoid(net), **normals(rng, x=(N, D), W=(D, M))})


def _cancelling_samples(rng: Rng) -> Case:
    """Give every sample a twin with the same activations and nearly the opposite upstream gradient."""
    case = _layer_with_nets(rng, rng.normal(size=(3, 5)), "samples that nearly cancel, N = 6, D = 2, M = 5")
    twins = twinned(rng, case.arguments, upstream=(0, -1.0), x=(0, 1.0))
    return replace(case, arguments={**twins, "O": np.vstack([twins["O"]] * 2)})


def _cancelling_units(rng: Rng) -> Case:
    """Give every unit a twin with the same activations, nearly the same weights and the opposite upstream gradient."""
    case = _layer_with_nets(rng, rng.normal(size=(5, 3)), "units that nearly cancel, N = 5, D = 2, M = 6")
    twins = twinned(rng, case.arguments, upstream=(1, -1.0), W=(1, 1.0))
    return replace(case, arguments={**twins, "O": np.hstack([twins["O"]] * 2)})


def _sigmoid_linear_case(rng: Rng, N: int, D: int, M: int, b: Array | None = None, g: float = 1.0) -> Case:
    x, W = rng.normal(size=(N, D)), rng.normal(size=(D, M))
    b = rng.normal(size=M) if b is None else b
    x[-1, 0] = 0.0
    arguments = {"upstream": g * rng.normal(size=(N, M)), "O": sigmoid(x @ W + b), "x": x, "W": W}
    return Case(f"N = {N}, D = {D}, M = {M}", arguments)


def _layer_transposed(upstream: Tensor, x: Tensor, W: Tensor, b: Tensor, offset: Tensor) -> Tensor:
    """An error whose gradient sends δ through W instead of its transpose (square layers only)."""
    at = (x @ W + b + offset).detach()
    return (upstream * torch.sigmoid(at + (x - x.detach()) @ W.T)).sum()


def _layer_input_ignored(upstream: Tensor, x: Tensor, W: Tensor, b: Tensor, offset: Tensor) -> Tensor:
    at = (x @ W + b + offset).detach()
    return (upstream * torch.sigmoid(at + torch.ones_like(x) @ (W - W.detach()))).sum()


SIGMOID_LINEAR_BACKWARD = gradient_exercise(
    "sigmoid_linear_backward(upstream, O, x, W)",
    CHAPTER,
    LAYER,
    {"dx": 1, "dW": 1, "db": 1},
    _sigmoid_linear_inputs,
    _sigmoid_linear,
    {"dx": "x", "dW": "W", "db": "b"},
    _sigmoid_linear_given,
    [
        *(wrong(name, partial(_sigmoid_linear, activation=activation)) for name, activation in WRONG_SLOPES),
        wrong("upstream-ignored", instead(_sigmoid_linear, upstream=torch.ones_like)),
        wrong("first-sample-only", instead(_sigmoid_linear, upstream=first_row_only)),
        wrong("weights-transposed", _layer_transposed, "dx"),
        wrong("input-ignored", _layer_input_ignored, "dW"),
    ],
    may_call=("weight_gradient", "bias_gradient"),
)


# --- gradient_check

# f(x) = Σ a sin(c x + b) + 0.05 (Σ a x)²: smooth, no entry of its gradient near 0 unless that a is exactly 0. With
# c = 5 an h of 1e-4 already shows.


def _checked_function(x: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return (a * torch.sin(c * x + b)).sum() + 0.05 * (a * x).sum() ** 2


def _gradient_check_inputs(rng: Rng) -> list[Case]:
    """Draw gradients that are right, a little off in every entry, off in one entry, and exactly 0 where f is flat."""
    shapes = ((5,), (2, 3), (1,), (4, 1), (2, 3, 2), (12,), (1, 1, 1))
    off = [_gradient_check_case(rng, "every entry off", shape, 0.3 * rng.normal(size=shape)) for shape in shapes]
    one = [_gradient_check_case(rng, "one entry off", shape, _one_entry(rng, shape)) for shape in ((6,), (3, 2))]
    right = [_gradient_check_case(rng, "right gradient", shape, np.zeros(shape)) for shape in ((4,), (2, 2))]
    flat = _gradient_check_case(rng, "f does not depend on one entry", (5,), 0.1 * rng.normal(size=5), flat=True)
    tiny = _gradient_check_case(rng, "one entry of 4e-9 where f is flat", (4,), np.zeros(4), flat=True)
    tiny.arguments["analytic"][0] = 4e-9
    bent = _gradient_check_case(rng, "right gradient of an f that bends more", (3,), np.zeros(3), c=5.0)
    slight = [
        _gradient_check_case(rng, f"every entry off by {size:g}", (2, 2), size * signs(rng, (2, 2)))
        for size in (1e-4, 1e-6)
    ]
    eleventh = _gradient_check_case(rng, "the eleventh entry off", (12,), -2.0 * (np.arange(12) == 10))
    return [*off, *one, *right, bent, flat, tiny, *slight, eleventh]


def _one_entry(rng: Rng, shape: tuple[int, ...]) -> Array:
    relative = np.zeros(shape)
    relative.flat[rng.integers(relative.size - 1)] = -2.0  # the sign reversed, in an entry that is not the last
    return relative


def _gradient_check_case(
    rng: Rng, label: str, shape: tuple[int, ...], off: Array, flat: bool = False, c: float = 1.0
) -> Case:
    """Return a case whose analytic gradient is the right one times (1 + off)."""
    a = rng.uniform(0.3, 1.0, shape) * rng.choice([-1.0, 1.0], shape)
    if flat:
        a.flat[0] = 0.0
    x = rng.uniform(-0.4, 0.4, shape) / c
    given = {"x": x, "a": a, "b": rng.uniform(-0.2, 0.2, shape), "c": np.array(c)}
    analytic = gradient(_checked_function, given, "x") * (1 + off)
    return Case(f"{label}, shape {shape}", {**given, "analytic": analytic}, given)


Gradient: TypeAlias = Callable[[Mapping[str, Array]], Array]


def _error_against(of: Gradient, case: Case) -> Arrays:
    return {"value": np.array(relative_error(case.arguments["analytic"], of(case.oracle_inputs)))}


def _central(given: Mapping[str, Array], h: float = 1e-5) -> Array:
    return central_differences(_checked_function, given, ["x"], h)["x"]


def _one_sided(given: Mapping[str, Array], h: float = 1e-5) -> Array:
    """Differences to the right of x: the central ones at x + h/2, entry by entry."""
    units = np.eye(given["x"].size).reshape(-1, *given["x"].shape)
    entries = [_central({**given, "x": given["x"] + h / 2 * unit}, h / 2).flat[i] for i, unit in enumerate(units)]
    return np.array(entries).reshape(given["x"].shape)


def _wrong_gradient(mistake: str, of: Gradient) -> Suspect:
    return Suspect(mistake, "value", lambda case: _error_against(of, case)["value"])


def _wrong_error(mistake: str, error: Callable[[Array, Array], Array]) -> Suspect:
    return Suspect(mistake, "value", lambda case: error(case.arguments["analytic"], _central(case.oracle_inputs)))


def _relative(a: Array, b: Array, size: Array) -> Array:
    return abs(a - b) / np.maximum(size, 1e-8)


GRADIENT_CHECK = Exercise(
    name="gradient_check",
    signature="gradient_check(f, analytic, x)",
    chapter=CHAPTER,
    section=NUMERICAL,
    points={"value": 2},
    inputs=_gradient_check_inputs,
    attempt=attempt_gradient_check,
    expected=partial(_error_against, lambda given: gradient(_checked_function, given, "x")),
    numerical=partial(_error_against, _central),
    judge=compare_with_expected,
    suspects=[
        _wrong_gradient("one-sided", _one_sided),
        _wrong_gradient("one-sided", lambda given: 2 * _central(given) - _one_sided(given)),
        _wrong_gradient("h-for-2h", lambda given: 2 * _central(given)),
        _wrong_gradient("step-too-large", lambda given: _central(given, 0.1)),
        _wrong_gradient("copy-not-seen", lambda given: np.zeros(given["x"].shape)),
        _wrong_error("absolute-not-relative", lambda a, b: abs(a - b).max()),
        _wrong_error("mean-not-max", lambda a, b: _relative(a, b, abs(a) + abs(b)).mean()),
        _wrong_error("other-denominator", lambda a, b: _relative(a, b, np.maximum(abs(a), abs(b))).max()),
        _wrong_error("other-denominator", lambda a, b: _relative(a, b, abs(a)).max()),
        _wrong_error("other-denominator", lambda a, b: _relative(a, b, abs(b)).max()),
        _wrong_error("norm-not-max", lambda a, b: norm(a - b) / np.maximum(norm(a) + norm(b), 1e-8)),
    ],
)


# --- mlp_gradients


def _mlp_error(
    X: Tensor,
    T: Tensor,
    W1: Tensor,
    b1: Tensor,
    W2: Tensor,
    b2: Tensor,
    hidden: Activation = torch.sigmoid,
    output: Activation = torch.sigmoid,
) -> Tensor:
    """Return E; of several networks side by side, stacked along a first axis, one E each."""
    return 0.5 * ((output(hidden(X @ W1 + b1) @ W2 + b2) - T) ** 2).sum((-2, -1))


BUILDING_BLOCKS = (
    "output_delta",
    "hidden_delta",
    "weight_gradient",
    "bias_gradient",
    "sigmoid_linear_backward",
)
# (N, D, H, K): all sizes different, one sample, one unit in each place, squares, and one that is larger.
MLP_SIZES = (
    (5, 2, 3, 4),
    (1, 3, 2, 2),
    (4, 2, 3, 1),
    (3, 3, 3, 3),
    (2, 2, 2, 2),
    (6, 4, 5, 2),
    (4, 4, 4, 4),
    (3, 1, 4, 2),
    (5, 3, 1, 2),
    (9, 7, 6, 8),
    (1, 1, 1, 1),
    (11, 13, 12, 14),
)


def _mlp_gradients_inputs(rng: Rng) -> list[Case]:
    far_out = _mlp_gradients_case(rng, 5, 2, 3, 4, scale=8.0)
    cases = [_mlp_gradients_case(rng, *sizes) for sizes in MLP_SIZES]
    return [
        *cases,
        replace(far_out, label=f"large weights, {far_out.label}"),
        _mlp_with_nets(rng, nets_near_zero, "pre-activations near 0"),
        _mlp_with_nets(rng, nets_far_out, "pre-activations beyond ±6"),
        _mlp_with_nets(rng, overflowing_nets, f"pre-activations near ±{FULL:g}"),
        *(_nearly_right_network(rng, size) for size in RESIDUALS[:2]),
        _network_of_twins(rng),
    ]


def _mlp_with_nets(rng: Rng, draw: Callable[[Rng, tuple[int, ...]], Array], label: str) -> Case:
    """Draw the pre-activations of every unit but the last of each layer by `draw`; they hardly differ by sample.

    Through the last units the gradient comes whatever the others do.
    """
    case = _mlp_gradients_case(rng, 4, 3, 5, 3)
    net1, net2 = draw(rng, (5,)), draw(rng, (3,))
    net1[-1], net2[-1] = 0.3, -0.2
    values = {**case.arguments, "T": rng.uniform(size=(4, 3)), "b1": net1}
    values["W1"] = 0.01 * abs(net1).min() * values["W1"]
    hidden = sigmoid(values["X"] @ values["W1"] + net1)
    return Case(f"{label}, {case.label}", {**values, "b2": net2 - hidden[0] @ values["W2"]})


def _outputs(values: Mapping[str, Array]) -> Array:
    return sigmoid(sigmoid(values["X"] @ values["W1"] + values["b1"]) @ values["W2"] + values["b2"])


def _nearly_right_network(rng: Rng, size: float) -> Case:
    """Draw targets about `size` from the outputs."""
    case = _mlp_gradients_case(rng, 5, 3, 4, 2)
    off = size * signs(rng, (5, 2)) * rng.uniform(0.7, 1.0, (5, 2))
    values = {**case.arguments, "T": _outputs(case.arguments) - off}
    return Case(f"outputs {size:g} from their targets, {case.label}", values)


def _network_of_twins(rng: Rng) -> Case:
    """Give every sample a twin with nearly the same input and nearly the opposite error."""
    case = _mlp_gradients_case(rng, 3, 3, 4, 2)
    values = twinned(rng, case.arguments, X=(0, 1.0))
    O = _outputs(values)
    error = np.minimum(O, 1 - O)[:3] * signs(rng, (3, 2)) * rng.uniform(0.5, 0.9, (3, 2))
    values["T"] = O - with_twins(rng, error, 0, -1.0)
    return Case("samples that nearly cancel, N = 6, D = 3, H = 4, K = 2", values)


def _mlp_gradients_case(rng: Rng, N: int, D: int, H: int, K: int, scale: float = 1.0) -> Case:
    values = {
        "X": rng.normal(size=(N, D)),
        "T": rng.integers(0, 2, (N, K)).astype(float) if N % 2 else rng.uniform(size=(N, K)),
        "W1": scale * rng.normal(size=(D, H)),
        "b1": rng.normal(size=H),
        "W2": scale * rng.normal(size=(H, K)),
        "b2": rng.normal(size=K),
    }
    return Case(f"N = {N}, D = {D}, H = {H}, K = {K}", values)


def _mlp_upstream_transposed(X: Tensor, T: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor) -> Tensor:
    """An error whose gradient sends δ_k through W2 instead of its transpose (square layers only)."""
    H = torch.sigmoid(X @ W1 + b1)
    return (_output_delta_of(H @ W2 + b2, T) * (H @ W2.T)).sum()


def _mlp_hidden_for_delta(X: Tensor, T: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor) -> Tensor:
    """An error whose gradient sends O_k, not δ_k, back to the hidden layer."""
    H = torch.sigmoid(X @ W1 + b1)
    return (sigmoid_of(H @ W2 + b2) * (H @ W2)).sum()


def _output_delta_of(net: Tensor, T: Tensor) -> Tensor:
    """Return ∂E/∂net as a constant, from autograd."""
    at = net.detach().requires_grad_()
    return torch.autograd.grad(_output_error(at, T), at)[0]


def _mlp_input_for_hidden(case: Case) -> Array:
    """∂E/∂W2 with the network's input X in the place of the hidden activations."""
    X, T, W1, b1, W2, b2 = (torch.tensor(value) for value in case.oracle_inputs.values())
    return weights_between(X.numpy(), _output_delta_of(torch.sigmoid(X @ W1 + b1) @ W2 + b2, T).numpy())


def _mlp_suspects() -> list[Wrong | Suspect]:
    missing, lower = dict(WRONG_SLOPES)["slope-missing"], ("dW1", "db1")
    return [
        wrong("output-slope-missing", partial(_mlp_error, output=missing)),
        wrong("hidden-slope-missing", partial(_mlp_error, hidden=missing), *lower),
        wrong("slope-missing", partial(_mlp_error, hidden=missing, output=missing), *lower),
        wrong("outputs-for-deltas", _mlp_hidden_for_delta, *lower),
        wrong("weights-transposed", _mlp_upstream_transposed, *lower),
        *(
            wrong(mistake, forward)
            for mistake, slope in WRONG_SLOPES[1:]
            for forward in (
                partial(_mlp_error, hidden=slope, output=slope),
                partial(_mlp_error, hidden=slope),
                partial(_mlp_error, output=slope),
            )
        ),
        Suspect("input-for-hidden", "dW2", _mlp_input_for_hidden),
    ]


MLP_GRADIENTS = gradient_exercise(
    "mlp_gradients(X, T, W1, b1, W2, b2)",
    CHAPTER,
    LAYER,
    {"dW1": 1, "db1": 1, "dW2": 1, "db2": 1},
    _mlp_gradients_inputs,
    _mlp_error,
    {"dW1": "W1", "db1": "b1", "dW2": "W2", "db2": "b2"},
    suspects=_mlp_suspects(),
    may_call=BUILDING_BLOCKS,
)


# --- train_xor

XOR_X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR_T = np.array([[0.0], [1.0], [1.0], [0.0]])
# Measured: 8 hidden units at learning rate 4 get XOR right from every one of 10,000 starts N(0, 0.01²), N(0, 0.5²) or
# U(0, 1), from all but one of 20,000 starts N(0, 1), and from 98 of 100 starts N(0, 2²). Hence one seed for everybody:
# who starts badly sees that in the notebook, not first in the grade.
LONG_RUN = {"hidden": 8, "lr": 4.0, "epochs": 1000, "seed": 1}
STOPS = (250, 500, 750)  # epochs after which a long run is looked at as well, equally far apart


def _train_xor_inputs(rng: Rng) -> list[Case]:
    short = [_train_xor_case(rng, *sizes) for sizes in ((4, 3, 12), (3, 2, 5), (1, 4, 4), (6, 5, 3), (8, 3, 1))]
    wild = _train_xor_case(rng, 4, 3, 3)
    wild = replace(wild, arguments={**wild.arguments, "lr": 1e5}, label=f"a learning rate of 100000, {wild.label}")
    long = Case("XOR, a long run", {"X": XOR_X, "T": XOR_T, **LONG_RUN, "stops": STOPS}, repeat=False)
    return [*short, wild, long]


def _train_xor_case(rng: Rng, N: int, hidden: int, epochs: int) -> Case:
    """Return a short run on N rows of XOR, the start drawn here standing in until the learner's is known."""
    rows = rng.permutation(np.arange(N) % 4)
    X, T = XOR_X[rows], XOR_T[rows]
    arguments = {"X": X, "T": T, "hidden": hidden, "lr": float(rng.uniform(0.3, 1.5)), "epochs": epochs}
    start = {name: rng.normal(size=shape) for name, shape in _shapes(hidden).items()}
    label = f"N = {N}, {hidden} hidden units, {epochs} epochs"
    return Case(label, {**arguments, "seed": int(rng.integers(2**31)), "stops": ()}, {"X": X, "T": T, **start})


def _shapes(hidden: int) -> dict[str, tuple[int, ...]]:
    return {"W1": (2, hidden), "b1": (hidden,), "W2": (hidden, 1), "b2": (1,)}


def _with_learners_start(case: Case, answers: Mapping[str, Answer]) -> Case:
    """Put the learner's own start into the case, if it is one, so that the oracles can replay from there."""
    start = _params(answers, "start", case)
    return case if isinstance(start, Verdict) else replace(case, oracle_inputs={**case.oracle_inputs, **start})


def _params(answers: Mapping[str, Answer], run: str, case: Case) -> dict[str, Array] | Verdict:
    """Return the parameters of a run, a bias that came as a row without its first axis, or the verdict on the first
    that cannot be used."""
    found: dict[str, Array] = {}
    for name, shape in _shapes(case.arguments["hidden"]).items():
        answer = answers.get(f"{run} {name}")
        if isinstance(answer, np.ndarray) and answer.shape == (1, *shape):
            answer = answer[0]
        verdict = _usable(answer, shape)
        if isinstance(answer, Unusable) or answer is None or not verdict.right:
            return replace(verdict, message=f"{name}: {verdict.message}")
        found[name] = answer
    return found


def _usable(answer: Answer | None, shape: tuple[int, ...]) -> Verdict:
    """Judge shape and finiteness only: any numbers will do."""
    if isinstance(answer, np.ndarray) and answer.shape == shape:
        return compare(answer, answer)
    return compare(Unusable("nothing") if answer is None else answer, np.zeros(shape))


def _is_long(case: Case) -> bool:
    return bool(case.arguments["epochs"] == LONG_RUN["epochs"])


def _run(case: Case) -> Run:
    """Return what a case trains, from the start it holds."""
    params = {name: case.oracle_inputs[name] for name in PARAMS}
    batch = {name: case.oracle_inputs[name] for name in ("X", "T")}
    return Run(params, [batch] * case.arguments["epochs"], case.arguments["lr"])


def _replay(step: Step, case: Case) -> Arrays:
    """Descend from the start in the case; return the losses, each before its update, and the parameters at the end."""
    if _is_long(case):
        return {}
    *before, end = path(_run(case), step)
    batch = {name: case.oracle_inputs[name] for name in ("X", "T")}
    return {"trajectory": np.array([_loss(params, batch) for params in before]), **end}


_loss = loss_of(_mlp_error)


def _judge_train_xor(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    if _is_long(case):
        return {"trajectory": _judge_long_run(case, answers), "accuracy": _judge_accuracy(case, answers)}
    return {"start": _judge_start(case, answers), "trajectory": _judge_trajectory(exercise, case, answers)}


def _judge_length(case: Case, answers: Mapping[str, Answer]) -> Verdict:
    """A run that stops when it likes the loss returns too few losses: only a long run shows that."""
    verdict = _usable(answers["trajectory"], (case.arguments["epochs"],))
    return verdict if verdict.right else replace(verdict, message=f"the losses: {verdict.message}")


def _judge_long_run(case: Case, answers: Mapping[str, Answer]) -> Verdict:
    """Follow the run from each stop to the next one, where the learner's own parameters are known at all of them."""
    length = _judge_length(case, answers)
    stops = [_params(answers, run, case) for run in ("start", *(f"at {stop}" for stop in STOPS), "end")]
    known = [params for params in stops if not isinstance(params, Verdict)]
    if not length.right or len(known) < len(stops):
        return length
    losses = np.reshape(np.asarray(answers["trajectory"]), (len(STOPS) + 1, -1))
    stretches = [{"losses": row, **end} for row, end in zip(losses, known[1:], strict=True)]
    error = partial(_mlp_error, torch.tensor(XOR_X), torch.tensor(XOR_T))
    return judge_stretches(error, known[:-1], stretches, case.arguments["lr"])


def _judge_start(case: Case, answers: Mapping[str, Answer]) -> Verdict:
    shapes = _shapes(case.arguments["hidden"])
    checks = [(name, _usable(answers[f"start {name}"], shape)) for name, shape in shapes.items()]
    checks.append(("the list of losses with epochs = 0", _usable(answers["start losses"], (0,))))
    for name, verdict in checks:
        if not verdict.right:
            return replace(verdict, message=f"{name}: {verdict.message}")
    if not _same_params(answers, "again", case):
        return Verdict("not repeatable", "the same seed gives another start")
    if _units_all_alike(case):
        return Verdict("same start", "every hidden unit has the same weights", mistake="zero-start")
    if _same_params(answers, "other", case):
        return Verdict("seed ignored", "another seed gives the same start")
    return RIGHT


def _same_params(answers: Mapping[str, Answer], run: str, case: Case) -> bool:
    return all(agree(answers[f"{run} {name}"], case.oracle_inputs[name]) for name in PARAMS)


def _units_all_alike(case: Case) -> bool:
    units = np.vstack(
        [case.oracle_inputs["W1"], case.oracle_inputs["b1"], case.oracle_inputs["W2"].T]
    )  # one column a hidden unit
    return bool((units == units[:, :1]).all())


def _judge_trajectory(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> Verdict:
    start, end = _params(answers, "start", case), _params(answers, "end", case)
    if isinstance(start, Verdict):
        without = "the losses cannot be judged without the start they come from; there "
        return Verdict("not judged", without + start.message)
    for name, right in exercise.expected(case).items():
        if name != "trajectory" and isinstance(end, Verdict):
            return replace(end, message=f"at the end, {end.message}")
        verdict = compare(answers[name] if isinstance(end, Verdict) or name == "trajectory" else end[name], right)
        if not verdict.right:
            what = "the losses" if name == "trajectory" else f"{name} at the end"
            return replace(verdict, message=f"{what}: {verdict.message}" if verdict.message else what)
    return RIGHT


def _judge_accuracy(case: Case, answers: Mapping[str, Answer]) -> Verdict:
    end = _params(answers, "end", case)
    if isinstance(end, Verdict):
        return end
    H = sigmoid(XOR_X @ end["W1"] + end["b1"])
    right = int(((H @ end["W2"] + end["b2"] > 0) == (XOR_T > 0.5)).sum())
    if right == len(XOR_T):
        return RIGHT
    run = "{hidden} hidden units, learning rate {lr:g} and {epochs} epochs".format(**LONG_RUN)
    return Verdict("not learned", f"{right} of {len(XOR_T)} XOR rows are right after training with {run}")


def _through_new_weights(
    X: Tensor, T: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor, new_W2: Tensor, new_b2: Tensor
) -> Tensor:
    """Send δ_k back through the new W2."""
    H = torch.sigmoid(X @ W1 + b1)
    return (_output_delta_of(H @ W2 + b2, T) * (H @ new_W2)).sum()


def _wrong_run(mistake: str, step: Step, factor: Callable[[int], float] = lambda N: 1.0) -> Suspect:
    """Return the mistake of this other update; factor(N) is what the recorded losses are multiplied by."""

    def formula(case: Case) -> Array:
        return losses(_run(case), step, _loss) * factor(len(case.oracle_inputs["X"]))

    return Suspect(mistake, "trajectory", formula)


def _times(factor: Callable[[int], float]) -> Step:
    return scaled(RIGHT_STEP, lambda batch: factor(len(batch["X"])))


RIGHT_STEP = descent(_mlp_error)
_MISSING = dict(WRONG_SLOPES)["slope-missing"]
_TRAIN_SUSPECTS = [
    _wrong_run("ascent", _times(lambda N: -1.0)),
    _wrong_run("batch-mean", _times(lambda N: 1 / N)),
    _wrong_run("batch-mean", _times(lambda N: 1 / N), lambda N: 1 / N),
    _wrong_run("mean-over-all", _times(lambda N: 2 / N), lambda N: 2 / N),
    _wrong_run("factor-two", _times(lambda N: 2.0)),
    _wrong_run("factor-two", _times(lambda N: 2.0), lambda N: 2.0),
    _wrong_run("weights-updated-early", updated_early(_mlp_error, _through_new_weights, ("W2", "b2"))),
    _wrong_run("sample-by-sample", one_by_one(RIGHT_STEP)),
    _wrong_run("never-updated", no_step),
    _wrong_run("biases-frozen", descent(_mlp_error, only=("W1", "W2"))),
    _wrong_run("output-slope-missing", descent(partial(_mlp_error, output=_MISSING))),
    _wrong_run("hidden-slope-missing", descent(partial(_mlp_error, hidden=_MISSING))),
    _wrong_run("loss-not-half", RIGHT_STEP, lambda N: 2.0),
    _wrong_run("loss-mean", RIGHT_STEP, lambda N: 2 / N),
    _wrong_run("loss-mean", RIGHT_STEP, lambda N: 1 / N),
    Suspect("loss-after-update", "trajectory", lambda case: losses(_run(case), RIGHT_STEP, _loss, after=True)),
]

TRAIN_XOR = Exercise(
    name="train_xor",
    signature="train_xor(X, T, hidden, lr, epochs, seed)",
    chapter=CHAPTER,
    section=XOR,
    points={"start": 1, "trajectory": 2, "accuracy": 1},
    inputs=_train_xor_inputs,
    attempt=attempt_train_xor,
    expected=partial(_replay, RIGHT_STEP),
    numerical=partial(_replay, descent(_mlp_error, central_differences)),
    judge=_judge_train_xor,
    complete=_with_learners_start,
    suspects=_TRAIN_SUSPECTS,
    may_call=(*BUILDING_BLOCKS, "mlp_gradients"),
)
