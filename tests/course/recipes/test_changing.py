"""Do the recipes of the page Changing the course do what it says? Each is followed in a copy of this repository."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import nbformat
import numpy as np
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from autograder import labs
from autograder.cli import main
from tests.course.helpers import ALL, ENVIRONMENT
from tools.make_class import LAB, WRITTEN, answered, hand_in, reference

PAGE = (labs.ROOT / "book" / "changing.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"^```\{code-block\} python\n:caption: (.+?)\n\n?(.*?)^```$", PAGE, re.M | re.S))
FENCED = re.findall(r"^```(.*?)\n(.*?)^```$", PAGE, re.M | re.S)
COMMANDS = [text for language, text in FENCED if not language]


def command(beginning: str) -> list[str]:
    """Return the command of the page that begins so, in words."""
    (found,) = {each.strip() for each in COMMANDS if each.startswith(beginning)}
    return re.findall(r'"[^"]*"|\S+', found)


def run(words: list[str], folder: Path, **more: str) -> str:
    """Run a command of the page in `folder`, as one would type it there."""
    words = [word.strip('"') for word in words]
    if words[0] in ("python", "nbgrader"):
        words = [sys.executable, *(["-m", "nbgrader"] if words[0] == "nbgrader" else []), *words[1:]]
    environment = ENVIRONMENT | {"PYTHONPATH": str(folder)} | more
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(labs.ROOT, folder, ignore=shutil.ignore_patterns("_build", ".*", "__pycache__"))
    return folder


def points_in(folder: Path, lab: str) -> dict[str, float]:
    cells = nbformat.read(folder / "exercises" / lab / f"{lab}.ipynb", as_version=4).cells
    infos = [cell.metadata.get("nbgrader", {}) for cell in cells]
    return {info["grade_id"]: info["points"] for info in infos if info.get("grade")}


def checked(folder: Path, source: str) -> str:
    return run(["python", "-c", f"import numpy as np\nfrom autograder import check\n{source}"], folder).strip()


# What the recipe replaces of what the command has begun, by file: from a line to the one before another.
BEGUN = {
    "solutions/01_chain_rule.py": ("# %% [markdown]\n# ## 11. FILL IN", "# %% [markdown]\n# ## In your own words"),
    "autograder/chapters/chain_rule.py": ("def _softplus_slope_inputs", "\n\nSOFTPLUS_SLOPE = "),
    "tests/unit/corpus/chain_rule.py": ('RIGHT["softplus_slope"] = [\n    # FILL IN', ""),
}
MADE = {
    "exercises/01_chain_rule/01_chain_rule.ipynb",
    "autograder/oracles/recorded_cases/01_chain_rule.npz",
    "book/data/kill_matrix.json",
}


def add_an_exercise(copy: Path) -> None:
    """Follow the recipe: a command, three edits, three commands."""
    run(command("python -m autograder new-exercise"), copy)
    write_what_is_begun(copy)
    run(command("python -m autograder release 01"), copy)
    run(command("python -m autograder record 01"), copy)
    run(command("python -m tests.unit.kill_matrix"), copy)


def write_what_is_begun(copy: Path) -> None:
    for name, (first, after) in BEGUN.items():
        text = (copy / name).read_text("utf-8")
        before, begun, rest = text.partition(first)
        assert begun
        (copy / name).write_text(before + BLOCKS[name] + (after + rest.partition(after)[2] if after else ""), "utf-8")


def different(copy: Path) -> set[str]:
    """Return the files of the copy that are new or not as they are here."""
    names = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}
    ours = {name for name in names if not re.match(r"_build/|\.|.*__pycache__", name)}
    return {
        name
        for name in ours
        if not (labs.ROOT / name).exists() or (labs.ROOT / name).read_bytes() != (copy / name).read_bytes()
    }


@pytest.mark.slow
def test_an_exercise_is_added_in_three_edits(copy: Path) -> None:
    add_an_exercise(copy)
    assert different(copy) == {*BEGUN, *MADE}
    assert points_in(copy, "01_chain_rule")["softplus_slope_check"] == 1
    given = (copy / "exercises" / "01_chain_rule" / "01_chain_rule.ipynb").read_text("utf-8")
    assert "softplus_slope" in given
    assert "np.exp(-net)" not in given
    right = "def softplus_slope(net): return 1 / (1 + np.exp(-net))\nprint(check(softplus_slope).points)"
    assert checked(copy, right) == "1.0"
    assert checked(copy, right.replace("-net", "net")) == "0.0"


@pytest.mark.slow
def test_after_these_edits_the_tests_that_concern_it_pass_and_the_files_are_in_form(copy: Path) -> None:
    add_an_exercise(copy)
    files = [name for name in different(copy) if name.endswith(".py")]
    for words in (["check"], ["format", "--check"]):
        run(["python", "-m", "ruff", *words, *files], copy)
    concerned = "softplus_slope or agreement or kill_matrix or exercises_found or every_exercise or 01_chain_rule"
    said = run(["python", "-m", "pytest", "-q", "tests/unit", "tests/course/release", "-k", concerned], copy)
    assert int(re.findall(r"(\d+) passed", said)[0]) > 30


@pytest.mark.slow
def test_points_are_changed_in_two_places(copy: Path) -> None:
    lab, chapter = copy / "solutions" / f"{LAB}.py", copy / "autograder" / "chapters" / "delta_template.py"
    cell = r'("grade_id": "bias_gradient_check", .*?"points": )1'
    definition = r'("bias_gradient\(delta\)",.*?\{"value": )1\}'
    for path, pattern, new in ((lab, cell, r"\g<1>5"), (chapter, definition, r"\g<1>5}")):
        text, count = re.subn(pattern, new, path.read_text(), count=1, flags=re.S)
        assert count == 1
        path.write_text(text)
    run(command("python -m autograder release 03"), copy)
    assert points_in(copy, LAB)["bias_gradient_check"] == 5
    right = "def bias_gradient(delta): return delta.sum(axis=0)\nprint(check(bias_gradient).points)"
    assert checked(copy, right) == "5.0"


@pytest.mark.slow
def test_a_lab_is_left_out_and_its_links_are_found(copy: Path) -> None:
    run(command("rm -r"), copy)
    said = run(["python", "-m", "autograder", "release"], copy)
    assert "06_dropout" not in said
    assert "07_without_autograd" in said
    found = run(command("grep"), copy).splitlines()
    everywhere = {
        f"{path.relative_to(copy)}"
        for path in [copy / "_toc.yml", *copy.glob("book/*.md")]
        if "exercises/06_dropout" in path.read_text("utf-8")
    }
    assert {line.partition(":")[0] for line in found} == everywhere
    assert "_toc.yml" in everywhere


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "points"), [("all points", 0.0), ("a tenth a day", 0.8 * ALL)])
def test_a_due_date_and_a_late_penalty_are_set(copy: Path, tmp_path: Path, rule: str, points: float) -> None:
    course = tmp_path / "course"
    folder = hand_in(course, "ada", nbformat.writes(answered(reference())))
    (folder / "timestamp.txt").write_text("2026-11-03 11:59:00 UTC")  # a day and a half late
    config = copy / "nbgrader_config.py"
    config.write_text(config.read_text() + "\n" + BLOCKS[f"nbgrader_config.py, {rule}"])
    run(command("nbgrader db"), copy, AUTOGRADER_COURSE=str(course))
    said = run(["python", "-m", "autograder", "grade", LAB, "--course", str(course), "--json"], copy)
    assert json.loads(said)["submissions"][0]["points"] == pytest.approx(points)


# --- the learners' repository


@pytest.fixture(scope="module")
def learners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("learners") / "repository"
    assert main(["student-repository", str(folder)]) == 0
    yield folder
    shutil.rmtree(folder)


def texts(folder: Path) -> dict[str, str]:
    """Return every file as lines without the white space around them, and without comment signs."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in (".png",):
            lines = text_of(path).replace("\\n", "\n").replace('\\"', '"').splitlines()
            found[str(path.relative_to(folder))] = "\n".join(line.strip(' "#,') for line in lines)
    return found


