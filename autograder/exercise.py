"""An exercise is a question put to a callable."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from autograder.attempts.answers import Answer, Array, Unusable, read
from autograder.attempts.observe import Attempt, Solution

Arrays: TypeAlias = Mapping[str, Array]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Case:
    """One set of inputs, equal to itself only.

    `arguments` go to the learner's function by position, in this order. They are plain data, which can be sent to
    another process: arrays of numbers, NumPy scalars, numbers, texts, None, and lists, tuples and dicts of these.
    `oracle_inputs` holds what the oracles work with, by name: arrays, in which whole numbers and truth values stay what
    they are, and plain numbers (a pre-activation whose activation is an argument, a stride, say). `label` is what
    feedback calls the case; where it holds the values themselves, `without_values` is what feedback on hidden inputs
    calls it. `parts` are the parts that an exception in this case costs; all when empty. `sizes` are the lengths that a
    wrong factor may come from, by the letter the lab has for them: N, the batch, first. `slots` says of an input which
    slot of the template it fills: "upstream", "slope" or "input". Where these are left out, feedback goes by the names
    and shapes that are usual in the course.
    """

    label: str
    arguments: Mapping[str, Any]
    oracle_inputs: Mapping[str, Any] = field(default_factory=dict)
    repeat: bool = True
    parts: tuple[str, ...] = ()
    without_values: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)
    slots: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> SimpleNamespace:
        """All inputs of the case as attributes: `case.names.O`."""
        return SimpleNamespace(**{**self.oracle_inputs, **self.arguments})


@dataclass(frozen=True)
class Verdict:
    """The judgement of one part on one case. `kind` is "right", or what is wrong in one or two words;
    `mistake` the id of a catalogued mistake, where the judge itself has seen it."""

    kind: str
    message: str = ""
    error: float = 0.0
    where: tuple[int, ...] = ()
    mistake: str = ""

    @property
    def right(self) -> bool:
        return self.kind == "right"


Judge: TypeAlias = Callable[["Exercise", Case, Mapping[str, Answer]], Mapping[str, Verdict]]


def parameters(signature: str) -> inspect.Signature:
    """Return how what `signature` names is called: `conv(x, W, *, stride=1)`, or `Layer.apply(x: Array)`.

    Annotations are left out; a default is a literal. Raises SyntaxError or ValueError for anything else.
    """
    head = ast.parse(f"def f{signature[signature.index('(') :]}: ...").body[0]
    assert isinstance(head, ast.FunctionDef)
    of = head.args
    if of.vararg or of.kwarg:
        raise ValueError(f"{signature}: a signature names all its parameters")
    kinds = inspect.Parameter
    plain: list[tuple[ast.arg, inspect._ParameterKind]] = [(one, kinds.POSITIONAL_ONLY) for one in of.posonlyargs]
    plain += [(one, kinds.POSITIONAL_OR_KEYWORD) for one in of.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(of.defaults)) + list(of.defaults)
    named = [(one, kinds.KEYWORD_ONLY) for one in of.kwonlyargs]
    found = [
        inspect.Parameter(one.arg, kind, default=kinds.empty if default is None else ast.literal_eval(default))
        for (one, kind), default in zip([*plain, *named], [*defaults, *of.kw_defaults], strict=True)
    ]
    return inspect.Signature(found)


class OnceACase(Generic[T]):
    """An answer that is worked out once for a case and remembered as long as the case lives."""

    def __init__(self, answer: Callable[[Case], T]) -> None:
        self._answer = answer
        self._known: WeakKeyDictionary[Case, T] = WeakKeyDictionary()

    def __call__(self, case: Case) -> T:
        if case not in self._known:
            self._known[case] = self._answer(case)
        return self._known[case]

    def remember(self, case: Case, answer: T) -> None:
        """Take `answer` for the one that would be worked out."""
        self._known[case] = answer


@dataclass(frozen=True)
class Suspect:
    """A wrong formula for one part of an exercise, tied to a mistake of the catalogue by its id.

    `formula(case)` returns the wrong array; `answer(case)` is the same as an answer, and is worked out once a case. It
    is unusable where the formula does not fit the shapes of the case.
    """

    mistake: str
    part: str
    formula: Callable[[Case], object]
    answer: OnceACase[Answer] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "answer", OnceACase(self._read))

    def _read(self, case: Case) -> Answer:
        try:
            return read(self.formula(case))
        except (RuntimeError, ValueError):
            return Unusable("a formula that does not fit this case")


class Section(NamedTuple):
    """Where a chapter explains something: the anchor in its page and the heading there."""

    anchor: str
    title: str


@dataclass(frozen=True, eq=False)
class Exercise:
    """A graded function or class: what is asked, how it is attempted, and what two oracles answer.

    `name` is the learner's function, `signature` how it is called, `chapter` the slug of its lab, `section` where
    the chapter explains it, `points` the points by part. `inputs(rng)` draws the cases; `attempt(solution, arguments)`
    runs beside the learner's code and returns values by name; it is a function of `autograder.attempts`, or a partial
    of one with keywords only. `expected(case)` is the right answer, worked out once a case: a gradient by PyTorch
    autograd. `numerical(case)` is the same in another way, which tests compare with it: a gradient by central
    differences, anything else in fractions or decimals, by counting, or by PyTorch where `expected` is not. `judge`
    compares. `complete` adds to a case what is the learner's to choose (a random start), so that the oracles follow.
    `suspects` are the mistakes that have a formula here.
    `may_call` names earlier exercises the learner may build on; `stand_in` answers this one through an oracle, from
    plain data in plain data, for later exercises whose learner got this one wrong; `stand_in_as`, of
    `autograder.attempts`, makes of it what the learner's code expects when that is not plain data. `needs_torch` says
    that the attempt or the learner's own code needs PyTorch beside it.
    """

    name: str
    signature: str
    chapter: str
    points: Mapping[str, float]
    section: Section
    inputs: Callable[[np.random.Generator], Sequence[Case]]
    attempt: Attempt
    expected: Callable[[Case], Arrays]
    numerical: Callable[[Case], Arrays]
    judge: Judge
    complete: Callable[[Case, Mapping[str, Answer]], Case] = lambda case, _: case
    suspects: Sequence[Suspect] = ()
    may_call: Sequence[str] = ()
    stand_in: Solution | None = None
    stand_in_as: Callable[[Solution], Solution] | None = None
    needs_torch: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "expected", OnceACase(self.expected))

    @property
    def max_points(self) -> float:
        return float(sum(self.points.values()))
