"""Right and wrong solutions of the exercises of chapter 05, written out as a learner would."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.unit.corpus.wrong import Wrong, by_order, first_ten, in_float32, slope_carried_on

A = Any


def softmax(z: A) -> A:
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def naive(z: A) -> A:
    return np.exp(z) / np.exp(z).sum(1, keepdims=True)


def one_hot(labels: A, K: int) -> A:
    return np.eye(K)[labels]


# --- right, several ways


def leaky_entry_by_entry(net: A, negative_slope: float) -> A:
    out = np.empty(net.shape)
    for i in np.ndindex(net.shape):
        out[i] = net[i] if net[i] > 0 else negative_slope * net[i]
    return out


def leaky_masked(net: A, negative_slope: float) -> A:
    out = net.copy()
    out[net < 0] *= negative_slope
    return out


def leaky_backward_masked(upstream: A, net: A, negative_slope: float) -> A:
    dx = np.array(upstream)
    dx[net <= 0] *= negative_slope
    return dx


def leaky_backward_lists(upstream: A, net: A, negative_slope: float) -> A:
    flat = [g if v > 0 else g * negative_slope for g, v in zip(upstream.ravel(), net.ravel(), strict=True)]
    return np.array(flat).reshape(net.shape).tolist()


def cross_entropy_log_sum(logits: A, labels: A) -> A:
    m = logits.max(axis=1, keepdims=True)
    log_p = logits - m - np.log(np.exp(logits - m).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()


def cross_entropy_loops(logits: A, labels: A) -> A:
    total = 0.0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        top = max(row)
        total += top + math.log(sum(math.exp(z - top) for z in row)) - row[label]
    return total / len(labels)


def cross_entropy_logaddexp(logits: A, labels: A) -> A:
    return np.mean(np.logaddexp.reduce(logits, axis=1) - np.take_along_axis(logits, labels[:, None], 1)[:, 0])


def cross_entropy_of_differences(logits: A, labels: A) -> A:
    gaps = logits - logits[np.arange(len(labels)), labels][:, None]
    top = gaps.max(1)
    return np.array(np.average(top + np.log(np.einsum("nk->n", np.exp(gaps - top[:, None])))))


def backward_in_place(logits: A, labels: A) -> A:
    p = softmax(logits)
    p[range(len(labels)), labels] -= 1
    p /= len(labels)
    return p


def backward_loops(logits: A, labels: A) -> A:
    rows = []
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        powers = [math.exp(z - max(row)) for z in row]
        rows.append([(e / sum(powers) - (k == label)) / len(labels) for k, e in enumerate(powers)])
    return rows


def backward_by_jacobian(logits: A, labels: A) -> A:
    """Through −1/p and the full Jacobian, where p is not 0; p − y elsewhere comes out the same."""
    p, y = softmax(logits), one_hot(labels, logits.shape[1])
    J = np.einsum("ni,ij->nij", p, np.eye(p.shape[1])) - np.einsum("ni,nj->nij", p, p)
    at_label = J[np.arange(len(p)), labels]
    p_label = p[np.arange(len(p)), labels][:, None]
    through = np.divide(-at_label, p_label, out=p - y, where=p_label > 0)
    return through / len(p)


def forward_where(x: A, params: A, negative_slope: float) -> A:
    net = x @ params["W1"] + params["b1"]
    return np.where(net > 0, net, negative_slope * net) @ params["W2"] + params["b2"]


def forward_einsum(x: A, params: A, negative_slope: float) -> A:
    net = np.einsum("nd,dh->nh", x, params["W1"]) + params["b1"]
    h = np.maximum(net, 0) + negative_slope * np.minimum(net, 0)
    return (np.einsum("nh,hk->nk", h, params["W2"]) + params["b2"]).tolist()


def forward_sample_by_sample(x: A, params: A, negative_slope: float) -> A:
    rows = []
    for sample in x:
        net = params["W1"].T.dot(sample) + params["b1"]
        rows.append(params["W2"].T.dot(np.maximum(net, negative_slope * net)) + params["b2"])
    return np.vstack(rows)


def mlp_plain(x: A, labels: A, params: A, negative_slope: float) -> A:
    net = x @ params["W1"] + params["b1"]
    h = np.where(net > 0, net, negative_slope * net)
    above = (softmax(h @ params["W2"] + params["b2"]) - one_hot(labels, len(params["b2"]))) / len(x)
    below = above @ params["W2"].T * np.where(net > 0, 1, negative_slope)
    return {"W1": x.T @ below, "b1": below.sum(0), "W2": h.T @ above, "b2": above.sum(0)}


def mlp_per_sample(x: A, labels: A, params: A, negative_slope: float) -> A:
    total = {name: np.zeros_like(value) for name, value in params.items()}
    for n in range(len(x)):
        net = x[n] @ params["W1"] + params["b1"]
        slope = np.array([1.0 if v > 0 else negative_slope for v in net])
        h = slope * net
        above = backward_in_place((h @ params["W2"] + params["b2"])[None], labels[n : n + 1])[0]
        below = slope * (params["W2"] @ above)
        for name, gradient in (("W1", np.outer(x[n], below)), ("b1", below), ("W2", np.outer(h, above)), ("b2", above)):
            total[name] += gradient / len(x)
    return total


def mlp_homogeneous(x: A, labels: A, params: A, negative_slope: float) -> A:
    """With the biases as one more row of the weights, and the mean taken at the end."""
    ones = np.ones((len(x), 1))
    X = np.hstack([x, ones])
    net = X @ np.vstack([params["W1"], params["b1"]])
    slope = (net > 0) + negative_slope * (net <= 0)
    H = np.hstack([net * slope, ones])
    above = softmax(H @ np.vstack([params["W2"], params["b2"]])) - one_hot(labels, params["b2"].size)
    below = np.einsum("nk,hk,nh->nh", above, params["W2"], slope)
    upper, lower = H.T @ above / len(x), X.T @ below / len(x)
    return {"b2": upper[-1], "W2": upper[:-1], "b1": lower[-1].tolist(), "W1": lower[:-1]}


def sgd_loop(params: A, gradients: A, lr: float) -> A:
    new = {}
    for name in params:
        new[name] = params[name] - lr * gradients[name]
    return new


def sgd_on_copies(params: A, gradients: A, lr: float) -> A:
    new = {name: value.copy() for name, value in params.items()}
    for name in ("W1", "b1", "W2", "b2"):
        new[name] -= np.multiply(lr, gradients[name])
    return new


def sgd_lists(params: A, gradients: A, lr: float) -> A:
    return {
        "W1": (params["W1"] - lr * gradients["W1"]).tolist(),
        "b1": [p - lr * g for p, g in zip(params["b1"], gradients["b1"], strict=True)],
        "W2": np.add(params["W2"], -lr * gradients["W2"]),
        "b2": params["b2"] - gradients["b2"] * lr,
    }


def sgd_saved_and_restored(params: A, gradients: A, lr: float) -> A:
    before = {name: value.copy() for name, value in params.items()}
    for name, value in params.items():
        value -= lr * gradients[name]
    new = {name: value.copy() for name, value in params.items()}
    for name, value in params.items():
        value[:] = before[name]
    return new


def sides(net: A) -> A:
    """Return which entries are not above 0, and which are, stacked before the last axis of a matrix product."""
    flat = np.stack([net <= 0, net > 0]).reshape(2, -1).astype(float)
    return Sided(flat, net.shape)


class Sided:
    def __init__(self, flat: A, shape: A) -> None:
        self.flat, self.shape = flat, shape

    def __rmatmul__(self, slopes: A) -> A:
        return (np.array(slopes) @ self.flat).reshape(self.shape)


def cross_entropy_recursive(logits: A, labels: A) -> A:
    """One sample, then the rest."""
    row, label = logits[0], labels[0]
    gap = row - row[label]
    loss = gap.max() + math.log(math.fsum(np.exp(gap - gap.max())))
    rest = (len(labels) - 1) * cross_entropy_recursive(logits[1:], labels[1:]) if len(labels) > 1 else 0.0
    return (loss + rest) / len(labels)


def cross_entropy_log1p(logits: A, labels: A) -> A:
    """log(1 + Σ of the others) where the label has the largest logit."""
    losses = []
    for row, label in zip(logits, labels, strict=True):
        gaps = np.delete(row - row[label], label)
        top = max(gaps.max(initial=0.0), 0.0)
        losses.append(
            np.log1p(np.exp(gaps).sum()) if top == 0 else top + np.log(np.exp(gaps - top).sum() + np.exp(-top))
        )
    return np.mean(losses)


def plain_loss(logits: A, labels: A) -> A:
    z = np.subtract(logits, np.max(logits, axis=1, keepdims=True))
    return np.einsum("nk,nk->", np.log(np.exp(z).sum(1, keepdims=True)) - z, one_hot(labels, z.shape[1])) / len(z)


def backward_of_log_sums(logits: A, labels: A) -> A:
    p = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    np.subtract.at(p, (np.arange(len(p)), labels), 1)
    return np.divide(p, len(p), out=p)


def others(z: A) -> A:
    """Return for every class the probability of all others together, by their sum."""
    p = softmax(z)
    return p @ (1 - np.eye(p.shape[1]))


class Net:
    def __init__(self, W1: A, b1: A, W2: A, b2: A, a: float) -> None:
        self.W1, self.b1, self.W2, self.b2, self.a = W1, b1, W2, b2, a

    def forward(self, x: A) -> A:
        self.net = np.dot(x, self.W1) + self.b1
        self.slope = np.where(self.net > 0, 1.0, self.a)
        return np.dot(self.net * self.slope, self.W2) + self.b2

    def backward(self, x: A, labels: A) -> A:
        above = backward_of_log_sums(self.forward(x), labels)
        below = np.dot(above, self.W2.T) * self.slope
        W2 = np.dot((self.net * self.slope).T, above)
        return {"b2": above.sum(0), "b1": below.sum(0), "W2": W2, "W1": np.dot(x.T, below)}


def forward_one_matrix(x: A, params: A, negative_slope: float) -> A:
    ones = np.ones((len(x), 1))
    net = np.hstack([x, ones]) @ np.vstack([params["W1"], params["b1"]])
    return np.hstack([np.maximum(net, negative_slope * net), ones]) @ np.vstack([params["W2"], params["b2"]])


def forward_by_sides(x: A, params: A, negative_slope: float) -> A:
    net = np.tensordot(x, params["W1"], 1) + params["b1"]
    above, below = np.clip(net, 0, None), np.clip(net, None, 0)
    return above @ params["W2"] + negative_slope * (below @ params["W2"]) + params["b2"]


def mlp_recursive(x: A, labels: A, params: A, negative_slope: float) -> A:
    """The batch in two halves, down to one sample."""
    if len(x) == 1:
        return mlp_plain(x, labels, params, negative_slope)
    half = len(x) // 2
    parts = [(half, slice(None, half)), (len(x) - half, slice(half, None))]
    found = [(n / len(x), mlp_recursive(x[part], labels[part], params, negative_slope)) for n, part in parts]
    return {name: sum(share * gradients[name] for share, gradients in found) for name in params}


def mlp_in_place_on_copies(x: A, labels: A, params: A, negative_slope: float) -> A:
    net = np.matmul(x, params["W1"])
    net += params["b1"]
    h = net.copy()
    h[net <= 0] *= negative_slope
    delta = np.matmul(h, params["W2"])
    delta += params["b2"]
    delta -= delta.max(axis=1, keepdims=True)
    np.exp(delta, out=delta)
    delta /= delta.sum(axis=1, keepdims=True)
    delta[np.arange(len(x)), labels] -= 1
    delta /= len(x)
    below = np.matmul(delta, params["W2"].T)
    below[net <= 0] *= negative_slope
    return {"W1": np.matmul(x.T, below), "b1": below.sum(0), "W2": np.matmul(h.T, delta), "b2": delta.sum(0)}


RIGHT: dict[str, list[Callable[..., A]]] = {
    "leaky_relu": [
        lambda net, negative_slope: np.where(net > 0, net, negative_slope * net),
        lambda net, negative_slope: np.maximum(net, 0) + negative_slope * np.minimum(net, 0),
        lambda net, negative_slope: np.maximum(net, negative_slope * net),
        leaky_entry_by_entry,
        leaky_masked,
        lambda net, negative_slope: net * np.where(net > 0, 1.0, negative_slope),
        lambda net, negative_slope: (1 + negative_slope) / 2 * net + (1 - negative_slope) / 2 * np.abs(net),
        lambda net, negative_slope: np.clip(net, 0, None) + np.multiply(negative_slope, np.clip(net, None, 0)),
    ],
    "leaky_relu_backward": [
        lambda upstream, net, negative_slope: upstream * np.where(net > 0, 1, negative_slope),
        lambda upstream, net, negative_slope: np.where(net > 0, upstream, negative_slope * upstream),
        lambda upstream, net, negative_slope: upstream * ((net > 0) + negative_slope * (net <= 0)),
        leaky_backward_masked,
        leaky_backward_lists,
        lambda upstream, net, negative_slope: np.select([net > 0], [upstream], negative_slope * upstream),
        lambda upstream, net, negative_slope: upstream * (np.heaviside(net, 0) * (1 - negative_slope) + negative_slope),
        lambda upstream, net, negative_slope: np.einsum("...,...->...", upstream, [negative_slope, 1.0] @ sides(net)),
    ],
    "cross_entropy": [
        cross_entropy_log_sum,
        cross_entropy_loops,
        cross_entropy_logaddexp,
        cross_entropy_of_differences,
        cross_entropy_recursive,
        cross_entropy_log1p,
        plain_loss,
    ],
    "cross_entropy_backward": [
        lambda logits, labels: (softmax(logits) - one_hot(labels, logits.shape[1])) / len(labels),
        backward_in_place,
        backward_loops,
        backward_by_jacobian,
        backward_of_log_sums,
        lambda z, labels: (
            np.vstack([backward_in_place(row[None], labels[n : n + 1]) for n, row in enumerate(z)]) / len(z)
        ),
        lambda z, labels: np.where(one_hot(labels, z.shape[1]) > 0, -others(z), softmax(z)) / len(z),
    ],
    "mlp_forward": [
        forward_where,
        forward_einsum,
        forward_sample_by_sample,
        forward_one_matrix,
        forward_by_sides,
        lambda x, params, a: Net(**params, a=a).forward(x),
    ],
    "mlp_backward": [
        mlp_plain,
        mlp_per_sample,
        mlp_homogeneous,
        mlp_recursive,
        lambda x, labels, params, a: Net(**params, a=a).backward(x, labels),
        mlp_in_place_on_copies,
    ],
    "sgd_step": [
        sgd_loop,
        sgd_on_copies,
        sgd_lists,
        sgd_saved_and_restored,
        lambda params, gradients, lr: {name: p - lr * gradients[name] for name, p in params.items()},
        lambda params, gradients, lr: {
            k: np.subtract(params[k], np.multiply(lr, gradients[k])) for k in sorted(params)
        },
        lambda params, gradients, lr: {k: np.where(True, params[k] - lr * gradients[k], 0) for k in reversed(params)},
        lambda params, gradients, lr: dict(zip(params, (params[k] + -lr * gradients[k] for k in params), strict=True)),
    ],
}


# --- wrong

WRONG: list[Wrong] = []


def wrong(
    exercise: str, label: str, solution: Callable[..., A], mistake: str | None = None, parts: str = "value"
) -> None:
    WRONG.append(Wrong(exercise, solution, tuple(parts.split()), mistake, label))


def in_place(exercise: str, label: str, solution: Callable[..., A], *parts: str) -> None:
    WRONG.append(Wrong(exercise, solution, parts, None, label))


# leaky_relu
L = "leaky_relu"
wrong(L, "plain ReLU", lambda net, a: np.maximum(net, 0), "plain-relu")
wrong(L, "slope 0.01", lambda net, a: np.where(net > 0, net, 0.01 * net), "slope-hard-coded")
wrong(L, "slope alone", lambda net, a: np.where(net > 0, net, a), "slope-not-multiplied")
wrong(L, "minus", lambda net, a: np.where(net > 0, net, -a * net), "slope-negated")
wrong(L, "divided", lambda net, a: np.where(net > 0, net, net / np.float64(a)), "slope-inverted")
wrong(L, "sides swapped", lambda net, a: np.where(net > 0, a * net, net), "sides-swapped")
wrong(L, "a everywhere", lambda net, a: a * net, "one-slope-for-both")
wrong(L, "the slope", lambda net, a: np.where(net > 0, 1, a), "slope-for-activation")
wrong(L, "minimum", lambda net, a: np.minimum(net, a * net), "sides-swapped")
wrong(L, "identity", lambda net, a: net)
wrong(L, "absolute", lambda net, a: abs(net))
wrong(L, "sign", lambda net, a: -np.where(net > 0, net, a * net), "sign")
wrong(L, "exponential", lambda net, a: np.where(net > 0, net, a * (np.exp(net) - 1)))
wrong(L, "floor at a", lambda net, a: np.maximum(net, a))
wrong(L, "softly", lambda net, a: np.log1p(np.exp(net)))
wrong(L, "tanh", lambda net, a: np.tanh(net))
wrong(L, "slope squared", lambda net, a: np.where(net > 0, net, a * a * net))
wrong(L, "one more", lambda net, a: np.where(net > 0, net, (1 + a) * net))
wrong(L, "one less", lambda net, a: np.where(net > 0, net, (1 - a) * net))
wrong(L, "flat", lambda net, a: np.where(net > 0, net, a * net).ravel())
wrong(L, "None", lambda net, a: None)


def leaky_in_place(net: A, a: float) -> A:
    net[net < 0] *= a
    return net


wrong(L, "net changed", leaky_in_place)

# leaky_relu_backward
B = "leaky_relu_backward"
wrong(B, "upstream forgotten", lambda g, net, a: np.where(net > 0, 1, a), "upstream-ignored")
wrong(B, "slope alone", lambda g, net, a: np.where(net > 0, g, a), "slope-not-multiplied")
wrong(B, "plain ReLU", lambda g, net, a: g * (net > 0), "plain-relu")
wrong(B, "slope 0.01", lambda g, net, a: g * np.where(net > 0, 1, 0.01), "slope-hard-coded")
wrong(B, "0 is positive", lambda g, net, a: g * np.where(net >= 0, 1, a), "kink-on-the-positive-side")
wrong(B, "negative below 0", lambda g, net, a: g * np.where(net < 0, a, 1), "kink-on-the-positive-side")
wrong(
    B,
    "side of the output",
    lambda g, net, a: g * np.where(np.where(net > 0, net, a * net) >= 0, 1, a),
    "mask-from-output",
)
wrong(B, "a·net", lambda g, net, a: np.where(net > 0, g, a * net), "net-for-upstream")
wrong(B, "forward again", lambda g, net, a: np.where(net > 0, net, a * net), "net-for-upstream")
wrong(B, "divided", lambda g, net, a: np.where(net > 0, g, g / np.float64(a)), "slope-inverted")
wrong(B, "minus", lambda g, net, a: np.where(net > 0, g, -a * g), "slope-negated")
wrong(B, "sides swapped", lambda g, net, a: np.where(net > 0, a * g, g), "sides-swapped")
wrong(B, "a everywhere", lambda g, net, a: a * g, "one-slope-for-both")
wrong(B, "upstream handed on", lambda g, net, a: g, "slope-missing")
wrong(B, "side of the upstream", lambda g, net, a: np.where(g > 0, g, a * g), "side-of-upstream")
wrong(B, "times the activation", lambda g, net, a: g * np.where(net > 0, net, a * net), "activation-for-slope")
wrong(B, "sigmoid's slope", lambda g, net, a: g / (2 + np.exp(net) + np.exp(-net)), "sigmoid-for-leaky")
wrong(B, "sign", lambda g, net, a: -g * np.where(net > 0, 1, a), "sign")
wrong(B, "half at 0", lambda g, net, a: g * (np.where(net > 0, 1, a) + (net == 0) * (1 - a) / 2))
wrong(B, "0 at 0", lambda g, net, a: g * np.where(net > 0, 1, a) * (net != 0))
wrong(B, "slope squared", lambda g, net, a: g * np.where(net > 0, 1, a * a))
wrong(B, "times net", lambda g, net, a: g * net)
wrong(B, "tanh's slope", lambda g, net, a: g * (1 - np.tanh(net) ** 2))
wrong(B, "summed", lambda g, net, a: (g * np.where(net > 0, 1, a)).sum(0))
wrong(B, "plus a", lambda g, net, a: g * (net > 0) + a)
wrong(B, "mean", lambda g, net, a: g * np.where(net > 0, 1, a) / len(g))


def leaky_backward_in_place(g: A, net: A, a: float) -> A:
    g[net <= 0] *= a
    return g


wrong(B, "upstream changed", leaky_backward_in_place)

# cross_entropy
C, BOTH = "cross_entropy", "value stability"


def from_p(probabilities: A, of: A = lambda p: -np.log(p).mean()) -> Callable[..., A]:
    """Return the loss made of the label's probability."""
    return lambda z, labels: of(probabilities(z)[np.arange(len(labels)), labels])


