"""The runs and drawings of chapter 04: deep stacks, wrong layers in training, the two nodes, outer products, folding.

Layers here are affine layers y = xW + b with an elementwise activation; losses are named where they are used; float64.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from autograder.palette import INPUT, SLOPE, UPSTREAM
from figures import style

Array = NDArray[np.float64]


# --- deep stacks


class Activation(NamedTuple):
    """An elementwise function and its slope, both of the pre-activation."""

    f: Callable[[Array], Array]
    slope: Callable[[Array], Array]


def _sigmoid(net: Array) -> Array:
    return 1 / (1 + np.exp(-net))


SIGMOID = Activation(_sigmoid, lambda net: _sigmoid(net) * (1 - _sigmoid(net)))


def leaky_relu(a: float) -> Activation:
    """LeakyReLU with the slope `a` for pre-activations up to 0."""
    return Activation(lambda net: np.where(net > 0, net, a * net), lambda net: np.where(net > 0, 1.0, a))


def gradient_sizes(weights: Array, x: Array, g: Array, activation: Activation) -> Array:
    """Return the root mean square of ∂E/∂W in each layer, lowest first.

    `weights` (L, D, D) are a stack of L layers without biases; x and the gradient g at the top are (N, D).
    """
    inputs, nets = [x], []
    for W in weights:
        nets.append(inputs[-1] @ W)
        inputs.append(activation.f(nets[-1]))
    sizes = np.zeros(len(weights))
    for i in range(len(weights) - 1, -1, -1):
        g = g * activation.slope(nets[i])
        sizes[i] = np.sqrt(np.mean((inputs[i].T @ g) ** 2))
        g = g @ weights[i].T
    return sizes


# --- wrong layers in training: arrays have a leading axis of S independent starts


@dataclass(frozen=True)
class Rule:
    """The pieces of an affine layer's backward pass, each of which a mistake can replace."""

    dx: Callable[[Array, Array], Array] = lambda g, W: g @ W.mT
    dW: Callable[[Array, Array], Array] = lambda x, g: x.mT @ g
    db: Callable[[Array], Array] = lambda g: g.sum(axis=-2, keepdims=True)
    keep: float = 0.0  # share of the earlier gradients that stays in dW and db
    stale: bool = False  # dx from the weights the layer was built with
    shared: bool = False  # both layers keep their input in one place


RIGHT = Rule()
MISTAKES = {
    "weights-transposed": replace(RIGHT, dx=lambda g, W: g @ W),
    "upstream-ignored": replace(RIGHT, dW=lambda x, g: x.mT @ np.ones_like(g)),
    "first-sample-only": replace(RIGHT, dW=lambda x, g: x[..., :1, :].mT @ g[..., :1, :], db=lambda g: g[..., :1, :]),
    "sums-before-product": replace(
        RIGHT, dW=lambda x, g: x.sum(axis=-2, keepdims=True).mT @ g.sum(axis=-2, keepdims=True)
    ),
    "summed-over-everything": replace(RIGHT, db=lambda g: g.sum(axis=(-2, -1), keepdims=True)),
    "wrong-axis": replace(RIGHT, db=lambda g: g.sum(axis=-1)[..., None, :]),
    "batch-mean": replace(RIGHT, dW=lambda x, g: x.mT @ g / x.shape[-2], db=lambda g: g.mean(axis=-2, keepdims=True)),
    "gradients-accumulated": replace(RIGHT, keep=1.0),
    "weights-stale": replace(RIGHT, stale=True),
    "state-shared": replace(RIGHT, shared=True),
}

SAMPLES = WIDTH = 6  # all sizes equal, so that every wrong formula runs
STARTS, STEPS, LR = 20, 2000, 0.1


class Layer:
    """An affine layer with a sigmoid on it: W (S, D, M), b (S, 1, M), going back by a rule."""

    def __init__(self, W: Array, b: Array, rule: Rule) -> None:
        self.W, self.b, self.rule, self.built_with = W, b, rule, W
        self.dW, self.db = np.zeros_like(W), np.zeros_like(b)

    def run(self, x: Array) -> Array:
        self.x, self.O = x, _sigmoid(x @ self.W + self.b)
        return self.O

    def send_back(self, g: Array) -> Array:
        delta = g * self.O * (1 - self.O)
        self.dW = self.rule.keep * self.dW + self.rule.dW(self.x, delta)
        self.db = self.rule.keep * self.db + self.rule.db(delta)
        return self.rule.dx(delta, self.built_with if self.rule.stale else self.W)


class Task(NamedTuple):
    """Parameters to start from, inputs and targets; the targets are what other parameters of the same kind give."""

    start: list[Array]
    x: Array
    targets: Array


def task() -> Task:
    draws = [np.random.default_rng(seed) for seed in range(STARTS)]
    x = np.stack([rng.standard_normal((SAMPLES, WIDTH)) for rng in draws])
    W1, b1, W2, b2, U1, c1, U2, c2 = (
        np.stack([rng.standard_normal(shape) for rng in draws]) for shape in ((WIDTH, WIDTH), (1, WIDTH)) * 4
    )
    return Task([W1 / 2, b1 / 2, W2 / 2, b2 / 2], x, _sigmoid(_sigmoid(x @ U1 + c1) @ U2 + c2))


