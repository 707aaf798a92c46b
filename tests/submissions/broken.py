"""Honest submissions that are not as they should be: each earns all that its surviving work is worth."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

from tests.submissions.corpus import BROKEN, GRAPHS, Entry, Json, cell, code, graded, markdown, only
from tools import class_answers
from tools.make_class import LAB, reference


def file(id: str, dump: Callable[[Json], bytes], says: str = "", earns: str = "") -> Entry:
    return Entry(id, BROKEN, dump=dump, says=says, earns=earns)


def no_file(id: str, dump: Callable[[Json], bytes], says: str) -> Entry:
    """A file of which nothing can be read."""
    return file(id, dump, says, earns="untouched")


def edited(id: str, edit: Callable[[Json], object], *loses: str, says: str = "") -> Entry:
    return Entry(id, BROKEN, edit=edit, loses=loses, says=says)


def answer(id: str, source: str, *loses: str, says: str = "") -> Entry:
    """One exercise answered otherwise: the one whose name the source defines last."""
    name = next(name for name in reversed(only()) if f"{name}" in source)
    return Entry(id, BROKEN, answers={name: source}, loses=loses, says=says)


def cell_before(id: str, source: str, says: str = "") -> Entry:
    return Entry(id, BROKEN, first=source, says=says)


def text(given: Json) -> str:
    return json.dumps(given, indent=1, ensure_ascii=False)


# --- the file

FILES = [
    no_file("an empty file", lambda _: b"", "empty"),
    no_file("a file of zeros", lambda _: bytes(10_000), "empty"),
    no_file("cut off", lambda given: text(given).encode()[:9000], "damaged or incomplete"),
    no_file("cut off at the last brace", lambda given: text(given).encode()[:-2], "damaged or incomplete"),
    no_file(
        "a page of a web site", lambda _: b"<!DOCTYPE html><html><body>Sign in</body></html>", "damaged or incomplete"
    ),
    no_file("a Word document", lambda _: b"PK\x03\x04" + bytes(range(256)) * 40, "damaged or incomplete"),
    no_file("a Python script", lambda given: "\n".join(c["source"] for c in given["cells"]).encode(), "damaged"),
    no_file("a list of cells", lambda given: json.dumps(given["cells"]).encode(), "not a notebook"),
    no_file("no cells at all", lambda _: b'{"nbformat": 4, "metadata": {}}', "no list of cells"),
    no_file("a trailing comma", lambda given: text(given).encode()[:-1] + b",}", "damaged or incomplete"),
    no_file(
        "conflict markers in the file",
        lambda given: text(given).replace('"cells"', '<<<<<<< HEAD\n "cells"', 1).encode(),
        "damaged or incomplete",
    ),
    file("an empty list of cells", lambda given: json.dumps({**given, "cells": []}).encode(), earns="untouched"),
    file("UTF-8 with a mark", lambda given: text(given).encode("utf-8-sig")),
    file("UTF-16", lambda given: text(given).encode("utf-16")),
    file("UTF-32", lambda given: text(given).encode("utf-32")),
    file("Latin-1", lambda given: _in_latin_1(given), says="Latin-1"),
    file("Windows line ends", lambda given: text(given).replace("\\n", "\\r\\n").replace("\n", "\r\n").encode()),
    file("old Mac line ends", lambda given: text(given).replace("\\n", "\\r").encode()),
    file("NaN in the metadata", lambda given: json.dumps(given | {"metadata": {"x": float("nan")}}).encode()),
    file("half an emoji", lambda given: json.dumps(given).replace('"# Lab 03', '"\\ud83d # Lab 03', 1).encode()),
    file("fifty megabytes of outputs", lambda given: _with_outputs(given, 50_000_000)),
    file("a training log of two million lines", lambda given: _with_log(given, 2_000_000)),
    file("ten megabytes in ten thousand outputs", lambda given: _with_outputs(given, 1_000, 10_000)),
]


def _in_latin_1(given: Json) -> bytes:
    plain = text(given).encode("ascii", "replace").decode()
    return plain.replace("# Lab 03", "# Übung 03", 1).encode("latin-1")


def _with_outputs(given: Json, size: int, count: int = 1) -> bytes:
    stream = {"output_type": "stream", "name": "stdout", "text": "x" * size}
    cell(given, "output_delta")["outputs"] = [stream] * count
    return json.dumps(given).encode()


def _with_log(given: Json, lines: int) -> bytes:
    stream = {"output_type": "stream", "name": "stdout", "text": ["epoch 4, loss 0.25\n"]}
    cell(given, "output_delta")["outputs"] = [stream]
    one = json.dumps(stream["text"])[1:-1]
    return json.dumps(given).replace(one, ", ".join([one] * lines), 1).encode()


# --- the notebook around the answers


def _nbformat_3(given: Json) -> Json:
    cells = [
        {
            "cell_type": "code",
            "input": c["source"],
            "outputs": [],
            "language": "python",
            "prompt_number": 1,
            "metadata": {},
        }
        if c["cell_type"] == "code"
        else {"cell_type": c["cell_type"], "source": c["source"], "metadata": {}}
        for c in given["cells"]
    ]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}


def _nbformat_5(given: Json) -> None:
    given["nbformat"], given["nbformat_minor"] = 5, 9


def _another_kernel(given: Json) -> None:
    given["metadata"] = {
        "kernelspec": {"name": "julia-1.9", "display_name": "Julia 1.9", "language": "julia"},
        "language_info": {"name": "julia"},
    }


def _from_colab(given: Json) -> None:
    given["metadata"] = {"colab": {"provenance": []}, "accelerator": "GPU", "kernelspec": {"name": "python3"}}
    for each in given["cells"]:
        each["metadata"] = {"id": "x", "colab": {"base_uri": "x"}, "outputId": "y"}


def _no_metadata(given: Json) -> Json:
    kept = ("cell_type", "source")
    return {"cells": [{key: each[key] for key in kept} for each in given["cells"]]}


def _strip(given: Json) -> None:
    for each in given["cells"]:
        each["metadata"] = {}


def _null_everywhere(given: Json) -> None:
    given["metadata"] = None
    for each in given["cells"]:
        each["metadata"] = each["id"] = each["outputs"] = each["execution_count"] = None


def _odd_entries(given: Json) -> None:
    given["cells"] += [
        None,
        "text",
        7,
        {},
        [],
        {"cell_type": "code"},
        {"cell_type": "heading", "source": "x", "level": 2},
    ]


def _same_ids(given: Json) -> None:
    for each in given["cells"]:
        each["id"] = "same"


def _twice(given: Json) -> None:
    given["cells"] += deepcopy(given["cells"])


def _no_graded_cells(given: Json) -> None:
    given["cells"] = [c for c in given["cells"] if c not in graded(given)]


def _edited_graded_cells(given: Json) -> None:
    for each in graded(given):
        each["source"] = "# " + each["source"]


def _graded_cells_first(given: Json) -> None:
    given["cells"] = graded(given) + [c for c in given["cells"] if c not in graded(given)]


def _one_answer_gone(given: Json) -> None:
    given["cells"].remove(cell(given, "hidden_delta"))


def _no_setup(given: Json) -> None:
    given["cells"].remove(cell(given, "setup"))


def _upside_down(given: Json) -> None:
    given["cells"].reverse()


def _one_cell(given: Json) -> None:
    sources = [cell(given, name)["source"] for name in only()]
    given["cells"] = [code("import numpy as np\n\n" + "\n\n\n".join(sources))]


def _all_below(opening: str) -> Callable[[Json], None]:
    """All answers stand in one cell, below lines that the grader's Python cannot run."""

    def edit(given: Json) -> None:
        _one_cell(given)
        given["cells"][0]["source"] = f"{opening}\n{given['cells'][0]['source']}"

    return edit