def scaled(factor: A) -> Callable[..., A]:
    return lambda z, labels: cross_entropy_log_sum(z, labels) * factor(*z.shape)


def columns(z: A) -> A:
    return np.exp(z - z.max(0)) / np.exp(z - z.max(0)).sum(0)


def over_all(z: A) -> A:
    return np.exp(z - z.max()) / np.exp(z - z.max()).sum()


def by_one_maximum(z: A) -> A:
    return naive(z - z.max())


def sigmoid(z: A) -> A:
    return 1 / (1 + np.exp(-z))


def softmax_over_more(z: A) -> A:
    powers = np.exp(z - z.max(1, keepdims=True))
    return powers / (powers.sum(1, keepdims=True) + 1e-4)


def only_first(array: A) -> A:
    return array * (np.arange(len(array)) == 0)[:, None]


def layers_swapped(found: A, params: A, x: A) -> A:
    return {"W1": found["W2"], "b1": found["b2"], "W2": found["W1"], "b2": found["b1"]}


wrong(C, "no shift", from_p(naive), "max-not-subtracted", "stability")
wrong(
    C,
    "no shift, log of the sum",
    lambda z, y: (np.log(np.exp(z).sum(1)) - z[range(len(y)), y]).mean(),
    "max-not-subtracted",
    "stability",
)
wrong(
    C,
    "math.exp without a shift",
    lambda z, y: float(
        np.mean(
            [math.log(sum(math.exp(v) for v in row)) - row[label] for row, label in zip(z.tolist(), y, strict=True)]
        )
    ),
    None,
    "stability",
)
wrong(C, "one maximum for all", from_p(by_one_maximum), "max-over-everything", "stability")
wrong(
    C,
    "one maximum, log of the sum",
    lambda z, y: (np.log(np.exp(z - z.max()).sum(1)) - (z - z.max())[range(len(y)), y]).mean(),
    "max-over-everything",
    "stability",
)
wrong(C, "log of 0", from_p(softmax), "log-of-zero", "stability")
wrong(C, "epsilon", from_p(softmax, lambda p: -np.log(p + 1e-12).mean()), "epsilon-in-log", "stability")
wrong(
    C, "smallest number", from_p(softmax, lambda p: -np.log(np.maximum(p, 1e-15)).mean()), "epsilon-in-log", "stability"
)
wrong(C, "tiny", from_p(softmax, lambda p: -np.log(np.maximum(p, 1e-300)).mean()), None, "stability")
wrong(C, "logits clipped", lambda z, y: cross_entropy_log_sum(np.clip(z, -500, 500), y), None, "stability")
wrong(C, "minimum subtracted", from_p(lambda z: naive(z - z.min(1, keepdims=True))), None, "stability")
wrong(C, "summed", scaled(lambda N, K: N), "mean-missing", BOTH)
wrong(C, "mean over N·K", scaled(lambda N, K: 1 / K), "divided-by-classes", BOTH)
wrong(C, "over K", scaled(lambda N, K: N / K), "divided-by-classes", BOTH)
wrong(C, "averaged twice", scaled(lambda N, K: 1 / N), "mean-twice", BOTH)
wrong(C, "sign", scaled(lambda N, K: -1), "sign", BOTH)
wrong(C, "base 2", scaled(lambda N, K: 1 / math.log(2)), None, BOTH)
wrong(C, "half", scaled(lambda N, K: 0.5), "factor-half", BOTH)
wrong(C, "columns", from_p(columns), "softmax-wrong-axis", BOTH)
wrong(C, "over everything", from_p(over_all), "softmax-over-everything", BOTH)
wrong(C, "softmax twice", lambda z, y: cross_entropy_log_sum(softmax(z), y), "softmax-twice", BOTH)
wrong(C, "sigmoids", from_p(sigmoid), "sigmoid-for-softmax", BOTH)
wrong(C, "no log", from_p(softmax, lambda p: -p.mean()), "log-missing", BOTH)
wrong(C, "no log, from 1", from_p(softmax, lambda p: 1 - p.mean()), "log-missing", BOTH)
wrong(C, "log of the mean", from_p(softmax, lambda p: -np.log(p.mean())), None, BOTH)
wrong(C, "first sample", from_p(softmax, lambda p: -np.log(p[0])), "first-sample-only", BOTH)
wrong(C, "the logit", lambda z, y: -z[range(len(y)), y].mean(), None, BOTH)
wrong(C, "all classes", lambda z, y: -np.log(softmax(z)).sum(1).mean(), None, BOTH)
wrong(C, "next label", lambda z, y: cross_entropy_log_sum(z, (y + 1) % z.shape[1]), None, BOTH)
wrong(C, "label 0", lambda z, y: cross_entropy_log_sum(z, 0 * y), None, BOTH)
wrong(C, "predicted label", lambda z, y: cross_entropy_log_sum(z, z.argmax(1)), None, BOTH)
wrong(C, "squared error", lambda z, y: ((softmax(z) - one_hot(y, z.shape[1])) ** 2).sum(1).mean(), None, BOTH)
wrong(C, "one a sample", lambda z, y: -np.log(softmax(z))[range(len(y)), y], None, BOTH)
wrong(C, "large epsilon", from_p(softmax, lambda p: -np.log(p + 1e-3).mean()), None, BOTH)
wrong(C, "columns picked", lambda z, y: -np.log(softmax(z))[:, y].mean(), None, BOTH)
wrong(C, "shape (1,)", lambda z, y: [cross_entropy_log_sum(z, y)], None, BOTH)
wrong(C, "loss of the batch's mean", lambda z, y: cross_entropy_log_sum(z.mean(0, keepdims=True), y[:1]), None, BOTH)


