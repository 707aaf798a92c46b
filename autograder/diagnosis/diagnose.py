"""Finds out what is wrong with an answer: the catalogued mistake that reproduces it, or a relation in the numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from autograder.attempts.answers import Answer, Array, Unusable
from autograder.diagnosis.catalogue import CATALOGUE
from autograder.diagnosis.relations import Relation, find_relation, is_multiple
from autograder.exercise import Case, Exercise, Suspect, Verdict
from autograder.judging import agree

Compared: TypeAlias = tuple[Case, Answer, Array]  # a case, the learner's answer, the right one

FEWEST_CASES = 3  # a mistake is named only when it reproduces the answer on at least so many cases


@dataclass(frozen=True)
class Diagnosis:
    """What feedback adds to a wrong answer; all empty when nothing certain can be said."""

    sentence: str = ""
    mistake: str | None = None
    slot: str = ""


def diagnose(
    exercise: Exercise,
    part: str,
    cases: Sequence[Case],
    answers: Sequence[Answer | None],
    verdicts: Sequence[Verdict],
) -> Diagnosis:
    """Say what kind of wrong the answers of one part are, if that is certain.

    A catalogued mistake is named when its formula gives the learner's answer in every case that has one, NaN and
    infinity included, in at least `FEWEST_CASES` of them; or else in every case with a finite answer, for code that
    overflows as well as being wrong. Where there is none, a general relation between the answer and the right one is
    described.
    """
    judged = next((verdict.mistake for verdict in verdicts if verdict.mistake), "")
    if judged:
        return _from_catalogue(judged)
    pairs = _comparable(exercise, part, cases, answers, verdicts)
    if not _worth_comparing(pairs):
        return Diagnosis()
    finite = [pair for pair in pairs if isinstance(pair[1], np.ndarray) and np.isfinite(pair[1]).all()]
    for compared in (pairs, finite) if _worth_comparing(finite) else (pairs,):
        named = next(_reproducing(exercise, part, compared), None)
        if named:
            return _from_catalogue(named)
    return _describe(exercise, part, finite) if _worth_comparing(finite) else Diagnosis()


def _comparable(
    exercise: Exercise,
    part: str,
    cases: Sequence[Case],
    answers: Sequence[Answer | None],
    verdicts: Sequence[Verdict],
) -> list[Compared]:
    return [
        (case, answer, right[part])
        for case, answer, verdict in zip(cases, answers, verdicts, strict=True)
        if answer is not None
        and verdict.kind in ("right", "wrong value", "shape", "not finite")
        and part in (right := exercise.expected(case))
    ]


def _worth_comparing(pairs: Sequence[Compared]) -> bool:
    return len(pairs) >= FEWEST_CASES and not all(agree(answer, right) for _, answer, right in pairs)


def _describe(exercise: Exercise, part: str, pairs: Sequence[Compared]) -> Diagnosis:
    """Describe what the numbers show where no mistake reproduces them; every answer here is a finite array."""
    other = _other_part(exercise, part, pairs)
    if other:
        return Diagnosis(f" This is {other}: the values were returned in another order.")
    relation = find_relation(pairs)
    if relation:
        return _from_relation(relation)
    factor, nearly = next(_reproducing_but_for_a_factor(exercise, part, pairs), (0.0, ""))
    if nearly:
        mistake = CATALOGUE[nearly]
        return Diagnosis(f" But for a factor of {factor:.3g} it is this: {mistake.explanation}", slot=mistake.slot)
    return Diagnosis()


def _reproducing(exercise: Exercise, part: str, pairs: Sequence[Compared]) -> Iterator[str]:
    for suspect in exercise.suspects:
        if suspect.part == part and _reproduces(suspect, pairs):
            yield suspect.mistake


def _reproducing_but_for_a_factor(
    exercise: Exercise, part: str, pairs: Sequence[Compared]
) -> Iterator[tuple[float, str]]:
    for suspect in exercise.suspects:
        factor = _factor(suspect, pairs) if suspect.part == part else 0.0
        if factor:
            yield factor, suspect.mistake


def _factor(suspect: Suspect, pairs: Sequence[Compared]) -> float:
    """Return c when the answer is c times the suspect's in every case, and in enough cases that are not 0; else 0."""
    factors = []
    for case, answer, _ in pairs:
        wrong = suspect.answer(case)
        if isinstance(answer, Unusable) or isinstance(wrong, Unusable) or answer.shape != wrong.shape:
            return 0.0
        if not np.isfinite(wrong).all() or not is_multiple(answer, wrong):
            return 0.0
        if wrong.any():
            factors.append(float((answer * wrong).sum() / (wrong * wrong).sum()))
    same = len(factors) >= FEWEST_CASES and np.ptp(factors) <= 1e-5 * abs(factors[0])
    return factors[0] if same else 0.0


def _reproduces(suspect: Suspect, pairs: Sequence[Compared]) -> bool:
    return all(
        isinstance(wrong := suspect.answer(case), np.ndarray) and _same(answer, wrong) for case, answer, _ in pairs
    )


def _same(answer: Answer, wrong: Array) -> bool:
    """Return whether the two agree, with NaN and infinity in the same entries."""
    if isinstance(answer, Unusable) or answer.shape != wrong.shape:
        return False
    finite = np.isfinite(wrong)
    return np.array_equal(answer[~finite], wrong[~finite], equal_nan=True) and agree(answer[finite], wrong[finite])


def _other_part(exercise: Exercise, part: str, pairs: Sequence[Compared]) -> str | None:
    """Return the part whose right answer this is, if it is another's in every case."""
    expected = [exercise.expected(case) for case, _, _ in pairs]
    others = set(exercise.points) & set(expected[0]) - {part}
    for other in sorted(others):
        if all(
            other in right and agree(answer, right[other])
            for (_, answer, _), right in zip(pairs, expected, strict=True)
        ):
            return other
    return None


def _from_catalogue(mistake_id: str) -> Diagnosis:
    mistake = CATALOGUE[mistake_id]
    return Diagnosis(f" {mistake.explanation}", mistake.id, mistake.slot)


def _from_relation(relation: Relation) -> Diagnosis:
    if relation.mistake:
        return _from_catalogue(relation.mistake)
    return Diagnosis(f" {relation.sentence}", slot=relation.slot)
