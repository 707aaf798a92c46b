# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lab 03: the δ template
#
# In this lab you write the backward pass of a sigmoid network by hand, one line of the template at a time, and at the
# end you train it on XOR. It takes 60 to 90 minutes. The theory is in the chapter *The δ template* of the book.
#
# One sentence carries the whole lab: **a layer's δ is what arrives from above, times its own slope; everything else is
# a product with δ.**
#
# | symbol | meaning | shape in code |
# |---|---|---|
# | `x` | input of a layer | `(N, D)`, one row a sample |
# | `W[j, k]` | weight from unit j below to unit k above | `(D, M)` |
# | `net = x @ W + b` | pre-activation | `(N, M)` |
# | `O = σ(net)` | activation | `(N, M)` |
# | ${\color{#3355ee}{g = \partial E/\partial O}}$ | upstream gradient | like `O` |
# | ${\color{#c2480c}{\sigma'(\mathrm{net}) = O(1-O)}}$ | local slope of the sigmoid | like `O` |
# | $\delta = \partial E/\partial \mathrm{net}$ | ${\color{#3355ee}{g}}\cdot{\color{#c2480c}{\sigma'(\mathrm{net})}}$ | like `net` |
#
# All arrays are NumPy arrays of `float64`. No PyTorch in your code: it is what your answers are compared with.
#
# **How to work.** Replace each `raise NotImplementedError` by your code and run the cell, then run the check under it.
# A check calls your function with several inputs, among them a batch of one, square matrices, activations of exactly
# 0 or 1 and numbers that nearly cancel, and tells you what is right and what is not. You can run it as often as you like.
# Two rules hold for every function: it leaves its arguments as they were, and a second call with the same arguments gives
# the same answer.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

from autograder import check

# %% [markdown]
# ## 1. The output layer
#
# The network's output is $O = \sigma(\mathrm{net})$, its error
#
# $$E = \tfrac12 \sum_n \sum_k (O_{nk} - t_{nk})^2 .$$
#
# Write `output_delta(O, t)`, which returns $\delta_{nk} = \partial E / \partial \mathrm{net}_{nk}$.
#
# - `O`: activations of the output layer, shape `(N, K)`, between 0 and 1
# - `t`: targets, shape `(N, K)`; 0 or 1, or anything between
# - returns: shape `(N, K)`
#
# You are given `O`, not `net`: the sigmoid's slope can be had from its output alone.


# %% nbgrader={"grade": false, "grade_id": "output_delta", "locked": false, "schema_version": 3, "solution": true, "task": false}
def output_delta(O, t):
    """Return ∂E/∂net of a sigmoid output layer for E = ½ΣΣ(O − t)²; all shapes (N, K)."""
    ### BEGIN SOLUTION
    upstream = O - t
    slope = O * (1 - O)
    return upstream * slope
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "output_delta_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(output_delta)

# %% [markdown]
# ## 2. A hidden layer
#
# A hidden unit j reaches the error only through the units k above it, so what arrives at its output is a sum over all
# of them, each with the weight that connects the two:
#
# $${\color{#3355ee}{\frac{\partial E}{\partial O_j} = \sum_k \delta_k W_{jk}}} .$$
#
# Write `hidden_delta(O, W, delta_above)`, which returns $\delta_j = \partial E / \partial \mathrm{net}_j$ for each
# sample.
#
# - `O`: activations of the hidden layer, shape `(N, J)`, sigmoid units
# - `W`: weights from the hidden layer to the layer above, shape `(J, K)`
# - `delta_above`: δ of the layer above, shape `(N, K)`
# - returns: shape `(N, J)`
#
# Check the shapes on paper first. With $J = K$ the wrong way round runs without an error.


# %% nbgrader={"grade": false, "grade_id": "hidden_delta", "locked": false, "schema_version": 3, "solution": true, "task": false}
def hidden_delta(O, W, delta_above):
    """Return ∂E/∂net (N, J) of a sigmoid layer from the δ (N, K) of the layer above."""
    ### BEGIN SOLUTION
    upstream = delta_above @ W.T
    slope = O * (1 - O)
    return upstream * slope
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "hidden_delta_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(hidden_delta)

# %% [markdown]
# ## 3. From δ to the weights
#
# The weight $W_{jk}$ enters $\mathrm{net}_k$ multiplied by $x_j$, in every sample n of the batch, and E is a sum over
# the batch:
#
# $$\frac{\partial E}{\partial W_{jk}} = \sum_n {\color{#97477f}{x_{nj}}}\, \delta_{nk} .$$
#
# Write `weight_gradient(x, delta)`.
#
# - `x`: input of the layer, shape `(N, D)`
# - `delta`: δ of the layer, shape `(N, M)`
# - returns: shape `(D, M)`, like `W`


