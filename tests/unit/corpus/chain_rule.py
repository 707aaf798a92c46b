"""Right and wrong solutions of the exercises of chapter 01, written out as a learner would."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.unit.corpus.wrong import Wrong, first_ten, in_float32, slope_carried_on

A = Any


def sigmoid(net: A) -> A:
    return 1 / (1 + np.exp(-net))


# --- right, several ways


def chain_by_steps(x: A, w1: A, b1: A, w2: A, b2: A) -> A:
    dy2_dy1 = w2
    dy1_dw1 = x
    return dy2_dy1, dy1_dw1, dy2_dy1 * dy1_dw1


def chain_by_differences(x: A, w1: A, b1: A, w2: A, b2: A) -> A:
    """Affine in every letter, so that a difference quotient with any step is exact."""
    y1 = x * w1 + b1
    second = ((y1 + 1) * w2 + b2) - (y1 * w2 + b2)
    first = (x * (w1 + 1) + b1) - y1
    both = ((x * (w1 + 1) + b1) * w2 + b2) - (y1 * w2 + b2)
    return [second, first, both]


def product_by_loop(f: A, df: A, g: A, dg: A) -> A:
    if np.ndim(f) == 0:
        return df * g + f * dg
    return [product_by_loop(*four) for four in zip(f, df, g, dg, strict=True)]


def slope_by_index(net: A, negative_slope: float) -> A:
    slope = np.full(net.shape, negative_slope)
    slope[net > 0] = 1.0
    return slope


def slope_by_loop(net: A, negative_slope: float) -> A:
    slope = np.zeros(net.shape)
    for i in np.ndindex(net.shape):
        slope[i] = 1 if net[i] > 0 else negative_slope
    return slope


def softmax_rows(z: A) -> A:
    rows = []
    for row in z:
        powers = [math.exp(value - max(row)) for value in row]
        rows.append([power / sum(powers) for power in powers])
    return rows


def softmax_logsumexp(z: A) -> A:
    return np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))


def softmax_in_place_on_a_copy(z: A) -> A:
    z = z.copy()
    z -= z.max(axis=1)[:, None]
    np.exp(z, out=z)
    z /= z.sum(axis=1)[:, None]
    return z


def jacobian_loops(p: A) -> A:
    matrix = np.zeros((len(p), len(p)))
    for i in range(len(p)):
        for j in range(len(p)):
            matrix[i, j] = p[i] * ((i == j) - p[j])
    return matrix


def jacobian_filled(p: A) -> A:
    matrix = -np.outer(p, p)
    np.fill_diagonal(matrix, p * (1 - p))
    return matrix.tolist()


def backward_by_jacobian(p: A, upstream: A) -> A:
    return np.array([jacobian_loops(row) @ g for row, g in zip(p, upstream, strict=True)])


def backward_loops(p: A, upstream: A) -> A:
    rows = []
    for row, g in zip(p, upstream, strict=True):
        mean = sum(g[k] * row[k] for k in range(len(row)))
        rows.append([row[k] * (g[k] - mean) for k in range(len(row))])
    return rows


def backward_in_place_on_a_copy(p: A, upstream: A) -> A:
    dz = upstream * p
    dz -= p * dz.sum(axis=1, keepdims=True)
    return dz


def numerical_units(f: A, x: A, h: float = 1e-5) -> A:
    units = np.eye(x.size).reshape(x.size, *x.shape)
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in units]).reshape(x.shape)


def numerical_copies(f: A, x: A, h: float = 1e-5) -> A:
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        above, below = x.astype(float), x.astype(float)
        above[i] += h
        below[i] -= h
        gradient[i] = (f(above) - f(below)) / (2 * h)
    return gradient


def numerical_put_back(f: A, x: A, h: float = 1e-5) -> A:
    """Change x itself where it can hold fractions, else a copy, and put every entry back."""
    at = x if x.dtype.kind == "f" else x.astype(float)
    gradient = np.empty(at.shape)
    for i in np.ndindex(at.shape):
        kept = at[i]
        at[i] = kept + h
        above = f(at)
        at[i] = kept - h
        gradient[i] = (above - f(at)) / (2 * h)
        at[i] = kept
    return gradient


def numerical_flat(f: A, x: A, h: float = 1e-5) -> A:
    flat = np.array(x, dtype=float).ravel()
    slopes = []
    for i in range(flat.size):
        kept = flat[i]
        flat[i] = kept + h
        above = f(flat.reshape(x.shape))
        flat[i] = kept - h
        below = f(flat.reshape(x.shape))
        flat[i] = kept
        slopes.append((above - below) / (2 * h))
    return np.reshape(slopes, x.shape)


def error_loop(a: A, b: A) -> A:
    worst = 0.0
    for i in np.ndindex(a.shape):
        worst = max(worst, abs(a[i] - b[i]) / max(abs(a[i]) + abs(b[i]), 1e-8))
    return worst


def error_list(a: A, b: A) -> A:
    return max(abs(p - q) / max(abs(p) + abs(q), 1e-8) for p, q in zip(a.ravel(), b.ravel(), strict=True))


def product_of_duals(f: A, df: A, g: A, dg: A) -> A:
    """The matrix of a number f + f′ε, times that of g + g′ε."""
    left = np.array([[f, df], [0 * np.asarray(f), f]])
    right = np.array([[g, dg], [0 * np.asarray(g), g]])
    return np.einsum("ij...,jk...->ik...", left, right)[0, 1]


def slope_in_place_on_a_copy(O: A) -> A:
    slope = np.array(O, dtype=float)
    slope *= 1 - slope
    return slope


class Softmax:
    def __init__(self, z: A) -> None:
        self.powers = np.exp(z - np.max(z, axis=1, keepdims=True))

    def __call__(self) -> A:
        return self.powers / self.powers.sum(axis=1, keepdims=True)


def softmax_in_a_class(z: A) -> A:
    return Softmax(z)()


def jacobian_by_columns(p: A) -> A:
    return np.column_stack([p * (unit - p[j]) for j, unit in enumerate(np.eye(len(p)))])


def backward_of_differences(p: A, upstream: A) -> A:
    """Σ_i p_k p_i (g_k − g_i)"""
    return np.einsum("nk,ni,nki->nk", p, p, upstream[:, :, None] - upstream[:, None, :])


def numbered(x: A) -> A:
    return np.arange(np.size(x)).reshape(np.shape(x))


def quotient(f: A, x: A, i: int, h: float) -> A:
    step = (numbered(x) == i) * h
    return (f(x + step) - f(x - step)) / (2 * h)


def numerical_recursive(f: A, x: A, h: float = 1e-5, i: int = 0) -> A:
    if i == x.size:
        return np.zeros(x.shape)
    rest = numerical_recursive(f, x, h, i + 1)
    return rest + (numbered(x) == i) * quotient(f, x, i, h)


def error_recursive(a: A, b: A) -> A:
    a, b = a.ravel(), b.ravel()
    first = abs(a[0] - b[0]) / max(abs(a[0]) + abs(b[0]), 1e-8)
    return max(first, error_recursive(a[1:], b[1:])) if len(a) > 1 else first


RIGHT: dict[str, list[Callable[..., A]]] = {
    "chain_two_affine": [
        chain_by_steps,
        chain_by_differences,
        lambda x, w1, b1, w2, b2: [np.float64(w2), np.array(x), float(x * w2)],
        lambda *five: (five[3], five[0], np.prod([five[3], five[0]])),
        lambda x, w1, b1, w2, b2: list(np.array([w2, x, np.dot(w2, x)])),
        lambda x, w1, b1, w2, b2: tuple(map(float, np.diag(np.outer([w2, x, w2], [1, 1, x])))),
    ],
    "product_rule": [
        lambda f, df, g, dg: df * g + f * dg,
        product_by_loop,
        lambda f, df, g, dg: np.sum([np.multiply(f, dg), np.multiply(df, g)], axis=0),
        lambda f, df, g, dg: ((f + df) * (g + dg)) - f * g - df * dg,
        lambda f, df, g, dg: np.einsum("i...,i...->...", np.array([df, f]), np.array([g, dg])),
        lambda f, df, g, dg: np.multiply(f, dg) + np.where(True, np.multiply(df, g), 0),
        product_of_duals,
    ],
    "sigmoid_slope": [
        lambda O: O * (1 - O),
        lambda O: O - O**2,
        lambda O: 0.25 - (np.asarray(O) - 0.5) ** 2,
        lambda O: np.array([o * (1 - o) for o in np.ravel(O)]).reshape(np.shape(O)),
        slope_in_place_on_a_copy,
        lambda O: np.where(np.asarray(O) > 0.5, (1 - np.asarray(O)) * O, O * np.subtract(1, O)),
        lambda O: np.prod([O, np.subtract(1.0, O)], axis=0),
    ],
    "tanh_slope": [
        lambda O: 1 - O**2,
        lambda O: (1 - O) * (1 + O),
        lambda O: np.subtract(1, np.square(O)),
        lambda O: np.array([1 - o * o for o in np.ravel(O)]).reshape(np.shape(O)),
        lambda O: np.prod([np.subtract(1, O), np.add(1, O)], axis=0),
        lambda O: -np.expm1(2 * np.log(np.maximum(abs(np.asarray(O)), 1e-300))),
        lambda O: np.array([(1 - o) * (1 + o) for o in np.ravel(O).tolist()]).reshape(np.shape(O)),
    ],
    "leaky_relu_slope": [
        lambda net, a: np.where(net > 0, 1.0, a),
        slope_by_index,
        slope_by_loop,
        lambda net, a: a + (1 - a) * (net > 0),
        lambda net, a: np.heaviside(net, 0.0) * (1 - a) + a,
        lambda net, a: np.select([net > 0, net <= 0], [1.0, a]),
        lambda net, a: np.maximum(np.sign(net), 0) * (1 - a) + a,
        lambda net, a: np.array([[a, 1.0][int(v > 0)] for v in net.ravel()]).reshape(net.shape),
    ],
    "softmax": [
        softmax_rows,
        softmax_logsumexp,
        softmax_in_place_on_a_copy,
        lambda z: 1 / np.exp(z[:, None, :] - z[:, :, None]).sum(axis=-1),
        lambda z: np.einsum("nk,n->nk", np.exp(z - z.max(1)[:, None]), 1 / np.exp(z - z.max(1)[:, None]).sum(1)),
        softmax_in_a_class,
    ],
    "softmax_jacobian": [
        lambda p: np.diag(p) - np.outer(p, p),
        jacobian_loops,
        jacobian_filled,
        lambda p: p[:, None] * (np.eye(len(p)) - p),
        lambda p: np.where(np.eye(len(p)) > 0, p * (1 - p), -p[:, None] * p),
        lambda p: np.einsum("i,ij->ij", p, np.eye(len(p))) - np.einsum("i,j->ij", p, p),
        jacobian_by_columns,
    ],
    "softmax_backward": [
        lambda p, g: p * (g - (g * p).sum(axis=1, keepdims=True)),
        backward_by_jacobian,
        backward_loops,
        backward_in_place_on_a_copy,
        lambda p, g: np.einsum("nk,nk->nk", p, g) - np.einsum("nk,ni,ni->nk", p, p, g),
        backward_of_differences,
        lambda p, g: (p[:, :, None] * (np.eye(p.shape[1]) - p[:, None, :]) * g[:, :, None]).sum(axis=1),
        lambda p, g: np.vstack([row * (h - np.dot(h, row)) for row, h in zip(p, g, strict=True)]),
    ],
    "numerical_gradient": [
        numerical_units,
        numerical_copies,
        numerical_put_back,
        numerical_flat,
        numerical_recursive,
        lambda f, x, h=1e-5: np.vectorize(lambda i: quotient(f, x, i, h), otypes=[float])(numbered(x)),
        lambda f, x, h=1e-5: np.reshape([quotient(f, x, i, h) for i in range(np.size(x))], np.shape(x)),
    ],
    "relative_error": [
        lambda a, b: np.max(np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-8)),
        error_loop,
        error_list,
        lambda a, b: (abs(a - b) / np.clip(abs(a) + abs(b), 1e-8, None)).max(),
        lambda a, b: np.divide(np.abs(a - b), np.fmax(np.abs(a) + np.abs(b), 1e-8)).max(),
        lambda a, b: (
            np.sort(
                np.where(abs(a) + abs(b) > 1e-8, abs(a - b) / (abs(a) + abs(b) + (a == b)), 1e8 * abs(a - b)).ravel()
            )[-1]
            if not (a == b).any()
            else error_loop(a, b)
        ),
        error_recursive,
    ],
}


# --- wrong

WRONG: list[Wrong] = []


def wrong(
    exercise: str, label: str, solution: Callable[..., A], mistake: str | None = None, parts: str = "value"
) -> None:
    WRONG.append(Wrong(exercise, solution, tuple(parts.split(", ")), mistake, label))


# chain_two_affine
C = "chain_two_affine"


def chain(second: A = None, first: A = None, both: A = None) -> Callable[..., A]:
    """Return the right answer with some of its entries replaced."""

    def solution(x: A, w1: A, b1: A, w2: A, b2: A) -> A:
        changes, right = (second, first, both), (w2, x, w2 * x)
        return tuple(
            change(x, w1, b1, w2, b2) if change else value for change, value in zip(changes, right, strict=True)
        )

    return solution


def y1(x: A, w1: A, b1: A, *_: A) -> A:
    return x * w1 + b1


def y2(x: A, w1: A, b1: A, w2: A, b2: A) -> A:
    return y1(x, w1, b1) * w2 + b2


wrong(C, "w1 for w2", chain(second=lambda x, w1, b1, w2, b2: w1), "other-weight", "dy2_dy1")
wrong(C, "y2 itself", chain(second=y2), "value-for-slope", "dy2_dy1")
wrong(C, "b2 kept", chain(second=lambda x, w1, b1, w2, b2: w2 + b2), "constant-kept", "dy2_dy1")
wrong(C, "y1 for w2", chain(second=y1), "slope-by-another", "dy2_dy1")
wrong(C, "w1 for x", chain(first=lambda x, w1, b1, w2, b2: w1), "slope-by-another", "dy1_dw1")
wrong(C, "y1 itself", chain(first=y1), "value-for-slope", "dy1_dw1")
wrong(C, "b1 kept", chain(first=lambda x, w1, b1, w2, b2: x + b1), "constant-kept", "dy1_dw1")
wrong(C, "always 1", chain(first=lambda *_: 1), "slope-by-another", "dy1_dw1")
wrong(C, "added", chain(both=lambda x, w1, b1, w2, b2: w2 + x), "path-added", "dy2_dw1")
wrong(C, "second half of the path", chain(both=lambda x, w1, b1, w2, b2: w2), "path-half", "dy2_dw1")
wrong(C, "first half of the path", chain(both=lambda x, w1, b1, w2, b2: x), "path-half", "dy2_dw1")
wrong(C, "w1 x", chain(both=lambda x, w1, b1, w2, b2: w1 * x), "other-weight", "dy2_dw1")
wrong(C, "by w2", chain(both=y1), "slope-by-another", "dy2_dw1")
wrong(C, "by x", chain(both=lambda x, w1, b1, w2, b2: w1 * w2), "slope-by-another", "dy2_dw1")
wrong(C, "y2 for both", chain(both=y2), "value-for-slope", "dy2_dw1")
wrong(C, "b1 kept in both", chain(both=lambda x, w1, b1, w2, b2: w2 * (x + b1)), "constant-kept", "dy2_dw1")
wrong(C, "b2 kept in both", chain(both=lambda x, w1, b1, w2, b2: w2 * x + b2), "constant-kept", "dy2_dw1")
wrong(C, "sign", chain(both=lambda x, w1, b1, w2, b2: -w2 * x), "sign", "dy2_dw1")
wrong(C, "the printed example", lambda *_: (2, 1, 2), "slope-by-another", "dy2_dy1, dy1_dw1, dy2_dw1")
wrong(C, "whole numbers", lambda x, w1, b1, w2, b2: (w2, x, int(w2 * x)), None, "dy2_dw1")
wrong(C, "another order", lambda x, w1, b1, w2, b2: (x, w2, x * w2), None, "dy2_dy1, dy1_dw1")
wrong(C, "divided", chain(both=lambda x, w1, b1, w2, b2: w2 / x if x else 0.0), None, "dy2_dw1")
wrong(C, "two values", lambda x, w1, b1, w2, b2: (w2, x), None, "dy2_dy1, dy1_dw1, dy2_dw1")
wrong(C, "values on the way", lambda x, w1, b1, w2, b2: (w2, x, [w2, x]), None, "dy2_dw1")
wrong(C, "squared", chain(both=lambda x, w1, b1, w2, b2: w2 * x * x), None, "dy2_dw1")
wrong(C, "w2 where it is not 0", chain(second=lambda x, w1, b1, w2, b2: w2 or 1.0), None, "dy2_dy1")

# product_rule
P = "product_rule"
wrong(P, "slopes multiplied", lambda f, df, g, dg: df * dg, "product-of-slopes")
wrong(P, "first term", lambda f, df, g, dg: df * g, "product-one-term")
wrong(P, "second term", lambda f, df, g, dg: f * dg, "product-one-term")
wrong(P, "subtracted", lambda f, df, g, dg: df * g - f * dg, "product-minus")
wrong(P, "subtracted the other way", lambda f, df, g, dg: f * dg - df * g, "product-minus")
wrong(P, "quotient", lambda f, df, g, dg: (df * g - f * dg) / g**2, "quotient-rule")
wrong(P, "own slopes", lambda f, df, g, dg: f * df + g * dg, "product-own-slope")
wrong(P, "slopes added", lambda f, df, g, dg: df + dg, "slopes-added")
wrong(P, "terms multiplied", lambda f, df, g, dg: df * g * f * dg, "product-multiplied")
wrong(P, "value", lambda f, df, g, dg: f * g, "product-value")
wrong(P, "value and slopes", lambda f, df, g, dg: f * g + df * dg, "product-value")
wrong(P, "one term too many", lambda f, df, g, dg: df * g + f * dg + df * dg)
wrong(P, "difference with step 1", lambda f, df, g, dg: (f + df) * (g + dg) - f * g)
wrong(P, "sizes", lambda f, df, g, dg: abs(df * g) + abs(f * dg))
wrong(P, "summed", lambda f, df, g, dg: np.sum(df * g + f * dg), "summed-over-everything")
wrong(P, "matrix product", lambda f, df, g, dg: np.dot(df, g) + np.dot(f, dg))
wrong(P, "half", lambda f, df, g, dg: (df * g + f * dg) / 2, "factor-half")
wrong(P, "brackets wrong", lambda f, df, g, dg: df * (g + f) * dg)
wrong(P, "an array for a number", lambda f, df, g, dg: np.atleast_1d(df * g + f * dg))
wrong(P, "a float of it", lambda f, df, g, dg: int(df * g + f * dg) if np.ndim(f) == 0 else df * g + f * dg)


def product_in_place(f: A, df: A, g: A, dg: A) -> A:
    df *= g
    dg *= f
    df += dg
    return df


wrong(P, "df changed", product_in_place)

# sigmoid_slope
S = "sigmoid_slope"
wrong(S, "slope of tanh", lambda O: 1 - O**2, "slope-of-tanh")
wrong(S, "sigmoid again", lambda O: sigmoid(O) * (1 - sigmoid(O)), "sigmoid-of-activation")
wrong(S, "sigmoid of O", lambda O: sigmoid(O), "sigmoid-of-activation")
wrong(S, "1 − O", lambda O: 1 - O, "slope-half")
wrong(S, "O", lambda O: O + 0.0, "slope-half")
wrong(S, "plus", lambda O: O * (1 + O), "slope-plus")
wrong(S, "ones", lambda O: np.ones_like(O), "slope-missing")
wrong(S, "squared", lambda O: (O * (1 - O)) ** 2, "slope-twice")
wrong(S, "sign", lambda O: O**2 - O, "sign")
wrong(S, "factor 2", lambda O: 2 * O * (1 - O), "factor-two")
wrong(S, "O²(1 − O)", lambda O: O**2 * (1 - O))
wrong(S, "always ¼", lambda O: np.full(np.shape(O), 0.25))
wrong(S, "root", lambda O: np.sqrt(O * (1 - O)))
wrong(S, "net(1 − net)", lambda O: np.nan_to_num(np.log(O / (1 - O)) * (1 - np.log(O / (1 - O)))))
wrong(S, "never 0", lambda O: np.maximum(O * (1 - O), 1e-3))
wrong(S, "clipped", lambda O: np.clip(O, 0.05, 0.95) * (1 - np.clip(O, 0.05, 0.95)))
wrong(S, "rounded", lambda O: np.round(O * (1 - O), 3))
wrong(S, "first row", lambda O: (O * (1 - O))[0] if np.ndim(O) > 1 else O * (1 - O))
wrong(S, "a list for a number", lambda O: np.atleast_1d(O * (1 - O)))
wrong(S, "from the net, all the way", lambda O: O / (1 + np.exp(O)))
wrong(S, "no return", lambda O: None)

# tanh_slope
T = "tanh_slope"
wrong(T, "slope of the sigmoid", lambda O: O * (1 - O), "slope-of-sigmoid")
wrong(T, "not squared", lambda O: 1 - O, "tanh-slope-not-squared")
wrong(T, "size, not square", lambda O: 1 - abs(O), "tanh-slope-not-squared")
wrong(T, "1 + O", lambda O: 1 + O, "slope-half")
wrong(T, "O²", lambda O: np.square(O), "slope-half")
wrong(T, "plus", lambda O: 1 + O**2, "slope-plus")
wrong(T, "tanh again", lambda O: 1 - np.tanh(O) ** 2, "tanh-of-activation")
wrong(T, "square outside", lambda O: (1 - O) ** 2, "tanh-square-outside")
wrong(T, "sign", lambda O: O**2 - 1, "sign")
wrong(T, "half", lambda O: (1 - O**2) / 2, "factor-half")
wrong(T, "squared", lambda O: (1 - O**2) ** 2)
wrong(T, "reciprocal", lambda O: 1 / (1 + O**2))
wrong(T, "slope of arctanh", lambda O: 1 / np.maximum(1 - O**2, 1e-9))
wrong(T, "fourth power", lambda O: 1 - O**4)
wrong(T, "never 0", lambda O: np.maximum(1 - O**2, 1e-3))
wrong(T, "ones", lambda O: np.ones(np.shape(O)))
wrong(T, "sum of squares", lambda O: 1 - np.sum(np.square(O)))
wrong(T, "root", lambda O: np.sqrt(1 - O**2))


def tanh_in_place(O: A) -> A:
    if isinstance(O, np.ndarray):
        O *= -O
        O += 1
        return O
    return 1 - O**2


wrong(T, "O changed", tanh_in_place)

# leaky_relu_slope
L = "leaky_relu_slope"
wrong(L, "0 on the positive side", lambda net, a: np.where(net >= 0, 1.0, a), "kink-on-the-positive-side")
wrong(L, "plain ReLU", lambda net, a: np.where(net > 0, 1.0, 0.0), "slope-of-relu")
wrong(L, "0.01", lambda net, a: np.where(net > 0, 1.0, 0.01), "slope-hard-coded")
wrong(L, "value", lambda net, a: np.where(net > 0, net, a * net), "value-for-slope")
wrong(L, "value by maximum", lambda net, a: np.maximum(net, a * net), "value-for-slope")
wrong(L, "−a", lambda net, a: np.where(net > 0, 1.0, -a), "negative-slope-altered")
wrong(L, "1/a", lambda net, a: np.where(net > 0, 1.0, 1 / np.float64(a)), "negative-slope-altered")
wrong(L, "a·net", lambda net, a: np.where(net > 0, 1.0, a * net), "negative-slope-altered")
wrong(L, "1 − a", lambda net, a: np.where(net > 0, 1.0, 1 - a), "negative-slope-altered")
wrong(L, "net on the positive side", lambda net, a: np.where(net > 0, net, a), "negative-slope-altered")
wrong(L, "swapped", lambda net, a: np.where(net > 0, a, 1.0), "sides-swapped")
wrong(L, "swapped, 0 too", lambda net, a: np.where(net < 0, 1.0, a), "sides-swapped")
wrong(L, "ones", lambda net, a: np.ones_like(net), "one-slope-for-both")
wrong(L, "a everywhere", lambda net, a: np.full_like(net, a), "one-slope-for-both")
wrong(L, "0 at 0", lambda net, a: 1.0 * (net > 0) + a * (net < 0), "kink-halved")
wrong(L, "mean at 0", lambda net, a: np.heaviside(net, 0.5) * (1 - a) + a, "kink-halved")
wrong(L, "from a quotient", lambda net, a: np.nan_to_num(np.where(net > 0, net, a * net) / net), "kink-halved")
wrong(L, "a added", lambda net, a: 1.0 * (net > 0) + a)
wrong(L, "sign of net", lambda net, a: np.where(net > 0, 1.0, a) * np.sign(net))
wrong(L, "above 1 only", lambda net, a: np.where(net > 1, 1.0, a))
wrong(L, "0.1", lambda net, a: np.where(net > 0, 1.0, 0.1))
wrong(L, "default for 0", lambda net, a: np.where(net > 0, 1.0, a or 0.01))
wrong(L, "mask", lambda net, a: net > 0, "slope-of-relu")
wrong(L, "a²", lambda net, a: np.where(net > 0, 1.0, a * a))
wrong(L, "whole array by its sum", lambda net, a: np.full(net.shape, 1.0 if net.sum() > 0 else a))
wrong(L, "0-d forgotten", lambda net, a: np.atleast_1d(np.where(net > 0, 1.0, a)))


def leaky_in_place(net: A, a: float) -> A:
    positive = net > 0
    net[positive] = 1.0
    net[~positive] = a
    return net


wrong(L, "net changed", leaky_in_place)

# softmax
X, BOTH = "softmax", "value, stability"


def shifted(z: A) -> A:
    return np.exp(z - z.max(axis=1, keepdims=True))


def right_softmax(z: A) -> A:
    return shifted(z) / shifted(z).sum(axis=1, keepdims=True)


def softmax_axis_0(z: A) -> A:
    powers = np.exp(z - z.max(axis=0))
    return powers / powers.sum(axis=0)


def softmax_everything(z: A) -> A:
    powers = np.exp(z - z.max())
    return powers / powers.sum()


def softmax_one_maximum(z: A) -> A:
    powers = np.exp(z - z.max())
    return powers / powers.sum(axis=1, keepdims=True)


def softmax_changing_z(z: A) -> A:
    z -= z.max(axis=1, keepdims=True)
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


wrong(X, "no maximum", lambda z: np.exp(z) / np.exp(z).sum(1, keepdims=True), "max-not-subtracted", "stability")
wrong(X, "one maximum for all", softmax_one_maximum, "max-over-everything", "stability")
wrong(X, "mean for maximum", lambda z: right_mean(z, z.mean(1, keepdims=True)), None, "stability")
wrong(X, "minimum for maximum", lambda z: right_mean(z, z.min(1, keepdims=True)), None, "stability")
wrong(X, "clipped logits", lambda z: right_softmax(np.clip(z, -500, 500)), None, "stability")
wrong(X, "nan to 0", lambda z: np.nan_to_num(right_mean(z, 0 * z)), None, "stability")
wrong(X, "first column for maximum", lambda z: right_mean(z, z[:, :1]), None, "stability")
wrong(X, "wrong axis", softmax_axis_0, "softmax-wrong-axis", BOTH)
wrong(X, "over everything", softmax_everything, "softmax-over-everything", BOTH)
wrong(X, "no keepdims", lambda z: shifted(z) / shifted(z).sum(axis=1), "softmax-keepdims", BOTH)
wrong(X, "no keepdims, no maximum", lambda z: np.exp(z) / np.exp(z).sum(axis=1), "softmax-keepdims", BOTH)
wrong(X, "twice", lambda z: right_softmax(right_softmax(z)), "softmax-twice", BOTH)
wrong(X, "sigmoid", lambda z: sigmoid(z), "sigmoid-for-softmax", BOTH)
wrong(X, "no exponential", lambda z: z / z.sum(axis=1, keepdims=True), "exponential-missing", BOTH)
wrong(X, "not normalised", lambda z: np.exp(z), "softmax-not-normalised", BOTH)
wrong(X, "shifted, not normalised", shifted, "softmax-not-normalised", BOTH)
wrong(X, "logarithm", lambda z: np.log(np.maximum(right_softmax(z), 1e-320)), "log-softmax", BOTH)
wrong(X, "sign", lambda z: right_softmax(-z), "softmax-sign", BOTH)
wrong(X, "base 2", lambda z: right_softmax(z * np.log(2)), None, BOTH)
wrong(X, "one-hot", lambda z: np.eye(z.shape[1])[z.argmax(1)], None, BOTH)
wrong(X, "epsilon", lambda z: np.exp(z) / (np.exp(z).sum(1, keepdims=True) + 1e-8), None, BOTH)
wrong(X, "large epsilon", lambda z: shifted(z) / (shifted(z).sum(1, keepdims=True) + 1e-3), None, BOTH)
wrong(X, "clipped answer", lambda z: np.clip(right_softmax(z), 1e-2, 1 - 1e-2), None, BOTH)
wrong(X, "normalised by length", lambda z: shifted(z) / np.linalg.norm(shifted(z), axis=1, keepdims=True), None, BOTH)
wrong(X, "z changed", softmax_changing_z, None, BOTH)
wrong(X, "transposed", lambda z: right_softmax(z).T, "transposed", BOTH)
wrong(X, "first row only", lambda z: right_softmax(z)[0], None, BOTH)
wrong(X, "temperature", lambda z: right_softmax(z / np.sqrt(z.shape[1])), None, BOTH)
wrong(X, "numerator shifted only", lambda z: shifted(z) / np.exp(z).sum(1, keepdims=True), None, BOTH)
wrong(X, "rounded", lambda z: np.round(right_softmax(z), 4), None, BOTH)


def right_mean(z: A, shift: A) -> A:
    powers = np.exp(z - shift)
    return powers / powers.sum(axis=1, keepdims=True)


# softmax_jacobian
J, BOTH = "softmax_jacobian", "diagonal, off-diagonal"


def entries(diagonal: Callable[..., A], rest: Callable[..., A]) -> Callable[..., A]:
    """Return a Jacobian made of diagonal(p_i, p_i) and rest(p_i, p_j)."""

    def solution(p: A) -> A:
        pi, pj = np.meshgrid(p, p, indexing="ij")
        return np.where(np.eye(len(p)) > 0, diagonal(pi, pj), rest(pi, pj))

    return solution


def right_diagonal(pi: A, pj: A) -> A:
    return pi * (1 - pj)


def right_rest(pi: A, pj: A) -> A:
    return -pi * pj


wrong(J, "diagonal only", lambda p: np.diag(p * (1 - p)), "jacobian-diagonal-only", "off-diagonal")
wrong(J, "plus", entries(right_diagonal, lambda pi, pj: pi * pj), "jacobian-plus", "off-diagonal")
wrong(J, "plus everywhere", lambda p: np.diag(p) + np.outer(p, p), "jacobian-plus", BOTH)
wrong(J, "no Kronecker delta", lambda p: -np.outer(p, p), "kronecker-missing", "diagonal")
wrong(J, "1 for the delta", lambda p: np.outer(p, 1 - p), "one-for-kronecker", "off-diagonal")
wrong(J, "1 for the delta, transposed", lambda p: np.outer(1 - p, p), "one-for-kronecker", "off-diagonal")
wrong(J, "diagonal p", entries(lambda pi, pj: pi, right_rest), "jacobian-diagonal-p", "diagonal")
wrong(J, "diag(p)", lambda p: np.diag(p), "jacobian-diagonal-p", BOTH)
wrong(J, "no p in front", lambda p: np.eye(len(p)) - p, "jacobian-half", BOTH)
wrong(J, "no p in front, column", lambda p: np.eye(len(p)) - p[:, None], "jacobian-half", BOTH)
wrong(J, "diag(p) − p", lambda p: np.diag(p) - p, "jacobian-half", BOTH)
wrong(J, "diag(p) − p²", lambda p: np.diag(p) - p * p, None, "off-diagonal")
wrong(J, "diag(p) − p·p", lambda p: np.diag(p) - p @ p, None, BOTH)
wrong(J, "sign", lambda p: np.outer(p, p) - np.diag(p), "sign", BOTH)
wrong(J, "factor 2", lambda p: 2 * (np.diag(p) - np.outer(p, p)), "factor-two", BOTH)
wrong(J, "1/K", lambda p: (np.diag(p) - np.outer(p, p)) / len(p), None, BOTH)
wrong(J, "softmax again", lambda p: jacobian_loops(np.exp(p) / np.exp(p).sum()), None, BOTH)
wrong(J, "a vector", lambda p: p * (1 - p), None, BOTH)
wrong(J, "flattened", lambda p: jacobian_loops(p).ravel(), None, BOTH)
wrong(J, "no return", lambda p: None, None, BOTH)
wrong(J, "words", lambda p: "p(1 − p)", None, BOTH)
wrong(J, "ragged", lambda p: [[1.0], [1.0, 2.0]], None, BOTH)
wrong(J, "upper triangle", lambda p: np.triu(jacobian_loops(p)), None, "off-diagonal")
wrong(J, "square on the diagonal", entries(lambda pi, pj: pi**2, right_rest), None, "diagonal")
wrong(J, "plus on the diagonal", entries(lambda pi, pj: pi * (1 + pi), right_rest), "jacobian-plus", "diagonal")
wrong(J, "diagonal divided by p", entries(lambda pi, pj: 1 - pi, right_rest), "jacobian-half", "diagonal")
wrong(J, "never 0", lambda p: jacobian_loops(np.maximum(p, 1e-2)), None, BOTH)
wrong(J, "minimum", entries(right_diagonal, lambda pi, pj: -np.minimum(pi, pj)), None, "off-diagonal")

# softmax_backward
B = "softmax_backward"


def weighted(g: A, p: A) -> A:
    return (g * p).sum(axis=1, keepdims=True)


wrong(B, "diagonal only", lambda p, g: p * (1 - p) * g, "jacobian-diagonal-only")
wrong(B, "nothing subtracted", lambda p, g: p * g, "weighted-mean-missing")
wrong(B, "sum subtracted", lambda p, g: p * (g - g.sum(1, keepdims=True)), "mean-not-weighted")
wrong(B, "mean subtracted", lambda p, g: p * (g - g.mean(1, keepdims=True)), "mean-not-weighted")
wrong(B, "p missing", lambda p, g: g - weighted(g, p), "probability-factor-missing")
wrong(B, "handed on", lambda p, g: g.copy(), "softmax-skipped")
wrong(B, "upstream ignored", lambda p, g: p * (1 - p), "upstream-ignored")
wrong(B, "p − g", lambda p, g: p - g, "labels-for-upstream")
wrong(B, "axis 0", lambda p, g: p * (g - (g * p).sum(axis=0)), "weighted-mean-wrong-axis")
wrong(B, "everything", lambda p, g: p * (g - (g * p).sum()), "weighted-mean-wrong-axis")
wrong(B, "no keepdims", lambda p, g: p * (g - (g * p).sum(axis=1)), "weighted-mean-wrong-axis")
wrong(B, "plus", lambda p, g: p * (g + weighted(g, p)), "jacobian-plus")
wrong(B, "sign", lambda p, g: p * (weighted(g, p) - g), "sign")
wrong(B, "mean over n", lambda p, g: p * (g - weighted(g, p)) / len(p), "batch-mean")
wrong(B, "mean over k", lambda p, g: p * (g - weighted(g, p)) / p.shape[1])
wrong(B, "factor 2", lambda p, g: 2 * p * (g - weighted(g, p)), "factor-two")
wrong(B, "softmax again", lambda p, g: right_softmax(p) * (g - weighted(g, right_softmax(p))))
wrong(B, "softmax of the upstream", lambda p, g: p * (right_softmax(g) - weighted(right_softmax(g), p)))
wrong(B, "one Jacobian for all rows", lambda p, g: g @ jacobian_loops(p[0]))
wrong(B, "p²", lambda p, g: p * (g - (g * p * p).sum(1, keepdims=True)))
wrong(B, "ones for the upstream", lambda p, g: p * (1 - weighted(np.ones_like(g), p)))
wrong(B, "largest class only", lambda p, g: np.where(p == p.max(1, keepdims=True), p * (g - weighted(g, p)), 0))
wrong(B, "p(1 − g)", lambda p, g: p * (1 - g))
wrong(B, "first row only", lambda p, g: np.vstack([p[:1] * (g[:1] - weighted(g[:1], p[:1])), 0 * p[1:]]))
wrong(B, "batch summed", lambda p, g: (p * (g - weighted(g, p))).sum(0))
wrong(B, "never 0", lambda p, g: np.maximum(p, 1e-2) * (g - weighted(g, p)))


def backward_changing_p(p: A, g: A) -> A:
    mean = weighted(g, p)
    p *= g - mean
    return p


def backward_changing_upstream(p: A, g: A) -> A:
    g -= weighted(g, p)
    return p * g


wrong(B, "p changed", backward_changing_p)
wrong(B, "upstream changed", backward_changing_upstream)

# numerical_gradient
N, RESTORED = "numerical_gradient", "x restored"


def differences(quotient: Callable[..., A]) -> Callable[..., A]:
    """Return a numerical gradient whose entries are quotient(f, x, unit, h)."""

    def solution(f: A, x: A, h: float = 1e-5) -> A:
        x = np.array(x, dtype=float)
        units = np.eye(x.size).reshape(x.size, *x.shape)
        return np.array([quotient(f, x, unit, h) for unit in units]).reshape(x.shape)

    return solution


def central(f: A, x: A, unit: A, h: A) -> A:
    return (f(x + h * unit) - f(x - h * unit)) / (2 * h)


def numerical_adding_back(f: A, x: A, h: float = 1e-5) -> A:
    at = x if x.dtype.kind == "f" else x.astype(float)
    gradient = np.empty(at.shape)
    for i in np.ndindex(at.shape):
        at[i] += h
        above = f(at)
        at[i] -= 2 * h
        gradient[i] = (above - f(at)) / (2 * h)
        at[i] += h
    return gradient


def numerical_not_put_back(f: A, x: A, h: float = 1e-5) -> A:
    at = x if x.dtype.kind == "f" else x.astype(float)
    gradient = np.empty(at.shape)
    for i in np.ndindex(at.shape):
        at[i] += h
        above = f(at)
        at[i] -= 2 * h
        gradient[i] = (above - f(at)) / (2 * h)
    return gradient


def numerical_integer_steps(f: A, x: A, h: float = 1e-5) -> A:
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient


def numerical_integer_result(f: A, x: A, h: float = 1e-5) -> A:
    gradient = np.zeros_like(x)
    gradient[...] = numerical_units(f, x, h)
    return gradient


def numerical_writing_into_x(f: A, x: A, h: float = 1e-5) -> A:
    gradient = numerical_units(f, x, h)
    x[...] = gradient
    return gradient


def numerical_copy_unseen(f: A, x: A, h: float = 1e-5) -> A:
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        moved = x.astype(float)
        moved[i] += h
        above = f(x)
        moved[i] -= 2 * h
        gradient[i] = (above - f(x)) / (2 * h)
    return gradient


def numerical_raveled(f: A, x: A, h: float = 1e-5) -> A:
    """Right where ravel() is a view, blind where it is a copy."""
    at = x if x.dtype.kind == "f" else x.astype(float)
    flat, gradient = at.ravel(), np.zeros(x.size)
    for i in range(x.size):
        kept = flat[i]
        flat[i] = kept + h
        above = f(at)
        flat[i] = kept - h
        gradient[i] = (above - f(at)) / (2 * h)
        flat[i] = kept
    return gradient.reshape(x.shape)


wrong(N, "one-sided", differences(lambda f, x, e, h: (f(x + h * e) - f(x)) / h), "one-sided")
wrong(N, "other side", differences(lambda f, x, e, h: (f(x) - f(x - h * e)) / h), "one-sided")
wrong(N, "h for 2h", differences(lambda f, x, e, h: 2 * central(f, x, e, h)), "h-for-2h")
wrong(N, "h ignored", differences(lambda f, x, e, h: central(f, x, e, 1e-5)), "h-ignored")
wrong(N, "h of 0.1", differences(lambda f, x, e, h: central(f, x, e, 0.1)), "step-too-large")
wrong(N, "h of 0.01", differences(lambda f, x, e, h: central(f, x, e, 0.01)), "step-too-large")
wrong(N, "h of 1e-13", differences(lambda f, x, e, h: central(f, x, e, 1e-13)))
wrong(N, "float32", differences(lambda f, x, e, h: central(f, x.astype(np.float32), np.float32(e), np.float32(h))))
wrong(N, "not divided", differences(lambda f, x, e, h: f(x + h * e) - f(x - h * e)), "not-divided")
wrong(N, "a copy f never sees", numerical_copy_unseen, "copy-not-seen")
wrong(N, "all at once", lambda f, x, h=1e-5: (f(x + h) - f(x - h)) / (2 * h), "all-entries-moved")
wrong(
    N,
    "all at once, in every entry",
    lambda f, x, h=1e-5: np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h)),
    "all-entries-moved",
)
wrong(N, "sign", differences(lambda f, x, e, h: -central(f, x, e, h)), "sign")
wrong(N, "half a step over", differences(lambda f, x, e, h: (f(x + h * e) - f(x - h * e / 2)) / (1.5 * h)))
wrong(N, "half of it", differences(lambda f, x, e, h: central(f, x, e, h) / 2), "factor-half")
wrong(N, "Richardson", differences(lambda f, x, e, h: (4 * central(f, x, e, h) - central(f, x, e, 2 * h)) / 3))
wrong(N, "flattened", lambda f, x, h=1e-5: numerical_units(f, x, h).ravel())
wrong(N, "a list of rows summed", lambda f, x, h=1e-5: numerical_units(f, x, h).sum(), "all-entries-moved")
wrong(N, "integer steps", numerical_integer_steps)
wrong(N, "integer result", numerical_integer_result)
wrong(N, "blind behind a view", numerical_raveled)
wrong(N, "relative step", differences(lambda f, x, e, h: central(f, x, e, h * max(1e-3, abs(float((x * e).sum()))))))
wrong(N, "x restored by adding", numerical_adding_back, None, RESTORED)
wrong(N, "x not restored", numerical_not_put_back, None, f"value, {RESTORED}")
wrong(N, "x overwritten", numerical_writing_into_x, None, RESTORED)
wrong(N, "nothing tried", lambda f, x, h=1e-5: np.zeros(x.shape), "copy-not-seen", f"value, {RESTORED}")
wrong(N, "no return", lambda f, x, h=1e-5: None, None, f"value, {RESTORED}")
wrong(N, "f of a flat x", lambda f, x, h=1e-5: f(x.ravel()), None, f"value, {RESTORED}")
wrong(N, "no argument h", lambda f, x: numerical_units(f, x), None, f"value, {RESTORED}")

# relative_error
R = "relative_error"


def over(size: Callable[..., A], least: float = 1e-8) -> Callable[..., A]:
    return lambda a, b: np.max(abs(a - b) / np.maximum(size(abs(a), abs(b)), least))


def each(a: A, b: A) -> A:
    return abs(a - b) / np.maximum(abs(a) + abs(b), 1e-8)


wrong(R, "absolute", lambda a, b: np.max(abs(a - b)), "absolute-not-relative")
wrong(R, "mean", lambda a, b: np.mean(each(a, b)), "mean-not-max")
wrong(R, "larger of the two", over(np.maximum), "other-denominator")
wrong(R, "over a", over(lambda a, b: a), "other-denominator")
wrong(R, "over b", over(lambda a, b: b), "other-denominator")
wrong(R, "norms", lambda a, b: norm(a - b) / max(norm(a) + norm(b), 1e-8), "norm-not-max")
wrong(R, "no floor", lambda a, b: np.max(abs(a - b) / (abs(a) + abs(b))), "floor-missing")
wrong(R, "no floor, NaN left out", lambda a, b: np.nanmax(abs(a - b) / (abs(a) + abs(b))), "floor-missing")
wrong(R, "floor added", lambda a, b: np.max(abs(a - b) / (abs(a) + abs(b) + 1e-8)), "floor-added")
wrong(R, "signed difference", lambda a, b: np.max((a - b) / np.maximum(abs(a) + abs(b), 1e-8)), "difference-signed")
wrong(R, "other sign", lambda a, b: np.max((b - a) / np.maximum(abs(a) + abs(b), 1e-8)), "difference-signed")
wrong(R, "signed sum", lambda a, b: np.max(abs(a - b) / np.maximum(abs(a + b), 1e-8)), "sum-signed")
wrong(R, "twice", lambda a, b: 2 * np.max(each(a, b)), "factor-two")
wrong(R, "other floor", over(lambda a, b: a + b, 1e-4))
wrong(R, "tiny floor", over(lambda a, b: a + b, 1e-12), "floor-missing")
wrong(R, "smaller of the two", over(np.minimum))
wrong(R, "sum", lambda a, b: np.sum(each(a, b)))
wrong(R, "minimum", lambda a, b: np.min(each(a, b)))
wrong(R, "median", lambda a, b: np.median(each(a, b)))
wrong(R, "an array", each)
wrong(R, "a row of maxima", lambda a, b: np.max(each(a, b), axis=0))
wrong(R, "a verdict", lambda a, b: np.allclose(a, b))
wrong(R, "always 0", lambda a, b: 0.0)
wrong(R, "squares", lambda a, b: np.max((a - b) ** 2 / np.maximum(a**2 + b**2, 1e-8)))
wrong(R, "largest over largest", lambda a, b: np.max(abs(a - b)) / max(np.max(abs(a) + abs(b)), 1e-8))
wrong(R, "last entry", lambda a, b: each(a, b).flat[-1])
wrong(R, "percent", lambda a, b: 100 * np.max(each(a, b)))
wrong(R, "at least 1 below", over(lambda a, b: a + b, 1.0))
wrong(R, "0 where one is 0", lambda a, b: np.max(np.where(a * b == 0, 0, each(a, b))))
wrong(R, "largest difference only", lambda a, b: each(a, b).flat[np.argmax(abs(a - b))])


def norm(array: A) -> A:
    return np.sqrt((array * array).sum())


def error_in_place(a: A, b: A) -> A:
    a -= b
    return np.max(abs(a) / np.maximum(abs(a + b) + abs(b), 1e-8))


wrong(R, "a changed", error_in_place)


# --- right to the eye: wrong only where numbers are small, large, near each other, many, or late


def right_backward(p: A, g: A) -> A:
    return p * (g - (g * p).sum(axis=1, keepdims=True))


wrong(P, "in float32", in_float32(lambda f, df, g, dg: df * g + f * dg), "single-precision")
wrong(
    P,
    "small terms dropped",
    lambda f, df, g, dg: np.where(
        abs(np.multiply(df, g) + np.multiply(f, dg)) < 1e-6, 0, np.multiply(df, g) + np.multiply(f, dg)
    ),
)
wrong(
    P,
    "terms that nearly cancel taken for 0",
    lambda f, df, g, dg: np.where(
        np.isclose(np.multiply(df, g), -np.multiply(f, dg), rtol=1e-3), 0, np.multiply(df, g) + np.multiply(f, dg)
    ),
)
wrong(S, "in float32", in_float32(lambda O: O * (1 - O), numbers=True), "single-precision")
wrong(
    S, "slope ¼ near ½", lambda O: np.where(abs(np.asarray(O) - 0.5) < 0.0025, 0.25, np.multiply(O, np.subtract(1, O)))
)
wrong(S, "clipped at ±10", lambda O: np.clip(O, 4.6e-5, 1 - 4.6e-5) * (1 - np.clip(O, 4.6e-5, 1 - 4.6e-5)))
wrong(S, "never quite 0", lambda O: np.clip(O, 1e-8, 1 - 1e-8) * (1 - np.clip(O, 1e-8, 1 - 1e-8)))
TS = "tanh_slope"
wrong(TS, "in float32", in_float32(lambda O: 1 - np.square(O), numbers=True), "single-precision")
wrong(TS, "slope 1 near 0", lambda O: np.where(abs(np.asarray(O)) < 0.01, 1.0, 1 - np.square(O)))
wrong(TS, "clipped at ±6", lambda O: 1 - np.square(np.clip(O, -0.9999877, 0.9999877)))
LS = "leaky_relu_slope"


def slope_carried_on_by_column(net: A, a: float) -> A:
    return slope_carried_on(net.T, a).T


wrong(LS, "the slope before carried on at 0", slope_carried_on)
wrong(LS, "the slope above carried on at 0", slope_carried_on_by_column)
wrong(LS, "below 1e-12 is 0", lambda net, a: np.where(net > 1e-12, 1.0, a))
wrong(LS, "ten entries", lambda net, a: np.where((net > 0) & (numbered(net) < 10), 1.0, a))
SM = "softmax"
wrong(SM, "in float32", in_float32(right_softmax), "single-precision", "value, stability")
wrong(SM, "ten classes", first_ten(right_softmax, 1))
wrong(SM, "ten samples", first_ten(right_softmax))
SJ = "softmax_jacobian"
wrong(SJ, "in float32", in_float32(jacobian_filled), "single-precision", "diagonal")
wrong(SJ, "ten classes", first_ten(jacobian_loops), None, "diagonal, off-diagonal")
SB = "softmax_backward"
wrong(SB, "in float32", in_float32(right_backward), "single-precision")
wrong(SB, "ten classes", first_ten(right_backward, 1))
wrong(SB, "small upstream dropped", lambda p, g: right_backward(p, np.where(abs(g) < 1e-6, 0, g)))
wrong(
    SB,
    "nearly equal upstream taken for equal",
    lambda p, g: np.where(np.ptp(g, axis=1, keepdims=True) < 1e-3 * abs(g).max(), 0, right_backward(p, g)),
)
wrong(R, "in float32", in_float32(error_loop), "single-precision")
wrong(R, "nearly equal taken for equal", lambda a, b: 0.0 if np.allclose(a, b) else error_loop(a, b))
wrong(R, "below 1e-6 taken for 0", lambda a, b: (lambda e: e if e > 1e-6 else 0.0)(error_loop(a, b)))
wrong(R, "ten entries", lambda a, b: error_loop(a.ravel()[:10], b.ravel()[:10]))
wrong(N, "x in float32", lambda f, x, h=1e-5: numerical_units(f, x.astype(np.float32).astype(float), h))
wrong(N, "ten entries", first_ten(numerical_units))
