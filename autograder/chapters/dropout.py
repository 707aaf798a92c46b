"""The exercises of chapter 06: inverted dropout. Sizes: N samples, D inputs, H hidden units, K classes.

A mask holds 1 for a unit that is kept and 0 for one that is dropped; p is the probability of dropping.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from statistics import NormalDist
from typing import Any, TypeAlias

import numpy as np

from autograder.attempts.answers import Answer, Array
from autograder.attempts.dropout import attempt_mask
from autograder.builders.forward_exercise import forward_exercise, value_of
from autograder.builders.gradient_exercise import gradient_exercise
from autograder.builders.networks import (
    ORDERS,
    beside_the_kink,
    draw_network,
    logits_far_apart,
    network_case,
    rows_far_apart,
    samples_alike,
    shifted,
)
from autograder.builders.suspects import instead, weights_between, wrong
from autograder.exercise import Arrays, Case, Exercise, Section, Suspect, Verdict
from autograder.judging import RIGHT, agree, compare, compare_with_expected
from autograder.oracles.faulty_networks import (
    OTHER_ACTIVATIONS,
    SLOPES_OF_HIDDEN,
    WRONG_LOSSES,
    Activation,
    Loss,
    leaky_relu,
    logits_gradient,
    with_leaky_slope,
)
from autograder.oracles.randomness_tests import (
    BAR,
    SMALL_MASK,
    Masks,
    dependence,
    shared_along,
    steady_count,
    surprise,
    uncommon_count,
)
from autograder.oracles.reference_networks import logits, mean_cross_entropy
from autograder.oracles.tensors import Tensor, torch

CHAPTER = "06_dropout"

MASK = Section("dropout-mask", "Drawing the mask")
FORWARD = Section("dropout-forward", "Forward, in training and in evaluation")
BACKWARD = Section("dropout-backward", "Back through the mask")
NETWORK = Section("dropout-network", "The network with dropout")

PARAMS = ("W1", "b1", "W2", "b2")

Rng: TypeAlias = np.random.Generator
Drop: TypeAlias = Callable[[Any, Any, Any], Any]  # (x, mask, p) → what goes on upwards, arrays or tensors


# --- dropout_mask

# Large enough that each wrong distribution of MASK_MISTAKES lies beyond the bar for one of the probabilities.
LARGE = ((60, 50), (3000,), (12, 15, 17))
DROPPING = (0.3, 0.75, 0.05, 0.55)
SMALL = ((1,), (7,), (1, 4), (3, 3), (2, 3, 2))
# Masks so small that many of them are all 0, or all 1, each drawn often; p about ½.
SMALLEST = ((1,), (2,), (1, 3), (3, 2), (2, 2))
OFTEN = 400
LEAST_SPREAD = 60  # entries of the masks whose numbers of ones are compared in all other cases
REPEATS = 60  # masks of 60 entries each, whose numbers of ones are compared


def _mask_inputs(rng: Rng) -> list[Case]:
    cases = []
    for i, shape in enumerate(LARGE):
        moved = np.roll(DROPPING, i) + rng.integers(-5, 6, len(DROPPING)) / 1000
        cases.append(_mask_case(rng, shape, [round(float(p), 3) for p in moved], REPEATS))
    cases += [_mask_case(rng, shape, [int(rng.integers(50, 950)) / 1000]) for shape in SMALL]
    for shape in SMALLEST:
        case = _mask_case(rng, shape, [int(rng.integers(400, 600)) / 1000], OFTEN)
        cases.append(replace(case, arguments={**case.arguments, "few": shape}, label=f"many of {case.label}"))
    return [*cases, *(_mask_case(rng, shape, [p]) for shape, p in (((6,), 0.0), ((3, 4), 0), ((2, 2, 3), 0.0)))]


def _mask_case(rng: Rng, shape: tuple[int, ...], probabilities: Sequence[float], repeats: int = 1) -> Case:
    few = {1: (60,), 2: (6, 10), 3: (3, 4, 5)}[len(shape)]
    label = f"shape {shape}, p = {', '.join(f'{p:g}' for p in probabilities)}"
    arguments = {"shape": shape, "p": list(probabilities), "seed": int(rng.integers(2**31)), "few": few}
    return Case(label, {**arguments, "repeats": repeats}, repeat=False)


def _share_kept(case: Case) -> Arrays:
    """Return the probability of a 1, for each p of the case."""
    return {"share of ones": 1 - np.array(case.arguments["p"], np.float64)}


def _share_by_counting(case: Case) -> Arrays:
    """Count, among 1000 equally likely draws, those that are not below p (which has three decimals)."""
    draws = (np.arange(1000) + 0.5) / 1000
    return {"share of ones": np.array([np.mean(draws >= p) for p in case.arguments["p"]])}


def _judge_mask(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    found = _judge_form(case, answers) or _judge_source(case, answers) or _judge_chance(exercise, case, answers)
    return {"value": found}


def _judge_form(case: Case, answers: Mapping[str, Answer]) -> Verdict | None:
    """Judge shape and entries of every mask."""
    shapes = {name: case.arguments["shape"] for name in answers if name not in ("many", "global state untouched")}
    shapes["many"] = (case.arguments["repeats"], *case.arguments["few"])
    for name, shape in shapes.items():
        answer = answers[name]
        verdict = compare(
            answer, answer if isinstance(answer, np.ndarray) and answer.shape == shape else np.zeros(shape)
        )
        if not verdict.right:
            return verdict
    entries = np.concatenate([np.ravel(np.asarray(answers[name])) for name in shapes])
    odd = entries[~np.isin(entries, (0, 1))]
    if not odd.size:
        return None
    mistake = "mask-scaled" if _are_scaled(case, answers) else ""
    return Verdict("not 0 or 1", f"an entry is {odd[0]:.4g}; 0 or 1 was expected", mistake=mistake)


def _are_scaled(case: Case, answers: Mapping[str, Answer]) -> bool:
    """Return whether all entries of several masks, each for another p, are 0 or 1/(1 − p)."""
    masks = _masks(case, answers)
    return len(masks) > 1 and all(
        np.isclose(mask, 0).sum() + np.isclose(mask, 1 / (1 - p)).sum() == mask.size for p, mask in masks.items()
    )


def _masks(case: Case, answers: Mapping[str, Answer]) -> Masks:
    """Return the mask drawn for each p; all of them are arrays."""
    names = ["value", *(f"mask {i}" for i in range(1, len(case.arguments["p"])))]
    return {p: np.asarray(answers[name]) for p, name in zip(case.arguments["p"], names, strict=True)}


def _judge_source(case: Case, answers: Mapping[str, Answer]) -> Verdict | None:
    """Judge where the numbers come from: the generator that is passed in, its state as it is, and nothing else."""
    if not np.asarray(answers["global state untouched"]).all():
        return Verdict("global state", "NumPy's global random state is not what it was before", mistake="global-random")
    mask, many = np.asarray(answers["value"]), np.asarray(answers["many"])
    if not agree(answers["again"], mask):
        return Verdict("not repeatable", "two generators of one seed gave two masks", mistake="rng-ignored")
    if len(many) > 1 and (many == many[0]).all():
        mistake = "rng-ignored" if mask.size > SMALL_MASK else ""  # a small one may be drawn, and then put right
        return Verdict("not random", f"{len(many)} calls gave {len(many)} times the same mask", mistake=mistake)
    axis = shared_along(_masks(case, answers))
    if axis is not None:
        return Verdict("not independent", f"along axis {axis} all entries are the same", mistake="shared-draws")
    return None


MASK_MISTAKES: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("drop-keep-confused", lambda p: p),
    ("randn-for-rand", lambda p: NormalDist().cdf(-p)),
    ("randn-for-rand", lambda p: NormalDist().cdf(1 - p)),
)


def _judge_chance(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> Verdict:
    """Judge the distribution. A right solution fails any of these tests less than once in 10⁹ checks."""
    masks = _masks(case, answers)
    for (p, mask), share in zip(masks.items(), exercise.expected(case)["share of ones"], strict=True):
        if surprise(int(mask.sum()), mask.size, float(share)) > BAR:
            text = f"at p = {p:g}, {mask.mean():.1%} of {mask.size} entries are 1; {share:.1%} was to be expected"
            return Verdict("distribution", text, mistake=_wrong_share(masks))
    p, mask = next(iter(masks.items()))
    for name, what in (("other", "generators of two seeds"), ("next", "two calls with one generator")):
        same = np.asarray(answers[name]) == mask
        if surprise(int(same.sum()), same.size, p**2 + (1 - p) ** 2) > BAR:
            return Verdict("not random", f"{what} gave masks that depend on each other")
    many = np.asarray(answers["many"])
    uncommon = uncommon_count(p, many) if many[0].size < LEAST_SPREAD else ""
    if uncommon:
        return Verdict(
            "not independent", f"in {len(many)} masks of shape {many[0].shape}, {uncommon} come too often or too seldom"
        )
    steady = steady_count(masks, many)
    if steady:
        text = f"the number of ones varies too little {steady.where}"
        return Verdict("not independent", text, mistake="fixed-count" if steady.fixed else "")
    where = dependence(masks)
    return Verdict("not independent", f"entries depend on each other {where}") if where else RIGHT


def _wrong_share(masks: Masks) -> str:
    """Return the mistake whose share of ones fits every mask, where there are masks enough to tell."""
    if len(masks) < len(DROPPING):
        return ""
    for mistake, share in MASK_MISTAKES:
        if all(surprise(int(mask.sum()), mask.size, share(p)) < BAR / 2 for p, mask in masks.items()):
            return mistake
    return ""


DROPOUT_MASK = Exercise(
    name="dropout_mask",
    signature="dropout_mask(shape, p, rng)",
    chapter=CHAPTER,
    section=MASK,
    points={"value": 4},
    inputs=_mask_inputs,
    attempt=attempt_mask,
    expected=_share_kept,
    numerical=_share_by_counting,
    judge=_judge_mask,
)


# --- dropout_forward and dropout_backward

# (N, H): all sizes different, one sample, one unit, squares, and more than ten of both.
SIZES = ((4, 3), (5, 2), (1, 6), (6, 4), (3, 3), (4, 4), (7, 1), (2, 8), (12, 11), (3, 4))
PROBABILITIES: tuple[float, ...] = (0.75, 0.3, 0.6, 0.1, 0.9, 0.25, 0.4, np.float64(0.8), 0.35, 0.999)


def inverted_dropout(x: Any, mask: Any, p: Any) -> Any:
    return x * mask / (1 - p)


WRONG_DROPS: tuple[tuple[str, Drop], ...] = (
    ("dropout-missing", lambda x, mask, p: x),
    ("dropout-scale-missing", lambda x, mask, p: x * mask),
    ("divided-by-p", lambda x, mask, p: x * mask / p),
    ("dropout-scale-inverted", lambda x, mask, p: x * mask * (1 - p)),
    ("dropout-scale-twice", lambda x, mask, p: x * mask / (1 - p) ** 2),
    ("mask-inverted", lambda x, mask, p: x * (1 - mask) / (1 - p)),
    ("mask-inverted", lambda x, mask, p: x * (1 - mask)),
    ("mask-inverted", lambda x, mask, p: x * (1 - mask) / p),
    ("mask-missing", lambda x, mask, p: x / (1 - p)),
)
# These may be given None for the mask.
WRONG_EVALUATIONS: tuple[tuple[str, Drop], ...] = (
    ("dropout-at-evaluation", lambda x, mask, p: x if mask is None else x * mask / (1 - p)),
    ("dropout-at-evaluation", lambda x, mask, p: x if mask is None else x * mask),
    ("scale-at-evaluation", lambda x, mask, p: x * (1 - p)),
    ("scale-at-evaluation", lambda x, mask, p: x / (1 - p)),
    ("scale-at-evaluation", lambda x, mask, p: x * p),
)


def _mode_inputs(signal: str, rng: Rng) -> list[Case]:
    """Draw cases whose first argument, x or upstream, is called `signal`."""
    training = [
        _mode_case(rng, signal, sizes, p, _mask(rng, sizes)) for sizes, p in zip(SIZES, PROBABILITIES, strict=True)
    ]
    plain = [_mode_case(rng, signal, sizes, 0.0, np.ones(sizes)) for sizes in ((3, 2), (1, 4))]
    extreme = [
        _mode_case(rng, signal, sizes, p, np.full(sizes, kept))
        for sizes, p in (((2, 3), 0.6), ((1, 1), 0.7), ((1, 2), 0.45))
        for kept in (0.0, 1.0)
    ]
    lines = _mode_case(rng, signal, (3, 3), 0.55, np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 1.0], [1.0, 0.0, 1.0]]))
    small = _mode_case(rng, signal, (3, 4), 0.65, _mask(rng, (3, 4)), scale=1e-7)
    evaluation = [
        _mode_case(rng, signal, sizes, p, _mask(rng, sizes), training=False)
        for sizes, p in zip(SIZES[:5], PROBABILITIES[3:8], strict=True)
    ]
    evaluation += [
        _mode_case(rng, signal, sizes, 0.45, np.full(sizes, kept), training=False)
        for sizes in ((2, 3), (1, 1))
        for kept in (0.0, 1.0)
    ]
    without = [_mode_case(rng, signal, sizes, 0.4, None, training=False) for sizes in SIZES[:3]]
    return [*training, *plain, *extreme, lines, small, *evaluation, *without]


def _mask(rng: Rng, sizes: tuple[int, int]) -> Array:
    """Draw a mask with at least one 0 and one 1."""
    mask = rng.integers(0, 2, sizes).astype(float)
    mask.flat[:2] = rng.permutation([0.0, 1.0])
    return mask


def _mode_case(
    rng: Rng, signal: str, sizes: tuple[int, int], p: float, mask: Array | None, training: bool = True, scale: float = 1
) -> Case:
    arguments = {signal: scale * rng.normal(size=sizes), "mask": mask, "p": p, "training": training}
    kept = "mask None" if mask is None else f"{int(mask.sum())} of {mask.size} kept"
    part = "training" if training else "evaluation"
    return Case(f"{part}, N = {sizes[0]}, H = {sizes[1]}, p = {p:g}, {kept}", arguments, parts=(part,))


def _the_part(case: Case) -> str:
    return case.parts[0]


def _dropout(x: Tensor, mask: Tensor, p: float, training: bool, drop: Drop = inverted_dropout) -> Tensor:
    return drop(x, mask, p) if training else 1 * x


def _forward_entry_by_entry(case: Case) -> Array:
    """Divide, in extended precision, every entry that is kept by the probability of keeping it."""
    x, mask, p, training = case.arguments.values()
    if not training:
        return np.asarray(x)
    return np.where(mask == 1, x.astype(np.longdouble) / (1 - np.longdouble(p)), 0).astype(np.float64)


def _judge_mode(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    """Compare with the oracle; say so where another mask than the one passed in explains a wrong answer."""
    verdicts = compare_with_expected(exercise, case, answers)
    training = verdicts.get("training", RIGHT)
    if training.kind == "wrong value" and _of_another_mask(case, np.asarray(answers["training"])):
        return {"training": replace(training, mistake="other-mask")}
    return verdicts


def _of_another_mask(case: Case, answer: Array) -> bool:
    """Return whether every entry is 0 or scaled as it should be, but for neither the mask given nor its inverse."""
    signal, mask, p, _ = case.arguments.values()
    kept = signal / (1 - p)
    used = (answer != 0).astype(float)
    usual = any(np.array_equal(used, known) for known in (mask, 1 - mask, 0 * mask, np.ones_like(mask)))
    return not usual and agree(answer, kept * used)


DROPOUT_FORWARD = forward_exercise(
    "dropout_forward(x, mask, p, training)",
    CHAPTER,
    FORWARD,
    {"training": 2, "evaluation": 1},
    partial(_mode_inputs, "x"),
    _dropout,
    _forward_entry_by_entry,
    suspects=[
        wrong(mistake, lambda x, mask, p, training, drop=drop: drop(x, mask, p), part)
        for part, drops in (("training", WRONG_DROPS), ("evaluation", WRONG_EVALUATIONS))
        for mistake, drop in drops
    ],
    part=_the_part,
    judge=_judge_mode,
)


def _with_x(upstream: Array, **rest: Any) -> dict[str, Any]:
    """Dropout is linear in x, so any x will do."""
    return {"x": np.zeros(upstream.shape), "upstream": upstream, **rest}


def _through_dropout(
    x: Tensor, upstream: Tensor, mask: Tensor, p: float, training: bool, drop: Drop = inverted_dropout
) -> Tensor:
    return (upstream * _dropout(x, mask, p, training, drop)).sum()


def _upstream_ignored(x: Tensor, upstream: Tensor, **how: Any) -> Tensor:
    return _through_dropout(x, torch.ones_like(upstream), **how)


DROPOUT_BACKWARD = gradient_exercise(
    "dropout_backward(upstream, mask, p, training)",
    CHAPTER,
    BACKWARD,
    {"training": 3, "evaluation": 1},
    partial(_mode_inputs, "upstream"),
    _through_dropout,
    lambda case: dict.fromkeys(case.parts, "x"),
    _with_x,
    [
        *(wrong(mistake, partial(_through_dropout, drop=drop), "training") for mistake, drop in WRONG_DROPS),
        wrong("upstream-ignored", _upstream_ignored),
        wrong("upstream-ignored", partial(_upstream_ignored, drop=lambda x, mask, p: x * mask), "training"),
        *(
            wrong(mistake, instead(partial(_through_dropout, drop=drop), training=lambda _: True), "evaluation")
            for mistake, drop in WRONG_EVALUATIONS
        ),
    ],
    judge=_judge_mode,
)


# --- mlp_dropout_backward

# (N, D, H, K), all different, one sample, squares; with p, the slope, and whether one pre-activation is exactly 0.
NETWORKS: tuple[tuple[tuple[int, int, int, int], float, float, bool], ...] = (
    ((5, 2, 3, 4), 0.75, 0.1, True),
    ((1, 3, 4, 2), 0.3, 0.3, False),
    ((4, 3, 2, 5), 0.6, 0.0, False),
    ((6, 4, 5, 2), 0.1, 0.2, True),
    ((3, 3, 3, 3), 0.9, 0.05, False),
    ((2, 2, 2, 2), 0.25, 0.4, True),
    ((4, 4, 4, 4), 0.4, 0.0, False),
    ((1, 3, 3, 3), 0.8, 0.25, False),
    ((7, 2, 4, 3), 0.45, 0.6, True),
    ((3, 2, 4, 3), 0.0, 0.15, False),
    ((1, 1, 1, 1), 0.35, 0.3, False),
    ((14, 11, 12, 13), 0.55, 0.1, False),
)


def _network_inputs(rng: Rng) -> list[Case]:
    usual = [_network_case(rng, *network, ORDERS[i % 3]) for i, network in enumerate(NETWORKS)]
    all_dropped, all_kept, a_row = np.zeros((3, 3)), np.ones((3, 3)), np.array([[0.0] * 3, [1.0] * 3, [0.0, 1.0, 1.0]])
    small = draw_network(rng, (3, 2, 3, 2))
    special = [
        ("every unit dropped", small, all_dropped),
        ("every unit kept", draw_network(rng, (3, 4, 3, 4)), all_kept),
        ("every unit of one sample dropped", draw_network(rng, (3, 3, 3, 3)), a_row),
        ("one unit, dropped", draw_network(rng, (2, 3, 1, 2)), np.array([[1.0], [0.0]])),
        ("logits near 1000", shifted(draw_network(rng, (4, 3, 3, 3)), 1000.0), _mask(rng, (4, 3))),
        ("logits near −1000", shifted(draw_network(rng, (2, 3, 4, 4)), -1000.0), _mask(rng, (2, 4))),
        ("rows of logits far apart", rows_far_apart(rng, draw_network(rng, (3, 3, 5, 3))), np.ones((3, 5))),
        ("logits of 1000 and −1000 in a row", logits_far_apart(draw_network(rng, (5, 3, 4, 4))), _mask(rng, (5, 4))),
        ("samples alike", samples_alike(draw_network(rng, (4, 2, 3, 3))), np.tile([[1.0, 0.0, 1.0]], (4, 1))),
    ]
    return usual + [
        replace(case, label=f"{label}, {case.label}")
        for label, drawn, mask in special
        for case in [_masked_network(drawn, mask, 0.4, 0.2)]
    ]


def _network_case(
    rng: Rng, sizes: tuple[int, int, int, int], p: float, a: float, kink: bool, order: Sequence[str]
) -> Case:
    """Draw a network and a mask; the unit whose pre-activation is exactly 0 is kept, so that its slope counts."""
    drawn = draw_network(rng, sizes, kink)
    N, _, H, _ = sizes
    mask = _mask(rng, (N, H)) if p and N * H > 1 else np.ones((N, H))
    if kink:
        mask[1, :2] = 0.0, 1.0
    return _masked_network(drawn, mask, p, a, order)


def _masked_network(drawn: Mapping[str, Array], mask: Array, p: float, a: float, order: Sequence[str] = PARAMS) -> Case:
    case = network_case(drawn, ("x", "labels"), order, p=p, negative_slope=a)
    x, labels, params = (case.arguments[name] for name in ("x", "labels", "params"))
    return replace(
        case, arguments={"x": x, "labels": labels, "params": params, "mask": mask, "p": p, "negative_slope": a}
    )


def dropout_error(
    x: Tensor,
    labels: Tensor,
    W1: Tensor,
    b1: Tensor,
    W2: Tensor,
    b2: Tensor,
    mask: Tensor,
    p: float,
    negative_slope: float,
    activation: Activation = leaky_relu,
    drop: Drop = inverted_dropout,
    loss: Loss = mean_cross_entropy,
) -> Tensor:
    """Return the mean cross-entropy of the network with dropout, with one of its pieces replaced if wished."""
    if activation is leaky_relu and drop is inverted_dropout:
        return loss(logits(x, W1, b1, W2, b2, negative_slope, mask, p), labels)
    return loss(drop(activation(x @ W1 + b1, negative_slope), mask, p) @ W2 + b2, labels)


def with_backward(forward: Drop, backward: Drop) -> Drop:
    """Return a drop with the value of one and the gradient of another (each is linear in x)."""

    def drop(x: Tensor, mask: Tensor, p: float) -> Tensor:
        return forward(x.detach(), mask, p) + backward(x - x.detach(), mask, p)

    return drop


def _met_by_other(mistake: str, below: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Suspect:
    """Return the mistake of letting below(x, hidden, mask) meet δ where the dropped activations belong."""

    def terms(labels: Tensor, **network: Any) -> tuple[Tensor, Tensor]:
        hidden = leaky_relu(network["x"] @ network["W1"] + network["b1"], network["negative_slope"])
        return below(network["x"], hidden, network["mask"]), logits_gradient(logits(**network), labels)

    return Suspect(mistake, "W2", lambda case: weights_between(*value_of(terms, case.oracle_inputs)))


def _weights_transposed(labels: Tensor, **network: Any) -> Tensor:
    """A number whose gradient below sends δ back through W2 instead of its transpose (square layers only)."""
    hidden = leaky_relu(network["x"] @ network["W1"] + network["b1"], network["negative_slope"])
    delta = logits_gradient(logits(**network), labels)
    return ((delta @ network["W2"]).detach() * inverted_dropout(hidden, network["mask"], network["p"])).sum()


# What a learner can get wrong in both directions alike, in one only, or going back twice over.
_OTHER_DROPS = [
    *WRONG_DROPS,
    *((mistake, with_backward(inverted_dropout, drop)) for mistake, drop in WRONG_DROPS),
    *((mistake, with_backward(drop, inverted_dropout)) for mistake, drop in WRONG_DROPS),
]

MLP_DROPOUT_BACKWARD = gradient_exercise(
    "mlp_dropout_backward(x, labels, params, mask, p, negative_slope)",
    CHAPTER,
    NETWORK,
    dict.fromkeys(PARAMS, 1),
    _network_inputs,
    dropout_error,
    {name: name for name in PARAMS},
    suspects=[
        *(wrong(mistake, partial(dropout_error, drop=drop)) for mistake, drop in _OTHER_DROPS),
        _met_by_other("undropped-activations", lambda x, hidden, mask: hidden),
        _met_by_other("dropout-scale-missing", lambda x, hidden, mask: hidden * mask),
        _met_by_other("input-for-hidden", lambda x, hidden, mask: x),
        *(
            wrong(mistake, partial(dropout_error, activation=with_leaky_slope(slope)), *PARAMS[:2])
            for mistake, slope in SLOPES_OF_HIDDEN
        ),
        *(wrong(mistake, partial(dropout_error, activation=other)) for mistake, other in OTHER_ACTIVATIONS),
        *(wrong(mistake, partial(dropout_error, loss=loss)) for mistake, loss in WRONG_LOSSES),
        wrong("weights-transposed", _weights_transposed, *PARAMS[:2]),
    ],
    may_call=("dropout_forward", "dropout_backward"),
    whole=("labels",),
    by_key=True,
    differences=beside_the_kink,
)
