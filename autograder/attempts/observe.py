"""Puts a question to a solution and records what happened.

This module runs beside the learner's code: it imports NumPy and the standard library, nothing of the grader.
"""

from __future__ import annotations

import contextlib
import copy
import dis
import functools
import io
import linecache
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import CodeType
from typing import Any, TypeAlias

import numpy as np

from autograder.attempts.answers import Answer, Array, Unusable, describe, form, read, split

Solution: TypeAlias = Callable[..., Any]
Arguments: TypeAlias = Mapping[str, Any]
Attempt: TypeAlias = Callable[[Solution, Arguments], Mapping[str, object]]

_LONGEST_MESSAGE = 300
_MOST_PRINTED = 2000  # characters of what a case prints


@dataclass(frozen=True)
class Raised:
    """An exception from the learner's code: its type, its message, and the line it came from if that is known.

    `unwritten` is the learner's function whose own `raise NotImplementedError` it was, "" when none's; `own` says that
    this is the function asked, or a method of the class asked.
    """

    kind: str
    text: str
    line: str = ""
    unwritten: str = ""
    own: bool = False


@dataclass(frozen=True)
class Observation:
    """What one question brought: the answers by name, the same again on a second call, what went wrong.

    `forms` says how answers came, by name, where `answers.form` has something to say; "unwritten" stands for one that
    may hold entries of `np.empty` that were never written. `printed` is what the first call printed, or the beginning
    of it.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    again: Mapping[str, Answer] = field(default_factory=dict)
    forms: Mapping[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    raised: Raised | None = None
    printed: str = ""


def call(
    solution: Solution, arguments: Arguments, names: Sequence[str], by_name: Sequence[str] = ()
) -> Mapping[str, object]:
    """Call `solution` with `arguments` by position, but those `by_name`, and return its values under `names`."""
    placed = [value for name, value in arguments.items() if name not in by_name]
    return split(solution(*placed, **{name: arguments[name] for name in by_name}), names)


def call_for_each(solution: Solution, arguments: Arguments, names: Sequence[str]) -> Mapping[str, object]:
    """Call `solution` once with `arguments` by position and return its one value under each of `names`."""
    return dict.fromkeys(names, solution(*arguments.values()))


def call_for_keys(solution: Solution, arguments: Arguments, names: Sequence[str]) -> Mapping[str, object]:
    """Call `solution` with `arguments` by position and return the entries `names` of the dict it returns."""
    value = solution(*arguments.values())
    if not issubclass(type(value), dict):
        wanted = f"a dict with the keys {', '.join(names)}"
        return dict.fromkeys(names, Unusable(describe(value), wanted))
    return {name: dict.get(value, name, Unusable(f"no key {name}", f"the key {name}")) for name in names}


def refuse_complex(x: Array) -> None:
    """Raise TypeError when x is complex: a function of real numbers would drop the imaginary part without a word."""
    if np.iscomplexobj(x):
        raise TypeError("f is a function of real numbers: a complex step is not possible here")


def observe(attempt: Attempt, solution: Solution, arguments: Arguments, *, repeat: bool = True) -> Observation:
    """Make the attempt on a copy of the arguments, then once more on another copy.

    What is printed meanwhile is kept from the streams, warnings are switched off, and `np.empty` holds NaN, so that
    entries never written are no answer by luck. An argument counts as changed when one bit of it differs from before.
    """
    first_copy = copy.deepcopy(dict(arguments))
    with _quiet() as printed:
        try:
            with _empty_is_nan(solution) as made:
                values = attempt(solution, first_copy)
                answers, forms = _read_all(values), _forms(values, unwritten=bool(made))
                changed = tuple(name for name in arguments if not _same(arguments[name], first_copy[name]))
                shown = printed.text()
                second_copy = copy.deepcopy(dict(arguments))
                again = _read_all(attempt(solution, second_copy)) if repeat else answers
        except KeyboardInterrupt:  # someone, or a time limit, wants to stop
            raise
        except BaseException as error:
            return Observation(raised=raised_by(error, solution), printed=printed.text())
    return Observation(answers, again, forms, changed, printed=shown)


@contextlib.contextmanager
def standing_in(solution: Solution, replacements: Mapping[str, Solution]) -> Iterator[None]:
    """Let `solution` see these functions under their names in its own module, and what was there before afterwards."""
    names = getattr(function_of(solution), "__globals__", {})
    before = dict(names)
    names.update(replacements)
    try:
        yield
    finally:
        for name in replacements:
            if name in before:
                names[name] = before[name]
            else:
                names.pop(name, None)


def function_of(solution: Solution) -> Solution:
    """Return `solution`, or for a class the first function written in it: both know the learner's module."""
    if not isinstance(solution, type):
        return solution
    methods = (getattr(value, "__wrapped__", value) for value in vars(solution).values())
    return next((method for method in methods if hasattr(method, "__code__")), solution)


def _read_all(values: Mapping[str, object]) -> dict[str, Answer]:
    return {name: read(value) for name, value in values.items()}


