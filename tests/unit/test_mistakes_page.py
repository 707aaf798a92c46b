"""The words of the catalogue's page fit the catalogue: none missing, none left over, each in a group that exists."""

from __future__ import annotations

import tomllib
from pathlib import Path

from autograder import exercises
from autograder.mistakes import CATALOGUE
from tests.unit.corpus import WRONG

FILE = tomllib.loads((Path(__file__).parents[2] / "book" / "mistakes.toml").read_text(encoding="utf-8"))
WORDS = FILE["words"]
WITH_FORMULA = {suspect.mistake for exercise in exercises().values() for suspect in exercise.suspects}


def test_every_mistake_has_words() -> None:
    assert CATALOGUE.keys() - WORDS.keys() == set()


def test_there_are_words_for_no_other_mistake() -> None:
    assert WORDS.keys() - CATALOGUE.keys() == set()


def test_every_group_is_used_and_exists() -> None:
    assert {words["group"] for words in WORDS.values()} == FILE["groups"].keys()


def test_the_words_are_two_short_sentences() -> None:
    long = [
        (mistake, key)
        for mistake, words in WORDS.items()
        for key in ("tempting", "notice")
        if not words[key].endswith(".") or len(words[key].split()) > 16
    ]
    assert long == []


def test_a_mistake_without_a_formula_lists_the_exercises_that_are_seen_to_name_it() -> None:
    seen = {
        mistake: {wrong.exercise for wrong in WRONG if wrong.mistake == mistake}
        for mistake in CATALOGUE.keys() - WITH_FORMULA
    }
    listed = {mistake: set(words.get("exercises", ())) for mistake, words in WORDS.items() if mistake in seen}
    assert listed == seen
