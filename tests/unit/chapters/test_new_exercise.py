"""`new-exercise` begins an exercise in three files, says what is left to write, and never passes for done."""

from __future__ import annotations

import json
import re
import shutil
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

import jupytext
import pytest

from autograder import labs
from autograder.attempts.observe import observe
from autograder.chapters import in_course_order
from autograder.cli import main
from autograder.course.release.agreement import TO_FILL_IN, disagreements
from autograder.course.release.new_exercise import new_exercise
from autograder.course.release.release import source_notebook
from autograder.errors import UsageError

FOLDERS = ("solutions", "autograder/chapters", "tests/unit/corpus")
LAB, NEXT = "04_affine_layer", "08_convolution"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of what the command reads and writes."""
    for folder in FOLDERS:
        shutil.copytree(labs.ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "book").mkdir()
    for lab in labs.all_labs():
        shutil.copy(labs.ROOT / "book" / f"{lab}.md", tmp_path / "book")
    monkeypatch.setattr(labs, "ROOT", tmp_path)
    monkeypatch.setattr(labs, "SOLUTIONS", tmp_path / "solutions")
    return tmp_path


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def cells_of(text: str) -> str:
    """Return the text of a lab without its header."""
    return text[text.index("# %%") :]


def loaded(path: Path, name: str) -> ModuleType:
    spec = util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def definitions(root: Path, chapter: str) -> ModuleType:
    return loaded(root / labs.definitions(f"00_{chapter}"), f"autograder.chapters.{chapter}")


def corpus(root: Path, chapter: str) -> ModuleType:
    return loaded(root / "tests" / "unit" / "corpus" / f"{chapter}.py", f"tests.unit.corpus.{chapter}")


# --- what it writes


@pytest.mark.parametrize("lab", labs.all_labs())
def test_the_cells_are_the_last_before_the_question_in_words(root: Path, lab: str) -> None:
    new_exercise(lab, "brand_new", "brand_new(x, upstream)")
    cells = source_notebook(lab).cells
    place = next(i for i, cell in enumerate(cells) if cell.id == "brand_new")
    question, words = cells[place + 2], cells[place + 3].metadata.nbgrader
    assert cells[place - 1].source.startswith("## ")
    assert cells[place + 1].source == "check(brand_new)"
    assert (question.source.startswith("## In your own words"), words.grade, words.solution) == (True, True, True)


@pytest.mark.parametrize(("lab", "name"), [*((lab, "brand_new") for lab in labs.all_labs()), (LAB, "BrandNew")])
def test_the_text_of_the_lab_is_as_jupytext_writes_it(root: Path, lab: str, name: str) -> None:
    new_exercise(lab, name)
    path = labs.solution_path(lab)
    written = jupytext.writes(jupytext.read(path), fmt="py:percent")
    assert cells_of(written) == cells_of(path.read_text("utf-8"))


def test_the_cells_say_of_themselves_what_those_of_other_exercises_say(root: Path) -> None:
    new_exercise(LAB, "brand_new", points=4)
    infos = {
        cell.id: dict(cell.metadata.nbgrader) for cell in source_notebook(LAB).cells if "nbgrader" in cell.metadata
    }
    for suffix in ("", "_check"):
        like = json.loads(json.dumps(infos[f"Affine{suffix}"]).replace("Affine", "brand_new"))
        assert infos[f"brand_new{suffix}"] == like


def test_the_statement_has_the_next_number_and_names_each_argument(root: Path) -> None:
    new_exercise("07_without_autograd", "brand_new", "brand_new(x, *, p=0.5)")
    statement = next(cell.source for cell in source_notebook("07_without_autograd").cells if TO_FILL_IN in cell.source)
    assert statement.startswith("## 8. ")
    assert re.findall(r"^- `(\w+)`", statement, re.M) == ["x", "p"]
    assert "Write `brand_new(x, *, p=0.5)`." in statement


@pytest.mark.parametrize(
    ("lab", "name", "signature"),
    [*((lab, "brand_new", "brand_new(x, g)") for lab in labs.all_labs()), (LAB, "BrandNew", "BrandNew(W)")],
)
def test_the_definition_is_an_exercise_of_the_chapter(root: Path, lab: str, name: str, signature: str) -> None:
    new_exercise(lab, name, signature, points=2.5)
    found = in_course_order([definitions(root, labs.module_of(lab))])
    assert list(found)[-1] == name
    assert (found[name].signature, found[name].max_points, found[name].chapter) == (signature, 2.5, lab)


def test_what_the_definition_leaves_to_write_raises_with_what_to_write(root: Path) -> None:
    new_exercise(LAB, "brand_new", "brand_new(x)")
    module = definitions(root, "affine_layer")
    for left in (module._brand_new_inputs, module._brand_new_forward):
        with pytest.raises(NotImplementedError, match=f"{TO_FILL_IN} the .* of brand_new"):
            left(None)


def test_the_answer_raises_with_the_file_it_is_to_be_written_in(root: Path) -> None:
    new_exercise(LAB, "brand_new", "brand_new(x)")
    (cell,) = [cell for cell in source_notebook(LAB).cells if cell.id == "brand_new"]
    names: dict[str, object] = {}
    exec(cell.source, names)
    seen = observe(lambda solution, arguments: solution(1), names["brand_new"], {})  # type: ignore[arg-type]
    assert seen.raised
    assert f"{TO_FILL_IN} the answer of brand_new in solutions/{LAB}.py" in seen.raised.text


def test_the_corpus_has_a_place_for_answers_and_none_yet(root: Path) -> None:
    new_exercise(LAB, "brand_new")
    module = corpus(root, "affine_layer")
    assert module.RIGHT["brand_new"] == []
    assert [wrong for wrong in module.WRONG if wrong.exercise == "brand_new"] == []


def test_release_refuses_what_is_only_begun_line_by_line(root: Path) -> None:
    new_exercise(LAB, "brand_new", "brand_new(x)")
    lines = labs.solution_path(LAB).read_text("utf-8").splitlines()
    told = [re.match(rf"solutions/{LAB}\.py, line (\d+), is not written yet", said) for said in disagreements(LAB)]
    numbers = [int(match[1]) for match in told if match]
    assert numbers == [number for number, line in enumerate(lines, 1) if TO_FILL_IN in line] != []


@pytest.mark.parametrize(
    ("options", "section"),
    [
        ({}, "NUMERICAL"),
        ({"section": "chain-rule-slopes"}, "SLOPES"),
        ({"section": "chain-rule-mistakes"}, 'Section("chain-rule-mistakes", "Where people go wrong")'),
    ],
)
def test_the_section_is_the_one_named_or_that_of_the_exercise_before(
    root: Path, options: dict[str, Any], section: str
) -> None:
    new_exercise("01_chain_rule", "brand_new", **options)
    definition = (root / "autograder" / "chapters" / "chain_rule.py").read_text("utf-8").partition("BRAND_NEW = ")[2]
    assert definition.splitlines()[3].strip(" ,") == section


def test_a_chapter_that_is_a_folder_gets_the_definition_in_its_first_file(root: Path) -> None:
    written = new_exercise("02_computation_graphs", "brand_new")
    folder = root / "autograder" / "chapters" / "computation_graphs"
    assert folder / "__init__.py" in written
    made = loaded(folder / "__init__.py", "autograder.chapters.computation_graphs")
    assert list(in_course_order([made]))[-1] == "brand_new"


def test_the_first_exercise_of_a_chapter_brings_the_modules_with_it(root: Path) -> None:
    (root / "solutions" / f"{NEXT}.py").write_text(
        "# %% [markdown]\n# # Lab 08: convolution\n\n# %%\nimport numpy as np\n"
    )
    (root / "book" / f"{NEXT}.md").write_text("# Convolution\n\n(convolution-first)=\n## One axis\n")
    new_exercise(NEXT, "slide", "slide(x, w)", section="convolution-first")
    (exercise,) = in_course_order([definitions(root, "convolution")]).values()
    assert (exercise.chapter, exercise.section) == (NEXT, ("convolution-first", "One axis"))
    assert corpus(root, "convolution").RIGHT == {"slide": []}
    assert [cell.id for cell in source_notebook(NEXT).cells][-2:] == ["slide", "slide_check"]
    assert "## 1. " in source_notebook(NEXT).cells[-3].source


def test_the_command_names_the_files_and_what_comes_next(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(root)
    assert main(["new-exercise", LAB, "brand_new", "--signature", "brand_new(x)", "--points", "2"]) == 0
    written = {name for name, content in files(root).items() if content != before.get(name)}
    said = capsys.readouterr().out
    assert written == {f"{folder}/{LAB if folder == 'solutions' else 'affine_layer'}.py" for folder in FOLDERS}
    assert all(name in said for name in written)
    assert f"python -m autograder release {LAB}" in said


# --- what it refuses


REFUSED: dict[str, tuple[tuple[str, str], dict[str, Any], str]] = {
    "a lab that does not exist": (("99_unknown", "x"), {}, "there is no assignment '99_unknown'"),
    "an exercise of another lab": (
        (LAB, "output_delta"),
        {},
        "there is an exercise `output_delta` already, in 03_delta",
    ),
    "a name that the lab defines": ((LAB, "plot_gradients"), {}, "uses the name `plot_gradients` already"),
    "a name that the lab imports": ((LAB, "np"), {}, "uses the name `np` already"),
    "the id of another cell": ((LAB, "setup"), {}, "uses the name `setup` already"),
    "a name that is none": ((LAB, "two words"), {}, "'two words' is no name for an exercise"),
    "a keyword": ((LAB, "lambda"), {}, "'lambda' is no name"),
    "a signature of something else": ((LAB, "new"), {"signature": "other(x)"}, "'other(x)' is no signature of new"),
    "a signature that is no Python": ((LAB, "new"), {"signature": "new(x"}, "'new(x' is no signature of new"),
    "a signature with a star": ((LAB, "new"), {"signature": "new(*all)"}, "with every parameter"),
    "a section that is not in the chapter": ((LAB, "new"), {"section": "nowhere"}, "these are: affine-layer, "),
    "names that the module has": ((LAB, "affine"), {}, "affine_layer.py has a _affine_inputs already"),
}


@pytest.mark.parametrize("refused", REFUSED)
def test_it_refuses_with_the_reason_and_writes_nothing(root: Path, refused: str) -> None:
    arguments, options, reason = REFUSED[refused]
    before = files(root)
    with pytest.raises(UsageError, match=re.escape(reason)):
        new_exercise(*arguments, **options)
    assert files(root) == before


def test_a_learners_repository_gets_no_exercise(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(root / "solutions")
    assert main(["new-exercise", LAB, "brand_new"]) == 2
    assert "no labs with answers" in capsys.readouterr().err


@pytest.mark.parametrize("points", ["0", "-1", "nan", "two"])
def test_points_that_are_none_are_refused(root: Path, capsys: pytest.CaptureFixture[str], points: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["new-exercise", LAB, "brand_new", f"--points={points}"])
    assert "points" in capsys.readouterr().err


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_where_one_file_cannot_be_written_none_is(root: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    before, replace, calls = files(root), Path.replace, iter(range(1, 4))

    def full(self: Path, target: Path) -> Path:
        if next(calls) == failing:
            raise OSError("disk full")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match="nothing was written: disk full"):
        new_exercise(LAB, "brand_new")
    assert files(root) == before
