"""The drawings and runs of chapter 05: the LeakyReLU–softmax network, the step it takes, and mistakes in its backward.

Everywhere: x (N, D), labels (N,), W1 (D, H), b1 (H,), W2 (H, K), b2 (K,), loss the mean cross-entropy, float64.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from autograder.palette import INPUT, SLOPE, UPSTREAM
from figures import delta_template_runs, style

Array = NDArray[np.float64]
Labels = NDArray[np.int64]
Params = Mapping[str, Array]

UP, LOC, INP = UPSTREAM.light, SLOPE.light, INPUT.light


def softmax(z: Array) -> Array:
    """Return probabilities (N, K), each row shifted by its largest logit first."""
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def leaky(net: Array, a: float) -> Array:
    return np.asarray(np.maximum(net, 0) + a * np.minimum(net, 0))


# --- runs


@dataclass(frozen=True)
class Rule:
    """The pieces of a backward pass, each of which a mistake can replace."""

    top: Callable[[Array, Array, Array], Array] = lambda z, p, y: (p - y) / len(p)
    slope: Callable[[Array, float], Array] = lambda net, a: np.where(net > 0, 1.0, a)
    pass_down: Callable[[Array, Array, Array], Array] = lambda delta, W, p: delta @ W.T
    below: Callable[[Array, Array], Array] = lambda net, h: h


RIGHT = Rule()


def one_column(y: Array) -> Array:
    """Return the label of each row of y as a column of numbers (N, 1)."""
    return y.argmax(axis=1, keepdims=True).astype(np.float64)


def softmax_down_the_batch(z: Array) -> Array:
    return softmax(z.T).T


MISTAKES: dict[str, Rule] = {
    "hidden-slope-missing": replace(RIGHT, slope=lambda net, a: np.ones_like(net)),
    "plain-relu": replace(RIGHT, slope=lambda net, a: np.where(net > 0, 1.0, 0.0)),
    "slope-negated": replace(RIGHT, slope=lambda net, a: np.where(net > 0, 1.0, -a)),
    "sides-swapped": replace(RIGHT, slope=lambda net, a: np.where(net > 0, a, 1.0)),
    "sign": replace(RIGHT, top=lambda z, p, y: (y - p) / len(p)),
    "slope-after-softmax": replace(RIGHT, top=lambda z, p, y: (p - y) * p * (1 - p) / len(p)),
    "target-column-only": replace(RIGHT, top=lambda z, p, y: y * (p - y) / len(p)),
    "softmax-slope-missing": replace(RIGHT, top=lambda z, p, y: -y / p / len(p)),
    "softmax-missing": replace(RIGHT, top=lambda z, p, y: (z - y) / len(p)),
    "softmax-wrong-axis": replace(RIGHT, top=lambda z, p, y: (softmax_down_the_batch(z) - y) / len(p)),
    "softmax-twice": replace(RIGHT, top=lambda z, p, y: (softmax(p) - y) / len(p)),
    "label-as-number": replace(RIGHT, top=lambda z, p, y: (p - one_column(y)) / len(p)),
    "mean-missing": replace(RIGHT, top=lambda z, p, y: p - y),
    "mean-twice": replace(RIGHT, top=lambda z, p, y: (p - y) / len(p) ** 2),
    "outputs-for-deltas": replace(RIGHT, pass_down=lambda delta, W, p: p @ W.T / len(p)),
    "net-for-activation": replace(RIGHT, below=lambda net, h: net),
}


def gradients(x: Array, labels: Labels, params: Params, a: float, rule: Rule = RIGHT) -> dict[str, Array]:
    """Return the gradients of the mean cross-entropy by `rule`."""
    net = x @ params["W1"] + params["b1"]
    h = leaky(net, a)
    z = h @ params["W2"] + params["b2"]
    top = rule.top(z, softmax(z), np.eye(z.shape[1])[labels])
    low = rule.pass_down(top, params["W2"], softmax(z)) * rule.slope(net, a)
    return {"W1": x.T @ low, "b1": low.sum(axis=0), "W2": rule.below(net, h).T @ top, "b2": top.sum(axis=0)}


def loss(x: Array, labels: Labels, params: Params, a: float) -> float:
    """Return the mean cross-entropy, exact for large logits too."""
    z = leaky(x @ params["W1"] + params["b1"], a) @ params["W2"] + params["b2"]
    return float(np.mean(np.logaddexp.reduce(z, axis=1) - z[np.arange(len(z)), labels]))


def share_of_largest(wrong: Params, right: Params) -> float:
    """Return the largest error over all gradients, each as a share of the largest entry of the right one."""
    return delta_template_runs.share_of_largest([wrong[name] for name in right], right.values())


def rings(seed: int = 0, count: int = 300) -> tuple[Array, Labels]:
    """Draw points (count, 2) on three rings round the origin; the label says which ring."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    angle = rng.uniform(0, 2 * np.pi, count)
    radius = 0.4 + 0.6 * labels + 0.08 * rng.standard_normal(count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), labels


