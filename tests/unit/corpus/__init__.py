"""Right and wrong solutions of every exercise: `RIGHT[exercise]` earns every point, each of `WRONG` fails its parts.

Each chapter has its corpus in the module of its name.
"""

from importlib import import_module

from autograder import exercises, labs
from tests.unit.corpus.wrong import Wrong

__all__ = ["CORPORA", "RIGHT", "WRONG", "Wrong"]

_CHAPTERS = dict.fromkeys(exercise.chapter for exercise in exercises().values())
CORPORA = [import_module(f"{__name__}.{labs.module_of(chapter)}") for chapter in _CHAPTERS]

RIGHT = {name: solutions for corpus in CORPORA for name, solutions in corpus.RIGHT.items()}
WRONG: list[Wrong] = [wrong for corpus in CORPORA for wrong in corpus.WRONG]
