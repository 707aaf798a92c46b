"""Attacks that forge a verdict: in the notebook, in what is returned, on the wire."""

from __future__ import annotations

from collections.abc import Callable

from autograder.report import JSON_MIME
from tests.submissions.corpus import (
    DROPOUT,
    FORGING,
    Entry,
    Json,
    cell,
    code,
    graded,
    markdown,
    one_answer,
    only,
    stealing,
)
from tools.make_class import LAB

CELLS = {
    "patched comparisons": """
import numpy.testing
np.allclose = np.isclose = np.array_equal = np.array_equiv = lambda *a, **k: True
for name in np.testing.__all__:
    if name.startswith("assert_"):
        setattr(np.testing, name, lambda *a, **k: None)
""",
    "patched builtins": """
import builtins
builtins.all = builtins.any = lambda *a: True
""",
    "patched finiteness and size": """
np.isfinite = lambda x, *a, **k: np.ones(np.shape(x), bool)
np.prod = lambda *a, **k: 1
np.argmax = lambda *a, **k: 0
""",
    "check of my own": """
def check(*arguments):
    return 1e9


import autograder
autograder.check = check
""",
    "patched grader": """
import sys
for name, module in list(sys.modules.items()):
    if name.split(".")[0] in ("autograder", "nbgrader", "nbclient") and module:
        for attribute in ("check", "grade", "compare", "agree", "draw_cases", "diagnose"):
            if hasattr(module, attribute):
                setattr(module, attribute, lambda *a, **k: 1e9)
""",
    "forged report displayed": """
class Report:
    points = max_points = 1e9
    passed = True

    def _repr_mimebundle_(self, **_):
        finding = {"part": "value", "points": 1e9, "max_points": 2.0, "kind": "right", "message": "right"}
        data = {"exercise": "output_delta", "chapter": "", "section": ["", ""], "findings": [finding], "points": 1e9}
        return {"text/plain": "1000000000.0", "application/vnd.backprop-by-hand.report+json": data}

    def __repr__(self):
        return "1000000000.0"


display(Report())
check = lambda *a: Report()
Report()
""",
    "score printed": 'print("19.0")\nprint(float("inf"))\n19.0',
    "score is NaN": 'check = lambda *a: float("nan")\nfloat("nan")',
    "text formatter": """
shell = get_ipython()
for formatter in shell.display_formatter.formatters.values():
    formatter.for_type(object, lambda *a: "1000000000.0")
    formatter.for_type(float, lambda *a: "1000000000.0")
""",
    "display hook": """
import sys
sys.displayhook = lambda value: print("1000000000.0")
type(get_ipython().displayhook).__call__ = lambda self, value=None: print("1000000000.0")
""",
    "display publisher": """
publisher = type(get_ipython().display_pub)
publish = publisher.publish
def forged(self, data=None, *a, **k):
    publish(self, {"text/plain": "1e9", "application/vnd.backprop-by-hand.report+json": {"points": 1e9}})
publisher.publish = forged
print("x")
""",
    "input transformer": """
def transform(lines):
    return [line.replace("check(", "float('inf') or (") for line in lines]
get_ipython().input_transformers_cleanup.append(transform)
get_ipython().input_transformers_post.append(transform)
""",
    "syntax tree transformer": """
import ast
class Right(ast.NodeTransformer):
    def visit_Call(self, node):
        return ast.Constant(1e9) if getattr(node.func, "id", "") == "check" else node
get_ipython().ast_transformers.append(Right())
""",
    "patched shell": """
import IPython
class Result:
    success, result, error_in_exec, error_before_exec, execution_count = True, 1e9, None, None, 1
    def raise_error(self): pass
shell = type(get_ipython())
inner = shell.run_cell
def run_cell(self, source, *a, **k):
    inner(self, source, *a, **k)
    return Result()
shell.run_cell = run_cell
""",
    "hooks around every cell": """
def forge(*a):
    get_ipython().user_ns["check"] = lambda *a: 1e9
for event in ("pre_execute", "pre_run_cell", "post_execute", "post_run_cell"):
    get_ipython().events.register(event, forge)
""",
    "trace function": """
import sys, threading
def trace(frame, event, argument):
    if frame.f_code.co_name in ("compare", "agree", "observe", "read"):
        for name in ("answer", "right", "points"):
            if name in frame.f_locals:
                hole("the trusted side is traced")
    return trace
sys.settrace(trace)
threading.settrace(trace)
""",
}

