"""Is the practice made once, left out in words where its parts are missing, and never left half made?"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.browser import pyodide, wheel
from autograder.errors import UsageError
from tools import build_book, lite, practice

ROOT = Path(__file__).parents[3]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course whose parts are small and near, where CI does not run."""

    def collect(packages: object, to: Path, *_: object) -> pyodide.Lock:
        to.mkdir(parents=True, exist_ok=True)
        for name in (*pyodide.CORE, "numpy.whl"):
            (to / name).write_text(name, "utf-8")
        return {"packages": {"numpy": {"name": "numpy", "depends": [], "file_name": "numpy.whl"}}}

    def bundle(front: Path, node: Path, target: Path) -> None:
        for name in ("editor.js", "worker.js"):
            (target / name).write_text((front / "page.js").read_text("utf-8"), "utf-8")

    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(practice, "PARTS", tmp_path / "parts")
    monkeypatch.setattr(practice, "npm_packages", lambda front, say: tmp_path)
    monkeypatch.setattr(practice, "bundle", bundle)
    monkeypatch.setattr(practice, "lite_tools", lambda asked, say: None)
    monkeypatch.setattr(pyodide, "collect", collect)
    for name in ("package.json", "page.js"):
        write(tmp_path / "course" / "book" / "practice" / name, "one")
    for name in ("autograder/check.py", "computation_graph/draw.py"):
        write(tmp_path / "course" / name, "one")
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "course")
    return tmp_path / "course"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def made(course: Path) -> list[str]:
    """What is said while the practice is made."""
    said: list[str] = []
    practice.made(course, said.append)
    return said


def fails(with_what: BaseException) -> Callable[..., Any]:
    def failing(*_: object) -> None:
        raise with_what

    return failing


def test_it_is_made_once(course: Path) -> None:
    assert made(course) != []
    assert (course / practice.MADE / "editor.js").read_text("utf-8") == "one"
    assert made(course) == []


@pytest.mark.parametrize("edited", ["book/practice/page.js", "book/practice/new.js", "autograder/check.py"])
def test_it_is_made_again_after_an_edit(edited: str, course: Path) -> None:
    made(course)
    write(course / edited, "two")
    assert made(course) != []
    assert made(course) == []


def test_it_is_made_again_when_a_file_of_it_is_gone(course: Path) -> None:
    made(course)
    (course / practice.MADE / "worker.js").unlink()
    made(course)
    assert (course / practice.MADE / "worker.js").exists()


def test_the_manifest_lists_what_a_first_check_loads(course: Path) -> None:
    made(course)
    manifest = json.loads((course / practice.MADE / "manifest.json").read_text("utf-8"))
    sizes = {
        name: (course / practice.MADE / name).stat().st_size for name in (file["path"] for file in manifest["files"])
    }
    assert {file["path"]: file["bytes"] for file in manifest["files"]} == sizes
    assert manifest["bytes"] == sum(sizes.values())
    assert {"editor.js", "worker.js", "pyodide/pyodide.asm.wasm", "pyodide/numpy.whl"} <= {*sizes}
    assert not any("jinja2" in name for name in sizes)


def test_where_parts_are_missing_one_line_says_so_and_what_to_do(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyodide, "collect", fails(UsageError("numpy.whl was not found")))
    (line,) = (line for line in made(course) if "without practice" in line)
    assert "numpy.whl was not found" in line
    assert practice.PYODIDE_DIR in line
    assert not (course / practice.MADE).exists()


def test_what_older_sources_made_is_not_published_where_parts_are_missing(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(course)
    write(course / "autograder" / "check.py", "two")
    monkeypatch.setattr(pyodide, "collect", fails(UsageError("not found")))
    made(course)
    assert not (course / practice.MADE).exists()


def test_in_ci_parts_that_are_missing_are_an_error(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyodide, "collect", fails(UsageError("numpy.whl was not found")))
    monkeypatch.setenv("CI", "true")
    with pytest.raises(UsageError, match=r"numpy\.whl was not found"):
        practice.made(course)
    monkeypatch.setattr(build_book, "_jupyter_book", fails(AssertionError("the book was built")))
    assert build_book.build_book(course, course) == 1


def test_ctrl_c_leaves_nothing_that_is_half_made(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(practice, "bundle", fails(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        practice.made(course)
    assert not (course / practice.MADE).exists()


def test_a_full_disk_is_told_in_words(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(practice, "bundle", fails(OSError(28, "No space left on device")))
    assert "No space left on device" in made(course)[-1]
    assert not (course / practice.MADE).exists()


def test_a_folder_that_is_named_and_not_there_is_told(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(practice.PYODIDE_DIR, str(course / "nothing"))
    assert "which is no folder" in made(course)[-1]


def test_the_named_folder_is_asked_before_all_others(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(practice.PYODIDE_DIR, str(course))
    assert practice.sources(course, print)[0].name == str(course)


def test_a_book_that_has_no_practice_is_built_without(tmp_path: Path) -> None:
    assert practice.made(tmp_path) is False


def test_a_book_built_without_practice_is_built_again_when_it_can_be_had(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (course / "_build").mkdir()
    monkeypatch.setattr(build_book, "_jupyter_book", lambda arguments: 0)
    collect = pyodide.collect
    monkeypatch.setattr(pyodide, "collect", fails(UsageError("not found")))
    assert build_book.build_book(course, course) == 0
    assert build_book.is_up_to_date(course, course / "_build")
    monkeypatch.setattr(pyodide, "collect", collect)
    made(course)
    assert not build_book.is_up_to_date(course, course / "_build")


# --- whole labs


class Tools:
    """Those of JupyterLite, as far as they are seen from here."""

    def wheels(self) -> list[wheel.Wheel]:
        return [wheel.Wheel(pyodide.normalised(name), "1", {f"{name}.py": b""}) for name in lite.AT_START]

    def site(self, source: Path, folder: Path) -> Path:
        write(folder / "notebooks" / "index.html", "")
        return folder


def test_a_practice_without_whole_labs_is_made_again_when_they_can_be_had(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(course)
    monkeypatch.setattr(lite, "PACKAGES", ())
    monkeypatch.setattr(practice, "lite_tools", lambda asked, say: Tools())
    assert made(course) != []
    assert (course / practice.MADE / practice.LITE / "notebooks" / "index.html").exists()
    assert made(course) == []


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(lite, "installed_tools", fails(UsageError("pip failed (no network)")))


@pytest.mark.usefixtures("no_tools")
def test_where_jupyterlite_cannot_be_had_one_line_says_so() -> None:
    said: list[str] = []
    assert practice.lite_tools([], said.append) is None
    assert said == ["The site is built without JupyterLite: pip failed (no network)"]


@pytest.mark.usefixtures("no_tools")
def test_in_ci_jupyterlite_that_cannot_be_had_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(UsageError, match="no network"):
        practice.lite_tools([], print)
