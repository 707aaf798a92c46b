"""Right and wrong solutions of the exercises of chapter 07, written out as a learner would."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from autograder import exercises
from autograder.chapters.without_autograd import IDS
from autograder.checking import draw_cases
from tests.unit.corpus.wrong import Wrong, by_order, in_float32

A = Any
Function: A = torch.autograd.Function


# --- right, several ways


class Saved(Function):
    @staticmethod
    def forward(ctx: A, x: A, W: A, b: A) -> A:
        O = torch.sigmoid(x @ W + b)
        ctx.save_for_backward(x, W, O)
        return O

    @staticmethod
    def backward(ctx: A, upstream: A) -> A:
        x, W, O = ctx.saved_tensors
        delta = upstream * O * (1 - O)
        return delta @ W.T, x.T @ delta, delta.sum(dim=0)


class SetUpApart(Function):
    @staticmethod
    def forward(x: A, W: A, b: A) -> A:
        return 1 / (1 + torch.exp(-(torch.mm(x, W) + b)))

    @staticmethod
    def setup_context(ctx: A, inputs: A, output: A) -> None:
        x, W, _ = inputs
        ctx.save_for_backward(x, W, output)

    @staticmethod
    def backward(ctx: A, upstream: A) -> A:
        x, W, O = ctx.saved_tensors
        delta = torch.einsum("nm,nm,nm->nm", upstream, O, 1 - O)
        return torch.einsum("nm,dm->nd", delta, W), torch.einsum("nd,nm->dm", x, delta), torch.einsum("nm->m", delta)


class OnlyWhatIsNeeded(Function):
    @staticmethod
    def forward(ctx: A, x: A, W: A, b: A) -> A:
        ctx.x, ctx.W = x, W
        ctx.out = (torch.tanh((torch.addmm(b, x, W)) / 2) + 1) / 2
        return ctx.out

    @staticmethod
    def backward(ctx: A, g: A) -> A:
        delta = g * (ctx.out - ctx.out**2)
        dx = (ctx.W @ delta.T).T if ctx.needs_input_grad[0] else None
        dW = (delta.T @ ctx.x).T if ctx.needs_input_grad[1] else None
        return dx, dW, torch.ones(len(delta), dtype=delta.dtype) @ delta


class InNumPy(Function):
    @staticmethod
    def forward(ctx: A, x: A, W: A, b: A) -> A:
        net = x.detach().numpy() @ W.detach().numpy() + b.detach().numpy()
        O = np.exp(-np.logaddexp(0, -net))
        ctx.kept = x.detach().numpy(), W.detach().numpy(), O
        return torch.from_numpy(O)

    @staticmethod
    def backward(ctx: A, g: A) -> A:
        x, W, O = ctx.kept
        dx, dW, db = np.zeros(x.shape), np.zeros(W.shape), np.zeros(W.shape[1])
        for n, row in enumerate(g.numpy()):
            delta = row * O[n] * (1 - O[n])
            dx[n] = W @ delta
            dW += np.outer(x[n], delta)
            db += delta
        return torch.from_numpy(dx), torch.from_numpy(dW), torch.from_numpy(db)


def train_plain(params: A, batches: A, masks: A, lr: A, p: A, negative_slope: A) -> A:
    params, losses = dict(params), []
    for (x, labels), mask in zip(batches, masks, strict=True):
        loss, gradients = loss_and_gradients(params, x, labels, mask, p, negative_slope)
        losses.append(loss)
        params = {name: params[name] - lr * gradients[name] for name in params}
    return losses


def loss_and_gradients(params: A, x: A, labels: A, mask: A, p: A, a: A, **change: A) -> A:
    """The right pass; `change` replaces its lines."""
    W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2"))
    rows = np.arange(len(x))
    net = x @ W1 + b1
    h = np.where(net > 0, net, a * net)
    drop = mask / (1 - p)
    A = h * drop
    z = A @ W2 + b2
    z = z - z.max(axis=1, keepdims=True)
    log_P = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    Y = np.eye(W2.shape[1])[labels]
    loss = -log_P[rows, labels].mean()
    d2 = change["top"](np.exp(log_P), Y, z) if "top" in change else (np.exp(log_P) - Y) / len(x)
    g = change["back"](d2, W2, np.exp(log_P)) if "back" in change else d2 @ W2.T
    g = g * (change["drop"](mask, p) if "drop" in change else drop)
    d1 = change["slope"](g, net, h, a) if "slope" in change else g * np.where(net > 0, 1, a)
    dW2 = change["below"](A, h, net, x).T @ d2 if "below" in change else A.T @ d2
    gradients = {"W1": x.T @ d1, "b1": d1.sum(axis=0), "W2": dW2, "b2": d2.sum(axis=0)}
    return loss, change["after"](gradients, x, d1, A, d2) if "after" in change else gradients


def train_in_place(params: A, batches: A, masks: A, lr: A, p: A, negative_slope: A) -> A:
    W1, b1, W2, b2 = (np.array(params[name]) for name in ("W1", "b1", "W2", "b2"))
    losses = np.zeros(len(batches))
    for step, ((x, labels), mask) in enumerate(zip(batches, masks, strict=True)):
        net = x.dot(W1) + b1
        slope = np.ones_like(net)
        slope[net <= 0] = negative_slope
        keep = mask / (1 - p)
        A = net * slope * keep
        z = A.dot(W2) + b2
        top = z.max(1)
        e = np.exp(z - top[:, None])
        losses[step] = np.mean(np.log(e.sum(1)) + top - z[range(len(x)), labels])
        d2 = e / e.sum(1)[:, None]
        d2[range(len(x)), labels] -= 1
        d2 /= len(x)
        d1 = d2.dot(W2.T) * keep * slope
        W2 -= lr * A.T.dot(d2)
        b2 -= lr * d2.sum(0)
        W1 -= lr * x.T.dot(d1)
        b1 -= lr * d1.sum(0)
    return losses


def train_sample_by_sample(params: A, batches: A, masks: A, lr: A, p: A, negative_slope: A) -> A:
    """Gradients summed over samples one at a time, an update a batch."""
    now = {name: value.copy() for name, value in params.items()}
    losses = []
    for (x, labels), mask in zip(batches, masks, strict=True):
        N, total, loss = len(x), {name: np.zeros(value.shape) for name, value in now.items()}, 0.0
        for n in range(N):
            one, gradients = loss_and_gradients(now, x[n][None], labels[n : n + 1], mask[n][None], p, negative_slope)
            loss += one / N
            for name in total:
                total[name] += gradients[name] / N
        losses.append(loss)
        for name in now:
            now[name] = now[name] - lr * total[name]
    return tuple(losses)


def train_einsum(params: A, batches: A, masks: A, lr: A, p: A, negative_slope: A) -> A:
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    losses = []
    for (x, labels), mask in zip(batches, masks, strict=True):
        net = np.einsum("nd,dh->nh", x, W1) + b1
        A = np.maximum(net, negative_slope * net) * mask / (1 - p)
        z = np.einsum("nh,hk->nk", A, W2) + b2
        log_sum = np.logaddexp.reduce(z, axis=1)
        losses.append(np.array(np.mean(log_sum - np.take_along_axis(z, labels[:, None], 1)[:, 0])))
        d2 = (np.exp(z - log_sum[:, None]) - (np.arange(z.shape[1]) == labels[:, None])) / len(x)
        d1 = np.einsum("nk,hk->nh", d2, W2) * mask / (1 - p) * ((net > 0) + negative_slope * (net <= 0))
        W2, b2 = W2 - lr * np.einsum("nh,nk->hk", A, d2), b2 - lr * np.einsum("nk->k", d2)
        W1, b1 = W1 - lr * np.einsum("nd,nh->dh", x, d1), b1 - lr * np.einsum("nh->h", d1)
    return losses


class InPlaceOnOwn(Function):
    @staticmethod
    def forward(ctx: A, x: A, W: A, b: A) -> A:
        O = torch.matmul(x, W)
        O += b
        O.sigmoid_()
        ctx.save_for_backward(x, W, O)
        return O

    @staticmethod
    def backward(ctx: A, upstream: A) -> A:
        x, W, O = ctx.saved_tensors
        delta = 1 - O
        delta *= O
        delta *= upstream
        return torch.matmul(delta, W.t()), torch.matmul(x.t(), delta), torch.sum(delta, 0)


class BySample(Function):
    """One sample at a time."""

    @staticmethod
    def forward(ctx: A, x: A, W: A, b: A) -> A:
        O = torch.stack([torch.sigmoid(row @ W + b) for row in x])
        ctx.save_for_backward(x, W, O)
        return O

    @staticmethod
    def backward(ctx: A, upstream: A) -> A:
        x, W, O = ctx.saved_tensors
        deltas = [g * o * (1 - o) for g, o in zip(upstream, O, strict=True)]
        dW = sum(torch.outer(row, delta) for row, delta in zip(x, deltas, strict=True))
        return torch.stack([W @ delta for delta in deltas]), dW, sum(deltas)


class Logaddexp(Function):
    """From log σ(net) and log σ(−net)."""

    @staticmethod
    def forward(ctx: A, x: A, W: A, b: A) -> A:
        net = torch.addmm(b, x, W)
        ctx.save_for_backward(x, W, net)
        return torch.exp(-torch.logaddexp(torch.zeros_like(net), -net))

    @staticmethod
    def backward(ctx: A, upstream: A) -> A:
        x, W, net = ctx.saved_tensors
        zero = torch.zeros_like(net)
        delta = upstream * torch.exp(-torch.logaddexp(zero, -net) - torch.logaddexp(zero, net))
        return torch.einsum("nm,dm->nd", delta, W), torch.einsum("nd,nm->dm", x, delta), delta.sum(0)


class Trainer:
    def __init__(self, params: A, lr: A, p: A, a: A) -> None:
        self.params = {name: np.copy(value) for name, value in params.items()}
        self.lr, self.p, self.a = lr, p, a

    def step(self, batch: A, mask: A) -> A:
        x, labels = batch
        loss, gradients = loss_and_gradients(self.params, x, labels, mask, self.p, self.a)
        for name in ("b2", "b1", "W2", "W1"):
            self.params[name] -= self.lr * gradients[name]
        return float(loss)


def train_in_a_class(params: A, batches: A, masks: A, lr: A, p: A, negative_slope: A) -> A:
    trainer = Trainer(params, lr, p, negative_slope)
    return [trainer.step(*one) for one in zip(batches, masks, strict=True)]


def train_recursive(params: A, batches: A, masks: A, lr: A, p: A, negative_slope: A) -> A:
    """The first step, then the rest."""
    if not batches:
        return []
    x, labels = batches[0]
    loss, gradients = loss_and_gradients(params, x, labels, masks[0], p, negative_slope)
    new = {name: np.subtract(params[name], lr * gradients[name]) for name in params}
    return [loss, *train_recursive(new, batches[1:], masks[1:], lr, p, negative_slope)]


def train_one_vector(params: A, batches: A, masks: A, lr: A, p: A, negative_slope: A) -> A:
    """All parameters in one row."""
    names = list(params)
    ends = np.cumsum([params[name].size for name in names])[:-1]
    row = np.concatenate([params[name].ravel() for name in names])
    losses = []
    for (x, labels), mask in zip(batches, masks, strict=True):
        parts = zip(names, np.split(row, ends), strict=True)
        now = {name: part.reshape(params[name].shape) for name, part in parts}
        loss, gradients = loss_and_gradients(now, x, labels, mask, p, negative_slope)
        losses.append(loss)
        row = row - lr * np.concatenate([gradients[name].ravel() for name in names])
    return np.array(losses)


def _right_id(number: int) -> str:
    bug = exercises()[f"bug_{number}"]
    return IDS[int(bug.expected(draw_cases(bug, 0)[0])["value"])]


ID_AS_MEANT: list[Callable[[str], str]] = [
    str.upper,
    str.title,
    lambda id: id.replace("-", "_"),
    lambda id: id.replace("-", " ").capitalize(),
    lambda id: f"`{id}`",
    lambda id: f"'{id}'.",
    lambda id: "".join(word.capitalize() for word in id.split("-")),
    lambda id: id.replace("-", "\u2011"),
    lambda id: f"“{id.replace('-', ' – ')}”",
]


_BUGS: dict[str, list[Callable[..., A]]] = {
    f"bug_{number}": [
        partial(_right_id, number),
        lambda number=number: np.str_(_right_id(number)),
        lambda number=number: f" {_right_id(number)}\n",
        *(partial(lambda write, n: write(_right_id(n)), write, number) for write in ID_AS_MEANT),
    ]
    for number in range(1, 6)
}
RIGHT: dict[str, list[Callable[..., A]]] = {
    "SigmoidLinear": [
        Saved,
        SetUpApart,
        OnlyWhatIsNeeded,
        InNumPy,
        InPlaceOnOwn,
        BySample,
        Logaddexp,
    ],
    "train_by_hand": [
        train_plain,
        train_in_place,
        train_sample_by_sample,
        train_einsum,
        train_in_a_class,
        train_recursive,
        train_one_vector,
    ],
    **_BUGS,
}


# --- wrong

WRONG: list[Wrong] = []


def wrong(exercise: str, label: str, solution: Callable[..., A], mistake: str | None, parts: str = "value") -> None:
    WRONG.append(Wrong(exercise, solution, tuple(parts.split(",")), mistake, label))


# SigmoidLinear
def function(
    delta: A = lambda g, O, net: g * O * (1 - O),
    back: A = lambda d, x, W: (d @ W.T, x.T @ d, d.sum(0)),
    forward: A = lambda x, W, b: torch.sigmoid(x @ W + b),
) -> A:
    """Return the right class with one of its lines replaced."""

    class Changed(Function):
        @staticmethod
        def forward(ctx: A, x: A, W: A, b: A) -> A:
            ctx.save_for_backward(x, W, x @ W + b)
            return forward(x, W, b)

        @staticmethod
        def backward(ctx: A, g: A) -> A:
            x, W, net = ctx.saved_tensors
            return back(delta(g, torch.sigmoid(net), net), x, W)

    return Changed


S, GRADIENTS = "SigmoidLinear", "dx,dW,db"
wrong(S, "slope missing", function(lambda g, O, net: g), "slope-missing", GRADIENTS)
wrong(S, "slope twice", function(lambda g, O, net: g * (O * (1 - O)) ** 2), "slope-twice", GRADIENTS)
wrong(S, "slope of tanh", function(lambda g, O, net: g * (1 - O * O)), "slope-of-tanh", GRADIENTS)
wrong(S, "slope from net", function(lambda g, O, net: g * net * (1 - net)), "slope-from-net", GRADIENTS)
wrong(S, "half a slope", function(lambda g, O, net: g * O), "slope-half", GRADIENTS)
wrong(S, "plus", function(lambda g, O, net: g * O * (1 + O)), "slope-plus", GRADIENTS)
wrong(
    S,
    "sigmoid again",
    function(lambda g, O, net: g * O.sigmoid() * (1 - O.sigmoid())),
    "sigmoid-of-activation",
    GRADIENTS,
)
wrong(S, "upstream ignored", function(lambda g, O, net: O * (1 - O)), "upstream-ignored", GRADIENTS)
wrong(S, "sign", function(lambda g, O, net: -g * O * (1 - O)), "sign", GRADIENTS)
wrong(S, "factor 2", function(lambda g, O, net: 2 * g * O * (1 - O)), "factor-two", GRADIENTS)
wrong(S, "mean", function(lambda g, O, net: g * O * (1 - O) / len(g)), "batch-mean", GRADIENTS)
wrong(S, "largest upstream", function(lambda g, O, net: g.abs() * O * (1 - O)), None, GRADIENTS)
wrong(S, "square root of the slope", function(lambda g, O, net: g * (O * (1 - O)).sqrt()), None, GRADIENTS)
wrong(S, "clamped slope", function(lambda g, O, net: g * (O * (1 - O)).clamp(min=0.1)), None, GRADIENTS)
wrong(
    S,
    "first sample only",
    function(back=lambda d, x, W: (d @ W.T, torch.outer(x[0], d[0]), d[0])),
    "first-sample-only",
    "dW,db",
)
wrong(
    S, "weights transposed", function(back=lambda d, x, W: (d @ W, x.T @ d, d.sum(0))), "weights-transposed", GRADIENTS
)
wrong(
    S,
    "dx from W transposed where it fits",
    function(back=lambda d, x, W: (d @ (W if W.shape[0] == W.shape[1] else W.T), x.T @ d, d.sum(0))),
    "weights-transposed",
    "dx",
)
wrong(S, "dW as nn.Linear stores it", function(back=lambda d, x, W: (d @ W.T, d.T @ x, d.sum(0))), "transposed", "dW")
wrong(
    S,
    "dW without x",
    function(back=lambda d, x, W: (d @ W.T, torch.ones_like(x).T @ d, d.sum(0))),
    "input-ignored",
    "dW",
)
wrong(
    S,
    "sums before the product",
    function(back=lambda d, x, W: (d @ W.T, torch.outer(x.sum(0), d.sum(0)), d.sum(0))),
    "sums-before-product",
    "dW",
)
wrong(S, "db not summed", function(back=lambda d, x, W: (d @ W.T, x.T @ d, d)), "batch-not-summed", "db")
wrong(S, "db a row", function(back=lambda d, x, W: (d @ W.T, x.T @ d, d.sum(0, keepdim=True))), None, "db")
wrong(S, "db a number", function(back=lambda d, x, W: (d @ W.T, x.T @ d, d.sum())), "summed-over-everything", "db")
wrong(S, "db along the wrong axis", function(back=lambda d, x, W: (d @ W.T, x.T @ d, d.sum(1))), "wrong-axis", "db")
wrong(S, "db the mean", function(back=lambda d, x, W: (d @ W.T, x.T @ d, d.mean(0))), "batch-mean", "db")
wrong(S, "no db", function(back=lambda d, x, W: (d @ W.T, x.T @ d, None)), None, "db")
wrong(S, "two gradients", function(back=lambda d, x, W: (d @ W.T, x.T @ d)), None, GRADIENTS)
wrong(S, "a list of gradients", function(back=lambda d, x, W: [d @ W.T, x.T @ d, d.sum(0)]), None, GRADIENTS)
wrong(S, "another order", function(back=lambda d, x, W: (x.T @ d, d @ W.T, d.sum(0))), None, "dx,dW")
wrong(S, "no sigmoid forward", function(forward=lambda x, W, b: x @ W + b), "sigmoid-missing", "forward")
wrong(S, "no bias forward", function(forward=lambda x, W, b: torch.sigmoid(x @ W)), "bias-missing", "forward")
wrong(S, "tanh forward", function(forward=lambda x, W, b: torch.tanh(x @ W + b)), "tanh-for-sigmoid", "forward")
wrong(
    S, "exponent's sign", function(forward=lambda x, W, b: torch.sigmoid(-(x @ W + b))), "sigmoid-reversed", "forward"
)
wrong(
    S,
    "overflow",
    function(forward=lambda x, W, b: torch.exp(x @ W + b) / (1 + torch.exp(x @ W + b))),
    None,
    "forward",
)
wrong(S, "backward raises", function(back=lambda d, x, W: 1 / 0), None, GRADIENTS)


class InPlace(Saved):
    @staticmethod
    def backward(ctx: A, upstream: A) -> A:
        x, W, O = ctx.saved_tensors
        upstream *= O * (1 - O)
        return upstream @ W.T, x.T @ upstream, upstream.sum(0)


class CacheChanged(Function):
    @staticmethod
    def forward(ctx: A, x: A, W: A, b: A) -> A:
        ctx.kept = x, W, torch.sigmoid(x @ W + b)
        return ctx.kept[2].clone()

    @staticmethod
    def backward(ctx: A, upstream: A) -> A:
        x, W, O = ctx.kept
        O *= 1 - O
        return upstream * O @ W.T, x.T @ (upstream * O), (upstream * O).sum(0)


class OnTheClass(Function):
    kept: A = None

    @staticmethod
    def forward(ctx: A, x: A, W: A, b: A) -> A:
        OnTheClass.kept = x, W, torch.sigmoid(x @ W + b)
        return OnTheClass.kept[2]

    @staticmethod
    def backward(ctx: A, upstream: A) -> A:
        x, W, O = OnTheClass.kept
        delta = upstream * O * (1 - O)
        return delta @ W.T, x.T @ delta, delta.sum(0)


class ByAutograd(Function):
    @staticmethod
    def forward(ctx: A, x: A, W: A, b: A) -> A:
        ctx.save_for_backward(x, W, b)
        return torch.sigmoid(x @ W + b)

    @staticmethod
    def backward(ctx: A, upstream: A) -> A:
        leaves = [tensor.detach().requires_grad_() for tensor in ctx.saved_tensors]
        with torch.enable_grad():
            out = torch.sigmoid(leaves[0] @ leaves[1] + leaves[2])
        return torch.autograd.grad(out, leaves, upstream)


class ByBackward(ByAutograd):
    @staticmethod
    def backward(ctx: A, upstream: A) -> A:
        x, W, b = [tensor.detach().requires_grad_() for tensor in ctx.saved_tensors]
        with torch.enable_grad():
            torch.sigmoid(x @ W + b).backward(upstream)
        return x.grad, W.grad, b.grad


class ByVjp(ByAutograd):
    @staticmethod
    def backward(ctx: A, upstream: A) -> A:
        return torch.func.vjp(lambda x, W, b: torch.sigmoid(x @ W + b), *ctx.saved_tensors)[1](upstream)


class SlopeByJvp(ByAutograd):
    @staticmethod
    def backward(ctx: A, upstream: A) -> A:
        x, W, b = ctx.saved_tensors
        net = x @ W + b
        delta = upstream * torch.func.jvp(torch.sigmoid, (net,), (torch.ones_like(net),))[1]
        return delta @ W.T, x.T @ delta, delta.sum(0)


class PastTheModes(ByAutograd):
    @staticmethod
    def backward(ctx: A, upstream: A) -> A:
        with torch._C.DisableTorchFunction():
            return ByAutograd.backward(ctx, upstream)


class ByTheEngine(ByAutograd):
    @staticmethod
    def backward(ctx: A, upstream: A) -> A:
        leaves = [tensor.detach().requires_grad_() for tensor in ctx.saved_tensors]
        with torch.enable_grad():
            out = torch.sigmoid(leaves[0] @ leaves[1] + leaves[2])
        engine: A = torch.autograd.Variable._execution_engine
        return engine.run_backward(
            (out,), (upstream,), False, False, tuple(leaves), allow_unreachable=True, accumulate_grad=False
        )


class ApplyReplaced(Saved):
    @staticmethod
    def apply(x: A, W: A, b: A) -> A:
        return torch.sigmoid(x @ W + b)


class Unrepeatable(Saved):
    @staticmethod
    def backward(ctx: A, upstream: A) -> A:
        dx, dW, db = Saved.backward(ctx, upstream)
        return dx, dW * (1 + 1e-3 * torch.rand(())), db


wrong(S, "upstream changed in place", InPlace, None, "forward," + GRADIENTS)
wrong(S, "what was kept is changed", CacheChanged, None, GRADIENTS)
wrong(S, "kept on the class", OnTheClass, "state-shared", GRADIENTS)
wrong(S, "torch.autograd.grad inside", ByAutograd, "autograd-called", GRADIENTS)
wrong(S, "backward() inside", ByBackward, "autograd-called", GRADIENTS)
wrong(S, "torch.func.vjp inside", ByVjp, "autograd-called", GRADIENTS)
wrong(S, "torch.func.jvp inside", SlopeByJvp, "autograd-called", GRADIENTS)
wrong(S, "autograd past function modes", PastTheModes, "autograd-called", GRADIENTS)
wrong(S, "the engine itself", ByTheEngine, "autograd-called", GRADIENTS)
wrong(S, "apply replaced", ApplyReplaced, "autograd-called", GRADIENTS)
wrong(S, "not repeatable", Unrepeatable, None, "dW")
wrong(S, "no Function", lambda x, W, b: torch.sigmoid(x @ W + b), None, "forward," + GRADIENTS)
wrong(S, "a module", torch.nn.Linear, None, "forward," + GRADIENTS)


# train_by_hand
def trainer(update: A = None, loss: A = None, prepare: A = None, **change: A) -> A:
    """Return train_by_hand with some of its lines replaced."""

    def solution(params: A, batches: A, masks: A, lr: A, p: A, negative_slope: A) -> A:
        now, losses = {name: params[name].copy() for name in params}, []
        for step, ((x, labels), mask) in enumerate(zip(batches, masks, strict=True)):
            if prepare:
                x, labels, mask, p, negative_slope = prepare(x, labels, mask, p, negative_slope, batches, masks)
            given = (x, labels, mask, p, negative_slope)
            value, gradients = loss_and_gradients(now, *given, **change)
            new = {name: now[name] - lr * gradients[name] for name in now}
            if update:
                new = update(now, gradients, lr, given, step)
            losses.append(loss(value, now, new, given) if loss else value)
            now = new
        return losses

    return solution


def early(now: A, gradients: A, lr: A, given: A, step: int) -> A:
    above = {name: now[name] - lr * gradients[name] for name in ("W2", "b2")}
    below = loss_and_gradients(now, *given, back=lambda d2, W2, P: d2 @ above["W2"].T)[1]
    return above | {name: now[name] - lr * below[name] for name in ("W1", "b1")}


def only(*names: str) -> A:
    return lambda now, g, lr, given, step: {n: now[n] - lr * g[n] * (n in names) for n in now}


def momentum() -> A:
    def solution(params: A, batches: A, masks: A, lr: A, p: A, negative_slope: A) -> A:
        velocity: A = dict.fromkeys(params, 0.0)

        def update(now: A, g: A, lr: A, given: A, step: int) -> A:
            velocity.update({name: 0.9 * velocity[name] + g[name] for name in now})
            return {name: now[name] - lr * velocity[name] for name in now}

        return trainer(update)(params, batches, masks, lr, p, negative_slope)

    return solution


def scaled(factor: A) -> A:
    return lambda now, g, lr, given, step: {n: now[n] - factor(given, step) * lr * g[n] for n in now}


def sums_first(g: A, x: A, d1: A, A: A, d2: A) -> A:
    return {**g, "W1": np.outer(x.sum(0), d1.sum(0)), "W2": np.outer(A.sum(0), d2.sum(0))}


def first_only(g: A, x: A, d1: A, A: A, d2: A) -> A:
    return {"W1": np.outer(x[0], d1[0]), "b1": d1[0], "W2": np.outer(A[0], d2[0]), "b2": d2[0]}


T, BOTH = "train_by_hand", "first 10 steps,200 steps"
SHORT_ONLY = {"≥ at 0", "side from the output", "weights transposed where it fits", "input for hidden where it fits"}


def fits(W: A) -> bool:
    return bool(W.shape[0] == W.shape[1])


CHANGES: list[tuple[str, str | None, dict[str, A]]] = [
    ("hidden slope missing", "hidden-slope-missing", {"slope": lambda g, net, h, a: g}),
    ("hidden slope twice", "slope-twice", {"slope": lambda g, net, h, a: g * np.where(net > 0, 1, a) ** 2}),
    ("upstream ignored", "upstream-ignored", {"slope": lambda g, net, h, a: np.where(net > 0, 1, a)}),
    ("slope not multiplied", None, {"slope": lambda g, net, h, a: np.where(net > 0, g, a)}),
    ("plain ReLU", "plain-relu", {"slope": lambda g, net, h, a: g * (net > 0)}),
    ("slope 0.01", "slope-hard-coded", {"slope": lambda g, net, h, a: g * np.where(net > 0, 1, 0.01)}),
    ("≥ at 0", "kink-on-the-positive-side", {"slope": lambda g, net, h, a: g * np.where(net >= 0, 1, a)}),
    ("side from the output", None, {"slope": lambda g, net, h, a: g * np.where(h >= 0, 1, a)}),
    ("minus a", "slope-negated", {"slope": lambda g, net, h, a: g * np.where(net > 0, 1, -a)}),
    ("slope of the sigmoid", None, {"slope": lambda g, net, h, a: g * h * (1 - h)}),
    ("slope after softmax", "slope-after-softmax", {"top": lambda P, Y, z: (P - Y) * P * (1 - P) / len(P)}),
    ("target column only", "target-column-only", {"top": lambda P, Y, z: (P - Y) * Y / len(P)}),
    ("slope of the loss handed on", None, {"top": lambda P, Y, z: -Y / P / len(P)}),
    ("labels ignored", "target-missing", {"top": lambda P, Y, z: P / len(P)}),
    ("not averaged", "mean-missing", {"top": lambda P, Y, z: P - Y}),
    ("averaged twice", "mean-twice", {"top": lambda P, Y, z: (P - Y) / len(P) ** 2}),
    ("averaged over classes", "divided-by-classes", {"top": lambda P, Y, z: (P - Y) / P.shape[1]}),
    ("sign", "ascent", {"top": lambda P, Y, z: (Y - P) / len(P)}),
    ("factor 2", "factor-two", {"top": lambda P, Y, z: 2 * (P - Y) / len(P)}),
    ("logits for probabilities", None, {"top": lambda P, Y, z: (z - Y) / len(P)}),
    ("error rounded", None, {"top": lambda P, Y, z: ((P > 0.5) - Y) / len(P)}),
    ("absolute error", None, {"top": lambda P, Y, z: abs(P - Y) / len(P)}),
    ("mask missing", "mask-missing", {"drop": lambda mask, p: 1 / (1 - p)}),
    ("scale missing", "dropout-scale-missing", {"drop": lambda mask, p: mask}),
    ("dropout missing", "dropout-missing", {"drop": lambda mask, p: 1.0}),
    ("mask inverted", "mask-inverted", {"drop": lambda mask, p: (1 - mask) / (1 - p)}),
    ("scale by p", "divided-by-p", {"drop": lambda mask, p: mask / (p or 1)}),
    ("scaled twice", "dropout-scale-twice", {"drop": lambda mask, p: mask / (1 - p) ** 2}),
    ("multiplied by the scale", "dropout-scale-inverted", {"drop": lambda mask, p: mask * (1 - p)}),
    ("another mask", None, {"drop": lambda mask, p: np.roll(mask, 1, axis=1) / (1 - p)}),
    ("outputs for deltas", None, {"back": lambda d2, W2, P: P @ W2.T}),
    ("one class sent back", None, {"back": lambda d2, W2, P: d2[:, :1] @ W2[:, :1].T}),
    (
        "weights transposed where it fits",
        "weights-transposed",
        {"back": lambda d2, W2, P: d2 @ (W2 if fits(W2) else W2.T)},
    ),
    ("hidden before dropout", "undropped-activations", {"below": lambda A, h, net, x: h}),
    ("net for activation", None, {"below": lambda A, h, net, x: net}),
    (
        "input for hidden where it fits",
        "input-for-hidden",
        {"below": lambda A, h, net, x: x if x.shape == A.shape else A},
    ),
    ("sums before the product", "sums-before-product", {"after": sums_first}),
    ("first sample only", "first-sample-only", {"after": first_only}),
    ("averaged in the layer too", "mean-twice", {"after": lambda g, x, *_: {n: v / len(x) for n, v in g.items()}}),
    ("clipped gradient", None, {"after": lambda g, *_: {n: np.clip(v, -0.05, 0.05) for n, v in g.items()}}),
    ("0.01 too much", None, {"after": lambda g, *_: {n: v + 0.01 for n, v in g.items()}}),
]
for label, mistake, changed in CHANGES:
    wrong(T, label, trainer(**changed), mistake, "first 10 steps" if label in SHORT_ONLY else BOTH)

wrong(T, "ascent", trainer(scaled(lambda given, step: -1.0)), "ascent", BOTH)
wrong(T, "never updated", trainer(lambda now, *_: now), "never-updated", BOTH)
wrong(T, "biases frozen", trainer(only("W1", "W2")), "biases-frozen", BOTH)
wrong(T, "lower layer frozen", trainer(only("W2", "b2")), None, BOTH)
wrong(T, "upper bias frozen", trainer(only("W1", "b1", "W2")), None, BOTH)
wrong(T, "W2 updated early", trainer(early), "weights-updated-early", BOTH)
wrong(T, "momentum", momentum(), None, BOTH)
wrong(T, "learning rate falls", trainer(scaled(lambda given, step: 0.99**step)), None, BOTH)
wrong(T, "learning rate falls late", trainer(scaled(lambda given, step: 1.0 if step < 50 else 0.5)), None, "200 steps")
wrong(
    T,
    "learning rate ignored",
    trainer(lambda now, g, lr, given, step: {n: now[n] - 0.01 * g[n] for n in now}),
    None,
    BOTH,
)
wrong(T, "step by the batch", trainer(scaled(lambda given, step: len(given[0]))), "mean-missing", BOTH)
wrong(
    T,
    "loss after the update",
    trainer(loss=lambda v, now, new, g: loss_and_gradients(new, *g)[0]),
    "loss-after-update",
    BOTH,
)
wrong(T, "loss summed", trainer(loss=lambda v, now, new, g: v * len(g[0])), "loss-summed", BOTH)
wrong(
    T,
    "loss without dropout",
    trainer(loss=lambda v, now, new, g: loss_and_gradients(now, g[0], g[1], np.ones_like(g[2]), 0.0, g[4])[0]),
    "loss-without-dropout",
    BOTH,
)
wrong(
    T,
    "dropout never applied",
    trainer(prepare=lambda x, y, mask, p, a, *_: (x, y, np.ones_like(mask), 0.0, a)),
    "dropout-never-applied",
    BOTH,
)
wrong(T, "mask without scale", trainer(prepare=lambda x, y, mask, p, a, *_: (x, y, mask, 0.0, a)), None, BOTH)
wrong(T, "p for 1 − p", trainer(prepare=lambda x, y, mask, p, a, *_: (x, y, mask, 1 - p or 0.5, a)), None, BOTH)
wrong(T, "slope 0.01 both ways", trainer(prepare=lambda x, y, mask, p, a, *_: (x, y, mask, p, 0.01)), None, BOTH)
wrong(T, "ReLU both ways", trainer(prepare=lambda x, y, mask, p, a, *_: (x, y, mask, p, 0.0)), None, BOTH)
wrong(T, "first batch always", trainer(prepare=lambda x, y, m, p, a, b, masks: (*b[0], masks[0], p, a)), None, BOTH)
wrong(T, "one loss too many", lambda *a: [*train_plain(*a), 0.0], None, BOTH)
wrong(T, "the last loss missing", lambda *a: train_plain(*a)[:-1], None, BOTH)
wrong(T, "only 100 steps", lambda params, b, m, *a: train_plain(params, b[:100], m[:100], *a), None, "200 steps")
wrong(T, "the last loss only", lambda *a: train_plain(*a)[-1], None, BOTH)
wrong(T, "losses as a column", lambda *a: np.array(train_plain(*a))[:, None], None, BOTH)
wrong(T, "nothing", lambda *a: None, None, BOTH)
wrong(T, "params and losses", lambda *a: (a[0], train_plain(*a)), None, BOTH)


def train_naive_softmax(params: A, batches: A, masks: A, lr: A, p: A, negative_slope: A) -> A:
    now, losses = dict(params), []
    for (x, labels), mask in zip(batches, masks, strict=True):
        net = x @ now["W1"] + now["b1"]
        A = np.where(net > 0, net, negative_slope * net) * mask / (1 - p)
        e = np.exp(A @ now["W2"] + now["b2"])
        losses.append(-np.log((e / e.sum(axis=1, keepdims=True))[np.arange(len(x)), labels]).mean())
        gradients = loss_and_gradients(now, x, labels, mask, p, negative_slope)[1]
        now = {name: now[name] - lr * gradients[name] for name in now}
    return losses


def train_changing_params(params: A, batches: A, masks: A, lr: A, p: A, negative_slope: A) -> A:
    losses = []
    for (x, labels), mask in zip(batches, masks, strict=True):
        loss, gradients = loss_and_gradients(params, x, labels, mask, p, negative_slope)
        losses.append(loss)
        for name in params:
            params[name] -= lr * gradients[name]
    return losses


def train_with_torch(params: A, batches: A, masks: A, lr: A, p: A, negative_slope: A) -> A:
    now = {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}
    losses = []
    for (x, labels), mask in zip(batches, masks, strict=True):
        h = torch.nn.functional.leaky_relu(torch.tensor(x) @ now["W1"] + now["b1"], negative_slope)
        z = h * torch.tensor(mask) / (1 - p) @ now["W2"] + now["b2"]
        loss = torch.nn.functional.cross_entropy(z, torch.tensor(labels))
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for tensor in now.values():
                tensor -= lr * tensor.grad
                tensor.grad = None
    return losses


def train_past_the_modes(*arguments: A) -> A:
    with torch._C.DisableTorchFunction():
        return train_with_torch(*arguments)


wrong(T, "maximum not subtracted", train_naive_softmax, None, "first 10 steps")
wrong(T, "params changed", train_changing_params, None, BOTH)
wrong(T, "autograd", train_with_torch, "autograd-called", BOTH)
wrong(T, "autograd past function modes", train_past_the_modes, "autograd-called", BOTH)
wrong(
    T,
    "torch without autograd",
    lambda *a: [torch.tensor(v).item() for v in train_plain(*a)],
    None,
    BOTH,
)


# bug_1 to bug_5
for number in range(1, 6):
    wrong(
        f"bug_{number}",
        "another id of the list",
        partial(lambda n: next(i for i in IDS if i != _right_id(n)), number),
        None,
    )
    wrong(
        f"bug_{number}", "the last other id", partial(lambda n: [i for i in IDS if i != _right_id(n)][-1], number), None
    )
    wrong(f"bug_{number}", "an id that is not in the list", lambda: "biases-frozen", None)
    wrong(f"bug_{number}", "its place in the list", partial(lambda n: IDS.index(_right_id(n)), number), None)
    wrong(f"bug_{number}", "a list of ids", partial(lambda n: [_right_id(n)], number), None)
    wrong(f"bug_{number}", "several ids", lambda: " ".join(IDS), None)
    wrong(f"bug_{number}", "nothing", lambda: None, None)
    wrong(f"bug_{number}", "an empty text", lambda: " ", None)
    wrong(f"bug_{number}", "the id within a sentence", partial(lambda n: f"It is {_right_id(n)}", number), None)
    wrong(
        f"bug_{number}", "the id with a word left out", partial(lambda n: _right_id(n).partition("-")[2], number), None
    )


# --- right to the eye: wrong only where numbers are small, large, near each other, many, or late


wrong(
    S,
    "clipped at ±6",
    function(lambda g, O, net: g * torch.sigmoid(net.clamp(-6, 6)) * (1 - torch.sigmoid(net.clamp(-6, 6)))),
    None,
    GRADIENTS,
)
wrong(
    S,
    "slope ¼ near ½",
    function(lambda g, O, net: g * torch.where(abs(net) < 0.01, 0.25, O * (1 - O))),
    None,
    GRADIENTS,
)
wrong(
    S,
    "½ near 0",
    function(forward=lambda x, W, b: torch.where(abs(x @ W + b) < 0.01, 0.5, torch.sigmoid(x @ W + b))),
    None,
    "forward",
)
wrong(
    S,
    "sums in float32",
    function(back=lambda d, x, W: (d @ W.T, (x.float().T @ d.float()).double(), d.float().sum(0).double())),
    "single-precision",
    "dW,db",
)
wrong(S, "ten samples", function(back=lambda d, x, W: (d @ W.T, x[:10].T @ d[:10], d[:10].sum(0))), None, "dW,db")
TH, BOTH_PARTS = "train_by_hand", "first 10 steps,200 steps"
TRAINED = ("W1", "b1", "W2", "b2")
wrong(TH, "by the order of the dict", by_order(TRAINED, train_plain, 0), None, BOTH_PARTS)
wrong(TH, "in float32", in_float32(train_in_place), "single-precision", BOTH_PARTS)


def training(
    rate: Callable[..., float] = lambda step: 1.0, masked: Callable[..., A] = lambda mask: mask
) -> Callable[..., A]:
    """Return train_by_hand with the learning rate times rate(step), and masked(mask) for each mask."""

    def solution(params: A, batches: A, masks: A, lr: A, p: A, negative_slope: A) -> A:
        losses = []
        for step, ((x, labels), mask) in enumerate(zip(batches, masks, strict=True)):
            scale = p if masked(mask) is mask else 0.0
            loss, gradients = loss_and_gradients(params, x, labels, masked(mask), scale, negative_slope)
            losses.append(loss)
            params = {name: params[name] - lr * rate(step) * gradients[name] for name in params}
        return losses

    return solution


wrong(TH, "rate halved after 150 steps", training(lambda step: 0.5 if step > 150 else 1.0), None, "200 steps")
wrong(TH, "rate decays after 100 steps", training(lambda step: 0.99 ** max(step - 100, 0)), None, "200 steps")
wrong(TH, "one update skipped late", training(lambda step: float(step != 170)), None, "200 steps")
wrong(
    TH,
    "no dropout where nothing is kept",
    training(masked=lambda mask: mask if mask.any() else np.ones_like(mask)),
    None,
    "first 10 steps",
)
wrong(
    TH,
    "no scale where all is kept",
    training(masked=lambda mask: np.ones_like(mask) if mask.all() and len(mask) > 1 else mask),
    None,
    "first 10 steps",
)


def train_ten_classes(params: A, batches: A, masks: A, lr: A, p: A, negative_slope: A) -> A:
    return train_plain(params, [(x, np.minimum(labels, 9)) for x, labels in batches], masks, lr, p, negative_slope)


wrong(TH, "ten classes", train_ten_classes, None, "first 10 steps")
