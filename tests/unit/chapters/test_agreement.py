"""An exercise stands in two places, and `release` says where they differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder import labs
from autograder.cli import main
from autograder.course.release.agreement import TO_FILL_IN, disagreements

LAB = "04_affine_layer"


@pytest.mark.parametrize("lab", labs.all_labs())
def test_the_cells_and_the_definitions_of_a_lab_agree(lab: str) -> None:
    assert list(disagreements(lab)) == []


@pytest.mark.parametrize("folder", ["autograder/chapters", "tests/unit/corpus"])
def test_no_exercise_is_only_begun(folder: str) -> None:
    texts = {path.name: path.read_text("utf-8") for path in (labs.ROOT / folder).glob("*.py")}
    assert [name for name, text in texts.items() if TO_FILL_IN in text] == []


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of a lab's text, which is the only one there is."""
    copy = tmp_path / f"{LAB}.py"
    copy.write_bytes(labs.solution_path(LAB).read_bytes())
    monkeypatch.setattr(labs, "SOLUTIONS", tmp_path)
    return copy


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")


def test_other_points_are_told_with_both_places(source: Path) -> None:
    replace(source, '"matmul_backward_check", "locked": true, "points": 4', '"matmul_backward_check", "points": 5')
    (said,) = disagreements(LAB)
    assert said == (
        "`matmul_backward` is worth 5 points in the cell `matmul_backward_check` of solutions/04_affine_layer.py and "
        '4 by its parts, {"dx": 2, "dW": 2}, in autograder/chapters/affine_layer.py: change one of them'
    )


def test_cells_without_a_definition_and_a_definition_without_cells_are_told(source: Path) -> None:
    replace(source, '"grade_id": "Sigmoid"', '"grade_id": "Sigmoids"')
    assert list(disagreements(LAB)) == [
        "`Sigmoids` has cells in solutions/04_affine_layer.py and no definition in autograder/chapters/affine_layer.py",
        "`Sigmoid` is defined in autograder/chapters/affine_layer.py and has no cells in solutions/04_affine_layer.py",
    ]


@pytest.mark.parametrize("option", [[], ["--check"]])
def test_release_writes_nothing_for_a_lab_that_disagrees_with_its_definitions(
    source: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, option: list[str]
) -> None:
    monkeypatch.setattr(labs, "EXERCISES", source.parent / "exercises")
    replace(source, '"Affine_check", "locked": true, "points": 4', '"Affine_check", "locked": true, "points": 3')
    assert main(["release", LAB, *option]) == 2
    assert "`Affine` is worth 3 points" in capsys.readouterr().err
    assert not labs.EXERCISES.exists()
