"""Is a build left out exactly while nothing has changed since the last one?"""

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.site.conftest import ROOT, build, small_book
from tools import build_book

NOTHING = "Nothing has changed"


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A book whose build is one page, so that what is tested is when there is one."""

    def jupyter_book(arguments: list[str]) -> int:
        html = tmp_path / "_build" / "html"
        html.mkdir(parents=True, exist_ok=True)
        (html / "index.html").write_text((tmp_path / "book" / "index.md").read_text("utf-8"), "utf-8")
        return 0

    for name in ("book/figures/dropout.py", "book/index.md", "exercises/01/01.ipynb", "_config.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one", "utf-8")
    monkeypatch.setattr(build_book, "_jupyter_book", jupyter_book)
    assert build_book.build_book(tmp_path, tmp_path) == 0
    return tmp_path


def edit(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("two", "utf-8")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a page was edited": lambda book: edit(book / "book" / "index.md"),
    "a figure's code was edited": lambda book: edit(book / "book" / "figures" / "dropout.py"),
    "the settings were edited": lambda book: edit(book / "_config.yml"),
    "a lab was edited": lambda book: edit(book / "exercises" / "01" / "01.ipynb"),
    "a picture is new": lambda book: edit(book / "docs" / "images" / "new.png"),
    "a page has another name": lambda book: (book / "book" / "index.md").rename(book / "book" / "first.md"),
    "a file is gone": lambda book: (book / "exercises" / "01" / "01.ipynb").unlink(),
    "a built page was edited": lambda book: edit(book / "_build" / "html" / "index.html"),
    "a built page is gone": lambda book: (book / "_build" / "html" / "index.html").unlink(),
    "the note of the last build is damaged": lambda book: edit(book / "_build" / ".last_build.json"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_book_is_built_again_when(change: str, book: Path) -> None:
    assert build_book.is_up_to_date(book, book / "_build")
    CHANGES[change](book)
    assert not build_book.is_up_to_date(book, book / "_build")


@pytest.mark.parametrize("name", ["book/__pycache__/style.cpython-311.pyc", "book/.index.md.swp", "_build/course/a"])
def test_what_tools_leave_behind_is_no_change(name: str, book: Path) -> None:
    edit(book / name)
    assert build_book.is_up_to_date(book, book / "_build")


def test_an_edit_while_the_book_is_built_is_a_change(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(book / "book" / "index.md")
    monkeypatch.setattr(build_book, "_jupyter_book", lambda arguments: edit(book / "_config.yml"))
    build_book.build_book(book, book)
    assert not build_book.is_up_to_date(book, book / "_build")


def test_after_a_build_that_failed_nothing_is_up_to_date(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (book / "book" / "index.md").read_text("utf-8")
    edit(book / "book" / "index.md")
    monkeypatch.setattr(build_book, "_jupyter_book", lambda arguments: 1)
    assert build_book.build_book(book, book) == 1
    (book / "book" / "index.md").write_text(before, "utf-8")
    assert not build_book.is_up_to_date(book, book / "_build")


def test_a_second_build_says_that_nothing_has_changed_and_a_third_shows_the_edit(tmp_path: Path) -> None:
    source = small_book(tmp_path / "source", {"book/index": "# A page\n\nBefore.\n"})
    first, second = (build(source, tmp_path) for _ in range(2))
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert (NOTHING in first.stdout, NOTHING in second.stdout) == (False, True)
    (source / "book" / "index.md").write_text("# A page\n\nAfter.\n", "utf-8")
    assert NOTHING not in build(source, tmp_path).stdout
    assert "After." in (tmp_path / "_build" / "html" / "book" / "index.html").read_text("utf-8")


def test_whatever_sphinx_says_it_read_is_looked_at(site: Path) -> None:
    env = pickle.loads((site.parent / ".doctrees" / "environment.pickle").read_bytes())
    named = {str(name) for names in env.dependencies.values() for name in names}
    read = {(ROOT / name).resolve() for name in named | set(env.images) | set(env.dlfiles)}
    own = {path for path in read if path.is_relative_to(ROOT) and "_build" not in path.relative_to(ROOT).parts}
    assert own
    assert own <= {path.resolve() for path in build_book.sources(ROOT)}
