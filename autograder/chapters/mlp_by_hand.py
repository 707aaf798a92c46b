"""The exercises of chapter 05: LeakyReLU, softmax, one step. Sizes: N samples, D inputs, H hidden, K classes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, localcontext
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import torch

from autograder.attempts.answers import Answer, Array, Unusable
from autograder.attempts.mlp_by_hand import PARAMS, attempt_sgd_step
from autograder.attempts.observe import call, call_for_each, call_for_keys
from autograder.builders.gradient_exercise import Oracle, Tensor, gradient_exercise, suspect
from autograder.builders.inputs import CLOSE, signs, with_twins, zeros_after_positive
from autograder.exercise import Arrays, Case, Exercise, Section, Suspect, Verdict
from autograder.judging import RIGHT, compare, compare_with_expected
from autograder.oracles.autodiff import autograd, central_differences, differences_from_below
from autograder.oracles.faulty_networks import (
    OTHER_ACTIVATIONS,
    OTHER_PROBABILITIES,
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

CHAPTER = "05_mlp_by_hand"

LEAKY = Section("mlp-by-hand-leaky", "LeakyReLU and its slope")
CROSS_ENTROPY_SECTION = Section("mlp-by-hand-cross-entropy", "Softmax and cross-entropy")
LOGITS = Section("mlp-by-hand-logits", "The gradient at the logits")
FORWARD = Section("mlp-by-hand-forward", "Forward")
BACKWARD = Section("mlp-by-hand-backward", "The whole network")
STEP = Section("mlp-by-hand-step", "The step")

FROM_KINK = 1e-3  # how far a pre-activation stays from 0, unless it is exactly 0

Rng: TypeAlias = np.random.Generator


def _tensor(value: Any) -> Tensor:
    return torch.tensor(np.asarray(value), dtype=torch.float64)


def off_the_kink(net: Array) -> bool:
    """Return whether every entry is exactly 0 or farther from it than central differences reach."""
    return bool(((net == 0) | (abs(net) > FROM_KINK)).all())


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


def _leaky_relu_of(case: Case) -> Arrays:
    return {"value": _leaky_relu_stand_in(**case.arguments)}


def _leaky_relu_from_absolute_value(case: Case) -> Arrays:
    net, a = case.names.net, case.names.negative_slope
    return {"value": (1 + a) / 2 * net + (1 - a) / 2 * abs(net)}


def _leaky_relu_stand_in(net: Array, negative_slope: float) -> Array:
    return leaky_relu(_tensor(net), float(negative_slope)).numpy()


def _wrong_leaky_relu(mistake: str, formula: Callable[[Array, float], Array]) -> Suspect:
    return Suspect(mistake, "value", lambda case: formula(case.names.net, case.names.negative_slope))


LEAKY_RELU = Exercise(
    name="leaky_relu",
    signature="leaky_relu(net, negative_slope)",
    chapter=CHAPTER,
    section=LEAKY,
    points={"value": 1},
    inputs=_leaky_relu_inputs,
    attempt=partial(call, names=("value",)),
    expected=_leaky_relu_of,
    numerical=_leaky_relu_from_absolute_value,
    judge=compare_with_expected,
    suspects=[
        _wrong_leaky_relu("plain-relu", lambda net, a: np.where(net > 0, net, 0)),
        _wrong_leaky_relu("slope-hard-coded", lambda net, a: np.where(net > 0, net, 0.01 * net)),
        _wrong_leaky_relu("slope-not-multiplied", lambda net, a: np.where(net > 0, net, a)),
        _wrong_leaky_relu("slope-negated", lambda net, a: np.where(net > 0, net, -a * net)),
        _wrong_leaky_relu("slope-inverted", lambda net, a: np.where(net > 0, net, (_tensor(net) / a).numpy())),
        _wrong_leaky_relu("sides-swapped", lambda net, a: np.where(net > 0, a * net, net)),
        _wrong_leaky_relu("one-slope-for-both", lambda net, a: a * net),
        _wrong_leaky_relu("slope-for-activation", lambda net, a: np.where(net > 0, 1, a)),
    ],
    stand_in=_leaky_relu_stand_in,
)


def _through_leaky_relu(
    upstream: Tensor, net: Tensor, negative_slope: Tensor, activation: Activation = leaky_relu
) -> Tensor:
    return (upstream * activation(net, float(negative_slope))).sum()


def _leaky_relu_backward_inputs(rng: Rng) -> list[Case]:
    cases = [
        Case(label, {"upstream": rng.normal(size=net.shape), "net": net, "negative_slope": a})
        for label, net, a in _nets(rng)
    ]
    small = {"upstream": 1e-7 * rng.normal(size=(3, 2)), "net": rng.normal(size=(3, 2)), "negative_slope": 0.3}
    return [*cases, Case("small upstream gradients, shape (3, 2), slope 0.3", small)]


def _instead_of_product(mistake: str, entry: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Suspect:
    """Return the mistake of answering entry(upstream, net, a)."""

    def forward(upstream: Tensor, net: Tensor, negative_slope: Tensor) -> Tensor:
        return (entry(upstream, net.detach(), negative_slope) * net).sum()

    return suspect(mistake, "value", forward, "net")


def _leaky_relu_backward_numerical(case: Case) -> Arrays:
    """Piecewise linear: the slope at a positive net is the one a little farther from the kink, on the left side too."""
    net = case.given["net"]
    moved = {**case.given, "net": np.where(net > 0, np.maximum(net, FROM_KINK), net)}
    return {"value": differences_from_below(_through_leaky_relu, moved, ["net"])["net"]}


LEAKY_RELU_BACKWARD = replace(
    gradient_exercise(
        "leaky_relu_backward(upstream, net, negative_slope)",
        CHAPTER,
        LEAKY,
        {"value": 2},
        _leaky_relu_backward_inputs,
        _through_leaky_relu,
        {"value": "net"},
        dict,
        [
            *(
                suspect(mistake, "value", partial(_through_leaky_relu, activation=with_leaky_slope(slope)), "net")
                for mistake, slope in WRONG_LEAKY_SLOPES
            ),
            _instead_of_product("upstream-ignored", lambda g, net, a: torch.where(net > 0, 1.0, a)),
            _instead_of_product("slope-not-multiplied", lambda g, net, a: torch.where(net > 0, g, a)),
            _instead_of_product("net-for-upstream", lambda g, net, a: torch.where(net > 0, g, a * net)),
            _instead_of_product("net-for-upstream", lambda g, net, a: torch.where(net > 0, net, a * net)),
            _instead_of_product("side-of-upstream", lambda g, net, a: torch.where(g > 0, g, a * g)),
        ],
    ),
    numerical=_leaky_relu_backward_numerical,
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
    return [replace(case, given=case.arguments) for case in (*usual, *_large_logits(rng), *_telling_logits(rng))]


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


def _for_its_part(formula: Callable[[Case], object], case: Case) -> Arrays:
    return {case.parts[0]: np.asarray(formula(case))}


def _cross_entropy_stand_in(logits: Array, labels: Array) -> Array:
    return mean_cross_entropy(_tensor(logits), _tensor(labels)).numpy()


def _cross_entropy_of(case: Case) -> Array:
    return _cross_entropy_stand_in(case.names.logits, case.names.labels)


def _cross_entropy_in_decimals(case: Case) -> float:
    """Evaluate −log(exp z_y / Σ exp z) as it stands, in fifty decimal digits, where nothing overflows."""
    with localcontext() as context:
        context.prec = 50
        losses = []
        for row, label in zip(case.names.logits, case.names.labels, strict=True):
            powers = [Decimal(float(z)).exp() for z in row]
            losses.append(-(powers[label] / sum(powers)).ln())
        return float(sum(losses) / len(losses))


def _target_probability(probabilities: Probabilities, case: Case) -> Tensor:
    labels = torch.tensor(case.names.labels)
    return probabilities(_tensor(case.names.logits)).gather(1, labels[:, None])[:, 0]


def _wrong_cross_entropy(mistake: str, formula: Callable[[Case], Tensor]) -> list[Suspect]:
    return [Suspect(mistake, part, lambda case: formula(case).numpy()) for part in ("value", "stability")]


def _from_probabilities(mistake: str, probabilities: Probabilities) -> list[Suspect]:
    return _wrong_cross_entropy(mistake, lambda case: -_target_probability(probabilities, case).log().mean())


def _scaled_loss(mistake: str, factor: Callable[[int, int], float]) -> list[Suspect]:
    return _wrong_cross_entropy(
        mistake, lambda case: torch.tensor(_cross_entropy_of(case) * factor(*case.names.logits.shape))
    )


def _with_epsilon(epsilon: float) -> list[Suspect]:
    return _wrong_cross_entropy(
        "epsilon-in-log", lambda case: -(_target_probability(softmax, case) + epsilon).log().mean()
    )


def _log_of_sums(case: Case, shift: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the mean of log Σ exp z − z_y, the logits shifted first."""
    z = _tensor(case.names.logits)
    z = z - shift(z)
    target = z.gather(1, torch.tensor(case.names.labels)[:, None])[:, 0]
    return (z.exp().sum(1).log() - target).mean()


