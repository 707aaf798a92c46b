"""Can every exercise be practised where its lab has it, but for those in PyTorch?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from autograder import exercises
from autograder.labs import all_labs, exercise_path


def page(site: Path, lab: str) -> BeautifulSoup:
    return BeautifulSoup((site / "exercises" / lab / f"{lab}.html").read_text("utf-8"), "html.parser")


@pytest.mark.parametrize("lab", all_labs())
def test_the_exercises_of_a_lab_are_marked_in_its_order(practice_site: Path, lab: str) -> None:
    marked = [place["data-exercise"] for place in page(practice_site, lab).select("[data-exercise]")]
    assert marked == [one.name for one in exercises().values() if one.chapter == lab and not one.needs_torch]


@pytest.mark.parametrize("lab", all_labs())
def test_a_mark_holds_the_stub_as_the_lab_has_it_and_its_check(practice_site: Path, lab: str) -> None:
    cells = json.loads(exercise_path(lab).read_text("utf-8"))["cells"]
    sources = {cell["id"]: "".join(cell["source"]) for cell in cells}
    for place in page(practice_site, lab).select("[data-exercise]"):
        name = str(place["data-exercise"])
        shown = [block.text.strip("\n") for block in place.select("pre")]
        assert shown == [sources[name], f"check({name})"]


def test_an_exercise_in_pytorch_says_where_to_answer_it(practice_site: Path) -> None:
    said = [text.text for text in page(practice_site, "07_without_autograd").select(".practice-elsewhere")]
    in_pytorch = [one for one in exercises().values() if one.needs_torch]
    assert said == ["This one is written in PyTorch, which no browser runs: answer it in the notebook."] * len(
        in_pytorch
    )


@pytest.mark.parametrize("lab", all_labs())
def test_a_page_knows_where_its_lab_is(practice_site: Path, lab: str) -> None:
    (panel,) = page(practice_site, lab).select("[data-lab]")
    notebook = practice_site / "exercises" / lab / str(panel["data-notebook"])
    assert panel["data-lab"] == lab
    assert panel["data-version"]
    assert notebook.read_bytes() == exercise_path(lab).read_bytes()


def test_no_other_page_loads_the_editor(practice_site: Path) -> None:
    loading = {path.stem for path in practice_site.rglob("*.html") if "practice/editor.js" in path.read_text("utf-8")}
    assert loading == {*all_labs()}
