"""General relations between a wrong answer and the right one, found in the numbers of several cases.

A relation is reported only when it holds in every case. It names the catalogued mistake where one fits exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TypeAlias, TypeGuard, TypeVar

import numpy as np

from autograder.attempts.answers import Answer, Array
from autograder.exercise import Case
from autograder.judging import RELATIVE_TOLERANCE, agree, is_held_by, is_single_precision

T = TypeVar("T")
Pair: TypeAlias = tuple[Case, Array, Array]  # the case, the learner's answer, the right one

_NEARLY_RIGHT = 1e-3  # a factor this near to 1 is not what went wrong
_FEWEST_SINGLE = 3  # so many cases of float32 numbers are no accident
_LONGEST_LIST = 3  # more cases than that have nothing to say by their names
_FACTORS = {0.5: "½", 2.0: "2", -0.5: "−½", -2.0: "−2", 0.25: "¼", 4.0: "4"}
_MISTAKE_OF_FACTOR = {-1.0: "sign", 2.0: "factor-two", 0.5: "factor-half"}


@dataclass(frozen=True)
class Relation:
    """What relates the answer to the right one: a catalogued mistake by id, or a sentence and perhaps a slot."""

    mistake: str = ""
    sentence: str = ""
    slot: str = ""


def find_relation(pairs: Sequence[tuple[Case, Answer, Array]]) -> Relation | None:
    """Return the first relation that holds in every case, or None."""
    arrays = [(case, answer, right) for case, answer, right in pairs if isinstance(answer, np.ndarray)]
    if len(arrays) != len(pairs):
        return None
    same_shape = all(answer.shape == right.shape for _, answer, right in arrays)
    finders = _SAME_SHAPE if same_shape else _OTHER_SHAPE
    return next((relation for finder in finders if (relation := finder(arrays))), None)


def _all_agree(pairs: Iterable[Pair], change: Callable[[Array], Array]) -> bool:
    """Return whether changing the right answer so gives the learner's, in every case."""
    return all(agree(answer, np.asarray(change(right))) for _, answer, right in pairs)


def _zero(pairs: Sequence[Pair]) -> Relation | None:
    if all(not answer.any() for _, answer, _ in pairs):
        return Relation(sentence="Every number that came back is 0.")
    return None


def _single_precision(pairs: Sequence[Pair]) -> Relation | None:
    """Recognise numbers of float32 wherever the answer is wrong, near the right ones in most cases.

    In the others, where numbers nearly cancel, its rounding is as large as what is left.
    """
    right = [agree(answer, wanted) for _, answer, wanted in pairs]
    single = [is_single_precision(answer) for _, answer, _ in pairs]
    near = [abs(a - b).max(initial=0.0) <= _NEARLY_RIGHT * abs(b).max(initial=0.0) for _, a, b in pairs]
    everywhere = all(
        agrees or is_held_by(np.float32, answer) for agrees, (_, answer, _) in zip(right, pairs, strict=True)
    )
    if everywhere and sum(single) >= _FEWEST_SINGLE and 2 * sum(near) >= len(near):
        return Relation("single-precision")
    return None


def constant_factor(pairs: Sequence[Pair]) -> Relation | None:
    """Recognise an answer that is a constant times the right one, or times a size of the case."""
    pairs = [pair for pair in pairs if pair[2].any()]
    factors = np.array([_factor(answer, right) for _, answer, right in pairs])
    if not pairs or not np.isfinite(factors).all() or (np.abs(factors - 1) < _NEARLY_RIGHT).all():
        return None
    if np.ptp(factors) <= 1e-5 * abs(factors[0]):
        return _same_factor(float(factors[0]))
    return _factor_of_sizes([case for case, _, _ in pairs], factors)


def _same_factor(factor: float) -> Relation:
    for value, mistake in _MISTAKE_OF_FACTOR.items():
        if abs(factor - value) < 1e-5:
            return Relation(mistake)
    named = next((name for value, name in _FACTORS.items() if abs(factor - value) < 1e-5), f"{factor:.4g}")
    return Relation(sentence=f"Your numbers are {named} times the right ones, in every case.")