def _split(given: Json) -> None:
    """One line of an answer goes to a cell of its own above it."""
    place = given["cells"].index(cell(given, "output_delta"))
    given["cells"][place : place + 1] = [
        code("def slope_of(O):\n    return O * (1 - O)"),
        code("def output_delta(O, t):\n    return (O - t) * slope_of(O)"),
    ]


def _torn(given: Json) -> None:
    """The body of an answer is split off from its first line: neither half can run."""
    place = given["cells"].index(cell(given, "bias_gradient"))
    given["cells"][place : place + 1] = [code("def bias_gradient(delta):"), code("    return delta.sum(axis=0)")]


def _as(kind: str) -> Callable[[Json], None]:
    def edit(given: Json) -> None:
        mine = cell(given, "hidden_delta")
        mine["cell_type"] = kind
        for key in ("outputs", "execution_count"):
            mine.pop(key)

    return edit


def _from_another_lab(given: Json) -> Json:
    from tools.make_class import answered

    return json.loads(json.dumps(answered(reference(GRAPHS), GRAPHS)))


def _many_empty(given: Json) -> None:
    given["cells"] += [code(""), markdown("")] * 1_000


def _lists_of_lines(given: Json) -> None:
    for each in given["cells"]:
        each["source"] = each["source"].splitlines(keepends=True)


