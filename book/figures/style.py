"""How the book's figures look, and the two drawings of the template.

Colours of the slots come from `autograder.palette`; every figure stands on a white card, so that it also reads on a
dark page.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML, Math, display
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, HPacker, TextArea
from matplotlib.patches import FancyBboxPatch
from matplotlib_inline.backend_inline import set_matplotlib_formats
from myst_nb import glue
from numpy.typing import NDArray

from autograder.palette import INPUT, SLOPE, UPSTREAM
from computation_graph import Graph
from computation_graph.pytorch import largest_difference

INK = "#1f2328"
MUTED = "#57606a"
PALE = "#f6f8fa"
WIDTH = 4.6  # inches, which a phone shows almost at full size
WIDE = 5.6  # inches, for drawings with more in a row than WIDTH holds

Array = NDArray[np.float64]
Point = tuple[float, float]


def use() -> None:
    """Set the book's matplotlib defaults; called once at the top of each chapter."""
    set_matplotlib_formats("svg")
    plt.rcParams.update(
        {
            "figure.figsize": (WIDTH, 2.6),
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "font.size": 8.5,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": MUTED,
            "axes.labelcolor": INK,
            "axes.titlesize": 8.5,
            "axes.titlelocation": "left",
            "xtick.color": MUTED,
            "ytick.color": MUTED,
            "text.color": INK,
            "legend.frameon": False,
            "lines.linewidth": 1.4,
            "mathtext.fontset": "cm",
            "svg.hashsalt": "backprop-by-hand",
        }
    )


def show_math(*lines: str) -> None:
    """Display LaTeX lines, aligned at `&`, below each other."""
    display(Math(r"\begin{aligned}" + r"\\[2pt]".join(lines) + r"\end{aligned}"))


def keep(**values: Any) -> None:
    """Keep computed values for the text, where `{glue:text}` sets them.  Its formats refuse NumPy scalars."""
    for name, value in values.items():
        glue(name, value.item() if isinstance(value, np.generic) else value, display=False)


def keep_powers(**values: float) -> None:
    """Keep small numbers for the text, where `{glue:}` sets them as 1.2 × 10⁻⁸."""
    for name, value in values.items():
        glue(name, Math(power(value)), display=False)


def num(value: float, digits: int = 4) -> str:
    """`value` as LaTeX with fixed digits, in brackets when negative, so that it can stand in a product."""
    text = f"{float(value):.{digits}f}"
    return f"({text})" if text.startswith("-") else text


def power(value: float, digits: int = 1) -> str:
    """`value` as LaTeX in powers of ten, for example `2.3 \\times 10^{-11}`."""
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}"


def graph(lines: str, **options: Any) -> Graph:
    """Display the computation graph of `lines`, once its numbers are PyTorch's; `options` are those of `Graph`."""
    made = Graph(lines, **options)
    difference = largest_difference(made)
    if not difference < 1e-12:
        raise ValueError(f"The graph and PyTorch differ by {difference:.1e}.")
    display(HTML(made.html(alone=False)))
    return made


def blank(height: float, width: float = WIDTH) -> tuple[Figure, Axes]:
    """Return a figure `height` points high and `width` inches wide, without axes; data units are points."""
    figure = plt.figure(figsize=(width, height / 72), layout="none")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, width * 72), ylim=(0, height))
    ax.axis("off")
    return figure, ax


def box(ax: Axes, at: Point, text: str, width: float, colour: str = INK) -> None:
    """Draw a rounded box centred at `at` with `text` in it.

    Raises ValueError where the box would be cut off at the side of the drawing.
    """
    corner = (at[0] - width / 2, at[1] - 13)
    left, right = ax.get_xlim()
    if corner[0] < left or corner[0] + width > right:
        raise ValueError(f"The box {text} is cut off: the drawing is {right - left:.0f} points wide. Use style.WIDE.")
    outline = FancyBboxPatch(corner, width, 26, boxstyle="round,pad=0,rounding_size=4")
    outline.set(facecolor=PALE, edgecolor=MUTED, zorder=2)
    ax.add_patch(outline)
    ax.text(*at, text, ha="center", va="center", zorder=3, fontsize=11, color=colour)


def arrow(ax: Axes, start: Point, end: Point, colour: str = MUTED) -> None:
    look = {"arrowstyle": "-|>", "color": colour, "lw": 1.3, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 9}
    ax.annotate("", end, start, arrowprops=look)


