"""Puts the question of an exercise to a solution and returns the Report, for notebooks and for grading alike."""

from __future__ import annotations

import _thread
import contextlib
import copy
import os
import signal
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from autograder.attempts.answers import Answer, describe
from autograder.attempts.observe import Observation, Raised, Solution, in_words, observe, raised_by, standing_in
from autograder.chapters import exercises
from autograder.diagnosis.diagnose import Diagnosis, diagnose
from autograder.exercise import Case, Exercise, Verdict
from autograder.fingerprint import fingerprint_of
from autograder.judging import at, compare
from autograder.notebook import cells_run, formula_colours
from autograder.notebook.book_address import book_from
from autograder.oracles import recorded
from autograder.oracles.autodiff import one_thread
from autograder.oracles.tensors import PYTORCH
from autograder.report import Finding, Report

# Puts the question: takes the cases and the exercises to replace by stand-ins, returns one observation a case.
Ask: TypeAlias = Callable[[Sequence[Case], Sequence[Exercise]], Sequence[Observation]]

_TRUE_OR_FALSE = Verdict("not numbers", "True or False came back (dtype bool); numbers were expected")
_MOST_TELLING = ("not written", "raised", "not numbers", "shape", "not judged", "not finite")
PUBLIC_SEED = 20260  # the cases a learner sees in the notebook
_IN_A_BROWSER = sys.platform == "emscripten"
_NOT_IN_A_BROWSER = "which no browser runs. Do it in JupyterLab on your own machine"
_NOT_INSTALLED = "which is not installed here. Install it (pip install torch), then restart the kernel"
MOST_SECONDS = 60.0  # of computing, for one check in a notebook
CHECKED: dict[str, Report] = {}  # the last report of each exercise in this session, on the public cases


def check(solution: object, exercise: str | Exercise | None = None, seed: int | None = None) -> Report:
    """Put the question of an exercise to `solution` and return the Report.

    `exercise` is a name or an Exercise; left out, it is the `__name__` of `solution`. `seed` draws other inputs
    than the public ones. Raises ValueError when no exercise goes by that name. A solution that is wrong, raises
    or is not callable raises nothing here: the Report says so.
    """
    exercise = exercise if isinstance(exercise, Exercise) else _named(exercise or _name_of(solution))
    if exercise.needs_torch and not PYTORCH:
        return not_here(exercise)
    if not callable(solution):
        return not_callable(exercise, "None" if solution is None else describe(solution))
    cases = draw_cases(exercise, PUBLIC_SEED if seed is None else seed)

    def ask(cases: Sequence[Case], stand_ins: Sequence[Exercise]) -> Sequence[Observation]:
        with standing_in(solution, dict(map(_stand_in, stand_ins))):
            return [observe(exercise.attempt, solution, case.arguments, repeat=case.repeat) for case in cases]

    try:
        with _bounded(MOST_SECONDS):
            report = ask_and_grade(exercise, cases, ask)
    except KeyboardInterrupt as stop:
        report = stopped(exercise, solution, stop)
    report = replace(
        report,
        code=fingerprint_of(solution, exercise.name),
        warning=cells_run.older(solution, exercise.name, exercises()),
        inputs=_how_to_have(report) if seed is None else "",
        book=book_from(Path.cwd()),
    )
    if seed is None:
        CHECKED[exercise.name] = report
    return report


def case(exercise: str, number: int | None = None) -> dict[str, Any]:
    """Return the inputs of one of the cases that `check` tries on an exercise, by name.

    `number` counts from 1, as reports do; left out, it is the case the last report tells of, else the first. Raises
    ValueError for a name or a number there is none of.
    """
    cases = draw_cases(_named(exercise), PUBLIC_SEED)
    wrong = CHECKED[exercise].wrong if exercise in CHECKED else None
    number = number or (wrong.number if wrong else 0) or 1
    if not 1 <= number <= len(cases):
        raise ValueError(f"{exercise} has {len(cases)} cases, numbered from 1: there is no case {number}")
    return copy.deepcopy(dict(cases[number - 1].arguments))