def text_of(path: Path) -> str:
    if path.suffix != ".npz":
        return path.read_text("utf-8")
    with np.load(path) as recorded:  # its only text is in the tree
        return recorded["tree"].tobytes().decode()


def answers_of(lab: str) -> list[str]:
    """Return the answers of a lab as their lines without the white space around them."""
    source = labs.solution_path(lab).read_text("utf-8")
    regions = re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", source, re.S)
    return ["\n".join(line.strip(' "#,') for line in region.splitlines() if line.strip(' "#,')) for region in regions]


@pytest.mark.parametrize("lab", labs.all_labs())
def test_no_answer_is_in_the_learners_repository(learners: Path, lab: str) -> None:
    everything = texts(learners)
    # One line alone, such as `return delta.sum(axis=0)`, is a formula of the book.
    long = [answer for answer in answers_of(lab) if "\n" in answer]
    assert long
    assert not [(name, answer) for name, text in everything.items() for answer in long if answer in text]


def test_the_search_for_answers_finds_one(tmp_path: Path) -> None:
    shutil.copy(labs.solution_path(LAB), tmp_path)
    (found,) = texts(tmp_path).values()
    assert all(answer in re.sub("\n+", "\n", found) for answer in answers_of(LAB))


def test_no_folder_with_answers_and_no_history_is_in_the_learners_repository(learners: Path) -> None:
    there = {path.name for path in learners.iterdir()}
    assert not there & {"solutions", "tests", ".git", "_build", "CONTRIBUTING.md"}
    assert not [path for path in learners.rglob("*") if path.name in ("gradebook.db", "secret.key", "__pycache__")]
    assert all("BEGIN SOLUTION" not in text for name, text in texts(learners).items() if name.startswith("exercises"))


