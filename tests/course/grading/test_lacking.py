"""Does a notebook lose nothing for want of a package that its learner has and grading has not?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

import autograder
from autograder.sandbox.inside.harmless import packages
from autograder.sandbox.inside.packages import is_listed
from autograder.sandbox.limits import Limits
from autograder.sandbox.session import Ran, Session, Settings, open_session
from autograder.sandbox.watch import Seconds


@pytest.fixture(params=[False, True], ids=["sandbox", "unsafe"])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    with open_session(Settings(Limits(), unsafe=request.param)) as session:
        yield session


def run(session: Session, *lines: str) -> Ran:
    ran = session.run("\n".join(lines), Seconds(60, 60), 5, "cell 7")
    assert not ran.stopped
    return ran


def printed(ran: Ran) -> str:
    assert not [one for one in ran.outputs if one["kind"] == "error"], ran.outputs
    return "".join(one["text"] for one in ran.outputs if one["kind"] == "stream")


def left_out(ran: Ran) -> list[tuple[str, int]]:
    return [(one.package, one.line) for one in ran.lacking if one.left_out]


IMPORTS = {
    "plain": ["import torch", "import pandas"],
    "under another name": ["import tensorflow as tf, pandas as pd"],
    "of a part": ["import scipy.optimize", "import torch.nn.functional as F"],
    "from a part": ["from sklearn.metrics import accuracy_score as score, f1_score"],
    "on several lines": ["from torch import (", "    nn,", "    optim,", ")"],
    "of everything": ["from fastai.vision.all import *"],
    "in a function": ["def f():", "    import seaborn as sns", "    from torch import nn", "    return 1", "f()"],
    "in a condition": ["if True:", "    import google.colab as colab"],
    "several statements on a line": ["import torch; import jax.numpy as jnp; x = 1"],
}


@pytest.mark.parametrize("lines", IMPORTS.values(), ids=IMPORTS)
def test_an_import_of_what_is_not_there_stops_nothing(session: Session, lines: Sequence[str]) -> None:
    ran = run(session, *lines, "print('went on')")
    assert printed(ran) == "went on\n"
    assert ran.lacking
    assert not left_out(ran)


WAYS_OUT = {
    "except ImportError": ["try:", "    import torch", "except ImportError:", "    torch = None", "found = torch"],
    "a bare except": ["try:", "    from torch import nn", "except:", "    nn = None", "found = nn"],
    "an else": [
        "try:",
        "    import pandas",
        "except ModuleNotFoundError:",
        "    found = None",
        "else:",
        "    found = 1",
    ],
    "in a function": [
        "def load():",
        "    try:",
        "        import cupy as xp",
        "    except ImportError as error:",
        "        return None",
        "    return xp",
        "found = load()",
    ],
    "suppress": [
        "from contextlib import suppress",
        "found = None",
        "with suppress(ImportError):",
        "    import jax as found",
    ],
    "find_spec": ["from importlib.util import find_spec", "found = find_spec('torch') or find_spec('pandas')"],
    "import_module": [
        "import importlib",
        "try:",
        "    found = importlib.import_module('torch')",
        "except ImportError:",
        "    found = None",
    ],
}


@pytest.mark.parametrize("lines", WAYS_OUT.values(), ids=WAYS_OUT)
def test_a_learners_own_way_out_is_taken(session: Session, lines: Sequence[str]) -> None:
    assert printed(run(session, *lines, "print(found)")) == "None\n"


LEFT_OUT = {
    "a call": ["torch.manual_seed(0)"],
    "a version": ["print(torch.__version__)"],
    "a loop": ["for x in torch.arange(3):", "    print(x)"],
    "a class": ["class Net(torch.nn.Module):", "    pass"],
    "a decorated function": ["@torch.no_grad()", "def f():", "    pass"],
    "a condition": ["if torch.cuda.is_available():", "    print('cuda')"],
    "a context": ["with torch.no_grad():", "    print('in it')"],
    "arithmetic": ["y = np.ones(3) * torch.pi"],
    "an array of it": ["np.array(torch.zeros)"],
    "a module by name": ["importlib.import_module('torch')"],
    "a magic": ["%load_ext tensorboard"],
    "another magic": ["%lprun -f print print(3)"],
    "a way to show figures": ["%matplotlib widget"],
    "figures in windows": ["%matplotlib qt"],
    "a window": ["__import__('matplotlib').use('TkAgg')"],
    "another window": ["__import__('matplotlib.pyplot').pyplot.switch_backend('qtagg')"],
}


@pytest.mark.parametrize("lines", LEFT_OUT.values(), ids=LEFT_OUT)
def test_a_statement_that_uses_it_is_left_out_and_what_stands_below_is_run(
    session: Session, lines: Sequence[str]
) -> None:
    ran = run(session, "import torch, importlib, numpy as np", *lines, "print('went on')")
    assert printed(ran) == "went on\n"
    assert [line for _, line in left_out(ran)] == [2]


def test_what_a_left_out_statement_would_have_made_is_missing_like_the_package(session: Session) -> None:
    ran = run(session, "import pandas as pd", "t = pd.DataFrame()", "t.head()", "class A(t): pass", "A()", "print(1)")
    assert printed(ran) == "1\n"
    assert left_out(ran) == [("pandas", line) for line in (2, 3, 4, 5)]


@pytest.mark.parametrize("magic", ["%%time", "%%capture kept", "%%prun"])
def test_a_measured_cell_goes_on_too_and_its_lines_have_their_numbers(session: Session, magic: str) -> None:
    ran = run(session, magic, "import torch", "torch.manual_seed(0)", "y = 5")
    assert left_out(ran) == [("torch", 3)]
    assert printed(run(session, "print(y)")) == "5\n"


@pytest.mark.parametrize(
    "wrong", ["undefined", "1 / 0", "f = lambda: f()\nf()", "import numpy.nothing", "from numpy import nothing"]
)
def test_any_other_error_ends_its_cell_as_in_jupyter(session: Session, wrong: str) -> None:
    ran = run(session, wrong, "print('went on')")
    assert [one["kind"] for one in ran.outputs] == ["error"]
    assert not ran.lacking


def test_libraries_import_as_ever(session: Session) -> None:
    lines = [
        "import contextlib, unittest.mock, __main__",
        "import PIL, dateutil.parser, sympy",
        "print(contextlib.__name__)",
    ]
    ran = run(session, *lines)
    assert printed(ran) == "contextlib\n"
    assert not ran.lacking


def test_a_module_that_a_cell_wrote_is_found_and_what_it_imports_is_the_learners_import(session: Session) -> None:
    text = "import torch\nfrom autograder import check\ndef one():\n    return 1\ndef zero():\n    torch.zeros(1)\n"
    run(session, "%%writefile helpers.py", text)
    run(session, "import os", "os.mkdir('pack')", "open('pack/__init__.py', 'w').write('from .part import two')")
    run(session, "open('pack/part.py', 'w').write('import torch\\ntwo = 2')")
    ran = run(session, "import helpers", "import pack", "print(helpers.one(), pack.two)", "helpers.zero()")
    assert printed(ran) == "1 2\n"
    assert [(one.source, one.line) for one in ran.lacking] == [("helpers.py", 1), ("part.py", 1), ("cell 7", 4)]


def test_a_module_that_a_cell_wrote_shadows_nothing(session: Session) -> None:
    names = ["numpy", "random", "statistics", "colorsys", "sitecustomize", "autograder", "torch"]
    run(session, f"for name in {names}:", "    open(name + '.py', 'w').write('mine = 1')")
    shown = "print([n for n in ('numpy', 'random', 'statistics', 'colorsys') if hasattr(__import__(n), 'mine')])"
    assert printed(run(session, shown)) == "[]\n"
    assert not run(session, "from autograder import check", "check(3)").lacking
    assert left_out(run(session, "import torch", "torch.mine + 1")) == [("torch", 2)]


def test_all_public_names_of_the_course_do_nothing(session: Session) -> None:
    names = [*autograder.__all__, "Graph", "GraphError", "draw"]
    lines = [
        "import autograder, autograder.checking as c, computation_graph as g",
        "from autograder import *",
        "from computation_graph import *",
        "from autograder.chapters import exercises as e",
        f"assert not [name for name in {names} if name not in globals()]",
        "assert check(print).passed and c.check(print, 'output_delta', seed=3).points == 0",
        "assert isinstance(check(print), Report)",
        "for name in exercises(): print(name, e()[name].signature)",
        "autograder.progress(); progress().next.exercise.name",
        "g.draw(Graph('x = 2', upstream=5), x=3)",
        "print('went on')",
    ]
    assert printed(run(session, *lines)) == "went on\n"


def test_what_is_brought_by_a_star_is_what_the_package_brings() -> None:
    import computation_graph

    found = packages()
    assert found["autograder"].__all__ == autograder.__all__
    assert found["computation_graph"].__all__ == computation_graph.__all__


@pytest.mark.parametrize(
    ("package", "listed"),
    [("json", True), ("numpy", True), ("PIL", True), ("mpl_toolkits", True), ("pandas", False), ("autograder", False)],
)
def test_what_is_there_is_the_standard_library_and_what_is_pinned(package: str, listed: bool) -> None:
    assert is_listed(package) is listed
