"""The graded exercises, one module a chapter: every `Exercise` that a module here gives a name is one of the course.

The exercises say which chapter they are of; the module of chapter 03_delta_template is delta_template. A chapter whose
module is a folder names the modules in it in `PARTS`, in the order of its lab.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType

from autograder import labs
from autograder.errors import UsageError
from autograder.exercise import Exercise


def in_course_order(modules: Iterable[ModuleType]) -> dict[str, Exercise]:
    """Return the exercises of `modules` by name: chapter by chapter, each in the order in which its module defines it.

    Raises UsageError for two exercises of one name, and for one that is not in the module of its chapter.
    """
    held = [(_last_name(module), one) for module in modules for one in _exercises_in(module)]
    at_home = dict.fromkeys(one for module, one in held if labs.module_of(one.chapter) == module)
    for module, one in held:
        if one not in at_home:
            raise UsageError(
                f"autograder/chapters/{module}.py: the exercise `{one.name}` is of chapter {one.chapter!r}: "
                f"correct its chapter, or define it in {labs.module_of(one.chapter)}.py"
            )
    found: dict[str, Exercise] = {}
    for one in sorted(at_home, key=lambda exercise: exercise.chapter):
        if found.setdefault(one.name, one) is not one:
            raise UsageError(
                f"two exercises are called `{one.name}`, in {found[one.name].chapter} and in {one.chapter}: "
                "give each a name of its own, in its lab too"
            )
    return found


def _last_name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def _exercises_in(module: ModuleType) -> list[Exercise]:
    parts = (*getattr(module, "PARTS", ()), module)
    return [value for part in parts for value in vars(part).values() if isinstance(value, Exercise)]


_EXERCISES = MappingProxyType(
    in_course_order(import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__))
)


def exercises() -> Mapping[str, Exercise]:
    """Return every exercise by name, in course order. Names are unique over the course."""
    return _EXERCISES
