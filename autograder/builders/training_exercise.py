"""Builds exercises whose answer is a training run, and the usual wrong ways to take its steps.

A run is judged by its losses, each before its update: that a network learns does not show that its gradients are right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from autograder.attempts.answers import Answer, Array, Unusable
from autograder.attempts.observe import Attempt
from autograder.builders.forward_exercise import value_of
from autograder.builders.gradient_exercise import Oracle
from autograder.exercise import Arrays, Case, Exercise, Judge, Section, Suspect, Verdict
from autograder.judging import agree, compare
from autograder.oracles.autodiff import Forward, autograd, central_differences, tensors
from autograder.oracles.tensors import torch

Values: TypeAlias = Mapping[str, Any]
Step: TypeAlias = Callable[[Values, Values, float], Values]  # (params, batch, lr) → those of params that change
Recorded: TypeAlias = Callable[[Values, Values], float]  # (params, batch) → what the list of losses gets

FIRST, LONG = 10, 200  # steps that the two parts of such an exercise are about


class Run(NamedTuple):
    """What is trained: the parameters at the start, a batch for every step, the learning rate.

    A batch is all that the error takes besides the parameters, by name.
    """

    params: Values
    batches: Sequence[Values]
    lr: float


def path(run: Run, step: Step) -> Iterator[Values]:
    """Yield the parameters at the start and after every step."""
    params = run.params
    yield params
    for batch in run.batches:
        params = {**params, **step(params, batch, run.lr)}
        yield params


def losses(run: Run, step: Step, recorded: Recorded, after: bool = False) -> Array:
    """Return what is recorded of the batch of each step, before or after it."""
    stops = islice(path(run, step), int(after), None)
    return np.array([recorded(params, batch) for batch, params in zip(run.batches, stops, strict=False)])


def loss_of(error: Forward) -> Recorded:
    return lambda params, batch: float(value_of(error, {**batch, **params}))


def descent(error: Forward, oracle: Oracle = autograd, only: Sequence[str] = ()) -> Step:
    """Return the step of gradient descent on error(**params, **batch), of all parameters or of some."""

    def step(params: Values, batch: Values, lr: float) -> Values:
        gradients = oracle(error, {**batch, **params}, only or list(params))
        return {name: params[name] - lr * gradient for name, gradient in gradients.items()}

    return step


def scaled(step: Step, factor: Callable[[Values], float]) -> Step:
    """Return the step with a learning rate that is multiplied by factor(batch)."""
    return lambda params, batch, lr: step(params, batch, lr * factor(batch))


def no_step(params: Values, batch: Values, lr: float) -> Values:
    return {}


def one_by_one(step: Step) -> Step:
    """Return the step that takes the samples of a batch, all of whose arrays have a row for each, in turn."""

    def steps(params: Values, batch: Values, lr: float) -> Values:
        many = len(next(iter(batch.values())))
        samples = [{name: array[n : n + 1] for name, array in batch.items()} for n in range(many)]
        return list(path(Run(params, samples, lr), step))[-1]

    return steps


def updated_early(right: Forward, sent_back: Forward, upper: Sequence[str]) -> Step:
    """Return the step that updates the `upper` parameters first and then goes further back with the new ones.

    `sent_back` is the error for those below; it gets the new ones as well, as new_<name>.
    """

    def step(params: Values, batch: Values, lr: float) -> Values:
        above = descent(right, only=upper)(params, batch, lr)
        new = {f"new_{name}": value for name, value in above.items()}
        lower = [name for name in params if name not in upper]
        return {**above, **descent(sent_back, only=lower)(params, {**batch, **new}, lr)}

    return step


class WrongRun(NamedTuple):
    """A mistake of the catalogue that is another step, or other numbers recorded, or both; `after` says that they are
    recorded after each step."""

    mistake: str
    step: Step
    recorded: Recorded | None = None
    after: bool = False


def training_exercise(
    signature: str,
    chapter: str,
    section: Section,
    points: Mapping[str, float],
    inputs: Callable[[np.random.Generator], Sequence[Case]],
    attempt: Attempt,
    run: Callable[[Case], Run],
    error: Forward,
    suspects: Iterable[WrongRun],
    judge: Judge,
    may_call: Sequence[str] = (),
    *,
    differences: Oracle = central_differences,
    needs_torch: bool = False,
) -> Exercise:
    """Return the exercise that asks for a function that trains on error(**params, **batch) and returns the losses.

    Of the two parts the first is about the first `FIRST` steps of every run, the second about runs of `LONG` steps.
    `differences` is the second opinion on its gradients.
    """
    first, whole = points
    recorded = loss_of(error)

    def by_part(found: Array) -> dict[str, Array]:
        return {first: found[:FIRST]} | ({whole: found} if len(found) >= LONG else {})

    def by_differences(case: Case) -> Arrays:
        return by_part(losses(run(case), descent(error, differences), recorded))

    def suspect(one: WrongRun) -> Suspect:
        def beginning(case: Case) -> Array:
            params, batches, lr = run(case)
            return losses(Run(params, batches[:FIRST], lr), one.step, one.recorded or recorded, one.after)

        return Suspect(one.mistake, first, beginning)

    return Exercise(
        name=signature.partition("(")[0],
        signature=signature,
        chapter=chapter,
        section=section,
        points=points,
        inputs=inputs,
        attempt=attempt,
        expected=lambda case: by_part(trained(run(case), error)),
        numerical=by_differences,
        judge=judge,
        suspects=[suspect(one) for one in suspects],
        may_call=may_call,
        needs_torch=needs_torch,
    )


def trained(run: Run, error: Forward) -> Array:
    """Return the right losses, in one pass a step: `losses` with `descent`, only faster."""
    found = []
    params = {name: torch.tensor(array, requires_grad=True) for name, array in run.params.items()}
    for batch in run.batches:
        loss = error(**params, **tensors(batch))
        found.append(loss.item())
        gradients = torch.autograd.grad(loss, list(params.values()))
        with torch.no_grad():
            for param, gradient in zip(params.values(), gradients, strict=True):
                param -= run.lr * gradient
    return np.array(found)


def compare_losses(answer: Answer, right: Array) -> Verdict:
    """Judge a list of losses; say which is the first to differ."""
    verdict = compare(answer, right)
    if verdict.kind != "wrong value" or isinstance(answer, Unusable):
        return verdict
    first = next(step for step in range(1, len(right) + 1) if not agree(answer[:step], right[:step]))
    return replace(verdict, message=f"the losses, of which number {first} is the first to differ,")


def judge_losses(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    """Compare the losses of every part with the right ones."""
    return {part: compare_losses(answers[part], right) for part, right in exercise.expected(case).items()}