def cross_entropy_shifted_in_place(z: A, y: A) -> A:
    z -= z.max(1, keepdims=True)
    return cross_entropy_log_sum(z, y)


in_place(C, "logits changed", cross_entropy_shifted_in_place, "value", "stability")

# cross_entropy_backward
G = "cross_entropy_backward"


def gradient(probabilities: A = softmax, change: A = None, target: A = one_hot) -> Callable[..., A]:
    """Return cross_entropy_backward with other probabilities, another target, or its answer d changed."""

    def solution(z: A, labels: A) -> A:
        p, y = probabilities(z), target(labels, z.shape[1])
        d = (p - y) / len(z)
        return change(d, p, y, z) if change else d

    return solution


wrong(G, "no shift", gradient(naive), "max-not-subtracted", "stability")
wrong(G, "one maximum for all", gradient(by_one_maximum), "max-over-everything", "stability")
wrong(G, "minimum subtracted", gradient(lambda z: naive(z - z.min(1, keepdims=True))), None, "stability")
wrong(G, "nan to 0", gradient(lambda z: np.nan_to_num(naive(z))), None, "stability")
wrong(G, "summed", gradient(change=lambda d, p, y, z: p - y), "mean-missing", BOTH)
wrong(G, "averaged twice", gradient(change=lambda d, p, y, z: d / len(z)), "mean-twice", BOTH)
wrong(G, "mean over N·K", gradient(change=lambda d, p, y, z: (p - y) / z.size), "divided-by-classes", BOTH)
wrong(G, "over K", gradient(change=lambda d, p, y, z: (p - y) / z.shape[1]), "divided-by-classes", BOTH)
wrong(G, "no label", gradient(target=lambda y, K: 0), "target-missing", BOTH)
wrong(G, "label as a number", gradient(target=lambda y, K: y[:, None]), "label-as-number", BOTH)
wrong(G, "extra p(1 − p)", gradient(change=lambda d, p, y, z: d * p * (1 - p)), "slope-after-softmax", BOTH)
wrong(G, "target column", gradient(change=lambda d, p, y, z: d * y), "target-column-only", BOTH)
wrong(
    G,
    "diagonal Jacobian",
    gradient(change=lambda d, p, y, z: np.where(y > 0, -(1 - p), 0.0) / len(z)),
    "target-column-only",
    BOTH,
)
wrong(G, "−y/p", gradient(change=lambda d, p, y, z: -y / p / len(z)), "softmax-slope-missing", BOTH)
wrong(
    G,
    "−y/p · p(1 − z)",
    gradient(change=lambda d, p, y, z: -y / p * p * (1 - z) / len(z)),
    "jacobian-from-logits",
    BOTH,
)
wrong(G, "columns", gradient(columns), "softmax-wrong-axis", BOTH)
wrong(G, "over everything", gradient(over_all), "softmax-over-everything", BOTH)
wrong(G, "softmax twice", gradient(lambda z: softmax(softmax(z))), "softmax-twice", BOTH)
wrong(G, "logits", gradient(lambda z: z), "softmax-missing", BOTH)
wrong(G, "sigmoids", gradient(sigmoid), "sigmoid-for-softmax", BOTH)
wrong(G, "rounded", gradient(lambda z: one_hot(z.argmax(1), z.shape[1])), "thresholded-prediction", BOTH)
wrong(G, "sign", gradient(change=lambda d, p, y, z: -d), "sign", BOTH)
wrong(G, "absolute", gradient(change=lambda d, p, y, z: abs(d)), "absolute-error", BOTH)
wrong(G, "factor 2", gradient(change=lambda d, p, y, z: 2 * d), "factor-two", BOTH)
wrong(
    G,
    "first sample",
    gradient(change=lambda d, p, y, z: d * (np.arange(len(z)) == 0)[:, None]),
    "first-sample-only",
    BOTH,
)
wrong(
    G, "full Jacobian of p − y", gradient(change=lambda d, p, y, z: p * (d - (d * p).sum(1, keepdims=True))), None, BOTH
)
wrong(G, "next label", gradient(target=lambda y, K: one_hot((y + 1) % K, K)), None, BOTH)
wrong(G, "batch mean", gradient(change=lambda d, p, y, z: d.sum(0)), None, BOTH)
wrong(G, "squared", gradient(change=lambda d, p, y, z: d * d), None, BOTH)
wrong(G, "sigmoid and two logs", gradient(sigmoid, lambda d, p, y, z: (y / p + (1 - y) / (1 - p)) / len(z)), None, BOTH)
wrong(
    G,
    "square loss",
    gradient(change=lambda d, p, y, z: p * ((p - y) - ((p - y) * p).sum(1, keepdims=True))),
    None,
    BOTH,
)
wrong(G, "transposed", gradient(change=lambda d, p, y, z: d.T), "transposed", BOTH)
wrong(G, "large epsilon", gradient(softmax_over_more), None, BOTH)