def _forms(values: Mapping[str, object], *, unwritten: bool) -> dict[str, str]:
    found = {name: form(value) or ("unwritten" if unwritten else "") for name, value in values.items()}
    return {name: said for name, said in found.items() if said}


@contextlib.contextmanager
def _empty_is_nan(solution: Solution) -> Iterator[list[Array]]:
    """Let `np.empty` and `np.empty_like` give NaN (whole numbers: their least); yield a list that they fill.

    Their memory was something else before: an answer that was worked out and thrown away, perhaps.
    """
    made: list[Array] = []
    fillers = {id(make): _filling(make, made) for make in (np.empty, np.empty_like)}
    numpy_names, own_names = vars(np), getattr(function_of(solution), "__globals__", {})
    places = [(numpy_names, name) for name in ("empty", "empty_like")]
    places += [(own_names, name) for name, value in own_names.items() if id(value) in fillers]
    before = [(names, name, names[name]) for names, name in places]
    for names, name, make in before:
        names[name] = fillers[id(make)]
    try:
        yield made
    finally:
        for names, name, make in before:
            names[name] = make


def _filling(make: Callable[..., Array], made: list[Array]) -> Callable[..., Array]:
    @functools.wraps(make)
    def filled(*arguments: Any, **named: Any) -> Array:
        array = make(*arguments, **named)
        if array.dtype.kind in "fciu":
            array.fill(np.iinfo(array.dtype).min if array.dtype.kind in "iu" else np.nan)
        made[:] = [array]
        return array

    return filled


def _same(before: object, after: object) -> bool:
    if isinstance(before, np.ndarray) and isinstance(after, np.ndarray):
        return before.shape == after.shape and before.tobytes() == after.tobytes()
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(_same(before[key], after[key]) for key in before)
    if isinstance(before, list | tuple) and isinstance(after, list | tuple):
        return len(before) == len(after) and all(map(_same, before, after))
    return bool(before == after)


class _Beginning(io.TextIOBase):
    """A stream that keeps the beginning of what is written to it, so that a flood of prints costs no memory."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.left = _MOST_PRINTED

    def write(self, text: str) -> int:
        if self.left > 0:
            self.parts.append(text[: self.left])
        self.left -= len(text)
        return len(text)

    def writable(self) -> bool:
        return True

    def text(self) -> str:
        """Return what is kept, with a mark where something is missing."""
        return "".join(self.parts) + ("…" if self.left < 0 else "")


@contextlib.contextmanager
def _quiet() -> Iterator[_Beginning]:
    printed = _Beginning()
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield printed


def raised_by(error: BaseException, solution: Solution) -> Raised:
    """Describe an exception that came out of `solution`, or out of an object of it when it is a class."""
    try:
        text = str(error)
    except Exception:
        text = ""
    stub = _stub(error, solution)
    own = stub is not None and stub in _codes(solution)
    name = stub.co_name if stub else ""
    return Raised(type(error).__name__, text[:_LONGEST_MESSAGE], _line_in(solution, error, stub), name, own)


def in_words(raised: Raised) -> str:
    """Say what a method did that raised: words to follow its name."""
    if raised.own:
        return "is not written yet"
    where = f", at the line `{raised.line}`" if raised.line else ""
    if raised.unwritten:
        return f"needs `{raised.unwritten}`, which is not written yet{where}"
    return f"raised {raised.kind}{f': {raised.text}' if raised.text else ''}{where}"


def _stub(error: BaseException, solution: Solution) -> CodeType | None:
    """Return the code of the learner's function that is still to be written, if that is why `error` was raised: a
    statement `raise` in it, not a line that calls what raises."""
    if not isinstance(error, NotImplementedError) or error.__traceback__ is None:
        return None
    last = error.__traceback__
    while last.tb_next:
        last = last.tb_next
    code = last.tb_frame.f_code
    raises = code.co_code[last.tb_lasti] == dis.opmap["RAISE_VARARGS"]
    return code if raises and last.tb_frame.f_globals is getattr(function_of(solution), "__globals__", None) else None


def _codes(solution: Solution) -> list[CodeType]:
    """Return the code of a function, or of the methods of a class."""
    functions = vars(solution).values() if isinstance(solution, type) else [solution]
    found = [getattr(getattr(one, "__wrapped__", one), "__code__", None) for one in functions]
    return [code for code in found if code]


def _line_in(solution: Solution, error: BaseException, stub: CodeType | None) -> str:
    """Return the innermost line of the solution's own file in the traceback, or "" if there is none.

    Where a helper is a stub it is the line that calls for it.
    """
    code = getattr(function_of(solution), "__code__", None)
    if code is None:
        return ""
    frames = [frame for frame in traceback.walk_tb(error.__traceback__) if frame[0].f_code is not stub]
    own = [(frame, line) for frame, line in frames if frame.f_code.co_filename == code.co_filename]
    if not own:
        return ""
    frame, line = own[-1]
    return linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()
