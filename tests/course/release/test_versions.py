"""Is a lab that was handed out before the course changed still graded, with points for all that both versions hold?"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder import labs
from autograder.course.release.release import released_text
from autograder.errors import UsageError
from tests.course.helpers import by_exercise, graded, results
from tools.make_class import LAB, hand_in, reference

EXTRA = """
# %% [markdown]
# ## The length of δ

# %% nbgrader={"grade": false, "grade_id": "delta_length", "locked": false, "schema_version": 3, "solution": true, "task": false}
def delta_length(delta):
    ### BEGIN SOLUTION
    return (delta**2).sum() ** 0.5
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "delta_length_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check(delta_length)

# %% [markdown]
"""  # noqa: E501  as it stands in a lab


def edited(text: str, old: str, new: str) -> str:
    assert old in text, f"{old!r} is not in the lab any more: this test has lost its subject"
    return text.replace(old, new)


def without(text: str, exercise: str) -> str:
    """Return the lab before an exercise was added."""
    cells = re.split(r"(?m)^(?=# %%)", text)
    kept = [c for c in cells if f'"{exercise}"' not in c and f'"{exercise}_check"' not in c]
    assert len(kept) == len(cells) - 2
    return "".join(kept)


def last_week(text: str) -> str:
    """Return the text of the lab as it may have been: with other words, cells, points and names."""
    text = edited(text, "You are given `O`, not `net`", "You only have `O`")  # prose
    text = without(text, "gradient_check")  # added since
    text = edited(
        text, '"bias_gradient_check", "locked": true, "points": 1', '"bias_test", "locked": true, "points": 5'
    )
    text = edited(text, "# %% [markdown]\n# ## 2. A hidden layer", f"{EXTRA}# ## 2. A hidden layer")  # removed since
    return text.replace("output_delta", "delta_of_output")  # renamed since


@pytest.fixture
def old_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NotebookNode:
    """Return the lab that learners got last week."""
    solutions = tmp_path / "solutions"
    solutions.mkdir()
    text = labs.solution_path(LAB).read_text("utf-8")
    (solutions / f"{LAB}.py").write_text(last_week(text), "utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(labs, "SOLUTIONS", solutions)
        return nbformat.reads(released_text(LAB), as_version=4)


def handed_in(old: NotebookNode) -> str:
    """Return it with right answers to all it asked."""
    right = {name: text.replace("output_delta", "delta_of_output") for name, text in reference().items()}
    right |= {"delta_of_output": right["output_delta"]}
    right |= {"delta_length": "def delta_length(delta):\n    return (delta**2).sum() ** 0.5"}
    for cell in old.cells:
        cell.source = right.get(cell.id, cell.source)
    return nbformat.writes(old)


@pytest.fixture
def points(old_release: NotebookNode, tmp_path: Path) -> dict[str, float]:
    hand_in(tmp_path, "ada", handed_in(old_release))
    graded(tmp_path)
    return by_exercise(results(tmp_path)["ada"])


def test_what_both_versions_hold_earns_todays_points(points: dict[str, float]) -> None:
    assert {name: score for name, score in points.items() if score} == {
        "hidden_delta": 2,
        "weight_gradient": 1,
        "bias_gradient": 1,
        "sigmoid_linear_backward": 3,
        "mlp_gradients": 4,
        "train_xor": 4,
    }


def test_what_only_one_version_holds_is_told(points: dict[str, float], tmp_path: Path) -> None:
    told = " ".join(notice.text for notice in results(tmp_path)["ada"].notices)
    assert "No cell defines `output_delta`, `gradient_check`" in told
    assert "no longer in this lab: `delta_of_output`, `delta_length`" in told


def test_an_added_exercise_earns_its_points_when_it_is_written_into_the_old_copy(
    old_release: NotebookNode, tmp_path: Path
) -> None:
    old = nbformat.reads(handed_in(old_release), as_version=4)
    old.cells.append(nbformat.v4.new_code_cell(reference()["gradient_check"]))
    hand_in(tmp_path, "ada", nbformat.writes(old))
    graded(tmp_path)
    assert by_exercise(results(tmp_path)["ada"])["gradient_check"] == 2


def test_an_old_name_may_stay_beside_the_new_one(old_release: NotebookNode, tmp_path: Path) -> None:
    old = nbformat.reads(handed_in(old_release), as_version=4)
    old.cells.append(nbformat.v4.new_code_cell("output_delta = delta_of_output"))
    hand_in(tmp_path, "ada", nbformat.writes(old))
    graded(tmp_path)
    assert by_exercise(results(tmp_path)["ada"])["output_delta"] == 2


def test_a_gradebook_that_holds_other_exercises_is_refused_with_what_to_do_and_kept(
    old_release: NotebookNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(tmp_path, "ada", handed_in(old_release))
    graded(tmp_path)
    before = results(tmp_path)["ada"]
    monkeypatch.setattr(labs, "SOLUTIONS", tmp_path / "solutions")
    with pytest.raises(UsageError, match="grade with the course as it was then"):
        graded(tmp_path)
    assert results(tmp_path)["ada"] == before


def test_other_words_and_points_are_taken_by_a_gradebook_that_has_submissions(
    old_release: NotebookNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(tmp_path, "ada", handed_in(old_release))
    graded(tmp_path)
    text = labs.solution_path(LAB).read_text("utf-8")
    text = edited(text, "You are given `O`, not `net`", "You only have `O`")
    text = edited(
        text, '"bias_gradient_check", "locked": true, "points": 1', '"bias_gradient_check", "locked": true, "points": 5'
    )
    (tmp_path / "solutions" / f"{LAB}.py").write_text(text, "utf-8")
    monkeypatch.setattr(labs, "SOLUTIONS", tmp_path / "solutions")
    most = results(tmp_path)["ada"].score.max_score
    hand_in(tmp_path, "bo", handed_in(old_release))
    assert graded(tmp_path).graded == ["bo"]
    assert results(tmp_path)["ada"].score.max_score == most + 4
