"""The drawings of chapter 02, and the small machine behind its table of mistakes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from autograder.palette import UPSTREAM
from figures import style

Array = NDArray[np.float64]


# --- graphs


# --- counting


def multiplications(diamonds: int) -> tuple[int, int]:
    """Return how many products it takes to differentiate a row of diamonds: path by path, and node by node."""
    by_node = 4 * diamonds
    by_path, stack = 0, [diamonds]
    while stack:
        left = stack.pop()
        by_path += 0 if left == diamonds else 2
        if left:
            stack += [left - 1, left - 1]
    return by_path, by_node


def draw_counts(longest: int) -> Figure:
    figure, ax = plt.subplots(figsize=(style.WIDTH, 2.6))
    lengths = np.arange(1, longest + 1)
    counts = np.array([multiplications(int(n)) for n in lengths])
    ax.semilogy(lengths, counts[:, 0], "o-", color=style.MUTED, markersize=4, label="path by path")
    ax.semilogy(lengths, counts[:, 1], "s-", color=UPSTREAM.light, markersize=4, label="node by node, consumers first")
    ax.set(xlabel="diamonds in a row", ylabel="multiplications")
    ax.legend(fontsize=9)
    return figure


# --- layers


def draw_collapse(layers: Sequence[tuple[Array, Array]], activation: Callable[[Array], Array]) -> Figure:
    """Draw the output of a stack of layers (1 input, 1 output) without and with the activation between them."""
    figure, axes = plt.subplots(1, 2, figsize=(style.WIDTH, 2.5), sharex=True)
    x = np.linspace(-4, 4, 401)[:, None]
    for ax, between, title in zip(
        axes, (lambda net: net, activation), ("without σ: a straight line", "with σ: a curve"), strict=True
    ):
        for count, look in ((2, "--"), (len(layers), "-")):
            out = x
            for i, (W, b) in enumerate([*layers[: count - 1], layers[-1]]):
                out = (between(out) if i else out) @ W + b
            ax.plot(x, out, look, color=style.INK if look == "-" else style.MUTED, label=f"{count} layers")
        ax.set(xlabel="$x$", title=title)
    axes[0].set(ylabel="output")
    axes[0].legend(fontsize=9)
    return figure


# --- the fit


def draw_fit(samples: Sequence[tuple[float, float]], steps: Sequence[float]) -> Figure:
    """Draw the loss of every sample over w with the steps of the first epoch, and w over all updates."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.WIDTH, 2.8))
    axis = np.linspace(0.9, 2.8, 200)
    for n, (x, y) in enumerate(samples):
        colour = ("#8c959f", style.MUTED, style.INK)[n]
        left.plot(axis, (x * axis - y) ** 2, color=colour, linewidth=1.2)
        left.text(2.86, (x * 2.8 - y) ** 2, f"sample {n + 1}", color=colour, fontsize=8.5, va="center")
        before, after = steps[n], steps[n + 1]
        height = (x * before - y) ** 2
        left.plot([before, after], [height] * 2, color=UPSTREAM.light, linewidth=5, solid_capstyle="butt", zorder=3)
    left.set(xlabel="$w$", ylabel="loss of the sample", title="first epoch", ylim=(0, 11), xlim=(0.9, 3.6))
    right.plot(range(len(steps)), steps, "o-", color=style.MUTED, markersize=3)
    ends = range(len(samples), len(steps), len(samples))
    right.plot(ends, [steps[i] for i in ends], "s", color=UPSTREAM.light, markersize=6, label="end of an epoch")
    right.axhline(2, color=style.INK, linewidth=0.8)
    right.set(xlabel="update", ylabel="$w$", title="five epochs", xticks=range(0, len(steps), 3), ylim=(0.95, 2.05))
    right.legend(fontsize=9, loc="lower right")
    return figure


# --- mistakes


