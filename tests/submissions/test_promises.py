"""Does a class full of hostile and broken submissions get what it earned, do no harm, and lose nothing?

The three promises of grading, each submission of the corpus put to all of them.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil  # type: ignore[import-untyped]
import pytest

from autograder import check, exercises, labs
from autograder.course.gradebook.gradebook import Course
from autograder.course.reports.results import Result, read_results
from tests.course.helpers import ENVIRONMENT, by_exercise, command
from tests.submissions import broken, hostile
from tests.submissions.canaries import Canaries, canaries, orphans
from tests.submissions.corpus import BROKEN, KNOWING, Entry, base_entries, base_id, hand_in, memorised, only
from tests.submissions.hostile import knowing, looking
from tests.submissions.pages import acting, control_characters, text_of
from tools.make_class import LAB

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux"),
]

HOSTILE, HONEST = hostile.entries(), broken.entries()
ENTRIES = [*HOSTILE, *HONEST]
LABS = sorted({entry.lab for entry in ENTRIES})
MOST_MEMORY = 1_000_000_000

each = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)


@dataclass
class Run:
    """One run of the grading command. `peak` is the most memory it or one of its workers took, in bytes."""

    returncode: int
    stdout: str
    stderr: str
    peak: int


@dataclass
class Graded:
    """A class that was graded, and what could be seen of it on the machine."""

    course: Path
    secret: str
    runs: dict[str, Run]
    results: dict[tuple[str, str], Result]
    found: set[str]
    left: list[psutil.Process]

    def result(self, entry: Entry) -> Result:
        return self.results[entry.lab, entry.student]

    def notebook(self, entry: Entry) -> Path:
        return Course.at(self.course, entry.lab).graded_notebook(entry.student)

    def page(self, entry: Entry) -> Path:
        return Course.at(self.course, entry.lab).feedback_page(entry.student)


@pytest.fixture(scope="module")
def graded() -> Iterator[Graded]:
    with canaries() as made:
        course = made.folder / "course"
        _hand_in_all(course, made)
        with orphans() as left:
            runs = {lab: _grade(course, lab, made.secret) for lab in LABS}
        yield Graded(course, made.secret, runs, _results(course), made.found(), left)


def _hand_in_all(course: Path, made: Canaries) -> None:
    for lab in LABS:
        for entry in base_entries(lab):
            hand_in(entry, course)
    for entry in HOSTILE:
        hand_in(entry, course, made.opening)
    for entry in HONEST:
        hand_in(entry, course)
    for folder in (course, course / "submitted"):
        folder.chmod(0o777)


def _grade(course: Path, lab: str, secret: str) -> Run:
    quickly = [sys.executable, "-m", "tests.submissions.short_limits", "grade", lab, "--course", str(course), "--force"]
    environment, pipe = ENVIRONMENT | {"CANARY": secret}, subprocess.PIPE
    with subprocess.Popen(quickly, cwd=labs.ROOT, env=environment, stdout=pipe, stderr=pipe, text=True) as grading:
        peak = 0
        while True:
            try:
                stdout, stderr = grading.communicate(timeout=0.1)
                return Run(grading.returncode, stdout, stderr, peak)
            except subprocess.TimeoutExpired:
                peak = max(peak, _memory(grading.pid))


def _memory(pid: int) -> int:
    """Return the most that the command or one of its workers takes; a learner's process is a child of theirs."""
    try:
        command = psutil.Process(pid)
        return max(int(process.memory_info().rss) for process in [command, *command.children()])
    except psutil.Error:
        return 0


def _results(course: Path) -> dict[tuple[str, str], Result]:
    found: dict[tuple[str, str], Result] = {}
    for lab in LABS:
        at = Course.at(course, lab)
        found |= {(lab, result.student): result for result in read_results(at, sorted(at.scores()))}
    return found


# --- the corpus itself


