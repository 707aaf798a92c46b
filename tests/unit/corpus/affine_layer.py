"""Right and wrong solutions of the exercises of chapter 04, written out as a learner would."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import accumulate
from typing import Any, ClassVar

import numpy as np

from tests.unit.corpus.wrong import Wrong, first_ten, in_float32

A = Any


def sigmoid(net: A) -> A:
    return 1 / (1 + np.exp(-net))


# --- right, several ways


def matmul_loops(x: A, W: A, upstream: A) -> A:
    dx, dW = np.zeros(x.shape), np.zeros(W.shape)
    for n in range(x.shape[0]):
        for j in range(W.shape[0]):
            for k in range(W.shape[1]):
                dx[n, j] += upstream[n, k] * W[j, k]
                dW[j, k] += upstream[n, k] * x[n, j]
    return dx, dW


def matmul_per_sample(x: A, W: A, upstream: A) -> A:
    dW = sum(np.outer(row, g) for row, g in zip(x, upstream, strict=True))
    return [(W @ g).tolist() for g in upstream], dW


class AffinePlain:
    def __init__(self, W: A, b: A) -> None:
        self.W, self.b = W, b

    def forward(self, x: A) -> A:
        self.x = x
        return x.reshape(len(x), -1) @ self.W + self.b

    def backward(self, upstream: A) -> A:
        self.dW = self.x.reshape(len(self.x), -1).T @ upstream
        self.db = upstream.sum(axis=0)
        return (upstream @ self.W.T).reshape(self.x.shape)


class AffineEinsum:
    """Keeps copies, the flat input and its shape."""

    def __init__(self, W: A, b: A) -> None:
        self.W, self.b = np.array(W), np.array(b)
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)
        self.cache: A = None

    def forward(self, x: A) -> A:
        flat = x.reshape(x.shape[0], int(np.prod(x.shape[1:]))).copy()
        self.cache = (flat, x.shape)
        return np.einsum("nd,dm->nm", flat, self.W) + self.b[None, :]

    def backward(self, upstream: A) -> A:
        flat, shape = self.cache
        self.dW[:] = np.einsum("nd,nm->dm", flat, upstream)
        self.db[:] = np.einsum("nm->m", upstream)
        return np.einsum("nm,dm->nd", upstream, self.W).reshape(shape)


class AffineTensordot:
    """Folds W up to the shape of the input instead of flattening the input; adds up anew each time, on a stack."""

    def __init__(self, W: A, b: A) -> None:
        self.W, self.b = W, b
        self.seen: list[A] = []

    def forward(self, x: A) -> A:
        self.seen.append(x)
        return np.tensordot(x, self.W.reshape(*x.shape[1:], -1), axes=x.ndim - 1) + self.b

    def backward(self, upstream: A) -> A:
        x = self.seen[-1]
        self.dW, self.db = np.zeros(self.W.shape), np.zeros(self.W.shape[1])
        for row, g in zip(x, upstream, strict=True):
            self.dW += np.outer(row, g)
            self.db += g
        return [(self.W @ g).reshape(x.shape[1:]).tolist() for g in upstream]


def matmul_backward(x: A, W: A, upstream: A) -> A:
    raise NotImplementedError


def bias_add_backward(upstream: A) -> A:
    return upstream.mean(axis=0)


class AffineOnEarlierExercises:
    """Right by itself, though the two functions that it calls are not written or wrong."""

    def __init__(self, W: A, b: A) -> None:
        self.W, self.b = W, b

    def forward(self, x: A) -> A:
        self.shape, self.flat = x.shape, np.reshape(x, (x.shape[0], -1))
        return self.flat @ self.W + self.b

    def backward(self, upstream: A) -> A:
        dx, self.dW = matmul_backward(self.flat, self.W, upstream)
        self.db = bias_add_backward(upstream)
        return dx.reshape(self.shape)


class SigmoidPlain:
    def forward(self, x: A) -> A:
        self.O = 1 / (1 + np.exp(-x))
        return self.O

    def backward(self, upstream: A) -> A:
        return upstream * self.O * (1 - self.O)


class SigmoidFromInput:
    """Keeps x, not O, and goes through tanh."""

    def forward(self, x: A) -> A:
        self.x = x
        return 0.5 * (1 + np.tanh(0.5 * x))

    def backward(self, upstream: A) -> A:
        return 0.25 * upstream * (1 - np.tanh(self.x / 2) ** 2)


class SigmoidStable:
    """Two formulas, one a sign of the input; keeps the slope."""

    def __init__(self) -> None:
        self.slope = np.zeros(())

    def forward(self, x: A) -> A:
        small = np.exp(-abs(x))
        O = np.where(x >= 0, 1 / (1 + small), small / (1 + small))
        self.slope = O - O**2
        return O

    def backward(self, upstream: A) -> A:
        return np.multiply(self.slope, upstream).tolist()


class SigmoidClosure:
    def forward(self, x: A) -> A:
        O = np.reciprocal(1 + np.exp(-x))
        self.send_back = lambda upstream: upstream * (O - O * O)
        return O.copy()

    def backward(self, upstream: A) -> A:
        return self.send_back(upstream)


def network_loop(layers: A, upstream: A) -> A:
    for layer in reversed(layers):
        upstream = layer.backward(upstream)
    return upstream


def network_recursive(layers: A, upstream: A) -> A:
    if not layers:
        return upstream
    *below, last = layers
    return network_recursive(below, last.backward(upstream))


def network_copy_emptied(layers: A, upstream: A) -> A:
    waiting, g = list(layers), upstream
    while waiting:
        g = waiting.pop().backward(g)
    return g


def network_twice(layers: A, upstream: A) -> A:
    """Goes backward twice; only the second time counts."""
    network_loop(layers, upstream)
    return network_loop(layers, upstream).tolist()


def matmul_recursive(x: A, W: A, upstream: A) -> A:
    """The units in two halves, down to one."""
    M = W.shape[1]
    if M == 1:
        return upstream * W.T, (x * upstream).sum(axis=0)[:, None]
    half = M // 2
    dx, dW = matmul_recursive(x, W[:, :half], upstream[:, :half])
    other_dx, other_dW = matmul_recursive(x, W[:, half:], upstream[:, half:])
    return dx + other_dx, np.hstack([dW, other_dW])


def matmul_into_zeros(x: A, W: A, upstream: A) -> A:
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    np.matmul(upstream, W.T, out=dx)
    for n in range(len(x)):
        dW += x[n, :, None] * upstream[n]
    return dx, dW


class AffineOneMatrix:
    """W and b as one matrix, below an input with a column of ones."""

    def __init__(self, W: A, b: A) -> None:
        self.W, self.b = W, b

    def forward(self, x: A) -> A:
        self.shape = np.shape(x)
        self.inputs = np.column_stack([np.reshape(x, (len(x), -1)), np.ones(len(x))])
        return self.inputs @ np.vstack([self.W, self.b])

    def backward(self, upstream: A) -> A:
        both = self.inputs.T @ upstream
        self.dW, self.db = both[:-1], both[-1]
        return np.reshape(upstream @ np.transpose(self.W), self.shape)


class AffineSlots:
    __slots__ = ("W", "b", "dW", "db", "x")

    def __init__(self, W: A, b: A) -> None:
        self.W, self.b = np.copy(W), np.copy(b)

    def forward(self, x: A) -> A:
        self.x = np.copy(x)
        return np.stack([row.ravel() @ self.W for row in self.x]) + self.b

    def backward(self, upstream: A) -> A:
        self.dW = sum(np.outer(row, g) for row, g in zip(self.x, upstream, strict=True))
        self.db = np.add.reduce(upstream, axis=0)
        return np.stack([(self.W @ g).reshape(self.x.shape[1:]) for g in upstream])


class AffineProperties:
    """Works the gradients out when they are asked for."""

    def __init__(self, W: A, b: A) -> None:
        self.W, self.b = W, b

    def forward(self, x: A) -> A:
        self.x = x.reshape(x.shape[0], -1).copy()
        self.shape = x.shape
        return np.add(self.x.dot(self.W), self.b)

    def backward(self, upstream: A) -> A:
        self.upstream = upstream.copy()
        return upstream.dot(self.W.T).reshape(self.shape)

    @property
    def dW(self) -> A:
        return self.x.T.dot(self.upstream)

    @property
    def db(self) -> A:
        return self.upstream.sum(0)


class SigmoidLogaddexp:
    def forward(self, x: A) -> A:
        self.x = np.array(x)
        return np.exp(-np.logaddexp(0, -self.x))

    def backward(self, upstream: A) -> A:
        return upstream * np.exp(-np.logaddexp(0, -self.x) - np.logaddexp(0, self.x))


class SigmoidMasked:
    """Fills a new array in two parts, in place."""

    def forward(self, x: A) -> A:
        self.O = np.empty(x.shape)
        up = x >= 0
        self.O[up] = 1 / (1 + np.exp(-x[up]))
        self.O[~up] = np.exp(x[~up]) / (1 + np.exp(x[~up]))
        return self.O.copy()

    def backward(self, upstream: A) -> A:
        dx = 1 - self.O
        dx *= self.O
        dx *= upstream
        return dx


class SigmoidClipped:
    """Clipped so far out that nothing is lost."""

    def forward(self, x: A) -> A:
        self.O = 1 / (1 + np.exp(-np.clip(x, -500, 500)))
        return self.O.tolist()

    def backward(self, upstream: A) -> A:
        return np.einsum("...,...,...->...", upstream, self.O, 1 - self.O)


def network_by_index(layers: A, upstream: A) -> A:
    i = len(layers)
    while i:
        i -= 1
        upstream = layers[i].backward(upstream)
    return upstream


class Network:
    def __init__(self, layers: A) -> None:
        self.layers = tuple(layers)

    def backward(self, upstream: A) -> A:
        if len(self.layers) == 1:
            return self.layers[0].backward(upstream)
        half = len(self.layers) // 2
        return Network(self.layers[:half]).backward(Network(self.layers[half:]).backward(upstream))


def network_in_a_class(layers: A, upstream: A) -> A:
    return Network(layers).backward(upstream)


RIGHT: dict[str, list[Callable[..., A]]] = {
    "matmul_backward": [
        lambda x, W, upstream: (upstream @ W.T, x.T @ upstream),
        matmul_loops,
        matmul_per_sample,
        lambda x, W, upstream: [np.einsum("nm,dm->nd", upstream, W), np.einsum("nd,nm->dm", x, upstream)],
        lambda x, W, upstream: ((W @ upstream.T).T, (upstream.T @ x).T),
        lambda x, W, upstream: (np.tensordot(upstream, W, axes=(1, 1)), np.tensordot(x, upstream, axes=(0, 0))),
        matmul_recursive,
        matmul_into_zeros,
    ],
    "bias_add_backward": [
        lambda upstream: upstream.sum(axis=0),
        lambda upstream: np.ones(len(upstream)) @ upstream,
        lambda upstream: [sum(column) for column in upstream.T],
        lambda upstream: len(upstream) * upstream.mean(0),
        lambda upstream: np.add.reduce(upstream),
        lambda upstream: np.cumsum(upstream, axis=0)[-1],
        lambda upstream: np.einsum("nm->m", upstream).tolist(),
    ],
    "Affine": [
        AffinePlain,
        AffineEinsum,
        AffineTensordot,
        AffineOnEarlierExercises,
        AffineOneMatrix,
        AffineSlots,
        AffineProperties,
    ],
    "Sigmoid": [
        SigmoidPlain,
        SigmoidFromInput,
        SigmoidStable,
        SigmoidClosure,
        SigmoidLogaddexp,
        SigmoidMasked,
        SigmoidClipped,
    ],
    "network_backward": [
        network_loop,
        network_recursive,
        network_copy_emptied,
        network_twice,
        lambda layers, upstream: reduce(lambda g, layer: layer.backward(g), layers[::-1], upstream),
        network_by_index,
        network_in_a_class,
        lambda layers, upstream: list(
            accumulate(reversed(layers), lambda g, layer: layer.backward(g), initial=upstream)
        )[-1],
    ],
}


# --- wrong

WRONG: list[Wrong] = []


def wrong(
    exercise: str, label: str, solution: Callable[..., A], mistake: str | None = None, parts: str = "value"
) -> None:
    WRONG.append(Wrong(exercise, solution, tuple(parts.split()), mistake, label))


def first(upstream: A) -> A:
    """Return the upstream gradient with every sample but the first set to 0."""
    return upstream * (np.arange(len(upstream)) == 0)[:, None]


# matmul_backward
P = "matmul_backward"
wrong(P, "dout @ W", lambda x, W, g: (g @ W, x.T @ g), "weights-transposed", "dx dW")
wrong(P, "dW transposed", lambda x, W, g: (g @ W.T, g.T @ x), "transposed", "dW")
wrong(P, "dx transposed", lambda x, W, g: (W @ g.T, x.T @ g), "transposed", "dx")
wrong(P, "order swapped", lambda x, W, g: (x.T @ g, g @ W.T), None, "dx dW")
wrong(P, "mean", lambda x, W, g: (g @ W.T, x.T @ g / len(x)), "batch-mean", "dW")
wrong(P, "mean in both", lambda x, W, g: (g @ W.T / len(x), x.T @ g / len(x)), "batch-mean", "dx dW")
wrong(P, "mean over n and k", lambda x, W, g: (g @ W.T, x.T @ g / g.size), "mean-over-all", "dW")
wrong(P, "sign", lambda x, W, g: (-g @ W.T, -x.T @ g), "sign", "dx dW")
wrong(P, "factor 2", lambda x, W, g: (2 * g @ W.T, x.T @ g), "factor-two", "dx")
wrong(
    P,
    "upstream ignored",
    lambda x, W, g: (np.ones_like(g) @ W.T, x.T @ np.ones_like(g)),
    "upstream-ignored",
    "dx dW",
)
wrong(P, "first sample", lambda x, W, g: (g @ W.T, np.outer(x[0], g[0])), "first-sample-only", "dW")
wrong(P, "first sample in both", lambda x, W, g: (first(g) @ W.T, x.T @ first(g)), "first-sample-only", "dx dW")
wrong(P, "last sample", lambda x, W, g: (g @ W.T, np.outer(x[-1], g[-1])), None, "dW")
wrong(P, "sums first", lambda x, W, g: (g @ W.T, np.outer(x.sum(0), g.sum(0))), "sums-before-product", "dW")
wrong(P, "input ignored", lambda x, W, g: (g @ W.T, np.ones_like(x).T @ g), "input-ignored", "dW")
wrong(P, "weights ignored", lambda x, W, g: (g @ np.ones_like(W).T, x.T @ g), "weights-ignored", "dx")
wrong(P, "one unit", lambda x, W, g: (g[:, :1] @ W[:, :1].T, x.T @ g), "one-k-only", "dx")
wrong(P, "last unit", lambda x, W, g: (g[:, -1:] @ W[:, -1:].T, x.T @ g), "one-k-only", "dx")
wrong(P, "batch not summed", lambda x, W, g: (g @ W.T, x[:, :, None] * g[:, None, :]), "batch-not-summed", "dW")
wrong(P, "batch of dx summed", lambda x, W, g: ((g @ W.T).sum(0), x.T @ g), None, "dx")
wrong(P, "dx only", lambda x, W, g: g @ W.T, None, "dx dW")
wrong(P, "with a bias", lambda x, W, g: (g @ W.T, x.T @ g, g.sum(0)), None, "dx dW")
wrong(P, "pseudo-inverse", lambda x, W, g: (g @ np.linalg.pinv(W), x.T @ g), None, "dx")
wrong(P, "weight decay", lambda x, W, g: (g @ W.T, x.T @ g + 0.01 * W), None, "dW")
wrong(P, "value of the product", lambda x, W, g: (g * (x @ W) @ W.T, x.T @ (g * (x @ W))), None, "dx dW")
wrong(P, "slope of a sigmoid", lambda x, W, g: (g @ W.T * x * (1 - x), x.T @ g), None, "dx")
wrong(P, "absolute weights", lambda x, W, g: (g @ abs(W).T, x.T @ g), None, "dx")
wrong(P, "zeros of x count", lambda x, W, g: (g @ W.T, (x + (x == 0)).T @ g), None, "dW")
wrong(P, "dx only where x is not 0", lambda x, W, g: (g @ W.T * (x != 0), x.T @ g), None, "dx")
wrong(P, "float16", lambda x, W, g: ((g @ W.T).astype(np.float16), x.T @ g), None, "dx")


def matmul_in_place(x: A, W: A, g: A) -> A:
    dx = g @ W.T
    dW = x.T @ g
    x -= 0.1 * dx
    return dx, dW


wrong(P, "x updated", matmul_in_place, None, "dx dW")

# bias_add_backward
B = "bias_add_backward"
wrong(B, "not summed", lambda g: g, "batch-not-summed")
wrong(B, "mean", lambda g: g.mean(axis=0), "batch-mean")
wrong(B, "scalar", lambda g: g.sum(), "summed-over-everything")
wrong(B, "mean of everything", lambda g: g.mean())
wrong(B, "wrong axis", lambda g: g.sum(axis=1), "wrong-axis")
wrong(B, "first sample", lambda g: g[0], "first-sample-only")
wrong(B, "last sample", lambda g: g[-1])
wrong(B, "ones", lambda g: np.full(g.shape[1], float(len(g))), "upstream-ignored")
wrong(B, "ones, batch forgotten", lambda g: np.ones(g.shape[1]))
wrong(B, "a row", lambda g: g.sum(axis=0, keepdims=True))
wrong(B, "sign", lambda g: -g.sum(axis=0), "sign")
wrong(B, "factor ½", lambda g: g.sum(axis=0) / 2, "factor-half")
wrong(B, "running sum", lambda g: g.cumsum(axis=0))
wrong(B, "absolute", lambda g: abs(g).sum(axis=0))
wrong(B, "norm", lambda g: np.sqrt((g * g).sum(0)))
wrong(B, "divided by M", lambda g: g.sum(axis=0) / g.shape[1])
wrong(B, "median", lambda g: len(g) * np.median(g, axis=0))
wrong(B, "sign of the sum", lambda g: np.sign(g.sum(axis=0)))


# Affine
def affine(**methods: Callable[..., A]) -> type:
    """Return AffinePlain with these methods replaced."""
    return type("Affine", (AffinePlain,), methods)


def after(change: Callable[..., A]) -> type:
    """Return an Affine whose right backward is followed by change(layer, upstream, dx); what that returns is dx."""

    def backward(self: A, upstream: A) -> A:
        return change(self, upstream, AffinePlain.backward(self, upstream))

    return affine(backward=backward)


def setting(name: str, value: Callable[..., A]) -> type:
    """Return an Affine that sets `name` to value(flat x, upstream, layer) in the end."""

    def change(self: A, upstream: A, dx: A) -> A:
        setattr(self, name, value(self.x.reshape(len(self.x), -1), upstream, self))
        return dx

    return after(change)


def sending(dx: Callable[..., A]) -> type:
    """Return an Affine whose backward returns dx(upstream, W, shape)."""
    return after(lambda self, upstream, _: dx(upstream, self.W, self.x.shape))


ALL = "forward dx dW db"
BACK = "dx dW db"
L = "Affine"
wrong(L, "no bias", affine(forward=lambda self, x: AffinePlain.forward(self, x) - self.b), "bias-missing", "forward")
wrong(L, "bias subtracted", affine(forward=lambda self, x: AffinePlain.forward(self, x) - 2 * self.b), None, "forward")
wrong(L, "bias twice", affine(forward=lambda self, x: AffinePlain.forward(self, x) + self.b), None, "forward")
wrong(L, "σ built in", affine(forward=lambda self, x: sigmoid(AffinePlain.forward(self, x))), None, "forward")
wrong(L, "dx flat", sending(lambda g, W, shape: g @ W.T), "shape-not-restored", "dx")
wrong(
    L, "dx in another axis order", sending(lambda g, W, s: (g @ W.T).reshape(s, order="F")), "axes-out-of-order", "dx"
)
wrong(L, "dout @ W", sending(lambda g, W, shape: (g @ W).reshape(shape)), "weights-transposed", BACK)
wrong(L, "weights in no part", sending(lambda g, W, s: np.full(s, g.sum())), None, "dx")
wrong(L, "dx upstream ignored", sending(lambda g, W, s: (np.ones_like(g) @ W.T).reshape(s)), "upstream-ignored", "dx")
wrong(L, "dx first sample", sending(lambda g, W, s: (first(g) @ W.T).reshape(s)), "first-sample-only", "dx")
wrong(L, "dx mean", sending(lambda g, W, s: (g @ W.T).reshape(s) / len(g)), "batch-mean", "dx")
wrong(L, "dx sign", sending(lambda g, W, s: -(g @ W.T).reshape(s)), "sign", "dx")
wrong(L, "nothing returned", sending(lambda g, W, s: None), None, "dx")
wrong(L, "tuple returned", after(lambda self, g, dx: (dx, self.dW, self.db)), None, "dx")
wrong(L, "dW transposed", setting("dW", lambda x, g, _: g.T @ x), "transposed", "dW")
wrong(L, "dW mean", setting("dW", lambda x, g, _: x.T @ g / len(x)), "batch-mean", "dW")
wrong(L, "dW sign", setting("dW", lambda x, g, _: -x.T @ g), "sign", "dW")
wrong(L, "dW upstream ignored", setting("dW", lambda x, g, _: x.T @ np.ones_like(g)), "upstream-ignored", "dW")
wrong(L, "dW input ignored", setting("dW", lambda x, g, _: np.ones_like(x).T @ g), "input-ignored", "dW")
wrong(L, "dW first sample", setting("dW", lambda x, g, _: np.outer(x[0], g[0])), "first-sample-only", "dW")
wrong(L, "dW sums first", setting("dW", lambda x, g, _: np.outer(x.sum(0), g.sum(0))), "sums-before-product", "dW")
wrong(L, "weight decay", setting("dW", lambda x, g, layer: x.T @ g + 0.01 * layer.W), None, "dW")
wrong(L, "dW not set", setting("dW", lambda x, g, _: None), None, "dW")
wrong(L, "db not summed", setting("db", lambda x, g, _: g), "batch-not-summed", "db")
wrong(L, "db mean", setting("db", lambda x, g, _: g.mean(0)), "batch-mean", "db")
wrong(L, "db a number", setting("db", lambda x, g, _: g.sum()), "summed-over-everything", "db")
wrong(L, "db wrong axis", setting("db", lambda x, g, _: g.sum(1)), "wrong-axis", "db")
wrong(L, "db a row", setting("db", lambda x, g, _: g.sum(0, keepdims=True)), None, "db")
wrong(L, "db first sample", setting("db", lambda x, g, _: g[0]), "first-sample-only", "db")
wrong(L, "db of ones", setting("db", lambda x, g, _: np.ones_like(g).sum(0)), "upstream-ignored", "db")
wrong(L, "decay of the bias", setting("db", lambda x, g, layer: g.sum(0) + 0.01 * layer.b), None, "db")


class AffineNeverCleared(AffinePlain):
    def __init__(self, W: A, b: A) -> None:
        super().__init__(W, b)
        self.dW, self.db = np.zeros_like(W), np.zeros_like(b)

    def backward(self, upstream: A) -> A:
        self.dW = self.dW + self.x.reshape(len(self.x), -1).T @ upstream
        self.db = self.db + upstream.sum(0)
        return (upstream @ self.W.T).reshape(self.x.shape)


class AffineClearedByForward(AffineNeverCleared):
    """Clears in forward, so that a second backward pass adds up."""

    def forward(self, x: A) -> A:
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)
        return super().forward(x)


class AffineSharedInput(AffinePlain):
    x: ClassVar[A] = None  # type: ignore[misc]

    def forward(self, x: A) -> A:
        AffineSharedInput.x = x
        return x.reshape(len(x), -1) @ self.W + self.b


class AffineSharedGradients(AffinePlain):
    def backward(self, upstream: A) -> A:
        AffineSharedGradients.dW = self.x.reshape(len(self.x), -1).T @ upstream
        AffineSharedGradients.db = upstream.sum(0)
        return (upstream @ self.W.T).reshape(self.x.shape)


class AffineSharedGradientDict(AffinePlain):
    """Hands out views of one dictionary."""

    grads: ClassVar[dict[str, A]] = {}

    @property
    def dW(self) -> A:
        return self.grads["dW"]

    @dW.setter
    def dW(self, value: A) -> None:
        self.grads["dW"] = value


class AffineSharedWeights(AffinePlain):
    shared: ClassVar[dict[str, A]] = {}

    def __init__(self, W: A, b: A) -> None:
        self.W, self.b = W, b

    @property
    def W(self) -> A:
        return self.shared["W"]

    @W.setter
    def W(self, value: A) -> None:
        self.shared["W"] = value

    @property
    def b(self) -> A:
        return self.shared["b"]

    @b.setter
    def b(self, value: A) -> None:
        self.shared["b"] = value


class AffineStaleWeights(AffinePlain):
    def __init__(self, W: A, b: A) -> None:
        super().__init__(W, b)
        self.weights, self.bias = W, b

    def forward(self, x: A) -> A:
        self.x = x
        return x.reshape(len(x), -1) @ self.weights + self.bias

    def backward(self, upstream: A) -> A:
        super().backward(upstream)
        return (upstream @ self.weights.T).reshape(self.x.shape)


class AffineStaleTranspose(AffinePlain):
    def __init__(self, W: A, b: A) -> None:
        super().__init__(W, b)
        self.WT = W.T.copy()

    def backward(self, upstream: A) -> A:
        super().backward(upstream)
        return (upstream @ self.WT).reshape(self.x.shape)


class AffineOtherNames(AffinePlain):
    """Does not keep W and b under the names that were asked for."""

    def __init__(self, W: A, b: A) -> None:
        self.weights, self.bias = W, b

    def forward(self, x: A) -> A:
        self.x = x
        return x.reshape(len(x), -1) @ self.weights + self.bias

    def backward(self, upstream: A) -> A:
        self.dW, self.db = self.x.reshape(len(self.x), -1).T @ upstream, upstream.sum(0)
        return (upstream @ self.weights.T).reshape(self.x.shape)


class AffineFirstInput(AffinePlain):
    def __init__(self, W: A, b: A) -> None:
        super().__init__(W, b)
        self.kept: A = None

    def forward(self, x: A) -> A:
        self.kept = x if self.kept is None else self.kept
        return super().forward(x)

    def backward(self, upstream: A) -> A:
        dx = super().backward(upstream)
        self.dW = self.kept.reshape(len(self.kept), -1).T @ upstream
        return dx


class AffineUpdatesItself(AffinePlain):
    def backward(self, upstream: A) -> A:
        dx = super().backward(upstream)
        self.W = self.W - 0.1 * self.dW
        self.b = self.b - 0.1 * self.db
        return dx


class AffineChangesWeightsInPlace(AffinePlain):
    def backward(self, upstream: A) -> A:
        dx = super().backward(upstream)
        self.W -= 0.1 * self.dW
        return dx


class AffineFlattensCaller(AffinePlain):
    def forward(self, x: A) -> A:
        self.shape = x.shape
        x.shape = (len(x), -1)
        self.x = x
        return x @ self.W + self.b


class AffineRankTwoOnly(AffinePlain):
    def forward(self, x: A) -> A:
        self.x = x
        return x @ self.W + self.b

    def backward(self, upstream: A) -> A:
        self.dW, self.db = self.x.T @ upstream, upstream.sum(0)
        return upstream @ self.W.T


class AffineRankThree(AffinePlain):
    """Flattens two axes only."""

    def forward(self, x: A) -> A:
        self.x = x
        if x.ndim > 2:
            x = x.reshape(x.shape[0], x.shape[1] * x.shape[2])
        return x @ self.W + self.b


class AffineFlattensTheOtherWay(AffinePlain):
    def forward(self, x: A) -> A:
        self.x = x
        return x.reshape(len(x), -1, order="F") @ self.W + self.b


class AffineFlattensOtherAxes(AffinePlain):
    def forward(self, x: A) -> A:
        self.x = x
        return x.reshape(-1, len(x)).T @ self.W + self.b


class AffineForwardOnly(AffinePlain):
    def backward(self, upstream: A) -> A:
        raise NotImplementedError


class AffineOneBackward(AffinePlain):
    """Throws away what it kept."""

    def backward(self, upstream: A) -> A:
        dx = super().backward(upstream)
        del self.x
        return dx


class AffineChangesUpstream(AffinePlain):
    def backward(self, upstream: A) -> A:
        upstream /= 1.0 + 1e-12
        return super().backward(upstream)


class AffineCountsForwards(AffinePlain):
    """Keeps every input and uses the oldest one still there."""

    def __init__(self, W: A, b: A) -> None:
        super().__init__(W, b)
        self.waiting: list[A] = []

    def forward(self, x: A) -> A:
        self.waiting.append(x)
        return super().forward(x)

    def backward(self, upstream: A) -> A:
        self.x = self.waiting.pop(0)
        return super().backward(upstream)


wrong(L, "dW += never cleared", AffineNeverCleared, "gradients-accumulated", "dW db")
wrong(L, "cleared by forward", AffineClearedByForward, None, "dW db")
wrong(L, "x shared", AffineSharedInput, "state-shared", "dx dW")
wrong(L, "gradients shared", AffineSharedGradients, "state-shared", "dW db")
wrong(L, "dW in a shared dict", AffineSharedGradientDict, "state-shared", "dW")
wrong(L, "weights shared", AffineSharedWeights, "state-shared", "forward dx")
wrong(L, "stale weights", AffineStaleWeights, "weights-stale", "forward dx")
wrong(L, "stale transpose", AffineStaleTranspose, "weights-stale", "dx")
wrong(L, "W and b under other names", AffineOtherNames, None, ALL)
wrong(L, "first input kept", AffineFirstInput, "first-input-kept", BACK)
wrong(L, "updates itself", AffineUpdatesItself, None, "forward dx")
wrong(L, "updates W in place", AffineChangesWeightsInPlace, None, ALL)
wrong(L, "flattens the caller's array", AffineFlattensCaller, "shape-not-restored", ALL)
wrong(L, "rank 2 only", AffineRankTwoOnly, None, ALL)
wrong(L, "rank 3 at most, two axes flattened", AffineRankThree, None, ALL)
wrong(L, "flattened in Fortran order", AffineFlattensTheOtherWay, "axes-out-of-order", "forward")
wrong(L, "flattened over the batch", AffineFlattensOtherAxes, None, "forward")
wrong(L, "forward only", AffineForwardOnly, None, BACK)
wrong(L, "one backward only", AffineOneBackward, None, BACK)
wrong(L, "upstream changed", AffineChangesUpstream, None, ALL)
wrong(L, "oldest input first", AffineCountsForwards, None, BACK)
wrong(L, "a constructor without arguments", SigmoidPlain, None, ALL)
wrong(L, "a function", lambda W, b: W, None, ALL)


# Sigmoid
def activation(forward: Callable[..., A] = sigmoid, slope: Callable[..., A] = lambda O, x: O * (1 - O)) -> type:
    """Return a Sigmoid with another forward formula, or another slope(O, x)."""

    class Activation:
        def forward(self, x: A) -> A:
            self.x = x
            return forward(x)

        def backward(self, upstream: A) -> A:
            return upstream * slope(sigmoid(self.x), self.x)

    return Activation


class SigmoidChangesCache(SigmoidPlain):
    def forward(self, x: A) -> A:
        O = sigmoid(x)
        self.slope = O * (1 - O)
        return O

    def backward(self, upstream: A) -> A:
        self.slope *= upstream
        return self.slope


class SigmoidChangesOutput(SigmoidPlain):
    """The second time it starts from δ instead of O."""

    def backward(self, upstream: A) -> A:
        self.O = upstream * self.O * (1 - self.O)
        return self.O


class SigmoidSharedOutput:
    O: ClassVar[A] = None

    def forward(self, x: A) -> A:
        type(self).O = sigmoid(x)
        return self.O

    def backward(self, upstream: A) -> A:
        return upstream * self.O * (1 - self.O)


class SigmoidFirstInput(SigmoidPlain):
    kept: A = None

    def forward(self, x: A) -> A:
        if self.kept is None:
            self.kept = sigmoid(x)
        return sigmoid(x)

    def backward(self, upstream: A) -> A:
        return upstream * self.kept * (1 - self.kept)


class SigmoidClosureChanges(SigmoidPlain):
    def forward(self, x: A) -> A:
        np.negative(x, out=x)
        return super().forward(-x)


class SigmoidReturnsNothing(SigmoidPlain):
    def backward(self, upstream: A) -> A:
        self.dx = upstream * self.O * (1 - self.O)


class SigmoidForwardOnly(SigmoidPlain):
    def backward(self, upstream: A) -> A:
        raise NotImplementedError


class SigmoidOneBackward(SigmoidPlain):
    def backward(self, upstream: A) -> A:
        return upstream * self.__dict__.pop("O") * 0.25


class SigmoidMatrices(SigmoidPlain):
    def backward(self, upstream: A) -> A:
        return upstream @ (self.O * (1 - self.O))


class SigmoidUpstreamChanged(SigmoidPlain):
    def backward(self, upstream: A) -> A:
        upstream *= self.O * (1 - self.O)
        return upstream


class SigmoidFlat(SigmoidPlain):
    def forward(self, x: A) -> A:
        return super().forward(x.reshape(len(x), -1))

    def backward(self, upstream: A) -> A:
        return upstream.reshape(len(upstream), -1) * self.O * (1 - self.O)


class SigmoidSum(SigmoidPlain):
    def backward(self, upstream: A) -> A:
        return (upstream * self.O * (1 - self.O)).sum(axis=0)


S = "Sigmoid"
wrong(S, "slope missing", activation(slope=lambda O, x: 1), "slope-missing", "backward")
wrong(S, "slope twice", activation(slope=lambda O, x: (O * (1 - O)) ** 2), "slope-twice", "backward")
wrong(S, "slope of tanh", activation(slope=lambda O, x: 1 - O * O), "slope-of-tanh", "backward")
wrong(S, "slope from net", activation(slope=lambda O, x: x * (1 - x)), "slope-from-net", "backward")
wrong(
    S,
    "sigmoid again",
    activation(slope=lambda O, x: sigmoid(O) * (1 - sigmoid(O))),
    "sigmoid-of-activation",
    "backward",
)
wrong(S, "half a slope", activation(slope=lambda O, x: O), "slope-half", "backward")
wrong(S, "other half", activation(slope=lambda O, x: 1 - O), "slope-half", "backward")
wrong(S, "plus", activation(slope=lambda O, x: O * (1 + O)), "slope-plus", "backward")
wrong(S, "minus", activation(slope=lambda O, x: O * (O - 1)), "sign", "backward")
wrong(S, "slope of exp(x)", activation(slope=lambda O, x: np.exp(x)), None, "backward")
wrong(S, "slope of ReLU", activation(slope=lambda O, x: x > 0), None, "backward")
wrong(S, "largest slope everywhere", activation(slope=lambda O, x: 0.25), None, "backward")
wrong(S, "clipped slope", activation(slope=lambda O, x: np.maximum(O * (1 - O), 0.01)), None, "backward")
wrong(S, "exponent of the wrong sign", activation(forward=lambda x: 1 / (1 + np.exp(x))), "sigmoid-reversed", "forward")
wrong(S, "tanh", activation(forward=np.tanh), "tanh-for-sigmoid", "forward")
wrong(S, "tanh of half", activation(forward=lambda x: np.tanh(x / 2)), None, "forward")
wrong(S, "overflow", activation(forward=lambda x: np.exp(x) / (1 + np.exp(x))), None, "forward")
wrong(S, "softmax", activation(forward=lambda x: np.exp(x) / np.exp(x).sum()), None, "forward")
wrong(S, "rounded", activation(forward=lambda x: np.round(sigmoid(x))), None, "forward")
wrong(S, "clipped", activation(forward=lambda x: np.clip(sigmoid(x), 1e-3, 1 - 1e-3)), None, "forward")
wrong(S, "linear in the middle", activation(forward=lambda x: np.clip(0.5 + x / 4, 0, 1)), None, "forward")
wrong(S, "cache multiplied", SigmoidChangesCache, "cache-changed", "backward")
wrong(S, "output overwritten", SigmoidChangesOutput, None, "backward")
wrong(S, "output shared", SigmoidSharedOutput, "state-shared", "backward")
wrong(S, "first input kept", SigmoidFirstInput, "first-input-kept", "backward")
wrong(S, "x changed", SigmoidClosureChanges, None, "forward backward")
wrong(S, "nothing returned", SigmoidReturnsNothing, None, "backward")
wrong(S, "forward only", SigmoidForwardOnly, None, "backward")
wrong(S, "cache thrown away", SigmoidOneBackward, None, "backward")
wrong(S, "matrix product", SigmoidMatrices, None, "backward")
wrong(S, "upstream changed", SigmoidUpstreamChanged, None, "forward backward")
wrong(S, "flattened", SigmoidFlat, None, "forward backward")
wrong(S, "batch summed", SigmoidSum, None, "backward")
wrong(S, "built with an argument", AffinePlain, None, "forward backward")


class SigmoidUpstreamIgnored(SigmoidPlain):
    def backward(self, upstream: A) -> A:
        return self.O * (1 - self.O)


wrong(S, "upstream ignored", SigmoidUpstreamIgnored, "upstream-ignored", "backward")


# network_backward
def network_in_place(layers: A, upstream: A) -> A:
    layers.reverse()
    for layer in layers:
        upstream = layer.backward(upstream)
    return upstream


def network_popped(layers: A, upstream: A) -> A:
    while layers:
        upstream = layers.pop().backward(upstream)
    return upstream


def network_forward_order(layers: A, upstream: A) -> A:
    for layer in layers:
        upstream = layer.backward(upstream)
    return upstream


def network_same_upstream(layers: A, upstream: A) -> A:
    for layer in reversed(layers):
        dx = layer.backward(upstream)
    return dx


def network_returns_early(layers: A, upstream: A) -> A:
    for layer in reversed(layers):
        return layer.backward(upstream)
    return upstream


def network_added(layers: A, upstream: A) -> A:
    for layer in reversed(layers):
        back = layer.backward(upstream)
        upstream = back + (upstream if back.shape == upstream.shape else 0)
    return upstream


def network_twice_each(layers: A, upstream: A) -> A:
    for layer in reversed(layers):
        upstream = layer.backward(upstream)
        if upstream.shape[-1] == len(layer.back):
            upstream = layer.backward(upstream)
    return upstream


def network_all(layers: A, upstream: A) -> A:
    gradients = []
    for layer in reversed(layers):
        upstream = layer.backward(upstream)
        gradients.append(upstream)
    return gradients


def network_calls_forward(layers: A, upstream: A) -> A:
    for layer in reversed(layers):
        upstream = layer.forward(upstream)
    return upstream


def network_sliced(layers: A, upstream: A) -> A:
    return network_loop(layers[1:], upstream)


def network_index(layers: A, upstream: A) -> A:
    for i in range(len(layers) - 1, 0, -1):  # stops before layer 0
        upstream = layers[i].backward(upstream)
    return upstream


T = "network_backward"
wrong(T, "forward order", network_forward_order, "forward-order")
wrong(T, "list reversed in place", network_in_place)
wrong(T, "list emptied", network_popped)
wrong(T, "the same upstream for every layer", network_same_upstream, "upstream-to-every-layer")
wrong(T, "only the top layer", network_returns_early, "layer-skipped")
wrong(T, "first layer left out", network_sliced, "layer-skipped")
wrong(T, "first layer not reached", network_index, "layer-skipped")
wrong(T, "last layer left out", lambda layers, g: network_loop(layers[:-1], g), "layer-skipped")
wrong(T, "upstream ignored", lambda layers, g: network_loop(layers, np.ones_like(g)), "upstream-ignored")
wrong(T, "gradients added", network_added)
wrong(T, "every layer twice", network_twice_each)
wrong(T, "all gradients", network_all)
wrong(T, "forward called", network_calls_forward)
wrong(T, "nothing returned", lambda layers, g: None)
wrong(T, "upstream given back", lambda layers, g: g)
wrong(T, "sign", lambda layers, g: -network_loop(layers, g), "sign")
wrong(T, "mean", lambda layers, g: network_loop(layers, g) / len(g), "batch-mean")
wrong(T, "factor 2", lambda layers, g: 2 * network_loop(layers, g), "factor-two")
wrong(T, "flattened", lambda layers, g: network_loop(layers, g).reshape(len(g), -1))
wrong(T, "two layers assumed", lambda layers, g: layers[0].backward(layers[-1].backward(g)))
wrong(T, "clipped", lambda layers, g: np.clip(network_loop(layers, g), -1, 1))


# --- right to the eye: wrong only where numbers are small, large, near each other, many, or late


def matmul(x: A, W: A, g: A) -> A:
    return g @ W.T, x.T @ g


wrong(P, "in float32", in_float32(matmul), "single-precision", "dx dW")
wrong(P, "small upstream dropped", lambda x, W, g: matmul(x, W, np.where(abs(g) < 1e-6, 0, g)), None, "dx dW")
wrong(P, "ten samples", lambda x, W, g: (g @ W.T, x[:10].T @ g[:10]), None, "dW")
wrong(
    P,
    "ten units",
    lambda x, W, g: (g[:, :10] @ W[:, :10].T, first_ten(lambda *a: a[0].T @ a[1], 1)(x, g)),
    None,
    "dx dW",
)
wrong(P, "rounded to 5 digits", lambda x, W, g: (np.round(g @ W.T, 5), x.T @ g), None, "dx")
wrong(B, "in float32", in_float32(lambda g: g.sum(0)), "single-precision")
wrong(B, "small sums dropped", lambda g: np.where(abs(g.sum(0)) < 1e-6, 0, g.sum(0)))
wrong(B, "ten samples", lambda g: g[:10].sum(0))
wrong(B, "ten units", first_ten(lambda g: g.sum(0)))


class AffineInFloat32(AffinePlain):
    def forward(self, x: A) -> A:
        self.x = x.astype(np.float32)
        return self.x.reshape(len(x), -1) @ self.W.astype(np.float32) + self.b.astype(np.float32)

    def backward(self, upstream: A) -> A:
        g = upstream.astype(np.float32)
        self.dW, self.db = self.x.reshape(len(self.x), -1).T @ g, g.sum(axis=0)
        return (g @ self.W.astype(np.float32).T).reshape(self.x.shape)


wrong("Affine", "in float32", AffineInFloat32, "single-precision", "forward dx dW db")
wrong(
    "Affine",
    "ten units of dW",
    setting("dW", lambda flat, g, self: first_ten(lambda *a: a[0].T @ a[1], 1)(flat, g)),
    None,
    "dW",
)
wrong("Affine", "ten samples of db", setting("db", lambda flat, g, self: g[:10].sum(0)), None, "db")


class SigmoidOf:
    """A layer with another sigmoid, or slope."""

    sigma = staticmethod(sigmoid)
    slope = staticmethod(lambda O: O * (1 - O))

    def forward(self, x: A) -> A:
        self.O = self.sigma(x)
        return self.O

    def backward(self, upstream: A) -> A:
        return upstream * self.slope(self.O)


def sigmoid_layer(**pieces: Callable[..., A]) -> type:
    return type("Sigmoid", (SigmoidOf,), {name: staticmethod(piece) for name, piece in pieces.items()})


wrong("Sigmoid", "clipped at ±6", sigmoid_layer(sigma=lambda x: sigmoid(np.clip(x, -6, 6))), None, "forward backward")
wrong(
    "Sigmoid",
    "slope ¼ near ½",
    sigmoid_layer(slope=lambda O: np.where(abs(O - 0.5) < 0.0025, 0.25, O * (1 - O))),
    None,
    "backward",
)
wrong(
    "Sigmoid",
    "½ near 0",
    sigmoid_layer(sigma=lambda x: np.where(abs(x) < 0.01, 0.5, sigmoid(x))),
    None,
    "forward backward",
)
wrong(
    "Sigmoid", "exp over 1 + exp", sigmoid_layer(sigma=lambda x: np.exp(x) / (1 + np.exp(x))), None, "forward backward"
)
wrong(
    "Sigmoid", "slope in float32", sigmoid_layer(slope=lambda O: O.astype("f") * (1 - O.astype("f"))), None, "backward"
)
wrong("Sigmoid", "never quite 0", sigmoid_layer(sigma=lambda x: np.clip(sigmoid(x), 1e-7, 1 - 1e-7)), None, "backward")
NB = "network_backward"
wrong(
    NB,
    "ten layers",
    lambda layers, g: network_loop(layers[:10], g) if len(layers) <= 10 else network_loop(layers[-10:], g),
)
wrong(NB, "small gradients dropped", lambda layers, g: network_loop(layers, np.where(abs(g) < 1e-6, 0, g)))
wrong(NB, "upstream in float32", lambda layers, g: network_loop(layers, g.astype(np.float32)))
wrong(NB, "a gradient clipped to 1", lambda layers, g: network_loop(layers, np.clip(g, -1, 1)))
