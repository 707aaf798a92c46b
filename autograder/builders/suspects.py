"""Writes wrong answers down: as another forward formula, or as a line of arithmetic on what a case holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from autograder.attempts.answers import Array
from autograder.exercise import Case, Suspect
from autograder.oracles.autodiff import Forward, autograd
from autograder.oracles.tensors import Tensor, torch

Formula: TypeAlias = Callable[[Any], object]  # of a case's inputs, by name


class Wrong(NamedTuple):
    """A mistake of the catalogue that is another forward formula, in some parts of an exercise; in all, if `parts` is
    empty. A builder makes suspects of it: it knows what the exercise does with a forward formula."""

    mistake: str
    forward: Forward
    parts: tuple[str, ...] = ()


def wrong(mistake: str, forward: Forward, *parts: str) -> Wrong:
    """Return the mistake of working with this forward formula in `parts`, in all of them where none is named."""
    return Wrong(mistake, forward, parts)


def suspects_of(
    found: Sequence[Suspect | Wrong], parts: Sequence[str], answer: Callable[[Forward, str, Case], object]
) -> list[Suspect]:
    """Return the suspects of an exercise with these parts; answer(forward, part, case) is what a formula leads to."""

    def of_formula(one: Wrong, part: str) -> Suspect:
        return Suspect(one.mistake, part, lambda case: answer(one.forward, part, case))

    return [
        suspect
        for one in found
        for suspect in ([one] if isinstance(one, Suspect) else [of_formula(one, part) for part in one.parts or parts])
    ]


def instead(forward: Forward, **changes: Callable[[Any], Any]) -> Forward:
    """Return the formula with some of its inputs changed on their way in: instead(product, W=torch.ones_like)."""
    return lambda **given: forward(**{**given, **{name: change(given[name]) for name, change in changes.items()}})


def first_row_only(array: Tensor) -> Tensor:
    """Return `array` with every row but the first set to 0: a batch of which only the first sample counts."""
    return array * (torch.arange(len(array)) == 0).reshape(-1, *[1] * (array.ndim - 1))


def sum_of_rows(array: Tensor) -> Tensor:
    return array.sum(0, keepdim=True)


def transposed(array: Tensor) -> Tensor:
    """Return the transpose; in a product it fits where the array is square only."""
    return array.T


def slips(part: str, formulas: Sequence[tuple[str, Formula]]) -> list[Suspect]:
    """Return for each (mistake, formula) the mistake of answering `part` with formula(case.names)."""
    return [slip(mistake, part, formula) for mistake, formula in formulas]


def slip(mistake: str, part: str, formula: Formula) -> Suspect:
    """Return the mistake of answering `part` with formula(case.names)."""

    def answer(case: Case) -> object:
        with np.errstate(all="ignore"):
            return formula(case.names)

    return Suspect(mistake, part, answer)


def gradient(forward: Forward, given: Any, name: str) -> Array:
    """Return ∂E/∂given[name] of one input, by PyTorch autograd."""
    return autograd(forward, given, [name])[name]


def weights_between(below: Array, delta: Array) -> Array:
    """Return ∂E/∂W of a product below @ W whose own gradient is `delta`, whatever shape W has."""
    given = {"x": below, "W": np.zeros((below.shape[1], delta.shape[1])), "delta": delta}
    return gradient(lambda x, W, delta: (delta * (x @ W)).sum(), given, "W")


def norm(array: Array) -> float:
    return float(np.sqrt((array * array).sum()))