def _how_to_have(report: Report) -> str:
    """Return the code that gives the inputs of the case a report tells of, or "" where it tells of none."""
    wrong = report.wrong
    return f'import autograder; autograder.case("{report.exercise}", {wrong.number})' if wrong and wrong.number else ""


class TooLong(KeyboardInterrupt):
    """A check computes for longer than the seconds that this is made with."""


@contextlib.contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """Stop after so many seconds of computing, where the system can: not on Windows nor in a browser, and in the main
    thread only.

    Who swallows the exception gets it again every second.
    """
    if _IN_A_BROWSER or not hasattr(signal, "SIGPROF") or threading.current_thread() is not threading.main_thread():
        yield
        return
    if signal.getsignal(signal.SIGPROF) is not signal.SIG_DFL:  # somebody measures, or an outer check does it
        yield
        return

    def stop(*_: object) -> None:
        raise TooLong(seconds)

    signal.signal(signal.SIGPROF, stop)
    done = threading.Event()
    threading.Thread(target=_watch, args=(seconds, done), daemon=True).start()
    try:
        yield
    finally:
        done.set()
        signal.signal(signal.SIGPROF, signal.SIG_DFL)


def _watch(seconds: float, done: threading.Event) -> None:
    """Signal the main thread when this process has computed for so long, and then once a second until it is `done`.

    The system's own timer is not used: it was seen not to ring in a process that had run for long.
    """
    due = time.process_time() + seconds
    while not done.wait(max(due - time.process_time(), 0.01) / (os.cpu_count() or 1)):
        if time.process_time() >= due:
            due += 1
            _thread.interrupt_main(signal.SIGPROF)


def not_here(exercise: Exercise) -> Report:
    """Return the report on an exercise that is written in PyTorch, where there is none."""
    instead = _NOT_IN_A_BROWSER if _IN_A_BROWSER else _NOT_INSTALLED
    return all_failed(exercise, "not here", f"This exercise is written in PyTorch, {instead}")


def stopped(exercise: Exercise, solution: Solution, stop: KeyboardInterrupt) -> Report:
    """Return the report on a check that was stopped while it ran code of the file that `solution` comes from."""
    line = raised_by(stop, solution).line
    after = f" after {stop.args[0]:g} seconds of computing" if isinstance(stop, TooLong) else ""
    where = f" at the line `{line}`: does what stands there come to an end?" if line else ""
    return all_failed(exercise, "stopped", f"The check was stopped{after}{where or '.'}".removesuffix("."))


def _stand_in(exercise: Exercise) -> tuple[str, Solution]:
    assert exercise.stand_in
    return exercise.name, (exercise.stand_in_as or _as_it_is)(exercise.stand_in)


def _as_it_is(stand_in: Solution) -> Solution:
    return stand_in


@one_thread()
def ask_and_grade(exercise: Exercise, cases: Sequence[Case], ask: Ask) -> Report:
    """Return the Report on what `ask` brings: the observations on `cases`, with stand-ins for some exercises.

    No exercise's points depend on another's: when an answer is not all right, it is asked for again with what the
    learner built on taken as right, and the better report counts.
    """
    report = grade(exercise, cases, ask(cases, ()))
    built_on = [exercises()[name] for name in exercise.may_call if exercises()[name].stand_in]
    if report.passed or not built_on:
        return report
    again = grade(exercise, cases, ask(cases, built_on))
    return again if again.points >= report.points else report


@lru_cache(maxsize=64)  # more than there are exercises
@one_thread()
@np.errstate(all="ignore")
def draw_cases(exercise: Exercise, seed: int) -> Sequence[Case]:
    """Return the cases of `exercise` for `seed`; two exercises get different numbers from one seed.

    The latest are kept, with what was worked out for them, for whoever checks again and again. Without PyTorch the
    public ones are those that were recorded with it.
    """
    if seed == PUBLIC_SEED and not PYTORCH and (found := recorded.cases_of(exercise)):
        return found
    return exercise.inputs(np.random.default_rng([seed, zlib.crc32(exercise.name.encode())]))


