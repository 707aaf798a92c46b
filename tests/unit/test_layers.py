"""Imports run one way: from what runs beside the learner's code up to the command line."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("autograder", "computation_graph")

# Lowest first. A module imports from its own line and from lines above it; one name is a module or a folder.
LAYERS = [
    ["errors", "palette", "attempts"],
    ["labs", "exercise"],
    ["judging", "report", "fingerprint", "notebook"],
    ["oracles", "diagnosis"],
    ["builders"],
    ["chapters"],
    ["checking"],
    ["browser"],
    ["sandbox"],
    ["course.cells", "course.standing", "course.safe_csv", "course.nbgrader_api"],
    ["course.saved_reports"],
    ["course.release"],
    ["course.intake"],
    ["course.feedback"],
    ["course.grading"],
    ["course.gradebook"],
    ["course.reports"],
    ["course.lms"],
    ["course.grade_class", "course.nbgrader_steps", "course.exporters", "course.collectors"],
    ["course.progress_bar"],
    ["student"],
    ["cli"],
]
FLOOR = {name: floor for floor, names in enumerate(LAYERS) for name in names}
# They are reached by name when somebody asks for them, never at import.
ON_TOP = {"autograder", "autograder.__main__", "autograder.course"}
ALLOWED_BESIDE_THE_LEARNER = {"numpy"}
MOST_MODULES = 12


def modules() -> dict[str, Path]:
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


MODULES = modules()


def imported(module: str) -> Iterator[str]:
    """Yield the modules that `module` imports, wherever in it, by their full names."""
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{module}: a relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else node.module


def place(module: str) -> str:
    """Return the name under which a module of autograder stands in LAYERS."""
    parts = module.split(".")[1:]
    return ".".join(parts[:2]) if parts[0] == "course" else parts[0]


OURS = [name for name in MODULES if name.startswith("autograder.") and name not in ON_TOP]


def test_every_module_has_a_place() -> None:
    assert {place(module) for module in MODULES if module.startswith("autograder.") and module not in ON_TOP} == {
        *FLOOR
    }


@pytest.mark.parametrize("module", OURS)
def test_a_module_imports_from_below_only(module: str) -> None:
    own = place(module)
    of_ours = {other for other in imported(module) if other.startswith("autograder.") and other not in ON_TOP}
    others = {other for other in of_ours if place(other) != own}
    assert sorted(other for other in others if FLOOR[place(other)] >= FLOOR[own]) == []


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("autograder.attempts")])
def test_what_runs_beside_the_learners_code_needs_numpy_only(module: str) -> None:
    roots = {name.split(".")[0] for name in imported(module) if not name.startswith("autograder.attempts")}
    late = {"torch"} if module == "autograder.attempts.torch_functions" else set()
    assert roots - sys.stdlib_module_names - ALLOWED_BESIDE_THE_LEARNER - late == set()


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("autograder.sandbox")])
def test_the_sandbox_knows_nothing_of_the_course(module: str) -> None:
    assert [name for name in imported(module) if name.startswith("autograder.course")] == []


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("computation_graph")])
def test_the_graphs_know_nothing_of_the_grader(module: str) -> None:
    assert [name for name in imported(module) if name.startswith("autograder")] == []


def test_no_folder_holds_more_modules_than_a_reader_takes_in() -> None:
    folders = {path.parent for path in MODULES.values()}
    counts = {str(folder.relative_to(ROOT)): len(list(folder.glob("*.py"))) for folder in folders}
    assert {folder: count for folder, count in counts.items() if count > MOST_MODULES} == {}


def test_the_course_reads_reports_back_in_one_place() -> None:
    of_course = [module for module in MODULES if module.startswith("autograder.course")]
    read = {module for module in of_course if "Report.from_data" in MODULES[module].read_text("utf-8")}
    assert read == {"autograder.course.saved_reports"}
