"""Is a learner's process locked in, and is nothing graded where it cannot be?"""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder import labs
from autograder.course.grading import questions
from autograder.sandbox import jail
from autograder.sandbox.jail import PROTECTIONS
from autograder.sandbox.limits import Limits
from autograder.sandbox.session import Settings, open_session, protections
from autograder.sandbox.watch import Seconds
from tests.course.helpers import ALL, ENVIRONMENT, scores
from tools.make_class import LAB, answered, hand_in, reference

_SYS_ADMIN, _PR_CAPBSET_DROP = 21, 24

OUT_OF_REACH = {
    "the repository": f"print(open({str(labs.ROOT / 'README.md')!r}).read())",
    "the solutions": f"print(open({str(labs.solution_path(LAB))!r}).read())",
    "the grader": "import autograder.checking; autograder.checking.__file__",
    "PyTorch": "try:\n    import torch\nexcept ImportError:\n    raise OSError('not there')",
    "a socket": "import socket; socket.socket()",
    "another process": "import os; os.fork()",
    "a program": "import subprocess; subprocess.run(['/bin/true'])",
    "the packages": "import numpy; open(numpy.__file__, 'a')",
    "system files": "print(open('/etc/passwd').read())",
    "processes": "print(open('/proc/self/environ').read())",
    "much memory": "bytearray(3 * 10**9)",
    "many threads": "import threading as t, time\nfor _ in range(99): t.Thread(target=time.sleep, args=(1,)).start()",
    "much disk": "open('x', 'wb').write(bytes(10**8))",
    "a mount": "import ctypes, os\nif ctypes.CDLL(None).unshare(0x10000000): raise OSError('refused')",
}


@pytest.mark.parametrize("source", OUT_OF_REACH.values(), ids=list(OUT_OF_REACH))
def test_out_of_a_learners_reach(source: str) -> None:
    with open_session(Settings(Limits())) as session:
        outputs = session.run(source, Seconds(10, 10), 2).outputs
    assert [output["kind"] for output in outputs] == ["error"]


def test_a_learners_process_has_no_environment_but_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_INSTRUCTOR", "7")
    with open_session(
        Settings(Limits(output_bytes=10_000))
    ) as session:  # settings of its own, so a warm process of its own
        (output,) = session.run("import os; sorted(os.environ)", Seconds(10, 10), 2).outputs
    assert output["data"]["text/plain"] == "['HOME', 'LANG', 'OMP_NUM_THREADS', 'PATH', 'TMPDIR']"


def test_files_of_one_submission_are_gone_for_the_next() -> None:
    with open_session(Settings(Limits())) as session:
        session.run("open('left', 'w').write('x')", Seconds(10, 10), 2)
    with open_session(Settings(Limits())) as session:
        (output,) = session.run("import os; os.listdir()", Seconds(10, 10), 2).outputs
    assert output["data"]["text/plain"] == "[]"


KEEP_ALL = """
kept, size = [], 10**9
while size > 1000:
    try:
        kept.append(bytearray(size))
    except MemoryError:
        size //= 2
"""


def test_a_notebook_that_keeps_all_its_memory_leaves_enough_for_the_questions() -> None:
    answer = str(reference()["mlp_gradients"])
    with open_session(Settings(Limits())) as session:
        assert not session.run(f"import numpy as np\n{answer}\n{KEEP_ALL}", Seconds(60, 60), 2).outputs
        assert questions.ask(session, "mlp_gradients", questions.public, Limits(), Seconds(60, 60)).passed


def test_the_command_says_what_protects_it() -> None:
    assert protections() == list(PROTECTIONS)


def test_the_guide_explains_refusals_in_the_words_that_are_said() -> None:
    guide = (labs.ROOT / "book" / "instructor.md").read_text("utf-8").partition("| what the refusal says |")[2]
    quoted = re.findall(r"`(?:does not offer|…) ([^`]+)`", guide.partition("`--unsafe`")[0])
    said = Path(jail.__file__).read_text("utf-8")
    assert len(quoted) >= 5
    assert [words for words in quoted if words not in said] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up the right to make namespaces")
@pytest.mark.parametrize("options", [[], ["--unsafe"]], ids=["refused", "unless told to be unsafe"])
def test_without_protection_nothing_is_graded(tmp_path: Path, options: list[str]) -> None:
    hand_in(tmp_path, "ada", nbformat.writes(answered(reference())))
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "grade", LAB, "--course", str(tmp_path), "--workers", "1", *options],
        cwd=labs.ROOT,
        env=ENVIRONMENT,
        preexec_fn=give_up_namespaces,
        capture_output=True,
        text=True,
        check=False,
    )
    if options:
        assert (done.returncode, done.stderr) == (0, "")
        assert "none (--unsafe)" in done.stdout
        assert scores(tmp_path) == {"ada": ALL}
    else:
        assert done.returncode == 2
        assert "does not offer own namespaces" in done.stderr
        assert "--unsafe" in done.stderr
        assert not (tmp_path / "autograded").exists()


def give_up_namespaces() -> None:
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _SYS_ADMIN, 0, 0, 0)
