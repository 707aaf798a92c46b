"""Right and wrong solutions of the exercises of chapter 03, written out as a learner would."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.unit.corpus.wrong import Wrong, first_ten, in_float32

A = Any


def sigmoid(net: A) -> A:
    return 1 / (1 + np.exp(-net))


# --- right, several ways


def output_delta_loops(O: A, t: A) -> A:
    delta = [[0.0] * len(O[0]) for _ in O]
    for n in range(len(O)):
        for k in range(len(O[0])):
            delta[n][k] = (O[n][k] - t[n][k]) * O[n][k] * (1 - O[n][k])
    return delta


def hidden_delta_loops(O: A, W: A, delta_above: A) -> A:
    delta = np.zeros(O.shape)
    for n in range(O.shape[0]):
        for j in range(O.shape[1]):
            for k in range(W.shape[1]):
                delta[n, j] += delta_above[n, k] * W[j, k]
            delta[n, j] *= O[n, j] * (1 - O[n, j])
    return delta


def weight_gradient_loops(x: A, delta: A) -> A:
    gradient = np.zeros((x.shape[1], delta.shape[1]))
    for row, d in zip(x, delta, strict=True):
        gradient += np.outer(row, d)
    return gradient


def layer_per_sample(upstream: A, O: A, x: A, W: A) -> A:
    dx, dW, db = [], np.zeros(W.shape), np.zeros(W.shape[1])
    for g, o, row in zip(upstream, O, x, strict=True):
        delta = g * (o - o**2)
        dx.append(W @ delta)
        dW += np.outer(row, delta)
        db += delta
    return [np.array(dx), dW.tolist(), db]


def layer_einsum(upstream: A, O: A, x: A, W: A) -> A:
    delta = np.einsum("nm,nm,nm->nm", upstream, O, 1 - O)
    return np.einsum("nm,dm->nd", delta, W), np.einsum("nd,nm->dm", x, delta), np.einsum("nm->m", delta)


def layer_saved_and_restored(upstream: A, O: A, x: A, W: A) -> A:
    before = upstream.copy()
    upstream *= O * (1 - O)
    answer = upstream @ W.T, x.T @ upstream, upstream.sum(0)
    upstream[:] = before
    return answer


def check_in_place(f: A, analytic: A, x: A) -> A:
    worst = 0.0
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + 1e-5
        above = f(x)
        x[i] = kept - 1e-5
        below = f(x)
        x[i] = kept
        numerical = (above - below) / 2e-5
        worst = max(worst, abs(numerical - analytic[i]) / max(abs(numerical) + abs(analytic[i]), 1e-8))
    return worst


def check_on_units(f: A, analytic: A, x: A) -> A:
    steps = 1e-5 * np.eye(x.size).reshape(x.size, *x.shape)
    numerical = np.array([(f(x + s) - f(x - s)) / 2e-5 for s in steps]).reshape(x.shape)
    return np.max(np.abs(numerical - analytic) / np.maximum(np.abs(numerical) + np.abs(analytic), 1e-8))


def check_flat(f: A, analytic: A, x: A) -> A:
    errors = []
    for i in range(x.size):
        above, below = x.copy(), x.copy()
        above.flat[i] += 1e-5
        below.flat[i] -= 1e-5
        a, b = analytic.flat[i], (f(above) - f(below)) / (2 * 1e-5)
        errors.append(abs(a - b) / max(abs(a) + abs(b), 1e-8))
    return np.array(max(errors))


def mlp_forward_backward(X: A, T: A, W1: A, b1: A, W2: A, b2: A) -> A:
    H = sigmoid(X @ W1 + b1)
    O = sigmoid(H @ W2 + b2)
    above = (O - T) * O * (1 - O)
    below = above @ W2.T * H * (1 - H)
    return X.T @ below, below.sum(axis=0), H.T @ above, above.sum(axis=0)


def mlp_einsum(X: A, T: A, W1: A, b1: A, W2: A, b2: A) -> A:
    H = np.tanh((X @ W1 + b1) / 2) / 2 + 0.5
    O = np.tanh((H @ W2 + b2) / 2) / 2 + 0.5
    above = (O - T) * (O - O * O)
    below = np.einsum("nk,jk,nj->nj", above, W2, H - H * H)
    return [np.einsum("ni,nj->ij", X, below), below.sum(0), np.einsum("nj,nk->jk", H, above), above.sum(0)]


def mlp_per_sample(X: A, T: A, W1: A, b1: A, W2: A, b2: A) -> A:
    total = [np.zeros(p.shape) for p in (W1, b1, W2, b2)]
    for x, t in zip(X, T, strict=True):
        one = mlp_forward_backward(x[None], t[None], W1, b1, W2, b2)
        total = [a + b for a, b in zip(total, one, strict=True)]
    return tuple(total)


def _start(rng: A, hidden: int) -> list[A]:
    return [rng.normal(size=(2, hidden)), np.zeros(hidden), rng.normal(size=(hidden, 1)), np.zeros(1)]


def train_plain(X: A, T: A, hidden: int, lr: float, epochs: int, seed: int) -> A:
    params, losses = _start(np.random.default_rng(seed), hidden), []
    for _ in range(epochs):
        O = sigmoid(sigmoid(X @ params[0] + params[1]) @ params[2] + params[3])
        losses.append(np.sum((O - T) ** 2) / 2)
        params = [p - lr * g for p, g in zip(params, mlp_forward_backward(X, T, *params), strict=True)]
    return tuple(params), losses


def train_in_place(X: A, T: A, hidden: int, lr: float, epochs: int, seed: int) -> A:
    rng = np.random.RandomState(seed)
    W1, b1 = rng.uniform(-1, 1, (2, hidden)), rng.uniform(-1, 1, hidden)
    W2, b2 = rng.uniform(-1, 1, (hidden, 1)), rng.uniform(-1, 1, 1)
    losses = np.zeros(epochs)
    for epoch in range(epochs):
        H = sigmoid(X.dot(W1) + b1)
        O = sigmoid(H.dot(W2) + b2)
        losses[epoch] = 0.5 * ((O - T) ** 2).sum()
        above = (O - T) * O * (1 - O)
        below = above.dot(W2.T) * H * (1 - H)
        W2 -= lr * H.T.dot(above)
        b2 -= lr * above.sum(0)
        W1 -= lr * X.T.dot(below)
        b1 -= lr * below.sum(0)
    return [W1, b1, W2, b2], losses


def train_small_start(X: A, T: A, hidden: int, lr: float, epochs: int, seed: int) -> A:
    np.random.seed(seed)  # noqa: NPY002 - learners still write this
    params = [0.1 * np.random.randn(2, hidden), np.zeros(hidden), 0.1 * np.random.randn(hidden, 1), np.zeros(1)]  # noqa: NPY002
    losses = []
    for _ in range(epochs):
        H = sigmoid(X @ params[0] + params[1])
        O = sigmoid(H @ params[2] + params[3])
        losses.append(float(0.5 * np.sum((O - T) ** 2)))
        for p, g in zip(params, mlp_forward_backward(X, T, *params), strict=True):
            p -= lr * g
    return tuple(params), losses


def output_delta_in_place_on_a_copy(O: A, t: A) -> A:
    delta = O.copy()
    delta -= t
    delta *= O
    delta *= 1 - O
    return delta


def hidden_delta_in_place(O: A, W: A, delta_above: A) -> A:
    delta = np.zeros_like(O)
    np.matmul(delta_above, W.T, out=delta)
    slope = 1 - O
    slope *= O
    return np.multiply(delta, slope, out=delta)


def hidden_delta_recursive(O: A, W: A, delta_above: A) -> A:
    """The units above in two halves, down to one."""
    K = W.shape[1]
    if K == 1:
        return delta_above * W.T * (O - O * O)
    half = K // 2
    left = hidden_delta_recursive(O, W[:, :half], delta_above[:, :half])
    return left + hidden_delta_recursive(O, W[:, half:], delta_above[:, half:])


def bias_recursive(delta: A) -> A:
    if len(delta) == 1:
        return delta[0]
    half = len(delta) // 2
    return bias_recursive(delta[:half]) + bias_recursive(delta[half:])


def layer_one_product(upstream: A, O: A, x: A, W: A) -> A:
    """The bias as one more row of the weights."""
    delta = np.multiply(upstream, np.multiply(O, np.subtract(1, O)))
    below = np.hstack([x, np.ones((len(x), 1))]).T @ delta
    return np.tensordot(delta, W, axes=(1, 1)), below[:-1], below[-1]


def layer_of_matrices(upstream: A, O: A, x: A, W: A) -> A:
    """Each sample's slopes as a diagonal matrix."""
    deltas = [np.diag(o * (1 - o)) @ g for g, o in zip(upstream, O, strict=True)]
    return np.vstack([W @ d for d in deltas]), sum(map(np.outer, x, deltas)), np.add.reduce(deltas)


