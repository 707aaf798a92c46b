"""Right and wrong solutions of every exercise: `RIGHT[exercise]` earns every point, each of `WRONG` fails its parts.

Each chapter has its corpus in the module of its name.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from autograder import exercises, labs
from tests.unit.corpus.wrong import Wrong

__all__ = ["CORPORA", "RIGHT", "WRONG", "Wrong", "solutions"]

_CHAPTERS = dict.fromkeys(exercise.chapter for exercise in exercises().values())
CORPORA = [import_module(f"{__name__}.{labs.module_of(chapter)}") for chapter in _CHAPTERS]

RIGHT = {name: solutions for corpus in CORPORA for name, solutions in corpus.RIGHT.items()}
WRONG: list[Wrong] = [wrong for corpus in CORPORA for wrong in corpus.WRONG]


def solutions() -> list[tuple[str, Callable[..., Any]]]:
    """Return every solution of the corpus with its exercise, right ones first; its place in the list is its number."""
    right = [(exercise, solution) for exercise, found in RIGHT.items() for solution in found]
    return [*right, *((wrong.exercise, wrong.solution) for wrong in WRONG)]
