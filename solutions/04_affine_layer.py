# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lab 04: the affine layer
#
# In this lab you take the layer of lab 03 apart into its two nodes, a product and a sum, and put it together again as
# two classes that can be stacked. At the end a whole network is a Python list. It takes 45 to 60 minutes. The theory is
# in the chapter *The affine layer* of the book.
#
# One sentence carries the whole lab: **a layer keeps what its backward pass will need, and hands down the gradient of
# its input, in the shape of its input.**
#
# | symbol | meaning | shape in code |
# |---|---|---|
# | ${\color{#97477f}{x}}$ | input of the layer | `(N, D)`, one row a sample; from exercise 3 on also more axes |
# | `W[j, k]` | weight from unit j below to unit k above | `(D, M)` |
# | `b` | bias | `(M,)` |
# | `y = x @ W + b` | output of the affine layer | `(N, M)` |
# | ${\color{#3355ee}{g = \partial E/\partial y}}$ | upstream gradient; `upstream` in code | like the output |
# | ${\color{#c2480c}{\sigma'(\mathrm{net}) = O(1-O)}}$ | local slope of the sigmoid, with $O = \sigma(\mathrm{net})$ | like `O` |
#
# The output of an affine layer is the pre-activation of what follows. So the upstream gradient of an affine layer is
# what lab 03 called δ, $\partial E/\partial\mathrm{net}$.
#
# All arrays are NumPy arrays of `float64`. No PyTorch in your code: it is what your answers are compared with.
#
# **How to work.** Replace each `raise NotImplementedError` by your code and run the cell, then run the check under it.
# A check calls your code with several inputs, among them a batch of one and square matrices, and tells you what is right
# and what is not. You can run it as often as you like. Two rules hold for every function and every method: it leaves
# its arguments as they were, and the same calls give the same answer again.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

from autograder import check

# %% [markdown]
# ## 1. The product
#
# The first node computes $y = {\color{#97477f}{x}}W$, entry by entry $y_{nk} = \sum_j x_{nj} W_{jk}$. The upstream
# gradient $g_{nk} = \partial E/\partial y_{nk}$ arrives from above.
#
# Follow one entry. $x_{nj}$ goes into every $y_{nk}$ of its own row, each time multiplied by $W_{jk}$. $W_{jk}$ goes into
# $y_{nk}$ in every sample n, each time multiplied by $x_{nj}$. The paths add:
#
# $$\frac{\partial E}{\partial x_{nj}} = \sum_k {\color{#3355ee}{g_{nk}}}\, W_{jk}, \qquad
# \frac{\partial E}{\partial W_{jk}} = \sum_n {\color{#97477f}{x_{nj}}}\, {\color{#3355ee}{g_{nk}}} .$$
#
# Write `matmul_backward(x, W, upstream)`, with each sum as one matrix product.
#
# - `x`: shape `(N, D)`; `W`: shape `(D, M)`
# - `upstream`: $\partial E/\partial y$, shape `(N, M)`
# - returns a tuple `(dx, dW)`: $\partial E/\partial x$ of shape `(N, D)` and $\partial E/\partial W$ of shape `(D, M)`
#
# Each of the two earns its own points. With $D = M$ the wrong way round runs without an error.


# %% nbgrader={"grade": false, "grade_id": "matmul_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def matmul_backward(x, W, upstream):
    """Return (∂E/∂x, ∂E/∂W), shapes (N, D) and (D, M), of y = xW from the upstream gradient (N, M)."""
    ### BEGIN SOLUTION
    dx = upstream @ W.T
    dW = x.T @ upstream
    return dx, dW
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "matmul_backward_check", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(matmul_backward)

# %% [markdown]
# ## 2. The bias
#
# The second node adds `b` to every row: $y_{nk} = (xW)_{nk} + b_k$. A sum hands its upstream gradient on to both of its
# inputs unchanged, so the product node receives g as it is. But `b` has one row and y has N: $b_k$ is used once in every
# sample.
#
# Write `bias_add_backward(upstream)`.
#
# - `upstream`: $\partial E/\partial y$, shape `(N, M)`
# - returns: $\partial E/\partial b$, shape `(M,)`; not `(1, M)`