def layer_recursive(upstream: A, O: A, x: A, W: A) -> A:
    """The first sample, then the rest."""
    delta = upstream[0] * O[0] * (1 - O[0])
    dx, dW, db = (delta @ W.T)[None], np.outer(x[0], delta), delta.copy()
    if len(x) > 1:
        rest = layer_recursive(upstream[1:], O[1:], x[1:], W)
        dx, dW, db = np.concatenate([dx, rest[0]]), dW + rest[1], db + rest[2]
    return dx, dW, db


def check_recursive(f: A, analytic: A, x: A, i: int = 0) -> A:
    if i == x.size:
        return 0.0
    step = np.zeros(x.size)
    step[i] = 1e-5
    step = step.reshape(x.shape)
    a, b = analytic.ravel()[i], (f(x + step) - f(x - step)) / 2e-5
    return max(abs(a - b) / max(abs(a) + abs(b), 1e-8), check_recursive(f, analytic, x, i + 1))


def check_of_quotients(f: A, analytic: A, x: A) -> A:
    def quotient(i: A) -> A:
        above, below = np.array(x), np.array(x)
        above[i], below[i] = above[i] + 1e-5, below[i] - 1e-5
        return (f(above) - f(below)) / 2e-5

    numerical = np.fromiter((quotient(i) for i in np.ndindex(x.shape)), float).reshape(x.shape)
    return np.max(abs(numerical - analytic) / np.clip(abs(numerical) + abs(analytic), 1e-8, np.inf))


def check_with_hypot(f: A, analytic: A, x: A) -> A:
    flat = x.reshape(-1).copy()
    numbers = []
    for i, kept in enumerate(flat.tolist()):
        flat[i] = kept + 1e-5
        above = f(flat.reshape(x.shape))
        flat[i] = kept - 1e-5
        numbers.append((above - f(flat.reshape(x.shape))) / 2e-5)
        flat[i] = kept
    pairs = zip(numbers, analytic.reshape(-1).tolist(), strict=True)
    return float(max(math.hypot(a - b) / max(math.hypot(a) + math.hypot(b), 1e-8) for a, b in pairs))


def mlp_in_place_on_copies(X: A, T: A, W1: A, b1: A, W2: A, b2: A) -> A:
    H = X @ W1
    H += b1
    H = np.where(H >= 0, 1 / (1 + np.exp(-abs(H))), np.exp(-abs(H)) / (1 + np.exp(-abs(H))))
    O = H @ W2
    O += b2
    O = np.where(O >= 0, 1 / (1 + np.exp(-abs(O))), np.exp(-abs(O)) / (1 + np.exp(-abs(O))))
    above = O - T
    above *= O * (1 - O)
    below = above @ W2.T
    below *= H
    below *= 1 - H
    return X.T @ below, below.sum(0), H.T @ above, above.sum(0)


def mlp_logaddexp(X: A, T: A, W1: A, b1: A, W2: A, b2: A) -> A:
    def of(net: A) -> A:
        """σ(net) and σ(−net)"""
        return np.exp(-np.logaddexp(0, -net)), np.exp(-np.logaddexp(0, net))

    H, not_H = of(X @ W1 + b1)
    O, not_O = of(H @ W2 + b2)
    above = (O - T) * O * not_O
    below = above.dot(W2.T) * H * not_H
    return X.T.dot(below), below.sum(0), H.T.dot(above), above.sum(0)


class Layer:
    def __init__(self, W: A, b: A) -> None:
        self.W, self.b = W, b

    def forward(self, x: A) -> A:
        self.x, self.O = x, sigmoid(np.clip(x @ self.W + self.b, -500, 500))
        return self.O

    def backward(self, upstream: A) -> A:
        delta = upstream * self.O * (1 - self.O)
        self.gradients = self.x.T @ delta, delta.sum(axis=0)
        return delta @ self.W.T


def mlp_in_a_class(X: A, T: A, W1: A, b1: A, W2: A, b2: A) -> A:
    lower, upper = Layer(W1, b1), Layer(W2, b2)
    lower.backward(upper.backward(upper.forward(lower.forward(X)) - T))
    return (*lower.gradients, *upper.gradients)


def train_recursive(X: A, T: A, hidden: int, lr: float, epochs: int, seed: int) -> A:
    """The last epoch after all the others; nested as deep as there are epochs in chunks of 50."""
    if epochs == 0:
        return tuple(_start(np.random.default_rng(seed), hidden)), []
    chunk = min(50, epochs)
    params, losses = train_recursive(X, T, hidden, lr, epochs - chunk, seed)
    for _ in range(chunk):
        O = sigmoid(sigmoid(X @ params[0] + params[1]) @ params[2] + params[3])
        losses = [*losses, np.square(O - T).sum() / 2]
        params = tuple(p - lr * g for p, g in zip(params, mlp_einsum(X, T, *params), strict=True))
    return params, losses