def accuracy_after_training(rule: Rule, seed: int, steps: int = 1000, lr: float = 0.3, a: float = 0.1) -> float:
    """Train 16 hidden units on the rings, 32 points a step; return the share of points classified right."""
    x, labels = rings()
    rng = np.random.default_rng(seed)
    shapes = {"W1": (2, 16), "b1": (16,), "W2": (16, 3), "b2": (3,)}
    params = {name: 0.5 * rng.standard_normal(shape) * (len(shape) > 1) for name, shape in shapes.items()}
    with np.errstate(all="ignore"):  # wrong rules may drive the parameters to infinity
        for _ in range(steps):
            batch = rng.integers(0, len(x), 32)
            step = gradients(x[batch], labels[batch], params, a, rule)
            params = {name: value - lr * step[name] for name, value in params.items()}
        z = leaky(x @ params["W1"] + params["b1"], a) @ params["W2"] + params["b2"]
        return float(np.mean(z.argmax(axis=1) == labels))


# --- drawings


def draw_chain() -> Figure:
    """Draw the network as a chain: values run right, gradients run left."""
    figure, ax = style.blank(152, style.WIDE)
    boxes = [("$x$", 18, 26), ("$\\mathrm{net}$", 98, 38), ("$h$", 182, 28), ("$z$", 262, 28), ("$E$", 384, 28)]
    for text, at, width in boxes:
        style.box(ax, (at, 116), text, width, INP if text in ("$x$", "$h$") else style.INK)
    notes = ["$W_1,\\ b_1$", "LeakyReLU", "$W_2,\\ b_2$", "softmax, cross-entropy"]
    for (_, left, left_width), (_, right, right_width), note in zip(boxes, boxes[1:], notes, strict=False):
        start, end = left + left_width / 2 + 2, right - right_width / 2 - 2
        style.arrow(ax, (start, 122), (end, 122))
        style.arrow(ax, (end, 110), (start, 110), UP)
        ax.text((start + end) / 2, 138, note, ha="center", va="center", fontsize=8.5, color=style.MUTED)
    style.words(ax, (325, 80), (r"$\delta_k = $", style.INK), ("$(p - y)/N$", UP))
    style.words(ax, (222, 80), (r"$g = $", style.INK), (r"$\delta_k W_2^{\mathsf{T}}$", UP))
    style.words(ax, (140, 80), (r"$\delta_j = $", style.INK), ("$g$", UP), (r"$\cdot\,\sigma'(\mathrm{net})$", LOC))
    for at, below, delta, layer in ((222, "h", "k", 2), (58, "x", "j", 1)):
        weight = rf"$\partial E/\partial W_{layer} =$"
        style.words(
            ax, (at, 46), (weight, style.INK), (rf"${below}^{{\mathsf{{T}}}}$", INP), (rf"$\delta_{delta}$", style.INK)
        )
        bias = rf"$\partial E/\partial b_{layer} = \Sigma_n\,\delta_{delta}$"
        style.words(ax, (at, 22), (bias, style.INK))
    return figure


