# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lab 05: a network by hand
#
# In this lab you write one whole training step of a classifier by hand: LeakyReLU, softmax with cross-entropy, the
# gradients of all four parameters, the step. At the end you train with your own functions. It takes 60 to 90 minutes.
# The theory, with one step worked out in numbers, is in the chapter *A network by hand* of the book.
#
# One sentence carries the whole lab: **softmax and cross-entropy together send back what the network says minus what
# is true; from there on it is the template of lab 03.**
#
# | symbol | meaning | shape in code |
# |---|---|---|
# | `x` | inputs | `(N, D)`, one row a sample |
# | `labels` | the right class of each sample | `(N,)`, integers from 0 to K − 1 |
# | `params` | the parameters, a dict | `W1` `(D, H)`, `b1` `(H,)`, `W2` `(H, K)`, `b2` `(K,)` |
# | `net = x @ W1 + b1` | pre-activation of the hidden layer | `(N, H)` |
# | `h` | LeakyReLU of `net` | `(N, H)` |
# | `logits = h @ W2 + b2` | what softmax turns into probabilities; also called z | `(N, K)` |
# | `p` | softmax of the logits, every row sums to 1 | `(N, K)` |
# | `y` | 1 in the column of the label, 0 elsewhere | `(N, K)` |
# | `negative_slope` | slope a of LeakyReLU on the negative side, $0 \le a < 1$ | a number |
# | ${\color{#3355ee}{g}}$ | upstream gradient | like what it belongs to |
# | ${\color{#c2480c}{\sigma'(\mathrm{net})}}$ | local slope of LeakyReLU: 1 or a | like `net` |
#
# `W[j, k]` is the weight from unit j below to unit k above. All arrays are NumPy arrays of `float64`, the labels apart.
# No PyTorch in your code: it is what your answers are compared with.
#
# **How to work.** Replace each `raise NotImplementedError` by your code and run the cell, then run the check under it.
# A check calls your function with several inputs, among them a batch of one, square matrices, other slopes than 0.1 and
# pre-activations of exactly 0, and tells you what is right and what is not. You can run it as often as you like. Two
# rules hold for every function: it leaves its arguments as they were, and a second call with the same arguments gives
# the same answer.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

from autograder import check

# %% [markdown]
# ## 1. LeakyReLU
#
# LeakyReLU hands a positive pre-activation on as it is and shrinks a negative one:
#
# $$h = \begin{cases} \mathrm{net} & \mathrm{net} > 0 \\ a \cdot \mathrm{net} & \text{else.} \end{cases}$$
#
# Write `leaky_relu(net, negative_slope)`.
#
# - `net`: pre-activations, an array of any shape
# - `negative_slope`: the slope a, a number with $0 \le a < 1$; with 0 it is the plain ReLU
# - returns: an array of the shape of `net`


# %% nbgrader={"grade": false, "grade_id": "leaky_relu", "locked": false, "schema_version": 3, "solution": true, "task": false}
def leaky_relu(net, negative_slope):
    """Return net where it is positive and negative_slope · net elsewhere; any shape."""
    ### BEGIN SOLUTION
    return np.where(net > 0, net, negative_slope * net)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "leaky_relu_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(leaky_relu)

# %% [markdown]
# ## 2. Back through LeakyReLU
#
# Its local slope is 1 on the positive side and a on the other. At exactly 0 there is a kink, and a choice has to be made:
# as in PyTorch, **the slope at net = 0 is a**.
#
# Write `leaky_relu_backward(upstream, net, negative_slope)`, which returns
#
# $$\frac{\partial E}{\partial \mathrm{net}} = {\color{#3355ee}{\frac{\partial E}{\partial h}}} \cdot {\color{#c2480c}{\sigma'(\mathrm{net})}}, \qquad {\color{#c2480c}{\sigma'(\mathrm{net}) = \begin{cases} 1 & \mathrm{net} > 0 \\ a & \text{else,} \end{cases}}}$$
#
# entry by entry.
#
# - `upstream`: $\partial E/\partial h$, of the shape of `net`
# - `net`: the pre-activations of the forward pass, an array of any shape
# - `negative_slope`: the slope a, a number with $0 \le a < 1$
# - returns: $\delta = \partial E/\partial \mathrm{net}$, of the shape of `net`