def train_wide_start(X: A, T: A, hidden: int, lr: float, epochs: int, seed: int) -> A:
    """Some of such starts magnify rounding by a lot."""
    rng = np.random.default_rng(seed)
    params, losses = [2 * rng.normal(size=s) for s in ((2, hidden), (hidden,), (hidden, 1), (1,))], []
    for _ in range(epochs):
        H = np.tanh((X @ params[0] + params[1]) / 2) / 2 + 0.5
        O = np.tanh((H @ params[2] + params[3]) / 2) / 2 + 0.5
        losses.append(0.5 * np.einsum("nk,nk->", O - T, O - T))
        params = [p - lr * g for p, g in zip(params, mlp_per_sample(X, T, *params), strict=True)]
    return tuple(params), losses


def train_in_a_class(X: A, T: A, hidden: int, lr: float, epochs: int, seed: int) -> A:
    W1, b1, W2, b2 = _start(np.random.default_rng([seed, 7]), hidden)
    lower, upper, losses = Layer(W1, b1), Layer(W2, b2), np.empty(0)
    for _ in range(epochs):
        error = upper.forward(lower.forward(X)) - T
        losses = np.append(losses, 0.5 * (error**2).sum())
        lower.backward(upper.backward(error))
        for one in (lower, upper):
            one.W, one.b = one.W - lr * one.gradients[0], one.b - lr * one.gradients[1]
    return (lower.W, lower.b, upper.W, upper.b), losses


RIGHT: dict[str, list[Callable[..., A]]] = {
    "output_delta": [
        lambda O, t: (O - t) * O * (1 - O),
        output_delta_loops,
        lambda O, t: np.einsum("nk,nk,nk->nk", O - t, O, 1 - O),
        lambda O, t: -(t - O) * (O - O * O),
        lambda O, t: ((O - t) * O * (1 - O)).astype(np.float32),
        lambda O, t: np.asfortranarray((O - t) * O * (1 - O)).astype(">f8"),
        output_delta_in_place_on_a_copy,
        lambda O, t: np.where(O > 0.5, O * (O - t), (O - t) * O) * np.subtract(1.0, O),
        lambda O, t: np.array(
            [list(map(lambda o, y: (o - y) * o * (1.0 - o), *rows)) for rows in zip(O, t, strict=True)]
        ),
    ],
    "hidden_delta": [
        lambda O, W, delta_above: O * (1 - O) * (delta_above @ W.T),
        hidden_delta_loops,
        lambda O, W, delta_above: np.einsum("nk,jk,nj,nj->nj", delta_above, W, O, 1 - O),
        lambda O, W, delta_above: ((O - O**2) * np.dot(W, delta_above.T).T).tolist(),
        hidden_delta_in_place,
        hidden_delta_recursive,
        lambda O, W, delta_above: np.tensordot(delta_above, W, axes=(1, 1)) * np.where(O >= 0, O, 0) * (1 - O),
    ],
    "weight_gradient": [
        lambda x, delta: x.T @ delta,
        weight_gradient_loops,
        lambda x, delta: np.einsum("nd,nm->dm", x, delta),
        lambda x, delta: (delta.T @ x).T,
        lambda x, delta: (x[:, :, None] * delta[:, None, :]).sum(axis=0),
        lambda x, delta: np.tensordot(x, delta, axes=(0, 0)),
        lambda x, delta: [[sum(a * b for a, b in zip(u, v, strict=True)) for v in delta.T] for u in x.T],
        lambda x, delta: sum(np.kron(r[:, None], d[None]) for r, d in zip(x, delta, strict=True)),
    ],
    "bias_gradient": [
        lambda delta: delta.sum(axis=0),
        lambda delta: np.ones(len(delta)) @ delta,
        lambda delta: [sum(column) for column in delta.T],
        lambda delta: np.einsum("nm->m", delta),
        lambda delta: np.add.reduce(delta),
        lambda delta: np.cumsum(delta, axis=0)[-1],
        bias_recursive,
    ],
    "sigmoid_linear_backward": [
        layer_per_sample,
        layer_einsum,
        layer_saved_and_restored,
        layer_one_product,
        layer_of_matrices,
        layer_recursive,
    ],
    "gradient_check": [
        check_in_place,
        check_on_units,
        check_flat,
        check_recursive,
        check_of_quotients,
        check_with_hypot,
    ],
    "mlp_gradients": [
        mlp_forward_backward,
        mlp_einsum,
        mlp_per_sample,
        mlp_in_place_on_copies,
        mlp_logaddexp,
        mlp_in_a_class,
    ],
    "train_xor": [train_plain, train_in_place, train_small_start, train_recursive, train_wide_start, train_in_a_class],
}


# --- wrong

WRONG: list[Wrong] = []


def wrong(
    exercise: str, label: str, solution: Callable[..., A], mistake: str | None = None, parts: str = "value"
) -> None:
    WRONG.append(Wrong(exercise, solution, tuple(parts.split()), mistake, label))


# output_delta
wrong("output_delta", "slope missing", lambda O, t: O - t, "slope-missing")
wrong("output_delta", "slope and sign", lambda O, t: t - O, "sign-and-slope-missing")
wrong("output_delta", "sign", lambda O, t: (t - O) * O * (1 - O), "sign")
wrong("output_delta", "slope of tanh", lambda O, t: (O - t) * (1 - O**2), "slope-of-tanh")
wrong("output_delta", "slope twice", lambda O, t: (O - t) * (O * (1 - O)) ** 2, "slope-twice")
wrong("output_delta", "sigmoid again", lambda O, t: (O - t) * sigmoid(O) * (1 - sigmoid(O)), "sigmoid-of-activation")
wrong("output_delta", "factor 2", lambda O, t: 2 * (O - t) * O * (1 - O), "factor-two")
wrong("output_delta", "factor ½", lambda O, t: 0.5 * (O - t) * O * (1 - O), "factor-half")
wrong("output_delta", "mean over n", lambda O, t: (O - t) * O * (1 - O) / len(O), "batch-mean")
wrong("output_delta", "mean over n and k", lambda O, t: (O - t) * O * (1 - O) / O.size, "mean-over-all")
wrong("output_delta", "absolute", lambda O, t: abs(O - t) * O * (1 - O), "absolute-error")
wrong("output_delta", "rounded", lambda O, t: ((O > 0.5) - t) * O * (1 - O), "thresholded-prediction")
wrong("output_delta", "no target", lambda O, t: O * O * (1 - O), "target-missing")
wrong("output_delta", "slope only", lambda O, t: O * (1 - O), "upstream-ignored")
wrong("output_delta", "loss for gradient", lambda O, t: 0.5 * (O - t) ** 2 * O * (1 - O), "squared-error")
wrong("output_delta", "half a slope", lambda O, t: (O - t) * O, "slope-half")
wrong("output_delta", "other half", lambda O, t: (O - t) * (1 - O), "slope-half")
wrong("output_delta", "plus", lambda O, t: (O - t) * O * (1 + O), "slope-plus")
wrong("output_delta", "summed over the batch", lambda O, t: ((O - t) * O * (1 - O)).sum(0))
wrong("output_delta", "slope of the target", lambda O, t: (O - t) * t * (1 - t))
wrong("output_delta", "cross-entropy divided", lambda O, t: (O - t) / (O * (1 - O) + 1e-12))
wrong(
    "output_delta", "first row only", lambda O, t: np.where(np.arange(len(O))[:, None] == 0, (O - t) * O * (1 - O), 0)
)
wrong("output_delta", "zeros", lambda O, t: np.zeros_like(O))
wrong("output_delta", "rounded to 4 digits", lambda O, t: np.round((O - t) * O * (1 - O), 4))
wrong("output_delta", "clipped activations", lambda O, t: (np.clip(O, 0.01, 0.99) - t) * O * (1 - O))
wrong("output_delta", "hard targets assumed", lambda O, t: (O - (t > 0.5)) * O * (1 - O))

