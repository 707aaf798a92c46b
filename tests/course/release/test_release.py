"""Do the labs learners open come from the text sources, repeatably and without answers, and do edits flow back?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest

from autograder import labs
from autograder.cli import main
from autograder.course.cells import written_cells
from autograder.course.release.release import released_text, rubrics, source_notebook, write_source, write_whole
from tests.course.processes import command

LABS = labs.all_labs()
STUB = "YOUR ANSWER HERE"


def solution_lines(lab: str) -> set[str]:
    """Return the lines between BEGIN SOLUTION and END SOLUTION that are long enough to be told from prose."""
    regions = re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", labs.solution_path(lab).read_text(), re.S)
    lines = {line.removeprefix("#").strip() for region in regions for line in region.splitlines()}
    return {line for line in lines if len(line) > 12}


@pytest.mark.parametrize("lab", LABS)
def test_the_committed_exercises_are_what_release_makes_every_time(lab: str) -> None:
    made = released_text(lab)
    assert made == released_text(lab)
    assert labs.exercise_path(lab).read_bytes() == made.encode(), "run: python -m autograder release"


@pytest.fixture
def windows_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working copy as git for Windows may make it: the text of a lab and the lab, each line ending in CR LF."""
    for name in ("SOLUTIONS", "EXERCISES", "COURSE"):
        monkeypatch.setattr(labs, name, tmp_path / name.lower())
    for path, copy in (
        (labs.ROOT / "solutions" / f"{LABS[0]}.py", labs.solution_path(LABS[0])),
        (labs.ROOT / "exercises" / LABS[0] / f"{LABS[0]}.ipynb", labs.exercise_path(LABS[0])),
    ):
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    return labs.exercise_path(LABS[0])