def test_the_labs_in_it_are_the_released_ones(learners: Path) -> None:
    made = sorted(learners.glob("exercises/*/*"))
    assert [path.stem for path in made] == labs.all_labs()
    assert [path.read_bytes() for path in made] == [labs.exercise_path(lab).read_bytes() for lab in labs.all_labs()]


@pytest.mark.slow
def test_the_checks_and_the_commands_for_learners_work_in_it(learners: Path) -> None:
    right = "def bias_gradient(delta): return delta.sum(axis=0)\nprint(check(bias_gradient).points)"
    assert checked(learners, right) == "1.0"
    notebook = learners / "mine.ipynb"
    nbformat.write(answered(reference() | {WRITTEN: "They all get the same delta."}), notebook)
    said = run(["python", "-m", "autograder", "validate", str(notebook)], learners)
    assert f"{ALL:g}" in said
    assert "Lab 03" in run(["python", "-m", "autograder", "progress"], learners)
    notebook.unlink()


def test_everything_the_book_is_made_of_is_in_it(learners: Path) -> None:
    named = re.findall(r"(?:file|root): (\S+)", (learners / "_toc.yml").read_text())
    assert len(named) > 15
    assert not [name for name in named if not list(learners.glob(f"{name}.*"))]
    pages = list(learners.glob("book/*.md"))
    for page in pages:
        for target in re.findall(
            r"\]\((?!https?:|#)([^)#\s]+\.\w+)|\{(?:image|literalinclude)\} (\S+)", page.read_text("utf-8")
        ):
            assert (page.parent / "".join(target)).exists(), (page.name, target)


def test_a_folder_that_is_not_empty_is_refused_and_left_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").touch()
    assert main(["student-repository", str(tmp_path)]) == 2
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_learners_repository_makes_no_other(learners: Path, tmp_path: Path) -> None:
    do = [sys.executable, "-m", "autograder", "student-repository", str(tmp_path / "again")]
    done = subprocess.run(
        do, cwd=learners, env=ENVIRONMENT | {"PYTHONPATH": str(learners)}, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "learners' repository already" in done.stderr


def pins(text: str) -> set[str]:
    return {line.partition("#")[0].strip() for line in text.splitlines() if "==" in line and not line.startswith("#")}


def test_learners_install_what_the_labs_and_the_book_need_and_nothing_for_tests(learners: Path) -> None:
    theirs = pins((learners / "requirements.txt").read_text())
    everything = (labs.ROOT / "requirements.txt").read_text()
    assert theirs < pins(everything)
    names = {pin.partition("==")[0].lower() for pin in theirs}
    assert not names & {"pytest", "mypy", "ruff", "playwright", "pre-commit", "distributed", "dask", "psycopg-binary"}
    assert {"torch", "numpy", "jupyterlab", "jupyter-book", "nbgrader", "appnope"} <= names


@pytest.mark.parametrize("whose", ["learners", "developers"])
def test_what_is_installed_lacks_nothing_that_it_needs_in_turn(learners: Path, whose: str) -> None:
    text = ((learners if whose == "learners" else labs.ROOT) / "requirements.txt").read_text()
    names = {canonicalize_name(Requirement(pin).name) for pin in pins(text)}
    for name in names:
        try:
            needed = map(Requirement, metadata.requires(name) or ())
        except metadata.PackageNotFoundError:
            continue  # for another system
        missing = [one.name for one in needed if not one.marker and canonicalize_name(one.name) not in names]
        assert not missing, (name, missing)
