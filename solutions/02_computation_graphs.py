# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lab 02: computation graphs
#
# In this lab you write backpropagation in its general form. First the backward pass of single nodes, then a small
# machine that does it for any graph of numbers, and at the end you fit a weight with it. It takes 60 to 90 minutes. The
# theory is in the chapter *Computation graphs* of the book.
#
# Two sentences carry the whole lab: **along an edge, what arrives from above is multiplied by the local slope; where
# several edges arrive, their contributions are added.**
#
# | symbol | meaning | shape in code |
# |---|---|---|
# | $L$ | loss: the number at the end of the graph; $E$ in the other labs | a number |
# | ${\color{#3355ee}{g = \partial L/\partial z}}$ | upstream gradient of a node $z$ | like `z` |
# | ${\color{#c2480c}{\partial z/\partial x}}$ | local slope of $z$ towards its input $x$ | like `x` |
# | $\partial L/\partial x$ | ${\color{#3355ee}{g}}\cdot{\color{#c2480c}{\partial z/\partial x}}$, added up over all nodes that use $x$ | like `x` |
# | `dx`, `dw` | $\partial L/\partial x$, $\partial L/\partial w$ | like `x`, `w` |
#
# Arrays are NumPy arrays of `float64`. No PyTorch in your code: it is what your answers are compared with.
#
# **How to work.** Replace each `raise NotImplementedError` by your code and run the cell, then run the check under it.
# A check asks with several inputs, tells you what is right and what is not, and can be run as often as you like. Two
# rules hold for every function: it leaves its arguments as they were, and a second call with the same arguments gives the
# same answer. You may call what you wrote further up. If that is not right yet, it costs you nothing further down: where
# an exercise fails, the check tries it again with right ones in their place.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

from autograder import check

# %% [markdown]
# ## 1. A multiplication
#
# A node computes $z = x \cdot w$. From above it is given ${\color{#3355ee}{g = \partial L/\partial z}}$.
#
# Write `multiply_backward(x, w, upstream)`, which returns what the node hands to its two inputs.
#
# - `x`, `w`: numbers, or arrays of one shape that are multiplied entry by entry; integers occur
# - `upstream`: $\partial L/\partial z$, of the same shape
# - returns a tuple `(dx, dw)`: $\partial L/\partial x$ and $\partial L/\partial w$, each of that shape
#
# For x = 2, w = 3 and an upstream gradient of 5 the answer is (15, 10). Each of the two earns its own point.


# %% nbgrader={"grade": false, "grade_id": "multiply_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def multiply_backward(x, w, upstream):
    """Return (∂L/∂x, ∂L/∂w) of z = x·w, entry by entry, from the upstream gradient ∂L/∂z; all of one shape."""
    ### BEGIN SOLUTION
    dx = upstream * w
    dw = upstream * x
    return dx, dw
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "multiply_backward_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(multiply_backward)

# %% [markdown]
# ## 2. An addition
#
# A node computes $z = a + b$. With numbers, or arrays of one shape, there is not much to it. But NumPy also adds arrays of
# different shapes: it repeats, or *broadcasts*, the entries of one of them, or of both, to fit. A bias of shape `(M,)` is
# added to every one of the N rows of an `(N, M)` array. Each copy is used once, so an entry reaches the loss along as many
# paths as it has copies.
#
# Write `add_backward(a, b, upstream)`.
#
# - `a`, `b`: numbers or arrays that NumPy can add; where a shape is repeated, this may be along new axes in front
#   (`(3,)` to `(4, 3)`), along axes of size 1 (`(4, 1)` to `(4, 3)`), or both; a number is repeated to any shape
# - `upstream`: $\partial L/\partial z$, of the shape of `a + b`
# - returns a tuple `(da, db)`: `da` has exactly the shape of `a`, `db` exactly that of `b`
#
# One point for `da` and one for `db` where no shape is repeated, one for all the cases where one is. `np.sum` has an
# argument `axis`, which can be a tuple, and an argument `keepdims`.