# %% nbgrader={"grade": false, "grade_id": "leaky_relu_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def leaky_relu_backward(upstream, net, negative_slope):
    """Return ∂E/∂net of LeakyReLU from the upstream gradient; all of one shape. At net = 0 the slope is negative_slope."""
    ### BEGIN SOLUTION
    slope = np.where(net > 0, 1.0, negative_slope)
    return upstream * slope
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "leaky_relu_backward_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(leaky_relu_backward)

# %% [markdown]
# ## 3. Softmax and cross-entropy
#
# Softmax turns the logits of a sample into probabilities, and the loss of the sample is minus the logarithm of the one
# that its label got. The loss of a batch is the mean:
#
# $$p_{nk} = \frac{e^{z_{nk}}}{\sum_i e^{z_{ni}}}, \qquad E = -\frac1N \sum_n \ln p_{n,\,\mathrm{label}_n} .$$
#
# Write `cross_entropy(logits, labels)`.
#
# - `logits`: z, shape `(N, K)`
# - `labels`: integers from 0 to K − 1, shape `(N,)`
# - returns: E, one number; `ln` is the natural logarithm
#
# One point is for the value, one for stability: with logits of ±1000 the answer has to be exact too. There $e^{1000}$ is
# infinite in `float64` and $e^{-1000}$ is 0. Two facts help. Subtracting the same number from all logits of a row does
# not change p. And if you write the logarithm of the fraction as a difference of two terms, no logarithm of 0 is left;
# adding a small number to p instead gives another loss.


# %% nbgrader={"grade": false, "grade_id": "cross_entropy", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cross_entropy(logits, labels):
    """Return the mean over the batch of −ln softmax(logits)[label], one number; logits (N, K), labels (N,)."""
    ### BEGIN SOLUTION
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "cross_entropy_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(cross_entropy)

# %% [markdown]
# ## 4. The gradient at the logits
#
# Cross-entropy hands $-1/p$ to the label's probability and 0 to the others. Softmax has a full Jacobian,
# $\partial p_i/\partial z_k = p_i(\delta_{ik} - p_k)$, where $\delta_{ik}$ is 1 for $i = k$ and 0 otherwise. Multiply the two
# on paper, for one sample: almost everything cancels. Then remember that E is a mean over N samples.
#
# Write `cross_entropy_backward(logits, labels)`, which returns $\partial E/\partial z_{nk}$ for the E of exercise 3.
#
# - `logits`: shape `(N, K)`; `labels`: integers, shape `(N,)`
# - returns: shape `(N, K)`; every row sums to 0
#
# Two points are for the value, one for stability: the answer has to be exact for logits of ±1000 too.


# %% nbgrader={"grade": false, "grade_id": "cross_entropy_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cross_entropy_backward(logits, labels):
    """Return ∂E/∂logits, shape (N, K), of the mean cross-entropy; labels (N,)."""
    ### BEGIN SOLUTION
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    gradient = powers / powers.sum(axis=1, keepdims=True)
    gradient[np.arange(len(labels)), labels] -= 1
    return gradient / len(labels)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "cross_entropy_backward_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(cross_entropy_backward)

# %% [markdown]
# ## 5. The network, forward
#
# The network is affine, LeakyReLU, affine:
#
# $$\mathrm{net} = xW_1 + b_1, \qquad h = \mathrm{LeakyReLU}(\mathrm{net}), \qquad z = hW_2 + b_2 .$$
#
# Write `mlp_forward(x, params, negative_slope)`.
#
# - `x`: inputs, shape `(N, D)`
# - `params`: a dict with the keys `W1` `(D, H)`, `b1` `(H,)`, `W2` `(H, K)`, `b2` `(K,)`
# - `negative_slope`: the slope of LeakyReLU, a number
# - returns: the **logits** z, shape `(N, K)`; no softmax, that belongs to the loss
#
# You may call your functions from above. If one of them is not right yet, it costs you nothing here: where this exercise
# fails, the check tries it again with right ones in their place.