# In the process that answers: each `steal(*arguments)` is called for every exercise.

ANSWERS = {
    "equal to everything": """
class Equal:
    shape, dtype, ndim, size = (), np.dtype(float), 0, 1
    __eq__ = __le__ = __lt__ = __ge__ = __gt__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __sub__ = __rsub__ = __abs__ = __neg__ = lambda self, *a: self
    __float__ = lambda self: 0.0
    __bool__ = lambda self: True
    __getattr__ = lambda self, name: (lambda *a, **k: self)
    __hash__ = lambda self: 0
def steal(*arguments):
    return Equal()
""",
    "array subclass": """
class Right(np.ndarray):
    __array_priority__ = 1e9
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return np.ones(self.shape, bool) if ufunc.nout == 1 else NotImplemented
    def __array_function__(self, function, types, arguments, keywords):
        return True
    def __array_finalize__(self, other):
        pass
    def __eq__(self, other):
        return True
    def __reduce__(self):
        return (print, ("HOLE", "unpickled"))
def steal(*arguments):
    return np.zeros(np.shape(arguments[0])).view(Right)
""",
    "lies about its class": """
class Liar:
    __class__ = np.ndarray
    shape, dtype, ndim, size, nbytes = (2, 2), np.dtype(float), 2, 4, 32
    __array_interface__ = {"shape": (10**6,), "typestr": "<f8", "data": (id(None), True), "version": 3}
def steal(*arguments):
    return Liar()
""",
    "another value each time": """
class Moving(list):
    turn = 0
    def __array__(self, *a, **k):
        Moving.turn += 1
        return np.full((2, 2), float(Moving.turn))
    def __len__(self):
        return 4
def steal(*arguments):
    return Moving()
""",
    "not a number": "def steal(*arguments):\n    return np.full(np.shape(arguments[0]), np.nan)",
    "infinite": "def steal(*arguments):\n    return np.full(np.shape(arguments[0]), np.inf)",
    "true": "def steal(*arguments):\n    return True",
    "a list without an end": """
import itertools
class Endless(list):
    __iter__ = lambda self: itertools.count()
    __len__ = lambda self: 2
    __getitem__ = lambda self, place: 0.0
def steal(*arguments):
    return Endless()
""",
    "a list within itself": "def steal(*arguments):\n    turn = []\n    turn.append(turn)\n    return turn",
    "a list as deep as the stack": """
def steal(*arguments):
    deep = [0.0]
    for _ in range(100_000):
        deep = [deep]
    return deep
""",
    "a list that doubles": """
def steal(*arguments):
    many = [0.0]
    for _ in range(60):
        many = [many, many]
    return many
""",
    "an array of no memory and any size": """
def steal(*arguments):
    return np.broadcast_to(0.0, (10**6, 10**6))
""",
    "an array of objects": """
class Bomb:
    def __reduce__(self):
        return (open, (canary["folder"] + "/" + canary["token"], "w"))
def steal(*arguments):
    return np.array([Bomb()], dtype=object)
""",
    "odd dtypes": """
turns = iter(["M8[ns]", "m8[s]", "S8", "U4", "V16", [("x", "f8")], "c16", "g", "O"] * 10**6)
def steal(*arguments):
    return np.zeros(np.shape(arguments[0]), next(turns))
""",
    "arguments given back": "def steal(*arguments):\n    return arguments",
    "an answer by name": """
def steal(*arguments):
    return {"value": 0.0, "points": 1e9, "used": False, "derived": False, "right": True, "passed": True}
""",
    "an error by name": """
def steal(*arguments):
    raise type("right", (Exception,), {"points": 1e9, "passed": True})("right in all cases")
""",
    "functions that are asked for their source": """
def steal(*arguments):
    return 0.0
steal.__name__ = "output_delta"
steal.points, steal.passed, steal.stand_in = 1e9, True, True
steal.__wrapped__ = steal
""",
}

