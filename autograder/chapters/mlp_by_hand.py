"""The exercises of chapter 05: LeakyReLU, softmax, one step. Sizes: N samples, D inputs, H hidden, K classes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, localcontext
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from autograder.attempts.answers import Answer, Array, Unusable
from autograder.attempts.mlp_by_hand import PARAMS, attempt_sgd_step
from autograder.builders.forward_exercise import forward_exercise, value_of
from autograder.builders.gradient_exercise import gradient_exercise
from autograder.builders.inputs import CLOSE, signs, zeros_after_positive
from autograder.builders.networks import (
    FROM_KINK,
    ORDERS,
    beside_the_kink,
    draw_network,
    hidden_twins,
    logits_far_apart,
    network_case,
    rows_far_apart,
    samples_alike,
    shifted,
)
from autograder.builders.suspects import Wrong, slips, weights_between, wrong
from autograder.exercise import Arrays, Case, Exercise, Section, Suspect, Verdict
from autograder.judging import RIGHT, compare
from autograder.oracles.autodiff import Forward, differences_from_below
from autograder.oracles.faulty_networks import (
    OTHER_ACTIVATIONS,
    OTHER_PROBABILITIES,
    SLOPES_OF_HIDDEN,
    WRONG_LEAKY_SLOPES,
    WRONG_LOSSES,
    Activation,
    Loss,
    Probabilities,
    leaky_relu,
    logits_gradient,
    network_error,
    softmax,
    with_leaky_slope,
)
from autograder.oracles.reference_networks import logits, mean_cross_entropy
from autograder.oracles.tensors import Tensor, torch

CHAPTER = "05_mlp_by_hand"

LEAKY = Section("mlp-by-hand-leaky", "LeakyReLU and its slope")
CROSS_ENTROPY_SECTION = Section("mlp-by-hand-cross-entropy", "Softmax and cross-entropy")
LOGITS = Section("mlp-by-hand-logits", "The gradient at the logits")
FORWARD = Section("mlp-by-hand-forward", "Forward")
BACKWARD = Section("mlp-by-hand-backward", "The whole network")
STEP = Section("mlp-by-hand-step", "The step")

Rng: TypeAlias = np.random.Generator


# --- leaky_relu and leaky_relu_backward

SLOPES = (0.1, 0.0, 0.3, 0.2, 0.0, 0.5, 0.05, 0.9)
SHAPES = ((4, 3), (5, 2), (1, 4), (6,), (2, 3, 4), (3, 3), (7, 1), (1, 1))


def _nets(rng: Rng) -> list[tuple[str, Array, float]]:
    """Draw label, net and slope; every other net holds an entry that is exactly 0."""
    drawn = []
    for i, (shape, a) in enumerate(zip(SHAPES, SLOPES, strict=True)):
        net = rng.uniform(0.05, 3, shape) * rng.choice([-1.0, 1.0], shape)
        if i % 2 == 0:
            net.flat[rng.integers(net.size)] = 0.0
        elif net.size > 1:
            net.flat[0] = a / 2 or 0.5  # between 0 and the slope
        net.flat[-1] = -abs(net.flat[-1])
        drawn.append((f"shape {shape}, slope {a}" + (", one net exactly 0" if i % 2 == 0 else ""), net, a))
    tiny = signs(rng, (4,)) * [1e-9, 1e-15, 1e-30, 1e-9]
    return [
        *drawn,
        ("nets of 0 after positive ones, slope 0.35", zeros_after_positive(rng), 0.35),
        (
            "the first net 0, twelve in all, slope 0.15",
            np.append(0.0, signs(rng, (11,)) * rng.uniform(0.1, 9, 11)),
            0.15,
        ),
        ("nets nearly 0, slope 0.4", np.append(tiny, -tiny), 0.4),
        ("every net 0, slope 0.25", np.zeros((2, 2)), 0.25),
    ]


def _leaky_relu_inputs(rng: Rng) -> list[Case]:
    return [Case(label, {"net": net, "negative_slope": a}) for label, net, a in _nets(rng)]


def _leaky_relu_from_absolute_value(case: Case) -> Array:
    net, a = case.names.net, case.names.negative_slope
    return np.asarray((1 + a) / 2 * net + (1 - a) / 2 * abs(net))


LEAKY_RELU = forward_exercise(
    "leaky_relu(net, negative_slope)",
    CHAPTER,
    LEAKY,
    {"value": 1},
    _leaky_relu_inputs,
    lambda net, negative_slope: leaky_relu(net, negative_slope),
    _leaky_relu_from_absolute_value,
    suspects=slips(
        "value",
        [
            ("plain-relu", lambda of: np.where(of.net > 0, of.net, 0)),
            ("slope-hard-coded", lambda of: np.where(of.net > 0, of.net, 0.01 * of.net)),
            ("slope-not-multiplied", lambda of: np.where(of.net > 0, of.net, of.negative_slope)),
            ("slope-negated", lambda of: np.where(of.net > 0, of.net, -of.negative_slope * of.net)),
            ("slope-inverted", lambda of: np.where(of.net > 0, of.net, of.net / np.float64(of.negative_slope))),
            ("sides-swapped", lambda of: np.where(of.net > 0, of.negative_slope * of.net, of.net)),
            ("one-slope-for-both", lambda of: of.negative_slope * of.net),
            ("slope-for-activation", lambda of: np.where(of.net > 0, 1, of.negative_slope)),
        ],
    ),
)


def _through_leaky_relu(
    upstream: Tensor, net: Tensor, negative_slope: float, activation: Activation = leaky_relu
) -> Tensor:
    return (upstream * activation(net, negative_slope)).sum()


def _leaky_relu_backward_inputs(rng: Rng) -> list[Case]:
    cases = [
        Case(label, {"upstream": rng.normal(size=net.shape), "net": net, "negative_slope": a})
        for label, net, a in _nets(rng)
    ]
    small = {"upstream": 1e-7 * rng.normal(size=(3, 2)), "net": rng.normal(size=(3, 2)), "negative_slope": 0.3}
    return [*cases, Case("small upstream gradients, shape (3, 2), slope 0.3", small)]


def _instead_of_product(mistake: str, entry: Callable[[Tensor, Tensor, float], Tensor]) -> Wrong:
    """Return the mistake of answering entry(upstream, net, a)."""

    def forward(upstream: Tensor, net: Tensor, negative_slope: float) -> Tensor:
        return (entry(upstream, net.detach(), negative_slope) * net).sum()

    return wrong(mistake, forward)


def _left_of_the_kink(forward: Forward, given: Mapping[str, Any], wrt: Iterable[str]) -> dict[str, Array]:
    """Piecewise linear: the slope at a positive net is the one a little farther from the kink, on the left side too."""
    net = given["net"]
    return differences_from_below(forward, {**given, "net": np.where(net > 0, np.maximum(net, FROM_KINK), net)}, wrt)


LEAKY_RELU_BACKWARD = gradient_exercise(
    "leaky_relu_backward(upstream, net, negative_slope)",
    CHAPTER,
    LEAKY,
    {"value": 2},
    _leaky_relu_backward_inputs,
    _through_leaky_relu,
    {"value": "net"},
    suspects=[
        *(
            wrong(mistake, partial(_through_leaky_relu, activation=with_leaky_slope(slope)))
            for mistake, slope in WRONG_LEAKY_SLOPES
        ),
        _instead_of_product("upstream-ignored", lambda g, net, a: torch.where(net > 0, 1.0, a)),
        _instead_of_product("slope-not-multiplied", lambda g, net, a: torch.where(net > 0, g, a)),
        _instead_of_product("net-for-upstream", lambda g, net, a: torch.where(net > 0, g, a * net)),
        _instead_of_product("net-for-upstream", lambda g, net, a: torch.where(net > 0, net, a * net)),
        _instead_of_product("side-of-upstream", lambda g, net, a: torch.where(g > 0, g, a * g)),
    ],
    differences=_left_of_the_kink,
)


# --- cross_entropy and cross_entropy_backward

# (N, K): all sizes different, one sample, squares, where softmax along the wrong axis fits as well, one class, and more
# than ten of either.
CE_SIZES = ((4, 3), (5, 2), (1, 3), (1, 2), (6, 4), (3, 3), (2, 2), (7, 5), (3, 1), (12, 14))


def _cross_entropy_inputs(rng: Rng) -> list[Case]:
    usual = [
        Case(f"N = {N}, K = {K}", _logits_and_labels(rng.normal(scale=1.3, size=(N, K)), rng), parts=("value",))
        for N, K in CE_SIZES
    ]
    usual[-1].arguments["labels"][:3] = 13, 10, 13
    return [*usual, *_large_logits(rng), *_telling_logits(rng)]


def _telling_logits(rng: Rng) -> list[Case]:
    """Draw logits where single precision loses digits, though exp neither overflows nor underflows, and equal rows."""
    labels = np.array([2, 0, 1])
    sure = rng.normal(size=(3, 4))
    sure[np.arange(3), labels] += 13.0
    alike = _logits_and_labels(np.tile(rng.normal(size=(1, 3)), (4, 1)), rng)
    cases = {
        "sure of the right classes": {"logits": sure, "labels": labels},
        "logits near −400": _logits_and_labels(rng.normal(size=(4, 3)) - 400, rng),
        "rows alike": alike,
        "one label for all, logits alike": {"logits": np.full((3, 4), 0.7), "labels": np.full(3, 2)},
    }
    return [Case(label, arguments, parts=("value",)) for label, arguments in cases.items()]


def _logits_and_labels(z: Array, rng: Rng) -> dict[str, Array]:
    return {"logits": z, "labels": rng.integers(0, z.shape[1], len(z))}


def _large_logits(rng: Rng) -> list[Case]:
    """Draw logits where exp overflows, where it underflows, and where a label's probability is 0 in float64."""
    up, down = rng.normal(size=(4, 3)) + 1000, rng.normal(size=(3, 4)) - 1000
    both = rng.normal(size=(5, 3)) + np.array([[1000.0], [-1000.0], [1000.0], [0.0], [-1000.0]])
    far = rng.normal(size=(4, 5))
    far[:, 1], far[:, 3] = 1000.0, -1000.0
    cases = {
        "logits near 1000": _logits_and_labels(up, rng),
        "logits near −1000": _logits_and_labels(down, rng),
        "rows near 1000 and near −1000": _logits_and_labels(both, rng),
        "a logit of 1000 beside others, labels on each kind": {"logits": far, "labels": np.array([3, 1, 0, 3])},
        "one sample, the label's logit 2000 below": {"logits": np.array([[1000.0, -1000.0]]), "labels": np.array([1])},
    }
    return [Case(label, arguments, parts=("stability",)) for label, arguments in cases.items()]