# %% nbgrader={"grade": false, "grade_id": "mlp_forward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mlp_forward(x, params, negative_slope):
    """Return the logits (N, K) of affine, LeakyReLU, affine for inputs x (N, D)."""
    ### BEGIN SOLUTION
    hidden = leaky_relu(x @ params["W1"] + params["b1"], negative_slope)
    return hidden @ params["W2"] + params["b2"]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "mlp_forward_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(mlp_forward)

# %% [markdown]
# ## 6. The network, backward
#
# Now all of it: forward through the network of exercise 5, then back from the mean cross-entropy of exercise 3 to the four
# parameters. The gradient at the logits is the δ of the upper layer; the rest is the template,
#
# $$\frac{\partial E}{\partial W} = {\color{#97477f}{\mathrm{input}}}^\top \delta, \qquad \frac{\partial E}{\partial b} = \sum_n \delta_n, \qquad {\color{#3355ee}{\frac{\partial E}{\partial h} = \delta\,W_2^\top}} .$$
#
# Write `mlp_backward(x, labels, params, negative_slope)`.
#
# - `x`: inputs, shape `(N, D)`; `labels`: integers, shape `(N,)`
# - `params`: the dict of exercise 5; `negative_slope`: a number
# - returns a dict with the keys of `params`: under each key the gradient, of the shape of the parameter
#
# As in exercise 4 the answer has to be exact for logits of ±1000 too, and the keys of `params` come in any order.
#
# Each of the four earns its own point. E is already a mean over the batch: think where the $1/N$ is, and whether it is
# needed a second time. Again you may call your functions from above.


# %% nbgrader={"grade": false, "grade_id": "mlp_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mlp_backward(x, labels, params, negative_slope):
    """Return the gradients of the mean cross-entropy as a dict like params: W1 (D, H), b1 (H,), W2 (H, K), b2 (K,)."""
    ### BEGIN SOLUTION
    net = x @ params["W1"] + params["b1"]
    hidden = leaky_relu(net, negative_slope)
    logits = hidden @ params["W2"] + params["b2"]
    delta_k = cross_entropy_backward(logits, labels)
    delta_j = leaky_relu_backward(delta_k @ params["W2"].T, net, negative_slope)
    return {
        "W1": x.T @ delta_j,
        "b1": delta_j.sum(axis=0),
        "W2": hidden.T @ delta_k,
        "b2": delta_k.sum(axis=0),
    }
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "mlp_backward_check", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(mlp_backward)

# %% [markdown]
# ## 7. One step
#
# Stochastic gradient descent moves every parameter against its gradient:
#
# $$W_\mathrm{new} = W - \mathrm{lr} \cdot \frac{\partial E}{\partial W} .$$
#
# Write `sgd_step(params, gradients, lr)`.
#
# - `params`, `gradients`: dicts with the keys `W1`, `b1`, `W2`, `b2`, **not always in the same order**; what belongs
#   together has the same key
# - `lr`: the learning rate, a number
# - returns: a **new** dict with the same keys
#
# One point is for the values, one for leaving things apart: the new dict holds new arrays, which share no memory with those
# passed in, and neither `params` nor `gradients` nor an array in them changes. So the old parameters are still there to be
# compared with the new ones.


# %% nbgrader={"grade": false, "grade_id": "sgd_step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sgd_step(params, gradients, lr):
    """Return a new dict of new arrays, params[key] − lr · gradients[key]."""
    ### BEGIN SOLUTION
    return {key: params[key] - lr * gradients[key] for key in params}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "sgd_step_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(sgd_step)