def draw_step(x: Array, labels: Labels, params: Params, step: Params, lr: float, a: float) -> Figure:
    """Draw the loss over the two upper biases with the step taken there, and over the length of the whole step."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.WIDTH, 2.75))
    start, end = params["b2"], params["b2"] - lr * step["b2"]
    first, second = (np.linspace(value - 0.12, value + 0.12, 41) for value in start)
    surface = np.array([[loss(x, labels, {**params, "b2": np.array([u, v])}, a) for u in first] for v in second])
    left.contourf(first, second, surface, 12, cmap="cividis")
    lines = left.contour(first, second, surface, 12, colors="white", linewidths=0.5)
    left.clabel(lines, lines.levels[2::3], fontsize=7, fmt="%.2f")
    left.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": "white", "lw": 1.8, "shrinkA": 0, "shrinkB": 0}
    )
    left.plot(*start, "o", color="white", markersize=5)
    left.set(xlabel="$b_{k=1}$", ylabel="$b_{k=2}$", title="over the two upper biases", aspect="equal")
    lengths = np.linspace(0, 1, 61)
    along = [loss(x, labels, {name: value - t * step[name] for name, value in params.items()}, a) for t in lengths]
    drop = sum(float((value**2).sum()) for value in step.values())
    right.plot(lengths, along, color=style.INK)
    right.plot(lengths, along[0] - drop * lengths, "--", color=UP)
    right.plot(lr, along[round(lr * 60)], "D", color=style.INK, markersize=4)
    right.text(0.04, 0.17, "tangent: what the\ngradient promises", color=UP, fontsize=8.5)
    right.text(0.62, along[36] + 0.03, "the loss", fontsize=8.5)
    right.set(xlabel="learning rate", ylabel="loss $E$ after the step", title="along the whole step", ylim=(0, 0.7))
    return figure


def draw_leaky(a: float) -> Figure:
    """Draw LeakyReLU, its slope, and what a central difference says of it near the kink."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.WIDTH, 2.35))
    net = np.linspace(-2, 2, 401)
    left.plot(net, leaky(net, a), color=style.INK)
    left.axhline(0, color=style.MUTED, linewidth=0.6)
    left.set(xlabel="net", ylabel="$h$", title=f"LeakyReLU, $a = {a}$")
    h = 0.5
    quotient = (leaky(net + h, a) - leaky(net - h, a)) / (2 * h)
    right.plot(net, quotient, ":", color=style.MUTED, label=f"difference quotient, step {h}")
    right.plot(net[net <= 0], np.full((net <= 0).sum(), a), color=LOC)
    right.plot(net[net > 0], np.ones((net > 0).sum()), color=LOC, label="local slope")
    right.plot(0, a, "o", color=LOC, markersize=5)
    right.plot(0, 1, "o", color=LOC, markersize=5, markerfacecolor="white")
    right.plot(0, (1 + a) / 2, "x", color=style.MUTED, markersize=6)
    right.set(xlabel="net", ylim=(-0.1, 1.55), title="its slope")
    right.legend(fontsize=8, loc="upper left")
    return figure


def draw_gradient_at_logits(p: Array, y: Array) -> Figure:
    """Draw p − y = the gradient of each sample, as three maps of N rows and K columns."""
    figure, axes = plt.subplots(1, 3, figsize=(style.WIDTH, 2.2))
    for ax, (name, values) in zip(axes, {"$p$": p, "$y$": y, "$p - y$": p - y}.items(), strict=True):
        ax.imshow(values, cmap="PuOr_r", vmin=-1.15, vmax=1.15, aspect="auto")
        for (n, k), value in np.ndenumerate(values):
            ax.text(
                k,
                n,
                f"{value:.2f}",
                ha="center",
                va="center",
                fontsize=8.5,
                color="white" if abs(value) > 0.75 else style.INK,
            )
        ax.set(title=name, xticks=range(p.shape[1]), yticks=range(len(p)), xlabel="class")
        ax.set_xticklabels([str(k) for k in range(p.shape[1])])
        ax.set_yticklabels([str(n) for n in range(len(p))])
    axes[0].set_ylabel("sample")
    return figure


def draw_stability() -> Figure:
    """Draw three ways to compute −ln p over the distance of the label's logit below the other one."""
    figure, ax = plt.subplots(figsize=(style.WIDTH, 2.6))
    distance = np.linspace(0, 1000, 2001)
    z = np.stack([distance, np.zeros_like(distance)], axis=1)
    with np.errstate(all="ignore"):
        naive = -np.log(np.exp(z)[:, 1] / np.exp(z).sum(axis=1))
        guarded = -np.log(softmax(z)[:, 1] + 1e-12)
    exact = np.logaddexp.reduce(z, axis=1) - z[:, 1]
    ax.plot(distance, exact, color="#c9d1d9", linewidth=6, label="shifted, as a difference of two terms: exact")
    ax.plot(
        distance,
        np.where(np.isfinite(naive), naive, np.nan),
        color=style.INK,
        label=r"$-\ln(e^{z_k} / \Sigma e^{z})$ as it stands",
    )
    ax.plot(distance, guarded, "--", color="#8250df", label=r"$-\ln(p + 10^{-12})$")
    last = distance[np.isfinite(naive)].max()
    ax.plot(last, exact[distance == last], "x", color=style.INK, markersize=8)
    ax.annotate("$e^z$ is infinite", (last, last), (last - 40, last - 230), fontsize=8.5, ha="center")
    ax.set(xlabel="how far the label's logit lies below the other", ylabel="loss of the sample", ylim=(-30, 1350))
    ax.legend(fontsize=8, loc="upper left")
    return figure
