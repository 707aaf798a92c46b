"""Right and wrong solutions of the exercises of chapter 06, written out as a learner would."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.unit.corpus.wrong import Wrong, by_order, first_ten, in_float32

A = Any


# --- right, several ways


def mask_loops(shape: A, p: A, rng: A) -> A:
    mask = np.ones(shape)
    for i in np.ndindex(*shape):
        if rng.random() < p:
            mask[i] = 0.0
    return mask


def mask_flat(shape: A, p: A, rng: A) -> A:
    return np.array([float(rng.uniform() >= p) for _ in range(math.prod(shape))]).reshape(shape)


def mask_filled(shape: A, p: A, rng: A) -> A:
    drawn = np.empty(shape)
    rng.random(out=drawn)
    return np.where(drawn < p, 0, 1)


def forward_where(x: A, mask: A, p: A, training: A) -> A:
    if not training:
        return x.copy()
    return np.where(mask > 0, x / (1 - p), 0.0)


def forward_loops(x: A, mask: A, p: A, training: A) -> A:
    out = [[float(v) for v in row] for row in x]
    if training:
        for n in range(len(out)):
            for j in range(len(out[0])):
                out[n][j] = out[n][j] / (1 - p) if mask[n][j] else 0.0
    return out


def forward_indexed(x: A, mask: A, p: A, training: A) -> A:
    if not training:
        return x
    out = np.zeros_like(x)
    kept = mask.astype(bool)
    out[kept] = x[kept] / (1.0 - p)
    return out


def forward_einsum(x: A, mask: A, p: A, training: A) -> A:
    return np.einsum("nh,nh->nh", x, mask) * (1 - p) ** -1 if training else x


def network_forward(x: A, params: A, mask: A, p: A, a: A) -> A:
    net = x @ params["W1"] + params["b1"]
    hidden = np.where(net > 0, net, a * net)
    dropped = hidden * mask / (1 - p)
    z = dropped @ params["W2"] + params["b2"]
    z = z - z.max(axis=1, keepdims=True)
    probabilities = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return net, hidden, dropped, probabilities


def network_plain(x: A, labels: A, params: A, mask: A, p: A, a: A) -> A:
    net, _, dropped, delta = network_forward(x, params, mask, p, a)
    delta[np.arange(len(x)), labels] -= 1
    delta /= len(x)
    below = delta @ params["W2"].T * mask / (1 - p) * np.where(net > 0, 1, a)
    return {"W1": x.T @ below, "b1": below.sum(0), "W2": dropped.T @ delta, "b2": delta.sum(0)}


def network_einsum(x: A, labels: A, params: A, mask: A, p: A, a: A) -> A:
    net, _, dropped, probabilities = network_forward(x, params, mask, p, a)
    delta = (probabilities - np.eye(probabilities.shape[1])[labels]) / len(x)
    slope = a + (1 - a) * (net > 0)
    below = np.einsum("nk,jk,nj,nj->nj", delta, params["W2"], mask, slope) / (1 - p)
    return {
        "b2": np.einsum("nk->k", delta),
        "W2": np.einsum("nj,nk->jk", dropped, delta),
        "b1": np.einsum("nj->j", below).tolist(),
        "W1": np.einsum("ni,nj->ij", x, below).tolist(),
    }


def network_per_sample(x: A, labels: A, params: A, mask: A, p: A, a: A) -> A:
    total = {name: np.zeros(np.shape(value)) for name, value in params.items()}
    for row, label, kept in zip(x, labels, mask, strict=True):
        net = row @ params["W1"] + params["b1"]
        factor = kept / (1 - p)
        slope = np.array([1.0 if n > 0 else a for n in net])
        z = (net * slope * factor) @ params["W2"] + params["b2"]
        delta = np.exp(z - z.max())
        delta /= delta.sum()
        delta[label] -= 1
        below = params["W2"] @ delta * factor * slope
        total["W2"] += np.outer(net * slope * factor, delta) / len(x)
        total["b2"] += delta / len(x)
        total["W1"] += np.outer(row, below) / len(x)
        total["b1"] += below / len(x)
    return total


def network_mask_first(x: A, labels: A, params: A, mask: A, p: A, a: A) -> A:
    """LeakyReLU after the mask: the two commute, since it is linear on each side of 0."""
    kept = (x @ params["W1"] + params["b1"]) * mask / (1 - p)
    hidden = np.maximum(kept, a * kept)
    z = hidden @ params["W2"] + params["b2"]
    delta = np.exp(z - np.logaddexp.reduce(z, axis=1)[:, None])
    delta[range(len(x)), labels] -= 1
    delta /= len(x)
    below = (delta @ params["W2"].T) * np.where(kept > 0, 1.0, a) * (mask / (1 - p))
    return {"W1": x.T @ below, "b1": below.sum(axis=0), "W2": hidden.T @ delta, "b2": delta.sum(axis=0)}


def mask_recursive(shape: A, p: A, rng: A) -> A:
    if not shape:
        return float(rng.random() >= p)
    return [mask_recursive(shape[1:], p, rng) for _ in range(shape[0])]


def dropped_in_place_on_a_copy(x: A, mask: A, p: A, training: A) -> A:
    out = x.copy()
    if training:
        out *= mask
        out /= 1 - p
    return out


def network_on_copies(x: A, labels: A, params: A, mask: A, p: A, a: A) -> A:
    net = x @ params["W1"] + params["b1"]
    factor = np.where(net > 0, 1.0, a)
    factor *= mask
    factor /= 1 - p
    net *= factor
    z = net @ params["W2"] + params["b2"]
    z -= z.max(1)[:, None]
    np.exp(z, out=z)
    z /= z.sum(1)[:, None]
    z[np.arange(len(z)), labels] -= 1
    z /= len(z)
    below = z @ params["W2"].T
    below *= factor
    return {"b1": below.sum(0), "W1": x.T @ below, "b2": z.sum(0), "W2": net.T @ z}


def network_recursive(x: A, labels: A, params: A, mask: A, p: A, a: A) -> A:
    """The batch in two halves, down to one sample."""
    if len(x) == 1:
        return network_plain(x, labels, params, mask, p, a)
    half = len(x) // 2
    first = network_recursive(x[:half], labels[:half], params, mask[:half], p, a)
    rest = network_recursive(x[half:], labels[half:], params, mask[half:], p, a)
    return {name: (half * first[name] + (len(x) - half) * rest[name]) / len(x) for name in params}


class Dropped:
    def __init__(self, x: A, labels: A, params: A, mask: A, p: A, a: A) -> None:
        self.x, self.params, self.scale = x, params, np.divide(mask, 1 - p)
        self.net = np.einsum("nd,dh->nh", x, params["W1"]) + params["b1"]
        self.slope = (self.net > 0) * (1 - a) + a
        self.labels = labels

    def gradients(self) -> A:
        h = self.net * self.slope * self.scale
        z = np.einsum("nh,hk->nk", h, self.params["W2"]) + self.params["b2"]
        above = np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))
        np.subtract.at(above, (np.arange(len(z)), self.labels), 1)
        above = above / len(z)
        below = np.einsum("nk,hk,nh,nh->nh", above, self.params["W2"], self.slope, self.scale)
        weights = {"W1": np.einsum("nd,nh->dh", self.x, below), "W2": np.einsum("nh,nk->hk", h, above)}
        return {**weights, "b1": below.sum(0), "b2": above.sum(0)}


RIGHT: dict[str, list[Callable[..., A]]] = {
    "dropout_mask": [
        lambda shape, p, rng: (rng.random(shape) >= p).astype(float),
        lambda shape, p, rng: rng.binomial(1, 1 - p, shape),
        lambda shape, p, rng: rng.choice([0.0, 1.0], size=shape, p=[p, 1 - p]),
        lambda shape, p, rng: rng.random(shape) > p,
        lambda shape, p, rng: 1 - (rng.uniform(size=shape) < p),
        lambda shape, p, rng: 1 - rng.binomial(n=1, p=p, size=shape).astype(np.float32),
        lambda shape, p, rng: (rng.standard_exponential(shape) >= -np.log1p(-p)).tolist(),
        lambda shape, p, rng: np.ceil(rng.random(shape) - p),
        mask_loops,
        mask_flat,
        mask_filled,
        lambda shape, p, rng: np.less_equal(p, rng.random(shape)).astype(int),
        lambda shape, p, rng: np.floor(rng.random(shape) + (1 - p)),
        mask_recursive,
    ],
    "dropout_forward": [
        lambda x, mask, p, training: x * mask / (1 - p) if training else x,
        forward_where,
        forward_loops,
        forward_indexed,
        forward_einsum,
        dropped_in_place_on_a_copy,
        lambda x, mask, p, training: np.multiply(x, np.true_divide(mask, 1 - p)) if training else np.array(x),
        lambda x, mask, p, training: [x, np.select([mask == 1], [x / (1 - p)], 0.0) if training else x][-1],
    ],
    "dropout_backward": [
        lambda upstream, mask, p, training: upstream * (mask / (1 - p)) if training else upstream,
        forward_where,
        forward_loops,
        forward_indexed,
        forward_einsum,
        dropped_in_place_on_a_copy,
        lambda x, mask, p, training: np.multiply(x, np.true_divide(mask, 1 - p)) if training else np.array(x),
        lambda x, mask, p, training: [x, np.select([mask == 1], [x / (1 - p)], 0.0) if training else x][-1],
    ],
    "mlp_dropout_backward": [
        network_plain,
        network_einsum,
        network_per_sample,
        network_mask_first,
        network_on_copies,
        network_recursive,
        lambda *a: Dropped(*a).gradients(),
    ],
}


# --- wrong

WRONG: list[Wrong] = []


def wrong(
    exercise: str, label: str, solution: Callable[..., A], mistake: str | None = None, parts: str = "value"
) -> None:
    WRONG.append(Wrong(exercise, solution, tuple(parts.split()), mistake, label))


# dropout_mask
def mask_from_global(shape: A, p: A, rng: A) -> A:
    return (np.random.rand(*shape) >= p).astype(float)  # noqa: NPY002 - the mistake


def mask_from_global_normal(shape: A, p: A, rng: A) -> A:
    return (np.random.randn(*shape) >= p).astype(float)  # noqa: NPY002 - the mistake


def mask_seeding_global(shape: A, p: A, rng: A) -> A:
    np.random.seed(int(rng.integers(2**31)))  # noqa: NPY002 - the mistake
    return (np.random.random(shape) >= p) * 1.0  # noqa: NPY002


def mask_from_fixed_seed(shape: A, p: A, rng: A) -> A:
    return np.random.default_rng(42).random(shape) >= p


def mask_from_copy(shape: A, p: A, rng: A) -> A:
    return copy.deepcopy(rng).random(shape) >= p


def mask_of_fixed_number(shape: A, p: A, rng: A) -> A:
    mask = np.ones(math.prod(shape))
    mask[rng.permutation(mask.size)[: round(p * mask.size)]] = 0
    return mask.reshape(shape)


def mask_of_fixed_number_chosen(shape: A, p: A, rng: A) -> A:
    mask = np.ones(shape)
    mask.flat[rng.choice(mask.size, int(p * mask.size), replace=False)] = 0
    return mask


def mask_of_fixed_number_a_row(shape: A, p: A, rng: A) -> A:
    order = rng.random(shape).argsort(axis=-1)
    return (order >= round(p * shape[-1])) * 1.0


def mask_of_the_smallest(shape: A, p: A, rng: A) -> A:
    drawn = rng.random(shape)
    return (drawn >= np.quantile(drawn, p)) * 1.0


def mask_tiled(shape: A, p: A, rng: A) -> A:
    half = rng.random((-(-shape[0] // 2), *shape[1:])) >= p
    return np.concatenate([half, half])[: shape[0]] * 1.0


def mask_repeated(shape: A, p: A, rng: A) -> A:
    half = rng.random((-(-shape[0] // 2), *shape[1:])) >= p
    return np.repeat(half, 2, axis=0)[: shape[0]] * 1.0


def mask_antithetic(shape: A, p: A, rng: A) -> A:
    half = rng.random((-(-shape[0] // 2), *shape[1:]))
    return (np.concatenate([half, 1 - half])[: shape[0]] >= p) * 1.0


def mask_from_python(shape: A, p: A, rng: A) -> A:
    return np.array([random.random() >= p for _ in range(math.prod(shape))]).reshape(shape)


_kept: dict[A, A] = {}


def mask_kept(shape: A, p: A, rng: A) -> A:
    return _kept.setdefault((shape, p), rng.random(shape) >= p)


K = "dropout_mask"
wrong(K, "drop and keep confused", lambda shape, p, rng: rng.random(shape) < p, "drop-keep-confused")
wrong(K, "binomial of p", lambda shape, p, rng: rng.binomial(1, p, shape), "drop-keep-confused")
wrong(K, "choice confused", lambda shape, p, rng: rng.choice([1, 0], shape, p=[p, 1 - p]), "drop-keep-confused")
wrong(K, "normal numbers", lambda shape, p, rng: rng.standard_normal(shape) >= p, "randn-for-rand")
wrong(K, "normal numbers, other side", lambda shape, p, rng: rng.normal(size=shape) < 1 - p, "randn-for-rand")
wrong(K, "normal numbers, confused", lambda shape, p, rng: rng.normal(size=shape) < p)
wrong(K, "size of normal numbers", lambda shape, p, rng: abs(rng.normal(size=shape)) >= p)
wrong(K, "scaled", lambda shape, p, rng: (rng.random(shape) >= p) / (1 - p), "mask-scaled")
wrong(K, "divided by p", lambda shape, p, rng: (rng.random(shape) >= p) / max(p, 0.01))
wrong(K, "global generator", mask_from_global, "global-random")
wrong(K, "global normal numbers", mask_from_global_normal, "global-random")
wrong(K, "global generator seeded", mask_seeding_global, "global-random")
wrong(K, "a generator of its own", lambda shape, p, rng: np.random.default_rng().random(shape) >= p, "rng-ignored")
wrong(K, "a fixed seed", mask_from_fixed_seed, "rng-ignored")
wrong(K, "a copy of the generator", mask_from_copy, "rng-ignored")
wrong(K, "Python's random", mask_from_python, "rng-ignored")
wrong(K, "drawn once and kept", mask_kept, "rng-ignored")
wrong(K, "one draw in all", lambda shape, p, rng: np.full(shape, rng.random() >= p) * 1.0, "shared-draws")
wrong(K, "one draw a row", lambda shape, p, rng: (rng.random((*shape[:-1], 1)) >= p) * np.ones(shape), "shared-draws")
wrong(K, "one row for all", lambda shape, p, rng: (rng.random((1, *shape[1:])) >= p) * np.ones(shape), "shared-draws")
wrong(K, "fixed number", mask_of_fixed_number, "fixed-count")
wrong(K, "fixed number, chosen", mask_of_fixed_number_chosen, "fixed-count")
wrong(K, "fixed number a row", mask_of_fixed_number_a_row, "fixed-count")
wrong(K, "quantile", mask_of_the_smallest, "fixed-count")
wrong(K, "half of the batch twice", mask_tiled)
wrong(K, "every sample twice", mask_repeated)
wrong(K, "second half mirrored", mask_antithetic)
wrong(K, "p ignored", lambda shape, p, rng: rng.integers(0, 2, shape))
wrong(K, "uniform numbers", lambda shape, p, rng: rng.random(shape))
wrong(K, "uniform numbers kept", lambda shape, p, rng: (u := rng.random(shape)) * (u >= p))
wrong(K, "all ones", lambda shape, p, rng: np.ones(shape), "rng-ignored")
wrong(K, "expected value", lambda shape, p, rng: np.full(shape, 1.0 - p))
wrong(K, "flat", lambda shape, p, rng: (rng.random(math.prod(shape)) >= p) * 1.0)
wrong(K, "a pattern", lambda shape, p, rng: (np.arange(math.prod(shape)) * 0.37 % 1 >= p).reshape(shape), "rng-ignored")
wrong(K, "minus one", lambda shape, p, rng: np.where(rng.random(shape) >= p, 1, -1))
wrong(K, "two thresholds", lambda shape, p, rng: (rng.random(shape) >= p) & (rng.random(shape) >= p))
wrong(K, "p squared", lambda shape, p, rng: rng.random(shape) >= p**2)
wrong(K, "rounded numbers", lambda shape, p, rng: rng.integers(0, 10, shape) >= 10 * p)
wrong(K, "None", lambda shape, p, rng: None)
wrong(K, "strings", lambda shape, p, rng: np.where(rng.random(shape) >= p, "1", "0"))


# dropout_forward and dropout_backward: one formula for training, one for evaluation
def modes(training: Callable[..., A] | None = None, evaluation: Callable[..., A] | None = None) -> Callable[..., A]:
    def solution(x: A, mask: A, p: A, mode: A) -> A:
        if mode:
            return training(x, mask, p) if training else x * mask / (1 - p)
        return evaluation(x, mask, p) if evaluation else x

    return solution


def scaled_in_place(x: A, mask: A, p: A) -> A:
    x *= mask / (1 - p)
    return x


_fresh = np.random.default_rng(6)

for E in ("dropout_forward", "dropout_backward"):
    wrong(E, "scale missing", modes(lambda x, m, p: x * m), "dropout-scale-missing", "training")
    wrong(E, "over p", modes(lambda x, m, p: x * m / p), "divided-by-p", "training")
    wrong(E, "over p, by NumPy", modes(lambda x, m, p: x * m / np.float64(p)), "divided-by-p", "training")
    wrong(E, "times 1 − p", modes(lambda x, m, p: x * m * (1 - p)), "dropout-scale-inverted", "training")
    wrong(E, "scaled twice", modes(lambda x, m, p: x * m / (1 - p) / (1 - p)), "dropout-scale-twice", "training")
    wrong(E, "mask inverted", modes(lambda x, m, p: x * (1 - m) / (1 - p)), "mask-inverted", "training")
    wrong(E, "mask inverted, no scale", modes(lambda x, m, p: x * (m == 0)), "mask-inverted", "training")
    wrong(E, "mask missing", modes(lambda x, m, p: x / (1 - p)), "mask-missing", "training")
    wrong(E, "no dropout", modes(lambda x, m, p: x), "dropout-missing", "training")
    wrong(
        E, "a fresh mask", modes(lambda x, m, p: x * (_fresh.random(x.shape) >= p) / (1 - p)), "other-mask", "training"
    )
    wrong(E, "the first row's mask", modes(lambda x, m, p: x * m[0] / (1 - p)), "other-mask", "training")
    wrong(E, "the mask reversed", modes(lambda x, m, p: x * m[::-1, ::-1] / (1 - p)), "other-mask", "training")
    wrong(E, "the mask's own share", modes(lambda x, m, p: x * m / max(m.mean(), 1e-9)), None, "training")
    wrong(E, "the mask squared away", modes(lambda x, m, p: x + m / (1 - p)), None, "training")
    wrong(E, "scaled outside the mask", modes(lambda x, m, p: np.where(m, x, x / (1 - p))), None, "training")
    wrong(E, "always halves", modes(lambda x, m, p: x * m * 2), None, "training")
    wrong(E, "root of the scale", modes(lambda x, m, p: x * m / np.sqrt(1 - p)), None, "training")
    wrong(E, "1 + p", modes(lambda x, m, p: x * m * (1 + p)), None, "training")
    wrong(E, "sign", modes(lambda x, m, p: -x * m / (1 - p)), "sign", "training")
    wrong(E, "summed", modes(lambda x, m, p: (x * m / (1 - p)).sum(0)), None, "training")
    wrong(E, "dropped entries left out", modes(lambda x, m, p: (x / (1 - p))[m > 0]), None, "training")
    wrong(E, "in place", modes(scaled_in_place), None, "training")
    wrong(
        E, "dropped at evaluation", modes(None, lambda x, m, p: x * m / (1 - p)), "dropout-at-evaluation", "evaluation"
    )
    wrong(E, "masked at evaluation", modes(None, lambda x, m, p: x * m), "dropout-at-evaluation", "evaluation")
    wrong(
        E,
        "dropped at evaluation if there is a mask",
        modes(None, lambda x, m, p: x if m is None else x * m / (1 - p)),
        "dropout-at-evaluation",
        "evaluation",
    )
    wrong(E, "scaled down at evaluation", modes(None, lambda x, m, p: x * (1 - p)), "scale-at-evaluation", "evaluation")
    wrong(E, "scaled up at evaluation", modes(None, lambda x, m, p: x / (1 - p)), "scale-at-evaluation", "evaluation")
    wrong(E, "times p at evaluation", modes(None, lambda x, m, p: x * p), "scale-at-evaluation", "evaluation")
    wrong(E, "zeros at evaluation", modes(None, lambda x, m, p: 0 * x), None, "evaluation")
    wrong(E, "None at evaluation", modes(None, lambda x, m, p: None), None, "evaluation")
    wrong(E, "mask asked for at evaluation", modes(None, lambda x, m, p: x + 0 * m.sum()), None, "evaluation")
    wrong(
        E,
        "dropout that is not inverted",
        modes(lambda x, m, p: x * m, lambda x, m, p: x * (1 - p)),
        "scale-at-evaluation",
        "training evaluation",
    )
    wrong(
        E,
        "modes swapped",
        modes(lambda x, m, p: x, lambda x, m, p: x * m / (1 - p)),
        "dropout-missing",
        "training evaluation",
    )

wrong("dropout_backward", "slope alone", modes(lambda g, m, p: m / (1 - p)), "upstream-ignored", "training")
wrong("dropout_backward", "mask alone", modes(lambda g, m, p: m), "upstream-ignored", "training")
wrong("dropout_backward", "ones", modes(None, lambda g, m, p: np.ones_like(g)), "upstream-ignored", "evaluation")
wrong("dropout_backward", "upstream squared", modes(lambda g, m, p: g * g * m / (1 - p)), None, "training")
wrong("dropout_backward", "mean over n", modes(lambda g, m, p: g * m / (1 - p) / len(g)), "batch-mean", "training")


# mlp_dropout_backward
def network(
    factor: A = None,
    back: A = None,
    slope: A = None,
    delta: A = None,
    below: A = None,
    sent: A = None,
    activation: A = None,
    change: A = None,
) -> Callable[..., A]:
    """Return mlp_dropout_backward with one of its lines replaced."""

    def solution(x: A, labels: A, params: A, mask: A, p: A, a: A) -> A:
        W2 = params["W2"]
        net = x @ params["W1"] + params["b1"]
        hidden = activation(net, a) if activation else np.where(net > 0, net, a * net)
        scale = factor(mask, p) if factor else mask / (1 - p)
        dropped = hidden * scale
        z = dropped @ W2 + params["b2"]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        probabilities = e / e.sum(axis=1, keepdims=True)
        onehot = np.eye(z.shape[1])[labels]
        d = delta(probabilities, onehot, z) if delta else (probabilities - onehot) / len(x)
        g = sent(d, W2) if sent else d @ W2.T
        lower = g * (back(mask, p) if back else scale) * (slope(net, a) if slope else np.where(net > 0, 1, a))
        into = below(x, net, hidden, dropped, mask) if below else dropped
        found = {"W1": x.T @ lower, "b1": lower.sum(0), "W2": into.T @ d, "b2": d.sum(0)}
        return change(found) if change else found

    return solution


M, ALL, LOW = "mlp_dropout_backward", "W1 b1 W2 b2", "W1 b1"
# going back only
wrong(M, "no scale going back", network(back=lambda m, p: m), "dropout-scale-missing", LOW)
wrong(M, "over p going back", network(back=lambda m, p: m / np.float64(p)), "divided-by-p", LOW)
wrong(M, "times 1 − p going back", network(back=lambda m, p: m * (1 - p)), "dropout-scale-inverted", LOW)
wrong(M, "scaled twice going back", network(back=lambda m, p: m / (1 - p) ** 2), "dropout-scale-twice", LOW)
wrong(M, "no mask going back", network(back=lambda m, p: 1 / (1 - p)), "mask-missing", LOW)
wrong(M, "no dropout going back", network(back=lambda m, p: 1), "dropout-missing", LOW)
wrong(M, "mask inverted going back", network(back=lambda m, p: (1 - m) / (1 - p)), "mask-inverted", LOW)
wrong(M, "a fresh mask going back", network(back=lambda m, p: (_fresh.random(m.shape) >= p) / (1 - p)), None, LOW)
wrong(M, "the mask reversed going back", network(back=lambda m, p: m[::-1, ::-1] / (1 - p)), None, LOW)
# both ways
wrong(M, "no scale", network(lambda m, p: m), "dropout-scale-missing", ALL)
wrong(M, "over p", network(lambda m, p: m / np.float64(p)), "divided-by-p", ALL)
wrong(M, "times 1 − p", network(lambda m, p: m * (1 - p)), "dropout-scale-inverted", ALL)
wrong(M, "no mask", network(lambda m, p: 1 / (1 - p)), "mask-missing", ALL)
wrong(M, "no dropout", network(lambda m, p: 1), "dropout-missing", ALL)
wrong(M, "mask inverted", network(lambda m, p: (1 - m) / (1 - p)), "mask-inverted", ALL)
wrong(M, "first row's mask", network(lambda m, p: m[:1] / (1 - p)), None, ALL)
# going forward only
RIGHT_SCALE = {"back": lambda m, p: m / (1 - p)}
wrong(M, "no scale going forward", network(lambda m, p: m, **RIGHT_SCALE), "dropout-scale-missing", ALL)
wrong(M, "no dropout going forward", network(lambda m, p: 1, **RIGHT_SCALE), "dropout-missing", ALL)
# the input of the upper layer
wrong(M, "undropped below", network(below=lambda x, net, h, d, m: h), "undropped-activations", "W2")
wrong(M, "unscaled below", network(below=lambda x, net, h, d, m: h * m), "dropout-scale-missing", "W2")
wrong(M, "mask below", network(below=lambda x, net, h, d, m: m), None, "W2")
wrong(M, "net below", network(below=lambda x, net, h, d, m: net), None, "W2")
# LeakyReLU
wrong(M, "slope missing", network(slope=lambda net, a: 1), "hidden-slope-missing", LOW)
wrong(M, "plain ReLU going back", network(slope=lambda net, a: net > 0), "plain-relu", LOW)
wrong(M, "0.01 going back", network(slope=lambda net, a: np.where(net > 0, 1, 0.01)), "slope-hard-coded", LOW)
wrong(M, "0 counted positive", network(slope=lambda net, a: np.where(net >= 0, 1, a)), "kink-on-the-positive-side", LOW)
wrong(M, "0 halfway", network(slope=lambda net, a: np.where(net > 0, 1, a) + (net == 0) * (1 - a) / 2), None, LOW)
wrong(M, "slope negated", network(slope=lambda net, a: np.where(net > 0, 1, -a)), "slope-negated", LOW)
wrong(M, "sides swapped", network(slope=lambda net, a: np.where(net > 0, a, 1)), "sides-swapped", LOW)
wrong(M, "side from the output", network(slope=lambda net, a: np.where(net * a >= 0, 1, a)), "mask-from-output", LOW)
wrong(M, "slope for upstream", network(sent=lambda d, W: np.ones((len(d), len(W)))), None, LOW)
wrong(
    M,
    "plain ReLU",
    network(slope=lambda net, a: net > 0, activation=lambda net, a: np.maximum(net, 0)),
    "plain-relu",
    ALL,
)
wrong(
    M,
    "no activation",
    network(slope=lambda net, a: 1, activation=lambda net, a: net),
    "activation-missing",
    ALL,
)
# softmax and cross-entropy
wrong(M, "1/N missing", network(delta=lambda p, y, z: p - y), "mean-missing", ALL)
wrong(M, "1/N twice", network(delta=lambda p, y, z: (p - y) / len(p) ** 2), "mean-twice", ALL)
wrong(M, "1/K", network(delta=lambda p, y, z: (p - y) / p.shape[1]), "divided-by-classes", ALL)
wrong(M, "extra slope", network(delta=lambda p, y, z: (p - y) * p * (1 - p) / len(p)), "slope-after-softmax", ALL)
wrong(M, "label's column only", network(delta=lambda p, y, z: (p - y) * y / len(p)), "target-column-only", ALL)
wrong(M, "no target", network(delta=lambda p, y, z: p / len(p)), "target-missing", ALL)
wrong(M, "slope of the loss", network(delta=lambda p, y, z: -y / p / len(p)), "softmax-slope-missing", ALL)
wrong(M, "logits", network(delta=lambda p, y, z: (z - y) / len(p)), "softmax-missing", ALL)
wrong(
    M,
    "first sample",
    network(delta=lambda p, y, z: (p - y) * (np.arange(len(p)) == 0)[:, None] / len(p)),
    "first-sample-only",
    ALL,
)
wrong(
    M,
    "softmax over the batch",
    network(delta=lambda p, y, z: (np.exp(z) / np.exp(z).sum(0) - y) / len(p)),
    "softmax-wrong-axis",
    ALL,
)
wrong(M, "sign", network(change=lambda f: {k: -v for k, v in f.items()}), "sign", ALL)
# W2, keys, shapes
wrong(M, "weights transposed", network(sent=lambda d, W: d @ W), "weights-transposed", ALL)
wrong(M, "W1 transposed", network(change=lambda f: {**f, "W1": f["W1"].T}), "transposed", "W1")
wrong(M, "W2 transposed", network(change=lambda f: {**f, "W2": f["W2"].T}), "transposed", "W2")
wrong(M, "b1 a row", network(change=lambda f: {**f, "b1": f["b1"][None]}), None, "b1")
wrong(M, "b2 missing", network(change=lambda f: {k: f[k] for k in ("W1", "b1", "W2")}), None, "b2")
wrong(M, "a tuple", network(change=lambda f: tuple(f.values())), None, ALL)
wrong(M, "only where kept", network(change=lambda f: {**f, "W2": np.abs(f["W2"])}), None, "W2")


def network_in_place(x: A, labels: A, params: A, mask: A, p: A, a: A) -> A:
    mask /= 1 - p
    return network(lambda m, p: m)(x, labels, params, mask, p, a)


wrong(M, "mask changed", network_in_place, None, ALL)


# --- right to the eye: wrong only where numbers are small, large, near each other, many, or late

KEYS = ("W1", "b1", "W2", "b2")
ALL_KEYS = " ".join(KEYS)


def redrawn(refused: Callable[..., bool]) -> Callable[..., A]:
    """Return dropout_mask that draws again while refused(mask), where that can end."""

    def solution(shape: A, p: A, rng: A) -> A:
        for _ in range(100):
            mask = (rng.random(shape) >= p).astype(float)
            if p == 0 or not refused(mask):
                break
        return mask

    return solution


wrong("dropout_mask", "never all 0", redrawn(lambda mask: mask.size > 1 and not mask.any()))
wrong("dropout_mask", "never all 1", redrawn(lambda mask: mask.size > 1 and mask.all()))
wrong("dropout_mask", "one kept in a mask of one", redrawn(lambda mask: not mask.any()))
wrong("dropout_mask", "no row all 0", redrawn(lambda mask: mask.ndim == 2 and not mask.any(axis=1).all()))
wrong(
    "dropout_mask", "no column all 1", redrawn(lambda mask: mask.ndim == 2 and len(mask) > 1 and mask.all(axis=0).any())
)


def one_kept(shape: A, p: A, rng: A) -> A:
    """Keeps one entry where none would be."""
    mask = (rng.random(shape) >= p).astype(float)
    if not mask.any() and mask.size > 1:
        mask.flat[rng.integers(mask.size)] = 1.0
    return mask


wrong("dropout_mask", "one kept where none would be", one_kept)


def dropped(x: A, mask: A, p: A, training: A) -> A:
    return x * mask / (1 - p) if training else x


for name in ("dropout_forward", "dropout_backward"):
    wrong(
        name, "x where nothing is kept", lambda x, mask, p, t: dropped(x, mask, p, t and mask.any()), None, "training"
    )
    wrong(
        name, "x where all is kept", lambda x, mask, p, t: dropped(x, mask, p, t and not mask.all()), None, "training"
    )
    wrong(name, "an epsilon below", lambda x, mask, p, t: x * mask / (1 - p + 1e-8) if t else x, None, "training")
    wrong(name, "p at most 0.95", lambda x, mask, p, t: dropped(x, mask, min(p, 0.95), t), None, "training")
    wrong(
        name,
        "ten units",
        lambda x, mask, p, t: first_ten(dropped, 1)(x, mask, p, t) if t else x,
        "other-mask",
        "training",
    )
    wrong(
        name,
        "small numbers dropped",
        lambda x, mask, p, t: dropped(np.where(abs(x) < 1e-6, 0, x), mask, p, t) if t else x,
        None,
        "training",
    )
    wrong(
        name,
        "a mask of one entry counts in evaluation",
        lambda x, mask, p, t: dropped(x, mask, p, t or (x.size == 1 and mask is not None)),
        None,
        "evaluation",
    )
DB = "mlp_dropout_backward"
wrong(DB, "by the order of the dict", by_order(KEYS, network_plain, 2), None, ALL_KEYS)
wrong(DB, "in float32", in_float32(network_on_copies), "single-precision", ALL_KEYS)
wrong(
    DB,
    "no dropout where nothing is kept",
    lambda x, labels, params, mask, p, a: network_plain(x, labels, params, mask if mask.any() else 1 + mask, p, a),
    None,
    "W1 b1 W2 b2",
)
wrong(
    DB,
    "no scale where all is kept",
    lambda x, labels, params, mask, p, a: network_plain(x, labels, params, mask, 0.0 if mask.all() else p, a),
    None,
    ALL_KEYS,
)
wrong(
    DB,
    "ten samples",
    lambda x, labels, params, mask, p, a: {
        k: g * min(len(x), 10) / len(x) for k, g in network_plain(x[:10], labels[:10], params, mask[:10], p, a).items()
    },
    None,
    ALL_KEYS,
)


def network_overflowing(shift: Callable[..., A]) -> Callable[..., A]:
    """Return the right backward pass with logits less shift(logits) in the softmax."""

    def solution(x: A, labels: A, params: A, mask: A, p: A, a: A) -> A:
        net = x @ params["W1"] + params["b1"]
        h = np.where(net > 0, net, a * net) * mask / (1 - p)
        z = h @ params["W2"] + params["b2"]
        powers = np.exp(z - shift(z))
        above = (powers / powers.sum(1, keepdims=True) - np.eye(z.shape[1])[labels]) / len(x)
        below = above @ params["W2"].T * mask / (1 - p) * np.where(net > 0, 1, a)
        return {"W1": x.T @ below, "b1": below.sum(0), "W2": h.T @ above, "b2": above.sum(0)}

    return solution


wrong(DB, "max not subtracted", network_overflowing(lambda z: 0.0), "max-not-subtracted", ALL_KEYS)
wrong(DB, "one maximum for all", network_overflowing(np.max), "max-over-everything", ALL_KEYS)