def test_ends_of_lines_make_no_lab_stale(windows_copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = windows_copy.read_bytes()
    assert (main(["release", "--check"]), capsys.readouterr().out) == (0, "")
    assert main(["release"]) == 0
    assert "up to date" in capsys.readouterr().out
    assert windows_copy.read_bytes() == before


def test_an_edit_makes_a_lab_stale_whatever_its_ends_of_lines(windows_copy: Path) -> None:
    windows_copy.write_bytes(windows_copy.read_bytes().replace(b"NotImplementedError", b"NotImplemented", 1))
    assert main(["release", "--check"]) == 1


def test_git_is_told_to_keep_the_ends_of_lines(tmp_path: Path) -> None:
    shutil.copy(labs.ROOT / ".gitattributes", tmp_path)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    asked = ["git", "-C", str(tmp_path), "check-attr", "eol", "--", "exercises/x.ipynb", "solutions/x.py"]
    told = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.splitlines()
    assert [line.rpartition(" ")[2] for line in told] == ["lf", "lf"]


def test_nbgrader_by_itself_writes_the_same_bytes(tmp_path: Path) -> None:
    lab = LABS[0]
    write_source(lab, tmp_path)
    place = [f"--CourseDirectory.root={tmp_path}", f"--CourseDirectory.release_directory={tmp_path / 'release'}"]
    assert command("nbgrader", "generate_assignment", lab, *place).returncode == 0
    assert (tmp_path / "release" / lab / f"{lab}.ipynb").read_bytes() == labs.exercise_path(lab).read_bytes()


@pytest.mark.parametrize("lab", LABS)
def test_no_line_of_a_solution_reaches_learners(lab: str) -> None:
    given = "\n".join(cell.source for cell in nbformat.read(labs.exercise_path(lab), as_version=4).cells)
    assert solution_lines(lab)
    assert not [line for line in solution_lines(lab) if line in given]


@pytest.mark.parametrize("lab", LABS)
def test_learners_copies_name_no_file_with_answers(lab: str) -> None:
    text = labs.exercise_path(lab).read_text("utf-8")
    assert "jupytext" not in text
    assert "solutions/" not in text
    assert "BEGIN SOLUTION" not in text


def test_exercises_hold_notebooks_only() -> None:
    files = [path for path in labs.EXERCISES.rglob("*") if path.is_file()]
    assert sorted(files) == [labs.exercise_path(lab) for lab in LABS]


@pytest.mark.parametrize("lab", LABS)
def test_every_solution_becomes_a_stub_that_raises(lab: str) -> None:
    for cell in nbformat.read(labs.exercise_path(lab), as_version=4).cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            assert cell.source.rstrip().endswith("raise NotImplementedError" if cell.cell_type == "code" else STUB)


@pytest.mark.parametrize("lab", LABS)
def test_each_lab_asks_one_question_in_words_with_a_rubric_for_its_points(lab: str) -> None:
    (written,) = written_cells(source_notebook(lab))
    (rubric,) = rubrics(lab).values()
    shares = re.findall(r"^- (\d) for ", rubric, re.M)
    assert sum(map(int, shares)) == written.metadata.nbgrader.points == 2
    assert "Model answer" in rubric
    assert (
        next(cell for cell in nbformat.read(labs.exercise_path(lab), 4).cells if cell.id == written.id).source == STUB
    )


@pytest.mark.parametrize("lab", LABS)
def test_cell_ids_are_unique_and_name_the_graded_cells(lab: str) -> None:
    cells = source_notebook(lab).cells
    assert len({cell.id for cell in cells}) == len(cells)
    named = [cell for cell in cells if "nbgrader" in cell.metadata]
    assert [cell.id for cell in named] == [cell.metadata.nbgrader.grade_id for cell in named]


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lab.ipynb"
    write_whole(path, "old")
    monkeypatch.setattr(Path, "replace", lambda self, target: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_whole(path, "new")
    assert path.read_text() == "old"


def test_stale_exercises_are_reported_with_the_command_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(labs, "EXERCISES", tmp_path)
    assert main(["release", "--check", LABS[0]]) == 1
    assert f"python -m autograder release {LABS[0]}" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_an_unknown_assignment_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["release", "99_unknown"]) == 2
    assert LABS[0] in capsys.readouterr().err


@pytest.fixture
def paired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the repository's text sources with a source notebook of the first lab beside them."""
    shutil.copytree(labs.SOLUTIONS, tmp_path / "solutions")
    shutil.copy(labs.ROOT / "jupytext.toml", tmp_path)
    monkeypatch.setattr(labs, "SOLUTIONS", tmp_path / "solutions")
    write_source(LABS[0], tmp_path / "_build" / "course")
    return tmp_path


NOTEBOOK = f"_build/course/source/{LABS[0]}/{LABS[0]}.ipynb"


def edit(root: Path) -> None:
    notebook = nbformat.read(root / NOTEBOOK, as_version=4)
    notebook.cells[0].source += "\n\nA sentence added in Jupyter."
    nbformat.write(notebook, root / NOTEBOOK)


def sync(root: Path) -> None:
    newer = (root / "solutions" / f"{LABS[0]}.py").stat().st_mtime + 10
    os.utime(root / NOTEBOOK, (newer, newer))
    assert command("jupytext", "--sync", NOTEBOOK, folder=root).returncode == 0


def test_a_sync_without_an_edit_leaves_the_text_source_as_it_was(paired: Path) -> None:
    sync(paired)
    assert (paired / "solutions" / f"{LABS[0]}.py").read_bytes() == labs.ROOT.joinpath(
        "solutions", f"{LABS[0]}.py"
    ).read_bytes()


def test_an_edit_of_the_source_notebook_flows_back_and_changes_nothing_else(paired: Path) -> None:
    before = (paired / "solutions" / f"{LABS[0]}.py").read_text().splitlines()
    edit(paired)
    sync(paired)
    after = (paired / "solutions" / f"{LABS[0]}.py").read_text().splitlines()
    assert [line for line in after if line not in before] == ["# A sentence added in Jupyter."]
    assert len(after) == len(before) + 2


def test_a_save_in_jupyterlab_flows_back(paired: Path) -> None:
    import jupytext
    from jupyter_server.services.contents.largefilemanager import LargeFileManager
    from jupytext.sync_contentsmanager import build_sync_jupytext_contents_manager_class

    manager = build_sync_jupytext_contents_manager_class(LargeFileManager)()
    manager.root_dir = str(paired)
    model = manager.get(NOTEBOOK)
    model["content"]["cells"][0]["source"] += "\n\nA sentence added in Jupyter."
    manager.save(model, path=NOTEBOOK)
    text = jupytext.read(paired / "solutions" / f"{LABS[0]}.py")
    assert text.cells[0].source.endswith("A sentence added in Jupyter.")
    header = (labs.ROOT / "solutions" / f"{LABS[0]}.py").read_text().partition("# %%")[0]
    assert (paired / "solutions" / f"{LABS[0]}.py").read_text().startswith(header)
