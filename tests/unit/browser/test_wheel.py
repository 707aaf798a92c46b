"""Does the browser's wheel hold what a check needs, and nothing else?"""

import ast
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from autograder.browser import wheel

ROOT = Path(__file__).parents[3]
# Runs where nothing but NumPy and what is unpacked can be imported, and prints the points of a right answer.
CHECK = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root not in sys.stdlib_module_names | {"autograder", "numpy"}:
            raise ModuleNotFoundError(f"No module named {root!r}", name=root)

sys.meta_path.insert(0, Nothing())
sys.path.insert(0, sys.argv[1])
import autograder
assert autograder.__file__.startswith(sys.argv[1])

for name in autograder.exercises():
    autograder.case(name) if not autograder.exercises()[name].needs_torch else None
print(autograder.check(lambda *arguments: None, "hidden_delta"))
"""


@pytest.fixture(scope="module")
def built() -> wheel.Wheel:
    return wheel.ours(ROOT)[0]


def unpacked(built: wheel.Wheel, folder: Path) -> Path:
    zipfile.ZipFile(BytesIO(built.data)).extractall(folder)
    return folder


def imported(source: bytes) -> Iterator[str]:
    """The modules that a module cannot do without: those that it imports outside of `try` and `TYPE_CHECKING`."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_same_sources_make_the_same_bytes(built: wheel.Wheel, tmp_path: Path) -> None:
    for name in ("autograder", "computation_graph"):
        shutil.copytree(ROOT / name, tmp_path / name)  # later, elsewhere, in another order on disk
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path in (tmp_path / "autograder").rglob("*"):
        os.utime(path, (1e9, 1e9))
    assert wheel.ours(tmp_path)[0].data == built.data


def test_a_file_that_changed_gives_the_wheel_another_name(built: wheel.Wheel) -> None:
    place = next(place for place in built.files if place.endswith(".npz"))
    changed = wheel.Wheel(built.name, built.version, {**built.files, place: b"other numbers"}, built.depends)
    assert changed.file_name != built.file_name


def test_data_files_are_in_it_beside_the_modules(built: wheel.Wheel) -> None:
    kinds = {Path(place).suffix for place in built.files}
    assert kinds >= {".npz", ".py", ".toml"}
    assert ".pyc" not in kinds


def test_what_its_modules_import_is_in_it_or_in_numpy(built: wheel.Wheel) -> None:
    modules = {place.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for place in built.files}
    code = {place: source for place, source in built.files.items() if place.endswith(".py")}
    for_pytorch = code.pop("autograder/attempts/torch_functions.py")  # reached by the checks of what is written in it
    assert "torch" in imported(for_pytorch)
    needed = {name for source in code.values() for name in imported(source)}
    own = {name for name in needed if name.startswith("autograder")}
    assert {name for name in own if not {name, name.rpartition(".")[0]} & modules} == set()
    assert {name.partition(".")[0] for name in needed - own} - sys.stdlib_module_names == {"numpy"}


def test_nothing_of_grading_is_in_it(built: wheel.Wheel) -> None:
    assert [place for place in built.files if place.startswith(("autograder/course", "autograder/sandbox"))] == []


def test_a_check_runs_from_it_where_there_is_only_numpy(built: wheel.Wheel, tmp_path: Path) -> None:
    asked = [sys.executable, "-c", CHECK, str(unpacked(built, tmp_path))]
    done = subprocess.run(asked, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert "hidden_delta: 0 of 2 points" in done.stdout


def test_the_lock_is_told_what_has_to_be_loaded_with_it(built: wheel.Wheel) -> None:
    entry = built.entry
    assert (entry["name"], entry["imports"], entry["depends"]) == ("autograder", ["autograder"], ["numpy"])
    assert entry["file_name"].endswith("-py3-none-any.whl")


def test_a_wheel_is_one_to_pip_too(built: wheel.Wheel, tmp_path: Path) -> None:
    (tmp_path / built.file_name).write_bytes(built.data)
    asked = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", "here"]
    done = subprocess.run([*asked, built.file_name], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "here" / "autograder" / "checking.py").exists()


@pytest.mark.parametrize("name", ["jinja2", "markupsafe"])
def test_the_wheel_of_an_installed_package_has_its_licence_and_nothing_compiled(name: str) -> None:
    made = wheel.installed(name)
    assert any("LICENSE" in place for place in made.files)
    assert {Path(place).suffix for place in made.files} <= {".py", ".txt", ".rst", ""}
    assert made.entry["imports"] == [name]
