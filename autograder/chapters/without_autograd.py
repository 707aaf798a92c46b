"""The exercises of chapter 07: autograd switched off. Sizes: N samples, D inputs, H hidden units, K classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import torch

from autograder.attempts.answers import Answer, Array, Unusable
from autograder.attempts.torch_functions import apply_and_go_back, train_in_numpy
from autograder.attempts.without_autograd import attempt_bug
from autograder.builders.gradient_exercise import WRONG_SLOPES, Activation, Oracle, Tensor, suspect
from autograder.builders.inputs import BEYOND_TEN, nets_far_out, nets_near_zero, with_twins
from autograder.exercise import Arrays, Case, Exercise, Section, Suspect, Verdict
from autograder.judging import RIGHT, agree, compare
from autograder.oracles import lab07_networks
from autograder.oracles.autodiff import Forward, autograd, central_differences
from autograder.oracles.faulty_layers import PRINTED, TRAINING, Pieces
from autograder.oracles.reference_networks import logits, mean_cross_entropy

CHAPTER = "07_without_autograd"

FUNCTION = Section("without-autograd-function", "A backward pass of your own inside PyTorch")
SWITCH = Section("without-autograd-switch", "The switch")
BUGS = Section("without-autograd-bugs", "Find the bug")

Rng: TypeAlias = np.random.Generator
Values: TypeAlias = Mapping[str, Array]


# --- SigmoidLinear

# (N, D, M): all sizes different, a batch of one, a single unit, and squares, where a transpose fits without an error.
SIZES = ((4, 3, 2), (5, 2, 4), (1, 3, 2), (6, 2, 1), (3, 3, 3), (2, 2, 2), (4, 4, 4), (1, 1, 1), BEYOND_TEN)
ALL_INPUTS = ("x", "W", "b")


def _layer(upstream: Tensor, x: Tensor, W: Tensor, b: Tensor, activation: Activation = torch.sigmoid) -> Tensor:
    return (upstream * activation(x @ W + b)).sum()


def _function_inputs(rng: Rng) -> list[Case]:
    plain = [_function_case(rng, *sizes) for sizes in SIZES]
    saturated = _function_case(rng, 3, 2, 4, "activations of 0 and 1", scale=1000.0)
    saturated.given["x"][0], saturated.given["W"][0, :2] = (1.0, 0.0), (1000.0, -1000.0)  # exp overflows on every draw
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
    weights, upstream = 0.02 * abs(nets).min() * case.given["W"], 1e4 * case.given["upstream"]
    return _with_values(case, W=weights, b=nets, upstream=upstream)  # a large one, for the weights are small


def _layers_that_cancel(rng: Rng) -> list[Case]:
    """Draw large inputs, and samples, that nearly cancel."""
    inputs, samples = _function_case(rng, 3, 2, 4), _function_case(rng, 3, 2, 4)
    x, W = 100.0 * inputs.given["x"], inputs.given["W"]
    inputs = _with_values(inputs, x=with_twins(rng, x, 1), W=with_twins(rng, W, 0, -1.0))
    x, upstream = samples.given["x"], samples.given["upstream"]
    samples = _with_values(samples, x=np.vstack([x, x]), upstream=with_twins(rng, upstream, 0, -1.0))
    return [
        replace(inputs, label="large inputs that nearly cancel, N = 3, D = 4, M = 4"),
        replace(samples, label="samples that nearly cancel, N = 6, D = 2, M = 4"),
    ]


def _with_values(case: Case, **values: Array) -> Case:
    return replace(case, arguments={**case.arguments, **values}, given={**case.given, **values})


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
    given = {
        "upstream": rng.normal(size=(N, M)),
        "x": rng.normal(size=(N, D)),
        "W": scale * rng.normal(size=(D, M)),
        "b": rng.normal(size=M),
    }
    given["x"][-1, 0] = 0.0
    switches = {"alive": False, "twice": False, "gradcheck": False} | how
    label = f"{label}, N = {N}, D = {D}, M = {M}".lstrip(", ")
    return Case(label, {**given, "needed": list(needed), **switches}, given)


_FUNCTION_PARTS = {"dx": "x", "dW": "W", "db": "b"}


def _function_answers(oracle: Oracle, activation: Callable[[Array], Array], case: Case) -> Arrays:
    x, W, b = (case.given[name] for name in ALL_INPUTS)
    needed = [name for name in ALL_INPUTS if name in case.arguments["needed"]]
    gradients = oracle(_layer, case.given, needed)
    parts = {part: gradients[name] for part, name in _FUNCTION_PARTS.items() if name in gradients}
    return {"forward": activation(x @ W + b), **parts}


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


def _first_sample(upstream: Tensor, x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    return _layer(upstream * (torch.arange(len(x)) == 0)[:, None], x, W, b)


def _upstream_ignored(upstream: Tensor, x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    return _layer(torch.ones_like(upstream), x, W, b)


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
    given = {**case.given, "b": np.zeros(case.given["upstream"].shape) + case.given["b"]}
    return autograd(_layer, given, ["b"])["b"]


_WRONG_LAYERS: list[tuple[str, Forward]] = [
    *((name, partial(_layer, activation=activation)) for name, activation in WRONG_SLOPES),
    ("upstream-ignored", _upstream_ignored),
    ("first-sample-only", _first_sample),
    ("batch-mean", _batch_mean),
]


def _of_the_other(wrt: str, case: Case) -> Array:
    """The gradient from what the layer's latest call kept, where that was another layer's."""
    flipped = {name: np.flip(case.given[name], 0).copy() for name in ALL_INPUTS}
    given = {**case.given, **flipped} if case.arguments["alive"] else case.given
    return autograd(_layer, given, [wrt])[wrt]


SIGMOID_LINEAR = Exercise(
    name="SigmoidLinear",
    signature="SigmoidLinear.apply(x, W, b)",
    chapter=CHAPTER,
    section=FUNCTION,
    points={"forward": 1, "dx": 1, "dW": 1, "db": 1},
    inputs=_function_inputs,
    attempt=apply_and_go_back,
    needs_torch=True,
    expected=partial(_function_answers, autograd, _sigmoid_by_torch),
    numerical=partial(_function_answers, central_differences, _sigmoid_by_tanh),
    judge=_judge_function,
    suspects=[
        *(suspect(name, part, wrong, wrt) for part, wrt in _FUNCTION_PARTS.items() for name, wrong in _WRONG_LAYERS),
        suspect("weights-transposed", "dx", _transposed, "x"),
        suspect("input-ignored", "dW", _input_ignored, "W"),
        suspect("sums-before-product", "dW", _sums_first, "W"),
        Suspect("batch-not-summed", "db", _delta),
        Suspect("wrong-axis", "db", lambda case: _delta(case).sum(axis=1)),
        *(Suspect("state-shared", part, partial(_of_the_other, wrt)) for part, wrt in _FUNCTION_PARTS.items()),
        Suspect("sigmoid-missing", "forward", lambda case: case.names.x @ case.names.W + case.names.b),
        Suspect(
            "sigmoid-reversed",
            "forward",
            lambda case: 1 - _function_answers(autograd, _sigmoid_by_torch, case)["forward"],
        ),
        Suspect("tanh-for-sigmoid", "forward", lambda case: _function_answers(autograd, np.tanh, case)["forward"]),
        Suspect("bias-missing", "forward", lambda case: _sigmoid_by_torch(case.names.x @ case.names.W)),
    ],
)


# --- train_by_hand

PARAMS = ("W1", "b1", "W2", "b2")
ORDERS = (("b2", "W2", "b1", "W1"), PARAMS, ("W2", "b1", "W1", "b2"))  # of the keys of params, in turn
FIRST = 10
LONG = 200

Step: TypeAlias = Callable[[Values, "Run", int], Values]


class Run:
    """What a case of train_by_hand trains with."""

    def __init__(self, case: Case) -> None:
        self.batches = case.arguments["batches"]
        self.masks = case.arguments["masks"]
        self.lr = float(case.arguments["lr"])
        self.p = float(case.arguments["p"])
        self.negative_slope = float(case.arguments["negative_slope"])

    def batch(self, step: int) -> Values:
        """Return x, labels and mask of this step; a step past the end starts again from the first."""
        x, labels = self.batches[step % len(self.batches)]
        return {"x": x, "labels": labels, "mask": self.masks[step % len(self.masks)]}


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


def _right_loss(run: Run, values: Values) -> Forward:
    def loss(x: Tensor, labels: Tensor, mask: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor) -> Tensor:
        return mean_cross_entropy(logits(x, W1, b1, W2, b2, run.negative_slope, mask, run.p), labels)

    return loss


def _left_of_the_kink(run: Run, values: Values) -> Forward:
    """The same loss for central differences: LeakyReLU is defined by its left branch at 0, so a unit whose net is
    exactly 0 at the centre follows that branch on both sides."""
    at_zero = torch.tensor(values["x"] @ values["W1"] + values["b1"] == 0)

    def loss(x: Tensor, labels: Tensor, mask: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor) -> Tensor:
        net = x @ W1 + b1
        hidden = torch.nn.functional.leaky_relu(net, run.negative_slope)
        hidden = torch.where(at_zero, run.negative_slope * net, hidden)
        return mean_cross_entropy(hidden * mask / (1 - run.p) @ W2 + b2, labels)

    return loss


def _descend(
    oracle: Oracle, make_loss: Callable[[Run, Values], Forward], values: Values, run: Run, step: int
) -> Values:
    given = {**values, **run.batch(step)}
    gradients = oracle(make_loss(run, given), given, PARAMS)
    return {name: values[name] - run.lr * gradients[name] for name in PARAMS}


def _loss_at(values: Values, run: Run, step: int) -> float:
    given = {**values, **run.batch(step)}
    tensors = {name: torch.tensor(value, dtype=torch.float64) for name, value in given.items()}
    with torch.no_grad():
        return float(_right_loss(run, given)(**tensors))


Recorded: TypeAlias = Callable[[Values, Run, int], float]


def _replay(step: Step, case: Case, recorded: Recorded = _loss_at, most: int = LONG) -> Arrays:
    """Train from the case's parameters by `step`, `most` times; return the losses, each before its update."""
    run, values, losses = Run(case), case.arguments["params"], []
    for index in range(min(most, len(run.batches))):
        losses.append(recorded(values, run, index))
        values = step(values, run, index)
    return _by_part(losses)


