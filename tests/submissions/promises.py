"""The promises of grading, which every submission of the corpus is put to: no unearned point and every earned one, no
harm, nothing lost."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import psutil  # type: ignore[import-untyped]
import pytest

from autograder import exercises, labs
from autograder.cli import main
from autograder.course.gradebook.course_folder import Course
from autograder.course.gradebook.scores import read_scores
from autograder.course.intake.notebooks import as_notebook
from autograder.course.reports.results import Result, read_results
from tests.course.helpers import ENVIRONMENT, by_exercise
from tests.submissions.canaries import Canaries, canaries, orphans
from tests.submissions.corpus import BROKEN, Entry, base_entries, base_id, hand_in, only
from tests.submissions.hostile.looking import LOOK
from tests.submissions.pages import acting, control_characters, text_of

MOST_MEMORY = 1_000_000_000


@dataclass
class Run:
    """One run of the grading command. `peak` is the most memory it or one of its workers took, in bytes."""

    returncode: int
    stdout: str
    stderr: str
    peak: int


@dataclass(frozen=True)
class Shown:
    """What was made of a submission: its page and the text of that, its graded notebook, and the cells of that."""

    page: str
    text: str
    notebook: str
    sources: str
    outputs: str

    @classmethod
    def of(cls, course: Course, student: str) -> Shown:
        page, notebook = (
            path.read_text("utf-8") for path in (course.feedback_page(student), course.graded_notebook(student))
        )
        cells = as_notebook(notebook).cells
        outputs = "\n".join(str(output) for cell in cells for output in cell.get("outputs", []))
        return cls(page, text_of(page), notebook, "\n".join(cell.source for cell in cells), outputs)


@dataclass
class Graded:
    """A class that was graded, and what could be seen of it on the machine."""

    course: Path
    secret: str
    entries: list[Entry]
    runs: dict[str, Run]
    results: dict[tuple[str, str], Result]
    found: set[str]
    left: list[psutil.Process]
    _shown: dict[tuple[str, str], Shown] = field(default_factory=dict)

    def result(self, entry: Entry) -> Result:
        return self.results[entry.lab, entry.student]

    def shown(self, entry: Entry) -> Shown:
        """Return what was made of a submission, read once for all tests."""
        key = entry.lab, entry.student
        if key not in self._shown:
            self._shown[key] = Shown.of(Course.at(self.course, entry.lab), entry.student)
        return self._shown[key]


class Promises:
    """The promises, put to the `entries` of a subclass, of which the `quick` ones are in the quick pace."""

    entries: ClassVar[Sequence[Entry]]
    quick: ClassVar[Collection[str]]
    workers: ClassVar[int] = 2  # one submission runs beside another, so that it can be tried what that lets it do

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        quick = {(entry.lab, entry.id) for entry in self.entries if entry.id in self.quick}
        assert len(quick) == len(self.quick), "a name of the quick pace is not in the corpus"
        if "entry" in metafunc.fixturenames:
            given = [(entry, entry.id, (entry.lab, entry.id) in quick) for entry in self.entries]
            metafunc.parametrize("entry", _paced(given))
        if "lab" in metafunc.fixturenames:
            of = dict.fromkeys(entry.lab for entry in self.entries)
            metafunc.parametrize("lab", _paced([(lab, lab, lab in {lab for lab, _ in quick}) for lab in of]))

    @pytest.fixture(scope="class")
    @classmethod
    def graded(cls, request: pytest.FixtureRequest) -> Iterator[Graded]:
        entries = _asked_for(request, cls.entries)
        with canaries() as made:
            course = made.folder / "course"
            course_labs = sorted({entry.lab for entry in entries})
            _hand_in_all(course, course_labs, entries, made)
            with orphans() as left:
                runs = {lab: _grade(course, lab, made.secret, cls.workers) for lab in course_labs}
            yield Graded(course, made.secret, entries, runs, _results(course, course_labs), made.found(), left)

    # --- 1: no unearned point, and every earned one

    def test_right_answers_among_them_earn_everything(self, graded: Graded, lab: str) -> None:
        result = graded.results[lab, base_id("right")]
        assert by_exercise(result) == {name: exercises()[name].max_points for name in only(lab)}

    def test_it_earns_what_its_work_earns(self, graded: Graded, entry: Entry) -> None:
        model = by_exercise(graded.results[entry.lab, entry.model])
        expected = {name: 0.0 if name in entry.loses else points for name, points in model.items()}
        result = graded.result(entry)
        earned = by_exercise(result)
        if entry.ruins:
            assert all(earned[name] <= points for name, points in expected.items())
        else:
            assert earned == expected
        assert result.score.score == sum(earned.values())

    # --- 2: no harm

    def test_nothing_on_the_machine_was_touched(self, graded: Graded) -> None:
        assert graded.found == set()

    def test_no_process_outlives_its_submission(self, graded: Graded) -> None:
        assert graded.left == []

    def test_the_grading_command_stays_within_its_memory(self, graded: Graded) -> None:
        assert max(run.peak for run in graded.runs.values()) < MOST_MEMORY

    def test_it_gets_nowhere(self, graded: Graded, entry: Entry) -> None:
        shown = graded.shown(entry)
        assert "HOLE" not in shown.outputs
        assert graded.secret not in shown.outputs
        assert graded.secret not in shown.page

    def test_nothing_of_the_learners_acts_in_the_page(self, graded: Graded, entry: Entry) -> None:
        page = graded.shown(entry).page
        assert not acting(page, LOOK)
        assert not control_characters(page)

    def test_its_page_tells_no_folder_of_the_machine(self, graded: Graded, entry: Entry) -> None:
        shown = graded.shown(entry)
        folders = {sys.prefix, sys.base_prefix, str(labs.ROOT), f"{tempfile.gettempdir()}/"} - {"/usr"}
        # A hand-in that names one itself is shown as it is: canaries are looked for by their path.
        told = [folder for folder in folders if folder in shown.page or folder in shown.notebook]
        assert not [folder for folder in told if folder not in shown.sources]

    def test_nothing_of_the_learners_acts_in_the_terminal(
        self, graded: Graded, lab: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["report", lab, "--course", str(graded.course)]) == 0
        again, run = capsys.readouterr(), graded.runs[lab]
        assert not control_characters(run.stdout + run.stderr + again.out + again.err)

    # --- 3: nothing lost

    def test_the_whole_class_is_graded(self, graded: Graded, lab: str) -> None:
        run = graded.runs[lab]
        assert run.returncode == 0, run.stderr
        assert "0 not recorded" in run.stdout
        handed_in = {entry.student for entry in [*base_entries(lab), *graded.entries] if entry.lab == lab}
        assert {student for of, student in graded.results if of == lab} == handed_in

    def test_its_page_says_what_was_wrong(self, graded: Graded, entry: Entry) -> None:
        text = graded.shown(entry).text
        lost = by_exercise(graded.results[entry.lab, base_id(entry.base)]) != by_exercise(graded.result(entry))
        assert entry.says.replace("`", "") in text  # what stands in backticks is set as code
        assert not (lost and entry.threat == BROKEN) or entry.says or "✗" in text


def _paced(given: Sequence[tuple[object, str, bool]]) -> list[object]:
    """Mark as slow what is not quick, of values with their ids."""
    return [pytest.param(value, id=id, marks=() if quick else pytest.mark.slow) for value, id, quick in given]


def _asked_for(request: pytest.FixtureRequest, entries: Sequence[Entry]) -> list[Entry]:
    """Return those of `entries` that some test of the class is about to ask for, or all where none asks for one."""
    tests = [
        test.callspec.params
        for test in request.session.items
        if getattr(test, "cls", None) is request.cls and hasattr(test, "callspec")
    ]
    asked = {(entry.lab, entry.id) for params in tests if (entry := params.get("entry"))}
    return [entry for entry in entries if (entry.lab, entry.id) in asked] or list(entries)


def _hand_in_all(course: Path, course_labs: list[str], entries: list[Entry], made: Canaries) -> None:
    for lab in course_labs:
        for entry in base_entries(lab):
            hand_in(entry, course)
    for entry in entries:
        hand_in(entry, course, "" if entry.threat == BROKEN else made.opening)
    for folder in (course, course / "submitted"):
        folder.chmod(0o777)


def _grade(course: Path, lab: str, secret: str, workers: int) -> Run:
    options = ["--course", str(course), "--workers", str(workers)]
    quickly = [sys.executable, "-m", "tests.submissions.short_limits", "grade", lab, *options]
    environment, pipe = ENVIRONMENT | {"CANARY": secret}, subprocess.PIPE
    with subprocess.Popen(quickly, cwd=labs.ROOT, env=environment, stdout=pipe, stderr=pipe, text=True) as grading:
        peak = 0
        while True:
            try:
                stdout, stderr = grading.communicate(timeout=1)
                return Run(grading.returncode, stdout, stderr, peak)
            except subprocess.TimeoutExpired:
                peak = max(peak, _most_memory(grading.pid))


def _most_memory(pid: int) -> int:
    """Return the most that the command or one of its workers took so far. The workers are forks of a server that the
    command starts, and a learner's process is a child of theirs."""
    try:
        command = psutil.Process(pid)
        servers = command.children()
        ours = [command, *servers, *(worker for server in servers for worker in server.children())]
        found = [Path(f"/proc/{each.pid}/status").read_text() for each in ours]
    except (psutil.Error, OSError):
        return 0
    peaks = [int(kilobytes) for text in found for kilobytes in re.findall(r"VmHWM:\s+(\d+) kB", text)]
    return 1024 * max(peaks, default=0)  # none where all have ended


def _results(course: Path, course_labs: list[str]) -> dict[tuple[str, str], Result]:
    found: dict[tuple[str, str], Result] = {}
    for lab in course_labs:
        at = Course.at(course, lab)
        found |= {(lab, result.student): result for result in read_results(at, sorted(read_scores(at)))}
    return found
