"""Begins an exercise: its cells in solutions/, its definition in chapters/, and the place of its answers in tests/.

What is left to write says FILL IN and raises until it is written, so that no test takes it for done.
"""

from __future__ import annotations

import ast
import inspect
import json
import keyword
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from autograder import labs
from autograder.chapters import exercises
from autograder.course.cells import bound_names
from autograder.course.release.agreement import TO_FILL_IN
from autograder.course.release.release import source_notebook, write_whole
from autograder.errors import UsageError
from autograder.exercise import Section, parameters

# What a definition needs, by the name it has in a module.
_IMPORTS = {
    "np": "import numpy as np",
    "partial": "from functools import partial",
    "Array": "from autograder.attempts.answers import Array",
    "call": "from autograder.attempts.observe import call",
    "Tensor": "from autograder.builders.gradient_exercise import Tensor",
    "gradient_exercise": "from autograder.builders.gradient_exercise import gradient_exercise",
    "Case": "from autograder.exercise import Case",
    "Exercise": "from autograder.exercise import Exercise",
    "Section": "from autograder.exercise import Section",
    "compare_with_expected": "from autograder.judging import compare_with_expected",
}
_FUNCTIONS = ("inputs", "forward", "expected", "numerical")  # of a definition, with the exercise's name before them