def backward_shifted_in_place(z: A, y: A) -> A:
    z -= z.max(1, keepdims=True)
    return gradient()(z, y)


in_place(G, "logits changed", backward_shifted_in_place, "value", "stability")


# mlp_forward
def forward(activation: A = None, b1: A = 1, b2: A = 1, after: A = None, turn: bool = False) -> Callable[..., A]:
    """Return mlp_forward with another activation, a bias taken b1 or b2 times, or its answer changed."""

    def solution(x: A, params: A, a: float) -> A:
        W1, W2 = (params[name].T if turn else params[name] for name in ("W1", "W2"))
        net = x @ W1 + b1 * params["b1"]
        h = activation(net, a) if activation else np.where(net > 0, net, a * net)
        z = h @ W2 + b2 * params["b2"]
        return after(z, a) if after else z

    return solution


F = "mlp_forward"
wrong(F, "plain ReLU", forward(lambda net, a: np.maximum(net, 0)), "plain-relu")
wrong(F, "slope 0.01", forward(lambda net, a: np.where(net > 0, net, 0.01 * net)), "slope-hard-coded")
wrong(F, "no activation", forward(lambda net, a: net), "activation-missing")
wrong(F, "softmax", forward(after=lambda z, a: softmax(z)), "probabilities-for-logits")
wrong(F, "activation on top", forward(after=lambda z, a: np.where(z > 0, z, a * z)), "activation-on-logits")
wrong(F, "no b1", forward(b1=0), "bias-missing")
wrong(F, "no b2", forward(b2=0), "bias-missing")
wrong(F, "no bias", forward(b1=0, b2=0), "bias-missing")
wrong(F, "weights turned", forward(turn=True), "linear-weights")
wrong(F, "sigmoid", forward(lambda net, a: sigmoid(net)))
wrong(F, "tanh", forward(lambda net, a: np.tanh(net)))
wrong(F, "slope inverted", forward(lambda net, a: np.where(net > 0, net, net / np.float64(a))))
wrong(F, "sides swapped", forward(lambda net, a: np.where(net > 0, a * net, net)))
wrong(F, "log softmax", forward(after=lambda z, a: np.log(softmax(z))))
wrong(F, "b1 subtracted", forward(b1=-1))
wrong(F, "b2 twice", forward(b2=2))
wrong(F, "hidden", lambda x, params, a: x @ params["W1"] + params["b1"])
wrong(F, "first sample", lambda x, params, a: forward()(x[:1], params, a))
wrong(F, "argmax", lambda x, params, a: forward()(x, params, a).argmax(1))
wrong(F, "biases averaged", lambda x, params, a: forward()(x, {**params, "b1": params["b1"].mean()}, a))