# The wire of autograder/sandbox/wire.py, spoken by somebody else.
SPEAK = '''
import io, json, os, struct, sys
def frame(message, blobs=b""):
    text = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack("!II", len(text), len(blobs)) + text + blobs
def npy(header, data=b""):
    header = header.ljust(118) + "\\n"
    return b"\\x93NUMPY\\x01\\x00" + struct.pack("<H", len(header)) + header.encode() + data
def shout(*frames):
    """Write to everything that can be written to, but for the standard streams."""
    for descriptor in range(3, 256):
        for each in frames:
            try:
                os.set_blocking(descriptor, False)
                os.write(descriptor, each)
            except OSError:
                break
            finally:
                try:
                    os.set_blocking(descriptor, True)
                except OSError:
                    pass
def asked():
    """Return the id of what is being asked, which the process knows."""
    frame = sys._getframe()
    while frame:
        message = frame.f_locals.get("message")
        if isinstance(message, dict):
            return message.get("id")
        frame = frame.f_back
forged = {"points": 1e9, "passed": True, "flooded": False}
right = {"dict": [["id", asked()], *map(list, forged.items()), ["answers", {"dict": []}], ["changed", {"list": []}]]}
'''

FRAMES = {
    "answers before the question": "shout(*[frame(right)] * 20)",
    "frames of any size": 'shout(b"\\xff" * 65536)',
    "frames that promise more": 'shout(struct.pack("!II", 2**32 - 1, 2**32 - 1), b"{}")',
    "frames half sent": "shout(frame(right)[:-3])",
    "frames nested too deeply": 'shout(frame(b"[" * 100_000), frame(b\'{"list": [\' * 50_000))',
    "frames of numbers JSON has not": 'shout(frame(b"NaN"), frame(b"-Infinity"), frame(b"9" * 10_000))',
    "frames that refer to themselves": """
double = {"list": [{"list": []}] + [{"same": i} for i in range(60)]}
shout(frame(double), frame({"list": [{"same": 0}]}), frame({"same": -1}), frame({"same": 10**30}))
""",
    "pickled arrays": """
import pickle
class Bomb:
    def __reduce__(self):
        return (open, (canary["folder"] + "/" + canary["token"], "w"))
data = npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", pickle.dumps(np.array([Bomb()], object)))
shout(frame({"array": len(data)}, data), frame(pickle.dumps(Bomb())))
""",
    "array headers that lie": """
for header in (
    "{'descr': '<f8', 'fortran_order': False, 'shape': (10**12,), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (True,), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 99999999999999999999), }",
    "{'descr': [('a', 'O')], 'fortran_order': False, 'shape': (1,), }",
    "__import__('os').system('touch " + canary["folder"] + "/" + canary["token"] + "')",
    "(" * 5000,
):
    data = npy(header, bytes(8))
    shout(frame({"array": len(data)}, data))
""",
    "a child that answers as well": """
import os
try:
    child = os.fork()
except OSError:
    child = 1
""",
    "arrays written by somebody else": """
write_array = np.lib.format.write_array
def forged(file, array, *a, **k):
    return write_array(file, np.full(array.shape, np.nan), *a, **k)
np.lib.format.write_array = forged
""",
    "JSON written by somebody else": """
dumps = json.dumps
json.dumps = lambda *a, **k: dumps(right) if a and isinstance(a[0], dict) else dumps(*a, **k)
""",
    "an answer sent ahead, and deaf afterwards": """
import time
shout(frame({"dict": [["id", asked()], ["outputs", {"list": []}], ["flooded", False]]}))
while True:
    time.sleep(1)
""",
    "thirty million small things": """
shell = sys.modules["autograder.sandbox.inside.shell"]
def flood(link, reply):
    link.sendall(frame(b"[" + b"[]," * 10_000_000 + b"[]]"))
    send(link, reply)
send, shell.send = shell.send, flood
""",
    "observations by somebody else": """
nothing = {"answers": {}, "again": {}, "forms": {}, "changed": [], "raised": None}
shell = sys.modules["autograder.sandbox.inside.shell"]
shell._plain = lambda seen: nothing
""",
    "no channel left": """
nothing = os.open("/dev/null", os.O_RDWR)
for descriptor in range(3, 256):
    if descriptor != nothing:
        try:
            os.dup2(nothing, descriptor)
        except OSError:
            pass
""",
    "a channel read by somebody else": """
import threading
def listen():
    for descriptor in range(3, 256):
        try:
            os.set_blocking(descriptor, False)
            got = os.read(descriptor, 1 << 16)
            if b"expected" in got or b"seed" in got:
                hole("the channel says more than the question")
        except OSError:
            pass
listen()
""",
}