def _answers_in_graded_cells(given: Json) -> None:
    """The answers stand above their checks, in the checks' own cells."""
    for name in only():
        check = cell(given, f"{name}_check")
        check["source"] = cell(given, name)["source"] + "\n\n\n" + check["source"]
        cell(given, name)["source"] = ""


def _duplicated_answer(given: Json) -> None:
    """An early attempt stands above the answer, both with the same nbgrader id."""
    early = deepcopy(cell(given, "output_delta"))
    early["source"] = "def output_delta(O, t):\n    return O - t"
    given["cells"].insert(given["cells"].index(cell(given, "output_delta")), early)


NOTEBOOKS = [
    edited("nbformat 3", _nbformat_3),
    edited("nbformat of the future", _nbformat_5),
    edited("another kernel", _another_kernel),
    edited("from Colab", _from_colab),
    edited("no kernelspec", lambda given: given["metadata"].clear()),
    edited("no metadata at all", _no_metadata),
    edited("cells without metadata", _strip),
    edited("null everywhere", _null_everywhere),
    edited("entries that are no cells", _odd_entries, says="entries"),
    edited("the same id everywhere", _same_ids),
    edited("every cell twice", _twice),
    edited("no graded cells", _no_graded_cells, says="Put back"),
    edited("graded cells edited", _edited_graded_cells),
    edited("graded cells first", _graded_cells_first),
    edited("an answer deleted", _one_answer_gone, "hidden_delta", says="No cell defines hidden_delta"),
    edited("no setup", _no_setup),
    edited("upside down", _upside_down),
    edited("everything in one cell", _one_cell),
    edited("all below an import of PyTorch", _all_below("import torch"), says="`torch` is not there"),
    edited(
        "all below what Colab needs",
        _all_below("from google.colab import drive\n\ndrive.mount('/content/drive')"),
        says="so `drive.mount('/content/drive')` was left out",
    ),
    edited(
        "all below a seed and a style",
        _all_below("import torch, seaborn as sns\nimport torch.nn.functional as F\ntorch.manual_seed(0); sns.set()"),
        says="so `torch.manual_seed(0); sns.set()` was left out",
    ),
    edited(
        "all below a table of data",
        _all_below("import pandas as pd\ntable = pd.DataFrame({'a': [1]})\ntable['a'].plot()\nprint(table.shape[0])"),
        says="so `table['a'].plot()` was left out",
    ),
    edited("all below a star of another library", _all_below("from scipy.special import *\ny = expit(0.0)")),
    edited("all below magics of other packages", _all_below("%load_ext nb_black\n%matplotlib widget\n%memit 3")),
    edited("an answer split with a helper", _split),
    edited("an answer torn in two", _torn, "bias_gradient", says="is not Python"),
    edited("an answer turned to Markdown", _as("markdown"), "hidden_delta", says="a cell of text: make it"),
    edited("an answer turned to raw text", _as("raw"), "hidden_delta", says="a cell of raw text: make it"),
    edited("a lab of another chapter", _from_another_lab, *only(), says="This is lab 02_computation_graphs"),
    edited("two thousand empty cells", _many_empty),
    edited("sources as lists of lines", _lists_of_lines),
    edited("answers written into graded cells", _answers_in_graded_cells),
    edited("an early attempt above the answer", _duplicated_answer),
]