def forward_in_place(x: A, params: A, a: float) -> A:
    params["b1"] += 0.0
    params["W1"] *= 1.0
    x *= -1
    return forward()(-x, params, a)


wrong(F, "x changed", forward_in_place)


def forward_accumulating(x: A, params: A, a: float) -> A:
    params["b2"] *= 2
    return forward(b2=0.5)(x, params, a)


wrong(F, "params changed", forward_accumulating)


# mlp_backward
def backward(
    slope: A = None, top: A = None, back: A = None, below: A = None, act: A = None, last: A = None
) -> Callable[..., A]:
    """Return mlp_backward with one of its lines replaced."""

    def solution(x: A, labels: A, params: A, a: float) -> A:
        W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2"))
        net = x @ W1 + b1
        h = act(net, a) if act else np.where(net > 0, net, a * net)
        z = h @ W2 + b2
        p, y = softmax(z), one_hot(labels, len(b2))
        d2 = top(p, y, z, labels) if top else (p - y) / len(x)
        sent = back(d2, W2, p, params) if back else d2 @ W2.T
        d1 = slope(sent, net, a) if slope else sent * np.where(net > 0, 1, a)
        W2_in = below(x, net, h) if below else h
        found = {"W1": x.T @ d1, "b1": d1.sum(0), "W2": W2_in.T @ d2, "b2": d2.sum(0)}
        return last(found, params, x) if last else found

    return solution