NO_LOGARITHM = ("softmax-missing", "thresholded-prediction")  # infinite or NaN whatever the logits

CROSS_ENTROPY = Exercise(
    name="cross_entropy",
    signature="cross_entropy(logits, labels)",
    chapter=CHAPTER,
    section=CROSS_ENTROPY_SECTION,
    points={"value": 1, "stability": 1},
    inputs=_cross_entropy_inputs,
    attempt=partial(call_for_each, names=("value", "stability")),
    expected=partial(_for_its_part, _cross_entropy_of),
    numerical=partial(_for_its_part, _cross_entropy_in_decimals),
    judge=compare_with_expected,
    suspects=[
        found
        for suspects in (
            *(_from_probabilities(*wrong) for wrong in OTHER_PROBABILITIES if wrong[0] not in NO_LOGARITHM),
            _wrong_cross_entropy("max-not-subtracted", lambda case: _log_of_sums(case, lambda z: z.new_zeros(()))),
            _wrong_cross_entropy("max-over-everything", lambda case: _log_of_sums(case, torch.max)),
            _from_probabilities("log-of-zero", softmax),
            *map(_with_epsilon, (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16, 1e-20)),
            _scaled_loss("mean-missing", lambda N, K: N),
            _scaled_loss("divided-by-classes", lambda N, K: 1 / K),
            _scaled_loss("divided-by-classes", lambda N, K: N / K),
            _scaled_loss("mean-twice", lambda N, K: 1 / N),
            _wrong_cross_entropy("log-missing", lambda case: 1 - _target_probability(softmax, case).mean()),
            _wrong_cross_entropy("log-missing", lambda case: -_target_probability(softmax, case).mean()),
            _wrong_cross_entropy("first-sample-only", lambda case: -_target_probability(softmax, case)[0].log()),
        )
        for found in suspects
    ],
    stand_in=_cross_entropy_stand_in,
)


