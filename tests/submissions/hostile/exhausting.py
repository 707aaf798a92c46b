"""Attacks that take all the time, memory, space or output there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.submissions.corpus import (
    EXHAUSTING,
    Entry,
    Json,
    code,
    markdown,
    one_answer,
)
from tests.submissions.hostile.forging import SPEAK
from tools.make_class import LAB

# These run into a time limit, so there are few of them.
ENDLESS_CELLS = {
    "a loop": "while True:\n    pass",
    "a loop that catches everything": """
import signal
for number in (signal.SIGINT, signal.SIGALRM, signal.SIGTERM, signal.SIGXCPU, signal.SIGPROF, signal.SIGVTALRM):
    signal.signal(number, signal.SIG_IGN)
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
""",
    "a loop in C": "pow(3, 10**8)",
    "a stopped process": "import os, signal\ncontained()\nos.kill(os.getpid(), signal.SIGSTOP)",
    "a shout without an end": "import os\nwhile True:\n    os.write(1, b'x' * 65536)\n    os.write(2, b'y' * 65536)",
}

ENDLESS_ANSWERS = {
    "a loop in a question": "def weight_gradient(x, delta):\n    while True:\n        pass",
    "a loop in a question that catches everything": """
def weight_gradient(x, delta):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
""",
    "a loop in what is returned": """
class Slow(list):
    def __array__(self, *a, **k):
        while True:
            pass
    __len__ = __iter__ = __getitem__ = __array__
def weight_gradient(x, delta):
    return Slow([1])
""",
    "a bomb that waits for its fourth call": """
calls = []
def weight_gradient(x, delta):
    calls.append(1)
    while len(calls) > 3:
        pass
    return x.T @ delta
""",
    "a frame a byte at a time": SPEAK
    + """
import time
def weight_gradient(x, delta):
    for byte in struct.pack("!II", 1000, 1000) + b" " * 2000:
        shout(bytes([byte]))
        time.sleep(0.2)
""",
}

# These end by themselves when they are stopped from taking more.
GREEDY_CELLS = {
    "eight gigabytes": """
kept = []
for gigabyte in range(8):
    kept.append(np.ones(125_000_000))
    if gigabyte >= 4:
        hole("five gigabytes could be had")
        break
""",
    "eight gigabytes in small pieces": """
kept = []
for piece in range(8_000):
    kept.append(bytes(1_000_000) + b"x")
    if piece >= 4_000:
        hole("four gigabytes could be had")
        break
""",
    "eight gigabytes in threads": """
import threading
kept = []
def take():
    try:
        for _ in range(10):
            kept.append(np.ones(12_500_000))
    except MemoryError:
        pass
threads = []
for _ in range(80):
    thread = threading.Thread(target=take)
    try:
        thread.start()
        threads.append(thread)
    except RuntimeError:
        break
    if len(kept) > 45:
        hole("four and a half gigabytes could be had")
        break
for thread in threads:
    thread.join()
""",
    "eight gigabytes outside the heap": """
import mmap, os
kept = []
def take(make):
    try:
        for piece in range(80):
            kept.append(make())
            if len(kept) > 45:
                hole("four and a half gigabytes could be had")
                break
    except (OSError, MemoryError, ValueError):
        pass
def anonymous():
    memory = mmap.mmap(-1, 100_000_000)
    memory.write(b"x" * 100_000_000)
    return memory
def nameless():
    file = os.memfd_create("x")
    for _ in range(100):
        os.write(file, b"x" * 1_000_000)
    return file
take(anonymous)
take(nameless)
del kept
""",
    "a full scratch folder": """
import os
written = 0
try:
    with open("big", "wb") as file:
        while written < 4_000:
            written += file.write(b"x" * 1_000_000) // 1_000_000
    hole("four gigabytes could be written")
except OSError:
    pass
finally:
    if os.path.exists("big"):
        os.unlink("big")
""",
    "a scratch folder left full": """
try:
    with open("big", "wb") as file:
        for _ in range(2_000):
            file.write(b"x" * 1_000_000)
    hole("two gigabytes could be written")
except OSError:
    pass
""",
    "a hundred thousand files": """
import os
try:
    for place in range(100_000):
        open(f"file-{place}", "w").close()
    hole("a hundred thousand files could be made")
except OSError:
    pass
""",
    "a fork bomb": """
import os, time
contained()
made = 0
try:
    for _ in range(12):
        if os.fork() == 0:
            made = 0
        made += 1
except OSError:
    pass
else:
    time.sleep(600)
""",
    "a thread bomb": """
import threading, time
started = 0
try:
    for _ in range(5_000):
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        started += 1
    hole("five thousand threads")
except (RuntimeError, MemoryError):
    pass
""",
    "every descriptor": """
import os
kept = []
try:
    for _ in range(5_000):
        kept.append(os.open("/dev/null", os.O_RDONLY))
    hole("five thousand descriptors")
except OSError:
    pass
""",
    "twenty million lines": "for line in range(20_000):\n    print('x' * 1000)",
    "a line of a hundred million": "print('x' * 100_000_000)",
    "a value of a hundred million": "'x' * 100_000_000",
    "a value with a slow look": """
class Slow:
    def __repr__(self):
        return "x" * 100_000_000