M, LOW, ALL = "mlp_backward", "W1 b1", "W1 b1 W2 b2"
wrong(M, "slope missing", backward(lambda s, net, a: s), "hidden-slope-missing", LOW)
wrong(M, "plain ReLU back", backward(lambda s, net, a: s * (net > 0)), "plain-relu", LOW)
wrong(M, "plain ReLU", backward(lambda s, net, a: s * (net > 0), act=lambda n, a: n * (n > 0)), "plain-relu", ALL)
wrong(M, "0.01 back", backward(lambda s, net, a: s * np.where(net > 0, 1, 0.01)), "slope-hard-coded", LOW)
wrong(
    M,
    "0.01",
    backward(lambda s, net, a: s * np.where(net > 0, 1, 0.01), act=lambda n, a: np.where(n > 0, n, 0.01 * n)),
    "slope-hard-coded",
    ALL,
)
wrong(M, "0 is positive", backward(lambda s, net, a: s * np.where(net >= 0, 1, a)), "kink-on-the-positive-side", LOW)
wrong(
    M,
    "side of the output",
    backward(lambda s, net, a: s * np.where(np.where(net > 0, net, a * net) >= 0, 1, a)),
    "mask-from-output",
    LOW,
)
wrong(M, "minus a", backward(lambda s, net, a: s * np.where(net > 0, 1, -a)), "slope-negated", LOW)
wrong(M, "sides swapped", backward(lambda s, net, a: s * np.where(net > 0, a, 1)), "sides-swapped", LOW)
wrong(M, "a everywhere", backward(lambda s, net, a: s * a), "one-slope-for-both", LOW)
wrong(M, "one over a", backward(lambda s, net, a: s * np.where(net > 0, 1, 1 / max(a, 0.01))), None, LOW)
wrong(M, "sigmoid's slope", backward(lambda s, net, a: s * sigmoid(net) * (1 - sigmoid(net))), "sigmoid-for-leaky", LOW)
wrong(
    M, "activation back", backward(lambda s, net, a: s * np.where(net > 0, net, a * net)), "activation-for-slope", LOW
)
wrong(M, "sent back ignored", backward(lambda s, net, a: np.where(net > 0, 1, a)), None, LOW)
wrong(M, "slope alone", backward(lambda s, net, a: np.where(net > 0, s, a)), None, LOW)
wrong(M, "side of what is sent", backward(lambda s, net, a: np.where(s > 0, s, a * s)), None, LOW)
wrong(M, "linear", backward(lambda s, net, a: s, act=lambda n, a: n), "activation-missing", ALL)
wrong(M, "summed", backward(top=lambda p, y, z, l: p - y), "mean-missing", ALL)
wrong(M, "averaged twice", backward(top=lambda p, y, z, l: (p - y) / len(p) ** 2), "mean-twice", ALL)
wrong(M, "mean over N·K", backward(top=lambda p, y, z, l: (p - y) / p.size), "divided-by-classes", ALL)
wrong(M, "over K", backward(top=lambda p, y, z, l: (p - y) / p.shape[1]), "divided-by-classes", ALL)
wrong(M, "no label", backward(top=lambda p, y, z, l: p / len(p)), "target-missing", ALL)
wrong(M, "label as a number", backward(top=lambda p, y, z, l: (p - l[:, None]) / len(p)), "label-as-number", ALL)
wrong(M, "extra p(1 − p)", backward(top=lambda p, y, z, l: (p - y) * p * (1 - p) / len(p)), "slope-after-softmax", ALL)
wrong(M, "target column", backward(top=lambda p, y, z, l: y * (p - y) / len(p)), "target-column-only", ALL)
wrong(M, "−y/p", backward(top=lambda p, y, z, l: -y / p / len(p)), "softmax-slope-missing", ALL)
wrong(M, "−y(1 − z)", backward(top=lambda p, y, z, l: -y * (1 - z) / len(p)), "jacobian-from-logits", ALL)
wrong(M, "columns", backward(top=lambda p, y, z, l: (columns(z) - y) / len(p)), "softmax-wrong-axis", ALL)
wrong(M, "over everything", backward(top=lambda p, y, z, l: (over_all(z) - y) / len(p)), "softmax-over-everything", ALL)
wrong(M, "softmax twice", backward(top=lambda p, y, z, l: (softmax(p) - y) / len(p)), "softmax-twice", ALL)
wrong(M, "logits", backward(top=lambda p, y, z, l: (z - y) / len(p)), "softmax-missing", ALL)
wrong(M, "sigmoids", backward(top=lambda p, y, z, l: (sigmoid(z) - y) / len(p)), "sigmoid-for-softmax", ALL)
wrong(M, "absolute", backward(top=lambda p, y, z, l: abs(p - y) / len(p)), "absolute-error", ALL)
wrong(M, "sign", backward(top=lambda p, y, z, l: (y - p) / len(p)), "sign", ALL)
wrong(M, "factor 2", backward(top=lambda p, y, z, l: 2 * (p - y) / len(p)), "factor-two", ALL)
wrong(M, "squared error", backward(top=lambda p, y, z, l: (p - y) * p * (1 - p)), None, ALL)
wrong(M, "first sample", backward(top=lambda p, y, z, l: only_first(p - y) / len(p)), "first-sample-only", ALL)
wrong(M, "weights turned", backward(back=lambda d, W, p, ps: d @ W), "weights-transposed", ALL)
wrong(M, "probabilities sent back", backward(back=lambda d, W, p, ps: p @ W.T), "outputs-for-deltas", LOW)
wrong(M, "weights ignored", backward(back=lambda d, W, p, ps: d.sum(1, keepdims=True)), None, LOW)
wrong(M, "one k", backward(back=lambda d, W, p, ps: d[:, :1] @ W[:, :1].T), None, LOW)
wrong(M, "W2 stepped first", backward(back=lambda d, W, p, ps: d @ (W - 0.1 * W).T), None, LOW)
wrong(M, "x for h", backward(below=lambda x, net, h: x), "input-for-hidden", "W2")
wrong(M, "net for h", backward(below=lambda x, net, h: net), "net-for-activation", "W2")
wrong(M, "b not summed", backward(last=lambda f, ps, x: {**f, "b2": f["b2"][None]}), None, "b2")
wrong(M, "W1 transposed", backward(last=lambda f, ps, x: {**f, "W1": f["W1"].T}), "transposed", "W1")
wrong(M, "weight decay", backward(last=lambda f, ps, x: {**f, "W1": f["W1"] + 0.01 * ps["W1"]}), None, "W1")
wrong(M, "decay of b2", backward(last=lambda f, ps, x: {**f, "b2": f["b2"] + 0.01 * ps["b2"]}), None, "b2")
wrong(
    M,
    "b1 summed over everything",
    backward(last=lambda f, ps, x: {**f, "b1": f["b1"].sum()}),
    "summed-over-everything",
    "b1",
)
wrong(M, "mean once more in W1", backward(last=lambda f, ps, x: {**f, "W1": f["W1"] / len(x)}), "mean-twice", "W1")
wrong(M, "a tuple", backward(last=lambda f, ps, x: tuple(f.values())), None, ALL)
wrong(M, "other keys", backward(last=lambda f, ps, x: {"d" + name: g for name, g in f.items()}), None, ALL)
wrong(M, "b1 missing", backward(last=lambda f, ps, x: {name: g for name, g in f.items() if name != "b1"}), None, "b1")
wrong(M, "layers swapped", backward(last=layers_swapped), None, ALL)


