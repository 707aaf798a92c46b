"""The command line: python -m autograder release | grade | report | validate | progress | ...; --help lists all."""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from autograder import labs
from autograder.errors import UsageError

if TYPE_CHECKING:
    from autograder.course.grade_class import Outcome
    from autograder.course.grading.pool import Pool

_RELEASE = """examples:
  python -m autograder release                      make every lab
  python -m autograder release 03_delta_template    make one
  python -m autograder release --check              exit code 1 when exercises/ is stale"""

_RECORD = """The cases that learners see and the answers to them go to autograder/oracles/recorded_cases, a file a lab.
Checks in a browser, and wherever PyTorch is not installed, work from these files. Record again when an exercise has
changed; the same exercises make the same files.

examples:
  python -m autograder record                      record what has changed
  python -m autograder record 03_delta_template    record one lab
  python -m autograder record --check              exit code 1 when a file is stale"""

_NEW_EXERCISE = """It adds three cells to solutions/LAB.py, a definition to the chapter's module in autograder/chapters,
and a place for right and wrong answers to its corpus in tests/unit/corpus. What is left to write says FILL IN there.

examples:
  python -m autograder new-exercise 01_chain_rule softplus_slope --signature "softplus_slope(net)"
  python -m autograder new-exercise 04_affine_layer Tanh --points 3 --section affine-layer-activation"""

_JSON = """--json prints one object:
  submissions   a list: student, points (late penalty taken off), max_points, late_penalty, seconds_late,
                needs_attention, waiting (written answers nobody has graded yet), seconds (it took to grade), notices,
                and exercises: name to points, max_points, mistakes
  summary       submissions, unread (students whose hand-in could not be read: they count among the points, and in no
                exercise), max_points, points (mean, standard_deviation, lowest, median, highest),
                exercises (name to mean, max_points, full, none), mistakes and slots (name to count of learners),
                needs_attention (students), waiting (written answer to students)
  assignment, feedback, gradebook
and after grading:
  graded, kept  how many
  not_recorded  student to reason
  misplaced     notebook in a wrong folder to the folder it belongs in
  seconds       how long it took
  protections   what guarded the grading, in words; empty with --unsafe"""

_GRADE = (
    """DIR holds what was handed in: DIR/submitted/<student>/<assignment>/<assignment>.ipynb.
It is the folder that AUTOGRADER_COURSE names, which nbgrader's commands read too, else _build/course; --course wins.
DIR/autograded, DIR/feedback and DIR/gradebook.db are made, as nbgrader makes them.
What was graded before and has not changed is kept.

examples:
  python -m autograder grade 03_delta_template --course term-1
  python -m autograder grade 03_delta_template --scheduler tcp://10.0.0.1:8786
  python -m autograder grade 03_delta_template --db-url postgresql+psycopg://grader@db.example/course

exit code:
  0  every submission has a result, broken ones included
  1  some could not be recorded, or lie where none is looked for; the last lines say which
  2  wrong usage, or something that grading needs is missing

"""
    + _JSON
)

_REPORT = (
    """Without --json and --csv it prints the score table and the summary, and writes the class report as a page,
DIR/reports/<assignment>.html: scores, exercises by difficulty and discrimination, mistakes and who made them, what
needs attention, how long grading took. --anonymous leaves every name out; a learner has the same other name always.

examples:
  python -m autograder report 03_delta_template --course term-1
  python -m autograder report 03_delta_template --anonymous
  python -m autograder report 03_delta_template --csv > scores.csv

"""
    + _JSON
)


_FOR_LEARNERS = ("validate", "progress")  # all that these need is installed with the package


_VALIDATE = """Save the notebook first: what is on disk is what is read. It is run from its first cell in a new
Python, with the time limits of grading, but on your own machine and with your own rights: it is for your own
notebook.
Nothing is sent anywhere and the notebook is not changed.

example:
  python -m autograder validate exercises/03_delta_template/03_delta_template.ipynb

exit code:
  0  ready: every exercise is right on the public inputs, and the question in words is answered
  1  something is left to fix
  2  not a lab of this course, or wrong usage"""


