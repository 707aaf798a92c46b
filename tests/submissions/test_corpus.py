"""Is the corpus of submissions as large as promised, and would its attacks work where nothing stops them?"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from autograder import check
from autograder.course.gradebook.course_folder import Course
from autograder.course.intake.notebooks import as_notebook
from tests.course.helpers import graded, scores
from tests.submissions.canaries import canaries
from tests.submissions.corpus import KNOWING, Entry, hand_in, memorised
from tests.submissions.hostile import knowing
from tests.submissions.test_broken import TestBroken as _Broken
from tests.submissions.test_cheating import TestCheating as _Cheating
from tests.submissions.test_harm import TestHarm as _Harm
from tools.make_class import LAB

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")

HOSTILE, HONEST = [*_Cheating.entries, *_Harm.entries], _Broken.entries
ENTRIES = [*HOSTILE, *HONEST]


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
    assert graded(tmp_path).failed == {}
    cells = as_notebook(Course.at(tmp_path, LAB).graded_notebook("spy").read_text("utf-8")).cells
    seen = cells[-1].outputs[0].text
    assert len(ast.literal_eval(seen)) > 3
    hand_in(Entry("spy", KNOWING, base="untouched", answers={"output_delta": f"KNOWN = {seen}\n{USE}"}), tmp_path)
    assert graded(tmp_path).graded == ["spy"]
    assert scores(tmp_path) == {"spy": 0}
