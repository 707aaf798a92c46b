# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lab 07: without autograd
#
# The last lab on fully connected networks: you put a backward pass of your own into PyTorch, you train a network with
# dropout with no `loss.backward()` at all, and you find the mistake in five networks that somebody else wrote. It takes
# 60 to 90 minutes. The theory is in the chapter *Without autograd* of the book. **This lab needs PyTorch**: exercise 1
# is written with it, and the others can be compared with it.
#
# One sentence carries the whole lab: **a gradient is right when it equals PyTorch's, number by number; a loss that falls
# is no proof.**
#
# | symbol | meaning | shape in code |
# |---|---|---|
# | `x` | inputs, N samples | `(N, D)` |
# | `W1`, `b1`, `W2`, `b2` | parameters; `W[j, k]` leads from unit j below to unit k above | `(D, H)`, `(H,)`, `(H, K)`, `(K,)` |
# | `net` | pre-activation `x @ W1 + b1` | `(N, H)` |
# | `mask` | dropout mask: 1 keeps a hidden unit, 0 drops it | `(N, H)` |
# | `p` | probability of dropping; what is kept is divided by 1 − p | a number, 0 ≤ p < 1 |
# | `labels` | class indices, integers from 0 to K − 1 | `(N,)` |
# | ${\color{#3355ee}{g}}$ | upstream gradient, $\partial E/\partial$ (output of the layer) | like the output |
# | ${\color{#c2480c}{\sigma'(\mathrm{net})}}$ | local slope | like the output |
# | $\delta = \partial E/\partial \mathrm{net}$ | ${\color{#3355ee}{g}}\cdot{\color{#c2480c}{\sigma'(\mathrm{net})}}$ | like `net` |
#
# All numbers are `float64`.
#
# **How to work.** Replace each `raise NotImplementedError` by your code and run the cell, then run the check under it,
# as often as you like. Two rules hold for everything: your code leaves its arguments as they were, bit for bit, and a
# second call with the same arguments gives the same answer.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

from autograder import check

try:
    import torch
except ModuleNotFoundError:
    print("PyTorch is not here, and no browser runs it: do SigmoidLinear and train_by_hand where it is installed.")

# %% [markdown]
# ## 1. A backward pass of your own inside PyTorch
#
# PyTorch can be told how to go back through an operation. A class derived from `torch.autograd.Function` has two static
# methods. `forward(ctx, ...)` computes the output and keeps with `ctx.save_for_backward(...)` what the way back will
# need; `backward(ctx, upstream)` reads it from `ctx.saved_tensors` and returns one gradient for each argument of
# `forward`, in their order. The class is used through `apply`, and from there on `loss.backward()` calls your method.
#
# Write the class `SigmoidLinear`, so that `SigmoidLinear.apply(x, W, b)` is the layer $\sigma(xW + b)$.
#
# - `x`: `(N, D)`, `W`: `(D, M)`, `b`: `(M,)`, tensors of `float64`; `apply` returns a tensor `(N, M)`. Where a
#   pre-activation is as far out as ±1000 the output is exactly 0 or 1, not `nan`
# - `backward(ctx, upstream)`: `upstream` is ${\color{#3355ee}{\partial E/\partial O}}$, shape `(N, M)`; it returns the
#   tuple `(dx, dW, db)`, tensors of exactly the shapes of `x`, `W` and `b`. (PyTorch would sum a `db` of shape `(N, M)`
#   for you. Here you do it.)
# - the gradients are your own products: no `torch.autograd.grad`, no `.backward()`, no `torch.func` in the class
# - `upstream` is not yours: do not change it in place. The same graph may be walked back twice, and the class may be
#   applied elsewhere in between, so what you keep belongs in `ctx`
# - it passes `torch.autograd.gradcheck`, which compares it with difference quotients. That an input needs no gradient
#   may be ignored: PyTorch throws away what is not needed
#
# One point each for the output, `dx`, `dW` and `db`.


# %% nbgrader={"grade": false, "grade_id": "SigmoidLinear", "locked": false, "schema_version": 3, "solution": true, "task": false}
class SigmoidLinear(torch.autograd.Function):
    """The layer σ(xW + b), with its backward pass written by hand."""

    @staticmethod
    def forward(ctx, x, W, b):
        """Return σ(xW + b), shape (N, M), for x (N, D), W (D, M), b (M,); keep what backward needs."""
        ### BEGIN SOLUTION
        O = torch.sigmoid(x @ W + b)
        ctx.save_for_backward(x, W, O)
        return O
        ### END SOLUTION

    @staticmethod
    def backward(ctx, upstream):
        """Return (∂E/∂x, ∂E/∂W, ∂E/∂b), shapes (N, D), (D, M), (M,), from the upstream gradient (N, M)."""
        ### BEGIN SOLUTION
        x, W, O = ctx.saved_tensors
        delta = upstream * O * (1 - O)
        return delta @ W.T, x.T @ delta, delta.sum(dim=0)
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "SigmoidLinear_check", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(SigmoidLinear)