# --- cells of their own

CELLS = {
    "a syntax error": "def unfinished(:\n    pass",
    "an error": "raise RuntimeError('not finished')",
    "a missing module": "import pandas as pd\nimport ipywidgets",
    "an import that may fail": (
        "try:\n    import cupy as xp\nexcept ImportError:\n    xp = np\nassert xp is np\n"
        "def f():\n    try:\n        from torch import tensor\n    except ModuleNotFoundError:\n        return 1\n"
        "    return tensor\nassert f() == 1"
    ),
    "how far one is": "import autograder\nautograder.progress()\nfrom autograder import progress\nprogress()",
    "a look into a package": "import numpy\nprint(numpy.__file__)\nhelp(numpy.zeros)\nnumpy.mean?",
    "paths in tracebacks": "import json\njson.loads('{')",
    "paths of packages in tracebacks": "np.linalg.inv(np.zeros((2, 2)))",
    "paths of the machine": "import os, sys, tempfile\nprint(sys.path, sys.executable, tempfile.gettempdir())",
    "a module of their own": "%%writefile helpers.py\nimport torch\ndef twice(x):\n    return x + x",
    "a question": "name = input('Your name? ')",
    "a password": "import getpass\ngetpass.getpass()",
    "an exit": "exit()",
    "a quit": "quit",
    "a recursion": "def f(n):\n    return f(n + 1)\nf(0)",
    "a warning of NumPy's": "np.log(np.zeros(3)) / 0",
    "a note on stderr": "import sys\nprint('careful', file=sys.stderr)",
    "many figures": "import matplotlib.pyplot as plt\nfor i in range(25):\n    plt.plot([i, 1])\n    plt.show()",
    "an inline backend": "%matplotlib inline\n%config InlineBackend.figure_format = 'retina'\nnp.ones(2)",
    "another backend": "%matplotlib qt\nimport matplotlib.pyplot as plt\nplt.switch_backend('TkAgg')\nplt.figure()",
    "a command": "!ls -la\n!pip list\n%pip --version",
    "an unknown magic": "%load_ext autoreload\n%autoreload 2\n%no_such_magic",
    "a cell of another language": "%%bash\necho hello",
    "an unknown cell magic": "%%no_such_magic\nx = 1",
    "a timed cell": "%%time\nx = sum(range(1000))",
    "a file of data": "open('data.csv', 'w').write('1,2')\nprint(open('data.csv').read())\nnp.loadtxt('absent.csv')",
    "await": "import asyncio\nawait asyncio.sleep(0)",
    "a name taken": "check = 'checked'\nsum = 0\nlist = [1]",
    "a plot of unfinished work": "import matplotlib.pyplot as plt\nfigure, axes = plt.subplots(2)\naxes[2].plot([1])",
    "a widget": "from IPython.display import clear_output\nclear_output(wait=True)\ndisplay(1)\nclear_output()",
    "a help request": "np.zeros?\nhelp(np.ones)",
    "a little patience": "import time\ntime.sleep(0.3)",
    "options of NumPy's": "np.set_printoptions(precision=2)\nnp.seterr(all='raise')\nnp.random.seed(0)",
    "warnings as errors": "import warnings\nwarnings.simplefilter('error')",
    "a changed folder": "import os\nos.makedirs('sub', exist_ok=True)\nos.chdir('sub')",
    "pinned output": "import sys, io\nsys.stdout = io.StringIO()\nprint('kept')",
}

