"""The counts that the book shows are those of the tests."""

from __future__ import annotations

from tests.unit import kill_matrix


def test_the_books_kill_matrix_is_fresh() -> None:
    assert kill_matrix.BOOK_COPY.read_text("utf-8") == kill_matrix.text(), (
        "book/data/kill_matrix.json is stale: run python -m tests.unit.kill_matrix"
    )
