"""The runs and the drawings of chapter 06: every mask of a small network, a small training run, the flow of a mask.

Arrays are float64, one sample a row. Where a leading axis of size S stands, it holds independent networks.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from autograder.palette import SLOPE
from figures import style

Array = NDArray[np.float64]
Factor = Callable[[Array, float], Array]  # (mask, p) → what the activations, or their gradients, are multiplied by


class Network(NamedTuple):
    """Parameters, or their gradients: W1 (…, D, H), b1 (…, 1, H), W2 (…, H, K), b2 (…, 1, K)."""

    W1: Array
    b1: Array
    W2: Array
    b2: Array


def inverted(mask: Array, p: float) -> Array:
    return mask / (1 - p)


@dataclass(frozen=True)
class Rule:
    """The pieces of dropout, each of which a mistake can replace."""

    forward: Factor = inverted
    back: Factor = inverted
    below: Callable[[Array, Array], Array] = lambda h, d: d  # what W2's gradient is made with
    fresh: bool = False  # another mask going back


RIGHT = Rule()
MISTAKES = {
    "scale missing, back": Rule(back=lambda mask, p: mask),
    "mask missing, back": Rule(back=lambda mask, p: np.full_like(mask, 1 / (1 - p))),
    "fresh mask, back": Rule(fresh=True),
    "mask inverted, back": Rule(back=lambda mask, p: (1 - mask) / (1 - p)),
    "scale twice, back": Rule(back=lambda mask, p: mask / (1 - p) ** 2),
    "undropped activations": Rule(below=lambda h, d: h),
    "divided by p": Rule(lambda mask, p: mask / p, lambda mask, p: mask / p),
    "scale inverted": Rule(lambda mask, p: mask * (1 - p), lambda mask, p: mask * (1 - p)),
    "scale missing": Rule(lambda mask, p: mask, lambda mask, p: mask),
}


def leaky(net: Array, a: float) -> Array:
    return np.where(net > 0, net, a * net)


def log_softmax(z: Array) -> Array:
    shifted = z - z.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def loss(z: Array, y: Array) -> Array:
    """Return the mean cross-entropy of logits (…, N, K) against one-hot y of the same shape; shape (…)."""
    return np.asarray(-(log_softmax(z) * y).sum(axis=-1).mean(axis=-1))


def logits(x: Array, network: Network, a: float, factor: Array | float = 1.0) -> Array:
    """Return the logits; `factor` (…, N, H) is mask/(1 − p) in training and 1 in evaluation."""
    return leaky(x @ network.W1 + network.b1, a) * factor @ network.W2 + network.b2


def gradients(
    x: Array,
    y: Array,
    network: Network,
    mask: Array,
    p: float,
    a: float,
    rule: Rule = RIGHT,
    other: Array | None = None,
) -> Network:
    """Return the gradients of the mean cross-entropy by `rule`; `other` is the mask a fresh draw would give."""
    net = x @ network.W1 + network.b1
    h = leaky(net, a)
    d = h * rule.forward(mask, p)
    delta2 = (np.exp(log_softmax(d @ network.W2 + network.b2)) - y) / x.shape[-2]
    used = other if rule.fresh and other is not None else mask
    delta1 = delta2 @ network.W2.mT * rule.back(used, p) * np.where(net > 0, 1.0, a)
    into = rule.below(h, d)
    return Network(x.mT @ delta1, delta1.sum(-2, keepdims=True), into.mT @ delta2, delta2.sum(-2, keepdims=True))


def every_mask(units: int, p: float) -> Iterator[tuple[Array, float]]:
    """Yield each mask (units,) with its probability."""
    for kept in product((1.0, 0.0), repeat=units):
        mask = np.array(kept)
        yield mask, float(np.prod(np.where(mask == 1, 1 - p, p)))


# --- a training run that can overfit

DATA_SETS, SAMPLES, HELD_OUT, INPUTS, HIDDEN = 8, 60, 300, 20, 128
STEPS, LR, SLOPE_A = 200, 0.1, 0.1


class Curves(NamedTuple):
    """Loss over the steps on the training samples and on held-out ones, means over the data sets; final accuracy."""

    training: Array
    held_out: Array
    accuracy: float


def noisy_data() -> tuple[Array, NDArray[np.int64]]:
    """Return inputs (S, N, D), every one a weak hint at the class, and labels (S, N), one in ten of them wrong."""
    rng = np.random.default_rng(1)
    shape = (DATA_SETS, SAMPLES + HELD_OUT)
    classes = rng.integers(0, 2, shape)
    x = 0.3 * (2 * classes - 1)[..., None] + rng.standard_normal((*shape, INPUTS))
    return x, np.where(rng.random(shape) < 0.1, 1 - classes, classes)


def train(p: float, rule: Rule = RIGHT) -> Curves:
    """Train on all data sets at once by full-batch descent, a new mask in every step; losses in evaluation mode."""
    x, labels = noisy_data()
    y = np.eye(2)[labels]
    rng = np.random.default_rng(0)
    network = Network(
        rng.standard_normal((DATA_SETS, INPUTS, HIDDEN)) / np.sqrt(INPUTS),
        np.zeros((DATA_SETS, 1, HIDDEN)),
        rng.standard_normal((DATA_SETS, HIDDEN, 2)) / np.sqrt(HIDDEN),
        np.zeros((DATA_SETS, 1, 2)),
    )
    seen, unseen = slice(None, SAMPLES), slice(SAMPLES, None)
    curves = []
    for step in range(STEPS + 1):
        if step % 10 == 0:
            z = logits(x, network, SLOPE_A)
            curves.append([loss(z[:, part], y[:, part]).mean() for part in (seen, unseen)])
        mask = (rng.random((DATA_SETS, SAMPLES, HIDDEN)) >= p).astype(float)
        other = (rng.random(mask.shape) >= p).astype(float) if rule.fresh else None
        found = gradients(x[:, seen], y[:, seen], network, mask, p, SLOPE_A, rule, other)
        network = Network(*(value - LR * gradient for value, gradient in zip(network, found, strict=True)))
    accuracy = float((z[:, unseen].argmax(-1) == labels[:, unseen]).mean())
    training, held_out = np.array(curves).T
    return Curves(training, held_out, accuracy)


# --- drawings


_DEAD = "#b6bdc5"


def draw_thinned(losses: Array, probabilities: Array, names: list[str], mean: float, evaluation: float) -> Figure:
    """Draw the loss of every thinned network, a dot as large as its mask is likely, with their mean and evaluation."""
    figure, ax = plt.subplots(figsize=(style.WIDTH, 2.8))
    places = np.arange(len(names))
    ax.vlines(places, evaluation, losses, color=_DEAD, linewidth=1)
    ax.scatter(places, losses, s=700 * probabilities, color=style.INK, zorder=3)
    for place, value, probability in zip(places, losses, probabilities, strict=True):
        # The dot's radius in points is √(s/π); the label stands clear of it, away from the lines.
        side = 1 if value > mean else -1
        offset = (0, side * (np.sqrt(700 * probability / np.pi) + 2))
        label = ax.annotate(f"{probability:.1%}", (place, value), offset, textcoords="offset points", ha="center")
        label.set(va="bottom" if side > 0 else "top", fontsize=8)
    for value, text, line in ((mean, "mean over masks", "-"), (evaluation, "evaluation", "--")):
        ax.axhline(value, color=style.MUTED, linestyle=line, linewidth=1, zorder=1, label=f"{text}: {value:.4f}")
    ax.set_xticks(places, names)
    ax.set(xlabel="mask", ylabel="loss $E$")
    ax.margins(x=0.06, y=0.18)
    ax.legend(fontsize=8, loc="upper left")
    return figure


def draw_movement(moved: Array, masks: Array) -> Figure:
    """Draw how far each unit's weights moved in each step (T, H); a cross marks a dropped unit."""
    figure, ax = plt.subplots(figsize=(style.WIDTH, 2.5))
    greys = ListedColormap(plt.get_cmap("Greys")(np.linspace(0.15, 1, 256)))
    scale = LogNorm(moved[moved > 0].min(), moved.max())
    shown = np.ma.masked_equal(moved, 0).T
    picture = ax.imshow(shown, cmap=greys, norm=scale, aspect="auto", interpolation="nearest")
    steps, units = np.nonzero(masks == 0)
    ax.plot(steps, units, "x", color=SLOPE.light, markersize=3.5, markeredgewidth=0.9)
    ax.set(xlabel="step", ylabel="hidden unit", yticks=np.arange(masks.shape[1]))
    ax.set_yticklabels([str(unit + 1) for unit in range(masks.shape[1])])
    ax.set_xticks(np.arange(0, len(masks), 5), [str(step + 1) for step in range(0, len(masks), 5)])
    figure.colorbar(picture, ax=ax, label="distance moved")
    return figure


def draw_curves(runs: Mapping[str, Curves]) -> Figure:
    """Draw training and held-out loss over the steps, one colour a run."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.WIDTH, 2.3), sharey=True)
    for (name, curves), line in zip(runs.items(), ("-", "--", ":"), strict=False):
        steps = np.linspace(0, STEPS, len(curves.training))
        left.plot(steps, curves.training, line, color=style.INK, label=name)
        right.plot(steps, curves.held_out, line, color=style.INK, label=name)
    left.set(xlabel="step", ylabel="loss in evaluation mode", title="training samples", ylim=(0, None))
    right.set(xlabel="step", title="held-out samples")
    right.legend(fontsize=8, loc="lower right")
    return figure