# --- one answer

ANSWERS = [
    answer(
        "renamed",
        "def deltaOutput(O, t):  # output_delta\n    return (O - t) * O * (1 - O)",
        "output_delta",
        says="deltaOutput is there where output_delta is asked for",
    ),
    answer("too few arguments", "def output_delta(O):\n    return O", "output_delta", says="TypeError"),
    answer("too many arguments", "def output_delta(O, t, lr):\n    return O - t", "output_delta", says="TypeError"),
    answer(
        "arguments with defaults", "def output_delta(O, t, lr=1.0, *rest, **more):\n    return (O - t) * O * (1 - O)"
    ),
    answer("no return", "def bias_gradient(delta):\n    delta.sum(axis=0)", "bias_gradient", says="return"),
    answer(
        "a print for a return",
        "def bias_gradient(delta):\n    print(delta.sum(axis=0))",
        "bias_gradient",
        says="return",
    ),
    answer("a list", "def output_delta(O, t):\n    return ((O - t) * O * (1 - O)).tolist()"),
    answer("a list for a tuple", class_answers.LISTS["sigmoid_linear_backward"]),
    answer("float32", "def output_delta(O, t):\n    return ((O - t) * O * (1 - O)).astype(np.float32)"),
    answer("complex", "def output_delta(O, t):\n    return (O - t) * O * (1 - O) + 0j", "output_delta", says="complex"),
    answer(
        "objects",
        "def output_delta(O, t):\n    return ((O - t) * O * (1 - O)).astype(object)",
        "output_delta",
        says="dtype",
    ),
    answer(
        "text", "def output_delta(O, t):\n    return ((O - t) * O * (1 - O)).astype(str)", "output_delta", says="dtype"
    ),
    answer("a matrix", "def output_delta(O, t):\n    return np.matrix((O - t) * O * (1 - O))"),
    answer(
        "masked",
        "def output_delta(O, t):\n    return np.ma.array((O - t) * O * (1 - O))",
        "output_delta",
        says="a masked array",
    ),
    answer("big-endian", "def output_delta(O, t):\n    return ((O - t) * O * (1 - O)).astype('>f8')"),
    answer("in Fortran's order", "def output_delta(O, t):\n    return np.asfortranarray((O - t) * O * (1 - O))"),
    answer("a view", "def output_delta(O, t):\n    return ((O - t) * O * (1 - O))[::-1][::-1]"),
    answer(
        "read-only",
        "def output_delta(O, t):\n    d = (O - t) * O * (1 - O)\n    d.flags.writeable = False\n    return d",
    ),
    answer(
        "one axis too many",
        "def bias_gradient(delta):\n    return delta.sum(axis=0, keepdims=True)",
        "bias_gradient",
        says="shape",
    ),
    answer(
        "an array of rows that differ",
        "def bias_gradient(delta):\n    return [[1.0], [2.0, 3.0]]",
        "bias_gradient",
        says="rows",
    ),
    answer("a lambda", "bias_gradient = lambda delta: delta.sum(axis=0)"),
    answer("a partial", "from functools import partial\nbias_gradient = partial(np.sum, axis=0)"),
    answer(
        "an object that can be called",
        "class B:\n    def __call__(self, delta):\n        return delta.sum(axis=0)\nbias_gradient = B()",
    ),
    answer(
        "decorated",
        "def same(f):\n    return lambda *a: f(*a)\n@same\ndef bias_gradient(delta):\n    return delta.sum(axis=0)",
    ),
    answer("a generator", "def bias_gradient(delta):\n    yield delta.sum(axis=0)", "bias_gradient", says="generator"),
    answer(
        "a coroutine",
        "async def bias_gradient(delta):\n    return delta.sum(axis=0)",
        "bias_gradient",
        says="coroutine",
    ),
    answer("a number for a function", "bias_gradient = 3", "bias_gradient", says="function was expected"),
    answer(
        "made by exec",
        "exec('def bias_gradient(delta):\\n    return delta.sum(axis=0)')\nbias_gradient = bias_gradient",
    ),
    answer("indented", "    def bias_gradient(delta):\n        return delta.sum(axis=0)"),
    answer(
        "tabs and spaces", "def bias_gradient(delta):\n\tif True:\n        return delta.sum(axis=0)", "bias_gradient"
    ),
    answer("curly quotes", "def bias_gradient(delta):\n    “the sum”\n    return delta.sum(axis=0)", "bias_gradient"),
    answer("hard spaces", "def bias_gradient(delta):\n\u00a0   return delta.sum(axis=0)", "bias_gradient"),
    answer(
        "conflict markers in an answer",
        "<<<<<<< HEAD\ndef bias_gradient(delta):\n    return delta.sum(axis=0)\n=======\n>>>>>>> mine",
        "bias_gradient",
    ),
    answer(
        "numbers of another script",
        "def bias_gradient(delta):\n    δ_b = delta.sum(axis=0)  # ∂E/∂b 😀\n    return δ_b",
    ),
    answer(
        "a warning in an answer",
        "import warnings\ndef bias_gradient(delta):\n    warnings.warn('careful')\n    return delta.sum(axis=0)",
    ),
    answer(
        "prints in an answer",
        "def bias_gradient(delta):\n    for row in delta:\n        print(row)\n    return delta.sum(axis=0)",
    ),
    answer(
        "a figure in an answer",
        "import matplotlib.pyplot as plt\ndef bias_gradient(delta):\n    plt.show()\n    return delta.sum(axis=0)",
    ),
    answer(
        "input in an answer",
        "def bias_gradient(delta):\n    input('axis? ')\n    return delta.sum(axis=0)",
        "bias_gradient",
    ),
    answer(
        "torch in an answer",
        "def bias_gradient(delta):\n    import torch\n    return torch.tensor(delta).sum(0).numpy()",
        "bias_gradient",
        says="line 3 uses it: return torch.tensor(delta).sum(0).numpy()",
    ),
    answer(
        "torch above an answer",
        "import torch.nn.functional as F\ndef bias_gradient(delta):\n    return F.relu(delta).sum(0)",
        "bias_gradient",
        says="`torch` is not there",
    ),
    answer(
        "an answer compiled by what is not there",
        "from numba import njit\n@njit\ndef bias_gradient(delta):\n    return delta.sum(axis=0)",
        "bias_gradient",
        says="`numba` is not there",
    ),
    answer(
        "an answer annotated with what is not there",
        "import torch\nfrom jaxtyping import Float\n"
        "def bias_gradient(delta: Float[np.ndarray, 'N M'] | torch.Tensor) -> torch.Tensor | None:\n"
        "    if isinstance(delta, torch.Tensor):\n        delta = delta.numpy()\n    return delta.sum(axis=0)",
    ),
    answer(
        "an answer in a module of their own",
        "open('mine.py', 'w').write('def bias(delta):\\n    return delta.sum(axis=0)')\n"
        "from mine import bias as bias_gradient",
    ),
    answer(
        "an answer beside a module with the name of another",
        "for name in ('numpy', 'random', 'sitecustomize', 'autograder'):\n"
        "    open(f'{name}.py', 'w').write('raise SystemExit')\n"
        "import numpy, random\n"
        "def bias_gradient(delta):\n    return delta.sum(axis=0)",
    ),
    answer(
        "a debugger in an answer",
        "def bias_gradient(delta):\n    breakpoint()\n    return delta.sum(axis=0)",
        "bias_gradient",
    ),
    answer(
        "an assertion that fails",
        "def bias_gradient(delta):\n    assert len(delta) == 2\n    return delta.sum(axis=0)",
        "bias_gradient",
        says="AssertionError",
    ),
    answer("in place", class_answers.IN_PLACE["output_delta"], "output_delta", says="was changed"),
    answer(
        "a file in an answer",
        "np.save('a.npy', 0)\ndef bias_gradient(delta):\n    return delta.sum(axis=int(np.load('a.npy')))",
    ),
    answer(
        "state kept between calls",
        "calls = []\ndef bias_gradient(delta):\n    calls.append(1)\n    return delta.sum(axis=0) * len(calls)",
        "bias_gradient",
    ),
]