@np.errstate(all="ignore")  # answers may be near the largest float
def grade(exercise: Exercise, cases: Sequence[Case], observations: Sequence[Observation]) -> Report:
    """Turn what was observed on each case into a Report. Runs no code of the learner's."""
    failed = next((o.raised for o in observations if o.raised), None)
    if failed and all(o.raised for o in observations):
        kind, message = _raised_message(exercise, failed)
        return all_failed(exercise, kind, message, observations[0].printed, number=int(kind != "not written"))
    cases = [exercise.complete(case, seen.answers) for case, seen in zip(cases, observations, strict=True)]
    verdicts = [_judge(exercise, case, seen) for case, seen in zip(cases, observations, strict=True)]
    findings = [_finding(exercise, part, cases, observations, verdicts) for part in exercise.points]
    report = Report(exercise.name, exercise.chapter, exercise.section, tuple(findings))
    return replace(report, printed=_shown(observations[report.wrong.number - 1].printed) if report.wrong else "")


def _judge(exercise: Exercise, case: Case, seen: Observation) -> Mapping[str, Verdict]:
    """Judge one case: first the values, then whether arguments were left alone and a second call agrees."""
    if seen.raised:
        kind, message = _raised_message(exercise, seen.raised)
        return {part: Verdict(kind, message) for part in case.parts or exercise.points}
    verdicts = exercise.judge(exercise, case, seen.answers)
    return {
        part: _judge_side_effects(_by_form(verdict, seen.forms.get(part, "")), part, seen)
        for part, verdict in verdicts.items()
    }


def _by_form(verdict: Verdict, form: str) -> Verdict:
    """Say what a wrong answer came as where that is what is wrong with it."""
    if verdict.kind == "shape" and form.startswith("a tuple"):
        wanted = verdict.message.partition(" came back; ")[2]
        return Verdict("not numbers", f"{form} came back; {wanted}")
    if verdict.kind == "not finite" and form == "unwritten":
        hint = "; np.empty was called, whose entries are no numbers until they are written"
        return replace(verdict, message=verdict.message + hint)
    return verdict


def _judge_side_effects(verdict: Verdict, part: str, seen: Observation) -> Verdict:
    if not verdict.right:
        return verdict
    if seen.changed:
        names = " and ".join(f"`{name}`" for name in seen.changed)
        return Verdict("argument changed", f"the numbers are right, but {names} was changed")
    if part in seen.answers and not _repeats(seen, part):
        return Verdict("not repeatable", "a second call with the same arguments gives another answer")
    return verdict


def _repeats(seen: Observation, part: str) -> bool:
    first, again = seen.answers[part], seen.again[part]
    return isinstance(first, np.ndarray) and compare(again, first).right


def _finding(
    exercise: Exercise,
    part: str,
    cases: Sequence[Case],
    observations: Sequence[Observation],
    verdicts: Sequence[Mapping[str, Verdict]],
) -> Finding:
    """Sum up one part over all cases; explain it by the case that went worst."""
    judged = [i for i, by_part in enumerate(verdicts) if part in by_part]
    wrong = [i for i in judged if not verdicts[i][part].right]
    points = exercise.points[part]
    if not wrong:
        return Finding(part, points, points, "right", f"right{_in_all(len(judged))}")
    worst = min(wrong, key=lambda i: _how_telling(verdicts[i][part]))
    verdict = verdicts[worst][part]
    name = f"case {worst + 1} ({cases[worst].label})"
    answers = [observations[i].answers.get(part) for i in judged]
    diagnosis = diagnose(exercise, part, [cases[i] for i in judged], answers, [verdicts[i][part] for i in judged])
    if (
        verdict.kind == "wrong value"
        and observations[worst].forms.get(part) == "bool"
        and not _says_more(diagnosis, answers)
    ):
        verdict, diagnosis = _TRUE_OR_FALSE, Diagnosis()
    return Finding(
        part=part,
        points=0.0,
        max_points=points,
        kind=verdict.kind,
        message=_wrong_message(verdict, name, len(wrong), len(judged), diagnosis.sentence),
        mistake=diagnosis.mistake,
        slot=diagnosis.slot,
        error=verdict.error,
        case=cases[worst].label,
        number=worst + 1,
        sentence=diagnosis.sentence.strip(),
    )