# hidden_delta
wrong("hidden_delta", "slope missing", lambda O, W, d: d @ W.T, "slope-missing")
wrong("hidden_delta", "slope twice", lambda O, W, d: d @ W.T * (O * (1 - O)) ** 2, "slope-twice")
wrong("hidden_delta", "slope of tanh", lambda O, W, d: d @ W.T * (1 - O * O), "slope-of-tanh")
wrong("hidden_delta", "weights transposed", lambda O, W, d: d @ W * O * (1 - O), "weights-transposed")
wrong("hidden_delta", "one k", lambda O, W, d: d[:, :1] @ W.T[:1] * O * (1 - O), "one-k-only")
wrong("hidden_delta", "last k", lambda O, W, d: d[:, -1:] @ W.T[-1:] * O * (1 - O), "one-k-only")
wrong("hidden_delta", "weights ignored", lambda O, W, d: d.sum(1, keepdims=True) * O * (1 - O), "weights-ignored")
wrong("hidden_delta", "deltas ignored", lambda O, W, d: W.sum(1) * O * (1 - O), "upstream-ignored")
wrong("hidden_delta", "slope only", lambda O, W, d: O * (1 - O), "upstream-ignored")
wrong("hidden_delta", "sign", lambda O, W, d: -(d @ W.T) * O * (1 - O), "sign")
wrong("hidden_delta", "mean over n", lambda O, W, d: d @ W.T * O * (1 - O) / len(O), "batch-mean")
wrong("hidden_delta", "mean over k", lambda O, W, d: d @ W.T * O * (1 - O) / W.shape[1])
wrong("hidden_delta", "activation for slope", lambda O, W, d: d @ W.T * O, "slope-half")
wrong("hidden_delta", "absolute weights", lambda O, W, d: d @ abs(W).T * O * (1 - O))
wrong("hidden_delta", "paths multiplied", lambda O, W, d: (d[:, None, :] * W).prod(-1) * O * (1 - O))
wrong("hidden_delta", "batch summed", lambda O, W, d: (d @ W.T * O * (1 - O)).sum(0))
wrong("hidden_delta", "largest path", lambda O, W, d: (d[:, None, :] * W).max(-1) * O * (1 - O))

# weight_gradient and bias_gradient
wrong("weight_gradient", "transposed", lambda x, d: d.T @ x, "transposed")
wrong("weight_gradient", "mean", lambda x, d: x.T @ d / len(x), "batch-mean")
wrong("weight_gradient", "sign", lambda x, d: -x.T @ d, "sign")
wrong("weight_gradient", "first sample", lambda x, d: np.outer(x[0], d[0]), "first-sample-only")
wrong("weight_gradient", "sums first", lambda x, d: np.outer(x.sum(0), d.sum(0)), "sums-before-product")
wrong("weight_gradient", "input ignored", lambda x, d: np.ones_like(x).T @ d, "input-ignored")
wrong("weight_gradient", "not summed", lambda x, d: x[:, :, None] * d[:, None, :], "batch-not-summed")
wrong("weight_gradient", "means first", lambda x, d: np.outer(x.mean(0), d.mean(0)))
wrong("weight_gradient", "last sample", lambda x, d: np.outer(x[-1], d[-1]))
wrong("weight_gradient", "largest sample", lambda x, d: (x[:, :, None] * d[:, None, :]).max(0))
wrong("weight_gradient", "sign of x", lambda x, d: np.sign(x).T @ d)
wrong("weight_gradient", "flattened", lambda x, d: (x.T @ d).ravel())
wrong("bias_gradient", "not summed", lambda d: d, "batch-not-summed")
wrong("bias_gradient", "mean", lambda d: d.mean(axis=0), "batch-mean")
wrong("bias_gradient", "scalar", lambda d: d.sum(), "summed-over-everything")
wrong("bias_gradient", "wrong axis", lambda d: d.sum(axis=1), "wrong-axis")
wrong("bias_gradient", "first sample", lambda d: d[0], "first-sample-only")
wrong("bias_gradient", "a row", lambda d: d.sum(axis=0, keepdims=True))
wrong("bias_gradient", "sign", lambda d: -d.sum(axis=0), "sign")
wrong("bias_gradient", "ones", lambda d: np.full(d.shape[1], float(len(d))), "upstream-ignored")
wrong("bias_gradient", "norm", lambda d: np.sqrt((d * d).sum(0)))

# sigmoid_linear_backward
wrong(
    "sigmoid_linear_backward",
    "slope missing",
    lambda g, O, x, W: (g @ W.T, x.T @ g, g.sum(0)),
    "slope-missing",
    "dx dW db",
)


def layer(change: Callable[..., A]) -> Callable[..., A]:
    """Return the right layer after change(dx, dW, db, g, O, x, W)."""

    def solution(g: A, O: A, x: A, W: A) -> A:
        d = g * O * (1 - O)
        return change(d @ W.T, x.T @ d, d.sum(0), g, O, x, W)

    return solution