def _cross_entropy_in_decimals(case: Case) -> float:
    """Evaluate −log(exp z_y / Σ exp z) as it stands, in fifty decimal digits, where nothing overflows."""
    with localcontext() as context:
        context.prec = 50
        losses = []
        for row, label in zip(case.names.logits, case.names.labels, strict=True):
            powers = [Decimal(float(z)).exp() for z in row]
            losses.append(-(powers[label] / sum(powers)).ln())
        return float(sum(losses) / len(losses))


def _of_target(logits: Tensor, labels: Tensor, probabilities: Probabilities = softmax) -> Tensor:
    return probabilities(logits).gather(1, labels[:, None])[:, 0]


def _from_probabilities(mistake: str, probabilities: Probabilities, epsilon: float = 0.0) -> Wrong:
    return wrong(mistake, lambda logits, labels: -(_of_target(logits, labels, probabilities) + epsilon).log().mean())


def _scaled_loss(mistake: str, factor: Callable[[int, int], float]) -> Wrong:
    return wrong(mistake, lambda logits, labels: mean_cross_entropy(logits, labels) * factor(*logits.shape))


def _log_of_sums(logits: Tensor, labels: Tensor, shift: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the mean of log Σ exp z − z_y, the logits shifted first."""
    z = logits - shift(logits)
    return (z.exp().sum(1).log() - z.gather(1, labels[:, None])[:, 0]).mean()


NO_LOGARITHM = ("softmax-missing", "thresholded-prediction")  # infinite or NaN whatever the logits

CROSS_ENTROPY = forward_exercise(
    "cross_entropy(logits, labels)",
    CHAPTER,
    CROSS_ENTROPY_SECTION,
    {"value": 1, "stability": 1},
    _cross_entropy_inputs,
    mean_cross_entropy,
    _cross_entropy_in_decimals,
    suspects=[
        *(_from_probabilities(*other) for other in OTHER_PROBABILITIES if other[0] not in NO_LOGARITHM),
        wrong("max-not-subtracted", partial(_log_of_sums, shift=lambda z: z.new_zeros(()))),
        wrong("max-over-everything", partial(_log_of_sums, shift=torch.max)),
        _from_probabilities("log-of-zero", softmax),
        *(
            _from_probabilities("epsilon-in-log", softmax, epsilon)
            for epsilon in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16, 1e-20)
        ),
        _scaled_loss("mean-missing", lambda N, K: N),
        _scaled_loss("divided-by-classes", lambda N, K: 1 / K),
        _scaled_loss("divided-by-classes", lambda N, K: N / K),
        _scaled_loss("mean-twice", lambda N, K: 1 / N),
        wrong("log-missing", lambda logits, labels: 1 - _of_target(logits, labels).mean()),
        wrong("log-missing", lambda logits, labels: -_of_target(logits, labels).mean()),
        wrong("first-sample-only", lambda logits, labels: -_of_target(logits, labels)[0].log()),
    ],
    whole=("labels",),
    part=lambda case: case.parts[0],
)


def _by_name(loss: Loss) -> Forward:
    return lambda logits, labels: loss(logits, labels)


CROSS_ENTROPY_BACKWARD = gradient_exercise(
    "cross_entropy_backward(logits, labels)",
    CHAPTER,
    LOGITS,
    {"value": 2, "stability": 1},
    _cross_entropy_inputs,
    mean_cross_entropy,
    lambda case: dict.fromkeys(case.parts, "logits"),
    suspects=[wrong(mistake, _by_name(loss)) for mistake, loss in WRONG_LOSSES],
    whole=("labels",),
)


# --- mlp_forward

# (N, D, H, K): all sizes different, one sample, squares, where a transpose fits without an error, one of everything,
# and more than ten of everything.
MLP_SIZES = (
    (5, 2, 3, 4),
    (1, 3, 4, 2),
    (4, 3, 2, 5),
    (6, 4, 5, 2),
    (3, 3, 3, 3),
    (2, 2, 2, 2),
    (4, 4, 4, 4),
    (1, 3, 3, 3),
    (7, 2, 4, 3),
    (1, 1, 1, 1),
    (14, 11, 12, 13),
)
MLP_SLOPES = (0.1, 0.3, 0.0, 0.2, 0.05, 0.0, 0.4, 0.25, 0.6, 0.35, 0.15)
KINKED = (0, 3, 5, 8)  # in these cases one pre-activation is exactly 0


def _mlp_inputs(arguments: Sequence[str], rng: Rng) -> list[Case]:
    cases = [
        network_case(draw_network(rng, sizes, i in KINKED), arguments, ORDERS[i % 3], negative_slope=a)
        for i, (sizes, a) in enumerate(zip(MLP_SIZES, MLP_SLOPES, strict=True))
    ]
    special = {
        "rows of logits near 1000 and near −1000": rows_far_apart(rng, draw_network(rng, (4, 3, 5, 3))),
        "logits of 1000 and −1000 in a row": logits_far_apart(draw_network(rng, (5, 3, 4, 4))),
        "logits near 1000": shifted(draw_network(rng, (4, 3, 3, 3)), 1000.0),
        "logits near −1000": shifted(draw_network(rng, (2, 3, 4, 4)), -1000.0),
        "samples alike": samples_alike(draw_network(rng, (4, 2, 3, 3))),
        "hidden units that nearly cancel": hidden_twins(rng, draw_network(rng, (4, 3, 3, 2))),
    }
    return cases + [
        replace(case, label=f"{label}, {case.label}")
        for label, drawn in special.items()
        for case in [network_case(drawn, arguments, negative_slope=0.2)]
    ]


def _mlp_forward_by_sums(case: Case) -> Array:
    """Evaluate every unit by itself, with exactly rounded sums."""
    x, params, a = case.arguments.values()
    W1, b1, W2, b2 = (params[name] for name in PARAMS)
    rows = []
    for sample in x:
        nets = [math.fsum([*(sample * W1[:, j]), b1[j]]) for j in range(len(b1))]
        hidden = [max(net, 0.0) + a * min(net, 0.0) for net in nets]
        rows.append([math.fsum([*(hidden * W2[:, k]), b2[k]]) for k in range(len(b2))])
    return np.array(rows)


def _wrong_forward(mistake: str, formula: Callable[..., Tensor]) -> Wrong:
    """Return the mistake of answering formula(x, W1, b1, W2, b2, a)."""
    return wrong(mistake, lambda x, negative_slope, **params: formula(x, *map(params.get, PARAMS), negative_slope))


def _with_activation(activation: Activation) -> Callable[..., Tensor]:
    return lambda x, W1, b1, W2, b2, a: activation(x @ W1 + b1, a) @ W2 + b2


MLP_FORWARD = forward_exercise(
    "mlp_forward(x, params, negative_slope)",
    CHAPTER,
    FORWARD,
    {"value": 2},
    partial(_mlp_inputs, ("x",)),
    logits,
    _mlp_forward_by_sums,
    suspects=[
        *(_wrong_forward(mistake, _with_activation(other)) for mistake, other in OTHER_ACTIVATIONS),
        _wrong_forward("activation-on-logits", lambda *a: leaky_relu(logits(*a), a[-1])),
        _wrong_forward("probabilities-for-logits", lambda *a: softmax(logits(*a))),
        _wrong_forward("bias-missing", lambda x, W1, b1, W2, b2, a: logits(x, W1, 0 * b1, W2, b2, a)),
        _wrong_forward("bias-missing", lambda x, W1, b1, W2, b2, a: logits(x, W1, b1, W2, 0 * b2, a)),
        _wrong_forward("bias-missing", lambda x, W1, b1, W2, b2, a: logits(x, W1, 0 * b1, W2, 0 * b2, a)),
        _wrong_forward("linear-weights", lambda x, W1, b1, W2, b2, a: logits(x, W1.T, b1, W2.T, b2, a)),
    ],
    may_call=("leaky_relu",),
)


# --- mlp_backward


def _instead_of_delta(send_back: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Forward:
    """Return a loss whose upstream gradient at the hidden layer is send_back(δ, p, W2)."""

    def forward(
        x: Tensor, labels: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor, negative_slope: float
    ) -> Tensor:
        h = leaky_relu(x @ W1 + b1, negative_slope)
        z = (h @ W2 + b2).detach()
        return (send_back(logits_gradient(z, labels), softmax(z), W2).detach() * h).sum()

    return forward


def _met_by_other(mistake: str, below: Callable[[Tensor, Tensor], Tensor]) -> Suspect:
    """Return the mistake of letting below(x, net) meet δ where the hidden activations belong."""

    def terms(labels: Tensor, **network: Any) -> tuple[Tensor, Tensor]:
        net = network["x"] @ network["W1"] + network["b1"]
        return below(network["x"], net), logits_gradient(logits(**network), labels)

    return Suspect(mistake, "W2", lambda case: weights_between(*value_of(terms, case.oracle_inputs)))


_BELOW = PARAMS[:2]

MLP_BACKWARD = gradient_exercise(
    "mlp_backward(x, labels, params, negative_slope)",
    CHAPTER,
    BACKWARD,
    dict.fromkeys(PARAMS, 1),
    partial(_mlp_inputs, ("x", "labels")),
    network_error,
    {name: name for name in PARAMS},
    suspects=[
        *(
            wrong(mistake, partial(network_error, activation=with_leaky_slope(slope)), *_BELOW)
            for mistake, slope in SLOPES_OF_HIDDEN
        ),
        *(wrong(mistake, partial(network_error, activation=other)) for mistake, other in OTHER_ACTIVATIONS),
        *(wrong(mistake, partial(network_error, loss=loss)) for mistake, loss in WRONG_LOSSES),
        *(
            wrong(mistake, _instead_of_delta(send_back), *_BELOW)
            for mistake, send_back in (
                ("weights-transposed", lambda d, p, W2: d @ W2),
                ("outputs-for-deltas", lambda d, p, W2: p @ W2.T),
                ("outputs-for-deltas", lambda d, p, W2: p @ W2.T / len(p)),
            )
        ),
        _met_by_other("input-for-hidden", lambda x, net: x),
        _met_by_other("net-for-activation", lambda x, net: net),
    ],
    may_call=("leaky_relu", "leaky_relu_backward", "cross_entropy", "cross_entropy_backward", "mlp_forward"),
    whole=("labels",),
    by_key=True,
    differences=beside_the_kink,
)


# --- sgd_step

# Square layers, so that W1 and W2 fit in each other's place, and the biases too.
STEP_SIZES = ((3, 3, 3), (2, 4, 3), (2, 2, 2), (1, 5, 2), (4, 4, 4), (3, 2, 3), (3, 3, 3), (1, 1, 1), (12, 11, 13))
RATES = (0.1, 0.5, np.float64(0.03), 2.0, 0.25, 0.0, 0.4, 0.3, 0.2)


def _sgd_step_inputs(rng: Rng) -> list[Case]:
    cases = []
    for i, ((D, H, K), lr) in enumerate(zip(STEP_SIZES, RATES, strict=True)):
        shapes = {"W1": (D, H), "b1": (H,), "W2": (H, K), "b2": (K,)}
        params = {name: rng.normal(size=shapes[name]) for name in ORDERS[i // 2 % 3]}
        order = tuple(params) if i % 2 else ("b2", "W2", "b1", "W1")
        gradients = {name: rng.normal(size=shapes[name]) for name in order}
        label = f"D = {D}, H = {H}, K = {K}, learning rate {lr:g}" + ("" if i % 2 else ", gradients in another order")
        cases.append(Case(label, {"params": params, "gradients": gradients, "lr": lr}))
    return [*cases, *_small_steps(rng, cases[0])]


def _small_steps(rng: Rng, case: Case) -> list[Case]:
    """Draw steps that end near 0, and small ones that start there."""
    gradients, lr = case.arguments["gradients"], 0.5
    near = {
        name: lr * g * (1 + CLOSE * signs(rng, g.shape) * rng.uniform(0.5, 1.0, g.shape))
        for name, g in gradients.items()
    }
    from_zero = {name: np.zeros(g.shape) for name, g in gradients.items()}
    small = {name: 1e-7 * g for name, g in gradients.items()}
    return [
        Case("a step that ends near 0", {"params": near, "gradients": gradients, "lr": lr}),
        Case("a small step that starts at 0", {"params": from_zero, "gradients": small, "lr": lr}),
    ]


def _stepped_by_torch(case: Case) -> Arrays:
    """Take the step as torch.optim.SGD does; making one of those imports PyTorch's compiler, for a second or more."""
    params, gradients, lr = (case.arguments[name] for name in ("params", "gradients", "lr"))
    tensors = {name: (torch.tensor(params[name]), torch.tensor(gradients[name])) for name in PARAMS}
    return {name: param.add(gradient, alpha=-float(lr)).numpy() for name, (param, gradient) in tensors.items()}


def _stepped_in_decimals(case: Case) -> Arrays:
    """Take the step entry by entry, in decimal arithmetic."""
    params, gradients, lr = case.arguments.values()
    return {
        name: np.vectorize(lambda p, g: float(Decimal(float(p)) - Decimal(float(lr)) * Decimal(float(g))))(
            params[name], gradients[name]
        )
        for name in PARAMS
    }


def _in_one_row(step: Callable[[Case], Arrays], case: Case) -> Arrays:
    return {"values": np.concatenate([np.ravel(array) for array in step(case).values()])}


def _judge_sgd_step(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    return {"values": _judge_step(case, answers), "nothing shared": _judge_apart(answers)}


def _judge_step(case: Case, answers: Mapping[str, Answer]) -> Verdict:
    for name, right in _stepped_by_torch(case).items():
        verdict = compare(answers[name], right)
        if not verdict.right:
            return replace(verdict, message=f"{name}: {verdict.message}" if verdict.message else name)
    return RIGHT


def _judge_apart(answers: Mapping[str, Answer]) -> Verdict:
    if isinstance(answers["values"], Unusable):
        return Verdict("not numbers", "no new dict with the four arrays came back")
    if answers["arrays changed"]:
        return Verdict("argument changed", "an array that was passed in has changed", mistake="updated-in-place")
    if answers["dicts changed"]:
        return Verdict("argument changed", "a dict that was passed in holds other arrays than before")
    if answers["memory shared"]:
        return Verdict("shared", "a new array shares its memory with one that was passed in")
    return RIGHT


def _wrong_step(mistake: str, entry: Callable[[Array, Array, float], Array]) -> Suspect:
    """Return the mistake of answering entry(parameter, gradient, lr)."""

    def formula(case: Case) -> Array:
        params, gradients, lr = case.arguments.values()
        return np.concatenate([np.ravel(entry(params[name], gradients[name], lr)) for name in PARAMS])

    return Suspect(mistake, "values", formula)


def _matched_by_order(case: Case) -> Array:
    params, gradients, lr = case.arguments.values()
    stepped = {key: p - lr * g for (key, p), g in zip(params.items(), gradients.values(), strict=True)}
    return np.concatenate([np.ravel(stepped[name]) for name in PARAMS])


SGD_STEP = Exercise(
    name="sgd_step",
    signature="sgd_step(params, gradients, lr)",
    chapter=CHAPTER,
    section=STEP,
    points={"values": 1, "nothing shared": 1},
    inputs=_sgd_step_inputs,
    attempt=attempt_sgd_step,
    expected=partial(_in_one_row, _stepped_by_torch),
    numerical=partial(_in_one_row, _stepped_in_decimals),
    judge=_judge_sgd_step,
    suspects=[
        _wrong_step("ascent", lambda p, g, lr: p + lr * g),
        _wrong_step("never-updated", lambda p, g, lr: p),
        _wrong_step("rate-missing", lambda p, g, lr: p - g),
        _wrong_step("step-for-parameter", lambda p, g, lr: -lr * g),
        _wrong_step("step-for-parameter", lambda p, g, lr: lr * g),
        _wrong_step("biases-frozen", lambda p, g, lr: p - lr * g if p.ndim == 2 else p),
        Suspect("matched-by-order", "values", _matched_by_order),
    ],
)