# %% nbgrader={"grade": false, "grade_id": "add_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def add_backward(a, b, upstream):
    """Return (∂L/∂a, ∂L/∂b) of z = a + b, with the shapes of a and b, from ∂L/∂z, which has the shape of a + b."""

    ### BEGIN SOLUTION
    def add_up_copies(shape):
        gradient = np.asarray(upstream)
        while gradient.ndim > len(shape):
            gradient = gradient.sum(axis=0)
        stretched = tuple(axis for axis, size in enumerate(shape) if size == 1)
        return gradient.sum(axis=stretched, keepdims=True)

    return add_up_copies(np.shape(a)), add_up_copies(np.shape(b))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "add_backward_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(add_backward)

# %% [markdown]
# ## 3. Two linear layers are one
#
# A layer without an activation, called linear or affine, computes $xW_1 + b_1$, and a second one on top of it
# $(xW_1 + b_1)\,W_2 + b_2$. Multiply out: the result is again of the form $xW + b$.
#
# Write `collapse_affine(W1, b1, W2, b2)`, which returns that W and that b.
#
# - `W1`: shape `(D, H)`, `b1`: `(H,)`, `W2`: `(H, K)`, `b2`: `(K,)`
# - returns a tuple `(W, b)`: `W` of shape `(D, K)`, `b` of shape `(K,)`, such that `x @ W + b` equals
#   `(x @ W1 + b1) @ W2 + b2` for every x


# %% nbgrader={"grade": false, "grade_id": "collapse_affine", "locked": false, "schema_version": 3, "solution": true, "task": false}
def collapse_affine(W1, b1, W2, b2):
    """Return (W, b), shapes (D, K) and (K,), of the one affine layer that equals the two."""
    ### BEGIN SOLUTION
    return W1 @ W2, b1 @ W2 + b2
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "collapse_affine_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(collapse_affine)

# %% [markdown]
# ## 4. A squared error, edge by edge
#
# A prediction $\hat y = x \cdot w$, its error $r = \hat y - y$, and the loss $r^2$:
#
# $$x, w \;\to\; \hat y = x w \;\to\; r = \hat y - y \;\to\; \mathrm{loss} = r^2 .$$
#
# Write `squared_error_gradients(x, w, y)`, which walks back from the loss to the weight.
#
# - `x`, `w`, `y`: numbers; integers occur
# - returns a tuple of three numbers: $\partial\,\mathrm{loss}/\partial r$, $\partial\,\mathrm{loss}/\partial \hat y$,
#   $\partial\,\mathrm{loss}/\partial w$
#
# There is no ½ in this loss. For x = 1, w = 1 and y = 2 all three are −2. Each earns its own point.


# %% nbgrader={"grade": false, "grade_id": "squared_error_gradients", "locked": false, "schema_version": 3, "solution": true, "task": false}
def squared_error_gradients(x, w, y):
    """Return (∂loss/∂r, ∂loss/∂ŷ, ∂loss/∂w) for ŷ = x·w, r = ŷ − y, loss = r²; all numbers."""
    ### BEGIN SOLUTION
    r = x * w - y
    dloss_dr = 2 * r
    dloss_dyhat = dloss_dr * 1
    dloss_dw = dloss_dyhat * x
    return dloss_dr, dloss_dyhat, dloss_dw
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "squared_error_gradients_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(squared_error_gradients)

# %% [markdown]
# ## 5. Nodes that remember
#
# From here on you build a small machine that finds gradients by itself. Its pieces are nodes. A node is a `Value`: it
# holds a number, and it remembers from which nodes that number was made, and how steeply it depends on each of them.
#
# - `.data`: the number
# - `.grad`: $\partial L/\partial\,\mathrm{node}$, 0.0 until a backward pass sets it
# - `.parents`: a tuple of the Values it was made from, its inputs
# - `.slopes`: a tuple of numbers, as long as `.parents`;
#   ${\color{#c2480c}{\texttt{slopes[i]} = \partial\,\mathrm{node}/\partial\,\texttt{parents[i]}}}$
#
# `__init__` and `__add__` are given. With them, `a + b` works for Values, and a number on either side is made a Value
# first. An addition has the slopes 1 and 1.
#
# Write
#
# - `__mul__`, so that `a * b` gives a new Value: the product, for two Values or for a Value and a number; `a * a` counts
#   as well;
# - `__rmul__`, which Python calls for `3.0 * a`, where the number comes first;
# - `sigmoid`, which gives a new Value holding $\sigma(a) = 1/(1 + e^{-a})$, whose slope is $\sigma(1-\sigma)$.
#
# The nodes that go in stay as they are. Parents are Values, slopes plain numbers. Two points for the product, with the
# number on either side, and one for `sigmoid`.