# --- the folder


def _nested(folder: Path) -> None:
    (folder / "nested").mkdir()
    (folder / f"{LAB}.ipynb").rename(folder / "nested" / f"{LAB}.ipynb")


def _checkpoints(folder: Path) -> None:
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / f"{LAB}-checkpoint.ipynb").write_text("{}")
    (folder / f"._{LAB}.ipynb").write_bytes(b"\0\5\x16\7")
    (folder / ".DS_Store").write_bytes(b"\0")


def _second(folder: Path) -> None:
    (folder / "scratch.ipynb").write_text("{}")


def _two_others(folder: Path) -> None:
    path = folder / f"{LAB}.ipynb"
    (folder / "first.ipynb").write_bytes(path.read_bytes())
    path.rename(folder / "second.ipynb")


def _data(folder: Path) -> None:
    with (folder / "data.csv").open("wb") as file:
        file.truncate(100_000_000)


def _nothing(folder: Path) -> None:
    (folder / f"{LAB}.ipynb").unlink()


def _zipped(folder: Path) -> None:
    path = folder / f"{LAB}.ipynb"
    path.rename(path.with_suffix(".zip"))


def _timestamp(content: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "timestamp.txt").write_text(content)


def _timestamp_folder(folder: Path) -> None:
    (folder / "timestamp.txt").mkdir()