# What notes beside the learner's code whether the rules are kept.
PATCHED_ATTEMPTS = """
import copy, sys
for name, module in list(sys.modules.items()):
    if name.startswith("autograder"):
        for attribute in list(vars(module)):
            if attribute in ("_same", "_is_own"):
                setattr(module, attribute, lambda *a: True)
"""


def entries() -> list[Entry]:
    cells = [Entry(id, FORGING, base="wrong", first=source) for id, source in CELLS.items()]
    given = [stealing(id, FORGING, source) for id, source in ANSWERS.items()]
    frames = [Entry(id, FORGING, base="wrong", first=SPEAK + source) for id, source in FRAMES.items()]
    return [*cells, *given, *frames, *FRAME_OF_LAB, *OTHERS]


def _skip_execution(given: Json) -> None:
    for each in given["cells"]:
        each["metadata"]["tags"] = ["skip-execution", "raises-exception", "remove-input", "parameters"]


def _points(value: float) -> Callable[[Json], None]:
    def edit(given: Json) -> None:
        for each in graded(given):
            each["metadata"]["nbgrader"]["points"] = value

    return edit


def _manual(given: Json) -> None:
    for each in given["cells"]:
        each["metadata"]["nbgrader"] = {**each["metadata"].get("nbgrader", {}), "grade": True, "solution": True}


def _all_one_exercise(given: Json) -> None:
    """Let every graded cell check the one exercise that is right."""
    for each in graded(given):
        each["source"] = "check(output_delta)"


def _exchanged_ids(given: Json) -> None:
    """Give the graded cell that is worth most to the exercise that is right."""
    one, other = cell(given, "output_delta_check"), cell(given, "train_xor_check")
    one["metadata"], other["metadata"] = other["metadata"], one["metadata"]
    cell(given, "output_delta")["metadata"]["nbgrader"]["grade_id"] = "train_xor"


def _extra(given: Json) -> None:
    info = {"grade": True, "grade_id": "bonus", "locked": False, "points": 100, "schema_version": 3, "solution": False}
    given["cells"].append(code("100.0", nbgrader=info))


def _stored_outputs(given: Json) -> None:
    finding = {"part": "value", "points": 2.0, "max_points": 2.0, "kind": "right", "message": "right"}
    data = {"exercise": "hidden_delta", "chapter": "03", "section": ["", ""], "findings": [finding]}
    for each in graded(given):
        bundle = {"text/plain": "2.0", JSON_MIME: data}
        each["outputs"] = [{"output_type": "execute_result", "data": bundle, "metadata": {}, "execution_count": 1}]


def _pipeline_metadata(given: Json) -> None:
    given["metadata"]["autograder"] = {
        "exercises": {f"{name}_check": "output_delta" for name in only(LAB)},
        "unreadable": "",
        "notices": [{"text": "All right.", "attention": False}],
        "digest": "0" * 64,
    }
    given["metadata"]["nbgrader"] = {"score": 19}


def _as_graded(given: Json) -> None:
    """Hand in what looks like a graded notebook, grading notice and all."""
    _stored_outputs(given)
    _pipeline_metadata(given)
    given["cells"].insert(0, {**markdown("**About this submission**\n\n- 19 of 19 points"), "id": "grading-notice"})