def _train_with_autograd(case: Case) -> Arrays:
    """The right losses, in one pass a step: `_replay` with autograd, only faster."""
    run, losses = Run(case), []
    W1, b1, W2, b2 = (torch.tensor(case.arguments["params"][name]).requires_grad_() for name in PARAMS)
    for (x, labels), mask in zip(run.batches, run.masks, strict=True):
        top = logits(torch.from_numpy(x), W1, b1, W2, b2, run.negative_slope, torch.from_numpy(mask), run.p)
        loss = mean_cross_entropy(top, torch.from_numpy(labels))
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, (W1, b1, W2, b2))
        with torch.no_grad():
            for W, gradient in zip((W1, b1, W2, b2), gradients, strict=True):
                W -= run.lr * gradient
    return _by_part(losses)


def _by_part(losses: list[float]) -> Arrays:
    found = {"first 10 steps": np.array(losses[:FIRST])}
    return found | {"200 steps": np.array(losses)} if len(losses) >= LONG else found


def _judge_train(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    expected = exercise.expected(case)
    if _yes(answers, "used"):
        derived = "autograd-called" if _yes(answers, "derived") else ""
        return dict.fromkeys(expected, Verdict("PyTorch", "PyTorch was called; this one is NumPy's", mistake=derived))
    return {part: _judge_losses(answers[part], right) for part, right in expected.items()}


def _judge_losses(answer: Answer, right: Array) -> Verdict:
    verdict = compare(answer, right)
    if verdict.kind != "wrong value" or isinstance(answer, Unusable):
        return verdict
    steps = range(1, len(right) + 1)
    first = next(step for step in steps if not agree(answer[:step], right[:step]))
    return replace(verdict, message=f"the losses, of which number {first} is the first to differ,")


def _pieces_loss(make: Callable[[], Pieces], run: Run, values: Values) -> Forward:
    """The same network built of pieces, one of them wrong."""

    def leaky(net: Tensor) -> Tensor:
        return torch.nn.functional.leaky_relu(net, run.negative_slope)

    def loss(x: Tensor, labels: Tensor, mask: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor) -> Tensor:
        pieces = make()
        hidden = pieces.dropout(pieces.layer(x, W1, b1, leaky), mask, run.p)
        top = pieces.output(hidden, W2, b2, lambda net: net, x)
        return pieces.cross_entropy(top, labels) + pieces.extra

    return loss


def _with_slope(slope: Callable[[float], tuple[float, float]], run: Run, values: Values) -> Forward:
    """The same network with another pair of slopes, right and left of 0, in the backward pass."""

    class OtherSlope(Pieces):
        def activation(self, net: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
            right, left = slope(run.negative_slope)
            return self.with_slope(net, function, torch.where(net > 0, right, left))

    return _pieces_loss(OtherSlope, run, values)


def _zero_is_positive(run: Run, values: Values) -> Forward:
    class OtherSide(Pieces):
        def activation(self, net: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
            return self.with_slope(net, function, torch.where(net >= 0, 1.0, run.negative_slope))

    return _pieces_loss(OtherSide, run, values)


def _update(change: Callable[[str, Array, Array, Run, int], Array]) -> Step:
    """Return the update W ← change(name, W, ∂E/∂W, run, step) with right gradients."""

    def step(values: Values, run: Run, index: int) -> Values:
        given = {**values, **run.batch(index)}
        gradients = autograd(_right_loss(run, given), given, PARAMS)
        return {name: change(name, values[name], gradients[name], run, index) for name in PARAMS}

    return step


def _early_update(values: Values, run: Run, step: int) -> Values:
    """Update W2 and b2 first, then send δ back through the new W2."""
    above = _descend(autograd, _right_loss, values, run, step)

    class NewWeights(Pieces):
        def output(self, x: Tensor, W: Tensor, b: Tensor, function: Any, below: Tensor) -> Tensor:
            return function(self.swap(x @ W + b, x @ torch.tensor(above["W2"]) + self.hold(x) @ W + b))

    return _descend(autograd, partial(_pieces_loss, NewWeights), values, run, step)


def _no_dropout(values: Values, run: Run, step: int) -> Values:
    return _descend(autograd, _right_loss, values, _evaluating(run), step)


def _evaluating(run: Run) -> Run:
    """The same run with dropout switched off."""
    other = object.__new__(Run)
    other.__dict__ = {**run.__dict__, "p": 0.0, "masks": [np.ones_like(mask) for mask in run.masks]}
    return other


def _wrong_run(mistake: str, step: Step, recorded: Recorded = _loss_at) -> list[Suspect]:
    return [Suspect(mistake, "first 10 steps", lambda case: _replay(step, case, recorded, FIRST)["first 10 steps"])]


def _summed(values: Values, run: Run, step: int) -> float:
    return _loss_at(values, run, step) * len(run.batch(step)["x"])


def _of_gradient(make_loss: Callable[[Run, Values], Forward]) -> Step:
    return partial(_descend, autograd, make_loss)


RIGHT_STEP = _of_gradient(_right_loss)


def _after(values: Values, run: Run, step: int) -> float:
    return _loss_at(RIGHT_STEP(values, run, step), run, step)


_TRAIN_SUSPECTS = [
    found
    for suspects in (
        *(_wrong_run(name, _of_gradient(partial(_pieces_loss, make))) for name, make in TRAINING.items()),
        _wrong_run("plain-relu", _of_gradient(partial(_with_slope, lambda a: (1.0, 0.0)))),
        _wrong_run("slope-negated", _of_gradient(partial(_with_slope, lambda a: (1.0, -a)))),
        _wrong_run("slope-hard-coded", _of_gradient(partial(_with_slope, lambda a: (1.0, 0.01)))),
        _wrong_run("kink-on-the-positive-side", _of_gradient(_zero_is_positive)),
        _wrong_run("ascent", _update(lambda name, W, g, run, step: W + run.lr * g)),
        _wrong_run("never-updated", lambda values, run, step: values),
        _wrong_run("biases-frozen", _update(lambda name, W, g, run, step: W - run.lr * g * (W.ndim > 1))),
        _wrong_run("weights-updated-early", _early_update),
        _wrong_run("loss-after-update", RIGHT_STEP, _after),
        _wrong_run("loss-summed", RIGHT_STEP, _summed),
        _wrong_run("dropout-never-applied", _no_dropout, lambda v, run, step: _loss_at(v, _evaluating(run), step)),
        _wrong_run("loss-without-dropout", RIGHT_STEP, lambda v, run, step: _loss_at(v, _evaluating(run), step)),
    )
    for found in suspects
]

TRAIN_BY_HAND = Exercise(
    name="train_by_hand",
    signature="train_by_hand(params, batches, masks, lr, p, negative_slope)",
    chapter=CHAPTER,
    section=SWITCH,
    points={"first 10 steps": 2, "200 steps": 2},
    inputs=_train_inputs,
    attempt=train_in_numpy,
    needs_torch=True,
    expected=_train_with_autograd,
    numerical=partial(_replay, partial(_descend, central_differences, _left_of_the_kink)),
    judge=_judge_train,
    suspects=_TRAIN_SUSPECTS,
)


# --- bug_1 to bug_5

IDS = tuple(PRINTED)  # the list the lab gives


# Each network once more as a forward formula: of these the gradients are taken, with every mistake of the list in turn.


def _forward_1(pieces: Pieces, X: Tensor, T: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor) -> Tensor:
    H = pieces.layer(X, W1, b1, torch.sigmoid)
    return pieces.squared_error(pieces.output(H, W2, b2, torch.sigmoid, X), T)


def _forward_2(pieces: Pieces, X: Tensor, labels: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor) -> Tensor:
    H = pieces.layer(X, W1, b1, torch.tanh)
    return pieces.cross_entropy(pieces.output(H, W2, b2, lambda net: net, X), labels)


def _forward_3(
    pieces: Pieces, X: Tensor, T: Tensor, mask: Tensor, p: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor
) -> Tensor:
    A = pieces.dropout(pieces.layer(X, W1, b1, torch.sigmoid), mask, p.item())
    return pieces.squared_error(pieces.output(A, W2, b2, lambda net: net, X), T)


def _forward_4(
    pieces: Pieces,
    X: Tensor,
    Tu: Tensor,
    Tv: Tensor,
    W: Tensor,
    b: Tensor,
    Wu: Tensor,
    bu: Tensor,
    Wv: Tensor,
    bv: Tensor,
) -> Tensor:
    for_u, for_v = pieces.fan_out(pieces.layer(X, W, b, torch.sigmoid))
    u = pieces.output(for_u, Wu, bu, torch.sigmoid, X)
    v = pieces.output(for_v, Wv, bv, torch.sigmoid, X)
    return pieces.squared_error(u, Tu) + pieces.squared_error(v, Tv)


def _forward_5(
    pieces: Pieces,
    X: Tensor,
    T: Tensor,
    a: Tensor,
    W1: Tensor,
    b1: Tensor,
    W2: Tensor,
    b2: Tensor,
    W3: Tensor,
    b3: Tensor,
) -> Tensor:
    leaky = partial(torch.nn.functional.leaky_relu, negative_slope=a.item())
    H1 = pieces.layer(X, W1, b1, leaky)
    H2 = pieces.layer(H1, W2, b2, leaky, X)
    return pieces.squared_error(pieces.output(H2, W3, b3, lambda net: net, X), T)


FORWARD: Mapping[int, Callable[..., Tensor]] = {
    1: _forward_1,
    2: _forward_2,
    3: _forward_3,
    4: _forward_4,
    5: _forward_5,
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


def printed_gradients(number: int, case: Case) -> Arrays:
    """Return what the printed network takes for its gradients."""
    network = getattr(lab07_networks, f"network_{number}")
    return dict(network(case.given, case.given)[1])


def catalogued_gradients(number: int, mistake: str, case: Case, oracle: Oracle = autograd) -> Arrays:
    """Return the gradients of this network with this mistake; with "" the right ones."""
    make = PRINTED[mistake] if mistake else Pieces
    tape = _Tape()

    def loss(**tensors: Tensor) -> Tensor:
        pieces = make(tape.start())
        return FORWARD[number](pieces, **tensors) + pieces.extra

    with torch.no_grad():
        loss(**{name: torch.tensor(value, dtype=torch.float64) for name, value in case.given.items()})
    return oracle(loss, case.given, list(printed_gradients(number, case)))


class _Tape:
    """Remembers what a forward formula holds constant on its first run, and plays it back on later ones.

    So a difference quotient, which runs the formula at moved inputs, sees the same constants as autograd does.
    """

    def __init__(self) -> None:
        self.values: list[Tensor] = []
        self.place: int | None = None

    def start(self) -> Callable[[Tensor], Tensor]:
        self.place = 0 if self.values else None
        return self._hold

    def _hold(self, tensor: Tensor) -> Tensor:
        if self.place is None:
            self.values.append(tensor.detach())
            return tensor.detach()
        self.place += 1
        return self.values[self.place - 1]


def _reproducing(number: int, oracle: Oracle, case: Case) -> Arrays:
    """Find the one mistake of the list whose gradients are those of the printed network."""
    printed = printed_gradients(number, case)
    fitting = [id for id in IDS if not _differing(printed, catalogued_gradients(number, id, case, oracle))]
    if len(fitting) != 1:
        raise ValueError(f"network_{number} fits {len(fitting)} mistakes of the list, not one")
    return {"value": np.array(IDS.index(fitting[0]))}


def _differing(printed: Arrays, other: Arrays) -> list[str]:
    return [name for name in printed if not agree(printed[name], other[name])]


def _judge_bug(number: int, exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    answer = answers["value"]
    if isinstance(answer, Unusable):
        return {"value": compare(answer, np.zeros(()))}
    claimed = IDS[int(answer)]
    differing = _differing(printed_gradients(number, case), catalogued_gradients(number, claimed, case))
    if not differing:
        return {"value": RIGHT}
    names = " and ".join([", ".join(differing[:-1]), differing[-1]] if differing[1:] else differing)
    message = f"with `{claimed}` the gradients {names} would be others than those that this network computes"
    return {"value": Verdict("another mistake", message)}


def _bug_exercise(number: int) -> Exercise:
    return Exercise(
        name=f"bug_{number}",
        signature=f"bug_{number}()",
        chapter=CHAPTER,
        section=BUGS,
        points={"value": 1},
        inputs=partial(_bug_inputs, number),
        attempt=attempt_bug,
        expected=partial(_reproducing, number, autograd),
        numerical=partial(_reproducing, number, central_differences),
        judge=partial(_judge_bug, number),
    )


BUG_1, BUG_2, BUG_3, BUG_4, BUG_5 = map(_bug_exercise, FORWARD)
