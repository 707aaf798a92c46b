"""Exercises are found in the modules of their chapters, in course order, and each once."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import pytest

from autograder import Exercise, chapters, exercises, labs
from autograder.chapters import in_course_order
from autograder.errors import UsageError

ONE, OTHER, *_ = exercises().values()


def module(chapter: str, *defined: Exercise) -> ModuleType:
    """Return the module of a chapter that gives each of these exercises a name."""
    made = ModuleType(f"autograder.chapters.{labs.module_of(chapter)}")
    vars(made).update({f"NUMBER_{place}": exercise for place, exercise in enumerate(defined)})
    return made


def of(chapter: str, name: str) -> Exercise:
    return replace(ONE, chapter=chapter, name=name)


def test_chapters_come_by_number_and_their_exercises_as_they_are_defined() -> None:
    late, early = [of("09_a", "z"), of("09_a", "b")], [of("08_b", "y"), of("08_b", "x")]
    found = in_course_order([module("09_a", *late), module("08_b", *early)])
    assert list(found) == ["y", "x", "z", "b"]


def test_an_exercise_with_two_names_or_imported_by_another_chapter_is_one() -> None:
    one = of("08_b", "x")
    found = in_course_order([module("09_a", one), module("08_b", one, one)])
    assert list(found.values()) == [one]


def test_a_module_without_exercises_is_no_chapter() -> None:
    assert in_course_order([module("08_b")]) == {}


@pytest.mark.parametrize("chapters", [("08_b", "09_a"), ("08_b", "08_b")])
def test_two_exercises_of_one_name_are_refused_by_it(chapters: tuple[str, str]) -> None:
    modules = [module(chapter, of(chapter, "twice")) for chapter in chapters]
    with pytest.raises(UsageError, match=f"`twice`, in {chapters[0]} and in {chapters[1]}"):
        in_course_order(modules)


def test_an_exercise_of_a_chapter_that_has_another_module_is_refused_with_both() -> None:
    with pytest.raises(
        UsageError, match=r"chapters/dropout\.py: the exercise `x` is of chapter '06_drop': .* in drop\.py"
    ):
        in_course_order([module("06_dropout", of("06_drop", "x"))])


def test_the_exercises_of_the_course_are_those_of_its_labs() -> None:
    assert list(dict.fromkeys(exercise.chapter for exercise in exercises().values())) == labs.all_labs()


def test_a_chapter_may_be_a_folder_that_lists_its_modules() -> None:
    part, other = ModuleType("autograder.chapters.b.late"), ModuleType("autograder.chapters.b.early")
    vars(part).update(ONE=of("08_b", "y"))
    vars(other).update(ONE=of("08_b", "x"))
    folder = module("08_b")
    vars(folder).update(PARTS=(part, other))
    assert list(in_course_order([folder])) == ["y", "x"]


def test_a_chapter_that_is_a_folder_lists_every_module_with_an_exercise() -> None:
    for chapter in map(import_module, (f"autograder.chapters.{one.name}" for one in iter_modules(chapters.__path__))):
        inside = [
            import_module(f"{chapter.__name__}.{one.name}") for one in iter_modules(getattr(chapter, "__path__", ()))
        ]
        unlisted = [one for one in inside if one not in getattr(chapter, "PARTS", ())]
        assert [one for one in unlisted for value in vars(one).values() if isinstance(value, Exercise)] == []