def in_folder(id: str, files: Callable[[Path], object], says: str = "", earns: str = "") -> Entry:
    return Entry(id, BROKEN, files=files, says=says, earns=earns)


FOLDERS = [
    Entry("another file name", BROKEN, name="lab3 final (1).ipynb", says="was expected"),
    Entry("capital letters", BROKEN, name=f"{LAB.upper()}.IPYNB", says="was expected"),
    Entry("a text file's ending", BROKEN, name=f"{LAB}.ipynb.txt", says="was expected"),
    in_folder("a second notebook", _second, says="Besides"),
    in_folder("two notebooks of other names", _two_others, "was expected", "untouched"),
    in_folder("a folder in the folder", _nested, "was expected", "untouched"),
    in_folder("checkpoints and the like", _checkpoints),
    in_folder("a hundred megabytes of data", _data),
    in_folder("an empty folder", _nothing, "was expected", "untouched"),
    in_folder("a zip file", _zipped, "was expected", "untouched"),
    in_folder("a senseless timestamp", _timestamp("yesterday, about noon"), "timestamp"),
    in_folder("a timestamp of the year 9999", _timestamp("9999-12-31 23:59:59 UTC"), "timestamp"),
    in_folder("a folder for a timestamp", _timestamp_folder, "timestamp"),
    in_folder("a name\nof two lines, in 'quotes'); DROP TABLE student;--", lambda folder: None),
    in_folder("a name that is not UTF-8: caf\udce9", lambda folder: None),
    in_folder("a long name " + "x" * 243, lambda folder: None),
    in_folder("Ünï çødé [x] {y} (z) 'q' & %20 #1", lambda folder: None),
]


def entries() -> list[Entry]:
    """Return the whole broken corpus."""
    return [*FILES, *NOTEBOOKS, *(cell_before(id, source) for id, source in CELLS.items()), *ANSWERS, *FOLDERS]