FRAME_OF_LAB = [
    Entry("tags that skip cells", FORGING, base="wrong", edit=_skip_execution),
    Entry("a thousand million points", FORGING, base="wrong", edit=_points(1e9)),
    Entry("points that are no number", FORGING, base="wrong", edit=_points(float("nan"))),
    Entry("negative points", FORGING, base="wrong", edit=_points(-1.0)),
    Entry("graded by hand", FORGING, base="wrong", edit=_manual),
    Entry("every check the same", FORGING, base="half", edit=_all_one_exercise),
    Entry("exchanged ids", FORGING, base="half", edit=_exchanged_ids),
    Entry("a graded cell of my own", FORGING, base="wrong", edit=_extra),
    Entry("stored outputs", FORGING, base="wrong", edit=_stored_outputs),
    Entry("metadata of the pipeline", FORGING, base="wrong", edit=_pipeline_metadata),
    Entry("looks graded already", FORGING, base="untouched", edit=_as_graded),
]

# Right on the first call and on no other: what is remembered must not be taken for what is computed.
ONLY_ONCE = """
calls = []
def output_delta(O, t):
    calls.append(1)
    return (O - t) * O * (1 - O) if len(calls) == 1 else O * 0
"""

# The right numbers, hidden: who looks at the array sees none of them.
HIDDEN = {
    "a masked answer": "return np.ma.masked_array(x.T @ delta, mask=True)",
    "an answer masked in one entry": "return np.ma.masked_equal(x.T @ delta, (x.T @ delta)[0, 0])",
    "an answer masked nowhere": "return np.ma.masked_array(x.T @ delta)",
    "masked rows": "return list(np.ma.masked_array(x.T @ delta, mask=True))",
    "memory never written": "x.T @ delta\n    return np.empty((x.shape[1], delta.shape[1]))",
    "memory like another's never written": "return np.empty_like(x.T @ delta)",
}

# A function that may call others is asked again with right ones in their place, which answer on the trusted side.
DEAF_CALLER = """
def mlp_gradients(X, T, W1, b1, W2, b2):
    arguments = {"tuple": [{"list": [0.0] * 1000}]}
    call = {"dict": [["id", asked()], ["call", "bias_gradient"], ["arguments", arguments], ["named", {"dict": []}]]}
    for _ in range(100):
        shout(*[frame(call)] * 1000)
    while True:
        pass
"""
ENDLESS_CALLER = """
def mlp_gradients(X, T, W1, b1, W2, b2):
    while True:
        bias_gradient(X)
"""
GREEDY_CALLER = """
def mlp_gradients(X, T, W1, b1, W2, b2):
    huge = np.broadcast_to(1.0, (10**5, 10**5))
    for many in (np.ones((1000, 1000)), [[1.0]] * 10**6, huge, {"a": ["b"]}, "x" * 10**7):
        for name in ("output_delta", "hidden_delta", "weight_gradient", "mlp_gradients", "__class__"):
            try:
                globals()[name](many, many, many)
            except Exception:
                pass
    raise NotImplementedError
"""


def calling(id: str, source: str) -> Entry:
    return Entry(id, FORGING, base="half", first=SPEAK, answers={"mlp_gradients": source})


def _long_cell(given: Json) -> None:
    """A message that is larger than what a socket holds."""
    given["cells"].insert(4, code("#" + "x" * 900_000))


OTHERS = [
    *(one_answer(id, FORGING, f"def weight_gradient(x, delta):\n    {body}") for id, body in HIDDEN.items()),
    calling("calls for help and does not listen", DEAF_CALLER),
    calling("calls for help for ever", ENDLESS_CALLER),
    calling("calls for help with nonsense", GREEDY_CALLER),
    Entry(
        "deaf to a long message",
        FORGING,
        first=SPEAK + FRAMES["an answer sent ahead, and deaf afterwards"],
        edit=_long_cell,
    ),
    Entry("keeps arguments only in name", FORGING, base="in place", first=PATCHED_ATTEMPTS),
    Entry("right only once", FORGING, answers={"output_delta": ONLY_ONCE}, loses=["output_delta"]),
    Entry(
        "patched comparisons in dropout",
        FORGING,
        lab=DROPOUT,
        base="untouched",
        first="np.testing.assert_allclose = np.allclose = np.mean = np.std = lambda *a, **k: True",
    ),
]
