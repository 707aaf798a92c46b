"""The five networks that lab 07 prints, word for word. Each backward pass has one mistake of the lab's list.

They are the question, not an answer: the grader finds out which mistake it is by comparing their gradients with
those of `autograder.oracles.faulty_layers`.
"""

# mypy: allow-untyped-defs

import numpy as np


def sigmoid(net):
    return 1 / (1 + np.exp(-net))


def network_1(data, params):
    """Two sigmoid layers, E = ½ΣΣ(O − T)²."""
    X, T = data["X"], data["T"]
    W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2"))
    H = sigmoid(X @ W1 + b1)
    O = sigmoid(H @ W2 + b2)
    E = 0.5 * np.sum((O - T) ** 2)

    d2 = (O - T) * O * (1 - O)
    d1 = (O @ W2.T) * H * (1 - H)
    return E, {"W1": X.T @ d1, "b1": d1.sum(axis=0), "W2": H.T @ d2, "b2": d2.sum(axis=0)}


def network_2(data, params):
    """A tanh layer and a softmax, mean cross-entropy over the batch."""
    X, labels = data["X"], data["labels"]
    W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2"))
    N = len(X)
    H = np.tanh(X @ W1 + b1)
    z = H @ W2 + b2
    e = np.exp(z - z.max(axis=1, keepdims=True))
    P = e / e.sum(axis=1, keepdims=True)
    E = -np.mean(np.log(P[np.arange(N), labels]))

    Y = np.eye(P.shape[1])[labels]
    d2 = (P - Y) * P * (1 - P) / N
    d1 = (d2 @ W2.T) * (1 - H**2)
    return E, {"W1": X.T @ d1, "b1": d1.sum(axis=0), "W2": H.T @ d2, "b2": d2.sum(axis=0)}


def network_3(data, params):
    """A sigmoid layer with inverted dropout and a linear output, E = ½ΣΣ(O − T)²."""
    X, T, mask, p = data["X"], data["T"], data["mask"], data["p"]
    W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2"))
    H = sigmoid(X @ W1 + b1)
    A = H * mask / (1 - p)
    O = A @ W2 + b2
    E = 0.5 * np.sum((O - T) ** 2)

    d2 = O - T
    gH = (d2 @ W2.T) / (1 - p)
    d1 = gH * H * (1 - H)
    return E, {"W1": X.T @ d1, "b1": d1.sum(axis=0), "W2": A.T @ d2, "b2": d2.sum(axis=0)}


def network_4(data, params):
    """One hidden sigmoid layer with two sigmoid outputs u and v above it, E = ½ΣΣ(u − Tu)² + ½ΣΣ(v − Tv)²."""
    X, Tu, Tv = data["X"], data["Tu"], data["Tv"]
    W, b, Wu, bu, Wv, bv = (params[name] for name in ("W", "b", "Wu", "bu", "Wv", "bv"))
    H = sigmoid(X @ W + b)
    u = sigmoid(H @ Wu + bu)
    v = sigmoid(H @ Wv + bv)
    E = 0.5 * np.sum((u - Tu) ** 2) + 0.5 * np.sum((v - Tv) ** 2)

    du = (u - Tu) * u * (1 - u)
    dv = (v - Tv) * v * (1 - v)
    gH = du @ Wu.T
    gH = dv @ Wv.T
    d = gH * H * (1 - H)
    return E, {
        "W": X.T @ d,
        "b": d.sum(axis=0),
        "Wu": H.T @ du,
        "bu": du.sum(axis=0),
        "Wv": H.T @ dv,
        "bv": dv.sum(axis=0),
    }


def network_5(data, params):
    """Two LeakyReLU layers and a linear output, E = ½ΣΣ(O − T)²."""
    X, T, a = data["X"], data["T"], data["a"]
    W1, b1, W2, b2, W3, b3 = (params[name] for name in ("W1", "b1", "W2", "b2", "W3", "b3"))
    net1 = X @ W1 + b1
    H1 = np.where(net1 > 0, net1, a * net1)
    net2 = H1 @ W2 + b2
    H2 = np.where(net2 > 0, net2, a * net2)
    O = H2 @ W3 + b3
    E = 0.5 * np.sum((O - T) ** 2)

    d3 = O - T
    d2 = np.where(net2 > 0, 1.0, a)
    d1 = np.where(net1 > 0, 1.0, a)
    return E, {
        "W1": X.T @ d1,
        "b1": d1.sum(axis=0),
        "W2": H1.T @ d2,
        "b2": d2.sum(axis=0),
        "W3": H2.T @ d3,
        "b3": d3.sum(axis=0),
    }
