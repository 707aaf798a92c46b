"""The runs behind the chapter's figures and tables: XOR from many seeds at once, mistakes, and difference quotients.

A leading axis of size S holds independent networks (one a seed), so that twenty of them train in about a second.
Loss everywhere: E = ½ ΣΣ (O − T)², two sigmoid layers, float64.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float64)
T = np.array([[0], [1], [1], [0]], dtype=np.float64)
LR = 1.0
EPOCHS = 10_000
SEEDS = 20


class Network(NamedTuple):
    """Parameters, or their gradients: W1 (S, D, H), b1 (S, 1, H), W2 (S, H, K), b2 (S, 1, K)."""

    W1: Array
    b1: Array
    W2: Array
    b2: Array


def sigmoid(net: Array) -> Array:
    return 1 / (1 + np.exp(-net))


def slope(O: Array, net: Array) -> Array:
    return O * (1 - O)


@dataclass(frozen=True)
class Rule:
    """The pieces of a backward pass, each of which a mistake can replace."""

    error: Callable[[Array, Array], Array] = lambda O, T: O - T
    output_slope: Callable[[Array, Array], Array] = slope
    hidden_slope: Callable[[Array, Array], Array] = slope
    pass_down: Callable[[Array, Array, Array, Array], Array] = lambda delta, W, below, above: delta @ W.mT
    weights: Callable[[Array, Array], Array] = lambda below, delta: below.mT @ delta
    bias: Callable[[Array], Array] = lambda delta: delta.sum(axis=-2, keepdims=True)


RIGHT = Rule()


def both_slopes(wrong: Callable[[Array, Array], Array]) -> Rule:
    return replace(RIGHT, output_slope=wrong, hidden_slope=wrong)


MISTAKES = {
    "output-slope-missing": replace(RIGHT, output_slope=lambda O, net: np.ones_like(O)),
    "hidden-slope-missing": replace(RIGHT, hidden_slope=lambda O, net: np.ones_like(O)),
    "slope-twice": both_slopes(lambda O, net: slope(O, net) ** 2),
    "slope-from-net": both_slopes(lambda O, net: net * (1 - net)),
    "slope-of-tanh": both_slopes(lambda O, net: 1 - O**2),
    "sign": replace(RIGHT, error=lambda O, T: T - O),
    "absolute-error": replace(RIGHT, error=lambda O, T: np.abs(O - T)),
    "thresholded-prediction": replace(RIGHT, error=lambda O, T: (O > 0.5) - T),
    "upstream-ignored": replace(RIGHT, error=lambda O, T: np.ones_like(O)),
    "factor-two": replace(RIGHT, error=lambda O, T: 2 * (O - T)),
    "outputs-for-deltas": replace(RIGHT, pass_down=lambda delta, W, below, above: above @ W.mT),
    "one-k-only": replace(RIGHT, pass_down=lambda delta, W, below, above: delta[..., :1] @ W[..., :1].mT),
    "batch-mean": replace(
        RIGHT,
        weights=lambda below, delta: below.mT @ delta / delta.shape[-2],
        bias=lambda delta: delta.mean(axis=-2, keepdims=True),
    ),
    "first-sample-only": replace(
        RIGHT,
        weights=lambda below, delta: below[..., :1, :].mT @ delta[..., :1, :],
        bias=lambda delta: delta[..., :1, :],
    ),
    "weights-updated-early": replace(
        RIGHT, pass_down=lambda delta, W, below, above: delta @ (W - LR * below.mT @ delta).mT
    ),
    "biases-frozen": replace(RIGHT, bias=lambda delta: 0 * delta.sum(axis=-2, keepdims=True)),
}


def standard_start(hidden: int, seeds: int = SEEDS) -> Network:
    """Weights from N(0, 1), W1 before W2, one generator a seed 0, 1, ...; biases 0."""
    draws = [np.random.default_rng(seed) for seed in range(seeds)]
    W1 = np.stack([rng.standard_normal((2, hidden)) for rng in draws])
    W2 = np.stack([rng.standard_normal((hidden, 1)) for rng in draws])
    return Network(W1, np.zeros((seeds, 1, hidden)), W2, np.zeros((seeds, 1, 1)))


def zero_start(hidden: int) -> Network:
    return Network(np.zeros((1, 2, hidden)), np.zeros((1, 1, hidden)), np.zeros((1, hidden, 1)), np.zeros((1, 1, 1)))


def predict(x: Array, network: Network) -> Array:
    """Return the output for x of shape (N, D) as (S, N, K)."""
    return sigmoid(sigmoid(x @ network.W1 + network.b1) @ network.W2 + network.b2)


def gradients(x: Array, t: Array, network: Network, rule: Rule = RIGHT) -> Network:
    """Return the gradients of E by `rule`; x (N, D), t (N, K)."""
    W1, b1, W2, b2 = network
    net1 = x @ W1 + b1
    O1 = sigmoid(net1)
    net2 = O1 @ W2 + b2
    O2 = sigmoid(net2)
    delta2 = rule.error(O2, t) * rule.output_slope(O2, net2)
    delta1 = rule.pass_down(delta2, W2, O1, O2) * rule.hidden_slope(O1, net1)
    return Network(rule.weights(x, delta1), rule.bias(delta1), rule.weights(O1, delta2), rule.bias(delta2))


def train(network: Network, rule: Rule = RIGHT, epochs: int = EPOCHS, keep: float = 0.0) -> Network:
    """Train on XOR by full-batch descent; `keep` = 1 never clears the gradients of earlier steps."""
    total = [np.zeros_like(parameter) for parameter in network]
    # Wrong rules drive weights far out, where exp overflows to infinity and σ is 0, as it should be.
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(epochs):
            step = gradients(X, T, network, rule)
            total = [keep * old + new for old, new in zip(total, step, strict=True)]
            network = Network(*(p - LR * g for p, g in zip(network, total, strict=True)))
    return network


def solved(network: Network) -> NDArray[np.bool_]:
    """Return for each network whether all four answers lie on the right side of ½; shape (S,)."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(((predict(X, network) > 0.5) == T).all(axis=(1, 2)))


def share_of_largest(wrong: Iterable[Array], right: Iterable[Array]) -> float:
    """Return the largest error over all gradients, each as a share of the largest entry of the right one."""
    pairs = zip(wrong, right, strict=True)
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in pairs)


def relative_error(a: Array, b: Array) -> float:
    """Return max |a − b| / max(|a| + |b|, 1e-8) over the entries."""
    return float((np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-8)).max())


def quotients(
    f: Callable[[Array], float], x: Array, h: float, central: bool = True, dtype: type[np.floating[Any]] = np.float64
) -> Array:
    """Return difference quotients of f at x, central or one-sided, with x, h and f's value held in `dtype`."""
    at, result = x.astype(dtype), np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        up, down = at.copy(), at.copy()
        up[index] += h
        down[index] -= h if central else 0
        result[index] = (float(dtype(f(up))) - float(dtype(f(down)))) / ((2 if central else 1) * h)
    return result
