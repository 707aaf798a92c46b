"""The runs behind the catalogue of mistakes: three small problems, trained with the grader's own wrong formulas.

A run replaces the right gradients of an exercise by what the exercise's suspects give at the present parameters; start,
data and steps stay the same. The loss and the answers are always judged by the right forward pass.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograder import exercises
from autograder.attempts.answers import Unusable, read
from autograder.checking import PUBLIC_SEED, draw_cases
from autograder.exercise import Case, Exercise, Suspect

Array: TypeAlias = NDArray[np.float64]
Arrays: TypeAlias = Mapping[str, Array]
Values: TypeAlias = Mapping[str, Any]  # arrays, and plain numbers
Gradients: TypeAlias = Callable[[Case], Arrays]

PARAMS = ("W1", "b1", "W2", "b2")
HIDDEN = 3  # as many as classes, so that W2 is square and fits the wrong way round as well
EVERY = 5  # steps between two points of a loss curve
HOPELESS = 1e4  # a loss from which no run is followed further
BACK_ONLY = "dropout, wrong on the way back only"
NEGATIVE_SLOPE = 0.1
DROP = 0.25

XOR = {
    "X": np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]),
    "T": np.array([[0.0], [1.0], [1.0], [0.0]]),
}


def three_classes() -> dict[str, Array]:
    """Return x (24, 2) and labels (24,): eight points about the origin, one of them on it, in a ring of two halves."""
    middle = 0.6 * np.random.default_rng(0).normal(size=(7, 2))
    angle = np.pi * (np.arange(16) + 0.5) / 8
    ring = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return {"x": np.vstack([np.zeros((1, 2)), middle, ring]), "labels": np.repeat([0, 1, 2], 8)}


def start(D: int, H: int, K: int, seed: int) -> dict[str, Array]:
    """Return weights from N(0, 1) and biases of 0."""
    rng = np.random.default_rng(seed)
    return {"W1": rng.normal(size=(D, H)), "b1": np.zeros(H), "W2": rng.normal(size=(H, K)), "b2": np.zeros(K)}


def sigmoid(net: Array) -> Array:
    return 1 / (1 + np.exp(-net))


def judge_xor(values: Values) -> tuple[float, float]:
    """Return E = ½ ΣΣ (O − T)² and the share of rows on the right side of ½."""
    O = sigmoid(sigmoid(values["X"] @ values["W1"] + values["b1"]) @ values["W2"] + values["b2"])
    return float(0.5 * ((O - values["T"]) ** 2).sum()), float(((O > 0.5) == values["T"]).mean())


def judge_classes(values: Values) -> tuple[float, float]:
    """Return the mean cross-entropy in evaluation mode, and the share of points whose class has the largest logit."""
    net = values["x"] @ values["W1"] + values["b1"]
    z = np.where(net > 0, net, NEGATIVE_SLOPE * net) @ values["W2"] + values["b2"]
    z = z - z.max(axis=1, keepdims=True)
    rows = np.arange(len(z))
    log_p = z[rows, values["labels"]] - np.log(np.exp(z).sum(axis=1))
    return float(-log_p.mean()), float((z.argmax(axis=1) == values["labels"]).mean())


@dataclass(frozen=True, eq=False)
class Problem:
    """What networks are trained on, one from each start. `given(step)` is what the exercise's formulas need beside
    the parameters."""

    name: str
    exercise: str
    starts: Sequence[Arrays]
    given: Callable[[int], Values]
    judge: Callable[[Values], tuple[float, float]]
    steps: int
    lr: float


class Run(NamedTuple):
    """The loss every `EVERY` steps, the first before any step; and the share of right answers in the end, or NaN."""

    losses: Array
    accuracy: float


class Outcome(NamedTuple):
    """What became of a wrong gradient on one problem: one run a start, beside those of the right gradient."""

    problem: str
    runs: Sequence[Run]
    right: Sequence[Run]

    @property
    def loss(self) -> float:
        return float(np.mean([run.losses[-1] for run in self.runs]))

    @property
    def accuracy(self) -> float:
        return float(np.mean([run.accuracy for run in self.runs]))

    @property
    def verdict(self) -> str:
        """A loss counts as a share of the one at the start, in the mean over the starts."""
        end, right = _share_left(self.runs), _share_left(self.right)
        if not end < 1.2:
            return "diverges"
        answers = self.accuracy >= np.mean([run.accuracy for run in self.right]) - 0.02
        if end <= 2 * right and (answers or np.isnan(self.accuracy)):
            return "learns as well"
        falling = end < 0.95 * _share_left(self.runs, 0.75)
        return "learns more slowly" if falling or (answers and end < 0.7) else "gets stuck"


def _share_left(runs: Sequence[Run], when: float = 1.0) -> float:
    """Return the loss at this share of the run, divided by the one at its start; NaN when it ran out of numbers."""
    return float(np.mean([run.losses[int(when * (len(run.losses) - 1))] / run.losses[0] for run in runs]))


@cache
def problems() -> tuple[Problem, ...]:
    points = three_classes()
    slope = {"negative_slope": NEGATIVE_SLOPE}
    masks = np.random.default_rng(1).random((250, len(points["x"]), HIDDEN)) >= DROP

    def dropped(step: int) -> Values:
        return {**points, "mask": masks[step].astype(float), "p": DROP, **slope}

    def plain(step: int) -> Values:
        return {**points, **slope}

    xor = [start(2, 4, 1, seed) for seed in (0, 1)]
    classes = [start(2, HIDDEN, 3, seed) for seed in (1, 2)]
    return (
        Problem("XOR", "mlp_gradients", xor, lambda step: XOR, judge_xor, 1200, 1.0),
        Problem("three classes", "mlp_backward", classes, plain, judge_classes, 250, 1.0),
        Problem("dropout", "mlp_dropout_backward", classes, dropped, judge_classes, 250, 0.5),
        Problem(BACK_ONLY, "mlp_dropout_backward", classes, dropped, judge_classes, 250, 0.5),
    )


@np.errstate(all="ignore")  # wrong gradients drive weights far out
def train(problem: Problem, start: Arrays, gradients: Gradients) -> Run:
    """Train with these gradients until the last step, or until the loss is past `HOPELESS` or no number."""
    params, losses = dict(start), []
    for step in range(problem.steps + 1):
        given = {**problem.given(step % problem.steps), **params}
        if step % EVERY == 0:
            losses.append(problem.judge(given)[0])
        if step == problem.steps or not losses[-1] < HOPELESS:
            break
        found = gradients(Case("", {}, given))
        params = {name: _moved(params[name], problem.lr * found[name]) for name in PARAMS}
    return Run(np.array(losses), problem.judge({**problem.given(0), **params})[1])


def _moved(parameter: Array, step: Array) -> Array:
    if step.shape != parameter.shape:
        raise ValueError(f"a gradient of shape {step.shape} for a parameter of shape {parameter.shape}")
    return parameter - step


def part_of(exercise: Exercise, name: str) -> str:
    """Return what the exercise calls the gradient of this parameter."""
    return name if name in exercise.points else f"d{name}"


def with_suspects(exercise: Exercise, wrong: Mapping[str, Suspect]) -> Gradients:
    """Return gradients that are wrong in the parts given and right in the others."""

    def gradients(case: Case) -> Arrays:
        parts = {name: part_of(exercise, name) for name in PARAMS}
        right = {} if len(wrong) == len(PARAMS) else exercise.expected(case)
        return {
            name: np.asarray(wrong[part].formula(case)) if part in wrong else right[part]
            for name, part in parts.items()
        }

    return gradients


def scaled(exercise: Exercise, factor: float) -> Gradients:
    return lambda case: {name: factor * exercise.expected(case)[part_of(exercise, name)] for name in PARAMS}


def suspects_of(exercise: Exercise, mistake: str, variant: int = 0) -> dict[str, Suspect]:
    """Return the suspect of each part; of several formulas for one mistake the one of this place in their list."""
    found: dict[str, list[Suspect]] = {}
    for suspect in exercise.suspects:
        if suspect.mistake == mistake:
            found.setdefault(suspect.part, []).append(suspect)
    return {part: options[variant] for part, options in found.items() if variant < len(options)}


RECORDED = {"loss-after-update", "loss-not-half", "loss-mean"}  # wrong in what is noted down, not in what is done
FACTORS = {"sign": -1.0, "factor-two": 2.0, "factor-half": 0.5, "batch-mean": 1 / len(XOR["X"])}


def wrong_gradients(problem: Problem) -> dict[str, Gradients]:
    """Return the wrong gradients of every mistake that is to be tried on this problem."""
    exercise = exercises()[problem.exercise]
    variants = {suspect.mistake: 0 for suspect in exercise.suspects}
    if exercise.name == "mlp_dropout_backward":  # what is no matter of dropout is tried without it
        elsewhere = {suspect.mistake for suspect in exercises()["mlp_backward"].suspects}
        variants = {mistake: place for mistake, place in variants.items() if mistake not in elsewhere}
    if problem.name == BACK_ONLY:
        variants = {mistake: place for mistake in variants if (place := _place_of_back_only(exercise, mistake))}
    found = {
        mistake: with_suspects(exercise, suspects_of(exercise, mistake, place)) for mistake, place in variants.items()
    }
    if problem.name == "XOR":
        found |= {mistake: scaled(exercise, factor) for mistake, factor in FACTORS.items()}
    return found


def _place_of_back_only(exercise: Exercise, mistake: str) -> int:
    """Return the place of the first formula that is wrong on the way back only.

    A mistake in dropout has as many of them as are wrong both ways, which come before, and forward only, which follow.
    """
    return sum((suspect.mistake, suspect.part) == (mistake, "W1") for suspect in exercise.suspects) // 3


def xor_trajectory(suspect: Suspect, start: Arrays) -> Run:
    """Return the losses of a wrong training loop, which the exercise train_xor has a formula for."""
    problem = problems()[0]
    arguments = {"hidden": len(start["b1"]), "lr": problem.lr, "epochs": problem.steps + 1}
    losses = np.asarray(suspect.formula(Case("", {**XOR, **arguments}, {**XOR, **start})))
    return Run(losses[::EVERY], np.nan)


def _outcomes() -> Iterator[tuple[str, Outcome]]:
    for problem in problems():
        for mistake, gradients in wrong_gradients(problem).items():
            try:
                runs = [train(problem, start, gradients) for start in problem.starts]
            except (RuntimeError, ValueError):  # the formula does not fit the shapes
                continue
            yield mistake, Outcome(problem.name, runs, right_runs(problem))
    xor = problems()[0]
    loop = exercises()["train_xor"]
    known = RECORDED | wrong_gradients(xor).keys()
    for mistake in dict.fromkeys(suspect.mistake for suspect in loop.suspects if suspect.mistake not in known):
        suspect = suspects_of(loop, mistake)["trajectory"]
        yield mistake, Outcome("XOR", [xor_trajectory(suspect, start) for start in xor.starts], right_runs(xor))
    zero = {name: np.zeros_like(value) for name, value in xor.starts[0].items()}
    from_zero = train(xor, zero, with_suspects(exercises()[xor.exercise], {}))
    yield "zero-start", Outcome("XOR", [from_zero], right_runs(xor))


@cache
def right_runs(problem: Problem) -> Sequence[Run]:
    gradients = with_suspects(exercises()[problem.exercise], {})
    return [train(problem, start, gradients) for start in problem.starts]


@cache
def outcomes() -> Mapping[str, Sequence[Outcome]]:
    """Train with every mistake that fits; return what became of it on each problem, by the mistake's id."""
    found: dict[str, list[Outcome]] = {}
    for mistake, outcome in _outcomes():
        found.setdefault(mistake, []).append(outcome)
    return found