def _factor_of_sizes(cases: Sequence[Case], factors: Array) -> Relation | None:
    """Recognise a factor that follows a size of the case, or the product of several: N, K, N·K."""
    sizes = [_sizes(case) for case in cases]
    letters = [letter for letter in sizes[0] if all(letter in one for one in sizes)]
    for chosen in _subsets(letters):
        product, of = np.array([float(np.prod([one[letter] for letter in chosen])) for one in sizes]), "·".join(chosen)
        below = f"({of})" if len(chosen) > 1 else of
        for name, values in (
            (f"1/{below}", 1 / product),
            (of, product),
            (f"2/{below}", 2 / product),
            (f"1/(2{of})", 0.5 / product),
        ):
            if np.allclose(factors, values, rtol=1e-5, atol=0):
                mistake = _MISTAKE_OF_SIZES.get(_divided_by(name, chosen, letters), "")
                return Relation(mistake, f"Your numbers are {name} times the right ones.")
    return None


def _subsets(letters: Sequence[T]) -> Iterator[tuple[T, ...]]:
    """Yield the letters one by one, then several together."""
    for many in range(1, len(letters) + 1):
        yield from combinations(letters, many)


_MISTAKE_OF_SIZES = {"the batch": "batch-mean", "everything": "mean-over-all"}


def _divided_by(name: str, chosen: Sequence[str], letters: Sequence[str]) -> str:
    """Say in words what an answer was divided by, where that is a mistake of its own."""
    if not name.startswith("1/") or name.startswith("1/(2"):
        return ""
    if chosen == tuple(letters[:1]):
        return "the batch"
    return "everything" if len(chosen) == len(letters) else ""


def _sizes(case: Case) -> Mapping[str, int]:
    """Return the sizes that the case states, or those of what arrives from above: N, and K or one letter an axis."""
    if case.sizes:
        return case.sizes
    arrays = [array for array in vars(case.names).values() if _is_numbers(array) and array.ndim > 1]
    usual = [getattr(case.names, name, None) for name in _FROM_ABOVE]
    shape = next((array.shape for array in usual if _is_numbers(array) and array.ndim > 1), None)
    if shape is None and arrays:
        shape = (_most_common([len(array) for array in arrays]),)
    return dict(zip(_LETTERS.get(len(shape), _LETTERS[4]), shape, strict=False)) if shape else {}


_FROM_ABOVE = ("delta_above", "delta", "upstream", "T", "t", "O")
_LETTERS = {1: "N", 2: "NK", 3: "NCL", 4: "NCYX"}


def _most_common(numbers: Sequence[int]) -> int:
    """Return the number that occurs most often, the first of those that do."""
    return max(numbers, key=numbers.count)


def _factor(answer: Array, right: Array) -> float:
    """Return c when the answer is c times the right one (which is not all 0), else NaN."""
    factor = float((answer * right).sum() / (right * right).sum())
    return factor if agree(answer, factor * right) and abs(factor) > RELATIVE_TOLERANCE else np.nan


def is_multiple(answer: Array, right: Array) -> bool:
    """Return whether the answer is some number times the right one; two zeros are."""
    return not (answer.any() or right.any()) or bool(right.any() and np.isfinite(_factor(answer, right)))


def _square_transpose(pairs: Sequence[Pair]) -> Relation | None:
    if all(right.ndim == 2 for _, _, right in pairs) and _all_agree(pairs, lambda right: right.T):
        return Relation("transposed")
    return _exchanged_axes(pairs)


def _exchanged_axes(pairs: Sequence[Pair]) -> Relation | None:
    """Recognise two axes of three or more that stand in each other's place."""
    ranks = {right.ndim for _, _, right in pairs}
    if len(ranks) > 1 or ranks.pop() < 3:
        return None
    for one, other in combinations(range(pairs[0][2].ndim), 2):
        if _all_agree(pairs, partial(np.swapaxes, axis1=one, axis2=other)):
            return Relation(sentence=f"Axis {one} and axis {other} stand in each other's place.")
    return None


