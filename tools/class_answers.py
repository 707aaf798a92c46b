"""Answers to lab 03 as learners write them: right in several ways, and wrong in the usual ways."""

from __future__ import annotations

Answers = dict[str, str]

# What learners write about a network whose weights all start equal: all of it, half of it, and something else.
WRITTEN = (
    "With equal weights all ten units have the same activation and get the same δ, so their gradients are the same and "
    "they stay equal after every update. Ten equal units are one unit, and one hidden unit cannot compute XOR.",
    "They all do the same thing for ever, because the gradients are all the same.",
    "Because 0.5 is too large and the sigmoid saturates, so the learning rate has to be smaller.",
)

LOOPS: Answers = {
    "output_delta": """
def output_delta(O, t):
    delta = np.zeros(O.shape)
    for n in range(O.shape[0]):
        for k in range(O.shape[1]):
            delta[n, k] = O[n, k] * (1 - O[n, k]) * (O[n, k] - t[n, k])
    return delta
""",
    "hidden_delta": """
def hidden_delta(O, W, delta_above):
    delta = np.zeros(O.shape)
    for n in range(O.shape[0]):
        for j in range(O.shape[1]):
            upstream = sum(delta_above[n, k] * W[j, k] for k in range(W.shape[1]))
            delta[n, j] = upstream * O[n, j] * (1 - O[n, j])
    return delta
""",
    "weight_gradient": """
def weight_gradient(x, delta):
    total = np.zeros((x.shape[1], delta.shape[1]))
    for row, d in zip(x, delta):
        total += np.outer(row, d)
    return total
""",
    "bias_gradient": """
def bias_gradient(delta):
    total = np.zeros(delta.shape[1])
    for row in delta:
        total = total + row
    return total
""",
    "sigmoid_linear_backward": """
def sigmoid_linear_backward(upstream, O, x, W):
    dx, dW, db = np.zeros(x.shape), np.zeros(W.shape), np.zeros(W.shape[1])
    for n in range(len(x)):
        delta = upstream[n] * O[n] * (1 - O[n])
        dx[n] = W @ delta
        dW += np.outer(x[n], delta)
        db += delta
    return dx, dW, db
""",
    "gradient_check": """
def gradient_check(f, analytic, x):
    h, worst = 1e-5, 0.0
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        slope = (f(up) - f(down)) / (2 * h)
        a = analytic[index]
        worst = max(worst, abs(a - slope) / max(abs(a) + abs(slope), 1e-8))
    return worst
""",
}

EINSUM: Answers = {
    "output_delta": "def output_delta(O, t):\n    return np.einsum('nk,nk,nk->nk', O, 1 - O, O - t)\n",
    "hidden_delta": """
def hidden_delta(O, W, delta_above):
    return np.einsum('nj,nj,jk,nk->nj', O, 1 - O, W, delta_above)
""",
    "weight_gradient": "def weight_gradient(x, delta):\n    return np.einsum('nd,nm->dm', x, delta)\n",
    "bias_gradient": "def bias_gradient(delta):\n    return np.einsum('nm->m', delta)\n",
    "sigmoid_linear_backward": """
def sigmoid_linear_backward(upstream, O, x, W):
    delta = upstream * (O - O**2)
    return np.einsum('nm,dm->nd', delta, W), np.einsum('nd,nm->dm', x, delta), np.einsum('nm->m', delta)
""",
}

LISTS: Answers = {
    "output_delta": """
def output_delta(O, t):
    return [[o * (1 - o) * (o - y) for o, y in zip(row, target)] for row, target in zip(O, t)]
""",
    "weight_gradient": """
def weight_gradient(x, delta):
    return [[sum(a * b for a, b in zip(u, v)) for v in zip(*delta)] for u in zip(*x)]
""",
    "bias_gradient": "bias_gradient = lambda delta: [sum(column) for column in zip(*delta)]\n",
    "sigmoid_linear_backward": """
def sigmoid_linear_backward(upstream, O, x, W):
    delta = upstream * O * (1 - O)
    return [(delta @ W.T).tolist(), (x.T @ delta).tolist(), delta.sum(axis=0).tolist()]
""",
}

SLOPE_MISSING: Answers = {
    "output_delta": "def output_delta(O, t):\n    return O - t\n",
    "hidden_delta": "def hidden_delta(O, W, delta_above):\n    return delta_above @ W.T\n",
    "sigmoid_linear_backward": """
def sigmoid_linear_backward(upstream, O, x, W):
    return upstream @ W.T, x.T @ upstream, upstream.sum(axis=0)
""",
}

NOT_TRANSPOSED: Answers = {
    "hidden_delta": "def hidden_delta(O, W, delta_above):\n    return (delta_above @ W) * O * (1 - O)\n",
    "weight_gradient": "def weight_gradient(x, delta):\n    return delta.T @ x\n",
}

MEAN_FOR_SUM: Answers = {
    "weight_gradient": "def weight_gradient(x, delta):\n    return x.T @ delta / len(x)\n",
    "bias_gradient": "def bias_gradient(delta):\n    return delta.mean(axis=0)\n",
}

SIGN: Answers = {
    "output_delta": "def output_delta(O, t):\n    return (t - O) * O * (1 - O)\n",
}

IN_PLACE: Answers = {
    "output_delta": "def output_delta(O, t):\n    O -= t\n    return O * (O + t) * (1 - O - t)\n",
    "sigmoid_linear_backward": """
def sigmoid_linear_backward(upstream, O, x, W):
    upstream *= O * (1 - O)
    return upstream @ W.T, x.T @ upstream, upstream.sum(axis=0)
""",
}

ONE_SIDED: Answers = {
    "gradient_check": """
def gradient_check(f, analytic, x):
    h = 1e-5
    slope = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        moved = x.copy()
        moved[index] += h
        slope[index] = (f(moved) - f(x)) / h
    return np.max(np.abs(analytic - slope) / np.maximum(np.abs(analytic) + np.abs(slope), 1e-8))
""",
}

ZERO_START: Answers = {
    "train_xor": """
def train_xor(X, T, hidden, lr, epochs, seed):
    sigmoid = lambda net: 1 / (1 + np.exp(-net))
    W1, b1 = np.zeros((X.shape[1], hidden)), np.zeros(hidden)
    W2, b2 = np.zeros((hidden, T.shape[1])), np.zeros(T.shape[1])
    losses = []
    for _ in range(epochs):
        H = sigmoid(X @ W1 + b1)
        O = sigmoid(H @ W2 + b2)
        losses.append(0.5 * np.sum((O - T) ** 2))
        d2 = (O - T) * O * (1 - O)
        d1 = (d2 @ W2.T) * H * (1 - H)
        W2, b2 = W2 - lr * H.T @ d2, b2 - lr * d2.sum(axis=0)
        W1, b1 = W1 - lr * X.T @ d1, b1 - lr * d1.sum(axis=0)
    return (W1, b1, W2, b2), losses
""",
}
