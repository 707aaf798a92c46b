"""Puts the questions of chapter 01 to a solution.

This module runs beside the learner's code: it imports NumPy and the standard library, nothing of the grader.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from autograder.answers import Array, Unusable, describe
from autograder.attempts import Arguments, Solution


def attempt_jacobian(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Take the diagonal and the rest of the matrix apart; what is not a (K, K) matrix is neither."""
    value, K = solution(*arguments.values()), len(arguments["p"])
    try:
        matrix = np.array(value)
    except ValueError:
        matrix = np.zeros(0)
    if not isinstance(value, np.ndarray | list | tuple) or matrix.shape != (K, K):
        came = f"an array of shape {matrix.shape}" if matrix.dtype.kind in "fiub" else describe(value)
        return dict.fromkeys(("diagonal", "off-diagonal"), Unusable(came, f"an array of shape ({K}, {K})"))
    rest = matrix.copy()
    np.fill_diagonal(rest, 0)
    return {"diagonal": matrix.diagonal(), "off-diagonal": rest}


def attempt_numerical_gradient(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Ask for the gradient at a private copy of x, so that what becomes of x is a part of its own."""
    x, a, b, h = (arguments[name] for name in ("x", "a", "b", "h"))
    view, base = _laid_out(x, arguments["layout"])
    before, calls = base.tobytes(), []

    def f(at: Array) -> float:
        calls.append(1)
        if np.shape(at) != x.shape:
            raise ValueError(f"f wants an array of x's shape {x.shape} and got one of shape {np.shape(at)}")
        return float(np.sum(a * np.sin(3 * at + b)) + 0.05 * np.sum(a * at) ** 2)

    gradient = solution(f, view) if h is None else solution(f, view, h)
    return {"value": gradient, "x restored": base.tobytes() == before, "calls": len(calls)}


def _laid_out(x: Array, layout: str) -> tuple[Array, Array]:
    """Return x as a view, and the array it is a view of."""
    if layout == "every other entry of an array":
        base = np.full((*x.shape[:-1], 2 * x.shape[-1]), 7.5)
        view = base[..., ::2]
    elif layout == "a transposed view":
        base = np.zeros(x.shape[::-1])
        view = base.T
    else:
        view = base = np.zeros(x.shape, dtype=x.dtype)
    view[...] = x
    return view, base