@dataclass(frozen=True)
class Beginning:
    """What is known of a new exercise: `called` says how it is called, `section` is that of the book, as Python."""

    lab: str
    name: str
    signature: str
    called: inspect.Signature
    points: float
    section: str

    @property
    def is_class(self) -> bool:
        return self.name[0].isupper()

    @property
    def is_gradient(self) -> bool:
        return not self.is_class and bool(self.called.parameters)

    @property
    def in_module(self) -> str:
        """The name in snake case, which names of the module are made of."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.name).lower()


def new_exercise(
    lab: str, name: str, signature: str | None = None, points: float = 1, section: str | None = None
) -> dict[Path, str]:
    """Begin the exercise `name` in `lab` and return the files written, and what stands in each now.

    `signature` is how its function or class is called, `section` the anchor of a section of the chapter; left out it
    is that of the exercise before. Raises UsageError, and nothing is written then.
    """
    if not labs.all_labs():
        raise UsageError(f"there are no labs with answers in {labs.SOLUTIONS}: a learners' repository gets no exercise")
    labs.require([lab])
    _require_free(lab, name)
    signature = signature or (f"{name}()" if name[0].isupper() else f"{name}(x)")
    new = Beginning(lab, name, signature, _called(name, signature), points, _section(lab, section))
    chapter, cells = labs.module_of(lab), labs.solution_path(lab)
    module = labs.ROOT / labs.definitions(lab)
    corpus = labs.ROOT / "tests" / "unit" / "corpus" / f"{chapter}.py"
    _write_all(
        {
            cells: with_cells(cells.read_text("utf-8"), new),
            module: _tidied(with_definition(_text_of(module) or _new_module(new), new), module),
            corpus: _tidied(with_answers(_text_of(corpus) or _new_corpus(new), new), corpus),
        }
    )
    return {
        cells: "the statement, the answer and the check",
        module: "the definition: points, inputs, forward formula",
        corpus: "right answers and wrong ones",
    }


def _text_of(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


# --- what is asked for


def _require_free(lab: str, name: str) -> None:
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise UsageError(f"{name!r} is no name for an exercise: it is the name of the learner's function or class")
    if name in exercises():
        raise UsageError(f"there is an exercise `{name}` already, in {exercises()[name].chapter}: take another name")
    cells = source_notebook(lab).cells
    names = {name for cell in cells if cell.cell_type == "code" for name in bound_names(cell.source)}
    names |= {cell.id for cell in cells}
    taken = {name, f"{name}_check"} & names
    if taken:
        raise UsageError(f"solutions/{lab}.py uses the name `{min(taken)}` already: take another one")


def _called(name: str, signature: str) -> inspect.Signature:
    try:
        if signature.partition("(")[0] != name:
            raise ValueError
        return parameters(signature)
    except (ValueError, SyntaxError, AssertionError):
        message = f"{signature!r} is no signature of {name}: write it as '{name}(x, upstream)', with every parameter"
        raise UsageError(message) from None


def _section(lab: str, anchor: str | None) -> str:
    """Return a section of the chapter as Python: a name that its module has for it, or a new `Section`."""
    before = [exercise.section.anchor for exercise in exercises().values() if exercise.chapter == lab]
    anchor = anchor or (before[-1] if before else "")
    headings = dict(re.findall(r"^\(([\w-]+)\)=\n#+ (.+)$", _text_of(labs.ROOT / "book" / f"{lab}.md"), re.M))
    if anchor not in headings:
        known = ", ".join(headings) or "none yet: write one, with an anchor such as (my-section)= above its heading"
        raise UsageError(f"--section has to be the anchor of a section in book/{lab}.md; these are: {known}")
    return _sections_of(lab).get(anchor) or f'Section("{anchor}", "{headings[anchor]}")'


def _sections_of(lab: str) -> Mapping[str, str]:
    """Return by their anchors the names that the module of a chapter has for sections."""
    if lab not in {exercise.chapter for exercise in exercises().values()}:
        return {}
    names = vars(import_module(f"autograder.chapters.{labs.module_of(lab)}"))
    return {value.anchor: name for name, value in names.items() if isinstance(value, Section)}


# --- cells


def with_cells(text: str, new: Beginning) -> str:
    """Return the text of a lab with three cells more: before the question in words, else below the last check."""
    place = _place(text)
    cells = "\n".join([*_statement(text, new), "", "", *_answer(new), "", "", *_check(new), ""])
    before = text[:place] if text[place:] else text.rstrip("\n") + "\n\n"
    return before + cells + ("\n" + text[place:] if text[place:] else "")


def _place(text: str) -> int:
    headers = list(re.finditer(r"^# %%.*$", text, re.M))
    for before, header in zip([None, *headers], headers, strict=False):
        if '"grade": true' in header[0] and '"solution": true' in header[0]:
            return before.start() if before and before[0] == "# %% [markdown]" else header.start()
    graded = [place for place, header in enumerate(headers) if '"grade": true' in header[0]]
    below = headers[graded[-1] + 1 :] if graded else []
    return below[0].start() if below else len(text)


def _statement(text: str, new: Beginning) -> list[str]:
    numbers = re.findall(r"^# ## (?:\d+ to )?(\d+)\. ", text, re.M)
    return [
        "# %% [markdown]",
        f"# ## {int(numbers[-1]) + 1 if numbers else 1}. {TO_FILL_IN}: a title",
        "#",
        f"# {TO_FILL_IN}: the forward formula, and what is asked for.",
        "#",
        f"# Write `{new.signature}`.",
        "#",
        *(f"# - `{name}`: {TO_FILL_IN}: what it is, and its shape" for name in new.called.parameters),
        f"# - returns: {TO_FILL_IN}: what, and its shape",
    ]


def _answer(new: Beginning) -> list[str]:
    return [
        _header(grade=False, grade_id=new.name, locked=False, solution=True),
        *(_class(new) if new.is_class else _function(f"def {new.signature}:", new)),
    ]


def _class(new: Beginning) -> list[str]:
    names = list(new.called.parameters)
    given = [f"    def __init__(self, {new.signature.partition('(')[2][:-1]}):"] if names else []
    return [
        f"class {new.name}:",
        f'    """{TO_FILL_IN}: what the layer computes, and its shapes."""',
        "",
        *given,
        *(f"        self.{name} = {name}" for name in names),
        *([""] if names else []),
        *(f"    {line}" for line in _function("def forward(self, x):", new)),
        "",
        *(f"    {line}" for line in _function("def backward(self, upstream):", new)),
    ]


def _function(head: str, new: Beginning) -> list[str]:
    return [
        head,
        f'    """{TO_FILL_IN}: Return what, of which shape."""',
        "    ### BEGIN SOLUTION",
        f'    raise NotImplementedError("{TO_FILL_IN} the answer of {new.name} in solutions/{new.lab}.py")',
        "    ### END SOLUTION",
    ]


def _check(new: Beginning) -> list[str]:
    header = _header(grade=True, grade_id=f"{new.name}_check", locked=True, points=_plain(new.points), solution=False)
    return [header, f"check({new.name})"]


def _header(**info: object) -> str:
    return f"# %% nbgrader={json.dumps({**info, 'schema_version': 3, 'task': False}, sort_keys=True)}"


def _plain(points: float) -> float:
    """Return whole points as people write them."""
    return int(points) if points == int(points) else points


# --- the definition


def _new_module(new: Beginning) -> str:
    return f"""\"\"\"The exercises of chapter {new.lab[:2]}: {TO_FILL_IN} its title.\"\"\"

from __future__ import annotations

CHAPTER = "{new.lab}"
"""


def with_definition(text: str, new: Beginning) -> str:
    """Return the module of a chapter with one exercise more, and with the imports that it needs."""
    names = bound_names(text)
    taken = {_constant(new, names), *(f"_{new.in_module}_{each}" for each in _FUNCTIONS)} & names
    if taken:
        raise UsageError(f"{labs.definitions(new.lab)} has a {min(taken)} already: name the exercise otherwise")
    definition = _gradient_definition(new, names) if new.is_gradient else _plain_definition(new, names)
    needed = {node.id for node in ast.walk(ast.parse(definition)) if isinstance(node, ast.Name)} & _IMPORTS.keys()
    lines = [_IMPORTS[name] for name in sorted(needed - names)]
    future = "from __future__ import annotations\n"
    return text.replace(future, "\n".join([future, *lines, ""]), 1).rstrip("\n") + "\n\n\n" + definition


def _constant(new: Beginning, names: set[str]) -> str:
    """Return the name of the exercise in the module. A section may have the shorter one."""
    constant = new.in_module.upper()
    return f"{constant}_EXERCISE" if constant in names else constant


def _inputs(new: Beginning) -> str:
    values = ", ".join(f'"{name}": ...' for name in new.called.parameters)
    return f"""# --- {new.name}


