"""Are stored outputs used again exactly while nothing has changed that the page ran or read?"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from book.extensions import reads
from tests.site import conftest
from tests.site.built.test_strict_build import HEAD
from tests.site.conftest import ROOT, build, small_book, take_outputs
from tests.site.page_list import PAGES


def page(code: str) -> str:
    return f"{HEAD}```{{code-cell}} python\n{code}\n```\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def noted(program: str, root: Path) -> reads.Seen:
    """What a program run in book/ reads of `root`."""
    log = root.parent / "log"
    log.write_text("")
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from book.extensions.reads import note; note({str(log)!r})"
    command = [sys.executable, "-c", f"{start}; sys.path[0] = ''\n{program}"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, cwd=root / "book", check=True, capture_output=True, env=environment)
    return reads.seen(log, root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for name, text in {
        "book/figures/__init__.py": "",
        "book/figures/style.py": "ink = 1",
        "book/figures/dropout.py": "from figures import style\ndef draw():\n    from figures import late",
        "book/figures/late.py": "",
        "book/figures/other.py": "",
        "book/data/counts.json": "1",
        "book/index.md": "",
        "catalogue.toml": "",
    }.items():
        write(root / name, text)
    return root


READING = {
    "a module": ("import figures.style", "book/figures/style.py"),
    "a module that has been compiled": ("import figures.style", "book/figures/style.py"),
    "a package": ("import figures.style", "book/figures/__init__.py"),
    "what a module imports": ("import figures.dropout", "book/figures/style.py"),
    "what a function imports when it is called": ("from figures.dropout import draw\ndraw()", "book/figures/late.py"),
    "a file": ("open('data/counts.json').read()", "book/data/counts.json"),
    "a file outside the book": ("from pathlib import Path\nPath('../catalogue.toml').read_text()", "catalogue.toml"),
    "a file of a process forked off": (
        "import os\nif os.fork() == 0:\n    open('data/counts.json')\n    os._exit(0)\nos.wait()",
        "book/data/counts.json",
    ),
    "a file of another Python": (
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', \"open('data/counts.json')\"])",
        "book/data/counts.json",
    ),
}


@pytest.mark.parametrize("what", READING)
def test_an_edit_counts_of(what: str, root: Path) -> None:
    program, name = READING[what]
    if "compiled" in what:
        noted(program, root)
    found = noted(program, root)
    assert reads.is_unchanged(found, root)
    write(root / name, "edited = True")
    assert not reads.is_unchanged(found, root)


APPEARING = {
    "a file it looked for in vain": (
        "try: open('data/more.json')\nexcept OSError: pass",
        "book/data/more.json",
    ),
    "a file in a folder it listed": ("import os\nos.listdir('data')", "book/data/more.json"),
    "a file that a pattern finds": (
        "from pathlib import Path\nlist(Path('data').glob('*.json'))",
        "book/data/more.json",
    ),
    "a module it tried to import": ("try: import extra\nexcept ImportError: pass", "book/extra.py"),
    "a module of a package it tried to import": (
        "try: from figures import extra\nexcept ImportError: pass",
        "book/figures/extra.py",
    ),
    "a module under the name of another": ("import tabnanny", "book/tabnanny.py"),
}


@pytest.mark.parametrize("what", APPEARING)
def test_it_counts_when_there_is_now(what: str, root: Path) -> None:
    program, name = APPEARING[what]
    found = noted(program, root)
    assert reads.is_unchanged(found, root)
    write(root / name, "")
    assert not reads.is_unchanged(found, root)


@pytest.mark.parametrize(
    "name",
    [
        "book/index.md",
        "book/figures/other.py",
        "book/figures/new.py",
        "book/data/counts.json",
        "book/data/made",
        "book/.swap",
        "_build/a",
    ],
)
def test_an_edit_does_not_count_of_what_was_not_read(name: str, root: Path) -> None:
    found = noted("from figures.dropout import draw\ndraw()\nopen('data/made', 'w').close()", root)
    write(root / name, "edited = True")
    assert reads.is_unchanged(found, root)


def test_a_new_file_does_not_count_where_only_installed_packages_were_looked_for(root: Path) -> None:
    found = noted("from importlib.metadata import version\nversion('numpy')", root)
    write(root / "book" / "notes.txt", "")
    assert reads.is_unchanged(found, root)


def executed(said: str) -> set[str]:
    return set(re.findall(r"^  \d+ of \d+: (\S+) ", said, re.MULTILINE))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of two pages with a module and data of their own, and one module that both use."""
    folder = tmp_path_factory.mktemp("small")
    pages = {
        "book/index": page("import both, one\nprint('both', both.word, 'one', one.late())"),
        "book/second": page("import both, json\nprint('both', both.word, 'data', json.load(open('words.json')))"),
    }
    source = small_book(folder / "source", pages)
    write(source / "book" / "both.py", "word = 'first'")
    write(source / "book" / "one.py", "def late():\n    import lazy\n    return lazy.word")
    write(source / "book" / "lazy.py", "word = 'first'")
    write(source / "book" / "words.json", '"first"')
    return folder