_PROGRESS = """It reads the checks that are saved in your notebooks; it runs and writes nothing, so save them first.
In a notebook, autograder.progress() counts the checks of the session too.
A check counts as long as the function or class it was made for reads as it did then.

example:
  python -m autograder progress"""


_STUDENTS = """In it are the labs as they are released, what checks them, the book and a README for learners.
There are no answers in it, no tests and no history.

example:
  python -m autograder student-repository ../backprop-for-learners"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # Windows has consoles that know no ✓
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except UsageError as error:
        print(f"autograder: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "autograder") or package in sys.stdlib_module_names:
            raise
        print(f"autograder: {options.command} {_needs(package, options.extra)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nautograder: stopped. Run the same command again to continue.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1


def _needs(package: str, extra: str) -> str:
    """Say that a package is lacking, and what brings it with all else that the same commands need."""
    what = f'".[{extra}]"' if extra else "."
    return f"needs {package}, which is not installed: in the folder of the course, pip install {what}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m autograder", description="Work on the labs, release and grade them."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    release = _command(commands, "release", _release, "make exercises/ from solutions/", _RELEASE)
    release.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="labs to make (default: all of them)")
    release.add_argument("--check", action="store_true", help="write nothing; exit with 1 when exercises/ is stale")

    record = _command(commands, "record", _record, "record PyTorch's answers for where there is no PyTorch", _RECORD)
    record.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="whose exercises (default: all labs)")
    record.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a file is stale")

    new = _command(commands, "new-exercise", _new_exercise, "begin an exercise in a lab", _NEW_EXERCISE)
    new.add_argument("lab", metavar="LAB", help="such as 03_delta_template")
    new.add_argument("name", metavar="NAME", help="the function or class that learners write")
    new.add_argument("--signature", metavar="TEXT", help="how it is called (default: NAME(x); NAME() for a class)")
    new.add_argument("--points", type=_points, default=1.0, metavar="N", help="what it is worth (default: 1)")
    new.add_argument(
        "--section", metavar="ANCHOR", help="where the chapter explains it (default: as for the exercise before)"
    )

    grade = _command(commands, "grade", _grade, "grade what was handed in", _GRADE)
    _add_course(grade)
    where = grade.add_mutually_exclusive_group()
    where.add_argument(
        "--workers", type=_positive, metavar="N", help="submissions at a time (default: the number of cores)"
    )
    where.add_argument("--scheduler", metavar="ADDRESS", help="grade on the workers of this Dask scheduler instead")
    grade.add_argument("--force", action="store_true", help="grade again what has not changed")
    grade.add_argument("--unsafe", action="store_true", help="run submissions without a sandbox, with your own rights")
    grade.add_argument(
        "--book",
        type=_web_address,
        metavar="URL",
        help="address of the book, for links in the feedback (default: c.FeedbackExporter.book in nbgrader_config.py)",
    )

    report = _command(commands, "report", _report, "report on a class that was graded", _REPORT)
    _add_course(report).add_argument("--csv", action="store_true", help="print a row of points for each submission")
    report.add_argument("--anonymous", action="store_true", help="leave every name out")

    students = _command(
        commands, "student-repository", _student_repository, "make a repository without answers", _STUDENTS
    )
    students.add_argument("folder", type=Path, metavar="DIR", help="a new folder")

    validate = _command(commands, "validate", _validate, "say what would be graded in a notebook", _VALIDATE)
    validate.add_argument("notebook", type=Path, metavar="NOTEBOOK", help="the lab you want to hand in")
    validate.add_argument("--json", action="store_true", help="print one JSON object instead of text")

    progress = _command(commands, "progress", _progress, "show which exercises are done and what is next", _PROGRESS)
    progress.add_argument(
        "folder", nargs="?", type=Path, metavar="FOLDER", help="where your labs are (default: exercises/)"
    )
    progress.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    text: str,
    epilog: str,
) -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = commands.add_parser(
        name, help=text, description=text.capitalize() + ".", epilog=epilog, formatter_class=raw
    )
    parser.set_defaults(run=run, command=name, extra="" if name in _FOR_LEARNERS else "grading")
    return parser


def _add_course(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    parser.add_argument("assignment", metavar="ASSIGNMENT", help="the lab, such as 03_delta_template")
    folder = "course folder (default: $AUTOGRADER_COURSE, else _build/course)"
    parser.add_argument("--course", type=Path, default=labs.course_folder(), metavar="DIR", help=folder)
    gradebook = "gradebook (default: $AUTOGRADER_DB_URL, else what nbgrader_config.py names, else DIR/gradebook.db)"
    parser.add_argument("--db-url", metavar="URL", help=gradebook)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object instead of text; see below")
    return form


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def _points(text: str) -> float:
    points = float(text)
    if not 0 < points < 1000:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of points")
    return points


def _web_address(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise argparse.ArgumentTypeError(f"{text} is not an address that begins with https:// or http://")
    return text


def _student_repository(options: argparse.Namespace) -> int:
    from autograder.course.release.student_repository import make

    print(f"{make(options.folder)} files in {options.folder}; to publish it: cd {options.folder} && git init")
    return 0


def _release(options: argparse.Namespace) -> int:
    assignments = labs.require(options.assignments)
    from autograder.course.release.agreement import require_agreement
    from autograder.course.release.release import is_fresh, release

    for assignment in assignments:
        require_agreement(assignment)
    if options.check:
        stale = [assignment for assignment in assignments if not is_fresh(assignment)]
        for assignment in stale:
            print(f"exercises/{assignment} is stale; run: python -m autograder release {assignment}")
        return 1 if stale else 0
    for assignment in assignments:
        changed = release(assignment)
        print(f"exercises/{assignment}: {'written' if changed else 'up to date'}")
    return 0


def _record(options: argparse.Namespace) -> int:
    from autograder.browser.record import answers_of, is_fresh, write

    stale = False
    for chapter in labs.require(options.assignments):
        answers = answers_of(chapter)
        if not options.check:
            print(f"{chapter}: {'written' if write(chapter, answers) else 'up to date'}", flush=True)
        elif not is_fresh(chapter, answers):
            stale = True
            print(f"the recorded answers of {chapter} are stale; run: python -m autograder record {chapter}")
    return int(stale)


def _new_exercise(options: argparse.Namespace) -> int:
    from autograder.course.release.new_exercise import new_exercise

    written = new_exercise(options.lab, options.name, options.signature, options.points, options.section)
    places = {path.relative_to(labs.ROOT).as_posix(): what for path, what in written.items()}
    for place, what in places.items():
        print(f"{place:{max(map(len, places))}}  {what}")
    print(
        "\nWrite what says FILL IN in these three files, then\n\n"
        f"  python -m autograder release {options.lab}\n"
        f"  python -m tests.unit.kill_matrix {options.name}\n"
        "  make test"
    )
    return 0


def _grade(options: argparse.Namespace) -> int:
    began = time.monotonic()
    labs.require([options.assignment])
    if not (options.scheduler or find_spec("torch")):
        raise ModuleNotFoundError(name="torch")  # not even a lab that needs none is graded without it
    if sys.platform == "win32":
        raise UsageError("Windows lacks the namespaces that grading needs: grade on Linux, or in WSL 2")
    from autograder.course.gradebook.course_folder import Course, without_result
    from autograder.course.grading.pool import start_loading
    from autograder.course.intake.submissions import find_misplaced, find_submissions
    from autograder.course.progress_bar import ProgressBar
    from autograder.sandbox.limits import Limits

    where = options.course, options.assignment
    submissions = find_submissions(*where)
    changed = submissions if options.force else without_result(*where, submissions, Limits())
    if changed and not options.scheduler:
        start_loading()
    # These load nbgrader, and meanwhile the pool loads PyTorch.
    from autograder.course.grade_class import grade_class
    from autograder.course.nbgrader_api import configured_book, configured_gradebook

    course = Course.at(*where, options.db_url or configured_gradebook())
    protections = ["none needed, since no notebook was run"]

    @contextmanager
    def open_pool() -> Iterator[Pool]:
        with _pool(options) as pool:
            protections[:] = _protections(options)
            yield pool

    with closing(ProgressBar(len(submissions))) as progress:
        outcome = grade_class(
            course,
            submissions,
            changed,
            open_pool=open_pool,
            unsafe=options.unsafe,
            book=options.book or configured_book(),
            on_result=progress.show,
        )
    misplaced = find_misplaced(options.course, options.assignment)
    seconds = round(time.monotonic() - began, 3)
    students = [submission.student for submission in submissions]
    from autograder.course.reports.print_report import print_json, print_text

    if options.json:
        facts = {"misplaced": {each.path: each.belongs_in for each in misplaced}, "seconds": seconds}
        print_json(course, students, {**_as_data(outcome), **facts, "protections": protections})
    else:
        print_text(course, students)
        print(
            f"\n{len(outcome.graded)} graded, {len(outcome.kept)} kept from before, {len(outcome.failed)} not recorded"
        )
        print("protection", "; ".join(protections) or "none (--unsafe)", sep="  ")
    _print_failed(outcome)
    for each in misplaced:
        print(each, file=sys.stderr)
    return 1 if outcome.failed or not all(each.has_result for each in misplaced) else 0


def _protections(options: argparse.Namespace) -> list[str]:
    """Return what guards the grading, in words; a scheduler's workers see to it themselves. Raises UsageError."""
    from autograder.sandbox.session import UnprotectedError, protections

    if options.scheduler and not options.unsafe:
        return ["the sandbox of each worker"]
    try:
        return protections(unsafe=options.unsafe)
    except UnprotectedError as missing:
        raise UsageError(f"{missing}. Nothing was graded; --unsafe grades without protection") from None


