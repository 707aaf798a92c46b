"""The catalogue of mistakes is whole: every id used exists, every id has words and formulas, every slot a name."""

from __future__ import annotations

from autograder import exercises
from autograder.chapters import CHAPTERS
from autograder.mistakes import CATALOGUE
from autograder.slots import SLOTS
from tests.unit.corpus import WRONG


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


def test_every_mistake_has_a_sentence_a_wrong_and_a_right_formula() -> None:
    assert [m.id for m in CATALOGUE.values() if not (m.sentence.endswith(".") and m.wrong and m.right)] == []


def test_every_slot_of_a_mistake_is_a_slot_of_the_template() -> None:
    assert {mistake.slot for mistake in CATALOGUE.values()} - SLOTS.keys() == {""}


def test_every_mistake_of_the_catalogue_is_tried_on_the_grader() -> None:
    assert CATALOGUE.keys() - {wrong.mistake for wrong in WRONG} == set()


def test_every_exercise_of_a_chapter_is_listed() -> None:
    assert list(exercises().values()) == [exercise for chapter in CHAPTERS for exercise in chapter.EXERCISES]
