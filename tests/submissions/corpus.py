"""What a submission of the corpus is: answers to begin with, what is done to them, and what that costs."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from autograder.chapters import exercises
from autograder.checking import PUBLIC_SEED, draw_cases
from tools import class_answers
from tools.class_answers import Answers
from tools.make_class import LAB, answered, reference

Json: TypeAlias = dict[str, Any]
Change: TypeAlias = Callable[[Json], object]

DROPOUT, GRAPHS, TORCH = "06_dropout", "02_computation_graphs", "07_without_autograd"

FORGING = "forging a verdict"
KNOWING = "knowing the answer"
ESCAPING = "escaping"
EXHAUSTING = "exhausting"
DYING = "dying"
LOOKING = "hurting the person who looks"
BROKEN = "being broken without malice"

FORWARD_ONLY = """
class SigmoidLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, W, b):
        return torch.sigmoid(x @ W + b)

    @staticmethod
    def backward(ctx, upstream):
        raise NotImplementedError
"""


@dataclass(frozen=True)
class Entry:
    """A submission. It earns what its `base` earns, or the base that `earns` names, without the exercises it `loses`.

    `answers` replace some of the base's, `first` is a cell above them, `last` one at the end. `edit` changes the
    notebook as JSON, `dump` makes the file of it, `name` is the file's, and `files` changes the folder at the end.
    One that `ruins` itself may earn less. `says` are words that must stand in the feedback page.
    """

    id: str
    threat: str
    base: str = "right"
    lab: str = LAB
    answers: Mapping[str, str] = field(default_factory=dict)
    first: str = ""
    last: str = ""
    edit: Change = lambda notebook: None
    dump: Callable[[Json], bytes] = lambda notebook: json.dumps(notebook).encode()
    name: str = ""
    files: Callable[[Path], object] = lambda folder: None
    earns: str = ""
    loses: Collection[str] = ()
    ruins: bool = False
    says: str = ""

    @property
    def student(self) -> str:
        """The student it is graded as: the name of the folder, which need not be UTF-8."""
        return self.id.encode("utf-8", "backslashreplace").decode()

    @property
    def model(self) -> str:
        """The id of the submission whose points this one earns."""
        return base_id(self.earns or self.base)


def base_id(base: str) -> str:
    return f"base {base}"


@cache
def bases(lab: str) -> dict[str, Answers]:
    """Return the answers that submissions to a lab begin with."""
    right = reference(lab)
    if lab == TORCH:
        return {"right": right, "untouched": {}, "forward": {"SigmoidLinear": FORWARD_ONLY}}
    if lab != LAB:
        return {"right": right, "untouched": {}}
    wrong = (
        class_answers.SLOPE_MISSING | class_answers.MEAN_FOR_SUM | class_answers.ONE_SIDED | class_answers.ZERO_START
    )
    return {
        "right": right,
        "wrong": right | wrong,
        "half": dict(list(right.items())[:4]),
        "in place": right | class_answers.IN_PLACE,
        "untouched": {},
    }


def base_entries(lab: str) -> list[Entry]:
    return [Entry(base_id(name), BROKEN, base=name, lab=lab) for name in bases(lab)]


def hand_in(entry: Entry, course: Path, opening: str = "") -> None:
    """Write the folder of a submission; `opening` is put into its first cell, above `first`."""
    folder = course / "submitted" / entry.id / entry.lab
    folder.mkdir(parents=True, exist_ok=True)
    (folder / (entry.name or f"{entry.lab}.ipynb")).write_bytes(entry.dump(notebook(entry, opening)))
    entry.files(folder)


def notebook(entry: Entry, opening: str = "") -> Json:
    given: Json = json.loads(json.dumps(answered(bases(entry.lab)[entry.base] | dict(entry.answers), entry.lab)))
    setup = next(place for place, cell in enumerate(given["cells"]) if cell["id"] == "setup")
    above = [code(opening)] if opening else []
    above += [code(entry.first)] if entry.first else []
    given["cells"][setup + 1 : setup + 1] = above
    given["cells"] += [code(entry.last)] if entry.last else []
    replaced = entry.edit(given)
    return replaced if isinstance(replaced, dict) else given


def code(source: str, **metadata: Any) -> Json:
    return {
        "cell_type": "code",
        "metadata": metadata,
        "source": source.strip("\n"),
        "outputs": [],
        "execution_count": None,
    }


def markdown(source: str) -> Json:
    return {"cell_type": "markdown", "metadata": {}, "source": source.strip("\n")}


def cell(given: Json, grade_id: str) -> Json:
    """Return the cell of a notebook that has this nbgrader id."""
    return next(c for c in given["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def graded(given: Json) -> list[Json]:
    return [c for c in given["cells"] if c["metadata"].get("nbgrader", {}).get("grade")]


def only(lab: str = LAB) -> list[str]:
    """Return the exercises of a lab."""
    return [name for name, exercise in exercises().items() if exercise.chapter == lab]


def stealing(id: str, threat: str, source: str) -> Entry:
    """Let the function `steal` that `source` defines answer every exercise of lab 03."""
    answers = {name: f"{name} = steal" for name in only()}
    first = next(iter(answers))
    return Entry(id, threat, base="untouched", answers=answers | {first: f"{source}\n{answers[first]}"})


def one_answer(id: str, threat: str, source: str) -> Entry:
    """Let `source` answer one exercise of lab 03, which is lost, and no other."""
    return Entry(id, threat, answers={"weight_gradient": source}, loses=["weight_gradient"])


def memorised(name: str) -> str:
    """Return an answer that knows the cases the notebook shows, and nothing else."""
    exercise = exercises()[name]
    table = {}
    for case in draw_cases(exercise, PUBLIC_SEED):
        values = [value.tolist() for value in exercise.expected(case).values()]
        table[_key(case.arguments)] = values
    return f"""
KNOWN_{name} = {table!r}


def {name}(*arguments):
    key = "".join(np.asarray(a).tobytes().hex() for a in arguments)
    values = [np.array(value) for value in KNOWN_{name}[key]]
    return values[0] if len(values) == 1 else tuple(values)
"""


def _key(arguments: Mapping[str, Any]) -> str:
    return "".join(value.tobytes().hex() for value in arguments.values())