# %% nbgrader={"grade": false, "grade_id": "bias_add_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bias_add_backward(upstream):
    """Return ∂E/∂b, shape (M,), of y = xW + b from the upstream gradient (N, M)."""
    ### BEGIN SOLUTION
    return upstream.sum(axis=0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "bias_add_backward_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(bias_add_backward)

# %% [markdown]
# ## 3. The affine layer
#
# Now both nodes in one class. The constructor is written for you. A step is one `forward` and one `backward`:
#
# `forward(x)`
#
# - `x`: shape `(N, D)`, or `(N, ...)` with more axes, such as N pictures of shape `(height, width)`. The axes after the
#   first are flattened to one of length D, in NumPy's usual order (the last axis runs fastest).
# - returns: $y = xW + b$, shape `(N, M)`
#
# `backward(upstream)`
#
# - `upstream`: $\partial E/\partial y$, shape `(N, M)`
# - returns: $\partial E/\partial x$, in the shape that `x` came in
# - sets `self.dW`, shape `(D, M)`, and `self.db`, shape `(M,)`
#
# What the check tries, because training will do it:
#
# - `layer.W` and `layer.b` are replaced by other arrays after a step; the next step uses the new ones;
# - a layer runs `forward` twice before `backward`: the latest one counts;
# - `backward` is called twice: `dW` and `db` belong to the latest call and are not added up;
# - two layers are alive at once, and neither disturbs the other.
#
# Points: one each for the output of `forward`, for `dx`, `dW` and `db`. You may call your functions from above; if one of
# them is not right yet, it costs you nothing here.


# %% nbgrader={"grade": false, "grade_id": "Affine", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Affine:
    """The layer y = xW + b. W is (D, M), b is (M,); backward sets dW and db, of the same shapes."""

    def __init__(self, W, b):
        self.W = W
        self.b = b
        self.dW = None
        self.db = None

    def forward(self, x):
        """Return y = xW + b, shape (N, M), for x of shape (N, ...)."""
        ### BEGIN SOLUTION
        self.x_shape = x.shape
        self.flat = x.reshape(len(x), -1)
        return self.flat @ self.W + self.b
        ### END SOLUTION

    def backward(self, upstream):
        """Set dW and db from the upstream gradient (N, M) and return ∂E/∂x in the shape of x."""
        ### BEGIN SOLUTION
        self.dW = self.flat.T @ upstream
        self.db = upstream.sum(axis=0)
        dx = upstream @ self.W.T
        return dx.reshape(self.x_shape)
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "Affine_check", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(Affine)

# %% [markdown]
# ## 4. The sigmoid as a layer
#
# An activation has no parameters, but it is a layer like the other: it goes forward, it keeps what it needs, it goes
# back. Entry by entry
#
# $$\frac{\partial E}{\partial \mathrm{net}} = {\color{#3355ee}{\frac{\partial E}{\partial O}}} \cdot
# {\color{#c2480c}{O(1-O)}} .$$
#
# Write the class `Sigmoid`; it takes no arguments.
#
# - `forward(x)`: x is an array of any shape, the pre-activation; returns $\sigma(x)$ of the same shape. Entries as far
#   out as ±1000 occur; there σ is 1 or 0. A warning about overflow costs nothing, a `nan` does.
# - `backward(upstream)`: `upstream` is $\partial E/\partial O$, of the same shape; returns $\partial E/\partial x$. A second
#   call with another upstream gradient is right, too.
#
# As before, two layers may be alive at once, and the latest `forward` counts. Points: 1 for `forward`, 2 for `backward`.


# %% nbgrader={"grade": false, "grade_id": "Sigmoid", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Sigmoid:
    """The activation O = σ(x), entry by entry, as a layer without parameters."""

    def forward(self, x):
        """Return σ(x), of the shape of x."""
        ### BEGIN SOLUTION
        self.O = 1 / (1 + np.exp(-x))
        return self.O
        ### END SOLUTION

    def backward(self, upstream):
        """Return ∂E/∂x from the upstream gradient ∂E/∂O; both of the shape of x."""
        ### BEGIN SOLUTION
        slope = self.O * (1 - self.O)
        return upstream * slope
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "Sigmoid_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(Sigmoid)

# %% [markdown]
# ## 5. A network is a list
#
# With layers like these a network is a list, lowest layer first. Going forward, each layer receives what the one below
# returned. Going back, each layer receives what the one **above** returned; the top one receives the gradient of E at
# the network's output.
#
# Write `network_backward(layers, upstream)`.
#
# - `layers`: a list of at least one layer, in forward order. Each has a method `backward(upstream)` like yours, and each
#   has been through `forward` already.
# - `upstream`: the gradient of E at the output of the last layer in the list
# - returns: the gradient of E at the input of the first layer in the list
#
# The check brings its own layers; they need not be affine or sigmoid. The list must be the same afterwards, in the same
# order.


# %% nbgrader={"grade": false, "grade_id": "network_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def network_backward(layers, upstream):
    """Send the upstream gradient through all layers (given in forward order); return the gradient at their input."""
    ### BEGIN SOLUTION
    for layer in reversed(layers):
        upstream = layer.backward(upstream)
    return upstream
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "network_backward_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(network_backward)

# %% [markdown]
# Look at what you have built: ten sigmoid layers, a gradient of size 1 put in at the top, and what is left of it at each
# affine layer on the way down.

# %%
import matplotlib.pyplot as plt


def plot_gradients(depth=10, width=20, samples=50):
    """Draw the mean size of ∂E/∂W in each affine layer of a deep sigmoid network."""
    rng = np.random.default_rng(4)
    layers = []
    for _ in range(depth):
        layers += [Affine(rng.normal(size=(width, width)) / np.sqrt(width), np.zeros(width)), Sigmoid()]
    signal = rng.normal(size=(samples, width))
    for layer in layers:
        signal = layer.forward(signal)
    network_backward(layers, rng.normal(size=signal.shape))
    plt.semilogy([np.abs(layer.dW).mean() for layer in layers[::2]], "o-")
    plt.xlabel("affine layer, from the input up")
    plt.ylabel("mean size of dW")
    plt.show()


# plot_gradients()  # take the # away once all exercises are done

# %% [markdown]
# ## In your own words
#
# A training loop calls `layer.forward(x)`, then replaces `layer.W` by the updated weights, and only then calls
# `layer.backward(upstream)`, with the upstream gradient that belongs to the forward pass. Which of `dx`, `dW` and `db` are
# right, which are wrong, and why? What does it do to the layers below?
#
# Answer in the cell below, in two to five sentences. Formulas are welcome and not needed. Your instructor reads it; it is
# worth 2 points.

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_new_weights", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** `dW = xᵀ upstream` and `db`, the sum of upstream over the batch, hold no W, so they are right. `dx =
# upstream Wᵀ` is computed with the new W, but the loss was computed with the old one, so it is wrong. It is what the layer
# below gets as its upstream gradient; so the gradients of all layers below are wrong too.
#
# **Rubric, 2 points**
#
# - 1 for saying which: `dW` and `db` right because W is not in their formulas, `dx` wrong because W is. Without a reason ½.
# - 1 for the layers below: they receive the wrong `dx`, so their `dW` and `db` are wrong.
#
# An answer for a layer that keeps a copy of W in `forward`, and says so, is right with "all three are right".
# ### END SOLUTION

# %% [markdown]
# ## What you can do now
#
# - take a layer apart into a product and a sum, and write the gradient of each;
# - write a layer as a class that can be used, trained and stacked without a thought for what is inside;
# - accept inputs of any rank and give their gradient back in their own shape;
# - run a network backward that somebody hands you as a list.
#
# An open question: `Affine.backward` computes `dW` and `dx`, and each costs as many multiplications as `forward`. For which
# layer of a network is `dx` not needed to train it, and what would a list of layers have to know to save the work?
