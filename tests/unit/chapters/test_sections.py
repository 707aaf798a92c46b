"""Feedback sends a learner to a section of the book: it is there, under that heading."""

from __future__ import annotations

import re

import pytest

from autograder import exercises
from autograder.labs import ROOT


@pytest.mark.parametrize("name", exercises())
def test_the_section_of_an_exercise_is_in_its_chapter_under_its_heading(name: str) -> None:
    exercise = exercises()[name]
    page = (ROOT / "book" / f"{exercise.chapter}.md").read_text("utf-8")
    found = re.search(rf"^\({re.escape(exercise.section.anchor)}\)=\n#+ (.+)$", page, re.MULTILINE)
    assert found, f"no ({exercise.section.anchor})= above a heading"
    assert found[1] == exercise.section.title
