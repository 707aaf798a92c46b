"""What runs beside a learner's code can be sent there: attempts by name, arguments as plain data."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from operator import attrgetter
from typing import Any

import numpy as np
import pytest

from autograder import Exercise, exercises, labs
from autograder.checking import draw_cases

ALL = list(exercises().values())

# Puts every question of a list (module, name, keywords, arguments) to a function that answers None, without the grader.
BESIDE_THE_LEARNER = """
import pickle, sys
from functools import partial
from importlib import import_module

class Refuse:
    def find_spec(self, name, path=None, target=None):
        shipped = name == "autograder" or (name + ".").startswith("autograder.attempts.")
        if name.split(".")[0] == "torch" or name.startswith("autograder") and not shipped:
            raise ImportError(f"{name} is not beside the learner's code")

sys.meta_path.insert(0, Refuse())
for module, name, keywords, arguments in pickle.load(sys.stdin.buffer):
    attempt = partial(getattr(import_module(module), name), **keywords)
    seen = import_module("autograder.attempts.observe").observe(attempt, lambda *_: None, arguments)
    if seen.raised and seen.raised.kind == "ImportError":
        print(f"{module}.{name}: {seen.raised.text}")
"""


def named(attempt: Callable[..., Any]) -> tuple[str, str, Mapping[str, Any]]:
    """Return the module of an attempt, its name there and the keywords it is called with."""
    function = attempt.func if isinstance(attempt, partial) else attempt
    return function.__module__, function.__qualname__, attempt.keywords if isinstance(attempt, partial) else {}


def strangers(value: object) -> list[object]:
    """Return what in `value` is no plain data."""
    if isinstance(value, dict):
        return [key for key in value if type(key) is not str] + strangers(list(value.values()))
    if type(value) in (list, tuple):
        return [found for item in value for found in strangers(item)]  # type: ignore[attr-defined]
    if type(value) is np.ndarray or isinstance(value, np.generic):
        return [] if value.dtype.kind in "fiub" else [value]
    return [] if type(value) in (int, float, bool, str, type(None)) else [value]


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.name)
def test_an_attempt_is_a_function_of_the_attempts_with_plain_keywords(exercise: Exercise) -> None:
    module, name, keywords = named(exercise.attempt)
    assert (module + ".").startswith("autograder.attempts.")
    found = attrgetter(name)(import_module(module))
    assert found is (exercise.attempt.func if isinstance(exercise.attempt, partial) else exercise.attempt)
    assert not isinstance(exercise.attempt, partial) or exercise.attempt.args == ()
    assert strangers(dict(keywords)) == []


def test_an_attempt_runs_without_the_grader_and_without_pytorch() -> None:
    questions = [
        (*named(exercise.attempt), dict(case.arguments))
        for exercise in ALL
        if not exercise.needs_torch
        for case in draw_cases(exercise, 1)
    ]
    beside = [sys.executable, "-c", BESIDE_THE_LEARNER]
    done = subprocess.run(beside, input=pickle.dumps(questions), capture_output=True, check=False)
    assert (done.stdout.decode(), done.stderr.decode(), done.returncode) == ("", "", 0)


def test_only_exercises_of_labs_that_import_pytorch_need_it() -> None:
    texts = {lab: labs.solution_path(lab).read_text("utf-8") for lab in labs.all_labs()}
    importing = {lab for lab, text in texts.items() if re.search(r"^ *import torch$", text, re.M)}
    assert {exercise.chapter for exercise in ALL if exercise.needs_torch} == importing


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.name)
def test_the_arguments_of_every_case_are_plain_data(exercise: Exercise) -> None:
    for seed in (1, 2**40 + 7, 2**64 - 1):
        assert [found for case in draw_cases(exercise, seed) for found in strangers(dict(case.arguments))] == []