# %% nbgrader={"grade": false, "grade_id": "Value", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Value:
    """A number in a computation graph, with the nodes it was made from and its slope towards each of them."""

    def __init__(self, data, parents=(), slopes=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.slopes = slopes

    def __add__(self, other):
        """Return the node self + other; other is a Value or a number."""
        summand = other if isinstance(other, Value) else Value(other)
        return Value(self.data + summand.data, parents=(self, summand), slopes=(1.0, 1.0))

    def __radd__(self, number):
        """Return the node number + self."""
        return self + number

    def __mul__(self, other):
        """Return the node self · other; other is a Value or a number."""
        ### BEGIN SOLUTION
        factor = other if isinstance(other, Value) else Value(other)
        return Value(self.data * factor.data, parents=(self, factor), slopes=(factor.data, self.data))
        ### END SOLUTION

    def __rmul__(self, number):
        """Return the node number · self."""
        ### BEGIN SOLUTION
        return self * number
        ### END SOLUTION

    def sigmoid(self):
        """Return the node σ(self)."""
        ### BEGIN SOLUTION
        activation = 1 / (1 + np.exp(-self.data))
        return Value(activation, parents=(self,), slopes=(activation * (1 - activation),))
        ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "Value_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(Value)

# %% [markdown]
# ## 6. Consumers first
#
# In a backward pass a node may hand its gradient on only when it is complete: when every node that uses it, its
# *consumers*, has added its share. So the nodes have to be put in order.
#
# Write `topological_order(root)`.
#
# - `root`: a node with `.parents`, as above
# - returns a list of nodes: `root` and every node it was made from, directly or through others, each exactly once, every
#   node after all of its parents. So the root comes last. Where several orders do that, any will do.
#
# Two nodes are the same only if they are the same object (`is`); different nodes may hold equal numbers. A graph can be
# deep: a chain of 10 000 nodes has to work. A function that calls itself for each parent gives up at about 1 000, so keep
# your own list of nodes still to be dealt with. The nodes stay as they are: leave no marks on them.


# %% nbgrader={"grade": false, "grade_id": "topological_order", "locked": false, "schema_version": 3, "solution": true, "task": false}
def topological_order(root):
    """Return the list of root and all nodes it was made from, each once, parents before the nodes made from them."""
    ### BEGIN SOLUTION
    order = []
    seen = set()
    waiting = [(root, False)]
    while waiting:
        node, parents_done = waiting.pop()
        if parents_done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            waiting.append((node, True))  # comes back after its parents
            waiting.extend((parent, False) for parent in node.parents)
    return order
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "topological_order_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(topological_order)

# %% [markdown]
# ## 7. The backward pass
#
# Now the machine itself. With $L$ the root, a node's gradient is the sum over all nodes made from it,
#
# $$\frac{\partial L}{\partial\,\mathrm{node}} = \sum_{\text{consumers } c}
# {\color{#3355ee}{\frac{\partial L}{\partial c}}} \cdot {\color{#c2480c}{\frac{\partial c}{\partial\,\mathrm{node}}}} ,$$
#
# and a node that stands twice among the parents of c counts twice.
#
# Write `backward(root)`.
#
# - `root`: a node; its own gradient becomes 1
# - sets `.grad` of the root and of every node it was made from; what it returns does not matter
# - every call starts anew: a second call, or a call from another root, gives what it would have given alone
#
# One point for graphs in which every node is used once, two for graphs in which a node has several consumers, one for
# calls that are repeated. Data, parents and slopes stay as they are.


# %% nbgrader={"grade": false, "grade_id": "backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def backward(root):
    """Set .grad to ∂root/∂node for root and every node it was made from."""
    ### BEGIN SOLUTION
    order = topological_order(root)
    for node in order:
        node.grad = 0.0
    root.grad = 1.0
    for node in reversed(order):
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad += node.grad * slope
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "backward_check", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check(backward)

# %% [markdown]
# Look at a graph of your own making: it can be walked one node at a time, and asks you for the next gradient if you want.


# %%
def show_graph():
    """Draw σ(x·w + x), made of your Values."""
    from computation_graph import draw

    x, w = Value(2.0), Value(-0.5)
    return draw((x * w + x).sigmoid(), x=x, w=w)


# show_graph()  # take the # away once Value is written

# %% [markdown]
# Try your machine on a graph with two paths: $f = (x + w)(x \cdot w)$ at x = 2, w = 3. On paper
# $\partial f/\partial x = w\,(2x + w) = 21$ and $\partial f/\partial w = x\,(x + 2w) = 16$.


# %%
def show_two_paths():
    """Print f = (x + w)(x·w) and its gradients at x = 2, w = 3."""
    x, w = Value(2.0), Value(3.0)
    f = (x + w) * (x * w)
    backward(f)
    print(f"f = {f.data}, gradient at x: {x.grad}, at w: {w.grad}")


# show_two_paths()  # take the # away once exercises 5 to 7 are written

# %% [markdown]
# ## 8. Fitting one weight
#
# Samples $(x_n, y_n)$ are to be predicted by $\hat y = x w$, with the loss $(x w - y)^2$ for each sample. Descent moves w
# against the gradient: $w \leftarrow w - \mathrm{lr}\cdot\partial\,\mathrm{loss}/\partial w$.
#
# Write `fit_slope(xs, ys, w, lr, epochs)`: one update after each sample, in the order given, the next sample with the w
# that came out of it. An epoch goes once through all samples.
#
# - `xs`, `ys`: lists or arrays of N numbers; `w`: the number to start from; `lr`: the learning rate
# - `epochs`: how many times to go through the samples; may be 0
# - returns a list of `epochs` numbers: w at the end of each epoch
#
# For the samples (1, 2), (2, 4), (3, 6), w = 1 and lr = 0.01 the first number is 1.260688.


# %% nbgrader={"grade": false, "grade_id": "fit_slope", "locked": false, "schema_version": 3, "solution": true, "task": false}
def fit_slope(xs, ys, w, lr, epochs):
    """Fit ŷ = x·w by one update after each sample; return the list of w after each epoch."""
    ### BEGIN SOLUTION
    history = []
    for _ in range(epochs):
        for x, y in zip(xs, ys):
            w = w - lr * 2 * (x * w - y) * x
        history.append(w)
    return history
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "fit_slope_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check(fit_slope)

# %% [markdown]
# Look at the fit: w over the epochs, on its way to 2.

# %%
import matplotlib.pyplot as plt


def plot_fit():
    """Draw w over the epochs for three learning rates."""
    for lr in (0.005, 0.01, 0.03):
        plt.plot(fit_slope([1.0, 2.0, 3.0], [2.0, 4.0, 6.0], 1.0, lr, 15), "o-", label=f"lr = {lr}")
    plt.xlabel("epoch")
    plt.ylabel("w")
    plt.legend()
    plt.show()


# plot_fit()  # take the # away once fit_slope is written

# %% [markdown]
# ## In your own words
#
# `backward` visits a node only when all its consumers have been visited. Suppose it did not wait: it visits a node after
# the first of its two consumers. Take $L = a \cdot b + a$ with $a = c + 1$, or a graph of your own. Which gradients come out
# wrong, and what is missing in each?
#
# Answer in the cell below, in two to five sentences. Formulas are welcome and not needed. Your instructor reads it; it is
# worth 2 points.

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_consumers_first", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** a has two consumers, the product and the sum. Visited after the sum alone, a holds a gradient of 1; the
# path through the product, which brings b, is missing. What a passes on is that incomplete 1, so c gets 1 instead of
# $b + 1$, and everything below c is wrong by the same path. b is right: it is reached by one path only, which does not lead
# through a.
#
# **Rubric, 2 points**
#
# - 1 for what is missing: the gradient of the node lacks the path through the consumer that was not yet visited.
# - 1 for what follows: the node passes the incomplete gradient on, so that what lies below (c) is wrong too. "a is wrong",
#   without c, earns nothing here: a itself can still receive the rest later.
# ### END SOLUTION

# %% [markdown]
# ## What you can do now
#
# - write the backward pass of a multiplication and of an addition, broadcasting included;
# - say why two linear layers are no more than one;
# - find every gradient of a graph of numbers by one pass, consumers first, and say why paths are added;
# - fit a weight with gradients you have worked out yourself.
#
# An open question: your machine keeps every node until the backward pass is over. For a chain of a million nodes, how
# could it make do with remembering only a thousand of them at a time, and what would that cost?