wrong(
    "sigmoid_linear_backward",
    "dx transposed",
    layer(lambda dx, dW, db, g, O, x, W: (g * O * (1 - O) @ W, dW, db)),
    "weights-transposed",
    "dx dW db",
)
wrong(
    "sigmoid_linear_backward",
    "dx from g",
    layer(lambda dx, dW, db, g, O, x, W: (g @ W.T, dW, db)),
    "slope-missing",
    "dx",
)
wrong(
    "sigmoid_linear_backward",
    "dW mean",
    layer(lambda dx, dW, db, g, O, x, W: (dx, dW / len(x), db)),
    "batch-mean",
    "dW",
)
wrong(
    "sigmoid_linear_backward", "dW transposed", layer(lambda dx, dW, db, g, O, x, W: (dx, dW.T, db)), "transposed", "dW"
)
wrong(
    "sigmoid_linear_backward",
    "db not summed",
    layer(lambda dx, dW, db, g, O, x, W: (dx, dW, g * O * (1 - O))),
    "batch-not-summed",
    "db",
)
wrong(
    "sigmoid_linear_backward",
    "db mean",
    layer(lambda dx, dW, db, g, O, x, W: (dx, dW, db / len(x))),
    "batch-mean",
    "db",
)
wrong("sigmoid_linear_backward", "db a row", layer(lambda dx, dW, db, g, O, x, W: (dx, dW, db[None])), None, "db")
wrong("sigmoid_linear_backward", "db None", layer(lambda dx, dW, db, g, O, x, W: (dx, dW, None)), None, "db")
wrong("sigmoid_linear_backward", "two values", layer(lambda dx, dW, db, g, O, x, W: (dx, dW)), None, "dx dW db")
wrong("sigmoid_linear_backward", "order swapped", layer(lambda dx, dW, db, g, O, x, W: (dW, dx, db)), None, "dx dW")
wrong(
    "sigmoid_linear_backward",
    "upstream ignored",
    lambda g, O, x, W: layer(lambda *a: a[:3])(np.ones_like(g), O, x, W),
    "upstream-ignored",
    "dx dW db",
)
wrong(
    "sigmoid_linear_backward",
    "slope twice",
    lambda g, O, x, W: layer(lambda *a: a[:3])(g * O * (1 - O), O, x, W),
    "slope-twice",
    "dx dW db",
)


def layer_in_place(g: A, O: A, x: A, W: A) -> A:
    g *= O * (1 - O)
    return g @ W.T, x.T @ g, g.sum(0)


wrong("sigmoid_linear_backward", "upstream changed", layer_in_place, None, "dx dW db")

_seen: list[A] = []


def layer_accumulating(g: A, O: A, x: A, W: A) -> A:
    d = g * O * (1 - O)
    _seen[:] = [a for a in _seen if a.shape == W.shape]
    _seen.append(x.T @ d)
    return d @ W.T, sum(_seen), d.sum(0)


wrong("sigmoid_linear_backward", "dW never cleared", layer_accumulating, None, "dW")


# gradient_check
def checker(difference: Callable[..., A], error: Callable[..., A]) -> Callable[..., A]:
    """Return a gradient check made of difference(f, x, step, h) for an entry and error(a, b) for all."""

    def solution(f: A, analytic: A, x: A) -> A:
        steps = np.eye(x.size).reshape(x.size, *x.shape)
        numerical = np.array([difference(f, x, step) for step in steps]).reshape(x.shape)
        return error(analytic, numerical)

    return solution


def central(f: A, x: A, step: A, h: float = 1e-5) -> A:
    return (f(x + h * step) - f(x - h * step)) / (2 * h)


def largest(a: A, b: A) -> A:
    return np.max(abs(a - b) / np.maximum(abs(a) + abs(b), 1e-8))


def relative(denominator: Callable[..., A]) -> Callable[..., A]:
    return lambda a, b: np.max(abs(a - b) / denominator(a, b))


def lazy_restore(f: A, analytic: A, x: A) -> A:
    worst = 0.0
    for i in np.ndindex(x.shape):
        x[i] += 1e-5
        above = f(x)
        x[i] -= 2e-5
        below = f(x)
        b = (above - below) / 2e-5
        worst = max(worst, abs(b - analytic[i]) / max(abs(b) + abs(analytic[i]), 1e-8))
    return worst


def restore_by_adding(f: A, analytic: A, x: A) -> A:
    worst = 0.0
    for i in np.ndindex(x.shape):
        x[i] += 1e-5
        above = f(x)
        x[i] -= 2e-5
        below = f(x)
        x[i] += 1e-5
        b = (above - below) / 2e-5
        worst = max(worst, abs(b - analytic[i]) / max(abs(b) + abs(analytic[i]), 1e-8))
    return worst


C = "gradient_check"
wrong(C, "one-sided", checker(lambda f, x, s: (f(x + 1e-5 * s) - f(x)) / 1e-5, largest), "one-sided")
wrong(C, "other side", checker(lambda f, x, s: (f(x) - f(x - 1e-5 * s)) / 1e-5, largest), "one-sided")
wrong(C, "h for 2h", checker(lambda f, x, s: 2 * central(f, x, s), largest), "h-for-2h")
wrong(C, "h of 0.1", checker(lambda f, x, s: central(f, x, s, 0.1), largest), "step-too-large")
wrong(C, "h of 0.01", checker(lambda f, x, s: central(f, x, s, 0.01), largest))
wrong(C, "h of 1e-13", checker(lambda f, x, s: central(f, x, s, 1e-13), largest))
wrong(C, "float32", checker(lambda f, x, s: central(f, x.astype(np.float32), np.float32(s)), largest))
wrong(C, "a copy f never sees", checker(lambda f, x, s: (f(x) - f(x)) / 2e-5, largest), "copy-not-seen")
wrong(C, "absolute", checker(central, lambda a, b: np.max(abs(a - b))), "absolute-not-relative")
wrong(C, "mean", checker(central, lambda a, b: np.mean(abs(a - b) / np.maximum(abs(a) + abs(b), 1e-8))), "mean-not-max")
wrong(C, "sum", checker(central, lambda a, b: np.sum(abs(a - b) / np.maximum(abs(a) + abs(b), 1e-8))))
wrong(
    C,
    "norms",
    checker(central, lambda a, b: np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b))),
    "norm-not-max",
)
wrong(
    C,
    "larger of the two",
    checker(central, relative(lambda a, b: np.maximum(np.maximum(abs(a), abs(b)), 1e-8))),
    "other-denominator",
)
wrong(C, "over analytic", checker(central, relative(lambda a, b: np.maximum(abs(a), 1e-8))), "other-denominator")
wrong(C, "no floor", checker(central, relative(lambda a, b: abs(a) + abs(b))))
wrong(C, "other floor", checker(central, relative(lambda a, b: np.maximum(abs(a) + abs(b), 1e-4))))
wrong(C, "no absolute value", checker(central, lambda a, b: np.max((a - b) / np.maximum(abs(a) + abs(b), 1e-8))))
wrong(C, "signed sum below", checker(central, relative(lambda a, b: np.maximum(abs(a + b), 1e-8))))
wrong(C, "an array", checker(central, lambda a, b: abs(a - b) / np.maximum(abs(a) + abs(b), 1e-8)))
wrong(C, "a verdict", checker(central, lambda a, b: np.allclose(a, b)))
wrong(C, "always zero", lambda f, a, x: 0.0)
wrong(C, "x not restored", lazy_restore)
wrong(C, "x restored by adding", restore_by_adding)
wrong(C, "last entry only", lambda f, a, x: largest(a.flat[-1], central(f, x, np.eye(x.size)[-1].reshape(x.shape))))