def build(start: Sequence[Array], rule: Rule) -> list[Layer]:
    W1, b1, W2, b2 = start
    return [Layer(W1, b1, rule), Layer(W2, b2, rule)]


def step(layers: Sequence[Layer], x: Array, targets: Array) -> Array:
    """Go forward and back through two layers; return E = ½ΣΣ(O − T)² by start, shape (S,)."""
    low, top = layers
    O = top.run(low.run(x))
    if low.rule.shared:
        low.x = top.x
    low.send_back(top.send_back(O - targets))
    return np.asarray(0.5 * ((O - targets) ** 2).sum(axis=(1, 2)))


def train(rule: Rule = RIGHT, steps: int = STEPS) -> Array:
    """Train from every start; return the losses, shape (steps, S), each before its update."""
    start, x, targets = task()
    layers, losses = build(start, rule), []
    for _ in range(steps):
        losses.append(step(layers, x, targets))
        for layer in layers:
            layer.W, layer.b = layer.W - LR * layer.dW, layer.b - LR * layer.db
    return np.array(losses)


def largest_error(rule: Rule, steps: int = 3) -> float:
    """Return the largest error of any gradient in the third step, as a share of that gradient's largest entry.

    The parameters move by the right gradients, so that both rules are asked the same question.
    """
    start, x, targets = task()
    right, wrong = build(start, RIGHT), build(start, rule)
    for _ in range(steps):
        for mine, theirs in zip(wrong, right, strict=True):
            mine.W, mine.b = theirs.W, theirs.b
        step(right, x, targets)
        step(wrong, x, targets)
        for layer in right:
            layer.W, layer.b = layer.W - LR * layer.dW, layer.b - LR * layer.db
    pairs = [
        (getattr(a, name)[0], getattr(b, name)[0]) for a, b in zip(wrong, right, strict=True) for name in ("dW", "db")
    ]
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in pairs)


# --- drawings


def tiles(ax: Axes, values: Array, title: str, bound: float, colour: str = style.INK, digits: int = 2) -> None:
    """Draw a matrix as coloured tiles with its numbers; green below 0, brown above, pale at 0."""
    values = np.atleast_2d(values)
    ax.imshow(values, cmap="BrBG_r", norm=TwoSlopeNorm(0, -bound, bound), aspect="equal")
    for (row, column), value in np.ndenumerate(values):
        shade = "white" if abs(value) > 0.62 * bound else style.INK
        ax.text(column, row, f"{value:.{digits}f}", ha="center", va="center", fontsize=8, color=shade)
    ax.set_title(title, color=colour, loc="center", fontsize=9.5)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def draw_nodes(shapes: Mapping[str, str]) -> Figure:
    """Draw the product and the sum as two nodes; `shapes` gives the shape of x, W, b and y as text."""
    figure, ax = style.blank(166, style.WIDE)
    ax.set_ylim(22, 188)
    up, below = UPSTREAM.light, INPUT.light
    x, product, total, y = 24.0, 150.0, 272.0, 382.0
    line, top = 100.0, 166.0
    style.box(ax, (x, line), "$x$", 30, below)
    style.box(ax, (product, line), "$x\\,W$", 46)
    style.box(ax, (total, line), "$+\\,b$", 46)
    style.box(ax, (y, line), "$y$", 30)
    style.box(ax, (product, top), "$W$", 30)
    style.box(ax, (total, top), "$b$", 30)
    for left, right in ((x + 15, product - 23), (product + 23, total - 23), (total + 23, y - 15)):
        style.arrow(ax, (left + 2, line + 6), (right - 2, line + 6))
        style.arrow(ax, (right - 2, line - 6), (left + 2, line - 6), up)
    for at in (product, total):
        style.arrow(ax, (at - 6, top - 15), (at - 6, line + 15))
        style.arrow(ax, (at + 6, line + 15), (at + 6, top - 15), up)
    _label_nodes(ax, shapes)
    return figure


def _label_nodes(ax: Axes, shapes: Mapping[str, str]) -> None:
    up, below = UPSTREAM.light, INPUT.light
    for at, name in ((24.0, "x"), (382.0, "y")):
        ax.text(at, 121, shapes[name], ha="center", fontsize=8.5, color=style.MUTED)
    for at, name in ((128.0, "W"), (250.0, "b")):
        ax.text(at, 163, shapes[name], ha="right", fontsize=8.5, color=style.MUTED)
    style.words(ax, (199, 166), (r"$x^{\mathsf{T}}$", below), ("$g$", up))
    style.words(ax, (320, 166), (r"$\Sigma_n\,$", style.INK), ("$g_n$", up))
    style.words(ax, (327, 70), ("$g$", up))
    style.words(ax, (211, 70), ("$g$", up))
    style.words(ax, (83, 70), ("$g$", up), (r"$\,W^{\mathsf{T}}$", style.INK))
    for at, text in ((83, "back through the\nproduct: times $W^{\\mathsf{T}}$"), (211, "a sum passes\nit on as it is")):
        ax.text(at, 40, text, ha="center", va="center", fontsize=8.5, color=style.MUTED)
    ax.text(327, 40, "what arrives\nfrom above", ha="center", va="center", fontsize=8.5, color=up)


