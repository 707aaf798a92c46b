"""The runs behind chapter 07: one network with one mistake at a time, the five printed networks, and drawings."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from autograder.oracles import lab07_networks
from autograder.oracles.faulty_layers import TRAINING, Pieces
from autograder.palette import INPUT, SLOPE, UPSTREAM
from figures import style

Array = NDArray[np.float64]
Values = Mapping[str, Any]

SEEDS = 6


class Problem(NamedTuple):
    """What a printed network is trained on: fixed data, parameter shapes, learning rate, steps, and p for dropout."""

    title: str
    data: Values
    shapes: Mapping[str, tuple[int, ...]]
    lr: float
    steps: int
    p: float = 0.0


def rings(rng: np.random.Generator, N: int) -> tuple[Array, NDArray[np.int64]]:
    """Return N points of the plane and their labels: 0 on an inner ring, 1 on an outer one."""
    labels = np.arange(N) % 2
    radius = np.where(labels == 1, 1.6, 0.5) + 0.15 * rng.normal(size=N)
    angle = rng.uniform(0, 2 * np.pi, N)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), labels


def two_layers(D: int, H: int, K: int) -> dict[str, tuple[int, ...]]:
    return {"W1": (D, H), "b1": (H,), "W2": (H, K), "b2": (K,)}


def problems() -> dict[int, Problem]:
    """Return the task of each printed network."""
    xor = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
    points, labels = rings(np.random.default_rng(0), 60)
    line = np.linspace(-2, 2, 20)[:, None]
    ring, side = labels[:, None] * 1.0, (points[:, :1] > 0) * 1.0
    heads = {"W": (2, 8), "b": (8,), "Wu": (8, 1), "bu": (1,), "Wv": (8, 1), "bv": (1,)}
    deep = {"W1": (1, 8), "b1": (8,), "W2": (8, 8), "b2": (8,), "W3": (8, 1), "b3": (1,)}
    return {
        1: Problem("XOR", {"X": xor, "T": xor.sum(axis=1, keepdims=True) % 2}, two_layers(2, 4, 1), 1.0, 2000),
        2: Problem("two rings", {"X": points, "labels": labels}, two_layers(2, 12, 2), 0.5, 2000),
        3: Problem("dropout", {"X": points, "T": ring}, two_layers(2, 16, 1), 0.01, 4000, 0.2),
        4: Problem("$u$ and $v$", {"X": points, "Tu": ring, "Tv": side}, heads, 0.1, 2000),
        5: Problem("|x|", {"X": line, "T": np.abs(line), "a": 0.1}, deep, 0.002, 2000),
    }


Gradients = Callable[[Values, Values], tuple[float, Values]]


def start(problem: Problem, seed: int) -> dict[str, Array]:
    """Weights from N(0, 1), those of the layers above divided by the root of the units below; biases 0."""
    rng = np.random.default_rng(seed)
    drawn = {name: rng.normal(size=shape) for name, shape in problem.shapes.items()}
    scale = {name: 1.0 if name in ("W", "W1") else shape[0] ** -0.5 for name, shape in problem.shapes.items()}
    return {name: value * scale[name] if value.ndim == 2 else 0 * value for name, value in drawn.items()}


def train(problem: Problem, gradients: Gradients, seed: int) -> Array:
    """Train from `start` with these gradients; return the loss before each update, with dropout switched off."""
    params, rng, losses = start(problem, seed), np.random.default_rng(1000 + seed), []
    shape = (len(problem.data["X"]), problem.shapes.get("W1", (0, 0))[1])
    off = {"mask": np.ones(shape), "p": 0.0}
    for _ in range(problem.steps):
        mask = {"mask": (rng.uniform(size=shape) >= problem.p) * 1.0, "p": problem.p} if problem.p else off
        losses.append(gradients({**problem.data, **off}, params)[0])
        found = gradients({**problem.data, **mask}, params)[1]
        params = {name: params[name] - problem.lr * found[name] for name in params}
    return np.array(losses)


def cost_of_a_constant(problem: Problem) -> float:
    """Return the loss of the best answer that does not look at the input."""
    if "labels" in problem.data:
        share = np.bincount(problem.data["labels"]) / len(problem.data["labels"])
        return float(-(share * np.log(share)).sum())
    targets = (target for name, target in problem.data.items() if name.startswith("T"))
    return float(sum(0.5 * ((target - target.mean()) ** 2).sum() for target in targets))


def printed(number: int) -> Gradients:
    network: Gradients = getattr(lab07_networks, f"network_{number}")
    return network


def trained(number: int, seeds: int = SEEDS) -> Array:
    """Return the losses (seeds, steps) of a printed network; infinity where they leave the range of float64."""
    with np.errstate(over="ignore", invalid="ignore"):
        runs = np.array([train(problems()[number], printed(number), seed) for seed in range(seeds)])
    return np.where(np.isfinite(runs), runs, np.inf)


# --- the network of the chapter, with one mistake at a time

NAMES = ("W1", "b1", "W2", "b2")


class Plan(NamedTuple):
    """What both sides train with: first parameters, batches of (x, labels), their masks, rate, p and negative slope."""

    params: dict[str, Array]
    batches: list[tuple[Array, NDArray[np.int64]]]
    masks: list[Array]
    lr: float = 0.1
    p: float = 0.5
    negative_slope: float = 0.1


def plan(steps: int = 300, H: int = 16, N: int = 20, seed: int = 7) -> Plan:
    """Return `steps` mini-batches of the two rings, with a mask drawn for each."""
    rng = np.random.default_rng(seed)
    shapes = two_layers(2, H, 2)
    drawn = {name: np.asarray(rng.normal(size=shape)) for name, shape in shapes.items()}
    params = {name: value / np.sqrt(value.shape[0]) for name, value in drawn.items()}
    batches = [rings(rng, N) for _ in range(steps)]
    masks = [np.where(rng.uniform(size=(N, H)) >= 0.5, 1.0, 0.0) for _ in range(steps)]
    return Plan(params, batches, masks)


def loss_and_gradients(given: Plan, params: Values, step: int, mistake: str = "") -> tuple[float, dict[str, Array]]:
    """Return the right loss of a step, and its gradients with this mistake, from a forward formula by autograd."""
    (x, labels), mask = given.batches[step], given.masks[step]
    leaves = {name: torch.tensor(params[name], requires_grad=True) for name in NAMES}
    pieces = TRAINING[mistake]() if mistake else Pieces()

    def leaky(net: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.leaky_relu(net, given.negative_slope)

    tx, tlabels, tmask = torch.tensor(x), torch.tensor(labels), torch.tensor(mask)
    hidden = pieces.dropout(pieces.layer(tx, leaves["W1"], leaves["b1"], leaky), tmask, given.p)
    top = pieces.output(hidden, leaves["W2"], leaves["b2"], lambda net: net, tx)
    found = torch.autograd.grad(pieces.cross_entropy(top, tlabels) + pieces.extra, list(leaves.values()))
    loss = torch.nn.functional.cross_entropy(top.detach(), tlabels)
    return loss.item(), {name: gradient.numpy() for name, gradient in zip(NAMES, found, strict=True)}


def run(given: Plan, mistake: str = "") -> tuple[Array, list[dict[str, Array]]]:
    """Train with this mistake; return the losses and, for each step, the gradients it used."""
    params, losses, used = dict(given.params), [], []
    for step in range(len(given.batches)):
        loss, gradients = loss_and_gradients(given, params, step, mistake)
        losses.append(loss)
        used.append(gradients)
        params = {name: params[name] - given.lr * gradients[name] for name in NAMES}
    return np.array(losses), used


def off_by(given: Plan, mistake: str, step: int = 0) -> dict[str, float]:
    """Return for each gradient of one step its largest error, as a share of the right one's largest entry."""
    right = loss_and_gradients(given, given.params, step)[1]
    wrong = loss_and_gradients(given, given.params, step, mistake)[1]
    return {name: float(np.abs(wrong[name] - right[name]).max() / np.abs(right[name]).max()) for name in NAMES}


