"""Are stored outputs used again exactly while nothing has changed that a page runs or reads?"""

import shutil
from pathlib import Path

import pytest

from book.extensions.build_rules import stored_outputs
from tests.site import conftest
from tests.site.conftest import ROOT, take_outputs
from tests.site.page_list import PAGES

PACKAGES = ("autograder", "computation_graph")
REACHES_PAGES = [
    "autograder/diagnosis/catalogue.toml",
    "autograder/checking.py",
    "autograder/palette.py",
    "autograder/chapters/chain_rule.py",
    "autograder/sandbox/limits.py",
    "autograder/course/feedback/page.html.j2",
    "autograder/new_module.py",
    "autograder/new_folder/words.toml",
    "computation_graph/svg.py",
    "computation_graph/templates/graph.html.j2",
    "computation_graph/static/graph.js",
    "book/data/kill_matrix.json",
    "book/data/bench.json",
    "book/figures/mistakes_training.py",
    "book/figures/style.py",
    "book/new_data/points.csv",
    "requirements.txt",
]
REACHES_NONE = [
    "book/03_delta_template.md",
    "book/_static/course.css",
    "book/extensions/light_pages.py",
    "tools/pdf.py",
    "autograder/__pycache__/mistakes.cpython-311.pyc",
    "solutions/03_delta_template.py",
    "tests/conftest.py",
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the book is built from."""
    root = tmp_path_factory.mktemp("repository")
    for name in (*PACKAGES, "book"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.txt", root)
    return root


def changes_where_outputs_are(root: Path, edited: str) -> bool:
    """Say whether outputs are looked for elsewhere once a file ends in another line; that is taken back."""
    path = root / edited
    before = path.read_bytes() if path.exists() else None
    was = stored_outputs(root, root)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((before or b"") + b"\n# another line\n")
    now = stored_outputs(root, root)
    path.unlink() if before is None else path.write_bytes(before)
    assert stored_outputs(root, root) == was
    return now != was


@pytest.mark.parametrize("edited", REACHES_PAGES)
def test_pages_are_run_again_after_an_edit_of_what_they_run_or_read(repository: Path, edited: str) -> None:
    assert changes_where_outputs_are(repository, edited)


@pytest.mark.parametrize("edited", REACHES_NONE)
def test_outputs_are_kept_after_an_edit_of_what_no_cell_runs_or_reads(repository: Path, edited: str) -> None:
    assert not changes_where_outputs_are(repository, edited)


def test_a_file_under_another_name_and_a_line_moved_to_the_next_file_count_as_changes(tmp_path: Path) -> None:
    first, second = tmp_path / "book" / "a.py", tmp_path / "book" / "b.py"
    first.parent.mkdir()
    found = set()
    for texts in (("x = 1\n", "y = 2\n"), ("x = 1\ny = 2\n", ""), ("", "x = 1\ny = 2\n")):
        first.write_text(texts[0], encoding="utf-8")
        second.write_text(texts[1], encoding="utf-8")
        found.add(stored_outputs(tmp_path, tmp_path))
    first.rename(tmp_path / "book" / "c.py")
    assert len(found | {stored_outputs(tmp_path, tmp_path)}) == 4


def test_tests_take_the_outputs_of_a_build_only_while_nothing_has_changed(repository: Path, tmp_path: Path) -> None:
    last, same, edited = (tmp_path / name for name in ("last", "same", "edited"))
    stored_outputs(last, repository).mkdir(parents=True)
    take_outputs(last, same, repository)
    assert stored_outputs(same, repository).is_dir()
    words = repository / "autograder" / "diagnosis" / "catalogue.toml"
    before = words.read_bytes()
    words.write_bytes(before + b"# another line\n")
    take_outputs(last, edited, repository)
    words.write_bytes(before)
    assert not edited.exists()


def test_tests_take_the_pages_of_a_build_only_while_nothing_has_changed_and_no_other_page_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PAGES:
        (tmp_path / "html" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "html" / f"{name}.html").touch()
    monkeypatch.setattr(conftest, "is_up_to_date", lambda source, build: True)
    assert conftest.has_pages_of_now(tmp_path)
    (tmp_path / "html" / "book" / "of_last_week.html").touch()
    assert not conftest.has_pages_of_now(tmp_path)
    (tmp_path / "html" / "book" / "of_last_week.html").unlink()
    monkeypatch.setattr(conftest, "is_up_to_date", lambda source, build: False)
    assert not conftest.has_pages_of_now(tmp_path)
