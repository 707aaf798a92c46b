"""Finds answers in words, wherever in the lab they were written.

An answer is near when it stands in its cell, in the question's, or below the question. Where nothing near is long
enough to be the whole of it, everything else a learner wrote is shown to a person too, who decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise

from nbformat import NotebookNode

from autograder.course.cells import Own, is_written, squeezed
from autograder.course.intake.notebooks import Notice, shown
from autograder.course.intake.words import GivenText, count_words

_SHORT = 12  # words: such an answer may only point to where the answer is
_FEWEST = 4  # words of a text elsewhere that may be an answer
_MOST_NAMED = 8  # cells in one notice
_MOST_OF_A_PIECE = 3_000  # characters of one that stands elsewhere


@dataclass
class _Piece:
    """A learner's words that are an answer or may be one. `near` says that they stand where an answer belongs;
    `plain` that they are all the text of a cell for text."""

    mine: Own
    text: str
    near: bool
    plain: bool


def find_written_answers(
    own: list[Own], edited: Sequence[Own], released: NotebookNode, exercises: Sequence[str]
) -> list[Notice]:
    """Give each written answer its cell among the learner's `own`, and return notices of what was found elsewhere.

    `edited` are copies of given cells that are put back as they were; what was written into them may be an answer.
    The solutions of `exercises` are none.
    """
    given = GivenText(released)
    ids = {cell.id for cell in released.cells if is_written(cell)}
    solutions = re.compile(rf"\b(?:def|class)\s+(?:{'|'.join(map(re.escape, exercises))})\b") if exercises else None
    notices: list[Notice] = []
    for question, stub in pairwise(released.cells):
        if is_written(stub):
            others = {*exercises, *ids} - {stub.id}
            free = [
                o
                for o in own
                if o.answers is None
                and not o.moved
                and o.claim not in others
                and not o.names.intersection(exercises)
                and not (solutions and solutions.search(o.cell.source))
            ]
            notices += _Search(own, free, edited, given, question, stub).settle()
    return notices


@dataclass
class _Search:
    """The search for one answer among the cells that may hold it."""

    own: list[Own]
    free: Sequence[Own]
    edited: Sequence[Own]
    given: GivenText
    question: NotebookNode
    stub: NotebookNode

    def settle(self) -> Iterator[Notice]:
        """Give the answer its cell, and yield a notice of words that were found where no answer belongs."""
        self.indices = {id(o): i for i, o in enumerate(self.own)}
        self.asked = next((i for i, o in enumerate(self.own) if self._holds(o, self.question)), None)
        self.until = self._end_of_the_place()
        places = [o for o in self.free if self._is_its_cell(o)]
        pieces = [piece for o in self.free if (piece := self._near(o)) or (piece := self._elsewhere(o))]
        pieces += [piece for o in self.edited if (piece := self._in_given(o))]
        near = [piece for piece in pieces if piece.near]
        if sum(count_words(piece.text) for piece in near) >= _SHORT or _has_picture(near):
            pieces = near
        pieces.sort(key=lambda piece: piece.mine.number)
        if not places and not pieces:
            yield Notice(f"The cell for the answer to `{self.stub.id}` is gone; it was put back, empty.")
        self._put(pieces, places)
        found = [piece for piece in pieces if not (piece.near and piece.plain)]
        if found:
            yield Notice(self._told(found))

    def _end_of_the_place(self) -> int:
        """Return where the place below the question ends: at the next text that was given."""
        if self.asked is None:
            return 0
        below = range(self.asked + 1, len(self.own))
        return next((i for i in below if self._is_given_text(self.own[i])), len(self.own))

    def _is_given_text(self, mine: Own) -> bool:
        if mine.cell.cell_type == "code" or self._is_blank(mine):
            return False
        lines = [line for line in mine.cell.source.splitlines() if squeezed(line)]
        same = [line for line in lines if squeezed(line) in self.given.lines]
        return squeezed(mine.cell.source) in self.given.cells or 2 * len(same) > len(lines)

    def _holds(self, mine: Own, given: NotebookNode) -> bool:
        """Say whether a cell of the learner's holds most of a given text."""
        if mine.cell.cell_type == "code":
            return False
        wanted = {squeezed(line) for line in given.source.splitlines()} - {""}
        there = {squeezed(line) for line in mine.cell.source.splitlines()}
        text = squeezed(mine.cell.source)
        return 2 * len(wanted & there) > len(wanted) or squeezed(given.source) in text

    def _is_its_cell(self, mine: Own) -> bool:
        below = self.asked is not None and self.asked < self._index(mine) < self.until
        return mine.claim == self.stub.id or (below and mine.cell.cell_type == "markdown" and self._is_blank(mine))

    def _is_blank(self, mine: Own) -> bool:
        """Say whether nothing is written in a cell for an answer."""
        bare = re.compile(r"[\s*_#>`:.]+")
        left = bare.sub("", mine.cell.source)
        return left in ("", bare.sub("", self.stub.source)) and not mine.cell.get("attachments")

    def _index(self, mine: Own) -> int:
        return self.indices[id(mine)]

    def _near(self, mine: Own) -> _Piece | None:
        """Return the words of a cell where an answer belongs."""
        index, is_text = self._index(mine), mine.cell.cell_type != "code"
        if mine.claim == self.stub.id:
            return None if self._is_blank(mine) else self._whole(mine)
        if self.asked is None or not self.asked <= index < self.until or self._is_blank(mine):
            return None
        if is_text:
            text = self.given.own(mine.cell.source)
            plain = index > self.asked
            return _Piece(mine, text, True, plain) if text.strip() or mine.cell.get("attachments") else None
        text, only_words = self.given.words_in_code(mine.cell.source)
        return _Piece(mine, text, True, False) if text and (only_words or count_words(text) >= _FEWEST) else None

    def _whole(self, mine: Own) -> _Piece:
        """Return all that stands in the answer's own cell, which may have become one for code."""
        if mine.cell.cell_type != "code":
            return _Piece(mine, mine.cell.source, True, True)
        text, only_words = self.given.words_in_code(mine.cell.source)
        return _Piece(mine, text if only_words else mine.cell.source, True, only_words)

    def _elsewhere(self, mine: Own) -> _Piece | None:
        """Return words of the learner's that may be an answer, though they do not stand where it belongs."""
        if self._is_blank(mine):
            return None
        if mine.cell.cell_type != "code":
            text, picture = self.given.own(mine.cell.source), bool(mine.cell.get("attachments"))
            return _Piece(mine, text, False, False) if picture or count_words(text) >= _FEWEST else None
        index, asked = self._index(mine), len(self.own) if self.asked is None else self.asked
        text, only_words = self.given.words_in_code(mine.cell.source, texts=index > asked)
        if count_words(text) >= _FEWEST and (only_words or index > asked or index == asked - 1):
            return _Piece(mine, text, False, False)
        return None

    def _in_given(self, mine: Own) -> _Piece | None:
        text = self.given.words_in_code(mine.cell.source, texts=False)[0]
        return _Piece(mine, text, False, False) if count_words(text) >= _FEWEST else None

    def _put(self, pieces: Sequence[_Piece], places: Sequence[Own]) -> None:
        """Make the cell of the answer of `pieces`, where its own is, else where they are, else below the question."""
        written_there = [piece.mine for piece in pieces if piece.mine in places and piece.plain]
        moving = [piece.mine for piece in pieces if piece.near and piece.plain]
        place = next(iter([*written_there, *places, *moving]), None)
        answer = NotebookNode(deepcopy(self.stub), source=self._joined(pieces) if pieces else self.stub.source)
        attached = NotebookNode({k: v for piece in pieces for k, v in piece.mine.cell.get("attachments", {}).items()})
        if attached:
            answer.attachments = attached
        self._leave_given_text(pieces)
        for mine in moving:
            mine.moved = mine is not place
        if place is not None and (place in moving or place.cell.cell_type != "code" or self._is_blank(place)):
            place.cell, place.answers = answer, self.stub
        elif place is not None:
            place.below = answer
        elif self.asked is not None:
            self.own[self.asked].below = answer
        else:
            self.own.append(Own(answer, None, answers=self.stub))

    def _leave_given_text(self, pieces: Sequence[_Piece]) -> None:
        """Leave in the question's cell what was given: what was added stands in the answer."""
        if self.asked is not None and any(piece.mine is self.own[self.asked] for piece in pieces):
            self.own[self.asked].cell = NotebookNode(deepcopy(self.question), metadata=NotebookNode())

    def _joined(self, pieces: Sequence[_Piece]) -> str:
        if len(pieces) == 1:
            return pieces[0].text
        return "\n\n".join(
            piece.text if piece.near else f"[cell {piece.mine.number}]\n\n{piece.text[:_MOST_OF_A_PIECE]}"
            for piece in pieces
        )

    def _told(self, found: Sequence[_Piece]) -> str:
        cells = ", ".join(f"{piece.mine.number} (`{_first_words(piece)}`)" for piece in found[:_MOST_NAMED])
        more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        where = f"cell{'s' if found[1:] else ''} {cells}{more}"
        decides = "" if all(piece.near for piece in found) else "; a person decides whether it is one"
        return f"What is written in {where} is shown as the answer to `{self.stub.id}`{decides}."


def _first_words(piece: _Piece) -> str:
    return shown(next((line.strip() for line in piece.text.splitlines() if line.strip()), ""))[:40]


def _has_picture(pieces: Sequence[_Piece]) -> bool:
    return any(piece.mine.cell.get("attachments") for piece in pieces)