Slow()
""",
    "displays by the thousand": "for _ in range(5_000):\n    display({'text/plain': 'x' * 10_000}, raw=True)",
    "pictures by the dozen": """
import base64, os
for _ in range(40):
    display({"image/png": base64.b64encode(os.urandom(2_000_000)).decode(), "text/plain": "a picture"}, raw=True)
""",
    "an error of a hundred million": "raise ValueError('x' * 100_000_000)",
    "errors upon errors": """
def fall(depth):
    try:
        raise ValueError("x" * 1000)
    except ValueError as error:
        if depth:
            fall(depth - 1)
        raise
fall(400)
""",
    "a name of a million": "raise type('x' * 1_000_000, (Exception,), {})('y')",
}

GREEDY_ANSWERS = {
    "an answer of eight gigabytes": "def weight_gradient(x, delta):\n    return np.zeros((10**9,))",
    "an answer of a hundred megabytes": "def weight_gradient(x, delta):\n    return np.ones((12_500_000,))",
    "an error of a hundred megabytes": "def weight_gradient(x, delta):\n    raise ValueError('x' * 100_000_000)",
    "prints a hundred megabytes": (
        "def weight_gradient(x, delta):\n    for _ in range(1000):\n        print('x' * 100_000)\n    return 0"
    ),
}


def _thousands_of_cells(given: Json) -> None:
    given["cells"] += [code(f"{number}") for number in range(3_000)]


def _long_sum(given: Json) -> None:
    given["cells"].append(code("+".join(["1"] * 2_000)))
    given["cells"].append(code("x" + ".x" * 2_000))
    given["cells"].append(code("not " * 2_000 + "1"))
    given["cells"].append(code("[" * 190 + "]" * 190))


def _deep_source(given: Json) -> None:
    given["cells"].append(code("(" * 100_000))
    given["cells"].append(code("-" * 100_000 + "1"))
    given["cells"].append(code("if 1:\n" + "".join(" " * depth + "if 1:\n" for depth in range(1, 500))))


def _slow_to_transform(given: Json) -> None:
    """IPython reads a cell again for every magic line in it."""
    given["cells"].append(code("x = 1\n" * 30_000 + "a = !ls\n" * 450))


def _slow_to_show(given: Json) -> None:
    """Text that readers of Markdown are known to be slow with, or to fall over."""
    for pattern in (
        "[" * 20_000,
        "*a " * 20_000,
        "<" * 20_000,
        "`" * 9_999 + "a",
        "> " * 2_000,
        "![" * 20_000,
        "a**b" * 9_999,
    ):
        given["cells"].append(markdown(pattern))
    given["cells"].append(markdown("\n".join(" " * depth + "- a" for depth in range(700))))
    given["cells"].append(markdown("$" * 20_001))


def _huge_strings_of_metadata(given: Json) -> None:
    given["metadata"]["kernelspec"] = {"name": "x" * 1_000_000, "language": "y" * 1_000_000}
    deep: Any = 0
    for _ in range(900):
        deep = [deep]
    for each in given["cells"]:
        each["metadata"]["deep"] = deep


def _large_file(folder: Path) -> None:
    with (folder / f"{LAB}.ipynb").open("wb") as file:
        file.truncate(8_000_000_000)


def _large_timestamp(folder: Path) -> None:
    with (folder / "timestamp.txt").open("wb") as file:
        file.truncate(8_000_000_000)


def _many_files(folder: Path) -> None:
    for number in range(2_000):
        (folder / f"{number}.ipynb").touch()


FILES = [
    Entry("thousands of cells", EXHAUSTING, edit=_thousands_of_cells),
    Entry("sums of two thousand", EXHAUSTING, edit=_long_sum),
    Entry("sources as deep as the stack", EXHAUSTING, edit=_deep_source),
    Entry("cells that are slow to transform", EXHAUSTING, edit=_slow_to_transform),
    Entry("text that is slow to show", EXHAUSTING, edit=_slow_to_show),
    Entry("metadata of megabytes", EXHAUSTING, edit=_huge_strings_of_metadata),
    Entry("a file of eight gigabytes", EXHAUSTING, earns="untouched", files=_large_file, says="larger than"),
    Entry("a timestamp of eight gigabytes", EXHAUSTING, files=_large_timestamp),
    Entry("two thousand notebooks", EXHAUSTING, files=_many_files),
    Entry(
        "a number of a million digits",
        EXHAUSTING,
        earns="untouched",
        dump=lambda _: b'{"cells": ' + b"9" * 10**6 + b"}",
    ),
    Entry("brackets by the million", EXHAUSTING, earns="untouched", dump=lambda _: b"[" * 10**6, says="nested"),
    Entry(
        "a million entries",
        EXHAUSTING,
        earns="untouched",
        dump=lambda _: b'{"cells": [' + b"{}," * 10**6 + b"{}]}",
        says="more than 10,000 cells",
    ),
]


def entries() -> list[Entry]:
    cells = {**ENDLESS_CELLS, **GREEDY_CELLS}
    given = {**ENDLESS_ANSWERS, **GREEDY_ANSWERS}
    return [
        *(Entry(id, EXHAUSTING, first=source) for id, source in cells.items()),
        *(one_answer(id, EXHAUSTING, source) for id, source in given.items()),
        *FILES,
    ]
