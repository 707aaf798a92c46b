"""Does `validate` say of a notebook what grading says, exercise by exercise and sentence by sentence, on the same
inputs?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder import labs
from autograder.course.grading.execution import _own_key
from autograder.course.grading.grade_submission import Task, grade_notebook, prepare
from autograder.course.grading.questions import hidden
from autograder.course.intake.notebooks import as_notebook, notices_of
from autograder.course.saved_reports import saved_reports
from autograder.report import Report
from autograder.sandbox.limits import Limits
from autograder.student.validate import Validation, validate
from tests.submissions import broken
from tests.submissions.corpus import GRAPHS, TORCH, notebook
from tools.make_class import LAB, answered, reference, students

KEY = b"a key"
QUICK = Limits(cpu_seconds_per_cell=3, waiting_seconds_per_cell=3, seconds_to_stop=1)


def written(made: NotebookNode) -> bytes:
    return nbformat.writes(made).encode()


def with_cells(*sources: str, lab: str = LAB, **changed: str) -> bytes:
    """Return the file of a lab rightly answered but for `changed`, with cells above the answers."""
    made = answered(reference(lab) | changed, lab)
    setup = next(place for place, cell in enumerate(made.cells) if cell.id == "setup")
    made.cells[setup + 1 : setup + 1] = [new_code_cell(source) for source in sources]
    return written(made)


ENDING = ("exit", "quit", "pinned", "folder")  # what takes effect on the cells below
TOGETHER = [source for id, source in broken.CELLS.items() if not any(word in id for word in ENDING)]
OF_ANOTHER_LAB = "a lab of another chapter"  # which validate takes for what it is
TELLING = [one for one in [*broken.NOTEBOOKS, *broken.ANSWERS] if (one.says or one.loses) and one.id != OF_ANOTHER_LAB]
FORWARD = "import torch\n\n\ndef forward(x):\n    return torch.relu(x)\n\n\nprint(forward(torch.ones(2)))"
NOTEBOOKS = {
    **{f"of the corpus: {one.id}": (LAB, one.dump(notebook(one))) for one in TELLING},
    **{
        f"of the class: {name}": (LAB, written(made))
        for name, made in students().items()
        if name in ("emeka", "hana", "kofi")
    },
    "all cells of the corpus": (LAB, with_cells(*TOGETHER)),
    "cells that fail": (
        LAB,
        with_cells("1 / 0", "def f():\n    return x\n\n\nf()", "f(", "\n\nf()", "raise ValueError"),
    ),
    "a cell that ends Python": (LAB, with_cells("import os\nos._exit(3)", "import torch\ntorch.ones(3)")),
    "a cell that never ends": (LAB, with_cells("while True:\n    pass")),
    "a cell that sleeps": (LAB, with_cells("import time\ntime.sleep(1000)")),
    "an answer that ends Python": (LAB, with_cells(bias_gradient="def bias_gradient(d):\n    import os; os._exit(0)")),
    "an answer that never ends": (LAB, with_cells(bias_gradient="def bias_gradient(d):\n    while True: pass")),
    "a flood": (LAB, with_cells("print('x' * 6_000_000)")),
    "files and hosts": (
        LAB,
        with_cells(
            "open('/etc/hostname')",
            "open('/usr/lib/mine', 'w')",
            "np.load('data.npy')",
            "import urllib.request\nurllib.request.urlopen('http://example.com/data.csv')",
            "import socket\nsocket.create_connection(('127.0.0.1', 80))",
            "import subprocess\nsubprocess.run(['ls'])",
            "import os\nassert os.system('ls') == 127 << 8",
            "import os\nopen('a.txt', 'w').write('1')\nprint(os.listdir())\nassert open('a.txt').read()",
        ),
    ),
    "much memory": (LAB, with_cells("np.ones((400_000, 1000))")),
    "PyTorch where it is there": (TORCH, with_cells(FORWARD, "import pandas as pd\npd.DataFrame()", lab=TORCH)),
    "PyTorch as it was given": (TORCH, written(answered({}, TORCH))),
    "half of PyTorch": (TORCH, written(answered(dict(list(reference(TORCH).items())[::2]), TORCH))),
    "another lab": (GRAPHS, with_cells("from computation_graph import draw\ndraw(3)", lab=GRAPHS)),
}


def what(reports: Iterable[Report]) -> dict[str, list[tuple[str, float, str]]]:
    return {one.exercise: [(f.part, f.points, f.message) for f in one.findings] for one in reports}


# One of each kind in the quick pace.
QUICKLY = (
    *("of the corpus: curly quotes", "of the class: emeka", "cells that fail", "a cell that ends Python"),
    *("an answer that ends Python", "files and hosts", "PyTorch where it is there", "another lab"),
)


@pytest.mark.parametrize(
    ("lab", "data"),
    [pytest.param(*NOTEBOOKS[name], id=name, marks=() if name in QUICKLY else pytest.mark.slow) for name in NOTEBOOKS],
)
def test_validate_says_what_grading_says(lab: str, data: bytes, tmp_path: Path) -> None:
    limits = QUICK if b"while True" in data or b"sleep(1000)" in data else Limits()
    released = labs.exercise_path(lab).read_text("utf-8")
    graded = as_notebook(grade_notebook(Task("x", data, "", (), "", released, limits, KEY)).notebook)
    inputs = hidden(_own_key(prepare(data, (), as_notebook(released), limits), KEY))
    path = tmp_path / f"{lab}.ipynb"
    path.write_bytes(data)
    said = validate(path, limits, inputs)
    assert what(said.reports) == what(saved_reports(graded).values())
    assert sentences(said) == notices(graded)
    assert len(errors(said)) == len([cell for cell in graded.cells if failed(cell)])


def failed(cell: NotebookNode) -> bool:
    kinds = [one.ename for one in cell.get("outputs", ()) if one.output_type == "error"]
    return bool(kinds) and kinds != ["KeyboardInterrupt"]  # it was stopped


def errors(said: Validation) -> list[str]:
    return [text for text in said.to_mend if re.match(r"Cell \d+ \(", text) and "run without it" not in text]


def sentences(said: Validation) -> set[str]:
    return {*said.to_mend, *said.notes} - set(errors(said))


def notices(graded: NotebookNode) -> set[str]:
    """Return what grading tells about the notebook, without what `validate` tells as an error or with the exercise."""
    texts = {notice.text for notice in notices_of(graded)}
    return {text for text in texts if not text.startswith("`") and "is not Python:" not in text}
