# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lab 06: dropout
#
# In this lab you draw a dropout mask, send values forward through it and gradients back, and put it into the network of
# lab 05. It takes 45 to 60 minutes. The theory, with one step worked out in numbers, is in the chapter *Dropout* of the
# book.
#
# One sentence carries the whole lab: **dropout multiplies by a factor that is drawn going forward and is the same going
# back.**
#
# | symbol | meaning | shape in code |
# |---|---|---|
# | `p` | probability that a unit is **dropped**, $0 \le p < 1$ | a number |
# | `mask` | 1 for a unit that is kept, 0 for one that is dropped | like what it is multiplied with, in the network `(N, H)` |
# | `h` | activations of the hidden layer | `(N, H)`, one row a sample |
# | $d = h \cdot \mathrm{mask}/(1-p)$ | what the layer above sees in training | like `h` |
# | ${\color{#3355ee}{g = \partial E/\partial d}}$ | upstream gradient | like `h` |
# | ${\color{#c2480c}{\mathrm{mask}/(1-p)}}$ | local slope of dropout | like `h` |
# | `training` | True while training, False in evaluation | |
#
# All arrays are NumPy arrays of `float64`, the labels apart. No PyTorch in your code: it is what your answers are
# compared with.
#
# **How to work.** Replace each `raise NotImplementedError` by your code and run the cell, then run the check under it.
# A check calls your function with several inputs, among them a batch of one, square arrays and other p than ½ (0 too),
# and tells you what is right and what is not. You can run it as often as you like. Two rules hold for every function: it
# leaves its arguments as they were (a random generator apart, which moves on when it is used), and a second call with
# the same arguments gives the same answer.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

from autograder import check

# %% [markdown]
# ## 1. The mask
#
# Each entry of a mask is 0 with probability p and 1 with probability $1 - p$, independently of all others.
#
# Write `dropout_mask(shape, p, rng)`.
#
# - `shape`: the shape of the mask, a tuple such as `(N, H)`; one, two or three axes
# - `p`: the probability of **dropping**, a number with $0 \le p < 1$; with 0 nothing is dropped
# - `rng`: a `numpy.random.Generator`, as `np.random.default_rng(seed)` makes it
# - returns: an array of that shape with the entries 0 and 1, **not** scaled by $1/(1-p)$
#
# All randomness comes from `rng`: generators made from one seed give the same mask, those from two seeds different ones,
# and the next call with the same generator gives a new mask. NumPy's global generator (`np.random.rand`,
# `np.random.seed` and the like) is neither used nor seeded. Which method of `rng` you draw with is up to you; the check
# looks at the statistics of a few thousand entries: how many are 1, whether entries, rows and columns are independent of
# each other, and whether the number of ones varies as it should.


# %% nbgrader={"grade": false, "grade_id": "dropout_mask", "locked": false, "schema_version": 3, "solution": true, "task": false}
def dropout_mask(shape, p, rng):
    """Return independent entries of the given shape, 0 with probability p and else 1, drawn from rng."""
    ### BEGIN SOLUTION
    return (rng.random(shape) >= p).astype(float)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "dropout_mask_check", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(dropout_mask)

# %% [markdown]
# ## 2. Forward
#
# Inverted dropout scales what is kept by $1/(1-p)$, so that on average over all masks nothing changes:
#
# $$d = \begin{cases} x \cdot \mathrm{mask} / (1-p) & \text{in training} \\ x & \text{in evaluation,} \end{cases}$$
#
# entry by entry.
#
# Write `dropout_forward(x, mask, p, training)`.
#
# - `x`: activations, shape `(N, H)`
# - `mask`: 0 or 1, shape `(N, H)`; in evaluation it may be `None`, and if there is one it plays no part
# - `p`: the probability of dropping that the mask was drawn with
# - `training`: True or False
# - returns: shape `(N, H)`
#
# Two points are for training, one for evaluation.


# %% nbgrader={"grade": false, "grade_id": "dropout_forward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def dropout_forward(x, mask, p, training):
    """Return x (N, H) after inverted dropout; in evaluation x itself, and mask may be None."""
    ### BEGIN SOLUTION
    if not training:
        return x
    return x * mask / (1 - p)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "dropout_forward_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(dropout_forward)