# %% [markdown]
# Now use what you have written. First the step that the chapter works out: compare what this prints with its numbers.
# Then a small classifier of points in the plane, three classes that no straight line tells apart, trained by nothing but
# your own functions.

# %%
import matplotlib.pyplot as plt


def one_step():
    """Print loss and parameters of the chapter's example before and after one step."""
    params = {
        "W1": np.array([[0.15, 0.25, 0.35], [0.20, 0.30, 0.40]]),
        "b1": np.array([0.04, 0.08, 0.12]),
        "W2": np.array([[0.45, 0.60], [0.50, 0.65], [0.55, 0.70]]),
        "b2": np.array([0.16, 0.20]),
    }
    x, labels = np.array([[0.05, 0.10]]), np.array([1])
    new = sgd_step(params, mlp_backward(x, labels, params, 0.1), 0.1)
    for name, values in (("before", params), ("after", new)):
        print(name, "the step: loss", np.round(cross_entropy(mlp_forward(x, values, 0.1), labels), 6))
    print({key: np.round(value, 6).tolist() for key, value in new.items()})


def train_rings():
    """Train on three rings of points and draw the loss over the steps."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300)
    angle, radius = rng.uniform(0, 2 * np.pi, 300), 0.4 + 0.6 * labels + 0.08 * rng.standard_normal(300)
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    params = {
        "W1": rng.normal(size=(2, 16)),
        "b1": np.zeros(16),
        "W2": 0.3 * rng.normal(size=(16, 3)),
        "b2": np.zeros(3),
    }
    losses = []
    for _ in range(1500):
        batch = rng.integers(0, 300, 32)
        losses.append(cross_entropy(mlp_forward(x[batch], params, 0.1), labels[batch]))
        params = sgd_step(params, mlp_backward(x[batch], labels[batch], params, 0.1), 0.3)
    right = np.mean(mlp_forward(x, params, 0.1).argmax(axis=1) == labels)
    plt.plot(losses)
    plt.xlabel("step")
    plt.ylabel("loss of the batch")
    plt.title(f"{right:.0%} of the points are classified right")
    plt.show()


# one_step()     # take the # away once mlp_backward and sgd_step are written
# train_rings()

# %% [markdown]
# ## In your own words
#
# A network is sure of the wrong class: it gives the right one a probability of 0.0001. Compare δ at the output of the right
# class for a sigmoid with the error $\tfrac12 (O - t)^2$ and for softmax with cross-entropy (leave the average over the
# batch out). About how large is each, and what does that mean for learning from this sample?
#
# Answer in the cell below, in two to five sentences. Formulas are welcome and not needed. Your instructor reads it; it is
# worth 2 points.

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_sure_and_wrong", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** With the sigmoid, $\delta = (O - t)\,O(1 - O) \approx -1 \cdot 0.0001$: the slope of a saturated sigmoid
# takes the error away, and the sample that is most wrong teaches almost nothing. With softmax and cross-entropy
# $\delta = p - 1 \approx -1$: no slope is left in it, and the push is the largest there is. So cross-entropy mends a
# certain mistake quickly and the squared error slowly.
#
# **Rubric, 2 points**
#
# - 1 for both sizes: about 0.0001 and about 1; a sign is not asked for.
# - 1 for the reason and what follows: the factor $O(1-O)$ vanishes for a saturated sigmoid, and is not there (it cancels) for
#   cross-entropy; so with the squared error almost nothing is learned from this sample. Either half earns ½.
# ### END SOLUTION

# %% [markdown]
# ## What you can do now
#
# - send a gradient back through an activation with a kink, and say what happens at the kink;
# - compute softmax and cross-entropy so that no logit is too large for it;
# - say why the gradient at the logits is what the network says minus what is true;
# - write the whole backward pass of a classifier, take a step with it, and train.
#
# An open question: add 5 to both entries of `b2` and compute the step again. Loss and gradients stay what they were. So
# the network has a direction in which nothing ever pushes it. How many such directions does it have, and does training
# ever move along them?
