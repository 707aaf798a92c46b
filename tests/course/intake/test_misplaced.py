"""Is a notebook that lies in a wrong folder named, with where it belongs, and nobody else nagged about?"""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from autograder.course.intake.submissions import find_misplaced, find_submissions
from autograder.errors import UsageError
from tests.course.helpers import grade
from tools.make_class import LAB, answered, reference

HOMES = {
    f"jane/{LAB}.ipynb": f"jane/{LAB}/",
    f"jane/{LAB.upper()} (1).IPYNB": f"jane/{LAB}/",
    "jane/lab three.ipynb.txt": f"jane/{LAB}/",
    f"jane/{LAB}.zip": f"jane/{LAB}/",
    f"jane/lab3/{LAB}.ipynb": f"<student>/{LAB}/",
    f"jane/{LAB} (1)/x.ipynb": f"<student>/{LAB}/",
    f"{LAB}/jane/{LAB}.ipynb": f"jane/{LAB}/",
    f"{LAB}/jane/deep/x.ipynb": f"jane/{LAB}/",
    f"{LAB}/{LAB}.ipynb": f"<student>/{LAB}/",
    f"{LAB}.ipynb": f"<student>/{LAB}/",
    f"jane_{LAB}.ipynb": f"<student>/{LAB}/",
    "jane.ipynb": f"<student>/{LAB}/",
    f"group 1/jane/{LAB}/{LAB}.ipynb": f"jane/{LAB}/",
    f"submitted/group 1/jane/{LAB}/x.ipynb": f"jane/{LAB}/",
}
NO_HAND_INS = [
    *(".DS_Store", "jane/.DS_Store", f"__MACOSX/jane/{LAB}.ipynb", f"jane/._{LAB}.ipynb", "readme.txt", "data.zip"),
    *(f"jane/.ipynb_checkpoints/{LAB}-checkpoint.ipynb", f"jane/{LAB}.pdf", "jane/02_computation_graphs.ipynb"),
    *("jane/02_computation_graphs/lab.ipynb", "02_computation_graphs/jane/lab.ipynb", "jane/data.zip"),
]


def put(course: Path, *paths: str) -> None:
    for path in paths:
        place = course / "submitted" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(nbformat.writes(answered(reference())))


@pytest.mark.parametrize("path", HOMES)
def test_a_notebook_in_a_wrong_folder_is_named_with_where_it_belongs(tmp_path: Path, path: str) -> None:
    put(tmp_path, f"ada/{LAB}/{LAB}.ipynb", path)
    (found,) = find_misplaced(tmp_path, LAB)
    assert (found.path, found.belongs_in) == (f"submitted/{path}", f"submitted/{HOMES[path]}")
    assert [submission.student for submission in find_submissions(tmp_path, LAB)] == ["ada"]


@pytest.mark.parametrize("path", NO_HAND_INS)
def test_what_is_no_hand_in_for_this_lab_is_left_alone(tmp_path: Path, path: str) -> None:
    put(tmp_path, path)
    assert find_misplaced(tmp_path, LAB) == []


def test_who_has_a_notebook_in_the_right_place_may_have_others_anywhere(tmp_path: Path) -> None:
    put(tmp_path, f"ada/{LAB}/{LAB}.ipynb", f"ada/{LAB}.ipynb", f"ada/{LAB}/old/{LAB}.ipynb", f"ada/x/{LAB}.ipynb")
    assert find_misplaced(tmp_path, LAB) == []


def test_links_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", f"{LAB}.ipynb", f"jane/{LAB}.ipynb")
    submitted = tmp_path / "submitted"
    (submitted / "bob" / LAB).mkdir(parents=True)
    for link in ("file.ipynb", "bob/sub", f"bob/{LAB}/sub", "student", LAB):
        (submitted / link).symlink_to(tmp_path / "elsewhere" / "submitted")
    assert find_misplaced(tmp_path, LAB) == []


def test_who_was_left_out_is_in_the_last_lines_and_in_the_exit_code(tmp_path: Path) -> None:
    put(tmp_path, f"ada/{LAB}/{LAB}.ipynb", f"jane/{LAB}.ipynb", f"{LAB}/bob/{LAB}.ipynb")
    done = grade(tmp_path, "--workers", "1")
    assert (done.returncode, "1 graded" in done.stdout) == (1, True)
    assert done.stderr.splitlines() == [
        f"not graded: submitted/{LAB}/bob/{LAB}.ipynb: move it to submitted/bob/{LAB}/ and grade again",
        f"not graded: submitted/jane/{LAB}.ipynb: move it to submitted/jane/{LAB}/ and grade again",
    ]
    again = json.loads(grade(tmp_path, "--json").stdout)
    assert again["misplaced"][f"submitted/jane/{LAB}.ipynb"] == f"submitted/jane/{LAB}/"


def test_one_folder_too_deep_scores_nothing_and_says_what_to_do(tmp_path: Path) -> None:
    put(tmp_path, f"jane/{LAB}/my lab/{LAB}.ipynb")
    done = grade(tmp_path, "--workers", "1")
    assert f"found one folder too deep: my lab/{LAB}.ipynb" in done.stdout
    assert done.stderr.splitlines() == [
        f"graded without: submitted/jane/{LAB}/my lab/{LAB}.ipynb: move it to submitted/jane/{LAB}/ and grade again"
    ]
    assert done.returncode == 0


def test_where_all_lie_wrong_the_refusal_names_them(tmp_path: Path) -> None:
    put(tmp_path, f"jane/{LAB}.ipynb")
    with pytest.raises(UsageError, match=f"nobody handed in(.|\n)*move it to submitted/jane/{LAB}/"):
        find_submissions(tmp_path, LAB)
