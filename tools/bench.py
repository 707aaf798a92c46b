"""Measures grading and the first check of a notebook: python -m tools.bench.

A learner's first check is timed with PyTorch and as in the light installation, which has none. Then stock nbgrader and
this course grade the same submissions.
Stock: `nbgrader autograde` in a course folder of its own, configured by nothing. Ours: `python -m autograder grade`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
import psutil  # type: ignore[import-untyped]

from autograder import labs
from autograder.course.gradebook.course_folder import Course
from autograder.course.gradebook.recorder import register
from autograder.course.gradebook.scores import read_scores
from tools import class_answers
from tools.make_class import LAB, answered, hand_in, reference

_RIGHT: tuple[class_answers.Answers, ...] = ({}, class_answers.LOOPS, class_answers.EINSUM, class_answers.LISTS)
_WRONG = (
    *(class_answers.SLOPE_MISSING, class_answers.NOT_TRANSPOSED, class_answers.MEAN_FOR_SUM, class_answers.SIGN),
    *(class_answers.IN_PLACE, class_answers.ONE_SIDED, class_answers.ZERO_START),
)


# What a notebook runs before its learner sees a verdict.
_FIRST_CHECK = """
from autograder import check
def product_rule(f, df, g, dg):
    return df * g + f * dg
assert check(product_rule).passed
"""
_WITHOUT_PYTORCH = "import sys; sys.modules['torch'] = None"

_GLANCE = 1.0  # seconds between two looks at the memory, which take time from what is measured


@dataclass(frozen=True)
class Measured:
    """What a command took: wall-clock seconds, in all and until the first result, and bytes at the peak, of itself and
    with all it started."""

    seconds: float
    first: float
    alone: int
    together: int


def main() -> None:
    options = _parser().parse_args()
    everything, light = first_checks(5)
    print("seconds of computing, from the start of Python to the first verdict of a check")
    told = f"with PyTorch {everything:.2f}   light installation {light:.2f}   ratio {light / everything:.2f}"
    print(told, end="\n\n", flush=True)
    stock, ours = _compare(options.submissions)
    print(f"ratio: {stock / ours:.1f}", flush=True)
    sizes = {}
    print("\ncost per submission with python -m autograder grade")
    print("submissions   seconds   each   first   again: CPU   peak memory: command   with its workers")
    for size in options.sizes:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            took = _grade_ours(Path(folder), size)
            again = _grade_again(Path(folder))
        sizes[size] = asdict(took) | {"again": again}
        each = f"{took.seconds / size:6.3f}"
        memory = f"{took.alone / 1e6:13.0f} MB {took.together / 1e6:15.0f} MB"
        print(f"{size:11d} {took.seconds:9.1f} {each} {took.first:7.1f} {again:10.1f} s {memory}", flush=True)
    if options.save:
        compared = {"lab": LAB, "submissions": options.submissions, "stock": stock, "ours": ours}
        options.save.write_text(json.dumps({"cores": os.cpu_count(), **compared, "sizes": sizes}, indent=1) + "\n")


def _parser() -> argparse.ArgumentParser:
    about = __doc__ or ""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=about)
    parser.add_argument("--submissions", type=int, default=60, metavar="N", help="graded by both; 60")
    told = "classes of which the cost per submission is told; 10,100,1000"
    parser.add_argument("--sizes", type=_sizes, default=(10, 100, 1000), metavar="N,N", help=told)
    saved = "keep the numbers there, such as book/data/bench.json, which the instructors' page shows"
    parser.add_argument("--save", type=Path, metavar="FILE", help=saved)
    return parser


def first_checks(times: int) -> tuple[float, float]:
    """Return the seconds of computing until the first verdict, with PyTorch and without it: the least of some times."""
    return _seconds_of(_FIRST_CHECK, times), _seconds_of(_WITHOUT_PYTORCH + _FIRST_CHECK, times)


def _seconds_of(program: str, times: int) -> float:
    return min(_computing([sys.executable, "-c", program]) for _ in range(times))


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(size) for size in text.split(",") if size)


def _compare(number: int) -> tuple[float, float]:
    """Grade the same submissions in both ways, print the rates and return the seconds of each."""
    print(f"{number} submissions of {LAB}, {os.cpu_count()} cores", flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as one, tempfile.TemporaryDirectory(prefix="bench-") as other:
        stock = _grade_stock(Path(one), number)
        print(_rate("nbgrader autograde", number, stock), flush=True)
        ours = _grade_ours(Path(other), number)
        print(_rate("python -m autograder grade", number, ours), flush=True)
        theirs, here = (read_scores(Course.at(Path(folder), LAB)) for folder in (one, other))
    same = sum(theirs[student].score == score.score for student, score in here.items())
    print(f"the same points for {same} of {number}", flush=True)
    return stock.seconds, ours.seconds


def _rate(name: str, number: int, took: Measured) -> str:
    return f"{name:27} {took.seconds:8.1f} s  {number / took.seconds:7.2f} submissions/s"


def _grade_stock(course: Path, number: int) -> Measured:
    hand_in_varied(course, number)
    register(Course.at(course, LAB))
    return _measure(["nbgrader", "autograde", LAB], course, course, number)


def _grade_ours(course: Path, number: int) -> Measured:
    hand_in_varied(course, number)
    return _measure(_grading(course), labs.ROOT, course, number)


def _grading(course: Path) -> list[str]:
    return ["autograder", "grade", LAB, "--course", str(course)]


def _grade_again(course: Path) -> float:
    """Return the seconds of computing that it takes to find that all is graded. No other process is started for it."""
    return _computing([sys.executable, "-m", *_grading(course)])


def _computing(command: Sequence[str]) -> float:
    """Run a command from the root and return the seconds of computing that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=labs.ROOT, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def hand_in_varied(course: Path, number: int) -> None:
    """Hand in right, wrong and half-done labs, the same at every call; nearly all differ."""
    for index in range(number):
        hand_in(course, f"student-{index:05d}", nbformat.writes(answered(_varied(random.Random(index)))))


def _varied(rng: random.Random) -> class_answers.Answers:
    given = reference() | rng.choice(_RIGHT)
    for mistakes in rng.sample(_WRONG, rng.choice((0, 0, 1, 2))):
        given |= mistakes
    done = rng.choice((len(given), len(given), rng.randrange(len(given))))
    return dict(list(given.items())[:done])


def _measure(command: Sequence[str], folder: Path, course: Path, number: int) -> Measured:
    """Run a Python module from `folder` and watch its memory and how far it is."""
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = os.environ | {"PATH": tools, "PYTHONPATH": str(labs.ROOT)}
    alone = together = 0
    with tempfile.TemporaryFile("w+") as said:
        began, on_the_clock = time.monotonic(), time.time()
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=folder, env=environment, stdout=said, stderr=said
        )
        while process.poll() is None:
            sizes = list(_memory(process.pid))
            alone, together = max(alone, *sizes[:1], 0), max(together, sum(sizes))
            _show(f"{command[0]}: {sum(1 for _ in course.glob('autograded/*/*'))} of {number}")
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GLANCE)
        seconds = time.monotonic() - began
        _show("")
        if process.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{said.read()[-2000:]}")
    first = min(folder.stat().st_mtime for folder in course.glob("autograded/*/*")) - on_the_clock
    return Measured(seconds, first, alone, together)


def _memory(pid: int) -> Iterator[int]:
    """Yield the memory of a process and of all it started; pages that several share are divided among them."""
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.Error):
                memory = process.memory_full_info()
                yield getattr(memory, "pss", memory.rss)


def _show(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
