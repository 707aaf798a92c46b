# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lab 01: the chain rule
#
# In this lab you write the small pieces that every backward pass is made of: a chain of two slopes, the product rule, the
# slopes of three activations, softmax with its Jacobian, and the numerical gradient that judges them all. It takes 60 to
# 90 minutes. The theory is in the chapter *The chain rule* of the book.
#
# One sentence carries the whole lab: **along a path slopes are multiplied, and where paths meet they are added.**
#
# | symbol | meaning | shape in code |
# |---|---|---|
# | `net` | pre-activation: what goes into an activation | any |
# | `O = σ(net)` | what comes out of it | like `net` |
# | ${\color{#c2480c}{\sigma'(\mathrm{net})}}$ | local slope of the activation | like `net` |
# | `z` | logits, the scores that go into softmax | `(N, K)`, one row a sample |
# | `p = softmax(z)` | probabilities | `(N, K)`, each row sums to 1 |
# | ${\color{#3355ee}{g = \partial E/\partial p}}$ | upstream gradient: how the loss E changes with the probabilities | `(N, K)` |
# | `h` | step of a difference quotient | a number |
#
# All arrays are NumPy arrays of `float64`. No PyTorch in your code: it is what your answers are compared with.
#
# **How to work.** Replace each `raise NotImplementedError` by your code and run the cell, then run the check under it.
# A check calls your function with several inputs, among them zeros, a batch of one and square arrays, and tells you what
# is right and what is not. You can run it as often as you like. Two rules hold for every function: it leaves its arguments
# as they were, and a second call with the same arguments gives the same answer.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

from autograder import check

# %% [markdown]
# ## 1. A chain of two steps
#
# $$y_1 = x\,w_1 + b_1, \qquad y_2 = y_1\,w_2 + b_2 .$$
#
# The weight $w_1$ reaches $y_2$ along one path, through $y_1$, and the chain rule multiplies the slopes along it:
#
# $$\frac{\partial y_2}{\partial w_1} = \frac{\partial y_2}{\partial y_1} \cdot \frac{\partial y_1}{\partial w_1} .$$
#
# Write `chain_two_affine(x, w1, b1, w2, b2)`.
#
# - all five arguments are numbers
# - returns a tuple of three numbers: $(\partial y_2/\partial y_1,\ \partial y_1/\partial w_1,\ \partial y_2/\partial w_1)$;
#   each earns its own point
#
# For x = 1, w1 = 2, b1 = 1, w2 = 2, b2 = 1 the answer is (2, 1, 2). Other numbers tell more.


# %% nbgrader={"grade": false, "grade_id": "chain_two_affine", "locked": false, "schema_version": 3, "solution": true, "task": false}
def chain_two_affine(x, w1, b1, w2, b2):
    """Return (∂y2/∂y1, ∂y1/∂w1, ∂y2/∂w1) of y1 = x·w1 + b1, y2 = y1·w2 + b2; all numbers."""
    ### BEGIN SOLUTION
    dy2_dy1 = w2
    dy1_dw1 = x
    dy2_dw1 = dy2_dy1 * dy1_dw1
    return dy2_dy1, dy1_dw1, dy2_dw1
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "chain_two_affine_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(chain_two_affine)

# %% [markdown]
# ## 2. The product rule
#
# In a product of two functions of the same variable, both factors move. Each is one path to the product, and the slope of
# that path is the other factor's value.
#
# Write `product_rule(f, df, g, dg)`, which returns the derivative of the product f·g.
#
# - `f`, `df`: the value of f and of its derivative f′ at one point; `g`, `dg`: the same of g
# - all four are numbers, or all four are arrays of one shape (a point an entry)
# - returns: a number, or an array of that shape


# %% nbgrader={"grade": false, "grade_id": "product_rule", "locked": false, "schema_version": 3, "solution": true, "task": false}
def product_rule(f, df, g, dg):
    """Return (f·g)′ from the values f, g and the slopes df, dg at the same point; numbers or arrays of one shape."""
    ### BEGIN SOLUTION
    through_f = df * g
    through_g = f * dg
    return through_f + through_g
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "product_rule_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(product_rule)

# %% [markdown]
# ## 3. The slope of the sigmoid
#
# $$O = \sigma(\mathrm{net}) = \frac{1}{1 + e^{-\mathrm{net}}} .$$
#
# Write `sigmoid_slope(O)`, which returns ${\color{#c2480c}{\sigma'(\mathrm{net})}}$ **from the output** O. A layer keeps its
# output anyway; with this formula it need not keep net as well.
#
# - `O`: outputs of a sigmoid, between 0 and 1, both included; an array of any shape, or a number
# - returns: the same shape; a number for a number


# %% nbgrader={"grade": false, "grade_id": "sigmoid_slope", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sigmoid_slope(O):
    """Return dO/dnet of O = σ(net) from O, an array of any shape or a number."""
    ### BEGIN SOLUTION
    remaining = 1 - O
    return O * remaining
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "sigmoid_slope_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(sigmoid_slope)