# %% nbgrader={"grade": false, "grade_id": "weight_gradient", "locked": false, "schema_version": 3, "solution": true, "task": false}
def weight_gradient(x, delta):
    """Return ∂E/∂W, shape (D, M), from the layer's input (N, D) and its δ (N, M)."""
    ### BEGIN SOLUTION
    return x.T @ delta
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "weight_gradient_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(weight_gradient)

# %% [markdown]
# ## 4. From δ to the bias
#
# The bias $b_k$ is added to $\mathrm{net}_k$ in every sample. Its gradient has the shape of `b`, whatever the batch.
#
# Write `bias_gradient(delta)`.
#
# - `delta`: δ of the layer, shape `(N, M)`
# - returns: $\partial E/\partial b$, shape `(M,)`; not `(1, M)`


# %% nbgrader={"grade": false, "grade_id": "bias_gradient", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bias_gradient(delta):
    """Return ∂E/∂b, shape (M,), from the layer's δ (N, M)."""
    ### BEGIN SOLUTION
    return delta.sum(axis=0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "bias_gradient_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(bias_gradient)

# %% [markdown]
# ## 5. A whole layer
#
# Put the template together for the layer $O = \sigma(xW + b)$. Now the upstream gradient is given, not a target: the
# layer does not know what lies above it.
#
# Write `sigmoid_linear_backward(upstream, O, x, W)`.
#
# - `upstream`: $\partial E/\partial O$, shape `(N, M)`
# - `O`: the layer's activations from the forward pass, shape `(N, M)`
# - `x`: the layer's input, shape `(N, D)`; `W`: shape `(D, M)`
# - returns a tuple `(dx, dW, db)`: $\partial E/\partial x$ of shape `(N, D)`, $\partial E/\partial W$ of shape `(D, M)`,
#   $\partial E/\partial b$ of shape `(M,)`
#
# Each of the three earns its own point. `dx` is what the layer below will receive as its upstream gradient.


# %% nbgrader={"grade": false, "grade_id": "sigmoid_linear_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sigmoid_linear_backward(upstream, O, x, W):
    """Return (∂E/∂x, ∂E/∂W, ∂E/∂b) of O = σ(xW + b) from the upstream gradient."""
    ### BEGIN SOLUTION
    delta = upstream * O * (1 - O)
    return delta @ W.T, x.T @ delta, delta.sum(axis=0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "sigmoid_linear_backward_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(sigmoid_linear_backward)

# %% [markdown]
# ## 6. A gradient check
#
# A gradient worked out on paper can be checked without knowing calculus: move one entry of x a little both ways, see
# how much f changes, and compare. (In lab 01 these were two functions; here they become one.) For each entry i
#
# $$\mathrm{numerical}_i = \frac{f(x + h e_i) - f(x - h e_i)}{2h}, \qquad h = 10^{-5},$$
#
# where $e_i$ is 1 in entry i and 0 elsewhere. The relative error of two numbers a and b is
#
# $$\frac{|a - b|}{\max(|a| + |b|,\; 10^{-8})} .$$
#
# Write `gradient_check(f, analytic, x)`, which returns the largest relative error over all entries.
#
# - `f`: a function that takes an array of x's shape and returns one number
# - `analytic`: the gradient to be checked, of x's shape
# - `x`: where to check it, an array of one, two or more axes
# - returns: one number
#
# x must be bit for bit the same afterwards. If you change an entry and put it back, keep the old value: adding h and
# subtracting it again does not always give the same number.


# %% nbgrader={"grade": false, "grade_id": "gradient_check", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gradient_check(f, analytic, x):
    """Return the largest relative error of `analytic` against central differences of f."""
    ### BEGIN SOLUTION
    h = 1e-5
    numerical = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = h
        numerical[i] = (f(x + step) - f(x - step)) / (2 * h)
    size = np.abs(analytic) + np.abs(numerical)
    return np.max(np.abs(analytic - numerical) / np.maximum(size, 1e-8))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "gradient_check_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(gradient_check)

# %% [markdown]
# ## 7. A network of two layers
#
# Two sigmoid layers, $h = \sigma(XW_1 + b_1)$ and $O = \sigma(hW_2 + b_2)$, with
# $E = \tfrac12 \sum_n \sum_k (O_{nk} - T_{nk})^2$.
#
# Write `mlp_gradients(X, T, W1, b1, W2, b2)`: run the network forward, then backward.
#
# - `X`: inputs, shape `(N, D)`; `T`: targets, shape `(N, K)`
# - `W1`: `(D, H)`, `b1`: `(H,)`, `W2`: `(H, K)`, `b2`: `(K,)`
# - returns a tuple `(dW1, db1, dW2, db2)`, each of the shape of its parameter; each earns its own point
#
# Here and in exercise 8 pre-activations as far out as ±800 occur; there σ is 1 or 0. A warning about overflow costs
# nothing, a `nan` does.
#
# You may call your functions from above. If one of them is not right yet, it costs you nothing here: where this exercise
# fails, the check tries it again with right ones in their place.


# %% nbgrader={"grade": false, "grade_id": "mlp_gradients", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mlp_gradients(X, T, W1, b1, W2, b2):
    """Return (∂E/∂W1, ∂E/∂b1, ∂E/∂W2, ∂E/∂b2) of two sigmoid layers, E = ½ΣΣ(O − T)²."""
    ### BEGIN SOLUTION
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    O = 1 / (1 + np.exp(-(H @ W2 + b2)))
    delta_k = (O - T) * O * (1 - O)
    delta_j = (delta_k @ W2.T) * H * (1 - H)
    return X.T @ delta_j, delta_j.sum(axis=0), H.T @ delta_k, delta_k.sum(axis=0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "mlp_gradients_check", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(mlp_gradients)

# %% [markdown]
# ## 8. XOR, trained by hand
#
# No single layer can compute XOR. Two can, and you have everything it takes to train them.
#
# Write `train_xor(X, T, hidden, lr, epochs, seed)`: full-batch gradient descent on $E = \tfrac12 \sum (O - T)^2$ with
# the network of exercise 7.
#
# - `X`: inputs, shape `(N, 2)`; `T`: targets, shape `(N, 1)`
# - `hidden`: number of hidden units; `lr`: learning rate; `epochs`: number of updates
# - `seed`: the start is random, the same for the same seed and another for another; draw it as you like, for instance
#   with `np.random.default_rng(seed)`. Weights that are all 0 will not do: think why.
# - returns `(params, losses)`: `params` is the tuple `(W1, b1, W2, b2)` at the end, `losses` a list of `epochs` numbers,
#   where `losses[e]` is E **before** update e
#
# With `epochs = 0` it returns the start and an empty list. Points: 1 for the start, 2 for the path from there (the check
# follows it with PyTorch, from your start), 1 if XOR is learned.


# %% nbgrader={"grade": false, "grade_id": "train_xor", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_xor(X, T, hidden, lr, epochs, seed):
    """Descend on E from a random start; return ((W1, b1, W2, b2), losses)."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    params = (rng.normal(size=(2, hidden)), np.zeros(hidden), rng.normal(size=(hidden, 1)), np.zeros(1))
    losses = []
    for _ in range(epochs):
        W1, b1, W2, b2 = params
        H = 1 / (1 + np.exp(-(X @ W1 + b1)))
        O = 1 / (1 + np.exp(-(H @ W2 + b2)))
        losses.append(0.5 * np.sum((O - T) ** 2))
        delta_k = (O - T) * O * (1 - O)
        delta_j = (delta_k @ W2.T) * H * (1 - H)
        gradients = X.T @ delta_j, delta_j.sum(axis=0), H.T @ delta_k, delta_k.sum(axis=0)
        params = tuple(p - lr * g for p, g in zip(params, gradients))
    return params, losses
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "train_xor_check", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(train_xor)

# %% [markdown]
# Look at what you have trained: the loss from epoch to epoch, for three random starts.

# %%
import matplotlib.pyplot as plt

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
T = np.array([[0.0], [1.0], [1.0], [0.0]])


def plot_losses():
    """Draw E over the epochs for three seeds: 3 hidden units, learning rate 1."""
    for seed in range(3):
        _, losses = train_xor(X, T, hidden=3, lr=1.0, epochs=5000, seed=seed)
        plt.plot(losses, label=f"seed {seed}")
    plt.xlabel("epoch")
    plt.ylabel("E")
    plt.legend()
    plt.show()


# plot_losses()  # take the # away once train_xor is written

# %% [markdown]
# ## In your own words
#
# Suppose `train_xor` started with every weight equal to 0.5 and every bias 0, with ten hidden units. What do the ten units
# have in common at the start, and after every update? Why does the network not learn XOR?
#
# Answer in the cell below, in two to five sentences. Formulas are welcome and not needed. Your instructor reads it; it is
# worth 2 points.

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_equal_start", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** All ten get the same inputs with the same weights, so they have the same activation; the weights above
# them are the same, so they receive the same upstream gradient and have the same δ. Equal x and equal δ give equal
# gradients, so after the update their weights are equal again, and so on for ever. Ten equal units do what one does, and a
# network with one hidden unit cannot compute XOR: with one unit the output goes only up, or only down, along one direction.
#
# **Rubric, 2 points**
#
# - 1 for why they stay equal: equal weights give equal activations and equal δ, so equal gradients, at every step.
# - 1 for why that is not enough: together they are one hidden unit, which cannot compute XOR. "They all learn the same"
#   without this earns only the first point.
# ### END SOLUTION

# %% [markdown]
# ## What you can do now
#
# - write δ of an output layer and of a hidden layer, and say where each factor comes from;
# - turn δ into the gradients of weights, bias and input, for a whole batch;
# - check a gradient that somebody gives you;
# - train a network without `loss.backward()`.
#
# An open question: run exercise 8 with 2 hidden units for twenty seeds. Some starts never learn XOR. What do their
# losses have in common, and where does δ vanish?
