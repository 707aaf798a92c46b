"""Small exercises like those of convolution, recurrence and attention, made by builders, are asked and diagnosed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from autograder import check
from autograder.attempts.observe import call_for_each
from autograder.builders.forward_exercise import forward_exercise
from autograder.builders.gradient_exercise import gradient_exercise
from autograder.builders.layer_exercise import changed, layer_case, layer_exercise
from autograder.builders.suspects import first_row_only, instead, slip, wrong
from autograder.builders.training_exercise import (
    Run,
    WrongRun,
    descent,
    judge_losses,
    losses,
    no_step,
    one_by_one,
    training_exercise,
    updated_early,
)
from autograder.exercise import Case, Exercise, Section
from autograder.judging import agree
from autograder.report import Finding

A = Any
Tensor = torch.Tensor
Rng = np.random.Generator
PLACE = ("03_delta_template", Section("", ""))


def findings(solution: Callable[..., A], of: Exercise) -> Mapping[str, Finding]:
    return {found.part: found for found in check(solution, of).findings}


def mistakes(solution: Callable[..., A], of: Exercise) -> dict[str, str | None]:
    """Return the mistake named for each part that is wrong."""
    return {part: found.mistake for part, found in findings(solution, of).items() if not found.passed}


def the_oracles_agree_on(of: Exercise) -> bool:
    cases = of.inputs(np.random.default_rng(1))
    return all(agree(of.numerical(case)[part], right) for case in cases for part, right in of.expected(case).items())


# --- whole numbers: an embedding, whose tokens and size are, with parts by the case


def _looked_up(upstream: Tensor, tokens: Tensor, size: int, table: Tensor) -> Tensor:
    return (upstream * table[tokens]).sum()


def _embedding_inputs(rng: Rng) -> list[Case]:
    cases = []
    for N, T, D, size in ((2, 3, 4, 9), (1, 2, 3, 5), (3, 2, 2, 8), (2, 4, 3, 9)):
        for part, tokens in (("distinct", rng.permutation(size)[: N * T]), ("repeated", rng.integers(0, 2, N * T))):
            arguments = {"upstream": rng.normal(size=(N, T, D)), "tokens": tokens.reshape(N, T), "size": size}
            if tokens.size == N * T:
                label, sizes = f"{part}, N = {N}, T = {T}, D = {D}", {"N": N, "T": T, "D": D}
                cases.append(Case(label, arguments, parts=(part,), sizes=sizes))
    return cases


EMBEDDING = gradient_exercise(
    "embedding_backward(upstream, tokens, size)",
    *PLACE,
    {"distinct": 1, "repeated": 1},
    _embedding_inputs,
    _looked_up,
    lambda case: dict.fromkeys(case.parts, "table"),
    lambda upstream, tokens, size: {
        "upstream": upstream,
        "tokens": tokens,
        "size": size,
        "table": np.zeros((size, upstream.shape[-1])),
    },
    [wrong("upstream-ignored", instead(_looked_up, upstream=torch.ones_like))],
    whole=("tokens",),
)


def embedding_backward(upstream: A, tokens: A, size: int) -> A:
    found = np.zeros((size, upstream.shape[-1]))
    np.add.at(found, tokens, upstream)
    return found


def test_tokens_and_a_size_reach_the_forward_formula_as_whole_numbers() -> None:
    seen = []

    def formula(upstream: Tensor, tokens: Tensor, size: int, table: Tensor) -> Tensor:
        seen.append((upstream.dtype, tokens.dtype, type(size)))
        return _looked_up(upstream, tokens, size, table)

    case = EMBEDDING.inputs(np.random.default_rng(0))[0]
    exercise = gradient_exercise(
        EMBEDDING.signature,
        *PLACE,
        {"value": 1},
        lambda _: [case],
        formula,
        {"value": "table"},
        lambda **_: case.oracle_inputs,
    )
    exercise.expected(case)
    exercise.numerical(case)
    assert set(seen) == {(torch.float64, torch.int64, int)}


def test_a_value_counts_for_the_part_of_its_case() -> None:
    def overwriting(upstream: A, tokens: A, size: int) -> A:
        found = np.zeros((size, upstream.shape[-1]))
        found[tokens] = upstream
        return found

    assert check(embedding_backward, EMBEDDING).passed
    assert mistakes(overwriting, EMBEDDING) == {"repeated": None}
    assert the_oracles_agree_on(EMBEDDING)


def test_a_wrong_forward_formula_is_a_suspect_of_every_part_it_is_not_confined_from() -> None:
    found = mistakes(lambda g, tokens, size: embedding_backward(np.ones_like(g), tokens, size), EMBEDDING)
    assert found == {"distinct": "upstream-ignored", "repeated": "upstream-ignored"}


@pytest.mark.parametrize("tokens", [[[2, 0]], np.array([[2.0, 0.0]]), ((2, 0),)])
def test_a_stand_in_takes_whole_numbers_however_they_come(tokens: A) -> None:
    assert EMBEDDING.stand_in is not None
    upstream = [[[1, 2], [3, 4]]]
    assert EMBEDDING.stand_in(upstream, tokens, size=3).tolist() == [[3.0, 4.0], [0.0, 0.0], [1.0, 2.0]]


# --- gradients in a dict, of parameters that come in one


def _rnn_loss(x: Tensor, labels: Tensor, Wx: Tensor, Wh: Tensor, b: Tensor) -> Tensor:
    """A recurrent network whose last state are the logits."""
    h = torch.zeros(len(x), len(b), dtype=torch.float64)
    for t in range(x.shape[1]):
        h = torch.tanh(x[:, t] @ Wx + h @ Wh + b)
    return torch.nn.functional.cross_entropy(h, labels)


def _rnn_values(rng: Rng, N: int, T: int, D: int, H: int) -> dict[str, A]:
    params = {"Wx": rng.normal(size=(D, H)), "Wh": rng.normal(size=(H, H)), "b": rng.normal(size=H)}
    return {"x": rng.normal(size=(N, T, D)), "labels": rng.integers(0, H, N), "params": params}


def _rnn_inputs(rng: Rng) -> list[Case]:
    sizes = ((2, 3, 4, 5), (1, 2, 3, 2), (4, 1, 2, 3), (3, 5, 2, 4))
    return [
        Case(f"N = {N}, T = {T}", _rnn_values(rng, N, T, D, H), sizes={"N": N, "T": T, "D": D, "H": H})
        for N, T, D, H in sizes
    ]


RNN = gradient_exercise(
    "rnn_gradients(x, labels, params)",
    *PLACE,
    {"Wx": 1, "Wh": 1, "b": 1},
    _rnn_inputs,
    _rnn_loss,
    {name: name for name in ("Wx", "Wh", "b")},
    whole=("labels",),
    by_key=True,
)


def rnn_gradients(x: A, labels: A, params: A) -> dict[str, A]:
    N, T, _ = x.shape
    h = [np.zeros((N, len(params["b"])))]
    for t in range(T):
        h.append(np.tanh(x[:, t] @ params["Wx"] + h[-1] @ params["Wh"] + params["b"]))
    upstream = np.exp(h[-1]) / np.exp(h[-1]).sum(axis=1, keepdims=True)
    upstream[np.arange(N), labels] -= 1
    upstream /= N
    found = {name: np.zeros_like(array) for name, array in params.items()}
    for t in reversed(range(T)):
        delta = upstream * (1 - h[t + 1] ** 2)
        found["Wx"] += x[:, t].T @ delta
        found["Wh"] += h[t].T @ delta
        found["b"] += delta.sum(axis=0)
        upstream = delta @ params["Wh"].T
    return found


def test_gradients_are_asked_for_by_key_where_parameters_come_in_a_dict() -> None:
    assert check(rnn_gradients, RNN).passed
    assert the_oracles_agree_on(RNN)
    assert RNN.stand_in is not None
    case = RNN.inputs(np.random.default_rng(3))[0]
    right = rnn_gradients(**case.arguments)
    for name, gradient in RNN.stand_in(**case.arguments).items():
        np.testing.assert_allclose(gradient, right[name])


def test_a_key_that_is_missing_costs_its_part_only() -> None:
    def without_b(*arguments: A) -> dict[str, A]:
        return {name: one for name, one in rnn_gradients(*arguments).items() if name != "b"}

    assert mistakes(without_b, RNN) == {"b": None}


# --- a forward formula of several values: attention with a mask of truth values


def _attention(Q: Tensor, K: Tensor, V: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    scores = (Q @ K.mT / Q.shape[-1] ** 0.5).masked_fill(~mask, -torch.inf)
    P = torch.softmax(scores, dim=-1)
    return P @ V, P


def attention_forward(Q: A, K: A, V: A, mask: A, scale: float = 0.5) -> tuple[A, A]:
    scores = np.where(mask, np.einsum("ntd,nsd->nts", Q, K) / Q.shape[-1] ** scale, -np.inf)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    P = powers / powers.sum(axis=-1, keepdims=True)
    return np.einsum("nts,nsm->ntm", P, V), P


def _attention_inputs(rng: Rng) -> list[Case]:
    cases = []
    for N, T, S, D, M in ((1, 3, 3, 2, 4), (2, 2, 4, 3, 5), (3, 4, 4, 4, 4), (2, 5, 3, 4, 2)):
        mask = rng.integers(0, 2, (T, S)) > 0
        mask[:, 0] = True
        shapes = {"Q": (N, T, D), "K": (N, S, D), "V": (N, S, M)}
        arguments = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        cases.append(Case(f"T = {T}, S = {S}", {**arguments, "mask": mask}, sizes={"N": N, "T": T, "S": S}))
    return cases


def _unscaled(Q: Tensor, K: Tensor, V: Tensor, mask: Tensor) -> Tensor:
    return torch.softmax((Q @ K.mT).masked_fill(~mask, -torch.inf), dim=-1)


ATTENTION = forward_exercise(
    "attention_forward(Q, K, V, mask)",
    *PLACE,
    {"O": 1, "P": 1},
    _attention_inputs,
    _attention,
    lambda case: attention_forward(**case.arguments),
    suspects=[
        wrong("factor-two", _unscaled, "P"),
        wrong("first-sample-only", lambda **given: first_row_only(_attention(**given)[0]), "O"),
        slip("input-ignored", "O", lambda of: np.broadcast_to(of.V[:, :1], (*of.Q.shape[:2], of.V.shape[-1]))),
    ],
    whole=("mask",),
)


def test_a_forward_formula_may_have_several_values_and_a_mask_of_truth_values() -> None:
    assert check(attention_forward, ATTENTION).passed
    assert the_oracles_agree_on(ATTENTION)


def test_a_wrong_forward_formula_is_named_in_its_part() -> None:
    def unscaled(Q: A, K: A, V: A, mask: A) -> tuple[A, A]:
        right, wrong_ = attention_forward(Q, K, V, mask), attention_forward(Q, K, V, mask, scale=0.0)
        return right[0], wrong_[1]

    assert mistakes(unscaled, ATTENTION) == {"P": "factor-two"}


def test_the_stand_in_of_a_forward_formula_answers_with_all_its_values() -> None:
    assert ATTENTION.stand_in is not None
    case = ATTENTION.inputs(np.random.default_rng(5))[1]
    for found, right in zip(ATTENTION.stand_in(**case.arguments), attention_forward(**case.arguments), strict=True):
        np.testing.assert_allclose(found, right)


# --- a layer class with a setting: a convolution of one channel


def _convolved(x: Tensor, w: Tensor, b: Tensor, stride: int) -> Tensor:
    return torch.nn.functional.conv1d(x[:, None], w[None, None], stride=stride)[:, 0] + b


def _by_windows(case: Case) -> A:
    x, w, b, stride = (case.oracle_inputs[name] for name in ("x", "w", "b", "stride"))
    starts = range(0, x.shape[1] - len(w) + 1, stride)
    return np.stack([x[:, at : at + len(w)] @ w + b for at in starts], axis=1)


class Conv1d:
    """The right layer; a subclass may spoil it."""

    def __init__(self, w: A, b: A, stride: int = 1) -> None:
        self.w, self.b, self.stride = w, b, stride

    def forward(self, x: A) -> A:
        self.x = x
        return _by_windows(Case("", {}, {"x": x, "w": self.w, "b": self.b, "stride": self.stride}))

    def backward(self, upstream: A) -> A:
        dx, self.dw, self.db = np.zeros_like(self.x), np.zeros_like(self.w), upstream.sum()
        for place in range(upstream.shape[1]):
            window = slice(place * self.stride, place * self.stride + len(self.w))
            dx[:, window] += upstream[:, place : place + 1] * self.w
            self.dw += upstream[:, place] @ self.x[:, window]
        return dx


def _conv_values(rng: Rng, N: int, length: int, size: int, stride: int) -> dict[str, A]:
    places = (length - size) // stride + 1
    shapes = {"w": (size,), "b": (), "x": (N, length), "upstream": (N, places)}
    return {"stride": stride, **{name: np.asarray(rng.normal(size=shape)) for name, shape in shapes.items()}}


def _conv_inputs(rng: Rng) -> list[Case]:
    cases = []
    for size in ((4, 6, 3, 1), (2, 7, 2, 2), (3, 5, 3, 2), (1, 4, 1, 1)):
        values, earlier, beside = (_conv_values(rng, *size) for _ in range(3))
        step = {name: earlier[name] for name in ("x", "upstream")}
        step |= {f"step_{name}": earlier[name] for name in ("w", "b")}
        cases += [
            layer_case(f"{size}", values),
            layer_case(f"{size}, second step", values, earlier=[step]),
            layer_case(f"{size}, two layers", values, others=[beside]),
        ]
    return cases


CONV = layer_exercise(
    "Conv1d(w, b, stride=1)",
    *PLACE,
    {"forward": 1, "dx": 1, "dw": 1, "db": 1},
    _conv_inputs,
    _convolved,
    _by_windows,
    parameters=("w", "b"),
    settings=("stride",),
    suspects=[
        changed("weights-transposed", "w", np.flip, "dx"),
        wrong("bias-missing", lambda x, w, b, stride: _convolved(x, w, 0 * b, stride), "forward"),
    ],
)


def test_a_layer_with_settings_is_asked_like_one_of_the_affine_chapter() -> None:
    assert check(Conv1d, CONV).passed
    assert the_oracles_agree_on(CONV)


def test_the_formula_of_a_layer_that_is_wrong_is_named_in_its_part() -> None:
    class Flipped(Conv1d):
        def backward(self, upstream: A) -> A:
            super().backward(upstream)
            return Conv1d.backward(self.flipped(), upstream)

        def flipped(self) -> Conv1d:
            other = Conv1d(self.w[::-1], self.b, self.stride)
            other.x = self.x
            return other

    class WithoutBias(Conv1d):
        def forward(self, x: A) -> A:
            return super().forward(x) - self.b

    assert mistakes(Flipped, CONV) == {"dx": "weights-transposed"}
    assert mistakes(WithoutBias, CONV) == {"forward": "bias-missing"}


def test_what_a_layer_carries_from_its_life_is_named_without_a_suspect_of_the_exercise() -> None:
    class Accumulating(Conv1d):
        total: A = 0.0

        def backward(self, upstream: A) -> A:
            dx = super().backward(upstream)
            self.dw = self.total = self.total + self.dw
            return dx

    class Shared(Conv1d):
        kept: list[A] = []  # noqa: RUF012 - the mistake

        def forward(self, x: A) -> A:
            self.kept[:] = [x]
            return super().forward(x)

        def backward(self, upstream: A) -> A:
            self.x = self.kept[0]
            return super().backward(upstream)

    assert mistakes(Accumulating, CONV) == {"dw": "gradients-accumulated"}
    assert mistakes(Shared, CONV) == {"dw": "state-shared"}


def test_a_backward_that_raises_costs_the_gradients_only() -> None:
    class Raising(Conv1d):
        def backward(self, upstream: A) -> A:
            raise ValueError("no")

    assert mistakes(Raising, CONV) == {"dx": None, "dw": None, "db": None}


# --- a training run


def _run(case: Case) -> Run:
    return Run(case.arguments["params"], [{"x": x, "labels": y} for x, y in case.arguments["batches"]], 0.5)


def _training_inputs(rng: Rng) -> list[Case]:
    cases = []
    for T, D, H, steps in ((2, 3, 4, 5), (3, 2, 3, 12), (1, 2, 2, 3), (2, 2, 3, 200)):
        batches = [_rnn_values(rng, int(N), T, D, H) for N in rng.integers(1, 4, steps)]
        arguments = {"params": batches[0]["params"], "batches": [(each["x"], each["labels"]) for each in batches]}
        cases.append(Case(f"T = {T}, {steps} steps", arguments))
    return cases


def _no_hidden_bias(**given: Tensor) -> Tensor:
    return _rnn_loss(**{**given, "b": given["b"].detach()})


TRAINING = training_exercise(
    "train_rnn(params, batches)",
    *PLACE,
    {"first 10 steps": 2, "200 steps": 2},
    _training_inputs,
    partial(call_for_each, names=("first 10 steps", "200 steps")),
    _run,
    _rnn_loss,
    [
        WrongRun("biases-frozen", descent(_no_hidden_bias)),
        WrongRun("never-updated", no_step),
        WrongRun("loss-after-update", descent(_rnn_loss), after=True),
    ],
    judge_losses,
)


def train_rnn(params: A, batches: A, after: bool = False, frozen: bool = False) -> list[float]:
    found, params = [], {name: array.copy() for name, array in params.items()}

    def loss(x: A, labels: A) -> float:
        h = np.zeros((len(x), len(params["b"])))
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
        return float(np.mean(np.log(np.exp(h).sum(axis=1)) - h[np.arange(len(x)), labels]))

    for x, labels in batches:
        before = loss(x, labels)
        for name, gradient in rnn_gradients(x, labels, params).items():
            params[name] -= 0.5 * gradient * (name != "b" or not frozen)
        found.append(loss(x, labels) if after else before)
    return found


def test_a_training_run_is_judged_by_its_losses() -> None:
    case_lengths = [len(case.arguments["batches"]) for case in TRAINING.inputs(np.random.default_rng(0))]
    assert case_lengths == [5, 12, 3, 200]
    assert the_oracles_agree_on(TRAINING)
    found = findings(lambda *a: train_rnn(*a)[:10], TRAINING)
    assert found["first 10 steps"].passed
    assert not found["200 steps"].passed


@pytest.mark.parametrize(
    ("how", "mistake"), [({"after": True}, "loss-after-update"), ({"frozen": True}, "biases-frozen")]
)
def test_another_step_or_other_records_are_named(how: A, mistake: str) -> None:
    assert mistakes(lambda *a: train_rnn(*a, **how)[:10], TRAINING)["first 10 steps"] == mistake


def test_the_first_loss_that_differs_is_told_by_its_number() -> None:
    def late(params: A, batches: A) -> list[float]:
        found = train_rnn(params, batches)
        return [found[0], *(value + 0.01 for value in found[1:])][:10]

    assert "of which number 2 is the first to differ" in findings(late, TRAINING)["first 10 steps"].message


def _square(W: Tensor, V: Tensor, x: Tensor) -> Tensor:
    return (V * W * x).sum()


def test_an_early_update_sends_back_through_the_new_weights() -> None:
    def sent_back(W: Tensor, V: Tensor, x: Tensor, new_V: Tensor) -> Tensor:
        return (new_V * W * x).sum()

    start, batch = {"W": np.array([3.0]), "V": np.array([2.0])}, {"x": np.array([1.0])}
    step = updated_early(_square, sent_back, ("V",))(start, batch, 0.1)
    assert step["V"] == pytest.approx(2.0 - 0.1 * 3.0)
    assert step["W"] == pytest.approx(3.0 - 0.1 * (2.0 - 0.1 * 3.0))


def test_samples_are_taken_one_by_one_from_a_batch() -> None:
    def error(w: Tensor, x: Tensor) -> Tensor:
        return ((w - x) ** 2).sum()

    run = Run({"w": np.array(0.0)}, [{"x": np.array([1.0, 3.0])}], 0.5)
    assert one_by_one(descent(error))(*run[:1], run.batches[0], run.lr)["w"] == pytest.approx(3.0)
    assert losses(run, descent(error), lambda params, batch: float(params["w"]), after=True) == pytest.approx([4.0])