# %% [markdown]
# ## 4. The slope of tanh
#
# Write `tanh_slope(O)`, the same for $O = \tanh(\mathrm{net})$. At net = 0 tanh climbs four times as steeply as the
# sigmoid.
#
# - `O`: outputs of a tanh, between −1 and 1, both included; an array of any shape, or a number
# - returns: the same shape; a number for a number


# %% nbgrader={"grade": false, "grade_id": "tanh_slope", "locked": false, "schema_version": 3, "solution": true, "task": false}
def tanh_slope(O):
    """Return dO/dnet of O = tanh(net) from O, an array of any shape or a number."""
    ### BEGIN SOLUTION
    return (1 + O) * (1 - O)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "tanh_slope_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(tanh_slope)

# %% [markdown]
# ## 5. The slope of LeakyReLU
#
# LeakyReLU hands a positive net on as it is and shrinks a negative one by a factor a, the `negative_slope`:
#
# $$O = \mathrm{net} \;\text{ for } \mathrm{net} > 0, \qquad O = a\,\mathrm{net} \;\text{ for } \mathrm{net} \le 0 .$$
#
# Write `leaky_relu_slope(net, negative_slope)`, which returns the slope at every entry.
#
# - `net`: an array of any shape, also one without axes (shape `()`)
# - `negative_slope`: a number, $0 \le a < 1$; with 0 it is the plain ReLU
# - returns: an array of net's shape
#
# At exactly 0 there is no slope; like PyTorch we take `negative_slope` there.


# %% nbgrader={"grade": false, "grade_id": "leaky_relu_slope", "locked": false, "schema_version": 3, "solution": true, "task": false}
def leaky_relu_slope(net, negative_slope):
    """Return dO/dnet of LeakyReLU, in net's shape; `negative_slope` where net ≤ 0."""
    ### BEGIN SOLUTION
    return np.where(net > 0, 1.0, negative_slope)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "leaky_relu_slope_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check(leaky_relu_slope)

# %% [markdown]
# ## 6. Softmax
#
# Softmax turns K scores into K probabilities:
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}} .$$
#
# Write `softmax(z)`.
#
# - `z`: logits, shape `(N, K)`, one sample a row
# - returns: shape `(N, K)`; every row sums to 1
#
# 2 points for the values, 1 for stability: the answer must stay exact for logits near ±1000, where $e^{z}$ is infinite or
# 0, also when one row of the batch lies near 1000 and the next near −1000. What happens to p when the same number is
# subtracted from every logit of a row?