# mlp_gradients
def mlp(output: A = None, hidden: A = None, back: A = None, below: A = None, scale: float = 1.0) -> Callable[..., A]:
    """Return mlp_gradients with one of its lines replaced."""

    def solution(X: A, T: A, W1: A, b1: A, W2: A, b2: A) -> A:
        H = sigmoid(X @ W1 + b1)
        O = sigmoid(H @ W2 + b2)
        above = scale * (output(O, T) if output else (O - T) * O * (1 - O))
        sent = back(above, W2, O, T) if back else above @ W2.T
        d = sent * (hidden(H, X @ W1 + b1) if hidden else H * (1 - H))
        return X.T @ d, d.sum(0), (below(X, H).T if below else H.T) @ above, above.sum(0)

    return solution


M, ALL4 = "mlp_gradients", "dW1 db1 dW2 db2"
wrong(M, "output slope missing", mlp(output=lambda O, T: O - T), "output-slope-missing", ALL4)
wrong(M, "hidden slope missing", mlp(hidden=lambda H, net: 1), "hidden-slope-missing", "dW1 db1")
wrong(M, "slope from net", mlp(hidden=lambda H, net: net * (1 - net)), "slope-from-net", "dW1 db1")
wrong(M, "input for hidden", mlp(below=lambda X, H: X), "input-for-hidden", "dW2")
wrong(M, "sign", mlp(scale=-1.0), "sign", ALL4)
wrong(M, "factor 2", mlp(scale=2.0), "factor-two", ALL4)
wrong(M, "error sent back", mlp(back=lambda d, W, O, T: (O - T) @ W.T), "output-slope-missing", "dW1 db1")
wrong(M, "outputs sent back", mlp(back=lambda d, W, O, T: O @ W.T), "outputs-for-deltas", "dW1 db1")
wrong(
    M,
    "slope of tanh",
    mlp(output=lambda O, T: (O - T) * (1 - O * O), hidden=lambda H, net: 1 - H * H),
    "slope-of-tanh",
    ALL4,
)
wrong(M, "mean", lambda *a: tuple(g / len(a[0]) for g in mlp_forward_backward(*a)), "batch-mean", ALL4)
wrong(M, "MSE", lambda *a: tuple(2 * g / a[1].size for g in mlp_forward_backward(*a)), None, ALL4)
wrong(M, "db2 not summed", lambda *a: (*mlp_forward_backward(*a)[:3], np.ones((1, 1))), None, "db2")
wrong(
    M,
    "weight decay",
    lambda *a: (mlp_forward_backward(*a)[0] + 0.01 * a[2], *mlp_forward_backward(*a)[1:]),
    None,
    "dW1",
)
wrong(
    M, "dW1 transposed", lambda *a: (mlp_forward_backward(*a)[0].T, *mlp_forward_backward(*a)[1:]), "transposed", "dW1"
)


# train_xor
def trainer(
    update: A = None, loss: A = None, start: A = None, record: str = "before", returned: A = None
) -> Callable[..., A]:
    """Return train_xor with one of its lines replaced."""

    def solution(X: A, T: A, hidden: int, lr: float, epochs: int, seed: int) -> A:
        params = start(seed, hidden) if start else _start(np.random.default_rng(seed), hidden)
        losses = []
        for _ in range(epochs):
            gradients = mlp_forward_backward(X, T, *params)
            new = (
                update(params, gradients, lr, X, T)
                if update
                else [p - lr * g for p, g in zip(params, gradients, strict=True)]
            )
            W1, b1, W2, b2 = params if record == "before" else new
            O = sigmoid(sigmoid(X @ W1 + b1) @ W2 + b2)
            losses.append(loss(O, T) if loss else 0.5 * np.sum((O - T) ** 2))
            params = new
        return returned(params, losses) if returned else (tuple(params), losses)

    return solution


def stepped(factor: Callable[..., A]) -> Callable[..., A]:
    return lambda ps, gs, lr, X, T: [p - lr * factor(X, i) * g for i, (p, g) in enumerate(zip(ps, gs, strict=True))]


def early(params: A, gradients: A, lr: float, X: A, T: A) -> A:
    W1, b1, W2, b2 = params
    H = sigmoid(X @ W1 + b1)
    O = sigmoid(H @ W2 + b2)
    above = (O - T) * O * (1 - O)
    W2, b2 = W2 - lr * H.T @ above, b2 - lr * above.sum(0)
    d = above @ W2.T * H * (1 - H)
    return [W1 - lr * X.T @ d, b1 - lr * d.sum(0), W2, b2]


def one_by_one(params: A, gradients: A, lr: float, X: A, T: A) -> A:
    for x, t in zip(X, T, strict=True):
        params = [p - lr * g for p, g in zip(params, mlp_forward_backward(x[None], t[None], *params), strict=True)]
    return params


def zeros(seed: int, hidden: int) -> A:
    return [np.zeros((2, hidden)), np.zeros(hidden), np.zeros((hidden, 1)), np.zeros(1)]


X_ = "train_xor"
wrong(X_, "zero start", trainer(start=zeros), "zero-start", "start accuracy")
wrong(
    X_,
    "same start for every unit",
    trainer(start=lambda s, h: [np.full((2, h), 0.3), np.zeros(h), np.full((h, 1), 0.7), np.zeros(1)]),
    "zero-start",
    "start accuracy",
)
wrong(X_, "seed ignored", trainer(start=lambda s, h: _start(np.random.default_rng(0), h)), None, "start")
wrong(
    X_,
    "another start every time",
    trainer(start=lambda s, h: _start(np.random.default_rng(), h)),
    None,
    "start trajectory",
)
wrong(X_, "ascent", trainer(stepped(lambda X, i: -1.0)), "ascent", "trajectory accuracy")
wrong(X_, "mean", trainer(stepped(lambda X, i: 1 / len(X))), "batch-mean", "trajectory")
wrong(
    X_,
    "mean, mean loss",
    trainer(stepped(lambda X, i: 1 / len(X)), lambda O, T: 0.5 * np.mean((O - T) ** 2)),
    "batch-mean",
    "trajectory",
)
wrong(
    X_,
    "MSE",
    trainer(stepped(lambda X, i: 2 / len(X)), lambda O, T: np.mean((O - T) ** 2)),
    "mean-over-all",
    "trajectory",
)
wrong(X_, "factor 2", trainer(stepped(lambda X, i: 2.0)), "factor-two", "trajectory")
wrong(X_, "biases frozen", trainer(stepped(lambda X, i: float(i in (0, 2)))), "biases-frozen", "trajectory")
wrong(X_, "output bias frozen", trainer(stepped(lambda X, i: float(i != 3))), None, "trajectory")
wrong(X_, "W2 updated early", trainer(early), "weights-updated-early", "trajectory")
wrong(X_, "one sample at a time", trainer(one_by_one), "sample-by-sample", "trajectory")
wrong(X_, "loss after update", trainer(record="after"), "loss-after-update", "trajectory")
wrong(X_, "loss without ½", trainer(loss=lambda O, T: np.sum((O - T) ** 2)), "loss-not-half", "trajectory")
wrong(X_, "mean loss", trainer(loss=lambda O, T: np.mean((O - T) ** 2)), "loss-mean", "trajectory")
wrong(X_, "no losses", trainer(returned=lambda p, l: (tuple(p), [])), None, "trajectory")
wrong(X_, "losses only", trainer(returned=lambda p, l: l), None, "start trajectory accuracy")
wrong(X_, "losses first", trainer(returned=lambda p, l: (l, tuple(p))), None, "start trajectory accuracy")
wrong(X_, "never updates", trainer(update=lambda ps, *_: ps), "never-updated", "trajectory accuracy")
wrong(
    X_,
    "learning rate ignored",
    trainer(lambda ps, gs, lr, X, T: [p - 1e-3 * g for p, g in zip(ps, gs, strict=True)]),
    None,
    "trajectory accuracy",
)