# %% [markdown]
# PyTorch's own check, on five samples: it says `True`, or raises an error with both Jacobians.


# %%
def run_gradcheck():
    """Let PyTorch compare SigmoidLinear with difference quotients."""
    shapes = (5, 3), (3, 2), (2,)
    leaves = [torch.randn(*shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    print(torch.autograd.gradcheck(SigmoidLinear.apply, leaves))


# run_gradcheck()  # take the # away once SigmoidLinear is written

# %% [markdown]
# ## 2. Training with `loss.backward()` switched off
#
# The network is that of labs 05 and 06, with d for what dropout leaves of h, and q for the probabilities:
#
# $$\mathrm{net} = xW_1 + b_1, \quad h = \mathrm{LeakyReLU}(\mathrm{net}), \quad d = h \cdot \frac{\mathrm{mask}}{1-p},
# \quad z = d W_2 + b_2, \quad q = \mathrm{softmax}(z),$$
#
# $$E = -\frac1N \sum_n \ln q_{n,\,\mathrm{label}_n}, \qquad W \leftarrow W - \mathrm{lr} \cdot \frac{\partial E}{\partial W}.$$
#
# LeakyReLU multiplies by 1 where net > 0 and by `negative_slope` elsewhere; at net = 0 its slope is `negative_slope`.
#
# Write `train_by_hand(params, batches, masks, lr, p, negative_slope)`: plain stochastic gradient descent, one update a
# batch, in the order given, in NumPy.
#
# - `params`: a dict with the keys `W1`, `b1`, `W2`, `b2`; it and its arrays stay as they are
# - `batches`: a list of `(x, labels)`; N differs from batch to batch and may be 1
# - `masks`: a list of masks of 0 and 1, one `(N, H)` for each batch
# - `lr`: learning rate; `p`: 0 ≤ p < 1; `negative_slope`: 0 ≤ negative_slope < 1; numbers
# - returns a list of losses, one a batch: `losses[s]` is E on batch s, under its mask, **before** update s
#
# Logits as large as ±1000 must not overflow. Do not call PyTorch: not for gradients, not for anything else. The check
# follows the same batches with autograd; two points for the first ten steps, two for a run of 200. Where the two part, it
# says at which step.
#
# What you wrote in the earlier labs (`mlp_dropout_backward`, `cross_entropy`, `sgd_step`) can be copied into this cell.


# %% nbgrader={"grade": false, "grade_id": "train_by_hand", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_by_hand(params, batches, masks, lr, p, negative_slope):
    """Train the LeakyReLU–softmax network with dropout by SGD; return the loss of each batch before its update."""
    ### BEGIN SOLUTION
    W1, b1 = params["W1"], params["b1"]
    W2, b2 = params["W2"], params["b2"]
    losses = []
    for batch, mask in zip(batches, masks):
        x, labels = batch
        rows = np.arange(len(x))
        net = x @ W1 + b1
        slope = np.where(net > 0, 1.0, negative_slope)
        scale = mask / (1 - p)
        A = slope * net * scale
        z = A @ W2 + b2
        z = z - z.max(axis=1, keepdims=True)
        log_P = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        losses.append(-log_P[rows, labels].mean())

        delta_k = np.exp(log_P)
        delta_k[rows, labels] -= 1
        delta_k = delta_k / len(x)
        delta_j = (delta_k @ W2.T) * scale * slope
        W2, b2 = W2 - lr * A.T @ delta_k, b2 - lr * delta_k.sum(axis=0)
        W1, b1 = W1 - lr * x.T @ delta_j, b1 - lr * delta_j.sum(axis=0)
    return losses
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "train_by_hand_check", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(train_by_hand)

# %% [markdown]
# Look at both curves over 300 steps, yours and PyTorch's. Their largest difference should be rounding, below
# $10^{-10}$.

# %%
import matplotlib.pyplot as plt


def compare_curves(steps=300, lr=0.1, p=0.25, negative_slope=0.1):
    """Train on the same batches and masks by hand and with autograd; draw both losses."""
    rng = np.random.default_rng(7)
    params = {"W1": rng.normal(size=(2, 16)), "b1": np.zeros(16), "W2": rng.normal(size=(16, 2)) / 4, "b2": np.zeros(2)}
    batches, masks = [], []
    for _ in range(steps):
        x = rng.normal(size=(20, 2))
        batches.append((x, (np.hypot(x[:, 0], x[:, 1]) > 1.2).astype(int)))
        masks.append((rng.uniform(size=(20, 16)) >= p).astype(float))
    mine = np.array(train_by_hand(params, batches, masks, lr, p, negative_slope))

    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}
    theirs = []
    for (x, labels), mask in zip(batches, masks):
        h = torch.nn.functional.leaky_relu(torch.tensor(x) @ leaves["W1"] + leaves["b1"], negative_slope)
        z = h * torch.tensor(mask) / (1 - p) @ leaves["W2"] + leaves["b2"]
        loss = torch.nn.functional.cross_entropy(z, torch.tensor(labels))
        loss.backward()
        theirs.append(loss.item())
        with torch.no_grad():
            for leaf in leaves.values():
                leaf -= lr * leaf.grad
                leaf.grad = None

    print(f"largest difference: {np.abs(mine - theirs).max():.1e}")
    plt.plot(theirs, color="lightgrey", linewidth=6, label="autograd")
    plt.plot(mine, color="black", linewidth=1, label="by hand")
    plt.xlabel("step")
    plt.ylabel("E")
    plt.legend()
    plt.show()


# compare_curves()  # take the # away once train_by_hand is written

# %% [markdown]
# ## 3 to 7. Find the bug
#
# Five networks follow. Their forward passes are right. Each backward pass has **one** mistake, and it is one of these
# (in the third, p stands for the probabilities that softmax gives):
#
# | id | what is wrong |
# |---|---|
# | `hidden-slope-missing` | The local slope is missing in the hidden layer. |
# | `slope-twice` | The local slope is multiplied in twice: δ already holds it. |
# | `slope-after-softmax` | A slope p(1 − p) is multiplied in; in p − y the slope of softmax is contained already. |
# | `upstream-ignored` | The upstream gradient plays no part. |
# | `outputs-for-deltas` | Activations of the layer above stand where its deltas belong. |
# | `weights-transposed` | The weights are used the wrong way round. |
# | `path-overwritten` | Where a node has several consumers, only one of them counts. |
# | `input-for-hidden` | The network's input stands where the layer's own input belongs. |
# | `sums-before-product` | The batch is summed before the product is taken. |
# | `first-sample-only` | Only the first sample of the batch counts. |
# | `batch-mean` | The batch is averaged where it is summed. |
# | `sign` | The sign is reversed. |
# | `factor-two` | There is an extra factor of 2. |
# | `mask-missing` | The mask plays no part. |
# | `dropout-scale-missing` | What is kept is not scaled up. |
#
# For each network, write a function that takes nothing and returns the id of its mistake as text, as in
# `return "sign"`. One point each. The check works out for itself which gradients the mistake you name would give, and
# tells you when they are not those of the network.
#
# Reading may be enough. Where it is not: `report` draws random parameters and prints how far each gradient of a network
# is from the difference quotient of its own loss. A right gradient stays below $10^{-6}$. Then ask what the wrong ones
# have in common: where the first of them is on the way back, that is where to look.


# %%
def sigmoid(net):
    """Return σ(net)."""
    return 1 / (1 + np.exp(-net))


def report(network, data, shapes, h=1e-5):
    """Print the largest relative error of each gradient of `network`, for random parameters of these shapes."""
    rng = np.random.default_rng(1)
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    _, gradients = network(data, params)
    for name, value in params.items():
        numerical = np.zeros(value.shape)
        for i in np.ndindex(value.shape):
            step = np.zeros(value.shape)
            step[i] = h
            above, _ = network(data, {**params, name: value + step})
            below, _ = network(data, {**params, name: value - step})
            numerical[i] = (above - below) / (2 * h)
        size = np.maximum(np.abs(gradients[name]) + np.abs(numerical), 1e-8)
        print(f"{name}: {np.max(np.abs(gradients[name] - numerical) / size):.1e}")


rng = np.random.default_rng(0)
X = rng.normal(size=(5, 3))
T = rng.uniform(size=(5, 2))

# %% [markdown]
# ### Network 1
#
# Two sigmoid layers and half the squared error, as in the chapter on the δ template. On XOR its loss comes to rest at ½.


# %% nbgrader={"grade": false, "grade_id": "network_1", "locked": true, "schema_version": 3, "solution": false, "task": false}
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


report(network_1, {"X": X, "T": T}, {"W1": (3, 4), "b1": (4,), "W2": (4, 2), "b2": (2,)})


# %% nbgrader={"grade": false, "grade_id": "bug_1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bug_1():
    """Return the id of the mistake in network_1."""
    ### BEGIN SOLUTION
    return "outputs-for-deltas"
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "bug_1_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(bug_1)

# %% [markdown]
# ### Network 2
#
# A tanh layer and a softmax. It has learnt to tell an inner ring of points from an outer one.


# %% nbgrader={"grade": false, "grade_id": "network_2", "locked": true, "schema_version": 3, "solution": false, "task": false}
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


labels = np.array([0, 1, 1, 0, 1])
report(network_2, {"X": X, "labels": labels}, {"W1": (3, 4), "b1": (4,), "W2": (4, 2), "b2": (2,)})


# %% nbgrader={"grade": false, "grade_id": "bug_2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bug_2():
    """Return the id of the mistake in network_2."""
    ### BEGIN SOLUTION
    return "slope-after-softmax"
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "bug_2_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(bug_2)

# %% [markdown]
# ### Network 3
#
# A sigmoid layer with inverted dropout, and a linear output. It has learnt the rings too.


# %% nbgrader={"grade": false, "grade_id": "network_3", "locked": true, "schema_version": 3, "solution": false, "task": false}
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


mask = (rng.uniform(size=(5, 4)) >= 0.4).astype(float)
data = {"X": X, "T": T, "mask": mask, "p": 0.4}
report(network_3, data, {"W1": (3, 4), "b1": (4,), "W2": (4, 2), "b2": (2,)})


# %% nbgrader={"grade": false, "grade_id": "bug_3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bug_3():
    """Return the id of the mistake in network_3."""
    ### BEGIN SOLUTION
    return "mask-missing"
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "bug_3_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(bug_3)

# %% [markdown]
# ### Network 4
#
# One hidden layer and two outputs above it, `u` and `v`, with targets of their own. Trained on the rings, it gets `v`
# right and `u` never.


# %% nbgrader={"grade": false, "grade_id": "network_4", "locked": true, "schema_version": 3, "solution": false, "task": false}
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


data = {"X": X, "Tu": T, "Tv": 1 - T}
shapes = {"W": (3, 4), "b": (4,), "Wu": (4, 2), "bu": (2,), "Wv": (4, 2), "bv": (2,)}
report(network_4, data, shapes)


# %% nbgrader={"grade": false, "grade_id": "bug_4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bug_4():
    """Return the id of the mistake in network_4."""
    ### BEGIN SOLUTION
    return "path-overwritten"
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "bug_4_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(bug_4)

# %% [markdown]
# ### Network 5
#
# Two LeakyReLU layers and a linear output. It gets no better than a constant answer, and in the end it
# runs away.


# %% nbgrader={"grade": false, "grade_id": "network_5", "locked": true, "schema_version": 3, "solution": false, "task": false}
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


shapes = {"W1": (3, 4), "b1": (4,), "W2": (4, 4), "b2": (4,), "W3": (4, 2), "b3": (2,)}
report(network_5, {"X": X, "T": T, "a": 0.3}, shapes)


# %% nbgrader={"grade": false, "grade_id": "bug_5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bug_5():
    """Return the id of the mistake in network_5."""
    ### BEGIN SOLUTION
    return "upstream-ignored"
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "bug_5_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(bug_5)

# %% [markdown]
# ## In your own words
#
# The two loss curves of exercise 2 agree to about ten digits and not to the last one. Both are right. Where does the
# difference come from, and why does it tend to grow from step to step? Why would the comparison say less in `float32`?
#
# Answer in the cell below, in two to five sentences. Formulas are welcome and not needed. Your instructor reads it; it is
# worth 2 points.

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_rounding", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** Sums of many numbers are rounded, and PyTorch adds and multiplies in another order than NumPy does; so the
# gradients of one step differ in the last digit or two. The step puts that difference into the parameters, the next
# forward pass starts from slightly different ones, and new differences are added to those that are carried on. In `float32`
# each rounding is about $10^{-7}$ instead of $10^{-16}$, so one has to allow differences of perhaps $10^{-4}$ after some hundred
# steps, and a real but small mistake can hide below that.
#
# **Rubric, 2 points**
#
# - 1 for the source and its growth: rounding in another order of the operations, carried on through the parameters.
# - 1 for `float32`: rounding is so much larger that a real mistake of that size could not be told from it.
# ### END SOLUTION

# %% [markdown]
# ## What you can do now
#
# - give PyTorch an operation with your own backward pass, and have it checked;
# - train a network with dropout with no automatic differentiation, along the same loss curve;
# - say for a wrong gradient which slot of the template it concerns, from the numbers alone.
#
# An open question: two of the five networks still learn. Their gradients are wrong, and yet the steps go downhill. What
# must a wrong gradient have in common with the right one for that, and could you tell from the loss curve alone?