# %% nbgrader={"grade": false, "grade_id": "softmax", "locked": false, "schema_version": 3, "solution": true, "task": false}
def softmax(z):
    """Return the probabilities (N, K) of the logits z (N, K), row by row; exact for logits near ±1000."""
    ### BEGIN SOLUTION
    shifted = z - z.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    return powers / powers.sum(axis=1, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "softmax_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(softmax)

# %% [markdown]
# ## 7. The Jacobian of softmax
#
# Every probability depends on every logit, because all share one denominator. The slopes form a matrix,
#
# $$J_{ij} = \frac{\partial p_i}{\partial z_j} = p_i\,(\delta_{ij} - p_j),$$
#
# where $\delta_{ij}$ (Kronecker's delta) is 1 for i = j and 0 otherwise.
#
# Write `softmax_jacobian(p)` for one sample.
#
# - `p`: the probabilities of one sample, shape `(K,)`; some may be 0
# - returns: shape `(K, K)`, row i for $p_i$, column j for $z_j$
#
# One point for the diagonal, one for the rest.


# %% nbgrader={"grade": false, "grade_id": "softmax_jacobian", "locked": false, "schema_version": 3, "solution": true, "task": false}
def softmax_jacobian(p):
    """Return ∂p_i/∂z_j, shape (K, K), of p = softmax(z) from p, shape (K,)."""
    ### BEGIN SOLUTION
    return np.diag(p) - np.outer(p, p)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "softmax_jacobian_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(softmax_jacobian)

# %% [markdown]
# ## 8. Back through softmax
#
# A layer above has sent down the upstream gradient ${\color{#3355ee}{g_i = \partial E/\partial p_i}}$. The logit $z_k$ reaches
# E through all K probabilities, so there are K paths, and they add:
#
# $$\frac{\partial E}{\partial z_k} = \sum_i {\color{#3355ee}{g_i}}\, {\color{#c2480c}{p_i(\delta_{ik} - p_k)}} .$$
#
# Write `softmax_backward(p, upstream)` for a batch.
#
# - `p`: probabilities, shape `(N, K)`, one sample a row
# - `upstream`: $\partial E/\partial p$, shape `(N, K)`
# - returns: $\partial E/\partial z$, shape `(N, K)`
#
# Do it without building the matrix: take the sum apart on paper first and see what is left of it. (The check looks at the
# numbers only. But with 50 000 words to choose from, the matrix of a single sample fills 20 GB.)


# %% nbgrader={"grade": false, "grade_id": "softmax_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def softmax_backward(p, upstream):
    """Return ∂E/∂z, shape (N, K), of p = softmax(z) from p and the upstream gradient, both (N, K)."""
    ### BEGIN SOLUTION
    weighted_mean = (upstream * p).sum(axis=1, keepdims=True)
    return p * (upstream - weighted_mean)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "softmax_backward_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(softmax_backward)

# %% [markdown]
# ## 9. The numerical gradient
#
# Whoever does not trust a formula can measure. Move one entry of x by h up and by h down, and see how f answers:
#
# $$\frac{\partial f}{\partial x_i} \approx \frac{f(x + h e_i) - f(x - h e_i)}{2h},$$
#
# where $e_i$ is 1 in entry i and 0 elsewhere. These are *central* differences.
#
# Write `numerical_gradient(f, x, h=1e-5)`.
#
# - `f`: a function that takes an array of x's shape and returns one number
# - `x`: an array of any shape, also one without axes (shape `()`), a view into another array (every second entry, say, or a
#   transpose), or integers, which cannot hold a step of $10^{-5}$
# - `h`: the step, to be used as it is passed
# - returns: an array of x's shape
#
# 2 points for the values. 1 more if x is bit for bit the same afterwards: adding h and subtracting it again does not always
# give the old number back.


# %% nbgrader={"grade": false, "grade_id": "numerical_gradient", "locked": false, "schema_version": 3, "solution": true, "task": false}
def numerical_gradient(f, x, h=1e-5):
    """Return the gradient of f at x by central differences of step h, in x's shape; x stays as it was."""
    ### BEGIN SOLUTION
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "numerical_gradient_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(numerical_gradient)

# %% [markdown]
# ## 10. Near enough?
#
# Two gradients never agree to the last digit. How near they are is told by the relative error, entry by entry, with a floor
# under the denominator:
#
# $$\frac{|a - b|}{\max(|a| + |b|,\; 10^{-8})} .$$
#
# Write `relative_error(a, b)`, which returns the largest of these.
#
# - `a`, `b`: arrays of one shape, with one or more axes
# - returns: one number, between 0 and 1
#
# Two entries that are both 0 have error 0, not 0/0.


# %% nbgrader={"grade": false, "grade_id": "relative_error", "locked": false, "schema_version": 3, "solution": true, "task": false}
def relative_error(a, b):
    """Return max |a − b| / max(|a| + |b|, 1e-8) over all entries of two arrays of one shape."""
    ### BEGIN SOLUTION
    size = np.abs(a) + np.abs(b)
    return np.max(np.abs(a - b) / np.maximum(size, 1e-8))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "relative_error_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(relative_error)

# %% [markdown]
# Now let one half of the lab judge the other: the last two functions check the backward pass of softmax.


# %%
def judge_softmax():
    """Print how far softmax_backward is from difference quotients, for a random batch and a random upstream gradient."""
    rng = np.random.default_rng(0)
    z, upstream = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    by_hand = softmax_backward(softmax(z), upstream)
    measured = numerical_gradient(lambda logits: np.sum(upstream * softmax(logits)), z)
    print(f"relative error {relative_error(by_hand, measured):.1e}")


# judge_softmax()  # take the # away once the functions are written

# %% [markdown]
# ## In your own words
#
# `numerical_gradient` steps $h = 10^{-5}$ to each side. Somebody wants a more exact answer and passes $h = 10^{-13}$.
# For a function whose values are near 1, about how large does the error become, and why? And why is a large step such as
# $h = 0.1$ no better?
#
# Answer in the cell below, in two to five sentences. Formulas are welcome and not needed. Your instructor reads it; it is
# worth 2 points.

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_step_size", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** Numbers near 1 are kept to about 16 digits, so $f(x+h)$ and $f(x-h)$ each carry an error of about
# $10^{-16}$. They agree in nearly all their digits; subtracting cancels those and keeps the errors, and dividing by
# $2h = 2\cdot 10^{-13}$ makes them about $10^{-3}$. With a large step the formula itself is wrong: the slope of the chord is
# not the slope at x, and the difference grows like $h^2$, with the third derivative.
#
# **Rubric, 2 points**
#
# - 1 for the small step: the rounding error of f is divided by h and so grows, to about $10^{-3}$. Any answer from $10^{-4}$
#   to $10^{-2}$, or "only two or three digits are left", will do; "rounding" without the division by h earns ½.
# - 1 for the large step: the function bends within it, so the chord is not the tangent. The power of h is not asked for.
# ### END SOLUTION

# %% [markdown]
# ## What you can do now
#
# - follow a path through a formula and multiply the slopes on it;
# - say which paths add, and why the product rule has two terms;
# - give the slope of sigmoid and tanh from their output, and of LeakyReLU on both sides of 0;
# - send a gradient back through softmax without its Jacobian;
# - measure a gradient instead of deriving it, and say how near two gradients are.
#
# An open question: call `judge_softmax` with 1000 added to every logit of one row. What does the numerical gradient see,
# and what would it see with a softmax that subtracts nothing?