EDITS = {
    "both.py": ("word = '{}'", "both", {"book/index", "book/second"}),
    "lazy.py": ("word = '{}'", "one", {"book/index"}),
    "words.json": ('"{}"', "data", {"book/second"}),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_executes_the_pages_that_depend_on_it_and_shows(name: str, small: Path) -> None:
    text, label, pages = EDITS[name]
    build(small / "source", small)
    for word in ("second", "third"):
        write(small / "source" / "book" / name, text.format(word))
        result = build(small / "source", small)
        assert result.returncode == 0, result.stdout + result.stderr
        assert executed(result.stdout) == pages
        for built in pages:
            assert f"{label} {word}" in (small / "_build" / "html" / f"{built}.html").read_text("utf-8")


@pytest.mark.slow
def test_an_edit_of_words_executes_nothing(small: Path) -> None:
    build(small / "source", small)
    path = small / "source" / "book" / "second.md"
    path.write_text(path.read_text("utf-8") + "\nMore words.\n", encoding="utf-8")
    result = build(small / "source", small)
    assert executed(result.stdout) == set()
    assert "More words." in (small / "_build" / "html" / "book" / "second.html").read_text("utf-8")


@pytest.mark.slow
def test_tests_take_the_outputs_of_a_build_and_execute_nothing_again(small: Path, tmp_path: Path) -> None:
    build(small / "source", small)
    take_outputs(small / "_build", tmp_path / "_build")
    result = build(small / "source", tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert executed(result.stdout) == set()


@pytest.mark.slow
def test_a_page_that_fails_is_told_with_its_traceback_and_the_others_are_stored(tmp_path: Path) -> None:
    pages = {"book/index": page("print('right')"), "book/second": page("import os\nos.stat('nowhere')")}
    source = small_book(tmp_path / "source", pages)
    first, second = build(source, tmp_path), build(source, tmp_path)
    for result in (first, second):
        assert result.returncode != 0
        assert "second.md" in result.stderr
        assert "os.stat('nowhere')" in result.stderr
        assert "FileNotFoundError" in result.stderr
    assert (executed(first.stdout), executed(second.stdout)) == ({"book/index", "book/second"}, {"book/second"})


@pytest.mark.slow
def test_ctrl_c_ends_the_build_and_every_kernel(tmp_path: Path) -> None:
    waiting = "import os, time\nprint(open({!r}, 'w').write(str(os.getpid())), flush=True)\ntime.sleep(3600)"
    marks = [tmp_path / "first", tmp_path / "second"]
    names = ("book/index", "book/second")
    pages = {name: page(waiting.format(str(mark))) for name, mark in zip(names, marks, strict=True)}
    source = small_book(tmp_path / "source", pages)
    asked = [sys.executable, "-m", "tools.build_book", str(source), "--to", str(tmp_path)]
    with subprocess.Popen(asked, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        kernels = min(2, os.cpu_count() or 1)
        while sum(mark.exists() and mark.read_text() != "" for mark in marks) < kernels:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate()
    assert process.returncode != 0
    assert "FAILED" not in said
    assert not [mark for mark in marks if mark.exists() and psutil.pid_exists(int(mark.read_text()))]


def test_tests_take_the_pages_of_a_build_only_while_nothing_has_changed_and_no_other_page_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PAGES:
        (tmp_path / "html" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "html" / f"{name}.html").touch()
    monkeypatch.setattr(conftest, "is_up_to_date", lambda source, build: True)
    assert conftest.has_pages_of_now(tmp_path)
    (tmp_path / "html" / "book" / "of_last_week.html").touch()
    assert not conftest.has_pages_of_now(tmp_path)
    (tmp_path / "html" / "book" / "of_last_week.html").unlink()
    monkeypatch.setattr(conftest, "is_up_to_date", lambda source, build: False)
    assert not conftest.has_pages_of_now(tmp_path)


REACHES = {
    "autograder/diagnosis/catalogue.toml": {"mistakes"},
    "book/figures/dropout.py": {"06_dropout"},
    "book/figures/style.py": {"01_chain_rule", "06_dropout"},
    "book/data/kill_matrix.json": {"kill_matrix"},
    "book/data/bench.json": {"instructor"},
    "autograder/sandbox/limits.py": {"instructor"},
    "autograder/chapters/chain_rule.py": {"start", "mistakes"},
    "nbgrader_config.py": {"start"},
    "computation_graph/svg.py": {"01_chain_rule", "02_computation_graphs"},
    "requirements.txt": {"01_chain_rule", "mistakes", "start"},
}
REACHES_NOT = {
    "autograder/diagnosis/catalogue.toml": {"kill_matrix"},
    "book/figures/dropout.py": {"01_chain_rule", "03_delta_template", "07_without_autograd", "mistakes", "start"},
    "book/data/kill_matrix.json": {"mistakes", "06_dropout"},
    "autograder/course/grade_class.py": {"mistakes", "start", "instructor", "06_dropout"},
    "book/_static/course.css": {"mistakes", "start", "06_dropout"},
    "book/extensions/light_pages.py": {"mistakes", "start", "06_dropout"},
    "book/03_delta_template.md": {"03_delta_template", "mistakes"},
}


@pytest.fixture(scope="module")
def read_by(site: Path) -> dict[str, reads.Seen]:
    """What each page of the book has read, by its name."""
    return reads.stored(site.parent / ".jupyter_cache")


def readers(name: str, read_by: dict[str, reads.Seen]) -> set[str]:
    return {page.removeprefix("book/") for page, found in read_by.items() if name in found["files"]}


@pytest.mark.parametrize("name", REACHES)
def test_pages_of_the_book_depend_on(name: str, read_by: dict[str, reads.Seen]) -> None:
    assert REACHES[name] <= readers(name, read_by)


@pytest.mark.parametrize("name", REACHES_NOT)
def test_pages_of_the_book_do_not_depend_on(name: str, read_by: dict[str, reads.Seen]) -> None:
    assert not REACHES_NOT[name] & readers(name, read_by)


def test_no_page_of_the_book_depends_on_everything(read_by: dict[str, reads.Seen]) -> None:
    assert {page for page, found in read_by.items() if found["everything"]} == set()
