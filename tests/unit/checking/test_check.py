"""What `check` does with whatever a solution returns or does."""

from __future__ import annotations

import builtins
import sys
import tempfile
import warnings
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder import Report, check, exercises
from autograder.checking import PUBLIC_SEED, draw_cases
from autograder.exercise import Case
from autograder.judging import compare

A = Any


def right(O: A, t: A) -> A:
    return (O - t) * O * (1 - O)


def only(report: Report) -> str:
    """Return the message of the only finding."""
    [finding] = report.findings
    return finding.message


# --- which exercise


def output_delta(O: A, t: A) -> A:
    return right(O, t)


def test_the_exercise_is_the_name_of_the_function() -> None:
    assert check(output_delta).exercise == "output_delta"


def test_a_lambda_is_known_by_the_name_it_is_bound_to() -> None:
    names = notebook("output_delta = lambda O, t: (O - t) * O * (1 - O)")
    assert check(names["output_delta"]).passed


def test_an_unknown_name_is_refused_with_the_list_of_exercises() -> None:
    with pytest.raises(
        ValueError, match=r"no exercise is called 'right'; the exercises are: .*output_delta, hidden_delta"
    ):
        check(right)


def test_a_solution_without_a_name_is_asked_for_one() -> None:
    with pytest.raises(ValueError, match="cannot tell which exercise this int is for"):
        check(3)


def test_the_result_of_the_function_instead_of_the_function_scores_zero_and_says_how_to_call_check() -> None:
    report = check(np.zeros(3), "output_delta")
    assert report.points == 0
    assert "write check(output_delta), with no brackets after the name" in only(report)


def test_the_public_seed_is_the_default() -> None:
    assert str(check(output_delta)) == str(check(output_delta))


# --- kinds of answer that are accepted


def read_only(a: A) -> A:
    a.flags.writeable = False
    return a


def in_a_file(a: A) -> A:
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, np.float64, "w+", shape=a.shape)
    mapped[...] = a
    return mapped


class Reserved(np.ndarray[Any, Any]):
    """An array that fails whoever runs one of its methods."""

    __array_priority__ = 1e9

    def _never(self, *_: object, **__: object) -> A:
        raise AssertionError("a method of the answer was run")

    __array__ = __array_ufunc__ = __array_function__ = __eq__ = __sub__ = __iter__ = __len__ = _never
    view = astype = copy = tolist = __getitem__ = __float__ = _never
    shape = dtype = ndim = size = property(_never)


ACCEPTED: dict[str, Callable[[A], A]] = {
    "a list": lambda a: a.tolist(),
    "nested tuples": lambda a: tuple(map(tuple, a.tolist())),
    "a list of arrays": lambda a: list(a),
    "float32": lambda a: a.astype(np.float32),
    "big-endian": lambda a: a.astype(">f8"),
    "Fortran order": np.asfortranarray,
    "a read-only array": read_only,
    "a view with negative strides": lambda a: a[::-1].copy()[::-1],
    "a matrix": np.asmatrix,
    "an array in a file": lambda a: in_a_file(a),
    "a record array of numbers": lambda a: a.view(np.recarray),
    "an array of a class of its own": lambda a: a.view(Reserved),
    "rows in a tuple": lambda a: tuple(a),
    "a list of a class of its own": lambda a: type("Rows", (list,), {"__iter__": None, "__len__": None})(a.tolist()),
    "long double": lambda a: a.astype(np.longdouble),
}