def test_the_corpus_is_as_large_and_as_broad_as_promised() -> None:
    rows = Counter(entry.threat for entry in ENTRIES)
    assert len(rows) == 7
    assert min(rows.values()) >= 8
    assert len(HOSTILE) >= 60
    assert len(HONEST) >= 40
    assert len({(entry.lab, entry.id) for entry in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("name", list(knowing.BY_HEART))
def test_what_is_known_by_heart_passes_in_the_notebook(name: str) -> None:
    module: dict[str, object] = {}
    exec(f"import numpy as np\n{memorised(name)}", module)
    assert check(module[name], name).passed


def test_the_canaries_tell_where_nothing_protects_them() -> None:
    tried = ("network", "UNIX sockets", "shared memory read", "the gradebook read", "environments read")
    sources = {entry.id: entry.first for entry in HOSTILE if entry.id in tried}
    with canaries() as made:
        cells = ["import numpy as np", made.opening, *(sources[id] for id in tried)]
        output = subprocess.run([sys.executable, "-c", "\n".join(cells)], capture_output=True, text=True, check=True)
        (made.folder / made.token).touch()
        assert made.found() >= {*made.sockets, str(made.folder / made.token)}
        assert made.secret in output.stdout
        assert "HOLE" in output.stdout


# --- 1: no unearned point, and every earned one


@pytest.mark.parametrize("lab", LABS)
def test_right_answers_among_them_earn_everything(graded: Graded, lab: str) -> None:
    result = graded.results[lab, base_id("right")]
    assert by_exercise(result) == {name: exercises()[name].max_points for name in only(lab)}


@each
def test_it_earns_what_its_work_earns(graded: Graded, entry: Entry) -> None:
    model = by_exercise(graded.results[entry.lab, entry.model])
    expected = {name: 0.0 if name in entry.loses else points for name, points in model.items()}
    result = graded.result(entry)
    earned = by_exercise(result)
    if entry.ruins:
        assert all(earned[name] <= points for name, points in expected.items())
    else:
        assert earned == expected
    assert result.score.score == sum(earned.values())


SPY = """
seen = {}


def output_delta(O, t):
    seen[O.tobytes().hex() + t.tobytes().hex()] = ((O - t) * O * (1 - O)).tolist()
    raise NotImplementedError
"""
USE = """
def output_delta(O, t):
    return np.array(KNOWN[O.tobytes().hex() + t.tobytes().hex()])
"""


def test_what_one_submission_saw_is_of_no_use_to_the_next(tmp_path: Path) -> None:
    spy = Entry("spy", KNOWING, base="untouched", answers={"output_delta": SPY}, last="print(seen)")
    hand_in(spy, tmp_path)
    first = _grade(tmp_path, LAB, "")
    assert first.returncode == 0, first.stderr
    cells = nbformat.read(Course.at(tmp_path, LAB).graded_notebook("spy"), as_version=4).cells
    seen = cells[-1].outputs[0].text
    assert len(ast.literal_eval(seen)) > 3
    hand_in(Entry("spy", KNOWING, base="untouched", answers={"output_delta": f"KNOWN = {seen}\n{USE}"}), tmp_path)
    _grade(tmp_path, LAB, "")
    assert _results(tmp_path)[LAB, "spy"].score.score == 0


# --- 2: no harm


def test_nothing_on_the_machine_was_touched(graded: Graded) -> None:
    assert graded.found == set()


def test_no_process_outlives_its_submission(graded: Graded) -> None:
    assert graded.left == []


def test_the_grading_command_stays_within_its_memory(graded: Graded) -> None:
    assert max(run.peak for run in graded.runs.values()) < MOST_MEMORY


@each
def test_it_gets_nowhere(graded: Graded, entry: Entry) -> None:
    cells = nbformat.read(graded.notebook(entry), as_version=4).cells
    outputs = "\n".join(str(output) for cell in cells for output in cell.get("outputs", []))
    assert "HOLE" not in outputs
    assert graded.secret not in outputs
    assert graded.secret not in graded.page(entry).read_text("utf-8")


@each
def test_nothing_of_the_learners_acts_in_the_page(graded: Graded, entry: Entry) -> None:
    page = graded.page(entry).read_text("utf-8")
    assert not acting(page, looking.LOOK)
    assert not control_characters(page)


@each
def test_its_page_tells_no_folder_of_the_machine(graded: Graded, entry: Entry) -> None:
    page, notebook = (text(entry).read_text("utf-8") for text in (graded.page, graded.notebook))
    folders = {sys.prefix, sys.base_prefix, str(labs.ROOT), f"{tempfile.gettempdir()}/"} - {"/usr"}
    # A hand-in that names one itself is shown as it is: canaries are looked for by their path.
    known = "\n".join(cell.source for cell in nbformat.reads(notebook, as_version=4).cells)
    assert not [folder for folder in folders for text in (page, notebook) if folder in text and folder not in known]


@pytest.mark.parametrize("lab", LABS)
def test_nothing_of_the_learners_acts_in_the_terminal(graded: Graded, lab: str) -> None:
    again = command("autograder", "report", lab, "--course", str(graded.course))
    run = graded.runs[lab]
    assert not control_characters(run.stdout + run.stderr + again.stdout + again.stderr)


# --- 3: nothing lost


@pytest.mark.parametrize("lab", LABS)
def test_the_whole_class_is_graded(graded: Graded, lab: str) -> None:
    run = graded.runs[lab]
    assert run.returncode == 0, run.stderr
    assert "0 not recorded" in run.stdout
    handed_in = {entry.student for entry in [*base_entries(lab), *ENTRIES] if entry.lab == lab}
    assert {student for of, student in graded.results if of == lab} == handed_in


@each
def test_its_page_says_what_was_wrong(graded: Graded, entry: Entry) -> None:
    page = text_of(graded.page(entry).read_text("utf-8"))
    lost = by_exercise(graded.results[entry.lab, base_id(entry.base)]) != by_exercise(graded.result(entry))
    assert entry.says.replace("`", "") in page  # what stands in backticks is set as code
    assert not (lost and entry.threat == BROKEN) or entry.says or "✗" in page
