"""The exercise fit_slope: one weight, trained."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from autograder.attempts.answers import Array
from autograder.attempts.observe import call
from autograder.builders.arguments import given_to
from autograder.builders.training_exercise import Run, Step, Values, descent, no_step, one_by_one, path, scaled
from autograder.chapters.computation_graphs.sections import CHAPTER, FIT
from autograder.exercise import Case, Exercise, Suspect
from autograder.judging import compare_with_expected
from autograder.oracles.autodiff import central_differences
from autograder.oracles.tensors import Tensor

Rng: TypeAlias = np.random.Generator


def _fit_inputs(rng: Rng) -> list[Case]:
    sizes = ((3, 3), (1, 4), (5, 2), (2, 6), (4, 1))
    cases = [_fit_case(rng, *size, as_lists=bool(i % 2)) for i, size in enumerate(sizes)]
    course = {"xs": [1.0, 2.0, 3.0], "ys": [2.0, 4.0, 6.0], "w": 1.0, "lr": 0.01, "epochs": 3}
    whole = {"xs": np.array([1, 2]), "ys": np.array([3, 5]), "w": 1, "lr": 0.05, "epochs": 3}
    none = {"xs": [1.0, 2.0], "ys": [1.0, 1.0], "w": float(rng.normal()), "lr": 0.1, "epochs": 0}
    near = {"xs": [1.0, 2.0], "ys": [2.0, 4.0], "w": 2.0004, "lr": 0.05, "epochs": 5}
    repeated = {"xs": [2.0, -1.0, 2.0, 0.5], "ys": [1.0, 2.0, 3.0, -1.0], "w": 0.5, "lr": 0.05, "epochs": 3}
    return [
        *cases,
        Case("the course's samples", course),
        Case("whole numbers", whole),
        Case("no epoch", none),
        Case("w nearly right at the start", near),
        Case("one x twice, with another y", repeated),
        Case("everything near 0", {"xs": [1.0, -1.0], "ys": [0.0, 0.0], "w": 6e-7, "lr": 0.1, "epochs": 3}),
        Case("200 epochs, w still far", _one_sample(rng, rate=2e-3)),
        Case("200 epochs of tiny steps", {**_one_sample(rng, rate=1e-8), "w": float(rng.uniform(0.7, 0.8))}),
        Case("x = 0 among twelve samples", _with_zero(_fit_case(rng, 12, 2, as_lists=False).arguments)),
    ]


def _one_sample(rng: Rng, rate: float) -> dict[str, Any]:
    return {"xs": np.ones(1), "ys": rng.uniform(1.6, 1.7, 1), "w": float(rng.normal()), "lr": rate, "epochs": 200}


def _with_zero(arguments: Mapping[str, Any]) -> dict[str, Any]:
    xs = np.array(arguments["xs"])
    xs[3] = 0.0
    return {**arguments, "xs": xs}


def _fit_case(rng: Rng, N: int, epochs: int, as_lists: bool) -> Case:
    xs = rng.choice([-1.0, 1.0], N) * rng.uniform(0.5, 2.0, N)
    ys = rng.normal(scale=2.0, size=N)
    rest = {"w": float(rng.normal()), "lr": float(rng.uniform(0.02, 0.1)), "epochs": epochs}
    kind = "lists" if as_lists else "arrays"
    samples = {"xs": xs.tolist(), "ys": ys.tolist()} if as_lists else {"xs": xs, "ys": ys}
    return Case(f"N = {N}, {epochs} epochs, {kind}", {**samples, **rest})


def _losses(w: Tensor, xs: Tensor, ys: Tensor) -> Tensor:
    return ((xs * w - ys) ** 2).sum()


def _fitted(step: Step, case: Case) -> Array:
    """Return w at the start and after every epoch."""
    given = given_to(case.arguments)
    epoch = {name: given[name] for name in ("xs", "ys")}
    run = Run({"w": np.asarray(given["w"], np.float64)}, [epoch] * given["epochs"], given["lr"])
    return np.array([params["w"] for params in path(run, step)])


def _wrong_fit(mistake: str, step: Step) -> Suspect:
    return Suspect(mistake, "value", lambda case: _fitted(step, case)[1:])


def _first_sample(params: Values, batch: Values, lr: float) -> Values:
    return ON_ALL(params, {name: array[:1] for name, array in batch.items()}, lr)


ON_ALL = descent(_losses)
RIGHT_STEP = one_by_one(ON_ALL)

FIT_SLOPE = Exercise(
    name="fit_slope",
    signature="fit_slope(xs, ys, w, lr, epochs)",
    chapter=CHAPTER,
    section=FIT,
    points={"value": 2},
    inputs=_fit_inputs,
    attempt=partial(call, names=("value",)),
    expected=lambda case: {"value": _fitted(RIGHT_STEP, case)[1:]},
    numerical=lambda case: {"value": _fitted(one_by_one(descent(_losses, central_differences)), case)[1:]},
    judge=compare_with_expected,
    suspects=[
        _wrong_fit("two-missing", scaled(RIGHT_STEP, lambda batch: 0.5)),
        _wrong_fit("two-twice", scaled(RIGHT_STEP, lambda batch: 2.0)),
        _wrong_fit("ascent", scaled(RIGHT_STEP, lambda batch: -1.0)),
        _wrong_fit("batch-update", ON_ALL),
        _wrong_fit("batch-update", scaled(ON_ALL, lambda batch: 1 / len(batch["xs"]))),
        _wrong_fit("never-updated", no_step),
        _wrong_fit("first-sample-only", _first_sample),
        Suspect(
            "start-again",
            "value",
            lambda case: np.repeat(_fitted(RIGHT_STEP, case)[1:2], case.arguments["epochs"]),
        ),
        Suspect("recorded-before", "value", lambda case: _fitted(RIGHT_STEP, case)[:-1]),
    ],
    may_call=(
        "multiply_backward",
        "add_backward",
        "squared_error_gradients",
        "Value",
        "topological_order",
        "backward",
    ),
)
