"""The catalogue of mistakes is whole: each is told once, in short sentences, and each can be seen to be named."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest

from autograder import Exercise, exercises
from autograder.attempts.observe import observe
from autograder.checking import PUBLIC_SEED, draw_cases
from autograder.diagnosis.catalogue import CATALOGUE, GROUPS
from autograder.diagnosis.diagnose import diagnose
from autograder.exercise import Case
from autograder.judging import compare
from autograder.palette import SLOTS
from tests.unit.corpus import RIGHT, WRONG


@cache
def cases_of(exercise: Exercise) -> list[Case]:
    """Return the public cases, with what a right answer chose where that is the learner's to choose."""
    right = RIGHT[exercise.name][0]
    cases = draw_cases(exercise, PUBLIC_SEED)
    return [exercise.complete(case, observe(exercise.attempt, right, case.arguments).answers) for case in cases]


@cache
def named(exercise: Exercise) -> set[str | None]:
    """Return the mistakes named when each suspect's own wrong numbers are handed in for its part."""
    cases = cases_of(exercise)
    found = set()
    for suspect in exercise.suspects:
        held = [case for case in cases if suspect.part in exercise.expected(case)]
        wrong = [suspect.answer(case) for case in held]
        verdicts = [
            compare(answer, exercise.expected(case)[suspect.part]) for case, answer in zip(held, wrong, strict=True)
        ]
        found.add(diagnose(exercise, suspect.part, held, wrong, verdicts).mistake)
    return found


def test_every_suspect_of_an_exercise_is_in_the_catalogue() -> None:
    used = {suspect.mistake for exercise in exercises().values() for suspect in exercise.suspects}
    assert used - CATALOGUE.keys() == set()


def test_every_suspect_concerns_a_part_of_its_exercise() -> None:
    strays = [
        (exercise.name, suspect.part)
        for exercise in exercises().values()
        for suspect in exercise.suspects
        if suspect.part not in exercise.points
    ]
    assert strays == []


@pytest.mark.parametrize("exercise", exercises().values(), ids=exercises())
def test_every_suspect_fits_a_case(exercise: Exercise) -> None:
    idle = [
        f"{suspect.part}: {suspect.mistake}"
        for suspect in exercise.suspects
        if not any(
            isinstance(suspect.answer(case), np.ndarray)
            for case in cases_of(exercise)
            if suspect.part in exercise.expected(case)
        )
    ]
    assert idle == []


def test_every_mistake_is_told_in_short_sentences_and_by_both_formulas() -> None:
    told = {mistake.id: (mistake.sentence, mistake.tempting, mistake.notice) for mistake in CATALOGUE.values()}
    wrong = [id_ for id_, sentences in told.items() if not all(each.endswith(".") for each in sentences)]
    long = [id_ for id_, (_, *why) in told.items() if any(len(each.split()) > 16 for each in why)]
    assert (wrong, long) == ([], [])
    assert [mistake.id for mistake in CATALOGUE.values() if not (mistake.wrong and mistake.right)] == []


def test_no_sentence_stands_for_two_mistakes() -> None:
    counts = Counter(mistake.sentence for mistake in CATALOGUE.values())
    assert [sentence for sentence, count in counts.items() if count > 1] == []


def test_every_slot_of_a_mistake_is_a_slot_of_the_template() -> None:
    assert {mistake.slot for mistake in CATALOGUE.values()} - SLOTS.keys() == {""}


def test_every_group_is_used_and_exists() -> None:
    assert {mistake.group for mistake in CATALOGUE.values()} == GROUPS.keys()


def test_every_mistake_is_named_by_the_grader_for_something_wrong() -> None:
    """A wrong solution of the corpus, or the numbers of its suspect: a new mistake needs no third edit."""
    by_suspect = set().union(*map(named, exercises().values()))
    assert CATALOGUE.keys() - {wrong.mistake for wrong in WRONG} - by_suspect == set()


def test_a_mistake_that_no_suspect_names_lists_the_exercises_that_are_seen_to_name_it() -> None:
    with_formula = {suspect.mistake for exercise in exercises().values() for suspect in exercise.suspects}
    others = [mistake for mistake in CATALOGUE.values() if mistake.id not in with_formula]
    seen = {mistake.id: {wrong.exercise for wrong in WRONG if wrong.mistake == mistake.id} for mistake in others}
    assert {mistake.id: set(mistake.exercises) for mistake in others} == seen
    assert [mistake.id for mistake in CATALOGUE.values() if mistake.id in with_formula and mistake.exercises] == []
