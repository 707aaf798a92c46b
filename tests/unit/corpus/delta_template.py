"""Right and wrong solutions of the exercises of chapter 03, written out as a learner would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.unit.corpus.kinds import Wrong

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


RIGHT: dict[str, list[Callable[..., A]]] = {
    "output_delta": [
        lambda O, t: (O - t) * O * (1 - O),
        output_delta_loops,
        lambda O, t: np.einsum("nk,nk,nk->nk", O - t, O, 1 - O),
        lambda O, t: -(t - O) * (O - O * O),
        lambda O, t: ((O - t) * O * (1 - O)).astype(np.float32),
        lambda O, t: np.asfortranarray((O - t) * O * (1 - O)).astype(">f8"),
    ],
    "hidden_delta": [
        lambda O, W, delta_above: O * (1 - O) * (delta_above @ W.T),
        hidden_delta_loops,
        lambda O, W, delta_above: np.einsum("nk,jk,nj,nj->nj", delta_above, W, O, 1 - O),
        lambda O, W, delta_above: ((O - O**2) * np.dot(W, delta_above.T).T).tolist(),
    ],
    "weight_gradient": [
        lambda x, delta: x.T @ delta,
        weight_gradient_loops,
        lambda x, delta: np.einsum("nd,nm->dm", x, delta),
        lambda x, delta: (delta.T @ x).T,
        lambda x, delta: (x[:, :, None] * delta[:, None, :]).sum(axis=0),
    ],
    "bias_gradient": [
        lambda delta: delta.sum(axis=0),
        lambda delta: np.ones(len(delta)) @ delta,
        lambda delta: [sum(column) for column in delta.T],
        lambda delta: np.einsum("nm->m", delta),
    ],
    "sigmoid_linear_backward": [layer_per_sample, layer_einsum, layer_saved_and_restored],
    "gradient_check": [check_in_place, check_on_units, check_flat],
    "mlp_gradients": [mlp_forward_backward, mlp_einsum, mlp_per_sample],
    "train_xor": [train_plain, train_in_place, train_small_start],
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
