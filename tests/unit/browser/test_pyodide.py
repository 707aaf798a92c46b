"""Are Pyodide's files taken from wherever they are, and only as they were published?"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from autograder.browser import pyodide
from autograder.errors import UsageError

GOOD = b"as it was published"
EXPECTED = hashlib.sha256(GOOD).hexdigest()


class Has:
    """A source with some files, which counts how often it is asked."""

    def __init__(self, name: str, **files: bytes) -> None:
        self.name = name
        self.files = files
        self.asked = 0

    def read(self, file: str) -> bytes | None:
        self.asked += 1
        return self.files.get(file)


def lock() -> dict[str, Any]:
    def entry(name: str, *depends: str) -> dict[str, Any]:
        return {"name": name, "depends": list(depends), "file_name": f"{name}.whl", "sha256": EXPECTED}

    packages = {
        "numpy": entry("numpy"),
        "matplotlib": entry("matplotlib", "numpy", "python-dateutil"),
        "python-dateutil": entry("python-dateutil", "six"),
        "scipy": entry("scipy", "numpy"),
        "six": entry("six"),
    }
    return {"info": {"version": "1"}, "packages": packages}


def test_a_file_comes_from_the_first_source_that_has_it() -> None:
    sources = [Has("one"), Has("two", file=GOOD), Has("three", file=GOOD)]
    assert pyodide.fetched("file", EXPECTED, sources, print) == GOOD
    assert [source.asked for source in sources] == [1, 1, 0]


def test_a_damaged_file_is_refused_and_the_next_source_is_asked() -> None:
    said: list[str] = []
    sources = [Has("one", file=b"damaged"), Has("two", file=GOOD)]
    assert pyodide.fetched("file", EXPECTED, sources, said.append) == GOOD
    (line,) = said
    assert "file from one" in line
    assert hashlib.sha256(b"damaged").hexdigest() in line
    assert EXPECTED in line


def test_a_file_that_is_nowhere_as_it_was_published_is_an_error_that_names_where_it_was_sought() -> None:
    sources = [Has("one", file=b"damaged"), Has("two")]
    with pytest.raises(UsageError, match=r"file of Pyodide .* was not found \(looked in: one, two\)"):
        pyodide.fetched("file", EXPECTED, sources, lambda _: None)


def test_a_cdn_that_does_not_answer_is_asked_once() -> None:
    cdn = pyodide.Cdn(print, "http://127.0.0.1:9/")  # nobody listens there
    assert cdn.read("one") is None
    cdn.address = "no address, so that asking again would raise"
    assert cdn.read("two") is None


def test_a_folder_has_the_files_in_it_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(GOOD)
    folder = pyodide.Folder(tmp_path)
    assert (folder.read("file"), folder.read("other")) == (GOOD, None)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Has:
    """A source of a small Pyodide: its lock and the files of its packages."""
    locked = json.dumps(lock()).encode()
    monkeypatch.setattr(pyodide, "CORE", {pyodide.LOCK: hashlib.sha256(locked).hexdigest()})
    return Has("all", **{pyodide.LOCK: locked}, **{entry["file_name"]: GOOD for entry in lock()["packages"].values()})


def test_the_files_of_a_package_come_with_those_of_all_that_it_needs(published: Has, tmp_path: Path) -> None:
    assert pyodide.collect(["matplotlib"], tmp_path, [published], print) == lock()
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {pyodide.LOCK, "matplotlib.whl", "numpy.whl", "python-dateutil.whl", "six.whl"}


def test_files_that_are_there_are_fetched_again_only_if_they_are_damaged(published: Has, tmp_path: Path) -> None:
    pyodide.collect(["numpy"], tmp_path, [published], print)
    published.asked = 0
    pyodide.collect(["numpy"], tmp_path, [published], print)
    assert published.asked == 0
    (tmp_path / "numpy.whl").write_bytes(b"damaged")
    pyodide.collect(["numpy"], tmp_path, [published], print)
    assert (tmp_path / "numpy.whl").read_bytes() == GOOD


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_stops_a_file_from_being_written_leaves_nothing_of_it(
    stop: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:3])
        raise stop

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(type(stop)):
        pyodide.write(tmp_path / "file", GOOD)
    assert list(tmp_path.iterdir()) == []


def test_a_reduced_lock_lists_what_is_needed_and_nothing_else() -> None:
    ours = {"autograder": {"name": "autograder", "depends": ["numpy"]}}
    assert [*pyodide.reduced(lock(), [], ours)["packages"]] == ["autograder", "numpy"]
    assert [*pyodide.reduced(lock(), ["six"], ours)["packages"]] == ["autograder", "numpy", "six"]
    assert pyodide.reduced(lock(), [], ours)["info"] == lock()["info"]


def test_a_package_of_ours_takes_the_place_of_an_official_one() -> None:
    ours = {"six": {"name": "six", "depends": []}}
    assert pyodide.reduced(lock(), [], ours)["packages"] == ours


def test_names_in_a_lock_are_normalised() -> None:
    ours = {"Pyodide_Kernel": {"name": "pyodide_kernel", "depends": []}}
    assert [*pyodide.reduced(lock(), ["Python.DateUtil"], ours)["packages"]] == [
        "pyodide-kernel",
        "python-dateutil",
        "six",
    ]