def _elementwise_factor(pairs: Sequence[Pair]) -> Relation | None:
    """Recognise a known quantity of the case that was multiplied in once too often, or left out."""
    for name in _array_names(pairs):
        for form, quantity in _QUANTITIES.items():
            factors = [quantity(np.asarray(getattr(case.names, name))) for case, _, _ in pairs]
            words, slot = form.format(name), {**_SLOT_OF, **pairs[0][0].slots}.get(name, "")
            if _holds(pairs, factors, lambda answer, right, q: (answer, right * q)):
                return Relation(sentence=f"Your numbers are the right ones times {words}, entry by entry.", slot=slot)
            if _holds(pairs, factors, lambda answer, right, q: (answer * q, right)):
                return Relation(sentence=f"A factor {words} is missing, entry by entry.", slot=slot)
    return None


_QUANTITIES: dict[str, Callable[[Array], Array]] = {
    "{0}": lambda q: q,
    "1 − {0}": lambda q: 1 - q,
    "{0}(1 − {0})": lambda q: q * (1 - q),
    "{0}²": lambda q: q**2,
    "1 − {0}²": lambda q: 1 - q**2,
}
_SLOT_OF = {
    "upstream": "upstream",
    "delta_above": "upstream",
    "delta": "upstream",
    "O": "slope",
    "x": "input",
}


def _holds(
    pairs: Sequence[Pair],
    factors: Sequence[Array],
    sides: Callable[[Array, Array, Array], tuple[Array, Array]],
) -> bool:
    """Return whether the two sides agree in every case, the factor having the shape of the answer."""
    for (_, answer, right), factor in zip(pairs, factors, strict=True):
        if factor.shape != answer.shape:
            return False
        left, other = sides(answer, right, factor)
        if not agree(left, other):
            return False
    return True


def _multiple_added(pairs: Sequence[Pair]) -> Relation | None:
    """Recognise a multiple of a known quantity of the case that was added, as by weight decay."""
    for name in _array_names(pairs):
        quantities = [np.asarray(getattr(case.names, name)) for case, _, _ in pairs]
        if any(q.shape != right.shape or not q.any() for q, (_, _, right) in zip(quantities, pairs, strict=True)):
            continue
        added = [(case, answer - right, q) for (case, answer, right), q in zip(pairs, quantities, strict=True)]
        factors = np.array([_factor(difference, q) for _, difference, q in added])
        if np.isfinite(factors).all() and np.ptp(factors) <= 1e-4 * abs(factors[0]):
            return Relation(sentence=f"Your numbers are the right ones plus {factors[0]:.4g} times {name}.")
    return None


def _array_names(pairs: Sequence[Pair]) -> list[str]:
    """Return the names of the inputs that are arrays of numbers in every case."""
    cases = [vars(case.names) for case, _, _ in pairs]
    return [name for name in cases[0] if all(_is_numbers(names.get(name)) for names in cases)]


def _is_numbers(value: object) -> TypeGuard[Array]:
    return isinstance(value, np.ndarray) and value.dtype.kind in "fiub"


def _only_some_rows(pairs: Sequence[Pair]) -> Relation | None:
    """Recognise an answer that is right in its first row only."""
    tall = [(answer, right) for _, answer, right in pairs if right.ndim > 1 and len(right) > 1]
    if tall and all(agree(answer[0], right[0]) and not agree(answer[1:], right[1:]) for answer, right in tall):
        return Relation(sentence="Only the first row is right.")
    return None


def _only_some_cases(pairs: Sequence[Pair]) -> Relation | None:
    """Say where the answer is right, when it is in some cases and not in others."""
    cases: dict[bool, list[Case]] = {True: [], False: []}
    for case, answer, right in pairs:
        cases[agree(answer, right)].append(case)
    if not cases[True] or not cases[False]:
        return None
    for words, applies in _circumstances([case for case, _, _ in pairs]).items():
        if [case for case, _, _ in pairs if applies(_sizes(case))] == cases[True]:
            return Relation(sentence=f"It is right only {words}.")
    fewer = len(cases[True]) < len(cases[False])
    if len(cases[fewer]) > _LONGEST_LIST:
        return None
    listed = "; ".join(f"“{case.label}”" for case in cases[fewer])
    return Relation(sentence=f"It is {'right' if fewer else 'wrong'} only in: {listed}.")