def backward_that_steps(x: A, labels: A, params: A, a: float) -> A:
    found = backward()(x, labels, params, a)
    for name in params:
        params[name] -= 0.1 * found[name]
    return found


in_place(M, "params stepped", backward_that_steps, "W1", "b1", "W2", "b2")

_kept: dict[A, A] = {}


def backward_accumulating(x: A, labels: A, params: A, a: float) -> A:
    found = backward()(x, labels, params, a)
    key = (x.shape, params["W2"].shape)
    _kept[key] = _kept.get(key, 0) + found["W1"]
    return {**found, "W1": _kept[key]}


wrong(M, "W1 never cleared", backward_accumulating, None, "W1")


# sgd_step
S = "sgd_step"


def step(entry: A) -> Callable[..., A]:
    return lambda params, gradients, lr: {name: entry(p, gradients[name], lr) for name, p in params.items()}


def step_wrong(label: str, solution: Callable[..., A], mistake: str | None, *parts: str) -> None:
    WRONG.append(Wrong(S, solution, parts or ("values",), mistake, label))


def step_in_place(params: A, gradients: A, lr: float) -> A:
    for name in params:
        params[name] -= lr * gradients[name]
    return params


def step_by_views(params: A, gradients: A, lr: float) -> A:
    new = dict(params)
    for name in new:
        new[name] -= lr * gradients[name]
    return new


def step_in_the_dict(params: A, gradients: A, lr: float) -> A:
    for name in params:
        params[name] = params[name] - lr * gradients[name]
    return params


def step_in_the_gradients(params: A, gradients: A, lr: float) -> A:
    new = {}
    for name, g in gradients.items():
        g *= -lr
        g += params[name]
        new[name] = g
    return new


def step_clearing(params: A, gradients: A, lr: float) -> A:
    new = step(lambda p, g, lr: p - lr * g)(params, gradients, lr)
    for g in gradients.values():
        g[:] = 0
    return new


_velocity: dict[A, A] = {}


def step_with_momentum(params: A, gradients: A, lr: float) -> A:
    new = {}
    for name, p in params.items():
        key = (name, p.shape)
        _velocity[key] = 0.9 * _velocity.get(key, 0) + gradients[name]
        new[name] = p - lr * _velocity[key]
    return new


APART = "nothing shared"
step_wrong("uphill", step(lambda p, g, lr: p + lr * g), "ascent")
step_wrong("no rate", step(lambda p, g, lr: p - g), "rate-missing")
step_wrong("the step", step(lambda p, g, lr: lr * g), "step-for-parameter")
step_wrong("the step down", step(lambda p, g, lr: -lr * g), "step-for-parameter")
step_wrong("copies", step(lambda p, g, lr: p.copy()), "never-updated")
step_wrong("the same arrays", step(lambda p, g, lr: p), "never-updated", "values", APART)
step_wrong("rate 0.01", step(lambda p, g, lr: p - 0.01 * g), None)
step_wrong("divided", step(lambda p, g, lr: p - g / (lr + 1e-9)), None)
step_wrong("parameter scaled", step(lambda p, g, lr: (1 - lr) * p - lr * g), None)
step_wrong("sign of the gradient", step(lambda p, g, lr: p - lr * np.sign(g)), None)
step_wrong("normalised", step(lambda p, g, lr: p - lr * g / np.linalg.norm(g)), None)
step_wrong("half", step(lambda p, g, lr: p - lr / 2 * g), None)
step_wrong("biases frozen", step(lambda p, g, lr: p - lr * g if p.ndim > 1 else p.copy()), "biases-frozen")
step_wrong(
    "matched by order",
    lambda ps, gs, lr: {k: p - lr * g for (k, p), g in zip(ps.items(), gs.values(), strict=True)},
    "matched-by-order",
)
step_wrong("in place", step_in_place, "updated-in-place", APART)
step_wrong("in place under a new dict", step_by_views, "updated-in-place", APART)
step_wrong("in the gradients", step_in_the_gradients, "updated-in-place", APART)
step_wrong("gradients cleared", step_clearing, "updated-in-place", APART)
step_wrong("in the dict", step_in_the_dict, None, APART)
step_wrong("momentum", step_with_momentum, None)
step_wrong("None", lambda params, gradients, lr: None, None, "values", APART)
step_wrong("a tuple", lambda ps, gs, lr: tuple(ps[k] - lr * gs[k] for k in ps), None, "values", APART)
step_wrong("W2 only", lambda ps, gs, lr: {**ps, "W2": ps["W2"] - lr * gs["W2"]}, None, "values", APART)