def words(ax: Axes, at: Point, *pieces: tuple[str, str]) -> None:
    """Set pieces of (text, colour) side by side, centred at `at`."""
    texts: list[Artist] = [TextArea(text, textprops={"color": colour, "fontsize": 11}) for text, colour in pieces]
    packed = HPacker(children=texts, align="baseline", pad=0, sep=1.5)
    ax.add_artist(AnnotationBbox(packed, at, frameon=False, pad=0))


def draw_template() -> Figure:
    """Draw one sigmoid layer: values run right, gradients run left."""
    figure, ax = blank(138)
    up, slope, below = UPSTREAM.light, SLOPE.light, INPUT.light
    boxes = [
        ("$x$", 13, 24),
        (r"$\mathrm{net} = xW + b$", 111, 76),
        (r"$O = \sigma(\mathrm{net})$", 228, 76),
        ("$E$", 317, 24),
    ]
    for text, at, width in boxes:
        box(ax, (at, 112), text, width, below if text == "$x$" else INK)
    for (_, left, left_width), (_, right, right_width) in pairwise(boxes):
        start, end = left + left_width / 2 + 2, right - right_width / 2 - 2
        arrow(ax, (start, 117), (end, 117))
        arrow(ax, (end, 107), (start, 107), up)
    words(ax, (289, 76), (r"$g = \partial E/\partial O$", up))
    words(ax, (178, 76), (r"$\delta =$", INK), ("$g$", up), (r"$\cdot$", INK), ("$O(1-O)$", slope))
    words(ax, (44, 76), (r"$\partial E/\partial x = \delta\, W^{\mathsf{T}}$", INK))
    words(ax, (111, 28), (r"$\partial E/\partial W =$", INK), (r"$x^{\mathsf{T}}$", below), (r"$\delta$", INK))
    words(ax, (228, 28), (r"$\partial E/\partial b = \Sigma_n\, \delta_n$", INK))
    notes = [
        (289, 60, "upstream gradient", up),
        (178, 60, "times local slope", slope),
        (44, 60, "for the layer below", MUTED),
        (111, 12, "input times delta", below),
        (228, 12, "delta, summed", MUTED),
    ]
    for x, y, text, colour in notes:
        ax.text(x, y, text, color=colour, fontsize=8, ha="center", va="center")
    return figure


def draw_network(values: Mapping[str, Array]) -> Figure:
    """Draw the worked 2-2-2 network.

    `values` holds x, O1, O2, d1, d2, g1, g2 of shape (2,), W1, W2 of shape (2, 2) and E, a number.
    Forward values stand above a unit, upstream gradient and delta below it.
    """
    figure, ax = blank(206)
    x, hidden, output, loss = 15.0, 119.0, 226.0, 315.0
    rows, middle = (172.0, 68.0), 120.0
    _draw_edges(ax, x + 15, hidden - 21, rows, values["W1"])
    _draw_edges(ax, hidden + 21, output - 21, rows, values["W2"])
    for unit, height in enumerate(rows):
        box(ax, (x, height), f"$x_{unit + 1}$", 26, INPUT.light)
        ax.text(x, height + 19, f"{values['x'][unit]:.1f}", ha="center", fontsize=9, color=INPUT.light)
        _draw_unit(ax, (hidden, height), f"$j={unit + 1}$", values, unit, "1")
        _draw_unit(ax, (output, height), f"$k={unit + 1}$", values, unit, "2")
        arrow(ax, (output + 21, height), (loss - 15, middle + (8 if height > middle else -8)))
    box(ax, (loss, middle), "$E$", 26)
    ax.text(loss, middle + 19, f"{float(values['E']):.4f}", ha="center", fontsize=9)
    return figure


def _draw_edges(ax: Axes, left: float, right: float, rows: tuple[float, float], weights: Array) -> None:
    for j, start in enumerate(rows):
        for k, end in enumerate(rows):
            arrow(ax, (left, start), (right, end), "#8c959f")
            share = 0.45 if j == k else 0.26
            spot = (left + share * (right - left), start + share * (end - start))
            look = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
            ax.text(*spot, f"{weights[j, k]:.1f}", fontsize=9, ha="center", va="center", bbox=look, color=INK)


def _draw_unit(ax: Axes, at: Point, name: str, values: Mapping[str, Array], unit: int, layer: str) -> None:
    box(ax, at, name, 40)
    g, delta = values["g" + layer][unit], values["d" + layer][unit]
    ax.text(at[0], at[1] + 19, f"$O={values['O' + layer][unit]:.4f}$", ha="center", fontsize=9)
    ax.text(at[0], at[1] - 25, f"$g={g:.4f}$", ha="center", fontsize=9, color=UPSTREAM.light)
    ax.text(at[0], at[1] - 38, rf"$\delta={delta:.4f}$", ha="center", fontsize=9)
