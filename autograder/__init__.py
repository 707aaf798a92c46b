"""Checks, grades and explains the labs of Backprop by Hand.

`check(solution)` puts an exercise to a function and returns a `Report`; `exercises()` lists what there is to check;
`progress()` shows what is done and what is next, `case(name)` the inputs of a case that went wrong.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.chapters import exercises
    from autograder.checking import case, check
    from autograder.exercise import Exercise
    from autograder.report import Finding, Report
    from autograder.student.progress import progress

__all__ = ["Exercise", "Finding", "Report", "case", "check", "exercises", "progress"]

_HOME = {
    "Exercise": "autograder.exercise",
    "Finding": "autograder.report",
    "Report": "autograder.report",
    "case": "autograder.checking",
    "check": "autograder.checking",
    "exercises": "autograder.chapters",
    "progress": "autograder.student.progress",
}


def __getattr__(name: str) -> Any:
    # Late, because the oracles import PyTorch: the command line and the modules that run beside a learner's code do not
    # need it, and it takes a second or two.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
