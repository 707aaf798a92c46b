"""The exercises of chapter 07: autograd switched off. Sizes: N samples, D inputs, H hidden units, K classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from autograder.attempts.answers import Answer, Array, Unusable
from autograder.builders.bug_exercise import PrintedNetwork, bug_exercise
from autograder.builders.gradient_exercise import WRONG_SLOPES, Activation, gradient_exercise
from autograder.builders.inputs import BEYOND_TEN, nets_far_out, nets_near_zero, normals, twinned, with_twins
from autograder.builders.suspects import first_row_only, gradient, instead, slip, wrong
from autograder.builders.training_exercise import (
    LONG,
    Run,
    Step,
    Values,
    WrongRun,
    descent,
    judge_losses,
    loss_of,
    no_step,
    scaled,
    training_exercise,
    updated_early,
)
from autograder.exercise import Arrays, Case, Exercise, Section, Suspect, Verdict
from autograder.judging import compare
from autograder.oracles import lab07_networks
from autograder.oracles.autodiff import Forward, autograd, central_differences
from autograder.oracles.faulty_layers import PRINTED, TRAINING, Pieces
from autograder.oracles.reference_networks import logits, mean_cross_entropy
from autograder.oracles.tensors import PYTORCH, Tensor, torch

if PYTORCH:
    from autograder.attempts.torch_functions import apply_and_go_back, train_in_numpy
else:  # `check` says so before it asks
    from autograder.attempts.without_autograd import not_here as apply_and_go_back
    from autograder.attempts.without_autograd import not_here as train_in_numpy

CHAPTER = "07_without_autograd"

FUNCTION = Section("without-autograd-function", "A backward pass of your own inside PyTorch")
SWITCH = Section("without-autograd-switch", "The switch")
BUGS = Section("without-autograd-bugs", "Find the bug")

Rng: TypeAlias = np.random.Generator


# --- SigmoidLinear

# (N, D, M): all sizes different, a batch of one, a single unit, and squares, where a transpose fits without an error.
SIZES = ((4, 3, 2), (5, 2, 4), (1, 3, 2), (6, 2, 1), (3, 3, 3), (2, 2, 2), (4, 4, 4), (1, 1, 1), BEYOND_TEN)
ALL_INPUTS = ("x", "W", "b")


def _layer(upstream: Tensor, x: Tensor, W: Tensor, b: Tensor, activation: Activation = torch.sigmoid) -> Tensor:
    return (upstream * activation(x @ W + b)).sum()


def _function_inputs(rng: Rng) -> list[Case]:
    plain = [_function_case(rng, *sizes) for sizes in SIZES]
    saturated = _function_case(rng, 3, 2, 4, "activations of 0 and 1", scale=1000.0)
    x, W = saturated.arguments["x"], saturated.arguments["W"]
    x[0], W[0, :2] = (1.0, 0.0), (1000.0, -1000.0)  # exp overflows on every draw
    return [
        *plain,
        saturated,
        _function_case(rng, 3, 2, 4, "applied elsewhere before it goes back", alive=True),
        _function_case(rng, 4, 3, 2, "going back twice", twice=True),
        _function_case(rng, 5, 4, 3, "x needs no gradient", needed=("W", "b")),
        _function_case(rng, 3, 4, 2, "torch.autograd.gradcheck", gradcheck=True),
        _layer_with_nets(rng, nets_near_zero(rng, (4,)), "pre-activations near 0"),
        _layer_with_nets(rng, nets_far_out(rng, (4,)), "pre-activations beyond ±6"),
        *_layers_that_cancel(rng),
    ]


def _layer_with_nets(rng: Rng, nets: Array, label: str) -> Case:
    """Draw a layer whose pre-activations hardly differ by sample from these."""
    case = _function_case(rng, 3, 2, len(nets), label)
    weights, upstream = 0.02 * abs(nets).min() * case.arguments["W"], 1e4 * case.arguments["upstream"]
    return _with_values(case, W=weights, b=nets, upstream=upstream)  # a large one, for the weights are small


def _layers_that_cancel(rng: Rng) -> list[Case]:
    """Draw large inputs, and samples, that nearly cancel."""
    inputs, samples = _function_case(rng, 3, 2, 4), _function_case(rng, 3, 2, 4)
    inputs = _with_values(inputs, x=100.0 * inputs.arguments["x"])
    inputs = _with_values(inputs, **twinned(rng, inputs.arguments, x=(1, 1.0), W=(0, -1.0)))
    x, upstream = samples.arguments["x"], samples.arguments["upstream"]
    samples = _with_values(samples, x=np.vstack([x, x]), upstream=with_twins(rng, upstream, 0, -1.0))
    return [
        replace(inputs, label="large inputs that nearly cancel, N = 3, D = 4, M = 4"),
        replace(samples, label="samples that nearly cancel, N = 6, D = 2, M = 4"),
    ]


def _with_values(case: Case, **values: Array) -> Case:
    return replace(case, arguments={**case.arguments, **values})


def _function_case(
    rng: Rng,
    N: int,
    D: int,
    M: int,
    label: str = "",
    scale: float = 1.0,
    needed: Sequence[str] = ALL_INPUTS,
    **how: bool,
) -> Case:
    values = normals(rng, upstream=(N, M), x=(N, D), W=(D, M), b=(M,))
    values["x"][-1, 0] = 0.0
    values["W"] *= scale
    switches = {"alive": False, "twice": False, "gradcheck": False} | how
    label = f"{label}, N = {N}, D = {D}, M = {M}".lstrip(", ")
    return Case(label, {**values, "needed": list(needed), **switches})


_FUNCTION_PARTS = {"dx": "x", "dW": "W", "db": "b"}


def _needed_parts(case: Case) -> dict[str, str]:
    return {part: name for part, name in _FUNCTION_PARTS.items() if name in case.arguments["needed"]}


def _activations(activation: Callable[[Array], Array], case: Case) -> Array:
    return activation(case.names.x @ case.names.W + case.names.b)


def _sigmoid_by_torch(net: Array) -> Array:
    return torch.sigmoid(torch.tensor(net)).numpy()


def _sigmoid_by_tanh(net: Array) -> Array:
    return np.tanh(net / 2) / 2 + 0.5


def _judge_function(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    verdicts = {part: _judge_gradient(answers[part], right) for part, right in exercise.expected(case).items()}
    backward = [part for part in verdicts if part != "forward"]
    if _yes(answers, "derived"):
        done = Verdict("autograd", "PyTorch's autograd did the work", mistake="autograd-called")
        return verdicts | dict.fromkeys(backward, done)
    checked = answers.get("gradcheck")
    if isinstance(checked, Unusable) and all(verdict.right for verdict in verdicts.values()):
        failed = Verdict("gradcheck", f"torch.autograd.gradcheck says: {checked.came}")
        return verdicts | dict.fromkeys(backward, failed)
    return verdicts


def _yes(answers: Mapping[str, Answer], name: str) -> bool:
    answer = answers.get(name)
    return isinstance(answer, np.ndarray) and bool(answer.any())


def _judge_gradient(answer: Answer, right: Array) -> Verdict:
    if isinstance(answer, Unusable) and answer.wanted == "no error":
        return Verdict("raised", answer.came)
    return compare(answer, right)


def _batch_mean(upstream: Tensor, x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    return _layer(upstream, x, W, b) / len(x)


def _transposed(upstream: Tensor, x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """An error whose gradient sends δ through W instead of its transpose, where the shapes allow it."""
    sent_through = W.T if W.shape[0] == W.shape[1] else W
    return (upstream * torch.sigmoid((x @ W + b).detach() + (x - x.detach()) @ sent_through)).sum()


def _input_ignored(upstream: Tensor, x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    return (upstream * torch.sigmoid((x @ W + b).detach() + torch.ones_like(x) @ (W - W.detach()))).sum()


def _sums_first(upstream: Tensor, x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    at = (x @ W + b).detach()
    return (upstream * torch.sigmoid(at + x.sum(0, keepdim=True) @ (W - W.detach()))).sum()


def _delta(case: Case) -> Array:
    """∂E/∂net, one row a sample: the bias gradient before it is summed."""
    given = {**case.oracle_inputs, "b": np.zeros(case.oracle_inputs["upstream"].shape) + case.oracle_inputs["b"]}
    return autograd(_layer, given, ["b"])["b"]


def _of_the_other(wrt: str, case: Case) -> Array:
    """The gradient from what the layer's latest call kept, where that was another layer's."""
    flipped = {name: np.flip(case.oracle_inputs[name], 0).copy() for name in ALL_INPUTS}
    return gradient(_layer, {**case.oracle_inputs, **flipped} if case.arguments["alive"] else case.oracle_inputs, wrt)


def _sigmoid_linear() -> Exercise:
    """Return the exercise of the three gradients, with the value going forward as a fourth part."""
    gradients = gradient_exercise(
        "SigmoidLinear.apply(x, W, b)",
        CHAPTER,
        FUNCTION,
        {"dx": 1, "dW": 1, "db": 1},
        _function_inputs,
        _layer,
        _needed_parts,
        lambda upstream, x, W, b, **how: {"upstream": upstream, "x": x, "W": W, "b": b},
        [
            *(wrong(name, partial(_layer, activation=activation)) for name, activation in WRONG_SLOPES),
            wrong("upstream-ignored", instead(_layer, upstream=torch.ones_like)),
            wrong("first-sample-only", instead(_layer, upstream=first_row_only)),
            wrong("batch-mean", _batch_mean),
            wrong("weights-transposed", _transposed, "dx"),
            wrong("input-ignored", _input_ignored, "dW"),
            wrong("sums-before-product", _sums_first, "dW"),
            Suspect("batch-not-summed", "db", _delta),
            Suspect("wrong-axis", "db", lambda case: _delta(case).sum(axis=1)),
            *(Suspect("state-shared", part, partial(_of_the_other, wrt)) for part, wrt in _FUNCTION_PARTS.items()),
            slip("sigmoid-missing", "forward", lambda of: of.x @ of.W + of.b),
            slip("sigmoid-reversed", "forward", lambda of: 1 - _sigmoid_by_torch(of.x @ of.W + of.b)),
            slip("tanh-for-sigmoid", "forward", lambda of: np.tanh(of.x @ of.W + of.b)),
            slip("bias-missing", "forward", lambda of: _sigmoid_by_torch(of.x @ of.W)),
        ],
        attempt=apply_and_go_back,
        judge=_judge_function,
    )
    return replace(
        gradients,
        name="SigmoidLinear",
        points={"forward": 1, **gradients.points},
        expected=lambda case: {"forward": _activations(_sigmoid_by_torch, case), **gradients.expected(case)},
        numerical=lambda case: {"forward": _activations(_sigmoid_by_tanh, case), **gradients.numerical(case)},
        stand_in=None,
        needs_torch=True,
    )


SIGMOID_LINEAR = _sigmoid_linear()


# --- train_by_hand

PARAMS = ("W1", "b1", "W2", "b2")
ORDERS = (("b2", "W2", "b1", "W1"), PARAMS, ("W2", "b1", "W1", "b2"))  # of the keys of params, in turn


def _train_inputs(rng: Rng) -> list[Case]:
    """Draw short runs in which p, the slope, the sizes and the batches differ, one with nets of exactly 0, and one of
    200 steps."""
    return [
        _train_case(rng, (3, 5, 4), 7, p=0.3, negative_slope=0.2),
        _train_case(rng, (2, 4, 3), 10, p=0.75, negative_slope=0.1),
        _train_case(rng, (4, 4, 4), 5, p=0.5, negative_slope=0.0),
        _train_case(rng, (3, 3, 3), 6, p=0.25, negative_slope=0.35),
        _train_case(rng, (2, 6, 2), 8, p=0.6, negative_slope=0.5, most=1),
        _train_case(rng, (4, 3, 5), 4, p=0.0, negative_slope=0.05),
        _train_case(rng, (3, 5, 2), 1, p=0.4, negative_slope=0.15),
        _nets_of_zero(_train_case(rng, (3, 6, 3), 5, p=0.35, negative_slope=0.3)),
        _large_logits(_train_case(rng, (3, 5, 4), 4, p=0.45, negative_slope=0.25)),
        _shifted(_train_case(rng, (2, 5, 3), LONG, p=0.3, negative_slope=0.1, repeat=False), 400.0),
        _shifted(_train_case(rng, (3, 4, 3), 3, p=0.55, negative_slope=0.2), 1000.0),
        _with_lines_of_masks(_train_case(rng, (3, 3, 2), 6, p=0.65, negative_slope=0.3, most=3)),
        _of_one_class(_train_case(rng, (2, 3, 3), 4, p=0.2, negative_slope=0.4)),
        _beyond_ten(_train_case(rng, (11, 12, 13), 3, p=0.3, negative_slope=0.1, most=14)),
    ]


def _shifted(case: Case, by: float) -> Case:
    """Add the same to all logits, which no softmax sees; 400 is too little for exp to overflow."""
    case.arguments["params"]["b2"] += by
    return replace(case, label=f"logits near {by:g}, {case.label}")


def _with_lines_of_masks(case: Case) -> Case:
    """Drop none in one step, every unit in the next, every unit of one sample in another."""
    masks = case.arguments["masks"]
    masks[0][:], masks[1][:], masks[2][0] = 1.0, 0.0, 0.0
    return replace(case, label=f"masks of 0 only and of 1 only, {case.label}")


def _of_one_class(case: Case) -> Case:
    for _, labels in case.arguments["batches"]:
        labels[:] = 1
    return replace(case, label=f"all labels alike, {case.label}")


def _beyond_ten(case: Case) -> Case:
    for _, labels in case.arguments["batches"]:
        labels[0] = 12
    return replace(case, label=f"the label 12, {case.label}")


def _train_case(
    rng: Rng,
    sizes: tuple[int, int, int],
    steps: int,
    *,
    p: float,
    negative_slope: float,
    most: int = 6,
    repeat: bool = True,
) -> Case:
    """Return a run whose batches have between 1 and `most` samples; every mask keeps and drops something."""
    D, H, K = sizes
    counts = [most, *(int(n) for n in rng.integers(1, most + 1, steps - 1))]
    params = {
        "W1": rng.normal(size=(D, H)),
        "b1": 0.5 * rng.normal(size=H),
        "W2": rng.normal(size=(H, K)) / np.sqrt(H),
        "b2": 0.5 * rng.normal(size=K),
    }
    arguments = {
        "params": {name: params[name] for name in ORDERS[steps % 3]},
        "batches": [(rng.normal(size=(n, D)), rng.integers(0, K, n)) for n in counts],
        "masks": [_mask(rng, n, H, p) for n in counts],
        "lr": float(rng.uniform(0.05, 0.2)),
        "p": p,
        "negative_slope": negative_slope,
    }
    label = f"{steps} steps, D = {D}, H = {H}, K = {K}, up to {most} samples, p = {p}, slope {negative_slope}"
    return Case(label.replace("up to 1 samples", "single samples"), arguments, repeat=repeat)


def _mask(rng: Rng, N: int, H: int, p: float) -> Array:
    mask = (rng.uniform(size=(N, H)) >= p).astype(float)
    if p > 0:
        mask[:, 0] = np.arange(N) % 2  # 0 for the first sample
        mask[0, 1] = 1.0
    return mask


def _nets_of_zero(case: Case) -> Case:
    """Let half of the hidden units have the pre-activation 0 in every sample of the first step."""
    params = case.arguments["params"]
    params["W1"][:, ::2] = 0.0
    params["b1"][::2] = 0.0
    case.arguments["masks"][0][:, ::2] = 1.0
    return replace(case, label=f"pre-activations of 0, {case.label}")


def _large_logits(case: Case) -> Case:
    """Let the logits of the first step reach ±1000."""
    params = case.arguments["params"]
    params["b2"][:2] = 1000.0, -1000.0
    return replace(case, label=f"logits of ±1000, {case.label}")


def _run(case: Case) -> Run:
    """Return what a case trains: of every batch x, labels and mask, and the two numbers."""
    numbers = {name: case.arguments[name] for name in ("p", "negative_slope")}
    batches = zip(case.arguments["batches"], case.arguments["masks"], strict=True)
    return Run(
        {name: case.arguments["params"][name] for name in PARAMS},
        [{"x": x, "labels": labels, "mask": mask, **numbers} for (x, labels), mask in batches],
        case.arguments["lr"],
    )


def _error(labels: Tensor, **network: Any) -> Tensor:
    return mean_cross_entropy(logits(**network), labels)


def _left_of_the_kink(forward: Forward, given: Values, wrt: Iterable[str]) -> Arrays:
    """Take central differences; LeakyReLU is defined by its left branch at 0, so a unit whose net is exactly 0 at the
    centre follows that branch on both sides."""
    at_zero = torch.tensor(given["x"] @ given["W1"] + given["b1"] == 0)

    def loss(labels: Tensor, mask: Tensor, p: float, negative_slope: float, **network: Tensor) -> Tensor:
        net = network["x"] @ network["W1"] + network["b1"]
        hidden = torch.where(at_zero, negative_slope * net, torch.nn.functional.leaky_relu(net, negative_slope))
        return mean_cross_entropy(hidden * mask / (1 - p) @ network["W2"] + network["b2"], labels)

    return central_differences(loss, given, wrt)


def _of_pieces(make: Callable[[Values], Pieces]) -> Forward:
    """Return the error of the same network built of the pieces make(given), one of them wrong."""

    def error(**given: Any) -> Tensor:
        pieces, x = make(given), given["x"]
        leaky = partial(torch.nn.functional.leaky_relu, negative_slope=given["negative_slope"])
        hidden = pieces.dropout(pieces.layer(x, given["W1"], given["b1"], leaky), given["mask"], given["p"])
        top = pieces.output(hidden, given["W2"], given["b2"], lambda net: net, x)
        return pieces.cross_entropy(top, given["labels"]) + pieces.extra

    return error


def _anyway(make: Callable[[], Pieces]) -> Callable[[Values], Pieces]:
    return lambda _: make()


class _OtherSlope(Pieces):
    """Another pair of slopes, right and left of 0, in the backward pass."""

    def __init__(self, right: float, left: float, inclusive: bool = False) -> None:
        super().__init__()
        self.right, self.left, self.inclusive = right, left, inclusive

    def activation(self, net: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        positive = net >= 0 if self.inclusive else net > 0
        return self.with_slope(net, function, torch.where(positive, self.right, self.left))


class _NewWeights(Pieces):
    """Go back through the new weights above."""

    def __init__(self, W: Tensor) -> None:
        super().__init__()
        self.new = W

    def output(self, x: Tensor, W: Tensor, b: Tensor, function: Any, below: Tensor) -> Tensor:
        return function(self.swap(x @ W + b, x @ self.new + self.hold(x) @ W + b))


def _with_slopes(make: Callable[[float], Pieces]) -> Step:
    return descent(_of_pieces(lambda given: make(given["negative_slope"])))


def _evaluating(batch: Values) -> Values:
    """The same batch with dropout switched off."""
    return {**batch, "p": 0.0, "mask": np.ones_like(batch["mask"])}


_loss = loss_of(_error)
RIGHT_STEP = descent(_error)


def _without_dropout(params: Values, batch: Values) -> float:
    return _loss(params, _evaluating(batch))


_WRONG_RUNS = [
    *(WrongRun(name, descent(_of_pieces(_anyway(make)))) for name, make in TRAINING.items()),
    WrongRun("plain-relu", _with_slopes(lambda a: _OtherSlope(1.0, 0.0))),
    WrongRun("slope-negated", _with_slopes(lambda a: _OtherSlope(1.0, -a))),
    WrongRun("slope-hard-coded", _with_slopes(lambda a: _OtherSlope(1.0, 0.01))),
    WrongRun("kink-on-the-positive-side", _with_slopes(lambda a: _OtherSlope(1.0, a, inclusive=True))),
    WrongRun("ascent", scaled(RIGHT_STEP, lambda batch: -1.0)),
    WrongRun("never-updated", no_step),
    WrongRun("biases-frozen", descent(_error, only=("W1", "W2"))),
    WrongRun(
        "weights-updated-early",
        updated_early(_error, _of_pieces(lambda given: _NewWeights(given["new_W2"])), ("W2", "b2")),
    ),
    WrongRun("loss-after-update", RIGHT_STEP, after=True),
    WrongRun("loss-summed", RIGHT_STEP, lambda params, batch: _loss(params, batch) * len(batch["x"])),
    WrongRun(
        "dropout-never-applied",
        lambda params, batch, lr: RIGHT_STEP(params, _evaluating(batch), lr),
        _without_dropout,
    ),
    WrongRun("loss-without-dropout", RIGHT_STEP, _without_dropout),
]


def _judge_train(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    if _yes(answers, "used"):
        mistake = "autograd-called" if _yes(answers, "derived") else ""
        verdict = Verdict("PyTorch", "PyTorch was called; this one is NumPy's", mistake=mistake)
        return dict.fromkeys(exercise.expected(case), verdict)
    return judge_losses(exercise, case, answers)


TRAIN_BY_HAND = training_exercise(
    "train_by_hand(params, batches, masks, lr, p, negative_slope)",
    CHAPTER,
    SWITCH,
    {"first 10 steps": 2, "200 steps": 2},
    _train_inputs,
    train_in_numpy,
    _run,
    _error,
    _WRONG_RUNS,
    _judge_train,
    differences=_left_of_the_kink,
    needs_torch=True,
)


# --- bug_1 to bug_5

IDS = tuple(PRINTED)  # the list the lab gives


# Each network once more as a forward formula: of these the gradients are taken, with every mistake of the list in turn.


def _forward_1(pieces: Pieces, of: Any) -> Tensor:
    H = pieces.layer(of.X, of.W1, of.b1, torch.sigmoid)
    return pieces.squared_error(pieces.output(H, of.W2, of.b2, torch.sigmoid, of.X), of.T)


def _forward_2(pieces: Pieces, of: Any) -> Tensor:
    H = pieces.layer(of.X, of.W1, of.b1, torch.tanh)
    return pieces.cross_entropy(pieces.output(H, of.W2, of.b2, lambda net: net, of.X), of.labels)


def _forward_3(pieces: Pieces, of: Any) -> Tensor:
    A = pieces.dropout(pieces.layer(of.X, of.W1, of.b1, torch.sigmoid), of.mask, of.p)
    return pieces.squared_error(pieces.output(A, of.W2, of.b2, lambda net: net, of.X), of.T)


def _forward_4(pieces: Pieces, of: Any) -> Tensor:
    for_u, for_v = pieces.fan_out(pieces.layer(of.X, of.W, of.b, torch.sigmoid))
    u = pieces.output(for_u, of.Wu, of.bu, torch.sigmoid, of.X)
    v = pieces.output(for_v, of.Wv, of.bv, torch.sigmoid, of.X)
    return pieces.squared_error(u, of.Tu) + pieces.squared_error(v, of.Tv)


def _forward_5(pieces: Pieces, of: Any) -> Tensor:
    leaky = partial(torch.nn.functional.leaky_relu, negative_slope=of.a)
    H1 = pieces.layer(of.X, of.W1, of.b1, leaky)
    H2 = pieces.layer(H1, of.W2, of.b2, leaky, of.X)
    return pieces.squared_error(pieces.output(H2, of.W3, of.b3, lambda net: net, of.X), of.T)


_FORWARD = (_forward_1, _forward_2, _forward_3, _forward_4, _forward_5)
NETWORKS = {
    number: PrintedNetwork(f"network_{number}", getattr(lab07_networks, f"network_{number}"), forward, PRINTED)
    for number, forward in enumerate(_FORWARD, start=1)
}


def draw_network(number: int, rng: Rng, N: int, D: int, H: int, K: int) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return (data, params) of random numbers for a printed network."""
    targets = rng.uniform(size=(N, K))
    data: dict[str, Any] = {"X": rng.normal(size=(N, D))}
    shapes = {"W1": (D, H), "b1": (H,), "W2": (H, K), "b2": (K,)}
    if number == 2:
        data["labels"] = rng.integers(0, K, N)
    elif number == 4:
        data |= {"Tu": targets, "Tv": rng.uniform(size=(N, K))}
        shapes = {"W": (D, H), "b": (H,), "Wu": (H, K), "bu": (K,), "Wv": (H, K), "bv": (K,)}
    else:
        data["T"] = targets
    if number == 3:
        data |= {"mask": _mask(rng, N, H, 0.4), "p": 0.4}
    if number == 5:
        data["a"] = 0.3
        shapes = {"W1": (D, H), "b1": (H,), "W2": (H, H), "b2": (H,), "W3": (H, K), "b3": (K,)}
    return data, {name: rng.normal(size=shape) for name, shape in shapes.items()}


def _bug_inputs(number: int, rng: Rng) -> list[Case]:
    return [_bug_case(number, rng, *sizes) for sizes in ((5, 3, 4, 2), (4, 3, 3, 3), (6, 2, 5, 3))]


def _bug_case(number: int, rng: Rng, N: int, D: int, H: int, K: int) -> Case:
    data, params = draw_network(number, rng, N, D, H, K)
    label = f"network_{number}, N = {N}, D = {D}, H = {H}, K = {K}"
    return Case(label, {"ids": list(IDS)}, {**data, **params})


BUG_1, BUG_2, BUG_3, BUG_4, BUG_5 = (
    bug_exercise(number, CHAPTER, BUGS, network, partial(_bug_inputs, number)) for number, network in NETWORKS.items()
)