# %% [markdown]
# ## 3. Backward
#
# In training each entry was multiplied by a constant, ${\color{#c2480c}{\mathrm{mask}/(1-p)}}$. That constant is the local
# slope, and it has to be the one of the forward pass.
#
# Write `dropout_backward(upstream, mask, p, training)`, which returns $\partial E/\partial x$.
#
# - `upstream`: ${\color{#3355ee}{g = \partial E/\partial d}}$, shape `(N, H)`
# - `mask`: the mask of the forward pass, shape `(N, H)`; in evaluation it may be `None`, and if there is one it plays no
#   part
# - `p`, `training`: as in the forward pass
# - returns: shape `(N, H)`
#
# Three points are for training, one for evaluation. Ask yourself what dropout did in evaluation, and what the slope of
# that is.


# %% nbgrader={"grade": false, "grade_id": "dropout_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def dropout_backward(upstream, mask, p, training):
    """Return ∂E/∂x (N, H) of inverted dropout from the upstream gradient (N, H); in evaluation mask may be None."""
    ### BEGIN SOLUTION
    slope = mask / (1 - p) if training else 1
    return upstream * slope
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "dropout_backward_check", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(dropout_backward)

# %% [markdown]
# ## 4. The network with dropout
#
# The network of lab 05, with dropout after LeakyReLU, in training:
#
# $$\mathrm{net} = xW_1 + b_1, \quad h = \mathrm{LeakyReLU}(\mathrm{net}), \quad d = h\cdot\frac{\mathrm{mask}}{1-p}, \quad
# z = dW_2 + b_2, \quad E = -\frac1N\sum_n \ln \mathrm{softmax}(z_n)_{\mathrm{label}_n} .$$
#
# Write `mlp_dropout_backward(x, labels, params, mask, p, negative_slope)`: run the network forward, then backward.
#
# - `x`: inputs, shape `(N, D)`; `labels`: the right classes, integers from 0 to K − 1, shape `(N,)`
# - `params`: a dict with the keys `W1` `(D, H)`, `b1` `(H,)`, `W2` `(H, K)`, `b2` `(K,)`
# - `mask`: 0 or 1, shape `(N, H)`: every sample has its own; `p`: the probability it was drawn with
# - `negative_slope`: the slope a of LeakyReLU, $0 \le a < 1$; its local slope is 1 where net > 0 and a elsewhere, **at
#   net = 0 too**
# - returns a dict with the keys of `params`: under each key the gradient of E, of the shape of the parameter
#
# As in lab 05 the answer has to be exact for logits of ±1000 too, and the keys of `params` come in any order.
#
# Each of the four earns its own point. E is a mean over the batch, and its gradient at the logits is
# $\partial E/\partial z = (\mathrm{softmax}(z) - y)/N$, where y is 1 in the column of the label and 0 elsewhere. Two
# places need thought: which activations does $W_2$ meet, and what comes between $W_2^\top$ and the slope of LeakyReLU?
#
# You may call your functions from above. If one of them is not right yet, it costs you nothing here: where this exercise
# fails, the check tries it again with right ones in their place.


# %% nbgrader={"grade": false, "grade_id": "mlp_dropout_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mlp_dropout_backward(x, labels, params, mask, p, negative_slope):
    """Return the gradients of the mean cross-entropy, with dropout, as a dict like params: W1, b1, W2, b2."""
    ### BEGIN SOLUTION
    net = x @ params["W1"] + params["b1"]
    hidden = np.where(net > 0, net, negative_slope * net)
    dropped = dropout_forward(hidden, mask, p, training=True)
    logits = dropped @ params["W2"] + params["b2"]
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    delta_k = powers / powers.sum(axis=1, keepdims=True)
    delta_k[np.arange(len(labels)), labels] -= 1
    delta_k /= len(labels)
    upstream = dropout_backward(delta_k @ params["W2"].T, mask, p, training=True)
    delta_j = upstream * np.where(net > 0, 1.0, negative_slope)
    return {"W1": x.T @ delta_j, "b1": delta_j.sum(axis=0), "W2": dropped.T @ delta_k, "b2": delta_k.sum(axis=0)}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "mlp_dropout_backward_check", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(mlp_dropout_backward)