def _says_more(diagnosis: Diagnosis, answers: Sequence[Answer | None]) -> bool:
    """Say whether a mistake was named by more than single numbers: 1 fits many formulas."""
    arrays = (answer for answer in answers if isinstance(answer, np.ndarray))
    return diagnosis.mistake is not None and any(array.size > 1 for array in arrays)


def _how_telling(verdict: Verdict) -> tuple[int, float]:
    """Sort what most explains a wrong answer first: an exception in one case says more than any number in another."""
    known = _MOST_TELLING.index(verdict.kind) if verdict.kind in _MOST_TELLING else len(_MOST_TELLING)
    return known if known < len(_MOST_TELLING) or verdict.mistake else known + 1, -verdict.error


def _wrong_message(verdict: Verdict, case: str, wrong: int, judged: int, sentence: str) -> str:
    """Say how often it is wrong and how; what is known of the reason comes before any number."""
    count = f"Wrong{_in_all(judged) if wrong == judged else f' in {wrong} of {judged} cases'}"
    if verdict.kind != "wrong value":
        return f"{count}; {case}: {verdict.message}.{sentence}"
    what = f" of {verdict.message}" if verdict.message else ""
    number = f"{verdict.error:.2g}{at(verdict.where)}, in {case}."
    if sentence:
        return f"{count}.{sentence} The worst relative error{what} is {number}"
    return f"{count}; worst relative error{what} {number}"


def _in_all(cases: int) -> str:
    return f" in all {cases} cases" if cases > 1 else ""


def _raised_message(exercise: Exercise, raised: Raised) -> tuple[str, str]:
    if raised.own:
        return "not written", f"Not written yet: `{exercise.signature}` raises NotImplementedError"
    if raised.kind == "NotThereError":  # of autograder.sandbox.inside.lacking; its text says where
        return "not there", raised.text
    told = f"Your code {in_words(raised)}"
    return "raised", told if raised.line else f"{told}; it was called as {exercise.signature}"


def all_failed(exercise: Exercise, kind: str, message: str, printed: str = "", number: int = 0) -> Report:
    """Return a report in which the same is wrong with every part."""
    told = message if message.endswith("?") else f"{message}."
    findings = [Finding(part, 0.0, points, kind, told, number=number) for part, points in exercise.points.items()]
    return Report(exercise.name, exercise.chapter, exercise.section, tuple(findings), printed=_shown(printed))


def _shown(printed: str) -> str:
    """Return what was printed without what a terminal obeys."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in printed)


def not_callable(exercise: Exercise, came: str) -> Report:
    """Return the report on something that cannot be asked; `came` says in words what it was."""
    message = f"A function was expected, but {came} came: write check({exercise.name}), with no brackets after the name"
    return all_failed(exercise, "not callable", message)


def _name_of(solution: object) -> str:
    """Return the name of the exercise: what the function calls itself, else what its own module calls it."""
    name = getattr(solution, "__name__", None)
    aliases = [alias for alias, value in getattr(solution, "__globals__", {}).items() if value is solution]
    for known in (name, *aliases):
        if known in exercises():
            return str(known)
    if isinstance(name, str):
        return name
    raise ValueError(
        f"check cannot tell which exercise this {type(solution).__name__} is for: "
        'give the function itself, or its name as well, as in check(solution, "output_delta")'
    )


def _named(name: str) -> Exercise:
    try:
        return exercises()[name]
    except KeyError:
        known = ", ".join(exercises())
        raise ValueError(f"no exercise is called {name!r}; the exercises are: {known}") from None


cells_run.watch()
formula_colours.show()