class Measured(NamedTuple):
    """How wrong an answer is: what of which exercise, in which case; `error` in units of the largest right entry."""

    exercise: str
    part: str
    case: str
    error: float


@np.errstate(all="ignore")
def measured(mistake: str) -> Measured | None:
    """Return the error of the first formula for this mistake that has an effect, in the first case that shows it.

    `error` is infinite where the answer holds NaN or infinity, and NaN where it has another shape.
    """
    for exercise in exercises().values():
        wrong = [suspect for suspect in exercise.suspects if suspect.mistake == mistake]
        cases = draw_cases(exercise, PUBLIC_SEED) if wrong else []
        for suspect in wrong:
            for case in cases:
                error = _error(exercise, suspect, case)
                if error is not None:
                    return Measured(exercise.name, suspect.part, case.label, error)
    return None


def _error(exercise: Exercise, suspect: Suspect, case: Case) -> float | None:
    """Return the error of this formula in this case, or None where there is none or it cannot be told."""
    right = exercise.expected(case).get(suspect.part)
    if right is None or not np.any(right):
        return None
    try:
        wrong = read(suspect.formula(case))
    except (RuntimeError, ValueError):
        return None
    if isinstance(wrong, Unusable):
        return None
    if wrong.shape != np.shape(right):
        return np.nan
    if not np.isfinite(wrong).all():
        return np.inf
    error = float(np.abs(wrong - right).max() / np.abs(right).max())
    return error if error > 1e-9 else None