# %% [markdown]
# Now use what you have written. First the step that the chapter works out: compare what this prints with its numbers, and
# look at the weights of the dropped unit. Then training with a new mask in every step: the plot shows for each step and
# each hidden unit by how much the unit's weights moved.

# %%
import matplotlib.pyplot as plt


def one_step():
    """Print the parameters of the chapter's example after one step with the mask (1, 1, 0)."""
    params = {
        "W1": np.array([[0.15, 0.25, 0.35], [0.20, 0.30, 0.40]]),
        "b1": np.array([0.04, 0.08, 0.12]),
        "W2": np.array([[0.45, 0.60], [0.50, 0.65], [0.55, 0.70]]),
        "b2": np.array([0.16, 0.20]),
    }
    x, labels, mask = np.array([[0.05, 0.10]]), np.array([1]), np.array([[1.0, 1.0, 0.0]])
    gradients = mlp_dropout_backward(x, labels, params, mask, 0.75, 0.1)
    for key in params:
        print(key, np.round(params[key] - 0.1 * gradients[key], 6).tolist())


def watch_weights_move():
    """Train on single samples, with a new mask in every step, and draw how far each unit's weights in W1 moved."""
    rng = np.random.default_rng(0)
    params = {"W1": rng.normal(size=(2, 10)), "b1": np.zeros(10), "W2": rng.normal(size=(10, 2)), "b2": np.zeros(2)}
    moved = []
    for _ in range(25):
        x, labels = rng.normal(size=(1, 2)), rng.integers(0, 2, 1)
        mask = dropout_mask((1, 10), 0.5, rng)
        gradients = mlp_dropout_backward(x, labels, params, mask, 0.5, 0.1)
        moved.append(np.abs(0.1 * gradients["W1"]).sum(axis=0))
        params = {key: params[key] - 0.1 * gradients[key] for key in params}
    plt.imshow(np.array(moved), cmap="cividis", aspect="auto")
    plt.xlabel("hidden unit")
    plt.ylabel("step")
    plt.colorbar(label="how far its weights moved")
    plt.show()


# one_step()            # take the # away once mlp_dropout_backward is written
# watch_weights_move()

# %% [markdown]
# ## In your own words
#
# Suppose the backward pass drew a new mask instead of using the one of the forward pass. Take a hidden unit that the
# forward pass dropped and the new mask keeps, and one for which it is the other way round. What happens to the gradients of
# their weights in each case, and which gradient would have been right?
#
# Answer in the cell below, in two to five sentences. Formulas are welcome and not needed. Your instructor reads it; it is
# worth 2 points.

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_same_mask", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** The loss was computed with the forward mask, so the gradient is that of the network with this mask. A unit
# that was dropped had no part in the loss: the gradient of its incoming weights is 0, but with the new mask it receives an
# upstream gradient and its weights move although moving them changes nothing. A unit that was kept had a part in the loss,
# but the new mask sets its gradient to 0, so weights that should move stay.
#
# **Rubric, 2 points**
#
# - 1 for the two cases: the first gets a gradient where 0 would be right, the second gets 0 where something else would be.
# - 1 for the reason: what is differentiated is the loss that was computed, with the mask that was used in computing it.
# ### END SOLUTION

# %% [markdown]
# ## What you can do now
#
# - draw a mask that anyone can draw again from the same generator;
# - say what dropout does in training and what it does in evaluation, and why the scale is $1/(1-p)$;
# - send a gradient back through a random layer, with the randomness of the forward pass;
# - say which weights of a network with dropout stay where they are in a step, and why.
#
# An open question: averaged over all masks, the logits with dropout are exactly those of evaluation. Average the
# probabilities softmax(z) over the eight masks of the chapter's network instead. Are they those of evaluation too? Which
# of the two would you give out as the network's answer, and what would each cost for a hidden layer of 100 units?