# --- right to the eye: wrong only where numbers are small, large, near each other, many, or late


def clipped(limit: float) -> Callable[..., A]:
    return lambda net: 1 / (1 + np.exp(-np.clip(net, -limit, limit)))


def straight(limit: float) -> Callable[..., A]:
    """Return a sigmoid that is a straight line near 0; its slope there, from O, is ¼."""
    return lambda net: np.where(abs(net) < limit, 0.5 + net / 4, sigmoid(net))


def flat_slope(O: A) -> A:
    return np.where(abs(O - 0.5) < 0.0025, 0.25, O * (1 - O))


def plain_delta(O: A, t: A) -> A:
    return (O - t) * O * (1 - O)


def plain_hidden(O: A, W: A, d: A) -> A:
    return d @ W.T * O * (1 - O)


for threshold in (1e-3, 1e-6, 1e-8):
    wrong(
        "output_delta",
        f"errors below {threshold:g} taken for none",
        lambda O, t, least=threshold: np.where(abs(O - t) < least, 0, plain_delta(O, t)),
    )
    wrong(
        "hidden_delta",
        f"δ below {100 * threshold:g} taken for none",
        lambda O, W, d, least=100 * threshold: plain_hidden(O, W, np.where(abs(d) < least, 0, d)),
    )
    wrong(
        "weight_gradient",
        f"δ below {100 * threshold:g} taken for none",
        lambda x, d, least=100 * threshold: x.T @ np.where(abs(d) < least, 0, d),
    )
    wrong(
        "bias_gradient",
        f"sums below {100 * threshold:g} taken for none",
        lambda d, least=100 * threshold: np.where(abs(d.sum(0)) < least, 0, d.sum(0)),
    )
wrong("output_delta", "isclose", lambda O, t: np.where(np.isclose(O, t), 0, plain_delta(O, t)))
wrong("output_delta", "in float32", in_float32(plain_delta), "single-precision")
wrong("output_delta", "error in float32", lambda O, t: (O.astype("f") - t.astype("f")).astype(float) * O * (1 - O))
wrong(
    "output_delta",
    "away from 0 and 1",
    lambda O, t: (O - t) * np.clip(O, 1e-8, 1 - 1e-8) * (1 - np.clip(O, 1e-8, 1 - 1e-8)),
)
wrong("output_delta", "slope ¼ near ½", lambda O, t: (O - t) * flat_slope(O))
wrong(
    "output_delta",
    "clipped at 6",
    lambda O, t: (O - t) * np.clip(O, 0.00247, 0.99753) * (1 - np.clip(O, 0.00247, 0.99753)),
)
wrong("output_delta", "ten samples", first_ten(plain_delta))
wrong("output_delta", "ten units", first_ten(plain_delta, 1))
wrong("hidden_delta", "in float32", in_float32(plain_hidden), "single-precision")
wrong("hidden_delta", "product in float32", lambda O, W, d: (d.astype("f") @ W.T.astype("f")) * O * (1 - O))
wrong("hidden_delta", "slope ¼ near ½", lambda O, W, d: d @ W.T * flat_slope(O))
wrong("hidden_delta", "ten samples", first_ten(plain_hidden))
wrong("hidden_delta", "ten units", first_ten(plain_hidden, 1))
wrong("hidden_delta", "ten units above", lambda O, W, d: plain_hidden(O, W[:, :10], d[:, :10]))
wrong("weight_gradient", "in float32", in_float32(lambda x, d: x.T @ d), "single-precision")
wrong("weight_gradient", "ten samples", lambda x, d: x[:10].T @ d[:10])
wrong("weight_gradient", "ten inputs", first_ten(lambda x, d: x.T @ d))
wrong("weight_gradient", "rounded to 6 digits", lambda x, d: np.round(x.T @ d, 6))
wrong("bias_gradient", "in float32", in_float32(lambda d: d.sum(0)), "single-precision")
wrong("bias_gradient", "ten samples", lambda d: d[:10].sum(0))
wrong("bias_gradient", "every row once", lambda d: np.unique(d, axis=0).sum(0))
L_, ALL3 = "sigmoid_linear_backward", "dx dW db"
wrong(L_, "in float32", in_float32(layer(lambda *a: a[:3])), "single-precision", ALL3)


def layer_of_single_deltas(g: A, O: A, x: A, W: A) -> A:
    delta, x, W = (g * O * (1 - O)).astype(np.float32), x.astype(np.float32), W.astype(np.float32)
    return delta @ W.T, x.T @ delta, delta.sum(axis=0)


wrong(L_, "sums in float32", layer_of_single_deltas, "single-precision", ALL3)
wrong(
    L_,
    "slope ¼ near ½",
    lambda g, O, x, W: layer(lambda *a: a[:3])(g * flat_slope(O) / np.where(O * (1 - O) > 0, O * (1 - O), 1), O, x, W),
    None,
    ALL3,
)
wrong(
    L_,
    "ten samples",
    lambda g, O, x, W: (
        first_ten(lambda *a: layer_einsum(*a)[0])(g, O, x, W),
        *layer_einsum(g[:10], O[:10], x[:10], W)[1:],
    ),
    None,
    ALL3,
)
wrong(L_, "small upstream dropped", lambda g, O, x, W: layer_einsum(np.where(abs(g) < 1e-6, 0, g), O, x, W), None, ALL3)
wrong(C, "in float32", in_float32(check_flat), "single-precision")
wrong(
    C,
    "ten entries",
    lambda f, a, x: max(
        largest(u, v)
        for u, v in list(zip(a.flat, [central(f, x, s.reshape(x.shape)) for s in np.eye(x.size)], strict=True))[:10]
    ),
)
wrong(C, "errors below 1e-3 taken for none", lambda f, a, x: (lambda e: 0.0 if e < 1e-3 else e)(check_flat(f, a, x)))
wrong(C, "errors below 1e-6 taken for none", lambda f, a, x: (lambda e: 0.0 if e < 1e-6 else e)(check_flat(f, a, x)))


