"""Puts the questions of chapter 07 that need no PyTorch to a solution.

This module runs beside the learner's code: it imports NumPy and the standard library, nothing of the grader.
"""

from __future__ import annotations

from collections.abc import Mapping

from autograder.attempts.answers import Unusable, describe
from autograder.attempts.observe import Arguments, Solution

_WANTED = "one id of the lab's list, as text with hyphens between its words,"


def attempt_bug(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Return the place in the list of the id that came."""
    value = solution()
    if not isinstance(value, str):
        return {"value": Unusable(describe(value), _WANTED)}
    ids = {_letters(id): place for place, id in enumerate(arguments["ids"])}
    place = ids.get(_letters(value))
    return {"value": Unusable(_shown(value), _WANTED) if place is None else place}


def _letters(text: str) -> str:
    """Return what tells one id from another: quotes, blanks, capitals and what joins its words do not."""
    return "".join(character for character in text if character.isalnum()).casefold()


def _shown(text: str) -> str:
    first = " ".join(text.replace("`", "'").split())[:40]
    return f"`{first}`" if first else "an empty text"


def not_here(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Stand where a question cannot be put: PyTorch is not installed."""
    raise ModuleNotFoundError("PyTorch is not installed here")
