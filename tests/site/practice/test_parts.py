"""Is what the pages serve for practice complete, official and small?"""

import gzip
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from autograder.browser import pyodide
from tools import practice

ROOT = Path(__file__).parents[3]
MOST_BYTES = 20_000_000  # that a first check loads
MOST_COMPRESSED = 10_000_000


@pytest.fixture(scope="module")
def parts() -> Path:
    if not practice.made(ROOT):
        pytest.skip("no source has Pyodide's files")
    return ROOT / practice.MADE


@pytest.fixture(scope="module")
def lock(parts: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((parts / "pyodide" / pyodide.LOCK).read_text("utf-8"))
    return found


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_every_file_that_is_not_ours_is_the_official_one(parts: Path, lock: dict[str, Any]) -> None:
    assert digest(practice.PARTS / "pyodide" / pyodide.LOCK) == pyodide.CORE[pyodide.LOCK]
    official = json.loads((practice.PARTS / "pyodide" / pyodide.LOCK).read_text("utf-8"))["packages"]
    published = {entry["file_name"]: entry["sha256"] for entry in official.values()} | pyodide.CORE
    ours = {entry["file_name"] for entry in lock["packages"].values() if entry != official.get(entry["name"])}
    found = {
        path.name: digest(path) for path in (parts / "pyodide").iterdir() if path.name not in ours | {pyodide.LOCK}
    }
    assert {"numpy-2.0.2-cp312-cp312-pyodide_2024_0_wasm32.whl", "pyodide.asm.wasm"} <= {*found}
    assert found == {name: published[name] for name in found}


def test_every_package_in_the_lock_is_there_and_is_what_the_lock_says(parts: Path, lock: dict[str, Any]) -> None:
    wanted = {entry["file_name"]: entry["sha256"] for entry in lock["packages"].values()}
    assert {name: digest(parts / "pyodide" / name) for name in wanted} == wanted


def test_every_name_in_the_lock_is_normalised(lock: dict[str, Any]) -> None:
    assert "autograder" in lock["packages"]
    assert [name for name in lock["packages"] if name != pyodide.normalised(name)] == []


def test_a_first_check_loads_no_more_than_it_may(parts: Path) -> None:
    manifest = json.loads((parts / "manifest.json").read_text("utf-8"))
    assert manifest["bytes"] <= MOST_BYTES
    files = (parts / file["path"] for file in manifest["files"])
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) <= MOST_COMPRESSED


def test_the_packages_of_the_editor_are_pinned_and_name_no_server() -> None:
    text = (ROOT / practice.FRONT / "package-lock.json").read_text("utf-8")
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert [name for name, entry in packages.items() if not entry.get("integrity")] == []
    assert "://" not in text