@pytest.mark.parametrize("change", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_the_right_numbers_are_accepted_in_any_usual_container(change: Callable[[A], A]) -> None:
    report = check(lambda O, t: change(right(O, t)), "output_delta")
    assert report.passed, str(report)


def test_a_number_may_be_an_array_without_axes() -> None:
    from tests.unit.corpus.delta_template import check_flat

    assert check(lambda f, a, x: np.array(check_flat(f, a, x)), "gradient_check").passed


# --- kinds of answer that are refused, with the reason

MASKED = "a masked array, which hides entries, came back; a plain array (`.filled(0)` makes one) was expected"


class Offering:
    def __init__(self, numbers: A) -> None:
        self.numbers = numbers

    def __array__(self, *_: object, **__: object) -> A:
        return self.numbers


class Liar:
    __class__ = np.ndarray  # type: ignore[assignment]
    shape, dtype, ndim = (4, 2), np.dtype(float), 2


REFUSED: dict[str, tuple[Callable[[A, A], A], str]] = {
    "None": (lambda O, t: None, "None (is a `return` missing?) came back; an array of shape (4, 2) was expected"),
    "a string": (lambda O, t: "0", "a str came back"),
    "a dict": (lambda O, t: {"delta": right(O, t)}, "a dict came back"),
    "a generator": (lambda O, t: (row for row in right(O, t)), "a generator came back"),
    "a function": (lambda O, t: right, "a function came back"),
    "a tensor": (lambda O, t: torch.tensor(right(O, t)), "a Tensor came back"),
    "a masked array": (lambda O, t: np.ma.masked_array(right(O, t)), MASKED),
    "an array masked in one entry": (lambda O, t: np.ma.masked_equal(right(O, t), right(O, t)[-1, -1]), MASKED),
    "an array masked everywhere": (lambda O, t: np.ma.masked_all(O.shape), MASKED),
    "a list of masked rows": (lambda O, t: list(np.ma.masked_array(right(O, t))), "a list that holds a masked array"),
    "the masked entry": (lambda O, t: np.ma.masked, MASKED),
    "records": (lambda O, t: right(O, t).view([("x", float)]), "an array of dtype [('x', '<f8')] came back"),
    "an object that offers an array": (lambda O, t: Offering(right(O, t)), "an Offering came back"),
    "a list of objects that offer rows": (lambda O, t: [Offering(r) for r in right(O, t)], "a list that holds an Off"),
    "an object that says it is an array": (lambda O, t: Liar(), "a Liar came back"),
    "a list with None in it": (lambda O, t: [None], "a list that holds None came back"),
    "an answer and what was kept": (
        lambda O, t: (right(O, t), {"O": O}),
        "a tuple of 2 values (an array of shape (4, 2), a dict) came back; an array of shape (4, 2) was expected",
    ),
    "an answer and an array of another shape": (
        lambda O, t: (right(O, t), O[0]),
        "a tuple of 2 values (an array of shape (4, 2), an array of shape (2,)) came back; an array of shape (4, 2)",
    ),
    "an answer and an array of its shape": (
        lambda O, t: (right(O, t), O),
        "a tuple of 2 values (an array of shape (4, 2), an array of shape (4, 2)) came back; an array of shape (4, 2)",
    ),
    "arrays of several shapes": (lambda O, t: [O, O[0]], "a list of 2 values (an array of shape (4, 2), an array of"),
    "true or false": (lambda O, t: t < O, "True or False came back (dtype bool); numbers were expected"),
    "complex with a real part that is wrong": (lambda O, t: O * 1j, "complex numbers (dtype complex128) came back; an"),
    "ragged rows": (lambda O, t: [[1.0], [1.0, 2.0]], "are all rows equally long?"),
    "objects": (lambda O, t: right(O, t).astype(object), "an array of dtype object came back"),
    "strings": (lambda O, t: right(O, t).astype(str), "an array of dtype <U"),
    "complex": (lambda O, t: right(O, t) + 0j, "an array of real numbers (`.real` gives it"),
    "a number": (lambda O, t: 0.5, "a single number came back; an array of shape (4, 2) was expected"),
    "too deep": (lambda O, t: right(O, t)[None], "an array of shape (1, 4, 2) came back"),
    "transposed": (lambda O, t: right(O, t).T, "The numbers are right but transposed."),
    "NaN": (lambda O, t: right(O, t) * np.nan, "nan came back at [0, 0]; a finite number was expected"),
    "one inf": (lambda O, t: np.where(O.max() <= O, np.inf, right(O, t)), "inf came back at ["),
    "empty": (lambda O, t: [], "an array of shape (0,) came back"),
}


@pytest.mark.parametrize(("solution", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_another_kind_of_answer_scores_zero_and_is_described(solution: Callable[[A, A], A], message: str) -> None:
    report = check(solution, "output_delta")
    assert report.points == 0
    assert message in only(report)


@pytest.mark.parametrize("answer", [True, np.True_, np.array(True)], ids=["a bool", "NumPy's bool", "an array"])
def test_true_in_the_place_of_a_number_is_told_in_words(answer: A) -> None:
    for finding in check(lambda f, a, x: answer, "gradient_check").findings:
        assert "True or False came back (dtype bool); numbers were expected" in finding.message
        assert "relative error" not in finding.message


SEVERAL: dict[str, Callable[..., A]] = {
    "a list": list,
    "one array that holds them": np.array,
    "an array of objects": lambda values: np.array([*values, None], dtype=object)[:-1],
    "a tuple with names": lambda values: namedtuple("Gradients", "r yhat w")(*values),
}


@pytest.mark.parametrize("change", SEVERAL.values(), ids=SEVERAL.keys())
def test_several_values_are_taken_from_whatever_holds_as_many(change: Callable[[A], A]) -> None:
    def solution(x: A, w: A, y: A) -> A:
        r = x * w - y
        return change((2 * r, 2 * r, 2 * r * x))

    assert check(solution, "squared_error_gradients").passed


def test_arrays_of_equal_shapes_may_come_stacked_in_one() -> None:
    def stacked(upstream: A, O: A, x: A, W: A) -> A:
        delta = upstream * O * (1 - O)
        values = (delta @ W.T, x.T @ delta, delta.sum(axis=0))
        return np.array(values) if len({value.shape for value in values}) == 1 else values

    assert check(stacked, "sigmoid_linear_backward").passed


def test_a_masked_array_in_the_place_of_several_values_is_called_one() -> None:
    def solution(x: A, w: A, y: A) -> A:
        return np.ma.masked_array([1.0, 2.0, 3.0])

    assert "a masked array, which hides entries, came back; a tuple of 3 values" in str(
        check(solution, "squared_error_gradients")
    )


# --- memory that nobody wrote to


def bias_gradient(delta: A) -> A:
    return delta.sum(axis=0)


empty: A = np.empty
UNWRITTEN: dict[str, Callable[[A], A]] = {
    "the answer thrown away": lambda delta: (bias_gradient(delta), np.empty(delta.shape[1]))[1],
    "of the shape of another": lambda delta: (bias_gradient(delta), np.empty_like(delta[0]))[1],
    "by a name of its own": lambda delta: (bias_gradient(delta), empty(delta.shape[1]))[1],
    "whole numbers": lambda delta: np.empty(delta.shape[1], dtype=int),
    "written but for the last entry": lambda delta: filled_but_one(bias_gradient(delta)),
}


def filled_but_one(right: A) -> A:
    out = np.empty(right.shape)
    out[:-1] = right[:-1]
    return out


@pytest.mark.parametrize("solution", UNWRITTEN.values(), ids=UNWRITTEN.keys())
def test_memory_that_was_never_written_is_no_answer(solution: Callable[[A], A]) -> None:
    assert check(solution, "bias_gradient").points == 0


def test_memory_that_was_never_written_is_called_so() -> None:
    message = only(check(UNWRITTEN["the answer thrown away"], "bias_gradient"))
    assert "np.empty was called, whose entries are no numbers until they are written" in message


def test_memory_that_is_written_later_is_an_answer_and_np_empty_is_as_before() -> None:
    def solution(delta: A) -> A:
        out = np.empty(delta.shape[1])
        for m in range(len(out)):
            out[m] = delta[:, m].sum()
        return out

    assert check(solution, "bias_gradient").passed
    assert np.empty is empty


def test_a_start_of_memory_that_was_never_written_is_no_start() -> None:
    def solution(X: A, T: A, hidden: int, lr: float, epochs: int, seed: int) -> A:
        return (np.empty((2, hidden)), np.empty(hidden), np.empty((hidden, 1)), np.empty(1)), [1.0] * epochs

    assert check(solution, "train_xor").points == 0


def test_each_of_several_answers_is_read_before_the_next_call_can_change_it() -> None:
    buffer: dict[tuple[int, ...], A] = {}

    def dropout_mask(shape: tuple[int, ...], p: float, rng: A) -> A:
        out = buffer.setdefault(tuple(shape), np.zeros(shape))
        out[...] = rng.random(shape) >= p
        return out

    assert check(dropout_mask).passed


class AlwaysEqual(np.ndarray[Any, Any]):
    """An array that claims to equal everything."""

    def __array_ufunc__(self, ufunc: A, method: str, *inputs: A, **kwargs: A) -> A:
        return np.True_

    def __eq__(self, other: object) -> A:
        return np.True_

    def __sub__(self, other: object) -> A:
        return np.zeros(1)


def test_an_array_that_claims_to_equal_everything_is_read_by_its_numbers() -> None:
    assert check(lambda O, t: np.zeros(O.shape).view(AlwaysEqual), "output_delta").points == 0


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(
    answer=st.recursive(
        st.none()
        | st.booleans()
        | st.floats()
        | st.integers()
        | st.text()
        | st.complex_numbers()
        | hnp.arrays(
            st.sampled_from([np.float64, np.int8, np.complex128, object]), hnp.array_shapes(max_dims=3, max_side=4)
        ),
        lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner, inner, inner),
        max_leaves=8,
    ),
    exercise=st.sampled_from(
        ["output_delta", "sigmoid_linear_backward", "gradient_check", "mlp_gradients", "train_xor"]
    ),
)
def test_whatever_comes_back_check_returns_a_report(answer: object, exercise: str) -> None:
    report = check(lambda *arguments: answer, exercise)
    assert 0 <= report.points <= report.max_points
    assert str(report)
    assert report.to_html()


# --- what a solution may do


def raising(error: BaseException) -> Callable[[A, A], A]:
    def solution(O: A, t: A) -> A:
        raise error

    return solution


def test_an_exception_scores_zero_and_is_told_with_its_line() -> None:
    report = check(raising(ValueError("shapes differ")), "output_delta")
    assert report.points == 0
    assert "Your code raised ValueError: shapes differ, at the line `raise error`" in only(report)


def test_a_stub_is_called_not_written_yet() -> None:
    assert only(check(raising(NotImplementedError()), "output_delta")).startswith("Not written yet")


def unfinished(O: A) -> A:
    raise NotImplementedError


NOT_THE_STUB: dict[str, tuple[Callable[..., A], str]] = {
    "a helper that is a stub": (
        lambda O, t: (O - t) * unfinished(O),
        "Your code needs `unfinished`, which is not written yet, at the line `lambda O, t: (O - t) * unfinished(O)",
    ),
    "a library's function": (
        lambda O, t: torch.bernoulli(torch.ones(2, dtype=torch.long)).numpy(),
        "not implemented for 'Long', at the line `lambda O, t: torch.bernoulli",
    ),
    "a library's function in Python": (
        lambda O, t: torch.nn.Module()(O),
        'raised NotImplementedError: Module [Module] is missing the required "forward" function, at the line `lambda',
    ),
}


@pytest.mark.parametrize(("solution", "message"), NOT_THE_STUB.values(), ids=NOT_THE_STUB.keys())
def test_what_is_written_is_not_called_unwritten_whatever_it_calls(solution: Callable[..., A], message: str) -> None:
    report = check(solution, "output_delta")
    assert message in only(report)
    assert report.findings[0].kind == "raised"


def test_a_method_that_calls_an_unfinished_function_is_told_which() -> None:
    class Sigmoid:
        def forward(self, x: A) -> A:
            return 1 / (1 + np.exp(-x))

        def backward(self, upstream: A) -> A:
            return unfinished(upstream)

    told = str(check(Sigmoid))
    assert "`backward` needs `unfinished`, which is not written yet, at the line `return unfinished(upstream)`" in told


def test_a_method_that_is_a_stub_is_not_written_yet() -> None:
    class Sigmoid:
        def forward(self, x: A) -> A:
            return 1 / (1 + np.exp(-x))

        def backward(self, upstream: A) -> A:
            raise NotImplementedError

    assert "`backward` is not written yet" in str(check(Sigmoid))


# --- which case is told


def test_an_exception_in_some_cases_is_told_though_the_numbers_of_another_are_far_off() -> None:
    report = check(lambda x, delta: 1e3 * x * delta, "weight_gradient")
    assert "operands could not be broadcast together" in only(report)
    assert "relative error" not in only(report)
    assert report.findings[0].case in only(report)


def test_a_shape_that_fits_in_squares_only_is_told_though_the_numbers_there_are_wrong() -> None:
    report = check(lambda x, delta: 1e3 * delta.T @ x, "weight_gradient")
    assert "came back; an array of shape" in only(report)
    assert "relative error" not in only(report)


def test_what_is_no_number_is_told_before_a_number_that_is_wrong() -> None:
    report = check(lambda O, t: np.where(O.max() <= O, np.nan, 1e6), "output_delta")
    assert "nan came back" in only(report)


def test_a_named_mistake_comes_before_the_number() -> None:
    message = only(check(lambda O, t: (t - O) * O * (1 - O), "output_delta"))
    assert message.index("sign") < message.index("The worst relative error is 2 at [")


def test_a_case_is_told_by_its_place_among_all() -> None:
    report = check(lambda x, mask, p, training: x * mask if training else 2 * x, "dropout_forward")
    labels = [case.label for case in draw_cases(exercises()["dropout_forward"], PUBLIC_SEED)]
    for finding in report.findings:
        assert f"case {labels.index(finding.case) + 1} ({finding.case})" in finding.message


def test_a_factor_is_found_only_where_several_cases_show_it() -> None:
    def solution(O: A, t: A) -> A:
        return 3.7 * (O - t)

    assert "But for a factor of 3.7 it is this:" in only(check(solution, "output_delta"))
    zero_but_once = lambda O, t: 3.7 * (O - t) * (O.shape == (9, 7))  # noqa: E731
    assert "But for a factor" not in only(check(zero_but_once, "output_delta"))


@pytest.mark.parametrize("exercise", ["numerical_gradient", "gradient_check"])
def test_a_complex_step_is_told_not_taken_for_zeros(exercise: str) -> None:
    def numerical_gradient(f: A, x: A, h: float = 1e-20) -> A:
        return np.array([f(x + 1j * h * unit.reshape(x.shape)).imag / h for unit in np.eye(x.size)]).reshape(x.shape)

    solution = numerical_gradient if exercise == "numerical_gradient" else lambda f, a, x: numerical_gradient(f, x)
    assert "f is a function of real numbers: a complex step is not possible here" in str(check(solution, exercise))


def test_leaving_the_interpreter_scores_zero_and_does_not_leave_it() -> None:
    assert "Your code raised SystemExit" in only(check(raising(SystemExit(0)), "output_delta"))


def test_endless_recursion_scores_zero() -> None:
    def solution(O: A, t: A) -> A:
        return solution(O, t)

    assert "RecursionError" in only(check(solution, "output_delta"))


def test_an_exception_that_cannot_be_printed_is_still_reported() -> None:
    class Unprintable(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert "Your code raised Unprintable" in only(check(raising(Unprintable()), "output_delta"))


def test_a_wrong_signature_is_told_with_the_right_one() -> None:
    assert "it was called as output_delta(O, t)" in only(check(lambda O: O, "output_delta"))


def test_an_error_in_some_cases_only_says_in_how_many() -> None:
    def solution(O: A, t: A) -> A:
        if len(O) == 1:
            raise IndexError("no second sample")
        return right(O, t)

    assert "Wrong in 4 of 25 cases" in only(check(solution, "output_delta"))


def test_changing_an_argument_fails_with_that_reason() -> None:
    def solution(O: A, t: A) -> A:
        answer = right(O, t)
        t -= O
        return answer

    assert "the numbers are right, but `t` was changed" in only(check(solution, "output_delta"))


def test_another_answer_the_second_time_fails_with_that_reason() -> None:
    calls: list[int] = []

    def solution(O: A, t: A) -> A:
        calls.append(1)
        return right(O, t) * (1 if len(calls) % 2 else 2)

    assert "a second call with the same arguments gives another answer" in only(check(solution, "output_delta"))


def test_an_answer_is_read_before_the_next_call_can_change_it() -> None:
    buffer: dict[tuple[int, ...], A] = {}

    def solution(O: A, t: A) -> A:
        out = buffer.setdefault(O.shape, np.empty(O.shape))
        out[:] = right(O, t)
        return out

    assert check(solution, "output_delta").passed


def test_prints_and_warnings_reach_neither_stream(capfd: pytest.CaptureFixture[str]) -> None:
    def solution(O: A, t: A) -> A:
        print("here", O)
        print("there", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        np.log(np.zeros(2))
        return right(O, t)

    assert check(solution, "output_delta").passed
    assert capfd.readouterr() == ("", "")


def test_numpy_errors_set_to_raise_by_the_learner_cost_nothing() -> None:
    with np.errstate(all="raise"):
        assert check(lambda O, t: right(O, t) + 0 * np.log(np.zeros(1) + (O > 2)).clip(0), "output_delta").points >= 0


# --- what a check leaves, and what it spends


def test_a_check_computes_in_one_thread_and_leaves_pytorchs_setting_as_it_was() -> None:
    seen: list[int] = []

    def solution(O: A, t: A) -> A:
        seen.append(torch.get_num_threads())
        return right(O, t)

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert check(solution, "output_delta").passed
        assert (set(seen), torch.get_num_threads()) == ({1}, 2)
    finally:
        torch.set_num_threads(before)


def test_the_right_answer_is_worked_out_once_a_case() -> None:
    worked_out: list[str] = []

    def expected(case: Case) -> A:
        worked_out.append(case.label)
        return exercise.expected(case)

    exercise = exercises()["output_delta"]
    counted = replace(exercise, expected=expected)
    for _ in range(2):
        assert not check(lambda O, t: O - t, counted).passed
    assert worked_out == [case.label for case in draw_cases(exercise, PUBLIC_SEED)]


def test_a_solution_that_writes_to_its_arguments_spoils_no_later_check() -> None:
    def spoiler(O: A, t: A) -> A:
        O[:], t[:] = 0.0, 0.0
        return O

    assert not check(spoiler, "output_delta").passed
    assert check(output_delta).passed


# --- a part of an answer that cannot be used


def trained(hand_back: Callable[[A], A]) -> A:
    """Return a train_xor whose parameters are what `hand_back` makes of them."""

    def train_xor(X: A, T: A, hidden: int, lr: float, epochs: int, seed: int) -> A:
        rng = np.random.default_rng(seed)
        W1, b1, W2, b2 = (rng.normal(size=size) for size in ((2, hidden), hidden, (hidden, 1), 1))
        losses = []
        for _ in range(epochs):
            H = 1 / (1 + np.exp(-(X @ W1 + b1)))
            O = 1 / (1 + np.exp(-(H @ W2 + b2)))
            losses.append(0.5 * np.sum((O - T) ** 2))
            d2 = (O - T) * O * (1 - O)
            d1 = (d2 @ W2.T) * H * (1 - H)
            W2, b2 = W2 - lr * H.T @ d2, b2 - lr * d2.sum(axis=0)
            W1, b1 = W1 - lr * X.T @ d1, b1 - lr * d1.sum(axis=0)
        return hand_back((W1, b1, W2, b2)), losses

    return train_xor


def test_biases_as_rows_cost_the_start_alone() -> None:
    report = check(trained(lambda params: tuple(np.atleast_2d(p) for p in params)))
    assert {finding.part: finding.passed for finding in report.findings} == {
        "start": False,
        "trajectory": True,
        "accuracy": True,
    }
    assert "b1: an array of shape (1, 3) came back; an array of shape (3,) was expected" in str(report)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda p: (p[0].T, *p[1:]), "W1: an array of shape (3, 2) came back; an array of shape (2, 3) was expected"),
        (lambda p: (p[0], None, *p[2:]), "b1: None (is a `return` missing?) came back"),
        (lambda p: p[:3], "W1: a tuple of 3 values came back; a tuple of 4 values (W1, b1, W2, b2) was expected"),
        (lambda p: (*p[:3], np.ma.masked_array(p[3])), "b2: a masked array, which hides entries, came back"),
    ],
)
def test_losses_from_a_start_that_cannot_be_used_are_not_compared_with_others(change: A, what: str) -> None:
    message = next(f.message for f in check(trained(change)).findings if f.part == "trajectory")
    assert f"the losses cannot be judged without the start they come from; there {what}" in message
    assert "relative error" not in message


def test_a_graph_that_was_changed_is_told_and_compared_with_no_array() -> None:
    def backward(root: A) -> None:
        root.grad, root.slopes = 1.0, ()

    assert "than before came back; an unchanged graph was expected" in str(check(backward))


# --- building on earlier exercises


def notebook(source: str) -> dict[str, A]:
    names: dict[str, A] = {"np": np}
    exec(compile(source, "notebook", "exec"), names)
    return names


BUILT_UP = """
def output_delta(O, t): return O - t                        # wrong
def hidden_delta(O, W, delta_above): raise NotImplementedError
def weight_gradient(x, delta): return x.T @ delta
def bias_gradient(delta): return delta.mean(axis=0)         # wrong
def sigmoid(z): return 1 / (1 + np.exp(-z))
def mlp_gradients(X, T, W1, b1, W2, b2):
    H = sigmoid(X @ W1 + b1)
    O = sigmoid(H @ W2 + b2)
    above = output_delta(O, T)
    below = hidden_delta(H, W2, above)
    return weight_gradient(X, below), bias_gradient(below), weight_gradient(H, above), bias_gradient(above)
"""


def test_an_exercise_built_on_wrong_ones_is_graded_with_right_ones_in_their_place() -> None:
    assert check(notebook(BUILT_UP)["mlp_gradients"]).points == 4


def test_the_learners_own_functions_are_back_afterwards() -> None:
    names = notebook(BUILT_UP)
    before = names["output_delta"]
    check(names["mlp_gradients"])
    assert names["output_delta"] is before
    assert "sigmoid_linear_backward" not in names


def test_a_mistake_of_its_own_is_still_found_when_right_ones_stand_in() -> None:
    wrong = BUILT_UP.replace("below = hidden_delta(H, W2, above)", "below = hidden_delta(H, W2, 2 * above)")
    report = check(notebook(wrong)["mlp_gradients"])
    assert [finding.passed for finding in report.findings] == [False, False, True, True]


def test_a_helper_with_arguments_of_its_own_is_left_as_it_is_when_all_is_right() -> None:
    source = BUILT_UP.replace("output_delta(O, t): return O - t ", "output_delta(O, t, slope): return (O - t) * slope ")
    source = source.replace("output_delta(O, T)", "output_delta(O, T, O * (1 - O))").replace("delta.mean", "delta.sum")
    source = source.replace("raise NotImplementedError", "return delta_above @ W.T * O * (1 - O)")
    assert check(notebook(source)["mlp_gradients"]).passed


def test_an_exercise_may_not_call_itself_through_its_stand_in() -> None:
    source = "def output_delta(O, t): return output_delta(O, t)"
    assert check(notebook(source)["output_delta"]).points == 0


def test_builtins_are_left_alone() -> None:
    before = dict(vars(builtins))
    check(output_delta)
    assert dict(vars(builtins)) == before


@pytest.mark.parametrize("right", [0.0, 1e-12])
def test_where_all_is_to_be_0_an_answer_is_wrong_by_its_own_size(right: float) -> None:
    """Not by a million times that of the smallest number that counts."""
    assert compare(np.array([0.3, -0.7]), np.full(2, right)).error == pytest.approx(1)


def test_a_case_in_which_all_is_to_be_0_does_not_hide_how_wrong_the_others_are() -> None:
    (finding,) = check(lambda O, t: O - t, "output_delta").findings
    assert 1 < finding.error < 1e6