# --- drawings


def draw_switch() -> Figure:
    """Draw one training step, whose way back can be walked by autograd or by hand."""
    figure, ax = style.blank(190, style.WIDE)
    for text, at, width in (("parameters", 56, 84), ("forward", 190, 70), ("loss $E$", 330, 64)):
        style.box(ax, (at, 160), text, width)
    style.arrow(ax, (100, 160), (153, 160))
    style.arrow(ax, (227, 160), (296, 160))
    style.box(ax, (318, 100), "loss.backward()", 108, style.MUTED)
    style.box(ax, (318, 46), "your formulas", 108, UPSTREAM.light)
    ax.plot([264, 372], [91, 109], color="#b42318", linewidth=1.6, zorder=4)
    ax.plot([364, 394, 394], [160, 160, 46], color=UPSTREAM.light, linewidth=1.3)
    style.arrow(ax, (394, 46), (374, 46), UPSTREAM.light)
    style.box(ax, (190, 46), "param.grad", 84)
    style.arrow(ax, (262, 46), (234, 46), UPSTREAM.light)
    ax.annotate("", (234, 60), (262, 94), arrowprops={"arrowstyle": "-|>", "color": "#c9d1d9", "lw": 1.2, "ls": "--"})
    style.box(ax, (56, 46), "optimizer.step()", 104)
    style.arrow(ax, (146, 46), (111, 46))
    style.arrow(ax, (56, 60), (56, 145))
    ax.text(190, 20, "whoever fills it", fontsize=8.5, color=style.MUTED, ha="center")
    ax.text(318, 20, "upstream × slope, times input", fontsize=8.5, color=style.MUTED, ha="center")
    return figure


def draw_walk() -> Figure:
    """Draw the network as a row of stages: what each keeps on the way forward, what it does on the way back."""
    figure, ax = style.blank(150, style.WIDE)
    stages = [
        ("affine 1", "$x$", r"$x^{\mathsf{T}}\delta_j$", INPUT.light),
        ("LeakyReLU", r"$\mathrm{net}$", r"$\cdot\,1$ or $\cdot\,a$", SLOPE.light),
        ("dropout", "mask", r"$\cdot\,$mask$/(1-p)$", SLOPE.light),
        ("affine 2", "$d$", r"$\delta_k W_2^{\mathsf{T}}$", UPSTREAM.light),
        ("softmax", "$q$, labels", r"$(q - y)/N$", UPSTREAM.light),
    ]
    width = style.WIDE * 72 / len(stages)
    for index, (name, kept, back, colour) in enumerate(stages):
        at = width * (index + 0.5)
        style.box(ax, (at, 84), name, width - 14)
        ax.text(at, 110, kept, ha="center", fontsize=9.5, color=INPUT.light)
        ax.text(at, 52, back, ha="center", fontsize=9, color=colour)
        if index:
            style.arrow(ax, (at - width / 2 - 7, 90), (at - width / 2 + 7, 90))
            style.arrow(ax, (at - width / 2 + 7, 78), (at - width / 2 - 7, 78), UPSTREAM.light)
    ax.text(4, 134, "forward: what each stage keeps", fontsize=8.5, color=style.MUTED)
    ax.text(4, 26, "back: what it does with what arrives", fontsize=8.5, color=style.MUTED)
    return figure