def draw_outer_products(x: Array, g: Array) -> Figure:
    """Draw each sample's outer product of input and upstream gradient, and their sum; x (N, D), g (N, M)."""
    outer = x[:, :, None] * g[:, None, :] + 0.0  # no minus in front of a zero
    bound = float(np.abs([*outer, outer.sum(0)]).max())
    figure, axes = plt.subplots(1, len(x) + 1, figsize=(style.WIDE, 1.9), gridspec_kw={"wspace": 0.12})
    for n, ax in enumerate(axes[:-1]):
        tiles(ax, outer[n], f"sample {n + 1}", bound)
        ax.set_xticks(range(g.shape[1]), [f"{value:.1f}" for value in g[n]], color=UPSTREAM.light, fontsize=8.5)
        ax.set_yticks(range(x.shape[1]), [f"{value:.1f}" for value in x[n]], color=INPUT.light, fontsize=8.5)
        ax.tick_params(length=0, pad=1.5)
        ax.set_xlabel(f"$g_{{{n + 1}}}$", color=UPSTREAM.light)
    tiles(axes[-1], outer.sum(axis=0), r"$\partial E/\partial W$", bound)
    for ax, sign in zip(axes[1:], ["+"] * (len(x) - 1) + ["="], strict=True):
        ax.text(
            -0.58 if sign == "+" else -0.2, 0.5, sign, transform=ax.transAxes, ha="center", va="center", fontsize=12
        )
    return figure


def draw_folding(x: Array, dx: Array) -> Figure:
    """Draw one sample's axes (A, B) flattened to a row on the way up, and its gradient folded back."""
    ratios = [x.shape[1], 0.9, x.size]
    figure, axes = plt.subplots(2, 3, figsize=(style.WIDTH, 2.9), width_ratios=ratios)
    up = (x, INPUT.light, "one sample of $x$", "its row in the product", ((0, 0.5), (1, 0.5)))
    down = (dx, UPSTREAM.light, r"its $\partial E/\partial x$", r"its row of $g\,W^{\mathsf{T}}$", ((1, 0.5), (0, 0.5)))
    for (folded, between, flat), (values, colour, left, right, (start, end)) in zip(axes, (up, down), strict=True):
        bound = float(np.abs(values).max())
        tiles(folded, values + 0.0, left, bound, colour, 1)
        tiles(flat, values.ravel() + 0.0, right, bound, colour, 1)
        _mark_rows(folded, flat, values.shape)
        between.axis("off")
        look = {"arrowstyle": "-|>", "color": style.MUTED, "lw": 1.3, "mutation_scale": 11, "shrinkA": 0, "shrinkB": 0}
        between.annotate("", end, start, xycoords="axes fraction", textcoords="axes fraction", arrowprops=look)
    return figure


def _mark_rows(folded: Axes, flat: Axes, shape: tuple[int, ...]) -> None:
    """Frame the rows of a picture, there and in the flat row, so that the order can be seen."""
    dashes: Sequence[str] = ("-", "--", ":")
    for row in range(shape[0]):
        look = {"fill": False, "edgecolor": style.INK, "linewidth": 1.2, "linestyle": dashes[row % 3], "clip_on": False}
        folded.add_patch(Rectangle((-0.47, row - 0.47), shape[1] - 0.06, 0.94, **look))
        flat.add_patch(Rectangle((row * shape[1] - 0.47, -0.47), shape[1] - 0.06, 0.94, **look))


def draw_vanishing(
    curves: Mapping[str, Array], colours: Mapping[str, str], activations: Mapping[str, Activation]
) -> Figure:
    """Draw local slopes on the left, gradient sizes (seeds, layers) by layer on the right, median and full range."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.WIDTH, 2.9), width_ratios=[1, 1.6])
    net = np.linspace(-5, 5, 401)
    for name, activation in activations.items():
        left.plot(net, np.where(abs(net) < 1e-9, np.nan, activation.slope(net)), color=colours[name])
    left.set(xlabel=r"$\mathrm{net}$", ylim=(0, 1.08), yticks=[0, 0.25, 0.5, 1], yticklabels=["0", "¼", "½", "1"])
    left.set_title("local slope", color=SLOPE.light)
    for name, sizes in curves.items():
        layers = np.arange(1, sizes.shape[1] + 1)
        right.fill_between(layers, sizes.min(axis=0), sizes.max(axis=0), color=colours[name], alpha=0.2, linewidth=0)
        right.semilogy(layers, np.median(sizes, axis=0), "o-", color=colours[name], markersize=3, label=name)
    right.set(xlabel="layer, 1 at the input", title=r"size of $\partial E/\partial W$ (root mean square)")
    right.set_xticks([1, 5, 10, 15, 20])
    right.legend(fontsize=9, loc="lower right")
    return figure
