"""The drawings of chapter 01."""

from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from autograder.palette import SLOPE, UPSTREAM
from figures import style
from figures.style import INK, MUTED, Array

_LABEL = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}


def draw_product(f: float, df: float, g: float, dg: float, h: float) -> Figure:
    """Draw f·g as a rectangle that grows by two strips and a corner; beside it, how these shrink with the step."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.WIDTH, 2.7), width_ratios=[1.25, 1])
    wide, high = df * h, dg * h
    for corner, width, height, colour, alpha in (
        ((0.0, 0.0), f, g, style.PALE, 1.0),
        ((f, 0.0), wide, g, SLOPE.light, 0.35),
        ((0.0, g), f, high, UPSTREAM.light, 0.3),
        ((f, g), wide, high, MUTED, 0.35),
    ):
        left.add_patch(Rectangle(corner, width, height, facecolor=colour, alpha=alpha, edgecolor=INK, linewidth=0.8))
    for x, y, text in (
        (f / 2, g / 2, "$f\\,g$"),
        (f + wide / 2, g / 2, "$f'h\\,g$"),
        (f / 2, g + high / 2, "$f\\,g'h$"),
    ):
        left.text(x, y, text, ha="center", va="center", fontsize=11)
    note = {"arrowstyle": "-", "color": MUTED, "lw": 0.8}
    target = (f + wide / 2, g + high / 2)
    left.annotate("$f'h\\,g'h$", target, (f + wide * 0.5, g + high * 1.7), arrowprops=note, ha="center", fontsize=10)
    left.set(xlim=(-0.05, f + wide * 1.3), ylim=(-0.05, g + high * 2.1), aspect="equal")
    left.axis("off")
    steps = np.geomspace(1e-3, 0.5, 30)
    right.loglog(steps, (df * g + f * dg) * steps, color=INK, label="the two strips")
    right.loglog(steps, df * dg * steps**2, "--", color=MUTED, label="the corner")
    right.set(xlabel="step $h$", ylabel="area")
    right.legend(fontsize=9)
    return figure


def draw_activations(
    net: Array, columns: Mapping[str, tuple[Array, Array]], at: float, read: Mapping[str, tuple[float, float]]
) -> Figure:
    """Draw each activation over its slope; `columns` holds (O, slope) by name, `read` the same at net = `at`."""
    figure, axes = plt.subplots(2, len(columns), figsize=(style.WIDTH, 3.4), sharex=True, sharey="row")
    for (name, (O, slope)), (top, low) in zip(columns.items(), axes.T, strict=True):
        value, rise = read[name]
        run = np.array([-0.9, 0.9])
        top.plot(net, O, color=INK)
        top.plot(at + run, value + rise * run, color=SLOPE.light, linewidth=2.4)
        top.plot(at, value, "o", color=INK, markersize=4)
        low.plot(net, slope, color=SLOPE.light)
        low.plot(at, rise, "o", color=INK, markersize=4)
        low.annotate(f"{rise:.2f}", (at, rise), (5, 5), textcoords="offset points", fontsize=9)
        top.set(title=name, ylim=(-1.3, 2.2))
        low.set(xlabel="net", ylim=(-0.05, 1.25))
    axes[0, 0].set_ylabel("$O$")
    axes[1, 0].set_ylabel("local slope", color=SLOPE.light)
    return figure


def draw_jacobian(p: Array, jacobian: Array) -> Figure:
    """Draw the probabilities as bars and the Jacobian as a heat map with its numbers."""
    K = len(p)
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.WIDTH, 3.0), width_ratios=[1, 2.4])
    bars = left.barh(np.arange(K), p, height=0.6, color=MUTED)
    left.bar_label(bars, [f"{value:.2f}" for value in p], padding=3, fontsize=9)
    left.set(yticks=range(K), yticklabels=[f"$p_{i + 1}$" for i in range(K)], xlim=(0, p.max() * 1.45), xticks=[])
    left.set(ylim=(K - 0.5, -0.5), title="$p$")
    left.spines["bottom"].set_visible(False)
    largest = np.abs(jacobian).max()
    picture = right.imshow(jacobian, cmap="PuOr_r", vmin=-largest, vmax=largest)
    for i, j in np.ndindex(jacobian.shape):
        strong = abs(jacobian[i, j]) > 0.65 * largest
        text = f"{jacobian[i, j]:.3f}".replace("-", "−")
        right.text(j, i, text, ha="center", va="center", fontsize=8.5, color="white" if strong else INK)
    right.set(xticks=range(K), xticklabels=[f"$z_{j + 1}$" for j in range(K)], yticks=[])
    right.set(title=r"$\partial p_i/\partial z_j$")
    right.spines[:].set_visible(False)
    figure.colorbar(picture, ax=right, shrink=0.9)
    return figure


def draw_backward(p: Array, g: Array, answer: Array) -> Figure:
    """Draw the upstream gradient with its mean weighted by p, and below it what softmax hands down."""
    figure, (top, low) = plt.subplots(2, 1, figsize=(style.WIDTH, 3.6), sharex=True)
    at, mean = np.arange(len(p)), float(g @ p)
    top.bar(at, g, width=0.25 + 0.6 * p / p.max(), color=UPSTREAM.light, alpha=0.85)
    top.axhline(mean, color=INK, linewidth=1.2)
    top.text(len(p) + 0.45, mean + 0.12, rf"$\Sigma\, g_i p_i$ = {mean:.2f}", ha="right", fontsize=9)
    low.bar(at, answer, width=0.25 + 0.6 * p / p.max(), color=MUTED)
    for ax in (top, low):
        ax.axhline(0, color=MUTED, linewidth=0.8)
        ax.margins(y=0.2)
    for k, value in enumerate(answer):
        ax.annotate(
            f"{value:.3f}".replace("-", "−"),
            (k, value),
            (0, 4 if value >= 0 else -12),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    top.set_ylabel("upstream $g_k$", color=UPSTREAM.light)
    low.set_ylabel(r"$p_k(g_k - \Sigma\, g_i p_i)$")
    low.set(
        xticks=at, xticklabels=[f"$k={k + 1}$\n$p={value:.2f}$" for k, value in enumerate(p)], xlim=(-0.6, len(p) + 0.5)
    )
    return figure


def draw_secants(
    f: Callable[[Array], Array], x: float, h: float, slope: float, steps: Array, errors: Mapping[str, Array]
) -> Figure:
    """Draw the tangent of f at x beside both secants of step h, and the error of both over the step."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.WIDTH, 3.0), width_ratios=[1.25, 1])
    grid = np.linspace(x - 1.6 * h, x + 1.6 * h, 200)
    reach = np.array([-1.5 * h, 1.5 * h])
    low, middle, high = (float(f(np.array(at))) for at in (x - h, x, x + h))
    left.plot(grid, f(grid), color=INK)
    left.plot(x + reach, middle + slope * reach, color=SLOPE.light, label="tangent")
    left.plot(x + reach, middle + (high - middle) / h * reach, ":", color=MUTED, label="one-sided")
    left.plot(x + reach, (high + low) / 2 + (high - low) / (2 * h) * reach, "--", color=UPSTREAM.light, label="central")
    left.plot([x - h, x, x + h], [low, middle, high], "o", color=INK, markersize=4.5)
    left.set(xticks=[x - h, x, x + h], xticklabels=["$x-h$", "$x$", "$x+h$"], yticks=[])
    left.legend(fontsize=9)
    for (name, values), look in zip(errors.items(), ("s:", "o--"), strict=True):
        right.loglog(
            steps, values, look, color=MUTED if name == "one-sided" else UPSTREAM.light, markersize=4, label=name
        )
    right.set(xlabel="step $h$", ylabel="error of the slope")
    right.legend(fontsize=9)
    return figure
