"""Puts the questions of chapter 01 to a solution.

This module runs beside the learner's code: it imports NumPy and the standard library, nothing of the grader.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from autograder.attempts.answers import Array, Unusable, describe, read
from autograder.attempts.observe import Arguments, Solution, refuse_complex


def attempt_jacobian(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Take the diagonal and the rest of the matrix apart; what is not a (K, K) matrix is neither."""
    matrix, K = read(solution(*arguments.values())), len(arguments["p"])
    wanted = f"an array of shape ({K}, {K})"
    if not isinstance(matrix, Unusable) and matrix.shape != (K, K):
        matrix = Unusable(describe(matrix), wanted)
    if isinstance(matrix, Unusable):
        matrix = replace(matrix, wanted=matrix.wanted or wanted)
        return {"diagonal": matrix, "off-diagonal": matrix}
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
        refuse_complex(at)
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