def _at_the_logits(oracle: Oracle, case: Case) -> Array:
    return oracle(mean_cross_entropy, case.arguments, ["logits"])["logits"]


def _cross_entropy_backward_stand_in(logits: Array, labels: Array) -> Array:
    return logits_gradient(_tensor(logits), _tensor(labels)).numpy()


def _wrong_at_the_logits(mistake: str, loss: Loss) -> list[Suspect]:
    def forward(logits: Tensor, labels: Tensor) -> Tensor:
        return loss(logits, labels)

    return [suspect(mistake, part, forward, "logits") for part in ("value", "stability")]


CROSS_ENTROPY_BACKWARD = Exercise(
    name="cross_entropy_backward",
    signature="cross_entropy_backward(logits, labels)",
    chapter=CHAPTER,
    section=LOGITS,
    points={"value": 2, "stability": 1},
    inputs=_cross_entropy_inputs,
    attempt=partial(call_for_each, names=("value", "stability")),
    expected=partial(_for_its_part, partial(_at_the_logits, autograd)),
    numerical=partial(_for_its_part, partial(_at_the_logits, central_differences)),
    judge=compare_with_expected,
    suspects=[found for mistake, loss in WRONG_LOSSES for found in _wrong_at_the_logits(mistake, loss)],
    stand_in=_cross_entropy_backward_stand_in,
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
ORDERS = (PARAMS, ("b2", "W2", "b1", "W1"), ("W2", "b1", "W1", "b2"))  # of the keys of a dict, in turn


def draw_network(rng: Rng, sizes: tuple[int, int, int, int], kink: bool = False) -> dict[str, Array]:
    """Draw x, labels, W1, b1, W2, b2 for sizes (N, D, H, K), every pre-activation off the kink.

    With `kink`, the second sample is (1, 0, ...) and the second hidden unit's pre-activation there exactly 0; those of
    the unit before it and of the sample before it are positive.
    """
    N, D, H, K = sizes
    while True:
        x, W1, b1 = rng.normal(size=(N, D)), rng.normal(size=(D, H)), rng.normal(size=H)
        if kink:
            x[1], b1[1] = np.eye(D)[0], -W1[0, 1]
        net = x @ W1 + b1
        after_positive = not kink or (net[1, 0] > 0 and net[0, 1] > 0)
        both_sides = net.size == 1 or ((net < 0).any() and (net > 0).any())
        if off_the_kink(net) and both_sides and after_positive:
            break
    W2, b2 = rng.normal(size=(H, K)), rng.normal(size=K)
    return {"x": x, "labels": rng.integers(0, K, N), "W1": W1, "b1": b1, "W2": W2, "b2": b2}


def network_case(
    drawn: Mapping[str, Array], arguments: Sequence[str], order: Sequence[str] = PARAMS, **numbers: float
) -> Case:
    """Return the case whose arguments are those arrays of `drawn`, then params in this order, then the numbers."""
    N, D = drawn["x"].shape
    H, K = drawn["W2"].shape
    params = {name: drawn[name] for name in order}
    label = f"N = {N}, D = {D}, H = {H}, K = {K}, " + ", ".join(f"{n} {v:g}" for n, v in numbers.items())
    given = {**drawn, **{name: np.array(value) for name, value in numbers.items()}}
    return Case(label, {**{name: drawn[name] for name in arguments}, "params": params, **numbers}, given)


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


def shifted(drawn: Mapping[str, Array], by: float) -> dict[str, Array]:
    """Add the same to all logits, which no softmax sees."""
    return {**drawn, "b2": drawn["b2"] + by}


def rows_far_apart(rng: Rng, drawn: dict[str, Array]) -> dict[str, Array]:
    """Add the same to all logits of a sample, about 1000 or −1000, by weights that no softmax sees."""
    net = drawn["x"] @ drawn["W1"] + drawn["b1"]
    hidden = np.where(net > 0, net, 0.2 * net)
    toward = np.linalg.lstsq(hidden, 1000.0 * signs(rng, (len(hidden),)), rcond=None)[0]
    return {**drawn, "W2": drawn["W2"] + toward[:, None]}


def logits_far_apart(drawn: dict[str, Array]) -> dict[str, Array]:
    """Let the first class have logits near 1000, the second near −1000; samples of both classes and of others."""
    b2, labels = drawn["b2"].copy(), drawn["labels"].copy()
    b2[:2] += 1000.0, -1000.0
    labels[:4] = 1, 0, 2, 1
    return {**drawn, "b2": b2, "labels": labels}


def samples_alike(drawn: dict[str, Array]) -> dict[str, Array]:
    """Let all samples be of one class, and the last of them be the first one again."""
    x = drawn["x"].copy()
    x[-1] = x[0]
    return {**drawn, "x": x, "labels": np.full_like(drawn["labels"], 1)}


def hidden_twins(rng: Rng, drawn: dict[str, Array]) -> dict[str, Array]:
    """Give every hidden unit a twin with nearly the same weights below and nearly the opposite ones above."""
    below = {"W1": with_twins(rng, drawn["W1"], 1), "b1": with_twins(rng, drawn["b1"], 0)}
    return {**drawn, **below, "W2": with_twins(rng, drawn["W2"], 0, -1.0), "b2": CLOSE * drawn["b2"]}


def _mlp_forward_stand_in(x: Array, params: Mapping[str, Array], negative_slope: float) -> Array:
    W1, b1, W2, b2 = (_tensor(params[name]) for name in PARAMS)
    return logits(_tensor(x), W1, b1, W2, b2, float(negative_slope)).numpy()


def _mlp_forward_by_sums(case: Case) -> Arrays:
    """Evaluate every unit by itself, with exactly rounded sums."""
    x, params, a = case.arguments.values()
    W1, b1, W2, b2 = (params[name] for name in PARAMS)
    rows = []
    for sample in x:
        nets = [math.fsum([*(sample * W1[:, j]), b1[j]]) for j in range(len(b1))]
        hidden = [max(net, 0.0) + a * min(net, 0.0) for net in nets]
        rows.append([math.fsum([*(hidden * W2[:, k]), b2[k]]) for k in range(len(b2))])
    return {"value": np.array(rows)}


def _wrong_forward(mistake: str, formula: Callable[..., Tensor]) -> Suspect:
    """Return the mistake of answering formula(x, W1, b1, W2, b2, a)."""

    def answer(case: Case) -> Array:
        names = ("x", *PARAMS)
        return formula(*(_tensor(getattr(case.names, name)) for name in names), case.names.negative_slope).numpy()

    return Suspect(mistake, "value", answer)


def _with_activation(activation: Activation) -> Callable[..., Tensor]:
    return lambda x, W1, b1, W2, b2, a: activation(x @ W1 + b1, a) @ W2 + b2


MLP_FORWARD = Exercise(
    name="mlp_forward",
    signature="mlp_forward(x, params, negative_slope)",
    chapter=CHAPTER,
    section=FORWARD,
    points={"value": 2},
    inputs=partial(_mlp_inputs, ("x",)),
    attempt=partial(call, names=("value",)),
    expected=lambda case: {"value": _mlp_forward_stand_in(*case.arguments.values())},
    numerical=_mlp_forward_by_sums,
    judge=compare_with_expected,
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
    stand_in=_mlp_forward_stand_in,
)


# --- mlp_backward


def _gradients(oracle: Oracle, case: Case) -> Arrays:
    return oracle(network_error, case.given, PARAMS)


def _gradients_by_differences(case: Case) -> Arrays:
    """Differentiate numerically; where a pre-activation is exactly 0, what moves it is differentiated from below."""
    found = _gradients(central_differences, case)
    if (case.names.x @ case.names.W1 + case.names.b1).all():
        return found
    return {**found, **differences_from_below(network_error, case.given, ("W1", "b1"))}


def _instead_of_delta(send_back: Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """Return a loss whose upstream gradient at the hidden layer is send_back(δ, p, h, W2, labels)."""

    def forward(
        x: Tensor, labels: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor, negative_slope: Tensor
    ) -> Tensor:
        h = leaky_relu(x @ W1 + b1, float(negative_slope))
        z = (h @ W2 + b2).detach()
        return (send_back(logits_gradient(z, labels), softmax(z), h.detach(), W2, labels).detach() * h).sum()

    return forward


def _other_input(choose: Callable[[Case], Array]) -> Callable[[Case], Array]:
    """Return ∂E/∂W2 with choose(case) in the place of the hidden activations."""

    def formula(case: Case) -> Array:
        z = _mlp_forward_stand_in(case.names.x, vars(case.names), case.names.negative_slope)
        below = _tensor(choose(case))
        W = torch.zeros(below.shape[1], z.shape[1], dtype=torch.float64, requires_grad=True)
        delta = logits_gradient(_tensor(z), _tensor(case.names.labels))
        return torch.autograd.grad((delta * (below @ W)).sum(), W)[0].numpy()

    return formula


_BELOW, _ALL = PARAMS[:2], PARAMS
_MLP_SUSPECTS = [
    *(
        suspect(mistake, part, partial(network_error, activation=with_leaky_slope(slope)), part)
        for mistake, slope in (("hidden-slope-missing", WRONG_LEAKY_SLOPES[0][1]), *WRONG_LEAKY_SLOPES[1:])
        for part in _BELOW
    ),
    *(
        suspect(mistake, part, partial(network_error, activation=other), part)
        for mistake, other in OTHER_ACTIVATIONS
        for part in _ALL
    ),
    *(
        suspect(mistake, part, partial(network_error, loss=loss), part)
        for mistake, loss in WRONG_LOSSES
        for part in _ALL
    ),
    *(
        suspect(mistake, part, _instead_of_delta(send_back), part)
        for mistake, send_back in (
            ("weights-transposed", lambda d, p, h, W2, labels: d @ W2),
            ("outputs-for-deltas", lambda d, p, h, W2, labels: p @ W2.T),
            ("outputs-for-deltas", lambda d, p, h, W2, labels: p @ W2.T / len(p)),
        )
        for part in _BELOW
    ),
    Suspect("input-for-hidden", "W2", _other_input(lambda case: case.names.x)),
    Suspect("net-for-activation", "W2", _other_input(lambda case: case.names.x @ case.names.W1 + case.names.b1)),
]


def _mlp_backward_stand_in(
    x: Array, labels: Array, params: Mapping[str, Array], negative_slope: float
) -> dict[str, Array]:
    given = {"x": x, "labels": labels, **{name: params[name] for name in PARAMS}}
    return autograd(network_error, {**given, "negative_slope": np.asarray(negative_slope)}, PARAMS)


MLP_BACKWARD = Exercise(
    name="mlp_backward",
    signature="mlp_backward(x, labels, params, negative_slope)",
    chapter=CHAPTER,
    section=BACKWARD,
    points=dict.fromkeys(PARAMS, 1),
    inputs=partial(_mlp_inputs, ("x", "labels")),
    attempt=partial(call_for_keys, names=PARAMS),
    expected=partial(_gradients, autograd),
    numerical=_gradients_by_differences,
    judge=compare_with_expected,
    suspects=_MLP_SUSPECTS,
    may_call=("leaky_relu", "leaky_relu_backward", "cross_entropy", "cross_entropy_backward", "mlp_forward"),
    stand_in=_mlp_backward_stand_in,
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
    params, gradients, lr = case.arguments.values()
    return {name: _tensor(params[name]).add(_tensor(gradients[name]), alpha=-float(lr)).numpy() for name in PARAMS}


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