def _pool(options: argparse.Namespace) -> AbstractContextManager[Pool]:
    if options.scheduler:
        from autograder.course.grading.cluster import connect

        return connect(options.scheduler)
    from autograder.course.grading.pool import LocalPool

    return nullcontext(LocalPool(options.workers))


def _report(options: argparse.Namespace) -> int:
    labs.require([options.assignment])
    from autograder.course.gradebook.course_folder import Course
    from autograder.course.gradebook.scores import read_scores
    from autograder.course.nbgrader_api import configured_gradebook
    from autograder.course.reports.print_report import print_report

    gradebook = options.db_url or configured_gradebook()
    if gradebook is None and not (options.course / "gradebook.db").exists():
        raise UsageError(f"no gradebook {options.course / 'gradebook.db'}: grade the class first")
    course = Course.at(options.course, options.assignment, gradebook)
    students = sorted(read_scores(course))
    if not students:
        raise UsageError(f"the gradebook holds no submission of {options.assignment}: grade the class first")
    form = "json" if options.json else "csv" if options.csv else "text"
    print_report(course, students, form, anonymous=options.anonymous)
    return 0


def _validate(options: argparse.Namespace) -> int:
    from autograder.student.validate import as_json, lines, validate

    result = validate(options.notebook)
    print(as_json(result) if options.json else "\n".join(lines(result)))
    return 0 if result.ready else 1


def _progress(options: argparse.Namespace) -> int:
    import json

    from autograder.student.progress import progress

    found = progress(options.folder)
    print(json.dumps(found.to_data(), ensure_ascii=False, indent=2) if options.json else found)
    return 0


def _as_data(outcome: Outcome) -> dict[str, object]:
    return {"graded": len(outcome.graded), "kept": len(outcome.kept), "not_recorded": outcome.failed}


def _print_failed(outcome: Outcome) -> None:
    from autograder.course.reports.as_text import plain

    for student, reason in outcome.failed.items():
        print(f"not recorded: {plain(student)}: {plain(reason)}; run the same command again", file=sys.stderr)
