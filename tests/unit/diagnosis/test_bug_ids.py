"""Is the id of a mistake in lab 07 read as it was meant, and is it said what an id is where it cannot be?"""

from __future__ import annotations

from functools import partial

import pytest

from autograder import check
from autograder.attempts.answers import Unusable
from autograder.attempts.without_autograd import attempt_bug
from autograder.chapters.without_autograd import IDS
from tests.unit.corpus.without_autograd import ID_AS_MEANT


def test_every_id_is_read_as_meant_and_taken_for_no_other() -> None:
    for place, id in enumerate(IDS):
        for write in ID_AS_MEANT:
            assert attempt_bug(partial(write, id), {"ids": list(IDS)}) == {"value": place}


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ("factor-too", "`factor-too` came back"),
        ("The slope `is` missing", "`The slope 'is' missing` came back"),
        ("\n", "an empty text came back"),
        (7, "came back"),
        (None, "return"),
    ],
)
def test_what_is_no_id_is_answered_with_what_an_id_is(came: object, said: str) -> None:
    message = check(lambda: came, "bug_1").findings[0].message
    assert said in message
    assert "one id of the lab's list, as text with hyphens between its words, was expected" in message


def test_two_ids_at_once_are_no_id() -> None:
    answer = attempt_bug(lambda: "sign, factor-two", {"ids": list(IDS)})["value"]
    assert isinstance(answer, Unusable)