# --- right to the eye: wrong only where numbers are small, large, near each other, many, or late

PARAMS = ("W1", "b1", "W2", "b2")
ALL_KEYS = " ".join(PARAMS)


def net_with(
    slope: Callable[..., A] = lambda net, a: np.where(net > 0, 1, a), probabilities: A = softmax, top: A = None
) -> Callable[..., A]:
    """Return mlp_backward with another slope, softmax or gradient at the logits."""

    def solution(x: A, labels: A, params: A, a: float) -> A:
        net = x @ params["W1"] + params["b1"]
        h = np.where(net > 0, net, a * net)
        z = h @ params["W2"] + params["b2"]
        above = top(z, labels) if top else (probabilities(z) - one_hot(labels, z.shape[1])) / len(x)
        below = above @ params["W2"].T * slope(net, a)
        return {"W1": x.T @ below, "b1": below.sum(0), "W2": h.T @ above, "b2": above.sum(0)}

    return solution


wrong(B, "the slope before carried on at 0", lambda g, net, a: g * slope_carried_on(net, a))
wrong(B, "the slope above carried on at 0", lambda g, net, a: g * slope_carried_on(net.T, a).T)
wrong(B, "small upstream dropped", lambda g, net, a: np.where(abs(g) < 1e-6, 0, g) * np.where(net > 0, 1, a))
wrong(B, "below 1e-12 is 0", lambda g, net, a: g * np.where(net > 1e-12, 1, a))
wrong(C, "in float32", in_float32(cross_entropy_logaddexp), "single-precision", "value stability")
wrong(C, "ten classes", lambda z, labels: cross_entropy_log_sum(z[:, :10], np.minimum(labels, 9)))
wrong(C, "small losses dropped", lambda z, labels: (lambda e: e if e > 1e-4 else 0.0)(cross_entropy_log_sum(z, labels)))
wrong(C, "ten samples", lambda z, labels: cross_entropy_log_sum(z[:10], labels[:10]))
CB = "cross_entropy_backward"
wrong(CB, "in float32", in_float32(backward_in_place), "single-precision", "value stability")
wrong(CB, "ten classes", first_ten(backward_in_place, 1))
wrong(
    CB,
    "ten labels",
    lambda z, labels: (
        (softmax(z) - one_hot(labels, max(10, z.shape[1]))[:, : z.shape[1]] * (labels < 10)[:, None]) / len(z)
    ),
)
wrong(
    CB,
    "nearly right taken for right",
    lambda z, labels: np.where(abs(backward_in_place(z, labels)) < 1e-5, 0, backward_in_place(z, labels)),
)
MF = "mlp_forward"
wrong(MF, "by the order of the dict", by_order(PARAMS, forward_where, 1))
wrong(MF, "in float32", in_float32(forward_where), "single-precision")
wrong(
    MF,
    "ten hidden units",
    lambda x, p, a: forward_where(x, {"W1": p["W1"][:, :10], "b1": p["b1"][:10], "W2": p["W2"][:10], "b2": p["b2"]}, a),
)
wrong(MF, "ten classes", first_ten(forward_where, 1))
MB = "mlp_backward"
wrong(MB, "by the order of the dict", by_order(PARAMS, mlp_plain, 2), None, ALL_KEYS)
wrong(MB, "max not subtracted", net_with(probabilities=naive), "max-not-subtracted", ALL_KEYS)
wrong(MB, "one maximum for all", net_with(probabilities=lambda z: naive(z - z.max())), "max-over-everything", ALL_KEYS)
wrong(MB, "logits clipped at ±100", net_with(probabilities=lambda z: softmax(np.clip(z, -100, 100))), None, ALL_KEYS)
wrong(MB, "in float32", in_float32(mlp_in_place_on_copies), "single-precision", ALL_KEYS)
wrong(MB, "the slope before carried on at 0", net_with(slope_carried_on), "kink-on-the-positive-side", "W1 b1")
wrong(
    MB,
    "the slope above carried on at 0",
    net_with(lambda net, a: slope_carried_on(net.T, a).T),
    "kink-on-the-positive-side",
    "W1 b1",
)
wrong(
    MB,
    "ten samples",
    lambda x, labels, p, a: {k: g * min(len(x), 10) / len(x) for k, g in mlp_plain(x[:10], labels[:10], p, a).items()},
    None,
    ALL_KEYS,
)
wrong(MB, "ten classes", net_with(top=first_ten(backward_in_place, 1)), None, ALL_KEYS)
wrong(
    MB,
    "an epsilon in softmax",
    net_with(
        probabilities=lambda z: (
            np.exp(z - z.max(1, keepdims=True)) / (np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True) + 1e-5)
        )
    ),
    None,
    ALL_KEYS,
)
SG = "sgd_step"
wrong(
    SG,
    "params by the order of the dict",
    lambda params, gradients, lr: dict(zip(PARAMS, (p - lr * gradients[k] for k, p in params.items()), strict=True)),
    None,
    "values",
)
wrong(
    SG,
    "in float32",
    lambda params, gradients, lr: {
        k: (params[k].astype("f") - np.float32(lr) * gradients[k].astype("f")) for k in params
    },
    "single-precision",
    "values",
)
wrong(
    SG,
    "small steps dropped",
    lambda params, gradients, lr: {
        k: params[k] - np.where(abs(lr * gradients[k]) < 1e-6, 0, lr * gradients[k]) for k in params
    },
    None,
    "values",
)
wrong(
    SG,
    "ten rows",
    lambda params, gradients, lr: {k: params[k] - lr * first_ten(np.array)(gradients[k]) for k in params},
    None,
    "values",
)