def _{new.in_module}_inputs(rng: np.random.Generator) -> list[Case]:
    # A case is Case("N = 4, D = 3", {{{values}}}), with arrays such as rng.normal(size=(4, 3)).
    raise NotImplementedError("{TO_FILL_IN} the inputs of {new.name}: one sample and several, sizes that differ")
"""


def _gradient_definition(new: Beginning, names: set[str]) -> str:
    given = ", ".join(f"{name}: Tensor" for name in new.called.parameters)
    return f"""{_inputs(new)}

def _{new.in_module}_forward({given}) -> Tensor:
    raise NotImplementedError("{TO_FILL_IN} the forward formula of {new.name}, in PyTorch: one number to differentiate")


{_constant(new, names)} = gradient_exercise(
    "{new.signature}",
    {"CHAPTER" if "CHAPTER" in names else repr(new.lab)},
    {new.section},
    {{"value": {_plain(new.points)}}},
    _{new.in_module}_inputs,
    _{new.in_module}_forward,
    {{"value": "{next(iter(new.called.parameters))}"}},
)
"""


def _plain_definition(new: Beginning, names: set[str]) -> str:
    return f"""{_inputs(new)}

def _{new.in_module}_expected(case: Case) -> dict[str, Array]:
    raise NotImplementedError("{TO_FILL_IN} the right answer of {new.name}, by PyTorch")


def _{new.in_module}_numerical(case: Case) -> dict[str, Array]:
    raise NotImplementedError("{TO_FILL_IN} the answer of {new.name} by another way: differences, fractions, counting")


{_constant(new, names)} = Exercise(
    name="{new.name}",
    signature="{new.signature}",
    chapter={"CHAPTER" if "CHAPTER" in names else repr(new.lab)},
    section={new.section},
    points={{"value": {_plain(new.points)}}},
    inputs=_{new.in_module}_inputs,
    attempt=partial(call, names=("value",)),
    expected=_{new.in_module}_expected,
    numerical=_{new.in_module}_numerical,
    judge=compare_with_expected,
)
"""


# --- right and wrong answers


def _new_corpus(new: Beginning) -> str:
    return f"""\"\"\"Right and wrong solutions of the exercises of chapter {new.lab[:2]}, as learners write them.\"\"\"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.unit.corpus.wrong import Wrong

A = Any

RIGHT: dict[str, list[Callable[..., A]]] = {{}}
WRONG: list[Wrong] = []


def wrong(
    exercise: str, label: str, solution: Callable[..., A], mistake: str | None = None, parts: str = "value"
) -> None:
    WRONG.append(Wrong(exercise, solution, tuple(parts.split()), mistake, label))
"""


def with_answers(text: str, new: Beginning) -> str:
    """Return the corpus of a chapter with a place for the answers of one exercise more."""
    given = ", ".join(new.called.parameters)
    answer = f"Other{new.name}" if new.is_class else f"lambda {given}: ..." if given else "lambda: ..."
    return f"""{text.rstrip()}


# {new.name}
RIGHT["{new.name}"] = [
    # {TO_FILL_IN}: three right answers or more, each written in another way, such as
    # {answer},
]
# {TO_FILL_IN}: wrong answers, with the mistake of the catalogue that is named for them, or None, such as
# wrong("{new.name}", "the sign", {answer}, "sign")
"""


# --- writing


def _tidied(text: str, path: Path) -> str:
    """Return Python with its imports in order and formatted; as it is where ruff is not installed."""
    for command in (["check", "--select", "I", "--fix-only", "--quiet"], ["format", "--quiet"]):
        do = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(path), "-"]
        done = subprocess.run(do, input=text.encode(), capture_output=True, check=False)
        text = text if done.returncode else done.stdout.decode()
    return text


def _write_all(texts: Mapping[Path, str]) -> None:
    """Write every text, or none: where one cannot be written, the files are as they were. Raises UsageError."""
    before = {path: path.read_bytes() if path.exists() else None for path in texts}
    try:
        for path, text in texts.items():
            write_whole(path, text)
    except OSError as error:
        for path, content in before.items():
            _put_back(path, content)
        raise UsageError(f"nothing was written: {error}") from None


def _put_back(path: Path, content: bytes | None) -> None:
    path.with_name(f".{path.name}.new").unlink(missing_ok=True)
    if content is None:
        path.unlink(missing_ok=True)
    elif path.read_bytes() != content:
        path.write_bytes(content)