@dataclass(frozen=True)
class Rule:
    """The pieces of a backward pass over a tape, each of which a mistake can replace."""

    product_slopes: Callable[[float, float], tuple[float, float]] = lambda a, b: (b, a)
    sum_slopes: Callable[[float, float], tuple[float, float]] = lambda a, b: (1.0, 1.0)
    contribution: Callable[[float, float], float] = lambda g, slope: g * slope
    arrive: Callable[[float | None, float], float] = lambda so_far, new: (so_far or 0.0) + new
    sign: float = 1.0
    keep: bool = False


RIGHT = Rule()
MISTAKES = {
    "upstream-ignored": replace(RIGHT, contribution=lambda g, slope: slope),
    "local-slope-missing": replace(RIGHT, contribution=lambda g, slope: g),
    "upstream-added": replace(RIGHT, contribution=lambda g, slope: g + slope),
    "own-factor": replace(RIGHT, product_slopes=lambda a, b: (a, b)),
    "sum-for-product": replace(RIGHT, product_slopes=lambda a, b: (1.0, 1.0)),
    "product-for-sum": replace(RIGHT, sum_slopes=lambda a, b: (b, a)),
    "path-overwritten": replace(RIGHT, arrive=lambda so_far, new: new),
    "paths-multiplied": replace(RIGHT, arrive=lambda so_far, new: new if so_far is None else so_far * new),
    "residual-reversed": replace(RIGHT, sign=-1.0),
    "gradients-kept": replace(RIGHT, keep=True),
}


class Tape:
    """Numbers in the order in which they were made, with where each came from and by which operation."""

    def __init__(self, rule: Rule = RIGHT) -> None:
        self.rule = rule
        self.numbers: list[float] = []
        self.origins: list[tuple[tuple[int, float], ...]] = []

    def put(self, number: float, *origins: tuple[int, float]) -> int:
        self.numbers.append(number)
        self.origins.append(origins)
        return len(self.numbers) - 1

    def multiply(self, i: int, j: int) -> int:
        a, b = self.numbers[i], self.numbers[j]
        towards_a, towards_b = self.rule.product_slopes(a, b)
        return self.put(a * b, (i, towards_a), (j, towards_b))

    def add(self, i: int, j: int) -> int:
        a, b = self.numbers[i], self.numbers[j]
        towards_a, towards_b = self.rule.sum_slopes(a, b)
        return self.put(a + b, (i, towards_a), (j, towards_b))

    def gradients(self) -> list[float]:
        """Return the gradient of the last number with respect to each."""
        arrived: list[float | None] = [None] * len(self.numbers)
        arrived[-1] = self.rule.sign
        for position in range(len(self.numbers) - 1, -1, -1):
            for below, slope in self.origins[position]:
                new = self.rule.contribution(arrived[position] or 0.0, slope)
                arrived[below] = self.rule.arrive(arrived[below], new)
        return [gradient or 0.0 for gradient in arrived]


def two_paths(rule: Rule = RIGHT) -> float:
    """Return ∂f/∂x of f = (x + w)(x·w) at x = 2, w = 3 by the rule."""
    tape = Tape(rule)
    x, w = tape.put(2.0), tape.put(3.0)
    tape.multiply(tape.add(x, w), tape.multiply(x, w))
    return tape.gradients()[x] * (2 if rule.keep else 1)  # kept gradients show at the second call


def fitted(rule: Rule, epochs: int) -> float:
    """Return w after fitting (1, 2), (2, 4), (3, 6) from w = 1 with learning rate 0.01, one update a sample."""
    w, left_over = 1.0, 0.0
    for _ in range(epochs):
        for x, y in ((1.0, 2.0), (2.0, 4.0), (3.0, 6.0)):
            tape = Tape(rule)
            weight = tape.put(w)
            error = tape.add(tape.multiply(weight, tape.put(x)), tape.put(-y))
            tape.multiply(error, error)
            left_over = tape.gradients()[weight] + (left_over if rule.keep else 0.0)
            w -= 0.01 * left_over
            if not abs(w) < 1e100:
                return float("inf")
    return w