def mlp_of(
    activation: Callable[..., A], slope: A = lambda O: O * (1 - O), error: A = lambda O, T: O - T
) -> Callable[..., A]:
    """Return mlp_gradients with another sigmoid, slope or error."""

    def solution(X: A, T: A, W1: A, b1: A, W2: A, b2: A) -> A:
        H = activation(X @ W1 + b1)
        O = activation(H @ W2 + b2)
        above = error(O, T) * slope(O)
        d = above @ W2.T * slope(H)
        return X.T @ d, d.sum(0), H.T @ above, above.sum(0)

    return solution


wrong(M, "in float32", in_float32(mlp_forward_backward), "single-precision", ALL4)
wrong(M, "clipped at 6", mlp_of(clipped(6)), None, ALL4)
wrong(M, "slope ¼ near ½", mlp_of(sigmoid, flat_slope), None, ALL4)
wrong(M, "straight near 0", mlp_of(straight(0.01), flat_slope), None, ALL4)
wrong(M, "exp over 1 + exp", mlp_of(lambda net: np.exp(net) / (1 + np.exp(net))), None, ALL4)
wrong(
    M,
    "errors below 1e-6 taken for none",
    mlp_of(sigmoid, error=lambda O, T: np.where(abs(O - T) < 1e-6, 0, O - T)),
    None,
    ALL4,
)
wrong(
    M,
    "errors below 1e-3 taken for none",
    mlp_of(sigmoid, error=lambda O, T: np.where(abs(O - T) < 1e-3, 0, O - T)),
    None,
    ALL4,
)
wrong(M, "ten samples", lambda X, T, *rest: mlp_forward_backward(X[:10], T[:10], *rest), None, ALL4)
wrong(
    M,
    "twelve outputs",
    lambda X, T, W1, b1, W2, b2: (
        *mlp_forward_backward(X, T, W1, b1, W2, b2)[:2],
        *(first_ten(lambda *a, i=i: mlp_forward_backward(*a)[i].T)(X, T, W1, b1, W2, b2).T for i in (2, 3)),
    ),
    None,
    "dW2 db2",
)


def late(change: Callable[..., float], after: int = 600) -> Callable[..., A]:
    """Return train_xor whose learning rate is multiplied by change(epoch) after so many epochs."""

    def solution(X: A, T: A, hidden: int, lr: float, epochs: int, seed: int) -> A:
        params, losses = _start(np.random.default_rng(seed), hidden), []
        for epoch in range(epochs):
            O = sigmoid(sigmoid(X @ params[0] + params[1]) @ params[2] + params[3])
            losses.append(0.5 * np.sum((O - T) ** 2))
            rate = lr * (change(epoch) if epoch >= after else 1.0)
            params = [p - rate * g for p, g in zip(params, mlp_forward_backward(X, T, *params), strict=True)]
        return tuple(params), losses

    return solution


wrong(X_, "rate halved after 600 epochs", late(lambda epoch: 0.5), None, "trajectory")
wrong(X_, "rate decays after 600 epochs", late(lambda epoch: 0.999 ** (epoch - 600)), None, "trajectory")
wrong(X_, "one update skipped at epoch 640", late(lambda epoch: float(epoch != 640)), None, "trajectory")
wrong(X_, "the last update skipped", late(lambda epoch: float(epoch != 999), 999), None, "trajectory")
wrong(X_, "rate halved at epoch 995", late(lambda epoch: 0.5, 995), None, "trajectory")


def stopping(enough: Callable[..., bool]) -> Callable[..., A]:
    """Return train_xor that leaves the parameters as they are once enough(loss) is true, and goes on recording."""

    def update(params: A, gradients: A, lr: float, X: A, T: A) -> A:
        O = sigmoid(sigmoid(X @ params[0] + params[1]) @ params[2] + params[3])
        return params if enough(O, T) else [p - lr * g for p, g in zip(params, gradients, strict=True)]

    return trainer(update)


wrong(X_, "stops at a loss of 0.01", stopping(lambda O, T: 0.5 * np.sum((O - T) ** 2) < 0.01), None, "trajectory")
wrong(X_, "stops when all are right", stopping(lambda O, T: ((O > 0.5) == T).all() and len(T) == 4), None, "trajectory")
wrong(
    X_,
    "steps clipped",
    trainer(lambda ps, gs, lr, X, T: [p - np.clip(lr * g, -100, 100) for p, g in zip(ps, gs, strict=True)]),
    None,
    "trajectory",
)


def with_momentum(X: A, T: A, hidden: int, lr: float, epochs: int, seed: int) -> A:
    params, losses = _start(np.random.default_rng(seed), hidden), []
    velocity = [np.zeros(p.shape) for p in params]
    for epoch in range(epochs):
        O = sigmoid(sigmoid(X @ params[0] + params[1]) @ params[2] + params[3])
        losses.append(0.5 * np.sum((O - T) ** 2))
        keep = 0.1 if epoch > 50 else 0.0
        velocity = [keep * v + g for v, g in zip(velocity, mlp_forward_backward(X, T, *params), strict=True)]
        params = [p - lr * v for p, v in zip(params, velocity, strict=True)]
    return tuple(params), losses


wrong(X_, "momentum after 50 epochs", with_momentum, None, "trajectory")


def train_in_float32(X: A, T: A, hidden: int, lr: float, epochs: int, seed: int) -> A:
    X, T, losses = X.astype(np.float32), T.astype(np.float32), []
    params = [p.astype(np.float32) for p in _start(np.random.default_rng(seed), hidden)]
    for _ in range(epochs):
        O = sigmoid(sigmoid(X @ params[0] + params[1]) @ params[2] + params[3])
        losses.append(0.5 * np.sum((O - T) ** 2))
        params = [p - lr * g for p, g in zip(params, mlp_forward_backward(X, T, *params), strict=True)]
    return tuple(params), losses


wrong(X_, "in float32", train_in_float32, "single-precision", "trajectory")


def exp_over(net: A) -> A:
    return np.exp(net) / (1 + np.exp(net))


def train_overflowing(X: A, T: A, hidden: int, lr: float, epochs: int, seed: int) -> A:
    params, losses = _start(np.random.default_rng(seed), hidden), []
    for _ in range(epochs):
        O = exp_over(exp_over(X @ params[0] + params[1]) @ params[2] + params[3])
        losses.append(0.5 * np.sum((O - T) ** 2))
        params = [p - lr * g for p, g in zip(params, mlp_of(exp_over)(X, T, *params), strict=True)]
    return tuple(params), losses


wrong(X_, "exp over 1 + exp", train_overflowing, None, "trajectory")
