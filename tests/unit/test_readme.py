"""Are the commands, paths and pictures named in the documents real?"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md")
DECISIONS = sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs" / "decisions").glob("*.md"))


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def named(pattern: str) -> list[str]:
    """Everything in the documents that the pattern's group matches, each once."""
    found = {match for name in DOCUMENTS for match in re.findall(pattern, text(name), flags=re.MULTILINE)}
    assert found, f"nothing in {DOCUMENTS} matches {pattern}: this test has lost its subject"
    return sorted(found)


@pytest.mark.parametrize("target", named(r"(?:^|`)make ([a-z]+)\b"))
def test_every_make_target_named_in_the_documents_exists(target: str) -> None:
    dry_run = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
    assert dry_run.returncode == 0, dry_run.stderr


@pytest.mark.parametrize("command", named(r"python -m autograder ([a-z-]+)"))
def test_every_autograder_command_named_in_the_documents_exists(command: str) -> None:
    asked = [sys.executable, "-m", "autograder", command, "--help"]
    answer = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("document", [*DOCUMENTS, "CHANGELOG.md", *DECISIONS])
def test_every_link_inside_the_repository_leads_somewhere(document: str) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text(document))
    missing = [link for link in links if not (ROOT / document).parent.joinpath(link).exists()]
    assert not missing


def test_every_path_in_the_readmes_table_exists() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \|", text("README.md"), flags=re.MULTILINE)
    paths = {path for row in rows for path in re.findall(r"`([^`]+)`", row)} - {"_build/"}
    assert paths
    assert not [path for path in sorted(paths) if not (ROOT / path).exists()]


def test_make_without_a_target_lists_every_target() -> None:
    declared = set(re.findall(r"^([a-z]+):", text("Makefile"), flags=re.MULTILINE))
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert declared
    assert declared == set(re.findall(r"^  ([a-z]+) ", listed, flags=re.MULTILINE))


def test_every_dependency_is_pinned_exactly() -> None:
    lines = {line.split("#")[0].strip() for line in text("requirements.txt").splitlines()} - {"", "-e ."}
    assert lines
    assert not [line for line in sorted(lines) if not re.match(r"[\w.-]+==[\w.]+( ;|$)", line)]


def test_the_build_uses_the_setuptools_that_is_pinned() -> None:
    pin = re.search(r"^setuptools==[\d.]+", text("requirements.txt"), flags=re.MULTILINE)
    assert pin
    assert f'requires = ["{pin[0]}"]' in text("pyproject.toml")


def pins(lines: str) -> dict[str, str]:
    """Return the versions of the packages that these lines of requirements.txt pin."""
    return {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", lines, re.MULTILINE)}


def asked_for() -> list[Requirement]:
    """Return what the package needs, and what its extras do."""
    project = tomllib.loads(text("pyproject.toml"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    found = [Requirement(line) for group in groups for line in group]
    return [one for one in found if one.name != project["name"]]


def test_what_the_package_and_its_extras_ask_for_is_pinned_at_a_version_they_take() -> None:
    pinned = pins(text("requirements.txt"))
    assert [str(one) for one in asked_for() if not one.specifier.contains(pinned[canonicalize_name(one.name)])] == []


def test_what_is_pinned_for_its_own_sake_can_be_had_by_an_extra() -> None:
    direct = text("requirements.txt").partition("# What those need in turn")[0]
    assert pins(direct).keys() - {canonicalize_name(one.name) for one in asked_for()} == set()
