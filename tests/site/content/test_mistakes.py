"""Can feedback link to every mistake, and does the page say the same of it?"""

import re
from html import unescape
from pathlib import Path

import pytest

from autograder.diagnosis.catalogue import CATALOGUE


@pytest.fixture(scope="module")
def page(site: Path) -> str:
    return (site / "book" / "mistakes.html").read_text(encoding="utf-8")


def test_every_mistake_has_its_anchor_once(page: str) -> None:
    assert sorted(re.findall(r'id="mistake-([\w-]+)"', page)) == sorted(CATALOGUE)


def test_every_mistake_stands_there_in_the_words_of_the_feedback(page: str) -> None:
    text = re.sub(r"\s+", " ", unescape(re.sub(r"</?(?:sub|span|code)\b[^>]*>", "", page)))
    plain = [re.sub(r"(?<=\w)_([a-z]{1,2}|[0-9])\b", r"\1", mistake.sentence) for mistake in CATALOGUE.values()]
    assert [sentence for sentence in plain if sentence.replace("`", "") not in text.replace("’", "'")] == []