Circumstance: TypeAlias = Callable[[Mapping[str, int]], bool]

_CIRCUMSTANCES: dict[str, Circumstance] = {
    "for a batch of one": lambda sizes: sizes.get("N") == 1,
    "with a single unit above": lambda sizes: sizes.get("K") == 1,
}


def _circumstances(cases: Sequence[Case]) -> dict[str, Circumstance]:
    """Return in words what may make a wrong formula right: a size of 1, or two equal ones of those that cases state."""
    stated = [letter for letter in cases[0].sizes if all(letter in case.sizes for case in cases)]
    found = dict(_CIRCUMSTANCES)
    if stated:
        found = {"for a batch of one": _CIRCUMSTANCES["for a batch of one"]}
        found |= {f"where {letter} = 1": partial(_is_one, letter) for letter in stated if letter != "N"}
        found |= {f"where {one} = {other}": partial(_are_equal, one, other) for one, other in combinations(stated, 2)}
    return found


def _is_one(letter: str, sizes: Mapping[str, int]) -> bool:
    return sizes[letter] == 1


def _are_equal(one: str, other: str, sizes: Mapping[str, int]) -> bool:
    return sizes[one] == sizes[other]


def _kept_axis(pairs: Sequence[Pair]) -> Relation | None:
    if all(answer.size == right.size and agree(answer.reshape(right.shape), right) for _, answer, right in pairs):
        return Relation(sentence="The numbers are right, their shape is not.")
    return None


def _not_summed(pairs: Sequence[Pair]) -> Relation | None:
    """Recognise one axis, or several, that the right answer has been summed over and the learner's has not."""
    ranks = {(answer.ndim, right.ndim) for _, answer, right in pairs}
    if len(ranks) > 1:
        return None
    deep, shallow = ranks.pop()
    for axes in combinations(range(deep), max(deep - shallow, 0)):
        if axes and all(agree(answer.sum(axis=axes), right) for _, answer, right in pairs):
            return _unsummed(axes, pairs)
    return None


def _unsummed(axes: tuple[int, ...], pairs: Sequence[Pair]) -> Relation:
    batch = axes[0] == 0 and all(len(answer) == _sizes(case).get("N", len(answer)) for case, answer, _ in pairs)
    if axes == (0,):
        return Relation("batch-not-summed" if batch else "", "Axis 0 is still to be summed over.")
    names = ["the batch (axis 0)" if batch and axis == 0 else f"axis {axis}" for axis in axes]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
    return Relation(sentence=f"{listed[0].upper()}{listed[1:]} {'are' if names[1:] else 'is'} still to be summed over.")


def _summed_too_far(pairs: Sequence[Pair]) -> Relation | None:
    if _all_agree(pairs, lambda right: right.sum()):
        return Relation("summed-over-everything")
    fewest = min(right.ndim for _, _, right in pairs)
    for axes in _subsets(range(fewest)):
        if _all_agree(pairs, partial(np.sum, axis=axes)):
            listed = " and ".join(f"axis {axis}" for axis in axes)
            return Relation(sentence=f"It is summed over {listed}, which should stay.")
    return None


def _other_transpose(pairs: Sequence[Pair]) -> Relation | None:
    if _all_agree(pairs, lambda right: right.T):
        return Relation("transposed")
    return _exchanged_axes(pairs)


Finder: TypeAlias = Callable[[Sequence[Pair]], Relation | None]

_SAME_SHAPE: tuple[Finder, ...] = (
    _zero,
    _single_precision,
    constant_factor,
    _square_transpose,
    _elementwise_factor,
    _multiple_added,
    _only_some_rows,
    _only_some_cases,
)
_OTHER_SHAPE: tuple[Finder, ...] = (_kept_axis, _other_transpose, _not_summed, _summed_too_far)
