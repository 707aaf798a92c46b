"""What the gradebook says of a submission: made from the gradebook, shown on the feedback page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from autograder.report import Finding


@dataclass(frozen=True)
class Row:
    """What the gradebook says of one graded cell. `by_hand`: a person gave its score; `waits`: one has to give it;
    `blank`: it asks for words, and there are none. `parts` are the findings of its report; `comment` is a person's."""

    exercise: str
    cell: str
    score: float
    max_score: float
    comment: str
    by_hand: bool
    waits: bool = False
    blank: bool = False
    parts: tuple[Finding, ...] = ()

    @property
    def wrong_alike(self) -> str:
        """What is wrong in a word, where it is the same with every part."""
        words = {"" if part.passed else part.mistake or part.kind for part in self.parts}
        return words.pop() if len(words) == 1 else ""


@dataclass(frozen=True)
class Standing:
    """What the gradebook says of one submission, the learner's name and the time of the hand-in, in UTC, among it."""

    rows: tuple[Row, ...]
    late_penalty: float
    needs_attention: bool
    learner: str = ""
    handed_in: datetime | None = None

    @property
    def score(self) -> float:
        return sum(row.score for row in self.rows) - self.late_penalty

    @property
    def max_score(self) -> float:
        return sum(row.max_score for row in self.rows)

    @property
    def waiting(self) -> float:
        """The points that a person has still to give or refuse."""
        return sum(row.max_score for row in self.rows if row.waits)
