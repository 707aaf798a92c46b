"""Submissions that end the process they run in."""

from __future__ import annotations

from tests.submissions.corpus import (
    DYING,
    Entry,
    one_answer,
)

CELLS = {
    "os._exit": "import os\nos._exit(0)",
    "sys.exit": "import sys\nsys.exit(3)",
    "a segmentation fault": "import ctypes\nctypes.string_at(0)",
    "killed by itself": "import os\ncontained()\nos.kill(os.getpid(), 9)",
    "aborted": "import os\nos.abort()",
    "recursion": "def f():\n    return f()\nf()",
    "recursion without a limit": "import sys\nsys.setrecursionlimit(10**9)\ndef f(x):\n    return f([x])\nf(0)",
    "another program": "import os\ncontained()\nos.execv('/bin/sleep', ['sleep', '600'])",
    "dying after the end": """
import atexit, os, threading, time
atexit.register(lambda: time.sleep(600))
class Late:
    def __del__(self):
        time.sleep(600)
late = Late()
threading.Thread(target=time.sleep, args=(600,)).start()
""",
    "no modules left": "import sys\nfor name in list(sys.modules):\n    sys.modules[name] = None",
    "no builtins left": "import builtins\nfor name in ('open', 'print', 'len', 'type'):\n    delattr(builtins, name)",
}

ANSWERS = {
    "os._exit in a question": "import os\ndef weight_gradient(x, delta):\n    os._exit(0)",
    "sys.exit in a question": "import sys\ndef weight_gradient(x, delta):\n    sys.exit(0)",
    "a segmentation fault in a question": "import ctypes\ndef weight_gradient(x, delta):\n    ctypes.string_at(0)",
    "KeyboardInterrupt in a question": "def weight_gradient(x, delta):\n    raise KeyboardInterrupt",
    "GeneratorExit in a question": "def weight_gradient(x, delta):\n    raise GeneratorExit",
    "recursion in a question": "def weight_gradient(x, delta):\n    return weight_gradient(x, delta)",
    "an error that cannot be told": """
class Unspeakable(BaseException):
    def __str__(self):
        raise SystemExit
    __repr__ = __format__ = __str__
    __name__ = __qualname__ = property(__str__)
def weight_gradient(x, delta):
    raise Unspeakable()
""",
    "an error that dies when told": """
import os
class Deadly(Exception):
    __str__ = __repr__ = lambda self: os._exit(0)
def weight_gradient(x, delta):
    raise Deadly()
""",
    "dies when it is compared": """
import os
class Deadly(np.ndarray):
    __array_finalize__ = lambda self, other: os._exit(0) if other is not None else None
def weight_gradient(x, delta):
    return np.ndarray.__new__(Deadly, (2, 2))
""",
}

# Whatever happens to run when it ends is blamed.
LATER = Entry(
    "dying a little later",
    DYING,
    ruins=True,
    first="import os, threading\nthreading.Timer(0.05, os._exit, (0,)).start()",
)


def entries() -> list[Entry]:
    return [
        *(Entry(id, DYING, first=source) for id, source in CELLS.items()),
        LATER,
        *(one_answer(id, DYING, source) for id, source in ANSWERS.items()),
    ]
