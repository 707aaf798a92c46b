"""Are stored outputs used again exactly while nothing has changed that a page runs or reads?"""

import shutil
from pathlib import Path

import pytest

from book.extensions.build_rules import stored_outputs
from tests.site.conftest import ROOT, build, small_book, take_outputs
from tests.site.test_strict_build import HEAD

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

ADDED = """
set_up = setup

def setup(app):
    app.connect("source-read", lambda app, name, text: text.append(text.pop() + "\\n\\nextension {word}"))
    return set_up(app)
"""


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


def test_a_change_in_a_data_file_or_an_extension_reaches_the_built_page(tmp_path: Path) -> None:
    cell = "from pathlib import Path\nprint(Path('words.json').read_text())"
    source = small_book(tmp_path / "source", {"book/index": f"{HEAD}```{{code-cell}} python\n{cell}\n```\n"})
    extension = source / "book" / "extensions" / "symbol_links.py"
    code = extension.read_text("utf-8")
    for word in ("before", "after"):
        (source / "book" / "words.json").write_text(f'"data {word}"', encoding="utf-8")
        extension.write_text(code + ADDED.format(word=word), encoding="utf-8")
        result = build(source, tmp_path)
        assert result.returncode == 0, result.stdout + result.stderr
        page = (tmp_path / "_build" / "html" / "book" / "index.html").read_text("utf-8")
        assert f"data {word}" in page
        assert f"extension {word}" in page
